"""Versions of the policy, kept with their file and never changed; comments as routing sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.comments import IncomingAuthor
from domain.errors import Unknown
from domain.terms import Allowances
from store import inbox, policies, remarks, tables
from store.database import Database
from tests.builders import AT, incoming, policy

QUICK = policy(allowances=Allowances(claim=60))


def test_a_version_keeps_its_file_its_author_and_the_reason(house: Database) -> None:
    with house.writing() as session:
        policies.apply(session, QUICK, "root", AT, source="# quick", reason="We were slow.")
    with house.reading() as session:
        found = policies.current(session)
        assert found is not None
        assert found == policies.version(session, 2)
        assert (found.source, found.by, found.at) == ("# quick", "root", AT)
        assert (found.reason, found.policy) == ("We were slow.", QUICK)
        assert found.digest == policies.digest_of(QUICK)
        assert [v.version for v in policies.versions(session)] == [2, 1]
        assert policies.version(session, 1).policy == policy()
        with pytest.raises(Unknown, match="no version 3"):
            policies.version(session, 3)


def test_the_policy_in_force_applied_again_makes_no_version(house: Database) -> None:
    with house.writing() as session:
        assert policies.apply(session, policy(), "root", AT, reason="again") == 1
        assert policies.apply(session, QUICK, "root", AT) == 2
        session.flush()
        assert policies.apply(session, policy(), "root", AT) == 3


@pytest.mark.parametrize(
    "statement", ["UPDATE policy_version SET reason = 'x'", "DELETE FROM policy_version"]
)
def test_the_database_refuses_to_change_a_version(house: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), house.writing() as session:
        session.execute(text(statement))


def test_postgresql_refuses_to_empty_the_versions(house: Database) -> None:
    if house.is_sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DBAPIError, match="append-only"), house.writing() as session:
        session.execute(text("TRUNCATE policy_version"))


# Comments as routing sees them. --------------------------------------------------------------


def test_routing_sees_text_reach_and_language(house: Database) -> None:
    comment = incoming(
        author=IncomingAuthor(handle="@rider", reach=4000), text="Mein Rad!", language="de_AT"
    )
    (receipt,) = inbox.receive(house, [comment], AT, is_backlog=True)
    assert receipt.arrival_id is not None
    with house.reading() as session:
        seen = remarks.of_arrival(session, receipt.arrival_id)
    assert (seen.channel, seen.text, seen.reach) == ("console", "Mein Rad!", 4000)
    assert (seen.language, seen.at, seen.is_backlog) == ("de-AT", AT, True)


def test_past_openings_come_newest_first_and_with_their_first_words(
    house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remarks, "PAGE", 2)
    receipts = [
        inbox.receive(house, [incoming(str(n), text=f"number {n}")], AT + timedelta(days=n))[0]
        for n in range(5)
    ]
    inbox.receive(house, [incoming("4", text="number 4, changed")], AT + timedelta(days=9))
    with house.writing() as session:
        for receipt in receipts:
            session.add(_opened(receipt.escalation_id, receipt.comment_id))
    with house.reading() as session:
        everything = remarks.that_opened(session, 10)
        assert [r.text for _, r in everything] == [f"number {n}" for n in (4, 3, 2, 1, 0)]
        assert [r.text for _, r in remarks.that_opened(session, 3)] == [
            "number 4", "number 3", "number 2"
        ]  # fmt: skip
        lately = remarks.that_opened(session, 10, AT + timedelta(days=3))
        assert [r.text for _, r in lately] == ["number 4", "number 3"]


def _opened(escalation_id: str, comment_id: str) -> tables.Escalation:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return tables.Escalation(
        id=escalation_id, seq=1, stage="unclaimed", is_open=True, channel="console", team="care",
        conversation_id="c", comment_id=comment_id, opened_at=at, sort_at=at,
    )  # fmt: skip
