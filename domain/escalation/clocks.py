"""Clocks: pausing, extending, and what an alarm comes to when it rings."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.base import span
from domain.calendar import spell
from domain.entity import Alarm, Event, Ring
from domain.errors import Invalid
from domain.escalation.commands import Extend, Pause, Resume
from domain.escalation.events import (
    CalendarAccepted,
    ClockStarted,
    Closed,
    Extended,
    OwnerLost,
    Paused,
    Resumed,
    RungClimbed,
    Watched,
)
from domain.escalation.stages import STAGES, LostBy, Outcome, Stage
from domain.escalation.state import Escalation
from domain.moving import AcceptCalendar
from domain.people import Actor, Seat
from domain.terms import DAY, RungAct


def pause(state: Escalation, command: Pause, actor: Actor, at: datetime) -> tuple[Event, ...]:
    if command.until < at + timedelta(minutes=1):
        raise Invalid(
            "pause_over",
            "a pause ends in the future, a minute from now or later",
            "give a later end",
            field="until",
        )
    if command.until > at + span(state.limits.pause):
        raise Invalid(
            "pause_too_long",
            f"under these terms one pause lasts {state.limits.pause / DAY:.3g} days at most",
            "give an earlier end; it may be paused again then",
            field="until",
        )
    return (Paused(code=command.code, reason=command.reason, until=command.until),)


def resume(state: Escalation, command: Resume, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Resumed(),)


def extend(state: Escalation, command: Extend, actor: Actor, at: datetime) -> tuple[Event, ...]:
    assert state.deadline is not None
    limits, given = state.limits, state.deadline.extensions
    total = sum(extension.seconds for extension in given) + command.seconds
    if len(given) >= limits.extensions or total > limits.extend:
        raise Invalid(
            "extended_enough",
            f"these terms allow one extension a stage, of {spell(limits.extend)} working time"
            if limits.extensions == 1
            else f"these terms allow {limits.extensions} extensions a stage, of "
            f"{spell(limits.extend)} working time together",
            "ask for less, or let it be late and note why",
            field="seconds",
        )
    return (Extended(seconds=command.seconds, code=command.code, reason=command.reason),)


def accept_calendar(
    state: Escalation, command: AcceptCalendar, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    assert state.deadline is not None
    return (CalendarAccepted.by(state.deadline, command),)


# Alarms. --------------------------------------------------------------------------------------


def ring(state: Escalation, command: Ring, actor: Actor, at: datetime) -> tuple[Event, ...]:
    alarm = state.alarm()
    if alarm is None or alarm.name != command.alarm or at < alarm.at:
        # Also one whose moment was put off while people were being found for it.
        return ()
    match alarm.name.partition(":")[0]:
        case "start":
            return (ClockStarted(),)
        case "resume":
            return (Resumed(),)
        case "lease":
            assert state.owner is not None
            return (OwnerLost(owner=state.owner, cause=LostBy.LEASE),)
        case "watch":
            return (_watched(state, alarm, command, at),)
        case "quiet":
            return (Closed(outcome=outcome_of(state)),)
        case _:
            return _climbed(state, alarm, command, at)


def outcome_of(state: Escalation) -> Outcome:
    """How it ends once nobody says anything more."""
    match state.decision.outcome if state.decision else None:
        case "refused":
            return Outcome.REFUSED
        case "moved_to_private":
            return Outcome.MOVED_TO_PRIVATE
        case _:
            return Outcome.ANSWERED


def _owed_by(state: Escalation, command: Ring) -> tuple[str, ...]:
    """Who owes the move, by name: silence is never a decision, and never nobody's."""
    if state.waiting is not None:
        return tuple(sorted({p.accountable for p in state.unsigned}))
    owing = state.owing if state.rules >= 2 else STAGES[state.stage].owed_by
    return command.people.get(owing, ()) if owing else ()


def _watched(state: Escalation, alarm: Alarm, command: Ring, at: datetime) -> Event:
    return Watched(
        stage=state.stage,
        turn=state.watched,
        told=command.people.get(Seat.EXECUTIVES, ()),
        owed_by=_owed_by(state, command),
        waited=state.waited(at),
    )


def _climbed(state: Escalation, alarm: Alarm, command: Ring, at: datetime) -> tuple[Event, ...]:
    deadline = state.deadline
    assert deadline is not None
    assert deadline.due_at is not None
    climbed = RungClimbed(
        stage=state.stage,
        rung=state.rung,
        due_at=deadline.due_at,
        is_late=deadline.is_late(at),
        told=command.people.get(alarm.seats[0], ()),
        owed_by=_owed_by(state, command),
    )
    if state.rules < 2:
        return (climbed,)
    number = int(alarm.name.rpartition(":")[2])
    rung = next(step.rung for step in state.steps() if step.n == number)
    told = climbed.told
    if state.waiting is not None and rung.to is Seat.OWNER:
        told = tuple(dict.fromkeys((*told, *climbed.owed_by)))
    climbed = climbed.model_copy(
        update={
            "rung": number,
            "told": told,
            "did": rung.act,
            "waited": state.waited(at),
            "urgent": alarm.urgent,
            "empty": command.empty,
        }
    )
    if rung.act is RungAct.REASSIGN and state.stage is Stage.PREPARING and state.owner:
        return (climbed, OwnerLost(owner=state.owner, cause=LostBy.LADDER))
    return (climbed,)
