"""The one writer of the ledger, the snapshots and everything derived from them.

Called by the worker's record activity and, with the very same batch, by the door, so that the
next page is already true. Repeating a batch changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import bindparam, or_, select, text, update
from sqlmodel import Session, SQLModel, col

from domain.commitment import Commitment, standing_of, turned_at
from domain.effects import Pending
from domain.entity import Event, Kind, State, acted, evolve, to_facts
from domain.errors import Forked, Gap, Outdated, StaleEpoch
from domain.escalation import ESCALATION, Escalation
from domain.kinds import KINDS
from domain.ledger import GENESIS, SCHEMA, Batch, Fact, broken_at, digest, link
from domain.matter import Matter
from domain.matter.serving import standing
from domain.post import Post, PostKind, PostStage
from domain.terms import Priority
from domain.watch import wakes_at
from store import answers, moves, tables, words
from store.database import Database
from store.statements import THIS, dialect_of, insert_into, plain, update_of

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Sorts what has no deadline behind everything that has one."""

_ORDER_LOCK = 0x616E7377
"""PostgreSQL advisory lock: positions become visible in the order in which they are given."""


@dataclass(frozen=True)
class Recorded:
    seq: int
    is_new: bool


def record(database: Database, batch: Batch, at: datetime) -> Recorded:
    """Write a batch of facts and all that follows from them, in one transaction.

    Raises Forked (nothing written, alarm stored) where a stored fact differs, StaleEpoch where a
    restore has replaced the writer, Gap where facts before these are missing, Outdated where newer
    code has written the stream. Safe to repeat.
    """
    try:
        return database.write(lambda session: _record(session, batch, at))
    except Forked as fork:
        stream, seq, found = fork.args
        database.write(lambda session: _raise_alarm(session, stream, seq, found, at))
        raise


def _record(session: Session, batch: Batch, at: datetime) -> Recorded:
    _lock_stream(session, batch.stream)
    row = session.execute(_SNAPSHOT, {"stream": batch.stream}).one_or_none()
    _check_writer(row, batch)
    seq = row.seq if row else 0
    _check_repeats(session, batch, seq)
    new = [fact for fact in batch.facts if fact.seq > seq]
    if new and new[0].seq != seq + 1:
        raise Gap(f"{batch.stream} is at {seq}; a batch starts at {new[0].seq}")
    if row is None and not new:
        raise Gap(f"{batch.stream} has no first fact yet")
    kind = KINDS[batch.kind]
    before = load(row) if row else None
    state = before
    steps: list[tuple[State | None, Fact, State]] = []
    for fact in new:
        earlier, state = state, evolve(kind, state, fact)
        steps.append((earlier, fact, state))
    assert state is not None
    state = acted(state, batch.acted)
    if state is before and row is not None and row.epoch == batch.epoch:
        return Recorded(seq=seq, is_new=False)
    entries = _entries(batch.stream, new, row.head if row else GENESIS)
    _save_snapshot(session, kind, state, batch.epoch, row, entries, at)
    if new:
        words.bind(session, [i for fact in new for i in words.refs(fact.data)], batch.stream)
        _derive(session, before, state)
        if kind is ESCALATION:
            changes = cast("list[moves.Change]", steps)
            moves.derive(session, changes)
            answers.derive(session, changes)
        _append(session, entries)
    return Recorded(seq=state.seq, is_new=bool(new))


_SNAPSHOT = select(plain(tables.Snapshot)).where(
    plain(tables.Snapshot).c.stream == bindparam("stream")
)
_LOCK_STREAM = text("SELECT pg_advisory_xact_lock(hashtextextended(:s, 0))")
_LOCK_ORDER = text("SELECT pg_advisory_xact_lock(:n)")


def _lock_stream(session: Session, stream: str) -> None:
    if dialect_of(session) == "postgresql":
        session.execute(_LOCK_STREAM, {"s": stream})


def _check_writer(row: Any, batch: Batch) -> None:
    newest = max(batch.schema_version, row.schema_version if row else 0)
    if newest > SCHEMA:
        raise Outdated(f"{batch.stream} is written with schema {newest}; this process has {SCHEMA}")
    if row and batch.epoch < row.epoch:
        raise StaleEpoch(f"{batch.stream} is in epoch {row.epoch}; the writer is in {batch.epoch}")


_LEDGER = plain(tables.LedgerEntry).c
_DIGESTS = select(_LEDGER.seq, _LEDGER.digest).where(
    _LEDGER.stream == bindparam("stream"),
    _LEDGER.seq.between(bindparam("first"), bindparam("last")),
)


def _check_repeats(session: Session, batch: Batch, seq: int) -> None:
    """Facts that are stored already must be the same to the byte."""
    repeats = {f.seq: digest(f.canonical(batch.stream)) for f in batch.facts if f.seq <= seq}
    if not repeats:
        return
    place = {"stream": batch.stream, "first": min(repeats), "last": max(repeats)}
    for stored_seq, stored in session.execute(_DIGESTS, place):
        if repeats.get(stored_seq, stored) != stored:
            raise Forked(batch.stream, stored_seq, repeats[stored_seq])


def _raise_alarm(session: Session, stream: str, seq: int, found: str, at: datetime) -> None:
    known = session.execute(
        select(tables.Fork).where(
            col(tables.Fork.stream) == stream,
            col(tables.Fork.seq) == seq,
            col(tables.Fork.digest) == found,
        )
    ).first()
    if known is None:
        session.add(tables.Fork(stream=stream, seq=seq, digest=found, seen_at=at))


def load(row: Any) -> State:
    """The state that a row of the snapshots holds."""
    return KINDS[row.kind].state.model_validate_json(row.body)


def _entries(stream: str, facts: list[Fact], previous: str) -> list[dict[str, Any]]:
    rows = []
    for fact in facts:
        body = fact.canonical(stream)
        row: dict[str, Any] = {
            "stream": stream,
            "seq": fact.seq,
            "name": fact.name,
            "at": fact.at,
            "by": fact.by,
            "body": body,
            "digest": digest(body),
            "previous": previous,
            "hash": link(previous, body),
        }
        previous = row["hash"]
        rows.append(row)
    return rows


def _append(session: Session, entries: list[dict[str, Any]]) -> None:
    """Last in the transaction, so that the lock on the order is held for a moment only."""
    hold_order(session)
    session.execute(insert_into(tables.LedgerEntry), entries)


def hold_order(session: Session) -> None:
    """Until this transaction ends, no other gives a position: what is the newest now stays so."""
    if dialect_of(session) == "postgresql":
        session.execute(_LOCK_ORDER, {"n": _ORDER_LOCK})


def _save_snapshot(
    session: Session,
    kind: Kind,
    state: State,
    epoch: int,
    row: Any,
    entries: list[dict[str, Any]],
    at: datetime,
) -> None:
    values: dict[str, Any] = {
        "kind": kind.name,
        "epoch": epoch,
        "seq": state.seq,
        "schema_version": SCHEMA,
        "is_open": not state.is_closed,
        "body": state.model_dump_json(exclude_defaults=True),
        "head": entries[-1]["hash"] if entries else (row.head if row else GENESIS),
        "changed_at": at,
        "wakes_at": wakes_at(state),
    }
    _put(session, tables.Snapshot, state.stream, values, is_first=row is None)


def _put(
    session: Session,
    table: type[SQLModel],
    key: str,
    values: dict[str, Any],
    *,
    is_first: bool,
) -> None:
    if is_first:
        (column,) = plain(table).primary_key.columns
        session.execute(insert_into(table), {column.name: key, **values})
    else:
        session.execute(update_of(table), {THIS: key, **values})


def _derive(session: Session, before: State | None, state: State) -> None:
    is_first = before is None
    match state:
        case Escalation():
            values = _queue_row(state) | _matter_columns(before, state) | _answer_columns(state)
            _put(session, tables.Escalation, state.id, values, is_first=is_first)
            if state.is_closed:
                _free_conversation(session, state)
        case Post():
            _put(session, tables.Post, state.id, _post_row(state), is_first=is_first)
            if state.corrects and state.stage is PostStage.PUBLISHED:
                _mark_corrected(session, state)
            if state.stage is PostStage.PUBLISHED:
                _turn(session, state)
        case Commitment():
            _put(session, tables.Commitment, state.id, _commitment_row(state), is_first=is_first)
            _turned(session, turned_at(state), col(tables.Commitment.id) == state.id)
        case Matter():
            _put(session, tables.Matter, state.id, _matter_row(state), is_first=is_first)


def _queue_row(state: Escalation) -> dict[str, Any]:
    due_at = state.deadline.due_at if state.deadline and not state.is_closed else None
    return {
        "seq": state.seq,
        "stage": state.stage,
        "is_open": not state.is_closed,
        "channel": state.channel,
        "team": state.team,
        "owner": state.owner,
        "conversation_id": state.conversation_id,
        "comment_id": state.comment_id,
        "opened_at": state.opened_at,
        "due_at": due_at,
        "sort_at": due_at or NEVER,
        "outcome": state.outcome,
        "closed_at": state.closed_at,
        "predecessor": state.predecessor,
        "is_public": state.terms.is_public,
        "priority": state.terms.priority or Priority.NORMAL,
        "language": state.terms.language,
        "is_waiting": state.is_waiting,
    }


def _answer_columns(state: Escalation) -> dict[str, Any]:
    """When the public had its first answer. Streams that older code wrote do not know it, and
    keep what their row says."""
    if state.answered_at is None:
        return {}
    waited = int((state.answered_at - state.opened_at).total_seconds())
    return {"answered_at": state.answered_at, "waited": max(waited, 0)}


def _matter_columns(before: State | None, state: Escalation) -> dict[str, Any]:
    """What changed about its matter. An escalation that has left one is still counted there."""
    assert before is None or isinstance(before, Escalation)
    found = standing(before, state)
    return {"matter_id": found[0], "matter_state": found[1]} if found else {}


def _matter_row(state: Matter) -> dict[str, Any]:
    return {
        "seq": state.seq,
        "stage": state.stage,
        "is_open": not state.is_closed,
        "is_taking": state.is_taking,
        "team": state.team,
        "owner": state.owner,
        "title_id": state.title.id,
        "words_id": state.answer.words.id if state.answer else None,
        "opened_at": state.opened_at,
        "due_at": state.deadline.due_at if state.deadline and not state.is_closed else None,
        "closed_at": state.closed_at,
    }


def _free_conversation(session: Session, state: Escalation) -> None:
    session.execute(
        update(tables.Conversation)
        .where(
            col(tables.Conversation.id) == state.conversation_id,
            col(tables.Conversation.open_escalation_id) == state.id,
        )
        .values(open_escalation_id=None)
    )


def _post_row(state: Post) -> dict[str, Any]:
    return {
        "seq": state.seq,
        "stage": state.stage,
        "is_open": not state.is_closed,
        "channel": state.channel,
        "team": state.team,
        "escalation_id": state.escalation_id,
        "commitment_id": state.commitment_id,
        "comment_id": state.comment_id,
        "words_id": state.words.id,
        "writer": state.writer,
        "cleared_by": state.cleared_by,
        "opened_at": state.opened_at,
        "published_at": state.published_at,
        "kind": state.kind,
        "corrects": state.corrects,
        "matter_id": state.matter_id,
        "same_answer_to": state.same_answer_to,
        "has_news": state.has_news,
    }


def _mark_corrected(session: Session, state: Post) -> None:
    """Whoever reads the earlier post is led to what was said about it since."""
    by = "retracted_by" if state.kind is PostKind.RETRACTION else "corrected_by"
    post = tables.Post
    session.execute(update(post).where(col(post.id) == state.corrects).values({by: state.id}))


def _commitment_row(state: Commitment) -> dict[str, Any]:
    return {
        "seq": state.seq,
        "stage": state.stage,
        "is_open": not state.is_closed,
        "team": state.team,
        "escalation_id": state.escalation_id,
        "post_id": state.post_id,
        "words_id": state.promise.words.id,
        "accountable": state.promise.accountable,
        "approver": state.approver,
        "opened_at": state.opened_at,
        "due_at": state.due_at,
        "settled_at": state.settled_at,
        "first_due_at": state.first_due_at,
        "was_broken": state.was_broken,
        "is_renegotiated": state.is_renegotiated,
        "says": {True: "kept", False: "not_kept"}[state.word.is_kept] if state.word else None,
        "is_public": state.is_public,
        "link": state.link,
        "channel": state.channel,
        "standing": standing_of(state),
    }


def _turn(session: Session, state: Post) -> None:
    """Words that are out are news of the promise they are about, or whose reply they correct."""
    table = tables.Commitment
    assert state.published_at is not None
    if state.commitment_id is not None:
        _turned(session, state.published_at, col(table.id) == state.commitment_id)
    elif state.corrects is not None:
        in_case = col(table.escalation_id) == state.escalation_id
        _turned(session, state.published_at, in_case, col(table.post_id) == state.corrects)


def _turned(session: Session, at: datetime, *which: Any) -> None:
    """The latest news counts, in whatever order it is recorded."""
    table = tables.Commitment
    is_news = or_(col(table.turned_at).is_(None), col(table.turned_at) < at)
    session.execute(update(table).where(*which, is_news).values(turned_at=at))


def append(session: Session, stream: str, events: Sequence[Event], by: str, at: datetime) -> None:
    """Write events of a stream that has no workflow, in the transaction of the caller.

    Nothing is derived from them: what they tell of is changed in the same transaction, before
    this, because the lock on the order is held until its end.
    """
    session.flush()
    _lock_stream(session, stream)
    last = session.execute(_HEAD, {"stream": stream}).one_or_none()
    facts = to_facts(tuple(events), last.seq if last else 0, by, at)
    _append(session, _entries(stream, list(facts), last.hash if last else GENESIS))


_HEAD = (
    select(_LEDGER.seq, _LEDGER.hash)
    .where(_LEDGER.stream == bindparam("stream"))
    .order_by(_LEDGER.seq.desc())
    .limit(1)
)


def begin_epoch(database: Database, stream: str, at: datetime) -> tuple[State, int] | None:
    """Raise the epoch of an open stream: from now on its earlier workflow can write nothing.

    Answers the state to go on from and the new epoch; None if the stream is unknown or closed
    with nothing left to do.
    """

    def work(session: Session) -> tuple[State, int] | None:
        _lock_stream(session, stream)
        row = session.get(tables.Snapshot, stream, with_for_update=True)
        if row is None:
            return None
        state = load(row)
        if state.is_closed and not state.todo:
            return None
        row.epoch += 1
        row.changed_at = at
        row.wakes_at = wakes_at(state)
        return state, row.epoch

    return database.write(work)


def mark_done(database: Database, stream: str, done: Pending, at: datetime) -> None:
    """Remember that one effect of a stream has been carried out."""

    def work(session: Session) -> None:
        _lock_stream(session, stream)
        row = session.get(tables.Snapshot, stream, with_for_update=True)
        if row is not None:
            state = load(row)
            todo = tuple(pending for pending in state.todo if pending != done)
            left = state.model_copy(update={"todo": todo})
            row.body = left.model_dump_json(exclude_defaults=True)
            row.changed_at = at

    database.write(work)


_CHAIN = (
    select(_LEDGER.seq, _LEDGER.previous, _LEDGER.hash, _LEDGER.body, _LEDGER.digest)
    .where(_LEDGER.stream == bindparam("stream"))
    .order_by(_LEDGER.seq)
)


def verify(session: Session, stream: str) -> int | None:
    """The seq of the first entry of a stream that breaks its chain; None where it holds."""
    # Plain rows, a part at a time: the stream of the house grows for as long as there is one.
    entries = session.execute(_CHAIN, {"stream": stream}).yield_per(1_000)
    return broken_at((entry, entry.body) for entry in entries)
