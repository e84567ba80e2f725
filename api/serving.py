"""The server that serves the app, as a process of its own and in tests."""

from __future__ import annotations

import socket

import uvicorn
from starlette.types import ASGIApp


class Server(uvicorn.Server):
    """Ends the streams of live pages before it stops.

    A stopping server lets answers go out to their end, and those have none. The lifespan of the
    app would be the place to end them, but its end comes only after that of all answers.
    """

    def __init__(self, config: uvicorn.Config, app: ASGIApp) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if (door := getattr(getattr(self._app, "state", None), "door", None)) is not None:
            door.live.close()
        await super().shutdown(sockets)
