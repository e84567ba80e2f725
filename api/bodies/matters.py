"""What may be sent with each command to a matter."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from api.bodies.base import Body, Draft, FollowUp, PersonId, Says
from domain.comments import Text
from domain.escalation import RefusalCode
from domain.matter import MOST
from domain.terms import DAY
from store import matters


class Assign(Body):
    """Make somebody of the team, or an executive, its owner."""

    person: PersonId

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"assignee": draft.person(self.person, "person")}


class Propose(Body):
    """Ask an executive to decide on the one answer. Approving binds exactly these words."""

    SAYS: ClassVar = Says("reply", is_gated=True, to_many=True)
    request: Text
    reply: Text
    not_promises: Annotated[tuple[Text, ...], Field(max_length=20)] = Field(
        default=(),
        description="Sentences of the reply that read like a promise and are none. What is a "
        "promise belongs into the reply to an escalation, where somebody is accountable for it.",
    )

    def fields(self, draft: Draft) -> dict[str, Any]:
        reading = draft.read(self.reply, self.SAYS, (), self.not_promises)
        return {
            "request": draft.words(self.request, "request", "request"),
            "reply": draft.public_words(self.reply, "reply", self.SAYS),
            "findings": reading.findings(),
        }


class Decides(Body):
    on_behalf_of: PersonId | None = Field(
        default=None, description="For whom you decide, where they have delegated it to you."
    )

    def fields(self, draft: Draft) -> dict[str, Any]:
        who = self.on_behalf_of
        return {"principal": draft.person(who, "on_behalf_of") if who else None}


class Approve(Decides):
    """Say yes: these words are cleared, and wait to be released."""

    reason: Text | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        reason = draft.words(self.reason, "reason", "reason") if self.reason else None
        return {**super().fields(draft), "reason": reason}


class Refuse(Decides, FollowUp):
    """Say no to all of them, with a code and a reason fit to print: that reason is the answer."""

    SAYS: ClassVar = Says("reason", is_gated=True, to_many=True)
    code: RefusalCode
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        said = self.spoken(draft, self.reason, self.SAYS, "reason")
        return {
            **super().fields(draft),
            "code": self.code,
            "reason": said["words"],
            "unmarked": said["unmarked"],
        }


class Return(Decides):
    """Give it back for changes."""

    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {**super().fields(draft), "reason": draft.words(self.reason, "reason", "reason")}


class Withdraw(Body):
    """Take the answer back: a proposal, or what was approved and is not used yet. Who has been
    answered stays answered."""


class Release(Body):
    """Answer the first few, wait, then answer the rest."""

    first: int = Field(default=MOST, ge=1, le=MOST)
    wait_seconds: int = Field(
        default=0, ge=0, le=7 * DAY, description="How long to wait after the first ones."
    )

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"first": self.first, "wait": self.wait_seconds}


class Halt(Body):
    """Answer nobody more until somebody says go."""

    reason: Text | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        reason = draft.words(self.reason, "reason", "reason") if self.reason else None
        return {"reason": reason}


class Resume(Body):
    """Go on. Where a wait after the first ones was left, this ends it."""


class Close(Body):
    """End it. Nobody may be waiting for its answer."""

    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        counts = matters.counts(draft.session, [draft.state.id])
        waiting = counts.get(draft.state.id, matters.Counts()).waiting
        return {"reason": draft.words(self.reason, "reason", "reason"), "waiting": waiting}
