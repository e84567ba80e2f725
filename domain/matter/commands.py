"""What somebody may ask of a matter."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from domain.base import Seconds, Words
from domain.entity import Command
from domain.escalation import Findings, RefusalCode
from domain.escalation.commands import Decides
from domain.matter.stages import MOST
from domain.people import Actor
from domain.terms import DAY, Terms


class OpenMatter(Command):
    act: Literal["open"] = "open"
    id: str
    team: str
    title: Words
    terms: Terms
    request: str
    """A digest of what it was opened with, so that the same request opens no second one."""
    rules: int = 1


class ProposeAnswer(Command):
    """Ask for a decision on the one answer. Approving binds these exact words."""

    act: Literal["propose"] = "propose"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "owner"})
    request: Words
    reply: Words
    findings: Findings | None = None


class WithdrawAnswer(Command):
    """Take the answer back: a proposal nobody has decided, or an approval as far as it has not
    been used. Who has been answered stays answered."""

    act: Literal["withdraw"] = "withdraw"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})


class ApproveAnswer(Decides):
    act: Literal["approve"] = "approve"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    reason: Words | None = None


class RefuseAnswer(Decides):
    """Say no to all of them, with a code and a reason fit to print: that reason is the answer."""

    act: Literal["refuse"] = "refuse"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    code: RefusalCode
    reason: Words
    unmarked: int = 0
    """Sentences of the reason that read like a promise and are not said to be none."""


class ReturnAnswer(Decides):
    """Give the proposal back for changes."""

    act: Literal["return"] = "return"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    reason: Words


class AssignMatter(Command):
    """Make somebody the owner. ``assignee`` is that person as the door knew them."""

    act: Literal["assign"] = "assign"
    MINDS: ClassVar[frozenset[str]] = frozenset({"owner"})
    assignee: Actor


class Release(Command):
    """Answer the first few, wait, then answer the rest."""

    act: Literal["release"] = "release"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "proposal"})
    first: int = Field(default=MOST, ge=1, le=MOST)
    wait: Seconds = Field(default=0, ge=0, le=7 * DAY)


class Halt(Command):
    """Answer nobody more until somebody says go."""

    act: Literal["halt"] = "halt"
    MINDS: ClassVar[frozenset[str]] = frozenset()
    reason: Words | None = None


class Resume(Command):
    act: Literal["resume"] = "resume"


class Close(Command):
    """End it. Nobody may be waiting for its answer: take those out first, or release it."""

    act: Literal["close"] = "close"
    reason: Words
    waiting: int = 0
    """How many members the door found waiting."""


class Note(Command):
    """Something for colleagues. ``mentions``: who stands in it, and may read it."""

    act: Literal["note"] = "note"
    MINDS: ClassVar[frozenset[str]] = frozenset()
    words: Words
    mentions: tuple[str, ...] = ()


class Report(Command):
    """What the store says of the members once wave ``n`` has been taken. All numbers are totals."""

    act: Literal["report"] = "report"
    n: int
    waiting: int
    served: int
    apart: int = 0
    """Who belongs to it and has gone their own way: dismissed, merged, answered elsewhere."""
    pause: Seconds = 1
    """How long the channels need for those just served."""
