"""What a draft of a policy would have made of past comments, beside what the policy in force makes
of them. Nothing is changed by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from domain import calendar
from domain.calendar import clock
from domain.errors import Unknown
from domain.policy import Policy, Remark, Routed, route
from domain.terms import DecisionMode, DecisionTerms, Terms

EXAMPLES = 3
"""Escalations that are named for each difference."""


@dataclass
class Difference:
    """One thing that would have been otherwise, how often, and where to look."""

    what: str
    was: str
    would_be: str
    count: int = 0
    examples: list[str] = field(default_factory=list)
    dates: list[tuple[datetime, datetime]] = field(default_factory=list)
    """Of each example, where it is a date that differs: the one in force, and the draft's."""


@dataclass(frozen=True)
class Simulation:
    looked_at: int
    changed: int
    differences: tuple[Difference, ...]
    """The most frequent first."""
    unroutable: tuple[str, ...]
    """Escalations whose channel the draft does not have."""


def simulate(in_force: Policy, draft: Policy, remarks: Iterable[tuple[str, Remark]]) -> Simulation:
    """Route each comment by both policies and gather what differs."""
    found: dict[tuple[str, str, str], Difference] = {}
    looked_at, changed, unroutable = 0, set(), []
    for escalation_id, remark in remarks:
        looked_at += 1
        was, would_be = _outcome(in_force, remark), _outcome(draft, remark)
        if would_be is None:
            unroutable.append(escalation_id)
        if was is None or would_be is None:
            continue
        for what in was:
            if was[what].group == would_be[what].group:
                continue
            changed.add(escalation_id)
            key = (what, *_grouped(was[what], would_be[what]))
            one = found.setdefault(key, Difference(*key))
            one.count += 1
            if len(one.examples) < EXAMPLES:
                one.examples.append(_example(escalation_id, was[what], would_be[what]))
                if (before := was[what].at) and (after := would_be[what].at):
                    one.dates.append((before, after))
    return Simulation(
        looked_at=looked_at,
        changed=len(changed),
        differences=tuple(sorted(found.values(), key=lambda d: (-d.count, d.what, d.was))),
        unroutable=tuple(unroutable),
    )


@dataclass(frozen=True)
class _Trait:
    group: str
    """What two comments must have in common to be counted together."""
    detail: str = ""
    at: datetime | None = None


def _grouped(was: _Trait, would_be: _Trait) -> tuple[str, str]:
    """Due dates are all different: counted together is what comes earlier, and what later."""
    if was.at is None or would_be.at is None:
        return was.group, would_be.group
    return ("as it is", "earlier" if would_be.at < was.at else "later")


def _example(escalation_id: str, was: _Trait, would_be: _Trait) -> str:
    if not was.detail:
        return escalation_id
    return f"{escalation_id} ({was.detail} → {would_be.detail})"


def _outcome(policy: Policy, remark: Remark) -> dict[str, _Trait] | None:
    """What people would notice; None where the policy does not have the channel."""
    try:
        routed = route(policy, 0, remark)
    except Unknown:
        return None
    terms = routed.terms
    due_at = calendar.add(terms.calendar, remark.at, terms.allowances.claim)
    assert terms.decision is not None
    return {
        "team": _Trait(terms.team),
        "terms": _Trait(terms.name or "the general ones"),
        "priority": _Trait(str(terms.priority)),
        "first move due": _Trait(due_at.isoformat(), clock(terms.calendar, due_at), due_at),
        "decided by": _Trait(_deciders(terms.decision)),
        "suspected spam": _Trait("held back" if routed.quarantine else "let through"),
        "language": _Trait(terms.language or "not known"),
        "public": _Trait("yes" if terms.is_public else "no"),
        "ladders": _Trait(_ladders(routed, terms)),
    }


def _deciders(decision: DecisionTerms) -> str:
    who = ", ".join(decision.approvers) or "the executives"
    match decision.mode:
        case DecisionMode.OWNER:
            return "the owner alone"
        case DecisionMode.ONE:
            return f"one of {who}"
        case DecisionMode.ALL:
            return f"all of {who}"
        case DecisionMode.SOME:
            return f"{decision.needed} of {who}"


def _ladders(routed: Routed, terms: Terms) -> str:
    if routed.is_backlog:
        return f"from {clock(terms.calendar, routed.ladders_at)}" if routed.ladders_at else "never"
    return "at once"
