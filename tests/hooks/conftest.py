"""A service whose webhooks may reach this machine, and somebody who listens there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from domain.hooks import Kind
from intake import hooks as waking
from store import hook_log, hooks
from store.hook_log import DeliveryDetail
from tests.builders import Service
from tests.channels.receiver import Received, Receiver


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path,
        notice_seconds=1,
        webhook_networks="127.0.0.0/8, ::1/128",
        public_url="https://answers.example",
    )


@pytest.fixture
async def crm() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


def is_signed(received: Received, secret: str) -> bool:
    """By the words of the specification and nothing of ours."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    headers = received.headers
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + received.body
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in headers["webhook-signature"].split(" ")


def types(receiver: Receiver) -> list[str]:
    return [json.loads(received.body)["type"] for received in receiver.received]


def ids(receiver: Receiver) -> list[str]:
    return [received.headers["webhook-id"] for received in receiver.received]


class Telling:
    """A service and short ways to make and look at its webhooks."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.database = service.database
        self.secrets: dict[str, str] = {}

    async def hook(self, url: str, kinds: Iterable[Kind] = Kind, **more: Any) -> str:
        at = datetime.now(UTC)
        with self.database.writing() as session:
            made = hooks.make(session, more.get("name", "CRM"), url, kinds, at, by="root")
        self.secrets[made.hook.id] = made.secret
        await waking.wake(self.service.client, made.hook.id)
        return made.hook.id

    async def hurry(self, hook_id: str) -> None:
        await waking.wake(self.service.client, hook_id, in_a_hurry=True)

    def item(self, hook_id: str) -> hooks.HookItem:
        with self.database.reading() as session:
            return hooks.one(session, hook_id)

    def log(self, hook_id: str) -> list[DeliveryDetail]:
        """What was sent, the oldest first."""
        with self.database.reading() as session:
            page = hook_log.page(session, hook_id, limit=200)
            return [hook_log.detail(session, hook_id, i.id) for i in reversed(page.items)]

    def is_asleep(self, hook_id: str) -> bool:
        with self.database.reading() as session:
            return hook_id not in hooks.awake(session)


@pytest.fixture
def telling(sqlite_service: Service) -> Telling:
    return Telling(sqlite_service)
