"""An escalation: one conversation's way to its answer.

Read ``stages.STAGES`` for the journey, ``rights.RIGHTS`` for who may do what, ``deciding`` for what
a command comes to, ``changes`` for what an event does to the state.
"""

from __future__ import annotations

from domain.entity import Command, Event, Kind
from domain.escalation.changes import evolve
from domain.escalation.commands import (
    Approve,
    Assign,
    Claim,
    Dismiss,
    Note,
    OpenEscalation,
    Propose,
    Receive,
    Refuse,
    Release,
    Reply,
    Return,
    Withdraw,
)
from domain.escalation.consequences import effects
from domain.escalation.deciding import DECIDE, FARTHEST, check_promises
from domain.escalation.events import (
    Approved,
    Assigned,
    Claimed,
    Closed,
    Dismissed,
    Joined,
    Noted,
    Opened,
    ProposalWithdrawn,
    Proposed,
    RefusedBy,
    Released,
    Reopened,
    ReplySettled,
    ReplySubmitted,
    Returned,
    Revised,
    RungClimbed,
)
from domain.escalation.rights import RIGHTS, _out_of_turn
from domain.escalation.stages import (
    STAGES,
    DismissCode,
    Outcome,
    Recommendation,
    RefusalCode,
    Stage,
    StageRow,
)
from domain.escalation.state import CurrentReply, Decision, Escalation, Proposal

__all__ = [
    "DECIDE",
    "ESCALATION",
    "FARTHEST",
    "RIGHTS",
    "STAGES",
    "Approve",
    "Approved",
    "Assign",
    "Assigned",
    "Claim",
    "Claimed",
    "Closed",
    "CurrentReply",
    "Decision",
    "Dismiss",
    "DismissCode",
    "Dismissed",
    "Escalation",
    "Joined",
    "Note",
    "Noted",
    "OpenEscalation",
    "Opened",
    "Outcome",
    "Proposal",
    "ProposalWithdrawn",
    "Propose",
    "Proposed",
    "Receive",
    "Recommendation",
    "RefusalCode",
    "Refuse",
    "RefusedBy",
    "Release",
    "Released",
    "Reopened",
    "Reply",
    "ReplySettled",
    "ReplySubmitted",
    "Return",
    "Returned",
    "Revised",
    "RungClimbed",
    "Stage",
    "StageRow",
    "Withdraw",
    "check_promises",
    "effects",
    "evolve",
]


_COMMANDS: tuple[type[Command], ...] = tuple(c for c in DECIDE if c is not OpenEscalation)
_EVENTS: tuple[type[Event], ...] = (
    Opened, Joined, Revised, Reopened, Claimed, Released, Assigned, Dismissed, Proposed,
    ProposalWithdrawn, Approved, RefusedBy, Returned, ReplySubmitted, ReplySettled, Noted,
    RungClimbed, Closed,
)  # fmt: skip

ESCALATION = Kind(
    name="escalation",
    state=Escalation,
    opening=OpenEscalation,
    commands={c.model_fields["act"].default: c for c in _COMMANDS},
    events={e.NAME: e for e in _EVENTS},
    rights=RIGHTS,
    out_of_turn=_out_of_turn,
    decide=DECIDE,
    evolve=evolve,
    effects=effects,
)
