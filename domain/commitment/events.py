"""What can happen to a commitment. Names and fields are stored for ever."""

from __future__ import annotations

from domain.base import Moment, Words
from domain.calendar import Calendar
from domain.commitment.stages import CommitmentStage, Lapse, Promise, Settled, WordSource
from domain.entity import Event
from domain.people import Seat
from domain.post import Settlement
from domain.terms import PromiseTerms, Rung


class CommitmentOpened(Event):
    NAME = "commitment:promise:opened"
    TOUCHES = frozenset({"stage"})
    promise: Promise
    escalation_id: str
    post_id: str
    channel: str
    team: str
    comment_id: str
    approver: str
    ladder: tuple[Rung, ...] = ()
    rules: int = 1
    terms: PromiseTerms | None = None
    calendar: Calendar | None = None
    is_public: bool = True


# Reporting it kept, and what the commenter says to that. ---------------------------------------


class KeptReported(Event):
    NAME = "commitment:promise:reported_kept"
    TOUCHES = frozenset({"stage"})
    post_id: str
    words: Words
    writer: str
    evidence: Words | None = None


class ReportFellThrough(Event):
    """The follow-up was returned or withdrawn, so the promise is as open as before."""

    NAME = "commitment:promise:report_fell_through"
    TOUCHES = frozenset({"stage"})
    post_id: str
    settlement: Settlement


class FollowUpStuck(Event):
    """The follow-up failed or is unconfirmed: the report stands, a person must see to the post."""

    NAME = "commitment:promise:follow_up_stuck"
    post_id: str
    settlement: Settlement
    attempt: int = 0


class ReportTold(Event):
    """The public has read that it is kept; now the commenter has the word."""

    NAME = "commitment:report:published"
    TOUCHES = frozenset({"stage"})
    post_id: str


class LinkMade(Event):
    """``digest`` is the SHA-256 of the secret, which is 256 random bits: it gives nothing away."""

    NAME = "commitment:link:made"
    digest: str


class WordGiven(Event):
    """The commenter says whether it is kept."""

    NAME = "commitment:word:given"
    TOUCHES = frozenset({"stage"})
    is_kept: bool
    source: WordSource


class WordCounted(Event):
    """A reader says whether it is kept: counted, and without any effect."""

    NAME = "commitment:word:counted"
    is_kept: bool


class Upheld(Event):
    NAME = "commitment:denial:rejected"
    reason: Words
    on_behalf_of: str | None = None
    """Whose answer it was to give, where somebody stood for them."""


class Reopened(Event):
    NAME = "commitment:denial:accepted"
    TOUCHES = frozenset({"stage"})
    reason: Words
    good_by: Moment | None = None
    on_behalf_of: str | None = None


class Kept(Event):
    NAME = "commitment:promise:kept"
    TOUCHES = frozenset({"stage"})
    is_late: bool = False
    settled: Settled | None = None


# The clock. -----------------------------------------------------------------------------------


class Reminded(Event):
    """A rung under the first rules."""

    NAME = "commitment:ladder:climbed"
    rung: int
    told: tuple[str, ...] = ()


class RungReached(Event):
    """A rung was reached: who was told, and who owed the move. Silence is never a decision."""

    NAME = "commitment:ladder:reached"
    stage: CommitmentStage
    rung: int
    due_at: Moment
    is_late: bool = False
    is_about_date: bool = False
    """It was the new date that waits for a decision, not the promise itself."""
    told: tuple[str, ...] = ()
    owed_by: tuple[str, ...] = ()
    empty: tuple[Seat, ...] = ()
    """Seats on which nobody sat, so that the next ones up were told or named."""


class Watched(Event):
    """The ladder is at its end and nothing has moved: the executives hear of it, again."""

    NAME = "commitment:watch:kept"
    stage: CommitmentStage
    number: int
    due_at: Moment
    told: tuple[str, ...] = ()
    owed_by: tuple[str, ...] = ()
    empty: tuple[Seat, ...] = ()
    """Seats on which nobody sat, so that the next ones up were told or named."""


class Broken(Event):
    NAME = "commitment:promise:broken"
    TOUCHES = frozenset({"stage"})
    due_at: Moment
    told: tuple[str, ...] = ()


# Another date. --------------------------------------------------------------------------------


class NewDateAsked(Event):
    NAME = "commitment:date:asked"
    TOUCHES = frozenset({"date"})
    due_at: Moment
    reason: Words
    words: Words


class NewDateAccepted(Event):
    """Whoever is accountable has signed what somebody else asked for."""

    NAME = "commitment:date:accepted"
    TOUCHES = frozenset({"date"})
    due_at: Moment


class NewDateRefused(Event):
    NAME = "commitment:date:refused"
    TOUCHES = frozenset({"date"})
    due_at: Moment
    asked_by: str
    reason: Words


class NewDateAgreed(Event):
    """The words are bound and go out; the date counts once they are there."""

    NAME = "commitment:date:agreed"
    TOUCHES = frozenset({"date"})
    due_at: Moment
    post_id: str
    words: Words
    writer: str


class NewDateSet(Event):
    """The public can read the new date: from here on it counts."""

    NAME = "commitment:date:set"
    TOUCHES = frozenset({"date"})
    due_at: Moment
    post_id: str


class NewDateLapsed(Event):
    """It was asked for or agreed, and never counted."""

    NAME = "commitment:date:lapsed"
    TOUCHES = frozenset({"date"})
    due_at: Moment
    asked_by: str
    why: Lapse
    post_id: str | None = None


# Speaking in between, and giving up. -----------------------------------------------------------


class ProgressWritten(Event):
    NAME = "commitment:progress:written"
    post_id: str
    words: Words
    writer: str


class ProgressSettled(Event):
    NAME = "commitment:progress:settled"
    post_id: str
    writer: str
    settlement: Settlement
    attempt: int = 0


class PromiseWithdrawn(Event):
    NAME = "commitment:promise:withdrawn"
    TOUCHES = frozenset({"stage"})
    reason: Words
    post_id: str | None = None
    """The post that tells the public, in the words of the reason."""
    writer: str | None = None
