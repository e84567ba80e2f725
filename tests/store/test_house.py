"""Nothing in the house changes without its entry, and the entries are a chain like every other."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlmodel import Session

from domain.house import EVENTS, HOUSE, CaseRead
from domain.people import Role
from store import absences, people, policies, records, tables
from store import house as note
from store.database import Database
from tests import builders
from tests.builders import AT

Entry = tuple[str, str, dict[str, Any]]


def entries(database: Database) -> list[Entry]:
    """Name, by and data of everything in the stream, in order."""
    with database.reading() as session:
        rows = session.scalars(
            select(tables.LedgerEntry).filter_by(stream=HOUSE).order_by(text("seq"))
        )
        return [(row.name, row.by, json.loads(row.body)["data"]) for row in rows]


def since(database: Database, before: int) -> list[Entry]:
    return entries(database)[before:]


@pytest.mark.rule(15)
def test_whoever_is_added_changed_and_leaves_is_on_record_without_name_or_address(
    house: Database,
) -> None:
    before = len(entries(house))
    values: dict[str, Any] = {"name": "Zoe Zimmer", "email": "zoe@a.example"}

    def put(**more: Any) -> None:
        given = {"roles": (Role.STAFF,), "teams": {"care": False}} | values | more
        with house.writing() as session:
            people.put_person(session, "zoe", at=AT, by="root", **given)

    put()
    put()
    put(name="Zoe Zander", roles=(Role.EXECUTIVE,), teams={"care": True}, manager="cora")
    put(name="Zoe Zander", roles=(Role.EXECUTIVE,), teams={}, manager="cora", email=None)
    with house.writing() as session:
        people.remove_person(session, "zoe", AT, by="cora")
        people.remove_person(session, "zoe", AT, by="cora")
    put(roles=(Role.EXECUTIVE,), teams={})
    zoe = {"person": "zoe"}
    assert since(house, before) == [
        ("house:person:added", "root", zoe),
        ("house:role:granted", "root", zoe | {"role": "staff"}),
        ("house:team:joined", "root", zoe | {"team": "care"}),
        ("house:person:changed", "root", zoe | {"fields": ["name", "manager"], "manager": "cora"}),
        ("house:role:granted", "root", zoe | {"role": "executive"}),
        ("house:role:withdrawn", "root", zoe | {"role": "staff"}),
        ("house:team:joined", "root", zoe | {"team": "care", "is_lead": True}),
        ("house:person:changed", "root", zoe | {"fields": ["email"], "manager": "cora"}),
        ("house:team:left", "root", zoe | {"team": "care"}),
        ("house:person:left", "cora", zoe),
        ("house:person:added", "root", zoe),
    ]
    assert not any("Z" in json.dumps(data) or "@" in str(data) for _, _, data in entries(house))


@pytest.mark.rule(15)
def test_tokens_are_on_record_when_made_and_revoked_and_their_secrets_never(
    house: Database,
) -> None:
    before = len(entries(house))
    with house.writing() as session:
        secret = people.create_token(session, "ada", AT, lifetime=timedelta(days=1), by="root")
    with house.writing() as session:
        assert people.revoke(session, AT, secret=secret, by="ada") == 1
        assert people.revoke(session, AT, secret=secret, by="ada") == 0
    (made, root, data), (revoked, ada, ended) = since(house, before)
    assert (made, root, revoked, ada) == (
        "house:token:made", "root", "house:token:revoked", "ada",
    )  # fmt: skip
    assert data["token"] == ended["token"]
    assert data["person"] == ended["person"] == "ada"
    assert data["expires_at"] == "2026-03-03T09:00:00.000000Z"
    assert secret not in json.dumps(entries(house))


@pytest.mark.rule(15)
def test_absences_delegations_and_policies_are_on_record(house: Database) -> None:
    before = len(entries(house))
    until = AT + timedelta(days=1)
    with house.writing() as session:
        away = absences.plan(session, "ada", AT, until, AT, by="ada", deputy="ben").id
        given = absences.give(session, "cora", "ben", AT, until, AT, by="cora").id
    with house.writing() as session:
        for _ in range(2):
            absences.end(session, absences.absence(session, away), AT, by="ada")
            absences.take_back(session, absences.delegation(session, given), AT, by="cora")
        other = builders.policy(teams={"care": "Care", "shop": "Shop"})
        assert policies.apply(session, other, "root", AT) == 2
        assert policies.apply(session, other, "root", AT) == 2
    found = since(house, before)
    assert [name for name, _, _ in found] == [
        "house:absence:planned",
        "house:delegation:given",
        "house:absence:ended",
        "house:delegation:ended",
        "house:policy:applied",
    ]
    assert found[0][2]["deputy"] == "ben"
    assert found[1][2]["of"] == "cora"
    assert found[4][2]["version"] == 2


@pytest.mark.rule(15)
def test_a_change_that_fails_leaves_no_entry_and_no_entry_is_without_its_change(
    house: Database,
) -> None:
    before = entries(house)

    def work(session: Session) -> None:
        people.create_token(session, "ada", AT, by="root")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        house.write(work)
    assert entries(house) == before


@pytest.mark.rule(15)
def test_everything_that_was_ever_recorded_reads_as_its_event(house: Database) -> None:
    for name, _, data in entries(house):
        EVENTS[name].model_validate(data)
        assert len(name.split(":")) == 3


@pytest.mark.rule(15)
def test_whoever_changes_things_at_once_makes_one_chain(house: Database) -> None:
    before = len(entries(house))

    def make(n: int) -> None:
        house.write(lambda session: people.create_token(session, "ada", AT, by="root"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(40)))
    assert len(since(house, before)) == 40
    with house.reading() as session:
        assert records.verify(session, HOUSE) is None


@pytest.mark.rule(15)
def test_a_changed_entry_breaks_the_chain(house: Database) -> None:
    with house.writing() as session:
        connection = session.connection()
        if house.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER ledger_refuses_update")
        else:
            connection.exec_driver_sql("DROP TRIGGER ledger_append_only ON ledger")
        connection.exec_driver_sql(
            "UPDATE ledger SET body = replace(body, 'ada', 'eve') WHERE stream = 'house' "
            "AND seq = 3"
        )
    with house.reading() as session:
        broken = records.verify(session, HOUSE)
    assert broken == 3


def test_an_auditors_reading_is_recorded_once_an_hour_for_each_case(house: Database) -> None:
    before = len(entries(house))
    at = AT + timedelta(minutes=10)

    def read(stream: str, minutes: int) -> bool:
        moment = at + timedelta(minutes=minutes)
        with house.reading() as session:
            was = note.is_noted(session, "dev", stream, moment)
        house.write(lambda session: note.note_reading(session, "dev", stream, moment))
        return was

    assert not read("escalation/E1", 0)
    assert read("escalation/E1", 40)
    assert not read("escalation/E2", 40)
    assert not read("escalation/E1", 60)
    assert since(house, before) == [
        (CaseRead.NAME, "dev", {"stream": stream})
        for stream in ("escalation/E1", "escalation/E2", "escalation/E1")
    ]


def test_a_token_by_somebody_else_is_to_be_told_and_ones_own_or_a_machines_is_not(
    house: Database,
) -> None:
    with house.writing() as session:
        people.create_token(session, "ada", AT, by="ada")
        people.create_token(session, "hook", AT, by="root")
        people.create_token(session, "ben", AT, by="root")
        people.create_token(session, "eve", AT, by="root")
        people.remove_person(session, "eve", AT, by="root")
    with house.writing() as session:
        waiting = note.untold(session, 10)
        assert [(w.person_id, w.reason) for w in waiting] == [("ben", "token_made_for_you")]
        note.mark_told(session, waiting[0].id, AT)
    with house.reading() as session:
        assert note.untold(session, 10) == []
