"""Who may come in: every route says so, and what a reader may not see is not in the answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.app import create_app
from api.deps import ACCESS
from api.rights import access_of
from config.settings import Settings
from domain.people import Role
from store import people
from tests.api.conftest import OpenDoor, Visitor, comment, problem_of


def test_every_route_says_who_may_call_it() -> None:
    app = create_app(Settings(), None, None)  # type: ignore[arg-type]
    told = list(access_of(app))

    assert [(method, path) for method, path, who in told if who is None] == []
    assert len(told) > 30


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/api/v1/peoples", "/api/v1/escalations/"])
async def test_there_is_nothing_else_to_open(door: OpenDoor, path: str) -> None:
    problem_of(await door.ada.ask("GET", path), 404)


async def test_a_method_that_is_not_taken_is_named(door: OpenDoor) -> None:
    answer = await door.ada.ask("DELETE", "/api/v1/escalations")

    assert problem_of(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer ans_nobody"},
        {"Authorization": "Basic YWRhOmFkYQ=="},
        {"Authorization": b"Bearer \xff\xfe"},
    ],
)
async def test_without_a_believable_token_nothing_is_told(
    door: OpenDoor, headers: dict[str, Any]
) -> None:
    answer = await door.http.get("/api/v1/escalations", headers=headers)

    assert problem_of(answer, 401)["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == 'Bearer realm="answerable"'


async def test_a_revoked_or_expired_token_opens_nothing(fresh_door: OpenDoor) -> None:
    at = datetime.now(UTC)
    with fresh_door.service.database.writing() as session:
        expired = people.create_token(session, "ada", at, lifetime=timedelta(seconds=-1), by="ada")
        people.revoke(session, at, secret=fresh_door.ada.token, by="ada")
    for token in (expired, fresh_door.ada.token):
        answer = await Visitor(fresh_door.http, token).ask("GET", "/api/v1/escalations")
        problem_of(answer, 401)


async def test_only_services_and_admins_bring_comments(door: OpenDoor) -> None:
    for visitor in (door.ada, door.cora, door.dev):
        await visitor.refused(403, "comments", comment())
    assert (await door.root.post("comments", comment("by root")))["result"] == "opened"


async def test_machines_and_admins_read_no_cases(door: OpenDoor) -> None:
    path = await door.opened()
    for visitor in (door.hook, door.root):
        for place in ("escalations", path, f"{path}/history", "posts", "commitments"):
            problem_of(await visitor.ask("GET", f"/api/v1/{place}"), 403)


async def test_auditors_read_everything_and_change_nothing(door: OpenDoor) -> None:
    path = await door.deciding()
    detail = await door.dev.get(path)

    assert detail["proposal"]["request"] == "May I send a saddle?"
    assert not any(permission["ok"] for permission in detail["allowed"])
    assert (await door.dev.refused(403, f"{path}/note", {"text": "Hm."}))["way_out"]


async def test_other_teams_read_comments_and_outcomes_but_no_drafts(door: OpenDoor) -> None:
    path = await door.deciding(reply="A draft that nobody approved.")
    await door.ada.post(f"{path}/note", {"text": "A note for colleagues."})
    seen = await door.eve.ask("GET", f"/api/v1/{path}")
    history = await door.eve.get(f"{path}/history")

    assert "My bike came without a saddle." in seen.text
    for hidden in ("May I send", "A draft", "A note"):
        assert hidden not in seen.text
    assert seen.json()["is_insider"] is False
    by_name = {entry["name"]: entry for entry in history["items"]}
    assert by_name["escalation:proposal:submitted"]["data"] is None
    assert by_name["escalation:proposal:submitted"]["canonical"] is None
    assert by_name["escalation:conversation:opened"]["data"]["channel"] == "console"


async def test_a_reply_in_review_is_read_by_insiders_only_until_it_is_out(door: OpenDoor) -> None:
    path = await door.deciding()
    await door.cora.post(f"{path}/approve")
    replied = await door.ada.post(f"{path}/reply", {"text": "Other words."})
    post = f"posts/{replied['post_id']}"

    assert (await door.eve.get(post))["text"] is None
    assert (await door.eve.get("posts"))["items"][0]["text"] is None
    assert (await door.ben.get(post))["text"] == "Other words."
    await door.ben.post(f"{post}/clear")
    await door.until_stage(post, "published")
    assert (await door.eve.get(post))["text"] == "Other words."


async def test_the_reason_of_a_refusal_is_for_everybody_that_of_a_yes_is_not(
    door: OpenDoor,
) -> None:
    yes, no = await door.deciding(), await door.deciding()
    await door.cora.post(f"{yes}/approve", {"reason": "Between us: fine."})
    await door.cora.post(f"{no}/refuse", {"code": "not_possible", "reason": "We sell no saddles."})

    assert (await door.eve.get(yes))["decision"]["reason"] is None
    assert (await door.ada.get(yes))["decision"]["reason"] == "Between us: fine."
    assert (await door.eve.get(no))["decision"]["reason"] == "We sell no saddles."


async def test_answers_carry_the_headers_that_browsers_need(door: OpenDoor) -> None:
    for answer in (
        await door.ada.ask("GET", "/api/v1/escalations"),
        await door.stranger.ask("GET", "/nowhere"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers, "it is plain http here"
        assert "access-control-allow-origin" not in answer.headers


async def test_where_people_come_by_https_their_browsers_stay_with_it(door: OpenDoor) -> None:
    the_door = door.app.state.door
    before = the_door.settings
    the_door.settings = before.model_copy(update={"public_url": "https://answers.example"})
    try:
        answer = await door.stranger.ask("GET", "/nowhere")
    finally:
        the_door.settings = before
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_tokens_are_in_no_log(door: OpenDoor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    await door.ada.get("escalations")
    await door.http.get("/api/v1/escalations", headers={"Authorization": "Bearer ans_wrong"})

    ours = [r.getMessage() for r in caplog.records if r.name.startswith("answerable")]
    assert door.ada.token
    assert not any("ans_" in line for line in ours)


def test_roles_are_all_known_to_some_route() -> None:
    named = {role for roles in ACCESS.values() if not isinstance(roles, str) for role in roles}
    assert named == set(Role)
