"""The rows of ``answer``: written by the one writer, from the same facts and in the same
transaction as all else that follows from them; and made anew from ledgers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from domain.escalation import Escalation
from domain.escalation.events import ReplySettled
from domain.ledger import Fact
from domain.post import Settlement
from store.answer_tables import Answer
from store.moves import Change, history
from store.statements import plain
from store.tables import LedgerEntry

_ANSWER, _ENTRY = plain(Answer), plain(LedgerEntry).c


def derive(session: Session, changes: Iterable[Change]) -> None:
    """Keep the replies that came out by the new facts of one case. What older code wrote meanwhile
    is caught up with the next reply, or with the end of the case."""
    changes = list(changes)
    first, case = changes[0][0], changes[-1][2]
    rows = _rows(changes)
    if not rows and not case.is_closed:
        return
    known = session.scalar(
        select(func.count()).select_from(_ANSWER).where(_ANSWER.c.escalation_id == case.id)
    )
    if first is not None and (known or 0) + len(rows) < case.answers:
        session.execute(_ANSWER.delete().where(_ANSWER.c.escalation_id == case.id))
        rows = _earlier(session, first) + rows
    _insert(session.connection(), rows)


def _insert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """A reply counts once, also where it was told twice that it is out."""
    if rows:
        kinds = sqlite if connection.dialect.name == "sqlite" else postgresql
        connection.execute(kinds.insert(_ANSWER).on_conflict_do_nothing(), rows)


def _earlier(session: Session, state: Escalation) -> list[dict[str, Any]]:
    bodies = session.scalars(
        select(_ENTRY.body)
        .where(_ENTRY.stream == state.stream, _ENTRY.seq <= state.seq)
        .order_by(_ENTRY.seq)
    )
    return _rows(history(Fact.model_validate_json(body) for body in bodies))


def _rows(changes: Iterable[Change]) -> list[dict[str, Any]]:
    return [
        _row(before, fact)
        for before, fact, _ in changes
        if before is not None and fact.name == ReplySettled.NAME and _is_out(fact)
    ]


def _is_out(fact: Fact) -> bool:
    return bool(fact.data["settlement"] == Settlement.PUBLISHED)


def _row(before: Escalation, fact: Fact) -> dict[str, Any]:
    """The reply and what had been decided, as the case knew them when the reply came out."""
    assert before.reply is not None
    decision = before.decision
    is_first = before.answered_at is None
    why = decision.reason if decision and decision.outcome == "refused" else None
    return {
        "post_id": before.reply.post_id,
        "escalation_id": before.id,
        "channel": before.channel,
        "team": before.team,
        "is_public": before.terms.is_public,
        "at": fact.at,
        "waited": max(int((fact.at - before.opened_at).total_seconds()), 0) if is_first else None,
        "writer": before.reply.writer,
        "decision": decision.outcome if decision else None,
        "decided_by": decision.by if decision else None,
        "refusal": decision.code if decision else None,
        "reason_id": why.id if why else None,
    }


def rebuild(connection: Connection) -> int:
    """Make all rows anew from the ledgers of escalations; answers how many there are."""
    answered = select(_ENTRY.stream).where(_ENTRY.name == ReplySettled.NAME)
    found = connection.execute(
        select(_ENTRY.stream, _ENTRY.body)
        .where(_ENTRY.stream.in_(answered))
        .order_by(_ENTRY.stream, _ENTRY.seq)
        .execution_options(yield_per=1_000)
    )
    connection.execute(_ANSWER.delete())
    count = 0
    for _, entries in groupby(found, lambda one: one.stream):
        rows = _rows(history(Fact.model_validate_json(one.body) for one in entries))
        _insert(connection, rows)
        count += len(rows)
    return count
