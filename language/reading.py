"""How a text is read before any rule looks at it: folded, freed of markup, cut into sentences.

Every rule of a language file sees the same plain form: lower case, single spaces, straight quotes,
no tags, no markdown marks, nothing invisible. Links, addresses and handles are blotted out. Each
character of the plain form knows where it stands in what the person wrote, so that what is found
can be shown in the person's own words.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from sentencex import get_sentence_boundaries

BLOT = "\u02cd"
"""What a link or a handle reads as, character by character: a letter that no word has. Being one,
it keeps the `will` of `will@example.org` from standing alone."""


class _Folding(dict[int, str]):
    """Each character to the one it stands for: 𝐰 and ｗ to w, ’ to ', ٣ to 3, a tab to a space.

    Only one to one, so that places stay places; what would become two characters stays as it is.
    """

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = unicodedata.normalize("NFKC", char)
        if folded.isspace() and char not in "\r\n\x0b\x0c\x85\u2028\u2029":
            folded = " "
        elif char.isdecimal():
            folded = str(unicodedata.decimal(char))
        self[code] = char if len(folded) != 1 else folded
        return self[code]


_FOLDING = _Folding(
    {
        **dict.fromkeys(map(ord, "’‘‛ʼ`´′"), "'"),
        **dict.fromkeys(map(ord, "“”„‟«»「」『』″"), '"'),
        **dict.fromkeys(map(ord, "\r\x0b\x0c\x85\u2028\u2029"), "\n"),
    }
)


def fold(text: str) -> str:
    """The same text in the plainest spelling of each character; as long as the text."""
    return text.translate(_FOLDING)


def lower(text: str) -> str:
    """Lower case of the same length, also for the few letters that would become two."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?)\]']", re.IGNORECASE)
_HANDLE = re.compile(r"@[\w.-]*\w(?:@[\w.-]*\w)?")  # of a mail address what follows the name

_GONE = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069"
    "\ufe00-\ufe0f\ufeff"
)
"""What nobody sees: soft hyphens, joiners, marks of direction, variants of a sign."""

_SPOT = re.compile(rf"[<&*~_\n{_GONE}]")
_SPOT_OR_SPACES = re.compile(rf"[<&*~_\n{_GONE}]|[ ](?=[ \n])")
"""Where an edit can begin. Most places are none, and looking for these is quick."""

# Gaps are bounded and cannot run over the next beginning of the same thing: a text made to be slow
# costs little more than any other of its length.
_EDIT = re.compile(
    rf"""
      (?P<quoted> (?:\A|[ ]*\n)[ \n]*>.*
                | <(?P<q>blockquote|q)\b[^<>]{{0,200}}>
                    (?s:(?:(?!<(?:q|blockquote)\b).){{0,5000}}?)</(?P=q)\ *> )
    | (?P<break> [ ]*\n[ \n]*(?P<bullet>(?:[-*+•‣·–—]|\#{{1,6}}|\(?\d{{1,3}}[.)])[ ]+)?
               | \A[ ]*(?:[-*+•‣·–—]|\#{{1,6}})[ ]+
               | </?(?:p|div|br|li|ul|ol|h[1-6]|tr|td|table|hr|blockquote)\b[^<>]{{0,500}}> )
    | (?P<gone> </?[a-z][^<>]{{0,500}}> | \*\*+ | __+ | ~~+
              | (?<!\w)[*_](?=\w) | (?<=[\w.!?])[*_](?!\w) | [{_GONE}]+ )
    | (?P<entity> &(?:\#\d{{1,7}}|\#x[0-9a-f]{{1,6}}|[a-z]{{2,8}}); )
    | (?P<spaces> [ ]+(?=[ ]) )
    """,
    re.VERBOSE | re.IGNORECASE,
)


def _blotted(folded: str) -> str:
    """As long as before, so that places stay places."""
    if "://" in folded or "www." in folded.lower():
        folded = _LINK.sub(_blot, folded)
    return _HANDLE.sub(_blot, folded) if "@" in folded else folded


def _blot(found: re.Match[str]) -> str:
    return BLOT * len(found.group())


def _edits(folded: str) -> Iterator[re.Match[str]]:
    done = 0
    if first := _EDIT.match(folded):
        yield first
        done = first.end()
    spot = _SPOT_OR_SPACES if "  " in folded or " \n" in folded else _SPOT
    while found := spot.search(folded, done):
        done = found.start() + 1
        if edit := _EDIT.match(folded, found.start()):
            yield edit
            done = edit.end()


_CLUSTER = re.compile(r"(?s:.)[\u0300-\u036f]*")
"""A letter and its marks, which some keyboards write apart."""

_QUOTES = "\"'"
WINDOW = 2000
MANY_QUOTES = 500
"""The segmenter looks for the end of each quotation; with thousands of them that is slow, and they
quote nothing. Beyond this number it is shown none."""


def _ends_a_line(found: str, following: str) -> bool:
    """Whether a break ends a sentence: a tag or an empty line does, and a line before one that
    goes on in lower case was only wrapped."""
    return found.startswith("<") or found.count("\n") > 1 or not following.islower()


class Sentence(NamedTuple):
    """A sentence as rules see it, and where it stands in the text."""

    plain: str
    start: int
    end: int


class _Piece(NamedTuple):
    """A stretch of the plain form, and the stretch of the text that it stands for."""

    plain: str
    start: int
    end: int
    is_mark: bool = False
    """Markup that stands for nothing: the sign of bold print, a tag."""


class Reading:
    """A text with its plain form."""

    def __init__(self, text: str) -> None:
        folded, self._composed_from = fold(text), None
        if not unicodedata.is_normalized("NFC", folded):
            folded, self._composed_from = _composed(folded)
        self._pieces = list(self._edited(_blotted(folded)))
        self._starts = [0, *accumulate(len(piece.plain) for piece in self._pieces)]
        self.plain = "".join(piece.plain for piece in self._pieces)
        """Lines end where a sentence must; otherwise one space between words. Case is kept."""

    def _edited(self, folded: str) -> Iterator[_Piece]:
        done = 0
        for edit in _edits(folded):
            yield _Piece(folded[done : edit.start()], done, edit.start())
            is_mark = edit.lastgroup == "gone"
            yield _Piece(self._instead(edit, folded), edit.start(), edit.end(), is_mark)
            done = edit.end()
        yield _Piece(folded[done:], done, len(folded))

    def _instead(self, edit: re.Match[str], folded: str) -> str:
        kind, found = edit.lastgroup, edit.group()
        if kind == "quoted":
            return "\n"
        if kind == "break":
            following = folded[edit.end() : edit.end() + 1]
            return "\n" if edit["bullet"] or _ends_a_line(found, following) else " "
        if kind == "entity":
            char = fold(html.unescape(found))
            return char if len(char) == 1 else found
        return ""

    def sentences(self, language: str) -> Iterator[Sentence]:
        """In order. A language the segmenter does not know is cut at the usual marks."""
        seen = self.plain
        if sum(map(seen.count, _QUOTES)) > MANY_QUOTES:
            seen = seen.translate(dict.fromkeys(map(ord, _QUOTES), " "))
        lowered = lower(self.plain)
        offset = 0
        for line in seen.split("\n"):
            for start, end in _cuts(line, language) if line.strip() else ():
                plain = lowered[offset + start : offset + end]
                blank = len(plain) - len(plain.lstrip())
                if plain := plain.strip():
                    yield self._placed(plain, offset + start + blank)
            offset += len(line) + 1

    def _placed(self, plain: str, at: int) -> Sentence:
        """With the marks that stand around it, so that no half of a pair of them is left."""
        first, start, _ = self._place(at)
        last, _, end = self._place(at + len(plain) - 1)
        while first > 0 and start == self._pieces[first].start and self._is_mark(first - 1):
            first -= 1
            start = self._pieces[first].start
        while end == self._pieces[last].end and self._is_mark(last + 1):
            last += 1
            end = self._pieces[last].end
        if self._composed_from:
            start, end = self._composed_from[start], self._composed_from[end]
        return Sentence(plain, start, end)

    def _is_mark(self, n: int) -> bool:
        if n >= len(self._pieces):
            return False
        piece = self._pieces[n]
        return not piece.plain and (piece.start == piece.end or piece.is_mark)

    def _place(self, at: int) -> tuple[int, int, int]:
        """The piece that a character of the plain form is in, and where it begins and ends."""
        n = bisect_right(self._starts, at) - 1
        piece, offset = self._pieces[n], at - self._starts[n]
        start = piece.start + offset
        return n, start, piece.end if offset == len(piece.plain) - 1 else start + 1


def _cuts(line: str, language: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a line begin and end.

    The segmenter's work grows with the square of the sentences it is shown, so it is shown a window
    at a time. The last sentence of a window may go on beyond it and begins the next one.
    """
    at, width = 0, WINDOW
    while at < len(line):
        found = get_sentence_boundaries(language, line[at : at + width])
        is_last = at + width >= len(line)
        if not is_last and len(found) < 2:
            width *= 2
            continue
        whole = found if is_last else found[:-1]
        yield from ((at + cut["start_index"], at + cut["end_index"]) for cut in whole)
        if is_last:
            return
        at, width = at + found[-1]["start_index"], WINDOW


def _composed(folded: str) -> tuple[str, list[int]]:
    """A letter and its mark as one, and where each character began; the last entry is the end."""
    clusters = list(_CLUSTER.finditer(folded))
    composed = [unicodedata.normalize("NFC", cluster.group()) for cluster in clusters]
    starts = [
        min(cluster.start() + n, cluster.end() - 1)
        for cluster, characters in zip(clusters, composed, strict=True)
        for n in range(len(characters))
    ]
    return "".join(composed), [*starts, len(folded)]
