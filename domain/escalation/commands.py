"""What somebody may ask of an escalation."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from domain.base import Moment, Words
from domain.commitment import Promise
from domain.entity import Command
from domain.escalation.stages import DismissCode, Recommendation, RefusalCode
from domain.people import Actor
from domain.terms import Terms


class OpenEscalation(Command):
    """The first comment of a conversation we owe an answer. ``received_at`` starts the clock."""

    act: Literal["open"] = "open"
    id: str
    conversation_id: str
    channel: str
    comment_id: str
    words: Words
    terms: Terms
    received_at: Moment
    posted_at: Moment
    predecessor: str | None = None
    backlog: bool = False
    rules: int = 1


class Receive(Command):
    """A later comment of the conversation, or a revision of an earlier one."""

    act: Literal["receive"] = "receive"
    MINDS: ClassVar[frozenset[str]] = frozenset()
    comment_id: str
    revision: int = 1
    words: Words


class Claim(Command):
    act: Literal["claim"] = "claim"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})


class Release(Command):
    act: Literal["release"] = "release"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})


class Assign(Command):
    """Make somebody the owner. ``assignee`` is that person as the door knew them."""

    act: Literal["assign"] = "assign"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})
    assignee: Actor


class Dismiss(Command):
    act: Literal["dismiss"] = "dismiss"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner", "comment"})
    code: DismissCode
    reason: Words | None = None


class Propose(Command):
    """Ask for a decision. Where ``reply`` is given, approving binds those exact words."""

    act: Literal["propose"] = "propose"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner", "comment"})
    request: Words
    recommendation: Recommendation = Recommendation.APPROVE
    reply: Words | None = None
    promises: tuple[Promise, ...] = Field(default=(), max_length=20)


class Approve(Command):
    """``post_id`` names the post that carries the approved words, should they go out."""

    act: Literal["approve"] = "approve"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal", "comment"})
    post_id: str
    reason: Words | None = None


class Refuse(Command):
    """Say no, with a code and a reason fit to print."""

    act: Literal["refuse"] = "refuse"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal", "comment"})
    code: RefusalCode
    reason: Words


class Return(Command):
    """Give the proposal back for changes."""

    act: Literal["return"] = "return"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    reason: Words


class Reply(Command):
    """Submit the words of the public answer.

    Words that the decision approved go straight out; any others wait for another person.
    """

    act: Literal["reply"] = "reply"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "reply", "comment"})
    post_id: str
    words: Words
    promises: tuple[Promise, ...] = Field(default=(), max_length=20)


class Note(Command):
    act: Literal["note"] = "note"
    MINDS: ClassVar[frozenset[str]] = frozenset()
    words: Words


class Withdraw(Command):
    """Take back the proposal while nobody has decided it."""

    act: Literal["withdraw"] = "withdraw"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
