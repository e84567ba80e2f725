"""What is owed next, by whom, until when: the sentence that stands largest on a page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from api.deps import now
from api.pages.labels import OUTCOMES
from domain.entity import Permission
from domain.escalation import Escalation
from domain.matter import Matter, MemberState
from domain.people import Seat
from domain.roster import Why, fill
from store import people, roster
from store.views import (
    CommitmentDetail,
    EscalationDetail,
    MatterItem,
    PostDetail,
    PostItem,
    WaitingView,
)
from texts import gettext as _
from texts import ngettext

PRIMARY: dict[str, dict[str, tuple[str, ...]]] = {
    "escalation": {
        "held": ("overturn",),
        "unclaimed": ("claim",),
        "preparing": ("propose",),
        "deciding": ("inform", "accept_promise", "approve"),
        "replying": ("accept_promise", "reply"),
    },
    "post": {
        "in_review": ("clear",),
        "unconfirmed": ("confirm",),
        "failed": ("retry",),
    },
    "commitment": {
        "open": ("accept_new_date", "agree", "report_kept"),
        "broken": ("report_kept",),
        "told": ("make_link",),
        "denied": ("uphold",),
    },
    "matter": {
        "gathering": ("propose",),
        "deciding": ("approve",),
        "ready": ("release",),
        "releasing": ("halt",),
        "halted": ("resume",),
    },
}
"""The act that takes a case on from its stage, for whoever may do it."""


@dataclass(frozen=True)
class Move:
    """The next move. ``link`` leads to the post that it is about, where it is about one."""

    who: str
    what: str
    due_at: datetime | None = None
    is_late: bool = False
    link: str | None = None
    is_quiet: bool = False
    """Nobody of ours owes anything."""


def primary(kind: str, stage: str, allowed: Sequence[Permission]) -> str | None:
    """The act this person should find first; None where the next move is not theirs."""
    possible = {permission.act for permission in allowed if permission.ok}
    return next((a for a in PRIMARY[kind].get(stage, ()) if a in possible), None)


@dataclass(frozen=True)
class Deciders:
    """Who may decide, by id with their names: those who are there, or else those who are away and
    have nobody in their place."""

    names: Mapping[str, str]
    is_away: bool = False


def deciders(session: Session, state: Escalation | Matter) -> Deciders:
    """Whose decision is waited for; nobody's where none is."""
    return deciders_of(session, [state])[state.id]


def deciders_of(session: Session, states: Collection[Escalation | Matter]) -> dict[str, Deciders]:
    """The same of several, by their ids, which costs no more than of one."""
    found = dict.fromkeys((state.id for state in states), Deciders({}))
    waiting = [state for state in states if state.stage == "deciding"]
    if not waiting:
        return found
    around = roster.roster(session, now())
    for state in waiting:
        filled = fill(Seat.APPROVERS, state.seats, around, urgent=True)
        away = tuple(skipped.person for skipped in filled.skipped if skipped.why is Why.AWAY)
        named = filled.people or away
        known = people.names(session, named)
        found[state.id] = Deciders(
            {one: known.get(one, one) for one in named}, is_away=not filled.people
        )
    return found


def of_escalation(detail: EscalationDetail, team: str, by: Deciders, reader: str) -> Move:
    """Who owes what in this stage, as it is said to this reader."""
    link = None
    outcome = OUTCOMES.get(detail.outcome or "", "")
    if detail.question:
        who, what = _owner(
            detail,
            reader,
            _("answers what the approvers asked"),
            _("answer what the approvers asked"),
        )
    elif detail.waiting:
        who, what = _accepting(detail, detail.waiting, reader)
    elif detail.matter_state == MemberState.JOINED:
        who, what = _("Its matter"), _("answers it, together with others")
        link = f"/matter/{detail.matter_id}"
    elif reply := current_reply(detail):
        who, what = of_post_stage(reply.stage, reply.writer, detail.names, reader)
        link = f"/post/{reply.id}"
    else:
        who, what = {
            "held": (
                _("The lead of %(team)s", team=team),
                _("looks again: is an answer owed or not"),
            ),
            "unclaimed": (team, _("claims it, or dismisses it with a reason")),
            "preparing": _owner(detail, reader, _("proposes an answer"), _("propose an answer")),
            "deciding": _deciding(by, reader),
            "replying": _owner(detail, reader, _("sends the reply"), _("send the reply")),
            "listening": (
                _("The public"),
                _("has the word; with nothing said until then it closes"),
            ),
            "closed": (
                _("Nobody"),
                _("owes anything: %(outcome)s", outcome=outcome),
            ),
        }[detail.stage]
    is_quiet = not detail.question and detail.stage in ("listening", "closed")
    return Move(who, what, detail.due_at, detail.is_late, link, is_quiet)


def _said(
    person: str, names: Mapping[str, str], reader: str, does: str, do: str
) -> tuple[str, str]:
    """What somebody does; to themselves it is said as to them."""
    return (_("You"), do) if person == reader else (names.get(person, person), does)


def _owner(detail: EscalationDetail, reader: str, does: str, do: str) -> tuple[str, str]:
    if detail.owner is None:
        return _("its owner"), does
    return _said(detail.owner, detail.names, reader, does, do)


def _accepting(detail: EscalationDetail, waiting: WaitingView, reader: str) -> tuple[str, str]:
    """Those who are to be accountable for a promise that is not accepted yet."""
    waits = {p.accountable for p in waiting.promises if p.id in waiting.unsigned}
    others = sorted(detail.names.get(person, person) for person in waits - {reader})
    who = [_("You"), *others] if reader in waits else others
    does = (
        _("accepts a promise in the words of the reply, or offers another date")
        if len(who) == 1 and who == others
        else _("accept a promise in the words of the reply, or offer another date")
    )
    return _(" and ").join(who), does


def _deciding(by: Deciders, reader: str) -> tuple[str, str]:
    if not by.names:
        return _("Nobody"), _("can decide it: there is no executive who may")
    others = [name for person, name in by.names.items() if person != reader]
    if reader in by.names:
        return _(" or ").join([_("You"), *others]), _("decide: approve, refuse or return")
    does = (
        _("decides: approve, refuse or return; away just now, with nobody instead")
        if by.is_away
        else _("decides: approve, refuse or return")
    )
    return _(" or ").join(others), does


def current_reply(detail: EscalationDetail) -> PostItem | None:
    """The reply that is on its way; None where the next words are still to be sent."""
    if detail.stage != "replying" or not detail.replies:
        return None
    last = detail.replies[-1]
    return last if last.stage in _ON_ITS_WAY else None


_ON_ITS_WAY = ("in_review", "cleared", "publishing", "unconfirmed", "failed")


def of_post_stage(
    stage: str, writer: str, names: Mapping[str, str], reader: str, *, may_clear: bool = False
) -> tuple[str, str]:
    return {
        "in_review": (_("You"), _("clear the words, or return them"))
        if may_clear
        else (
            _("Somebody other than you")
            if writer == reader
            else _("Somebody other than %(writer)s", writer=names.get(writer, writer)),
            _("clears the words, or returns them"),
        ),
        "cleared": (_("The service"), _("sends it out soon; until then it can be withdrawn")),
        "publishing": (_("The service"), _("is publishing it")),
        "unconfirmed": (
            _("Somebody of the team"),
            _("looks at the channel and says if it is there"),
        ),
        "failed": (_("Somebody of the team"), _("tries again, or it is withdrawn")),
        "published": (_("Nobody"), _("owes anything: it is published")),
        "returned": _said(writer, names, reader, _("sends other words"), _("send other words")),
        "withdrawn": (_("Nobody"), _("owes anything: it was withdrawn")),
    }[stage]


def of_post(detail: PostDetail, reader: str) -> Move:
    may_clear = any(permission.ok for permission in detail.allowed if permission.act == "clear")
    who, what = of_post_stage(
        detail.stage, detail.writer, detail.names, reader, may_clear=may_clear
    )
    return Move(who, what, detail.due_at, detail.is_late)


def of_commitment(detail: CommitmentDetail, reader: str) -> Move:
    def said(person: str, does: str, do: str) -> tuple[str, str]:
        return _said(person, detail.names, reader, does, do)

    who, what = {
        "open": said(
            detail.accountable,
            _("keeps the promise and reports it"),
            _("keep the promise and report it"),
        ),
        "reported": (_("Somebody other than the reporter"), _("clears the public word of it")),
        "told": (_("The commenter"), _("says whether it is kept; silence counts as kept")),
        "denied": said(
            detail.approver,
            _("answers the commenter, who says that it is not kept"),
            _("answer the commenter, who says that it is not kept"),
        ),
        "broken": said(
            detail.accountable,
            _("still owes it; the date has passed"),
            _("still owe it; the date has passed"),
        ),
        "kept": (_("Nobody"), _("owes anything: it was kept in time")),
        "kept_late": (_("Nobody"), _("owes anything: it was kept, but late")),
        "withdrawn": (_("Nobody"), _("owes anything: it was withdrawn, openly")),
    }[detail.stage]
    link = None
    if detail.stage == "reported" and detail.posts:
        link = f"/post/{detail.posts[-1].id}"
    if not detail.deadlines:
        return Move(who, what, None, is_late=False, link=link)
    return Move(who, what, detail.deadlines[0].due_at, detail.deadlines[0].is_late, link)


def of_matter(item: MatterItem, names: Mapping[str, str], by: Deciders, reader: str) -> Move:
    """Who owes what in this stage of a matter, as it is said to this reader."""
    who, what = {
        "gathering": _said(
            item.owner, names, reader, _("proposes the one answer"), _("propose the one answer")
        ),
        "deciding": _deciding(by, reader),
        "ready": (_("The team’s lead or an executive"), _("releases the answer")),
        "releasing": (
            _("The service"),
            ngettext(
                "is answering; one still waits", "is answering; %(num)s still wait", item.waiting
            ),
        ),
        "halted": (
            _("The team’s lead or an executive"),
            _("lets it go on, or the answer is taken back"),
        ),
        "listening": (
            _("Nobody"),
            _("owes anything: whoever joins now is answered too; without any it ends then"),
        ),
        "closing": (_("The service"), _("looks whether anybody is left, and closes it")),
        "closed": (_("Nobody"), _("owes anything: it is closed")),
    }[item.stage]
    is_quiet = item.stage in ("listening", "closed")
    return Move(who, what, item.due_at, item.is_late, is_quiet=is_quiet)
