"""What `answerable doctor` looks at: one function for each part, findings as sentences.

A finding that is a problem ends with the way out. Nothing here changes anything, save that the
hand-over is nudged to learn what time it is for Temporal.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Select, func, select, text
from sqlmodel import Session, col
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from config.settings import Settings
from domain.house import HOUSE
from domain.messages import TASK_QUEUE, channel_queue
from domain.people import Role
from domain.policy import ChannelKind, Policy
from domain.post import PostStage
from domain.watch import Code
from intake import handover, restore
from store import inbox, people, policies, records, tables, watch
from store.database import Database


@dataclass(frozen=True)
class Finding:
    part: str
    said: str
    ok: bool = True


Findings = list[Finding]

FREE = 500_000_000
"""Bytes that should be free: SQLite's log, a migration and a backup need room beside the data."""

BEAT = timedelta(seconds=30)
"""A worker leaves a sign of life every ten seconds."""

RETENTION = timedelta(days=30)
"""Less than this, and a closed workflow may be forgotten before anybody has looked at it."""

SKEW = timedelta(seconds=5)
"""How far two clocks may be apart: deadlines are stamped by one and waited for by the other."""

OLD = timedelta(minutes=2)
"""The inbox is swept every half minute: what waits longer has a reason."""

CHECKED = timedelta(minutes=15)
"""The upkeep check runs every five minutes: two rounds may be missed."""

SAMPLE = 200
"""Open cases that are looked for in Temporal."""

NAMED = 5
"""Things of a kind that are named; the others are counted."""


async def sign_in(settings: Settings) -> Findings:
    """Whether the identity provider answers, where there is one, as whom it was told to."""
    from api.oidc import Away, Provider

    if settings.oidc_issuer is None:
        return []
    said = f"{settings.oidc_issuer} says who people are"
    try:
        await Provider(settings).set_out()
    except Away as error:
        way_out = "See whether it runs, and whether ANSWERABLE_OIDC_ISSUER is as it names itself."
        return [Finding("sign-in", f"{settings.oidc_issuer}: {error}. {way_out}", ok=False)]
    if not settings.links.startswith("https://"):
        said += "; the pages are served without HTTPS, which is for this machine alone"
    return [Finding("sign-in", said)]


async def mail(settings: Settings) -> Findings:
    """Whether people can be told by mail. Nothing is sent: everybody can try their own way under
    /me/notices."""
    if settings.smtp_url:
        return [Finding("mail", "a mail server is set up")]
    said = "no mail server is set up: nobody is told by mail. Set ANSWERABLE_SMTP_URL."
    return [Finding("mail", said)]


async def folder(settings: Settings) -> Findings:
    """The data folder and its disk."""
    data = settings.data
    if not data.is_dir() and settings.database_url:
        return [Finding("folder", f"{data} is not there; only console channels would need it")]
    if not data.is_dir():
        return [Finding("folder", f"{data} is not there. Name the right one with --data.", False)]
    if not os.access(data, os.W_OK | os.X_OK):
        return [Finding("folder", f"{data} cannot be written. Check who owns it.", False)]
    free = shutil.disk_usage(data).free
    said = f"{data} can be written; {free / 1e9:.1f} GB free"
    if free < FREE:
        return [Finding("folder", f"{said}. Free some space before it is full.", False)]
    return [Finding("folder", said)]


# The database alone. -------------------------------------------------------------------------


async def policy(settings: Settings, database: Database) -> Findings:
    """The policy in force, and what it needs: people to decide, secrets to sign with."""
    with database.reading() as session:
        in_force = policies.current(session)
        everybody = people.everybody(session)
    if in_force is None:
        return [Finding("policy", "None is in force. Run `answerable policy apply FILE`.", False)]
    findings = [Finding("policy", f"version {in_force.version} is in force")]
    roles = {role for person, _ in everybody if person.is_active for role in person.roles}
    for role in (Role.STAFF, Role.EXECUTIVE):
        if role not in roles:
            said = f"Nobody is {role}. Run `answerable people add ID --role {role}`."
            findings.append(Finding("people", said, False))
    findings += _calendars(in_force.policy, datetime.now(UTC).date())
    return findings + _secrets(settings, in_force.policy)


def _calendars(in_force: Policy, today: date) -> Findings:
    """Behind its last resolved day a calendar has no holidays, and nobody would notice."""
    return [
        Finding(
            "policy",
            f"Calendar '{name}' knows holidays until {calendar.until} only. Apply the file again: "
            "`answerable policy show`, then `answerable policy apply FILE`.",
            False,
        )
        for name, calendar in in_force.calendars.items()
        if calendar.until < today + timedelta(days=366)
    ]


def _secrets(settings: Settings, in_force: Policy) -> Findings:
    webhooks = [n for n, c in in_force.channels.items() if c.kind is ChannelKind.WEBHOOK]
    missing = [name for name in webhooks if name not in settings.channel_secrets]
    return [
        Finding(
            "channels",
            f"Channel '{name}' has no secret here. Set ANSWERABLE_CHANNEL_SECRETS to a JSON "
            f'object with "{name}", for worker and api alike.',
            False,
        )
        for name in missing
    ]


async def waiting(settings: Settings, database: Database) -> Findings:
    """What waits to be handed over, and since when."""
    with database.reading() as session:
        count = inbox.count_waiting(session)
        oldest = session.scalar(
            select(func.min(tables.Arrival.received_at)).where(
                col(tables.Arrival.handed_over_at).is_(None)
            )
        )
    if not count or oldest is None:
        return [Finding("inbox", "empty: everything has been handed over")]
    age = datetime.now(UTC) - oldest
    said = f"{count} comments wait, the oldest for {int(age.total_seconds())} s"
    if age > OLD:
        return [Finding("inbox", f"{said}. See the worker's log for why.", False)]
    return [Finding("inbox", said)]


async def alarms(settings: Settings, database: Database) -> Findings:
    """Forked histories, and posts that a person must see to."""
    with database.reading() as session:
        forks = _streams(session, select(col(tables.Fork.stream)).distinct())
        posts = {
            stage: _streams(
                session, select(col(tables.Post.id)).where(col(tables.Post.stage) == stage)
            )
            for stage in (PostStage.FAILED, PostStage.UNCONFIRMED)
        }
    findings = []
    if forks:
        said = f"{_listed(forks)} forked: two workflows claim one place. Run `answerable replay`."
        findings.append(Finding("ledger", said, False))
    for stage, ids in posts.items():
        way_out = "retry or withdraw them" if stage is PostStage.FAILED else "look at the channel"
        if ids:
            said = f"{len(ids)} {stage}: {_listed(ids)}. A person should {way_out}."
            findings.append(Finding("posts", said, False))
    return findings or [Finding("ledger", "no forks; no post has failed or is unconfirmed")]


async def house_chain(settings: Settings, database: Database) -> Findings:
    """The chain of what is recorded of the house itself: no workflow witnesses it."""
    with database.reading() as session:
        broken_at = records.verify(session, HOUSE)
    if broken_at is not None:
        said = f"Entry {broken_at} of '{HOUSE}' was changed by hand. Compare it with a backup."
        return [Finding("house", said, False)]
    return [Finding("house", "its ledger is one unbroken chain")]


def _streams(session: Session, statement: Select[str]) -> list[str]:
    return list(session.scalars(statement))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


async def worker_beat(settings: Settings, database: Database) -> Findings:
    """The worker's sign of life in the database."""
    with database.reading() as session:
        beat = session.get(tables.Heartbeat, "worker")
    if beat is None:
        return [Finding("worker", "None was ever there. Run `answerable worker`.", False)]
    age = datetime.now(UTC) - beat.at
    said = f"last seen {max(int(age.total_seconds()), 0)} s ago"
    if age > BEAT:
        return [Finding("worker", f"{said}. Run `answerable worker`.", False)]
    return [Finding("worker", said)]


async def upkeep(settings: Settings, database: Database) -> Findings:
    """What the upkeep check, which looks at everything open, has found by now."""
    with database.reading() as session:
        ran_at = watch.beat(session, watch.RAN)
        found = watch.open_findings(session)
    if ran_at is None:
        return [Finding("upkeep", "the check has not run yet; it does every five minutes")]
    age = datetime.now(UTC) - ran_at
    findings = []
    if age > CHECKED:
        said = (
            f"The check last ran {int(age.total_seconds() / 60)} minutes ago. Is a worker there? "
            "Is the schedule upkeep/watch paused in Temporal?"
        )
        findings.append(Finding("upkeep", said, False))
    for code, (what, way_out) in FOUND.items():
        streams = [finding.stream for finding in found if finding.code == code]
        if streams:
            findings.append(Finding("upkeep", f"{_listed(streams)} {what}. {way_out}", False))
    said = f"checked {max(int(age.total_seconds()), 0)} s ago: all that is open has its alarm"
    return findings or [Finding("upkeep", said)]


FOUND: dict[str, tuple[str, str]] = {
    Code.NO_ALARM: (
        "will not wake by themselves",
        "A person should look at them, and a developer at why.",
    ),
    Code.OVERDUE: (
        "should have woken by now",
        "Is the worker's log silent? If not, its workflows are gone: see `answerable restore`.",
    ),
    Code.NO_WORKFLOW: ("have no workflow", "Run `answerable restore --missing`."),
    Code.STUCK: ("cannot go on", "Run `answerable replay`, and see the worker's log."),
}
"""What each finding of the upkeep check means, and the way out."""


async def database_clock(settings: Settings, database: Database) -> Findings:
    """The clock of a database server; SQLite has none of its own."""
    if database.is_sqlite:
        return []
    before = datetime.now(UTC)
    with database.reading() as session:
        there = session.scalar(text("SELECT clock_timestamp()"))
    return [_clock("the database's", before, there, datetime.now(UTC))]


# Temporal alone. -----------------------------------------------------------------------------


async def namespace(client: Client) -> Findings:
    """The server, and how long it remembers what has closed."""
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace)
    )
    kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
    address = client.service_client.config.target_host
    findings = [Finding("temporal", f"{address}, namespace '{client.namespace}'")]
    if kept < RETENTION:
        said = (
            f"Closed workflows are forgotten after {kept}. Run `temporal operator namespace "
            f"update -n {client.namespace} --retention 3650d`."
        )
        findings.append(Finding("retention", said, False))
    return findings


async def pollers(client: Client) -> Findings:
    """Whether anybody takes work from our task queue."""
    count = await _pollers(client, TASK_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
    if not count:
        said = f"Nobody takes work from '{TASK_QUEUE}'. Run `answerable worker`."
        return [Finding("task queue", said, False)]
    return [Finding("task queue", f"{count} take work from '{TASK_QUEUE}'")]


async def _pollers(client: Client, queue: str, kind: TaskQueueType.ValueType) -> int:
    described = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        )
    )
    return len(described.pollers)


async def stuck(client: Client) -> Findings:
    """Workflows that cannot go on: code that decides their past otherwise, most likely."""
    query = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
    try:
        ids = [found.id async for found in client.list_workflows(query, limit=NAMED + 1)]
    except RPCError as error:
        if error.status is RPCStatusCode.INVALID_ARGUMENT:
            return []  # An older server knows no such thing.
        raise
    if ids:
        said = f"{_listed(ids)} cannot go on. Run `answerable replay`, and see the worker's log."
        return [Finding("workflows", said, False)]
    return [Finding("workflows", "none reports a problem")]


async def clock(client: Client) -> Findings:
    """Our clock against Temporal's, which stamps a workflow when it starts."""
    handle = client.get_workflow_handle("intake/hand-over")
    if await _is_running(client, "intake/hand-over"):
        return []  # It started some time ago and tells nothing about now.
    before = datetime.now(UTC)
    await handover.nudge(client)
    after = datetime.now(UTC)
    return [_clock("Temporal's", before, (await handle.describe()).start_time, after)]


def _clock(whose: str, before: datetime, there: datetime | None, after: datetime) -> Finding:
    """A moment between two of ours: how far off is it?"""
    assert there is not None
    early, late = before - there, there - after
    off = max(early, late, timedelta(0))
    if off <= SKEW:
        return Finding("clock", f"agrees with {whose}")
    direction = "ahead of" if early > late else "behind"
    said = f"Ours is {off.total_seconds():.0f} s {direction} {whose}. Let both follow NTP."
    return Finding("clock", said, False)


# Both together. ------------------------------------------------------------------------------


async def voices(client: Client, database: Database) -> Findings:
    """Every channel needs somebody who publishes on it."""
    with database.reading() as session:
        in_force = policies.current(session)
    names = sorted(in_force.policy.channels) if in_force else []
    kind = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    counts = await asyncio.gather(*(_pollers(client, channel_queue(n), kind) for n in names))
    silent = [name for name, count in zip(names, counts, strict=True) if not count]
    if silent:
        said = f"Nobody publishes on {_listed(silent)}. Is the worker's log silent, too?"
        return [Finding("channels", said, False)]
    return [Finding("channels", f"{len(names)}, each with somebody who publishes")]


async def lost(client: Client, database: Database) -> Findings:
    """Open cases whose workflow is gone: the longest unchanged ones and the newest."""
    table = tables.Snapshot
    with database.reading() as session:
        chosen = select(col(table.stream)).where(col(table.is_open))
        oldest = session.scalars(chosen.order_by(col(table.changed_at)).limit(SAMPLE // 2)).all()
        newest = chosen.order_by(col(table.changed_at).desc()).limit(SAMPLE // 2)
        streams = list(dict.fromkeys([*oldest, *session.scalars(newest)]))
    places = asyncio.Semaphore(restore.AT_ONCE)

    async def is_gone(stream: str) -> bool:
        async with places:
            return not await restore.is_running(client, stream)

    gone = await asyncio.gather(*(is_gone(stream) for stream in streams))
    missing = [stream for stream, is_missing in zip(streams, gone, strict=True) if is_missing]
    if missing:
        said = f"{_listed(missing)} have no workflow. Run `answerable restore --missing`."
        return [Finding("cases", said, False)]
    return [Finding("cases", f"{len(streams)} open ones looked at; each has its workflow")]


async def _is_running(client: Client, workflow_id: str) -> bool:
    try:
        found = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return found.status is WorkflowExecutionStatus.RUNNING


OF_DATABASE: dict[str, Callable[[Settings, Database], Awaitable[Findings]]] = {
    "policy": policy,
    "worker": worker_beat,
    "inbox": waiting,
    "ledger": alarms,
    "upkeep": upkeep,
    "house": house_chain,
    "clock": database_clock,
}
OF_TEMPORAL: dict[str, Callable[[Client], Awaitable[Findings]]] = {
    "temporal": namespace,
    "task queue": pollers,
    "workflows": stuck,
    "clock": clock,
}
OF_BOTH: dict[str, Callable[[Client, Database], Awaitable[Findings]]] = {
    "channels": voices,
    "cases": lost,
}
