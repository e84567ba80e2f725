"""What became of several acts at once, told by the page that one comes back to.

Each act is decided by itself, so some may be refused where others are done. The form is answered by
a redirect to the list it stood on; loading that again sends nothing and tells nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlmodel import Session

from api.commands import ULID
from api.deps import Door, now
from api.pages import since
from api.pages.forms import Trouble
from api.pages.security import Viewer
from api.pages.sentences import Line
from store import queries, told
from texts import Sayings

DID = Sayings(
    {
        "claim": "Claimed",
        "assign": "Assigned",
        "join_matter": "Joined to the matter",
        "dismiss": "Dismissed",
        "approve": "Approved",
        "refuse": "Refused",
    }
)
"""What was done, as the heading over its outcome."""


@dataclass(frozen=True)
class Came:
    """What became of one case. ``seq``: as it was when it was looked at."""

    id: str
    seq: int
    trouble: Trouble | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of all of them."""

    act: str
    came: tuple[Came, ...]


@dataclass(frozen=True)
class Result:
    """One case, as this reader may see it. ``since``: what others did that is in the way."""

    id: str
    excerpt: str
    stage: str
    trouble: Trouble | None
    since: Sequence[Line]


@dataclass(frozen=True)
class Telling:
    """What a page tells. ``words``: what was typed for acts that were refused, to be copied."""

    did: str = ""
    results: Sequence[Result] = ()
    words: Sequence[str] = ()


_OUTCOME = TypeAdapter(Outcome)
_WORDS = TypeAdapter(tuple[str, ...])


async def keep(door: Door, viewer: Viewer, outcome: Outcome, words: Sequence[str]) -> str:
    """Keep an outcome for the next page of this session; answers how its address names it. Words
    are kept where something was refused: those of what was done are in its case."""
    is_whole = all(one.trouble is None for one in outcome.came)
    typed = None if is_whole or not words else _WORDS.dump_json(tuple(words)).decode()
    told_as = _OUTCOME.dump_json(outcome).decode()
    return await asyncio.to_thread(
        door.database.write,
        lambda session: told.keep(session, viewer.session_id, told_as, typed, now()),
    )


async def take(door: Door, viewer: Viewer, told_id: str) -> tuple[Outcome | None, tuple[str, ...]]:
    """What an address names, if it is this session's: the outcome once, the words again."""
    if not ULID.fullmatch(told_id):
        return None, ()
    outcome, typed = await asyncio.to_thread(
        door.database.write,
        lambda session: told.take(session, viewer.session_id, told_id, now()),
    )
    return (
        _OUTCOME.validate_json(outcome) if outcome else None,
        _WORDS.validate_json(typed) if typed else (),
    )


def telling(
    session: Session, viewer: Viewer, outcome: Outcome | None, words: Sequence[str]
) -> Telling:
    """The outcome with what this reader may see of its cases; what was refused stands first."""
    if outcome is None:
        return Telling(words=words)
    at, actor, ids = now(), viewer.actor, [one.id for one in outcome.came]
    found = queries.of_these(session, actor, at, ids)
    found += queries.of_these(session, actor, at, ids, stage="closed")
    items = {item.id: item for item in found}
    results = [
        Result(
            one.id,
            items[one.id].excerpt,
            items[one.id].stage,
            one.trouble,
            _since(session, viewer, one) if one.trouble else (),
        )
        for one in sorted(outcome.came, key=lambda one: one.trouble is None)
        if one.id in items
    ]
    return Telling(DID[outcome.act], results, words)


def _since(session: Session, viewer: Viewer, one: Came) -> Sequence[Line]:
    """Who was quicker, and with what: the reader's own doing is no news to them."""
    lines = since.told(session, f"escalation/{one.id}", viewer.actor, one.seq)
    return [line for line in lines if line.by != viewer.actor.id]
