"""Who may do what to an escalation, and in which stages."""

from __future__ import annotations

from domain.entity import Right, State
from domain.errors import Conflict, Refused
from domain.escalation.stages import Stage
from domain.escalation.state import Escalation
from domain.people import Actor, Role


def _is_owner(actor: Actor, state: Escalation) -> bool:
    return state.owner == actor.id and actor.has(Role.STAFF)


def _is_team(actor: Actor, state: Escalation) -> bool:
    return actor.works_in(state.team)


def _leads(actor: Actor, state: Escalation) -> bool:
    return (actor.works_in(state.team) and state.team in actor.leads) or actor.has(Role.EXECUTIVE)


def _decides(actor: Actor, state: Escalation) -> bool:
    proposer = state.proposal.by if state.proposal else None
    return actor.has(Role.EXECUTIVE) and actor.id != proposer


def _machine(actor: Actor, state: Escalation) -> bool:
    return actor.has(Role.SERVICE)


def _while_deciding(state: Escalation) -> Refused | None:
    """A proposal stands with its proposer until it is decided or withdrawn."""
    if state.proposal is None or state.decision is not None:
        return None
    return Conflict(
        "waiting_for_decision",
        f"a proposal by {state.proposal.by} is being decided",
        "withdraw it first, or assign after the decision",
    )


def _while_replying(state: Escalation) -> Refused | None:
    if state.reply is None:
        return None
    return Conflict(
        "reply_on_its_way",
        "a reply has been submitted and is on its way",
        "withdraw that post first, or wait until it is published",
        post_id=state.reply.post_id,
    )


_OPEN = frozenset(Stage) - {Stage.CLOSED}
_WITH_OWNER = frozenset({Stage.PREPARING, Stage.DECIDING, Stage.REPLYING, Stage.LISTENING})

RIGHTS: dict[str, Right] = {
    "claim": Right("staff of its team", _is_team, frozenset({Stage.UNCLAIMED})),
    "release": Right(
        "its owner, the team's lead or an executive",
        lambda a, s: _is_owner(a, s) or _leads(a, s),
        frozenset({Stage.PREPARING}),
    ),
    "assign": Right(
        "its owner, the team's lead or an executive",
        lambda a, s: _is_owner(a, s) or _leads(a, s),
        frozenset({Stage.UNCLAIMED}) | _WITH_OWNER,
        hindered=_while_deciding,
    ),
    "dismiss": Right(
        "its owner, or staff of its team while it is unclaimed",
        lambda a, s: _is_owner(a, s) or (s.owner is None and _is_team(a, s)),
        frozenset({Stage.UNCLAIMED, Stage.PREPARING}),
    ),
    "propose": Right("its owner", _is_owner, frozenset({Stage.PREPARING})),
    "approve": Right("an executive who did not propose it", _decides, frozenset({Stage.DECIDING})),
    "refuse": Right("an executive who did not propose it", _decides, frozenset({Stage.DECIDING})),
    "return": Right("an executive who did not propose it", _decides, frozenset({Stage.DECIDING})),
    "reply": Right("its owner", _is_owner, frozenset({Stage.REPLYING}), hindered=_while_replying),
    "note": Right(
        "staff of its team or an executive",
        lambda a, s: _is_team(a, s) or a.has(Role.EXECUTIVE),
        _OPEN,
    ),
    "withdraw": Right("its owner", _is_owner, frozenset({Stage.DECIDING})),
    "receive": Right("the intake", _machine, _OPEN, is_machine=True, is_answered=True),
    "settle": Right("a post", _machine, frozenset({Stage.REPLYING}), is_machine=True),
    "ring": Right("a timer", _machine, _OPEN, is_machine=True),
}


def _out_of_turn(state: State, act: str) -> Refused:
    assert isinstance(state, Escalation)
    if state.is_closed:
        return Conflict(
            "closed",
            f"this escalation is closed ({state.outcome})",
            "a new comment of the conversation opens a new escalation",
            stage=state.stage,
        )
    if act == "claim":
        return Conflict(
            "already_claimed",
            f"already claimed by {state.owner}",
            f"speak to {state.owner}, or have it assigned to you",
            owner=state.owner,
        )
    right = RIGHTS[act]
    return Conflict(
        "out_of_turn",
        f"{act} is possible while {' or '.join(sorted(right.stages))}; it is {state.stage} now",
        "see what is allowed now in GET of the escalation",
        stage=state.stage,
    )
