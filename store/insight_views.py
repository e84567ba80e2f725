"""The shapes in which figures are answered: what each number means, and its unit."""

from __future__ import annotations

from domain.base import Moment, Value
from domain.escalation.moves import Step
from domain.people import Seat
from store.figures import CommitmentFiguresPage
from store.views import EscalationItem


class Span(Value):
    """What figures are about: comments that came in from ``since`` until before ``until``."""

    since: Moment
    until: Moment
    team: str | None = None
    channel: str | None = None


class Spread(Value):
    """How long moves took, in whole minutes; None where there are none."""

    n: int
    half: int | None = None
    nine_tenths: int | None = None


class Count(Value):
    key: str
    n: int


class PersonCount(Value):
    person: str
    name: str
    n: int


class Bucket(Value):
    """Answers that took from ``at_least`` to less than ``below`` minutes of plain time."""

    at_least: int
    below: int | None
    n: int


class Answers(Value):
    """The first public answers. Every comment is in exactly one of ``answered``, ``without`` and
    ``waiting``."""

    received: int
    answered: int
    in_time: int
    """Of the answered: no move on the way was late."""
    waiting: int
    longest_waiting: int | None
    """Minutes, of those that still wait."""
    longest_waiting_case: str | None
    """The escalation that has waited so long."""
    without: tuple[Count, ...]
    """Closed without an answer of ours, by outcome."""
    plain: Spread
    working: Spread
    distribution: tuple[Bucket, ...]


class Answerable(Value):
    """What one team, or one person, answers for: the same figures of everybody."""

    owed: int
    """Moves that were made or are still owed; a person's are those that they made, or owed when a
    rung behind the deadline was climbed."""
    missed: int
    """Of these, made after the deadline, or still owed after it."""
    refused: int
    refusals: tuple[Count, ...]
    """The same by code."""
    written: int
    """Published replies, with ``ready_made``."""
    ready_made: int
    promises: int
    """All that were due in these days."""
    kept: int
    """By the date that counts: by their first one, or by one that was agreed in time."""
    kept_late: int
    broken: int
    """All whose date ever passed unkept, also those that were kept late or withdrawn since."""


class TeamAnswers(Answerable):
    team: str
    name: str
    received: int
    answered: int
    in_time: int
    waiting: int
    plain: Spread


class StepFigures(Value):
    """One step of the way. ``seat`` is who owes it."""

    step: Step
    seat: Seat
    done: int
    late: int
    open: int
    longest_open: int | None
    """Minutes of plain time since the longest one has been owed."""
    longest_open_case: str | None
    """The escalation in which it is."""
    plain: Spread
    working: Spread
    total_working: int
    """Minutes of working time that all of them took together."""
    paused: int
    """Minutes of plain time in pauses, all together."""


class Lateness(Value):
    """Late moves of one step: whose silence it was, and who was told of it."""

    step: Step
    late: int
    owed_by: tuple[PersonCount, ...]
    told: tuple[PersonCount, ...]
    hidden: int
    """People in these whom the policy does not show to this reader."""


class Decisions(Value):
    """What was decided, and the codes of what was refused or dismissed."""

    approved: int
    refused: int
    returned: int
    made_alone: int
    """By the owner, as the terms allow."""
    refusals: tuple[Count, ...]
    dismissals: tuple[Count, ...]


class Replies(Value):
    """How the words of published replies came about."""

    published: int
    written: int
    ready_made: int
    shared: int
    not_compared: int


class WaitingNow(Value):
    """What is owed at this moment, whenever it came in."""

    unanswered: int
    longest: int | None
    """Minutes since the oldest of the unanswered reached us."""
    longest_case: str | None
    """That one."""
    steps: tuple[Count, ...]
    late: tuple[Count, ...]


class PersonFigures(Answerable):
    """One person's moves; executives stand among all others."""

    person: str
    name: str
    is_executive: bool
    made: int
    late: int
    silent: int
    """Moves that they owed, alone or with others, when a rung behind the deadline was climbed."""
    preparing: Spread
    deciding: Spread
    replying: Spread


class PeopleFigures(Value):
    items: tuple[PersonFigures, ...]
    hidden: int
    """People whom the policy does not show to this reader."""


class Insights(Value):
    at: Moment
    span: Span
    answers: Answers
    teams: tuple[TeamAnswers, ...]
    steps: tuple[StepFigures, ...]
    lateness: tuple[Lateness, ...]
    decisions: Decisions
    replies: Replies
    promises: CommitmentFiguresPage
    now: WaitingNow
    people: PeopleFigures


class MoveItem(Value):
    """One move in the list behind a figure, with its case as the queue shows it."""

    case: EscalationItem
    n: int
    step: Step
    since: Moment
    minutes: int
    """Of plain time; so far, where it is still owed."""
    working_minutes: int | None
    is_open: bool
    is_late: bool
    how: str | None
    code: str | None
    person: str | None


class MovePage(Value):
    items: tuple[MoveItem, ...]
    total: int
    next_cursor: str | None
