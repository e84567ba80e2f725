"""What can happen to an escalation. Names and fields are stored for ever."""

from __future__ import annotations

from domain.base import Moment, Seconds, Words
from domain.commitment import Promise
from domain.entity import Event
from domain.escalation.commands import Findings
from domain.escalation.stages import (
    DismissCode,
    ExtendCode,
    HeldFor,
    LostBy,
    Outcome,
    PauseCode,
    RefusalCode,
    Stage,
)
from domain.moving import Moved
from domain.panel import Recommendation
from domain.people import Seat
from domain.post import Settlement
from domain.terms import RungAct, Terms


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
    suspected: bool = False
    rule: str | None = None
    ladders_at: Moment | None = None


class Joined(Event):
    NAME = "escalation:comment:joined"
    TOUCHES = frozenset({"comment"})
    comment_id: str
    words: Words
    is_thanks: bool = False


class Revised(Event):
    NAME = "escalation:comment:revised"
    TOUCHES = frozenset({"comment"})
    comment_id: str
    revision: int
    words: Words


class Removed(Event):
    """The commenter took it back; what it said stays on record for those who decide on it."""

    NAME = "escalation:comment:removed"
    TOUCHES = frozenset({"comment"})
    comment_id: str
    revision: int


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
    findings: Findings | None = None


class ProposalWithdrawn(Event):
    NAME = "escalation:proposal:withdrawn"
    TOUCHES = frozenset({"proposal", "stage"})


class Approved(Event):
    NAME = "escalation:decision:approved"
    TOUCHES = frozenset({"proposal", "stage"})
    reason: Words | None = None
    on_behalf_of: str | None = None


class RefusedBy(Event):
    NAME = "escalation:decision:refused"
    TOUCHES = frozenset({"proposal", "stage"})
    code: RefusalCode
    reason: Words
    on_behalf_of: str | None = None


class Returned(Event):
    NAME = "escalation:decision:returned"
    TOUCHES = frozenset({"proposal", "stage"})
    reason: Words
    on_behalf_of: str | None = None


class Voted(Event):
    """One of several people who decide together has said yes or no."""

    NAME = "escalation:decision:voted"
    TOUCHES = frozenset({"proposal"})
    outcome: Recommendation
    reason: Words | None = None
    on_behalf_of: str | None = None


class Asked(Event):
    NAME = "escalation:decision:asked"
    TOUCHES = frozenset({"proposal"})
    question: Words
    on_behalf_of: str | None = None


class Informed(Event):
    NAME = "escalation:decision:informed"
    TOUCHES = frozenset({"proposal"})
    words: Words


class ApproverAdded(Event):
    NAME = "escalation:approver:added"
    TOUCHES = frozenset({"proposal"})
    person: str
    reason: Words


class ApproverReplaced(Event):
    NAME = "escalation:approver:replaced"
    TOUCHES = frozenset({"proposal"})
    person: str
    replaced_by: str
    reason: Words


class Bypassed(Event):
    """An executive approved without those who had not agreed yet: who they were, and why."""

    NAME = "escalation:decision:bypassed"
    TOUCHES = frozenset({"proposal", "stage"})
    reason: Words
    missing: tuple[str, ...] = ()


class DecidedAlone(Event):
    """The owner decided, as the terms allow."""

    NAME = "escalation:decision:made_alone"
    TOUCHES = frozenset({"proposal", "stage"})
    outcome: Recommendation
    code: RefusalCode | None = None
    reason: Words | None = None


class MovedToPrivate(Event):
    NAME = "escalation:case:moved_to_private"
    TOUCHES = frozenset({"stage"})


class ReplySubmitted(Event):
    """``cleared_by`` is the approver whose approval bound these words; None asks for review."""

    NAME = "escalation:reply:submitted"
    TOUCHES = frozenset({"reply"})
    post_id: str
    words: Words
    writer: str
    promises: tuple[Promise, ...] = ()
    cleared_by: str | None = None
    findings: Findings | None = None


class ReplyHeld(ReplySubmitted):
    """The words are ready; somebody who is to be accountable has not accepted a promise yet."""

    NAME = "escalation:reply:held"


class ReplyRecalled(Event):
    NAME = "escalation:reply:recalled"
    TOUCHES = frozenset({"reply"})


class HoldingSubmitted(Event):
    NAME = "escalation:holding:submitted"
    post_id: str
    words: Words
    writer: str


class HoldingSettled(Event):
    NAME = "escalation:holding:settled"
    post_id: str
    settlement: Settlement
    attempt: int = 0


class PromiseAccepted(Event):
    NAME = "escalation:promise:accepted"
    TOUCHES = frozenset({"promise"})
    promise_id: str


class PromiseCountered(Event):
    """Somebody would be accountable by another date; words with the old one cannot go out."""

    NAME = "escalation:promise:countered"
    TOUCHES = frozenset({"promise", "reply"})
    promise_id: str
    due_at: Moment
    reason: Words


class PromiseDeclined(Event):
    NAME = "escalation:promise:declined"
    TOUCHES = frozenset({"promise", "reply"})
    promise_id: str
    reason: Words


class ReplySettled(Event):
    NAME = "escalation:reply:settled"
    TOUCHES = frozenset({"reply", "stage"})
    post_id: str
    settlement: Settlement
    attempt: int = 0


class Noted(Event):
    NAME = "escalation:note:written"
    words: Words
    mentions: tuple[str, ...] = ()
    """Who is told of it."""


class RungClimbed(Event):
    """A rung was reached: who was told, and who owed the move. Silence is never a decision."""

    NAME = "escalation:ladder:climbed"
    stage: Stage
    rung: int
    due_at: Moment
    is_late: bool
    told: tuple[str, ...] = ()
    owed_by: tuple[str, ...] = ()
    did: RungAct | None = None
    """What the rung asks for; None: as its place before or after the deadline says."""
    waited: Seconds = 0
    """Since the move has been owed, in plain time: hours carry the name of whoever owes it."""
    urgent: bool = False
    empty: tuple[Seat, ...] = ()
    """Seats on which nobody sat, so that the next ones up were told or named."""


class Watched(Event):
    """The ladder is at its end and it is still open: those at the top are told again."""

    NAME = "escalation:ladder:watched"
    stage: Stage
    turn: int
    told: tuple[str, ...] = ()
    owed_by: tuple[str, ...] = ()
    waited: Seconds = 0


class ClockStarted(Event):
    """The day has come from which an imported backlog is answered in time."""

    NAME = "escalation:clock:started"
    TOUCHES = frozenset({"stage"})


class Paused(Event):
    NAME = "escalation:clock:paused"
    TOUCHES = frozenset({"clock"})
    code: PauseCode
    reason: Words
    until: Moment


class Resumed(Event):
    NAME = "escalation:clock:resumed"
    TOUCHES = frozenset({"clock"})


class Extended(Event):
    NAME = "escalation:clock:extended"
    TOUCHES = frozenset({"clock"})
    seconds: Seconds
    code: ExtendCode
    reason: Words


class CalendarAccepted(Moved):
    NAME = "escalation:clock:moved"


class Declined(Event):
    NAME = "escalation:owner:declined"
    TOUCHES = frozenset({"owner", "stage"})
    reason: Words


class LeaseRenewed(Event):
    NAME = "escalation:owner:renewed"


class OwnerLost(Event):
    NAME = "escalation:owner:lost"
    TOUCHES = frozenset({"owner", "stage"})
    owner: str
    cause: LostBy


class Rerouted(Event):
    NAME = "escalation:case:rerouted"
    TOUCHES = frozenset({"owner", "stage"})
    terms: Terms
    reason: Words


class Held(Event):
    NAME = "escalation:case:held"
    TOUCHES = frozenset({"stage"})
    cause: HeldFor


class LookedAt(Event):
    """A second person has looked at a dismissal, or at what was taken for spam."""

    NAME = "escalation:case:looked_at"
    TOUCHES = frozenset({"stage"})
    is_upheld: bool
    reason: Words | None = None


class Merged(Event):
    NAME = "escalation:case:merged"
    TOUCHES = frozenset({"stage"})
    into: str
    reason: Words


class FoundAnswered(Event):
    """Our account has answered on the channel itself."""

    NAME = "escalation:case:answered_outside"
    TOUCHES = frozenset({"stage"})
    link: Words


class MatterJoined(Event):
    NAME = "escalation:matter:joined"
    TOUCHES = frozenset({"matter"})
    matter_id: str


class MatterLeft(Event):
    NAME = "escalation:matter:left"
    TOUCHES = frozenset({"matter", "stage"})
    matter_id: str
    reason: Words


class Served(Event):
    """The matter's answer goes out here too, as decided and cleared there."""

    NAME = "escalation:matter:served"
    TOUCHES = frozenset({"matter", "owner", "stage", "reply"})
    matter_id: str
    post_id: str
    words: Words
    writer: str
    approver: str
    owner: str
    same_answer_to: int
    refused: RefusalCode | None = None


class Closed(Event):
    NAME = "escalation:case:closed"
    TOUCHES = frozenset({"stage"})
    outcome: Outcome
