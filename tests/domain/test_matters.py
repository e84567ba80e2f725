"""Matters: who may do what in which stage, what is bound by an approval, and how a release goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Window
from domain.entity import fold, may
from domain.errors import Conflict, Forbidden, Invalid, Refused
from domain.escalation import Escalation, Findings, Stage
from domain.kinds import KINDS, kind_of
from domain.matter import (
    LAST_CALL,
    MATTER,
    MOST,
    STAGES,
    Matter,
    MatterStage,
    MemberState,
    OpenMatter,
    Release,
    What,
    post_id_of,
    ulid_of,
)
from domain.matter.changes import _CHANGES
from domain.matter.serving import serve, standing
from domain.people import MACHINE
from domain.terms import DEFAULT_LADDER, Allowances, DecisionMode, DecisionTerms, ReplyTerms
from tests.builders import ADA, AT, BEN, CORA, DEV, EVE, Member
from tests.domain import harness
from tests.domain.examples import CALENDAR
from tests.domain.harness import ESCALATION, EVERYBODY, FAY, GUS, World, words
from tests.domain.test_deadlines import OFFICE_HOURS

STREAM = "matter/T1"


def opened(owner: Member = ADA, **changes: Any) -> World:
    world = World()
    values: dict[str, Any] = {
        "id": "T1",
        "team": "care",
        "title": words("title"),
        "terms": harness.terms(),
        "request": "r",
        "rules": 2,
    }
    world.open("matter", OpenMatter(**(values | changes)), owner.actor)
    return world


def deciding(owner: Member = ADA, **changes: Any) -> World:
    world = opened(owner, **changes)
    world.do(STREAM, owner, "propose", request=words("request"), reply=words("answer"))
    return world


def ready() -> World:
    world = deciding()
    world.do(STREAM, CORA, "approve")
    return world


def releasing(first: int = 20, wait: int = 600) -> World:
    world = ready()
    world.do(STREAM, BEN, "release", first=first, wait=wait)
    return world


def halted() -> World:
    world = releasing()
    world.do(STREAM, ADA, "halt")
    return world


def listening() -> World:
    world = releasing()
    report(world, waiting=0, served=20)
    return world


def closing() -> World:
    world = listening()
    world.sleep(STREAM)
    return world


def closed() -> World:
    world = closing()
    world.at += LAST_CALL
    report(world, waiting=0, served=20)
    return world


REACH: dict[str, Callable[[], World]] = {
    "gathering": opened,
    "deciding": deciding,
    "ready": ready,
    "releasing": releasing,
    "halted": halted,
    "listening": listening,
    "closing": closing,
    "closed": closed,
}


def matter(world: World) -> Matter:
    state = world.states[STREAM]
    assert isinstance(state, Matter)
    return state


def report(world: World, waiting: int, served: int, n: int | None = None, **more: Any) -> Any:
    """What the wave that is due came to."""
    wave = matter(world).wave
    assert wave is not None
    number = wave.n if n is None else n
    return world.do(STREAM, MACHINE, "report", n=number, waiting=waiting, served=served, **more)


def refusal(world: World, who: Member, act: str, **fields: Any) -> Refused:
    before = matter(world)
    with pytest.raises(Refused) as met:
        world.do(STREAM, who, act, **fields)
    assert matter(world) == before
    return met.value


# Who may do what, and when. -------------------------------------------------------------------

FIELDS: dict[str, dict[str, Any]] = {
    "assign": {"assignee": GUS.actor},
    "propose": {"request": words("request"), "reply": words("answer")},
    "approve": {},
    "refuse": {"code": "not_possible", "reason": words("no")},
    "return": {"reason": words("why")},
    "withdraw": {},
    "release": {"first": 20, "wait": 600},
    "halt": {},
    "resume": {},
    "close": {"reason": words("why")},
    "note": {"words": words("note")},
    "accept_calendar": {
        "calendar": CALENDAR,
        "policy_version": 2,
        "due_at": AT,
        "reason": words("a holiday was missing"),
    },
}

# Ada owns it and Ben leads the team; Gus is of the team, Fay too and an executive; Cora decides.
MAY: dict[str, tuple[str, str]] = {
    # Act: the stages, and who may in all of them.
    "assign": ("gathering ready releasing halted listening closing", "ada ben fay cora"),
    "propose": ("gathering", "ada"),
    "withdraw": ("deciding ready halted", "ada ben fay cora"),
    "approve": ("deciding", "fay cora"),
    "refuse": ("deciding", "fay cora"),
    "return": ("deciding", "fay cora"),
    "release": ("ready", "ben fay cora"),
    "halt": ("releasing listening", "ada gus ben fay cora"),
    "resume": ("halted", "ben fay cora"),
    "close": ("gathering ready halted listening", "ada ben fay cora"),
    "note": (
        "gathering deciding ready releasing halted listening closing",
        "ada gus ben fay cora",
    ),
    # What opened without a calendar has none that could be a newer one.
    "accept_calendar": ("", "ben fay cora"),
}


@pytest.mark.parametrize("stage", REACH)
@pytest.mark.parametrize("act", FIELDS)
@pytest.mark.rule(6)
def test_each_act_is_for_these_people_in_these_stages_and_for_nobody_else(
    act: str, stage: str
) -> None:
    stages, people = (part.split() for part in MAY[act])
    for who in EVERYBODY:
        world = REACH[stage]()
        is_theirs = stage in stages and who.id in people
        offer = may(MATTER, who.actor, act, matter(world))
        if is_theirs:
            assert offer is None
            assert world.do(STREAM, who, act, **FIELDS[act])
        else:
            met = refusal(world, who, act, **FIELDS[act])
            assert offer is not None
            assert all((met.code, met.message, met.way_out))
            assert isinstance(met, Forbidden if who.id not in people else Conflict)


def test_the_table_of_acts_is_that_of_the_rules() -> None:
    assert set(MAY) == {act for act, right in MATTER.rights.items() if not right.is_machine}
    assert set(_CHANGES) == set(MATTER.events.values()) - {MATTER.events["matter:case:opened"]}
    assert set(STAGES) == set(MatterStage)


@pytest.mark.parametrize("stage", REACH)
def test_every_way_out_of_a_stage_is_one_of_the_table(stage: str) -> None:
    reached = set()
    for act, (stages, people) in MAY.items():
        if stage in stages.split():
            for who in EVERYBODY:
                if who.id in people.split():
                    world = REACH[stage]()
                    world.do(STREAM, who, act, **FIELDS[act])
                    reached.add(matter(world).stage)
    assert reached <= {stage, *STAGES[MatterStage(stage)].leaves_by.values()}


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda member: member.id)
def test_a_matter_is_opened_by_staff_of_its_team_or_an_executive(who: Member) -> None:
    if who.id in ("ada", "gus", "ben", "fay", "cora"):
        assert matter(opened(who)).owner == who.id
    else:
        with pytest.raises(Forbidden, match="team 'care'"):
            opened(who)


def test_it_is_handed_over_to_somebody_of_the_team() -> None:
    world = opened()
    for outsider in (DEV, EVE):
        met = refusal(world, BEN, "assign", assignee=outsider.actor)
        assert (met.code, met.details) == ("not_in_team", {"field": "person"})
    assert refusal(world, BEN, "assign", assignee=ADA.actor).code == "already_owner"
    world.do(STREAM, BEN, "assign", assignee=GUS.actor)
    assert matter(world).owner == "gus"
    assert refusal(deciding(), BEN, "assign", assignee=GUS.actor).code == "waiting_for_decision"


# The one answer. ------------------------------------------------------------------------------


@pytest.mark.rule(8)
def test_an_approval_binds_the_digest_of_the_words_that_were_proposed() -> None:
    answer = matter(ready()).answer
    assert answer is not None
    assert (answer.words, answer.writer, answer.approver) == (words("answer"), "ada", "cora")
    told = serve(matter(ready()), "E1", "gus", people=300)
    assert told["words"] == words("answer").model_dump()
    assert (told["owner"], told["same_answer_to"]) == ("gus", 300)
    assert serve(matter(ready()), "E1", None, people=1)["owner"] == "ada"


@pytest.mark.rule(8)
@pytest.mark.parametrize("reach", [ready, halted], ids=["ready", "halted"])
def test_whoever_takes_the_answer_back_voids_the_approval(reach: Callable[[], World]) -> None:
    world = reach()
    world.do(STREAM, ADA, "withdraw")
    state = matter(world)
    assert (state.stage, state.answer, state.proposal, state.wave) == (
        "gathering",
        None,
        None,
        None,
    )
    assert not state.is_released
    assert refusal(world, BEN, "release").code == "out_of_turn"


@pytest.mark.rule(7)
def test_a_refusal_answers_everybody_with_its_printed_reason() -> None:
    world = deciding()
    world.do(STREAM, CORA, "refuse", code="too_costly", reason=words("why not"))
    answer = matter(world).answer
    assert answer is not None
    assert (answer.words, answer.refused) == (words("why not"), "too_costly")
    told = serve(matter(world), "E1", None, people=2)
    assert told["refused"] == "too_costly"


@pytest.mark.rule(6)
def test_nobody_decides_their_own_proposal_whatever_else_they_are() -> None:
    world = deciding(FAY)
    for act in ("approve", "refuse", "return"):
        assert isinstance(refusal(world, FAY, act, **FIELDS[act]), Forbidden)
    world.do(STREAM, CORA, "approve")
    assert matter(world).stage == MatterStage.READY


@pytest.mark.rule(6)
def test_a_quorum_counts_distinct_people() -> None:
    decision = DecisionTerms(mode=DecisionMode.ALL, approvers=("cora", "ben"))
    world = deciding(terms=harness.terms(decision=decision))
    assert [f.name for f in world.do(STREAM, CORA, "approve")] == ["matter:decision:voted"]
    assert refusal(world, CORA, "approve").code == "already_voted"
    assert isinstance(refusal(world, FAY, "approve"), Forbidden)
    names = [fact.name for fact in world.do(STREAM, BEN, "approve")]
    assert names == ["matter:decision:voted", "matter:decision:approved"]
    no = deciding(terms=harness.terms(decision=decision))
    no.do(STREAM, CORA, "refuse", code="not_ours", reason=words("no"))
    assert matter(no).stage == MatterStage.READY


@pytest.mark.rule(6)
def test_a_delegate_says_on_whose_behalf() -> None:
    world = deciding()
    gus = GUS.actor.model_copy(update={"stands_for": ("cora",)})
    with pytest.raises(Forbidden, match="do not decide this yourself"):
        world.do(STREAM, gus, "approve")
    world.do(STREAM, gus, "approve", principal=CORA.actor)
    answer = matter(world).answer
    assert answer is not None
    assert (answer.approver, answer.on_behalf_of) == ("gus", "cora")


@pytest.mark.rule(9)
def test_a_sentence_that_reads_like_a_promise_does_not_pass() -> None:
    world = opened(terms=harness.terms(replies=ReplyTerms()))
    fields = {"request": words("request"), "reply": words("answer")}
    met = refusal(world, ADA, "propose", **fields, findings=Findings(unmarked=1))
    assert (type(met), met.code) == (Invalid, "promise_gate")
    world.do(STREAM, ADA, "propose", **fields, findings=Findings(marked_none=1))
    assert matter(world).stage == MatterStage.DECIDING
    no = refusal(world, CORA, "refuse", code="not_ours", reason=words("no"), unmarked=1)
    assert (type(no), no.code) == (Invalid, "promise_gate")


def test_the_approvers_are_told_and_then_owner_and_lead() -> None:
    world = ready()
    world.settle()
    assert [notice.reason for notice in world.notices] == ["decision_wanted", "decided"]
    assert [str(seat) for seat in world.notices[1].to] == ["owner", "lead"]


# The release: the first few, wait, the rest. --------------------------------------------------


@pytest.mark.rule(14)
def test_the_first_few_are_served_and_the_rest_only_after_the_wait() -> None:
    world = releasing(first=20, wait=600)
    first = matter(world).wave
    assert first is not None
    assert (first.what, first.at, first.limit) == (What.SERVE, AT, 20)
    assert not first.is_paced
    world.at += timedelta(seconds=5)
    report(world, waiting=280, served=20, pause=2)
    rest = matter(world).wave
    assert rest is not None
    assert (rest.at, rest.limit) == (world.at + timedelta(seconds=600), MOST)
    assert rest.is_paced
    world.at = rest.at
    report(world, waiting=80, served=220, pause=30)
    assert matter(world).wave.at == world.at + timedelta(seconds=30)  # type: ignore[union-attr]
    report(world, waiting=0, served=300)
    assert matter(world).stage == MatterStage.LISTENING
    assert matter(world).served == 300


@pytest.mark.rule(14)
def test_halting_drops_the_wave_and_what_it_came_to_is_old_news() -> None:
    world = releasing()
    n = matter(world).wave.n  # type: ignore[union-attr]
    world.do(STREAM, GUS, "halt", reason=words("wrong date in it"))
    assert matter(world).wave is None
    assert world.do(STREAM, MACHINE, "report", n=n, waiting=280, served=20) == ()
    world.do(STREAM, BEN, "resume")
    assert matter(world).wave.n == n + 1  # type: ignore[union-attr]
    assert report(world, waiting=1, served=1, n=n) == ()


def test_a_wave_is_reported_once() -> None:
    world = releasing()
    n = matter(world).wave.n  # type: ignore[union-attr]
    assert report(world, waiting=5, served=20)
    assert report(world, waiting=5, served=20, n=n) == ()


def test_resuming_ends_the_wait_after_the_first() -> None:
    world = releasing(wait=3600)
    report(world, waiting=280, served=20)
    world.do(STREAM, ADA, "halt")
    world.at += timedelta(minutes=1)
    world.do(STREAM, CORA, "resume")
    assert matter(world).wave.at == world.at  # type: ignore[union-attr]


def test_late_comers_are_served_by_the_same_loop_but_not_before_the_wait_is_over() -> None:
    world = releasing(wait=3600)
    report(world, waiting=0, served=3)
    assert matter(world).wave.what is What.AWAIT  # type: ignore[union-attr]
    world.at += timedelta(minutes=1)
    report(world, waiting=1, served=3)
    assert matter(world).stage == MatterStage.RELEASING
    assert matter(world).wave.at == AT + timedelta(hours=1)  # type: ignore[union-attr]
    later = listening()
    later.at += timedelta(days=2)
    report(later, waiting=1, served=20)
    assert matter(later).wave.at == later.at  # type: ignore[union-attr]


def test_each_late_comer_begins_the_listening_anew_and_quiet_ends_it() -> None:
    world = listening()
    first = world.states[STREAM].alarm()
    world.at += timedelta(days=2)
    report(world, waiting=1, served=20)
    report(world, waiting=0, served=21)
    again = world.states[STREAM].alarm()
    assert first is not None
    assert again is not None
    assert again.at - first.at == timedelta(days=2)
    world.sleep(STREAM)
    assert matter(world).stage == MatterStage.CLOSING
    assert not matter(world).is_taking


@pytest.mark.rule(13)
def test_whoever_slips_in_as_the_door_closes_is_answered_before_it_ends() -> None:
    world = closing()
    wave = matter(world).wave
    assert wave is not None
    assert (wave.what, wave.at) == (What.COUNT, world.at + LAST_CALL)
    report(world, waiting=1, served=20)
    assert matter(world).stage == MatterStage.RELEASING
    report(world, waiting=0, served=21)
    assert matter(world).stage == MatterStage.LISTENING


def test_it_is_not_closed_while_somebody_waits_for_its_answer() -> None:
    world = opened()
    met = refusal(world, ADA, "close", reason=words("why"), waiting=3)
    assert (met.code, met.details) == ("members_wait", {"waiting": 3})
    world.do(STREAM, ADA, "close", reason=words("why"))
    report(world, waiting=1, served=0)
    assert matter(world).stage == MatterStage.GATHERING
    world.settle()
    assert [notice.reason for notice in world.notices] == ["members_left_over"]
    world.do(STREAM, ADA, "close", reason=words("why"))
    report(world, waiting=0, served=0, apart=1)
    assert matter(world).is_closed
    assert matter(world).alarm() is None


def test_closing_what_was_halted_releases_nothing() -> None:
    world = halted()
    world.do(STREAM, BEN, "close", reason=words("why"))
    report(world, waiting=2, served=20)
    assert matter(world).stage == MatterStage.GATHERING


def test_waves_that_serve_nobody_come_ever_less_often_and_people_are_told() -> None:
    world = releasing(wait=0)
    report(world, waiting=5, served=20)
    pauses = []
    for _ in range(8):
        report(world, waiting=5, served=20)
        pauses.append((matter(world).wave.at - world.at).total_seconds())  # type: ignore[union-attr]
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    world.settle()
    assert [n.reason for n in world.notices].count("release_stalled") == 1
    report(world, waiting=1, served=24, pause=2)
    assert matter(world).stalled == 0


def test_a_release_serves_one_to_a_thousand_at_first() -> None:
    for first in (0, MOST + 1):
        with pytest.raises(ValueError, match="first"):
            Release(first=first)


# Deadlines and ladders. -----------------------------------------------------------------------


@pytest.mark.rule(4)
@pytest.mark.parametrize(
    ("reach", "owing", "allowance"),
    [(opened, "ada", "propose"), (deciding, "cora", "decide"), (ready, "ben", "reply"),
     (halted, "ben", "reply")],
    ids=["gathering", "deciding", "ready", "halted"],
)  # fmt: skip
def test_the_ladder_climbs_and_then_somebody_watches(
    reach: Callable[[], World], owing: str, allowance: str
) -> None:
    world = reach()
    due = matter(world).deadline
    assert due is not None
    assert due.allowance == getattr(Allowances(), allowance)
    facts = [world.sleep(STREAM)[0] for _ in range(len(DEFAULT_LADDER) + 2)]
    names = [fact.name for fact in facts]
    assert names == ["matter:ladder:climbed"] * 3 + ["matter:ladder:watched"] * 2
    assert [fact.data.get("is_late", False) for fact in facts[:3]] == [False, True, True]
    assert all(owing in fact.data["owed_by"] for fact in facts)
    assert facts[3].data["told"] == ["fay", "cora"]


@pytest.mark.parametrize("stage", REACH)
def test_whatever_is_open_has_a_next_moment(stage: str) -> None:
    world = REACH[stage]()
    state = matter(world)
    alarm = state.alarm()
    assert (alarm is None) == state.is_closed
    if alarm is not None:
        assert world.sleep(STREAM)
        assert state.alarm() != matter(world).alarm()
        assert world.ring(STREAM, alarm.name) == ()


# Members. -------------------------------------------------------------------------------------


def tied() -> World:
    world = harness.unclaimed(rules=2)
    world.do(ESCALATION, ADA, "join_matter", matter_id="T1")
    return world


def served(world: World) -> World:
    answered = ready()
    command = serve(matter(answered), "E1", world.escalation.owner, people=300)
    world.command(ESCALATION, MACHINE, kind_of(ESCALATION).command(command))
    world.settle()
    return world


@pytest.mark.rule(13)
def test_a_member_is_served_once_and_by_a_post_that_is_always_the_same() -> None:
    world = served(tied())
    post_id = post_id_of(matter(ready()), "E1")
    assert world.escalation.stage == Stage.LISTENING
    assert world.states[f"post/{post_id}"].stage == "published"
    before = world.states
    assert served(world).states == before


@pytest.mark.rule(13)
@given(
    parts=st.lists(st.text(), min_size=1, max_size=3),
    other=st.lists(st.text(), min_size=1, max_size=3),
)
@settings(max_examples=50)
def test_ids_made_of_parts_look_like_others_and_differ_where_these_do(
    parts: list[str], other: list[str]
) -> None:
    one = ulid_of(*parts, at=AT)
    assert len(one) == 26
    assert set(one) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert one[0] in "01234567"
    assert one == ulid_of(*parts, at=AT)
    assert (ulid_of(*other, at=AT) == one) == ("\n".join(other) == "\n".join(parts))


def _standing(world: World, before: World | None = None) -> Any:
    return standing(before.escalation if before else None, world.escalation)


@pytest.mark.rule(1)
def test_how_a_member_stands_to_its_matter_follows_from_its_own_facts() -> None:
    world = tied()
    assert _standing(world) == ("T1", MemberState.JOINED)
    assert _standing(harness.unclaimed()) is None
    assert _standing(served(tied())) == ("T1", MemberState.SERVED)
    dismissed = tied()
    dismissed.do(ESCALATION, BEN, "dismiss", code="spam")
    assert _standing(dismissed) == ("T1", MemberState.APART)
    left = tied()
    left.do(ESCALATION, GUS, "leave_matter", reason=words("mine is different"))
    assert _standing(left, tied()) == ("T1", MemberState.LEFT)
    again = served(tied())
    again.hear("C2")
    assert again.escalation.stage == Stage.PREPARING
    assert _standing(again, served(tied())) == ("T1", MemberState.REOPENED)


@pytest.mark.rule(3)
def test_a_matter_follows_a_newer_calendar_once_a_lead_accepts_its_date() -> None:
    world = deciding(terms=harness.terms(calendar=OFFICE_HOURS))
    deadline = matter(world).deadline
    assert deadline is not None
    weekly = ((Window(660, 780),),) * 7
    newer = OFFICE_HOURS.model_copy(update={"weekly": weekly})
    due_at = deadline.recomputed(newer).due_at
    fields = {"calendar": newer, "policy_version": 2, "reason": words("hours")}
    no = refusal(world, BEN, "accept_calendar", due_at=deadline.due_at, **fields)
    assert no.code == "another_date"
    world.do(STREAM, BEN, "accept_calendar", due_at=due_at, **fields)
    assert matter(world).deadline == deadline.recomputed(newer)
    assert matter(world).calendar == newer


# Whatever happens. ----------------------------------------------------------------------------


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_people_and_waves_do_the_facts_are_the_state(data: st.DataObject) -> None:
    """Random acts, alarms and reports, some of them old: nothing is decided but by executives who
    did not propose it, nothing is served but what was decided, and it never sleeps for ever."""
    world = opened(data.draw(st.sampled_from([ADA, FAY])))
    for _ in range(data.draw(st.integers(1, 25))):
        state = matter(world)
        if state.is_closed:
            break
        choice = data.draw(st.sampled_from(["act", "act", "act", "ring", "report", "old"]))
        if choice == "act":
            acts = [
                (who, act)
                for act in FIELDS
                for who in EVERYBODY
                if may(MATTER, who.actor, act, state) is None
            ]
            who, act = data.draw(st.sampled_from(acts))
            if (act, state.owner) != ("assign", "gus"):
                world.do(STREAM, who, act, **FIELDS[act])
        elif choice == "ring":
            assert world.sleep(STREAM)
        elif choice == "report" and state.wave is not None:
            waiting = data.draw(st.integers(0, 2))
            report(world, waiting=waiting, served=state.served + data.draw(st.integers(0, 3)))
        elif choice == "old":
            assert world.do(STREAM, MACHINE, "report", n=0, waiting=1, served=1) == ()
        _check(world)


def _check(world: World) -> None:
    state = matter(world)
    folded = fold(KINDS["matter"], None, world.facts[STREAM])
    assert folded is not None
    assert folded.model_copy(update={"todo": state.todo}) == state
    assert Matter.model_validate_json(state.model_dump_json(exclude_defaults=True)) == state
    assert (state.alarm() is None) == state.is_closed
    if state.wave is not None and state.wave.what is What.SERVE:
        assert state.answer is not None
    if state.answer is not None:
        assert state.answer.approver != state.answer.writer
    proposer = None
    for fact in world.facts[STREAM]:
        if fact.name == "matter:proposal:submitted":
            proposer = fact.by
        if fact.name.startswith("matter:decision:"):
            assert fact.by != proposer
            assert fact.by in ("cora", "fay")


def test_an_escalation_that_is_served_says_who_decided() -> None:
    state = served(tied()).escalation
    assert isinstance(state, Escalation)
    assert state.decision is not None
    assert state.decision.by == "cora"
