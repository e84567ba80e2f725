"""Who decides a proposal, of whatever kind: distinct people, none of them its proposer."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from domain.base import Value
from domain.errors import Conflict, Forbidden
from domain.people import Actor, Role
from domain.terms import DecisionMode, DecisionTerms


class Recommendation(StrEnum):
    """What a proposal asks for, and what a vote says."""

    APPROVE = "approve"
    REFUSE = "refuse"


class Vote(Value):
    """What one of several approvers said. Whoever votes for another uses up both their voices."""

    by: str
    outcome: Recommendation
    on_behalf_of: str | None = None

    @property
    def seat(self) -> str:
        return self.on_behalf_of or self.by


class Panel(Value):
    """Who decides a proposal. Without named people, every executive may."""

    approvers: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    """People who must agree besides."""
    needed: int = 1
    votes: tuple[Vote, ...] = ()

    @classmethod
    def of(cls, terms: DecisionTerms | None, proposer: str) -> Panel:
        """Of the named people without the proposer, who is not among those that decide."""
        if terms is None:
            return cls()
        approvers = tuple(person for person in terms.approvers if person != proposer)
        match terms.mode:
            case DecisionMode.ALL:
                return cls(approvers=approvers, needed=len(terms.approvers))
            case DecisionMode.SOME:
                return cls(approvers=approvers, needed=terms.needed)
            case _:
                return cls(approvers=approvers)

    @property
    def is_single(self) -> bool:
        """Whether the first answer decides."""
        return self.needed == 1 and not self.extra

    def is_eligible(self, person: str, roles: frozenset[Role]) -> bool:
        if person in self.extra:
            return True
        return person in self.approvers if self.approvers else Role.EXECUTIVE in roles

    def may_speak(self, actor: Actor, proposer: str | None) -> bool:
        """By themselves or for somebody else; for whom exactly, ``seat`` looks at."""
        if actor.id == proposer:
            return False
        return self.is_eligible(actor.id, actor.roles) or self._stands_in(actor, proposer)

    def _stands_in(self, actor: Actor, proposer: str | None) -> bool:
        """Whether those that the actor stands for may be among the approvers."""
        if not actor.roles & {Role.STAFF, Role.EXECUTIVE}:
            return False
        named = {*self.approvers, *self.extra} if self.approvers else set(actor.stands_for)
        return bool(named & set(actor.stands_for) - {proposer})

    def voices(
        self, actor: Actor, principals: Iterable[Actor], proposer: str | None
    ) -> tuple[str, ...]:
        """For whom the actor may still speak here: themselves first, then those they stand for.
        ``principals`` are these people as they are now. Empty: nothing here waits for the actor."""
        spoken = {p for v in self.votes for p in (v.by, v.on_behalf_of) if p}
        if actor.id in {proposer, *spoken} or not self.may_speak(actor, proposer):
            return ()
        own = (actor.id,) if self.is_eligible(actor.id, actor.roles) else ()
        lent = (
            person.id
            for person in principals
            if person.id in actor.stands_for
            and person.id not in {proposer, *spoken}
            and self.is_eligible(person.id, person.roles)
        )
        return (*own, *lent)

    def seat(self, actor: Actor, principal: Actor | None, proposer: str | None) -> str | None:
        """For whom the actor decides, None: for themselves. Raises Forbidden where that may not
        be. ``principal`` is whom they act for, as the door knew that person."""
        if principal is None or principal.id == actor.id:
            if self.is_eligible(actor.id, actor.roles):
                return None
            others = ", ".join(actor.stands_for)
            raise Forbidden(
                "not_an_approver",
                "you do not decide this yourself",
                f"say for whom you decide (on_behalf_of): {others}",
            )
        if principal.id not in actor.stands_for:
            raise Forbidden(
                "no_delegation",
                f"{principal.id} has not delegated decisions to {actor.id} for now",
                f"ask {principal.id} to delegate, or decide for yourself",
            )
        if principal.id == proposer:
            raise Forbidden(
                "own_proposal",
                f"{principal.id} proposed this, and nobody decides their own proposal",
                "let another approver decide",
            )
        if not self.is_eligible(principal.id, principal.roles):
            raise Forbidden(
                "not_an_approver",
                f"{principal.id} does not decide this either",
                "decide on behalf of one of its approvers",
            )
        return principal.id

    def cast(
        self,
        actor: Actor,
        outcome: Recommendation,
        principal: Actor | None = None,
        proposer: str | None = None,
    ) -> Vote:
        """The actor's vote. Quorums count distinct people: nobody speaks twice, also not by
        proxy."""
        seat = self.seat(actor, principal, proposer)
        vote = Vote(by=actor.id, outcome=outcome, on_behalf_of=seat)
        spoken = {p for v in self.votes for p in (v.by, v.on_behalf_of) if p}
        if again := spoken & {vote.by, vote.seat}:
            names = ", ".join(sorted(again))
            raise Conflict(
                "already_voted",
                f"{names} has spoken on this already; distinct people have to agree",
                "wait for the others",
            )
        return vote

    def with_vote(self, vote: Vote) -> Panel:
        return self.model_copy(update={"votes": (*self.votes, vote)})

    @property
    def is_agreed(self) -> bool:
        yes = {v.seat for v in self.votes if v.outcome is Recommendation.APPROVE}
        return set(self.extra) <= yes and len(yes - set(self.extra)) >= self.needed

    @property
    def is_refused(self) -> bool:
        """Whether enough have said no that the others cannot carry it any more."""
        no = {v.seat for v in self.votes if v.outcome is Recommendation.REFUSE}
        if no & set(self.extra):
            return True
        spare = len(self.approvers) - self.needed if self.approvers else self.needed - 1
        return len(no) > max(spare, 0)

    @property
    def missing(self) -> tuple[str, ...]:
        """Named people who have not said anything yet."""
        voted = {v.seat for v in self.votes}
        return tuple(p for p in (*self.approvers, *self.extra) if p not in voted)
