"""Carrying out what follows from a fact: open another entity, tell one, notify people."""

from __future__ import annotations

import asyncio

from temporalio import activity
from temporalio.client import Client, RPCError, RPCStatusCode

from activities.notices import hand_on
from config.settings import Settings
from domain.effects import Notify, OpenEntity, Pending, Tell
from domain.messages import Errand, Notice, Start
from domain.people import MACHINE
from intake import entities
from store import people, records, tables
from store.database import Database


class EffectActivities:
    def __init__(self, client: Client, database: Database, settings: Settings) -> None:
        self._client = client
        self._database = database
        self._settings = settings

    @activity.defn(name="carry_out")
    async def carry_out(self, errand: Errand) -> None:
        """Run one errand. Running it again changes nothing, save a notice that is told twice."""
        match errand.effect:
            case OpenEntity() as effect:
                await self._open(effect)
            case Tell() as effect:
                await self._tell(effect)
            case Notify() as effect:
                await self._notify(effect)
            case other:
                raise AssertionError(f"{other.do} is no errand")
        if errand.is_last:
            done = Pending(seq=errand.seq, effect=errand.effect)
            await asyncio.to_thread(
                records.mark_done, self._database, errand.stream, done, entities.now()
            )

    async def _open(self, effect: OpenEntity) -> None:
        """Start an entity unless the store knows it.

        Its clock starts when this step was first scheduled, however often it is tried.
        """
        if await asyncio.to_thread(self._is_known, effect.stream):
            return
        message = Start(
            kind=effect.stream.partition("/")[0],
            command=effect.command,
            actor=MACHINE,
            at=activity.info().scheduled_time,
        )
        await entities.open_at(self._client, self._database, effect.stream, message, effect.summary)

    async def _tell(self, effect: Tell) -> None:
        """Signal another entity. One that has ended has nothing to hear any more."""
        try:
            handle = self._client.get_workflow_handle(effect.stream)
            await handle.signal("tell", effect.command, rpc_timeout=entities.RPC)
        except RPCError as error:
            is_over = error.status is RPCStatusCode.NOT_FOUND and await asyncio.to_thread(
                self._is_closed, effect.stream
            )
            if not is_over:
                raise

    async def _notify(self, effect: Notify) -> None:
        """Hand a notice to the gatherer of each person it is for."""
        notice = Notice(reason=effect.reason, about=effect.about, urgent=effect.urgent)
        for person in await asyncio.to_thread(self._people, effect):
            await hand_on(self._client, self._settings, person, notice)

    def _people(self, effect: Notify) -> list[str]:
        with self._database.reading() as session:
            found = list(effect.people)
            if effect.to:
                assert effect.seats is not None
                # Everybody on the seat, each in their own hours: a notice waits for its reader.
                filled = people.filled_all(
                    session, effect.to, effect.seats, entities.now(), urgent=True
                )
                found += [person for seat in filled.values() for person in seat.people]
        return [p for p in dict.fromkeys(found) if p != effect.except_person]

    def _is_known(self, stream: str) -> bool:
        with self._database.reading() as session:
            return session.get(tables.Snapshot, stream) is not None

    def _is_closed(self, stream: str) -> bool:
        with self._database.reading() as session:
            row = session.get(tables.Snapshot, stream)
            return row is not None and not row.is_open
