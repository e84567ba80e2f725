"""Drafts in both databases: nothing typed is lost, and nothing is kept for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from domain.drafts import KEPT_FOR, MOST, DraftKind
from domain.errors import Conflict
from store import drafts, records, tables
from store.database import Database
from store.drafts import Draft
from tests.builders import ADA, AT, BEN, Member
from tests.store.test_records import batch, facts_of_opening

REPLY = DraftKind.REPLY


@pytest.fixture
def case(house: Database) -> Database:
    """A house with one open case, E1."""
    records.record(house, batch(*facts_of_opening()), AT)
    return house


def save(
    database: Database,
    text: str,
    based_on: int | None = None,
    who: Member = ADA,
    at: datetime = AT,
    kind: DraftKind = REPLY,
) -> Draft:
    return drafts.save(database, "E1", who.actor, kind, text, based_on, at)


def texts(database: Database) -> dict[int, str]:
    with database.reading() as session:
        rows = session.execute(select(col(tables.Draft.version), col(tables.Draft.text)))
        return {row.version: row.text for row in rows}


def test_each_other_text_is_a_version_and_the_same_text_is_none(case: Database) -> None:
    assert save(case, "We are").version == 1
    assert save(case, "We are sorry", 1).version == 2
    repeated = save(case, "We are sorry", 1, at=AT + timedelta(hours=1))

    assert (repeated.version, repeated.created_at, repeated.person_name) == (2, AT, "Ada")
    assert texts(case) == {1: "We are", 2: "We are sorry"}


def test_two_who_write_from_the_same_version_lose_nothing(case: Database) -> None:
    save(case, "We are")
    save(case, "We are sorry.", 1, BEN)
    for _ in range(2):
        with pytest.raises(Conflict) as refused:
            save(case, "We are fine.", 1, ADA)

        assert refused.value.code == "draft_changed"
        assert "Ben saved version 2 meanwhile" in refused.value.message
        assert refused.value.details["saved_by"] == "ben"
        assert refused.value.details["newest"] == 2
        assert refused.value.details["kept_as"] == 3
    assert texts(case) == {1: "We are", 2: "We are sorry.", 3: "We are fine."}

    together = save(case, "We are sorry, and fine.", 2, ADA)
    assert (together.version, together.is_aside) == (4, False)


def test_kinds_do_not_get_in_each_others_way(case: Database) -> None:
    save(case, "We are sorry.")
    note = save(case, "Call them?", None, BEN, kind=DraftKind.NOTE)
    reply = save(case, "We are very sorry.", 1)

    assert (note.version, reply.version) == (2, 3)


def test_of_two_at_the_same_moment_one_is_the_newest_and_both_are_kept(case: Database) -> None:
    save(case, "We")

    def one(n: int) -> str:
        try:
            save(case, f"We {n}", 1, ADA if n % 2 else BEN)
        except Conflict:
            return "aside"
        return "newest"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(one, range(4)))

    assert sorted(outcomes) == ["aside", "aside", "aside", "newest"]
    assert set(texts(case).values()) == {"We", "We 0", "We 1", "We 2", "We 3"}


def test_a_case_has_no_more_than_two_hundred_versions_and_numbers_are_given_once(
    case: Database,
) -> None:
    with case.writing() as session:
        session.add_all(
            tables.Draft(
                escalation_id="E1",
                version=n,
                kind=REPLY,
                person="ada",
                text=f"{n}",
                based_on=n - 1 or None,
                created_at=AT + timedelta(minutes=n),
            )
            for n in range(1, MOST + 1)
        )
    last = save(case, "the last straw", MOST, at=AT + timedelta(minutes=MOST + 1)).version
    assert last == MOST + 1
    kept = texts(case)

    assert len(kept) < MOST / 2
    assert min(kept) == 1
    assert save(case, "more", last).version == MOST + 2


def test_drafts_are_swept_thirty_days_after_their_case_has_closed(case: Database) -> None:
    save(case, "We are sorry.")
    assert drafts.sweep(case, AT + timedelta(days=365)) == 0

    table = tables.Escalation
    with case.writing() as session:
        closed = {"is_open": False, "closed_at": AT}
        session.execute(update(table).where(col(table.id) == "E1").values(**closed))
    with pytest.raises(Conflict, match="closed"):
        save(case, "And more.", 1)
    assert drafts.sweep(case, AT + KEPT_FOR) == 0
    assert drafts.sweep(case, AT + KEPT_FOR + timedelta(seconds=1)) == 1
    with case.reading() as session:
        assert session.scalar(select(func.count()).select_from(tables.Draft)) == 0
