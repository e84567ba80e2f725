"""What there is to choose from where an act names something else: people, teams, terms, matters,
cases. Offered is what the rules would take, by its name.

An act that has nothing to choose from is not offered; the page says why, as for any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

import texts
from api.pages import days, times
from domain.escalation import Escalation
from domain.escalation.approving import newcomer_refused
from domain.escalation.rights import panel_of
from domain.matter import Matter
from domain.people import Actor, Role
from domain.policy import GENERAL, calendar_now
from store import matters, people, roster
from store.policies import InForce
from store.views import EscalationItem
from texts import gettext as _
from texts import stated

MATTERS = 30
"""Matters that are offered to be joined, the newest."""

Options = Sequence[tuple[str, str]]
"""What is sent, and what stands for it on the page."""


# People. --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Colleague:
    """Somebody who works here, as far as choosing them goes. ``actor`` has one team at most: the
    one that was asked about."""

    actor: Actor
    name: str
    away_until: datetime | None = None

    @property
    def option(self) -> tuple[str, str]:
        return self.actor.id, called(self.name, self.away_until)


def called(name: str, away_until: datetime | None) -> str:
    """A name to choose by, with the last day on which this person is away."""
    if away_until is None:
        return name
    # An absence ends with the first moment back, often a midnight: the day before is the last.
    last = days.day_of(away_until - timedelta(seconds=1), texts.zone())
    return _("%(name)s (away until %(day)s)", name=name, day=times.day(last))


def colleagues(session: Session, team: str, at: datetime) -> list[Colleague]:
    """Everybody who is with us at this moment, by name."""
    members, away = people.of_team(session, team), roster.away_until(session, at)
    return [
        Colleague(
            Actor(
                id=row.id,
                roles=frozenset(Role(role) for role in row.roles),
                teams=frozenset({team} if row.id in members else ()),
            ),
            row.name,
            away.get(row.id),
        )
        for row in people.active(session)
    ]


def chosen(around: Sequence[Colleague], may: Callable[[Actor], bool]) -> Options:
    """Those of whom this is true, to be chosen by their names."""
    return [one.option for one in around if may(one.actor)]


def accountable(around: Sequence[Colleague]) -> Options:
    """Who may be accountable for a promise."""
    return chosen(around, lambda actor: bool(actor.roles & {Role.STAFF, Role.EXECUTIVE}))


# Of a case. -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offers:
    """What a page offers beside words to be typed."""

    options: Mapping[str, Mapping[str, Options]] = field(default_factory=dict)
    """By act and name of the field; a field without any is left out."""
    moves_to: datetime | None = None
    """When it would be due by the calendar in force, where that is another date."""
    nothing: Mapping[str, str] = field(default_factory=dict)
    """The acts that there is nothing to choose for, each with the reason, in English."""


def of_escalation(
    session: Session,
    state: Escalation,
    in_force: InForce,
    acts: AbstractSet[str],
    around: Sequence[Colleague],
    said_elsewhere: Sequence[EscalationItem],
) -> Offers:
    """What the acts that are possible on an escalation choose from."""
    teams, terms = in_force.policy.teams, in_force.policy.terms
    named = [(name, name) for name in terms if name != GENERAL]
    options: dict[str, dict[str, Options]] = {
        "assign": {"person": _owners(state, around)},
        "reroute": {
            # Within its own team it can only come under other terms.
            "team": [(team, name) for team, name in teams.items() if team != state.team or named],
            "terms": [("", _("The usual ones")), *named] if named else [],
        },
        "merge": {
            "into": [
                (other.id, f"{other.excerpt[:60]} ({teams.get(other.team, other.team)})")
                for other in said_elsewhere
                if other.closed_at is None
            ]
        },
        "join_matter": {
            "matter_id": matters.taking(session, MATTERS) if "join_matter" in acts else []
        },
    }
    if acts & {"add_approver", "replace_approver"}:
        options |= _approvers(session, state, around)
    moves_to = newer_date(state, in_force)
    return Offers(options, moves_to, {**_missing(options), **_unmoved(moves_to)})


def of_matter(state: Matter, in_force: InForce, around: Sequence[Colleague]) -> Offers:
    """The same for a matter."""
    options = {"assign": {"person": _owners(state, around)}}
    moves_to = newer_date(state, in_force)
    return Offers(options, moves_to, {**_missing(options), **_unmoved(moves_to)})


def _owners(state: Escalation | Matter, around: Sequence[Colleague]) -> Options:
    """Who may take it over: staff of its team, and a matter an executive as well."""
    more = {Role.EXECUTIVE} if isinstance(state, Matter) else set()
    return chosen(
        around,
        lambda actor: (
            actor.id != state.owner and (actor.works_in(state.team) or bool(actor.roles & more))
        ),
    )


def _approvers(
    session: Session, state: Escalation, around: Sequence[Colleague]
) -> dict[str, dict[str, Options]]:
    """Who may be asked as well, and whose word is missing: also of those who have left."""
    new = chosen(around, lambda actor: newcomer_refused(state, actor) is None)
    missing = panel_of(state).missing
    named = people.names(session, missing)
    here = {one.actor.id: one.option[1] for one in around}
    gone = [
        (person, here.get(person) or _("%(name)s (has left)", name=named.get(person, person)))
        for person in missing
    ]
    return {
        "add_approver": {"person": new},
        "replace_approver": {"person": gone, "replaced_by": new},
    }


_WHY = {
    ("assign", "person"): stated("nobody else could take it"),
    ("reroute", "team"): stated("there is no other team"),
    ("merge", "into"): stated("no other case of the same person is open"),
    ("join_matter", "matter_id"): stated("no matter is open to be joined"),
    ("add_approver", "person"): stated("everybody who could be asked is asked already"),
    ("replace_approver", "replaced_by"): stated("everybody who could be asked is asked already"),
}
"""What is said of an act that has nothing to choose from for this field."""


def _missing(options: Mapping[str, Mapping[str, Options]]) -> dict[str, str]:
    return {
        act: why for (act, name), why in _WHY.items() if act in options and not options[act][name]
    }


def _unmoved(moves_to: datetime | None) -> Mapping[str, str]:
    unmoved = stated("the calendar in force moves nothing here")
    return {} if moves_to else {"accept_calendar": unmoved}


def newer_date(state: Any, in_force: InForce) -> datetime | None:
    """When the next move would be due by the calendar in force; None where that changes nothing."""
    deadline, pinned = state.deadline, state.calendar
    newer = calendar_now(in_force.policy, pinned) if deadline and pinned else None
    due_at: datetime | None = deadline.recomputed(newer).due_at if newer else None
    return due_at if due_at and due_at != deadline.due_at else None
