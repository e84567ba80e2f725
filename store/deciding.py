"""What waits for whose word: cases that are being decided, and promises with an open question.

A row of the queue does not know whose word is missing; the snapshot does. Of each only the part
that tells is read, so that a page may ask about a few hundred cases at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import (
    JSON,
    ColumnElement,
    Engine,
    Row,
    Select,
    bindparam,
    cast,
    select,
    type_coerce,
)
from sqlmodel import Session, col

from domain.commitment import CommitmentStage, NewDate
from domain.errors import Unknown
from domain.escalation import Escalation, Panel, Stage
from domain.matter import Matter, MatterStage
from domain.people import Actor, Role
from domain.post import POST, PostStage
from store import cursors, matters, people, queries, records, tables
from store.statements import ask, dialect_of, plain
from store.views import CommitmentItem, EscalationItem, MatterItem

WINDOW = 500
"""Cases that are looked through for one page, those owed soonest; the next page goes on there."""


class Waiting(NamedTuple):
    """A case that is being decided: ``id``, ``sort_at`` and ``due_at`` of its row. ``voices``: for
    whom the reader may speak, themselves first; empty: it waits for others."""

    row: Row[Any]
    voices: tuple[str, ...]
    missing: tuple[str, ...]
    """The named people whose word is missing; none: any executive's."""
    is_asked: bool
    """The owner is asked for information first."""


class Found(NamedTuple):
    mine: list[Waiting]
    others: list[Waiting]
    next_cursor: str | None


def part(session: Session, name: str) -> ColumnElement[Any]:
    """One field of a snapshot, read by the database, so that the rest is never sent."""
    return _part(dialect_of(session), name)


def _part(dialect: str, name: str) -> ColumnElement[Any]:
    # Cast in SQLite, JSON would be a number; there text is taken as it is.
    as_json = type_coerce if dialect == "sqlite" else cast
    found: ColumnElement[Any] = as_json(plain(tables.Snapshot).c.body, JSON)[name]
    return found.label(name)


def principals(session: Session, actor: Actor) -> list[Actor]:
    """Those that the actor stands for, as they are now."""
    found = []
    for person in actor.stands_for:
        try:
            found.append(people.actor(session, person))
        except Unknown:
            continue
    return found


def cases(
    session: Session, actor: Actor, at: datetime, *, limit: int, cursor: str | None = None
) -> Found:
    """What waits for a decision, the case owed soonest first: up to ``limit`` that wait for the
    reader, and those for others among all that were looked through on the way."""
    queries.check_reader(actor)
    rows = _rows(session, at, WINDOW + 1, cursor)
    is_more, rows = len(rows) > WINDOW, rows[:WINDOW]
    mine: list[Waiting] = []
    others: list[Waiting] = []
    last = None
    for waiting in _sorted_out(session, actor, rows):
        if len(mine) == limit and waiting.voices:
            is_more = True
            break
        (mine if waiting.voices else others).append(waiting)
        last = waiting.row
    place = cursors.encode("due", (last.sort_at, last.id)) if last and is_more else None
    return Found(mine, others, place)


class Waits(NamedTuple):
    """How much waits for a reader, each as far as one page would look."""

    decisions: int
    posts: int
    """Words that they may clear."""


_counted: WeakKeyDictionary[Engine, tuple[int, dict[Actor, Waits]]] = WeakKeyDictionary()
"""Of each database the position at which something was counted last, and what was found there."""


def count(session: Session, actor: Actor, at: datetime, position: int) -> Waits:
    """How many decisions, signatures and posts wait for this reader, on cases, matters and
    promises. Asked with every page, so it
    is counted once for each position of the ledger: what it rests on changes by facts alone.

    ``position``: the newest (``tail.newest``), read before in the same session, which writes
    nothing: what it took back would have been counted.
    """
    if not actor.roles & {Role.EXECUTIVE, Role.STAFF}:
        return Waits(0, 0)
    engine = session.get_bind().engine
    counted_at, counted = _counted.get(engine, (None, {}))
    if counted_at != position:
        _counted[engine] = position, (counted := {})
    if actor not in counted:
        counted[actor] = Waits(_count(session, actor, at), _to_clear(session, actor))
    return counted[actor]


def _count(session: Session, actor: Actor, at: datetime) -> int:
    found = queries.choose(session, at, stage=Stage.DECIDING, most=WINDOW)
    rows = ask(session, _parts_of(found.statement, dialect_of(session)), **found.values).all()
    others = principals(session, actor) if rows else []
    mine = sum(1 for row in rows if _panel_and_voices(row, actor, others)[1])
    also_mine = _matters(session, actor), _denied(session, actor), _dates(session, actor)
    return mine + len(to_sign(session, actor)) + sum(map(len, also_mine))


def _to_clear(session: Session, actor: Actor) -> int:
    clear = POST.rights["clear"]
    return sum(clear.holds(actor, row) for row in ask(session, _IN_REVIEW))


_POSTS = plain(tables.Post).c
_IN_REVIEW = (
    select(_POSTS.team, _POSTS.writer).where(_POSTS.stage == PostStage.IN_REVIEW).limit(WINDOW)
)
"""What the right to clear a post looks at, by the index ``post_stage``."""


def _rows(
    session: Session, at: datetime, limit: int, cursor: str | None = None
) -> Sequence[Row[Any]]:
    found = queries.choose(session, at, stage=Stage.DECIDING, cursor=cursor, most=limit)
    return ask(session, _parts_of(found.statement, dialect_of(session)), **found.values).all()


@lru_cache(maxsize=8)
def _parts_of(cases: Select[Any], dialect: str) -> Select[Any]:
    """Of cases that are being decided also what tells whose word is missing."""
    proposal, question = _part(dialect, "proposal"), _part(dialect, "question")
    by, panel = proposal["by"].label("by"), proposal["panel"].label("panel")
    stream = "escalation/" + plain(tables.Escalation).c.id
    snapshot = plain(tables.Snapshot)
    return cases.join(snapshot, snapshot.c.stream == stream).add_columns(by, panel, question)


def _panel_and_voices(
    row: Row[Any], actor: Actor, others: Sequence[Actor]
) -> tuple[Panel, tuple[str, ...]]:
    """While the owner is asked for information, nobody's voice is waited for."""
    panel = Panel.model_validate(row.panel) if row.panel else Panel()
    is_asked = row.question is not None
    return panel, () if is_asked else panel.voices(actor, others, row.by)


def _sorted_out(session: Session, actor: Actor, rows: Sequence[Row[Any]]) -> Iterable[Waiting]:
    others = principals(session, actor) if rows else []
    for row in rows:
        panel, found = _panel_and_voices(row, actor, others)
        yield Waiting(row, found, panel.missing, row.question is not None)


def voices(session: Session, actor: Actor, state: Escalation | Matter) -> tuple[str, ...]:
    """For whom this person may speak on a case or a matter: see ``Panel.voices``."""
    if state.stage not in (Stage.DECIDING, MatterStage.DECIDING) or state.proposal is None:
        return ()
    panel = state.proposal.panel or Panel()
    return panel.voices(actor, principals(session, actor), state.proposal.by)


def items(session: Session, waiting: Sequence[Waiting], at: datetime) -> list[EscalationItem]:
    return queries.escalation_items(session, [case.row.id for case in waiting], at)


# What waits for whoever is to be accountable. -------------------------------------------------


def to_sign(session: Session, actor: Actor) -> list[Row[Any]]:
    """Cases with a promise in words on their way to which this person has said nothing yet:
    ``id`` and ``due_at`` of their rows, the one owed soonest first."""
    stages = (Stage.DECIDING, Stage.REPLYING)
    rows = ask(session, _promising(dialect_of(session)), stages=stages).all()
    named = {
        f"escalation/{row.id}": row
        for row in rows
        if any(p["accountable"] == actor.id for p in row.held or row.proposed or ())
    }
    if not named:
        return []
    states = map(records.load, ask(session, _SNAPSHOTS, streams=list(named)))
    wanted = {state.stream for state in states if _is_wanted(state, actor)}
    return [row for stream, row in named.items() if stream in wanted]


@lru_cache(maxsize=2)
def _promising(dialect: str) -> Select[Any]:
    """Cases with words on their way, and the promises in them."""
    cases, snapshot = plain(tables.Escalation).c, plain(tables.Snapshot)
    return (
        select(
            cases.id,
            cases.due_at,
            _part(dialect, "proposal")["promises"].label("proposed"),
            _part(dialect, "waiting")["promises"].label("held"),
        )
        .join(snapshot, snapshot.c.stream == "escalation/" + cases.id)
        .where(cases.is_open, cases.stage.in_(bindparam("stages", expanding=True)))
        .order_by(cases.sort_at, cases.id)
        .limit(WINDOW)
    )


_SNAPSHOTS = select(plain(tables.Snapshot).c.kind, plain(tables.Snapshot).c.body).where(
    plain(tables.Snapshot).c.stream.in_(bindparam("streams", expanding=True))
)


def _is_wanted(state: Any, actor: Actor) -> bool:
    mine = (promise for promise in state.unsigned if promise.accountable == actor.id)
    return any(promise.id not in state.disputed for promise in mine)


# What else waits for an executive. ------------------------------------------------------------


class AlsoWaiting(NamedTuple):
    """Matters to decide, promises that a commenter denies, other dates that are asked for."""

    matters: list[MatterItem]
    denied: list[CommitmentItem]
    dates: list[CommitmentItem]


def also(session: Session, actor: Actor, at: datetime) -> AlsoWaiting:
    """What else wants this reader's word, each owed soonest first."""
    return AlsoWaiting(
        matters.matter_items(session, _matters(session, actor), at),
        queries.commitment_items(session, _denied(session, actor), at),
        queries.commitment_items(session, _dates(session, actor), at),
    )


def _matters(session: Session, actor: Actor) -> list[tables.Matter]:
    table = tables.Matter
    rows = session.execute(
        select(table, part(session, "proposal"))
        .join(tables.Snapshot, col(tables.Snapshot.stream) == "matter/" + col(table.id))
        .where(col(table.stage) == Stage.DECIDING)
        .order_by(col(table.due_at), col(table.id))
        .limit(WINDOW)
    ).all()
    others = principals(session, actor) if rows else []
    return [row for row, proposal in rows if proposal and _wants(proposal, actor, others)]


def _wants(proposal: dict[str, Any], actor: Actor, others: Sequence[Actor]) -> bool:
    """Whether a matter still wants this person's word, or that of somebody they speak for."""
    panel = Panel.model_validate(proposal.get("panel") or {})
    return bool(panel.voices(actor, others, proposal["by"]))


def _denied(session: Session, actor: Actor) -> Sequence[tables.Commitment]:
    table = tables.Commitment
    approvers = {actor.id, *actor.stands_for}
    return session.scalars(
        select(table)
        .where(
            col(table.stage) == CommitmentStage.DENIED,
            col(table.approver).in_(approvers),
            col(table.accountable) != actor.id,
        )
        .order_by(col(table.due_at), col(table.id))
        .limit(WINDOW)
    ).all()


def _dates(session: Session, actor: Actor) -> list[tables.Commitment]:
    if not actor.has(Role.EXECUTIVE):
        return []
    open_ones = _open_promises(session)
    asked = wanted(session, [row.id for row in open_ones])
    return [
        row
        for row in open_ones
        if (date := asked.get(row.id))
        and date.is_signed
        and date.agreed_by is None
        and actor.id not in (date.asked_by, row.accountable)
    ]


def _open_promises(session: Session) -> list[tables.Commitment]:
    table = tables.Commitment
    return list(
        session.scalars(
            select(table)
            .where(col(table.stage) == CommitmentStage.OPEN)
            .order_by(col(table.due_at), col(table.id))
            .limit(WINDOW)
        )
    )


def wanted(session: Session, commitment_ids: Sequence[str]) -> dict[str, NewDate]:
    """The other date that is asked for, or agreed and not yet public, of those that have one."""
    table = tables.Snapshot
    rows = session.execute(
        select(col(table.stream), part(session, "wanted")).where(
            col(table.stream).in_([f"commitment/{found}" for found in commitment_ids])
        )
    )
    return {
        row.stream.partition("/")[2]: NewDate.model_validate(row.wanted)
        for row in rows
        if row.wanted is not None
    }
