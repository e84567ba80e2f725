"""A day's budget of a channel, handed out in order and never twice."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from domain.post import PostStage
from store import tables, turns
from store.database import Database
from tests.builders import AT

HOUR = timedelta(hours=1)


def posts(database: Database, ids: Sequence[str], stage: str = PostStage.PUBLISHING) -> None:
    same: dict[str, Any] = {
        "channel": "blog",
        "team": "care",
        "escalation_id": "E",
        "comment_id": "C",
        "words_id": "W",
    }
    with database.writing() as session:
        for post_id in ids:
            row = tables.Post(
                id=post_id, seq=1, stage=stage, is_open=True, writer="ada", opened_at=AT, **same
            )
            session.merge(row)


def take(database: Database, post_id: str, at: datetime, per_day: int = 2) -> datetime:
    return database.write(lambda session: turns.take(session, "blog", post_id, per_day, at))


def test_a_day_takes_its_number_and_the_rest_wait_in_order(database: Database) -> None:
    names = [f"P{n}" for n in range(5)]
    posts(database, names)
    found = [take(database, name, AT + n * HOUR) for n, name in enumerate(names)]
    assert found == [AT, AT + HOUR, AT + 24 * HOUR, AT + 25 * HOUR, AT + 48 * HOUR]


def test_whoever_is_called_goes_although_others_wait_behind(database: Database) -> None:
    names = [f"P{n}" for n in range(5)]
    posts(database, names)
    for n, name in enumerate(names):
        take(database, name, AT + n * HOUR)
    at = AT + 24 * HOUR
    assert take(database, "P2", at) == at
    assert take(database, "P4", at + HOUR) == AT + 48 * HOUR, "it asked too early"
    assert take(database, "P3", at + HOUR) == at + HOUR


def test_a_turn_taken_late_moves_the_next_one_by_as_much(database: Database) -> None:
    posts(database, ["P0", "P1"])
    take(database, "P0", AT, 1)
    turn_at = take(database, "P1", AT, 1)
    take(database, "P0", AT + HOUR, 1)
    assert turn_at == AT + 24 * HOUR
    assert take(database, "P1", turn_at, 1) == AT + 25 * HOUR


def test_asking_again_keeps_the_turn_and_takes_no_second_one(database: Database) -> None:
    posts(database, ["P0", "P1"])
    assert [take(database, "P0", AT) for _ in range(3)] == [AT] * 3
    assert take(database, "P1", AT) == AT


def test_what_failed_or_was_withdrawn_gives_its_turn_away(database: Database) -> None:
    posts(database, ["P0", "P1", "P2"])
    take(database, "P0", AT)
    take(database, "P1", AT)
    posts(database, ["P0"], PostStage.WITHDRAWN)
    assert take(database, "P2", AT + HOUR) == AT + HOUR


def test_another_channel_has_its_own_day(database: Database) -> None:
    posts(database, ["P0", "P1"])
    take(database, "P0", AT, 1)
    with database.writing() as session:
        assert turns.take(session, "shop", "P1", 1, AT) == AT


def test_many_at_once_never_take_more_than_there_is(database: Database) -> None:
    names = [f"P{n}" for n in range(12)]
    posts(database, names)
    with ThreadPoolExecutor(6) as threads:
        found = sorted(threads.map(lambda name: take(database, name, AT, 5), names))
    days = [0] * 5 + [24] * 5 + [48] * 2
    assert found == [AT + n * HOUR for n in days]
