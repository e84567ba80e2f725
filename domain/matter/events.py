"""What can happen to a matter. Names and fields are stored for ever."""

from __future__ import annotations

from domain.base import Moment, Seconds, Words
from domain.entity import Event
from domain.escalation import Findings, RefusalCode
from domain.matter.stages import MatterStage
from domain.moving import Moved
from domain.panel import Recommendation
from domain.terms import RungAct, Terms


class MatterOpened(Event):
    NAME = "matter:case:opened"
    TOUCHES = frozenset({"stage", "owner"})
    id: str
    team: str
    title: Words
    terms: Terms
    request: str
    rules: int = 1


class CalendarAccepted(Moved):
    NAME = "matter:clock:moved"


class AnswerProposed(Event):
    NAME = "matter:proposal:submitted"
    TOUCHES = frozenset({"stage", "proposal"})
    request: Words
    reply: Words
    findings: Findings | None = None


class AnswerWithdrawn(Event):
    NAME = "matter:proposal:withdrawn"
    TOUCHES = frozenset({"stage", "proposal"})


class AnswerVoted(Event):
    """One of several approvers has spoken; the others still have to."""

    NAME = "matter:decision:voted"
    TOUCHES = frozenset({"proposal"})
    outcome: Recommendation
    reason: Words | None = None
    on_behalf_of: str | None = None


class AnswerApproved(Event):
    """The words are bound: whoever is answered is answered with exactly these."""

    NAME = "matter:decision:approved"
    TOUCHES = frozenset({"stage", "proposal"})
    words: Words
    reason: Words | None = None
    on_behalf_of: str | None = None


class AnswerRefused(Event):
    NAME = "matter:decision:refused"
    TOUCHES = frozenset({"stage", "proposal"})
    code: RefusalCode
    reason: Words
    on_behalf_of: str | None = None


class AnswerReturned(Event):
    NAME = "matter:decision:returned"
    TOUCHES = frozenset({"stage", "proposal"})
    reason: Words
    on_behalf_of: str | None = None


class MatterAssigned(Event):
    NAME = "matter:owner:assigned"
    TOUCHES = frozenset({"owner"})
    owner: str


class ReleaseBegan(Event):
    NAME = "matter:release:began"
    TOUCHES = frozenset({"stage"})
    first: int
    wait: Seconds = 0


class BatchServed(Event):
    """A wave has been taken. ``waiting`` and ``served`` count all members after it."""

    NAME = "matter:release:advanced"
    waiting: int
    served: int
    apart: int = 0
    next_at: Moment | None = None
    """When the next wave is taken; None where nobody waits any more."""


class EverybodyServed(Event):
    NAME = "matter:release:completed"
    TOUCHES = frozenset({"stage"})


class LateComersFound(Event):
    """Somebody has joined after everybody had been answered."""

    NAME = "matter:release:reopened"
    TOUCHES = frozenset({"stage"})
    waiting: int


class Halted(Event):
    NAME = "matter:release:halted"
    TOUCHES = frozenset({"stage"})
    reason: Words | None = None


class Resumed(Event):
    NAME = "matter:release:resumed"
    TOUCHES = frozenset({"stage"})


class RungClimbed(Event):
    """A rung of the ladder was reached: who was told, and who owed the move that did not come."""

    NAME = "matter:ladder:climbed"
    stage: MatterStage
    rung: int
    due_at: Moment
    is_late: bool = False
    told: tuple[str, ...] = ()
    owed_by: tuple[str, ...] = ()
    did: RungAct = RungAct.REMIND
    waited: Seconds = 0
    urgent: bool = False


class Watched(Event):
    """The ladder is exhausted and it is still open."""

    NAME = "matter:ladder:watched"
    stage: MatterStage
    turn: int
    told: tuple[str, ...] = ()
    owed_by: tuple[str, ...] = ()
    waited: Seconds = 0


class Noted(Event):
    NAME = "matter:note:written"
    words: Words
    mentions: tuple[str, ...] = ()
    """Who is told of it."""


class ClosingBegan(Event):
    """The door is closed: nobody joins from here on."""

    NAME = "matter:case:closing"
    TOUCHES = frozenset({"stage"})
    reason: Words | None = None


class LeftOver(Event):
    """It was to be closed without an answer, but somebody who had joined waits for one."""

    NAME = "matter:case:left_over"
    TOUCHES = frozenset({"stage"})
    waiting: int


class Closed(Event):
    NAME = "matter:case:closed"
    TOUCHES = frozenset({"stage"})
    served: int = 0
    apart: int = 0
