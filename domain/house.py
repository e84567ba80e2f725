"""What happens in the house itself and has no workflow: people, roles, tokens, policy, absences.

These events are kept in one stream of the same ledger, chained like every other. They carry ids,
enums, times and digests: no name, no address, no secret. What is said of a person here can never
be taken back, so it is said that their name changed, not to what.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from domain.base import Moment
from domain.entity import Event
from domain.errors import Forbidden
from domain.people import Actor, Role

HOUSE = "house"
"""The name of the stream."""

ROOT = "root"
"""Who is named for what is done on the machine itself, where nobody else is named."""


class Reason(StrEnum):
    """Why an absence was planned.

    There is deliberately no word for illness here or anywhere: the ledger keeps what it is told
    for ever, and that is nobody's business but the person's.
    """

    VACATION = "vacation"
    DUTY = "duty"
    OTHER = "other"


class Field(StrEnum):
    """What of a person was changed."""

    NAME = "name"
    EMAIL = "email"
    MANAGER = "manager"
    ZONE = "zone"
    HOURS = "hours"


class PersonAdded(Event):
    """Also somebody who had left and is back: their id stays theirs."""

    NAME: ClassVar[str] = "house:person:added"
    person: str
    manager: str | None = None


class PersonChanged(Event):
    NAME: ClassVar[str] = "house:person:changed"
    person: str
    fields: tuple[Field, ...]
    manager: str | None = None
    """Their manager from now on, whether or not that is what changed."""


class PersonLeft(Event):
    NAME: ClassVar[str] = "house:person:left"
    person: str


class RoleGranted(Event):
    NAME: ClassVar[str] = "house:role:granted"
    person: str
    role: Role


class RoleWithdrawn(Event):
    NAME: ClassVar[str] = "house:role:withdrawn"
    person: str
    role: Role


class TeamJoined(Event):
    """Also a change between leading a team and working in it."""

    NAME: ClassVar[str] = "house:team:joined"
    person: str
    team: str
    is_lead: bool = False


class TeamLeft(Event):
    NAME: ClassVar[str] = "house:team:left"
    person: str
    team: str


class TokenMade(Event):
    """A token for a program, or the session that begins when somebody signs in."""

    NAME: ClassVar[str] = "house:token:made"
    token: str
    person: str
    purpose: str
    expires_at: Moment | None = None


class TokenRevoked(Event):
    NAME: ClassVar[str] = "house:token:revoked"
    token: str
    person: str


class IdentityBound(Event):
    """From now on an account at the identity provider signs in as this person. Which account,
    the ledger does not say; the row of this id does, while there is one."""

    NAME: ClassVar[str] = "house:identity:bound"
    identity: str
    person: str


class IdentityReleased(Event):
    NAME: ClassVar[str] = "house:identity:released"
    identity: str
    person: str


class PolicyApplied(Event):
    NAME: ClassVar[str] = "house:policy:applied"
    version: int
    digest: str


class AbsencePlanned(Event):
    NAME: ClassVar[str] = "house:absence:planned"
    absence: str
    person: str
    since: Moment
    until: Moment
    reason: Reason
    deputy: str | None = None


class AbsenceEnded(Event):
    """Somebody is back early, or the absence was called off before it began."""

    NAME: ClassVar[str] = "house:absence:ended"
    absence: str
    person: str


class DelegationGiven(Event):
    NAME: ClassVar[str] = "house:delegation:given"
    delegation: str
    of: str
    to: str
    since: Moment
    until: Moment
    may_pass_on: bool = False


class DelegationEnded(Event):
    NAME: ClassVar[str] = "house:delegation:ended"
    delegation: str
    of: str
    to: str


class CaseRead(Event):
    """An auditor looked at a case; recorded once an hour for each case."""

    NAME: ClassVar[str] = "house:case:read"
    stream: str


class RecordSearched(Event):
    """Somebody searched the record: by which ids and codes. Which words they looked for is not
    said, only that they did; nor how many there were."""

    NAME: ClassVar[str] = "house:record:searched"
    person: str | None = None
    """Whose acts were looked for."""
    act: str | None = None
    kind: str | None = None
    team: str | None = None
    channel: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    outcome: str | None = None
    late: bool | None = None
    by_words: bool = False
    is_next: bool = False
    """A further page of a search."""


class RecordExported(RecordSearched):
    """Somebody took a case out of the house as a file, or what a search had found."""

    NAME: ClassVar[str] = "house:record:exported"
    stream: str | None = None
    """The case; None: the search that the rest describes."""


class NoticesChanged(Event):
    """How somebody wants to be told; where their chat is stands nowhere but in its own row."""

    NAME: ClassVar[str] = "house:notices:changed"
    person: str
    has_chat: bool = False


class LinkUsed(Event):
    """A case was decided by a link from a notice, without signing in."""

    NAME: ClassVar[str] = "house:link:used"
    link: str
    person: str
    stream: str
    act: str


class HookMade(Event):
    """Another system is told from now on what happens; where it is, the ledger does not say."""

    NAME: ClassVar[str] = "house:hook:made"
    hook: str
    kinds: tuple[str, ...]


class HookChanged(Event):
    """Its name, its address or what it is told."""

    NAME: ClassVar[str] = "house:hook:changed"
    hook: str
    kinds: tuple[str, ...]
    is_elsewhere: bool = False
    """Whether it is told at another address from now on."""


class HookPaused(Event):
    NAME: ClassVar[str] = "house:hook:paused"
    hook: str


class HookDisabled(Event):
    """Nobody's doing: it said that it is gone, or took nothing for too long."""

    NAME: ClassVar[str] = "house:hook:disabled"
    hook: str
    is_gone: bool = False


class HookResumed(Event):
    NAME: ClassVar[str] = "house:hook:resumed"
    hook: str
    is_skipping: bool = False
    """Whether what had waited is left out."""


class HookSecretReplaced(Event):
    NAME: ClassVar[str] = "house:hook:secret_replaced"
    hook: str


class HookEnded(Event):
    NAME: ClassVar[str] = "house:hook:ended"
    hook: str


EVENTS: dict[str, type[Event]] = {
    event.NAME: event
    for event in (
        PersonAdded, PersonChanged, PersonLeft, RoleGranted, RoleWithdrawn, TeamJoined, TeamLeft,
        TokenMade, TokenRevoked, IdentityBound, IdentityReleased, PolicyApplied, AbsencePlanned,
        AbsenceEnded, DelegationGiven, DelegationEnded, CaseRead, RecordSearched, RecordExported,
        NoticesChanged, LinkUsed,
        HookMade, HookChanged, HookPaused, HookDisabled, HookResumed, HookSecretReplaced, HookEnded,
    )
}  # fmt: skip
"""Every event of the house by its name."""


def check_may_arrange(actor: Actor, person: str, stand_in: str | None) -> None:
    """Raise Forbidden where this actor may not plan an absence or a delegation of this person.

    People arrange their own; an admin arranges anybody's, but not with themselves as the one who
    gains by it: who runs the service must not hand executives' decisions to themselves.
    """
    if actor.id == person:
        return
    if not actor.has(Role.ADMIN):
        raise Forbidden(
            "not_yours",
            f"absences and delegations of {person} are arranged by {person} or an admin",
            f"ask {person}, or an admin",
        )
    if stand_in == actor.id:
        raise Forbidden(
            "not_to_yourself",
            f"an admin cannot arrange to stand in for {person} themselves",
            f"let {person} or another admin arrange it",
        )
