"""Keeping the house in order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.notices import hand_on
from config.settings import Settings
from domain.messages import Notice
from intake import handover
from intake import hooks as waking
from store import drafts, hook_log, hooks, house, inbox, links, notices, told, words
from store.database import Database
from store.tables import HouseNotice

PART = 500
"""Arrivals handed over between two looks at the inbox."""


class UpkeepActivities:
    def __init__(self, client: Client, database: Database, settings: Settings) -> None:
        self._client = client
        self._database = database
        self._settings = settings

    @activity.defn(name="hand_over_waiting")
    async def hand_over_waiting(self) -> int:
        """Hand over a part of what waits; 0 when nothing waits or nothing moved."""
        waiting = await asyncio.to_thread(self._waiting)
        return await handover.hand_over_all(
            self._client, self._database, waiting, on_progress=activity.heartbeat
        )

    def _waiting(self) -> list[str]:
        with self._database.reading() as session:
            return inbox.waiting(session, PART)

    @activity.defn(name="sweep")
    async def sweep(self) -> None:
        """Hand over what was left, drop words nobody bound, drafts of cases that closed long ago,
        old links and deliveries, and what no page came back to tell; start the webhooks that should
        run; then ask to be run again.

        Asking takes the form of a failure that is no error: Temporal's retries are the clock,
        and they add nothing to history.
        """
        activity.heartbeat()
        while await self.hand_over_waiting():
            activity.heartbeat()
        await self.hand_on_notices()
        await self.keep_hooks_going()
        await asyncio.to_thread(self._sweep_words)
        raise ApplicationError(
            "swept; again in a while", type="Again", category=ApplicationErrorCategory.BENIGN
        )

    async def hand_on_notices(self) -> None:
        """Hand on what the house has to tell. Told twice rather than never, if we are stopped in
        between; what still waits with the gatherer is told once."""
        for waiting in await asyncio.to_thread(self._untold):
            notice = Notice(reason=waiting.reason, about=waiting.about)
            await hand_on(self._client, self._settings, waiting.person_id, notice)
            await asyncio.to_thread(self._mark_told, waiting.id)
            activity.heartbeat()

    async def keep_hooks_going(self) -> None:
        """Start the workflow of each webhook that is awake, if it does not run: Temporal may have
        been away when it was woken, or has lost it."""
        for hook_id in await asyncio.to_thread(self._awake):
            await waking.keep_going(self._client, hook_id)
            activity.heartbeat()

    def _awake(self) -> list[str]:
        with self._database.reading() as session:
            return hooks.awake(session)

    def _untold(self) -> list[HouseNotice]:
        with self._database.reading() as session:
            return house.untold(session, PART)

    def _mark_told(self, notice_id: str) -> None:
        with self._database.writing() as session:
            house.mark_told(session, notice_id, datetime.now(UTC))

    def _sweep_words(self) -> None:
        at = datetime.now(UTC)
        with self._database.writing() as session:
            words.sweep(session, at)
            notices.sweep(session, at)
            links.sweep(session, at)
            hook_log.sweep(session, at)
            told.sweep(session, at)
        drafts.sweep(self._database, at)
