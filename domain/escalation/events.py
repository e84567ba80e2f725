"""What can happen to an escalation. Names and fields are stored for ever."""

from __future__ import annotations

from domain.base import Moment, Words
from domain.commitment import Promise
from domain.entity import Event
from domain.escalation.stages import DismissCode, Outcome, Recommendation, RefusalCode, Stage
from domain.post import Settlement
from domain.terms import Terms


class Opened(Event):
    NAME = "escalation:conversation:opened"
    TOUCHES = frozenset({"stage", "comment"})
    id: str
    conversation_id: str
    channel: str
    comment_id: str
    words: Words
    terms: Terms
    posted_at: Moment
    predecessor: str | None = None
    backlog: bool = False
    rules: int = 1


class Joined(Event):
    NAME = "escalation:comment:joined"
    TOUCHES = frozenset({"comment"})
    comment_id: str
    words: Words


class Revised(Event):
    NAME = "escalation:comment:revised"
    TOUCHES = frozenset({"comment"})
    comment_id: str
    revision: int
    words: Words


class Reopened(Event):
    """The commenter came back while we listened: the same owner prepares again."""

    NAME = "escalation:stage:reopened"
    TOUCHES = frozenset({"stage"})


class Claimed(Event):
    NAME = "escalation:owner:claimed"
    TOUCHES = frozenset({"owner", "stage"})


class Released(Event):
    NAME = "escalation:owner:released"
    TOUCHES = frozenset({"owner", "stage"})


class Assigned(Event):
    NAME = "escalation:owner:assigned"
    TOUCHES = frozenset({"owner", "stage"})
    owner: str


class Dismissed(Event):
    NAME = "escalation:case:dismissed"
    TOUCHES = frozenset({"stage"})
    code: DismissCode
    reason: Words | None = None


class Proposed(Event):
    NAME = "escalation:proposal:submitted"
    TOUCHES = frozenset({"proposal", "stage"})
    request: Words
    recommendation: Recommendation
    reply: Words | None = None
    promises: tuple[Promise, ...] = ()


class ProposalWithdrawn(Event):
    NAME = "escalation:proposal:withdrawn"
    TOUCHES = frozenset({"proposal", "stage"})


class Approved(Event):
    NAME = "escalation:decision:approved"
    TOUCHES = frozenset({"proposal", "stage"})
    reason: Words | None = None


class RefusedBy(Event):
    NAME = "escalation:decision:refused"
    TOUCHES = frozenset({"proposal", "stage"})
    code: RefusalCode
    reason: Words


class Returned(Event):
    NAME = "escalation:decision:returned"
    TOUCHES = frozenset({"proposal", "stage"})
    reason: Words


class ReplySubmitted(Event):
    """``cleared_by`` is the approver whose approval bound these words; None asks for review."""

    NAME = "escalation:reply:submitted"
    TOUCHES = frozenset({"reply"})
    post_id: str
    words: Words
    writer: str
    promises: tuple[Promise, ...] = ()
    cleared_by: str | None = None


class ReplySettled(Event):
    NAME = "escalation:reply:settled"
    TOUCHES = frozenset({"reply", "stage"})
    post_id: str
    settlement: Settlement
    attempt: int = 0


class Noted(Event):
    NAME = "escalation:note:written"
    words: Words


class RungClimbed(Event):
    """A rung was reached: who was told, and who owed the move. Silence is never a decision."""

    NAME = "escalation:ladder:climbed"
    stage: Stage
    rung: int
    due_at: Moment
    is_late: bool
    told: tuple[str, ...] = ()
    owed_by: tuple[str, ...] = ()


class Closed(Event):
    NAME = "escalation:case:closed"
    TOUCHES = frozenset({"stage"})
    outcome: Outcome
