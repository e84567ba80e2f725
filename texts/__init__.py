"""What is said to people, in their language and in the time of their place.

``gettext`` and ``ngettext`` say a message in the language of the task that asks (``speaking``),
English where nobody chose one. A message is a whole sentence in English, with named places:
``gettext("Due %(when)s.", when=when)``. The catalogues, ``texts/locales/<language>.po``,
are read once, when a language is first spoken. ``texts.times`` and ``texts.numbers`` say dates and
numbers; docs/languages.md says how a text gets translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "locales"

ENGLISH = "en"

_USUAL = {ENGLISH: "en_GB"}
"""The region whose dates and numbers are shown where a reader names a language alone, and that
would be one of many: the day before the month, and 24 hours."""

UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Language:
    """A language somebody reads: its messages, and how their region writes dates and numbers."""

    code: str
    """The name of its catalogue, such as ``de``."""
    region: str
    """The name of the locale, such as ``de_AT``: how dates and numbers are written."""
    locale: Locale = field(repr=False, compare=False)
    messages: NullTranslations = field(repr=False, compare=False)

    @property
    def tag(self) -> str:
        """As HTML and HTTP call it."""
        return self.code.replace("_", "-")

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``, in which its letters run."""
        return str(self.locale.text_direction)

    @property
    def name(self) -> str:
        """What those who speak it call it."""
        return (Locale.parse(self.code).display_name or self.code).capitalize()


@cache
def languages() -> tuple[str, ...]:
    """Every language there is a catalogue for, English first."""
    return (ENGLISH, *sorted(file.stem for file in FOLDER.glob("*.po") if file.stem != ENGLISH))


@cache
def catalogue(code: str) -> Catalog:
    """Every message with what this language says for it; of English, which needs none, the
    messages alone."""
    file = FOLDER / (f"{code}.po" if code != ENGLISH else "answerable.pot")
    if not file.exists():
        return Catalog()
    with file.open("rb") as source:
        return read_po(source, locale=code)


@cache
def _messages(code: str) -> NullTranslations:
    if code not in languages() or code == ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue(code))
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(maxsize=256)
def language(tag: str) -> Language | None:
    """The language of a tag such as ``de-AT``: the nearest catalogue, with that region's dates and
    numbers. None where there is no catalogue for it."""
    try:
        wanted = Locale.parse(tag, sep="-" if "-" in tag else "_")
    except (ValueError, UnknownLocaleError):
        return None
    for code in (str(wanted), wanted.language):
        if code in languages():
            usual = Locale.parse(_USUAL.get(code, code))
            locale = wanted if wanted.territory else usual
            return Language(code, str(locale), locale, _messages(code))
    return None


@lru_cache(maxsize=1024)
def negotiated(accept_language: str) -> Language:
    """The language that a reader wants most, by what their browser says (RFC 9110, 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for part in accept_language[:1000].split(","):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if quality > 0:
            wanted.append((quality, tag.strip()))
    for _, tag in sorted(wanted, key=lambda one: -one[0]):
        if found := language(tag):
            return found
    return english()


def english() -> Language:
    found = language(ENGLISH)
    assert found is not None
    return found


_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)
_clock: ContextVar[ZoneInfo] = ContextVar("clock", default=UTC)


def spoken() -> Language:
    """The language of this task's reader."""
    return _spoken.get() or english()


def zone() -> ZoneInfo:
    """The time zone in which this task's reader reads times."""
    return _clock.get()


@contextmanager
def speaking(to: Language, at: ZoneInfo = UTC) -> Iterator[None]:
    """For whatever is said meanwhile by this task: to whom, and the time of which place."""
    language_before, zone_before = _spoken.set(to), _clock.set(at)
    try:
        yield
    finally:
        _clock.reset(zone_before)
        _spoken.reset(language_before)


def speak(to: Language | None, at: ZoneInfo) -> None:
    """From here on, until ``speaking`` around it ends. None: the language as before."""
    if to is not None:
        _spoken.set(to)
    _clock.set(at)


_STOPPED = re.compile(r"(%\((\w+)\)s(?:</\w+>)*)\.(?![.%\w])")
_STOP = re.compile(r"\.(?:</\w+>)*$")


def filled(text: str, values: Mapping[str, object]) -> str:
    """A message with its places filled. Where a sentence ends in a place, and what is put there
    ends in an abbreviation, such as ``3 Std.``, there is one full stop and not two."""

    def stop(found: re.Match[str]) -> str:
        return found[1] if _STOP.search(str(values[found[2]])) else found[0]

    return _STOPPED.sub(stop, text) % values


def gettext(message: str, /, **values: object) -> str:
    """The message in the language that is spoken, its places filled."""
    text = raw_gettext(message)
    return filled(text, values) if values else text


def ngettext(one: str, many: str, num: int, /, **values: object) -> str:
    """The same for a number of things; ``%(num)s`` is the number."""
    return filled(raw_ngettext(one, many, num), {"num": num, **values})


def raw_gettext(message: str) -> str:
    """For templates, which fill the places themselves and escape what they fill them with."""
    to = _spoken.get()
    return to.messages.gettext(message) if to else message


def said_in(code: str, message: str) -> str:
    """The message in the language of this catalogue."""
    return _messages(code).gettext(message)


def raw_ngettext(one: str, many: str, num: int) -> str:
    return spoken().messages.ngettext(one, many, num)


def stated(message: str) -> str:
    """A message that is said elsewhere by ``gettext``: this only puts it into the catalogues."""
    return message


class Sayings(Mapping[Any, str]):
    """Names of things: each value is a message, and read in the language that is spoken."""

    def __init__(self, names: Mapping[Any, str]) -> None:
        self._names = dict(names)

    def __getitem__(self, key: Any) -> str:
        return raw_gettext(self._names[key])

    def __iter__(self) -> Iterator[Any]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __or__(self, other: Sayings) -> Sayings:
        return Sayings({**self._names, **other._names})


class Foreign(str):
    """A text of ours that is said in English to a reader of another language."""

    __slots__ = ()


def upfirst(text: str) -> str:
    """As a sentence begins."""
    return text[:1].upper() + text[1:]


def downfirst(text: str) -> str:
    """A name of something as it stands within a sentence, where the language writes names small."""
    return text if spoken().code.startswith("de") else text[:1].lower() + text[1:]
