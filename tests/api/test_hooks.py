"""Webhooks over JSON: made, shown once, changed, paused, ended; every change on record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from config.settings import Settings
from domain.hooks import Kind
from domain.house import HOUSE
from store import hook_tables, hooks, tables
from tests.api.conftest import OpenDoor, problem_of
from tests.channels.receiver import Receiver, answers

ALL = sorted(Kind)
BODY = {"name": "CRM", "url": "https://crm.example/hook", "kinds": ["commitment.kept"]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, notice_seconds=1, webhook_networks="127.0.0.0/8")


@pytest.fixture
async def crm() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
def door(fresh_door: OpenDoor) -> OpenDoor:
    """That of a service that may tell this machine."""
    return fresh_door


def recorded(door: OpenDoor) -> list[str]:
    with door.service.database.reading() as session:
        rows = session.scalars(
            select(tables.LedgerEntry)
            .filter_by(stream=HOUSE)
            .order_by(col(tables.LedgerEntry.position))
        )
        return [row.name for row in rows if row.name.startswith("house:hook:")]


async def put(door: OpenDoor, hook: str, status: int = 200, **changes: Any) -> Any:
    answer = await door.root.ask("PUT", f"/api/v1/webhooks/{hook}", json=BODY | changes)
    return answer.json() if status == 200 else problem_of(answer, status)


async def test_a_secret_is_answered_once_and_stands_in_no_ledger(door: OpenDoor) -> None:
    made = await door.root.post("webhooks", BODY)
    hook, secret = made["webhook"]["id"], made["secret"]
    assert secret.startswith("whsec_")
    fresh = (await door.root.post(f"webhooks/{hook}/secret"))["secret"]
    assert fresh != secret
    seen = [
        await door.root.get("webhooks"),
        await door.root.get(f"webhooks/{hook}"),
        await door.root.get("house/history"),
    ]
    assert not any(each in str(seen) for each in (secret, fresh))
    assert "crm.example" not in str(seen[2])
    assert seen[1]["former_until"]
    await door.root.post(f"webhooks/{hook}/end")
    with door.service.database.reading() as session:
        row = session.get_one(hook_tables.Hook, hook)
        assert (row.secret, row.former_secret) == ("", None)


async def test_every_change_is_an_entry_of_the_house_and_a_repeat_is_none(door: OpenDoor) -> None:
    hook = (await door.root.post("webhooks", BODY))["webhook"]["id"]
    for _ in range(2):
        await put(door, hook, name="Our CRM", kinds=ALL)
        await door.root.post(f"webhooks/{hook}/pause")
    for _ in range(2):
        resumed = await door.root.post(f"webhooks/{hook}/resume", {"skip": True})
        assert resumed["state"] == "active"
    for _ in range(2):
        await door.root.post(f"webhooks/{hook}/end")
    assert recorded(door) == [
        f"house:hook:{did}" for did in ("made", "changed", "paused", "resumed", "ended")
    ]
    assert (await door.root.get("webhooks"))["items"] == []
    assert (await put(door, hook, 409))["code"] == "webhook_ended"


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://crm.example/"}, {"url": "https://10.0.0.1/"}, {"url": "https://a:b@c.de/"},
        {"kinds": []}, {"kinds": ["everything"]}, {"name": ""}, {"name": "x" * 81}, {"more": 1},
    ],
)  # fmt: skip
async def test_what_no_webhook_can_be_is_refused_by_field(
    lasting: OpenDoor, wrong: dict[str, Any]
) -> None:
    problem = await lasting.root.refused(422, "webhooks", BODY | wrong)
    (name,) = wrong
    assert name in str(problem.get("errors") or problem)


async def test_a_test_arrives_and_is_sent_again_under_its_id(door: OpenDoor, crm: Receiver) -> None:
    crm.behaviour = answers(200, b"<b>thank you</b>")
    made = await door.root.post("webhooks", BODY | {"url": crm.url})
    hook = made["webhook"]["id"]
    sent = await door.root.post(f"webhooks/{hook}/test")
    await door.service.until(lambda: crm.received)
    assert crm.received[0].headers["webhook-id"] == sent["id"]

    async def detail() -> Any:
        return await door.root.get(f"webhooks/{hook}/deliveries/{sent['id']}")

    async with asyncio.timeout(20):
        while (await detail())["state"] != "delivered":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await door.root.post(f"webhooks/{hook}/deliveries/{sent['id']}/again")
    await door.service.until(lambda: len(crm.received) >= 2)
    assert crm.received[0].body == crm.received[1].body
    page = await door.root.get(f"webhooks/{hook}/deliveries", kind="commitment.kept")
    assert page == {"items": [], "next_cursor": None}
    assert (await detail())["log"][-1]["answer"] == "<b>thank you</b>"


async def test_nothing_is_sent_to_whoever_is_paused(door: OpenDoor, crm: Receiver) -> None:
    made = await door.root.post("webhooks", BODY | {"url": crm.url, "kinds": ALL})
    hook = made["webhook"]["id"]
    await door.root.post(f"webhooks/{hook}/pause")
    assert (await door.root.refused(409, f"webhooks/{hook}/test"))["code"] == "webhook_not_active"
    await door.opened()
    await door.root.post(f"webhooks/{hook}/resume")
    await door.service.until(lambda: crm.received)


async def test_what_is_wanted_from_now_on_is_not_told_of_the_past(
    door: OpenDoor, crm: Receiver
) -> None:
    made = await door.root.post("webhooks", BODY | {"url": crm.url})
    hook = made["webhook"]["id"]
    await door.opened()

    def sleeps() -> bool:
        with door.service.database.reading() as session:
            return hook not in hooks.awake(session)

    await door.service.until(sleeps)
    await put(door, hook, url=crm.url, kinds=ALL)
    path = await door.opened()
    await door.service.until(lambda: crm.received)
    await door.service.until(sleeps)
    assert len(crm.received) == 1
    assert path.partition("/")[2].encode() in crm.received[0].body


async def test_a_message_is_seen_under_its_own_webhook_alone(door: OpenDoor, crm: Receiver) -> None:
    ids = [
        (await door.root.post("webhooks", BODY | {"url": crm.url}))["webhook"]["id"]
        for _ in range(2)
    ]
    sent = await door.root.post(f"webhooks/{ids[0]}/test")
    problem = await door.root.ask("GET", f"/api/v1/webhooks/{ids[1]}/deliveries/{sent['id']}")
    assert problem_of(problem, 404)["code"] == "unknown_delivery"
