"""What the upkeep check reads and remembers: sleepers, samples, findings and its heartbeat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select, tuple_, update
from sqlmodel import Session, col

from domain.watch import LATE, Code, Finding, Seen, Verdict, findings, seen
from store import records, tables
from store.database import Database

OK = "watch"
"""The heartbeat that moves only when a round ran and found nothing."""

RAN = "watch-ran"
"""The heartbeat of the check itself, whatever it found."""

PAGE = 500
"""Snapshots read at a time."""

MOST = 1_000
"""Streams that one round tells of; with more of them the first ones say enough."""

_SNAPSHOT = tables.Snapshot


def alarmless_or_late(database: Database, at: datetime) -> list[Seen]:
    """Open entities without an alarm that should have one, or whose alarm should have rung.

    What a row says about its alarm is only a hint, because older code does not keep it: the state
    decides, and a row that is wrong is put right.
    """
    suspects: list[Seen] = []
    after = ""
    while len(suspects) < MOST:
        with database.reading() as session:
            rows = session.scalars(_hints(at, after)).all()
            looked_at = [(row, seen(records.load(row), row.changed_at)) for row in rows]
        wrong = [(row, one) for row, one in looked_at if row.wakes_at != one.wakes_at]
        if wrong:
            _put_right(database, wrong)
        suspects += [one for _, one in looked_at if findings([one], at)]
        if len(rows) < PAGE:
            break
        after = rows[-1].stream
    return suspects[:MOST]


def _hints(at: datetime, after: str):  # type: ignore[no-untyped-def]
    wakes_at = col(_SNAPSHOT.wakes_at)
    return (
        select(_SNAPSHOT)
        .where(
            col(_SNAPSHOT.is_open),
            or_(wakes_at.is_(None), wakes_at < at - LATE),
            col(_SNAPSHOT.stream) > after,
        )
        .order_by(col(_SNAPSHOT.stream))
        .limit(PAGE)
    )


def _put_right(database: Database, wrong: Sequence[tuple[tables.Snapshot, Seen]]) -> None:
    """Only where nothing was written meanwhile: the writer knows better."""

    def work(session: Session) -> None:
        for row, one in wrong:
            session.execute(
                update(_SNAPSHOT)
                .where(col(_SNAPSHOT.stream) == row.stream, col(_SNAPSHOT.seq) == row.seq)
                .values(wakes_at=one.wakes_at)
            )

    database.write(work)


def sample(session: Session, after: str, count: int) -> list[str]:
    """The next open streams in order; fewer than asked for at the end, where one begins anew."""
    place = (after.partition("/")[0], after)
    key = tuple_(col(_SNAPSHOT.kind), col(_SNAPSHOT.stream))
    return list(
        session.scalars(
            select(col(_SNAPSHOT.stream))
            .where(col(_SNAPSHOT.is_open), key > place)
            .order_by(col(_SNAPSHOT.kind), col(_SNAPSHOT.stream))
            .limit(count)
        )
    )


def still_open(session: Session, streams: Iterable[str]) -> set[str]:
    """Those of these streams that are open now."""
    return set(
        session.scalars(
            select(col(_SNAPSHOT.stream)).where(
                col(_SNAPSHOT.stream).in_(sorted(streams)), col(_SNAPSHOT.is_open)
            )
        )
    )


def count_open(session: Session) -> int:
    statement = select(func.count()).select_from(_SNAPSHOT).where(col(_SNAPSHOT.is_open))
    return session.scalar(statement) or 0


# Findings. -----------------------------------------------------------------------------------


def open_findings(session: Session) -> list[tables.Finding]:
    """What is wrong now, the oldest first."""
    table = tables.Finding
    statement = select(table).where(col(table.cleared_at).is_(None))
    order = (col(table.first_seen_at), col(table.stream), col(table.code))
    return list(session.scalars(statement.order_by(*order)))


def known(session: Session) -> list[Finding]:
    return [Finding(stream=f.stream, code=Code(f.code)) for f in open_findings(session)]


def count_findings(session: Session) -> dict[str, int]:
    """How many findings are open, for every code there is."""
    table = tables.Finding
    rows = session.execute(
        select(col(table.code), func.count().label("number"))
        .where(col(table.cleared_at).is_(None))
        .group_by(col(table.code))
    )
    counts: dict[str, int] = {row.code: row.number for row in rows}
    return {code: counts.get(code, 0) for code in Code}


def beat(session: Session, name: str) -> datetime | None:
    """When this heartbeat last moved; None where it never did."""
    row = session.get(tables.Heartbeat, name)
    return row.at if row else None


def remember(session: Session, verdict: Verdict, at: datetime) -> list[Finding]:
    """Store what a round came to and let the heartbeats move; answers what is new."""
    table = tables.Finding
    new = []
    for finding in verdict.found:
        row = session.get(table, (finding.stream, finding.code.value))
        if row is None or row.cleared_at is not None:
            new.append(finding)
            row = session.merge(
                table(
                    stream=finding.stream,
                    code=finding.code.value,
                    first_seen_at=at,
                    last_seen_at=at,
                )
            )
        row.last_seen_at, row.cleared_at = at, None
    for finding in verdict.cleared:
        if row := session.get(table, (finding.stream, finding.code.value)):
            row.cleared_at = at
    session.merge(tables.Heartbeat(name=RAN, at=at))
    if verdict.is_well:
        session.merge(tables.Heartbeat(name=OK, at=at))
    return new
