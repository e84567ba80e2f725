"""What each event changes in a matter, and what has to be done because of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.base import span
from domain.deadlines import Deadline
from domain.effects import Effect
from domain.entity import Event, notify
from domain.ledger import Fact
from domain.matter import events as happened
from domain.matter.stages import LAST_CALL, MOST, STALLED, MatterStage
from domain.matter.state import Answer, Matter, Proposal, Wave, What, allowance_of
from domain.panel import Panel, Vote
from domain.people import Seat


def _enter(matter: Matter, stage: MatterStage, at: datetime, **changes: Any) -> Matter:
    """The state in a new stage, with the deadline of that stage's next move and no wave."""
    fresh = {"since": at, "climbed": (), "watched": 0, "wave": None, "stalled": 0}
    moved = matter.model_copy(update={"stage": stage, **fresh, **changes})
    seconds = allowance_of(moved, stage)
    deadline = Deadline.begin(stage, at, seconds, moved.calendar) if seconds is not None else None
    return moved.model_copy(update={"deadline": deadline})


def _with_wave(matter: Matter, what: What, at: datetime, limit: int = MOST) -> Matter:
    """The next thing the service does with the members, numbered anew."""
    n = matter.waves + 1
    wave = Wave(n=n, what=what, at=at, limit=limit, is_paced=limit == MOST)
    return matter.model_copy(update={"waves": n, "wave": wave})


def _opened(event: happened.MatterOpened, fact: Fact) -> Matter:
    matter = Matter(
        **event.model_dump(),
        stage=MatterStage.GATHERING,
        opened_at=fact.at,
        opened_by=fact.by,
        owner=fact.by,
        since=fact.at,
    )
    return _enter(matter, MatterStage.GATHERING, fact.at)


def _assigned(matter: Matter, event: happened.MatterAssigned, fact: Fact) -> Matter:
    return matter.model_copy(update={"owner": event.owner})


# The one answer. ------------------------------------------------------------------------------


def _proposed(matter: Matter, event: happened.AnswerProposed, fact: Fact) -> Matter:
    proposal = Proposal(
        by=fact.by,
        request=event.request,
        reply=event.reply,
        panel=Panel.of(matter.terms.decision, fact.by),
    )
    return _enter(matter, MatterStage.DECIDING, fact.at, proposal=proposal)


def _back(matter: Matter, event: Event, fact: Fact) -> Matter:
    """To its owner. What was approved binds nobody any more; who was answered stays answered."""
    void = {"proposal": None, "answer": None, "first": 0, "wait": 0, "not_before": None}
    return _enter(matter, MatterStage.GATHERING, fact.at, **void)


def _voted(matter: Matter, event: happened.AnswerVoted, fact: Fact) -> Matter:
    proposal = matter.proposal
    assert proposal is not None
    vote = Vote(by=fact.by, outcome=event.outcome, on_behalf_of=event.on_behalf_of)
    panel = proposal.panel.with_vote(vote)
    return matter.model_copy(update={"proposal": proposal.model_copy(update={"panel": panel})})


def _approved(matter: Matter, event: happened.AnswerApproved, fact: Fact) -> Matter:
    assert matter.proposal is not None
    answer = Answer(
        words=event.words,
        writer=matter.proposal.by,
        approver=fact.by,
        at=fact.at,
        reason=event.reason,
        on_behalf_of=event.on_behalf_of,
    )
    return _enter(matter, MatterStage.READY, fact.at, answer=answer)


def _refused(matter: Matter, event: happened.AnswerRefused, fact: Fact) -> Matter:
    assert matter.proposal is not None
    answer = Answer(
        words=event.reason,
        writer=matter.proposal.by,
        approver=fact.by,
        at=fact.at,
        refused=event.code,
        on_behalf_of=event.on_behalf_of,
    )
    return _enter(matter, MatterStage.READY, fact.at, answer=answer)


# Its release. ---------------------------------------------------------------------------------


def _began(matter: Matter, event: happened.ReleaseBegan, fact: Fact) -> Matter:
    moved = _enter(matter, MatterStage.RELEASING, fact.at, first=event.first, wait=event.wait)
    return _with_wave(moved, What.SERVE, fact.at, event.first)


def _served(matter: Matter, event: happened.BatchServed, fact: Fact) -> Matter:
    """The first wave is over, and the wait after it begins; any later one leads to the next."""
    is_stalled = event.next_at is not None and event.served <= matter.served
    not_before = matter.not_before or fact.at + span(matter.wait)
    counted = matter.model_copy(
        update={
            "waiting": event.waiting,
            "served": event.served,
            "apart": event.apart,
            "stalled": matter.stalled + 1 if is_stalled else 0,
            "not_before": not_before,
            "wave": None,
        }
    )
    return _with_wave(counted, What.SERVE, event.next_at) if event.next_at else counted


def _halted(matter: Matter, event: happened.Halted, fact: Fact) -> Matter:
    return _enter(matter, MatterStage.HALTED, fact.at)


def _resumed(matter: Matter, event: happened.Resumed, fact: Fact) -> Matter:
    """As far as the wait after the first ones goes, the resume is its end: somebody has looked."""
    moved = _enter(matter, MatterStage.RELEASING, fact.at, not_before=fact.at)
    return _with_wave(moved, What.SERVE, fact.at)


def _all_served(matter: Matter, event: happened.EverybodyServed, fact: Fact) -> Matter:
    moved = _enter(matter, MatterStage.LISTENING, fact.at)
    return _with_wave(moved, What.AWAIT, fact.at)


def _late_comers(matter: Matter, event: happened.LateComersFound, fact: Fact) -> Matter:
    moved = _enter(matter, MatterStage.RELEASING, fact.at, waiting=event.waiting)
    return _with_wave(moved, What.SERVE, max(fact.at, matter.not_before or fact.at))


# Clocks and ends. -----------------------------------------------------------------------------


def _climbed(matter: Matter, event: happened.RungClimbed, fact: Fact) -> Matter:
    return matter.model_copy(update={"climbed": (*matter.climbed, event.rung)})


def _calendar_accepted(matter: Matter, event: happened.CalendarAccepted, fact: Fact) -> Matter:
    """Rungs that now lie ahead again are climbed again: the new date has its own ladder."""
    assert matter.deadline is not None
    deadline = matter.deadline.recomputed(event.calendar)
    terms = matter.terms.model_copy(update={"calendar": event.calendar})
    moved = matter.model_copy(update={"terms": terms, "deadline": deadline})
    ahead = {step.n for step in moved.steps() if step.at > fact.at}
    climbed = tuple(n for n in matter.climbed if n not in ahead)
    return moved.model_copy(update={"climbed": climbed})


def _watched(matter: Matter, event: happened.Watched, fact: Fact) -> Matter:
    return matter.model_copy(update={"watched": event.turn + 1})


def _closing(matter: Matter, event: happened.ClosingBegan, fact: Fact) -> Matter:
    """Whoever slips in at the last moment is answered only where everybody was."""
    first = matter.first if matter.stage is MatterStage.LISTENING else 0
    moved = _enter(matter, MatterStage.CLOSING, fact.at, first=first)
    return _with_wave(moved, What.COUNT, fact.at + LAST_CALL)


def _closed(matter: Matter, event: happened.Closed, fact: Fact) -> Matter:
    totals = {"waiting": 0, "served": event.served, "apart": event.apart}
    return _enter(matter, MatterStage.CLOSED, fact.at, closed_at=fact.at, **totals)


def _nothing(matter: Matter, event: Event, fact: Fact) -> Matter:
    return matter


Change = Callable[[Matter, Any, Fact], Matter]

_CHANGES: dict[type[Event], Change] = {
    happened.MatterAssigned: _assigned,
    happened.AnswerProposed: _proposed,
    happened.AnswerWithdrawn: _back,
    happened.AnswerReturned: _back,
    happened.AnswerVoted: _voted,
    happened.AnswerApproved: _approved,
    happened.AnswerRefused: _refused,
    happened.ReleaseBegan: _began,
    happened.BatchServed: _served,
    happened.Halted: _halted,
    happened.Resumed: _resumed,
    happened.EverybodyServed: _all_served,
    happened.LateComersFound: _late_comers,
    happened.RungClimbed: _climbed,
    happened.Watched: _watched,
    happened.CalendarAccepted: _calendar_accepted,
    happened.Noted: _nothing,
    happened.ClosingBegan: _closing,
    happened.LeftOver: _back,
    happened.Closed: _closed,
}
"""Every event of this kind but the opening; a test compares this with the kind's events."""


def evolve(matter: Matter | None, event: Event, fact: Fact) -> Matter:
    """The state after one event; total over every event of this kind."""
    if isinstance(event, happened.MatterOpened):
        return _opened(event, fact)
    assert matter is not None
    return _CHANGES[type(event)](matter, event, fact)


def effects(matter: Matter, event: Event) -> tuple[Effect, ...]:
    """Whom an event is told to. Members are served by waves, not by effects: see ``Wave``."""
    match event:
        case happened.AnswerProposed() | happened.AnswerVoted():
            if matter.stage is not MatterStage.DECIDING:
                return ()
            return (notify(matter, "decision_wanted", to=(Seat.APPROVERS,)),)
        case happened.AnswerApproved() | happened.AnswerRefused():
            return (notify(matter, "decided", to=(Seat.OWNER, Seat.LEAD)),)
        case happened.AnswerReturned():
            return (notify(matter, "decided", to=(Seat.OWNER,)),)
        case happened.MatterAssigned():
            return (notify(matter, "assigned_to_you", (event.owner,)),)
        case happened.Halted():
            return (notify(matter, "release_halted", to=(Seat.OWNER, Seat.LEAD)),)
        case happened.BatchServed() if matter.stalled == STALLED:
            return (notify(matter, "release_stalled", to=(Seat.OWNER, Seat.LEAD)),)
        case happened.Noted() if event.mentions:
            return (notify(matter, "mentioned", event.mentions),)
        case happened.LeftOver():
            return (notify(matter, "members_left_over", to=(Seat.OWNER, Seat.LEAD)),)
        case happened.RungClimbed() if event.told:
            reason = "late" if event.is_late else "due_soon"
            return (notify(matter, reason, event.told, urgent=event.urgent),)
        case happened.Watched() if event.told:
            return (notify(matter, "still_open", event.told),)
        case _:
            return ()
