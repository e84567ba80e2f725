"""Moments as pages show them: a distance that is read, with the exact time in it.

Pieces of HTML in place of macros, because a page of rows has two or three of these in each. What
they say of one moment in one zone and language is kept: rows are shown again and again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup, escape

import texts
from texts import times

_seen_at: ContextVar[datetime] = ContextVar("seen_at")


@contextmanager
def seen(at: datetime) -> Iterator[None]:
    """For a page that is made meanwhile: the moment from which its distances are told."""
    before = _seen_at.set(at)
    try:
        yield
    finally:
        _seen_at.reset(before)


def relative(at: datetime) -> str:
    """``in 3 h`` or ``3 h ago``."""
    return times.relative(at, _seen_at.get())


def due(at: datetime) -> str:
    """``due in 3 h`` or ``3 h late``."""
    return times.due(at, _seen_at.get())


def ago(at: datetime) -> str:
    """``2 s ago`` or ``3 h ago``, for what has just happened."""
    return times.ago(at, _seen_at.get())


def iso(at: datetime) -> str:
    """As programs read it, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def moment(at: datetime) -> Markup:
    """The distance, with the exact time for whoever points at it."""
    exact = _exactly(at)
    return _markup(
        f'<time datetime="{exact.iso}" title="{exact.told}">{escape(relative(at))}</time>'
    )


def moment_in_full(at: datetime) -> Markup:
    """The distance and the exact time."""
    exact = _exactly(at)
    return _markup(f'{escape(relative(at))}, <time datetime="{exact.iso}">{exact.told}</time>')


def due_by(at: datetime, is_late: bool) -> Markup:
    """The distance to a deadline and the exact time under it."""
    exact, mark = _exactly(at), ' class="late"' if is_late else ""
    return _markup(
        f"<span{mark}>{escape(due(at))}</span>\n"
        f'<br><time class="small soft" datetime="{exact.iso}">{exact.told}</time>'
    )


class _Exact(NamedTuple):
    iso: str
    told: Markup


def _exactly(at: datetime) -> _Exact:
    return _told(at, texts.zone().key, texts.spoken().region)


@lru_cache(maxsize=8192)
def _told(at: datetime, zone: str, region: str) -> _Exact:
    """In the zone and the region of this task, which are named for what is kept alone."""
    return _Exact(iso(at), escape(times.absolute(at)))


def _markup(made: str) -> Markup:
    return Markup(made)  # noqa: S704 - made here, with every word in it escaped
