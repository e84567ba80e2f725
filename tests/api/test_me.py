"""How I am told: my own to say, a secret that goes in and never out, and a log for admins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.notices import Topic
from store import notices, people, tables
from store.notices import Result
from tests.api.conftest import OpenDoor, Visitor, problem_of

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


async def put(visitor: Visitor, body: dict[str, Any], status: int = 200) -> Any:
    answer = await visitor.ask("PUT", "/api/v1/me/notices", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def changes(door: OpenDoor, person: str) -> list[dict[str, Any]]:
    entries = (await door.root.get("house/history", limit=200))["items"]
    return [
        entry["data"]
        for entry in entries
        if entry["name"] == "house:notices:changed" and entry["data"]["person"] == person
    ]


async def test_without_a_word_every_topic_comes_at_once_by_every_way(lasting: OpenDoor) -> None:
    mine = await lasting.dev.get("me/notices")
    assert mine["person"] == "dev"
    assert set(mine["topics"]) == set(Topic)
    assert all(rule["timing"] == "at_once" for rule in mine["topics"].values())
    assert all(sorted(rule["ways"]) == ["chat", "mail"] for rule in mine["topics"].values())
    assert (mine["has_mail"], mine["has_chat"]) == (False, False)


async def test_what_i_say_holds_for_me_alone_and_is_on_record_once(lasting: OpenDoor) -> None:
    body = {"topics": {"cases": {"ways": ["mail"], "timing": "daily"}, "late": {"ways": []}}}
    for _ in range(2):
        await put(lasting.ada, body)
    mine = await lasting.ada.get("me/notices")
    assert mine["topics"]["cases"] == {"ways": ["mail"], "timing": "daily"}
    assert mine["topics"]["late"]["ways"] == []
    others = await lasting.ben.get("me/notices")
    assert others["topics"]["cases"]["timing"] == "at_once"
    assert await changes(lasting, "ada") == [{"person": "ada"}]


async def test_an_address_of_a_chat_goes_in_and_never_comes_out(lasting: OpenDoor) -> None:
    mine = await put(lasting.eve, {"chat": SLACK})
    assert mine["has_chat"] is True
    assert (await put(lasting.eve, {"topics": {"late": {"ways": ["chat"]}}}))["has_chat"] is True
    for path in ("me/notices", "people/eve", "people"):
        answer = await lasting.eve.ask("GET", f"/api/v1/{path}")
        assert "TIiajkdnlazkcOXrIdevi7FQ" not in answer.text
    history = await lasting.root.ask("GET", "/api/v1/house/history?limit=200")
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in history.text
    assert {"person": "eve", "has_chat": True} in await changes(lasting, "eve")
    assert (await put(lasting.eve, {"forget_chat": True}))["has_chat"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"topics": {"weather": {}}}, "topics.weather"),
        ({"topics": {"late": {"ways": ["pigeon"]}}}, "topics.late.ways"),
        ({"topics": {"late": {"timing": "never"}}}, "topics.late.timing"),
        ({"topics": {"late": {"ways": ["chat"]}}}, "topics.late.ways"),
        ({"chat": "json://10.0.0.7/secret"}, "chat"),
        ({"person": "ben"}, "person"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    lasting: OpenDoor, body: dict[str, Any], field: str
) -> None:
    answer = await lasting.dev.ask("PUT", "/api/v1/me/notices", json=body)
    problem = problem_of(answer, 422)
    named = [problem.get("field"), *(e["field"] for e in problem.get("errors") or ())]
    assert any(name and name.startswith(field) for name in named), problem
    assert "10.0.0.7" not in answer.text


async def test_machines_have_no_notices(lasting: OpenDoor) -> None:
    problem_of(await lasting.hook.ask("GET", "/api/v1/me/notices"), 403)
    problem_of(await lasting.stranger.ask("GET", "/api/v1/me/notices"), 401)


async def test_what_was_wanted_goes_with_whoever_leaves(fresh_door: OpenDoor) -> None:
    await put(fresh_door.ada, {"chat": SLACK, "topics": {"late": {"ways": ["chat"]}}})
    database = fresh_door.service.database
    with database.writing() as session:
        people.remove_person(session, "ada", datetime.now(UTC), by="root")
        assert session.get(tables.NoticeRules, "ada") is None


async def test_admins_read_what_was_told_and_nobody_else(lasting: OpenDoor) -> None:
    with lasting.service.database.writing() as session:
        body = [{"reason": "late", "about": "escalation/E1", "urgent": False}]
        session.add(tables.Announcement(id="told-1", person_id="ada", body=body))
        session.flush()
        at = datetime.now(UTC)
        notices.note(session, "told-1", "mail", Result.REFUSED, at, detail="smtp_550", most=4)
    (item,) = (await lasting.root.get("notices/deliveries", person="ada"))["items"]
    assert (item["name"], item["way"], item["result"], item["detail"]) == (
        "Ada", "mail", "refused", "smtp_550",
    )  # fmt: skip
    assert item["told"] == [{"reason": "late", "about": "escalation/E1"}]
    for visitor in (lasting.ada, lasting.cora, lasting.dev, lasting.hook):
        problem_of(await visitor.ask("GET", "/api/v1/notices/deliveries"), 403)
