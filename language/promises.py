"""The promise gate's finder: which sentences of a draft read like a promise.

Called at the door on each reply, before anything is published. It finds rather too much than too
little: what is found wrongly costs the writer one click ("none"), what is missed is a promise that
nobody tracks. What the rules are and why stands in the language files.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.base import Value
from language import rules
from language.reading import Reading, fold, lower


class Found(Value):
    """A sentence that reads like a promise. ``text[start:end]`` is ``sentence``, as it was written.

    ``rule`` is the id of the first rule of the language file that found it.
    """

    start: int
    end: int
    sentence: str
    rule: str


def find(text: str, language: str = "en") -> tuple[Found, ...]:
    """Every sentence that reads like a promise, in order.

    ``language`` is a tag such as `en` or `en-GB`. For one without a file only the neutral rules
    apply: dates, times of day and spans written in digits.
    """
    if not text.strip():
        return ()
    reading = Reading(text)
    judge = _Judge(rules.of(language), lower(reading.plain))
    return tuple(
        Found(start=s.start, end=s.end, sentence=text[s.start : s.end], rule=rule)
        for s in reading.sentences(rules.primary(language))
        if (rule := judge.rule_that_finds(s.plain))
    )


class _Judge:
    """The rules that can matter in one text, applied sentence by sentence."""

    def __init__(self, language: rules.Language, plain: str) -> None:
        self._promises = [rule for rule in language.promise if rule.may_match(plain)]
        self._excuses = [rule for rule in language.excuse if rule.may_match(plain)]

    def rule_that_finds(self, sentence: str) -> str | None:
        covered: dict[str, bytearray] = {}
        for rule in self._promises:
            for match in rule.matches(sentence):
                if not self._is_excused(sentence, match.start(), rule, covered):
                    return rule.id
        return None

    def _is_excused(
        self, sentence: str, at: int, rule: rules.Rule, covered: dict[str, bytearray]
    ) -> bool:
        """``covered`` remembers for one sentence what each excuse covers of it: a sentence may say
        "will" a thousand times."""
        for excuse in self._excuses:
            if excuse.excuses(rule):
                if excuse.id not in covered:
                    covered[excuse.id] = _covered(sentence, excuse)
                if covered[excuse.id][at]:
                    return True
        return False


def _covered(sentence: str, excuse: rules.Excuse) -> bytearray:
    """One byte for each character of the sentence, set where the excuse covers it."""
    marks = bytearray(len(sentence))
    for match in excuse.matches(sentence):
        start, end = match.span()
        marks[start:end] = b"\1" * (end - start)
    return marks


class Marks(Value):
    """The sentences of a text that read like a promise, by what its writer says of each."""

    tied: tuple[Found, ...] = ()
    """Quoted by a commitment; also where it is marked as none besides."""
    none: tuple[Found, ...] = ()
    """Marked as no promise."""
    unmarked: tuple[Found, ...] = ()
    """Nobody has dealt with these yet; where there are none, the text passes the gate."""


def marks(text: str, tied: Iterable[str], none: Iterable[str], language: str = "en") -> Marks:
    """Every sentence of a text that reads like a promise, sorted in one reading.

    ``tied`` are the sentences quoted by commitments, ``none`` those marked as no promise. Both may
    quote more than the sentence or a part of it, as long as the part says something by itself.
    White space, the shape of quotes, case and the marks at the ends make no difference.
    """
    kept, denied = _quotes(tied), _quotes(none)
    found: dict[str, list[Found]] = {"tied": [], "none": [], "unmarked": []}
    for one in find(text, language):
        bare = _bare(one.sentence)
        is_tied = _is_quoted(bare, kept)
        found["tied" if is_tied else "none" if _is_quoted(bare, denied) else "unmarked"] += [one]
    return Marks(**{name: tuple(ones) for name, ones in found.items()})


def _quotes(quotes: Iterable[str]) -> list[str]:
    return [quote for quote in map(_bare, quotes) if quote]


def _is_quoted(sentence: str, quotes: list[str]) -> bool:
    return any(
        sentence in quote or (quote in sentence and _says_enough(quote, sentence))
        for quote in quotes
    )


def _says_enough(part: str, sentence: str) -> bool:
    """Without this, one commitment that quotes "we will" would let every promise pass."""
    return part.count(" ") >= 2 or 2 * len(part) >= len(sentence)


def _bare(text: str) -> str:
    return " ".join(lower(fold(text)).split()).strip(" .,;:!?\"'()*_-–—…")
