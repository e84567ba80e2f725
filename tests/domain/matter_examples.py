"""Every event of a matter, in full and plain, for its golden spelling."""

from __future__ import annotations

from datetime import timedelta

from domain.entity import Event
from domain.escalation import Findings, RefusalCode
from domain.matter import events
from domain.matter.stages import MatterStage
from domain.panel import Recommendation
from domain.terms import RungAct, Terms
from tests.builders import AT
from tests.domain.examples import CALENDAR
from tests.domain.harness import words

LATER = AT + timedelta(hours=5)
TERMS = Terms(team="care", policy_version=3)


def in_full() -> list[Event]:
    return [
        events.MatterOpened(
            id="T1", team="care", title=words("t"), terms=TERMS, request="r1", rules=2
        ),
        events.AnswerProposed(
            request=words("q"), reply=words("a"), findings=Findings(marked_none=1)
        ),
        events.AnswerWithdrawn(),
        events.AnswerVoted(outcome=Recommendation.APPROVE, reason=words("r"), on_behalf_of="cora"),
        events.AnswerApproved(words=words("a"), reason=words("r"), on_behalf_of="cora"),
        events.AnswerRefused(code=RefusalCode.DISAGREE, reason=words("r"), on_behalf_of="cora"),
        events.AnswerReturned(reason=words("r"), on_behalf_of="cora"),
        events.MatterAssigned(owner="ada"),
        events.ReleaseBegan(first=10, wait=600),
        events.BatchServed(waiting=5, served=10, apart=1, next_at=LATER),
        events.EverybodyServed(),
        events.LateComersFound(waiting=2),
        events.Halted(reason=words("r")),
        events.Resumed(),
        events.RungClimbed(
            stage=MatterStage.DECIDING,
            rung=1,
            due_at=LATER,
            is_late=True,
            told=("ben",),
            owed_by=("cora",),
            did=RungAct.ESCALATE,
            waited=7200,
            urgent=True,
        ),
        events.Watched(
            stage=MatterStage.READY, turn=1, told=("cora",), owed_by=("ben",), waited=9000
        ),
        events.CalendarAccepted(
            calendar=CALENDAR, policy_version=4, old_due_at=AT, new_due_at=LATER, reason=words("r")
        ),
        events.Noted(words=words("n")),
        events.ClosingBegan(reason=words("r")),
        events.LeftOver(waiting=1),
        events.Closed(served=9, apart=2),
    ]


def grown() -> list[Event]:
    """Again in full, those that have got fields since their line was written."""
    return [events.Noted(words=words("n"), mentions=("ben", "cora"))]


def plain() -> list[Event]:
    return [
        events.Noted(words=words("n")),
        events.MatterOpened(id="T1", team="care", title=words("t"), terms=TERMS, request="r1"),
        events.AnswerProposed(request=words("q"), reply=words("a")),
        events.AnswerVoted(outcome=Recommendation.REFUSE),
        events.AnswerApproved(words=words("a")),
        events.AnswerRefused(code=RefusalCode.DISAGREE, reason=words("r")),
        events.AnswerReturned(reason=words("r")),
        events.ReleaseBegan(first=10),
        events.BatchServed(waiting=0, served=10),
        events.Halted(),
        events.RungClimbed(stage=MatterStage.DECIDING, rung=0, due_at=LATER),
        events.Watched(stage=MatterStage.READY, turn=0),
        events.ClosingBegan(),
        events.Closed(),
    ]
