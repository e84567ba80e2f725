"""Taking facts to the ledger, and trying at once what follows from them."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities.effects import EffectActivities
from domain.errors import StaleEpoch
from domain.ledger import Batch
from domain.messages import Errand, Recorded, Recording
from intake import hooks
from intake.entities import Unavailable
from store import records
from store.database import Database

log = logging.getLogger("answerable.records")


class RecordActivities:
    def __init__(self, client: Client, database: Database, effects: EffectActivities) -> None:
        self._client = client
        self._database = database
        self._effects = effects

    @activity.defn(name="record")
    async def record(self, recording: Recording) -> Recorded:
        """Write a batch, then try its errands; answers which of them were run.

        A fork or a gap is tried for ever: an alarm, never a loss. Only a workflow that a restore
        has replaced gives up. An errand that fails is left to the workflow, which tries it alone.
        """
        await asyncio.to_thread(self._write, recording.batch)
        await self._rouse(recording.batch)
        tried = await asyncio.gather(*(self._try(errand) for errand in recording.errands))
        return Recorded(done=tuple(n for n, is_done in enumerate(tried) if is_done))

    def _write(self, batch: Batch) -> None:
        try:
            records.record(self._database, batch, datetime.now(UTC))
        except StaleEpoch as error:
            raise ApplicationError(str(error), type="StaleEpoch", non_retryable=True) from error

    async def _rouse(self, batch: Batch) -> None:
        """Wake the webhooks that are told of this: whoever asked first, for the door writes the
        same facts and wakes nobody."""
        try:
            await hooks.rouse(self._client, self._database, {fact.name for fact in batch.facts})
        except Unavailable as error:
            log.warning("webhooks are woken by the sweep: %s", error)

    async def _try(self, errand: Errand) -> bool:
        try:
            await self._effects.carry_out(errand)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again alone
            log.warning("%s of %s is tried again: %s", errand.effect.do, errand.stream, error)
            return False
        return True
