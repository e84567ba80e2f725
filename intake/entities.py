"""Starting entities and sending them commands, with what the ledger must know written at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import (
    Client,
    RPCError,
    RPCStatusCode,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from domain.errors import REFUSALS, AnswerableError, Conflict, Fault, Refused, Unknown
from domain.kinds import kind_of
from domain.ledger import Batch
from domain.messages import TASK_QUEUE, Answer, Request, Start, opening
from store import records
from store.database import Database

RPC = timedelta(seconds=10)
"""How long one call to Temporal may take."""

PASSING = ("aborted by closing workflow", "unexpected workflow task failure")
"""What the server says when a run ended, or went on as a new one, just as a command came in."""

TURNS = 10
"""Times a command may meet such a moment."""


class Unavailable(AnswerableError):
    """Temporal or the worker cannot be reached just now; nothing was done."""


class OutcomeUnknown(AnswerableError):
    """The command may or may not have happened: ask again with the same key."""


class Busy(AnswerableError):
    """Temporal asks for a pause."""


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def reaching_temporal() -> Iterator[None]:
    """Turns what the SDK says of an unreachable server into our own words: Unavailable and so on.

    A client that connects on its first call says "Failed client connect" with a RuntimeError.
    """
    try:
        yield
    except RPCError as error:
        raise _unreachable(error) from error
    except RuntimeError as error:
        if "client connect" not in str(error):
            raise
        raise Unavailable("Temporal cannot be reached: it refuses the connection") from error


async def start(client: Client, stream: str, message: Start, summary: str) -> bool:
    """Start an entity's workflow; False if it was started before, whenever that was."""
    with reaching_temporal():
        try:
            await client.start_workflow(
                kind_of(stream).name,
                message,
                id=stream,
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=summary,
                rpc_timeout=RPC,
            )
        except WorkflowAlreadyStartedError:
            return False
    return True


async def replace(client: Client, stream: str, message: Start, summary: str) -> None:
    """Start an entity's workflow in place of whatever ran under its id before."""
    await client.start_workflow(
        kind_of(stream).name,
        message,
        id=stream,
        task_queue=TASK_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
        static_summary=summary,
        rpc_timeout=RPC,
    )


async def open_at(
    client: Client, database: Database, stream: str, message: Start, summary: str
) -> bool:
    """Start an entity and, where it was this call that did, record its opening at once."""
    if not await start(client, stream, message, summary):
        return False
    state, facts = opening(message)
    batch = Batch(stream=state.stream, kind=message.kind, epoch=message.epoch, facts=facts)
    await asyncio.to_thread(records.record, database, batch, now())
    return True


async def send(client: Client, stream: str, request: Request, seconds: float = 15) -> Answer:
    """Have a command decided. Raises Refused as the rules say, or Unavailable, Busy, Unknown,
    OutcomeUnknown. Safe to repeat with the same key."""
    for _ in range(TURNS):
        with reaching_temporal():
            try:
                return await _send(client, stream, request, seconds)
            except RPCError as error:
                if not any(moment in error.message for moment in PASSING):
                    raise
            # A run that ended for good goes on saying so of this very command.
            if not await _is_running(client, stream):
                raise _closed()
        await asyncio.sleep(0.05)
    raise Unavailable(f"{stream} was starting afresh each time it was asked")


async def _is_running(client: Client, stream: str) -> bool:
    with reaching_temporal():
        description = await client.get_workflow_handle(stream).describe(rpc_timeout=RPC)
    return description.status is WorkflowExecutionStatus.RUNNING


async def _send(client: Client, stream: str, request: Request, seconds: float) -> Answer:
    try:
        answer: Answer = await client.get_workflow_handle(stream).execute_update(
            str(request.command["act"]),
            request,
            id=request.key,
            result_type=Answer,
            rpc_timeout=timedelta(seconds=seconds),
        )
        return answer
    except WorkflowUpdateFailedError as error:
        raise _refusal(error) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise OutcomeUnknown("the answer did not come in time") from error


def _refusal(error: WorkflowUpdateFailedError) -> AnswerableError:
    cause = error.cause
    if isinstance(cause, ApplicationError):
        if cause.type in REFUSALS and cause.details:
            return to_refusal(cause.type, cause.details[0])
        if cause.type == "AcceptedUpdateCompletedWorkflow":
            return _closed()
    return Fault(f"the workflow could not read the command: {cause}")


def to_refusal(kind: str, parts: Mapping[str, Any]) -> Refused:
    """The refusal that travelled, as it was raised."""
    return REFUSALS[kind](
        parts["code"], parts["message"], parts.get("way_out", ""), **parts.get("details", {})
    )


def _closed() -> Refused:
    return Conflict("closed", "this is closed", "see its history for how it ended")


def _unreachable(error: RPCError) -> AnswerableError:
    match error.status:
        case RPCStatusCode.NOT_FOUND if "already completed" in error.message:
            return _closed()
        case RPCStatusCode.NOT_FOUND:
            return Unknown(
                "no_workflow", "no workflow is running for this", "run answerable doctor"
            )
        case RPCStatusCode.RESOURCE_EXHAUSTED:
            return Busy("Temporal asks for a pause")
        case _:
            return Unavailable(f"Temporal cannot be reached: {error.status.name}")


async def command(
    client: Client, database: Database, stream: str, request: Request, seconds: float = 15
) -> tuple[Answer, bool]:
    """Have a command decided and recorded, so that the next look is already true.

    Answers what was decided, and whether the ledger has it already (it will in any case: the
    workflow's own drainer brings it).
    """
    answer = await send(client, stream, request, seconds)
    return answer, await try_to_record(database, answer.batch)


async def try_to_record(database: Database, batch: Batch) -> bool:
    """Whether the ledger has these facts now; if not, their workflow brings them there."""
    try:
        await asyncio.to_thread(records.record, database, batch, now())
    except Exception:  # noqa: BLE001 - whatever ails the database, it has happened
        return False
    return True
