"""What became of several acts: told once, to one session, and not kept for long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from store import people, told
from store.database import Database
from store.people import Purpose

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def _session(database: Database) -> str:
    """The id of a new session of Ada."""
    with database.writing() as session:
        secret = people.create_token(
            session, "ada", AT, Purpose.SESSION, timedelta(days=1), by="ada"
        )
    with database.reading() as session:
        found = people.in_force(session, secret, AT, Purpose.SESSION)
        assert found is not None
        return str(found.id)


def _keep(database: Database, session_id: str, words: str | None = None) -> str:
    return database.write(lambda s: told.keep(s, session_id, "done", words, AT))


def _take(
    database: Database, session_id: str, told_id: str, at: datetime = AT
) -> tuple[str | None, str | None]:
    return database.write(lambda s: told.take(s, session_id, told_id, at))


def _count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(told.Told)) or 0


def test_an_outcome_is_taken_once_and_by_its_own_session(house: Database) -> None:
    here, elsewhere = _session(house), _session(house)
    row = _keep(house, here)
    assert _take(house, elsewhere, row) == (None, None)
    assert _take(house, here, row) == ("done", None)
    assert _take(house, here, row) == (None, None)
    assert _count(house) == 0, "nothing is kept of it"


def test_words_are_told_again_until_they_go(house: Database) -> None:
    here = _session(house)
    row = _keep(house, here, "why")
    assert _take(house, here, row) == ("done", "why")
    assert _take(house, here, row) == (None, "why")
    late = AT + told.KEPT_FOR
    assert _take(house, here, row, late) == (None, None)
    with house.writing() as session:
        told.sweep(session, late)
    assert _count(house) == 1, "gone once it is older, not before"
    with house.writing() as session:
        told.sweep(session, late + timedelta(seconds=1))
    assert _count(house) == 0


def test_a_session_keeps_a_few_and_takes_none_from_others(house: Database) -> None:
    here, elsewhere = _session(house), _session(house)
    other = _keep(house, elsewhere)
    rows = [_keep(house, here) for _ in range(told.MOST + 3)]
    assert _count(house) == told.MOST + 1
    kept = [row for row in rows if _take(house, here, row)[0]]
    assert len(kept) == told.MOST
    assert _take(house, elsewhere, other)[0] == "done"
