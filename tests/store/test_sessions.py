"""Sessions end by themselves, by whoever they belong to, by admins, and with their person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from domain.errors import Forbidden, Unknown
from store import people, sessions
from store.database import Database
from store.sessions import Limits
from store.tables import Token
from tests.builders import ADA, BEN, DEV, ROOT

LIMITS = Limits(timedelta(hours=12), timedelta(hours=2))
HOUR = timedelta(hours=1)


def begin(house: Database, at: datetime, person: str = "ada", hint: str | None = None) -> str:
    with house.writing() as session:
        return sessions.begin(session, person, at, LIMITS, device="Firefox on Linux", hint=hint)


def is_in(house: Database, secret: str, at: datetime) -> bool:
    with house.reading() as session:
        return sessions.find(session, secret, at, LIMITS) is not None


def seen(house: Database, secret: str, at: datetime) -> None:
    with house.writing() as session:
        here = sessions.find(session, secret, at, LIMITS)
        assert here
        people.touch(session, here.id, at)


def test_a_session_lasts_while_something_is_done_and_no_longer_than_its_time(
    house: Database,
) -> None:
    at = datetime.now(UTC)
    idle, busy = begin(house, at), begin(house, at)
    for hour in range(1, 12):
        seen(house, busy, at + hour * HOUR)
    assert is_in(house, idle, at + 2 * HOUR - timedelta(seconds=1))
    assert not is_in(house, idle, at + 2 * HOUR)
    assert is_in(house, busy, at + 12 * HOUR - timedelta(seconds=1))
    assert not is_in(house, busy, at + 12 * HOUR)


def test_no_secret_is_kept_and_a_session_is_no_token(house: Database) -> None:
    at = datetime.now(UTC)
    secret = begin(house, at)
    with house.reading() as session:
        rows = session.scalars(select(Token)).all()
        assert not any(secret in str(row.model_dump()) for row in rows)
        assert people.holder(session, secret, at) is None
        token = people.in_force(session, secret, at, people.Purpose.SESSION)
    assert token is not None
    with house.writing() as session:
        made = people.create_token(session, "ada", at, by="ada")
        assert sessions.find(session, made, at, LIMITS) is None


def test_somebody_who_leaves_has_no_session_left(house: Database) -> None:
    at = datetime.now(UTC)
    secret = begin(house, at)
    with house.writing() as session:
        people.remove_person(session, "ada", at, by="root")
    assert not is_in(house, secret, at)
    with house.reading() as session:
        assert sessions.of_person(session, "ada", ROOT.actor, at, LIMITS) == ()
    with house.writing() as session:  # Also not when they come back.
        people.put_person(session, "ada", "Ada", ["staff"], {}, at, by="root")  # type: ignore[list-item]
    assert not is_in(house, secret, at)


def test_people_end_their_own_and_admins_anybodys(house: Database) -> None:
    at = datetime.now(UTC)
    first, second = begin(house, at), begin(house, at)
    other = begin(house, at, "ben")
    with house.writing() as session:
        found = sessions.of_person(session, "ada", ADA.actor, at, LIMITS)
        assert [item.device for item in found] == ["Firefox on Linux"] * 2
        for somebody in (BEN, DEV):
            with pytest.raises(Forbidden):
                sessions.of_person(session, "ada", somebody.actor, at, LIMITS)
            with pytest.raises(Forbidden):
                sessions.end_all(session, "ada", somebody.actor, at)
        with pytest.raises(Unknown):
            sessions.end_one(session, "ben", found[0].id, BEN.actor, at)
        sessions.end_one(session, "ada", found[0].id, ADA.actor, at)
    assert (is_in(house, first, at), is_in(house, second, at)) == (True, False)
    with house.writing() as session:
        assert sessions.end_all(session, "ada", ROOT.actor, at) == 1
        assert sessions.end_all(session, "ada", ROOT.actor, at) == 0
    assert not is_in(house, first, at)
    assert is_in(house, other, at)


def test_what_is_known_of_a_browser_goes_with_the_session(house: Database) -> None:
    at = datetime.now(UTC)
    ended, left = begin(house, at, hint="token"), begin(house, at, hint="token")
    with house.writing() as session:
        assert sessions.end(session, ended, at) == "token"
        assert sessions.end(session, ended, at) is None
    begin(house, at + 3 * HOUR)  # The one that was left lying has been idle for too long.
    with house.reading() as session:
        kept = {row.digest: (row.device, row.hint) for row in session.scalars(select(Token))}
    for secret in (ended, left):
        assert kept[people.digest_of(secret)] == (None, None)
