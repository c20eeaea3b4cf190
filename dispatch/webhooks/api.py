"""Routes of subscriptions and deliveries, for administrators."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy.orm import Session

from dispatch.accounts.callers import StaffOrService
from dispatch.administration import service as administration
from dispatch.core.clock import beijing_text
from dispatch.core.problems import Problem, not_found
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.outbox import service as outbox
from dispatch.outbox.service import Delivery, NotDeadError, UnknownDeliveryError
from dispatch.platform import Platform, PlatformDep
from dispatch.webhooks import service
from dispatch.webhooks.schemas import DeliveriesOut, DeliveryOut, ReplayIn, SubscriptionIn, SubscriptionOut
from dispatch.webhooks.service import Subscription, UnknownSubscriptionError

router = APIRouter(prefix="/api/v1", tags=["推送"])

SubscriptionId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


def administrator(actor: StaffOrService) -> Actor:
    """FastAPI dependency: an administrator, or problem 403."""
    if actor.role is not Role.ADMINISTRATOR:
        raise Problem(403, "没有权限", "数据推送由管理员维护", kind="forbidden")
    return actor


Administrator = Annotated[Actor, Depends(administrator)]


@router.get("/webhooks")
def list_subscriptions(platform: PlatformDep, _who: Administrator) -> list[SubscriptionOut]:
    """Where units have their data pushed."""
    with platform.database.read() as session:
        return [_out(each) for each in service.listing(session)]


@router.post("/webhooks", status_code=201)
def subscribe(platform: PlatformDep, who: Administrator, given: SubscriptionIn) -> SubscriptionOut:
    """Push a unit's data to an address; the secret to check signatures with is in this answer only."""
    if platform.reference.current().units.find(given.unit_code) is None:
        raise Problem(422, "没有这个单位", f"unit_code: {given.unit_code} 不是在册的承办单位代码", kind="unknown-unit")
    with platform.database.write() as session:
        subscription, secret = service.subscribe(
            session,
            unit_code=given.unit_code,
            url=given.url,
            events=list(given.events),
            by=who.name,
            cipher=platform.cipher,
            now=platform.clock.now(),
        )
        _record(session, platform, who, "webhook_made", subscription, f"推送到 {_host(given.url)}：{'、'.join(given.events)}")
        return _out(subscription, secret)


@router.post("/webhooks/{subscription_id}/secret")
def renew_secret(platform: PlatformDep, who: Administrator, subscription_id: SubscriptionId) -> SubscriptionOut:
    """Give a subscription a new secret."""
    try:
        with platform.database.write() as session:
            subscription, secret = service.renew_secret(session, subscription_id, platform.cipher)
            _record(session, platform, who, "webhook_changed", subscription, "更换密钥")
            return _out(subscription, secret)
    except UnknownSubscriptionError:
        raise not_found("订阅", subscription_id) from None


@router.post("/webhooks/{subscription_id}/{state}")
def switch(
    platform: PlatformDep, who: Administrator, subscription_id: SubscriptionId, state: Literal["pause", "resume"]
) -> SubscriptionOut:
    """Pause or resume a subscription."""
    try:
        with platform.database.write() as session:
            before = "推送" if service.find(session, subscription_id).active else "暂停"
            subscription = service.switch(session, subscription_id, active=state == "resume")
            _record(session, platform, who, "webhook_changed", subscription, f"{before} → {'推送' if subscription.active else '暂停'}")
            return _out(subscription)
    except UnknownSubscriptionError:
        raise not_found("订阅", subscription_id) from None


@router.post("/webhooks/{subscription_id}/replay/since", status_code=202)
def replay(platform: PlatformDep, who: Administrator, subscription_id: SubscriptionId, given: ReplayIn) -> dict[str, int]:
    """Push once more everything since a moment, e.g. after the unit's system lost data."""
    try:
        with platform.database.write() as session:
            count = service.replay(session, subscription_id, since=given.since, now=platform.clock.now())
            subscription = service.find(session, subscription_id)
            _record(session, platform, who, "webhook_changed", subscription, f"重推 {beijing_text(given.since)} 以来的 {count} 条")
            return {"count": count}
    except UnknownSubscriptionError:
        raise not_found("订阅", subscription_id) from None


@router.get("/deliveries")
def list_deliveries(
    platform: PlatformDep,
    _who: Administrator,
    state: Literal["dead", "waiting", "delivered", "cancelled"] = "dead",
    kind: Annotated[str | None, Query(max_length=24)] = None,
    target: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveriesOut:
    """What was given up, waits, or went out, newest first."""
    with platform.database.read() as session:
        rows = outbox.listing(session, state, kind=kind, target=target, before=cursor, limit=limit)
        counts = {f"{kind}:{state}": count for (kind, state), count in outbox.counts(session).items()}
    return DeliveriesOut(
        deliveries=[_delivery(row) for row in rows], next_cursor=rows[-1].sequence if len(rows) == limit else None, counts=counts
    )


@router.post("/deliveries/{delivery_id}/retry", status_code=202)
def retry(platform: PlatformDep, _who: Administrator, delivery_id: SubscriptionId) -> Response:
    """Try once more what was given up."""
    try:
        with platform.database.write() as session:
            outbox.retry(session, delivery_id, now=platform.clock.now())
    except UnknownDeliveryError:
        raise not_found("投递", delivery_id) from None
    except NotDeadError as error:
        raise Problem(409, "不能重试", f"state: 只有已放弃的投递可以重试，这一条是 {error}", kind="not-dead") from None
    return Response(status_code=202)


def _record(session: Session, platform: Platform, who: Actor, name: str, subscription: Subscription, detail: str) -> None:
    subject = f"{subscription.unit_code} {subscription.id[:8]}"
    administration.record(session, name, subject, detail, by=who.name, now=platform.clock.now())


def _host(url: str) -> str:
    """Return where an address leads, without what may be a password in it."""
    return urlsplit(url).hostname or ""


def _out(subscription: Subscription, secret: str | None = None) -> SubscriptionOut:
    return SubscriptionOut(
        id=subscription.id,
        unit_code=subscription.unit_code,
        url=subscription.url,
        events=subscription.events,
        active=subscription.active,
        created_at=subscription.created_at,
        secret=secret,
    )


def _delivery(row: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=row.id,
        sequence=row.sequence,
        kind=row.kind,
        target=row.target,
        subject=row.subject,
        event=row.payload.get("event") or row.payload.get("name"),
        state=row.state,
        attempts=row.attempts,
        error=row.error,
        created_at=row.created_at,
        not_before=row.not_before,
        settled_at=row.settled_at,
    )
