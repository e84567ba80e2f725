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
from collections.abc import Iterator
from dataclasses import dataclass

from sentencex import get_sentence_boundaries

BLOT = "_"
"""What a link, a mail address or a handle reads as: a character of a word, and of no word."""


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


LINK = r"(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?)\]']"
HANDLE = r"@[\w.-]*\w(?:@[\w.-]*\w)?"  # also of a mail address all but the name before the @

# Gaps are bounded and cannot run over the next beginning of the same thing: a text made to be slow
# costs as much as any other of its length.
_EDITS = re.compile(
    rf"""
    (?=[\W_hw] | [^\W\d_][\u0300-\u036f] | ^)(?:
      (?P<blot> {LINK} | {HANDLE} )
    | (?P<quoted> <(?P<q>blockquote|q)\b[^<>]{{0,200}}>(?s:(?:(?!<(?:q|blockquote)\b).){{0,5000}}?)</(?P=q)\ *>
                | ^\ {{0,3}}>.*(?:\n|\Z) )
    | (?P<break> </?(?:p|div|br|li|ul|ol|h[1-6]|tr|td|table|hr|blockquote)\b[^<>]{{0,500}}>
               | [ ]*\n[ \n]*(?P<bullet>(?:[-*+•‣·–—]|\#{{1,6}}|\(?\d{{1,3}}[.)])[ ]+)?
               | ^(?:[-*+•‣·–—]|\#{{1,6}})[ ]+ )
    | (?P<gone> </?[a-z][^<>]{{0,500}}> | \*\*+ | __+ | ~~+ | (?<!\w)[*_](?=\w) | (?<=[\w.!?])[*_](?!\w)
              | [\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff] )
    | (?P<entity> &(?:\#\d{{1,7}}|\#x[0-9a-f]{{1,6}}|[a-z]{{2,8}}); )
    | (?P<spaces> [ ]{{2,}} )
    | (?P<marked> [^\W\d_][\u0300-\u036f]+ )
    )
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)


_QUOTES = "\"'"
MANY_QUOTES = 500
"""The segmenter looks for the end of each quotation; with thousands of them that is slow, and they
quote nothing. Beyond this number it is shown none."""


def _ends_a_line(found: str, following: str) -> bool:
    """Whether a break ends a sentence: a tag or an empty line does, and a line before one that
    goes on in lower case was only wrapped."""
    return found.startswith("<") or found.count("\n") > 1 or not following.islower()


@dataclass(frozen=True)
class Sentence:
    """A sentence as rules see it, and where it stands in the text."""

    plain: str
    start: int
    end: int


class Reading:
    """A text with its plain form. Made afresh for each text; costs about a second for 10 MB."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._pieces: list[str] = []
        self._at: list[int] = []
        self._edit(fold(text))
        self.plain = "".join(self._pieces)
        """Lines end where a sentence must; otherwise one space between words. Case is kept."""

    def _edit(self, folded: str) -> None:
        done = 0
        for edit in _EDITS.finditer(folded):
            self._keep(folded, done, edit.start())
            self._put(self._instead(edit, folded), edit.start(), edit.end())
            done = edit.end()
        self._keep(folded, done, len(folded))

    def _keep(self, folded: str, start: int, end: int) -> None:
        self._pieces.append(folded[start:end])
        self._at.extend(range(start, end))

    def _put(self, instead: str, start: int, end: int) -> None:
        """A replacement no longer than what it replaces, so each character keeps a place."""
        self._pieces.append(instead)
        self._at.extend(min(start + n, end - 1) for n in range(len(instead)))

    def _instead(self, edit: re.Match[str], folded: str) -> str:
        kind, found = edit.lastgroup, edit.group()
        if kind == "blot":
            return BLOT * len(found)
        if kind == "quoted":
            return "\n"
        if kind == "break":
            following = folded[edit.end() : edit.end() + 1]
            return "\n" if edit["bullet"] or _ends_a_line(found, following) else " "
        if kind == "entity":
            char = fold(html.unescape(found))
            return char if len(char) == 1 else found
        if kind == "marked":
            return unicodedata.normalize("NFC", found)
        return " " if kind == "spaces" else ""

    def sentences(self, language: str) -> Iterator[Sentence]:
        """In order. A language the segmenter does not know is cut at the usual marks."""
        seen = self.plain
        if sum(map(seen.count, _QUOTES)) > MANY_QUOTES:
            seen = seen.translate(dict.fromkeys(map(ord, _QUOTES), " "))
        lowered = lower(self.plain)
        offset = 0
        for line in seen.split("\n"):
            if line.strip():
                for cut in get_sentence_boundaries(language, line):
                    start, end = offset + cut["start_index"], offset + cut["end_index"]
                    plain = lowered[start:end]
                    start += len(plain) - len(plain.lstrip())
                    if plain := plain.strip():
                        yield self._placed(plain, start)
            offset += len(line) + 1

    def _placed(self, plain: str, start: int) -> Sentence:
        end = start + len(plain)
        first, last = self._at[start], self._at[end - 1] + 1
        return Sentence(plain, first, last)
