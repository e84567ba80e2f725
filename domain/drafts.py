"""Drafts: what people are writing on a case before they submit it. No facts, no commands.

A draft belongs to the case and not to one person: whoever works on it goes on from the newest
version, and each version names who wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from domain.base import Moment, Value
from domain.people import Actor, Role

MOST = 200
"""Versions kept of one case."""

LAST = 50
"""Of these, the newest are all kept; of older ones the last of each hour and the very first."""

KEPT_FOR = timedelta(days=30)
"""How long drafts outlive their case: long enough to look something up, no archive."""


class DraftKind(StrEnum):
    """What is being written. Each kind has a newest version of its own."""

    PROPOSAL = "proposal"
    REPLY = "reply"
    NOTE = "note"


class DraftMark(Value):
    """One version without its text. ``is_aside``: written from an older version while somebody
    else had saved a newer one; kept, but never the newest."""

    version: int
    kind: DraftKind
    person: str
    based_on: int | None = None
    is_aside: bool = False
    created_at: Moment


def may_draft(actor: Actor, team: str, owner: str | None) -> bool:
    """Whether somebody may write and read the drafts of a case: its owner, staff of its team and
    executives. Auditors read what was submitted, not what was crossed out before."""
    return actor.has(Role.EXECUTIVE) or actor.works_in(team) or owner == actor.id


def newest(marks: Sequence[DraftMark], kind: DraftKind | None = None) -> DraftMark | None:
    """The version that writing goes on from; of every kind the newest, where none is named."""
    chosen = [m for m in marks if not m.is_aside and kind in (None, m.kind)]
    return max(chosen, key=lambda mark: mark.version, default=None)


def thinned(marks: Sequence[DraftMark]) -> tuple[int, ...]:
    """The versions to forget once there are more than ``MOST``.

    Kept are the first and the newest of each kind, the last ``LAST`` whatever they are, and of
    every earlier hour the last of each kind, the later hours before the earlier ones.
    """
    if len(marks) <= MOST:
        return ()
    ordered = sorted(marks, key=lambda mark: mark.version)
    of_kinds = [[m for m in ordered if m.kind is kind and not m.is_aside] for kind in DraftKind]
    kept = {m.version for ms in of_kinds if ms for m in (ms[0], ms[-1])}
    kept |= {mark.version for mark in ordered[-LAST:]}
    hourly = {(m.kind, m.created_at.replace(minute=0, second=0, microsecond=0)): m for m in ordered}
    for mark in sorted(hourly.values(), key=lambda mark: mark.version, reverse=True):
        if len(kept) >= MOST:
            break
        kept.add(mark.version)
    return tuple(mark.version for mark in ordered if mark.version not in kept)
