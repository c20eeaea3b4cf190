"""Routes of the operators' desk: its pages, the parts that pages fetch again, live changes and presence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import PlainTextResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from channels.conversations import holding
from channels.conversations import service as conversations
from channels.desk import acts, replies, setup_pages, staffing, view
from channels.desk.view import DeskSender, Operator, pages
from dispatch.core.live import RELOAD, LiveEvent
from dispatch.core.problems import not_found
from dispatch.knowledge import service as knowledge
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/desk", include_in_schema=False)
router.include_router(acts.router)
router.include_router(setup_pages.router)

_LIST_PAGE = 50

Words = Annotated[str, Query(max_length=500)]


@router.get("")
def desk_page(platform: PlatformDep, who: Operator) -> Response:
    """The queue, and my own conversations. Whoever opens it is there."""
    with platform.database.write() as session:
        staffing.here(session, who, platform.clock.now(), arrived=True)
    return view.page(platform, who, None)


@router.get("/queue")
def queue_fragment(platform: PlatformDep, who: Operator, current: str = "") -> Response:
    """The lists alone, fetched again whenever they change."""
    with platform.database.read() as session:
        return pages.render("queue.html", who, current=current, **view.lists(session, platform, who))


@router.get("/all")
def list_page(
    platform: PlatformDep,
    who: Operator,
    holder: Literal["", "bot", "waiting", "operator"] = "",
    before: Annotated[str, Query(max_length=100)] = "",
    number: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Every conversation, the latest first; ``before`` is where the page before ended, ``number`` begins a conversation's number."""
    when, _, last = before.partition(" ")
    try:
        key = (datetime.fromisoformat(when), last) if before else None
    except ValueError:
        key = None
    if key and key[0].tzinfo is None:
        key = None
    with platform.database.read() as session:
        if number.strip():
            rows = holding.starting_with(session, f"c{number.strip().lower()}", _LIST_PAGE)
        else:
            rows = holding.latest(session, holder=holder or None, before=key, limit=_LIST_PAGE)
    older = f"{rows[-1].last_message_at.isoformat()} {rows[-1].id}" if len(rows) == _LIST_PAGE and not number.strip() else None
    return pages.render(
        "conversations.html",
        who,
        rows=rows,
        holder=holder,
        number=number,
        older=older,
        holder_names=view.HOLDER_NAMES,
        reason_names=view.REASON_NAMES,
    )


@router.get("/conversations/{conversation_id}")
def conversation_page(platform: PlatformDep, who: Operator, conversation_id: str, tool: Words = "") -> Response:
    """One conversation with everything said so far, what was understood of it, and the tools beside it."""
    return view.page(platform, who, conversation_id, opened=tool)


@router.get("/conversations/{conversation_id}/messages")
def messages_fragment(
    platform: PlatformDep,
    who: Operator,
    conversation_id: str,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """The part of the transcript that a page hasn't shown yet."""
    with platform.database.read() as session:
        found = conversations.messages(session, conversation_id, after=after, before=before, limit=view.MESSAGES_SHOWN)
        older = found[0].id if len(found) == view.MESSAGES_SHOWN and not after else None
        return pages.render(
            "messages.html", who, messages=view.transcript(session, found, platform), older=older, conversation_id=conversation_id
        )


@router.get("/conversations/{conversation_id}/state")
def state(platform: PlatformDep, _who: Operator, conversation_id: str) -> Response:
    """Who holds the conversation, for pages to compare with what they show."""
    with platform.database.read() as session:
        conversation = conversations.find(session, conversation_id)
    if conversation is None:
        raise not_found("会话", conversation_id)
    return PlainTextResponse(view.signature(conversation), headers={"Cache-Control": "no-store"})


@router.get("/conversations/{conversation_id}/replies")
def replies_fragment(platform: PlatformDep, who: Operator, conversation_id: str, q: Words = "") -> Response:
    """Canned replies that hold the words of ``q``, with the variables that this conversation fills."""
    with platform.database.read() as session:
        values = view.variables(session, platform, who, conversation_id)
        found = [(each, replies.fill(each.text, values)) for each in replies.search(session, who.username, q)]
    return pages.render("replies.html", who, found=found)


@router.get("/conversations/{conversation_id}/knowledge")
def knowledge_fragment(platform: PlatformDep, who: Operator, conversation_id: str, q: Words = "") -> Response:
    """Entries of the knowledge base that answer ``q``."""
    hits = []
    with platform.database.read() as session:
        if q.strip():
            hits = knowledge.search(session, platform.knowledge, q.strip(), platform.clock.now(), limit=6).hits
        conversation = conversations.find(session, conversation_id)
    mine = conversation is not None and conversation.operator == who.username and conversation.holder == "operator"
    return pages.render("knowledge.html", who, hits=hits, q=q.strip(), conversation_id=conversation_id, mine_now=mine)


@router.get("/lists")
def lists_fragment(platform: PlatformDep, who: Operator) -> Response:
    """What the fields for matters, districts, streets and units suggest; a page fetches it when one of them is entered first."""
    reference = platform.reference.current()
    response = pages.render("lists.html", who, items=reference.catalogue.items.values(), units=reference.units.all())
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


@router.post("/presence")
def presence(platform: PlatformDep, who: DeskSender, state: Annotated[Literal["online", "break", "offline"], Form()]) -> Response:
    """Come, go on a break or leave; what cannot wait for somebody who leaves goes back into the queue."""
    now = platform.clock.now()
    with platform.database.write() as session:
        staffing.here(session, who, now)
        changed = staffing.set_state(session, who.username, state, now)
        me = staffing.operator(session, who.username)
        page = pages.render("presence.html", who, me=me, state_names=staffing.STATES)
    for conversation in changed:
        platform.live.publish(LiveEvent(f"conversation:{conversation.id}", "holder", {"id": conversation.id}))
    platform.live.publish(LiveEvent("desk", "queue"))
    return page


@router.post("/heartbeat")
def heartbeat(platform: PlatformDep, who: DeskSender) -> Response:
    """A sign of life of an open page; says in which state its operator is."""
    with platform.database.write() as session:
        return PlainTextResponse(staffing.here(session, who, platform.clock.now()).state)


@router.get("/events")
async def events(
    request: Request, platform: PlatformDep, who: Operator, conversation: Annotated[str, Query(max_length=40)] = ""
) -> EventSourceResponse:
    """Live changes, with the conversation's id: ``queue``, ``emergency``, ``offer``, ``message``, ``holder``; never what was said."""
    topics = ["desk", f"operator:{who.username}"]
    if conversation:
        topics.append(f"conversation:{conversation}")

    async def stream() -> AsyncIterator[ServerSentEvent]:
        async with platform.live.subscribe(*topics) as changes:
            yield ServerSentEvent("", event=RELOAD)  # whatever happened before the page began to listen, it fetches now
            while True:
                burst = [await changes.get()]
                while not changes.empty():
                    burst.append(changes.get_nowait())
                for name, subject in dict.fromkeys((event.name, event.data.get("id", "")) for event in burst):
                    yield ServerSentEvent(subject, event=name)

    return EventSourceResponse(stream(), ping=20)
