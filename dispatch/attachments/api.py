"""Routes of files on orders."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, UploadFile

from dispatch.accounts.callers import StaffOrService
from dispatch.attachments import service
from dispatch.attachments.service import LARGEST, MediaError, NotAllowedError
from dispatch.core.problems import Problem, not_found
from dispatch.orders import service as orders
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/api/v1/orders/{number}/attachments", tags=["orders"])


@router.get("")
def list_attachments(platform: PlatformDep, actor: StaffOrService, number: str) -> list[dict[str, Any]]:
    """The files of an order and of the conversation that it was filed in, by links that expire."""
    with platform.database.read() as session:
        order = orders.visible(session, number, actor)
        if order is None:
            raise not_found("工单", number)
        files = service.of_order(session, order)
    return [service.as_json(platform, each, now=platform.clock.now()) for each in files]


@router.post("", status_code=201)
def attach(
    platform: PlatformDep, actor: StaffOrService, number: str, file: UploadFile, for_resident: Annotated[bool, Form()] = False
) -> dict[str, Any]:
    """Add a picture, video, recording or document to an order; who added it goes on record.

    With ``for_resident`` the resident sees it beside the answer: only the unit that may answer now can say so.
    """
    if file.size is None or file.size > LARGEST:
        raise Problem(413, "文件太大", f"file: 不能超过 {LARGEST // 2**20} MB", kind="media-too-large")
    try:
        data = file.file.read()
        stored = service.add(
            platform, actor, number, data, claimed_type=file.content_type, filename=file.filename, for_resident=for_resident
        )
    except NotAllowedError as error:
        raise Problem(409, "当前不能加附件", str(error), kind="illegal-transition", legal=list(error.legal)) from error
    except MediaError as error:
        raise Problem(error.status, "文件没有收下", f"file: {error}", kind=error.kind) from error
    if stored is None:
        raise not_found("工单", number)
    return service.as_json(platform, stored, now=platform.clock.now())
