"""A matter: many escalations, decided once, answered wave by wave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from domain.matter import Matter, Report, Wave, What
    from domain.messages import Start, WaveTaken, WaveWanted

from workflows.entity import FOREVER, STEP, Entity

LONG = 400
"""Events after which it goes on as a new run. A wave takes about seventeen."""

ONE_TURN = timedelta(minutes=15)
"""A thousand signals, and a thousand escalations that take them in."""

ALIVE = timedelta(seconds=30)
"""How long a wave may give no sign of life until it is taken up by another worker."""

LOOK_EVERY = timedelta(seconds=10)

UNTIL_SOMEBODY_JOINS = RetryPolicy(
    initial_interval=LOOK_EVERY, backoff_coefficient=1, maximum_interval=LOOK_EVERY
)
"""A look that found nobody asks to be run again: retries are the clock that adds no history."""


@workflow.defn(name="matter")
class MatterWorkflow(Entity):
    """Hears nothing from its members: each wave asks the store who waits; see ``Wave``."""

    @workflow.init
    def __init__(self, start: Start) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start) -> str:
        return await self.live()

    def _loops(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        return (*super()._loops(), self._take_waves)

    def _is_long(self) -> bool:
        return super()._is_long() or workflow.info().get_current_history_length() > LONG

    @property
    def _wave(self) -> Wave | None:
        matter = self._state
        assert isinstance(matter, Matter)
        return matter.wave

    async def _take_waves(self) -> None:
        """One after the other, each once its moment has come and what led to it is recorded."""
        while True:
            await workflow.wait_condition(lambda: self._wave is not None)
            wave, seq = self._wave, self._state.seq
            assert wave is not None
            if not await self._is_due(wave):
                continue
            await workflow.wait_condition(partial(self._has_recorded, seq))
            if self._wave == wave and (taken := await self._take(wave)):
                self._do(Report(n=wave.n, **taken.model_dump()))

    def _has_recorded(self, seq: int) -> bool:
        return self._recorded >= seq

    async def _is_due(self, wave: Wave) -> bool:
        """Whether its moment has come; if not, wait for it or for another wave."""
        delay = wave.at - workflow.now()
        if delay <= timedelta(0):
            return True
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._wave != wave, timeout=delay, timeout_summary=f"wave {wave.n}"
            )
        return False

    async def _take(self, wave: Wave) -> WaveTaken | None:
        """Serve, count, or wait until somebody joins; None where the wave was overtaken."""
        if wave.what is What.AWAIT:
            return await self._await_somebody(wave)
        self._busy += 1
        taken: WaveTaken = await workflow.execute_activity(
            "serve_members" if wave.what is What.SERVE else "count_members",
            self._wanted(wave),
            result_type=WaveTaken,
            start_to_close_timeout=ONE_TURN,
            heartbeat_timeout=ALIVE,
            retry_policy=FOREVER,
            summary=f"wave {wave.n}",
        )
        self._busy -= 1
        return taken

    async def _await_somebody(self, wave: Wave) -> WaveTaken | None:
        looking: asyncio.Task[WaveTaken] = workflow.start_activity(
            "await_members",
            self._wanted(wave),
            result_type=WaveTaken,
            start_to_close_timeout=STEP,
            retry_policy=UNTIL_SOMEBODY_JOINS,
            summary="until somebody joins",
        )
        overtaken = asyncio.create_task(workflow.wait_condition(lambda: self._wave != wave))
        await workflow.wait([looking, overtaken], return_when=asyncio.FIRST_COMPLETED)
        if not overtaken.done():
            overtaken.cancel()
            return looking.result()
        looking.cancel()
        with contextlib.suppress(ActivityError):
            return await looking
        return None

    def _wanted(self, wave: Wave) -> WaveWanted:
        return WaveWanted(
            matter_id=self._state.id, n=wave.n, limit=wave.limit, is_paced=wave.is_paced
        )
