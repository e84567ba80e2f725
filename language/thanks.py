"""Whether a comment says thanks and nothing else, so that it neither restarts a clock nor reopens.

A missed thanks reopens a case that somebody closes again. A wrong one silences somebody who still
waits for an answer. So every word must be known to be harmless; what is unknown is not thanks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from language import rules
from language.reading import BLOT, Reading, lower

LONGEST = 400
"""Whoever writes more than this says more than thanks."""

_FACES = (
    r"[:;=]-?[)dp](?!\w)|\^\^|<3|"
    r"[🙏👍👏❤♥💙💚💛🧡💜🖤💕💖💗💓💞🤍🤎😊😀😃😄😁🙂☺😍🥰😘🤗🎉🥳✨🌟⭐💐🌹🌸🌻💯👌🙌🤝😻✅✔]"
    r"[\U0001f3fb-\U0001f3ff]?"
)
"""Faces that thank. The upside-down one, rolling eyes and their kind are not among them."""

_TOKENS = re.compile(rf"(?P<face>{_FACES})|(?P<word>[\w']+)|(?P<mark>[.!,;~…–—-])|(?P<other>\S)")


def is_only_thanks(text: str, language: str = "en", names: Iterable[str] = ()) -> bool:
    """``names`` are words that may stand beside the thanks: who wrote the reply, how we are called.

    A language without a file of its own has no words for thanks: always false.
    """
    thanks = rules.of(language).thanks
    if len(text) > LONGEST or not thanks.core:
        return False
    words = _words(text)
    allowed = {tuple(lower(name).split()) for name in names}
    return words is not None and _consists_of(
        words, _phrases(thanks.core), _phrases(thanks.beside) | allowed
    )


def _words(text: str) -> list[str] | None:
    """The words in order, without handles, marks and faces; nothing if anything else is there."""
    if re.search(r"https?:|www\.", text, re.IGNORECASE):
        return None
    plain = lower(Reading(text).plain)
    tokens = list(_TOKENS.finditer(plain))
    if any(token["other"] for token in tokens):
        return None
    words = [token["word"] for token in tokens if token["word"]]
    return [word for word in words if word.strip(BLOT)]


@cache
def _phrases(phrases: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in phrases)


def _consists_of(
    words: list[str], core: frozenset[tuple[str, ...]], beside: Iterable[tuple[str, ...]]
) -> bool:
    """Whether the words can be cut into phrases, at least one of them a core one.

    Goes over the words once, keeping for each place how it can be reached: without thanks or with.
    """
    phrases = {*core, *beside}
    longest = max(map(len, phrases))
    reached: list[set[bool]] = [{False}, *(set() for _ in words)]
    for end in range(1, len(words) + 1):
        for start in range(max(0, end - longest), end):
            if (phrase := tuple(words[start:end])) in phrases:
                reached[end] |= {said or phrase in core for said in reached[start]}
    return True in reached[-1]
