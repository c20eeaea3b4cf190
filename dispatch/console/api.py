"""Routes of the console."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from dispatch.console.order_steps import CHOICES, BadStepFormError, StepForm, StepFormDep, step_form
from dispatch.console.pages import DESK_ROLES, FormSender, Pages, Visitor
from dispatch.core.live import LiveEvent
from dispatch.core.problems import not_found
from dispatch.orders import diagram, workflow
from dispatch.orders import service as orders
from dispatch.orders.service import Actor, BadDeadlineError, NotInChargeError, RuleError, UnknownUnitError
from dispatch.orders.workflow import IllegalTransitionError, MissingNeedError, Need, State
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/console", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")


@router.get("/orders/{number}")
def order_page(platform: PlatformDep, who: Visitor, number: str) -> Response:
    """One order: what, where, who, by when, what happened, and the steps that are allowed now."""
    return _order_page(platform, who, number, None)


@router.post("/orders/{number}/transitions/{name}")
def apply_transition(
    platform: PlatformDep,
    who: FormSender,
    number: str,
    name: str,
    form: StepFormDep,
) -> Response:
    """Do one step; what can't be done is said on the page, with everything written kept."""
    actor = Actor(who.username, who.role, who.unit_code)
    try:
        given = form.given()
        with platform.database.write() as session:
            order = orders.find(session, number)
            if order is None or not orders.may_see(session, order, actor):
                raise not_found("工单", number)
            orders.apply(session, number, name, given, actor=actor, now=platform.clock.now(), reference=platform.reference.current())
            conversation = order.conversation_id
    except (IllegalTransitionError, MissingNeedError, RuleError, BadStepFormError) as error:
        return _order_page(platform, who, number, str(error), form)
    except NotInChargeError:
        return _order_page(platform, who, number, "这张工单由其他单位承办，本单位收到的是推送件", form)
    except UnknownUnitError as error:
        return _order_page(platform, who, number, f"没有代码为“{error}”的单位", form)
    except BadDeadlineError:
        return _order_page(platform, who, number, "新的时限应晚于现在和现有时限，且不超过一年", form)
    if conversation:
        platform.live.publish(LiveEvent(f"conversation:{conversation}", "order", {"number": number}))
    return RedirectResponse(f"/console/orders/{number}", 303)


@router.get("/workflow")
def workflow_page(who: Visitor) -> Response:
    """The order's life as the table that the system itself obeys, with articles."""
    return pages.render("workflow.html", who, table=workflow.TABLE, states=list(State), diagram=diagram.svg())


def _order_page(platform: PlatformDep, who: Visitor, number: str, fault: str | None, form: StepForm | None = None) -> Response:
    reference, now = platform.reference.current(), platform.clock.now()
    actor = Actor(who.username, who.role, who.unit_code)
    with platform.database.read() as session:
        order = orders.find(session, number)
        if order is None or not orders.may_see(session, order, actor):
            raise not_found("工单", number)
        shown = orders.order_out(session, order, reference, platform.cipher, now)
        events = orders.events_out(session, order)
        conversation = order.conversation_id if who.role in DESK_ROLES else None
        steps = orders.steps(session, order, actor, now=now, reference=reference)
    values = {
        "order": shown,
        "events": events,
        "steps": steps,
        "fault": fault,
        "form": (form or step_form()).fields,
        "choices": CHOICES,
        "conversation": conversation,
        "units": reference.units.all() if any(Need.UNIT in step.needs | step.takes for step in steps) else [],
    }
    return pages.render("order.html", who, status=409 if fault else 200, **values)
