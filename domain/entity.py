"""What escalations, posts and commitments have in common: states folded from facts.

``Kind`` ties a state to its commands, events and rules; ``KINDS`` in ``domain.kinds`` lists them.
Workflows, the store and the door use these functions and never a kind's own modules, so a new
kind is added in one place.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from domain.base import Value
from domain.effects import Effect, Notify, Pending
from domain.errors import Conflict, Forbidden, Invalid, Refused
from domain.ledger import Fact
from domain.people import Actor, Role, Seat, Seats
from domain.relations import Grants

KEYS_REMEMBERED = 50
"""Idempotency keys kept in a state: far more than one client has in flight on one case."""


class Command(Value):
    """Something somebody asks for. ``act`` is the command's name in the API and the rights."""

    act: str
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage"})
    """The aspects that must not have changed since the seq the command was made from."""


class Event(Value):
    """Something that happened. ``NAME`` has three parts: kind, aspect, past tense."""

    NAME: ClassVar[str]
    TOUCHES: ClassVar[frozenset[str]] = frozenset()


class Alarm(Value):
    """The next moment at which an entity wakes by itself, and whom it will have to know then."""

    name: str
    at: datetime
    seats: tuple[Seat, ...] = ()
    person: str | None = None
    role: Role | None = None
    """Whom the seats ``person`` and ``role`` mean this time."""
    urgent: bool = False


class Ring(Command):
    """An alarm has rung. ``people`` tells who fills the alarm's seats now."""

    act: Literal["ring"] = "ring"
    alarm: str
    people: dict[Seat, tuple[str, ...]] = {}
    empty: tuple[Seat, ...] = ()
    """Seats on which nobody sits; the people named for them are the next ones up."""


class KnownKey(Value):
    key: str
    request: str
    first: int


class State(Value):
    """What every entity remembers. ``stage`` is the word of the kind's own stage table."""

    KIND: ClassVar[str]

    id: str
    stage: str
    seq: int = 0
    rules: int = 1
    """The rules it was opened under. The default stands for facts that name none and stays 1."""
    opened_at: datetime
    team: str
    touched: dict[str, int] = {}
    keys: tuple[KnownKey, ...] = ()
    todo: tuple[Pending, ...] = ()

    @property
    def stream(self) -> str:
        return f"{self.KIND}/{self.id}"

    @property
    @abstractmethod
    def is_closed(self) -> bool:
        """Whether it has ended: nothing more can be done here."""

    @property
    def seats(self) -> Seats:
        """What the seats around this entity depend on."""
        return Seats(team=self.team)

    @abstractmethod
    def alarm(self) -> Alarm | None:
        """The earliest moment this entity must wake; None where nothing is owed by a time."""

    def seats_at(self, alarm: Alarm) -> Seats:
        """What the seats of an alarm depend on."""
        if alarm.person is None and alarm.role is None:
            return self.seats
        return self.seats.model_copy(update={"person": alarm.person, "role": alarm.role})


def notify(
    state: State,
    reason: str,
    people: tuple[str, ...] = (),
    to: tuple[Seat, ...] = (),
    *,
    urgent: bool = False,
) -> Notify:
    """A notice about this entity to people, or to whoever fills seats when it is told."""
    return Notify(
        reason=reason,
        about=state.stream,
        people=people,
        to=to,
        seats=state.seats if to else None,
        urgent=urgent,
    )


@dataclass(frozen=True)
class Right:
    """Who may do an act, said for people and decided for programs, and in which stages."""

    who: str
    holds: Grants
    stages: frozenset[str]
    is_machine: bool = False
    """Done by timers, the publisher or the intake; never offered to a person."""
    is_answered: bool = False
    """A machine's act that is refused or answered, like a person's."""
    hindered: Callable[[Any], Refused | None] = lambda state: None
    """What else is in the way in the right stage, whoever asks."""


Decide = Callable[[Any, Any, Actor, datetime], tuple[Event, ...]]

Follow = Callable[[Any, Any, Actor, Sequence[Any]], Command]
"""What an act on something closed opens; the last argument are those it has opened before."""


@dataclass(frozen=True)
class Kind:
    """One kind of entity with everything the shells around the rules need to know of it."""

    name: str
    state: type[State]
    opening: type[Command]
    commands: Mapping[str, type[Command]]
    events: Mapping[str, type[Event]]
    rights: Mapping[str, Right]
    out_of_turn: Callable[[State, str], Refused]
    decide: Mapping[type[Command], Decide]
    evolve: Callable[[Any, Any, Fact], Any]
    effects: Callable[[Any, Any], tuple[Effect, ...]]
    follows: Mapping[type[Command], Follow] = field(default_factory=dict)
    """Acts on what is closed. They change nothing in it: each opens another entity of the kind,
    which the door starts. No workflow is asked."""

    @property
    def answered(self) -> tuple[str, ...]:
        """The acts that a workflow is asked for and answers; the others it is only told."""
        asked = (a for a, r in self.rights.items() if r.is_answered or not r.is_machine)
        return tuple(a for a in asked if self.commands[a] not in self.follows)

    def command(self, data: Mapping[str, Any]) -> Command:
        """The typed command; raises Invalid for an act this kind does not know."""
        act = str(data.get("act"))
        known = {**self.commands, "open": self.opening}
        if act not in known:
            raise self.unknown(act)
        return known[act].model_validate(data)

    def unknown(self, act: str) -> Invalid:
        return Invalid(
            "unknown_command",
            f"'{act}' is not something {_a(self.name)} understands",
            f"use one of: {', '.join(sorted(self.rights))}",
        )


def may(kind: Kind, actor: Actor, act: str, state: State) -> Refused | None:
    """Why this person may not do this now; None where they may.

    Whether it is theirs to do is judged first, then whether it is its turn.
    """
    right = kind.rights.get(act)
    if right is None:
        return kind.unknown(act)
    if not right.holds(actor, state):
        return Forbidden(
            "not_yours",
            f"only {right.who} may do this ({act})",
            f"ask {right.who}",
            act=act,
        )
    if state.stage not in right.stages:
        return kind.out_of_turn(state, act)
    return right.hindered(state)


class Permission(Value):
    """One act, whether it is possible now, and why not where it is not."""

    act: str
    ok: bool
    why_not: str | None = None


def allowed(kind: Kind, actor: Actor, state: State) -> tuple[Permission, ...]:
    """Everything a person might do here, each with the reason where it is not possible."""
    return tuple(
        Permission(act=act, ok=refusal is None, why_not=refusal.message if refusal else None)
        for act, right in kind.rights.items()
        if not right.is_machine
        for refusal in (may(kind, actor, act, state),)
    )


def decide(
    kind: Kind, state: State | None, command: Command, actor: Actor, at: datetime
) -> tuple[Event, ...]:
    """What happens because of this command now. Raises Refused where the rules say no.

    Machine commands (an alarm, a result) that have nothing to change yield no events.
    """
    if state is not None and (refusal := may(kind, actor, command.act, state)):
        right = kind.rights.get(command.act)
        if right and right.is_machine and not right.is_answered and isinstance(refusal, Conflict):
            return ()
        raise refusal
    return kind.decide[type(command)](state, command, actor, at)


def follow(
    kind: Kind, state: State, command: Command, actor: Actor, earlier: Sequence[State]
) -> Command:
    """The opening of what an act on something closed leads to. Raises Refused."""
    if refusal := may(kind, actor, command.act, state):
        raise refusal
    return kind.follows[type(command)](state, command, actor, earlier)


def check_unchanged(state: State, command: Command, expected_seq: int | None) -> None:
    """Refuse a command made from a stale view, but only if what changed bears on it."""
    if expected_seq is None:
        return
    if expected_seq > state.seq:
        raise Invalid(
            "seq_ahead",
            f"expected_seq {expected_seq} is ahead of {state.stream}, which is at {state.seq}",
            "send the seq that the last GET answered",
        )
    changed = sorted(a for a in command.MINDS if state.touched.get(a, 0) > expected_seq)
    if changed:
        raise Conflict(
            "changed_meanwhile",
            f"{_the(changed)} changed since you looked",
            "look again and decide on what is there now",
            changed=changed,
            seq=state.seq,
        )


def to_facts(
    events: tuple[Event, ...],
    seq: int,
    by: str,
    at: datetime,
    key: str | None = None,
    request: str | None = None,
) -> tuple[Fact, ...]:
    """The events as facts numbered from ``seq`` + 1; the first carries the request's key."""
    return tuple(
        Fact(
            seq=seq + n,
            at=at,
            by=by,
            name=event.NAME,
            data=event.model_dump(mode="json", exclude_defaults=True),
            key=key if n == 1 else None,
            request=request if n == 1 else None,
        )
        for n, event in enumerate(events, 1)
    )


def evolve(kind: Kind, state: State | None, fact: Fact) -> State:
    """The state after one more fact. Pure; the ledger folded with it is the state."""
    event = kind.events[fact.name].model_validate(fact.data)
    new: State = kind.evolve(state, event, fact)
    before = state or new
    effects = kind.effects(new, event)
    keys = before.keys
    if fact.key is not None:
        known = KnownKey(key=fact.key, request=fact.request or "", first=fact.seq)
        keys = (*keys, known)[-KEYS_REMEMBERED:]
    return new.model_copy(
        update={
            "seq": fact.seq,
            # Sorted, because the order of a set differs from process to process.
            "touched": {**before.touched, **dict.fromkeys(sorted(event.TOUCHES), fact.seq)},
            "keys": keys,
            "todo": (*before.todo, *(Pending(seq=fact.seq, effect=e) for e in effects)),
        }
    )


def fold(kind: Kind, state: State | None, facts: tuple[Fact, ...] | list[Fact]) -> State | None:
    """The state after all these facts, which must follow it without a gap."""
    for fact in facts:
        state = evolve(kind, state, fact)
    return state


def acted(state: State, seq: int) -> State:
    """The state once all effects up to ``seq`` have been carried out."""
    if not state.todo or state.todo[0].seq > seq:
        return state
    return state.model_copy(update={"todo": tuple(p for p in state.todo if p.seq > seq)})


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _the(aspects: list[str]) -> str:
    return "the " + " and the ".join(aspects)
