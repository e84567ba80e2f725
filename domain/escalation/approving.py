"""What is proposed, asked, voted, decided."""

from __future__ import annotations

from datetime import datetime

from domain.entity import Event
from domain.errors import Conflict, Invalid, Refused
from domain.escalation.commands import (
    AddApprover,
    Approve,
    Ask,
    Bypass,
    DecideAlone,
    Decides,
    Inform,
    Propose,
    Refuse,
    ReplaceApprover,
    Return,
    Withdraw,
)
from domain.escalation.events import (
    Approved,
    ApproverAdded,
    ApproverReplaced,
    Asked,
    Bypassed,
    DecidedAlone,
    Informed,
    ProposalWithdrawn,
    Proposed,
    RefusedBy,
    Returned,
    Voted,
)
from domain.escalation.replying import (
    check_findings,
    check_promises,
    check_reason,
    submit,
    words_to_approve,
)
from domain.escalation.rights import panel_of, proposer_of
from domain.escalation.state import Escalation, Proposal
from domain.panel import Panel, Recommendation, Vote
from domain.people import Actor, Role


def propose(state: Escalation, command: Propose, actor: Actor, at: datetime) -> tuple[Event, ...]:
    _check_somebody_decides(state, actor)
    check_promises(command.promises, command.reply, at)
    check_findings(state, command.findings, "reply")
    return (
        Proposed(
            request=command.request,
            recommendation=command.recommendation,
            reply=command.reply,
            promises=command.promises,
            findings=command.findings,
        ),
    )


def _check_somebody_decides(state: Escalation, proposer: Actor) -> None:
    """Enough of the named approvers are left once the proposer is not among them."""
    panel = Panel.of(state.terms.decision, proposer.id)
    if (
        state.terms.decision
        and state.terms.decision.approvers
        and (len(panel.approvers) < panel.needed)
    ):
        raise Conflict(
            "own_approval",
            "its terms ask for your own approval, and nobody decides their own proposal",
            "release it, or have it assigned to somebody who does not decide it",
        )


def withdraw(state: Escalation, command: Withdraw, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (ProposalWithdrawn(),)


# Who speaks, and for whom. --------------------------------------------------------------------


def _seat(state: Escalation, command: Decides, actor: Actor) -> str | None:
    return panel_of(state).seat(actor, command.principal, proposer_of(state))


def _cast(state: Escalation, command: Decides, actor: Actor, outcome: Recommendation) -> Vote:
    return panel_of(state).cast(actor, outcome, command.principal, proposer_of(state))


# Deciding. ------------------------------------------------------------------------------------


def approve(state: Escalation, command: Approve, actor: Actor, at: datetime) -> tuple[Event, ...]:
    proposal = state.proposal
    assert proposal is not None
    vote = _cast(state, command, actor, Recommendation.APPROVE)
    panel = panel_of(state)
    voted: tuple[Event, ...] = ()
    if not panel.is_single:
        voted = (
            Voted(outcome=vote.outcome, reason=command.reason, on_behalf_of=vote.on_behalf_of),
        )
        if not panel.with_vote(vote).is_agreed:
            return voted
    approved = Approved(reason=command.reason, on_behalf_of=vote.on_behalf_of)
    sent = _send(state, proposal, command, actor, at)
    return (*voted, approved, *sent)


def _send(
    state: Escalation, proposal: Proposal, command: Approve | Bypass, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    """The approved words on their way; nothing where the owner still has to write them, or where
    the commenter has spoken since and nobody has said that they fit all the same."""
    words = words_to_approve(proposal)
    if words is None or (proposal.news and not command.despite_news):
        return ()
    check_promises(proposal.promises, words, at)
    return submit(
        state,
        post_id=command.post_id,
        words=words,
        writer=proposal.by,
        promises=proposal.promises,
        cleared_by=actor.id,
    )


def refuse(state: Escalation, command: Refuse, actor: Actor, at: datetime) -> tuple[Event, ...]:
    check_reason(command.unmarked)
    vote = _cast(state, command, actor, Recommendation.REFUSE)
    panel = panel_of(state)
    voted: tuple[Event, ...] = ()
    if not panel.is_single:
        voted = (
            Voted(outcome=vote.outcome, reason=command.reason, on_behalf_of=vote.on_behalf_of),
        )
        if not panel.with_vote(vote).is_refused:
            return voted
    refused = RefusedBy(code=command.code, reason=command.reason, on_behalf_of=vote.on_behalf_of)
    return (*voted, refused)


def return_(state: Escalation, command: Return, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Returned(reason=command.reason, on_behalf_of=_seat(state, command, actor)),)


def ask(state: Escalation, command: Ask, actor: Actor, at: datetime) -> tuple[Event, ...]:
    seat = _seat(state, command, actor)
    return (Asked(question=command.question, on_behalf_of=seat),)


def inform(state: Escalation, command: Inform, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (Informed(words=command.words),)


# Who is asked. --------------------------------------------------------------------------------


def add_approver(
    state: Escalation, command: AddApprover, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    person = command.approver
    if refusal := newcomer_refused(state, person):
        raise refusal
    return (ApproverAdded(person=person.id, reason=command.reason),)


def replace_approver(
    state: Escalation, command: ReplaceApprover, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    panel = panel_of(state)
    if command.person not in panel.missing:
        raise Invalid(
            "not_awaited",
            f"{command.person} is not an approver whose word is still missing",
            f"name one of: {', '.join(panel.missing) or 'nobody is missing'}",
            field="person",
        )
    if refusal := newcomer_refused(state, command.approver):
        raise refusal
    return (
        ApproverReplaced(
            person=command.person, replaced_by=command.approver.id, reason=command.reason
        ),
    )


def newcomer_refused(state: Escalation, person: Actor) -> Refused | None:
    """Why this person cannot be asked to agree as well; None where they can."""
    panel = panel_of(state)
    spoken = {p for v in panel.votes for p in (v.by, v.on_behalf_of)}
    if person.id == proposer_of(state) or not person.roles & {Role.STAFF, Role.EXECUTIVE}:
        return Invalid(
            "cannot_approve",
            f"{person.id} cannot decide this: nobody decides their own proposal, and approvers "
            "are staff or executives",
            "name somebody else",
            field="approver",
        )
    if person.id in {*panel.approvers, *panel.extra, *spoken}:
        return Conflict(
            "already_approver",
            f"{person.id} is asked already, or has spoken",
            "name somebody else",
        )
    return None


def bypass(state: Escalation, command: Bypass, actor: Actor, at: datetime) -> tuple[Event, ...]:
    proposal = state.proposal
    assert proposal is not None
    bypassed = Bypassed(reason=command.reason, missing=panel_of(state).missing)
    sent = _send(state, proposal, command, actor, at)
    return (bypassed, Approved(reason=command.reason), *sent)


def decide_alone(
    state: Escalation, command: DecideAlone, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    if command.outcome is Recommendation.REFUSE and not (command.code and command.reason):
        raise Invalid(
            "reason_missing",
            "a refusal carries a code and a reason people can read",
            "send code and reason",
            field="reason",
        )
    check_reason(command.unmarked)
    code = command.code if command.outcome is Recommendation.REFUSE else None
    return (DecidedAlone(outcome=command.outcome, code=code, reason=command.reason),)
