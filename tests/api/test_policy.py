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
