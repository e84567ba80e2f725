"""The record: found by index whatever is asked, and complete; the file of a case proves itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.dialects import postgresql, sqlite

from domain.errors import Forbidden, Invalid
from domain.kinds import KINDS
from store import case_file, proofs, record, tables
from store import house as note
from store.database import Database
from store.record_views import Search
from store.statements import plain
from tests.builders import ADA, CORA, DEV, ROOT

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAMES = (
    "escalation:conversation:opened", "escalation:owner:claimed", "escalation:note:written",
    "escalation:decision:approved", "escalation:decision:refused", "escalation:case:closed",
)  # fmt: skip


def _id(n: int) -> str:
    return f"{n:026d}"


def _case(n: int) -> dict[str, Any]:
    return {
        "id": _id(n),
        "seq": len(NAMES),
        "stage": "closed" if n % 3 else "deciding",
        "is_open": n % 3 == 0,
        "channel": "shop" if n % 5 == 0 else "console",
        "team": "shop" if n % 7 == 0 else "care",
        "conversation_id": "C",
        "comment_id": _id(n),
        "opened_at": AT + timedelta(hours=n),
        "due_at": AT if n % 6 == 0 else None,
        "sort_at": AT,
        "outcome": (None, "answered", "refused")[n % 3],
    }


def _entries(n: int) -> list[dict[str, Any]]:
    rows = []
    for seq, name in enumerate(NAMES, 1):
        at = AT + timedelta(hours=n, minutes=seq // 2)
        by = ("public", "ada", "ben", "cora", "cora", "system")[seq - 1]
        said = {"seq": seq, "at": at.isoformat(), "by": by, "name": name, "data": {}}
        rows.append(
            {
                "stream": f"escalation/{_id(n)}",
                "seq": seq,
                "name": name,
                "at": at,
                "by": by,
                "body": json.dumps(said),
                "digest": "d",
                "previous": "p",
                "hash": "h",
            }
        )
    return rows


def _fill(database: Database, count: int) -> list[dict[str, Any]]:
    rows = [row for n in range(count) for row in _entries(n)]
    with database.writing() as session:
        session.execute(insert(plain(tables.Escalation)), [_case(n) for n in range(count)])
        session.execute(insert(plain(tables.LedgerEntry)), rows)
    return rows


def _all(database: Database, wanted: Search, limit: int = 7) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    cursor = None
    with database.reading() as session:
        while True:
            page = record.search(session, DEV.actor, AT, wanted, limit=limit, cursor=cursor)
            found += [(item.subject.stream, item.entry.seq) for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return found


def _n(row: dict[str, Any]) -> int:
    return int(row["stream"].partition("/")[2])


FOUND: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
    ({}, lambda r: True),
    ({"person": "cora"}, lambda r: r["by"] == "cora"),
    ({"act": "escalation:owner:claimed"}, lambda r: r["name"] == "escalation:owner:claimed"),
    ({"act": "escalation:decision"}, lambda r: ":decision:" in r["name"]),
    ({"kind": "escalation"}, lambda r: True),
    ({"kind": "post"}, lambda r: False),
    ({"kind": "house"}, lambda r: False),
    ({"team": "shop"}, lambda r: _n(r) % 7 == 0),
    ({"channel": "shop", "person": "ada"}, lambda r: _n(r) % 5 == 0 and r["by"] == "ada"),
    ({"outcome": "refused"}, lambda r: _n(r) % 3 == 2),
    ({"outcome": "open"}, lambda r: _n(r) % 3 == 0),
    ({"outcome": "promise_kept"}, lambda r: False),
    (
        {"outcome": "answered", "act": "escalation:decision", "person": "cora"},
        lambda r: _n(r) % 3 == 1 and ":decision:" in r["name"],
    ),
    ({"since": AT + timedelta(hours=5)}, lambda r: r["at"] >= AT + timedelta(hours=5)),
    ({"until": AT + timedelta(hours=5)}, lambda r: r["at"] < AT + timedelta(hours=5)),
    (
        {"team": "shop", "since": AT + timedelta(hours=3), "act": "escalation:note:written"},
        lambda r: (
            _n(r) % 7 == 0
            and r["at"] >= AT + timedelta(hours=3)
            and r["name"] == "escalation:note:written"
        ),
    ),
    ({"team": "nobody"}, lambda r: False),
]


@pytest.mark.parametrize("few", [record.FEW, 0], ids=["few", "many"])
def test_a_search_finds_exactly_what_it_says_newest_first(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(record, "FEW", few)
    rows = _fill(database, 24)
    ordered = sorted(enumerate(rows), key=lambda it: (it[1]["at"], it[0]), reverse=True)
    for wanted, holds in FOUND:
        expected = [(row["stream"], row["seq"]) for _, row in ordered if holds(row)]
        assert _all(database, Search(**wanted)) == expected, wanted


def test_what_there_is_not_is_refused_by_name(database: Database) -> None:
    for wanted in (Search(act="escalation:dec"), Search(kind="letter"), Search(outcome="lost")):
        with pytest.raises(Invalid):
            _all(database, wanted)


@pytest.mark.parametrize("few", [record.FEW, 0], ids=["few", "many"])
def test_late_is_what_was_made_late_or_is_overdue_now(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(record, "FEW", few)
    _fill(database, 12)
    kinds = [{"id": n, "key": str(n), "step": "deciding", "team": "care", "channel": "console",
              "is_late": n == 2, "how": "approved"} for n in (1, 2)]  # fmt: skip
    moves = [{"opened_at": AT + timedelta(hours=n), "escalation_id": _id(n), "n": 1,
              "kind": 2 if n in (4, 5) else 1, "after": 0, "plain": 1, "working": 1, "paused": 0}
             for n in range(12)]  # fmt: skip
    with database.writing() as session:
        session.execute(insert(plain(tables.MoveKind)), kinds)
        session.execute(insert(plain(tables.Move)), moves)

    def cases(wanted: Search) -> set[int]:
        with database.reading() as session:
            page = record.search(session, DEV.actor, AT + timedelta(1), wanted, limit=200)
        return {int(item.subject.stream.partition("/")[2]) for item in page.items}

    assert cases(Search(late=True)) == {0, 4, 5, 6}
    assert cases(Search(late=False)) == set(range(12)) - {0, 4, 5, 6}


def test_the_house_is_for_auditors_and_only_where_it_is_asked_for(house: Database) -> None:
    with house.reading() as session:
        found = record.search(session, DEV.actor, AT, Search(kind="house"))
        assert found.total > 5
        assert {item.entry.name.partition(":")[0] for item in found.items} == {"house"}
        assert record.search(session, DEV.actor, AT, Search(person="root")).total == 0
        for wanted in (
            Search(kind="house"),
            Search(act="house:case:read"),
            Search(act="house:case"),
        ):
            with pytest.raises(Forbidden):
                record.search(session, CORA.actor, AT, wanted)
        for actor in (ADA.actor, ROOT.actor):
            with pytest.raises(Forbidden):
                record.search(session, actor, AT, Search())
            with pytest.raises(Forbidden):
                case_file.case_file(session, actor, "escalation", _id(1), AT)


def _read(database: Database, stream: str) -> list[str]:
    """More people than are listed, each of whom has read this case twice, and another one."""
    readers = [f"reader{n}" for n in range(case_file.READERS + 3)]
    with database.writing() as session:
        for n, person in enumerate(readers):
            session.add(
                tables.Person(id=person, name=person.title(), roles=["auditor"], created_at=AT)
            )
            session.flush()
            at = AT + timedelta(hours=n, minutes=7)
            for read, when in ((stream, AT - timedelta(days=30)), (f"{stream}2", at), (stream, at)):
                note.note_reading(session, person, read, when)
    return readers


def test_who_read_a_case_is_listed_with_their_last_reading_the_newest_first(
    house: Database,
) -> None:
    stream = f"escalation/{_id(1)}"
    readers = _read(house, stream)
    with house.reading() as session:
        found = case_file.read_by(session, DEV.actor, stream)
        assert found
        assert found.total == len(readers)
        assert [one.person for one in found.readers] == readers[:2:-1]
        assert found.readers[0].at == AT + timedelta(hours=len(readers) - 1, minutes=7)
        assert None not in {one.seq for one in found.readers}
        assert case_file.read_by(session, CORA.actor, stream) is None
        with pytest.raises(Forbidden):
            case_file.read_by(session, ADA.actor, stream)


def test_who_read_a_case_is_found_by_index(sqlite_house: Database) -> None:
    stream = f"escalation/{_id(1)}"
    _read(sqlite_house, stream)
    asked: list[tuple[str, Any]] = []
    event.listen(
        sqlite_house.engine, "before_cursor_execute", lambda *said: asked.append((said[2], said[3]))
    )
    with sqlite_house.reading() as session:
        case_file.read_by(session, DEV.actor, stream)
        plans = [
            row[-1]
            for statement, values in list(asked)
            if "FROM reading" in statement or "FROM ledger" in statement
            for row in session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", values
            )
        ]
    assert sum("(person_id=? AND stream=?)" in plan for plan in plans) == 2, plans
    within_an_hour = [plan for plan in plans if "ledger_" in plan and "at>? AND at<?)" in plan]
    assert len(within_an_hour) == case_file.READERS, plans
    assert not any("SCAN ledger" in plan or "SCAN reading" in plan for plan in plans), plans


def test_a_reading_whose_entry_cannot_be_read_is_listed_by_its_hour(sqlite_house: Database) -> None:
    stream = f"escalation/{_id(1)}"
    with sqlite_house.writing() as session:
        note.note_reading(session, "dev", stream, AT + timedelta(minutes=7))
    with sqlite_house.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_refuses_update")
        connection.exec_driver_sql("UPDATE ledger SET body = '{' WHERE name = 'house:case:read'")
    with sqlite_house.reading() as session:
        found = case_file.read_by(session, DEV.actor, stream)
    assert found
    assert [(one.person, one.at, one.seq) for one in found.readers] == [("dev", AT, None)]


def test_a_count_says_more_where_it_stops(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(database, 10)
    with database.reading() as session:
        found = record.search(session, DEV.actor, AT, Search())
        assert (found.total, found.is_more) == (60, False)
        monkeypatch.setattr(record, "COUNTED", 59)
        found = record.search(session, DEV.actor, AT, Search())
        assert (found.total, found.is_more) == (59, True)


INDEXES: list[tuple[dict[str, Any], str]] = [
    ({}, "ledger_at"),
    ({"since": AT, "until": AT + timedelta(days=90)}, "ledger_at"),
    ({"person": "ada"}, "ledger_by"),
    ({"person": "ada", "act": "escalation:owner:claimed"}, "ledger_(by|name)"),
    ({"act": "escalation:owner:claimed"}, "ledger_name"),
    ({"act": "escalation:decision", "since": AT}, "ledger_name"),
    ({"kind": "house"}, "ledger_name"),
    ({"outcome": "answered"}, "ledger_at"),
]


def test_every_search_is_carried_by_an_index(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a million entries behind it, nothing is read from end to end."""
    monkeypatch.setattr(record, "FEW", 0)
    _fill(database, 4)
    for wanted, index in INDEXES:
        with database.reading() as session:
            plan = record._Plan(session, DEV.actor, AT, Search(**wanted))
            told = _explained(database, plan.positions(51, (AT, 7)))
        assert re.search(index, told), (wanted, told)
        assert "Seq Scan on ledger" not in told, wanted
        assert not re.search(r"SCAN ledger(?! USING)", told), wanted


def _explained(database: Database, statement: Any) -> str:
    dialect: Any = sqlite.dialect() if database.is_sqlite else postgresql.dialect()
    compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            # With so few rows reading them all costs least; what is shown is that none must be.
            for way in ("seqscan", "bitmapscan", "sort", "hashjoin"):
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        rows = connection.exec_driver_sql(f"{explain} {compiled}").all()
    return "\n".join(str(row) for row in rows)


def test_a_page_takes_the_same_few_statements_however_long_it_is(database: Database) -> None:
    _fill(database, 40)
    counts = []
    for limit in (2, 150):
        asked: list[str] = []

        def hear(*told: Any, asked: list[str] = asked) -> None:
            asked.append(told[2])

        event.listen(database.engine, "before_cursor_execute", hear)
        with database.reading() as session:
            record.search(session, DEV.actor, AT, Search(team="care"), limit=limit)
        event.remove(database.engine, "before_cursor_execute", hear)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 8


def test_a_cursor_of_another_list_is_refused(database: Database) -> None:
    with database.reading() as session:
        for cursor in ("made-up", "WyJkdWUiLCAiMSIsICIyIl0", "WyJyZWNvcmQiLCAiMjAyNiIsICJ4Il0"):
            with pytest.raises(Invalid):
                record.search(session, DEV.actor, AT, Search(), cursor=cursor)


def test_every_name_and_outcome_there_can_be_is_known() -> None:
    assert {name.partition(":")[0] for name in record.acts()} == {*KINDS, "house"}
    for kind, column, _value in record.OUTCOMES.values():
        assert column in record._TABLES[kind].c


def test_the_house_proves_itself_like_every_stream(house: Database) -> None:
    with house.reading() as session:
        stream = proofs.read(session, "house")
        assert all(check.ok for check in proofs.checks(stream))
    drop = (
        "DROP TRIGGER ledger_refuses_update"
        if house.is_sqlite
        else "DROP TRIGGER ledger_append_only ON ledger"
    )
    with house.writing() as session:
        session.execute(text(drop))
        session.execute(text("UPDATE ledger SET \"by\" = 'nobody' WHERE seq = 3"))
    with house.reading() as session:
        checks = {check.code: check for check in proofs.checks(proofs.read(session, "house"))}
    # Its bytes are untouched, so the chain holds; but lists would say that somebody else did it.
    assert checks["linked"].ok
    assert checks["columns"].seqs == (3,)
