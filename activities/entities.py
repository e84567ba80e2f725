"""Opening other entities and telling them things."""

from __future__ import annotations

import asyncio

from temporalio import activity
from temporalio.client import Client, RPCError, RPCStatusCode

from domain.effects import OpenEntity, Tell
from domain.messages import Errand, Start
from domain.people import MACHINE
from intake import entities
from store import records, tables
from store.database import Database


class EntityActivities:
    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database

    @activity.defn(name="open")
    async def open(self, errand: Errand) -> None:
        """Start an entity unless the store knows it. Its clock starts with its first opening."""
        effect = errand.effect
        assert isinstance(effect, OpenEntity)
        if not await asyncio.to_thread(self._is_known, effect.stream):
            kind = effect.stream.partition("/")[0]
            message = Start(
                kind=kind, command=effect.command, actor=MACHINE, at=activity.info().scheduled_time
            )
            await entities.open_at(
                self._client, self._database, effect.stream, message, effect.summary
            )
        await self._settle(errand)

    @activity.defn(name="tell")
    async def tell(self, errand: Errand) -> None:
        """Signal another entity. One that has ended has nothing to hear any more."""
        effect = errand.effect
        assert isinstance(effect, Tell)
        try:
            handle = self._client.get_workflow_handle(effect.stream)
            await handle.signal("tell", effect.command, rpc_timeout=entities.RPC)
        except RPCError as error:
            is_over = error.status is RPCStatusCode.NOT_FOUND and await asyncio.to_thread(
                self._is_closed, effect.stream
            )
            if not is_over:
                raise
        await self._settle(errand)

    def _is_known(self, stream: str) -> bool:
        with self._database.reading() as session:
            return session.get(tables.Snapshot, stream) is not None

    def _is_closed(self, stream: str) -> bool:
        with self._database.reading() as session:
            row = session.get(tables.Snapshot, stream)
            return row is not None and not row.is_open

    async def _settle(self, errand: Errand) -> None:
        if errand.is_last:
            await asyncio.to_thread(
                records.mark_acted, self._database, errand.stream, errand.seq, entities.now()
            )
