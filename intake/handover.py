"""The hand-over: takes what waits in the inbox to the workflow of its escalation.

Every step is safe to repeat, and the arrival counts as handed over only once the ledger has it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from domain.errors import AnswerableError, Conflict
from domain.escalation import OpenEscalation, Receive
from domain.ledger import RULES
from domain.messages import TASK_QUEUE, Request, Start
from domain.people import COMMENTER
from domain.policy import route
from intake import entities
from language.thanks import is_only_thanks
from store import inbox, policies, remarks, tables, words
from store.database import Database
from store.inbox import Delivery

log = logging.getLogger("answerable.intake")

AT_ONCE = 16
"""Hand-overs under way at the same time: enough to keep two cores busy, few enough for SQLite."""

TURNS = 20
"""Times an arrival may find its escalation closed, or being opened by somebody else just then."""

PAUSE = 0.1
"""Seconds until the opening by somebody else is looked for again: two seconds in all."""


async def hand_over(client: Client, database: Database, arrival_id: str) -> str:
    """Take one arrival to its escalation and answer that escalation's id.

    Raises Unavailable and the like while Temporal cannot be reached; the arrival then waits.
    """
    for _ in range(TURNS):
        delivery, opener, is_known = await asyncio.to_thread(_look_up, database, arrival_id)
        if not is_known and not await _open(client, database, opener):
            # Somebody else started it; its own worker records it, and only then is it safe.
            await asyncio.sleep(PAUSE)
            continue
        if opener.arrival_id != arrival_id and not await _join(client, database, delivery):
            await asyncio.to_thread(
                inbox.take_successor, database, arrival_id, delivery.escalation_id
            )
            continue
        handed = {arrival_id, opener.arrival_id}
        await asyncio.to_thread(inbox.mark_handed_over, database, sorted(handed), entities.now())
        return delivery.escalation_id
    raise entities.Unavailable(f"arrival {arrival_id}: its escalation is not there yet")


def _look_up(database: Database, arrival_id: str) -> tuple[Delivery, Delivery, bool]:
    with database.reading() as session:
        delivery = inbox.delivery(session, arrival_id)
        stream = f"escalation/{delivery.escalation_id}"
        is_known = session.get(tables.Snapshot, stream) is not None
        return delivery, inbox.opener(session, delivery.escalation_id), is_known


async def _open(client: Client, database: Database, opener: Delivery) -> bool:
    """Start and record an escalation; False where another call has started it before."""
    message = await asyncio.to_thread(_opening, database, opener)
    summary = f"{opener.channel}, team {message.command['terms']['team']}"  # type: ignore[index]
    return await entities.open_at(
        client, database, f"escalation/{opener.escalation_id}", message, summary
    )


def _opening(database: Database, opener: Delivery) -> Start:
    with database.reading() as session:
        in_force = policies.current(session)
        remark = remarks.of_arrival(session, opener.arrival_id)
    if in_force is None:
        raise AnswerableError("no policy has been applied; run: answerable policy apply FILE")
    routed = route(in_force.policy, in_force.version, remark)
    command = OpenEscalation(
        id=opener.escalation_id,
        conversation_id=opener.conversation_id,
        channel=opener.channel,
        comment_id=opener.comment_id,
        words=opener.words,
        terms=routed.terms,
        received_at=opener.received_at,
        posted_at=opener.posted_at,
        predecessor=opener.predecessor,
        backlog=routed.is_backlog,
        ladders_at=routed.ladders_at,
        rules=RULES,
        suspected=routed.quarantine,
        rule=routed.rule,
    )
    return Start(
        kind="escalation",
        command=command.model_dump(mode="json", exclude_defaults=True) | {"act": "open"},
        actor=COMMENTER,
        at=opener.received_at,
    )


async def _join(client: Client, database: Database, delivery: Delivery) -> bool:
    """Have the escalation receive a comment; False where it has closed meanwhile."""
    command = Receive(
        comment_id=delivery.comment_id,
        revision=delivery.revision,
        words=delivery.words,
        is_removed=delivery.is_removed,
        is_thanks=await asyncio.to_thread(_is_thanks, database, delivery),
    )
    request = Request(
        command=command.model_dump(mode="json"),
        actor=COMMENTER,
        key=f"arrival-{delivery.arrival_id}",
        digest=delivery.words.digest,
    )
    stream = f"escalation/{delivery.escalation_id}"
    try:
        answer, is_recorded = await entities.command(client, database, stream, request)
    except Conflict as refusal:
        if refusal.code == "closed":
            return False
        raise
    if not is_recorded:
        raise entities.Unavailable(f"{stream} has it at {answer.seq}; the ledger has not yet")
    return True


def _is_thanks(database: Database, delivery: Delivery) -> bool:
    """Whether a comment says thanks and nothing else: such a word neither reopens nor alarms."""
    if delivery.is_removed or delivery.revision > 1:
        return False
    with database.reading() as session:
        text = words.exact_text(session, delivery.words)
    return text is not None and is_only_thanks(text)


async def hand_over_all(
    client: Client,
    database: Database,
    arrival_ids: Iterable[str],
    on_progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Hand over many, oldest first, a few at a time; one that fails waits and stops no other.

    Arrivals of one escalation go one after the other. Answers how many were handed over.
    """
    by_escalation = await asyncio.to_thread(_group, database, list(arrival_ids))
    places = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def hand_over_group(group: list[str]) -> None:
        nonlocal done
        async with places:
            for arrival_id in group:
                try:
                    await hand_over(client, database, arrival_id)
                except AnswerableError as error:
                    log.warning("arrival %s waits: %s", arrival_id, error)
                    return
                done += 1
                on_progress(done)

    await asyncio.gather(*(hand_over_group(group) for group in by_escalation))
    return done


def _group(database: Database, arrival_ids: list[str]) -> list[list[str]]:
    with database.reading() as session:
        pairs = inbox.escalations_of(session, arrival_ids)
    groups: dict[str, list[str]] = {}
    for arrival_id, escalation_id in pairs:
        groups.setdefault(escalation_id, []).append(arrival_id)
    return list(groups.values())


async def nudge(client: Client) -> None:
    """Have a worker hand over whatever waits; one nudge too many does nothing."""
    with entities.reaching_temporal():
        await client.start_workflow(
            "hand_over",
            id="intake/hand-over",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            rpc_timeout=entities.RPC,
        )
