"""The far end of a webhook that misbehaves on purpose, and knows exactly what reached it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook

Behaviour = Callable[[Request], Awaitable[Response]]


class Receiver:
    """Counts every post that it took in; a look finds those and only those.

    One post in ten is taken in and then answered with an error, so that its sender cannot know;
    one in twenty is turned away for now, and one in twenty is answered late.
    """

    def __init__(self, secret: str, seed: int) -> None:
        self.taken: Counter[str] = Counter()
        self.unsigned = 0
        self._chance = random.Random(seed)
        self._secret = Webhook(secret)
        self.app = FastAPI()
        self.app.post("/hook")(self._take)
        self.app.get("/find")(self._find)

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        try:
            self._secret.verify(body.decode(), dict(request.headers))
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not signed
            self.unsigned += 1
            return Response(status_code=401)
        chance = self._chance.random()
        if chance < 0.05:
            return Response(status_code=429)
        self.taken[request.headers["webhook-id"]] += 1
        if chance < 0.15:
            return Response(status_code=500)
        if chance < 0.20:
            await asyncio.sleep(self._chance.random() * 3)
        return Response(status_code=204)

    async def _find(self, id: str) -> Response:  # noqa: A002 - the name of the query field
        return Response(status_code=200 if self.taken[id] else 404)

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[None]:
        """Serve on loopback until the block ends."""
        config = uvicorn.Config(self.app, host="127.0.0.1", port=port, log_level="error")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.05)
        try:
            yield
        finally:
            server.should_exit = True
            await task
