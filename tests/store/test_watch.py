"""What the upkeep check reads and remembers, in both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.watch import Code, Finding, Verdict
from store import records, tables, watch
from store.database import Database
from tests.builders import AT
from tests.store.test_records import STREAM, batch, facts_of_opening

pytestmark = pytest.mark.rule(4)

LATE = Finding(stream=STREAM, code=Code.OVERDUE)


def snapshot(stream: str, *, is_open: bool = True) -> tables.Snapshot:
    return tables.Snapshot(
        stream=stream,
        kind=stream.partition("/")[0],
        epoch=1,
        seq=1,
        schema_version=1,
        is_open=is_open,
        body="{}",
        head="0",
        changed_at=AT,
    )


def test_the_sample_goes_round_through_everything_open(database: Database) -> None:
    streams = ["commitment/1", "escalation/1", "escalation/2", "post/1", "post/2"]
    with database.writing() as session:
        session.add_all([snapshot(stream) for stream in reversed(streams)])
        session.add(snapshot("escalation/15", is_open=False))
    with database.reading() as session:
        first = watch.sample(session, "", 2)
        second = watch.sample(session, first[-1], 2)
        third = watch.sample(session, second[-1], 2)

    assert first + second + third == streams


def test_an_alarm_that_should_have_rung_is_told_by_the_state(database: Database) -> None:
    records.record(database, batch(*facts_of_opening()), AT)
    assert watch.alarmless_or_late(database, AT) == []
    with database.reading() as session:
        wakes_at = session.get_one(tables.Snapshot, STREAM).wakes_at
    assert wakes_at

    (one,) = watch.alarmless_or_late(database, wakes_at + timedelta(minutes=6))
    assert (one.stream, one.wakes_at) == (STREAM, wakes_at)


def test_a_finding_that_comes_back_is_new_again(database: Database) -> None:
    verdicts: tuple[tuple[Verdict, list[Finding]], ...] = (
        (Verdict(found=(LATE,)), [LATE]),
        (Verdict(found=(LATE,)), []),
        (Verdict(cleared=(LATE,)), []),
        (Verdict(found=(LATE,)), [LATE]),
    )
    for n, (verdict, wanted) in enumerate(verdicts):
        at = AT + timedelta(minutes=n)
        with database.writing() as session:
            assert watch.remember(session, verdict, at) == wanted
    with database.reading() as session:
        (row,) = watch.open_findings(session)
        assert row.first_seen_at == row.last_seen_at == AT + timedelta(minutes=3)
        assert watch.count_findings(session)[Code.OVERDUE] == 1
        assert watch.beat(session, watch.OK) == AT + timedelta(minutes=2)
        assert watch.beat(session, watch.RAN) == AT + timedelta(minutes=3)
