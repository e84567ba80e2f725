"""The rules in full, asked for at the door of a whole running service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.deps import POLICY_SECONDS
from domain.calendar import Calendar, Day, Offset, Window
from domain.people import Role
from domain.policy import GENERAL
from domain.terms import DecisionMode, DecisionTerms, Limits, ReplyTerms
from store import people, policies, words
from tests import builders
from tests.api.conftest import OpenDoor, comment, open_door

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SOON = (datetime.now(UTC) + timedelta(days=3)).isoformat()


@pytest.fixture
async def strict(sqlite_service: builders.Service) -> AsyncIterator[OpenDoor]:
    """A service under stricter terms: two of the executives decide, words are compared, every
    dismissal is looked at; Finn and Gil are further executives."""
    plan = builders.plan(
        decision=DecisionTerms(mode=DecisionMode.SOME, needed=2),
        replies=ReplyTerms(sameness=850),
        limits=Limits(look_at=100, pause=86_400 * 2),
    )
    at = datetime.now(UTC)
    with sqlite_service.database.writing() as session:
        policy = builders.policy(terms={GENERAL: plan})
        policies.apply(session, policy, "root", at, reason="Stricter.")
        for name in ("finn", "gil"):
            people.put_person(session, name, name.title(), [Role.EXECUTIVE], {}, at, by="root")
    async with open_door(sqlite_service) as door:
        yield door


def as_(door: OpenDoor, name: str) -> Any:
    """A visitor who is not of the cast."""
    with door.service.database.writing() as session:
        token = people.create_token(session, name, datetime.now(UTC), by=name)
    return type(door.ada)(door.http, token)


def promise(sentence: str, accountable: str = "ben") -> dict[str, Any]:
    return {"sentence": sentence, "accountable": accountable, "due_at": SOON}


@pytest.mark.rule(9)
async def test_a_sentence_that_reads_like_a_promise_is_tied_or_marked(door: OpenDoor) -> None:
    path = await door.prepared()
    said = "We are sorry. We will send you a saddle by Friday."
    body: dict[str, Any] = {"request": "May I?", "reply": said}
    problem = await door.ada.refused(422, f"{path}/propose", body)
    assert problem["code"] == "promise_gate"

    await door.ada.post(
        f"{path}/propose", body | {"not_promises": ["We will send you a saddle by Friday."]}
    )
    await door.ada.post(f"{path}/withdraw")
    tied = {"promises": [promise("We will send you a saddle by Friday.", "ada")]}
    await door.ada.post(f"{path}/propose", body | tied)


@pytest.mark.rule(9)
async def test_a_reason_that_says_no_fits_its_channel_and_promises_nothing(door: OpenDoor) -> None:
    path, other = await door.deciding(), await door.prepared()
    said = "We do not sell it. We will send you a catalogue by Friday."
    no = {"code": "not_possible", "reason": said}
    problem = await door.cora.refused(422, f"{path}/refuse", no)
    assert (problem["code"], problem["field"]) == ("promise_gate", "not_promises")
    long = await door.cora.refused(422, f"{path}/refuse", no | {"reason": "No. " * 1500})
    assert (long["code"], long["field"]) == ("text_too_long", "reason")
    none = {"not_promises": ["We will send you a catalogue by Friday."]}
    await door.cora.post(f"{path}/refuse", no | none)

    offered = {"request": "May I say no?", "recommendation": "refuse", "reply": said}
    await door.ada.post(f"{other}/propose", offered | none)
    await door.cora.post(f"{other}/refuse", no)


@pytest.mark.rule(10)
async def test_words_wait_until_whoever_is_accountable_has_signed(door: OpenDoor) -> None:
    sentence = "We will send you a saddle by Friday."
    path = await door.deciding(reply=sentence, promises=[promise(sentence)])
    promise_id = (await door.ada.get(path))["proposal"]["promises"][0]["id"]
    approved = await door.cora.post(f"{path}/approve")
    assert (approved["stage"], approved["post_id"]) == ("replying", None)
    assert (await door.ada.get(path))["waiting"]["unsigned"] == [promise_id]

    no = await door.ada.refused(403, f"{path}/accept_promise", {"promise_id": promise_id})
    assert "whoever is to be accountable" in no["detail"]
    signed = await door.ben.post(f"{path}/accept_promise", {"promise_id": promise_id})
    assert signed["post_id"]
    await door.until_stage(path, "listening")
    await door.until_stage(f"commitments/{promise_id}", "open")


@pytest.mark.rule(10)
async def test_another_date_offered_sends_the_words_back(door: OpenDoor) -> None:
    sentence = "We will call you back on Monday."
    path = await door.deciding(reply=sentence, promises=[promise(sentence)])
    promise_id = (await door.ada.get(path))["proposal"]["promises"][0]["id"]
    later = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    body = {"promise_id": promise_id, "due_at": later, "reason": "Not before the parts are here."}
    await door.ben.post(f"{path}/counter_promise", body)
    problem = await door.cora.refused(409, f"{path}/approve", {})
    assert problem["code"] == "promise_not_accepted"
    await door.cora.post(f"{path}/return", {"reason": "Take Ben's date."})


@pytest.mark.rule(14)
async def test_words_that_were_used_before_ask_for_a_reason(strict: OpenDoor) -> None:
    cora, finn = strict.cora, as_(strict, "finn")
    said = "Thank you for telling us about this; the team has looked at it and agrees with you."
    first = await strict.deciding(reply=said)
    await cora.post(f"{first}/approve")
    await finn.post(f"{first}/approve")
    await strict.until_stage(first, "listening")

    second = await strict.prepared()
    body = {"request": "May I?", "reply": said}
    problem = await strict.ada.refused(422, f"{second}/propose", body)
    assert problem["code"] == "too_alike"
    assert problem["post_id"] == (await strict.ada.get(first))["replies"][0]["id"]
    because = {"same_because": "They asked the very same thing."}
    await strict.ada.post(f"{second}/propose", body | because)


@pytest.mark.rule(6)
async def test_two_distinct_people_decide_and_a_proxy_is_not_a_second_one(
    strict: OpenDoor,
) -> None:
    path = await strict.deciding()
    cora, finn, gil = strict.cora, as_(strict, "finn"), as_(strict, "gil")
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    await gil.post("people/gil/delegations", {"to": "cora", "until": until})

    voted = await cora.post(f"{path}/approve")
    assert voted["stage"] == "deciding"
    again = await cora.refused(409, f"{path}/approve", {"on_behalf_of": "gil"})
    assert again["code"] == "already_voted"
    none = await finn.refused(403, f"{path}/approve", {"on_behalf_of": "gil"})
    assert none["code"] == "no_delegation"
    panel = (await strict.ada.get(path))["proposal"]["panel"]
    assert (panel["needed"], [v["by"] for v in panel["votes"]]) == (2, ["cora"])
    decided = await finn.post(f"{path}/approve")
    assert decided["stage"] == "replying"


@pytest.mark.rule(6)
async def test_a_bypass_needs_a_reason_and_is_in_the_ledger(strict: OpenDoor) -> None:
    path = await strict.deciding()
    problem = await strict.cora.refused(422, f"{path}/bypass", {})
    assert problem["field"] == "reason"
    await strict.cora.post(f"{path}/bypass", {"reason": "The shop burns."})
    names = [e["name"] for e in (await strict.dev.get(f"{path}/history"))["items"]]
    assert "escalation:decision:bypassed" in names


@pytest.mark.rule(3)
async def test_a_pause_stops_the_clock_and_explains_itself(door: OpenDoor) -> None:
    path = await door.prepared()
    until = (datetime.now(UTC) + timedelta(hours=6)).isoformat()
    body = {"code": "third_party", "reason": "The workshop answers tomorrow.", "until": until}
    await door.ada.post(f"{path}/pause", body)
    detail = await door.ada.get(path)
    (clock,) = detail["deadlines"]
    assert (clock["is_paused"], clock["due_at"], detail["is_late"]) == (True, None, False)
    assert any("third_party" in line for line in clock["explained"])

    await door.ada.post(f"{path}/resume")
    await door.ada.refused(403, f"{path}/extend", {"hours": 4, "code": "complex", "reason": "r"})
    await door.ben.post(f"{path}/extend", {"hours": 4, "code": "complex", "reason": "Parts."})
    (clock,) = (await door.ada.get(path))["deadlines"]
    assert clock["first_due_at"] < clock["due_at"]


@pytest.mark.rule(3)
async def test_a_newer_calendar_moves_a_date_once_a_lead_accepts_it(door: OpenDoor) -> None:
    today = datetime.now(UTC).date()
    span: dict[str, Any] = {
        "since": today - timedelta(days=9),
        "until": today + timedelta(days=400),
    }
    utc: dict[str, Any] = {
        "zone": "UTC",
        "zone_version": "2026a",
        "offsets": (Offset(at=EPOCH, seconds=0),),
    }
    always = Calendar(id="hours", weekly=((Window(0, 1440),),) * 7, **utc, **span)
    free = tuple(Day(on=today + timedelta(days=n), name="Stocktaking") for n in range(2))
    stocktaking = always.model_copy(update={"days": free})

    async def put_in_force(calendar: Calendar) -> None:
        with door.service.database.writing() as session:
            plan = builders.plan(calendar="hours")
            policy = builders.policy(terms={GENERAL: plan}, calendars={"hours": calendar})
            policies.apply(session, policy, "root", datetime.now(UTC), reason="Hours.")
        await asyncio.sleep(POLICY_SECONDS)

    await put_in_force(always)
    path = await door.prepared()
    (clock,) = (await door.ada.get(path))["deadlines"]
    await put_in_force(stocktaking)
    (same,) = (await door.ada.get(path))["deadlines"]
    assert same == clock
    body = {"due_at": clock["due_at"], "reason": "The shop counts its saddles."}
    problem = await door.ben.refused(409, f"{path}/accept_calendar", body)
    assert problem["code"] == "another_date"
    body["due_at"] = problem["due_at"]
    await door.ada.refused(403, f"{path}/accept_calendar", body)
    await door.ben.post(f"{path}/accept_calendar", body)
    (moved,) = (await door.ada.get(path))["deadlines"]
    assert moved["due_at"] == problem["due_at"] != clock["due_at"]
    (fact,) = (await door.dev.get(f"{path}/history"))["items"][-1:]
    assert fact["name"] == "escalation:clock:moved"
    assert fact["data"]["old_due_at"] == clock["due_at"]


@pytest.mark.rule(5)
async def test_a_question_moves_the_clock_to_the_owner_and_back(door: OpenDoor) -> None:
    path = await door.deciding()
    await door.cora.post(f"{path}/ask", {"question": "What does a saddle cost?"})
    clocks = (await door.ada.get(path))["deadlines"]
    assert [clock["stage"] for clock in clocks] == ["asked", "deciding"]
    assert [clock["is_paused"] for clock in clocks] == [False, True]
    await door.ada.post(f"{path}/inform", {"text": "Thirty."})
    (clock,) = (await door.ada.get(path))["deadlines"]
    assert (clock["stage"], clock["is_paused"]) == ("deciding", False)


@pytest.mark.rule(7)
async def test_a_dismissal_is_looked_at_by_somebody_else(strict: OpenDoor) -> None:
    path = await strict.prepared()
    held = await strict.ada.post(f"{path}/dismiss", {"code": "nothing_asked"})
    assert held["stage"] == "held"
    await strict.ada.refused(403, f"{path}/uphold", {})
    owed = await strict.ben.post(f"{path}/overturn", {"reason": "She asks for a saddle."})
    assert owed["stage"] == "unclaimed"


@pytest.mark.rule(1)
async def test_a_comment_that_is_taken_back_closes_what_nobody_has_answered(
    door: OpenDoor,
) -> None:
    external_id = words.new_id()
    path = await door.opened(external_id)
    removal = {"channel": "console", "external_id": external_id}
    gone = await door.hook.post("comments/removals", removal)
    assert gone["result"] == "removed"
    assert (await door.hook.post("comments/removals", removal))["result"] == "repeated"
    detail = await door.ada.get(path)
    assert (detail["stage"], detail["outcome"]) == ("closed", "withdrawn")
    assert detail["conversation"][0]["is_removed"]
    unknown = {"channel": "console", "external_id": "never"}
    await door.hook.refused(404, "comments/removals", unknown)


async def test_thanks_do_not_reopen(door: OpenDoor) -> None:
    path = await door.published(reply="Here is the number of the workshop in your town: 12345.")
    thread = (await door.ada.get(path))["thread"]
    sent = comment(words.new_id(), conversation_id=thread, text="Thanks a lot! 🙏")
    assert (await door.hook.post("comments", sent))["result"] == "joined"
    assert (await door.ada.get(path))["stage"] == "listening"
    await door.heard_again(path)
    assert (await door.ada.get(path))["stage"] == "preparing"


async def test_a_case_is_sent_to_another_team_or_declined(door: OpenDoor) -> None:
    path = await door.opened()
    await door.ben.post(f"{path}/assign", {"person": "ada"})
    await door.ada.post(f"{path}/decline", {"reason": "I am on holiday from noon."})
    gone = await door.ben.post(f"{path}/reroute", {"team": "shop", "reason": "It is about prices."})
    assert (gone["stage"], gone["escalation"]["team"]) == ("unclaimed", "shop")
    await door.eve.post(f"{path}/claim")
    nowhere = {"team": "nowhere", "reason": "r"}
    problem = await door.cora.refused(422, f"{path}/reroute", nowhere)
    assert problem["field"] == "team"


async def test_a_case_is_merged_only_into_one_of_the_same_person(door: OpenDoor) -> None:
    rita: dict[str, Any] = {"author": {"handle": "@rita-again"}}
    one, two, other = (
        await door.opened(**rita), await door.opened(**rita), await door.opened()
    )  # fmt: skip
    body = {"reason": "She asked twice."}
    await door.ada.post(f"{one}/claim")
    no = await door.ada.refused(422, f"{one}/merge", body | {"into": other.split("/")[1]})
    assert no["code"] == "not_the_same_person"
    done = await door.ada.post(f"{one}/merge", body | {"into": two.split("/")[1]})
    assert done["escalation"]["outcome"] == "merged"


async def test_a_holding_reply_is_cleared_by_somebody_and_answers_nothing(door: OpenDoor) -> None:
    path = await door.prepared()
    told = await door.ada.post(
        f"{path}/holding_reply", {"text": "Ada has your question and is looking into it."}
    )
    post = f"posts/{told['post_id']}"
    await door.ada.refused(403, f"{post}/clear", {})
    await door.ben.post(f"{post}/clear")
    await door.until_stage(post, "published")
    assert (await door.ada.get(path))["stage"] == "preparing"


async def test_going_on_in_private_still_owes_a_public_note(door: OpenDoor) -> None:
    path = await door.prepared()
    note = await door.ada.post(
        f"{path}/move_private", {"text": "We have written to you; this needs your address."}
    )
    assert note["stage"] == "replying"
    await door.ben.post(f"posts/{note['post_id']}/clear")
    await door.until_stage(path, "listening")
    assert (await door.ada.get(path))["decision"]["outcome"] == "moved_to_private"
