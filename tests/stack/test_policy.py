"""`answerable policy`: what people read who check, compare, try out and apply a policy."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from importlib.resources import files
from io import StringIO
from pathlib import Path

import pytest

from domain.base import Words
from domain.entity import decide, to_facts
from domain.escalation import ESCALATION, OpenEscalation
from domain.ledger import RULES, Batch
from domain.people import COMMENTER, Role
from domain.policy import Remark, route
from policy.compiling import compile_policy
from policy.file import read_policy_file
from store import inbox, people, policies, records, running, tables
from store.database import Database
from tests import builders
from tests.stack.conftest import Run

EXAMPLE = (files("answerable") / "samples" / "example-policy.toml").read_text("utf-8")

DRAFT = """
# Ours.
[teams]
care = "Customer care"
shop = "Online shop"
[channels.console]
kind = "console"
team = "care"
[channels.shop]
kind = "console"
team = "shop"
[terms.default.allowances]
claim = "1h"
"""

OFFICE = """
[calendars.office]
zone = "Europe/Berlin"
hours = { "mon-fri" = ["09:00-17:00"] }
holidays = { country = "DE" }
[terms.office]
calendar = "office"
[[routes]]
name = "all"
terms = "office"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(DRAFT)
    return path


def test_a_policy_is_applied_with_a_reason_and_shown_as_it_was_written(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    refused = run("policy", "apply", str(file))
    assert refused.status == 1
    assert "needs a reason" in refused.err
    done = run("policy", "apply", str(file), "--reason", "Faster\n claims", "--by", "root")
    assert done.out == "Version 2 is in force.\n"
    shown = run("policy", "show").out
    assert shown.splitlines()[0].startswith("# Version 2, by root on ")
    assert shown.splitlines()[0].endswith(": Faster claims")
    assert "# Ours." in shown
    file.write_text(shown)
    assert run("policy", "apply", str(file)).out == "Version 2 is in force already.\n"
    file.write_text(shown.replace('"1h"', '"2h"'))
    run("policy", "apply", str(file), "--reason", "Slower")
    assert run("policy", "show").out.count("# Version") == 1
    file.write_text(shown)
    run("policy", "apply", str(file), "--reason", "Faster\n claims")
    as_json = json.loads(run("policy", "show", "--format", "json").out)
    assert (as_json["version"], as_json["reason"]) == (4, "Faster\n claims")
    assert as_json["policy"]["terms"]["default"]["allowances"] == {"claim": "1h"}


def test_an_older_version_can_be_shown_and_applied_again(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    run("policy", "apply", str(file), "--reason", "Faster")
    file.write_text(DRAFT.replace('"1h"', '"2h"'))
    run("policy", "apply", str(file), "--reason", "Slower")
    file.write_text(run("policy", "show", "--version", "2").out)
    assert run("policy", "apply", str(file), "--reason", "Back").out == "Version 4 is in force.\n"
    with sqlite_house.reading() as session:
        digests = sorted((v.version, v.digest) for v in policies.versions(session))
    assert digests[1][1] == digests[3][1] != digests[2][1]
    assert "no version 9" in run("policy", "show", "--version", "9").err.lower()


def test_somebody_unknown_applies_nothing(run: Run, sqlite_house: Database, file: Path) -> None:
    result = run("policy", "apply", str(file), "--reason", "x", "--by", "nobody")
    assert result.status == 1
    assert "no person 'nobody'" in result.err
    assert "# Version 1" in run("policy", "show").out


def test_all_errors_of_a_file_are_told_and_nothing_is_done(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    file.write_text(DRAFT.replace('"1h"', '"1 hour"').replace('team = "shop"', 'team = "shoop"'))
    for command in ("check", "diff", "apply", "simulate"):
        result = run("policy", command, str(file))
        assert result.status == 1
        assert f"{file}:12: channels.shop.team is 'shoop'" not in result.err
        assert f"{file}:11: channels.shop.team is 'shoop'" in result.err
        assert f"{file}:13: terms.default.allowances.claim is '1 hour'" in result.err
    assert "# Version 1" in run("policy", "show").out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "There is no file"),
        (b"\xff", "is not UTF-8"),
        (b"[teams", "policy.toml:1: This is not TOML: "),
    ],
)
def test_what_is_no_policy_at_all_is_said(
    run: Run, sqlite_house: Database, file: Path, content: bytes | None, told: str
) -> None:
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    result = run("policy", "check", str(file))
    assert result.status == 1
    assert told in result.err


def test_check_shows_calendars_as_dates_and_needs_no_database(run: Run, file: Path) -> None:
    file.write_text(DRAFT + OFFICE)
    result = run("policy", "check", str(file))
    assert result.status == 0, result.err
    assert "Neujahr, off" in result.out
    assert "Mon–Fri: 09:00–17:00" in result.out
    assert "There is no database here" in result.err
    assert result.out.endswith("can be applied.\n")


@pytest.mark.rule(3)
def test_holidays_have_to_be_accepted_once(run: Run, sqlite_house: Database, file: Path) -> None:
    file.write_text(DRAFT + OFFICE)
    refused = run("policy", "apply", str(file), "--reason", "Hours")
    assert refused.status == 1
    assert "Neujahr, off" in refused.err
    assert "apply with --accept" in refused.err
    accepted = run("policy", "apply", str(file), "--reason", "Hours", "--accept")
    assert accepted.out == "Version 2 is in force.\n"
    file.write_text(DRAFT.replace("1h", "2h") + OFFICE)
    assert run("policy", "apply", str(file), "--reason", "More").out == "Version 3 is in force.\n"


def test_diff_tells_key_by_key_and_changes_nothing(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    run("policy", "apply", str(file), "--reason", "Faster")
    file.write_text(DRAFT.replace('"1h"', '"30m"'))
    assert run("policy", "diff", str(file)).out == "~ terms.default.allowances.claim: 1h → 30m\n"
    file.write_text(DRAFT)
    assert "Nothing would change; version 2" in run("policy", "diff", str(file)).out


def test_a_team_in_use_is_counted_and_goes_only_where_somebody_says_so(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    file.write_text(DRAFT.replace('shop = "Online shop"\n', "").replace('"shop"', '"care"'))
    told = "teams.shop goes, and is in use (members: 1).\n"
    for command in ("diff", "simulate"):
        assert told in run("policy", command, str(file)).out
    refused = run("policy", "apply", str(file), "--reason", "One will do")
    assert refused.status == 1
    assert told in refused.err
    done = run("policy", "apply", str(file), "--reason", "One will do", "--remove")
    assert done.out == "Version 2 is in force.\n"


def test_a_file_as_the_first_versions_had_is_still_taken(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    top = '[allowances]\nclaim = 60\n[[ladder]]\npermille = 500\nact = "remind"\nto = "owner"\n'
    file.write_text(DRAFT.partition("[terms")[0] + top)
    assert run("policy", "apply", str(file), "--reason", "As ever").status == 0
    with sqlite_house.reading() as session:
        in_force = policies.current(session)
    assert in_force is not None
    assert in_force.policy.terms == {}
    assert in_force.policy.allowances.claim == 60
    assert [rung.permille for rung in in_force.policy.ladder] == [500]


@pytest.mark.rule(3)
def test_diff_lists_the_deadlines_that_a_calendar_would_have_moved(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    file.write_text(DRAFT + OFFICE)
    run("policy", "apply", str(file), "--reason", "Hours", "--accept")
    due_at = _open_case(sqlite_house)
    file.write_text(DRAFT + OFFICE.replace("09:00-17:00", "10:00-17:00"))
    told = run("policy", "diff", str(file)).out
    assert "1 running deadlines would be others by these calendars. They stay as they are" in told
    assert "escalation/E1, unclaimed: Mon 2 Mar 2026, 10:00 (+01:00); it would be Mon 2 Mar" in told
    run("policy", "apply", str(file), "--reason", "Later", "--accept")
    with sqlite_house.reading() as session:
        ((_, terms, deadline),) = running.deadlines(session)
    assert deadline.due_at == due_at
    assert terms.policy_version == 2
    listed = run("policy", "dates").out
    assert "escalation/E1, unclaimed: Mon 2 Mar 2026, 10:00 (+01:00); it would be Mon" in listed
    assert "accept_calendar" in listed


def _open_case(database: Database) -> datetime | None:
    """A case that came in on Monday, 2 March 2026, at 9:00 in Berlin. Answers when it is due."""
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    with database.reading() as session:
        in_force = policies.current(session)
    assert in_force is not None
    terms = route(in_force.policy, in_force.version, Remark(channel="console", at=at)).terms
    command = OpenEscalation(
        id="E1", conversation_id="V1", channel="console", comment_id="C1",
        words=Words(id="W1", digest="d"), terms=terms, received_at=at, posted_at=at, rules=RULES,
    )  # fmt: skip
    facts = to_facts(decide(ESCALATION, None, command, COMMENTER, at), 0, "public", at)
    batch = Batch(stream="escalation/E1", kind="escalation", epoch=1, facts=facts)
    records.record(database, batch, at)
    with database.reading() as session:
        ((_, _, deadline),) = running.deadlines(session)
    return deadline.due_at


def test_the_first_policy_needs_neither_people_nor_a_reason(
    run: Run, sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(EXAMPLE)
    assert run("policy", "apply", str(file), "--accept").out == "Version 1 is in force.\n"
    assert "cora" in run("people").out
    shown = run("policy", "show").out
    assert shown.partition("\n")[2] == EXAMPLE


def test_people_of_the_file_get_their_roles_and_keep_their_names(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    with sqlite_house.writing() as session:
        row = session.get_one(tables.Person, "ada")
        row.name, row.email = "Ada Lindqvist", "ada@veloria.example"
    file.write_text(
        DRAFT + '[people.ada]\nroles = ["executive"]\nleads = ["shop"]\n'
        '[people.zoe]\nroles = ["staff"]\nteams = ["care"]\n'
    )
    assert run("policy", "apply", str(file), "--reason", "Ada decides").status == 0
    with sqlite_house.reading() as session:
        ada, zoe = people.actor(session, "ada"), people.actor(session, "zoe")
        row = session.get_one(tables.Person, "ada")
        assert people.actor(session, "ben").roles == {Role.STAFF}
    assert ada.roles == {Role.EXECUTIVE}
    assert ada.leads == {"shop"}
    assert (row.name, row.email) == ("Ada Lindqvist", "ada@veloria.example")
    assert zoe.teams == {"care"}


def test_a_change_of_roles_is_a_version_of_its_own(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    run("policy", "apply", str(file), "--reason", "Faster")
    file.write_text(DRAFT + '[people.ada]\nroles = ["executive"]\n')
    assert run("policy", "diff", str(file)).out == "+ people.ada.roles: executive\n"
    assert "needs a reason" in run("policy", "apply", str(file)).err
    done = run("policy", "apply", str(file), "--reason", "Ada decides")
    assert done.out == "Version 3 is in force.\n"


def test_a_manager_may_stand_further_down_in_the_file(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    file.write_text(
        DRAFT + '[people.yan]\nroles = ["staff"]\nteams = ["care"]\nmanager = "zoe"\n'
        'zone = "Europe/Berlin"\nhours = "mon-fri 09:00-17:00"\n'
        '[people.zoe]\nroles = ["executive"]\n'
    )
    assert run("policy", "apply", str(file), "--reason", "New people").status == 0
    with sqlite_house.reading() as session:
        yan = session.get_one(tables.Person, "yan")
    assert (yan.manager, yan.zone, yan.hours) == ("zoe", "Europe/Berlin", "mon-fri 09:00-17:00")


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1)])
def test_on_a_terminal_the_calendars_are_asked_about(
    run: Run,
    sqlite_house: Database,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    status: int,
) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    file.write_text(DRAFT + OFFICE)
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    result = run("policy", "apply", str(file), "--reason", "Hours")
    assert result.status == status
    assert "Are these calendars right?" in result.err
    version = "# Version 2" if status == 0 else "# Version 1"
    assert version in run("policy", "show").out


def test_doctor_says_when_a_calendar_runs_out(run: Run, sqlite_house: Database) -> None:
    text = DRAFT + OFFICE
    old = compile_policy(read_policy_file(text), date(2020, 1, 1), date(2023, 12, 31))
    with sqlite_house.writing() as session:
        policies.apply(session, old, "root", datetime.now(UTC), source=text)
    assert "Calendar 'office' knows holidays until 2023-12-31 only" in run("doctor").out


def test_simulate_tells_what_would_have_been_different(
    run: Run, sqlite_house: Database, file: Path
) -> None:
    at = datetime.now(UTC)
    (receipt,) = inbox.receive(sqlite_house, [builders.incoming(text="Casino!")], at)
    with sqlite_house.writing() as session:
        session.add(
            tables.Escalation(
                id=receipt.escalation_id, seq=1, stage="unclaimed", is_open=True,
                channel="console", team="care", conversation_id="c",
                comment_id=receipt.comment_id, opened_at=at, sort_at=at,
            )
        )  # fmt: skip
    spam = '[[routes]]\nname = "spam"\nwhen = { words = ["casino"] }\nquarantine = true\n'
    file.write_text(DRAFT + spam)
    result = run("policy", "simulate", str(file), "--last", "10")
    assert result.out.startswith("1 of 1 escalations would have been different.\n")
    assert "held back" in result.out
    assert receipt.escalation_id in result.out
    assert run("policy", "simulate", str(file), "--since", "2100-01-01").out == (
        "0 of 0 escalations would have been different.\n"
    )
    assert "# Version 1" in run("policy", "show").out
