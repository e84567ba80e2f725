"""The stages of a commitment as one table, and the promise that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.base import Moment, Value, Words
from domain.people import Seat
from domain.terms import DAY, Rung, RungAct

FARTHEST = timedelta(days=20 * 365)
"""Beyond this nobody now accountable will answer; and Temporal's timers end at 292 years."""

RENEGOTIATIONS = 5
"""How often a promise may get another date. What would move once more is better withdrawn."""

ON_THE_WAY = 3
"""Words of progress that may be waiting to be cleared and published at the same time."""

READERS = 1000
"""Words of readers that are counted: what so many have said, one more does not change."""


class CommitmentStage(StrEnum):
    OPEN = "open"
    REPORTED = "reported"
    """Somebody says it is kept; the public word of it is on its way."""
    TOLD = "told"
    """The public has read that it is kept, and the commenter is asked whether it is."""
    DENIED = "denied"
    """The commenter says that it is not; whoever approved the promise answers."""
    BROKEN = "broken"
    KEPT = "kept"
    KEPT_LATE = "kept_late"
    WITHDRAWN = "withdrawn"


class WordSource(StrEnum):
    """How it is known who says whether a promise was kept."""

    SAME_ACCOUNT = "same_account"
    """The author of the comment, in the thread: a channel vouches for it."""
    PRIVATE_LINK = "private_link"
    """Whoever holds the one link that was given to the commenter in private."""
    READER = "reader"
    """Anybody else: counted apart, and without any effect."""


class Settled(StrEnum):
    """Why a promise that was reported kept counts as kept."""

    CONFIRMED = "confirmed"
    SILENCE = "silence"
    """The commenter said nothing while we waited."""
    UPHELD = "upheld"
    """The company says kept, the commenter says not; both stay visible."""
    UNASKED = "unasked"
    """The terms leave the commenter no time to answer in."""


class Lapse(StrEnum):
    """Why a new date never counted."""

    OVERTAKEN = "overtaken"
    """A date passed before the public could read of the new one."""
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    REPORTED = "reported"
    """The promise was reported kept meanwhile."""


class Clock(StrEnum):
    """What the time of a stage is counted by."""

    DATE = "date"
    """The due date of the promise, by which its own ladder climbs."""
    SETTLE = "settle"
    CONFIRM = "confirm"


_SETTLING = (
    Rung(permille=500, act=RungAct.REMIND, to=Seat.OWNER),
    Rung(permille=1000, act=RungAct.ESCALATE, to=Seat.LEAD),
    Rung(permille=1000, act=RungAct.ESCALATE, to=Seat.EXECUTIVES, every=7 * DAY, times=4),
)
"""Whoever has to settle something is reminded by this; a rung to the owner speaks to them."""


@dataclass(frozen=True)
class StageRow:
    """Who owes the next move in a stage, by which clock and ladder, and how it is left."""

    owed_by: Seat | None
    clock: Clock | None
    leaves_by: dict[str, CommitmentStage]
    ladder: tuple[Rung, ...] | None = ()
    """None: the ladder of the promise's terms."""


STAGES: dict[CommitmentStage, StageRow] = {
    CommitmentStage.OPEN: StageRow(
        Seat.ACCOUNTABLE,
        Clock.DATE,
        {
            "report_kept": CommitmentStage.REPORTED,
            "withdraw": CommitmentStage.WITHDRAWN,
            "due": CommitmentStage.BROKEN,
        },
        ladder=None,
    ),
    CommitmentStage.REPORTED: StageRow(
        Seat.REVIEWERS,
        Clock.SETTLE,
        {
            "published": CommitmentStage.TOLD,
            "returned": CommitmentStage.OPEN,
            "returned late": CommitmentStage.BROKEN,
        },
        ladder=_SETTLING,
    ),
    CommitmentStage.TOLD: StageRow(
        None,
        Clock.CONFIRM,
        {
            "confirm": CommitmentStage.KEPT,
            "confirm late": CommitmentStage.KEPT_LATE,
            "deny": CommitmentStage.DENIED,
            "quiet": CommitmentStage.KEPT,
            "quiet late": CommitmentStage.KEPT_LATE,
        },
    ),
    CommitmentStage.DENIED: StageRow(
        Seat.APPROVERS,
        Clock.SETTLE,
        {
            "confirm": CommitmentStage.KEPT,
            "confirm late": CommitmentStage.KEPT_LATE,
            "uphold": CommitmentStage.KEPT,
            "uphold late": CommitmentStage.KEPT_LATE,
            "reopen": CommitmentStage.OPEN,
            "reopen late": CommitmentStage.BROKEN,
        },
        ladder=_SETTLING,
    ),
    CommitmentStage.BROKEN: StageRow(
        Seat.ACCOUNTABLE,
        Clock.DATE,
        {"report_kept": CommitmentStage.REPORTED, "withdraw": CommitmentStage.WITHDRAWN},
        ladder=None,
    ),
    CommitmentStage.KEPT: StageRow(None, None, {}),
    CommitmentStage.KEPT_LATE: StageRow(None, None, {}),
    CommitmentStage.WITHDRAWN: StageRow(None, None, {}),
}
"""Under rules 2. Under the first rules a report that is published is kept at once, and what was
reported or broken has no clock."""

DECIDING_A_DATE = _SETTLING
"""The ladder of a new date that is asked for, beside that of the promise itself."""


class Promise(Value):
    """A sentence of a reply that binds us: who is accountable, and until when.

    ``id`` becomes the commitment's id when the reply is published.
    """

    id: str
    words: Words
    accountable: str
    due_at: Moment
    proof: Words | None = None
    """How anybody will know that it is done."""
