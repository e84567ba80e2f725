"""What every request passes before anything else: a bounded body, a time limit, a last resort.

A plain ASGI layer outside of the framework, so that its answers and headers hold whatever happens
inside. It also times each request by route.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RETRY_AFTER, problem
from config.settings import Settings

log = logging.getLogger("answerable.api")

DRAIN = 8
"""Times the limit that an over-long body is read on and thrown away, so that its sender reads
our answer instead of a broken connection."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer that does not set them itself: pages have their own policy."""

Observe = Callable[[Scope, int, float], None]


class _TooLarge(Exception):
    """The body is over the limit."""


class _Gone(Exception):
    """Whoever asked has hung up before the end of the body."""


class Gate:
    """Bounds every request. ``observe`` is told the scope, the status and the seconds it took."""

    def __init__(self, app: ASGIApp, settings: Settings, observe: Observe) -> None:
        self.app = app
        self.settings = settings
        self.observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.monotonic()
        reply = _Reply(send)
        try:
            await self._within_limits(scope, receive, reply)
        finally:
            self.observe(scope, reply.status, time.monotonic() - started)

    async def _within_limits(self, scope: Scope, receive: Receive, reply: _Reply) -> None:
        limit = self.settings.max_body
        try:
            async with asyncio.timeout(self.settings.request_seconds):
                body = await _read(scope, receive, limit)
                await self.app(scope, _once(body, receive), reply.send)
        except _Gone:
            return
        except _TooLarge:
            detail = f"the body is longer than {limit} bytes"
            way_out = "send less at once, or raise ANSWERABLE_MAX_BODY"
            await reply.fail(scope, 413, "body_too_large", detail, way_out)
        except TimeoutError:
            detail = f"this took longer than {self.settings.request_seconds:g} s"
            way_out = "ask again with the same Idempotency-Key: nothing happens twice"
            await reply.fail(scope, 503, "too_slow", detail, way_out)
        except Exception:
            log.exception("unexpected at %s %s", scope["method"], scope["path"])
            way_out = "tell whoever runs this service; the time of this answer finds it in the log"
            await reply.fail(scope, 500, "unexpected", "something here is broken", way_out)


class _Reply:
    """The way out: remembers the status and adds the headers of every answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def fail(self, scope: Scope, status: int, code: str, detail: str, way_out: str) -> None:
        """Answer a problem, unless an answer has begun: then the connection is all we can cut."""
        if self.status:
            raise ConnectionAbortedError(detail)
        headers = {"Retry-After": str(RETRY_AFTER)} if status == 503 else {}
        response = problem(status, code, detail, way_out, path=scope["path"], headers=headers)
        await response(scope, _never, self.send)


async def _never() -> Message:
    return {"type": "http.disconnect"}


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body, or _TooLarge once the rest has been read and thrown away."""
    announced = Headers(scope=scope).get("content-length", "")
    is_too_large = announced.isascii() and announced.isdigit() and int(announced) > limit
    body, size, is_last = bytearray(), 0, False
    while not is_last:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        chunk = message.get("body", b"")
        is_last = not message.get("more_body", False)
        size += len(chunk)
        is_too_large = is_too_large or size > limit
        if size > limit * DRAIN:
            break
        if not is_too_large:
            body += chunk
    if is_too_large:
        raise _TooLarge
    return bytes(body)


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
