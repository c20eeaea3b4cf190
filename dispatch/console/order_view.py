"""How the page of one order is put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import Response

from dispatch.accounts.service import LoggedIn
from dispatch.answer_templates import service as templates
from dispatch.attachments import service as attachments
from dispatch.callbacks import service as callbacks
from dispatch.console import callback_words, history, step_words
from dispatch.console.callbacks_pages import concerns
from dispatch.console.due import due
from dispatch.console.order_steps import CHOICES, StepForm, step_form
from dispatch.console.pages import DESK_ROLES, Pages
from dispatch.core.clock import beijing_text
from dispatch.core.problems import not_found
from dispatch.insight.similar import similar as similar_orders
from dispatch.media import service as media
from dispatch.orders import service as orders
from dispatch.orders.schemas import ContactOut, EventOut, OrderOut
from dispatch.orders.service import Actor, Candidate
from dispatch.orders.workflow import Need, State
from dispatch.platform import Platform
from dispatch.understanding.schemas import PlaceOut

pages = Pages(Path(__file__).parent / "templates")
_ALIKE = 8

pages.add_global("reason_label", step_words.reason_label)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an order's page shows beside the order: a step that was refused with why and what was written, the contact in full."""

    fault: str | None = None
    step: str | None = None
    form: StepForm | None = None
    changes: list[EventOut] = field(default_factory=list)
    contact: ContactOut | None = None
    merge: str = ""


def render(platform: Platform, who: LoggedIn, number: str, shown: Shown) -> Response:
    """Return the page of order ``number`` as ``who`` may see it. Raises problem 404."""
    reference, now = platform.reference.current(), platform.clock.now()
    actor = Actor(who.username, who.role, who.unit_code)
    with platform.database.read() as session:
        order = orders.visible(session, number, actor)
        if order is None:
            raise not_found("工单", number)
        out = orders.order_out(session, order, reference, platform.cipher, now)
        events = orders.events_out(session, order)
        steps = orders.steps(session, order, actor, now=now, reference=reference)
        files = attachments.of_order(session, order)
        givers = [f"conversation:{order.conversation_id}", f"resident:{number}"]
        links = media.links_of(session, givers, cipher=platform.cipher)
        answerable = any(Need.ANSWER in step.needs for step in steps)
        found = templates.listing(session, who.unit_code) if answerable else []
        conversation = order.conversation_id if who.role in DESK_ROLES else None
        contacted = order.contacted_at
        rounds = [each for each in callbacks.of_order(session, number) if each.state != "planned"]
        repeated = orders.candidates(session, order) if any(step.name == "merge" for step in steps) else []
    names = {step.name for step in steps}
    form = shown.form or step_form(parent=shown.merge)
    opened = shown.step or ("merge" if shown.merge else step_words.first_step(State(out.state), steps))
    values: dict[str, Any] = {
        "order": out,
        "due": due(out, now),
        "contact": shown.contact or out.contact,
        "unmasked": shown.contact is not None,
        "contacted": contacted,
        "hours": leading.contact_hours if out.unit and (leading := reference.units.find(out.unit.code)) else "",
        "callbacks": [(each, callback_words.STATES[each.state], concerns(who, each)) for each in rounds],
        "events": history.lines(events, reference.units),
        "seen": events[-1].sequence if events else 0,
        "changes": history.lines(shown.changes, reference.units),
        "fault": shown.fault,
        "groups": step_words.layout(steps),
        "opened": opened,
        "alike": [(each, State(each.order.state).label) for each in repeated],
        "can_attach": "attach" in names,
        "can_unmask": "unmask" in names and shown.contact is None and not out.contact.anonymous,
        "files": [attachments.as_json(platform, each, now=now) for each in files],
        "links": links,
        "templates": [(each, templates.fill(each.text, _variables(out, platform))) for each in found],
        "form": form.fields,
        "blank": step_form().fields,
        "choices": CHOICES,
        "conversation": conversation,
        "units": reference.units.all() if any(Need.UNIT in step.needs | step.takes for step in steps) else [],
    }
    return pages.render("order.html", who, status=409 if shown.fault or shown.changes else 200, **values)


def alike(platform: Platform, who: LoggedIn, number: str) -> Response:
    """Return the earlier orders that order ``number`` may repeat, those in similar words among them. Raises problem 404."""
    actor = Actor(who.username, who.role, who.unit_code)
    with platform.database.read() as session:
        order = orders.visible(session, number, actor)
        if order is None or who.role not in DESK_ROLES:
            raise not_found("工单", number)
        found = {each.order.number: each for each in orders.candidates(session, order)}
        place = PlaceOut(district=order.district, street=order.street, community=order.community, detail=order.place_detail)
        similar = similar_orders(
            session,
            order.description,
            place=place,
            matter=order.matter_code,
            now=platform.clock.now(),
            lookup=order.contact_lookup,
            before_id=order.id,
        )
        known = orders.find_all(session, {each.number for each in similar})
    for each in similar:
        if each.number in found:
            found[each.number].why.append(each.why[0])
        elif each.number in known:
            found[each.number] = Candidate(known[each.number], list(each.why))
    shown = sorted(found.values(), key=lambda each: -len(each.why))[:_ALIKE]
    return pages.render("alike.html", who, number=number, alike=[(each, State(each.order.state).label) for each in shown])


def _variables(order: OrderOut, platform: Platform) -> dict[str, str | None]:
    place = order.place
    return {
        "order": order.number,
        "unit": order.unit.name if order.unit else None,
        "matter": order.matter.name if order.matter else None,
        "place": "".join(part for part in (place.street, place.community, place.detail) if part) or None,
        "deadline": beijing_text(order.deadline_at) if order.deadline_at else None,
        "today": beijing_text(platform.clock.now()).partition(" ")[0],
    }
