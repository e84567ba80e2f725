"""Valid things to start from; a test changes what matters to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from temporalio.client import Client

from config.settings import Settings
from domain.comments import Incoming, IncomingAuthor
from domain.entity import State
from domain.messages import Answer, Request
from domain.people import Actor, Role
from domain.policy import GENERAL, Channel, ChannelKind, Plan, Policy
from domain.terms import Allowances, Limits, ReplyTerms
from intake import entities, handover
from store import inbox, people, policies, records, tables, words
from store.database import Database

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning."""


@dataclass(frozen=True)
class Member:
    """One of the cast, who are fictional."""

    id: str
    roles: tuple[Role, ...]
    memberships: dict[str, bool] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        return Actor(
            id=self.id,
            roles=frozenset(self.roles),
            teams=frozenset(self.memberships),
            leads=frozenset(team for team, leads in self.memberships.items() if leads),
        )


ADA = Member("ada", (Role.STAFF,), {"care": False})
BEN = Member("ben", (Role.STAFF,), {"care": True})
CORA = Member("cora", (Role.EXECUTIVE,))
DEV = Member("dev", (Role.AUDITOR,))
EVE = Member("eve", (Role.STAFF,), {"shop": True})
ROOT = Member("root", (Role.ADMIN,))
HOOK = Member("hook", (Role.SERVICE,))
CAST = (ADA, BEN, CORA, DEV, EVE, ROOT, HOOK)


def policy(**changes: Any) -> Policy:
    values: dict[str, Any] = {
        "channels": {
            "console": Channel(kind=ChannelKind.CONSOLE, team="care"),
            "shop": Channel(kind=ChannelKind.CONSOLE, team="shop"),
        },
        "teams": {"care": "Customer care", "shop": "Online shop"},
        "allowances": Allowances(),
        "terms": {GENERAL: plan()},
    }
    if "allowances" in changes or "ladder" in changes:
        named = {n: changes[n] for n in ("allowances", "ladder") if n in changes}
        values["terms"] = {GENERAL: plan(**named)}
    return Policy(**(values | changes))


def plan(**changes: Any) -> Plan:
    """General terms under which no chance plays a part: no dismissal is drawn for a second look,
    and the words of one test may be those of another."""
    values: dict[str, Any] = {
        "limits": Limits(look_at=0),
        "replies": ReplyTerms(sameness=0),
    }
    return Plan(**(values | changes))


def furnish(database: Database) -> Database:
    """Put the policy and the cast into an empty database."""
    at = datetime.now(UTC)
    with database.writing() as session:
        policies.apply(session, policy(), "root", at)
        for person in CAST:
            people.put_person(
                session,
                person.id,
                person.id.title(),
                person.roles,
                person.memberships,
                at,
                by="root",
            )
    return database


def incoming(external_id: str = "1", **changes: Any) -> Incoming:
    values: dict[str, Any] = {
        "channel": "console",
        "external_id": external_id,
        "author": IncomingAuthor(handle="@rider"),
        "text": "My bike came without a saddle.",
        "posted_at": datetime.now(UTC) - timedelta(minutes=5),
    }
    return Incoming(**(values | changes))


@dataclass
class Service:
    """Everything behind the door, with short ways to use it."""

    client: Client
    database: Database
    settings: Settings
    count: int = 0

    async def opened(self, external_id: str = "1", **changes: Any) -> str:
        """Bring a comment in and hand it over; answers the stream of its escalation."""
        comment = incoming(external_id, **changes)
        receipt = inbox.receive(self.database, [comment], datetime.now(UTC))[0]
        assert receipt.arrival_id is not None
        escalation = await handover.hand_over(self.client, self.database, receipt.arrival_id)
        return f"escalation/{escalation}"

    async def do(
        self,
        stream: str,
        who: Member,
        act: str,
        *,
        key: str | None = None,
        expected_seq: int | None = None,
        **fields: Any,
    ) -> Answer:
        """Have somebody do something; raises what the rules refuse."""
        self.count += 1
        request = Request(
            command={"act": act, **fields},
            actor=who.actor,
            key=key or f"key-{self.count}-{words.new_id()}",
            digest=f"{act}-{fields}",
            expected_seq=expected_seq,
        )
        answer, is_recorded = await entities.command(self.client, self.database, stream, request)
        assert is_recorded
        return answer

    def words(self, text: str, purpose: str = "reply") -> dict[str, str]:
        """Store words; answers the reference a command carries."""
        with self.database.writing() as session:
            return words.put(session, text, purpose, datetime.now(UTC)).model_dump()

    def state(self, stream: str) -> State:
        with self.database.reading() as session:
            row = session.get(tables.Snapshot, stream)
            assert row is not None, f"{stream} is not in the store"
            return records.load(row)

    def names(self, stream: str) -> list[str]:
        """The names of a stream's facts, in order."""
        with self.database.reading() as session:
            rows = session.scalars(
                select(tables.LedgerEntry).filter_by(stream=stream).order_by(text("seq"))
            )
            return [row.name for row in rows]

    async def until(self, claim: Callable[[], Any], seconds: float = 20) -> None:
        """Wait until something is true, looking often; fails after a while."""
        for _ in range(int(seconds / 0.05)):
            if await asyncio.to_thread(claim):
                return
            await asyncio.sleep(0.05)
        raise AssertionError("it never became true")

    async def until_stage(self, stream: str, stage: str, seconds: float = 20) -> None:
        def has_come() -> bool:
            with self.database.reading() as session:
                row = session.get(tables.Snapshot, stream)
                return row is not None and records.load(row).stage == stage

        await self.until(has_come, seconds)
