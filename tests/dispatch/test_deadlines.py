"""Deadlines across weekends, statutory holidays and swapped workdays."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from dispatch.core.clock import BEIJING
from dispatch.orders.deadlines import between, due, in_working_hours, is_workday, later, next_opening, previous_working_hour


def _beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def test_calendar_time_counts_every_hour() -> None:
    assert due(_beijing("2026-02-16T10:00"), 24, "calendar") == _beijing("2026-02-17T10:00")


def test_working_time_leaves_out_the_weekend() -> None:
    assert due(_beijing("2026-11-20T15:00"), 24, "working") == _beijing("2026-11-23T15:00")


def test_working_time_leaves_out_spring_festival_and_counts_a_swapped_sunday() -> None:
    # 2025: the holiday ran from 28 January to 4 February; Sunday 26 January was a workday.
    assert due(_beijing("2025-01-25T12:00"), 24, "working") == _beijing("2025-01-27T00:00")
    assert due(_beijing("2025-01-27T12:00"), 24, "working") == _beijing("2025-02-05T12:00")


def test_years_without_a_published_calendar_still_have_weekends() -> None:
    assert is_workday(datetime(2031, 6, 4, tzinfo=BEIJING).date())
    assert not is_workday(datetime(2031, 6, 7, tzinfo=BEIJING).date())


moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(timezone.utc))  # noqa: DTZ001 - the strategy adds it


@given(start=moments, hours=st.sampled_from([2, 24, 168, 360]))
def test_working_time_is_never_shorter_and_ends_on_a_workday(start: datetime, hours: int) -> None:
    end = due(start, hours, "working")
    assert end >= start + timedelta(hours=hours)
    assert is_workday((end.astimezone(BEIJING) - timedelta(microseconds=1)).date())


@given(start=moments, hours=st.sampled_from([2, 24, 168]), later=st.timedeltas(timedelta(0), timedelta(days=3)))
def test_who_files_later_is_never_due_earlier(start: datetime, hours: int, later: timedelta) -> None:
    assert due(start + later, hours, "working") >= due(start, hours, "working")


clocks = st.sampled_from(["calendar", "working"])
durations = st.timedeltas(timedelta(0), timedelta(days=40))


@given(start=moments, duration=durations, clock=clocks)
def test_what_runs_from_a_moment_lies_between_it_and_its_end(start: datetime, duration: timedelta, clock: str) -> None:
    assert between(start, later(start, duration, clock), clock) == duration


@given(start=moments, first=durations, second=durations, clock=clocks)
def test_two_durations_run_as_their_sum(start: datetime, first: timedelta, second: timedelta, clock: str) -> None:
    assert later(later(start, first, clock), second, clock) == later(start, first + second, clock)


@given(moment=moments)
def test_people_are_at_their_desks_when_they_are_told(moment: datetime) -> None:
    after, before = next_opening(moment), previous_working_hour(moment)
    assert in_working_hours(after)
    assert in_working_hours(before)
    assert before <= moment <= after
    if in_working_hours(moment):
        assert before == moment == after
