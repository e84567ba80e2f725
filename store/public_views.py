"""What the public ledger shows, as values: the same for its pages, its JSON and its feed.

Nothing that is not public is in them, so whatever is made of them shows nothing else. Fields are
only added within version 1 of the ledger's shape.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal

from domain.base import Moment, Value
from domain.commitment import Standing
from domain.escalation.moves import Step
from domain.escalation.stages import RefusalCode
from domain.people import Seat

Says = Literal["kept", "not_kept"]


class PublicPromise(Value):
    """One promise as a list shows it."""

    id: str
    state: Standing
    sentence: str | None
    """Word for word as it was published; None where the words have been erased."""
    channel: str
    accountable: str
    """Whoever is, as the policy lets them appear in public."""
    made_at: Moment
    first_due_at: Moment
    """As it was first promised; it stays, whatever date counts now."""
    due_at: Moment
    was_broken: bool
    company_says: Literal["kept"] | None
    """Our public word that it is kept, which the commenter may confirm or deny."""
    commenter_says: Says | None
    settled_at: Moment | None
    turned_at: Moment
    """When the public could last read something new about it."""
    post_url: str | None
    """Where the reply that promised it can be read, as its channel told."""


class PostRole(StrEnum):
    """What a public word of ours is to a promise."""

    PROMISED = "promised"
    PROGRESS = "progress"
    NEW_DATE = "new_date"
    KEPT = "kept"
    WITHDRAWN = "withdrawn"
    CORRECTION = "correction"
    RETRACTION = "retraction"


class PublicPost(Value):
    """One public word of ours on a promise, as it was published."""

    id: str
    role: PostRole
    at: Moment
    text: str | None
    url: str | None
    corrects: str | None
    corrected_by: str | None
    retracted_by: str | None


class PublicDate(Value):
    """A date that came to count after the first one, and the words that told the public so."""

    due_at: Moment
    since: Moment
    text: str | None
    url: str | None


class StepKind(StrEnum):
    """What happened to a promise in front of the public."""

    MADE = "made"
    MOVED = "moved"
    BROKEN = "broken"
    REPORTED = "reported"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    UPHELD = "upheld"
    REOPENED = "reopened"
    KEPT = "kept"
    WITHDRAWN = "withdrawn"
    SAID = "said"
    """A further public word of ours: how it goes, a correction."""


class PublicStep(Value):
    kind: StepKind
    at: Moment
    due_at: Moment | None = None
    by: str | None = None
    """Who answered or withdrew, as the policy lets them appear."""
    is_late: bool = False
    how: Literal["confirmed", "silence", "upheld", "unasked"] | None = None
    """Why a promise that was reported kept counts as kept."""
    role: PostRole | None = None


class PublicEntry(PublicPromise):
    """One promise with everything that the public may read about it. The address of its page is
    permanent, whatever becomes of it."""

    dates: tuple[PublicDate, ...]
    posts: tuple[PublicPost, ...]
    steps: tuple[PublicStep, ...]
    readers_kept: int
    readers_not_kept: int
    is_asking: bool
    """Whether readers may say just now what they see."""


class Tally(Value):
    """How many promises stand how. All but ``ever_broken``, ``confirmed`` and ``denied`` add up
    to ``total``."""

    total: int = 0
    open: int = 0
    broken: int = 0
    kept: int = 0
    renegotiated: int = 0
    kept_late: int = 0
    withdrawn: int = 0
    ever_broken: int = 0
    """Whose date ever passed unkept, whatever became of it later."""
    confirmed: int = 0
    denied: int = 0
    """What commenters said last; silence is neither."""


class PersonTally(Tally):
    name: str
    """As the policy lets them appear in public."""


class Waiting(Value):
    """How many people wait for a first public answer now, and since when."""

    count: int
    median_since: Moment | None
    """Half of them have waited since then or longer."""
    longest_since: Moment | None


class Waited(Value):
    """How long people waited for the first public answer, of those who got it in these days."""

    days: int
    since: date
    """The first of these days, in UTC."""
    count: int
    median_seconds: int | None
    longest_seconds: int | None
    unanswered: dict[str, int]
    """What was closed in these days without a public answer, by outcome."""


class PublicAnswer(Value):
    """One reply of ours to what somebody said in public, as a list shows it."""

    id: str
    at: Moment
    channel: str
    text: str | None
    """Word for word as it was published; None where the words have been erased."""
    writer: str
    """Whoever wrote it, as the policy lets them appear in public; so is ``decided_by``."""
    decision: Literal["approved", "refused", "moved_to_private"] | None
    """None where nothing had to be decided."""
    decided_by: str | None
    refusal: RefusalCode | None
    """Why it says no."""
    reason: str | None
    """The reason in words that were written to be read by the public, where the reply is not made
    of these very words."""
    waited_seconds: int | None
    """From the comment's arrival, around the clock; None where it was not the first answer."""
    turned_at: Moment
    """When the public could last read something new about it."""
    post_url: str | None
    corrected_by: str | None
    retracted_by: str | None
    promises: tuple[str, ...]
    """The ids of the promises that it makes."""


class PublicAnswerEntry(PublicAnswer):
    """One reply with what was published about it since. The address of its page is permanent."""

    posts: tuple[PublicPost, ...]
    """Corrections of it, and of these."""
    promised: tuple[PublicPromise, ...]


class AnswerPage(Value):
    """A page of the answers and where it goes on."""

    items: tuple[PublicAnswer, ...]
    next_cursor: str | None


class AnswerTally(Value):
    """How many replies are out, and how many of them say no, by reason."""

    total: int
    refused: int
    refusals: dict[str, int]


class StepTime(Value):
    """How long one step on the way to an answer took, and who owed it, executives included."""

    step: Step
    owed_by: Seat
    done: int
    late: int
    """Of the done: made after their deadline."""
    half_minutes: int | None
    """Half of them took this long or less, around the clock, as ``nine_tenths_minutes`` says of
    nine in ten. None where there are none."""
    nine_tenths_minutes: int | None


class StepTimes(Value):
    """Where the time went, of comments that reached us in these days and are public."""

    days: int
    since: date
    """The first of these days, in UTC."""
    items: tuple[StepTime, ...]
    dismissals: dict[str, int]
    """What was closed as needing no answer, by reason."""


class LedgerFigures(Value):
    """What the overview counts, over everything that is public."""

    promises: Tally
    people: tuple[PersonTally, ...]
    """Person by person, as far as the policy makes that public."""
    waiting: Waiting
    waited: tuple[Waited, ...]
    answers: AnswerTally
    steps: StepTimes


class LedgerPage(Value):
    """A page of the ledger and where it goes on."""

    items: tuple[PublicPromise, ...]
    next_cursor: str | None


class LedgerOverview(Value):
    """What the front page of the ledger shows."""

    figures: LedgerFigures
    broken: tuple[PublicPromise, ...]
    """The longest overdue first."""
    open: tuple[PublicPromise, ...]
    """The next due first."""
    latest: tuple[PublicPromise, ...]
    """What turned last, settled ones among them."""
    answers: tuple[PublicAnswer, ...]
    """The latest first."""
