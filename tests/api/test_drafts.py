"""Drafts at the door: for those who work on the case, and for nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import OpenDoor, Visitor, problem_of

HIDDEN = "Words that are not ready."


async def put(visitor: Visitor, path: str, text: str, status: int = 200, **more: Any) -> Any:
    body = {"text": text, "kind": "reply", **more}
    answer = await visitor.ask("PUT", f"/api/v1/{path}/draft", json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if status == 200 else problem_of(answer, status)


async def test_a_draft_is_gone_on_with_by_a_colleague_and_names_its_authors(
    door: OpenDoor,
) -> None:
    path = await door.prepared()
    first = await put(door.ada, path, "  We are ")
    second = await put(door.ben, path, "We are sorry.", based_on=first["version"])
    seen = await door.ada.get(f"{path}/draft")

    assert first["text"] == "  We are "
    assert seen["newest"] == second
    assert [(v["version"], v["person_name"]) for v in seen["versions"]] == [(1, "Ada"), (2, "Ben")]
    assert "text" not in seen["versions"][0]
    assert await door.cora.get(f"{path}/draft/1") == first
    assert (await door.cora.get(f"{path}/draft", kind="note"))["newest"] is None


async def test_a_newer_version_is_a_conflict_that_names_who_wrote_it(door: OpenDoor) -> None:
    path = await door.prepared()
    await put(door.ben, path, "We are sorry.")
    problem = await put(door.ada, path, "We are fine.", 409)

    assert problem["code"] == "draft_changed"
    assert problem["detail"].startswith("Ben saved version 1 meanwhile, at 20")
    assert (problem["saved_by"], problem["newest"], problem["kept_as"]) == ("ben", 1, 2)
    assert problem["saved_at"] == (await door.ada.get(f"{path}/draft/1"))["created_at"]
    kept = await door.ada.get(f"{path}/draft/2")
    assert (kept["text"], kept["is_aside"]) == ("We are fine.", True)


@pytest.mark.parametrize("name", ["dev", "eve", "root", "hook"])
async def test_auditors_other_teams_admins_and_services_see_and_write_no_draft(
    door: OpenDoor, name: str
) -> None:
    path = await door.prepared()
    await put(door.ada, path, HIDDEN)
    visitor: Visitor = getattr(door, name)
    refusals = [
        await visitor.ask("GET", f"/api/v1/{path}/draft"),
        await visitor.ask("GET", f"/api/v1/{path}/draft/1"),
        await visitor.ask("PUT", f"/api/v1/{path}/draft", json={"text": "x", "kind": "reply"}),
    ]
    for answer in refusals:
        assert problem_of(answer, 403)["code"] in ("not_your_role", "not_your_draft")
        assert HIDDEN not in answer.text
    for place in (path, f"{path}/history"):
        assert HIDDEN not in (await visitor.ask("GET", f"/api/v1/{place}")).text


async def test_a_stranger_is_asked_who_they_are(door: OpenDoor) -> None:
    path = await door.prepared()
    problem_of(await door.stranger.ask("GET", f"/api/v1/{path}/draft"), 401)


async def test_a_draft_is_in_no_ledger_and_no_workflow(door: OpenDoor) -> None:
    path = await door.prepared()
    before = await door.ada.get(f"{path}/history")
    await put(door.ada, path, HIDDEN)
    history = await door.service.client.get_workflow_handle(
        path.replace("escalations", "escalation")
    ).fetch_history()

    assert await door.ada.get(f"{path}/history") == before
    assert "not ready" not in history.to_json()


async def test_a_closed_case_takes_no_draft_but_shows_those_it_has(door: OpenDoor) -> None:
    path = await door.prepared()
    await put(door.ada, path, "We are sorry.")
    await door.ada.post(f"{path}/dismiss", {"code": "spam"})

    assert (await put(door.ada, path, "More.", 409, based_on=1))["code"] == "closed"
    assert (await door.ada.get(f"{path}/draft"))["newest"]["text"] == "We are sorry."


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "reply"}, "text"),
        ({"text": "x"}, "kind"),
        ({"text": "x", "kind": "poem"}, "kind"),
        ({"text": "x", "kind": "reply", "based_on": 0}, "based_on"),
        ({"text": "x", "kind": "reply", "based_on": 7}, "based_on"),
        ({"text": "x", "kind": "reply", "based": 1}, "based"),
        ({"text": "x\x00", "kind": "reply"}, "text"),
        ({"text": "x" * 20_001, "kind": "reply"}, "text"),
    ],
)
async def test_a_bad_draft_is_refused_by_its_field(
    door: OpenDoor, body: dict[str, Any], field: str
) -> None:
    path = await door.prepared()
    answer = await door.ada.ask("PUT", f"/api/v1/{path}/draft", json=body)

    assert problem_of(answer, 422)["field"] == field
    assert (await door.ada.get(f"{path}/draft"))["newest"] is None


async def test_there_is_no_draft_of_nothing_and_no_version_that_was_never_written(
    door: OpenDoor,
) -> None:
    path = await door.prepared()
    problem_of(await door.ada.ask("GET", f"/api/v1/{path}/draft/1"), 404)
    problem_of(await door.ada.ask("GET", "/api/v1/escalations/1/draft"), 404)
    nowhere = "escalations/01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert (await put(door.ada, nowhere, "x", 404))["code"] == "unknown_escalation"
