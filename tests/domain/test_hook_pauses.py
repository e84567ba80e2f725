"""When a webhook that takes nothing is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.hooks import LONGEST_PAUSE, next_try

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 5), (2, 15), (3, 45), (4, 135), (8, 10_935), (9, 21_600), (500, 21_600)],
)
def test_each_pause_is_three_times_the_one_before_up_to_six_hours(
    failures: int, seconds: int
) -> None:
    assert next_try(AT, failures) == AT + timedelta(seconds=seconds)
    assert next_try(AT, failures) <= AT + LONGEST_PAUSE


def test_a_receiver_that_asks_for_a_pause_gets_it() -> None:
    assert next_try(AT, 9, timedelta(seconds=7)) == AT + timedelta(seconds=7)
