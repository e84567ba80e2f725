"""The one table of rights: who, standing how to a case, may do what to it, and in which stages.

Nothing is decided here; these are the rights that ``domain.entity.may`` asks, of every kind, row by
row, for people to read (docs/rights.md) and for tests to walk.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain.base import Value
from domain.kinds import KINDS
from domain.people import Role
from domain.relations import ANY


class Row(Value):
    """One act on one kind of case."""

    kind: str
    act: str
    who: str
    """The whole of it as a refusal says it."""
    grants: tuple[tuple[Role | None, str], ...]
    """Each role that may, with how somebody who has it stands to the case; None: any role."""
    stages: tuple[str, ...]
    is_machine: bool

    def of(self, role: Role) -> tuple[str, ...]:
        """How somebody with this role has to stand to the case; empty: they may not."""
        told = tuple(said for named, said in self.grants if named in (role, None))
        return (ANY.said,) if ANY.said in told else told


def table() -> Iterator[Row]:
    """Every right there is, by kind, in the order in which each kind lists its own."""
    for kind in KINDS.values():
        for act, right in kind.rights.items():
            yield Row(
                kind=kind.name,
                act=act,
                who=right.who,
                grants=tuple((role, relation.said) for role, relation in right.holds.pairs),
                stages=tuple(sorted(right.stages)),
                is_machine=right.is_machine,
            )
