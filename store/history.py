"""The history of one case: its ledger entries with their hashes, and what a command came to."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from sqlalchemy import Integer, bindparam, select
from sqlmodel import Session, col

from domain.base import PUBLIC, SYSTEM
from domain.commitment import NewDateAgreed, NewDateAsked, NewDateRefused, ProgressWritten
from domain.entity import State
from domain.errors import Forbidden, Invalid
from domain.escalation.events import (
    ApproverAdded,
    ApproverReplaced,
    Asked,
    Bypassed,
    CalendarAccepted,
    Declined,
    Extended,
    HoldingSubmitted,
    Informed,
    Merged,
    Noted,
    Paused,
    PromiseCountered,
    PromiseDeclined,
    ProposalWithdrawn,
    Proposed,
    ReplyHeld,
    ReplySubmitted,
    Rerouted,
    Returned,
    Voted,
)
from domain.house import HOUSE
from domain.ledger import Fact, broken_at
from domain.matter import events as of_matters
from domain.people import Actor, Role
from domain.post import PostOpened, PostReturned
from store import cursors, details, people, queries, records, tables
from store.statements import ask, plain
from store.views import Chain, Entry, HistoryPage

LIMIT = 1_000
"""The longest page of a history."""

LATEST = 8
"""More facts than any command leads to."""

INSIDE = frozenset(
    event.NAME
    for event in (
        of_matters.Noted, of_matters.AnswerProposed, of_matters.AnswerReturned,
        Noted, Proposed, ProposalWithdrawn, Returned, ReplySubmitted, PostOpened, PostReturned,
        ReplyHeld, HoldingSubmitted, Voted, Asked, Informed, ApproverAdded, ApproverReplaced,
        Bypassed, Declined, Rerouted, Merged, Paused, Extended, PromiseCountered, PromiseDeclined,
        NewDateAsked, NewDateAgreed, NewDateRefused, ProgressWritten,
        CalendarAccepted, of_matters.CalendarAccepted,
    )
)  # fmt: skip
"""Events about proposals, drafts and notes: others see that they happened, not what is in them."""


def history(
    session: Session, stream: str, actor: Actor, *, limit: int = LIMIT, cursor: str | None = None
) -> HistoryPage:
    """A page of a stream's ledger, in order, and whether its chain holds from end to end."""
    queries.check_reader(actor)
    return history_in(session, details.state_of(session, stream), actor, limit=limit, cursor=cursor)


def history_in(
    session: Session, state: State, actor: Actor, *, limit: int = LIMIT, cursor: str | None = None
) -> HistoryPage:
    """The same, where the state of the stream is at hand."""
    queries.check_reader(actor)
    is_insider = details.reads_inside(actor, state)
    return _page(session, state.stream, limit=limit, cursor=cursor, is_insider=is_insider)


def latest(session: Session, stream: str) -> Entry | None:
    """What was done last, as those of other teams may see it: of the last command its first
    fact, which says what it was about."""
    table = tables.LedgerEntry
    rows = session.scalars(
        select(table)
        .where(col(table.stream) == stream)
        .order_by(col(table.seq).desc())
        .limit(LATEST)
    ).all()
    same = [row for row in rows if (row.at, row.by) == (rows[0].at, rows[0].by)]
    if not same:
        return None
    return _entry(same[-1], people.names(session, [same[-1].by]), is_insider=False)


def of_the_house(
    session: Session, actor: Actor, *, limit: int = LIMIT, cursor: str | None = None
) -> HistoryPage:
    """A page of what happened in the house itself, for auditors and admins."""
    _check_watcher(actor)
    return _page(session, HOUSE, limit=limit, cursor=cursor, is_insider=True)


def latest_of_the_house(
    session: Session, actor: Actor, *, limit: int = LIMIT, cursor: str | None = None
) -> tuple[tuple[Entry, ...], str | None]:
    """The same, the newest first, and where it goes on. Whether the chain holds is not asked: that
    takes the whole of it."""
    _check_watcher(actor)
    table = tables.LedgerEntry
    statement = select(table).where(col(table.stream) == HOUSE)
    if cursor is not None:
        statement = statement.where(col(table.seq) < _seq(cursor, "house-latest"))
    rows = session.scalars(statement.order_by(col(table.seq).desc()).limit(limit + 1)).all()
    names = people.names(session, [row.by for row in rows])
    more = len(rows) > limit
    return (
        tuple(_entry(row, names, is_insider=True) for row in rows[:limit]),
        cursors.encode("house-latest", (str(rows[limit - 1].seq),)) if more else None,
    )


def _check_watcher(actor: Actor) -> None:
    if not actor.roles & {Role.AUDITOR, Role.ADMIN}:
        raise Forbidden(
            "not_a_reader", "the history of the house is for: admin, auditor", "ask one of them"
        )


def _page(
    session: Session, stream: str, *, limit: int, cursor: str | None, is_insider: bool
) -> HistoryPage:
    if not 1 <= limit <= LIMIT:
        raise Invalid("bad_limit", f"limit is between 1 and {LIMIT}", field="limit")
    rows = ask(session, _ENTRIES, stream=stream, after=_seq(cursor, stream), most=limit + 1).all()
    names = people.names(session, [row.by for row in rows])
    is_more = len(rows) > limit
    if cursor is None and not is_more:
        found = broken_at((row, row.body) for row in rows)
    else:
        found = records.verify(session, stream)
    return HistoryPage(
        items=tuple(_entry(row, names, is_insider=is_insider) for row in rows[:limit]),
        next_cursor=cursors.encode(stream, (str(rows[limit - 1].seq),)) if is_more else None,
        chain=Chain(holds=found is None, broken_at=found),
    )


_LEDGER = plain(tables.LedgerEntry).c
_ENTRIES = (
    select(plain(tables.LedgerEntry))
    .where(_LEDGER.stream == bindparam("stream"), _LEDGER.seq > bindparam("after"))
    .order_by(_LEDGER.seq)
    .limit(bindparam("most", type_=Integer()))
)


def _seq(cursor: str | None, stream: str) -> int:
    if cursor is None:
        return 0
    place = cursors.place_of_id(cursor, stream)
    if not place.isascii() or not place.isdigit() or len(place) > 9:
        raise cursors.damaged()
    return int(place)


def _entry(row: Any, names: dict[str, str], *, is_insider: bool) -> Entry:
    is_readable = is_insider or row.name not in INSIDE
    return Entry(
        seq=row.seq,
        at=row.at,
        by=row.by,
        by_name=names.get(row.by, "the public" if row.by == PUBLIC else _machine(row.by)),
        name=row.name,
        data=_data(row.body) if is_readable else None,
        canonical=row.body if is_readable else None,
        digest=row.digest,
        previous=row.previous,
        hash=row.hash,
    )


def _data(body: str) -> dict[str, Any] | None:
    """What a fact says; None where its bytes were changed so that they are none any more."""
    try:
        return Fact.model_validate_json(body).data
    except ValidationError:
        return None


def entry_of(row: tables.LedgerEntry, names: dict[str, str]) -> Entry:
    """An entry for somebody who may read everything in it. ``names`` are those of people."""
    return _entry(row, names, is_insider=True)


def _machine(by: str) -> str | None:
    return "the service itself" if by == SYSTEM else None


def outcome_of(session: Session, stream: str, key: str) -> list[Fact]:
    """The facts a command with this key left in the ledger; empty where there are none.

    All facts of one command share its moment, and only the first carries the key.
    """
    row = session.get(tables.Snapshot, stream)
    known: Any = None
    if row is not None:
        known = next((k for k in records.load(row).keys if k.key == key), None)
    if known is None:
        return []
    table = tables.LedgerEntry
    rows = session.scalars(
        select(table)
        .where(col(table.stream) == stream, col(table.seq) >= known.first)
        .order_by(col(table.seq))
        .limit(10)
    )
    return of_command([Fact.model_validate_json(row.body) for row in rows], key)


def of_command(facts: list[Fact], key: str) -> list[Fact]:
    """Those of these facts, which are in order, that the command with this key led to."""
    found: list[Fact] = []
    for fact in facts:
        is_first = not found and fact.key == key
        if is_first or (found and fact.key is None and (fact.at, fact.by) == _stamp(found[0])):
            found.append(fact)
        elif found:
            break
    return found


def _stamp(fact: Fact) -> tuple[Any, str]:
    return fact.at, fact.by
