"""An escalation: one conversation's way to its answer.

Read ``stages.STAGES`` for the journey, ``rights.RIGHTS`` for who may do what, ``deciding`` for what
a command comes to, ``changes`` for what an event does to the state.
"""

from __future__ import annotations

from domain.entity import Event, Kind
from domain.escalation import events
from domain.escalation.changes import evolve
from domain.escalation.commands import (
    Approve,
    Claim,
    Findings,
    Note,
    OpenEscalation,
    Receive,
    Serve,
    Twin,
)
from domain.escalation.consequences import effects
from domain.escalation.deciding import DECIDE
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
    ReplyHeld,
    ReplySettled,
    ReplySubmitted,
    Returned,
    Revised,
    RungClimbed,
)
from domain.escalation.rights import RIGHTS, out_of_turn
from domain.escalation.stages import (
    STAGES,
    DismissCode,
    ExtendCode,
    HeldFor,
    Outcome,
    PauseCode,
    RefusalCode,
    Stage,
)
from domain.escalation.state import Escalation, Proposal
from domain.panel import Panel, Recommendation

__all__ = [
    "ESCALATION",
    "STAGES",
    "Approve",
    "Approved",
    "Assigned",
    "Claim",
    "Claimed",
    "Closed",
    "DismissCode",
    "Dismissed",
    "Escalation",
    "ExtendCode",
    "Findings",
    "HeldFor",
    "Joined",
    "Note",
    "Noted",
    "OpenEscalation",
    "Opened",
    "Outcome",
    "Panel",
    "PauseCode",
    "Proposal",
    "ProposalWithdrawn",
    "Proposed",
    "Receive",
    "Recommendation",
    "RefusalCode",
    "RefusedBy",
    "Released",
    "Reopened",
    "ReplyHeld",
    "ReplySettled",
    "ReplySubmitted",
    "Returned",
    "Revised",
    "RungClimbed",
    "Serve",
    "Stage",
    "Twin",
]

_EVENTS: tuple[type[Event], ...] = tuple(
    event
    for event in vars(events).values()
    if isinstance(event, type) and issubclass(event, Event) and "NAME" in vars(event)
)

ESCALATION = Kind(
    name="escalation",
    state=Escalation,
    opening=OpenEscalation,
    commands={c.model_fields["act"].default: c for c in DECIDE if c is not OpenEscalation},
    events={e.NAME: e for e in _EVENTS},
    rights=RIGHTS,
    out_of_turn=out_of_turn,
    decide=DECIDE,
    evolve=evolve,
    effects=effects,
)
