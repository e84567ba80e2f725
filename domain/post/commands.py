"""What somebody may ask of a post, and what a post tells its origin."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.base import Moment, Seconds, Words
from domain.calendar import Calendar
from domain.entity import Command
from domain.post.stages import FindResult, PostKind, PublishResult, Settlement


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
    kind: PostKind = PostKind.REPLY
    corrects: str | None = None
    """The id of the published post that this one corrects or takes back."""
    undo: Seconds = 0
    """How long cleared words wait before they go out, in plain time; 0: not at all."""
    review: Seconds = 0
    """How long the next move of a person may take, in working time; 0: ``REVIEW``."""
    calendar: Calendar | None = None
    matter_id: str | None = None
    same_answer_to: int = 0
    """How many people get these very words; where it is not 0, the post says so in public."""


class Clear(Command):
    act: Literal["clear"] = "clear"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "comment"})
    despite_news: bool = False
    """The commenter has spoken since the words were written, and they go out all the same."""


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
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "comment"})
    despite_news: bool = False


class Heard(Command):
    """The commenter has spoken (or changed what they said) while these words are on their way."""

    act: Literal["heard"] = "heard"
    comment_id: str
    revision: int = 1


class Correct(Command):
    """Ask of a published post that other words be published about it, in its thread."""

    act: Literal["correct"] = "correct"
    words: Words
    unmarked: int = 0
    """Sentences in them that read like a promise and are not said to be none."""


class Retract(Command):
    """Ask of a published post that it be taken back, in public and in words that say why."""

    act: Literal["retract"] = "retract"
    words: Words
    unmarked: int = 0


class Attempted(Command):
    """What the one call to the channel came to."""

    act: Literal["attempted"] = "attempted"
    attempt: int
    result: PublishResult
    code: str = ""
    not_before: Moment | None = None
    """Not sent, because the channel takes no more for now: when it will."""


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
    seen: dict[str, int] = {}
    """Comments that came meanwhile, each with the revision that was seen before the words went
    out all the same."""


def is_old_news(told: Settle, attempt: int, settlement: Settlement | None) -> bool:
    """Whether the origin of a post knows this, or something later, already."""
    return told.attempt < attempt or (told.attempt, told.settlement) == (attempt, settlement)
