"""The readers answer every text and keep to their vocabulary, whatever comes in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nlu import handling, request_type, survey_reply


@given(st.text())
def test_request_type_of_any_text(text: str) -> None:
    reading = request_type.classify(text)
    assert reading.name is None or reading.name in request_type.NAMES
    assert 0.0 <= reading.confidence <= 1.0


@given(st.text(), st.sampled_from([*request_type.NAMES, None]), st.booleans(), st.booleans())
def test_handling_of_any_text(text: str, kind: str | None, emergency: bool, matter_found: bool) -> None:
    way = handling.decide(text, request_type=kind, emergency=emergency, matter_found=matter_found)
    assert way.name in handling.NAMES
    assert (way.channel in handling.CHANNELS) == (way.name == "legal_channel")
    assert (way.name == "emergency") == emergency
    assert 0.0 <= way.confidence <= 1.0


@given(st.text())
def test_survey_reply_of_any_text(text: str) -> None:
    reply = survey_reply.read(text)
    assert reply.contacted in (True, False, None)
    assert reply.resolved in ("yes", "no", "partial", None)
    assert reply.satisfied in ("satisfied", "neutral", "dissatisfied", None)
