"""Examples of what can happen to an escalation, for the golden spelling of its facts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.calendar import Calendar, Day, Offset, Window
from domain.entity import Event
from domain.escalation import (
    Approved,
    ExtendCode,
    Findings,
    HeldFor,
    Joined,
    Noted,
    Opened,
    PauseCode,
    Proposed,
    Recommendation,
    RefusalCode,
    RefusedBy,
    ReplyHeld,
    ReplySubmitted,
    Returned,
    RungClimbed,
    Stage,
    Twin,
)
from domain.escalation.events import (
    ApproverAdded,
    ApproverReplaced,
    Asked,
    Bypassed,
    CalendarAccepted,
    ClockStarted,
    DecidedAlone,
    Declined,
    Extended,
    FoundAnswered,
    Held,
    HoldingSettled,
    HoldingSubmitted,
    Informed,
    LeaseRenewed,
    LookedAt,
    MatterJoined,
    MatterLeft,
    Merged,
    MovedToPrivate,
    OwnerLost,
    Paused,
    PromiseAccepted,
    PromiseCountered,
    PromiseDeclined,
    Removed,
    ReplyRecalled,
    Rerouted,
    Resumed,
    Served,
    Voted,
    Watched,
)
from domain.escalation.stages import LostBy
from domain.people import Role, Seat
from domain.post import Settlement
from domain.terms import (
    Allowances,
    DecisionMode,
    DecisionTerms,
    Limits,
    Priority,
    PromiseTerms,
    ReplyTerms,
    Rung,
    RungAct,
    Terms,
)
from tests.builders import AT
from tests.domain.harness import promise, words

LATER = AT + timedelta(hours=4)
PROMISE = promise().model_copy(update={"proof": words("proof")})
FINDINGS = Findings(
    unmarked=1, marked_none=2, twin=Twin(post_id="P0", likeness=900, reason=words("r"))
)
LADDER = (
    Rung(act=RungAct.HOLDING, to=Seat.PERSON, offset=-3600, person="ben", urgent=True),
    Rung(act=RungAct.REASSIGN, to=Seat.ROLE, role=Role.EXECUTIVE, every=600, times=3),
)
CALENDAR = Calendar(
    id="office",
    zone="Europe/Berlin",
    zone_version="2026a",
    weekly=((Window(540, 1020),), (), (), (), (), (), ()),
    days=(Day(on=date(2026, 4, 6), name="Easter Monday"),),
    offsets=(Offset(at=datetime(2026, 3, 29, 1, tzinfo=UTC), seconds=7200),),
    since=date(2026, 3, 1),
    until=date(2026, 12, 31),
)

TERMS = Terms(
    team="care",
    policy_version=3,
    allowances=Allowances(claim=1, propose=2, decide=3, reply=4, listen=5),
    ladder=LADDER,
    name="safety",
    priority=Priority.URGENT,
    language="de",
    is_public=False,
    calendar=CALENDAR,
    limits=Limits(pause=1, pauses=2, extend=3, extensions=4, lease=5, look=6, look_at=7),
    decision=DecisionTerms(mode=DecisionMode.SOME, approvers=("cora", "fay"), needed=2, inform=60),
    replies=ReplyTerms(gate=False, sameness=1, recent=2, undo=3, review=4),
    promises=PromiseTerms(ladder=(), confirm=1, settle=2),
)


def in_full() -> list[Event]:
    """Those that came with the rules in full, no field at its default."""
    submitted: Any = {
        "post_id": "P1", "words": words("w"), "writer": "ada", "promises": (PROMISE,),
        "cleared_by": "cora", "findings": FINDINGS,
    }  # fmt: skip
    return [
        Removed(comment_id="C2", revision=3),
        Voted(outcome=Recommendation.REFUSE, reason=words("r"), on_behalf_of="fay"),
        Asked(question=words("q"), on_behalf_of="fay"),
        Informed(words=words("w")),
        ApproverAdded(person="gus", reason=words("r")),
        ApproverReplaced(person="cora", replaced_by="fay", reason=words("r")),
        Bypassed(reason=words("r"), missing=("fay",)),
        DecidedAlone(outcome=Recommendation.REFUSE, code=RefusalCode.NOT_OURS, reason=words("r")),
        MovedToPrivate(),
        ReplyHeld(**submitted),
        ReplyRecalled(),
        HoldingSubmitted(post_id="P2", words=words("w"), writer="ada"),
        HoldingSettled(post_id="P2", settlement=Settlement.FAILED, attempt=2),
        PromiseAccepted(promise_id="M1"),
        PromiseCountered(promise_id="M1", due_at=LATER, reason=words("r")),
        PromiseDeclined(promise_id="M1", reason=words("r")),
        Watched(stage=Stage.DECIDING, turn=3, told=("cora",), owed_by=("fay",), waited=60),
        ClockStarted(),
        Paused(code=PauseCode.LEGAL, reason=words("r"), until=LATER),
        Resumed(),
        Extended(seconds=60, code=ExtendCode.VOLUME, reason=words("r")),
        CalendarAccepted(calendar=CALENDAR, policy_version=4, old_due_at=AT, new_due_at=LATER,
                         reason=words("r")),
        Declined(reason=words("r")),
        LeaseRenewed(),
        OwnerLost(owner="ada", cause=LostBy.LEASE),
        Rerouted(terms=TERMS, reason=words("r")),
        Held(cause=HeldFor.SECOND_LOOK),
        LookedAt(is_upheld=True, reason=words("r")),
        Merged(into="E0", reason=words("r")),
        FoundAnswered(link=words("link")),
        MatterJoined(matter_id="T1"),
        MatterLeft(matter_id="T1", reason=words("r")),
        Served(matter_id="T1", post_id="P1", words=words("w"), writer="ada", approver="cora",
               owner="ada", same_answer_to=40, refused=RefusalCode.DISAGREE),
    ]  # fmt: skip


def grown() -> list[Event]:
    """Again in full, those that have got fields since their line was written."""
    return [
        Opened(id="E1", conversation_id="V1", channel="console", comment_id="C1", posted_at=AT,
               words=words("w"), terms=TERMS, predecessor="E0", backlog=True, rules=2,
               suspected=True, rule="safety-first", ladders_at=LATER),
        Joined(comment_id="C2", words=words("w"), is_thanks=True),
        Proposed(request=words("q"), recommendation=Recommendation.REFUSE, reply=words("w"),
                 promises=(PROMISE,), findings=FINDINGS),
        Approved(reason=words("r"), on_behalf_of="fay"),
        RefusedBy(code=RefusalCode.NOT_OURS, reason=words("r"), on_behalf_of="fay"),
        Returned(reason=words("r"), on_behalf_of="fay"),
        ReplySubmitted(post_id="P1", words=words("w"), writer="ada", promises=(PROMISE,),
                       cleared_by="cora", findings=FINDINGS),
        RungClimbed(stage=Stage.DECIDING, rung=1, due_at=LATER, is_late=True, told=("ben",),
                    owed_by=("cora",), did=RungAct.HOLDING, waited=60, urgent=True,
                    empty=(Seat.LEAD,)),
        Noted(words=words("w"), mentions=("ben", "cora")),
    ]  # fmt: skip


def plain() -> list[Event]:
    """Those of all these that have defaults, with every default."""
    return [
        Joined(comment_id="C2", words=words("w")),
        Noted(words=words("w")),
        RefusedBy(code=RefusalCode.NOT_OURS, reason=words("r")),
        Returned(reason=words("r")),
        Voted(outcome=Recommendation.APPROVE),
        Asked(question=words("q")),
        Bypassed(reason=words("r")),
        DecidedAlone(outcome=Recommendation.APPROVE),
        ReplyHeld(post_id="P1", words=words("w"), writer="ada"),
        HoldingSettled(post_id="P2", settlement=Settlement.RETURNED),
        Watched(stage=Stage.HELD, turn=0),
        LookedAt(is_upheld=False),
        Served(matter_id="T1", post_id="P1", words=words("w"), writer="ada", approver="cora",
               owner="ada", same_answer_to=40),
    ]  # fmt: skip
