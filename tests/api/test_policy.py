"""The policy as it can be read at the door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.policy import Channel, ChannelKind
from store import policies
from tests import builders
from tests.api.conftest import OpenDoor, bare_door, problem_of


@pytest.fixture
async def door(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[OpenDoor]:
    """A door behind which the second version has a webhook whose address holds a secret."""
    hook = Channel(kind=ChannelKind.WEBHOOK, team="care", url="https://hooks.example/T0/s3cret")
    policy = builders.policy()
    changed = policy.model_copy(update={"channels": {**policy.channels, "blog": hook}})
    async with bare_door(migrated_sqlite, tmp_path) as door:
        with door.service.database.writing() as session:
            at = datetime.now(UTC)
            policies.apply(session, changed, "root", at, reason="The blog is there")
        yield door


async def test_the_policy_in_force_is_read_with_its_reason(door: OpenDoor) -> None:
    answer = (await door.ada.ask("GET", "/api/v1/policy")).json()
    assert (answer["version"], answer["by"]) == (2, "root")
    assert answer["reason"] == "The blog is there"
    assert answer["policy"]["teams"]["care"] == "Customer care"


async def test_addresses_of_webhooks_are_for_admins(door: OpenDoor) -> None:
    told = (await door.ada.ask("GET", "/api/v1/policy")).json()
    assert told["policy"]["channels"]["blog"]["url"] == "https://hooks.example/…"
    told = (await door.root.ask("GET", "/api/v1/policy")).json()
    assert told["policy"]["channels"]["blog"]["url"] == "https://hooks.example/T0/s3cret"


async def test_every_version_is_listed_newest_first(door: OpenDoor) -> None:
    answer = (await door.dev.ask("GET", "/api/v1/policy/versions")).json()
    assert [item["version"] for item in answer["items"]] == [2, 1]
    assert answer["next_cursor"] is None


@pytest.mark.parametrize("path", ["/api/v1/policy", "/api/v1/policy/versions"])
async def test_machines_do_not_read_the_policy(door: OpenDoor, path: str) -> None:
    problem_of(await door.hook.ask("GET", path), 403)


DRAFT = """
[teams]
care = "Customer care"
[channels.console]
kind = "console"
team = "care"
"""


async def test_a_draft_is_checked_and_applied_by_what_the_check_answered(door: OpenDoor) -> None:
    checked = await door.root.post("policy/check", {"text": DRAFT})
    assert (checked["is_sound"], checked["on"], checked["errors"]) == (True, 2, [])
    assert {"key": "teams.shop", "was": "Online shop", "will_be": "not said"} in checked["changes"]
    body = {"text": DRAFT, "draft": checked["draft"], "on": 2}
    assert (await door.root.refused(422, "policy", body))["code"] == "reason_missing"
    body["reason"] = "One team will do"
    assert checked["removals"] == [
        {"key": "teams.shop", "cases": 0, "posts": 0, "promises": 0, "members": 1}
    ]
    assert (await door.root.refused(422, "policy", body))["code"] == "removals_not_accepted"
    body["accept_removals"] = True
    other = await door.root.refused(409, "policy", body | {"text": DRAFT + "# other"})
    assert other["code"] == "draft_changed"
    assert await door.root.post("policy", body) == {"version": 3}
    assert await door.root.post("policy", body) == {"version": 3}, "sent twice, applied once"
    stale = await door.root.refused(409, "policy", body | {"on": 1})
    assert stale["code"] == "policy_changed"
    first = await door.dev.get("policy/versions/1")
    assert set(first["policy"]["teams"]) == {"care", "shop"}
    await door.dev.get("policy/versions/9", status=404)


async def test_a_draft_that_is_wrong_is_told_with_key_and_line(door: OpenDoor) -> None:
    checked = await door.root.post("policy/check", {"text": DRAFT.replace('console"', 'fax"')})
    (error,) = checked["errors"]
    assert (error["key"], error["line"]) == ("channels.console.kind", 5)
    assert error["way_out"]
    broken = await door.root.post("policy/check", {"text": "= no"})
    assert "not TOML" in broken["errors"][0]["message"]
    body = {"text": "= no", "draft": checked["draft"], "on": 2}
    assert (await door.root.refused(422, "policy", body))["code"] == "bad_policy"
