"""The calendars of teams, read from the policy in force: whoever has no hours of their own works
when their team does."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from domain.calendar import Calendar
from domain.policy import Policy
from store.statements import ask, plain
from store.tables import PolicyVersion


class Calendars(NamedTuple):
    """What a policy says about working time: the calendar of each team that has one, and the zone
    of the house."""

    of_teams: dict[str, Calendar]
    zone: str


_KNOWN: OrderedDict[str, Calendars] = OrderedDict()
"""The calendars by the digest of their policy: seats are filled far more often than a
policy is applied, and its text is long."""

_MOST = 8


@lru_cache(maxsize=_MOST)
def parsed(body: str) -> Policy:
    """Every hand-over asks for the policy in force, and its calendars take milliseconds to read."""
    return Policy.model_validate_json(body)


_VERSIONS = plain(PolicyVersion).c
_NEWEST = select(_VERSIONS.version, _VERSIONS.digest).order_by(_VERSIONS.version.desc()).limit(1)


def of_teams(session: Session) -> dict[str, Calendar]:
    """The calendar of each team that has one, by the policy in force."""
    return in_force(session).of_teams


def in_force(session: Session) -> Calendars:
    """The calendars of the policy in force."""
    row = ask(session, _NEWEST).first()
    if row is None:
        return Calendars({}, "UTC")
    found = _KNOWN.get(row.digest)
    if found is None:
        found = _of(parsed(session.get_one(PolicyVersion, row.version).body))
        _KNOWN[row.digest] = found
        while len(_KNOWN) > _MOST:
            _KNOWN.popitem(last=False)
    return found


def _of(policy: Policy) -> Calendars:
    """For each team the calendar of the terms of its first channel, by id, whose terms name one."""
    found: dict[str, Calendar] = {}
    for _, channel in sorted(policy.channels.items()):
        calendar = policy.plan(channel.terms).calendar
        if calendar is not None and channel.team not in found:
            found[channel.team] = policy.calendars[calendar]
    return Calendars(found, policy.zone)


def of_person(calendars: dict[str, Calendar], teams: Iterable[str]) -> Calendar | None:
    """The calendar of the first of these teams, by id, that has one."""
    return next((calendars[team] for team in sorted(teams) if team in calendars), None)
