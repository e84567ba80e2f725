"""The description of the door: whole, true, and nothing that follows it breaks the door."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.bodies import BODIES
from config.settings import Settings
from tests.api.conftest import OpenDoor

DOCUMENT = create_app(Settings(), None, None).openapi()  # type: ignore[arg-type]
OPERATIONS = sorted(
    (path, method.upper()) for path, methods in DOCUMENT["paths"].items() for method in methods
)
EXAMPLES = 10
"""Requests tried for each operation: with all of them well under a minute."""

CHECKS = (
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)


def test_each_command_is_described_with_its_fields() -> None:
    for kind, commands in BODIES.items():
        for act, body in commands.items():
            described = DOCUMENT["paths"][f"/api/v1/{kind}s/{{entity_id}}/{act}"]["post"]
            schema = described["requestBody"]["content"]["application/json"]["schema"]
            fields = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            assert set(fields["properties"]) == set(body.model_fields)
            assert fields["additionalProperties"] is False


def test_every_error_is_described_as_a_problem_document() -> None:
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"], operation


def _attack(door: OpenDoor, path: str, method: str, known: str | None = None) -> None:
    """Send what the description allows, and some of what it does not; raise what breaks."""
    document: dict[str, Any] = {**DOCUMENT, "paths": {path: DOCUMENT["paths"][path]}}
    operation = schemathesis.openapi.from_dict(document)[path][method]
    who = door.hook if path.endswith("/comments") else door.ada
    # That a part is away may be said: behind the bare door nothing is there.
    checks = [c for c in CHECKS if path != "/readyz" or c is not not_a_server_error]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Any) -> None:
        if known and "entity_id" in (case.path_parameters or {}):
            case.path_parameters["entity_id"] = known
        case.call_and_validate(
            base_url=str(door.http.base_url).rstrip("/"),
            headers={"Authorization": f"Bearer {who.token}"},
            checks=checks,
        )

    attempt()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
async def test_nothing_that_follows_the_description_breaks_the_door(
    lasting: OpenDoor, path: str, method: str
) -> None:
    await asyncio.to_thread(_attack, lasting, path, method)


async def test_nor_does_it_where_there_is_something_to_command(door: OpenDoor) -> None:
    path = await door.published(promises=[])
    escalation = path.split("/")[1]
    post = (await door.ada.get(path))["replies"][0]["id"]
    for place, method in OPERATIONS:
        if "{entity_id}" not in place:
            continue  # The same as above: what is known here has no place in it.
        known = post if "/posts/" in place else escalation
        await asyncio.to_thread(_attack, door, place, method, known)
