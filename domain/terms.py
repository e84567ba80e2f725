"""The terms that an escalation pins when it opens: how long, by which ladder, decided by whom.

Policy lays them down (``domain.policy.route``); from then on they stay as they are, whatever
policy says later. Groups that are None stand for the rules as they were before the group existed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from domain.base import Seconds, Value
from domain.calendar import Calendar
from domain.people import Role, Seat

HOUR = 3600
DAY = 24 * HOUR

LONGEST = 366 * DAY
"""The longest allowance. Its last rung may come a hundred times later, and Temporal's timers hold
no more than 292 years."""


class RungAct(StrEnum):
    REMIND = "remind"
    ESCALATE = "escalate"
    REASSIGN = "reassign"
    """Take it from its owner and give it back to the team."""
    HOLDING = "holding"
    """Ask for a holding reply: an alarm with a draft for a person, never sent by itself."""


class Rung(Value):
    """One step of a ladder: when, what, and to whom.

    When: at a thousandth of the allowance, or ``offset`` seconds of working time from the
    deadline (negative: before it). ``every`` and ``times`` repeat it, with an end.
    """

    permille: int = Field(default=1000, ge=0, le=100_000)
    act: RungAct
    to: Seat
    offset: Seconds | None = Field(default=None, ge=-LONGEST, le=LONGEST)
    person: str | None = None
    """Who sits on the seat ``person``."""
    role: Role | None = None
    """Who sits on the seat ``role``."""
    urgent: bool = False
    """Told at any hour, also outside the reader's working hours."""
    every: Seconds = Field(default=0, ge=0, le=LONGEST)
    times: int = Field(default=1, ge=1, le=50)

    @model_validator(mode="after")
    def _is_whole(self) -> Rung:
        if (self.to is Seat.PERSON) != (self.person is not None):
            raise ValueError('person is named where, and only where, to = "person"')
        if (self.to is Seat.ROLE) != (self.role is not None):
            raise ValueError('role is named where, and only where, to = "role"')
        if self.times > 1 and self.every < 60:
            raise ValueError("a rung that repeats needs every, of at least 60 seconds")
        return self

    @model_serializer(mode="plain")
    def _whole(self) -> dict[str, Any]:
        """What a rung always had is always stored; what came later, where it says something."""
        said = {"permille": self.permille, "act": self.act, "to": self.to}
        later = {
            "offset": self.offset,
            "person": self.person,
            "role": self.role,
            "urgent": self.urgent or None,
            "every": self.every or None,
            "times": self.times if self.times > 1 else None,
        }
        return said | {name: value for name, value in later.items() if value is not None}


DEFAULT_LADDER = (
    Rung(permille=750, act=RungAct.REMIND, to=Seat.OWNER),
    Rung(permille=1000, act=RungAct.ESCALATE, to=Seat.LEAD),
    Rung(permille=2000, act=RungAct.ESCALATE, to=Seat.EXECUTIVES),
)


class Allowances(Value):
    """How long each next move may take, in seconds of working time (plain without a calendar).

    Stored facts leave defaults out, also these and the default ladder: they never change. Who
    wants others says so in the policy.
    """

    claim: Seconds = Field(default=4 * HOUR, ge=1, le=LONGEST)
    propose: Seconds = Field(default=8 * HOUR, ge=1, le=LONGEST)
    decide: Seconds = Field(default=8 * HOUR, ge=1, le=LONGEST)
    reply: Seconds = Field(default=4 * HOUR, ge=1, le=LONGEST)
    listen: Seconds = Field(default=7 * DAY, ge=1, le=LONGEST)


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    URGENT = "urgent"
    """Its ladder speaks to people at any hour."""


class Limits(Value):
    """How far clocks may be stretched, and how long a claim holds."""

    pause: Seconds = Field(default=30 * DAY, ge=0, le=LONGEST)
    """The longest one pause may last, in plain time."""
    pauses: int = Field(default=3, ge=0, le=50)
    extend: Seconds = Field(default=40 * HOUR, ge=0, le=LONGEST)
    """How much all extensions of one stage may come to, in working time."""
    extensions: int = Field(default=2, ge=0, le=50)
    lease: Seconds = Field(default=0, ge=0, le=LONGEST)
    """How long a claim holds without a move by its owner, in working time; 0: without end."""
    look: Seconds = Field(default=16 * HOUR, ge=1, le=LONGEST)
    """How long a second look at a dismissal or at suspected spam may take, in working time."""
    look_at: int = Field(default=10, ge=0, le=100)
    """Of a hundred dismissals, how many are looked at by a second person."""


class DecisionMode(StrEnum):
    OWNER = "owner"
    """The owner decides alone."""
    ONE = "one"
    ALL = "all"
    """Each of the named approvers."""
    SOME = "some"
    """``needed`` distinct people, of the named approvers or of all executives."""


class DecisionTerms(Value):
    """Who decides: how many, of whom, and how long an owner may take to answer a question."""

    mode: DecisionMode = DecisionMode.ONE
    approvers: tuple[str, ...] = Field(default=(), max_length=20)
    """Named people; none named: every executive."""
    needed: int = Field(default=1, ge=1, le=20)
    """``some``: how many distinct people must say yes."""
    inform: Seconds = Field(default=8 * HOUR, ge=1, le=LONGEST)
    batch: bool = False
    """Whether several cases may be decided together, with one reason for all of them."""

    @model_serializer(mode="wrap")
    def _whole(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What these terms always had is always stored; what came later, where it says something:
        terms that were pinned before are then stored as they were."""
        said: dict[str, Any] = dump(self)
        return said if self.batch else {n: v for n, v in said.items() if n != "batch"}

    @model_validator(mode="after")
    def _can_be_reached(self) -> DecisionTerms:
        if len(set(self.approvers)) != len(self.approvers):
            raise ValueError("approvers names somebody twice; quorums count distinct people")
        if self.mode is DecisionMode.ALL and not self.approvers:
            raise ValueError('mode = "all" needs approvers, the people who all must agree')
        if self.mode is DecisionMode.SOME and self.approvers and self.needed > len(self.approvers):
            raise ValueError(f"needed is {self.needed}, but {len(self.approvers)} are named")
        return self


class ReplyTerms(Value):
    """What is asked of the words of a reply before they go out."""

    gate: bool = True
    """Each sentence that reads like a promise is tied to one or marked as none."""
    sameness: int = Field(default=850, ge=0, le=1000)
    """From which likeness to a recent reply on (thousandths) its writer must say why; 0: never."""
    recent: int = Field(default=300, ge=1, le=5000)
    """With how many recent replies of the organisation it is compared."""
    undo: Seconds = Field(default=0, ge=0, le=DAY)
    """How long cleared words wait before they go out, so that they can still be taken back."""
    review: Seconds = Field(default=8 * HOUR, ge=1, le=LONGEST)
    """How long words may wait for the person who clears them, in working time."""


class PromiseTerms(Value):
    """What is asked of promises."""

    ladder: tuple[Rung, ...] = (
        Rung(permille=500, act=RungAct.REMIND, to=Seat.ACCOUNTABLE),
        Rung(permille=900, act=RungAct.REMIND, to=Seat.ACCOUNTABLE),
        Rung(permille=1000, act=RungAct.ESCALATE, to=Seat.LEAD),
        Rung(permille=1000, act=RungAct.ESCALATE, to=Seat.EXECUTIVES, every=7 * DAY, times=4),
    )
    confirm: Seconds = Field(default=14 * DAY, ge=0, le=LONGEST)
    """How long the commenter is waited for after a promise is reported kept, in plain time."""
    settle: Seconds = Field(default=24 * HOUR, ge=1, le=LONGEST)
    """How long an approver may take over a denial or a new date, in working time."""


class Terms(Value):
    """What policy laid down for one escalation, pinned at its opening."""

    team: str
    policy_version: int
    allowances: Allowances = Allowances()
    ladder: tuple[Rung, ...] = DEFAULT_LADDER
    name: str | None = None
    """Which terms of the policy these are; None: its general ones."""
    priority: Priority | None = None
    language: str | None = None
    is_public: bool = True
    """Whether the public ledger shows it: an embargo or a private case is policy's to say."""
    calendar: Calendar | None = None
    """Working hours as data; None: every second counts."""
    limits: Limits | None = None
    decision: DecisionTerms | None = None
    replies: ReplyTerms | None = None
    promises: PromiseTerms | None = None

    @model_serializer(mode="plain")
    def _whole(self) -> dict[str, Any]:
        """Terms are stored whole, also what is at its default: the defaults of the product may
        change one day, what was laid down for an escalation may not."""
        said: dict[str, Any] = {
            "team": self.team,
            "policy_version": self.policy_version,
            "allowances": dict(self.allowances),
            "ladder": [rung.model_dump(mode="json") for rung in self.ladder],
        }
        groups = {
            "limits": self.limits,
            "decision": self.decision,
            "replies": self.replies,
            "promises": self.promises,
        }
        later: dict[str, Any] = {
            "name": self.name,
            "priority": self.priority,
            "language": self.language,
            "is_public": None if self.is_public else False,
            "calendar": self.calendar
            and self.calendar.model_dump(mode="json", exclude_defaults=True),
            **{n: group.model_dump(mode="json") for n, group in groups.items() if group},
        }
        return said | {name: value for name, value in later.items() if value is not None}
