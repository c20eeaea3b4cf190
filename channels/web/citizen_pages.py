"""A citizen's own pages: finding an order, how it stands, adding to it, withdrawing it. They work without JavaScript.

The signed link is all the authority there is: whoever posts a form knows it, so no cookie is trusted and nothing can be forged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Cookie, Depends, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from channels.message import OutboundMessage
from channels.web import citizen_files, danger
from channels.web import citizen_words as words
from channels.web.citizen_files import NotTakenError
from channels.web.citizen_view import stages
from dispatch.attachments import service as attachments
from dispatch.callbacks import service as callbacks
from dispatch.citizens import service as citizens
from dispatch.citizens.service import BadLinkError, TooManyTriesError
from dispatch.console.pages import Pages
from dispatch.core.clock import beijing_text
from dispatch.core.live import LiveEvent
from dispatch.media import service as media
from dispatch.orders import service as orders
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.service import Actor, Order
from dispatch.orders.workflow import IllegalTransitionError, Role
from dispatch.platform import Platform, PlatformDep
from nlu import contact as contact_reader

router = APIRouter(include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")
pages.add_global("when", beijing_text)

LONGEST = 2000
"""Characters that a resident may write at once; the forms say so too."""

RESIDENT = Actor("resident", Role.RESIDENT)
_SIZE_COOKIE = "jsjb_size"
_A_YEAR = 365 * 24 * 3600
Text = Annotated[str, Form()]
Files = Annotated[list[UploadFile], File(default_factory=list)]
Said = Literal["supplement", "withdraw", "reopen"]
_SAID: dict[str, str] = {"supplement": words.ADDED, "withdraw": words.WITHDRAWN_NOW, "reopen": words.REOPENED}
_EMPTY: dict[str, str] = {"supplement": words.ADD_EMPTY, "withdraw": words.WITHDRAW_EMPTY, "reopen": words.REOPEN_EMPTY}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: in large type or not, and whether they have just chosen so."""

    large: bool
    chosen: bool
    path: str
    """Of the page itself, also where it answers a form: there the other size is asked for."""
    alarm: OutboundMessage | None = None
    """What they have to be told before anything else, because they wrote of danger."""

    def alarmed(self, alarm: OutboundMessage | None) -> Reader:
        """Return the same reader, to be told of danger first."""
        return replace(self, alarm=alarm)

    def page(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Return a page that no search engine keeps."""
        response = pages.render(template, None, status=status, words=words, large=self.large, path=self.path, alarm=self.alarm, **values)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        if self.chosen:
            value = "large" if self.large else "normal"
            response.set_cookie(_SIZE_COOKIE, value, max_age=_A_YEAR, httponly=True, samesite="lax")
        return response


def reader(
    request: Request, size: Annotated[Literal["large", "normal"] | None, Query()] = None, jsjb_size: Annotated[str, Cookie()] = ""
) -> Reader:
    """FastAPI dependency: the size of type, chosen now or before."""
    path = "/".join(request.url.path.split("/")[:3])
    return Reader((size or jsjb_size) == "large", size is not None, path)


ReaderDep = Annotated[Reader, Depends(reader)]


@router.get("/my")
def find_page(reading: ReaderDep) -> Response:
    """Ask for an order's number and the end of the phone number."""
    return reading.page("citizen_find.html", number="", fault=None)


@router.post("/my")
def find(platform: PlatformDep, request: Request, reading: ReaderDep, number: Text = "", tail: Text = "") -> Response:
    """Lead to the order's page; the same words for every wrong guess, and not many guesses."""

    def again(fault: str, status: int) -> Response:
        return reading.page("citizen_find.html", status=status, number=number[:40], fault=fault)

    given = next(iter(contact_reader.order_numbers(number)), number.strip())
    if not given or len(given) > 40:
        return again(words.FIND_NUMBER_WRONG, 422)
    if len(tail.strip()) != 4 or not tail.strip().isascii() or not tail.strip().isdigit():
        return again(words.FIND_TAIL_WRONG, 422)
    now, address = platform.clock.now(), request.client.host if request.client else ""
    try:
        with platform.database.write() as session:
            order = citizens.look_up(session, given, tail.strip(), address=address, now=now, cipher=platform.cipher)
    except TooManyTriesError:
        return again(words.FIND_TOO_OFTEN, 429)
    if order is None:
        return again(words.FIND_NOTHING, 404)
    return RedirectResponse(f"/my/{citizens.make_link(platform.keys, order.number, now)}", 303)


@router.get("/my/{token}")
def order_page(platform: PlatformDep, reading: ReaderDep, token: str, said: Said | None = None) -> Response:
    """How the order stands, what was answered, and what its resident may do now."""
    return _show(platform, reading, token, said=_SAID[said] if said else None)


@router.post("/my/{token}/{step}")
def do_step(
    platform: PlatformDep, reading: ReaderDep, token: str, step: Said, files: Files, reason: Text = "", sure: Text = ""
) -> Response:
    """Add to the order, withdraw it or have it taken up again; what was written is kept where it can't be done."""
    number = _number(platform, token)
    if isinstance(number, _NoOrder):
        return number.page(reading)
    reading = reading.alarmed(danger.look(platform, number, reason))
    added = citizen_files.chosen(files) if step == "supplement" else []
    if not (reason.strip() or added) or (step == "withdraw" and sure != "yes"):
        return _show(platform, reading, token, fault=_EMPTY[step], opened=step, kept=reason)
    if len(reason) > LONGEST:
        return _show(platform, reading, token, fault=words.TOO_LONG, opened=step, kept=reason)
    try:
        order = _do(platform, number, step, reason, added)
    except NotTakenError as error:
        return _show(platform, reading, token, fault=str(error), opened=step, kept=reason)
    except IllegalTransitionError:
        return _show(platform, reading, token, fault=words.NOT_NOW)
    if order is not None and order.conversation_id:
        platform.live.publish(LiveEvent(f"conversation:{order.conversation_id}", "order", {"number": number}))
    if reading.alarm:
        return _show(platform, reading, token, said=_SAID[step])
    return RedirectResponse(f"/my/{token}?said={step}", 303)


def _do(platform: Platform, number: str, step: str, reason: str, files: list[UploadFile]) -> Order | None:
    """Do a step with the files that belong to it. Raises NotTakenError, IllegalTransitionError."""
    now, reference = platform.clock.now(), platform.reference.current()
    if files:
        with platform.database.read() as session:
            order = orders.find(session, number)
            legal = orders.steps(session, order, RESIDENT, now=now, reference=reference) if order else []
        if step in {row.name for row in legal}:  # where it isn't, nothing is stored, and ``apply`` says so
            count = len(citizen_files.keep(platform, number, files))
            reason = "\n".join(filter(None, (reason.strip(), words.FILES_ADDED.format(count=count))))
    with platform.database.write() as session:
        return orders.apply(session, number, step, TransitionIn(reason=reason or None), actor=RESIDENT, now=now, reference=reference)


@dataclass(frozen=True, slots=True)
class _NoOrder:
    """A link that opens nothing, and what its holder is told."""

    status: int
    title: str
    text: str

    def page(self, reading: Reader) -> Response:
        return reading.page("citizen_said.html", status=self.status, title=self.title, text=self.text, page=None)


def closed_link(error: BadLinkError) -> tuple[int, str, str]:
    """Return status, title and text for a link that doesn't open."""
    if error.expired:
        return 410, words.LINK_EXPIRED_TITLE, words.LINK_EXPIRED
    return 404, words.LINK_BAD_TITLE, words.LINK_BAD


def _number(platform: Platform, token: str) -> str | _NoOrder:
    try:
        number = citizens.read_link(platform.keys, token, platform.clock.now())
    except BadLinkError as error:
        return _NoOrder(*closed_link(error))
    with platform.database.read() as session:
        order = orders.find(session, number)
    if order is None:
        return _NoOrder(404, words.LINK_BAD_TITLE, words.LINK_BAD)
    if order.anonymised_at is not None:
        return _NoOrder(410, words.LINK_ERASED_TITLE, words.LINK_ERASED)
    return number


def _show(
    platform: Platform,
    reading: Reader,
    token: str,
    *,
    said: str | None = None,
    fault: str | None = None,
    opened: str | None = None,
    kept: str = "",
) -> Response:
    number = _number(platform, token)
    if isinstance(number, _NoOrder):
        return number.page(reading)
    now, reference = platform.clock.now(), platform.reference.current()
    with platform.database.read() as session:
        order = orders.find(session, number)
        assert order is not None  # _number has just seen it
        progress = orders.progress_out(session, order, reference)
        rounds = callbacks.of_order(session, number)
        steps = {row.name for row in orders.steps(session, order, RESIDENT, now=now, reference=reference)}
        files = [media.as_json(platform, file, now=now) for file in attachments.from_resident(session, order)]
        given = attachments.with_answer(session, order) if progress.answer and not progress.merged_into else []
        description = order.description
    waiting = next((each for each in rounds if callbacks.is_open(each, now)), None) if progress.answer else None
    return reading.page(
        "citizen_order.html",
        status=422 if fault else 200,
        progress=progress,
        stages=stages(progress, rounds, now=now),
        steps=steps,
        files=files,
        answer_files=[media.as_json(platform, file, now=now) for file in given],
        description=description,
        survey=f"/survey/{citizens.make_survey_link(platform.keys, waiting.id, now)}" if waiting else None,
        here=f"/my/{token}",
        said=said,
        fault=fault,
        opened=opened,
        kept=kept,
    )
