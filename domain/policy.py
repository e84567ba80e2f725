"""Policy: where the public speaks, who answers, and the terms that an escalation pins.

This is the policy as it is applied and stored: compiled from a file (room ``policy``), whole, with
calendars as data. ``route`` is asked once for each escalation, when it opens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from domain.base import Moment, Seconds, Value
from domain.calendar import Calendar
from domain.errors import Unknown
from domain.people import Actor, Role
from domain.phrases import found, plain
from domain.terms import (
    DAY,
    DEFAULT_LADDER,
    Allowances,
    DecisionTerms,
    Limits,
    Priority,
    PromiseTerms,
    ReplyTerms,
    Rung,
    Terms,
)

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""The id of a channel, team or person: short, lower case, safe in a link and a log."""

Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)]
"""A language tag after BCP 47, such as de or pt-BR."""

GENERAL = "default"
"""The terms that hold where neither a route nor the channel names others."""


class ChannelKind(StrEnum):
    CONSOLE = "console"
    WEBHOOK = "webhook"


class Channel(Value):
    """A place where the public speaks and we answer."""

    kind: ChannelKind
    team: Id
    url: str | None = None
    """webhook: where posts are sent."""
    find_url: str | None = None
    """webhook: answers GET ?id=<post id> with 200 or 404; without it nothing can be found."""
    max_length: int = Field(default=5000, ge=1)
    """The longest post the channel takes, in characters (Unicode code points)."""
    posts_per_second: float = Field(default=10, gt=0)
    posts_per_day: int | None = Field(default=None, ge=1)
    """What the channel takes in any twenty-four hours; None: no limit that we know of."""
    terms: Id | None = None
    """Which terms hold here where no route says otherwise."""

    @model_validator(mode="after")
    def _webhooks_have_an_address(self) -> Channel:
        if self.kind is ChannelKind.WEBHOOK and not self.url:
            raise ValueError("a webhook channel needs url, the address that posts are sent to")
        for name in ("url", "find_url"):
            address = getattr(self, name)
            if address and not address.startswith(("http://", "https://")):
                raise ValueError(f"{name} must start with https:// or http://")
        return self


class Plan(Value):
    """Terms by name, as ``route`` lays them down: whole, but for the team."""

    calendar: Id | None = None
    """Whose working time counts; None: plain time, around the clock."""
    ladder: tuple[Rung, ...] = DEFAULT_LADDER
    priority: Priority = Priority.NORMAL
    language: Language | None = None
    """The language to answer in; None: that of the comment, where it is known."""
    is_public: bool = True
    allowances: Allowances = Allowances()
    limits: Limits = Limits()
    decision: DecisionTerms = DecisionTerms()
    replies: ReplyTerms = ReplyTerms()
    promises: PromiseTerms = PromiseTerms()


class When(Value):
    """What a comment must be like for a rule to hold: everything that is said, at once.

    Of the entries of one list, any will do. What is not said does not matter.
    """

    channels: tuple[Id, ...] = ()
    words: tuple[str, ...] = ()
    """Whole words or phrases, whatever the case; see ``domain.phrases``."""
    reach_at_least: int | None = Field(default=None, ge=0)
    """How many people its author reaches; nothing known counts as nobody."""
    languages: tuple[Language, ...] = ()
    """``de`` also stands for de-AT (RFC 4647, basic filtering)."""
    during: Id | None = None
    """It was received in the hours of this calendar."""
    outside: Id | None = None
    backlog: bool | None = None

    def covers(self, other: When) -> bool:
        """Whether whatever the other one fits is certain to fit this one too."""
        same = (self.during, other.during), (self.outside, other.outside)
        return (
            (not self.channels or (bool(other.channels) and {*other.channels} <= {*self.channels}))
            and (not self.words or _all(found(self.words, word) for word in other.words))
            and (self.reach_at_least or 0) <= (other.reach_at_least or 0)
            and (not self.languages or _all(_speaks(self, tag) for tag in other.languages))
            and all(mine in (None, theirs) for mine, theirs in same)
            and self.backlog in (None, other.backlog)
        )


def _all(found_: Iterator[Any]) -> bool:
    """Whether there is at least one, and none of them is missing."""
    each = [bool(one) for one in found_]
    return bool(each) and all(each)


def _speaks(when: When, tag: str) -> bool:
    return any(
        tag.lower() == wanted.lower() or tag.lower().startswith(f"{wanted.lower()}-")
        for wanted in when.languages
    )


class Rule(Value):
    """A step of the routing: where it fits, what it names holds. The first one that fits counts.

    Its name is an id, because it goes into the ledger.
    """

    name: Id
    when: When = When()
    team: Id | None = None
    terms: Id | None = None
    priority: Priority | None = None
    quarantine: bool = False
    """It looks like spam: kept apart until somebody has looked at it."""


class Shown(StrEnum):
    """How somebody appears in public, the most open first."""

    NAME = "name"
    FIRST_NAME = "first_name"
    ROLE = "role"
    TEAM = "team"


class Audience(StrEnum):
    """Who sees figures about single people, the widest first."""

    PUBLIC = "public"
    STAFF = "staff"
    EXECUTIVES = "executives"
    """Executives and auditors."""
    NOBODY = "nobody"


class PublicRules(Value):
    """How people appear on the public ledger, and who sees figures person by person."""

    staff: Shown = Shown.FIRST_NAME
    executives: Shown = Shown.NAME
    staff_figures: Audience = Audience.STAFF
    executive_figures: Audience = Audience.PUBLIC
    ledger: bool = True
    """Whether there is a public ledger at all."""
    organisation: str | None = Field(default=None, min_length=1, max_length=80)
    """By which name the public knows whoever makes the promises."""

    def shows_figures(self, reader: Actor, roles: Collection[Role]) -> bool:
        """Whether figures about somebody with these roles may be read by this person. Who is an
        executive besides is counted as one: their figures are never the more hidden ones."""
        is_executive = Role.EXECUTIVE in roles
        match self.executive_figures if is_executive else self.staff_figures:
            case Audience.PUBLIC | Audience.STAFF:
                return bool(reader.roles & {Role.STAFF, Role.EXECUTIVE, Role.AUDITOR})
            case Audience.EXECUTIVES:
                return bool(reader.roles & {Role.EXECUTIVE, Role.AUDITOR})
            case Audience.NOBODY:
                return False

    @model_validator(mode="after")
    def _nobody_hides_alone(self) -> PublicRules:
        openness = {one: n for scale in (Shown, Audience) for n, one in enumerate(scale)}
        for executives, staff in (("executives", "staff"), ("executive_figures", "staff_figures")):
            theirs, others = getattr(self, executives), getattr(self, staff)
            if openness[theirs] > openness[others]:
                raise ValueError(
                    f"{executives} = '{theirs}' hides more than {staff} = '{others}'; "
                    "executives cannot be exempted alone"
                )
        return self


class Member(Value):
    """What somebody may do, as the policy lays it down. Names and addresses are not policy: those
    can be erased, and versions of the policy cannot."""

    roles: tuple[Role, ...] = ()
    teams: tuple[Id, ...] = ()
    leads: tuple[Id, ...] = ()
    manager: Id | None = None
    zone: str | None = None
    hours: str | None = None


class Policy(Value):
    """Channels and terms in force. Versions are stored and never changed."""

    channels: dict[Id, Channel]
    teams: dict[Id, str]
    """Team id to the name people read."""
    allowances: Allowances = Allowances()
    ladder: tuple[Rung, ...] = DEFAULT_LADDER
    """With ``allowances``: what holds where no terms have a name."""
    calendars: dict[Id, Calendar] = {}
    terms: dict[Id, Plan] = {}
    routes: tuple[Rule, ...] = ()
    public: PublicRules = PublicRules()
    backlog_ladders_at: Moment | None = None
    """When the ladders of an imported backlog begin; None: never."""
    people: dict[Id, Member] = {}
    """Who was given which roles when it was applied. Who may do what now is not asked here."""

    @model_validator(mode="after")
    def _channels_name_known_teams(self) -> Policy:
        for name, channel in self.channels.items():
            if channel.team not in self.teams:
                raise ValueError(
                    f"channels.{name}.team is '{channel.team}', which is not under [teams]"
                )
        if any(a.permille > b.permille for a, b in zip(self.ladder, self.ladder[1:], strict=False)):
            raise ValueError("ladder: rungs must be in rising order of permille")
        return self

    @model_validator(mode="after")
    def _names_what_there_is(self) -> Policy:
        """A policy that points at nothing would be found out by a comment, at night."""
        for where, kind, name in self._pointers():
            if name is not None and name not in getattr(self, kind):
                raise ValueError(f"{where} is '{name}', which is not under [{kind}]")
        return self

    def _pointers(self) -> Iterator[tuple[str, str, str | None]]:
        for name, channel in self.channels.items():
            yield f"channels.{name}.terms", "terms", channel.terms
        for name, plan in self.terms.items():
            yield f"terms.{name}.calendar", "calendars", plan.calendar
        for n, rule in enumerate(self.routes):
            yield f"routes[{n}].team", "teams", rule.team
            yield f"routes[{n}].terms", "terms", rule.terms
            yield f"routes[{n}].when.during", "calendars", rule.when.during
            yield f"routes[{n}].when.outside", "calendars", rule.when.outside

    def plan(self, name: str | None) -> Plan:
        """The terms of this name; the general ones where none is given."""
        if name is None and GENERAL not in self.terms:
            return Plan(allowances=self.allowances, ladder=self.ladder)
        return self.terms[name or GENERAL]

    @property
    def zone(self) -> str:
        """In which the house tells the time to the public, and to its people who work in no team:
        that of the calendar of the general terms, or else of the first calendar by id."""
        calendar = self.plan(None).calendar or min(self.calendars, default=None)
        return self.calendars[calendar].zone if calendar else "UTC"


# Routing. ------------------------------------------------------------------------------------


class Remark(Value):
    """What routing looks at in the comment that opens an escalation. It is never stored: the text
    is somebody's words."""

    channel: str
    text: str = ""
    reach: int | None = None
    language: str | None = None
    at: Moment
    """When we received it."""
    is_backlog: bool = False


class Routed(Value):
    """Where a comment goes: its terms, and whether it is set apart as suspected spam."""

    terms: Terms
    quarantine: bool = False
    rule: str | None = None
    """The name of the rule that fitted; None where none did."""
    is_backlog: bool = False
    """Opened without ladders. What is imported once the backlog's date has come is no backlog."""
    ladders_at: Moment | None = None
    """Of a backlog: when its ladders begin; None: never."""


def route(policy: Policy, version: int, remark: Remark) -> Routed:
    """The terms for a comment, whole. Raises Unknown for a channel that policy does not have."""
    channel = policy.channels.get(remark.channel)
    if channel is None:
        raise Unknown(
            "unknown_channel",
            f"there is no channel '{remark.channel}' in version {version} of the policy",
            "put it back into the policy: comments from it are waiting",
        )
    rule = next((r for r in policy.routes if fits(policy, r.when, remark)), None)
    name = (rule and rule.terms) or channel.terms
    terms = terms_for(policy, version, (rule and rule.team) or channel.team, name, remark.at)
    if rule is not None and rule.priority is not None:
        terms = terms.model_copy(update={"priority": rule.priority})
    if terms.language is None:
        terms = terms.model_copy(update={"language": remark.language})
    begins_at = policy.backlog_ladders_at
    is_backlog = remark.is_backlog and (begins_at is None or remark.at < begins_at)
    return Routed(
        terms=terms,
        quarantine=rule is not None and rule.quarantine,
        rule=rule.name if rule else None,
        is_backlog=is_backlog,
        ladders_at=begins_at if is_backlog else None,
    )


def terms_for(policy: Policy, version: int, team: str, name: str | None, at: datetime) -> Terms:
    """The terms of this name, or the general ones, for a team: whole. Raises KeyError for what
    policy lacks."""
    if team not in policy.teams:
        raise KeyError(f"team '{team}'")
    if name is None and GENERAL in policy.terms:
        name = GENERAL
    if name is not None and name not in policy.terms:
        raise KeyError(f"terms '{name}'")
    plan = policy.plan(name)
    return Terms(
        team=team,
        policy_version=version,
        name=name,
        priority=plan.priority,
        language=plan.language,
        is_public=plan.is_public,
        calendar=_calendar(policy, plan, at),
        ladder=plan.ladder,
        allowances=plan.allowances,
        limits=plan.limits,
        decision=plan.decision,
        replies=plan.replies,
        promises=plan.promises,
    )


def fits(policy: Policy, when: When, remark: Remark) -> bool:
    """Whether a comment is as a rule wants it."""
    return (
        (not when.channels or remark.channel in when.channels)
        and (when.backlog in (None, remark.is_backlog))
        and (remark.reach or 0) >= (when.reach_at_least or 0)
        and (not when.languages or (remark.language is not None and _speaks(when, remark.language)))
        and (when.during is None or policy.calendars[when.during].is_open(remark.at))
        and (when.outside is None or not policy.calendars[when.outside].is_open(remark.at))
        and (not when.words or found(when.words, remark.text) is not None)
    )


def is_blank(phrase: str) -> bool:
    """Whether nothing is left of a phrase when it is compared, so that it is never found."""
    return not plain(phrase)


def _calendar(policy: Policy, plan: Plan, at: datetime) -> Calendar | None:
    """The plan's calendar, as far as it can matter to what opens now: every escalation carries it
    along, and its promises do after it."""
    if plan.calendar is None:
        return None
    whole = policy.calendars[plan.calendar]
    return whole.cut(at.date(), _days(plan, whole))


def calendar_now(policy: Policy, pinned: Calendar) -> Calendar | None:
    """The calendar of this name as the policy has it, for the same days; None if it has none."""
    whole = policy.calendars.get(pinned.id)
    if whole is None:
        return None
    return whole.cut(pinned.since + timedelta(days=1), (pinned.until - pinned.since).days - 2)


PROMISED = 400
"""Days for which a promise is expected to run at most; a longer one counts on without holidays."""


def _days(plan: Plan, calendar: Calendar) -> int:
    """How long this can go on, in days: every move at its latest, stretched by pauses, extensions
    and the ladder's last rung, and a promise at the end."""
    a, limits = plan.allowances, plan.limits
    last = max([1000, *(r.permille for r in plan.ladder)])
    moves = (a.claim + a.propose + a.decide + a.reply) * last // 1000 + 4 * limits.extend
    after = sum(max(r.offset or 0, 0) + r.every * (r.times - 1) for r in plan.ladder)
    working = moves + after + plan.decision.inform + plan.promises.settle
    plain_time = a.listen + limits.pause * limits.pauses + plan.promises.confirm
    return -(-(working * _stretch(calendar) + plain_time) // DAY) + PROMISED


def _stretch(calendar: Calendar) -> int:
    """How many seconds go by for one of working time, rounded up, holidays allowed for."""
    return -(-7 * DAY // week_of(calendar)) + 1


def week_of(calendar: Calendar | None) -> Seconds:
    """The working time of a week in which nothing special happens."""
    if calendar is None:
        return 7 * DAY
    return sum(w.closes - w.opens for windows in calendar.weekly for w in windows) * 60
