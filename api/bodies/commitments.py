"""What may be sent with each command to a commitment."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from api.bodies.base import Body, Draft, FollowUp, Reason, Says
from domain.base import Moment
from domain.comments import Link, Text
from store import commitments as store
from store import people, words


class ReportKept(FollowUp):
    """Say that the promise is kept, in words for the public; somebody else clears them."""

    SAYS: ClassVar = Says("text", is_gated=True)
    text: Text
    evidence: Text | None = None
    link: Link | None = Field(
        default=None,
        description="Where the evidence can be looked at; kept as the first line of it.",
    )

    def fields(self, draft: Draft) -> dict[str, Any]:
        shown = "\n".join(part for part in (self.link, self.evidence) if part)
        evidence = draft.words(shown, "evidence", "evidence") if shown else None
        return {
            "post_id": words.new_id(),
            "evidence": evidence,
            **self.spoken(draft, self.text, self.SAYS),
        }


class Tell(FollowUp):
    """Say in the thread how it is going; somebody else clears the words."""

    SAYS: ClassVar = Says("text", is_gated=True)
    text: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"post_id": words.new_id(), **self.spoken(draft, self.text, self.SAYS)}


class Renegotiate(FollowUp):
    """Ask for another date before the present one has passed. Agreed to, the words go out in the
    thread, and the new date counts once they are there."""

    SAYS: ClassVar = Says("text", is_gated=True)
    due_at: Moment
    reason: Text = Field(description="For whoever decides; fit to print.")
    text: Text = Field(description="What the public will read.")

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {
            "due_at": self.due_at,
            "reason": draft.words(self.reason, "reason", "reason"),
            **self.spoken(draft, self.text, self.SAYS),
        }


class AcceptNewDate(Body):
    """Sign, as whoever is accountable, the date that somebody else asked for."""


class Agree(Body):
    """Agree to the new date and to its exact words, which go straight out."""

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"post_id": words.new_id()}


class RefuseNewDate(Reason):
    """Leave the date as it is, with a reason."""


class WithdrawPromise(FollowUp):
    """Take the promise back, openly: the reason is published in the thread, once somebody else
    has cleared its words."""

    SAYS: ClassVar = Says("reason", is_gated=True)
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        said = self.spoken(draft, self.reason, self.SAYS)
        return {"reason": said.pop("words"), "post_id": words.new_id(), **said}


class MakeLink(Body):
    """Make the one secret link by which the commenter may say whether it is kept, to be handed
    over in private. The answer shows the secret, this once; an earlier link ends."""

    _secret: str = PrivateAttr(default="")

    def fields(self, draft: Draft) -> dict[str, Any]:
        self._secret = store.new_secret(draft.state.id)
        return {"digest": people.digest_of(self._secret)}

    def shown(self) -> dict[str, Any]:
        return {"secret": self._secret}


class Uphold(Reason):
    """Stand by the company's word that it is kept; what the commenter says stays beside it."""


class Reopen(Reason):
    """Agree with the commenter: the promise is owed again, and broken where its date has passed."""

    due_at: Moment | None = Field(
        default=None,
        description="By when a promise whose date has passed is to be made good.",
    )

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {**super().fields(draft), "due_at": self.due_at}
