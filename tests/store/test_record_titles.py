"""What a case is called in the record: the beginning of its words."""

from __future__ import annotations

import pytest

from store.record import TITLE, _title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (None, None),
        ("A lamp flickers.", "A lamp flickers."),
        ("a" * TITLE, "a" * TITLE),
        ("a" * (TITLE + 1), "a" * (TITLE - 1) + "…"),
        ("saddle " * 20, "saddle " * 16 + "saddle…"),
    ],
)
def test_a_title_that_goes_on_ends_after_a_word_and_says_so(
    text: str | None, title: str | None
) -> None:
    assert _title(text) == title
