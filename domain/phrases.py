"""Finding a word or a phrase in what somebody wrote: whole words, whatever the case.

Policy's routes ask this of every new comment, and the check of a policy asks it of two routes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
"""Soft hyphens and spaces without width, with which a word is hidden from a search."""

_QUOTES = str.maketrans("‘’ʼ′", "''''")

_NO_SPACES = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff"  # Japanese syllables
    "\u3400-\u9fff"  # Chinese characters
    "\uf900-\ufaff"
)
"""Scripts that put no spaces between words: a word ends there wherever it ends."""


def plain(text: str) -> str:
    """The text as it is compared: no case, one kind of apostrophe, single spaces."""
    folded = unicodedata.normalize("NFKC", text.translate(_UNSEEN)).translate(_QUOTES).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def found(phrases: Iterable[str], text: str) -> str | None:
    """The first of the phrases that stands in the text as whole words; None where none does.

    "bike" is in "My bike!", not in "motorbikes"; the spaces of a phrase stand for any space.
    """
    where = plain(text)
    return next((phrase for phrase in phrases if _pattern(phrase).search(where)), None)


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    wanted = plain(phrase)
    if not wanted:
        return re.compile(r"(?!)")
    letter = rf"[^\W{_NO_SPACES}]"
    before = rf"(?<!{letter})" if re.match(letter, wanted) else ""
    after = rf"(?!{letter})" if re.match(letter, wanted[-1]) else ""
    return re.compile(before + re.escape(wanted) + after)
