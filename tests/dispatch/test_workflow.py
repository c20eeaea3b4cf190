"""The order's table, on its own and as a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.orders import diagram, words
from dispatch.orders.moving import EFFECTS
from dispatch.orders.workflow import TABLE, Condition, IllegalTransitionError, MissingNeedError, Need, Party, Role, State, allowed, check


@given(
    name=st.sampled_from([row.name for row in TABLE] + ["fly"]),
    state=st.sampled_from(State),
    role=st.sampled_from(Role),
    needs=st.sets(st.sampled_from(Need)),
    parties=st.sets(st.sampled_from(Party)),
    conditions=st.sets(st.sampled_from(Condition)),
)
def test_check_agrees_with_allowed(
    name: str, state: State, role: Role, needs: set[Need], parties: set[Party], conditions: set[Condition]
) -> None:
    legal = {row.name: row for row in allowed(state, role, parties, conditions)}
    if name not in legal:
        with pytest.raises(IllegalTransitionError) as refusal:
            check(name, state, role, needs, parties, conditions)
        assert set(refusal.value.legal) == set(legal)
    elif legal[name].needs - needs:
        with pytest.raises(MissingNeedError):
            check(name, state, role, needs, parties, conditions)
    else:
        assert check(name, state, role, needs, parties, conditions) is legal[name]


def test_names_are_unique_and_every_effect_belongs_to_a_row() -> None:
    names = [row.name for row in TABLE]
    assert len(names) == len(set(names))
    assert set(EFFECTS) <= set(names)
    assert all(words.event_label(name) for name in names)


def test_units_do_nothing_to_orders_that_are_not_theirs() -> None:
    assert not any(allowed(state, Role.HANDLER, parties=()) for state in State)


def test_what_ends_an_order_can_be_reached_from_everywhere() -> None:
    ends = {State.CLOSED, State.WITHDRAWN}
    reached = set(ends)
    while more := {source for row in TABLE if row.target in reached for source in row.sources} - reached:
        reached |= more
    assert reached == set(State)


def test_the_picture_shows_every_state_and_every_step_that_moves() -> None:
    root = ElementTree.fromstring(diagram.svg())
    text = "".join(root.itertext())
    assert all(state.label in text for state in State)
    assert all(row.label in text for row in TABLE if row.target and row.sources)


def test_every_open_state_has_a_way_on_and_every_row_an_article() -> None:
    for state in State:
        if state not in (State.CLOSED, State.WITHDRAWN):
            assert any(state in row.sources and row.target not in (None, state) for row in TABLE), state
    assert all(row.article.startswith("第") and row.roles for row in TABLE)


def test_auditors_only_look() -> None:
    assert not any(allowed(state, Role.AUDITOR) for state in State)
