"""The gate knows who is asking before it listens for long."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select, text

from api.gate import LINGER_SECONDS, PREFIX, named
from store import tables
from tests.api.conftest import OpenDoor, comment, problem_of

LONG = 8_000_000

TRICKLE = 200_000
"""Bytes of a long body that a test sends before it looks for an answer."""


async def told_early(door: OpenDoor, head: str) -> tuple[bytes, bool]:
    """The answer to a long body of which little was sent, and whether the connection was closed."""
    host, port = door.http.base_url.host, door.http.base_url.port
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"{head}\r\nHost: {host}\r\n\r\n".encode() + b"x" * TRICKLE)
    async with asyncio.timeout(LINGER_SECONDS / 2):
        top = await reader.readuntil(b"\r\n\r\n")
        length = int(top.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        body = await reader.readexactly(length)
    async with asyncio.timeout(LINGER_SECONDS * 3):
        rest = await reader.read()
    writer.close()
    return top + body, rest == b""


@pytest.mark.parametrize(
    "headers", ["", "\r\nAuthorization: Bearer ans_nobody", "\r\nCookie: answerable=ans_nobody"]
)
async def test_eight_megabytes_of_a_stranger_are_refused_after_little_of_them_was_sent(
    lasting: OpenDoor, headers: str
) -> None:
    head = f"POST /api/v1/comments HTTP/1.1\r\nContent-Length: {LONG}{headers}"
    answer, is_closed = await told_early(lasting, head)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert b"\r\nwww-authenticate: bearer" in answer.lower()
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "unauthenticated"
    assert is_closed


async def test_a_stranger_who_does_not_announce_a_long_body_is_refused_too(
    lasting: OpenDoor,
) -> None:
    host, port = lasting.http.base_url.host, lasting.http.base_url.port
    reader, writer = await asyncio.open_connection(host, port)
    head = f"POST /api/v1/comments HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    writer.write(head.encode() + chunk * 3)
    async with asyncio.timeout(LINGER_SECONDS / 2):
        assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
    writer.close()


@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_stranger_who_sends_first_and_reads_later_still_reads_the_answer(
    lasting: OpenDoor, is_announced: bool
) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(LONG // 65536):
            yield b"x" * 65536

    content: Any = b"x" * LONG if is_announced else stream()
    answer = await lasting.http.post("/api/v1/comments", content=content)

    assert problem_of(answer, 401)["code"] == "unauthenticated"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_short_body_of_a_stranger_is_answered_on_a_connection_that_stays(
    lasting: OpenDoor,
) -> None:
    answer = await lasting.http.post("/api/v1/comments", json=comment(text="x" * (PREFIX // 2)))

    problem_of(answer, 401)
    assert "connection" not in answer.headers


async def test_a_hook_without_any_signature_is_a_stranger(lasting: OpenDoor) -> None:
    path = "/api/v1/hooks/shop"
    problem_of(await lasting.http.post(path, content=b"x" * (PREFIX + 1)), 401)
    signed = {"webhook-signature": "v1,c2lnbmVk", "webhook-id": "1", "webhook-timestamp": "1"}
    answer = await lasting.http.post(path, content=b"x" * (PREFIX + 1), headers=signed)

    assert problem_of(answer, 403)["code"] == "bad_signature"


async def test_a_signed_body_has_its_limit_too(lasting: OpenDoor) -> None:
    signed = {"webhook-signature": "v1,c2lnbmVk"}
    answer = await lasting.http.post(
        "/api/v1/hooks/shop", content=b"x" * (LONG + 1), headers=signed
    )

    assert problem_of(answer, 413)["code"] == "body_too_large"


async def test_whoever_is_known_is_listened_to(lasting: OpenDoor) -> None:
    many = [comment(str(n), text="x" * 15_000) for n in range(10)]
    answer = await lasting.hook.ask("POST", "/api/v1/comments", json=many)

    assert answer.status_code == 200, answer.text
    with lasting.service.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(tables.Comment)) == 10


async def test_with_the_database_away_nobody_can_be_known(lasting: OpenDoor) -> None:
    with lasting.service.database.writing() as session:
        session.execute(text("ALTER TABLE token RENAME TO elsewhere"))
    try:
        answer = await lasting.hook.ask("POST", "/api/v1/comments", content=b"x" * (PREFIX + 1))
    finally:
        with lasting.service.database.writing() as session:
            session.execute(text("ALTER TABLE elsewhere RENAME TO token"))

    assert problem_of(answer, 503)["code"] == "database_unavailable"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/go/go_secret/approve", "/go/…"),
        ("/word/secret", "/word/…"),
        ("/escalation/01M832XSBSA28KYCS6T2BNABQ3", "/escalation/01M832XSBSA28KYCS6T2BNABQ3"),
        ("/", "/"),
    ],
)
def test_an_address_that_is_a_secret_stands_in_no_log(path: str, told: str) -> None:
    assert named(path) == told
