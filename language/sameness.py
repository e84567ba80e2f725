"""How much two texts are one: ready-made replies, copies of a comment, comments on one matter.

A text is compared by its *shape*: what is left when everything is taken away that differs between
two uses of the same text (the name greeted, handles, links, numbers, the signature) and everything
that differs for no reason (case, marks, spaces, markup). In a shape each word is one character, so
that comparing goes by words, is fast, and keeps no readable text in memory.

Likeness is in thousandths: twice the words that two shapes share in the same order, by the words of
both. 1000 is the same text; a reply of twenty words with three of them exchanged is 850.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from zlib import crc32

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Indel

from domain.base import Value
from language import rules
from language.reading import BLOT, Reading, lower

READY_MADE = 850
"""Where a reply counts as ready-made unless policy says otherwise; docs/language.md tells why."""

SAME_MATTER = 600
"""From where a comment is suggested as one about the same matter. A person decides."""

FEW = 5
"""Fewer words than these are no template: "Thank you!" and "You're welcome, Anna!" are said anew
each time, and nobody can say them otherwise."""


class Twin(Value):
    """Another text and how like it is, in thousandths."""

    id: str
    permille: int


@dataclass(frozen=True, slots=True)
class Shape:
    """A text as it is compared: a character for each word, and a bit for most of the words."""

    words: str
    bits: int

    def is_long_enough(self) -> bool:
        return len(self.words) >= FEW

    def may_reach(self, other: Shape, permille: int) -> bool:
        """No pair that reaches ``permille`` is refused; most of the others are, at once.

        A bit that is set in one only is a word that is in one only: it can be in no common order.
        """
        mine, theirs = len(self.words), len(other.words)
        shared = min(
            mine - (self.bits & ~other.bits).bit_count(),
            theirs - (other.bits & ~self.bits).bit_count(),
        )
        return 2000 * shared >= permille * (mine + theirs)


# --- From a text to its shape ----------------------------------------------------------------

_TAIL = 80
"""A signature stands in the last characters; looking no further keeps long texts cheap."""

# In a script that is written without spaces each sign counts as a word.
_WORDS = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]"
    r"|\d[\d.,:/-]*\w*|[^\W\d_][\w']*"
)

# ", Heather!": a name that is spoken to in the middle of a text.
_SPOKEN_TO = re.compile(r",\s?[^\W\d_a-z][^\W\d_A-Z]{1,20}(?=\s?[.,!?;:)])")

# "^AB", "*QB", "/CG", "- Becky", "~ Ellen", "1/2": how whoever wrote it ends it.
_SIGNED = re.compile(
    r"\s*(?:[\^*/~–—-]{1,2}\s?[^\W\d_]{1,20}(?:\s[^\W\d_]\b)?|\(?\d/\d\)?)[\s.]*\Z"
)

_BLOTS = re.compile(rf"{BLOT}+")

_A_NAME = r"(?-i:[^\W\d_a-z][^\W\d_]{0,20})"


@cache
def _frame() -> tuple[re.Pattern[str], re.Pattern[str], frozenset[str]]:
    """How the known languages greet and close, and their words that say nothing by themselves."""
    frames = [rules.of(name).frame for name in rules.known()]

    def any_of(phrases: Iterable[str]) -> str:
        return "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))

    greets = any_of(phrase for frame in frames for phrase in frame.greetings)
    closes = any_of(phrase for frame in frames for phrase in frame.closings)
    return (
        re.compile(
            rf"[\s.,:]*(?:(?:{greets})\b(?: there\b)?(?:,? {_A_NAME}){{0,2}}\s?[,!.:;–—-]+)?", re.I
        ),
        re.compile(rf"[\s,.!–—-]*\b(?:{closes})\b[\s,.!–—-]*(?:{_A_NAME}[\s.]*){{0,2}}\Z", re.I),
        frozenset(word for frame in frames for word in frame.common),
    )


def words(text: str) -> list[str]:
    """What a text is compared by, in order; a number of any kind is `0`."""
    greeting, closing, _ = _frame()
    plain = _BLOTS.sub(" ", Reading(text).plain.replace("\n", " ")).strip()
    plain = _SPOKEN_TO.sub("", plain)
    greeted = greeting.match(plain)
    plain = plain[greeted.end() if greeted else 0 :]
    tail = _SIGNED.sub("", _SIGNED.sub("", plain[-_TAIL:]))
    plain = plain[:-_TAIL] + closing.sub("", tail)
    return ["0" if word[0].isdigit() else word for word in _WORDS.findall(lower(plain))]


@lru_cache(maxsize=8192)
def shape(text: str) -> Shape:
    """Kept for the texts last seen: each new reply is compared with the same recent ones."""
    sums = [crc32(word.encode()) for word in words(text)]
    # Past the surrogates there is room for a million words; two of one text hardly ever meet.
    characters = "".join(chr(0x10000 + number % 0xF0000) for number in sums)
    bits = 0
    for number in set(sums):
        bits |= 1 << (number >> 8 & 2047)
    return Shape(characters, bits)


# --- Replies ---------------------------------------------------------------------------------


def likeness(a: str, b: str) -> int:
    """From 0 to 1000. Texts without a word (a face, a link) are alike only if they are equal."""
    one, other = shape(a).words, shape(b).words
    if not one and not other:
        return 1000 * (a.strip() == b.strip())
    return _permille(Indel.normalized_similarity(one, other))


def nearest(
    text: str, recent: Iterable[tuple[str, str]], threshold: int = READY_MADE
) -> Twin | None:
    """The most alike of ``recent``, pairs of id and text, if it reaches ``threshold``.

    Of two as alike the first. Texts of fewer than ``FEW`` words have no twin and are nobody's.
    """
    mine = shape(text)
    if not mine.is_long_enough():
        return None
    shapes = ((key, shape(other)) for key, other in recent)
    choices = {
        key: other.words
        for key, other in shapes
        if other.is_long_enough() and mine.may_reach(other, threshold)
    }
    best = process.extractOne(
        mine.words,
        choices,
        scorer=Indel.normalized_similarity,
        score_cutoff=threshold / 1000,
    )
    return Twin(id=best[2], permille=_permille(best[1])) if best else None


def _permille(share: float) -> int:
    return int(share * 1000 + 1e-9)


# --- Comments --------------------------------------------------------------------------------

SHINGLE = 3
RAREST = 12
POSTED = 64
COMPARED = 12
READ = 160
"""Bounds of ``copies``. Runs of three words are what two copies surely share. A text is looked for
by its twelve rarest runs among its first 160 words, a run leads to at most 64 groups, and at most
twelve of these are compared: the work grows with the number of texts, however they are written."""


def copies(texts: Sequence[tuple[str, str]], threshold: int = READY_MADE) -> list[list[str]]:
    """Groups of two or more ids whose texts are near-identical, the largest first.

    A group is all that is like its first text; likeness is not handed on from copy to copy, which
    would end in groups of texts that have nothing in common. Short texts are grouped only with
    their equals. Where very many texts share their words, a few copies can be missed.
    """
    same: dict[str, list[str]] = defaultdict(list)
    for key, text in texts:
        same[shape(text).words or "=" + text.strip()].append(key)
    leader_of = _leaders([words for words in same if len(words) >= FEW], threshold)
    groups: dict[str, list[str]] = defaultdict(list)
    for words, ids in same.items():
        groups[leader_of.get(words, words)] += ids
    return sorted((ids for ids in groups.values() if len(ids) > 1), key=len, reverse=True)


def _leaders(shapes: list[str], threshold: int) -> dict[str, str]:
    """Each shape to the first one before it that it is a copy of, or to itself."""
    runs_of = [_runs(words) for words in shapes]
    common = Counter(run for runs in runs_of for run in runs)
    led_by: dict[str, list[str]] = defaultdict(list)
    leader_of: dict[str, str] = {}
    for words, runs in zip(shapes, runs_of, strict=True):
        shared = sorted((run for run in runs if common[run] > 1), key=lambda r: (common[r], r))
        rarest = shared[:RAREST]
        votes = Counter(leader for run in rarest for leader in led_by[run])
        candidates = [leader for leader, _ in votes.most_common(COMPARED)]
        best = process.extractOne(
            words,
            candidates,
            scorer=Indel.normalized_similarity,
            score_cutoff=threshold / 1000,
        )
        leader_of[words] = best[0] if best else words
        if not best:
            for run in rarest:
                if len(led_by[run]) < POSTED:
                    led_by[run].append(words)
    return leader_of


def _runs(words: str) -> set[str]:
    return {words[n : n + SHINGLE] for n in range(min(len(words) - SHINGLE + 1, READ))}


# --- Matters ---------------------------------------------------------------------------------

STEM = 6
"""Letters of a word that count, so that `deliver`, `delivery` and `deliveries` are one word in any
language that bends its words at the end."""

SHARED = 3
"""So many telling words two comments must share: otherwise one that says "refund" alone would be
about the same matter as each that mentions a refund."""


@lru_cache(maxsize=8192)
def _telling(text: str) -> frozenset[str]:
    """The words that tell what a text is about: no common ones, no numbers."""
    common = _frame()[2]
    return frozenset(word[:STEM] for word in words(text) if word not in common and word != "0")


def likely_same_matter(
    text: str, others: Iterable[tuple[str, str]], threshold: int = SAME_MATTER
) -> list[Twin]:
    """Suggestions, the likeliest first: who speaks of the same things, in whatever order and words.

    By the sets of telling words, so much looser than ``likeness``. For a person to choose from.
    """
    mine = _telling(text)
    sayings = {
        key: " ".join(sorted(theirs))
        for key, theirs in ((key, _telling(other)) for key, other in others)
        if len(mine & theirs) >= SHARED
    }
    ranked = process.extract(
        " ".join(sorted(mine)),
        sayings,
        scorer=fuzz.token_set_ratio,
        score_cutoff=threshold / 10,
        limit=None,
    )
    return [Twin(id=key, permille=_permille(score / 100)) for _, score, key in ranked]
