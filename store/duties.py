"""What one person owes next, and by when: their own deadlines, wherever they come from.

Only what is owed by that person alone or as one of the approvers is theirs; what anybody of a team
may do is in the queue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.commitment import Commitment, CommitmentStage
from domain.escalation import Stage
from domain.matter import MatterStage
from domain.people import Actor, Role
from store import deciding, queries, records, tables, words
from store.deciding import part

MOST = 500
"""Things of one kind that are looked through for one person."""


class Act(StrEnum):
    """What is owed."""

    PROPOSE = "propose"
    REPLY = "reply"
    INFORM = "inform"
    DECIDE = "decide"
    SIGN = "sign"
    """Accept a promise that one is to be accountable for, before it is made."""
    KEEP = "keep"
    ANSWER_NO = "answer_no"
    """The commenter denies that a promise was kept."""
    SIGN_DATE = "sign_date"
    AGREE_DATE = "agree_date"
    PROPOSE_MATTER = "propose_matter"
    DECIDE_MATTER = "decide_matter"


class Duty(Value):
    """One thing that is owed. ``seq`` and ``changed_at`` are those of its case, so that whoever
    holds an older copy can tell; ``sentence`` is the published promise, and nobody's else words."""

    act: Act
    stream: str
    due_at: Moment
    seq: int
    changed_at: Moment
    sentence: str | None = None


_Due = tuple[Act, str, datetime | None, str | None]
"""What is owed, on which stream, until when, and the id of a promise's words."""


def duties(session: Session, actor: Actor, at: datetime) -> list[Duty]:
    """Everything with a date that this person owes, the earliest first."""
    if not actor.roles & queries.READERS:
        return []
    due = [
        *_owned(session, actor),
        *_to_decide(session, actor, at),
        *_to_sign(session, actor),
        *_promised(session, actor),
        *_matters(session, actor),
    ]
    found = [entry for entry in due if entry[2] is not None]
    snapshots = _snapshots(session, [stream for _, stream, _, _ in found])
    texts = words.texts(session, [words_id for *_, words_id in found])
    return sorted(
        (
            Duty(
                act=act,
                stream=stream,
                due_at=due_at,
                seq=snapshots[stream].seq,
                changed_at=snapshots[stream].changed_at,
                sentence=texts.get(words_id) if words_id else None,
            )
            for act, stream, due_at, words_id in found
            if due_at is not None
        ),
        key=lambda duty: (duty.due_at, duty.stream, duty.act),
    )


def _snapshots(session: Session, streams: Sequence[str]) -> dict[str, Any]:
    table = tables.Snapshot
    rows = session.execute(
        select(col(table.stream), col(table.seq), col(table.changed_at)).where(
            col(table.stream).in_(set(streams))
        )
    )
    return {row.stream: row for row in rows}


def _owned(session: Session, actor: Actor) -> Iterator[_Due]:
    """The next moves of whoever owns a case."""
    table, snapshot = tables.Escalation, tables.Snapshot
    rows = session.execute(
        select(table, part(session, "question"), part(session, "waiting"), part(session, "reply"))
        .join(snapshot, col(snapshot.stream) == "escalation/" + col(table.id))
        .where(col(table.is_open), col(table.owner) == actor.id)
        .order_by(col(table.sort_at), col(table.id))
        .limit(MOST)
    )
    for found in rows:
        row = found.Escalation
        act = {Stage.PREPARING: Act.PROPOSE, Stage.REPLYING: Act.REPLY}.get(Stage(row.stage))
        if row.stage == Stage.DECIDING and found.question is not None:
            act = Act.INFORM
        if act is not None and found.waiting is None and found.reply is None:
            yield act, f"escalation/{row.id}", row.due_at, None


def _to_decide(session: Session, actor: Actor, at: datetime) -> Iterator[_Due]:
    for case in deciding.cases(session, actor, at, limit=MOST).mine:
        yield Act.DECIDE, f"escalation/{case.row.id}", case.row.due_at, None


def _to_sign(session: Session, actor: Actor) -> Iterator[_Due]:
    """Promises in words on their way that wait for this person."""
    for row in deciding.to_sign(session, actor):
        yield Act.SIGN, f"escalation/{row.id}", row.due_at, None


def _state(session: Session, stream: str) -> Any:
    return records.load(session.get_one(tables.Snapshot, stream))


def _promised(session: Session, actor: Actor) -> Iterator[_Due]:
    """Promises this person is accountable for, or approved and has to answer for."""
    table = tables.Commitment
    stages = (CommitmentStage.OPEN, CommitmentStage.BROKEN, CommitmentStage.DENIED)
    rows = session.scalars(
        select(table)
        .where(
            col(table.stage).in_(stages),
            (col(table.accountable) == actor.id) | (col(table.approver) == actor.id),
        )
        .order_by(col(table.due_at), col(table.id))
        .limit(MOST)
    ).all()
    wanted = deciding.wanted(session, [row.id for row in rows])
    for row in rows:
        stream = f"commitment/{row.id}"
        is_mine = row.accountable == actor.id
        if is_mine and row.stage != CommitmentStage.DENIED:
            yield Act.KEEP, stream, row.due_at, row.words_id
        if row.stage == CommitmentStage.DENIED and not is_mine:
            yield Act.ANSWER_NO, stream, _course(session, stream), row.words_id
        date = wanted.get(row.id)
        if date and date.agreed_by is None and date.asked_by != actor.id:
            if is_mine and not date.is_signed:
                yield Act.SIGN_DATE, stream, _date_course(session, stream), row.words_id
            elif date.is_signed and not is_mine:
                yield Act.AGREE_DATE, stream, _date_course(session, stream), row.words_id


def _course(session: Session, stream: str) -> datetime | None:
    state: Commitment = _state(session, stream)
    return state.course.due if state.course else None


def _date_course(session: Session, stream: str) -> datetime | None:
    state: Commitment = _state(session, stream)
    return state.date_course.due if state.date_course else None


def _matters(session: Session, actor: Actor) -> Iterator[_Due]:
    table, snapshot = tables.Matter, tables.Snapshot
    rows = session.execute(
        select(table, part(session, "proposal"))
        .join(snapshot, col(snapshot.stream) == "matter/" + col(table.id))
        .where(
            col(table.is_open),
            col(table.stage).in_((MatterStage.GATHERING, MatterStage.DECIDING)),
        )
        .order_by(col(table.opened_at), col(table.id))
        .limit(MOST)
    )
    for found in rows:
        row, proposal = found.Matter, found.proposal
        stream = f"matter/{row.id}"
        if row.stage == MatterStage.GATHERING and row.owner == actor.id:
            yield Act.PROPOSE_MATTER, stream, row.due_at, None
        is_proposer = proposal is not None and proposal["by"] == actor.id
        if row.stage == MatterStage.DECIDING and actor.has(Role.EXECUTIVE) and not is_proposer:
            yield Act.DECIDE_MATTER, stream, row.due_at, None
