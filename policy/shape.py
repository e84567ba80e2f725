"""The policy file as it is written: its tables and keys, with readable spans and nothing unknown.

docs/policy.md is the reference of what stands here; a test compares the two. What a key means once
it is in force is said where it is used, mostly in ``domain.terms`` and ``domain.policy``.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from domain.people import Role, Seat
from domain.policy import Audience, Channel, Id, Language, Member, Shown, When
from domain.terms import DecisionMode, Priority, RungAct
from policy.calendars import CalendarRules, DayOff, DayOn, HolidayRules
from policy.spans import MarkField, SpanField

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

Count = Annotated[int, Field(ge=0)]


class Section(BaseModel):
    """A table of the file. ``PLAIN`` names its spans that count around the clock; the others are
    working time."""

    model_config = _STRICT
    PLAIN: ClassVar[frozenset[str]] = frozenset()


class ChannelSection(Channel):
    model_config = _STRICT


class HolidaysSection(HolidayRules):
    model_config = _STRICT


class DayOffSection(DayOff):
    model_config = _STRICT


class DayOnSection(DayOn):
    model_config = _STRICT


class CalendarSection(CalendarRules):
    model_config = _STRICT
    holidays: HolidaysSection | None = None
    off: tuple[DayOffSection, ...] = ()
    on: tuple[DayOnSection, ...] = ()


class RungSection(Section):
    at: MarkField | None = None
    permille: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """The older way to say ``at``: 750 is 75%."""
    act: RungAct
    to: Seat
    person: Id | None = None
    role: Role | None = None
    urgent: bool | None = None
    every: SpanField | None = None
    times: Annotated[int, Field(ge=1, le=50)] | None = None


def _kind_of_ladder(value: Any) -> str:
    return "(rungs)" if isinstance(value, list | tuple) else "(name)"


Ladder = Annotated[
    Annotated[Id, Tag("(name)")] | Annotated[tuple[RungSection, ...], Tag("(rungs)")],
    Discriminator(_kind_of_ladder),
]
"""The id of a ladder under [ladders], or its rungs."""


class AllowancesSection(Section):
    PLAIN: ClassVar[frozenset[str]] = frozenset({"listen"})
    claim: SpanField | None = None
    propose: SpanField | None = None
    decide: SpanField | None = None
    reply: SpanField | None = None
    listen: SpanField | None = None


class LimitsSection(Section):
    PLAIN: ClassVar[frozenset[str]] = frozenset({"pause"})
    pause: SpanField | None = None
    pauses: Count | None = None
    extend: SpanField | None = None
    extensions: Count | None = None
    lease: SpanField | None = None
    look: SpanField | None = None
    look_at: Annotated[int, Field(ge=0, le=100)] | None = None


class DecisionSection(Section):
    mode: DecisionMode | None = None
    approvers: tuple[Id, ...] | None = None
    needed: Annotated[int, Field(ge=1, le=20)] | None = None
    inform: SpanField | None = None
    batch: bool | None = None


class RepliesSection(Section):
    PLAIN: ClassVar[frozenset[str]] = frozenset({"undo"})
    gate: bool | None = None
    sameness: Annotated[int, Field(ge=0, le=1000)] | None = None
    recent: Annotated[int, Field(ge=1, le=5000)] | None = None
    undo: SpanField | None = None
    review: SpanField | None = None


class PromisesSection(Section):
    PLAIN: ClassVar[frozenset[str]] = frozenset({"confirm"})
    ladder: Ladder | None = None
    confirm: SpanField | None = None
    settle: SpanField | None = None


class TermsSection(Section):
    calendar: Id | None = None
    ladder: Ladder | None = None
    priority: Priority | None = None
    language: Language | None = None
    is_public: bool | None = None
    allowances: AllowancesSection = AllowancesSection()
    limits: LimitsSection = LimitsSection()
    decision: DecisionSection = DecisionSection()
    replies: RepliesSection = RepliesSection()
    promises: PromisesSection = PromisesSection()


class WhenSection(When):
    model_config = _STRICT


class RouteSection(Section):
    name: Id
    when: WhenSection = WhenSection()
    team: Id | None = None
    terms: Id | None = None
    priority: Priority | None = None
    quarantine: bool | None = None


class PublicSection(Section):
    staff: Shown | None = None
    executives: Shown | None = None
    staff_figures: Audience | None = None
    executive_figures: Audience | None = None
    ledger: bool | None = None
    organisation: str | None = None


def _begin(value: Any) -> Any:
    """A date is its first moment in UTC; a time needs its zone."""
    try:
        given = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        given = None
    if isinstance(given, datetime) and len(str(value)) == len("2026-09-01"):
        return datetime.combine(given.date(), time(), UTC)
    if not isinstance(given, datetime) or given.tzinfo is None:
        raise ValueError("write a date, 2026-09-01, or a time with its zone, 2026-09-01T08:00:00Z")
    return given


class BacklogSection(Section):
    ladders_from: Annotated[datetime, BeforeValidator(_begin)] | None = None


class PersonSection(Member):
    model_config = _STRICT


class PolicyFile(Section):
    """The whole file."""

    teams: dict[Id, Annotated[str, Field(min_length=1, max_length=200)]]
    channels: dict[Id, ChannelSection]
    allowances: AllowancesSection = AllowancesSection()
    ladder: tuple[RungSection, ...] | None = None
    calendars: dict[Id, CalendarSection] = {}
    ladders: dict[Id, tuple[RungSection, ...]] = {}
    terms: dict[Id, TermsSection] = {}
    routes: tuple[RouteSection, ...] = ()
    public: PublicSection = PublicSection()
    backlog: BacklogSection = BacklogSection()
    people: dict[Id, PersonSection] = {}
