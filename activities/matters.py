"""Answering the members of a matter: so many at a time, each once, and knowing when to stop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from temporalio import activity
from temporalio.client import Client, RPCError, RPCStatusCode
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from domain.matter import MOST, Matter, MatterStage
from domain.matter.serving import serve
from domain.messages import WaveTaken, WaveWanted
from domain.policy import Channel
from intake import entities
from store import matters, policies, records, tables
from store.database import Database
from store.matters import Member

AT_ONCE = 16
"""Signals under way at the same time, as for the hand-over."""

SLICE = 50
"""Members served between two looks whether somebody has said halt."""

TAKEN_WITHIN = 20.0
"""Seconds that a slice may take to be taken in; who has not by then is left to a later wave."""

LOOK_SECONDS = 0.2

WORTH = 60
"""Seconds of publishing that one wave serves: so much is still on its way after a halt."""

FEWEST = 50
"""Members of one channel that a wave serves however slow it is: a wave costs history."""

DAY = 86_400


class MatterActivities:
    """Each is safe to repeat: who has been served is known, and so is the post that does it."""

    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database

    @activity.defn(name="serve_members")
    async def serve_members(self, wanted: WaveWanted) -> WaveTaken:
        """Serve the next members, until the wave's limit, a halt, or nobody waits.

        Tried again, it goes on after the last one it told: its heartbeat names that one.
        """
        last, told = self._so_far()
        channels = await asyncio.to_thread(self._channels)
        while (left := wanted.limit - told.total()) > 0:
            _stop_if_leaving()
            full = [n for n, c in channels.items() if wanted.is_paced and told[n] >= budget_of(c)]
            matter, people, members = await asyncio.to_thread(
                self._look, wanted, last, min(left, SLICE), full
            )
            if matter is None or not members:
                break
            await self._tell(matter, people, members)
            last = members[-1].id
            told.update(member.channel for member in members)
            activity.heartbeat(last, dict(told))
            await self._until_taken(wanted.matter_id, members, last, told)
        pauses = [pause_of(channels[name], n) for name, n in told.items() if name in channels]
        return await asyncio.to_thread(self._count, wanted, max(pauses, default=1))

    @activity.defn(name="await_members")
    async def await_members(self, wanted: WaveWanted) -> WaveTaken:
        """Answer once somebody waits; until then ask to be run again.

        Asking takes the form of a failure that is no error: retries add nothing to history.
        """
        taken = await asyncio.to_thread(self._count, wanted)
        if not taken.waiting:
            raise ApplicationError(
                "nobody has joined; again in a while",
                type="Again",
                category=ApplicationErrorCategory.BENIGN,
            )
        return taken

    @activity.defn(name="count_members")
    async def count_members(self, wanted: WaveWanted) -> WaveTaken:
        """How many there are of each kind."""
        return await asyncio.to_thread(self._count, wanted)

    # Looking. ---------------------------------------------------------------------------------

    def _so_far(self) -> tuple[str, Counter[str]]:
        """Whom an earlier try told last, and how many on each channel."""
        details = activity.info().heartbeat_details
        return (str(details[0]), Counter(details[1])) if len(details) == 2 else ("", Counter())

    def _look(
        self, wanted: WaveWanted, after: str, limit: int, full: list[str]
    ) -> tuple[Matter | None, int, list[Member]]:
        """The matter as it is now, None where this wave is over; the people; who is next."""
        with self._database.reading() as session:
            row = session.get_one(tables.Snapshot, f"matter/{wanted.matter_id}")
            matter = records.load(row)
            assert isinstance(matter, Matter)
            is_current = matter.wave is not None and matter.wave.n == wanted.n
            if matter.stage is not MatterStage.RELEASING or not is_current:
                return None, 0, []
            members = matters.waiting(session, wanted.matter_id, after, limit, full)
            return matter, matters.voices(session, wanted.matter_id), members

    def _channels(self) -> Mapping[str, Channel]:
        with self._database.reading() as session:
            in_force = policies.current(session)
        return in_force.policy.channels if in_force else {}

    def _count(self, wanted: WaveWanted, pause: int = 1) -> WaveTaken:
        with self._database.reading() as session:
            found = matters.counts(session, [wanted.matter_id])
        counts = found.get(wanted.matter_id, matters.Counts())
        return WaveTaken(
            waiting=counts.waiting, served=counts.served, apart=counts.apart, pause=pause
        )

    # Telling. ---------------------------------------------------------------------------------

    async def _tell(self, matter: Matter, people: int, members: list[Member]) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def tell(member: Member) -> None:
            async with places:
                await self._signal(
                    f"escalation/{member.id}", serve(matter, member.id, member.owner, people)
                )

        await asyncio.gather(*(tell(member) for member in members))

    async def _signal(self, stream: str, command: dict[str, object]) -> None:
        """Tell one; who has closed meanwhile is not waiting any more."""
        try:
            handle = self._client.get_workflow_handle(stream)
            await handle.signal("tell", command, rpc_timeout=entities.RPC)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def _until_taken(
        self, matter_id: str, members: list[Member], last: str, told: Counter[str]
    ) -> None:
        """Wait until the ledger has it that these were served: no faster than they take it in."""
        ids = [member.id for member in members]
        for _ in range(int(TAKEN_WITHIN / LOOK_SECONDS)):
            if not await asyncio.to_thread(self._are_waiting, matter_id, ids):
                return
            _stop_if_leaving()
            activity.heartbeat(last, dict(told))
            await asyncio.sleep(LOOK_SECONDS)

    def _are_waiting(self, matter_id: str, ids: list[str]) -> int:
        with self._database.reading() as session:
            return matters.still_waiting(session, matter_id, ids)


def _stop_if_leaving() -> None:
    """Leave the rest to another worker where this one is stopping."""
    if activity.is_worker_shutdown():
        raise ApplicationError(
            "the worker is stopping", type="Again", category=ApplicationErrorCategory.BENIGN
        )


def _rate(channel: Channel) -> float:
    """Posts a second that the channel takes in the long run."""
    per_day: float | None = getattr(channel, "posts_per_day", None)
    return min(channel.posts_per_second, per_day / DAY) if per_day else channel.posts_per_second


def budget_of(channel: Channel) -> int:
    """How many members of a channel one wave serves."""
    return max(FEWEST, min(int(_rate(channel) * WORTH), MOST))


def pause_of(channel: Channel, count: int) -> int:
    """How many seconds a channel needs to publish so many."""
    return int(count / _rate(channel)) + 1
