"""Comments at the door: what becomes of each, and that none is lost or counted twice."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select
from standardwebhooks import Webhook
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from config.settings import Settings
from domain.policy import Channel, ChannelKind
from store import policies, tables
from store.database import Database
from tests import builders
from tests.api.conftest import OpenDoor, comment, open_door, problem_of

SECRET = "whsec_" + base64.b64encode(b"0" * 32).decode()


def _count(database: Database, table: type[Any]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_comment_opens_joins_repeats_and_revises(fresh_door: OpenDoor) -> None:
    thread = {"conversation_id": "t"}
    opened = await fresh_door.hook.post("comments", comment("1", **thread))
    joined = await fresh_door.hook.post("comments", comment("2", **thread))
    repeated = await fresh_door.hook.post("comments", comment("1", **thread))
    revised = await fresh_door.hook.post("comments", comment("2", text="Other words.", **thread))

    results = [one["result"] for one in (opened, joined, repeated, revised)]
    assert results == ["opened", "joined", "repeated", "revised"]
    assert len({one["escalation_id"] for one in (opened, joined, repeated, revised)}) == 1
    assert set(opened) == {"escalation_id", "comment_id", "result"}
    detail = await fresh_door.ada.get(f"escalations/{opened['escalation_id']}")
    assert [turn["text"] for turn in detail["conversation"]] == [
        "My bike came without a saddle.",
        "Other words.",
    ]
    assert [r["text"] for r in detail["conversation"][1]["revisions"]] == [
        "My bike came without a saddle.",
        "Other words.",
    ]


async def test_what_was_answered_is_in_the_next_get(any_door: OpenDoor) -> None:
    path = await any_door.opened()

    assert (await any_door.ada.get(path))["stage"] == "unclaimed"
    item = (await any_door.ada.get("escalations"))["items"][0]
    assert (item["excerpt"], item["author"]["name"], item["comments"]) == (
        "My bike came without a saddle.",
        "Rita",
        1,
    )


async def test_a_list_answers_a_list_in_its_order(fresh_door: OpenDoor) -> None:
    received = await fresh_door.hook.post(
        "comments", [comment("1"), comment("2"), comment("1"), comment("3")]
    )

    assert [one["result"] for one in received] == ["opened", "opened", "repeated", "opened"]


async def test_an_empty_list_answers_an_empty_list(fresh_door: OpenDoor) -> None:
    answer = await fresh_door.hook.ask("POST", "/api/v1/comments", json=[])
    assert (answer.status_code, answer.json()) == (200, [])


async def test_a_long_list_is_accepted_and_handed_over_in_a_moment(fresh_door: OpenDoor) -> None:
    await fresh_door.opened("0")
    received = await fresh_door.hook.post("comments", [comment(str(n)) for n in range(60)])

    assert Counter(one["result"] for one in received) == {"repeated": 1, "accepted": 59}
    assert received[0]["result"] == "repeated"
    await fresh_door.service.until(
        lambda: _count(fresh_door.service.database, tables.Escalation) == 60, seconds=30
    )


async def test_a_list_over_a_thousand_is_refused_with_the_limit(fresh_door: OpenDoor) -> None:
    problem = await fresh_door.hook.refused(422, "comments", [comment(str(n)) for n in range(1001)])

    assert "1000" in problem["detail"]
    assert _count(fresh_door.service.database, tables.Comment) == 0


async def test_one_bad_comment_refuses_the_list_and_is_named(fresh_door: OpenDoor) -> None:
    brought = [comment(str(n)) for n in range(5)]
    brought[3]["author"].pop("handle")
    brought[4]["posted_at"] = "2026-03-01T09:00:00"
    problem = await fresh_door.hook.refused(422, "comments", brought)

    assert {e["field"] for e in problem["errors"]} == {"[3].author.handle", "[4].posted_at"}
    assert problem["field"] == "[3].author.handle"
    brought = [comment("1"), comment("2", channel="nowhere"), comment("3", text="x" * 20_001)]
    problem = await fresh_door.hook.refused(422, "comments", brought)
    assert [e["field"] for e in problem["errors"]] == ["[1].channel", "[2].text"]
    assert _count(fresh_door.service.database, tables.Comment) == 0


@pytest.mark.rule(1)
async def test_fifty_at_once_make_one_comment_and_one_escalation(any_door: OpenDoor) -> None:
    door = any_door
    received = await asyncio.gather(
        *(door.hook.post("comments", comment("same")) for _ in range(50))
    )

    assert Counter(one["result"] for one in received)["opened"] <= 1
    assert {one["result"] for one in received} <= {"opened", "repeated", "accepted"}
    assert len({(one["escalation_id"], one["comment_id"]) for one in received}) == 1
    await door.service.until(
        lambda: _count(door.service.database, tables.Escalation) == 1, seconds=30
    )
    assert _count(door.service.database, tables.Comment) == 1
    assert _count(door.service.database, tables.Arrival) == 1


@pytest.mark.rule(1)
async def test_fifty_comments_of_one_conversation_make_one_escalation(any_door: OpenDoor) -> None:
    door = any_door
    received = await asyncio.gather(
        *(door.hook.post("comments", comment(str(n), conversation_id="one")) for n in range(50))
    )

    assert len({one["escalation_id"] for one in received}) == 1
    stream = f"escalation/{received[0]['escalation_id']}"
    await door.service.until(
        lambda: len(door.service.state(stream).comments) == 50,  # type: ignore[attr-defined]
        seconds=60,
    )
    assert door.service.names(stream).count("escalation:comment:joined") == 49


# With Temporal away. --------------------------------------------------------------------------


@pytest.fixture
async def lonely(sqlite_house: Database, settings: Settings) -> AsyncIterator[OpenDoor]:
    """A door behind which Temporal is away."""
    client = await Client.connect("127.0.0.1:9", lazy=True, data_converter=pydantic_data_converter)
    async with open_door(builders.Service(client, sqlite_house, settings)) as door:
        yield door


async def test_with_temporal_away_comments_still_go_in(lonely: OpenDoor) -> None:
    one = await lonely.hook.post("comments", comment("1"))
    many = await lonely.hook.post("comments", [comment(str(n)) for n in range(30)])
    again = await lonely.hook.post("comments", comment("1"))

    assert one["result"] == "accepted"
    assert Counter(m["result"] for m in many) == {"repeated": 1, "accepted": 29}
    assert again == one | {"result": "repeated"}
    assert _count(lonely.service.database, tables.Comment) == 30


# Signed webhooks. -----------------------------------------------------------------------------


@pytest.fixture
def hook_policy(sqlite_house: Database, settings: Settings) -> None:
    channel = Channel(kind=ChannelKind.WEBHOOK, team="care", url="http://127.0.0.1:9/out")
    policy = builders.policy()
    with sqlite_house.writing() as session:
        changed = policy.model_copy(update={"channels": {**policy.channels, "blog": channel}})
        policies.apply(session, changed, "root", datetime.now(UTC))
    settings.channel_secrets["blog"] = SecretStr(SECRET)


def _signed(body: bytes) -> dict[str, str]:
    at = datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", at, body.decode()),
        "content-type": "application/json",
    }


async def _hook(door: OpenDoor, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return await door.http.post("/api/v1/hooks/blog", content=body, headers=headers)


async def test_a_signed_webhook_brings_comments_of_its_own_channel_only(
    hook_policy: None, fresh_door: OpenDoor
) -> None:
    event = {"type": "comment.created", "data": comment("1", channel="console")}
    body = json.dumps(event).encode()
    answer = await _hook(fresh_door, body, _signed(body))

    assert answer.status_code == 200, answer.text
    detail = await fresh_door.ada.get(f"escalations/{answer.json()[0]['escalation_id']}")
    assert detail["channel"] == "blog"
    again = await _hook(fresh_door, body, _signed(body))
    assert again.json()[0]["result"] == "repeated"


async def test_a_webhook_without_its_signature_brings_nothing(
    hook_policy: None, fresh_door: OpenDoor
) -> None:
    body = json.dumps(comment("1")).encode()
    for headers in ({}, _signed(b"another body"), _signed(body) | {"webhook-timestamp": "1"}):
        problem_of(await _hook(fresh_door, body, headers), 403)
    problem_of(await fresh_door.http.post("/api/v1/hooks/nowhere", content=body), 404)
    assert _count(fresh_door.service.database, tables.Comment) == 0


async def test_a_signed_webhook_with_a_bad_comment_is_told_which_field(
    hook_policy: None, fresh_door: OpenDoor
) -> None:
    body = json.dumps([comment("1"), {"text": "no author"}]).encode()
    problem = problem_of(await _hook(fresh_door, body, _signed(body)), 422)

    assert "[1].author" in {e["field"] for e in problem["errors"]}
    body = b"{"
    assert problem_of(await _hook(fresh_door, body, _signed(body)), 422)["code"] == "not_json"
