"""The shell that every entity shares: record, act, ring, until it is closed.

A command changes the state and leaves facts in the outbox; one drainer takes them to the ledger;
effects follow once the facts that caused them are recorded; one timer waits for the earliest
alarm the state names. Handlers never await, so nothing interleaves.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from domain.effects import Effect, Notify, OpenEntity, Pending, Tell
    from domain.entity import (
        Alarm,
        Command,
        Ring,
        check_unchanged,
        decide,
        evolve,
        to_facts,
    )
    from domain.errors import Invalid, Refused
    from domain.kinds import KINDS
    from domain.ledger import Batch, Fact
    from domain.messages import (
        Answer,
        Errand,
        Recorded,
        Recording,
        Request,
        SeatsFilled,
        SeatsWanted,
        Start,
        opening,
    )
    from domain.people import MACHINE, Actor, Seat

FOREVER = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(seconds=30),
)
"""What must happen is tried until it does; half a minute is the longest pause."""

STEP = timedelta(seconds=30)
"""How long one try of a step may take. A database transaction is cut off by its own 30 s."""


def refuse(refusal: Refused) -> ApplicationError:
    """A refusal in the shape that travels: its kind as the type, its parts as the detail."""
    parts = {
        "code": refusal.code,
        "message": refusal.message,
        "way_out": refusal.way_out,
        "details": refusal.details,
    }
    return ApplicationError(refusal.message, parts, type=refusal.kind, non_retryable=True)


class Entity:
    """One escalation, post, commitment or matter, alive.

    The whole first transition is made here in ``__init__``: an update may arrive before ``run``.
    """

    def __init__(self, start: Start) -> None:
        self._kind = KINDS[start.kind]
        self._epoch = start.epoch
        self._outbox: list[Fact] = []
        self._busy = 0
        self._is_recording = False
        self._maybe_done: tuple[Pending, ...] = ()
        if start.state is None:
            self._state, facts = opening(start)
            self._outbox.extend(facts)
            self._recorded = 0
        else:
            self._state = self._kind.state.model_validate(start.state)
            self._outbox.extend(start.outbox)
            self._recorded = self._state.seq - len(self._outbox)
            if start.is_restored:
                self._maybe_done = self._state.todo
        for act in self._kind.answered:
            workflow.set_update_handler(act, self._command, validator=self._check)
        workflow.set_signal_handler("tell", self._tell)

    async def live(self) -> str:
        """Go on until everything owed is done, or until history asks for a fresh start."""
        loops = [asyncio.create_task(loop()) for loop in self._loops()]
        rest = asyncio.create_task(workflow.wait_condition(self._may_end))
        done, _ = await workflow.wait([rest, *loops], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # A loop never returns: what it raises must not be lost.
        if not self._state.is_closed:
            workflow.continue_as_new(
                Start(
                    kind=self._kind.name,
                    epoch=self._epoch,
                    state=self._state.model_dump(mode="json", exclude_defaults=True),
                    outbox=tuple(self._outbox),
                )
            )
        return str(self._state.stage)

    def _loops(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        """What goes on side by side for as long as this lives; kinds add their own."""
        return (self._record, self._act, self._ring)

    def _is_long(self) -> bool:
        """Whether the history asks for a fresh start."""
        return workflow.info().is_continue_as_new_suggested()

    def _may_end(self) -> bool:
        """Whether nothing is owed any more, or a fresh run can take over.

        A fresh run takes the outbox along: under a steady stream of commands it is never empty.
        """
        if self._busy or self._is_recording or not workflow.all_handlers_finished():
            return False
        if self._state.is_closed:
            return not self._outbox and not self._state.todo
        return self._is_long()

    def _may_record(self) -> bool:
        """Whether to take the outbox to the ledger now; a fresh run about to start will do it.

        Were an activity to end while this run ends, the server would refuse the end, and with it
        the command that came in at that moment.
        """
        is_leaving = self._is_long() and not self._busy
        return bool(self._outbox) and (self._state.is_closed or not is_leaving)

    # Commands. --------------------------------------------------------------------------------

    def _check(self, request: Request) -> None:
        """Refuse before anything is written to history."""
        try:
            if not self._is_repeat(request):
                self._decide(request)
        except Refused as refusal:
            raise refuse(refusal) from None

    def _command(self, request: Request) -> Answer:
        """Decide again, on the state as it is now, and let it happen."""
        try:
            is_repeat = self._is_repeat(request)
            if not is_repeat:
                self._happen(*self._decide(request))
        except Refused as refusal:
            raise refuse(refusal) from None
        return Answer(
            seq=self._state.seq, batch=self._batch(), digest=request.digest, is_repeat=is_repeat
        )

    def _is_repeat(self, request: Request) -> bool:
        """Whether this very request was carried out before; the same key for another is refused."""
        known = next((k for k in self._state.keys if k.key == request.key), None)
        if known is None or request.key is None:
            return False
        if known.request != (request.digest or ""):
            raise Invalid(
                "key_reused",
                "this Idempotency-Key was used for another request",
                "use a new key for a new request",
            )
        return True

    def _decide(self, request: Request) -> tuple[Fact, ...]:
        info = workflow.current_update_info()
        if info is not None and info.name != request.command.get("act"):
            raise Invalid("wrong_name", f"'{info.name}' was sent with another command in it")
        try:
            command = self._kind.command(request.command)
        except ValidationError as error:
            raise Invalid("malformed", f"the command does not read: {error}") from None
        check_unchanged(self._state, command, request.expected_seq)
        return self._facts(command, request.actor, request.key, request.digest)

    def _facts(
        self,
        command: Command,
        actor: Actor,
        key: str | None = None,
        request: str | None = None,
    ) -> tuple[Fact, ...]:
        at = workflow.now()
        events = decide(self._kind, self._state, command, actor, at)
        return to_facts(events, self._state.seq, actor.id, at, key, request)

    def _happen(self, *facts: Fact) -> None:
        for fact in facts:
            self._state = evolve(self._kind, self._state, fact)
        self._outbox.extend(facts)

    def _tell(self, command: dict[str, Any]) -> None:
        """What another entity has to say; it may change nothing."""
        self._do(self._kind.command(command))

    def _do(self, command: Command) -> None:
        self._happen(*self._facts(command, MACHINE))

    # The three loops. -------------------------------------------------------------------------

    def _batch(self) -> Batch:
        """Everything the ledger may not have yet."""
        todo = self._state.todo
        return Batch(
            stream=self._state.stream,
            kind=self._kind.name,
            epoch=self._epoch,
            facts=tuple(self._outbox),
            acted=todo[0].seq - 1 if todo else self._state.seq,
        )

    async def _record(self) -> None:
        """Take the outbox to the ledger, in order, as often as it takes.

        What follows from the facts is tried in the same step, once they are in the ledger; what
        fails there is left to ``_act``, so that no errand ever holds up the ledger.
        """
        while True:
            await workflow.wait_condition(self._may_record)
            self._is_recording = True
            batch = self._batch()
            pending = [p for p in self._state.todo if self._is_errand(p)]
            recorded = await workflow.execute_activity(
                "record",
                Recording(batch=batch, errands=tuple(self._errand(p) for p in pending)),
                activity_id=batch.id,
                result_type=Recorded,
                start_to_close_timeout=STEP,
                retry_policy=FOREVER,
                summary=", ".join(fact.name for fact in batch.facts),
            )
            self._is_recording = False
            self._recorded = batch.facts[-1].seq
            self._outbox = [fact for fact in self._outbox if fact.seq > self._recorded]
            self._done(pending[n] for n in recorded.done)

    async def _act(self) -> None:
        """Carry out effects whose facts are in the ledger, as often as it takes."""
        while True:
            await workflow.wait_condition(lambda: bool(self._due()))
            due = self._due()
            self._busy += 1
            commands = await asyncio.gather(*(self._perform(pending) for pending in due))
            self._busy -= 1
            self._done(due)
            for command in commands:
                if command is not None:
                    self._do(command)

    def _done(self, pending: Iterable[Pending]) -> None:
        done = set(map(id, pending))
        todo = tuple(p for p in self._state.todo if id(p) not in done)
        self._state = self._state.model_copy(update={"todo": todo})

    def _is_errand(self, pending: Pending) -> bool:
        """Whether this is to be run along with the recording of its fact."""
        is_new = pending.seq > self._recorded
        return is_new and isinstance(pending.effect, OpenEntity | Tell | Notify)

    def _errand(self, pending: Pending) -> Errand:
        return Errand(
            stream=self._state.stream,
            seq=pending.seq,
            effect=pending.effect,
            is_last=self._state.is_closed,
        )

    def _due(self) -> tuple[Pending, ...]:
        return tuple(p for p in self._state.todo if p.seq <= self._recorded)

    async def _perform(self, pending: Pending) -> Command | None:
        """Carry out one effect; kinds add their own. Answers what it leads to."""
        effect = pending.effect
        if isinstance(effect, OpenEntity | Tell | Notify):
            await workflow.execute_activity(
                "carry_out",
                self._errand(pending),
                start_to_close_timeout=STEP,
                retry_policy=FOREVER,
                summary=_summary(effect),
            )
            return None
        raise AssertionError(f"a {self._kind.name} cannot {effect.do}")

    async def _ring(self) -> None:
        """Wait for the earliest alarm, one timer at a time, and look at the state again."""
        while True:
            await workflow.wait_condition(lambda: self._state.alarm() is not None)
            alarm = self._state.alarm()
            if alarm is not None and not await self._waited_for(alarm):
                self._busy += 1
                self._do(await self._who_fills(alarm))
                self._busy -= 1
                # An alarm that changed nothing must not ring again at once.
                await workflow.wait_condition(partial(self._has_moved_on, alarm))

    def _has_moved_on(self, rung: Alarm) -> bool:
        return self._state.alarm() != rung

    async def _waited_for(self, alarm: Alarm) -> bool:
        """Wait until the alarm's moment or an earlier alarm; False if its moment has come.

        A timer armed for an earlier moment than is now needed is left: it costs less than a
        new one, and waking up early only means to look again.
        """
        delay = alarm.at - workflow.now()
        if delay <= timedelta(0):
            return False

        def is_earlier() -> bool:
            now_due = self._state.alarm()
            return now_due is not None and now_due.at < alarm.at

        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(is_earlier, timeout=delay, timeout_summary=alarm.name)
        return True

    async def _who_fills(self, alarm: Alarm) -> Ring:
        """The alarm as it rings: with the people who are there now, and the empty seats."""
        if not alarm.seats:
            return Ring(alarm=alarm.name)
        wanted = SeatsWanted(
            wanted=alarm.seats, seats=self._state.seats_at(alarm), at=workflow.now()
        )
        if not workflow.patched("seats-say-who-is-there"):
            people: dict[Seat, tuple[str, ...]] = await workflow.execute_activity(
                "fill_seats",
                wanted,
                result_type=dict[Seat, tuple[str, ...]],
                start_to_close_timeout=STEP,
                retry_policy=FOREVER,
                summary=alarm.name,
            )
            return Ring(alarm=alarm.name, people=people)
        found = await workflow.execute_activity(
            "find_people",
            wanted,
            result_type=SeatsFilled,
            start_to_close_timeout=STEP,
            retry_policy=FOREVER,
            summary=alarm.name,
        )
        return Ring(
            alarm=alarm.name,
            people={seat: filled.people for seat, filled in found.filled.items()},
            empty=tuple(seat for seat in alarm.seats if found.filled[seat].empty),
        )


def _summary(effect: Effect) -> str:
    match effect:
        case OpenEntity() | Tell():
            return effect.stream
        case Notify():
            return effect.reason
        case _:
            return effect.do
