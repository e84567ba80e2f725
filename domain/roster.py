"""Who is there: the people around an entity as they are at one moment, and who fills its seats.

A seat is filled by people who are there, never by a name on a list: whoever has left is gone,
whoever is absent is replaced by their deputy, and where nobody is left the seat is empty, which is
said, and the next one up is asked. The store makes a roster; activities and the door ask it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from domain.base import Moment, Value
from domain.people import Role, Seat, Seats

UP: dict[Seat, tuple[Seat, ...]] = {
    Seat.OWNER: (Seat.LEAD, Seat.MANAGER, Seat.EXECUTIVES),
    Seat.ACCOUNTABLE: (Seat.LEAD, Seat.MANAGER, Seat.EXECUTIVES),
    Seat.PERSON: (Seat.LEAD, Seat.MANAGER, Seat.EXECUTIVES),
    Seat.TEAM: (Seat.LEAD, Seat.EXECUTIVES),
    Seat.LEAD: (Seat.MANAGER, Seat.EXECUTIVES),
    Seat.MANAGER: (Seat.EXECUTIVES,),
    Seat.REVIEWERS: (Seat.EXECUTIVES,),
    Seat.APPROVERS: (Seat.EXECUTIVES,),
    Seat.ROLE: (Seat.EXECUTIVES,),
    Seat.EXECUTIVES: (),
}
"""Which seats are asked, in order, where one is empty."""

_BARRED = frozenset({Seat.APPROVERS, Seat.REVIEWERS})
"""The seats that ``not_person`` may not fill: nobody decides or clears what is their own."""


class Standing(Value):
    """Somebody acts in the place of somebody else, as things are now."""

    of: str
    by: str
    is_absence: bool = False
    """As the deputy of somebody who is absent, in every seat; otherwise by a delegation, which is
    for decisions alone."""
    may_pass_on: bool = True
    """Whether whoever stands for ``by`` stands for ``of`` as well."""


class Colleague(Value):
    """One person as they are at the moment asked."""

    id: str
    roles: frozenset[Role] = frozenset()
    teams: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    manager: str | None = None
    is_active: bool = True
    away_until: Moment | None = None
    """The end of the absence they are in; None for whoever is not absent."""
    is_at_work: bool = True
    """Whether this is one of their working hours."""

    @property
    def is_there(self) -> bool:
        return self.is_active and self.away_until is None


class Roster(Value):
    """Everybody, those who have left included, and who stands for whom."""

    people: tuple[Colleague, ...] = ()
    standings: tuple[Standing, ...] = ()


class Why(StrEnum):
    """Why somebody is not among those who fill a seat."""

    LEFT = "left"
    AWAY = "away"
    BARRED = "barred"
    """It is their own proposal or draft."""
    OFF_HOURS = "off_hours"
    """Others in the same seat are at work, and it is not urgent."""


class Skipped(Value):
    person: str
    why: Why
    instead: tuple[str, ...] = ()
    """Who has come in their place; empty where nobody has."""


class Filled(Value):
    """Who fills a seat now, who of those named for it does not, and which seats were empty.

    ``empty`` begins with the seat asked for. Where people were found further up, they fill the
    seat that follows the last empty one in ``UP``; without any, nobody is there at all.
    """

    people: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    empty: tuple[Seat, ...] = ()


def fill(seat: Seat, seats: Seats, roster: Roster, *, urgent: bool = False) -> Filled:
    """The people who fill a seat, in order: those named, or by id; stand-ins where they come in.

    Unless it is urgent, of several who are there only those at work are taken, if any is.
    """
    search = _Search(roster, seats, decides=seat is Seat.APPROVERS, bars=seat in _BARRED)
    empty: list[Seat] = []
    for asked in (seat, *UP[seat]):
        if found := search.fill(asked):
            chosen = found if urgent else search.at_work(found)
            return Filled(people=chosen, skipped=search.skipped, empty=tuple(empty))
        empty.append(asked)
    return Filled(skipped=search.skipped, empty=tuple(empty))


def stands_for(person: str, standings: Iterable[Standing]) -> tuple[str, ...]:
    """Whose decisions this person may make beside their own, also through others, by id."""
    of: dict[str, list[Standing]] = {}
    for standing in standings:
        of.setdefault(standing.by, []).append(standing)
    found: set[str] = set()
    asked = [standing.of for standing in of.get(person, ())]
    while asked:
        principal = asked.pop()
        if principal not in found and principal != person:
            found.add(principal)
            asked += [s.of for s in of.get(principal, ()) if s.may_pass_on]
    return tuple(sorted(found))


class _Search:
    """One seat being filled; remembers whom it had to skip."""

    def __init__(self, roster: Roster, seats: Seats, *, decides: bool, bars: bool) -> None:
        self._seats = seats
        self._decides = decides
        self._barred = seats.not_person if bars else None
        self._people = {p.id: p for p in sorted(roster.people, key=lambda p: p.id)}
        self._by: dict[str, list[Standing]] = {}
        for standing in sorted(roster.standings, key=lambda s: (s.of, s.by)):
            self._by.setdefault(standing.of, []).append(standing)
        self._skipped: dict[str, Skipped] = {}

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        return tuple(self._skipped.values())

    def fill(self, seat: Seat) -> tuple[str, ...]:
        if seat is Seat.MANAGER:
            found = [p for subject in self._managed() for p in self._manager_of(subject)]
        else:
            found = [p for named in self._named(seat) for p in self._there(named)]
        return tuple(dict.fromkeys(found))

    def at_work(self, found: tuple[str, ...]) -> tuple[str, ...]:
        """Those at work; all of them where nobody is."""
        working = tuple(p for p in found if self._people[p].is_at_work)
        if not working:
            return found
        for person in found:
            if person not in working:
                self._skip(person, Why.OFF_HOURS)
        return working

    def _named(self, seat: Seat) -> Iterable[str]:
        """Who should fill the seat, whether they are there or not."""
        match seat:
            case Seat.OWNER:
                return _one(self._seats.owner)
            case Seat.ACCOUNTABLE:
                return _one(self._seats.accountable)
            case Seat.PERSON:
                return _one(self._seats.person)
            case Seat.TEAM | Seat.REVIEWERS:
                return self._staff(leads=False)
            case Seat.LEAD:
                return self._staff(leads=True)
            case Seat.ROLE:
                return self._with_role(self._seats.role) if self._seats.role else ()
            case Seat.APPROVERS:
                return self._seats.approvers or self._with_role(Role.EXECUTIVE)
            case Seat.EXECUTIVES:
                return self._with_role(Role.EXECUTIVE)
            case Seat.MANAGER:
                raise AssertionError("managers are found by climbing")

    def _staff(self, *, leads: bool) -> list[str]:
        team = self._seats.team
        return [
            p.id
            for p in self._people.values()
            if p.is_active and Role.STAFF in p.roles and team in (p.leads if leads else p.teams)
        ]

    def _with_role(self, role: Role) -> list[str]:
        return [p.id for p in self._people.values() if p.is_active and role in p.roles]

    def _managed(self) -> Iterable[str]:
        subject = self._seats.owner or self._seats.accountable
        return _one(subject) if subject else self._staff(leads=True)

    def _manager_of(self, subject: str) -> tuple[str, ...]:
        """The nearest manager above who is there, or their deputies."""
        seen = {subject}
        boss = self._boss(subject)
        while boss is not None and boss not in seen:
            if found := self._there(boss):
                return found
            seen.add(boss)
            boss = self._boss(boss)
        return ()

    def _boss(self, person: str) -> str | None:
        known = self._people.get(person)
        return known.manager if known else None

    def _there(self, person: str) -> tuple[str, ...]:
        """The person, or whoever stands in; with them those they delegated decisions to."""
        seen: set[tuple[str, bool]] = set()
        found = self._present(person, True, seen)
        if self._decides and person in found:
            for delegate, may_pass_on in self._stand_ins(person):
                found += self._present(delegate, may_pass_on, seen)
        return tuple(dict.fromkeys(found))

    def _present(
        self, person: str, may_pass_on: bool, seen: set[tuple[str, bool]]
    ) -> tuple[str, ...]:
        """The person if they are there, otherwise those who come instead; cycles are cut."""
        if (person, may_pass_on) in seen:
            return ()
        seen.add((person, may_pass_on))
        known = self._people.get(person)
        if person == self._barred:
            return self._skip(person, Why.BARRED)
        if known is None or not known.is_active:
            return self._skip(person, Why.LEFT)
        if known.is_there:
            return (person,)
        instead: tuple[str, ...] = ()
        if may_pass_on:
            for stand_in, on in self._stand_ins(person):
                instead += self._present(stand_in, on, seen)
        self._skip(person, Why.AWAY, instead)
        return instead

    def _stand_ins(self, person: str) -> list[tuple[str, bool]]:
        return [
            (standing.by, standing.may_pass_on)
            for standing in self._by.get(person, ())
            if standing.is_absence or self._decides
        ]

    def _skip(self, person: str, why: Why, instead: tuple[str, ...] = ()) -> tuple[()]:
        known = self._skipped.get(person)
        if known is None or (instead and not known.instead):
            instead = tuple(dict.fromkeys(instead))
            self._skipped[person] = Skipped(person=person, why=why, instead=instead)
        return ()


def _one(person: str | None) -> tuple[str, ...]:
    return (person,) if person else ()
