"""Who acts: roles, teams and the seats that ladders and notices speak to."""

from __future__ import annotations

from enum import StrEnum

from domain.base import PUBLIC, SYSTEM, Value


class Role(StrEnum):
    STAFF = "staff"
    EXECUTIVE = "executive"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SERVICE = "service"


class Actor(Value):
    """A person (or machine) with the roles and teams they had when they asked.

    Found by the door and carried in the command, so that a history can be judged on its own.
    """

    id: str
    roles: frozenset[Role] = frozenset()
    teams: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    stands_for: tuple[str, ...] = ()
    """The people whose decisions this one may make now, by delegation or as their deputy."""

    def has(self, role: Role) -> bool:
        return role in self.roles

    def works_in(self, team: str) -> bool:
        return self.has(Role.STAFF) and team in self.teams


def mentioned(people: tuple[str, ...], by: Actor) -> tuple[str, ...]:
    """Whom a note is told to: everybody who stands in it, once, but whoever wrote it."""
    return tuple(sorted(set(people) - {by.id}))


MACHINE = Actor(id=SYSTEM, roles=frozenset({Role.SERVICE}))
"""Timers and workflows."""

COMMENTER = Actor(id=PUBLIC, roles=frozenset({Role.SERVICE}))
"""The intake, acting for whoever wrote the comment."""


class Seat(StrEnum):
    """A place that somebody fills now; who that is, is found when it is needed."""

    TEAM = "team"
    LEAD = "lead"
    OWNER = "owner"
    APPROVERS = "approvers"
    REVIEWERS = "reviewers"
    ACCOUNTABLE = "accountable"
    EXECUTIVES = "executives"
    MANAGER = "manager"
    """The manager of the owner, or of whoever is accountable; without either, of the leads."""
    ROLE = "role"
    PERSON = "person"


class Seats(Value):
    """What a seat depends on: the team, and the people already in the story."""

    team: str
    owner: str | None = None
    accountable: str | None = None
    person: str | None = None
    role: Role | None = None
    approvers: tuple[str, ...] = ()
    """The people who are named to decide; none named: every executive."""
    not_person: str | None = None
    """Whoever may not fill the seat of an approver or reviewer: the proposer, the writer."""
