"""What is said to people, in their language: ``gettext`` and ``ngettext`` for pages and mails.

The language is that of the task that asks (``speaking``), English where nobody chose one. A message
is a whole sentence in English, with named places: ``gettext("Due %(when)s.", when=when)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations

ENGLISH = NullTranslations()

_spoken: ContextVar[NullTranslations] = ContextVar("spoken", default=ENGLISH)


def gettext(message: str, /, **values: object) -> str:
    """The message in the language that is spoken, its places filled."""
    text = raw_gettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, num: int, /, **values: object) -> str:
    """The same for a number of things; ``%(num)s`` is the number."""
    return raw_ngettext(one, many, num) % {"num": num, **values}


def raw_gettext(message: str) -> str:
    """For templates, which fill the places themselves and escape what they fill them with."""
    return _spoken.get().gettext(message)


def raw_ngettext(one: str, many: str, num: int) -> str:
    return _spoken.get().ngettext(one, many, num)


@contextmanager
def speaking(language: NullTranslations) -> Iterator[None]:
    """For whatever is said meanwhile by this task."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)
