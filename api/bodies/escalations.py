"""What may be sent with each command to an escalation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from api.bodies.base import (
    Body,
    CaseId,
    Draft,
    FollowUp,
    PersonId,
    PromiseBody,
    Promises,
    Reason,
    Says,
    TeamId,
    WordsOfOurs,
    promises_of,
)
from domain.base import Moment, Words
from domain.comments import Link, Text
from domain.commitment import Promise
from domain.escalation import (
    DismissCode,
    Escalation,
    ExtendCode,
    PauseCode,
    Recommendation,
    RefusalCode,
)
from store import matters, words


class Claim(Body):
    """Take this as yours."""


class Release(Body):
    """Give it back to the team."""


class Assign(Body):
    """Make somebody of the team its owner."""

    person: PersonId

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"assignee": draft.person(self.person, "person")}


class Dismiss(Body):
    """Close it without an answer, with a reason that is counted in public."""

    code: DismissCode
    reason: Text | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        reason = draft.words(self.reason, "reason", "reason") if self.reason else None
        return {"code": self.code, "reason": reason}


class Decline(Reason):
    """Give back what somebody else assigned to you, with a reason."""


class Renew(Body):
    """Go on holding a claim that would lapse."""


class Reroute(Body):
    """Send it to another team, under that team's terms."""

    team: TeamId
    terms: TeamId | None = Field(
        default=None, description="Terms of the policy by name. Left out: the team's usual ones."
    )
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {
            "terms": draft.terms(self.team, self.terms),
            "reason": draft.words(self.reason, "reason", "reason"),
        }


class Merge(Body):
    """Close it because the same person is answered in another open escalation."""

    into: CaseId
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        draft.check_same_author(self.into, "into")
        return {"into": self.into, "reason": draft.words(self.reason, "reason", "reason")}


class AnsweredOutside(Body):
    """Close it because our account has answered on the channel itself; say where."""

    link: Link

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"link": draft.words(self.link, "link", "link")}


class Uphold(Body):
    """Having looked: it stays dismissed."""


class Overturn(Body):
    """Having looked: somebody is owed an answer after all."""

    reason: Text | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        reason = draft.words(self.reason, "reason", "reason") if self.reason else None
        return {"reason": reason}


class Pause(Body):
    """Stop the clock until a moment, with a reason; it then goes on by itself."""

    code: PauseCode
    reason: Text
    until: Moment

    def fields(self, draft: Draft) -> dict[str, Any]:
        reason = draft.words(self.reason, "reason", "reason")
        return {"code": self.code, "reason": reason, "until": self.until}


class Resume(Body):
    """Let the clock go on before its pause ends."""


class Extend(Body):
    """Give the next move more working time. The first date stays on record."""

    hours: float = Field(gt=0, le=10_000, description="Working hours, by its calendar.")
    code: ExtendCode
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        reason = draft.words(self.reason, "reason", "reason")
        seconds = max(round(self.hours * 3600), 60)
        return {"seconds": seconds, "code": self.code, "reason": reason}


class JoinMatter(Body):
    """Have it answered together with others that are about the same thing."""

    matter_id: CaseId

    def fields(self, draft: Draft) -> dict[str, Any]:
        matters.check_taking(draft.session, self.matter_id)
        return {"matter_id": self.matter_id}


class LeaveMatter(Reason):
    """Mine is different: answer this one by itself."""


class Propose(WordsOfOurs):
    """Ask an executive to decide. Words sent along as ``reply`` are bound by the approval."""

    SAYS: ClassVar = Says("reply", may_promise=True, is_gated=True, is_compared=True)

    request: Text
    recommendation: Recommendation = Recommendation.APPROVE
    reply: Text | None = None
    promises: Promises = ()

    def fields(self, draft: Draft) -> dict[str, Any]:
        reply, told = self.reply, self.promises
        return {
            "request": draft.words(self.request, "request", "request"),
            "recommendation": self.recommendation,
            "reply": draft.public_words(reply, "reply", self.SAYS) if reply else None,
            "promises": promises_of(draft, told, reply),
            "findings": self.findings(draft, self.SAYS, reply, told) if reply else None,
        }


class Decides(Body):
    """What approvers may say for somebody who has delegated decisions to them."""

    on_behalf_of: PersonId | None = Field(
        default=None, description="For whom you decide; left out: for yourself."
    )

    def principal(self, draft: Draft) -> dict[str, Any]:
        who = self.on_behalf_of
        return {"principal": draft.person(who, "on_behalf_of") if who else None}


class Approve(Decides):
    """Say yes. Words proposed as the reply then go out as they are."""

    reason: Text | None = None
    despite_news: bool = Field(
        default=False,
        description="The commenter has spoken since, and the words fit all the same.",
    )

    def fields(self, draft: Draft) -> dict[str, Any]:
        reason = draft.words(self.reason, "reason", "reason") if self.reason else None
        return {
            "post_id": words.new_id(),
            "reason": reason,
            "despite_news": self.despite_news,
            **self.principal(draft),
        }


class Refuse(Decides, FollowUp):
    """Say no, with a code and a reason fit to print. The reason is the answer: it has to fit its
    channel, and promises nothing."""

    SAYS: ClassVar = Says("reason", is_gated=True)
    code: RefusalCode
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        said = self.spoken(draft, self.reason, self.SAYS, "reason")
        return {
            "code": self.code,
            "reason": said["words"],
            "unmarked": 0 if _is_offered(draft, self.reason) else said["unmarked"],
            **self.principal(draft),
        }


class Return(Decides):
    """Give it back for changes."""

    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {
            "reason": draft.words(self.reason, "reason", "reason"),
            **self.principal(draft),
        }


class Ask(Decides):
    """Ask the owner for information; until the answer it is the owner's clock that runs."""

    question: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        question = draft.words(self.question, "question", "question")
        return {"question": question, **self.principal(draft)}


class Inform(Body):
    """Answer what the approvers asked."""

    text: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"words": draft.words(self.text, "information", "text")}


class AddApprover(Body):
    """Have one more person agree before this is approved."""

    person: PersonId
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {
            "approver": draft.person(self.person, "person"),
            "reason": draft.words(self.reason, "reason", "reason"),
        }


class ReplaceApprover(Body):
    """Put somebody in the place of an approver who has left."""

    person: PersonId
    replaced_by: PersonId
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {
            "person": self.person,
            "approver": draft.person(self.replaced_by, "replaced_by"),
            "reason": draft.words(self.reason, "reason", "reason"),
        }


class Bypass(Body):
    """Approve without those who have not agreed yet: a written reason, told to everybody."""

    reason: Text
    despite_news: bool = False

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {
            "post_id": words.new_id(),
            "reason": draft.words(self.reason, "reason", "reason"),
            "despite_news": self.despite_news,
        }


class DecideAlone(FollowUp):
    """Decide as the owner, where the terms allow it. A reason that says no is the answer, as that
    of an approver."""

    outcome: Recommendation
    code: RefusalCode | None = None
    reason: Text | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        fields: dict[str, Any] = {"outcome": self.outcome, "code": self.code, "reason": None}
        if self.reason and self.outcome is Recommendation.REFUSE:
            said = self.spoken(draft, self.reason, Refuse.SAYS, "reason")
            fields |= {"reason": said["words"], "unmarked": said["unmarked"]}
        elif self.reason:
            fields["reason"] = draft.words(self.reason, "reason", "reason")
        return fields


class Reply(WordsOfOurs):
    """Submit the public answer. The very words that were approved go straight out; any others
    wait for another person to clear them."""

    SAYS: ClassVar = Says("text", may_promise=True, is_gated=True, is_compared=True)
    text: Text
    promises: Promises | None = Field(
        default=None,
        description="Left out: those approved with the words where the words are the approved "
        "ones, and otherwise none.",
    )

    def fields(self, draft: Draft) -> dict[str, Any]:
        approved = _approved(draft, self.text, self.promises)
        if approved is None:
            promises = promises_of(draft, self.promises or (), self.text)
            approved = (draft.public_words(self.text, "reply", self.SAYS), promises)
            findings = self.findings(draft, self.SAYS, self.text, self.promises or ())
        else:
            findings = None
        return {
            "post_id": words.new_id(),
            "words": approved[0],
            "promises": approved[1],
            "findings": findings,
        }


class Said(WordsOfOurs):
    """Words of ours that carry no promise."""

    SAYS: ClassVar = Says("text", is_gated=True, is_compared=True)
    text: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {
            "post_id": words.new_id(),
            "words": draft.public_words(self.text, "reply", self.SAYS),
            "findings": self.findings(draft, self.SAYS, self.text),
        }


class MovePrivate(Said):
    """Go on with the commenter in private; the public note that says so is still owed."""


class HoldingReply(Said):
    """Say in public that an answer is being worked on. It answers nothing and stops no clock."""


class Recall(Body):
    """Take back words that wait for somebody to accept a promise in them."""


class AcceptPromise(Body):
    """Sign a promise that you are to be accountable for."""

    promise_id: CaseId

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"promise_id": self.promise_id}


class CounterPromise(Body):
    """Offer another date for a promise that you are to be accountable for."""

    promise_id: CaseId
    due_at: Moment
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {
            "promise_id": self.promise_id,
            "due_at": self.due_at,
            "reason": draft.words(self.reason, "reason", "reason"),
        }


class DeclinePromise(Body):
    """Say that you will not be accountable for a promise."""

    promise_id: CaseId
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {
            "promise_id": self.promise_id,
            "reason": draft.words(self.reason, "reason", "reason"),
        }


class Note(Body):
    """Write something down for colleagues; never published. Whoever stands in it as @ and their id
    is told; they must be able to read it."""

    text: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {
            "words": draft.words(self.text, "note", "text"),
            "mentions": draft.mentioned(self.text, "text"),
        }


class Withdraw(Body):
    """Take it back."""


def _is_offered(draft: Draft, reason: str) -> bool:
    """Whether these are the words that were proposed as the reason: the gate has judged them."""
    proposal = getattr(draft.state, "proposal", None)
    if proposal is None or proposal.recommendation is not Recommendation.REFUSE:
        return False
    return bool(proposal.reply) and words.exact_text(draft.session, proposal.reply) == reason


def _approved(
    draft: Draft, text: str, promises: Sequence[PromiseBody] | None
) -> tuple[Words, tuple[Promise, ...]] | None:
    """The approved words and promises, where what was sent is exactly them."""
    state = draft.state
    if not isinstance(state, Escalation) or state.decision is None or state.proposal is None:
        return None
    if state.decision.outcome == "approved":
        ref, bound = state.proposal.reply, state.proposal.promises
    else:
        ref, bound = state.decision.reason, ()
    if ref is None or words.exact_text(draft.session, ref) != text:
        return None
    if promises is not None and not _are_the_same(draft, promises, bound):
        return None
    return ref, bound


def _are_the_same(draft: Draft, promises: Sequence[PromiseBody], bound: Sequence[Promise]) -> bool:
    if len(promises) != len(bound):
        return False
    refs = [ref.id for p in bound for ref in (p.words, p.proof) if ref]
    texts = words.texts(draft.session, refs)
    return all(
        (sent.sentence, sent.accountable, sent.due_at, sent.proof)
        == (
            texts.get(made.words.id),
            made.accountable,
            made.due_at,
            texts.get(made.proof.id) if made.proof else None,
        )
        for sent, made in zip(promises, bound, strict=True)
    )
