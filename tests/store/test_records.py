"""The one writer: repeats change nothing, forks raise the alarm, the ledger never changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from domain.base import Words
from domain.entity import decide, to_facts
from domain.errors import Forked, Gap, Outdated, StaleEpoch
from domain.escalation import ESCALATION, Claim, Escalation, Note, OpenEscalation
from domain.kinds import KINDS
from domain.ledger import Batch, Fact
from domain.people import COMMENTER
from domain.terms import Terms
from store import records, tables, words
from store.database import Database
from tests.builders import ADA, AT, BEN

STREAM = "escalation/E1"


def facts_of_opening() -> tuple[Fact, ...]:
    command = OpenEscalation(
        id="E1",
        conversation_id="V1",
        channel="console",
        comment_id="C1",
        words=Words(id="W1", digest="d"),
        terms=Terms(team="care", policy_version=1),
        received_at=AT,
        posted_at=AT,
    )
    return to_facts(decide(ESCALATION, None, command, COMMENTER, AT), 0, "public", AT)


def batch(*facts: Fact, **changes: object) -> Batch:
    values: dict[str, object] = {"stream": STREAM, "kind": "escalation", "epoch": 1, "facts": facts}
    return Batch.model_validate(values | changes)


def claimed_by(who: str, seq: int = 2) -> Fact:
    return Fact(seq=seq, at=AT + timedelta(minutes=1), by=who, name="escalation:owner:claimed")


def stored(database: Database) -> list[tuple[int, str, str]]:
    with database.reading() as session:
        rows = session.scalars(select(tables.LedgerEntry).order_by(text("position")))
        return [(row.seq, row.name, row.by) for row in rows]


def test_a_batch_is_written_once_however_often_it_comes(database: Database) -> None:
    first = batch(*facts_of_opening(), claimed_by("ada"))
    assert records.record(database, first, AT).is_new
    assert not records.record(database, first, AT).is_new
    assert [seq for seq, _, _ in stored(database)] == [1, 2]
    with database.reading() as session:
        row = session.get_one(tables.Escalation, "E1")
        assert (row.stage, row.owner, row.seq) == ("preparing", "ada", 2)
        assert records.verify(session, STREAM) is None


def test_a_batch_that_overlaps_what_is_stored_adds_only_the_rest(database: Database) -> None:
    records.record(database, batch(*facts_of_opening()), AT)
    records.record(database, batch(*facts_of_opening(), claimed_by("ada")), AT)
    assert [seq for seq, _, _ in stored(database)] == [1, 2]


def test_another_fact_in_a_taken_place_writes_nothing_and_raises_the_alarm(
    database: Database,
) -> None:
    records.record(database, batch(*facts_of_opening(), claimed_by("ada")), AT)
    other = batch(claimed_by("ben"), claimed_by("cora", seq=3))
    for _ in range(2):
        with pytest.raises(Forked):
            records.record(database, other, AT)
    assert [by for _, _, by in stored(database)] == ["public", "ada"]
    with database.reading() as session:
        forks = session.scalars(select(tables.Fork)).all()
        assert [(f.stream, f.seq) for f in forks] == [(STREAM, 2)]


def test_a_batch_with_a_gap_before_it_is_refused(database: Database) -> None:
    with pytest.raises(Gap):
        records.record(database, batch(claimed_by("ada")), AT)
    records.record(database, batch(*facts_of_opening()), AT)
    with pytest.raises(Gap):
        records.record(database, batch(claimed_by("ada", seq=3)), AT)


def test_a_writer_of_an_earlier_epoch_can_write_nothing_after_a_restore(
    database: Database,
) -> None:
    records.record(database, batch(*facts_of_opening()), AT)
    begun = records.begin_epoch(database, STREAM, AT)
    assert begun is not None
    state, epoch = begun
    assert (state.seq, epoch) == (1, 2)
    with pytest.raises(StaleEpoch):
        records.record(database, batch(claimed_by("ada")), AT)
    records.record(database, batch(claimed_by("ada"), epoch=2), AT)
    assert len(stored(database)) == 2


def test_a_stream_written_by_newer_code_is_left_to_newer_code(database: Database) -> None:
    with pytest.raises(Outdated):
        records.record(database, batch(*facts_of_opening(), schema_version=99), AT)
    assert stored(database) == []


@pytest.mark.rule(15)
@pytest.mark.parametrize("statement", ["UPDATE ledger SET name = 'x'", "DELETE FROM ledger"])
def test_the_database_itself_refuses_to_change_the_ledger(
    database: Database, statement: str
) -> None:
    records.record(database, batch(*facts_of_opening()), AT)
    with pytest.raises(DBAPIError, match="append-only"), database.writing() as session:
        session.execute(text(statement))
    assert len(stored(database)) == 1


@pytest.mark.rule(15)
def test_a_chain_that_was_tampered_with_names_the_first_broken_entry(database: Database) -> None:
    records.record(database, batch(*facts_of_opening(), claimed_by("ada")), AT)
    drop = (
        "DROP TRIGGER ledger_refuses_update"
        if database.is_sqlite
        else "DROP TRIGGER ledger_append_only ON ledger"
    )
    with database.writing() as session:
        session.execute(text(drop))
        session.execute(text("UPDATE ledger SET body = replace(body, 'ada', 'ben') WHERE seq = 2"))
    with database.reading() as session:
        assert records.verify(session, STREAM) == 2


def test_two_writers_with_the_same_batch_at_the_same_moment_leave_one_effect(
    database: Database,
) -> None:
    whole = batch(*facts_of_opening(), claimed_by("ada"))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: records.record(database, whole, AT), range(24)))
    assert sum(r.is_new for r in results) == 1
    assert [seq for seq, _, _ in stored(database)] == [1, 2]


def test_positions_become_visible_in_the_order_in_which_they_are_given(
    database: Database,
) -> None:
    """A reader that remembers the last position it saw must never miss an entry."""

    def open_one(n: int) -> None:
        stream = f"escalation/E{n}"
        facts = tuple(
            f.model_copy(update={"data": f.data | {"id": f"E{n}"}}) for f in facts_of_opening()
        )
        records.record(database, batch(*facts, stream=stream), AT)

    seen: list[int] = []
    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(open_one, n) for n in range(80)]
        while len(seen) < 80:
            with database.reading() as session:
                rows = session.scalars(
                    select(col(tables.LedgerEntry.position)).order_by(text("position"))
                )
                positions = [row or 0 for row in rows]
            assert positions[: len(seen)] == seen, "an entry appeared behind one already seen"
            seen = positions
            if all(w.done() for w in work):
                [w.result() for w in work]
    assert len(seen) == 80


def test_words_are_bound_by_the_event_that_refers_to_them_and_swept_otherwise(
    database: Database,
) -> None:
    records.record(database, batch(*facts_of_opening()), AT)
    with database.writing() as session:
        kept = words.put(session, "kept", "note", AT)
        words.put(session, "lost", "note", AT)
    events = ESCALATION.decide[Note](_state(database), Note(words=kept), ADA.actor, AT)
    records.record(database, batch(*to_facts(events, 1, "ada", AT)), AT)
    with database.writing() as session:
        assert words.sweep(session, AT + timedelta(hours=23)) == 0
        assert words.sweep(session, AT + timedelta(hours=25)) == 1
        assert words.texts(session, [kept.id]) == {kept.id: "kept"}


def _state(database: Database) -> Escalation:
    with database.reading() as session:
        state = records.load(session.get_one(tables.Snapshot, STREAM))
        assert isinstance(state, Escalation)
        return state


def test_the_ledger_folds_to_its_snapshot(database: Database) -> None:
    events = ESCALATION.decide[Claim](None, Claim(), BEN.actor, AT)
    facts = (*facts_of_opening(), *to_facts(events, 1, "ben", AT))
    records.record(database, batch(*facts, acted=2), AT)
    from domain.entity import acted, fold

    folded = fold(KINDS["escalation"], None, facts)
    assert folded is not None
    assert _state(database) == acted(folded, 2)
