"""Who may do what to a commitment, and in which stages."""

from __future__ import annotations

from collections.abc import Callable

from domain.commitment.stages import ON_THE_WAY, RENEGOTIATIONS, CommitmentStage
from domain.commitment.state import Commitment
from domain.entity import Right, State
from domain.errors import Conflict, Refused
from domain.people import Actor, Role
from domain.relations import (
    ANY,
    EXECUTIVES,
    MACHINE,
    OF_TEAM,
    OF_TEAM_OR_EXECUTIVE,
    Relation,
    to,
)


def _is_accountable(actor: Actor, state: Commitment) -> bool:
    return actor.id == state.promise.accountable


def _asked(actor: Actor, state: Commitment) -> bool:
    return state.wanted is not None and actor.id == state.wanted.asked_by


def _is_its_own_judge(actor: Actor, state: Commitment) -> bool:
    """Whoever is accountable, or reported it kept, does not also judge the commenter's no."""
    reporter = state.report.by if state.report else None
    return actor.id in (state.promise.accountable, reporter)


_ACCOUNTABLE = Relation("who is accountable for it", _is_accountable)
_APPROVED = Relation(
    "who approved it, or stands for them",
    lambda actor, state: actor.id == state.approver or state.approver in actor.stands_for,
)

_WORKING = to(None, _ACCOUNTABLE) | OF_TEAM
_CONCERNED = _WORKING | EXECUTIVES
_TAKING_BACK = to(Role.EXECUTIVE, ANY.but("save who is accountable for it", _is_accountable))
_AGREEING = to(
    # No lower than the original approver: executives are never lower than anybody.
    Role.EXECUTIVE,
    ANY.but(
        "save who asked for the date and who is accountable",
        lambda actor, state: _asked(actor, state) or _is_accountable(actor, state),
    ),
)
_DECLINING = to(None, _ACCOUNTABLE.but("save who asked for the date", _asked)) | to(
    # Also the doer, of a date that somebody else has in mind.
    Role.EXECUTIVE,
    ANY.but("save who asked for the date", _asked),
)
_ANSWERING = to(None, _APPROVED) | EXECUTIVES
_STANDING_BY = to(
    None, _APPROVED.but("save who is accountable or reported it", _is_its_own_judge)
) | to(Role.EXECUTIVE, ANY.but("save who is accountable or reported it", _is_its_own_judge))


Hindered = Callable[[Commitment], Refused | None]


def _later_rules(then: Hindered = lambda state: None) -> Hindered:
    """Promises made under the first rules go on as they were made."""

    def hindered(state: Commitment) -> Refused | None:
        if state.rules >= 2:
            return then(state)
        return Conflict(
            "earlier_rules",
            "this promise was made under earlier rules, which do not know this",
            "report it kept, or withdraw it with a reason",
        )

    return hindered


def _while_renegotiating(state: Commitment) -> Refused | None:
    if state.wanted is not None:
        return Conflict(
            "date_waits",
            f"another date is asked for already, by {state.wanted.asked_by}",
            "wait until it is decided, or have it refused",
            due_at=state.wanted.due_at,
        )
    if len(state.dates) >= RENEGOTIATIONS:
        return Conflict(
            "moved_too_often",
            f"this promise has had {RENEGOTIATIONS} other dates already",
            "keep it by the date that stands, or have it withdrawn with a reason",
        )
    return None


def _nothing_asked(state: Commitment) -> Refused | None:
    wanted = state.wanted
    if wanted is None:
        return Conflict(
            "no_date_asked",
            "nobody asks for another date now",
            "ask for one with renegotiate",
        )
    if wanted.agreed_by is not None:
        return Conflict(
            "agreed_already",
            f"{wanted.agreed_by} has agreed, and the words are on their way",
            "see to the post: the date counts once it is published",
            post_id=wanted.post_id,
        )
    return None


def _unsigned(state: Commitment) -> Refused | None:
    wanted = state.wanted
    if (refusal := _nothing_asked(state)) or wanted is None or wanted.is_signed:
        return refusal
    doer = state.promise.accountable
    return Conflict(
        "not_signed",
        f"{doer}, who is accountable, has not accepted the new date yet",
        f"ask {doer} to accept it",
        accountable=doer,
    )


def _signed(state: Commitment) -> Refused | None:
    if (refusal := _nothing_asked(state)) or state.wanted is None or not state.wanted.is_signed:
        return refusal
    return Conflict(
        "signed_already", "the new date is accepted already", "it waits for an executive to agree"
    )


def _while_a_date_travels(state: Commitment) -> Refused | None:
    wanted = state.wanted
    if wanted is None or wanted.agreed_by is None:
        return None
    return Conflict(
        "date_on_its_way",
        "the public is about to read of a new date",
        "withdraw that post first, or wait until it is published",
        post_id=wanted.post_id,
    )


def _while_much_is_said(state: Commitment) -> Refused | None:
    if len(state.progress) < ON_THE_WAY:
        return None
    return Conflict(
        "words_on_their_way",
        f"{ON_THE_WAY} words of progress are on their way already",
        "have one of them cleared or returned first",
        post_id=state.progress[0].post_id,
    )


_OPEN = frozenset({CommitmentStage.OPEN})
_OWED = frozenset({CommitmentStage.OPEN, CommitmentStage.BROKEN})
_ASKED = frozenset({CommitmentStage.TOLD, CommitmentStage.DENIED})
_DENIED = frozenset({CommitmentStage.DENIED})
_LIVING = _OWED | _ASKED | {CommitmentStage.REPORTED}

_TEAM = "whoever is accountable, staff of its team or an executive"
_APPROVER = "whoever approved it, somebody who stands for them, or an executive"

RIGHTS: dict[str, Right] = {
    "report_kept": Right("whoever is accountable, or staff of its team", _WORKING, _OWED),
    "tell": Right(_TEAM, _CONCERNED, _OWED, hindered=_later_rules(_while_much_is_said)),
    "renegotiate": Right(_TEAM, _CONCERNED, _OPEN, hindered=_later_rules(_while_renegotiating)),
    "accept_new_date": Right(
        "whoever is accountable for it",
        to(None, _ACCOUNTABLE),
        _OPEN,
        hindered=_later_rules(_signed),
    ),
    "agree": Right(
        "an executive who neither asked for the date nor is accountable for it",
        _AGREEING,
        _OPEN,
        hindered=_later_rules(_unsigned),
    ),
    "refuse_new_date": Right(
        "an executive, or whoever is accountable, who did not ask for the date",
        _DECLINING,
        _OPEN,
        hindered=_later_rules(_nothing_asked),
    ),
    "withdraw": Right(
        "an executive who is not accountable for it",
        _TAKING_BACK,
        _OWED,
        hindered=_while_a_date_travels,
    ),
    "make_link": Right(
        "staff of its team or an executive",
        OF_TEAM_OR_EXECUTIVE,
        frozenset({CommitmentStage.TOLD}),
    ),
    "uphold": Right(
        f"{_APPROVER}, who neither is accountable for it nor reported it", _STANDING_BY, _DENIED
    ),
    "reopen": Right(_APPROVER, _ANSWERING, _DENIED),
    "word": Right("a channel or the private link", MACHINE, _ASKED, True, is_answered=True),
    "settle": Right("a post", MACHINE, _LIVING, is_machine=True),
    "ring": Right("a timer", MACHINE, _LIVING, is_machine=True),
}


def _out_of_turn(state: State, act: str) -> Refused:
    stages = " or ".join(sorted(RIGHTS[act].stages))
    return Conflict(
        "out_of_turn",
        f"{act} is possible while {stages}; the promise is {state.stage} now",
        "see what is allowed now in GET of the commitment",
        entity="commitment",
        act=act,
        stage=state.stage,
    )
