"""What every page has around it: who looks, where they are, and what they have just done."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from api.deps import now
from api.pages import sentences
from api.pages.security import Viewer
from domain.errors import Refused
from store import cursors, deciding, details, history, people, tail
from texts import gettext as _

COUNTED = 1_000
"""A count goes no further: whether there are more does not change what anybody does next."""

FRESH = timedelta(minutes=2)
"""How long after an act its confirmation is shown; a link to it that is kept shows none."""

FACTS = 5
"""More facts than any command leads to."""

_DONE = re.compile(r"(escalation|post|commitment|matter)/([0-9A-Z]{26})/(\d{1,9})")


def frame(session: Session, viewer: Viewer, here: str) -> dict[str, Any]:
    """Who looks at which page, how many decisions and posts wait for them, and up to which position
    of the ledger it is true: a page is kept live from there on, so this is read before the rest."""
    position = tail.newest(session)
    waits = deciding.count(session, viewer.actor, now(), position)
    return {"viewer": viewer, "here": here, "waits": waits, "position": position}


def names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """The names of these people by id; who has none is called by the id."""
    wanted = set(ids)
    return {person: person for person in wanted} | people.names(session, wanted)


# What has just been done. --------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """What the reader has just done, as the ledger tells it; empty: not yet in there."""

    address: str
    did: str


def mark(stream: str, seq: int) -> str:
    """How an address says what was done, from its first fact on: the page asks the ledger."""
    return f"{stream}/{seq}"


def done_of(session: Session, viewer: Viewer, told: str) -> Done | None:
    """What an address says was done, if the ledger says so too. A made-up one shows nothing."""
    if not (place := _DONE.fullmatch(told)):
        return None
    stream, seq = f"{place[1]}/{place[2]}", int(place[3])
    try:
        state = details.state_of(session, stream)
        if seq > state.seq:
            return Done(f"/{stream}", "")
        before = cursors.encode(stream, (str(seq - 1),))
        found = history.history(session, stream, viewer.actor, limit=FACTS, cursor=before)
    except Refused:
        return None
    lines = sentences.tell(session, found.items, is_insider=False)
    if not lines or lines[0].by != viewer.actor.id or now() - lines[0].at > FRESH:
        return None
    # All facts of one command share its moment.
    did = [line.did for line in lines if (line.by, line.at) == (lines[0].by, lines[0].at)]
    return Done(f"/{stream}", _(", and ").join(did))
