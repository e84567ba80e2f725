"""The rows of ``move``: written by the one writer, from the same facts and in the same transaction
as all else that follows from them; and made anew from ledgers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from domain.entity import evolve
from domain.escalation import ESCALATION, Escalation
from domain.escalation.moves import Move, Step, Wording, follow, moves_of, running
from domain.ledger import Fact
from store.statements import plain
from store.tables import LedgerEntry, MoveKind
from store.tables import Move as Row

Change = tuple[Escalation | None, Fact, Escalation]
"""A fact between the state before and the state after it."""

_ROW, _KIND = plain(Row), plain(MoveKind)
_OF_CASE = (
    _ROW.c.opened_at == bindparam("of_time"),
    _ROW.c.escalation_id == bindparam("of_case"),
)
_KNOWN = (
    select(_ROW, _KIND)
    .join_from(_ROW, _KIND, _ROW.c.kind == _KIND.c.id)
    .where(*_OF_CASE)
    .order_by(_ROW.c.n)
)
_INSERT = insert(_ROW)
_UPDATE = update(_ROW).where(*_OF_CASE, _ROW.c.n == bindparam("of_move"))
_KINDS = select(_KIND.c.key, _KIND.c.id).where(_KIND.c.key.in_(bindparam("keys", expanding=True)))


def derive(session: Session, changes: Iterable[Change]) -> None:
    """Bring the moves of one case up to date with its new facts, which come in order."""
    changes = list(changes)
    first, case = changes[0][0], changes[-1][2]
    key = {"of_time": case.opened_at, "of_case": case.id}
    known: tuple[Move, ...] = ()
    if first is not None:
        known = tuple(_move(row) for row in session.execute(_KNOWN, key))
        if {move.step for move in known if move.is_open} - {Step.ANSWER} != running(first).keys():
            known = _anew(session, first)
    moves = known
    for before, fact, after in changes:
        moves = follow(moves, before, fact, after)
    earlier = {move.n: move for move in known}
    changed = [move for move in moves if move != earlier.get(move.n)]
    rows = _rows(session.connection(), case, changed)
    if new := [row for row in rows if row["n"] not in earlier]:
        session.execute(_INSERT, new)
    for row in rows:
        if row["n"] in earlier:
            said = {name: row[name] for name in ("kind", "plain", "working", "paused")}
            session.execute(_UPDATE, {**key, "of_move": row["n"], **said})


def _anew(session: Session, state: Escalation) -> tuple[Move, ...]:
    """The moves of a case up to this state, from its ledger: older code, which kept none, has
    written to it since."""
    entry = plain(LedgerEntry).c
    bodies = session.scalars(
        select(entry.body)
        .where(entry.stream == state.stream, entry.seq <= state.seq)
        .order_by(entry.seq)
    )
    moves = moves_of(history(Fact.model_validate_json(body) for body in bodies))
    key = _ROW.c.opened_at == state.opened_at, _ROW.c.escalation_id == state.id
    session.execute(_ROW.delete().where(*key))
    session.execute(_INSERT, _rows(session.connection(), state, moves))
    return moves


def _move(row: Any) -> Move:
    return Move.model_construct(
        n=row.n,
        step=Step(row.step),
        team=row.team,
        after=row.after,
        plain=row.plain,
        working=row.working,
        paused=row.paused,
        is_late=row.is_late,
        owed_by=people_in(row.owed_by),
        told=people_in(row.told),
        person=row.person,
        how=row.how,
        code=row.code,
        words=Wording(row.words) if row.words else None,
    )


def people_in(told: str | None) -> tuple[str, ...]:
    return tuple((told or "").split())


def _kind(case: Escalation, move: Move) -> dict[str, Any]:
    """What a move has in common with others. Of no words and no names: ids and codes alone."""
    said: dict[str, Any] = {
        "step": str(move.step),
        "team": move.team,
        "channel": case.channel,
        "is_late": move.is_late,
        "person": move.person,
        "how": move.how,
        "code": move.code,
        "words": move.words,
        "owed_by": " ".join(move.owed_by) or None,
        "told": " ".join(move.told) or None,
    }
    return {"key": "|".join(str(part or "") for part in said.values()), **said}


def _rows(connection: Connection, case: Escalation, moves: Iterable[Move]) -> list[dict[str, Any]]:
    """Moves as rows, each with the number of its kind; kinds that are new are kept."""
    told = [(move, _kind(case, move)) for move in moves]
    if not told:
        return []
    wanted = {kind["key"]: kind for _, kind in told}
    known = _numbers(connection, wanted)
    if missing := [kind for key, kind in wanted.items() if key not in known]:
        is_sqlite = connection.dialect.name == "sqlite"
        kinds = (sqlite if is_sqlite else postgresql).insert(_KIND)
        connection.execute(kinds.on_conflict_do_nothing(), missing)
        known = _numbers(connection, wanted)
    times = {"after", "plain", "working", "paused"}
    return [
        {
            "opened_at": case.opened_at,
            "escalation_id": case.id,
            "n": move.n,
            "kind": known[kind["key"]],
            **move.model_dump(include=times),
        }
        for move, kind in told
    ]


def _numbers(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    found = connection.execute(_KINDS, {"keys": list(keys)})
    return {row.key: row.id for row in found}


# From ledgers. --------------------------------------------------------------------------------


def history(facts: Iterable[Fact]) -> Iterator[Change]:
    """The whole history of one case, fact by fact."""
    state: Escalation | None = None
    for fact in facts:
        before = state
        state = evolve(ESCALATION, before, fact)  # type: ignore[assignment]
        assert isinstance(state, Escalation)
        yield before, fact, state


def rebuild(connection: Connection) -> int:
    """Make all moves anew from the ledgers of escalations; answers of how many cases."""
    entry = plain(LedgerEntry).c
    rows = connection.execute(
        select(entry.stream, entry.body)
        .where(entry.stream.like("escalation/%"))
        .order_by(entry.stream, entry.seq)
        .execution_options(yield_per=1_000)
    )
    count, stream = 0, ""
    facts: list[Fact] = []
    connection.execute(_ROW.delete())
    for row in rows:
        if row.stream != stream and facts:
            count += _rebuilt(connection, facts)
            facts = []
        stream = row.stream
        facts.append(Fact.model_validate_json(row.body))
    return count + (_rebuilt(connection, facts) if facts else 0)


def _rebuilt(connection: Connection, facts: list[Fact]) -> int:
    steps = list(history(facts))
    case = steps[-1][2]
    connection.execute(_INSERT, _rows(connection, case, moves_of(steps)))
    return 1
