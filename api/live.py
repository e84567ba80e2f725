"""What happens, told to open pages as it happens: one reader of the ledger, many listeners.

One task per process asks the ledger for its newest positions, and only while somebody listens.
What it finds goes into a bounded queue for each listener; whoever is too slow to empty theirs is
let go, and comes back with the last position they saw. So nothing is lost, and nothing piles up.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from domain.errors import Conflict
from store import presence, tail
from store.database import Database
from store.tail import Change

log = logging.getLogger("answerable.api")

BEAT = 0.25
"""Seconds between two looks at the ledger: what a claim takes to leave other people's queues."""

ROLL_CALL = 4
"""Beats between two looks at who is where, which nobody waits for as for a claim."""

PART = 1_000
"""Facts that are read at a time."""

BEHIND = 64
"""Batches that a listener may be behind before it is let go: a quarter of a minute of them."""

MISSED = 500
"""Facts that are told to somebody who comes back. Where it was more, the page is read anew."""

STREAMS = 8
"""Streams of one session. A browser needs one for all its tabs, and a few where it cannot share."""


class Batch(NamedTuple):
    """What happened up to a position: each stream that changed, with its latest fact's name.

    ``kind``: changed; reset, where it is too much to tell; present, where people came or went,
    which is in no ledger and has no position.
    """

    position: int
    changes: tuple[tuple[str, str], ...] = ()
    kind: str = "changed"


@dataclass(eq=False)
class Listener:
    """One open stream. ``next`` answers what to tell, and None once it is to end."""

    who: str
    person: str
    _waiting: asyncio.Queue[Batch | None] = field(
        default_factory=lambda: asyncio.Queue(BEHIND), repr=False
    )

    async def next(self) -> Batch | None:
        return await self._waiting.get()

    def tell(self, batch: Batch) -> bool:
        """Whether there was room for it."""
        try:
            self._waiting.put_nowait(batch)
        except asyncio.QueueFull:
            return False
        return True

    def end(self) -> None:
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)


class Live:
    """The listeners of one process. All of it runs on the event loop, the reading in a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[Listener] = set()
        self._position = 0
        self._present: frozenset[tuple[str, str, bool]] = frozenset()
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._is_closed = False

    @property
    def count(self) -> int:
        return len(self._listeners)

    async def listen(self, who: str, person: str, after: int | None) -> Listener:
        """A stream of what happens from now on, beginning with what happened after a position, for
        a session (``who``) of this person.

        Raises Conflict where this session has too many already, or the process is stopping.
        """
        if sum(listener.who == who for listener in self._listeners) >= STREAMS:
            raise Conflict(
                "too_many_streams",
                f"this session has {STREAMS} live pages open already",
                "close one of them; this page works without, and can be loaded again",
            )
        listener = Listener(who, person)
        async with self._starting:
            if self._reader is None:
                self._position = await asyncio.to_thread(self._newest)
                self._reader = asyncio.create_task(self._read_on())
            start = self._position
            self._listeners.add(listener)
        if self._is_closed:
            self._let_go(listener)
        elif after is not None and after != start:
            try:
                missed = await asyncio.to_thread(self._missed, after, start)
            except BaseException:
                self.leave(listener)
                raise
            if missed:
                listener.tell(missed)
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream: their answers would keep a stopping server waiting for ever."""
        self._is_closed = True
        for listener in list(self._listeners):
            self._let_go(listener)

    def _let_go(self, listener: Listener) -> None:
        self.leave(listener)
        listener.end()

    async def _read_on(self) -> None:
        """Until nobody listens any more. Where the database is away all are let go, so that
        their pages say that they are not live and ask again."""
        try:
            beats = 0
            while self._listeners:
                await asyncio.sleep(BEAT)
                changes = await asyncio.to_thread(self._since, self._position)
                if changes:
                    self._position = changes[-1].position
                    self._tell(batch_of(changes))
                beats += 1
                if beats % ROLL_CALL == 0:
                    present = await asyncio.to_thread(self._call_roll)
                    moved, self._present = present ^ self._present, present
                    for listener in list(self._listeners):
                        # Nobody is shown to themselves.
                        streams = {stream for stream, who, _ in moved if who != listener.person}
                        told = tuple((stream, "presence") for stream in sorted(streams))
                        self._offer(listener, Batch(self._position, told, "present"))
        except SQLAlchemyError as error:
            log.warning("live pages cannot be fed: %s", type(error).__name__)
            for listener in list(self._listeners):
                self._let_go(listener)
        finally:
            self._reader = None

    def _tell(self, batch: Batch) -> None:
        for listener in list(self._listeners):
            self._offer(listener, batch)

    def _offer(self, listener: Listener, batch: Batch) -> None:
        if batch.changes and not listener.tell(batch):
            self._let_go(listener)

    # In a thread. -----------------------------------------------------------------------------

    def _newest(self) -> int:
        with self._database.reading() as session:
            return tail.newest(session)

    def _since(self, position: int) -> list[Change]:
        with self._database.reading() as session:
            return tail.since(session, position, PART)

    def _call_roll(self) -> frozenset[tuple[str, str, bool]]:
        with self._database.reading() as session:
            return presence.everywhere(session, datetime.now(UTC))

    def _missed(self, after: int, start: int) -> Batch | None:
        """What happened between two positions; nothing where the page is ahead of this process."""
        with self._database.reading() as session:
            return missed(session, after, start)


def missed(session: Session, after: int, start: int) -> Batch | None:
    if after > start:
        newest = tail.newest(session)
        # Ahead of the ledger itself: this is another ledger, brought back from a backup.
        return Batch(newest, kind="reset") if after > newest else None
    changes = [c for c in tail.since(session, after, MISSED + 1) if c.position <= start]
    if len(changes) > MISSED:
        return Batch(start, kind="reset")
    batch = batch_of(changes) if changes else None
    return batch if batch and batch.changes else None


def batch_of(changes: list[Change]) -> Batch:
    latest = {c.stream: c.name for c in changes if c.is_of_a_case}
    return Batch(changes[-1].position, tuple(latest.items()))
