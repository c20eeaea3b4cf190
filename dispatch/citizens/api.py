"""Routes for citizens who follow an order: find it, read how it stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from dispatch.citizens import service
from dispatch.citizens.service import BadLinkError, TooManyTriesError
from dispatch.core.problems import Problem
from dispatch.orders import service as orders
from dispatch.orders.schemas import ProgressOut
from dispatch.platform import PlatformDep
from nlu import contact as contact_reader

router = APIRouter(prefix="/api/v1/citizen", tags=["诉求人"])


class LookupIn(BaseModel):
    """What somebody knows of their order."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
    phone_tail: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\d{4}$")]


class LinkOut(BaseModel):
    """The way to one order."""

    token: str
    url: str


@router.post("/lookup")
def look_up(platform: PlatformDep, request: Request, given: LookupIn) -> LinkOut:
    """Find an order by its number and the last four digits of the phone that was left; the same answer for every wrong guess."""
    number = next(iter(contact_reader.order_numbers(given.number)), given.number)
    address = request.client.host if request.client else ""
    try:
        with platform.database.write() as session:
            order = service.look_up(session, number, given.phone_tail, address=address, now=platform.clock.now(), cipher=platform.cipher)
    except TooManyTriesError:
        raise Problem(429, "试得太多了", "请一小时后再试，或拨打 12345 查询", kind="too-many-tries") from None
    if order is None:
        raise Problem(404, "没有找到", "工单号与手机尾号对不上，请核对后再试", kind="not-found")
    token = service.make_link(platform.keys, order.number, platform.clock.now())
    return LinkOut(token=token, url=f"{platform.settings.resolved_public_url()}/my/{token}")


@router.get("/order")
def read_order(
    platform: PlatformDep, response: Response, x_order_token: Annotated[str | None, Header(max_length=200)] = None
) -> ProgressOut:
    """Return how the order behind a link stands, in plain words."""
    wrong = Problem(401, "链接无效", "X-Order-Token: 链接不对或已过期，请用工单号和手机尾号重新查询", kind="bad-link")
    try:
        number = service.read_link(platform.keys, x_order_token or "", platform.clock.now())
    except BadLinkError:
        raise wrong from None
    with platform.database.read() as session:
        order = orders.find(session, number)
        if order is None:
            raise wrong
        response.headers["Cache-Control"] = "no-store"
        return orders.progress_out(session, order, platform.reference.current())
