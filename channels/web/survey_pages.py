"""The questions of a callback behind a link (网页回访, Art. 24): all three at once or one by one, chosen or in one's own words."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response

from channels.web import citizen_words as words
from channels.web import danger
from channels.web.citizen_pages import LONGEST, Reader, ReaderDep, closed_link
from dispatch.callbacks import service as callbacks
from dispatch.callbacks.reading import QUESTIONS, Answers
from dispatch.callbacks.service import Callback, CallbackOverError, UnknownCallbackError
from dispatch.citizens import service as citizens
from dispatch.citizens.service import BadLinkError
from dispatch.core.live import LiveEvent
from dispatch.orders import service as orders
from dispatch.platform import Platform, PlatformDep

router = APIRouter(include_in_schema=False)

Choice = Annotated[str, Form(max_length=16)]
Text = Annotated[str, Form()]


@router.get("/survey/{token}")
def survey_page(platform: PlatformDep, reading: ReaderDep, token: str, one: Annotated[bool, Query()] = False) -> Response:
    """The questions that are still open; what an earlier answer said is kept."""
    callback = _callback(platform, reading, token)
    if isinstance(callback, Response):
        return callback
    if callback.asking == "reason_page":
        return _ask(platform, reading, token, callback, (), wants_reason=True)
    missing = _answers(callback).missing
    return _ask(platform, reading, token, callback, missing or QUESTIONS, one=one)


@router.post("/survey/{token}")
def answer(
    platform: PlatformDep,
    reading: ReaderDep,
    token: str,
    contacted: Choice = "",
    resolved: Choice = "",
    satisfied: Choice = "",
    text: Text = "",
    reason: Text = "",
    one: Choice = "",
    refuse: Choice = "",
    without_reason: Choice = "",
) -> Response:
    """Take the answer; the order is closed or goes back with the resident's words when it is complete."""
    callback = _callback(platform, reading, token)
    if isinstance(callback, Response):
        return callback
    reading = reading.alarmed(danger.look(platform, callback.order_number, text, reason))
    chosen = {"contacted": contacted, "resolved": resolved, "satisfied": satisfied}
    known = {name: value for name, value in chosen.items() if value in dict(words.CHOICES[name])}
    if len(text) > LONGEST or len(reason) > LONGEST:
        return _ask(platform, reading, token, callback, QUESTIONS, fault=words.TOO_LONG, chosen=chosen, text=text, reason=reason)
    answers = Answers(known["contacted"] == "yes" if "contacted" in known else None, known.get("resolved"), known.get("satisfied"))
    now, reference = platform.clock.now(), platform.reference.current()
    try:
        with platform.database.write() as session:
            if refuse:
                callbacks.refuse(session, callback.id, now=now, reference=reference)
                reply = callbacks.PageReply(words.REFUSED)
            else:
                reply = callbacks.answer_on_page(
                    session,
                    callback.id,
                    answers,
                    text,
                    reason,
                    without_reason=bool(without_reason),
                    now=now,
                    reference=reference,
                )
    except (UnknownCallbackError, CallbackOverError):
        again = _callback(platform, reading, token)  # answered elsewhere in the same moment
        return again if isinstance(again, Response) else reading.page("citizen_said.html", status=410, **_over("answered", None))
    if reply.thanks is None:
        no_further = reply.missing == _answers(callback).missing
        fault = words.MISSING if reply.missing and (no_further or not one) else None
        if no_further and text.strip() and not known:
            fault = words.SOMETHING_ELSE
        return _ask(
            platform,
            reading,
            token,
            callback,
            reply.missing,
            one=bool(one),
            wants_reason=reply.wants_reason,
            fault=fault,
            reason=reason,
            text="" if reply.wants_reason else text,
        )
    platform.live.publish(LiveEvent(f"unit:{callback.unit_code}", "callback", {"order": callback.order_number}))
    page = f"/my/{citizens.make_link(platform.keys, callback.order_number, now)}"
    return reading.page("citizen_said.html", title=words.THANKS_TITLE, text=reply.thanks, page=page)


def _callback(platform: Platform, reading: Reader, token: str) -> Callback | Response:
    """Return the callback behind a link if it takes an answer, else the page that says kindly why not."""
    now = platform.clock.now()
    try:
        callback_id = citizens.read_survey_link(platform.keys, token, now)
    except BadLinkError as error:
        status, title, text = closed_link(error)
        return reading.page("citizen_said.html", status=status, title=title, text=text, page=None)
    with platform.database.read() as session:
        callback = callbacks.find(session, callback_id)
    if callback is None:
        return reading.page("citizen_said.html", status=404, title=words.LINK_BAD_TITLE, text=words.LINK_BAD, page=None)
    if callbacks.is_open(callback, now):
        return callback
    state = callback.state if callback.state in words.OVER else "expired"
    page = f"/my/{citizens.make_link(platform.keys, callback.order_number, now)}"
    return reading.page("citizen_said.html", status=410, **_over(state, page))


def _over(state: str, page: str | None) -> dict[str, object]:
    title, text = words.OVER[state]
    return {"title": title, "text": text, "page": page}


def _answers(callback: Callback) -> Answers:
    return Answers(callback.contacted, callback.resolved, callback.satisfied)


def _ask(
    platform: Platform,
    reading: Reader,
    token: str,
    callback: Callback,
    asked: tuple[str, ...],
    *,
    one: bool = False,
    wants_reason: bool = False,
    fault: str | None = None,
    chosen: dict[str, str] | None = None,
    text: str = "",
    reason: str = "",
) -> Response:
    with platform.database.read() as session:
        order = orders.find(session, callback.order_number)
    return reading.page(
        "survey.html",
        about=(order.matter_name if order else None) or words.YOUR_MATTER,
        number=callback.order_number,
        action=f"/survey/{token}",
        asked=asked[:1] if one else asked,
        chosen=chosen or dict.fromkeys(QUESTIONS, ""),
        one=one,
        wants_reason=wants_reason,
        fault=fault,
        text=text,
        reason=reason,
    )
