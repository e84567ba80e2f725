"""Nothing but thanks: precision before recall."""

from __future__ import annotations

import pytest

from language.thanks import is_only_thanks


def test_a_name_the_caller_knows_may_stand_beside_the_thanks() -> None:
    assert is_only_thanks("Thanks, Becky!", names=["Becky"])
    assert is_only_thanks("Thank you Anna Smith", names=["Anna Smith"])
    assert not is_only_thanks("Thanks, Becky!")
    assert not is_only_thanks("Becky", names=["Becky"])


@pytest.mark.parametrize(
    "more", ["?", " but no", " 2", " 😡", " https://example.org", " not", " :("]
)
def test_anything_more_than_thanks_is_more_than_thanks(more: str) -> None:
    assert is_only_thanks("Thanks a lot")
    assert not is_only_thanks("Thanks a lot" + more)


def test_a_language_without_words_for_thanks_never_silences() -> None:
    assert not is_only_thanks("thanks", "xx")


def test_thanks_at_any_length_are_not_read_for_ever() -> None:
    assert is_only_thanks("thanks " * 50)
    assert not is_only_thanks("thanks " * 50_000)
