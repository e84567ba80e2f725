"""Who may do what to a matter, and in which stages."""

from __future__ import annotations

from domain.entity import Right, State
from domain.errors import Conflict, Refused
from domain.matter.stages import MatterStage
from domain.matter.state import Matter
from domain.moving import MAY, unless_by_calendar
from domain.people import Role
from domain.relations import LEADING, MACHINE, OF_TEAM_OR_EXECUTIVE, OWNER, Relation, to

_DECIDES = Relation(
    "an approver or who stands for one, never its proposer",
    lambda actor, matter: matter.panel.may_speak(actor, matter.proposer),
)
_OWNING = to(Role.STAFF, OWNER) | to(Role.EXECUTIVE, OWNER)
_OWNING_OR_LEADING = to(Role.STAFF, OWNER) | LEADING
_DECIDING_IT = to(None, _DECIDES)


def _while_deciding(matter: Matter) -> Refused | None:
    """A proposal stands with its proposer until it is decided or withdrawn."""
    if matter.stage is not MatterStage.DECIDING:
        return None
    return Conflict(
        "waiting_for_decision",
        f"a proposal by {matter.proposer} is being decided",
        "withdraw it first, or assign after the decision",
    )


def _unless_by_calendar(matter: Matter) -> Refused | None:
    return unless_by_calendar(matter.calendar, matter.deadline)


_OPEN = frozenset(MatterStage) - {MatterStage.CLOSED}
_GOING_ON = frozenset({MatterStage.RELEASING, MatterStage.LISTENING})
_IDLE = frozenset(
    {MatterStage.GATHERING, MatterStage.READY, MatterStage.HALTED, MatterStage.LISTENING}
)
_USABLE = frozenset({MatterStage.DECIDING, MatterStage.READY, MatterStage.HALTED})

_APPROVER = "an executive who did not propose it"
_TEAM = "staff of its team or an executive"
_LEAD = "the team's lead or an executive"
_LEADERS = "its owner, the team's lead or an executive"

RIGHTS: dict[str, Right] = {
    "assign": Right(_LEADERS, _OWNING_OR_LEADING, _OPEN, hindered=_while_deciding),
    "propose": Right("its owner", _OWNING, frozenset({MatterStage.GATHERING})),
    "withdraw": Right(_LEADERS, _OWNING_OR_LEADING, _USABLE),
    "approve": Right(_APPROVER, _DECIDING_IT, frozenset({MatterStage.DECIDING})),
    "refuse": Right(_APPROVER, _DECIDING_IT, frozenset({MatterStage.DECIDING})),
    "return": Right(_APPROVER, _DECIDING_IT, frozenset({MatterStage.DECIDING})),
    "release": Right(_LEAD, LEADING, frozenset({MatterStage.READY})),
    "halt": Right(_TEAM, OF_TEAM_OR_EXECUTIVE, _GOING_ON),
    "resume": Right(_LEAD, LEADING, frozenset({MatterStage.HALTED})),
    "close": Right(_LEADERS, _OWNING_OR_LEADING, _IDLE),
    "accept_calendar": Right(
        MAY, LEADING, _OPEN - {MatterStage.LISTENING}, hindered=_unless_by_calendar
    ),
    "note": Right(_TEAM, OF_TEAM_OR_EXECUTIVE, _OPEN),
    # Machines. --------------------------------------------------------------------------------
    "report": Right("the service", MACHINE, _OPEN, is_machine=True),
    "ring": Right("a timer", MACHINE, _OPEN, is_machine=True),
}


def out_of_turn(state: State, act: str) -> Refused:
    if state.is_closed:
        return Conflict(
            "closed", "this matter is closed", "open another one, or answer it by itself"
        )
    right = RIGHTS[act]
    return Conflict(
        "out_of_turn",
        f"{act} is possible while {' or '.join(sorted(right.stages))}; it is {state.stage} now",
        "see what is allowed now in GET of the matter",
        entity="matter",
        act=act,
        stage=state.stage,
    )
