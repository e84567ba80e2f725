"""What may be sent with each command to a commitment."""

from __future__ import annotations

from typing import Any

from api.bodies.base import Body, Draft, Reason
from domain.comments import Text
from store import words


class ReportKept(Body):
    """Say that the promise is kept, in words for the public; somebody else clears them."""

    text: Text
    evidence: Text | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        evidence = draft.words(self.evidence, "evidence", "evidence") if self.evidence else None
        return {
            "post_id": words.new_id(),
            "words": draft.public_words(self.text, "reply", "text"),
            "evidence": evidence,
        }


class WithdrawPromise(Reason):
    """Take the promise back, openly and with a reason."""
