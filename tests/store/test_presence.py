"""Who is at a case: seen by those who work on it, while they say so, and then forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from store import presence, tables
from store.database import Database
from store.presence import LASTS, Present
from tests.builders import ADA, BEN, CORA, EVE, Member
from tests.store.test_queries import _fill, _id, _rows

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASE = f"escalation/{_id(0)}"


def _say(house: Database, who: Member, at: datetime = AT, *, is_writing: bool = False) -> None:
    with house.writing() as session:
        presence.say(session, CASE, who.actor, at, is_writing=is_writing)


def _seen(house: Database, by: Member, at: datetime = AT) -> list[Present]:
    with house.reading() as session:
        return presence.others(session, [CASE], by.actor, at).get(CASE, [])


def test_those_who_work_on_a_case_see_each_other_and_who_writes_first(house: Database) -> None:
    _fill(house, _rows(0, 1, team="care", is_open=True))
    _say(house, ADA)
    _say(house, CORA)
    _say(house, BEN, is_writing=True)

    assert _seen(house, ADA) == [Present("ben", "Ben", True), Present("cora", "Cora", False)]


def test_another_team_neither_sees_nor_is_seen(house: Database) -> None:
    _fill(house, _rows(0, 1, team="care", is_open=True))
    _say(house, ADA)
    _say(house, EVE)

    assert _seen(house, EVE) == []
    assert _seen(house, BEN) == [Present("ada", "Ada", False)]


def test_whoever_leaves_or_says_nothing_more_is_forgotten(house: Database) -> None:
    _fill(house, _rows(0, 1, team="care", is_open=True))
    _say(house, ADA)
    _say(house, CORA)
    with house.writing() as session:
        presence.leave(session, CASE, CORA.actor)
    assert [one.person for one in _seen(house, BEN)] == ["ada"]
    later = AT + LASTS + timedelta(seconds=1)
    assert _seen(house, BEN, later) == []

    _say(house, BEN, later)
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(tables.Presence)) == 1
