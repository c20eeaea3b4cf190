"""Pages of the rules of assessment (考评办法): versions, the formula, a new version for a month to come, and recomputing a month."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from dispatch.accounts.service import LoggedIn
from dispatch.callbacks import service as callbacks
from dispatch.console.evaluation_pages import pages
from dispatch.console.pages import FormSender, Visitor
from dispatch.core.problems import Problem
from dispatch.evaluation import service as evaluation
from dispatch.evaluation.rules import FIELD_NAMES, Rules
from dispatch.evaluation.service import BadRulesError
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/console/evaluation", include_in_schema=False)

WRITERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_MERGER = re.compile(r"(\w{1,16})\s*[,，]\s*(\w{1,16})\s*[,，]\s*(\d{4}-\d{2}-\d{2})")
_FIELDS = tuple(name for name in FIELD_NAMES if name not in ("double_assessment", "mergers"))

Short = Annotated[str, Form(max_length=40)]
Long = Annotated[str, Form(max_length=4000)]


@router.get("/rules")
def rules_page(platform: PlatformDep, who: Visitor) -> Response:
    """Every version, what the figures are made of, and the form of a new one, filled in with what holds now."""
    return _page(platform, who)


@router.post("/rules")
def put_in_force(
    platform: PlatformDep,
    who: FormSender,
    valid_from: Short = "",
    note: Annotated[str, Form(max_length=400)] = "",
    response: Short = "",
    solution: Short = "",
    satisfaction: Short = "",
    partial: Short = "",
    neutral: Short = "",
    month_begins: Short = "",
    day_begins: Short = "",
    double_assessment: Short = "",
    mergers: Long = "",
) -> Response:
    """Put a version in force from an assessment month to come; what is wrong is said by field, everything written kept."""
    if who.role not in WRITERS:
        raise Problem(403, "没有权限", "考评规则由督办员和管理员维护", kind="forbidden")
    given = (response, solution, satisfaction, partial, neutral, month_begins, day_begins)
    form = dict(zip(_FIELDS, (value.strip() for value in given), strict=True))
    form |= {"valid_from": valid_from, "note": note.strip(), "double_assessment": double_assessment, "mergers": mergers}
    if not form["note"]:
        return _page(platform, who, fault="说明: 请写明依据", form=form)
    try:
        content: dict[str, object] = {name: form[name] for name in _FIELDS if form[name]}
        content |= {"double_assessment": bool(double_assessment), "mergers": _mergers(platform, mergers)}
        with platform.database.write() as session:
            evaluation.put_in_force(
                session, content, valid_from=_day(valid_from), note=form["note"], by=who.username, now=platform.clock.now()
            )
    except BadRulesError as error:
        return _page(platform, who, fault=_in_words(str(error)), form=form)
    return RedirectResponse("/console/evaluation/rules", 303)


@router.post("/check")
def check(platform: PlatformDep, who: FormSender, month: Short = "") -> Response:
    """Count a month's callbacks from nothing and say whether every unit's every day stands as they say."""
    if who.unit_code is not None:
        raise Problem(403, "没有权限", "复算由热线和督办部门进行", kind="forbidden")
    if not _MONTH.fullmatch(month.strip()):
        return _page(platform, who, fault="考核月: 请写成 2026-12 这样")
    with platform.database.read() as session:
        first, last = evaluation.month(session, int(month[:4]), int(month[5:7]))
        found = callbacks.differences(session, first=first, last=last)
    span = f"{month} 考核月（{first:%Y-%m-%d} 至 {last:%Y-%m-%d}）"
    if found:
        return _page(platform, who, fault=f"{span}有 {found} 个“单位·日”与回访记录不一致，请联系管理员")
    return _page(platform, who, checked=f"{span}已按每一次回访重新计算，与公布的数字完全一致。")


def _page(
    platform: Platform, who: LoggedIn, *, fault: str | None = None, form: dict[str, str] | None = None, checked: str | None = None
) -> Response:
    with platform.database.read() as session:
        today = evaluation.day_of(session, platform.clock.now())
        version, current = evaluation.rules_on(session, today)
        versions = [(row, Rules.model_validate(row.content)) for row in evaluation.versions(session)]
        _, month_ends = evaluation.month(session, *evaluation.month_of(session, today))
        month = "{}-{:02d}".format(*evaluation.month_of(session, today))
    following = date.fromordinal(month_ends.toordinal() + 1)
    return pages.render(
        "evaluation_rules.html",
        who,
        status=422 if fault else 200,
        current=current,
        version=version,
        versions=versions,
        first_rules=Rules(),
        labels={name: FIELD_NAMES[name] for name in _FIELDS},
        units=platform.reference.current().units,
        form=form or _filled(current, following),
        writer=who.role in WRITERS,
        month=month,
        fault=fault,
        checked=checked,
    )


def _filled(rules: Rules, valid_from: date) -> dict[str, str]:
    values = {name: str(getattr(rules, name)) for name in _FIELDS}
    mergers = "\n".join(f"{each.source}, {each.target}, {each.day.isoformat()}" for each in rules.mergers)
    double = "1" if rules.double_assessment else ""
    return {**values, "valid_from": valid_from.isoformat(), "note": "", "double_assessment": double, "mergers": mergers}


def _mergers(platform: Platform, text: str) -> list[dict[str, str]]:
    """Read one merger a line: the code of the unit that ends, the one that goes on, and the day. Raises BadRulesError."""
    directory, found = platform.reference.current().units, []
    for number, line in enumerate(filter(None, (line.strip() for line in text.splitlines())), 1):
        match = _MERGER.fullmatch(line)
        if match is None:
            raise BadRulesError(f"单位撤并第 {number} 行: 请写成“原单位代码, 并入单位代码, 2026-12-25”")
        for code in (match[1], match[2]):
            if directory.find(code) is None:
                raise BadRulesError(f"单位撤并第 {number} 行: 没有代码为“{code}”的单位")
        if match[1] == match[2]:
            raise BadRulesError(f"单位撤并第 {number} 行: 单位不能并入自己")
        found.append({"source": match[1], "target": match[2], "day": _day(match[3]).isoformat()})
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadRulesError("生效日期: 请选择日期，例如 2026-12-19") from error


def _in_words(fault: str) -> str:
    """Return a fault with its field as the form calls it."""
    field, colon, rest = fault.partition(": ")
    named = {**FIELD_NAMES, "valid_from": "生效日期", "content": "权重"}.get(field, field)
    return f"{named}{colon}{rest}"
