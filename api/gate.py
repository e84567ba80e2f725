"""What every request passes before anything else: a bounded body, a time limit, a last resort.

A plain ASGI layer outside of the framework, so that its answers and headers hold whatever happens
inside. It also times each request by route. The framework reads a body before it asks who sends
it; so the gate asks first wherever a body is more than a few words.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.deps import door_of
from api.errors import CHALLENGE, DATABASE_AWAY, RETRY_AFTER, SAY_WHO, problem

log = logging.getLogger("answerable.api")

DRAIN = 8
"""Times the limit that an over-long body is read on and thrown away, so that its sender reads
our answer instead of a broken connection."""

PREFIX = 65_536
"""Bytes of a body that are read whoever sends it: a form to sign in, and all that is refused with
a sentence of its own. More is read only from somebody we know, or where the body is signed."""

LINGER_SECONDS = 2.0
"""How long the rest of a stranger's body is thrown away after our answer has gone out. A
connection that is closed with bytes unread is reset, and the answer is lost with it."""

ENDLESS = frozenset({"/live"})
"""Answers that go on for as long as somebody listens. All others have their time."""

SIGNED = "/api/v1/hooks/"
"""Webhooks say who they are by a signature over their body, so it has to be read."""

SECRET = frozenset({"go", "word"})
"""Under these, whoever knows an address may answer."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer that does not set them itself: pages have their own policy."""

HTTPS = {"Strict-Transport-Security": "max-age=31536000"}
"""The same where people reach us by https: their browsers ask by nothing else for a year."""

IsKnown = Callable[[HTTPConnection], Awaitable[bool]]


class _TooLarge(Exception):
    """The body is over the limit."""


class _Stranger(Exception):
    """The body is a long one, and nobody we know sends it."""


class _Gone(Exception):
    """Whoever asked has hung up before the end of the body."""


class Gate:
    """Bounds every request, and has its status and seconds counted. ``is_known`` says whether a
    request comes from somebody we know."""

    def __init__(self, app: ASGIApp, is_known: IsKnown) -> None:
        self.app = app
        self.is_known = is_known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.monotonic()
        is_https = door_of(scope).settings.links.startswith("https://")
        reply = _Reply(send, HEADERS | HTTPS if is_https else HEADERS)
        try:
            await self._within_limits(scope, receive, reply)
        finally:
            if scope["path"] not in ENDLESS:
                taken = time.monotonic() - started
                door_of(scope).metrics.observe(scope, reply.status, taken)

    async def _within_limits(self, scope: Scope, receive: Receive, reply: _Reply) -> None:
        settings = door_of(scope).settings
        limit = settings.max_body
        seconds = None if scope["path"] in ENDLESS else settings.request_seconds
        try:
            async with asyncio.timeout(seconds):
                body = await self._read(scope, receive)
                await self.app(scope, _once(body, receive), reply.send)
        except _Gone:
            return
        except _Stranger:
            await reply.turn_away(scope, receive, limit)
        except DATABASE_AWAY as error:
            log.warning("the database cannot be reached: %s", type(error).__name__)
            detail = "the database cannot be reached or is too slow just now"
            way_out = "ask again in a moment with the same Idempotency-Key; see /readyz"
            await reply.fail(scope, 503, "database_unavailable", detail, way_out)
        except _TooLarge:
            detail = f"the body is longer than {limit} bytes"
            way_out = "send less at once, or raise ANSWERABLE_MAX_BODY"
            await reply.fail(scope, 413, "body_too_large", detail, way_out)
        except TimeoutError:
            detail = f"this took longer than {settings.request_seconds:g} s"
            way_out = "ask again with the same Idempotency-Key: nothing happens twice"
            await reply.fail(scope, 503, "too_slow", detail, way_out)
        except Exception:
            log.exception("unexpected at %s %s", scope["method"], named(scope["path"]))
            way_out = "tell whoever runs this service; the time of this answer finds it in the log"
            await reply.fail(scope, 500, "unexpected", "something here is broken", way_out)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body. Raises _Stranger once it proves to be a long one that nobody we know
        has sent, and _TooLarge once the rest of one over the limit has been thrown away."""
        limit = door_of(scope).settings.max_body
        announced = _announced(scope)
        is_trusted = False
        body, size, is_last = bytearray(), 0, False
        while not is_last:
            if not is_trusted and max(announced, size) > PREFIX:
                is_trusted = await self._is_trusted(scope)
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            chunk = message.get("body", b"")
            is_last = not message.get("more_body", False)
            size += len(chunk)
            if size > limit * DRAIN:
                break
            if max(announced, size) <= limit:
                body += chunk
        if max(announced, size) > limit:
            raise _TooLarge
        return bytes(body)

    async def _is_trusted(self, scope: Scope) -> bool:
        is_signed = scope["path"].startswith(SIGNED) and (
            "webhook-signature" in Headers(scope=scope)
        )
        if not is_signed and not await self.is_known(HTTPConnection(scope)):
            raise _Stranger
        return True


class _Reply:
    """The way out: remembers the status and adds the headers of every answer."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send = send
        self._headers = headers
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def fail(self, scope: Scope, status: int, code: str, detail: str, way_out: str) -> None:
        """Answer a problem, unless an answer has begun: then the connection is all we can cut."""
        if self.status:
            raise ConnectionAbortedError(detail)
        headers = {"Retry-After": str(RETRY_AFTER)} if status == 503 else {}
        response = problem(status, code, detail, way_out, path=scope["path"], headers=headers)
        await response(scope, _never, self.send)

    async def turn_away(self, scope: Scope, receive: Receive, limit: int) -> None:
        """Answer 401 before the rest of a body has been read, then let go of the connection.

        The answer goes out whole and at once. What its sender is still pushing is thrown away for
        a moment, because a sender that writes first and reads later would otherwise see a broken
        connection instead of our answer.
        """
        detail = f"a body of more than {PREFIX} bytes is read from people we know only"
        response = problem(
            401,
            "unauthenticated",
            detail,
            SAY_WHO,
            path=scope["path"],
            headers={**CHALLENGE, "Connection": "close"},
        )
        start = {"type": "http.response.start", "status": 401, "headers": response.raw_headers}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": response.body, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await _throw_away(receive, limit)
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})


async def _never() -> Message:
    return {"type": "http.disconnect"}


async def _throw_away(receive: Receive, limit: int) -> None:
    size, is_last = 0, False
    while not is_last and size <= limit:
        message = await receive()
        size += len(message.get("body", b""))
        is_last = not message.get("more_body", False)


def named(path: str) -> str:
    """An address as it may stand in a log: of one that is a secret itself, only where it leads."""
    first, _, rest = path.removeprefix("/").partition("/")
    return f"/{first}/…" if first in SECRET and rest else path


def _announced(scope: Scope) -> int:
    """The length that a body says it has; 0 where it does not say."""
    told = Headers(scope=scope).get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() else 0


def _once(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Hands the body on as one message; afterwards only a disconnect can come."""
    is_read = False

    async def replay() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
