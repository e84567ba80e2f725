"""One round of the upkeep check: does everything open have its alarm, its workflow, its way on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.watch import FOR_EVER, Code, Finding, Seen, Verdict, judge
from intake import entities, restore
from store import watch
from store.database import Database

log = logging.getLogger("answerable.watch")

SAMPLE = 200
"""Open streams whose workflow is looked for in each round although nothing speaks against it."""

SUSPECTS = 200
"""Suspicious streams whose workflow is looked for in each round."""

STUCK = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"

RUNS_KEPT = timedelta(days=1)
"""What a round came to is in the store. Its workflow is of use to whoever looks for a fault
today; for years, 288 of them a day would bury the histories that matter."""

RUNS_AT_ONCE = 300


class WatchActivities:
    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database

    @activity.defn(name="watch")
    async def watch(self, cursor: str) -> str:
        """Look at everything open once; ``cursor`` is where the sample of the round before ended,
        and the answer is where this one did. Safe to repeat."""
        activity.heartbeat()
        at = datetime.now(UTC)
        known = await asyncio.to_thread(self._known)
        suspects = await asyncio.to_thread(watch.alarmless_or_late, self._database, at)
        rows = {one.stream: one for one in suspects}
        stuck = await self._stuck()
        for workflow_id in stuck:
            rows[workflow_id] = _of(rows, workflow_id).model_copy(update={"is_stuck": True})
        missing = [f.stream for f in known if f.code is Code.NO_WORKFLOW]
        sampled = await asyncio.to_thread(self._sample, cursor)
        chosen = dict.fromkeys([*missing, *[s.stream for s in suspects][:SUSPECTS], *sampled])
        for stream, is_running in (await self._look_for(chosen)).items():
            rows[stream] = _of(rows, stream).model_copy(update={"is_running": is_running})
        verdict = judge(known, tuple(rows.values()), at)
        new = await asyncio.to_thread(self._remember, verdict, at)
        _log(new, verdict)
        await self._tidy(at)
        return sampled[-1] if len(sampled) == SAMPLE else ""

    def _known(self) -> list[Finding]:
        with self._database.reading() as session:
            return watch.known(session)

    def _sample(self, cursor: str) -> list[str]:
        with self._database.reading() as session:
            return watch.sample(session, cursor, SAMPLE)

    def _still_open(self, streams: Iterable[str]) -> set[str]:
        with self._database.reading() as session:
            return watch.still_open(session, streams)

    def _remember(self, verdict: Verdict, at: datetime) -> list[Finding]:
        return self._database.write(lambda session: watch.remember(session, verdict, at))

    async def _stuck(self) -> list[str]:
        """Workflows whose tasks fail; an older server knows no such thing."""
        try:
            found = self._client.list_workflows(STUCK, limit=watch.MOST)
            return [execution.id async for execution in found]
        except RPCError as error:
            if error.status is RPCStatusCode.INVALID_ARGUMENT:
                return []
            raise

    async def _look_for(self, streams: Iterable[str]) -> dict[str, bool]:
        """Whether Temporal runs a workflow for each of these that is open, also afterwards: one
        that closed while we looked is no finding."""
        places = asyncio.Semaphore(restore.AT_ONCE)

        async def look(stream: str) -> bool:
            async with places:
                activity.heartbeat()
                return await restore.is_running(self._client, stream)

        names = list(streams)
        found = dict(zip(names, await asyncio.gather(*map(look, names)), strict=True))
        is_open = await asyncio.to_thread(self._still_open, [n for n in names if not found[n]])
        return {n: is_running for n, is_running in found.items() if is_running or n in is_open}

    async def _tidy(self, at: datetime) -> None:
        """Have Temporal forget old runs of this very check; it matters little if it does not."""
        before = (at - RUNS_KEPT).isoformat()
        query = f"WorkflowType = 'watch' AND CloseTime < '{before}'"
        try:
            async for run in self._client.list_workflows(query, limit=RUNS_AT_ONCE):
                activity.heartbeat()
                execution = WorkflowExecution(workflow_id=run.id, run_id=run.run_id)
                await self._client.workflow_service.delete_workflow_execution(
                    DeleteWorkflowExecutionRequest(
                        namespace=self._client.namespace, workflow_execution=execution
                    ),
                    timeout=entities.RPC,
                )
        except RPCError as error:
            log.info("old runs of the check stay for now: %s", error.status.name)


def _of(rows: dict[str, Seen], stream: str) -> Seen:
    """What was seen of a stream so far; of one that is no suspect, that its alarm is in order."""
    return rows.get(stream) or Seen(stream=stream, rests_until=FOR_EVER)


def _log(new: list[Finding], verdict: Verdict) -> None:
    for finding in new:
        log.warning("found %s: %s", finding.code, finding.stream)
    for finding in verdict.cleared:
        log.info("cleared %s: %s", finding.code, finding.stream)
