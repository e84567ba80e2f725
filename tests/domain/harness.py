"""A whole case in memory: escalation, posts and commitments, wired together by their effects.

What the workflow shell, the intake and the store do for real is done here by a loop, so that rules
can be tested as stories. Nothing waits and nothing is lost unless a test wants it so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from domain.base import Words
from domain.commitment import Commitment, OpenCommitment, Promise
from domain.effects import Effect, Find, Notify, OpenEntity, Pending, Publish, Tell
from domain.entity import Command, Ring, State, decide, evolve, follow, to_facts
from domain.escalation import Escalation, OpenEscalation
from domain.kinds import kind_of
from domain.ledger import RULES, Fact
from domain.matter import OpenMatter
from domain.messages import Start, opening
from domain.people import COMMENTER, MACHINE, Actor, Role, Seat, Seats
from domain.post import Attempted, FindResult, Looked, OpenPost, Post, PublishResult
from domain.terms import Limits, Terms
from tests.builders import ADA, AT, BEN, CORA, DEV, EVE, HOOK, ROOT, Member

GUS = Member("gus", (Role.STAFF,), {"care": False})
"""Works with Ada and leads nothing."""
FAY = Member("fay", (Role.STAFF, Role.EXECUTIVE), {"care": False})
"""An executive who also answers comments herself."""
EVERYBODY = (ADA, GUS, BEN, FAY, CORA, DEV, EVE, ROOT, HOOK)

ESCALATION = "escalation/E1"


def member(name: str) -> Member:
    return next(person for person in EVERYBODY if person.id == name)


S = TypeVar("S", bound=State)


def words(name: str) -> Words:
    """A reference to words; equal names are the same words."""
    return Words(id=f"W-{name}", digest=hashlib.sha256(name.encode()).hexdigest())


def promise(
    name: str = "M1", days: float = 10, accountable: str = "ada", at: datetime = AT
) -> Promise:
    return Promise(
        id=name,
        words=words(f"promise {name}"),
        accountable=accountable,
        due_at=at + timedelta(days=days),
    )


def terms(**changes: Any) -> Terms:
    values: dict[str, Any] = {"team": "care", "policy_version": 1}
    return Terms(**(values | changes))


def open_escalation(**changes: Any) -> OpenEscalation:
    values: dict[str, Any] = {
        "id": "E1",
        "conversation_id": "V1",
        "channel": "console",
        "comment_id": "C1",
        "words": words("comment C1"),
        "terms": terms(),
        "received_at": AT,
        "posted_at": AT,
        "rules": RULES,
    }
    return OpenEscalation(**(values | changes))


def open_post(**changes: Any) -> OpenPost:
    values: dict[str, Any] = {
        "id": "P1",
        "origin": ESCALATION,
        "escalation_id": "E1",
        "channel": "console",
        "team": "care",
        "comment_id": "C1",
        "words": words("reply"),
        "writer": "ada",
    }
    return OpenPost(**(values | changes))


def open_commitment(**changes: Any) -> OpenCommitment:
    values: dict[str, Any] = {
        "promise": promise(),
        "escalation_id": "E1",
        "post_id": "P1",
        "channel": "console",
        "team": "care",
        "comment_id": "C1",
        "approver": "cora",
        "ladder": terms().ladder,
    }
    return OpenCommitment(**(values | changes))


def open_matter(**changes: Any) -> OpenMatter:
    values: dict[str, Any] = {
        "id": "T1",
        "team": "care",
        "title": words("title"),
        "terms": terms(),
        "request": "r1",
    }
    return OpenMatter(**(values | changes))


def who_fills(seat: Seat, seats: Seats, people: Iterable[Member] = EVERYBODY) -> tuple[str, ...]:
    """Who sits where among these people, as the store would answer."""
    actors = [person.actor for person in people]
    match seat:
        case Seat.OWNER:
            return (seats.owner,) if seats.owner else ()
        case Seat.ACCOUNTABLE:
            return (seats.accountable,) if seats.accountable else ()
        case Seat.TEAM:
            return tuple(a.id for a in actors if a.works_in(seats.team))
        case Seat.LEAD:
            return tuple(a.id for a in actors if a.works_in(seats.team) and seats.team in a.leads)
        case Seat.REVIEWERS:
            return tuple(
                a.id for a in actors if a.works_in(seats.team) and a.id != seats.not_person
            )
        case Seat.APPROVERS:
            named = seats.approvers or tuple(a.id for a in actors if a.has(Role.EXECUTIVE))
            return tuple(name for name in named if name != seats.not_person)
        case Seat.EXECUTIVES:
            return tuple(a.id for a in actors if a.has(Role.EXECUTIVE))
        case Seat.PERSON:
            return (seats.person,) if seats.person else ()
        case Seat.ROLE:
            return tuple(a.id for a in actors if seats.role in a.roles)
        case Seat.MANAGER:
            return ("ben",) if seats.owner else ()


@dataclass
class World:
    """Entities by stream, their facts, and a channel that answers as it is told to."""

    at: datetime = AT
    states: dict[str, State] = field(default_factory=dict)
    facts: dict[str, list[Fact]] = field(default_factory=dict)
    notices: list[Notify] = field(default_factory=list)
    publishes: PublishResult = PublishResult.PUBLISHED
    turn_in: timedelta | None = None
    """How long the channel takes no more posts; None: it takes them."""
    post_terms: dict[str, Any] = field(default_factory=lambda: {"rules": RULES})
    """What every post that follows from something else is opened with besides."""
    finds: FindResult = FindResult.FOUND
    promises_under: int | None = None
    """The rules that commitments are opened under; None: those that the escalation asks for."""

    # People and time. -------------------------------------------------------------------------

    def open(self, kind: str, command: Command, actor: Actor = MACHINE) -> str:
        """Open an entity, unless there is one under that stream already."""
        start = Start(kind=kind, command=command.model_dump(mode="json"), actor=actor, at=self.at)
        state, facts = opening(start)
        if state.stream not in self.states:
            self.states[state.stream] = state
            self.facts[state.stream] = list(facts)
        return state.stream

    def do(self, stream: str, who: Member | Actor, act: str, **fields: Any) -> tuple[Fact, ...]:
        """Have somebody do something; raises what the rules refuse."""
        kind = kind_of(stream)
        command = kind.command({"act": act, **fields})
        if type(command) in kind.follows:
            return self._follow(stream, who, command)
        return self.command(stream, who, command)

    def _follow(self, stream: str, who: Member | Actor, command: Command) -> tuple[Fact, ...]:
        """What the door does with an act on something closed; answers the facts it opened."""
        kind, state = kind_of(stream), self.states[stream]
        actor = who.actor if isinstance(who, Member) else who
        earlier = [
            p for p in self.states.values() if isinstance(p, Post) and p.corrects == state.id
        ]
        opening = follow(kind, state, command, actor, earlier)
        return tuple(self.facts[self.open(kind.name, opening, actor)])

    def command(self, stream: str, who: Member | Actor, command: Command) -> tuple[Fact, ...]:
        kind, state = kind_of(stream), self.states[stream]
        actor = who.actor if isinstance(who, Member) else who
        events = decide(kind, state, command, actor, self.at)
        facts = to_facts(events, state.seq, actor.id, self.at)
        for fact in facts:
            self.states[stream] = evolve(kind, self.states[stream], fact)
        self.facts[stream].extend(facts)
        return facts

    def hear(
        self, comment_id: str, revision: int = 1, stream: str = ESCALATION
    ) -> tuple[Fact, ...]:
        """The commenter speaks (again)."""
        text = words(f"comment {comment_id}.{revision}")
        return self.do(
            stream, COMMENTER, "receive", comment_id=comment_id, revision=revision, words=text
        )

    def ring(self, stream: str, alarm: str | None = None) -> tuple[Fact, ...]:
        """Ring the entity's alarm, or one by name, now."""
        state = self.states[stream]
        now = state.alarm()
        people = {s: who_fills(s, state.seats_at(now)) for s in now.seats} if now else {}
        name = alarm or (now.name if now else "none")
        return self.command(stream, MACHINE, Ring(alarm=name, people=people))

    def sleep(self, stream: str) -> tuple[Fact, ...]:
        """Wait for the entity's next alarm and ring it."""
        alarm = self.states[stream].alarm()
        assert alarm is not None, f"{stream} has no alarm"
        self.at = max(self.at, alarm.at)
        return self.ring(stream)

    # Effects. ---------------------------------------------------------------------------------

    def todo(self) -> list[tuple[str, Pending]]:
        return [(s, pending) for s, state in self.states.items() for pending in state.todo]

    def done(self, stream: str, pending: Pending) -> None:
        state = self.states[stream]
        todo = tuple(p for p in state.todo if p != pending)
        self.states[stream] = state.model_copy(update={"todo": todo})

    def carry_out(self, stream: str, effect: Effect) -> None:
        """One effect, once."""
        match effect:
            case OpenEntity():
                kind = kind_of(effect.stream)
                terms = self.post_terms if kind.name == "post" else {}
                if kind.name == "commitment" and self.promises_under:
                    terms = {"rules": self.promises_under}
                self.open(kind.name, kind.opening.model_validate(effect.command | terms))
            case Tell():
                self.command(effect.stream, MACHINE, kind_of(effect.stream).command(effect.command))
            case Notify():
                self.notices.append(effect)
            case Publish():
                self.command(stream, MACHINE, self.attempted(effect.attempt))
            case Find():
                self.command(stream, MACHINE, Looked(attempt=effect.attempt, result=self.finds))

    def attempted(self, attempt: int) -> Attempted:
        """What the channel makes of an attempt as things are now."""
        if self.turn_in is None:
            return Attempted(attempt=attempt, result=self.publishes, code="told")
        turn = self.at + self.turn_in
        return Attempted(
            attempt=attempt, result=PublishResult.NOT_SENT, code="budget", not_before=turn
        )

    def settle(self) -> None:
        """Carry out effects until none are left."""
        while todo := self.todo():
            stream, pending = todo[0]
            self.done(stream, pending)
            self.carry_out(stream, pending.effect)

    # Looking. ---------------------------------------------------------------------------------

    def names(self, stream: str) -> list[str]:
        return [fact.name for fact in self.facts[stream]]

    def last(self, stream: str) -> Fact:
        return self.facts[stream][-1]

    @property
    def escalation(self) -> Escalation:
        return self._as(ESCALATION, Escalation)

    def post(self, name: str = "P1") -> Post:
        return self._as(f"post/{name}", Post)

    def commitment(self, name: str = "M1") -> Commitment:
        return self._as(f"commitment/{name}", Commitment)

    def _as(self, stream: str, kind: type[S]) -> S:
        state = self.states[stream]
        assert isinstance(state, kind)
        return state


# Stories that others begin with. --------------------------------------------------------------


def held(**changes: Any) -> World:
    """Taken for spam, until somebody has looked."""
    return unclaimed(suspected=True, **changes)


def dismissed(owner: Member = ADA, **changes: Any) -> World:
    """Dismissed by its owner and drawn for a second look."""
    world = preparing(owner, **({"terms": terms(limits=Limits(look_at=100))} | changes))
    world.do(ESCALATION, owner, "dismiss", code="nothing_asked")
    return world


def unclaimed(**changes: Any) -> World:
    world = World()
    world.open("escalation", open_escalation(**changes), COMMENTER)
    return world


def preparing(owner: Member = ADA, **changes: Any) -> World:
    world = unclaimed(**changes)
    world.do(ESCALATION, owner, "claim")
    return world


def deciding(owner: Member = ADA, opening: dict[str, Any] | None = None, **proposal: Any) -> World:
    """``opening`` changes how it was opened, all else the proposal."""
    world = preparing(owner, **(opening or {}))
    world.do(ESCALATION, owner, "propose", **({"request": words("request")} | proposal))
    return world


def replying(owner: Member = ADA, **proposal: Any) -> World:
    """Approved by Cora; without words in the proposal, the owner still has to write them."""
    world = deciding(owner, **proposal)
    world.do(ESCALATION, CORA, "approve", post_id="P1")
    return world


def sign(world: World) -> None:
    """Whoever is to be accountable accepts, so that words do not wait for them."""
    for made in world.escalation.unsigned:
        world.do(ESCALATION, member(made.accountable), "accept_promise", promise_id=made.id)


def in_review(owner: Member = ADA, **reply: Any) -> World:
    """A reply is written and waits for another person."""
    world = replying(owner)
    fields = {"post_id": "P1", "words": words("reply")} | reply
    world.do(ESCALATION, owner, "reply", **fields)
    sign(world)
    world.settle()
    return world


def unconfirmed(owner: Member = ADA, **reply: Any) -> World:
    """The one call was made, nothing arrived, and nobody knows it."""
    world = in_review(owner, **reply)
    world.publishes = PublishResult.UNCLEAR
    world.do("post/P1", BEN, "clear")
    world.settle()
    return world


def listening(owner: Member = ADA, **reply: Any) -> World:
    """The reply is published."""
    world = in_review(owner, **reply)
    world.do("post/P1", BEN, "clear")
    world.settle()
    return world


def closed(owner: Member = ADA) -> World:
    """Answered, and nobody said anything more."""
    world = listening(owner)
    world.sleep(ESCALATION)
    return world
