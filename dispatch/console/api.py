"""The page of the rules that orders obey."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response

from dispatch.console.pages import Pages, Visitor
from dispatch.orders import diagram, workflow
from dispatch.orders.workflow import State

router = APIRouter(prefix="/console", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")


@router.get("/workflow")
def workflow_page(who: Visitor) -> Response:
    """The order's life as the table that the system itself obeys, with articles."""
    return pages.render("workflow.html", who, table=workflow.TABLE, states=list(State), diagram=diagram.svg())
