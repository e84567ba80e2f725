"""What differs between two texts, word by word: two versions of a draft, a reply and its twin."""

from __future__ import annotations

import re
from typing import Literal

from rapidfuzz.distance import Indel

from domain.base import Value

MOST = 4_000
"""Words of each text that are compared; what follows is shown as it stands."""

_PIECES = re.compile(r"\s+|\w+|[^\w\s]")


class Piece(Value):
    """A run of words that stands in both texts, or in one of them only."""

    text: str
    where: Literal["both", "old", "new"]


def difference(old: str, new: str) -> tuple[Piece, ...]:
    """Both texts as one run of pieces: without ``new`` it reads as the old one, without ``old`` as
    the new one."""
    was, now = _PIECES.findall(old), _PIECES.findall(new)
    pieces: list[Piece] = []
    gone, come = "", ""

    def told_apart() -> None:
        sides: tuple[tuple[str, Literal["old", "new"]], ...] = ((gone, "old"), (come, "new"))
        pieces.extend(Piece(text=text, where=where) for text, where in sides if text)

    for code in Indel.opcodes(was[:MOST], now[:MOST]):
        before = "".join(was[code.src_start : code.src_end])
        is_between = bool(gone or come) and before.isspace()
        if code.tag == "equal" and is_between and code.src_end < len(was[:MOST]):
            # What only blanks keep apart is one change, and is read as one.
            gone, come = gone + before, come + before
        elif code.tag == "equal":
            told_apart()
            gone, come = "", ""
            pieces.append(Piece(text=before, where="both"))
        else:
            gone += before
            come += "".join(now[code.dest_start : code.dest_end])
    gone += "".join(was[MOST:])
    come += "".join(now[MOST:])
    told_apart()
    return tuple(pieces)
