"""Figures of time: what the one writer derives is what a naive reading of the ledger comes to."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from domain import calendar as working
from domain.calendar import Calendar, Offset, Window
from domain.errors import Forbidden, Refused
from domain.escalation.moves import Move, Step, Wording, moves_of
from domain.ledger import Batch, Fact
from domain.people import COMMENTER, Actor, Role
from domain.policy import Audience, PublicRules
from domain.terms import Limits, ReplyTerms
from store import figures, insights, policies, records, tables
from store import moves as rows
from store.database import Database
from store.insight_views import Span
from store.insights import State, Which
from tests import builders
from tests.builders import ADA, AT, BEN, CORA, DEV, EVE, HOOK, ROOT
from tests.domain.harness import (
    ESCALATION as E1,
)
from tests.domain.harness import (
    World,
    listening,
    open_escalation,
    preparing,
    replying,
    terms,
    unclaimed,
    words,
)

OFFICE = Calendar(
    id="office",
    zone="Europe/Berlin",
    zone_version="test",
    weekly=((Window(540, 1020),),) * 5 + ((), ()),
    offsets=(Offset(at=datetime(2020, 1, 1, tzinfo=UTC), seconds=3600),),
    since=date(2020, 1, 1),
    until=date(2030, 1, 1),
)
SPAN = Span(since=AT - timedelta(days=1), until=AT + timedelta(days=400))
LATER = AT + timedelta(days=60)


def written(database: Database, world: World) -> None:
    """Everything that happened, through the one writer."""
    for stream, facts in world.facts.items():
        kind = stream.partition("/")[0]
        # One fact at a time and then all again, as activities and the door do.
        for fact in facts:
            records.record(database, Batch(stream=stream, kind=kind, epoch=1, facts=(fact,)), AT)
        records.record(database, Batch(stream=stream, kind=kind, epoch=1, facts=tuple(facts)), AT)


def derived(database: Database) -> dict[int, Any]:
    move, kind = tables.Move.__table__, tables.MoveKind.__table__  # type: ignore[attr-defined]
    with database.reading() as session:
        found = session.execute(select(move, kind).join(kind, kind.c.id == move.c.kind))
        return {row.n: row for row in found}


# A naive reading of the ledger: only facts, no states. ----------------------------------------

ENTERS = {
    "escalation:conversation:opened": "unclaimed",
    "escalation:owner:claimed": "preparing",
    "escalation:owner:released": "unclaimed",
    "escalation:owner:declined": "unclaimed",
    "escalation:owner:lost": "unclaimed",
    "escalation:proposal:submitted": "deciding",
    "escalation:proposal:withdrawn": "preparing",
    "escalation:decision:returned": "preparing",
    "escalation:decision:approved": "replying",
    "escalation:decision:refused": "replying",
    "escalation:stage:reopened": "preparing",
    "escalation:case:closed": "",
    "escalation:case:held": "held",
}
"""What is owed from a fact on; those of journeys that these tests take."""


Naive = tuple[str, int | None, int | None, int]


def naive(facts: list[Fact]) -> list[Naive]:
    """Each move as step, plain seconds, working seconds, seconds since opening."""
    opened = facts[0].at
    found: list[Naive] = []
    owed, since = "", opened
    pauses: list[tuple[datetime, datetime | None]] = []
    asked: datetime | None = None
    answered: datetime | None = None

    def leave(at: datetime) -> None:
        nonlocal asked
        if asked is not None:
            found.append(("asked", *lengths(asked, at, [])))
        if owed:
            found.append((owed, *lengths(since, at, pauses)))
        asked = None

    def lengths(
        start: datetime, end: datetime, gaps: list[tuple[datetime, datetime | None]]
    ) -> tuple[int, int, int]:
        counted = working.measure(OFFICE, start, end)
        for begin, stop in gaps:
            counted -= working.measure(OFFICE, max(begin, start), min(stop or end, end))
        plain = int((end - start).total_seconds())
        return plain, counted, int((start - opened).total_seconds())

    for fact in facts:
        is_out = fact.name == "escalation:reply:settled" and fact.data["settlement"] == "published"
        if fact.name == "escalation:decision:asked":
            asked = fact.at
            pauses.append((fact.at, None))
        elif fact.name == "escalation:decision:informed":
            assert asked is not None
            found.append(("asked", *lengths(asked, fact.at, [])))
            asked = None
            pauses[-1] = (pauses[-1][0], fact.at)
        elif fact.name == "escalation:clock:paused":
            pauses.append((fact.at, None))
        elif fact.name == "escalation:clock:resumed":
            pauses[-1] = (pauses[-1][0], fact.at)
        elif is_out or fact.name in ENTERS:
            leave(fact.at)
            owed, since, pauses = "" if is_out else ENTERS[fact.name], fact.at, []
        if is_out or fact.name == "escalation:case:closed":
            answered = answered or fact.at
    if owed:
        found.append((owed, None, None, int((since - opened).total_seconds())))
    if asked:
        found.append(("asked", None, None, int((asked - opened).total_seconds())))
    if answered is None:
        return [*found, ("answer", None, None, 0)]
    return [*found, ("answer", *lengths(opened, answered, []))]


def journey(chance: random.Random) -> World:
    """Somebody's way through a case, with waits of hours and of days between."""
    world = World()
    pinned = terms(calendar=OFFICE, limits=Limits(look_at=0), replies=ReplyTerms())
    world.open("escalation", open_escalation(terms=pinned), COMMENTER)
    acts = 0
    while acts < 14 and not world.escalation.is_closed:
        acts += 1
        end = world.at + timedelta(minutes=chance.choice([1, 50, 400, 3_000, 9_000]))
        _wait(world, end)
        act = chance.choice(_OFFERED.get(world.escalation.stage, ["hear"]))
        try:
            _do(world, act, f"P{acts}")
        except Refused:
            continue
        world.settle()
        if f"post/P{acts}" in world.states and world.post(f"P{acts}").stage == "in_review":
            world.do(f"post/P{acts}", BEN, "clear")
            world.settle()
    return world


_OFFERED = {
    "unclaimed": ["claim", "claim", "dismiss", "hear"],
    "preparing": ["propose", "propose", "release", "decline", "pause", "resume", "hear"],
    "deciding": ["approve", "refuse", "return", "ask", "inform", "withdraw", "hear"],
    "replying": ["reply", "hear"],
}


def _wait(world: World, end: datetime) -> None:
    while True:
        due = [(s.alarm().at, name) for name, s in world.states.items() if s.alarm()]  # type: ignore[union-attr]
        if not due or min(due)[0] > end or world.escalation.is_closed:
            break
        world.sleep(min(due)[1])
        world.settle()
    world.at = max(world.at, end)


def _do(world: World, act: str, post_id: str) -> None:
    match act:
        case "hear":
            world.hear(post_id)
        case "claim" | "release" | "inform" | "resume" | "withdraw":
            fields = {"words": words("so")} if act == "inform" else {}
            world.do(E1, ADA, act, **fields)
        case "decline":
            world.do(E1, ADA, act, reason=words("not mine"))
        case "dismiss":
            world.do(E1, ADA, act, code="spam")
        case "pause":
            until = world.at + timedelta(days=2)
            world.do(E1, ADA, act, code="legal", reason=words("why"), until=until)
        case "propose":
            world.do(E1, ADA, act, request=words("may I?"), findings={"unmarked": 0})
        case "approve":
            world.do(E1, CORA, act, post_id=post_id)
        case "refuse":
            world.do(E1, CORA, act, code="too_costly", reason=words("no"))
        case "return":
            world.do(E1, CORA, act, reason=words("why"))
        case "ask":
            world.do(E1, CORA, act, question=words("what?"))
        case "reply":
            world.do(E1, ADA, act, post_id=post_id, words=words(post_id), findings={"unmarked": 0})


@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_moves_are_what_a_naive_reading_of_the_ledger_comes_to(seed: int) -> None:
    world = journey(random.Random(seed))
    found = moves_of(rows.history(world.facts[E1]))
    told = [(str(m.step), m.plain, m.working, m.after) for m in found]
    assert sorted(told, key=str) == sorted(naive(world.facts[E1]), key=str)


@pytest.mark.parametrize("seed", range(6))
def test_the_writer_keeps_them_fact_by_fact_and_a_new_start_makes_the_same(
    database: Database, seed: int
) -> None:
    world = journey(random.Random(seed))
    written(database, world)
    kept = derived(database)
    anew = moves_of(rows.history(world.facts[E1]))
    assert {n: (row.step, row.plain, row.working, row.how) for n, row in kept.items()} == {
        m.n: (m.step, m.plain, m.working, m.how) for m in anew
    }
    with database.writing() as session:
        assert rows.rebuild(session.connection()) == 1
    assert derived(database) == kept


def test_what_older_code_wrote_meanwhile_is_caught_up_from_the_ledger(database: Database) -> None:
    world = replying()
    *most, last = world.facts[E1]
    records.record(database, Batch(stream=E1, kind="escalation", epoch=1, facts=tuple(most)), AT)
    with database.writing() as session:
        session.execute(tables.Move.__table__.delete())  # type: ignore[attr-defined]
    records.record(database, Batch(stream=E1, kind="escalation", epoch=1, facts=(last,)), AT)
    steps = [row.step for _, row in sorted(derived(database).items())]
    assert steps == ["answer", "unclaimed", "preparing", "deciding", "replying"]


# What a move says. ----------------------------------------------------------------------------


def moves(world: World) -> dict[Step, Move]:
    """The last move of each step."""
    return {move.step: move for move in moves_of(rows.history(world.facts[E1]))}


@pytest.mark.rule(5)
def test_silence_is_on_record_with_who_owed_it_and_who_was_told() -> None:
    world = unclaimed()
    for _ in range(3):
        world.sleep(E1)
    world.do(E1, ADA, "claim")
    late = moves(world)[Step.UNCLAIMED]
    assert late.is_late
    assert late.owed_by == ("ada", "ben", "fay", "gus")
    assert late.told == ("ben", "cora", "fay")
    assert late.person is None, "waiting for somebody to claim is a team's, not the claimer's"


@pytest.mark.rule(5)
def test_a_decision_is_whoevers_made_it_and_a_refusal_has_its_code() -> None:
    world = preparing()
    world.do(E1, ADA, "propose", request=words("may I?"))
    world.at += timedelta(hours=3)
    world.do(E1, CORA, "refuse", code="too_costly", reason=words("no"))
    made = moves(world)
    assert (made[Step.PREPARING].person, made[Step.PREPARING].how) == ("ada", "proposed")
    decided = made[Step.DECIDING]
    assert (decided.person, decided.how, decided.code) == ("cora", "refused", "too_costly")
    assert decided.plain == 3 * 3600


@pytest.mark.rule(14)
@pytest.mark.parametrize(
    ("twin", "expected"),
    [
        (None, Wording.WRITTEN),
        ({"post_id": "P9", "likeness": 900, "reason": words("r").model_dump()}, "ready_made"),
    ],
)
def test_words_approved_with_the_proposal_are_what_they_were_when_compared(
    twin: Any, expected: str
) -> None:
    world = preparing(terms=terms(replies=ReplyTerms()))
    world.do(E1, ADA, "propose", request=words("r"), reply=words("w"), findings={"twin": twin})
    world.do(E1, CORA, "approve", post_id="P1")
    world.settle()
    assert moves(world)[Step.REPLYING].words == expected
    assert moves(world)[Step.ANSWER].how == "answered"


def test_terms_that_ask_for_no_comparison_say_nothing_about_words() -> None:
    world = listening()
    assert moves(world)[Step.REPLYING].words is None


def test_an_answer_is_in_time_only_if_every_step_was() -> None:
    world = unclaimed()
    world.at += timedelta(hours=30)
    world.do(E1, ADA, "claim")
    world.do(E1, ADA, "propose", request=words("r"), reply=words("w"))
    world.do(E1, CORA, "approve", post_id="P1")
    world.settle()
    made = moves(world)
    assert made[Step.ANSWER].is_late
    assert made[Step.ANSWER].plain == 30 * 3600
    assert not made[Step.DECIDING].is_late


# Figures and the cases behind them. -----------------------------------------------------------


def office_of(database: Database, public: PublicRules | None = None, cases: int = 12) -> None:
    """A house with cases of several kinds in it, one of them with a promise."""
    builders.furnish(database)
    if public is not None:
        with database.writing() as session:
            policies.apply(session, builders.policy(public=public), "root", AT)
    for n in range(cases):
        world = journey(random.Random(n))
        _renamed(database, world, n)


def _renamed(database: Database, world: World, n: int) -> None:
    """The same journey as a case of its own."""
    facts = []
    for fact in world.facts[E1]:
        data = fact.data | ({"id": f"E{n}"} if "id" in fact.data else {})
        facts.append(fact.model_copy(update={"data": data}))
    batch = Batch(stream=f"escalation/E{n}", kind="escalation", epoch=1, facts=tuple(facts))
    records.record(database, batch, AT)


def listed(database: Database, which: Which, who: Actor = CORA.actor) -> int:
    """How many there are in the list behind a figure, page by page."""
    count, cursor = 0, None
    while True:
        with database.reading() as session:
            page = insights.moves(session, who, LATER, SPAN, which, limit=3, cursor=cursor)
        count += len(page.items)
        cursor = page.next_cursor
        if cursor is None:
            assert page.total == count
            return count


def test_each_figure_counts_what_the_list_behind_it_holds(database: Database) -> None:
    office_of(database)
    with database.reading() as session:
        found = insights.insights(session, CORA.actor, LATER, SPAN)
    a = found.answers
    assert a.received == 12
    assert a.answered + a.waiting + sum(one.n for one in a.without) == a.received
    answer = Step.ANSWER
    assert listed(database, Which(step=answer)) == 12
    assert listed(database, Which(step=answer, how="answered")) == a.answered
    in_time = Which(step=answer, how="answered", state=State.IN_TIME)
    assert listed(database, in_time) == a.in_time
    for one in found.steps:
        for state, n in ((State.DONE, one.done), (State.LATE, one.late), (State.OPEN, one.open)):
            assert listed(database, Which(step=one.step, state=state)) == n
    for code in (*found.decisions.refusals, *found.decisions.dismissals):
        assert listed(database, Which(code=code.key)) == code.n
    for late in found.lateness:
        for person in late.owed_by:
            assert listed(database, Which(step=late.step, owed_by=person.person)) == person.n
        for person in late.told:
            assert listed(database, Which(step=late.step, told=person.person)) == person.n
    for figure in found.people.items:
        made = Which(person=figure.person, state=State.DONE)
        assert listed(database, made) == figure.made
        assert listed(database, Which(owed_by=figure.person)) == figure.silent
    for bucket in a.distribution:
        among = Which(step=answer, how="answered", at_least=bucket.at_least, below=bucket.below)
        assert listed(database, among) == bucket.n
    for owed in found.now.steps:
        assert listed(database, Which(step=Step(owed.key), state=State.OPEN_NOW)) == owed.n
    for owed in found.now.late:
        assert listed(database, Which(step=Step(owed.key), state=State.LATE_NOW)) == owed.n


def test_a_team_and_a_person_answer_for_what_the_lists_behind_hold(database: Database) -> None:
    office_of(database)
    with database.reading() as session:
        found = insights.insights(session, CORA.actor, LATER, SPAN)
    (team,) = found.teams
    assert (team.team, team.owed) == ("care", listed(database, Which()))
    assert team.missed == listed(database, Which(state=State.MISSED)) > 0
    assert team.refused == listed(database, Which(refused=True)) > 0
    assert team.refused == sum(one.n for one in found.decisions.refusals)
    assert team.refusals == found.decisions.refusals
    for one in found.people.items:
        assert one.owed == listed(database, Which(whose=one.person)) >= one.made
        missed = Which(whose=one.person, state=State.MISSED)
        assert one.missed == listed(database, missed) >= one.late
        assert one.refused == listed(database, Which(person=one.person, refused=True))
        for code in one.refusals:
            assert listed(database, Which(person=one.person, code=code.key)) == code.n
    assert sum(one.refused for one in found.people.items) == team.refused
    assert {one.person for one in found.people.items if one.refused} == {"cora"}


def test_a_refusal_counts_once_although_a_question_was_open(database: Database) -> None:
    builders.furnish(database)
    world = preparing()
    world.do(E1, ADA, "propose", request=words("may I?"))
    world.do(E1, CORA, "ask", question=words("what?"))
    world.do(E1, CORA, "refuse", code="too_costly", reason=words("no"))
    written(database, world)
    with database.reading() as session:
        found = insights.insights(session, CORA.actor, LATER, SPAN)
    assert [(one.key, one.n) for one in found.decisions.refusals] == [("too_costly", 1)]
    assert listed(database, Which(code="too_costly")) == 1
    assert {one.person: one.refused for one in found.people.items} == {"ada": 0, "cora": 1}


def test_a_dismissal_that_is_looked_at_again_counts_once(database: Database) -> None:
    builders.furnish(database)
    world = World()
    world.open("escalation", open_escalation(terms=terms(limits=Limits(look_at=100))), COMMENTER)
    world.do(E1, ADA, "dismiss", code="spam")
    assert world.escalation.stage == "held"
    world.do(E1, BEN, "uphold")
    written(database, world)
    with database.reading() as session:
        found = insights.insights(session, CORA.actor, LATER, SPAN)
    assert [(one.key, one.n) for one in found.decisions.dismissals] == [("spam", 1)]
    assert listed(database, Which(code="spam")) == 1


def test_what_is_overdue_and_still_owed_is_missed_and_named(database: Database) -> None:
    builders.furnish(database)
    world = preparing()
    world.do(E1, ADA, "propose", request=words("may I?"))
    for _ in range(3):
        world.sleep(E1)
    written(database, world)
    at = world.at + timedelta(days=1)
    with database.reading() as session:
        found = insights.insights(session, CORA.actor, at, SPAN)
        deciding = Which(step=Step.DECIDING, state=State.MISSED)
        page = insights.moves(session, CORA.actor, at, SPAN, deciding)
    assert [move.is_open for move in page.items] == [True]
    (team,) = found.teams
    assert team.missed == 1
    cora = next(one for one in found.people.items if one.person == "cora")
    assert (cora.made, cora.owed, cora.missed) == (0, 1, 1), "silence is no way out"
    ada = next(one for one in found.people.items if one.person == "ada")
    assert (ada.owed, ada.missed) == (1, 0)


def test_the_longest_leads_to_the_case_that_it_is(database: Database) -> None:
    office_of(database)
    with database.reading() as session:
        found = insights.insights(session, CORA.actor, LATER, SPAN)
        for one in found.steps:
            which = Which(step=one.step, state=State.OPEN)
            page = insights.moves(session, CORA.actor, LATER, SPAN, which)
            took = {move.case.id: move.minutes for move in page.items}
            assert one.longest_open == max(took.values(), default=None)
            assert took.get(str(one.longest_open_case)) == one.longest_open
        waiting = Which(step=Step.ANSWER, state=State.OPEN)
        page = insights.moves(session, CORA.actor, LATER, SPAN, waiting)
        took = {move.case.id: move.minutes for move in page.items}
    assert took[str(found.answers.longest_waiting_case)] == found.answers.longest_waiting
    assert found.now.longest_case == found.answers.longest_waiting_case
    assert found.now.longest == found.answers.longest_waiting
    assert any(one.longest_open for one in found.steps)


def test_half_and_nine_tenths_are_nearest_ranks_of_the_ledger(database: Database) -> None:
    office_of(database)
    took: dict[str, list[int]] = defaultdict(list)
    worked: dict[str, list[int]] = defaultdict(list)
    for n in range(12):
        for step, plain, counted, _ in naive(journey(random.Random(n)).facts[E1]):
            if plain is not None and counted is not None and step != "answer":
                took[step].append(plain // 60)
                worked[step].append(counted // 60)
    with database.reading() as session:
        found = insights.insights(session, CORA.actor, LATER, SPAN)
    for one in found.steps:
        for spread, times in ((one.plain, took[one.step]), (one.working, worked[one.step])):
            ordered = sorted(times)
            assert spread.n == len(ordered)
            if ordered:
                assert spread.half == ordered[-(-len(ordered) // 2) - 1]
                assert spread.nine_tenths == ordered[-(-len(ordered) * 9 // 10) - 1]
        assert one.total_working == sum(worked[one.step])


def test_another_team_or_channel_or_day_has_none_of_it(database: Database) -> None:
    office_of(database, cases=2)
    with database.reading() as session:
        for changes in (
            {"team": "shop"},
            {"channel": "shop"},
            {"since": AT + timedelta(seconds=1)},
            {"until": AT},
        ):
            span = SPAN.model_copy(update=changes)
            found = insights.insights(session, CORA.actor, LATER, span)
            assert (found.answers.received, found.people.items) == (0, ())


# Who sees whom. -------------------------------------------------------------------------------


def audiences() -> Iterator[tuple[Audience, Audience]]:
    scale = list(Audience)
    for staff in scale:
        for executives in scale:
            if scale.index(executives) <= scale.index(staff):
                yield staff, executives


SEES = {
    Audience.PUBLIC: {"ada", "cora", "dev"},
    Audience.STAFF: {"ada", "cora", "dev"},
    Audience.EXECUTIVES: {"cora", "dev"},
    Audience.NOBODY: set[str](),
}


@pytest.mark.parametrize(("staff", "executives"), [*audiences()])
def test_who_sees_figures_of_whom_is_the_policys_to_say(
    staff: Audience, executives: Audience
) -> None:
    rules = PublicRules(staff_figures=staff, executive_figures=executives)
    for who in (ADA, CORA, DEV, ROOT, HOOK):
        assert rules.shows_figures(who.actor, [Role.STAFF]) == (who.id in SEES[staff])
        both = [Role.STAFF, Role.EXECUTIVE]
        assert rules.shows_figures(who.actor, both) == (who.id in SEES[executives])


def test_executives_cannot_be_hidden_alone() -> None:
    scale = list(Audience)
    for n, staff in enumerate(scale):
        for executives in scale[n + 1 :]:
            with pytest.raises(ValueError, match="cannot be exempted alone"):
                PublicRules(staff_figures=staff, executive_figures=executives)


@pytest.mark.parametrize(
    ("staff", "executives", "shown"),
    [
        ("staff", "public", {"ada", "ben", "cora", "fay", "gus"}),
        ("executives", "staff", {"cora"}),
        ("nobody", "nobody", set[str]()),
    ],
)
def test_the_page_shows_staff_whom_the_policy_shows_them(
    sqlite_url: str, staff: str, executives: str, shown: set[str]
) -> None:
    database = Database(sqlite_url)
    rules = PublicRules.model_validate({"staff_figures": staff, "executive_figures": executives})
    office_of(database, rules)
    with database.reading() as session:
        found = insights.insights(session, ADA.actor, LATER, SPAN)
        seen = {one.person for one in found.people.items}
        late = {p.person for one in found.lateness for p in (*one.owed_by, *one.told)}
        everybody = {"ada", "ben", "cora", "fay", "gus"}
        assert seen <= shown
        assert late <= shown
        assert ("cora" in seen) == ("cora" in shown)
        assert found.people.hidden == len({*seen, *everybody} - seen) if not shown else True
        for person in everybody - shown:
            for name in ("person", "owed_by", "told", "whose"):
                which = Which.model_validate({name: person})
                with pytest.raises(Forbidden, match="does not show"):
                    insights.moves(session, ADA.actor, LATER, SPAN, which)
            with pytest.raises(Forbidden, match="does not show"):
                figures.promises(session, ADA.actor, LATER, person=person)
    database.dispose()


def test_those_who_read_no_cases_read_no_figures(database: Database) -> None:
    builders.furnish(database)
    with database.reading() as session:
        for who in (ROOT, HOOK):
            with pytest.raises(Forbidden):
                insights.insights(session, who.actor, LATER, SPAN)
            with pytest.raises(Forbidden):
                insights.moves(session, who.actor, LATER, SPAN, Which())
            with pytest.raises(Forbidden):
                figures.promises(session, who.actor, LATER)
        for who in (ADA, CORA, DEV, EVE):
            assert insights.insights(session, who.actor, LATER, SPAN).answers.received == 0
