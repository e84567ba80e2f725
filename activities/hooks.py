"""Delivering to webhooks: one message after the other to one receiver, as the store has them.

A message is sent until its receiver says that it has it; where we are stopped between that word
and our note of it, it is sent again under the same id. No name of a person and no word of anybody
is in it, and neither the message nor the secret is in any history or log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from channels.receivers import Receivers
from config.settings import Settings
from domain.hooks import Fate, Reply, next_try
from domain.messages import HookRound, HookStart
from store import hook_log
from store.database import Database
from store.hook_log import Job

log = logging.getLogger("answerable.hooks")

LONGEST = 20.0
"""Seconds of one round. Then others have their turn, where many hooks have much to be told."""

BEAT = 2.0
"""Seconds between two signs of life. Temporal's client passes on as many as are asked for."""


class HookActivities:
    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._links = settings.links
        self._receivers = Receivers(settings.hook_networks)

    async def aclose(self) -> None:
        await self._receivers.aclose()

    @activity.defn(name="deliver")
    async def deliver(self, start: HookStart) -> HookRound:
        """Send what waits, in order. Fails where a message is not taken, so that Temporal has it
        tried again later; a round that follows a failure ends with its first success, so that the
        next failure is met with short pauses again."""
        ends = time.monotonic() + LONGEST
        failures = activity.info().attempt
        is_retry = failures > 1
        while (job := await asyncio.to_thread(self._next, start.hook)) is not None:
            async with _signs_of_life():
                reply = await self._receivers.send(job.url, job.delivery_id, job.body, job.secrets)
            fate = await asyncio.to_thread(self._note, job, reply, failures)
            if fate is Fate.GONE:
                return HookRound()
            if fate is Fate.AGAIN:
                raise _not_taken(reply)
            if is_retry or time.monotonic() > ends:
                return HookRound(has_more=True)
        return HookRound()

    def _next(self, hook_id: str) -> Job | None:
        at = datetime.now(UTC)
        return self._database.write(
            lambda session: hook_log.next_job(session, hook_id, self._links, at)
        )

    def _note(self, job: Job, reply: Reply, failures: int) -> Fate:
        """``failures`` counts this one, if it is one: the round began anew after each."""
        at = datetime.now(UTC)
        next_at = next_try(at, failures, _asked(reply))
        fate = self._database.write(
            lambda session: hook_log.note(session, job.delivery_id, reply, at, next_at)
        )
        if fate is not Fate.TAKEN:
            said = reply.error or reply.status
            log.warning("delivery %s of %s: %s (%s)", job.delivery_id, job.kind, fate, said)
        return fate


@asynccontextmanager
async def _signs_of_life() -> AsyncIterator[None]:
    """Temporal hears that we live while we wait for others, and we hear whether to stop."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


def _asked(reply: Reply) -> timedelta | None:
    """For how long the receiver asks to be left alone."""
    return timedelta(seconds=reply.retry_after) if reply.retry_after else None


def _not_taken(reply: Reply) -> ApplicationError:
    """Not an error of ours. Where the receiver says when it wants to be asked again, it is."""
    return ApplicationError(
        f"not taken: {reply.error or reply.status}",
        type="NotTaken",
        next_retry_delay=_asked(reply),
        category=ApplicationErrorCategory.BENIGN,
    )
