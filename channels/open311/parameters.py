"""Reading the parameters of a request: an empty one counts as absent, what is wrong is named."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from urllib.parse import urlsplit

from channels.open311 import wording
from channels.open311.formats import Open311Error
from dispatch.core.clock import BEIJING

JURISDICTION = "beijing.gov.cn"
MAX_DAYS = 90
MAX_REQUESTS = 1000
_MAX_IDS = 1000
_MAX_DESCRIPTION = 4000
_LENGTHS = {"address_string": 400, "address_id": 16, "email": 254, "first_name": 40, "last_name": 40, "phone": 32, "media_url": 2000}
_ATTRIBUTE = re.compile(r"^attribute\[([\w-]{1,40})\](\[\])?$")
_PHONE = re.compile(r"^\+?\d[\d\- ]{4,30}$", re.ASCII)
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+$")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$", re.ASCII)
_W3C = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests somebody wants to see; ``numbers`` overrides everything else."""

    numbers: tuple[str, ...]
    service_codes: tuple[str, ...]
    start: datetime
    end: datetime
    statuses: frozenset[str]
    page: int
    page_size: int


@dataclass(frozen=True, slots=True)
class Posted:
    """A new request as an app sent it."""

    service_code: str
    description: str | None
    address: str | None
    address_id: str | None
    latitude: float | None
    longitude: float | None
    first_name: str | None
    last_name: str | None
    phone: str | None
    email: str | None
    media_url: str | None
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        """Family name first, as Chinese names are written; names in Latin letters the other way round."""
        parts = [part for part in (self.last_name, self.first_name) if part]
        if parts and all(part.isascii() for part in parts):
            return " ".join(reversed(parts))[:40]
        return "".join(parts)[:40] or None


def check_jurisdiction(given: Mapping[str, str]) -> None:
    """Refuse (404) a jurisdiction that isn't ours; none given means ours."""
    name = text(given, "jurisdiction_id")
    if name and name != JURISDICTION:
        raise Open311Error(404, wording.UNKNOWN_JURISDICTION)


def text(given: Mapping[str, str], name: str) -> str | None:
    """Return a parameter without surrounding space, None where it is absent or empty."""
    return given.get(name, "").replace("\0", "").strip() or None


def wanted(given: Mapping[str, str], now: datetime) -> Wanted:
    """Read the parameters of ``GET /requests``. Raises Open311Error (400)."""
    wrong: list[str] = []
    start, end = _moment(given, "start_date", wrong), _moment(given, "end_date", wrong, end_of_day=True)
    span = timedelta(days=MAX_DAYS)
    if start is None:
        end = end or now
        start = end - span if end.year > 1 else end
    elif end is None:
        end = min(now, start + span) if start <= now else start
    # A day given without a time counts whole: ninety days of dates are a little more than ninety days of hours.
    if not wrong and start > end:
        wrong.append(wording.bad("start_date", "不能晚于 end_date"))
    elif not wrong and end - start >= span + timedelta(days=1):
        wrong.append(wording.bad("start_date, end_date", f"间隔不能超过 {MAX_DAYS} 天"))
    statuses = frozenset(_many(given, "status"))
    if not statuses <= {"open", "closed"}:
        wrong.append(wording.bad("status", "只能是 open 或 closed"))
    numbers, codes = _many(given, "service_request_id"), _many(given, "service_code")
    if max(len(numbers), len(codes)) > _MAX_IDS:
        wrong.append(wording.bad("service_request_id, service_code", f"一次最多 {_MAX_IDS} 个"))
    page = _whole(given, "page", 1, 1, 10**6, wrong)
    size = _whole(given, "page_size", MAX_REQUESTS, 1, MAX_REQUESTS, wrong)
    if wrong:
        raise Open311Error(400, *wrong)
    return Wanted(numbers, codes, start, end, statuses, page, size)


def posted(given: Mapping[str, str]) -> Posted:
    """Read the fields of ``POST /requests``. Raises Open311Error (400)."""
    wrong: list[str] = []
    values: dict[str, str | None] = {}
    for name, most in _LENGTHS.items():
        values[name] = value = text(given, name)
        if value and len(value) > most:
            wrong.append(wording.bad(name, f"不能超过 {most} 字"))
    service_code, description = text(given, "service_code"), text(given, "description")
    if service_code is None:
        wrong.append(wording.missing("service_code"))
    if description and len(description) > _MAX_DESCRIPTION:
        wrong.append(wording.bad("description", f"不能超过 {_MAX_DESCRIPTION} 字"))
    latitude, longitude = _degrees(given, "lat", 90, wrong), _degrees(given, "long", 180, wrong)
    given_both = text(given, "lat") is not None and text(given, "long") is not None
    if (text(given, "lat") is None) != (text(given, "long") is None):
        wrong.append(wording.bad("lat, long", "要一起给"))
    elif not given_both and not values["address_string"] and not values["address_id"]:
        wrong.append(wording.NO_LOCATION)
    if values["phone"] and not _PHONE.match(values["phone"]):
        wrong.append(wording.bad("phone", "应为电话号码"))
    if values["email"] and not _EMAIL.match(values["email"]):
        wrong.append(wording.bad("email", "应为电子邮箱"))
    if values["media_url"] and not _is_web_address(values["media_url"]):
        wrong.append(wording.bad("media_url", "应为 http 或 https 链接"))
    if wrong or service_code is None:
        raise Open311Error(400, *wrong)
    attributes = {match[1]: value.strip()[:400] for name, value in given.items() if (match := _ATTRIBUTE.match(name)) and value.strip()}
    return Posted(
        service_code,
        description,
        values["address_string"],
        values["address_id"],
        latitude,
        longitude,
        values["first_name"],
        values["last_name"],
        values["phone"],
        values["email"],
        values["media_url"],
        attributes,
    )


def _many(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in (text(given, name) or "").split(",") if part.strip()))


def _moment(given: Mapping[str, str], name: str, wrong: list[str], *, end_of_day: bool = False) -> datetime | None:
    value = text(given, name)
    if value is None:
        return None
    try:
        if _DATE.match(value):
            return datetime.combine(date.fromisoformat(value), time.max if end_of_day else time.min, BEIJING)
        if _W3C.match(value):
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
            if 1970 <= moment.year < 9000:
                return moment
    except ValueError:
        pass  # a date that isn't in the calendar is told below, as any other
    wrong.append(wording.bad(name, "应为 W3C 时间，如 2026-11-23T08:00:00+08:00"))
    return None


def _whole(given: Mapping[str, str], name: str, default: int, least: int, most: int, wrong: list[str]) -> int:
    value = text(given, name)
    if value is None:
        return default
    if value.isascii() and value.isdigit() and len(value) <= 7 and least <= int(value) <= most:
        return int(value)
    wrong.append(wording.bad(name, f"应为 {least} 到 {most} 的整数"))
    return default


def _degrees(given: Mapping[str, str], name: str, most: int, wrong: list[str]) -> float | None:
    value = text(given, name)
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not abs(number) <= most:  # not a number fails too
        wrong.append(wording.bad(name, f"应为 -{most} 到 {most} 之间的度数"))
        return None
    return number


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
