"""What may be sent with each command to an escalation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from api.bodies.base import Body, Draft, PersonId, PromiseBody, Promises, promises_of
from domain.base import Words
from domain.comments import Text
from domain.commitment import Promise
from domain.escalation import DismissCode, Escalation, Recommendation, RefusalCode
from store import words


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


class Propose(Body):
    """Ask an executive to decide. Words sent along as ``reply`` are bound by the approval."""

    request: Text
    recommendation: Recommendation = Recommendation.APPROVE
    reply: Text | None = None
    promises: Promises = ()

    def fields(self, draft: Draft) -> dict[str, Any]:
        reply = draft.public_words(self.reply, "reply", "reply") if self.reply else None
        return {
            "request": draft.words(self.request, "request", "request"),
            "recommendation": self.recommendation,
            "reply": reply,
            "promises": promises_of(draft, self.promises, self.reply),
        }


class Approve(Body):
    """Say yes. Words proposed as the reply then go out as they are."""

    reason: Text | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        reason = draft.words(self.reason, "reason", "reason") if self.reason else None
        return {"post_id": words.new_id(), "reason": reason}


class Refuse(Body):
    """Say no, with a code and a reason fit to print."""

    code: RefusalCode
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"code": self.code, "reason": draft.words(self.reason, "reason", "reason")}


class Return(Body):
    """Give it back for changes."""

    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"reason": draft.words(self.reason, "reason", "reason")}


class Reply(Body):
    """Submit the public answer. The very words that were approved go straight out; any others
    wait for another person to clear them."""

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
            approved = (draft.public_words(self.text, "reply", "text"), promises)
        return {"post_id": words.new_id(), "words": approved[0], "promises": approved[1]}


class Note(Body):
    """Write something down for colleagues; never published."""

    text: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"words": draft.words(self.text, "note", "text")}


class Withdraw(Body):
    """Take it back."""


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
