"""Seats are filled by people who are there, and an empty seat is said to be empty."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.people import Role, Seat, Seats
from domain.roster import UP, Colleague, Filled, Roster, Standing, Why, fill, stands_for
from tests.builders import AT

STAFF, EXECUTIVE = frozenset({Role.STAFF}), frozenset({Role.EXECUTIVE})
LATER = AT + timedelta(days=7)

CAST: dict[str, dict[str, Any]] = {
    "ada": {"roles": STAFF, "teams": frozenset({"care"}), "manager": "mia"},
    "ben": {
        "roles": STAFF, "teams": frozenset({"care"}), "leads": frozenset({"care"}), "manager": "mia"
    },
    "cora": {"roles": EXECUTIVE},
    "eve": {"roles": STAFF, "teams": frozenset({"shop"})},
    "fay": {"roles": EXECUTIVE | STAFF, "teams": frozenset({"care"})},
    "mia": {"roles": STAFF, "manager": "nora"},
    "nora": {"roles": STAFF, "manager": "mia"},
}  # fmt: skip


def around(
    *standings: Standing,
    away: str = "",
    left: str = "",
    off: str = "",
    **changes: dict[str, Any],
) -> Roster:
    """The cast, with these people absent, gone or outside their hours."""
    people = []
    for name, values in CAST.items():
        more: dict[str, Any] = dict(changes.get(name, {}))
        if name in away.split():
            more["away_until"] = LATER
        if name in left.split():
            more["is_active"] = False
        if name in off.split():
            more["is_at_work"] = False
        people.append(Colleague(id=name, **(values | more)))
    return Roster(people=tuple(people), standings=standings)


def deputy(of: str, by: str) -> Standing:
    return Standing(of=of, by=by, is_absence=True)


def delegate(of: str, by: str, *, on: bool = False) -> Standing:
    return Standing(of=of, by=by, may_pass_on=on)


SEATS = Seats(team="care", owner="ada", accountable="ada")


def filled(seat: Seat, roster: Roster, *, urgent: bool = True, **seats: Any) -> Filled:
    return fill(seat, SEATS.model_copy(update=seats), roster, urgent=urgent)


@pytest.mark.parametrize(
    ("seat", "seats", "expected"),
    [
        (Seat.OWNER, {}, ("ada",)),
        (Seat.ACCOUNTABLE, {"accountable": "eve"}, ("eve",)),
        (Seat.PERSON, {"person": "eve"}, ("eve",)),
        (Seat.TEAM, {}, ("ada", "ben", "fay")),
        (Seat.LEAD, {}, ("ben",)),
        (Seat.MANAGER, {}, ("mia",)),
        (Seat.MANAGER, {"owner": None, "accountable": "mia"}, ("nora",)),
        (Seat.MANAGER, {"owner": None, "accountable": None}, ("mia",)),
        (Seat.ROLE, {"role": Role.EXECUTIVE}, ("cora", "fay")),
        (Seat.EXECUTIVES, {}, ("cora", "fay")),
        (Seat.APPROVERS, {}, ("cora", "fay")),
        (Seat.APPROVERS, {"not_person": "fay"}, ("cora",)),
        (Seat.APPROVERS, {"approvers": ("mia", "cora")}, ("mia", "cora")),
        (Seat.REVIEWERS, {"not_person": "ada"}, ("ben", "fay")),
    ],
)
@pytest.mark.rule(4)
def test_a_seat_is_filled_by_those_it_means(
    seat: Seat, seats: dict[str, Any], expected: tuple[str, ...]
) -> None:
    found = filled(seat, around(), **seats)
    assert found.people == expected
    assert found.empty == ()


@pytest.mark.parametrize(
    ("seat", "roster", "expected", "empty"),
    [
        (Seat.OWNER, around(deputy("ada", "eve"), away="ada"), ("eve",), ()),
        (Seat.OWNER, around(away="ada"), ("ben",), (Seat.OWNER,)),
        (Seat.OWNER, around(left="ada"), ("ben",), (Seat.OWNER,)),
        (Seat.OWNER, around(away="ada ben"), ("mia",), (Seat.OWNER, Seat.LEAD)),
        (Seat.OWNER, around(away="ada ben mia"), ("nora",), (Seat.OWNER, Seat.LEAD)),
        (
            Seat.OWNER,
            around(away="ada ben mia nora"),
            ("cora", "fay"),
            (Seat.OWNER, Seat.LEAD, Seat.MANAGER),
        ),
        (Seat.TEAM, around(away="ada ben fay"), ("cora",), (Seat.TEAM, Seat.LEAD)),
        (
            Seat.TEAM,
            around(away="ada ben fay cora"),
            (),
            (Seat.TEAM, Seat.LEAD, Seat.EXECUTIVES),
        ),
        (Seat.LEAD, around(deputy("ben", "ada"), away="ben"), ("ada",), ()),
    ],
)
@pytest.mark.rule(4)
def test_where_nobody_is_the_seat_is_said_to_be_empty_and_the_next_one_up_is_asked(
    seat: Seat, roster: Roster, expected: tuple[str, ...], empty: tuple[Seat, ...]
) -> None:
    found = filled(seat, roster)
    assert found.people == expected
    assert found.empty == empty


@pytest.mark.rule(4)
def test_deputies_stand_in_in_chains_and_it_is_told_who_was_skipped_and_why() -> None:
    chain = (deputy("ada", "ben"), deputy("ben", "fay"), deputy("fay", "eve"))
    found = filled(Seat.OWNER, around(*chain, away="ada ben", left="fay"))
    assert found.people == ("mia",)
    found = filled(Seat.OWNER, around(*chain, away="ada ben fay"))
    assert found.people == ("eve",)
    assert {s.person: (s.why, s.instead) for s in found.skipped} == {
        "ada": (Why.AWAY, ("eve",)),
        "ben": (Why.AWAY, ("eve",)),
        "fay": (Why.AWAY, ("eve",)),
    }


@pytest.mark.rule(4)
def test_deputies_in_a_circle_are_nobody() -> None:
    circle = (deputy("ada", "ben"), deputy("ben", "ada"))
    found = filled(Seat.OWNER, around(*circle, away="ada ben"))
    assert found.people == ("mia",)
    assert found.empty == (Seat.OWNER, Seat.LEAD)


@pytest.mark.rule(6)
def test_whoever_proposed_decides_neither_as_a_deputy_nor_by_a_delegation() -> None:
    roster = around(deputy("cora", "ada"), delegate("fay", "ada", on=True), away="cora")
    found = filled(Seat.APPROVERS, roster, not_person="ada")
    assert found.people == ("fay",)
    assert "ada" in {s.person for s in found.skipped if s.why is Why.BARRED}

    roster = around(deputy("cora", "ada"), deputy("ada", "eve"), away="cora ada")
    assert filled(Seat.APPROVERS, roster, not_person="ada").people == ("fay",)


@pytest.mark.rule(6)
def test_whoever_owns_it_is_still_reminded_though_they_may_not_decide() -> None:
    assert filled(Seat.OWNER, around(), not_person="ada").people == ("ada",)


@pytest.mark.rule(6)
def test_a_delegate_is_asked_along_with_whoever_delegated_and_for_decisions_alone() -> None:
    roster = around(delegate("cora", "eve"))
    assert filled(Seat.APPROVERS, roster, approvers=("cora",)).people == ("cora", "eve")
    assert filled(Seat.EXECUTIVES, roster).people == ("cora", "fay")
    roster = around(delegate("ada", "eve"), away="ada")
    assert filled(Seat.OWNER, roster).people == ("ben",)


def test_what_may_not_be_passed_on_ends_with_the_delegate() -> None:
    standings = (delegate("cora", "eve"), deputy("eve", "mia"))
    roster = around(*standings, away="cora eve")
    assert filled(Seat.APPROVERS, roster, approvers=("cora",)).people == ("fay",)
    assert stands_for("mia", standings) == ("eve",)
    standings = (delegate("cora", "eve", on=True), deputy("eve", "mia"))
    roster = around(*standings, away="cora eve")
    assert filled(Seat.APPROVERS, roster, approvers=("cora",)).people == ("mia",)
    assert stands_for("mia", standings) == ("cora", "eve")


@pytest.mark.rule(16)
def test_those_at_work_are_preferred_unless_it_is_urgent() -> None:
    roster = around(off="ada fay")
    calm = filled(Seat.TEAM, roster, urgent=False)
    assert calm.people == ("ben",)
    assert {s.person for s in calm.skipped if s.why is Why.OFF_HOURS} == {"ada", "fay"}
    assert filled(Seat.TEAM, roster, urgent=True).people == ("ada", "ben", "fay")


@pytest.mark.rule(16)
def test_where_nobody_is_at_work_the_seat_is_filled_all_the_same() -> None:
    assert filled(Seat.OWNER, around(off="ada"), urgent=False).people == ("ada",)


def test_every_seat_but_the_last_has_one_above_it() -> None:
    assert set(UP) == set(Seat)
    assert all(
        UP[seat] and UP[seat][-1] is Seat.EXECUTIVES for seat in Seat if seat is not Seat.EXECUTIVES
    )


# Whatever the house looks like. --------------------------------------------------------------

NAMES = tuple("abcdef")
names = st.sampled_from(NAMES)
some = st.one_of(st.none(), names)

colleagues = st.tuples(
    *(
        st.builds(
            Colleague,
            id=st.just(name),
            roles=st.frozensets(st.sampled_from([Role.STAFF, Role.EXECUTIVE]), min_size=1),
            teams=st.sampled_from([frozenset(), frozenset({"care"})]),
            leads=st.sampled_from([frozenset(), frozenset({"care"})]),
            manager=some,
            is_active=st.sampled_from([True, True, False]),
            away_until=st.sampled_from([None, None, LATER]),
            is_at_work=st.booleans(),
        )
        for name in NAMES
    )
)
rosters = st.builds(
    Roster,
    people=colleagues,
    standings=st.lists(
        st.builds(
            Standing, of=names, by=names, is_absence=st.booleans(), may_pass_on=st.booleans()
        ),
        max_size=10,
    ).map(tuple),
)
seats_of = st.builds(
    Seats,
    team=st.just("care"),
    owner=some,
    accountable=some,
    person=some,
    role=st.sampled_from([None, Role.STAFF]),
    approvers=st.lists(names, max_size=3, unique=True).map(tuple),
    not_person=some,
)


@given(rosters, seats_of, st.sampled_from(Seat), st.booleans(), st.randoms())
@settings(max_examples=200, deadline=None)
@pytest.mark.rule(4)
def test_only_people_who_are_there_fill_a_seat_and_always_the_same(
    roster: Roster, seats: Seats, seat: Seat, urgent: bool, chance: Any
) -> None:
    found = fill(seat, seats, roster, urgent=urgent)
    known = {p.id: p for p in roster.people}
    assert all(known[p].is_there for p in found.people)
    assert len(set(found.people)) == len(found.people)
    if seat in (Seat.APPROVERS, Seat.REVIEWERS):
        assert seats.not_person not in found.people
    # Either somebody is there, or every seat up to the top was asked and is said to be empty.
    assert bool(found.people) is (found.empty != (seat, *UP[seat]))
    shuffled = list(roster.people), list(roster.standings)
    for part in shuffled:
        chance.shuffle(part)
    other = Roster(people=tuple(shuffled[0]), standings=tuple(shuffled[1]))
    assert fill(seat, seats, other, urgent=urgent) == found


@given(rosters, seats_of)
@settings(max_examples=200, deadline=None)
@pytest.mark.rule(6)
def test_whoever_is_asked_to_decide_is_named_for_it_or_stands_for_somebody_who_is(
    roster: Roster, seats: Seats
) -> None:
    found = fill(Seat.APPROVERS, seats, roster, urgent=True)
    executives = {p.id for p in roster.people if Role.EXECUTIVE in p.roles}
    named = (set(seats.approvers) or executives) | (executives if found.empty else set())
    for person in found.people:
        assert {person, *stands_for(person, roster.standings)} & named


@given(rosters)
@settings(max_examples=100, deadline=None)
def test_nobody_stands_for_themselves(roster: Roster) -> None:
    for name in NAMES:
        found = stands_for(name, roster.standings)
        assert name not in found
        assert found == tuple(sorted(set(found)))
