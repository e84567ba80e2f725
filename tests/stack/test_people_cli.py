"""People who are there, on the command line: hours, absences, delegations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain.house import HOUSE
from store import people, records
from store.database import Database
from tests.stack.conftest import Run

SOON = (datetime.now(UTC) + timedelta(days=2)).date()
BACK = SOON + timedelta(days=7)
ZOE = ("people", "add", "zoe", "--role", "executive", "--manager", "cora")
OFFICE = ("--zone", "Europe/Berlin", "--hours", "mon-fri 09:00-12:30 13:30-17:00")


def lines(text: str) -> dict[str, str]:
    return {line[:13].strip(): line[13:] for line in text.splitlines()}


def test_a_person_is_shown_with_hours_manager_absences_and_delegations(
    run: Run, sqlite_house: Database
) -> None:
    assert run(*ZOE, *OFFICE).status == 0
    assert run("absence", "add", "zoe", "--until", str(BACK), "--deputy", "ben").status == 0
    assert run("delegate", "give", "cora", "zoe", "--until", str(BACK)).status == 0
    shown = lines(run("people", "show", "zoe").out)
    assert shown["hours"] == "mon-fri 09:00-12:30 13:30-17:00"
    assert shown["manager"] == "cora"
    assert shown["decides for"] == "cora"
    assert "deputy ben" in shown["absent"]
    assert shown["delegation"].startswith("cora to zoe")
    assert shown["there"].startswith("from ")
    assert "zoe" in lines(run("people", "show", "ben").out)["decides for"]
    assert run("people", "remove", "zoe").status == 0
    assert lines(run("people", "show", "zoe").out)["there"] == "has left"


@pytest.mark.rule(4)
def test_days_of_an_absence_are_those_of_the_persons_own_zone(
    run: Run, sqlite_house: Database
) -> None:
    assert run("people", "add", "zoe", "--role", "staff", "--zone", "Asia/Tokyo").status == 0
    added = run("absence", "add", "zoe", "--from", str(SOON), "--until", str(BACK))
    before: date = SOON - timedelta(days=1)
    assert f"{before} 15:00 to" in added.out, "midnight in Tokyo is the evening before in UTC"
    listed = run("absence", "list", "zoe").out
    assert len(listed.splitlines()) == 1
    absence = listed.split()[0]
    assert run("absence", "end", absence, "--by", "zoe").status == 0
    assert run("absence", "list").out == ""


def test_a_delegation_is_given_listed_and_ended(run: Run, sqlite_house: Database) -> None:
    given = run("delegate", "give", "cora", "ben", "--until", str(BACK), "--may-pass-on")
    assert "ben decides for cora" in given.out
    listed = run("delegate", "list").out
    assert "may pass on" in listed
    with sqlite_house.reading() as session:
        assert people.actor(session, "ben").stands_for == ("cora",)
    assert run("delegate", "end", listed.split()[0]).status == 0
    assert run("delegate", "list", "cora").out == ""
    with sqlite_house.reading() as session:
        assert people.actor(session, "ben").stands_for == ()
        assert records.verify(session, HOUSE) is None


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("people add zoe --role staff --hours mon", "these are no working hours"),
        ("people add zoe --role staff --zone Mars", "There is no time zone 'Mars'"),
        ("people add zoe --role staff --manager zed", "There is no person 'zed'"),
        ("people add zoe --role staff --by zed", "There is no person 'zed'"),
        ("people show zed", "There is no person 'zed'"),
        ("token create ada --by zed", "There is no person 'zed'"),
        ("absence add zed --until 2099-01-01", "There is no person 'zed'"),
        ("absence add ada --until soon", "--until 'soon' is no day and no moment"),
        ("absence add ada --until 2020-01-01", "it ends before it begins"),
        ("absence add ada --until 2099-01-01 --by ben", "by ada or an admin"),
        ("absence end nothing", "There is no absence 'nothing'"),
        ("delegate give cora cora --until 2099-01-01", "too far"),
        ("delegate end nothing", "There is no delegation 'nothing'"),
    ],
)
def test_a_refusal_is_one_sentence_with_the_way_out(
    run: Run, sqlite_house: Database, command: str, told: str
) -> None:
    result = run(*command.split())
    assert result.status == 1
    assert told.lower() in result.err.lower()
    assert len(result.err.splitlines()) == 1
    assert result.err.count(".") >= 2


def test_doctor_finds_a_house_whose_record_was_changed_by_hand(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    assert "one unbroken chain" in run("doctor").out
    with sqlite_house.writing() as session:
        connection = session.connection()
        connection.exec_driver_sql("DROP TRIGGER ledger_refuses_update")
        connection.exec_driver_sql("UPDATE ledger SET body = '{}' WHERE seq = 2")
    looked_at = run("doctor").out
    assert "Entry 2 of 'house' was changed by hand. Compare it with a backup." in looked_at
