"""Knowledge entries and answers as they cross the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from dispatch.knowledge.plain import plain_text

Plain = Annotated[str, AfterValidator(plain_text)]

ENTRY_ID = r"^[^\x00-\x20\x7f/]{1,64}$"
CONVERSATION_ID = r"^[\w.:-]{1,40}$"

MAX_ANSWER = 50_000
"""Characters an answer may have."""


class EntryContent(BaseModel):
    """What an entry says. Markup is taken out of every text (``dispatch.knowledge.plain``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Plain = Field(min_length=1, max_length=1000)
    variants: tuple[Annotated[Plain, Field(max_length=300)], ...] = Field(default=(), max_length=50)
    answer: Plain = Field(min_length=1, max_length=MAX_ANSWER)
    subject: Plain = Field(default="", max_length=80)
    source: Plain = Field(default="", max_length=400)
    article: Plain = Field(default="", max_length=200)
    unit_name: Plain = Field(default="", max_length=80)
    unit_code: str | None = Field(default=None, pattern=r"^\w{1,16}$")
    region: Plain | None = Field(default=None, max_length=32)
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.title:
            raise ValueError("title: 去除标记后没有文字")
        if not self.answer:
            raise ValueError("answer: 去除标记后没有文字")
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError("valid_to: 有效期止不能早于有效期起")
        return self


class AnswerIn(BaseModel):
    """A resident's question."""

    query: str = Field(max_length=20_000)
    conversation_id: str | None = Field(default=None, pattern=CONVERSATION_ID)
    after: str | None = Field(default=None, pattern=ENTRY_ID)
    """Id of the entry that was answered just before, for questions that lean on it (多少钱, 那孩子呢)."""

    region: str | None = Field(default=None, max_length=32)


class HitOut(BaseModel):
    """An entry found."""

    id: str
    title: str
    passage: str
    """The answer as text."""

    html: str
    """The answer with headings, lists and links, safe to put into a page."""

    dept: str
    unit_code: str | None
    source: str
    article: str
    region: str | None
    valid_from: date | None
    valid_to: date | None
    updated_on: date
    version: int
    score: float


class AnswerOut(BaseModel):
    """``answer`` says that the first hit may be given as the answer at once."""

    answer: bool
    confidence: float
    hits: list[HitOut]
    asked: str | None = None
    """The whole question, where a short one was read as leaning on the one before."""

    excerpt: str | None = None
    """The sentences of the first hit that answer such a question."""


class FeedbackIn(BaseModel):
    """Whether an answer solved the resident's question."""

    entry_id: str = Field(pattern=ENTRY_ID)
    solved: bool


class RowErrorOut(BaseModel):
    """A row of an imported file that was left out."""

    line: int
    id: str | None
    error: str


class ImportOut(BaseModel):
    """What became of an imported file's rows."""

    added: int
    updated: int
    unchanged: int
    errors: list[RowErrorOut]
    dry_run: bool = False
    """Whether nothing was written."""


class SubmitIn(BaseModel):
    """A new or changed entry, to be reviewed."""

    content: EntryContent
    note: Plain = Field(default="", max_length=400)


class DecisionIn(BaseModel):
    """Why a version is sent back or an entry withdrawn."""

    note: Plain = Field(default="", max_length=400)


class VersionOut(BaseModel):
    """One version of an entry."""

    number: int
    state: str
    author: str
    reviewer: str | None
    note: str
    created_at: datetime
    decided_at: datetime | None
    content: EntryContent


class ChangeOut(BaseModel):
    """A field that differs between two versions."""

    field: str
    before: str
    after: str


class ConflictOut(HitOut):
    """A published entry that asks nearly the same for the same region while its validity overlaps: for the reviewer to decide."""

    kind: Literal["contradiction", "duplicate"]
    """Whether it answers otherwise or the same."""


class EntryLineOut(BaseModel):
    """An entry in a list."""

    id: str
    title: str
    subject: str
    unit_name: str
    unit_code: str | None
    region: str | None
    valid_to: date | None
    state: str
    version: int
    origin: str
    updated_at: datetime


class GapOut(BaseModel):
    """Questions that mean the same and lack an answer; texts are masked."""

    id: int
    question: str
    unit_code: str | None
    subject: str
    nearest_id: str | None
    asked: int
    unsolved: int
    state: str
    note: str
    first_at: datetime
    last_at: datetime


class GapDetailOut(BaseModel):
    """A gap with the questions in it."""

    gap: GapOut
    questions: list[str]


class RateOut(BaseModel):
    """How questions about an entry or of a unit were answered; rates are 0 to 1, null where there is nothing to divide by."""

    id: str
    title: str
    unit_code: str
    asked: int
    answered: int
    solved: int
    unsolved: int
    answered_rate: float | None
    """Of the questions asked, answered at once or by a title picked."""

    unsolved_rate: float | None
    """Of the answers given, those of which the resident said that they didn't help."""


class GiveIn(BaseModel):
    """The entry that a resident picked from the titles offered."""

    entry_id: str = Field(pattern=ENTRY_ID)


class EntryOut(BaseModel):
    """An entry as it stands, with its history and what it may contradict."""

    id: str
    state: str
    version: int
    content: EntryContent
    versions: list[VersionOut]
    conflicts: list[ConflictOut]
