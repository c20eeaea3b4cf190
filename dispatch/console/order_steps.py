"""The form of one step of an order, as the console's pages send it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import pydantic
from fastapi import Depends, Form

from dispatch.console.lists import unit_named
from dispatch.core.clock import BEIJING
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.terms import UNDISPATCHED_ENDINGS, CommunityList, CommunityPart, Ending, HoldGround
from dispatch.understanding.service import Reference

Long = Annotated[str, Form(max_length=20_000)]
Short = Annotated[str, Form(max_length=120)]

CHOICES = {
    "ending": [(each.value, f"{each.label}（{each.article}）") for each in Ending if each in UNDISPATCHED_ENDINGS],
    "ground": [(each.value, f"{each.label}（{each.article}）") for each in HoldGround],
    "community_list": [(each.value, each.label) for each in CommunityList],
    "community_part": [(each.value, each.label) for each in CommunityPart],
}
"""What the selects of the forms offer, by field."""


class BadStepFormError(ValueError):
    """A field of the form can't be read; the message names it."""


class StepForm:
    """What somebody wrote into the form of a step: kept on the page when the step is refused."""

    def __init__(self, **fields: str) -> None:
        self.fields = {name: value.strip() for name, value in fields.items()}

    def given(self, reference: Reference) -> TransitionIn:
        """Return what the form asks for; in ``parts`` each line is one matter. Raises BadStepFormError."""
        values: dict[str, object] = {name: value or None for name, value in self.fields.items()}
        if unit := self.fields["unit"]:
            values["unit"] = unit_named(unit, reference)
            if values["unit"] is None:
                raise BadStepFormError(f"单位: 没有找到“{unit}”，请输入名称后从列表中选择")
        try:
            if deadline := self.fields["deadline"]:
                values["deadline"] = datetime.fromisoformat(deadline).replace(tzinfo=BEIJING)
        except ValueError as error:
            raise BadStepFormError("时限: 请选择日期和时间") from error
        lines = [line.strip() for line in self.fields["parts"].splitlines() if line.strip()]
        values["parts"] = [{"description": line} for line in lines] or None
        try:
            return TransitionIn.model_validate(values)
        except pydantic.ValidationError as error:
            fields = "、".join(sorted({str(item["loc"][0]) for item in error.errors()}))
            raise BadStepFormError(f"{fields}: 填写有误") from error


def step_form(
    reason: Long = "",
    answer: Long = "",
    unit: Short = "",
    deadline: Short = "",
    ending: Short = "",
    ground: Short = "",
    parent: Short = "",
    parts: Long = "",
    community: Short = "",
    community_list: Short = "",
    community_part: Short = "",
    no_contact_reason: Long = "",
    no_report_reason: Long = "",
) -> StepForm:
    """FastAPI dependency: the form that was sent."""
    return StepForm(
        reason=reason,
        answer=answer,
        unit=unit,
        deadline=deadline,
        ending=ending,
        ground=ground,
        parent=parent,
        parts=parts,
        community=community,
        community_list=community_list,
        community_part=community_part,
        no_contact_reason=no_contact_reason,
        no_report_reason=no_report_reason,
    )


StepFormDep = Annotated[StepForm, Depends(step_form)]
