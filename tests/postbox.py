"""A mail server in memory, for whoever wants to read what is sent."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


class Postbox:
    """Keeps every mail; can be told to refuse."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers = "250 taken"

    async def handle_DATA(  # noqa: N802 - as the server calls it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.answers.startswith("250"):
            assert isinstance(envelope.content, bytes)
            found = email.message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(found, EmailMessage)
            self.mails.append(found)
        return self.answers


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Postbox, str]]:
    """A postbox and the URL of its server, for as long as it is wanted."""
    box, loop = Postbox(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail"), "127.0.0.1", 0)
    yield box, f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()
