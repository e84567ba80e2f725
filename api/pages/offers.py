"""What there is to choose from where an act names something else: teams, terms, matters, cases.

An act that has nothing to choose from is not offered; the page says why, as for any other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.policy import GENERAL, calendar_now
from store import matters
from store.policies import InForce
from store.views import EscalationItem
from texts import gettext as _
from texts import stated

MATTERS = 30
"""Matters that are offered to be joined, the newest."""

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Offers:
    """What a page offers beside words to be typed."""

    options: Mapping[str, Options] = field(default_factory=dict)
    """By the name of the field; a field without any is left out."""
    moves_to: datetime | None = None
    """When it would be due by the calendar in force, where that is another date."""
    nothing: Mapping[str, str] = field(default_factory=dict)
    """The acts that there is nothing to choose for, each with the reason, in English."""


def of_escalation(
    session: Session,
    state: Any,
    in_force: InForce,
    acts: Collection[str],
    said_elsewhere: Sequence[EscalationItem],
) -> Offers:
    """What the acts that are possible on an escalation choose from."""
    teams, terms = in_force.policy.teams, in_force.policy.terms
    named = [(name, name) for name in terms if name != GENERAL]
    options = {
        # Within its own team it can only come under other terms.
        "team": [(team, name) for team, name in teams.items() if team != state.team or named],
        "terms": [("", _("The usual ones")), *named] if named else [],
        "matter_id": matters.taking(session, MATTERS) if "join_matter" in acts else [],
        "into": [
            (other.id, f"{other.excerpt[:60]} ({teams.get(other.team, other.team)})")
            for other in said_elsewhere
            if other.closed_at is None
        ],
    }
    moves_to = newer_date(state, in_force)
    why = {
        "team": ("reroute", stated("there is no other team")),
        "matter_id": ("join_matter", stated("no matter is open to be joined")),
        "into": ("merge", stated("no other case of the same person is open")),
    }
    nothing = dict(why[name] for name in why if not options[name])
    return Offers(options, moves_to, {**nothing, **_unmoved(moves_to)})


def of_matter(state: Any, in_force: InForce) -> Offers:
    """The same for a matter, which can only follow another calendar."""
    moves_to = newer_date(state, in_force)
    return Offers(moves_to=moves_to, nothing=_unmoved(moves_to))


def _unmoved(moves_to: datetime | None) -> Mapping[str, str]:
    unmoved = stated("the calendar in force moves nothing here")
    return {} if moves_to else {"accept_calendar": unmoved}


def newer_date(state: Any, in_force: InForce) -> datetime | None:
    """When the next move would be due by the calendar in force; None where that changes nothing."""
    deadline, pinned = state.deadline, state.calendar
    newer = calendar_now(in_force.policy, pinned) if deadline and pinned else None
    due_at: datetime | None = deadline.recomputed(newer).due_at if newer else None
    return due_at if due_at and due_at != deadline.due_at else None
