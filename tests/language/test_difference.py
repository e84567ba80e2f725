"""What differs between two texts, and that nothing of either is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.difference import MOST, difference


def told(old: str, new: str) -> list[tuple[str, str]]:
    return [(piece.where, piece.text) for piece in difference(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("", "", []),
        ("same", "same", [("both", "same")]),
        ("", "new", [("new", "new")]),
        ("We are sorry, Anna.", "We are sorry, Ben.",
         [("both", "We are sorry, "), ("old", "Anna"), ("new", "Ben"), ("both", ".")]),
        ("on its way today.", "here by now today.",
         [("old", "on its way"), ("new", "here by now"), ("both", " today.")]),
        ("وصلت دراجتي 🚲", "وصلت دراجتي", [("both", "وصلت دراجتي"), ("old", " 🚲")]),
    ],
)  # fmt: skip
def test_words_are_told_apart_by_the_text_they_stand_in(
    old: str, new: str, pieces: list[tuple[str, str]]
) -> None:
    assert told(old, new) == pieces


@given(st.text(), st.text())
def test_either_text_can_be_read_off_the_pieces(old: str, new: str) -> None:
    pieces = difference(old, new)
    assert "".join(p.text for p in pieces if p.where != "new") == old
    assert "".join(p.text for p in pieces if p.where != "old") == new


def test_texts_without_an_end_are_shown_whole() -> None:
    old, new = "a " * MOST, "b " * MOST
    pieces = difference(old, new)
    assert "".join(p.text for p in pieces if p.where != "new") == old
