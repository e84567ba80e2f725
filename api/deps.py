"""What routes are given: the door's parts, and who is asking.

Every route names who may call it, by one of the dependencies made here; a test walks the routes
and finds those that do not.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import OperationalError
from sqlmodel import Session
from starlette.types import Scope
from temporalio.client import Client
from temporalio.service import RPCError

from api.caching import Fresh
from api.errors import Unauthenticated
from api.live import Live
from api.metrics import Metrics
from api.oidc import Provider
from api.readers import Readers
from config.settings import Settings
from domain.errors import Forbidden
from domain.people import Actor, Role
from domain.policy import PublicRules
from intake.entities import Unavailable
from store import people, policies
from store.database import Database
from store.policies import InForce
from store.sessions import Limits

log = logging.getLogger("answerable.api")

T = TypeVar("T")

API = "/api/v1"

POLICY_SECONDS = 1.0
"""How old the policy in force may be when a comment is judged by it."""

PULSE_SECONDS = 2.0
"""How long ago Temporal may have answered last before it is asked again whether it is there."""


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Door:
    """The ready parts behind every route. One per process."""

    settings: Settings
    database: Database
    client: Client
    metrics: Metrics = field(default_factory=Metrics)
    fresh: Fresh = field(default_factory=Fresh, repr=False)
    readers: Readers = field(default_factory=Readers, repr=False)
    provider: Provider | None = None
    """Who says who people are, where the settings name somebody."""
    live: Live = field(init=False)
    touching: set[str] = field(default_factory=set, repr=False)
    """Tokens and sessions whose use is being noted just now."""
    _policy: tuple[float, InForce] | None = field(default=None, repr=False)
    _pulse: float = field(default=float("-inf"), repr=False)

    def __post_init__(self) -> None:
        self.live = Live(self.database)
        if self.provider is None and self.settings.oidc_issuer:
            self.provider = Provider(self.settings)

    @property
    def limits(self) -> Limits:
        """How long sessions last."""
        return Limits(self.settings.session_lifetime, self.settings.session_idle)

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in a reading session, off the event loop."""

        def run() -> T:
            with self.database.reading() as session:
                return work(session)

        return await asyncio.to_thread(run)

    async def policy(self) -> InForce:
        """The policy in force, at most a second old. Raises Unavailable before there is one."""
        if self._policy and time.monotonic() - self._policy[0] < POLICY_SECONDS:
            return self._policy[1]
        in_force = await self.read(policies.current)
        if in_force is None:
            raise Unavailable("no policy has been applied; run: answerable policy apply FILE")
        self._policy = (time.monotonic(), in_force)
        return in_force

    @property
    def public(self) -> PublicRules:
        """How the public knows the house, as far as it has been asked for yet."""
        return self._policy[1].policy.public if self._policy else PublicRules(ledger=False)

    async def feel_pulse(self) -> None:
        """Raise Unavailable at once where Temporal is away, before anything is begun.

        A call to a server that is away would be tried for as long as the request may take, and
        its outcome would not be known.
        """
        if time.monotonic() - self._pulse < PULSE_SECONDS:
            return
        try:
            is_there = await self.client.service_client.check_health(timeout=timedelta(seconds=2))
        except (RPCError, RuntimeError) as error:  # A lazy client fails to connect with the latter.
            raise Unavailable("Temporal cannot be reached") from error
        if not is_there:
            raise Unavailable("Temporal is not ready to serve")
        self._pulse = time.monotonic()


def door_of(scope: Scope) -> Door:
    """The parts of the app that a request came to."""
    found = scope["app"].state.door
    assert isinstance(found, Door)
    return found


async def door(request: Request) -> Door:
    """Async, as all that every request depends on: FastAPI sends the others to a thread."""
    return door_of(request.scope)


TheDoor = Annotated[Door, Depends(door)]

# Who is asking. -------------------------------------------------------------------------------

ACCESS: dict[Callable[..., Any], frozenset[Role] | str] = {}
"""Each dependency that says who may call a route: the roles, or why anybody may."""

BEARER = HTTPBearer(auto_error=False, description="A token from: answerable token create PERSON")


def only(*roles: Role) -> Callable[..., Awaitable[Actor]]:
    """A dependency that lets people with one of these roles in and answers who it is."""
    wanted = frozenset(roles)

    async def caller(
        the_door: TheDoor,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> Actor:
        if credentials is None:
            raise Unauthenticated("this needs a bearer token")
        secret = credentials.credentials
        found = await the_door.read(lambda session: people.bearer(session, secret, now()))
        if found is None:
            raise Unauthenticated("this token is unknown, revoked or expired")
        if found.is_stale:
            await touch(the_door, found.token)
        actor = found.actor
        if not actor.roles & wanted:
            may = ", ".join(sorted(wanted))
            raise Forbidden(
                "not_your_role", f"this is for: {may}", "ask with the token of one of them"
            )
        return actor

    ACCESS[caller] = wanted
    return caller


async def touch(the_door: Door, token: str) -> None:
    """Note that a token or session is in use. Nobody is kept out because that cannot be noted, and
    of many requests at once one notes it: the others would wait in line to write the same."""
    if token in the_door.touching:
        return
    the_door.touching.add(token)
    try:
        await asyncio.to_thread(
            the_door.database.write, lambda session: people.touch(session, token, now())
        )
    except OperationalError:
        log.warning("that a token is in use could not be noted")
    finally:
        the_door.touching.discard(token)


def anybody(why: str) -> Callable[..., Awaitable[None]]:
    """A dependency that lets everybody in, and says why that is right."""

    async def caller() -> None:
        return None

    ACCESS[caller] = why
    return caller


reader = only(Role.STAFF, Role.EXECUTIVE, Role.AUDITOR)
Reader = Annotated[Actor, Depends(reader)]
