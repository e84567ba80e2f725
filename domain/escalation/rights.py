"""Who may do what to an escalation, and in which stages."""

from __future__ import annotations

from domain.entity import Right, State
from domain.errors import Conflict, Refused
from domain.escalation.stages import Stage
from domain.escalation.state import Escalation
from domain.moving import MAY, unless_by_calendar
from domain.panel import Panel
from domain.people import Actor, Role
from domain.relations import (
    ANY,
    LEADING,
    MACHINE,
    OF_TEAM,
    OF_TEAM_OR_EXECUTIVE,
    OWNER,
    TEAM,
    Relation,
    to,
)
from domain.terms import DecisionMode


def panel_of(state: Escalation) -> Panel:
    proposal = state.proposal
    return (proposal.panel if proposal else None) or Panel()


def proposer_of(state: Escalation) -> str | None:
    return state.proposal.by if state.proposal else None


def _is_dismisser(actor: Actor, state: Escalation) -> bool:
    return state.dismissal is not None and state.dismissal.by == actor.id


_DECIDES = Relation(
    "an approver or who stands for one, never its proposer",
    lambda actor, state: panel_of(state).may_speak(actor, proposer_of(state)),
)
_APPROVES = Relation(
    "an approver, never its proposer",
    lambda actor, state: (
        panel_of(state).is_eligible(actor.id, actor.roles) and actor.id != proposer_of(state)
    ),
)
_SIGNS = Relation(
    "who is to be accountable for a promise in it",
    lambda actor, state: any(promise.accountable == actor.id for promise in state.unsigned),
)
_FREE = TEAM.but("while it has no owner", lambda actor, state: state.owner is not None)

_OWNING = to(Role.STAFF, OWNER)
_OWNING_OR_LEADING = _OWNING | LEADING
_HAVING_IT = _OWNING | to(Role.STAFF, _FREE)
_DECIDING_IT = to(None, _DECIDES)
_APPROVING = to(None, _APPROVES)
_OVERSEEING = to(
    Role.EXECUTIVE,
    ANY.but("save its proposer", lambda actor, state: actor.id == proposer_of(state)),
)
_LOOKING = to(Role.STAFF, TEAM.but("save who dismissed it", _is_dismisser)) | to(
    Role.EXECUTIVE, ANY.but("save who dismissed it", _is_dismisser)
)
_SIGNING = to(None, _SIGNS)


# What else may be in the way. ------------------------------------------------------------------


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
    if state.waiting is not None:
        missing = ", ".join(sorted({p.accountable for p in state.unsigned}))
        return Conflict(
            "waiting_for_acceptance",
            f"words wait until {missing} accepts a promise in them",
            "recall them first, or wait for the acceptance",
        )
    if state.reply is None:
        return None
    return Conflict(
        "reply_on_its_way",
        "a reply has been submitted and is on its way",
        "withdraw that post first, or wait until it is published",
        post_id=state.reply.post_id,
    )


def _while_disputed(state: Escalation) -> Refused | None:
    if not state.disputed:
        return None
    return Conflict(
        "promise_not_accepted",
        "whoever is to be accountable has declined a promise in these words, or its date",
        "return the proposal, so that it is made with a promise that somebody accepts",
        promises=list(state.disputed),
    )


def _unless_alone(state: Escalation) -> Refused | None:
    if state.decision_terms.mode is DecisionMode.OWNER:
        return None
    return Conflict(
        "not_alone",
        "the terms of this escalation ask for an approver",
        "propose an answer instead",
    )


def _unless_named(state: Escalation) -> Refused | None:
    if panel_of(state).missing:
        return None
    return Conflict(
        "nobody_named",
        "no named approver's word is missing",
        "any executive who did not propose it may decide it",
    )


def _while_asked(state: Escalation) -> Refused | None:
    if state.question is None:
        return None
    return Conflict(
        "already_asked",
        f"{state.question.by} has asked already and waits for the answer",
        "wait for the answer, or decide without it",
    )


def _unless_asked(state: Escalation) -> Refused | None:
    if state.question is not None:
        return None
    return Conflict(
        "nothing_asked", "nobody has asked for information", "write a note that they can read"
    )


def _unless_waiting(state: Escalation) -> Refused | None:
    if state.waiting is not None:
        return None
    return Conflict(
        "nothing_waits", "no words wait for an acceptance", "withdraw the post that carries them"
    )


def _unless_assigned(state: Escalation) -> Refused | None:
    if state.assigned_by is not None:
        return None
    return Conflict("not_assigned", "you claimed this yourself", "release it instead")


def _unless_leased(state: Escalation) -> Refused | None:
    if state.lease_from is not None and state.limits.lease:
        return None
    return Conflict("no_lease", "this claim does not lapse", "nothing to do")


def _unless_running(state: Escalation) -> Refused | None:
    if state.deadline is None:
        return Conflict("no_clock", "no clock runs here yet", "claim it; its clock then begins")
    if state.paused_until is not None:
        return Conflict("paused", "its clock stands still already", "resume it first")
    return None


def _unless_by_calendar(state: Escalation) -> Refused | None:
    return _unless_running(state) or unless_by_calendar(state.calendar, state.deadline)


def _unless_pausable(state: Escalation) -> Refused | None:
    if not state.limits.pauses or not state.limits.pause:
        return Conflict(
            "no_pauses", "its terms allow no pause", "go on with it; a lead may extend the clock"
        )
    if state.pauses >= state.limits.pauses:
        return Conflict(
            "paused_enough",
            "its terms allow one pause, and there was one"
            if state.limits.pauses == 1
            else f"its terms allow {state.limits.pauses} pauses, and there were as many",
            "go on with it; a lead may extend the clock",
        )
    return _unless_running(state)


def _unless_paused(state: Escalation) -> Refused | None:
    if state.paused_until is not None:
        return None
    return Conflict("not_paused", "its clock is running", "nothing to do")


def _while_tied(state: Escalation) -> Refused | None:
    if state.matter is None:
        return None
    return Conflict(
        "in_a_matter",
        f"it belongs to the matter {state.matter.id}",
        "wait for that answer, or leave the matter first",
        matter_id=state.matter.id,
    )


def _unless_tied(state: Escalation) -> Refused | None:
    if state.matter is not None:
        return None
    return Conflict("in_no_matter", "it belongs to no matter", "nothing to do")


_OPEN = frozenset(Stage) - {Stage.CLOSED}
_WITH_OWNER = frozenset({Stage.PREPARING, Stage.DECIDING, Stage.REPLYING, Stage.LISTENING})
_DECIDING = frozenset({Stage.DECIDING})
_EARLY = frozenset({Stage.UNCLAIMED, Stage.PREPARING})
_PAUSABLE = _OPEN - {Stage.HELD}
"""A second look is not put off, least of all by whoever is looked at."""
_CLOCKED = _PAUSABLE - {Stage.LISTENING}

_APPROVER = "an approver who did not propose it"
_OVERSEER = "an executive who did not propose it"
_LOOKER = "staff of its team or an executive who did not dismiss it"
_LEADERS = "its owner, the team's lead or an executive"
_HAVING = "its owner or, while there is none, staff of its team"
_SIGNER = "whoever is to be accountable for a promise in it"

RIGHTS: dict[str, Right] = {
    # Owners. ----------------------------------------------------------------------------------
    "claim": Right("staff of its team", OF_TEAM, frozenset({Stage.UNCLAIMED})),
    "release": Right(_LEADERS, _OWNING_OR_LEADING, frozenset({Stage.PREPARING})),
    "assign": Right(
        _LEADERS,
        _OWNING_OR_LEADING,
        frozenset({Stage.UNCLAIMED}) | _WITH_OWNER,
        hindered=_while_deciding,
    ),
    "decline": Right("its owner", _OWNING, frozenset({Stage.PREPARING}), hindered=_unless_assigned),
    "renew": Right("its owner", _OWNING, frozenset({Stage.PREPARING}), hindered=_unless_leased),
    "reroute": Right("the team's lead or an executive", LEADING, _EARLY),
    # Ends without an answer. ------------------------------------------------------------------
    "dismiss": Right(_HAVING, _HAVING_IT, _EARLY),
    "merge": Right(_HAVING, _HAVING_IT, _EARLY),
    "answered_outside": Right(_HAVING, _HAVING_IT, _EARLY),
    "uphold": Right(_LOOKER, _LOOKING, frozenset({Stage.HELD})),
    "overturn": Right(_LOOKER, _LOOKING, frozenset({Stage.HELD})),
    # Deciding. --------------------------------------------------------------------------------
    "propose": Right("its owner", _OWNING, frozenset({Stage.PREPARING}), hindered=_while_tied),
    "decide_alone": Right(
        "its owner",
        _OWNING,
        frozenset({Stage.PREPARING}),
        hindered=lambda state: _unless_alone(state) or _while_tied(state),
    ),
    "approve": Right(_APPROVER, _DECIDING_IT, _DECIDING, hindered=_while_disputed),
    "refuse": Right(_APPROVER, _DECIDING_IT, _DECIDING),
    "return": Right(_APPROVER, _DECIDING_IT, _DECIDING),
    "ask": Right(_APPROVER, _DECIDING_IT, _DECIDING, hindered=_while_asked),
    "inform": Right("its owner", _OWNING, _DECIDING, hindered=_unless_asked),
    "add_approver": Right("its owner or an approver", _OWNING | _APPROVING, _DECIDING),
    "replace_approver": Right(_OVERSEER, _OVERSEEING, _DECIDING, hindered=_unless_named),
    "bypass": Right(_OVERSEER, _OVERSEEING, _DECIDING, hindered=_while_disputed),
    "withdraw": Right("its owner", _OWNING, _DECIDING),
    # Replying. --------------------------------------------------------------------------------
    "reply": Right("its owner", _OWNING, frozenset({Stage.REPLYING}), hindered=_while_replying),
    "recall": Right("its owner", _OWNING, frozenset({Stage.REPLYING}), hindered=_unless_waiting),
    "move_private": Right("its owner", _OWNING, frozenset({Stage.PREPARING}), hindered=_while_tied),
    "holding_reply": Right("its owner", _OWNING, _WITH_OWNER - {Stage.LISTENING}),
    "accept_promise": Right(_SIGNER, _SIGNING, frozenset({Stage.DECIDING, Stage.REPLYING})),
    "counter_promise": Right(_SIGNER, _SIGNING, frozenset({Stage.DECIDING, Stage.REPLYING})),
    "decline_promise": Right(_SIGNER, _SIGNING, frozenset({Stage.DECIDING, Stage.REPLYING})),
    # Anytime. ---------------------------------------------------------------------------------
    "note": Right(
        "staff of its team or an executive",
        OF_TEAM_OR_EXECUTIVE,
        _OPEN,
    ),
    "pause": Right(_LEADERS, _OWNING_OR_LEADING, _PAUSABLE, hindered=_unless_pausable),
    "resume": Right(_LEADERS, _OWNING_OR_LEADING, _PAUSABLE, hindered=_unless_paused),
    "extend": Right("the team's lead or an executive", LEADING, _CLOCKED, hindered=_unless_running),
    "accept_calendar": Right(MAY, LEADING, _CLOCKED, hindered=_unless_by_calendar),
    "join_matter": Right(
        "staff of its team or an executive",
        OF_TEAM_OR_EXECUTIVE,
        _EARLY,
        hindered=_while_tied,
    ),
    "leave_matter": Right(
        "staff of its team or an executive",
        OF_TEAM_OR_EXECUTIVE,
        _EARLY,
        hindered=_unless_tied,
    ),
    # Machines. --------------------------------------------------------------------------------
    "serve": Right("a matter", MACHINE, _EARLY, is_machine=True),
    "receive": Right("the intake", MACHINE, _OPEN, is_machine=True, is_answered=True),
    "settle": Right("a post", MACHINE, _OPEN, is_machine=True),
    "ring": Right("a timer", MACHINE, _OPEN, is_machine=True),
}


def _one_of(stages: frozenset[str]) -> str:
    """The stages in the order of the journey, as people list them."""
    *others, last = [str(stage) for stage in Stage if stage in stages]
    return f"{', '.join(others)} or {last}" if others else last


def out_of_turn(state: State, act: str) -> Refused:
    assert isinstance(state, Escalation)
    if state.is_closed:
        return Conflict(
            "closed",
            f"this escalation is closed ({state.outcome})",
            "a new comment of the conversation opens a new escalation",
            stage=state.stage,
        )
    if act == "claim" and state.owner is not None and state.stage is not Stage.HELD:
        return Conflict(
            "already_claimed",
            f"already claimed by {state.owner}",
            f"speak to {state.owner}, or have it assigned to you",
            owner=state.owner,
        )
    right = RIGHTS[act]
    return Conflict(
        "out_of_turn",
        f"{act} is possible while it is {_one_of(right.stages)}; it is {state.stage} now",
        "see what is allowed now in GET of the escalation",
        entity="escalation",
        act=act,
        stage=state.stage,
    )
