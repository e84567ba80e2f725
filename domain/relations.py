"""What rights are made of: a role, and how somebody who has it stands to a case.

Every right is a list of such pairs, so that the same table judges each act and is printed for
people to read (``domain.rights``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.people import Actor, Role


@dataclass(frozen=True)
class Relation:
    """How somebody stands to a case: said for people, decided for programs."""

    said: str
    holds: Callable[[Actor, Any], bool]

    def but(self, said: str, never: Callable[[Actor, Any], bool]) -> Relation:
        """The same without those of whom something else is true."""
        return Relation(
            f"{self.said}, {said}",
            lambda actor, state: self.holds(actor, state) and not never(actor, state),
        )


@dataclass(frozen=True)
class Grants:
    """Who may: anybody of whom one of these pairs is true. Without a role, whatever they are."""

    pairs: tuple[tuple[Role | None, Relation], ...]

    def __call__(self, actor: Actor, state: Any) -> bool:
        return any(
            (role is None or actor.has(role)) and relation.holds(actor, state)
            for role, relation in self.pairs
        )

    def __or__(self, other: Grants) -> Grants:
        mine = set(self.pairs)
        return Grants((*self.pairs, *(pair for pair in other.pairs if pair not in mine)))


def to(role: Role | None, relation: Relation) -> Grants:
    """A right of those with this role who stand to a case like this."""
    return Grants(((role, relation),))


ANY = Relation("any", lambda actor, state: True)
TEAM = Relation("of its team", lambda actor, state: state.team in actor.teams)
LEAD = Relation("leading its team", lambda actor, state: state.team in actor.teams & actor.leads)
OWNER = Relation("its owner", lambda actor, state: state.owner == actor.id)

MACHINE = to(Role.SERVICE, ANY)
EXECUTIVES = to(Role.EXECUTIVE, ANY)
OF_TEAM = to(Role.STAFF, TEAM)
OF_TEAM_OR_EXECUTIVE = OF_TEAM | EXECUTIVES
LEADING = to(Role.STAFF, LEAD) | EXECUTIVES
