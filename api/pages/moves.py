"""What is owed next, by whom, until when: the sentence that stands largest on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.pages.labels import OUTCOMES
from domain.entity import Permission
from store.views import CommitmentDetail, EscalationDetail, MatterDetail, PostDetail, PostItem
from texts import gettext as _

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


def of_escalation(detail: EscalationDetail, team: str, approvers: Sequence[str]) -> Move:
    """Who owes what in this stage."""
    owner = detail.owner_name or _("its owner")
    outcome = OUTCOMES.get(detail.outcome or "", "")
    who, what, link = {
        "held": (
            _("The lead of %(team)s", team=team),
            _("looks again: is an answer owed or not"),
            None,
        ),
        "unclaimed": (team, _("claims it, or dismisses it with a reason"), None),
        "preparing": (owner, _("proposes an answer"), None),
        "deciding": (_one_of(approvers), _("decides: approve, refuse or return"), None),
        "replying": _replying(detail, owner),
        "listening": (
            _("The public"),
            _("has the word; with nothing said until then it closes"),
            None,
        ),
        "closed": (_("Nobody"), _("owes anything: %(outcome)s", outcome=outcome), None),
    }[detail.stage]
    if detail.question:
        who, what = owner, _("answers what the approvers asked")
    elif detail.waiting:
        waits = {p.accountable for p in detail.waiting.promises if p.id in detail.waiting.unsigned}
        who = _(" and ").join(sorted(detail.names.get(p, p) for p in waits))
        what = _("accepts a promise in the words of the reply, or offers another date")
    is_quiet = not detail.question and detail.stage in ("listening", "closed")
    return Move(who, what, detail.due_at, detail.is_late, link, is_quiet)


def _one_of(names: Sequence[str]) -> str:
    if not names:
        return _("Nobody: there is no executive who")
    return _(" or ").join(names)


def current_reply(detail: EscalationDetail) -> PostItem | None:
    """The reply that is on its way; None where the next words are still to be sent."""
    if detail.stage != "replying" or not detail.replies:
        return None
    last = detail.replies[-1]
    return last if last.stage in _ON_ITS_WAY else None


_ON_ITS_WAY = ("in_review", "cleared", "publishing", "unconfirmed", "failed")


def _replying(detail: EscalationDetail, owner: str) -> tuple[str, str, str | None]:
    reply = current_reply(detail)
    if reply is None:
        return owner, _("sends the reply"), None
    who, what = of_post_stage(reply.stage, detail.names.get(reply.writer, reply.writer))
    return who, what, f"/post/{reply.id}"


def of_post_stage(stage: str, writer: str) -> tuple[str, str]:
    return {
        "in_review": (
            _("Somebody other than %(writer)s", writer=writer),
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
        "returned": (writer, _("sends other words")),
        "withdrawn": (_("Nobody"), _("owes anything: it was withdrawn")),
    }[stage]


def of_post(detail: PostDetail) -> Move:
    who, what = of_post_stage(detail.stage, detail.names.get(detail.writer, detail.writer))
    return Move(who, what, detail.due_at, detail.is_late)


def of_commitment(detail: CommitmentDetail) -> Move:
    accountable = detail.names.get(detail.accountable, detail.accountable)
    who, what = {
        "open": (accountable, _("keeps the promise and reports it")),
        "reported": (_("Somebody other than the reporter"), _("clears the public word of it")),
        "told": (_("The commenter"), _("says whether it is; with nothing said it counts as kept")),
        "denied": (
            detail.names.get(detail.approver, detail.approver),
            _("answers the commenter, who says that it is not kept"),
        ),
        "broken": (accountable, _("still owes it; the date has passed")),
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


def of_matter(detail: MatterDetail, approvers: Sequence[str]) -> Move:
    """Who owes what in this stage of a matter."""
    who, what = {
        "gathering": (detail.names.get(detail.owner, detail.owner), _("proposes the one answer")),
        "deciding": (_one_of(approvers), _("decides: approve, refuse or return")),
        "ready": (_("The team’s lead or an executive"), _("releases the answer")),
        "releasing": (
            _("The service"),
            _("is answering; %(waiting)s still wait", waiting=detail.waiting),
        ),
        "halted": (
            _("The team’s lead or an executive"),
            _("lets it go on, or the answer is taken back"),
        ),
        "listening": (_("Nobody"), _("owes anything: whoever joins now is answered too")),
        "closing": (_("The service"), _("looks whether anybody is left, and closes it")),
        "closed": (_("Nobody"), _("owes anything: it is closed")),
    }[detail.stage]
    return Move(who, what, detail.due_at, detail.is_late)
