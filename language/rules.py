"""The language files: which rules and words a language has. Read once, checked whole.

Another language is one more file in ``language/files``; nothing here names a language.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.resources import files

from pydantic import Field, field_validator, model_validator

from domain.base import Value

NEUTRAL = "neutral"
"""The file whose rules stand behind those of every language, and alone where there is no file."""


class Rule(Value):
    """One pattern over the plain form of one sentence, with the examples that prove it."""

    id: str = Field(pattern=r"^[a-z]+(?:-[a-z]+)*$")
    why: str = Field(min_length=10)
    cues: tuple[str, ...] = ()
    """Each match has one of these in it. Looking for them first is what makes a long text fast."""
    pattern: str
    finds: tuple[str, ...] = Field(min_length=1)
    spares: tuple[str, ...] = Field(min_length=1)

    @field_validator("pattern")
    @classmethod
    def _reads(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as wrong:
            raise ValueError(f"not a pattern: {wrong}") from None
        return pattern

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def may_match(self, plain: str) -> bool:
        return not self.cues or any(cue in plain for cue in self.cues)

    def matches(self, plain: str) -> Iterator[re.Match[str]]:
        return self.compiled.finditer(plain) if self.may_match(plain) else iter(())


class Excuse(Rule):
    """What only looks like a promise. ``of`` names the rules it excuses; empty means all."""

    of: tuple[str, ...] = ()

    def excuses(self, rule: Rule) -> bool:
        return not self.of or rule.id in self.of


class Thanks(Value):
    """The only words that a comment may consist of to count as nothing but thanks."""

    core: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()


class Frame(Value):
    """Words around what is said, and words that all texts share: neither makes texts alike."""

    greetings: tuple[str, ...] = ()
    closings: tuple[str, ...] = ()
    common: tuple[str, ...] = ()


class Language(Value):
    """Everything that is known of one language, the neutral rules included."""

    promise: tuple[Rule, ...] = ()
    excuse: tuple[Excuse, ...] = ()
    thanks: Thanks = Thanks()
    frame: Frame = Frame()

    @model_validator(mode="after")
    def _names_are_single(self) -> Language:
        ids = [rule.id for rule in (*self.promise, *self.excuse)]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"two rules are called {', '.join(twice)}")
        return self


def known() -> tuple[str, ...]:
    """The languages that have a file, without the neutral one."""
    names = (entry.name for entry in files("language.files").iterdir())
    stems = {name.removesuffix(".toml") for name in names if name.endswith(".toml")}
    return tuple(sorted(stems - {NEUTRAL}))


@cache
def _read(name: str) -> Language:
    text = (files("language.files") / f"{name}.toml").read_text(encoding="utf-8")
    return Language.model_validate(tomllib.loads(text))


def speaks(tag: str) -> str:
    """The file that a language tag leads to: `en-GB` to `en`, what nobody wrote to `neutral`."""
    language = primary(tag)
    return language if language in _known() else NEUTRAL


def primary(tag: str) -> str:
    return re.split(r"[-_]", tag.strip().lower())[0]


_known = cache(known)


@cache
def _whole(name: str) -> Language:
    own, shared = _read(name), _read(NEUTRAL)
    if name == NEUTRAL:
        return shared
    return own.model_copy(update={"promise": own.promise + shared.promise})


def of(tag: str) -> Language:
    return _whole(speaks(tag))
