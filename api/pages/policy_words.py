"""A policy as people read it: what holds for whom, section by section, without its keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from api.pages import labels, times
from api.pages.draft_words import AUDIENCES, SHOWN, preview
from domain.base import Seconds
from domain.policy import GENERAL, Channel, Member, Plan, Policy, Rule, When
from domain.terms import DecisionMode, DecisionTerms, Rung
from policy.spans import PLAIN, Units, working
from texts import gettext as _
from texts import ngettext


@dataclass(frozen=True)
class Part:
    """One thing of a section, such as a channel, with what is said of it, line by line."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class SectionOf:
    """A section of the page. ``id`` is where an address leads to it."""

    id: str
    title: str
    parts: tuple[Part, ...]


def sections(policy: Policy) -> tuple[SectionOf, ...]:
    """All of a policy. What it does not have is left out."""
    plans = policy.terms if GENERAL in policy.terms else {"": policy.plan(None), **policy.terms}
    found = (
        SectionOf("teams", _("Teams"), tuple(_team(policy, team) for team in policy.teams)),
        SectionOf(
            "channels",
            _("Channels"),
            tuple(Part(name, tuple(_channel(policy, c))) for name, c in policy.channels.items()),
        ),
        SectionOf(
            "routes",
            _("Routes, the first that fits counts"),
            tuple(Part(rule.name, tuple(_rule(policy, rule))) for rule in policy.routes),
        ),
        SectionOf(
            "terms",
            _("Terms"),
            tuple(
                Part(name or _("the general ones"), tuple(_plan(policy, plan)))
                for name, plan in plans.items()
            ),
        ),
        SectionOf(
            "calendars",
            _("Calendars"),
            tuple(Part(name, preview(c)) for name, c in policy.calendars.items()),
        ),
        SectionOf("public", _("In public"), (Part("", tuple(_public(policy))),)),
        SectionOf(
            "people",
            _("People whose roles it sets"),
            tuple(
                Part(name, (_standing(policy, member),)) for name, member in policy.people.items()
            ),
        ),
    )
    return tuple(section for section in found if section.parts)


def _standing(policy: Policy, member: Member) -> str:
    roles = (labels.ROLE_NAMES[role] for role in member.roles)
    return ", ".join((*roles, *(policy.teams.get(team, team) for team in member.teams)))


def _team(policy: Policy, team: str) -> Part:
    named = [name for name, channel in policy.channels.items() if channel.team == team]
    line = (
        _("Answers on %(channels)s.", channels=", ".join(named))
        if named
        else _("Is reached by routes alone.")
    )
    return Part(policy.teams[team], (line,))


def _channel(policy: Policy, channel: Channel) -> Iterator[str]:
    yield _("A %(kind)s, answered by %(team)s.", kind=channel.kind, team=policy.teams[channel.team])
    if channel.terms:
        yield _("Its terms are “%(terms)s”.", terms=channel.terms)
    yield _("A post has at most %(count)s characters.", count=channel.max_length)
    if channel.posts_per_day:
        yield ngettext(
            "It takes one post in a day.", "It takes %(num)s posts in a day.", channel.posts_per_day
        )
    if channel.url:
        yield _("Posts are sent to %(address)s.", address=channel.url)
    if channel.find_url:
        yield _("Whether a post arrived is asked at %(address)s.", address=channel.find_url)


def _rule(policy: Policy, rule: Rule) -> Iterator[str]:
    yield _("Fits %(what)s.", what="; ".join(_when(rule.when)) or _("everything"))
    if rule.team:
        yield _("Goes to %(team)s.", team=policy.teams[rule.team])
    if rule.terms:
        yield _("Its terms are “%(terms)s”.", terms=rule.terms)
    if rule.priority:
        yield _("Priority: %(priority)s.", priority=labels.PRIORITIES[rule.priority])
    if rule.quarantine:
        yield _("Is set apart as suspected spam.")


def _when(when: When) -> Iterator[str]:
    if when.channels:
        yield _("what comes in on %(channels)s", channels=", ".join(when.channels))
    if when.words:
        yield _("with one of the words “%(words)s”", words="”, “".join(when.words))
    if when.reach_at_least:
        yield _("of somebody who reaches %(count)s people", count=when.reach_at_least)
    if when.languages:
        yield _("in %(languages)s", languages=", ".join(when.languages))
    if when.during:
        yield _("in the hours of “%(calendar)s”", calendar=when.during)
    if when.outside:
        yield _("outside the hours of “%(calendar)s”", calendar=when.outside)
    if when.backlog is not None:
        yield _("of a backlog") if when.backlog else _("not of a backlog")


def _span(seconds: Seconds, units: Units = PLAIN) -> str:
    return times.exact_span(seconds) if units == PLAIN else times.working_span(seconds)


def _plan(policy: Policy, plan: Plan) -> Iterator[str]:
    units = working(policy.calendars[plan.calendar] if plan.calendar else None)
    a = plan.allowances
    yield (
        _("Time counts in the hours of “%(calendar)s”.", calendar=plan.calendar)
        if plan.calendar
        else _("Time counts around the clock.")
    )
    yield _(
        "%(claim)s to claim, %(propose)s to propose, %(decide)s to decide, %(reply)s to reply.",
        claim=_span(a.claim, units),
        propose=_span(a.propose, units),
        decide=_span(a.decide, units),
        reply=_span(a.reply, units),
    )
    yield _("Then we listen for %(time)s.", time=_span(a.listen))
    yield _("Decided by %(who)s.", who=_deciders(plan.decision))
    if plan.decision.batch:
        yield _("Like cases may be decided together, with one reason.")
    yield _("Priority: %(priority)s.", priority=labels.PRIORITIES[plan.priority])
    yield _("On the public ledger.") if plan.is_public else _("Not on the public ledger.")
    yield from (_rung(rung, units) for rung in plan.ladder)
    yield from _more(plan, units)


def _more(plan: Plan, units: Units) -> Iterator[str]:
    limits = plan.limits
    if limits.lease:
        yield _("A claim holds for %(time)s without a move.", time=_span(limits.lease, units))
    if limits.pauses:
        yield ngettext(
            "May be paused once, for %(time)s at most.",
            "May be paused %(num)s times, for %(time)s at most.",
            limits.pauses,
            time=_span(limits.pause),
        )
    if limits.extensions:
        yield ngettext(
            "May be extended once, by %(time)s at most.",
            "May be extended %(num)s times, by %(time)s in all.",
            limits.extensions,
            time=_span(limits.extend, units),
        )
    if plan.replies.undo:
        yield _(
            "Cleared words wait %(time)s before they go out.", time=_span(plan.replies.undo, PLAIN)
        )
    if not plan.replies.gate:
        yield _("Sentences that read like promises go out without anybody tied to them.")


def _deciders(decision: DecisionTerms) -> str:
    who = ", ".join(decision.approvers) or _("the executives")
    match decision.mode:
        case DecisionMode.OWNER:
            return _("the owner alone")
        case DecisionMode.ONE:
            return _("one of %(who)s", who=who)
        case DecisionMode.ALL:
            return _("all of %(who)s", who=who)
        case DecisionMode.SOME:
            return _("%(count)s of %(who)s", count=decision.needed, who=who)


def _rung(rung: Rung, units: Units) -> str:
    if rung.offset is None:
        at = _("At %(share)s %% of the time", share=f"{rung.permille / 10:g}")
    elif rung.offset < 0:
        at = _("%(time)s before the deadline", time=_span(-rung.offset, units))
    else:
        at = _("%(time)s after the deadline", time=_span(rung.offset, units))
    role = labels.ROLE_NAMES[rung.role] if rung.role else ""
    whom = rung.person or role or labels.SEATS[rung.to]
    act = labels.RUNG_ACTS[rung.act]
    if rung.times > 1:
        every = _span(rung.every, units)
        return _(
            "%(at)s: %(act)s %(whom)s, %(times)s times, every %(every)s.",
            at=at, act=act, whom=whom, times=rung.times, every=every,
        )  # fmt: skip
    return _("%(at)s: %(act)s %(whom)s.", at=at, act=act, whom=whom)


def _public(policy: Policy) -> Iterator[str]:
    rules = policy.public
    if not rules.ledger:
        yield _("There is no public ledger.")
    yield _("Staff appear by %(how)s.", how=SHOWN[rules.staff])
    yield _("Executives appear by %(how)s.", how=SHOWN[rules.executives])
    yield _("Figures about single staff are for %(who)s.", who=AUDIENCES[rules.staff_figures])
    yield _(
        "Figures about single executives are for %(who)s.", who=AUDIENCES[rules.executive_figures]
    )
    if rules.organisation:
        yield _("The public knows us as %(name)s.", name=rules.organisation)
