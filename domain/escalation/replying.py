"""The words that go out: what is asked of them, who signs the promises in them, what became of
them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.base import Words
from domain.commitment import FARTHEST, Promise
from domain.entity import Event
from domain.errors import Conflict, Invalid
from domain.escalation.commands import (
    AcceptPromise,
    CounterPromise,
    DeclinePromise,
    Findings,
    HoldingReply,
    MovePrivate,
    Recall,
    Reply,
    Serve,
)
from domain.escalation.events import (
    HoldingSettled,
    HoldingSubmitted,
    MovedToPrivate,
    PromiseAccepted,
    PromiseCountered,
    PromiseDeclined,
    Reopened,
    ReplyHeld,
    ReplyRecalled,
    ReplySettled,
    ReplySubmitted,
    Served,
)
from domain.escalation.stages import Stage
from domain.escalation.state import Escalation, Proposal
from domain.panel import Recommendation
from domain.people import Actor
from domain.post import Settle, Settlement, is_old_news
from domain.terms import Terms

# What is asked of words. ----------------------------------------------------------------------


def check_promises(promises: tuple[Promise, ...], reply: Words | None, at: datetime) -> None:
    """Promises stand in a reply, are due in a future we can see and are told apart by id."""
    if promises and reply is None:
        raise Invalid(
            "promise_without_reply",
            "promises stand in the words of a reply, and there are none",
            "send the words of the reply in 'reply', or leave the promises out",
            field="promises",
        )
    if len({p.id for p in promises}) != len(promises):
        raise Invalid(
            "promise_twice",
            "two promises have the same id",
            "give each promise an id of its own",
            field="promises",
        )
    for n, promise in enumerate(promises):
        check_due(promise.due_at, at, f"promises[{n}].due_at")


def check_due(due_at: datetime, at: datetime, field: str) -> None:
    """A promise is due in a future that somebody now accountable will see."""
    if due_at <= at:
        raise Invalid(
            "due_in_the_past",
            "a promise is due before it could be made",
            "give a due_at in the future",
            field=field,
        )
    if due_at > at + FARTHEST:
        raise Invalid(
            "due_too_far",
            f"a promise is due more than {FARTHEST.days // 365} years from now",
            "promise a step that can be taken sooner",
            field=field,
        )


class Pinned(Protocol):
    """Whatever has pinned terms."""

    @property
    def terms(self) -> Terms: ...


def check_findings(state: Pinned, findings: Findings | None, field: str) -> None:
    """The promise gate, and the question why these words were used before."""
    replies = state.terms.replies
    if replies is None or findings is None:
        return
    if replies.gate and findings.unmarked:
        raise Invalid(
            "promise_gate",
            "one sentence reads like a promise and is not tied to one"
            if findings.unmarked == 1
            else f"{findings.unmarked} sentences read like a promise and are not tied to one",
            "make each a promise with a date and somebody accountable, or list it in not_promises",
            field=field,
        )
    twin = findings.twin
    if replies.sameness and twin and twin.likeness >= replies.sameness and twin.reason is None:
        raise Invalid(
            "too_alike",
            f"these words are {twin.likeness / 10:.0f} % those of an earlier reply",
            "write to this person, or say in same_because why the same words are right here",
            field=field,
            post_id=twin.post_id,
            likeness=twin.likeness,
        )


def check_reason(unmarked: int) -> None:
    """The promise gate of words that say no: the public reads them, and they promise nothing."""
    if unmarked:
        raise Invalid(
            "promise_gate",
            f"sentences that read like a promise: {unmarked}; a refusal makes none",
            "write the reason without one, or list the sentence in not_promises",
            field="not_promises",
        )


def words_to_approve(proposal: Proposal) -> Words | None:
    """The words that an approval sends out; never those that were written to say no."""
    is_yes = proposal.recommendation is Recommendation.APPROVE
    return proposal.reply if is_yes else None


# Sending. -------------------------------------------------------------------------------------


def submit(
    state: Escalation,
    *,
    post_id: str,
    words: Words,
    writer: str,
    promises: tuple[Promise, ...] = (),
    cleared_by: str | None = None,
    findings: Findings | None = None,
) -> tuple[Event, ...]:
    """The words on their way, or waiting until everybody accountable has signed."""
    must_wait = state.rules >= 2 and state.unaccepted(promises, writer)
    event = ReplyHeld if must_wait else ReplySubmitted
    return (
        event(
            post_id=post_id,
            words=words,
            writer=writer,
            promises=promises,
            cleared_by=cleared_by,
            findings=findings,
        ),
    )


def reply(state: Escalation, command: Reply, actor: Actor, at: datetime) -> tuple[Event, ...]:
    check_promises(command.promises, command.words, at)
    approver = _approver_of(state, command.words, command.promises)
    if approver is None:
        check_findings(state, command.findings, "text")
    if refused := set(state.disputed) & {p.id for p in command.promises}:
        raise Conflict(
            "promise_not_accepted",
            "whoever is to be accountable has declined this promise, or its date",
            "make another promise, with a date that is accepted",
            promises=sorted(refused),
        )
    return submit(
        state,
        post_id=command.post_id,
        words=command.words,
        writer=actor.id,
        promises=command.promises,
        cleared_by=approver,
        findings=command.findings,
    )


def _approver_of(state: Escalation, words: Words, promises: tuple[Promise, ...]) -> str | None:
    """Who approved exactly these words with exactly these promises; None asks for review.

    After an approval those are the words proposed with it; after a refusal, the printed reason.
    """
    decision, proposal = state.decision, state.proposal
    if decision is None or proposal is None or decision.by == state.owner:
        return None
    if decision.outcome == "approved":
        approved = (words_to_approve(proposal), proposal.promises)
    else:
        approved = (decision.reason, ())
    return decision.by if approved == (words, promises) else None


def recall(state: Escalation, command: Recall, actor: Actor, at: datetime) -> tuple[Event, ...]:
    return (ReplyRecalled(),)


def move_private(
    state: Escalation, command: MovePrivate, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    check_findings(state, command.findings, "text")
    note = submit(
        state,
        post_id=command.post_id,
        words=command.words,
        writer=actor.id,
        findings=command.findings,
    )
    return (MovedToPrivate(), *note)


def holding_reply(
    state: Escalation, command: HoldingReply, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    if state.holding is not None and state.holding.settlement not in _OVER:
        raise Conflict(
            "holding_on_its_way",
            "a holding reply is on its way already",
            "withdraw that post first, or wait until it is published",
            post_id=state.holding.post_id,
        )
    check_findings(state, command.findings, "text")
    return (HoldingSubmitted(post_id=command.post_id, words=command.words, writer=actor.id),)


# Signing. -------------------------------------------------------------------------------------


def _to_sign(state: Escalation, promise_id: str, actor: Actor) -> Promise:
    for promise in state.unsigned:
        if (promise.id, promise.accountable) == (promise_id, actor.id):
            return promise
    mine = ", ".join(p.id for p in state.unsigned if p.accountable == actor.id)
    raise Invalid(
        "not_your_promise",
        "this is not a promise that waits for your word",
        f"name one of: {mine}",
        field="promise_id",
    )


def accept_promise(
    state: Escalation, command: AcceptPromise, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    promise = _to_sign(state, command.promise_id, actor)
    check_due(promise.due_at, at, "promise_id")
    accepted = PromiseAccepted(promise_id=promise.id)
    waiting = state.waiting
    if waiting is None or [p.id for p in state.unsigned] != [promise.id]:
        return (accepted,)
    check_promises(waiting.promises, waiting.words, at)
    # Approved before the commenter spoke again: another person confirms that they fit.
    unseen = {"cleared_by": None} if state.waiting_news else {}
    return (accepted, ReplySubmitted.model_validate(waiting.model_dump() | unseen))


def counter_promise(
    state: Escalation, command: CounterPromise, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    promise = _to_sign(state, command.promise_id, actor)
    check_due(command.due_at, at, "due_at")
    if command.due_at == promise.due_at:
        raise Invalid(
            "same_date", "this is the date of the promise", "accept it instead", field="due_at"
        )
    return (PromiseCountered(promise_id=promise.id, due_at=command.due_at, reason=command.reason),)


def decline_promise(
    state: Escalation, command: DeclinePromise, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    promise = _to_sign(state, command.promise_id, actor)
    return (PromiseDeclined(promise_id=promise.id, reason=command.reason),)


# What became of it. ---------------------------------------------------------------------------

_OVER = (Settlement.PUBLISHED, Settlement.RETURNED, Settlement.WITHDRAWN)


def settle(state: Escalation, command: Settle, actor: Actor, at: datetime) -> tuple[Event, ...]:
    holding = state.holding
    if holding is not None and holding.post_id == command.post_id:
        if is_old_news(command, holding.attempt, holding.settlement):
            return ()
        return (
            HoldingSettled(
                post_id=command.post_id, settlement=command.settlement, attempt=command.attempt
            ),
        )
    reply = state.reply
    if reply is None or reply.post_id != command.post_id or state.stage is not Stage.REPLYING:
        return ()
    if is_old_news(command, reply.attempt, reply.settlement):
        return ()
    settled = ReplySettled(
        post_id=command.post_id, settlement=command.settlement, attempt=command.attempt
    )
    # What was said while our words were on their way is not answered by them, unless somebody
    # saw it and let them go out all the same.
    unseen = any(command.seen.get(c, 0) < revision for c, revision in reply.since.items())
    is_unanswered = reply.news and (unseen or state.rules < 2)
    is_answer_due = is_unanswered and command.settlement is Settlement.PUBLISHED
    return (settled, Reopened()) if is_answer_due else (settled,)


def serve(state: Escalation, command: Serve, actor: Actor, at: datetime) -> tuple[Event, ...]:
    """The matter's answer; nothing where this one has left it, or was served before."""
    tie = state.matter
    if tie is None or tie.id != command.matter_id or tie.is_served:
        return ()
    return (Served.model_validate(command.model_dump(exclude={"act"})),)
