"""The order's table, on its own and through the API."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.orders.workflow import TABLE, IllegalTransitionError, MissingNeedError, Need, Role, State, allowed, check


@given(
    name=st.sampled_from([row.name for row in TABLE] + ["fly"]),
    state=st.sampled_from(State),
    role=st.sampled_from(Role),
    needs=st.sets(st.sampled_from(Need)),
)
def test_check_agrees_with_allowed(name: str, state: State, role: Role, needs: set[Need]) -> None:
    legal = {row.name: row for row in allowed(state, role)}
    if name not in legal:
        with pytest.raises(IllegalTransitionError) as refusal:
            check(name, state, role, needs)
        assert set(refusal.value.legal) == set(legal)
    elif legal[name].needs - needs:
        with pytest.raises(MissingNeedError):
            check(name, state, role, needs)
    else:
        assert check(name, state, role, needs) is legal[name]


def test_every_open_state_has_a_way_on_and_every_row_an_article() -> None:
    for state in State:
        if state not in (State.CLOSED, State.WITHDRAWN):
            assert any(state in row.sources and row.target not in (None, state) for row in TABLE), state
    assert all(row.article.startswith("第") and row.roles for row in TABLE)


def test_auditors_only_look() -> None:
    assert not any(allowed(state, Role.AUDITOR) for state in State)
