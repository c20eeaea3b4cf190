"""What somebody wrote survives: a form that comes without a log-in, or from a page of an earlier one, is shown again to be sent anew.

What was written travels through the log-in page in a signed field; nothing of it is stored. It is never sent by itself: whoever logs in
sees it and presses the button, and a form that another site sent isn't kept at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from dispatch.accounts.service import LoggedIn
from dispatch.console.pages import NEED_NAMES, Pages, page_of
from dispatch.platform import Platform

pages = Pages(Path(__file__).parent / "templates")

_LARGEST = 60_000
"""Characters of a form, at most; a longer one isn't kept."""

_KEEP_SECONDS = 12 * 3600
_NEVER_KEPT = frozenset({"csrf", "password", "old", "new", "kept"})
_LABELS = {**NEED_NAMES, "title": "名称", "text": "内容", "q": "查找", "name": "名称", "note": "备注"}


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A form on its way: where it goes, which page it came from, its fields in order, and whether files had to be left behind."""

    action: str
    page: str
    fields: list[tuple[str, str]]
    files: bool

    def shown(self) -> list[tuple[str, str, str]]:
        """Return the fields that people wrote, with their labels: (name, label, text)."""
        return [(name, _LABELS[name], value) for name, value in self.fields if name in _LABELS and value]

    def carried(self) -> list[tuple[str, str]]:
        """Return the fields that go along unseen."""
        return [(name, value) for name, value in self.fields if name not in _LABELS]


async def kept(request: Request) -> KeptForm | None:
    """Return the form of ``request``; None where it is none, is too long, or another site sent it."""
    if request.method != "POST" or _is_foreign(request):
        return None
    given = await request.form()
    fields = [(name, value) for name, value in given.multi_items() if isinstance(value, str) and name not in _NEVER_KEPT]
    files = any(not isinstance(value, str) and value.filename for _, value in given.multi_items())
    if not any(value for _, value in fields) or sum(len(value) for _, value in fields) > _LARGEST:
        return None
    return KeptForm(request.url.path, page_of(request), fields, files)


def _is_foreign(request: Request) -> bool:
    """Say whether a page of another site sent the form; our own pages send no referrer, so their Origin says ``null``."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site != "same-origin"
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


def packed(platform: Platform, form: KeptForm) -> str:
    """Return ``form`` as a signed text that a hidden field can carry."""
    return _signer(platform).dumps([form.action, form.page, form.fields, form.files])


def unpacked(platform: Platform, text: str) -> KeptForm | None:
    """Return the form that ``text`` carries; None where it is forged, empty or half a day old."""
    try:
        action, page, fields, files = _signer(platform).loads(text, max_age=_KEEP_SECONDS)
    except (BadSignature, ValueError, TypeError):
        return None
    return KeptForm(action, page, [(name, value) for name, value in fields], files)


def resume(who: LoggedIn, form: KeptForm, why: str, *, status: int = 200) -> Response:
    """Return the page that shows what was written and sends it when its button is pressed."""
    return pages.render("resume.html", who, form=form, why=why, status=status)


def _signer(platform: Platform) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(platform.keys.signing, salt="kept-form")
