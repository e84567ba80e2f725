"""Figures of promises: each is counted once where it ended, and a break is never forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Forbidden
from store import figures, tables
from store.database import Database
from store.figures import By
from tests import builders
from tests.builders import ADA, HOOK, ROOT

MARCH = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
"""April already in the office's own zone, and March in UTC."""


def _put(database: Database, name: str, stage: str, **changes: Any) -> None:
    values: dict[str, Any] = {
        "id": name,
        "seq": 1,
        "stage": stage,
        "is_open": stage not in ("kept", "kept_late", "withdrawn"),
        "team": "care",
        "escalation_id": "E1",
        "post_id": "P1",
        "words_id": "W1",
        "accountable": "ada",
        "approver": "cora",
        "opened_at": MARCH - timedelta(days=9),
        "due_at": MARCH,
    }
    with database.writing() as session:
        session.add(tables.Commitment(**(values | changes)))


@pytest.fixture
def promises(database: Database) -> Database:
    builders.furnish(database)
    _put(database, "1", "open")
    _put(database, "2", "denied", says="not_kept")
    _put(database, "3", "kept", says="kept")
    _put(database, "4", "kept", is_renegotiated=True)
    _put(database, "5", "kept_late", was_broken=True, accountable="cora")
    _put(database, "6", "broken", was_broken=True, accountable="cora")
    _put(database, "7", "reported", was_broken=True)
    _put(database, "8", "withdrawn", team="shop", due_at=MARCH + timedelta(hours=1))
    _put(database, "9", "withdrawn", was_broken=True, team="shop")
    return database


PARTS = ("open", "kept", "renegotiated", "kept_late", "still_broken", "withdrawn")


@pytest.mark.rule(11)
@pytest.mark.parametrize("by", By)
def test_each_promise_is_counted_once_where_it_ended(promises: Database, by: By) -> None:
    with promises.reading() as session:
        page = figures.commitments(session, ADA.actor, by=by)
    for item in (*page.items, page.total):
        assert sum(getattr(item, part) for part in PARTS) == item.total
    total = page.total
    assert [getattr(total, part) for part in PARTS] == [2, 1, 1, 1, 2, 2]
    assert (total.total, total.broken, total.confirmed, total.denied) == (9, 4, 1, 1)


@pytest.mark.rule(11)
def test_executives_stand_among_all_others_and_teams_have_their_names(promises: Database) -> None:
    with promises.reading() as session:
        by_person = figures.commitments(session, None, by=By.PERSON).items
        by_team = figures.commitments(session, None, by=By.TEAM).items
    assert [(i.key, i.name, i.total, i.broken) for i in by_person] == [
        ("ada", "Ada", 7, 2), ("cora", "Cora", 2, 2),
    ]  # fmt: skip
    assert [(i.key, i.name) for i in by_team] == [
        ("care", "Customer care"), ("shop", "Online shop"),
    ]  # fmt: skip


def test_a_month_is_that_of_the_due_date_in_utc_and_a_span_leaves_its_end_out(
    promises: Database,
) -> None:
    with promises.reading() as session:
        months = figures.commitments(session, None, by=By.MONTH).items
        later = figures.commitments(session, None, since=MARCH + timedelta(hours=1)).total
        before = figures.commitments(session, None, until=MARCH + timedelta(hours=1)).total
        shop = figures.commitments(session, None, team="shop").total
    assert [(i.key, i.total) for i in months] == [("2026-03", 8), ("2026-04", 1)]
    assert (later.total, before.total, shop.total) == (1, 8, 2)


def test_what_older_code_wrote_is_counted_by_its_stage(promises: Database) -> None:
    _put(promises, "10", "broken")
    _put(promises, "11", "kept_late")
    with promises.reading() as session:
        total = figures.commitments(session, None).total
    assert (total.broken, total.still_broken, total.kept_late) == (6, 3, 2)


def test_without_promises_there_are_figures_all_the_same(database: Database) -> None:
    with database.reading() as session:
        page = figures.commitments(session, None)
    assert (page.items, page.total.total) == ((), 0)


def test_who_reads_no_cases_reads_no_figures(database: Database) -> None:
    with database.reading() as session:
        for member in (HOOK, ROOT):
            with pytest.raises(Forbidden):
                figures.commitments(session, member.actor)
