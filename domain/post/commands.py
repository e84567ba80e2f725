"""What somebody may ask of a post, and what a post tells its origin."""

from __future__ import annotations

from typing import Literal

from domain.base import Words
from domain.entity import Command
from domain.post.stages import FindResult, PublishResult, Settlement


class OpenPost(Command):
    act: Literal["open"] = "open"
    id: str
    origin: str
    """The stream that is told what became of the post."""
    escalation_id: str
    commitment_id: str | None = None
    channel: str
    team: str
    comment_id: str
    words: Words
    writer: str
    promises: int = 0
    cleared_by: str | None = None
    rules: int = 1


class Clear(Command):
    act: Literal["clear"] = "clear"


class ReturnPost(Command):
    """Give the words back to their writer."""

    act: Literal["return"] = "return"
    reason: Words


class WithdrawPost(Command):
    act: Literal["withdraw"] = "withdraw"


class Confirm(Command):
    """A person has looked at the channel and says whether the post is there."""

    act: Literal["confirm"] = "confirm"
    is_published: bool


class Retry(Command):
    act: Literal["retry"] = "retry"


class Attempted(Command):
    """What the one call to the channel came to."""

    act: Literal["attempted"] = "attempted"
    attempt: int
    result: PublishResult
    code: str = ""


class Looked(Command):
    """What the channel said when it was asked about an attempt."""

    act: Literal["looked"] = "looked"
    attempt: int
    result: FindResult


class Settle(Command):
    """Tells the origin of a post what became of it.

    ``attempt`` tells a second failure from the first one told again.
    """

    act: Literal["settle"] = "settle"
    post_id: str
    settlement: Settlement
    attempt: int = 0


def is_old_news(told: Settle, attempt: int, settlement: Settlement | None) -> bool:
    """Whether the origin of a post knows this, or something later, already."""
    return told.attempt < attempt or (told.attempt, told.settlement) == (attempt, settlement)
