"""How people appear in public, and who sees figures about single people: the policy's ``[public]``
made real. Asked by whatever the public reads, and by whatever counts person by person.
"""

from __future__ import annotations

from domain.people import Actor, Role
from domain.policy import Audience, PublicRules, Shown

EXECUTIVE = "an executive"
STAFF = "a member of staff"


def appearance(rules: PublicRules, *, is_executive: bool, name: str, team: str) -> str:
    """What the public calls somebody: never more than the policy shows.

    ``team`` is the name of the team whose promise it is. Somebody without a name is called by it.
    """
    shown = rules.executives if is_executive else rules.staff
    match shown:
        case Shown.NAME:
            return name.strip() or team
        case Shown.FIRST_NAME:
            return first_name(name) or team
        case Shown.ROLE:
            return EXECUTIVE if is_executive else STAFF
        case Shown.TEAM:
            return team


def first_name(name: str) -> str:
    """The first part of a name that is no title: ``Dr. Ada Lindqvist`` is Ada."""
    parts = name.split()
    return next((part for part in parts if not part.endswith(".")), "".join(parts[:1]))


def tells_people_apart(rules: PublicRules, *, is_executive: bool) -> bool:
    """Whether two of them are two in public; otherwise their figures are counted together."""
    shown = rules.executives if is_executive else rules.staff
    return shown in (Shown.NAME, Shown.FIRST_NAME)


def sees_figures(rules: PublicRules, actor: Actor | None, *, of_executive: bool) -> bool:
    """Whether figures about a single person are for this reader's eyes; None is the public."""
    audience = rules.executive_figures if of_executive else rules.staff_figures
    if audience is Audience.PUBLIC:
        return True
    return actor is not None and bool(actor.roles & _READERS[audience])


_READERS = {
    Audience.STAFF: frozenset({Role.STAFF, Role.EXECUTIVE, Role.AUDITOR}),
    Audience.EXECUTIVES: frozenset({Role.EXECUTIVE, Role.AUDITOR}),
    Audience.NOBODY: frozenset[Role](),
}
