"""Who an account at the identity provider is here, and who it can never become."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.errors import Conflict, Forbidden
from domain.people import Role
from store import identities, people, sessions, tables
from store.database import Database
from store.identities import Standing, Told, Way, standing_of

ISSUER = "https://login.example"
AT = datetime.now(UTC)
STAFF = Standing(roles=frozenset({Role.STAFF}), teams={"care": False})


def told(subject: str = "s-1", **more: Any) -> Told:
    return Told(issuer=ISSUER, subject=subject, **more)


def arrive(house: Database, who: Told, standing: Standing | None = None) -> str:
    return house.write(lambda session: identities.recognise(session, who, standing, AT))


def put(house: Database, person: str, *roles: Role, email: str | None = None) -> None:
    with house.writing() as session:
        people.put_person(
            session, person, person.title(), roles or (Role.STAFF,), {}, AT, email, by="root"
        )


def refused(house: Database, who: Told, code: str, standing: Standing | None = None) -> None:
    with pytest.raises(Forbidden) as refusal:
        arrive(house, who, standing)
    assert refusal.value.code == code
    assert refusal.value.way_out


def test_an_address_finds_a_person_once_and_the_account_ever_after(house: Database) -> None:
    put(house, "zoe", email="zoe@example.org")
    assert arrive(house, told(email="ZOE@example.org", is_checked=True)) == "zoe"
    assert arrive(house, told(email="other@example.org", is_checked=False)) == "zoe"
    with house.reading() as session:
        names = [e.name for e in session.scalars(select(tables.LedgerEntry)) if "zoe" in e.body]
        bodies = "".join(e.body for e in session.scalars(select(tables.LedgerEntry)))
    assert names.count("house:identity:bound") == 1
    assert "example.org" not in bodies


def test_nobody_takes_over_a_person_by_an_address(house: Database) -> None:
    put(house, "zoe", Role.EXECUTIVE, email="zoe@example.org")
    claimed = {"email": "zoe@example.org", "login": "zoe", "name": "Zoe"}
    refused(house, told(**claimed), "unchecked_address")
    arrive(house, told("s-1", is_checked=True, **claimed))
    # The address is somebody else's now, or so their provider says.
    refused(house, told("s-2", is_checked=True, **claimed), "other_account")
    refused(house, told("s-2", is_checked=True, **claimed), "other_account", STAFF)


def test_a_name_finds_nobody(house: Database) -> None:
    """Whoever may choose what they are called must not choose whom they are."""
    refused(house, told(login="ada", name="Ada"), "unknown_account")
    assert arrive(house, told(login="ada", name="Ada"), STAFF) == "ada-2"
    assert arrive(house, told("s-2", login="root"), STAFF) == "root-2"
    assert arrive(house, told("s-3", login="System"), STAFF) == "system-2"
    assert arrive(house, told("s-4", login="Zoë Müller@x"), STAFF) == "zo-m-ller"
    assert arrive(house, told("s-5"), STAFF) == "person"


def test_two_people_with_one_address_are_not_told_apart(house: Database) -> None:
    for person in ("zoe", "zora"):
        put(house, person, email="office@example.org")
    refused(house, told(email="office@example.org", is_checked=True), "shared_address")


def test_a_machine_has_no_account(house: Database) -> None:
    put(house, "crawler", Role.SERVICE, email="bot@example.org")
    refused(house, told(email="bot@example.org", is_checked=True), "unknown_account")


def test_whoever_has_left_does_not_come_back_by_signing_in(house: Database) -> None:
    put(house, "zoe", email="zoe@example.org")
    who = told(email="zoe@example.org", is_checked=True)
    arrive(house, who)
    with house.writing() as session:
        people.remove_person(session, "zoe", AT, by="root")
    refused(house, who, "has_left")
    refused(house, who, "has_left", STAFF)
    other = told("s-9", email="zoe@example.org", is_checked=True)
    refused(house, other, "other_account", STAFF)
    with house.writing() as session:
        identities.release(session, "zoe", AT, by="root")
    refused(house, other, "has_left", STAFF)


def test_groups_set_roles_and_teams_and_leave_the_rest(house: Database) -> None:
    with house.writing() as session:
        people.put_person(
            session, "zoe", "Zoe", [Role.ADMIN], {"shop": True}, AT, "zoe@example.org", by="root",
            manager="ben", zone="Europe/Berlin", hours="mon-fri 09:00-17:00",
        )  # fmt: skip
        people.remove_person(session, "ben", AT, by="root")
    who = told(email="zoe@example.org", is_checked=True, name="Zoe Z.")
    standing = Standing(roles=frozenset({Role.STAFF}), teams={"care": True, "unknown": False})
    arrive(house, who, standing)
    with house.reading() as session:
        actor, row = people.actor(session, "zoe"), people.known(session, "zoe")
        assert (actor.roles, actor.teams) == (frozenset({Role.STAFF}), frozenset({"care"}))
        assert actor.leads == actor.teams
        assert (row.name, row.manager, row.zone) == ("Zoe Z.", "ben", "Europe/Berlin")
        entries = session.scalars(select(tables.LedgerEntry).filter_by(by="system")).all()
    assert {e.name for e in entries} >= {
        "house:role:granted", "house:role:withdrawn", "house:team:joined", "house:team:left",
    }  # fmt: skip
    arrive(house, who, Standing())
    with house.reading() as session:
        assert people.actor(session, "zoe").roles == frozenset()
    refused(house, told("s-2", login="new"), "no_group", Standing())


def test_groups_add_up() -> None:
    granted = {
        "care": STAFF,
        "leads": Standing(roles=frozenset({Role.STAFF}), teams={"care": True}),
        "board": Standing(roles=frozenset({Role.EXECUTIVE})),
    }
    both = standing_of(["leads", "care", "board", "knitting", "care"], granted)
    assert both == Standing(roles=frozenset({Role.STAFF, Role.EXECUTIVE}), teams={"care": True})
    assert standing_of([], granted) == Standing()


def test_an_account_is_bound_and_released_by_hand(house: Database) -> None:
    with house.writing() as session:
        identities.bind(session, "ada", ISSUER, "s-1", AT, by="root")
        identities.bind(session, "ada", ISSUER, "s-1", AT, by="root")
        for person, subject in (("ben", "s-1"), ("ada", "s-2")):
            with pytest.raises(Conflict):
                identities.bind(session, person, ISSUER, subject, AT, by="root")
    assert arrive(house, told()) == "ada"
    limits = sessions.Limits(timedelta(hours=1), timedelta(hours=1))
    with house.writing() as session:
        secret = sessions.begin(session, "ada", AT, limits)
        assert identities.release(session, "ada", AT, by="root") == 1
        assert sessions.find(session, secret, AT, limits) is None
    refused(house, told(), "unknown_account")


def test_a_way_comes_back_once_in_time_and_to_its_browser(house: Database) -> None:
    way = Way(nonce="n", verifier="v", onward="/queue")

    def set_out(state: str) -> None:
        house.write(lambda session: identities.set_out(session, state, "mine", way, AT))

    def come_back(state: str, browser: str, at: datetime = AT) -> Way | None:
        return house.write(lambda session: identities.come_back(session, state, browser, at))

    for state in ("a", "b", "c"):
        set_out(state)
    assert come_back("a", "mine") == way
    assert come_back("a", "mine") is None
    assert come_back("b", "another") is None
    assert come_back("b", "mine") is None, "a state that somebody else knows is worth nothing"
    assert come_back("c", "mine", AT + identities.ON_THE_WAY) is None
    assert come_back("never", "mine") is None
