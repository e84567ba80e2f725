"""Commands over HTTP: answered with what is true now, once however often they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from answerable.worker import running
from api import bodies
from api.commands import MARGIN
from config.settings import Settings
from domain.kinds import KINDS
from store import tables
from store.database import Database
from tests import builders
from tests.api.conftest import OpenDoor, open_door, problem_of

NOBODY = "escalations/01ARZ3NDEKTSV4RRFFQ69G5FAV"


def _promise(sentence: str, **changes: Any) -> dict[str, Any]:
    due_at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    return {"sentence": sentence, "accountable": "ada", "due_at": due_at} | changes


def _words(database: Database, *, bound: bool) -> int:
    column = tables.Words.bound_to
    with database.reading() as session:
        condition = column.is_not(None) if bound else column.is_(None)  # type: ignore[union-attr]
        statement = select(func.count()).select_from(tables.Words).where(condition)
        return session.scalar(statement) or 0


def test_every_command_of_the_rules_has_a_body_and_no_other() -> None:
    for name, kind in KINDS.items():
        commands = {act for act, right in kind.rights.items() if not right.is_machine}
        assert set(bodies.BODIES[name]) == commands


async def test_a_command_answers_what_is_in_the_next_get(any_door: OpenDoor) -> None:
    path = await any_door.opened()
    claimed = await any_door.ada.post(f"{path}/claim")
    detail = await any_door.ada.get(path)

    assert claimed["seq"] == detail["seq"] == 2
    assert (claimed["recorded"], claimed["repeated"]) == (True, False)
    assert claimed["escalation"]["owner"] == detail["owner"] == "ada"
    assert (detail["owner_name"], detail["names"]["ada"]) == ("Ada", "Ada")
    mine = await any_door.ada.get("escalations", owner="ada")
    assert mine["items"] == [claimed["escalation"] | {"is_late": False}]


async def test_detail_shows_deadline_ladder_and_what_i_may_do(door: OpenDoor) -> None:
    path = await door.prepared()
    detail = await door.ada.get(path)

    allowed = {p["act"]: p for p in detail["allowed"]}
    assert allowed["propose"] == {"act": "propose", "ok": True, "why_not": None}
    assert allowed["approve"]["why_not"].startswith("only an approver")
    (deadline,) = detail["deadlines"]
    assert deadline["due_at"] == detail["due_at"]
    assert deadline["explained"][-1].startswith("due ")
    assert [rung["is_climbed"] for rung in deadline["ladder"]] == [False, False, False]


@pytest.mark.rule(2)
async def test_one_of_two_claims_wins_and_the_loser_is_told_who_did(any_door: OpenDoor) -> None:
    path = await any_door.opened()
    answers = await asyncio.gather(
        any_door.ada.ask("POST", f"/api/v1/{path}/claim"),
        any_door.ben.ask("POST", f"/api/v1/{path}/claim"),
    )

    lost = next(a for a in answers if a.status_code != 200)
    owner = (await any_door.ada.get(path))["owner"]
    problem = problem_of(lost, 409)
    assert (problem["code"], problem["owner"]) == ("already_claimed", owner)


async def test_release_assign_note_return_and_withdraw(door: OpenDoor) -> None:
    path = await door.prepared()
    await door.ada.post(f"{path}/release")
    await door.ben.post(f"{path}/assign", {"person": "ada"})
    await door.ben.post(f"{path}/note", {"text": "Be kind."})
    await door.ada.post(f"{path}/propose", {"request": "May I?"})
    await door.ada.post(f"{path}/withdraw")
    await door.ada.post(f"{path}/propose", {"request": "May I now?"})
    await door.cora.post(f"{path}/return", {"reason": "Say what it costs."})
    detail = await door.ada.get(path)

    assert (detail["stage"], detail["proposal"]) == ("preparing", None)
    assert [(note["by"], note["text"]) for note in detail["notes"]] == [("ben", "Be kind.")]
    history = await door.ada.get(f"{path}/history")
    assert history["chain"]["holds"] is True
    assert [entry["seq"] for entry in history["items"]] == list(range(1, 10))


async def test_history_is_paged_by_seq(door: OpenDoor) -> None:
    path = await door.deciding()
    whole = (await door.ada.get(f"{path}/history"))["items"]
    first = await door.ada.get(f"{path}/history", limit=2)
    rest = await door.ada.get(f"{path}/history", cursor=first["next_cursor"])

    assert first["items"] + rest["items"] == whole
    assert rest["next_cursor"] is None


async def test_history_verifies_with_nothing_but_itself(door: OpenDoor) -> None:
    import hashlib

    path = await door.deciding()
    previous = "0" * 64
    for entry in (await door.dev.get(f"{path}/history"))["items"]:
        linked = hashlib.sha256(f"{previous}\n{entry['canonical']}".encode()).hexdigest()
        assert (entry["previous"], entry["hash"]) == (previous, linked)
        previous = entry["hash"]


async def test_a_broken_chain_is_told_with_its_place(fresh_door: OpenDoor) -> None:
    path = await fresh_door.deciding()
    with fresh_door.service.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_refuses_update")
        connection.exec_driver_sql("UPDATE ledger SET hash = 'x' WHERE seq = 2")

    assert (await fresh_door.dev.get(f"{path}/history"))["chain"] == {
        "holds": False,
        "broken_at": 2,
    }


# The same key, again. -------------------------------------------------------------------------


async def test_the_same_key_is_carried_out_once_and_answers_the_same(any_door: OpenDoor) -> None:
    path = await any_door.prepared()
    body = {"request": "May I?", "reply": "Yes.", "expected_seq": 2}
    first = await any_door.ada.post(f"{path}/propose", body, key="k-1")
    await any_door.ada.post(f"{path}/note", {"text": "Meanwhile."})
    again = await any_door.ada.post(f"{path}/propose", body, key="k-1")

    assert (again["seq"], again["repeated"]) == (first["seq"], True)
    names = any_door.service.names(f"escalation/{first['id']}")
    assert names.count("escalation:proposal:submitted") == 1


async def test_a_repeat_names_the_post_that_the_first_one_made(door: OpenDoor) -> None:
    path = await door.deciding(reply="Yes, of course.")
    first = await door.cora.post(f"{path}/approve", key="k")
    again = await door.cora.post(f"{path}/approve", key="k")

    assert first["post_id"] is not None
    assert again == first | {"repeated": True, "stage": again["stage"]} | {
        "escalation": again["escalation"]
    }


async def test_a_repeat_of_what_closed_the_case_is_answered_not_refused(door: OpenDoor) -> None:
    path = await door.prepared()
    first = await door.ada.post(f"{path}/dismiss", {"code": "spam"}, key="k")
    again = await door.ada.post(f"{path}/dismiss", {"code": "spam"}, key="k")

    assert (again["repeated"], again["seq"], again["stage"]) == (True, first["seq"], "closed")
    problem = await door.ada.refused(409, f"{path}/dismiss", {"code": "spam"})
    assert problem["code"] == "closed"


async def test_the_same_key_at_the_same_moment_is_carried_out_once(any_door: OpenDoor) -> None:
    path = await any_door.opened()
    answers = await asyncio.gather(
        *(any_door.ada.post(f"{path}/note", {"text": "Once."}, key="k") for _ in range(8))
    )

    assert {answer["seq"] for answer in answers} == {2}
    assert len((await any_door.ada.get(path))["notes"]) == 1


async def test_a_key_for_another_body_is_refused(door: OpenDoor) -> None:
    path = await door.prepared()
    await door.ada.post(f"{path}/note", {"text": "One."}, key="k")
    headers = {"Idempotency-Key": "k"}
    problem = await door.ada.refused(422, f"{path}/note", {"text": "Two."}, headers=headers)

    assert (problem["code"], problem["field"]) == ("key_reused", "Idempotency-Key")
    assert len((await door.ada.get(path))["notes"]) == 1
    await door.ben.post(f"{path}/note", {"text": "Mine."}, key="k")


async def test_without_a_key_one_is_made_and_answered(door: OpenDoor) -> None:
    path = await door.opened()
    answer = await door.ada.ask("POST", f"/api/v1/{path}/claim")
    key = answer.headers["Idempotency-Key"]
    again = await door.ada.post(f"{path}/claim", key=key)

    assert (len(key), again["repeated"]) == (26, True)


# A stale view. --------------------------------------------------------------------------------


async def test_a_stale_seq_refuses_only_if_what_changed_bears_on_it(door: OpenDoor) -> None:
    path = await door.deciding()
    looked_at = (await door.cora.get(path))["seq"]
    await door.ben.post(f"{path}/note", {"text": "Changes nothing."})
    await door.heard_again(path)
    body = {"code": "disagree", "reason": "No.", "expected_seq": looked_at}
    problem = await door.cora.refused(409, f"{path}/refuse", body)

    assert (problem["code"], problem["changed"]) == ("changed_meanwhile", ["comment"])
    await door.ben.post(f"{path}/note", {"text": "Again."})
    await door.cora.post(f"{path}/refuse", body | {"expected_seq": looked_at + 2})
    ahead = {"text": "Hm.", "expected_seq": 99}
    assert (await door.ada.refused(422, f"{path}/note", ahead))["code"] == "seq_ahead"


# Words, and what they are bound to. -----------------------------------------------------------


@pytest.mark.rule(8)
async def test_the_approved_words_typed_again_go_straight_out(door: OpenDoor) -> None:
    sentence = "We will send a saddle."
    promise = _promise(sentence, proof="A parcel number.")
    path = await door.deciding(reply=f"Sorry. {sentence}", promises=[promise])
    await door.heard_again(path)
    approved = await door.cora.post(f"{path}/approve")
    assert approved["post_id"] is None, "the commenter has spoken since: nothing goes by itself"
    body = {"text": f"Sorry. {sentence}", "promises": [promise]}
    replied = await door.ada.post(f"{path}/reply", body)
    await door.until_stage(path, "listening")

    post = await door.ada.get(f"posts/{replied['post_id']}")
    assert (post["cleared_by"], post["promises"]) == ("cora", 1)


@pytest.mark.rule(8)
@pytest.mark.parametrize("change", [{"text": "Other words. We will send a saddle."}, {"due": 1}])
async def test_other_words_or_promises_wait_for_another_person(
    door: OpenDoor, change: dict[str, Any]
) -> None:
    promise = _promise("We will send a saddle.")
    path = await door.deciding(reply="We will send a saddle.", promises=[promise])
    await door.heard_again(path)
    await door.cora.post(f"{path}/approve")
    text = change.get("text", "We will send a saddle.")
    sent = _promise("We will send a saddle.") if "due" in change else promise
    replied = await door.ada.post(f"{path}/reply", {"text": text, "promises": [sent]})
    post = f"posts/{replied['post_id']}"

    assert (await door.ada.get(post))["stage"] == "in_review"
    assert (await door.ada.refused(403, f"{post}/clear"))["code"] == "not_yours"
    await door.ben.post(f"{post}/return", {"reason": "Not yet."})
    await door.until_stage(path, "replying")


@pytest.mark.rule(7)
async def test_the_printed_reason_of_a_refusal_goes_straight_out(door: OpenDoor) -> None:
    path = await door.deciding()
    reason = "We sell no saddles, and say so openly."
    await door.cora.post(f"{path}/refuse", {"code": "not_possible", "reason": reason})
    await door.ada.post(f"{path}/reply", {"text": reason})
    await door.until_stage(path, "listening")


async def test_words_are_bound_only_by_what_was_recorded(door: OpenDoor) -> None:
    path = await door.opened()
    before = _words(door.service.database, bound=True)
    await door.eve.refused(403, f"{path}/note", {"text": "Not my team."})

    assert _words(door.service.database, bound=True) == before
    await door.ada.post(f"{path}/note", {"text": "My team."})
    assert _words(door.service.database, bound=True) == before + 1


REFUSED_PROPOSALS: dict[str, tuple[dict[str, Any], str]] = {
    "sentence_not_in_reply": ({"promises": [_promise("By Monday.")]}, "promises[0].sentence"),
    "unknown_person": (
        {"promises": [_promise("Yes.", accountable="zoe")]},
        "promises[0].accountable",
    ),
    "cannot_be_accountable": (
        {"promises": [_promise("Yes.", accountable="hook")]},
        "promises[0].accountable",
    ),
    "due_in_the_past": (
        {"promises": [_promise("Yes.", due_at="2020-01-01T00:00:00Z")]},
        "promises[0].due_at",
    ),
    "due_too_far": (
        {"promises": [_promise("Yes.", due_at="9999-12-31T00:00:00Z")]},
        "promises[0].due_at",
    ),
    "text_too_long": ({"reply": "x" * 5001}, "reply"),
    "promise_without_reply": ({"reply": None, "promises": [_promise("Yes.")]}, "promises"),
}


@pytest.mark.parametrize("code", REFUSED_PROPOSALS)
async def test_a_proposal_that_could_not_be_kept_is_refused_by_its_field(
    door: OpenDoor, code: str
) -> None:
    path = await door.prepared()
    fields, field = REFUSED_PROPOSALS[code]
    body = {"request": "May I?", "reply": "Yes.", **fields}
    problem = await door.ada.refused(422, f"{path}/propose", body)

    assert (problem["code"], problem["field"]) == (code, field)
    assert (await door.ada.get(path))["proposal"] is None


async def test_a_text_over_the_channels_limit_names_both_numbers(door: OpenDoor) -> None:
    path = await door.deciding()
    await door.cora.post(f"{path}/approve")
    problem = await door.ada.refused(422, f"{path}/reply", {"text": "x" * 5001})

    assert "5001" in problem["detail"]
    assert "5000" in problem["detail"]


# What is not there, or no longer. -------------------------------------------------------------


@pytest.mark.parametrize("entity_id", [NOBODY, "escalations/x", "escalations/%00", "escalations/é"])
async def test_an_unknown_escalation_is_404_and_stores_nothing(
    door: OpenDoor, entity_id: str
) -> None:
    before = _words(door.service.database, bound=False)
    problem = await door.ada.refused(404, f"{entity_id}/note", {"text": "Hello?"})

    assert problem["code"] == "unknown_escalation"
    assert _words(door.service.database, bound=False) == before
    problem_of(await door.ada.ask("GET", f"/api/v1/{entity_id}"), 404)
    problem_of(await door.ada.ask("GET", f"/api/v1/{entity_id}/history"), 404)


async def test_an_unknown_command_is_404_and_names_those_there_are(door: OpenDoor) -> None:
    path = await door.opened()
    problem = await door.ada.refused(404, f"{path}/ring")

    assert problem["code"] == "unknown_command"
    assert "claim" in problem["way_out"]


async def test_out_of_turn_says_what_stage_it_is(door: OpenDoor) -> None:
    path = await door.opened()
    problem = await door.cora.refused(409, f"{path}/approve")

    assert (problem["code"], problem["stage"]) == ("out_of_turn", "unclaimed")


# Without Temporal, without the ledger. --------------------------------------------------------


@pytest.fixture
async def lonely(door: OpenDoor, settings: Settings) -> AsyncIterator[tuple[OpenDoor, str]]:
    """A second door to the same database, behind which Temporal is away."""
    path = await door.opened()
    client = await Client.connect("127.0.0.1:9", lazy=True, data_converter=pydantic_data_converter)
    service = builders.Service(client, door.service.database, settings)
    async with open_door(service) as lonely:
        yield lonely, path


async def test_with_temporal_away_commands_answer_503_and_leave_nothing(
    lonely: tuple[OpenDoor, str],
) -> None:
    door, path = lonely
    stream = path.replace("escalations", "escalation")
    before = door.service.names(stream), _words(door.service.database, bound=False)
    answer = await door.ada.ask("POST", f"/api/v1/{path}/note", json={"text": "Anybody?"})
    problem = problem_of(answer, 503)

    assert problem["code"] == "unavailable"
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["idempotency-key"]
    after = door.service.names(stream), _words(door.service.database, bound=False)
    assert after == before
    assert (await door.ada.get(path))["stage"] == "unclaimed"


class Unwritable(Database):
    """A database that can be read and takes no transaction just now."""

    def write(self, work: Any) -> Any:
        raise OperationalError("write", None, OSError("the disk is gone for a moment"))


async def test_a_command_that_the_ledger_missed_is_202_and_arrives_by_itself(
    door: OpenDoor, settings: Settings
) -> None:
    path = await door.opened()
    database = Unwritable(door.service.database.url.render_as_string(hide_password=False))
    async with open_door(builders.Service(door.service.client, database, settings)) as other:
        claimed = await other.ada.ask("POST", f"/api/v1/{path}/claim")
    database.dispose()

    assert (claimed.status_code, claimed.json()["recorded"]) == (202, False)
    assert claimed.json()["seq"] == 2
    await door.until_stage(path, "preparing")


async def test_an_unknown_outcome_is_202_and_the_same_key_finds_out(
    client: Client, sqlite_house: Database, settings: Settings
) -> None:
    settings.request_seconds = MARGIN + 1
    service = builders.Service(client, sqlite_house, settings)
    async with open_door(service) as door:
        async with running(client, sqlite_house, settings):
            path = await door.opened()
        answer = await door.ada.ask(
            "POST", f"/api/v1/{path}/claim", headers={"Idempotency-Key": "k"}
        )
        problem = problem_of(answer, 202)
        async with running(client, sqlite_house, settings):
            # A worker that has just come may need longer than the second that is given here.
            again: dict[str, Any] = {}
            for _ in range(10):
                answered = await door.ada.ask(
                    "POST", f"/api/v1/{path}/claim", headers={"Idempotency-Key": "k"}
                )
                again = answered.json()
                if answered.status_code == 200:
                    break

    assert problem["code"] == "outcome_unknown"
    assert answer.headers["idempotency-key"] == "k"
    assert (again["seq"], again["escalation"]["owner"]) == (2, "ada")
    assert (
        service.names(path.replace("escalations", "escalation")).count("escalation:owner:claimed")
        == 1
    )


# Notes. --------------------------------------------------------------------------------------


async def test_whoever_stands_in_a_note_is_told_once(door: OpenDoor) -> None:
    path = await door.prepared()
    text = "@ben, please look (and @Cora). @ben @ada @rider ben@example.org /@ben/"
    await door.ada.post(f"{path}/note", {"text": text})

    (note,) = (await door.ada.get(path))["notes"]
    assert note["mentions"] == ["ben", "cora"]
    seen = await door.eve.get(f"{path}/history")
    (entry,) = [e for e in seen["items"] if e["name"] == "escalation:note:written"]
    assert entry["data"] is None


async def test_nobody_is_told_of_a_note_that_they_cannot_read(door: OpenDoor) -> None:
    path = await door.prepared()
    problem = await door.ada.refused(422, f"{path}/note", {"text": "Ask @eve about it."})

    assert problem["code"] == "cannot_read_notes"
    assert "eve is not of this team" in problem["detail"]
    assert (await door.ada.get(path))["notes"] == []
