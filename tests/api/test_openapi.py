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


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
async def test_nothing_that_follows_the_description_breaks_the_door(
    lasting: OpenDoor, path: str, method: str
) -> None:
    described: dict[str, Any] = {
        **DOCUMENT,
        "paths": {path: {method.lower(): DOCUMENT["paths"][path][method.lower()]}},
    }
    api = schemathesis.openapi.from_dict(described)
    who = lasting.hook if path.endswith("/comments") else lasting.ada
    base = str(lasting.http.base_url).rstrip("/")

    def attack() -> None:
        operation = api[path][method]

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def attempt(case: Any) -> None:
            headers = {"Authorization": f"Bearer {who.token}"}
            case.call_and_validate(base_url=base, headers=headers, checks=list(CHECKS))

        attempt()

    await asyncio.to_thread(attack)
