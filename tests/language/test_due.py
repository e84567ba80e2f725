"""The date that a promise names, where it names one."""

from __future__ import annotations

from datetime import date

import pytest

from language import due

THURSDAY = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("sentence", "day"),
    [
        ("We will call you today.", "2026-03-05"),
        ("We’ll write TOMORROW!", "2026-03-06"),
        ("You will have it by Friday.", "2026-03-06"),
        ("We will refund you on Thursday.", "2026-03-12"),
        ("A saddle will be sent by 2026-04-01.", "2026-04-01"),
        ("We will answer within 3 days.", "2026-03-08"),
        ("Expect it in two weeks.", "2026-03-19"),
        ("We will get back within 48 hours.", "2026-03-07"),
        ("It takes an hour.", "2026-03-06"),
        ("We will look into it.", None),
        ("By 2026-02-31 at the latest.", None),
        ("In 99999 days.", None),
        ("", None),
    ],
)
def test_a_promise_is_offered_the_day_that_it_names(sentence: str, day: str | None) -> None:
    assert due.day(sentence, THURSDAY) == (date.fromisoformat(day) if day else None)


def test_a_language_that_nobody_has_written_names_dates_only() -> None:
    assert due.day("Wir schreiben morgen.", THURSDAY, "xx") is None
    assert due.day("2026-03-09", THURSDAY, "xx") == date(2026, 3, 9)
