"""Risks to social stability are pushed to the departments concerned the moment they are filed (Art. 11)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.insight import repository
from dispatch.insight.models import RiskPush
from dispatch.insight.rules import current_rules
from dispatch.orders.service import Order
from dispatch.outbox import service as outbox
from dispatch.understanding.service import Reference
from dispatch.webhooks import service as webhooks
from nlu import handling

NOTICE, SUPERVISOR = "risk", "supervisor"
_FIRST_EVENT = 1


def on_filed(session: Session, order: Order, reference: Reference, now: datetime) -> list[str]:
    """Push a new order if its words tell of such a risk, in the transaction that files it; return the units that are to get a copy of it.

    The unit in charge, the district, the supervisors and the departments that the city names (``JSJB_INSIGHT_RISK_UNITS``) get a notice,
    and those that subscribed have the order pushed to their systems.
    """
    if not handling.decide(order.description, request_type=order.request_type, emergency=False, matter_found=True).stability_risk:
        return []
    district = reference.units.district(order.district) if order.district else None
    concerned = [order.unit_code, district.code if district else None, *current_rules().risk_units]
    acting = [unit.code for code in concerned if code and (unit := reference.units.acting(code))]
    units = list(dict.fromkeys(acting))
    for code in (*units, SUPERVISOR):
        outbox.notice(session, unit_code=code, order_number=order.number, name=NOTICE, now=now, key=f"risk:{order.number}:{code}")
    webhooks.push(session, units=units, event="order.risk", subject=order.number, sequence=_FIRST_EVENT, now=now)
    repository.put_risk(session, RiskPush(order_number=order.number, units=[*units, SUPERVISOR], at=now))
    return [code for code in units if code != order.unit_code]
