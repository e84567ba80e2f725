"""What Temporal has kept of a case: its workflow's history, decoded so that people can read it.

It is a second witness, in another place than the ledger: the step that records facts is named
after their digest. How long it is kept is for the server to say; where it is gone or cannot be
reached, that is the answer, and nothing else waits for it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import UTC
from enum import StrEnum
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.converter import DataConverter

from domain.base import Moment, Value
from domain.errors import Unknown
from domain.ledger import Fact, name_of
from intake.entities import RPC, Unavailable, reaching_temporal

SECONDS = 6.0
"""How long a reader waits for Temporal."""

RUNS = 20
"""Runs of one workflow that are followed back, the newest."""

EVENTS = 3_000
"""Events that are read of all runs together."""

LONGEST = 20_000
"""Characters of what one event holds; of more, the beginning."""

_SILENT = frozenset(
    {
        "identity", "request_id", "worker_version", "sdk_metadata", "metering_metadata",
        "binary_checksum", "header", "workflow_task_completed_event_id", "deployment_version",
        "worker_deployment_version", "worker_deployment_name", "protocol_instance_id",
        "versioning_behavior", "inherit_build_id", "use_workflow_build_id",
        "build_id_redirect_counter",
    }
)  # fmt: skip
"""What of an event tells about machines and nothing about the case."""

_RECORDED = re.compile(r"record-(\d{1,9})-(\d{1,9})-[0-9a-f]{16}")


class Kept(StrEnum):
    """Whether Temporal still has it."""

    THERE = "there"
    FORGOTTEN = "forgotten"
    """It has closed, and the server keeps closed ones for so long only; or it was started anew."""
    AWAY = "away"
    """The server cannot be reached just now."""


class PastEvent(Value):
    """One event of a history."""

    id: int
    at: Moment
    type: str
    """As Temporal calls it, in small letters: ``activity_task_scheduled``."""
    what: str
    """The name it has: of a workflow, an activity, an update, a signal or a timer."""
    summary: str
    """What our workflow wrote beside it."""
    data: str
    """Everything in it as JSON, with payloads decoded."""
    is_cut: bool
    first: int | None = None
    """The first of the ledger's entries that it is about; ``last``: the last of them."""
    last: int | None = None
    is_same: bool | None = None
    """Whether it names the very bytes that the ledger has for these entries."""


class Run(Value):
    """One run; a long one goes on as a new one."""

    id: str
    events: tuple[PastEvent, ...]


class Past(Value):
    kept: Kept
    detail: str = ""
    runs: tuple[Run, ...] = ()
    """Oldest first."""
    is_whole: bool = True
    """Whether this is all there was, from the first run on."""

    @property
    def witnessed(self) -> frozenset[int]:
        """The entries whose very bytes are named in here."""
        return frozenset(n for event in self._named(is_same=True) for n in _span(event))

    @property
    def contradicted(self) -> frozenset[int]:
        """The entries for which other bytes are named in here."""
        return frozenset(n for event in self._named(is_same=False) for n in _span(event))

    @property
    def unknown(self) -> frozenset[int]:
        """The entries that are named in here where the ledger did not have all of them."""
        named = (e for e in self._named(is_same=None) if _RECORDED.fullmatch(e.what))
        return frozenset(n for event in named for n in _span(event))

    def _named(self, *, is_same: bool | None) -> list[PastEvent]:
        return [e for run in self.runs for e in run.events if e.is_same is is_same]


def _span(event: PastEvent) -> range:
    return range(event.first or 0, (event.last or 0) + 1)


async def past(client: Client, workflow_id: str, seconds: float = SECONDS) -> Past:
    """The history of a workflow over all its runs. It always answers, and in time."""
    try:
        async with asyncio.timeout(seconds):
            with reaching_temporal():
                return await _past(client, workflow_id)
    except TimeoutError:
        return Past(kept=Kept.AWAY, detail=f"it did not answer within {seconds:g} s")
    except Unknown:
        return Past(kept=Kept.FORGOTTEN)
    except Unavailable as error:
        return Past(kept=Kept.AWAY, detail=str(error))


async def _past(client: Client, workflow_id: str) -> Past:
    runs: list[Run] = []
    run_id: str | None = None
    left = EVENTS
    while len(runs) < RUNS and left > 0:
        try:
            with reaching_temporal():
                events, is_cut = await _events(client, workflow_id, run_id, left)
        except Unknown:
            if not runs:
                raise
            return Past(kept=Kept.THERE, runs=tuple(reversed(runs)), is_whole=False)
        started = events[0].workflow_execution_started_event_attributes
        shown = [await _shown(client.data_converter, event) for event in events]
        runs.append(Run(id=started.original_execution_run_id, events=tuple(shown)))
        left -= len(events)
        run_id = started.continued_execution_run_id or None
        if run_id is None or is_cut:
            is_whole = run_id is None and not is_cut
            return Past(kept=Kept.THERE, runs=tuple(reversed(runs)), is_whole=is_whole)
    return Past(kept=Kept.THERE, runs=tuple(reversed(runs)), is_whole=False)


async def _events(
    client: Client, workflow_id: str, run_id: str | None, most: int
) -> tuple[list[HistoryEvent], bool]:
    """The events of one run, and whether there are more than these."""
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    events: list[HistoryEvent] = []
    async for event in handle.fetch_history_events(rpc_timeout=RPC):
        if len(events) == most:
            return events, True
        events.append(event)
    return events, False


# Decoding. ------------------------------------------------------------------------------------


async def _shown(converter: DataConverter, event: HistoryEvent) -> PastEvent:
    attributes = getattr(event, event.WhichOneof("attributes") or "", None)
    data = await _plain(converter, attributes) if attributes is not None else {}
    text = json.dumps(data, ensure_ascii=False, indent=1, default=str)
    return PastEvent(
        id=event.event_id,
        at=event.event_time.ToDatetime(UTC),
        type=EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower(),
        what=_name(data),
        summary=await _summary(converter, event),
        data=text[:LONGEST],
        is_cut=len(text) > LONGEST,
    )


def _name(data: Any) -> str:
    """What the event is about, wherever this type of event says so."""
    ways = (
        ("activity_id",), ("signal_name",), ("timer_id",), ("marker_name",),
        ("accepted_request", "input", "name"), ("workflow_type", "name"),
        ("new_execution_run_id",),
    )  # fmt: skip
    for way in ways:
        found = data
        for step in way:
            found = found.get(step) if isinstance(found, dict) else None
        if found:
            return str(found)
    return ""


async def _summary(converter: DataConverter, event: HistoryEvent) -> str:
    if not event.user_metadata.HasField("summary"):
        return ""
    return str(await _decoded(converter, [event.user_metadata.summary]))


async def _plain(converter: DataConverter, value: Any) -> Any:
    """A part of an event as plain data, its payloads decoded as workers decode them."""
    match value:
        case Payload():
            return await _decoded(converter, [value])
        case Payloads():
            return await _decoded(converter, value.payloads)
        case Timestamp():
            return value.ToDatetime(UTC).isoformat()
        case Duration():
            return f"{value.ToTimedelta().total_seconds():g} s"
        case Message():
            return {
                field.name: await _field(converter, field, held)
                for field, held in value.ListFields()
                if field.name not in _SILENT
            }
        case bytes():
            return value.hex()
        case _:
            return value


async def _field(converter: DataConverter, field: Any, held: Any) -> Any:
    if field.enum_type is not None and isinstance(held, int):
        named = field.enum_type.values_by_number.get(held)
        return named.name if named else held
    if hasattr(held, "items"):
        return {str(name): await _plain(converter, one) for name, one in held.items()}
    if not isinstance(held, Message | str | bytes) and isinstance(held, Sequence):
        return [await _plain(converter, one) for one in held]
    return await _plain(converter, held)


async def _decoded(converter: DataConverter, payloads: Sequence[Payload]) -> Any:
    """What these payloads hold. One that cannot be decoded says so and stops nothing."""
    try:
        found = await converter.decode(payloads)
    except Exception as error:  # noqa: BLE001 - a codec may raise whatever it likes
        return f"(cannot be decoded: {type(error).__name__})"
    return found[0] if len(found) == 1 else found


# Beside the ledger. ---------------------------------------------------------------------------


def beside(found: Past, entries: Sequence[tuple[int, str, Fact | None]]) -> Past:
    """The history with each event led to the entries it is about. Entries are told by their place,
    the digest of their bytes, and what these say."""
    digests = {seq: digest for seq, digest, _ in entries}
    keys = {fact.key: seq for seq, _, fact in entries if fact is not None and fact.key}
    runs = tuple(
        run.model_copy(
            update={"events": tuple(_beside(event, digests, keys) for event in run.events)}
        )
        for run in found.runs
    )
    return found.model_copy(update={"runs": runs})


def _beside(event: PastEvent, digests: dict[int, str], keys: dict[str, int]) -> PastEvent:
    if place := _RECORDED.fullmatch(event.what):
        first, last = int(place[1]), int(place[2])
        named = [digests[seq] for seq in range(first, last + 1) if seq in digests]
        # What the ledger does not have yet is being written just now, or was taken away.
        is_there = len(named) == last - first + 1
        is_same = event.what == name_of(first, last, named) if is_there else None
        return event.model_copy(update={"first": first, "last": last, "is_same": is_same})
    if event.type == "workflow_execution_update_accepted":
        update = re.search(r'"update_id": "(\w+)"', event.data)
        seq = keys.get(update[1]) if update else None
        return event.model_copy(update={"first": seq, "last": seq})
    return event
