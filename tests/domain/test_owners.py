"""Owners, teams, second looks, matters, and the ways in which a case ends without our answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.effects import OpenEntity
from domain.entity import fold
from domain.errors import Forbidden
from domain.escalation import Outcome, Stage
from domain.escalation.deciding import is_sampled
from domain.kinds import kind_of
from domain.people import COMMENTER, MACHINE, Seat
from domain.post import PostStage
from domain.terms import Allowances, Limits
from tests.builders import ADA, AT, BEN, CORA, EVE
from tests.domain import harness
from tests.domain.harness import ESCALATION, FAY, GUS, World, words
from tests.domain.test_rules import refusal, told

DAY = timedelta(days=1)
WHY: dict[str, Any] = {"reason": words("why")}


def take_back(world: World, comment_id: str = "C1", revision: int = 2) -> list[str]:
    facts = world.do(
        ESCALATION, COMMENTER, "receive", comment_id=comment_id, revision=revision,
        words=words("what it said"), is_removed=True,
    )  # fmt: skip
    return [fact.name for fact in facts]


def thank(world: World, comment_id: str = "C2") -> None:
    fields = {"comment_id": comment_id, "words": words("thanks!"), "is_thanks": True}
    assert len(world.do(ESCALATION, COMMENTER, "receive", **fields)) == 1
    world.settle()


# Owners and teams. ----------------------------------------------------------------------------


@pytest.mark.rule(2)
def test_an_assignment_can_be_declined_with_a_reason_and_a_claim_cannot() -> None:
    world = harness.unclaimed()
    world.do(ESCALATION, BEN, "assign", assignee=GUS.actor)
    world.do(ESCALATION, GUS, "decline", **WHY)
    assert (world.escalation.stage, world.escalation.owner) == (Stage.UNCLAIMED, None)
    assert world.last(ESCALATION).data["reason"] == WHY["reason"].model_dump()
    world.settle()
    assert told(world, "waits_for_an_owner")[0].to == (Seat.LEAD,)
    world.do(ESCALATION, ADA, "claim")
    assert refusal(world, ESCALATION, ADA, "decline", **WHY).code == "not_assigned"


@pytest.mark.rule(3)
def test_another_team_answers_under_its_own_terms_with_a_clock_of_its_own() -> None:
    world = harness.preparing(ADA)
    theirs = harness.terms(team="shop", allowances=Allowances(claim=60))
    world.at += DAY
    world.do(ESCALATION, BEN, "reroute", terms=theirs, **WHY)
    state = world.escalation
    assert (state.team, state.terms, state.owner) == ("shop", theirs, None)
    assert state.deadline is not None
    assert state.deadline.due_at == world.at + timedelta(seconds=60)
    assert state.opened_at == AT, "how long the commenter has waited does not begin again"
    assert isinstance(refusal(world, ESCALATION, GUS, "claim"), Forbidden)
    world.do(ESCALATION, EVE, "claim")
    again = refusal(world, ESCALATION, EVE, "reroute", terms=theirs, **WHY)
    assert again.code == "same_terms"


# Second looks. --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "of_a_thousand"), [(0, (0, 0)), (10, (60, 140)), (100, (1000, 1000))]
)
def test_so_many_dismissals_of_a_hundred_are_looked_at_again(
    share: int, of_a_thousand: tuple[int, int]
) -> None:
    least, most = of_a_thousand
    assert least <= sum(is_sampled(f"E{n}", share) for n in range(1000)) <= most


@pytest.mark.rule(6)
def test_a_dismissal_is_looked_at_by_a_second_person() -> None:
    world = harness.dismissed(ADA)
    assert world.names(ESCALATION)[-2:] == ["escalation:case:dismissed", "escalation:case:held"]
    for act in ("uphold", "overturn"):
        assert isinstance(refusal(world, ESCALATION, ADA, act), Forbidden)
    world.settle()
    (notice,) = told(world, "second_look_wanted")
    assert notice.seats is not None
    assert harness.who_fills(notice.to[0], notice.seats) == ("gus", "ben", "fay")
    world.do(ESCALATION, GUS, "uphold")
    assert world.escalation.outcome is Outcome.DISMISSED


@pytest.mark.rule(5)
def test_a_second_look_that_nobody_takes_climbs_and_is_not_put_off() -> None:
    world = harness.dismissed(BEN)
    until = AT + DAY
    for who in (BEN, CORA):
        no = refusal(world, ESCALATION, who, "pause", code="legal", until=until, **WHY)
        assert no.code == "out_of_turn"
    facts = [world.sleep(ESCALATION)[0] for _ in range(3)]
    assert facts[0].data["told"] == ["ada", "gus", "fay"], "not Ben, who dismissed it"
    assert facts[2].data["told"] == ["fay", "cora"]
    assert world.escalation.stage is Stage.HELD


def test_what_was_dismissed_wrongly_waits_for_an_owner_again() -> None:
    world = harness.dismissed(ADA)
    world.do(ESCALATION, CORA, "overturn", **WHY)
    state = world.escalation
    assert (state.stage, state.owner, state.dismissal, state.held_for) == (
        Stage.UNCLAIMED, None, None, None,
    )  # fmt: skip
    world.settle()
    assert told(world, "waits_for_an_owner")
    world.do(ESCALATION, GUS, "claim")


def test_suspected_spam_is_held_until_somebody_has_looked() -> None:
    world = harness.held()
    assert world.escalation.stage is Stage.HELD
    assert refusal(world, ESCALATION, ADA, "claim").code == "out_of_turn"
    world.do(ESCALATION, ADA, "overturn")
    world.do(ESCALATION, ADA, "claim")
    spam = harness.held()
    spam.do(ESCALATION, GUS, "uphold")
    assert spam.escalation.outcome is Outcome.DISMISSED


def test_a_dismissal_after_an_answer_leaves_it_answered() -> None:
    world = harness.listening()
    world.hear("C2")
    world.do(ESCALATION, ADA, "dismiss", code="nothing_asked")
    assert world.escalation.outcome is Outcome.ANSWERED


# Thanks and removals. -------------------------------------------------------------------------


@pytest.mark.rule(12)
def test_thanks_neither_reopens_nor_restarts_nor_asks_anybody_for_anything() -> None:
    world = harness.listening()
    alarm, notices = world.escalation.alarm(), len(world.notices)
    world.at += DAY
    thank(world)
    assert (world.escalation.stage, world.escalation.alarm()) == (Stage.LISTENING, alarm)
    assert len(world.notices) == notices
    world = harness.in_review()
    thank(world)
    world.do("post/P1", GUS, "clear")
    world.settle()
    assert world.escalation.stage is Stage.LISTENING


@pytest.mark.rule(8)
def test_thanks_while_it_is_decided_does_not_hold_the_words_back() -> None:
    world = harness.deciding(reply=words("proposed"))
    thank(world)
    world.do(ESCALATION, CORA, "approve", post_id="P1")
    assert world.escalation.reply is not None


@pytest.mark.rule(1)
@pytest.mark.parametrize("reach", [harness.held, harness.unclaimed, harness.preparing])
def test_whoever_takes_everything_back_is_owed_nothing_more(reach: Any) -> None:
    world: World = reach()
    world.hear("C2")
    assert take_back(world) == ["escalation:comment:removed"]
    assert take_back(world) == []
    assert take_back(world, "C2") == ["escalation:comment:removed", "escalation:case:closed"]
    assert world.escalation.outcome is Outcome.WITHDRAWN


@pytest.mark.rule(1)
def test_what_is_said_again_after_a_removal_counts_again() -> None:
    world = harness.preparing()
    world.hear("C2")
    take_back(world)
    world.hear("C1", 3)
    removed = [world.escalation.removed]
    for revision in (4, 5):
        take_back(world, revision=revision)
        removed.append(world.escalation.removed)
    assert removed == [(), ("C1",), ("C1",)]


@pytest.mark.parametrize("reach", [harness.deciding, harness.replying, harness.listening])
def test_a_removal_later_on_is_recorded_and_moves_nothing(reach: Any) -> None:
    world: World = reach()
    stage = world.escalation.stage
    assert take_back(world) == ["escalation:comment:removed"]
    assert world.escalation.stage is stage


# Ends. ----------------------------------------------------------------------------------------


def test_what_is_answered_elsewhere_is_closed_with_where() -> None:
    world = harness.preparing()
    world.do(ESCALATION, ADA, "answered_outside", link=words("https://blog.example/1"))
    assert world.escalation.outcome is Outcome.ANSWERED_OUTSIDE
    world = harness.preparing()
    assert refusal(world, ESCALATION, ADA, "merge", into="E1", **WHY).code == "into_itself"
    world.do(ESCALATION, ADA, "merge", into="E0", **WHY)
    assert (world.escalation.outcome, world.escalation.merged_into) == (Outcome.MERGED, "E0")


# Matters. -------------------------------------------------------------------------------------

SERVED: dict[str, Any] = {
    "matter_id": "T1",
    "post_id": "P7",
    "words": words("to everybody"),
    "writer": "gus",
    "approver": "cora",
    "owner": "gus",
    "same_answer_to": 40,
}


def tied(reach: Any = harness.preparing) -> World:
    world: World = reach()
    world.do(ESCALATION, BEN, "join_matter", matter_id="T1")
    return world


@pytest.mark.rule(14)
@pytest.mark.parametrize("reach", [harness.unclaimed, harness.preparing])
def test_a_matters_answer_goes_out_here_too_and_says_to_how_many(reach: Any) -> None:
    world = tied(reach)
    world.do(ESCALATION, MACHINE, "serve", **SERVED)
    assert world.do(ESCALATION, MACHINE, "serve", **SERVED) == ()
    (opened,) = [p.effect for _, p in world.todo() if isinstance(p.effect, OpenEntity)]
    assert (opened.command["cleared_by"], opened.command["same_answer_to"]) == ("cora", 40)
    world.settle()
    assert world.post("P7").stage is PostStage.PUBLISHED
    assert (world.escalation.stage, world.escalation.owner) == (Stage.LISTENING, "gus")


@pytest.mark.rule(14)
def test_a_matter_serves_only_its_own_and_nobody_twice() -> None:
    world = tied()
    assert world.do(ESCALATION, MACHINE, "serve", **(SERVED | {"matter_id": "T2"})) == ()
    world.do(ESCALATION, ADA, "leave_matter", **WHY)
    assert world.do(ESCALATION, MACHINE, "serve", **SERVED) == ()
    assert refusal(world, ESCALATION, ADA, "leave_matter", **WHY).code == "in_no_matter"


@pytest.mark.rule(8)
def test_a_matters_words_approved_by_their_own_writer_wait_for_somebody_else() -> None:
    world = tied()
    world.do(ESCALATION, MACHINE, "serve", **(SERVED | {"writer": "cora"}))
    world.settle()
    assert world.post("P7").stage is PostStage.IN_REVIEW


@pytest.mark.rule(4)
def test_what_waits_for_a_matter_is_watched_and_its_own_ladder_begins_afresh_when_it_leaves() -> (
    None
):
    world = tied()
    assert world.sleep(ESCALATION)[0].name == "escalation:ladder:watched"
    assert world.at == AT + 7 * DAY
    world.do(ESCALATION, ADA, "leave_matter", **WHY)
    assert world.escalation.deadline is not None
    assert world.escalation.deadline.start_at == world.at
    assert world.sleep(ESCALATION)[0].name == "escalation:ladder:climbed"


@pytest.mark.rule(4)
def test_once_the_matters_answer_is_decided_somebody_owes_that_it_goes_out() -> None:
    world = tied()
    world.do(ESCALATION, MACHINE, "serve", **SERVED)
    (climbed,) = world.sleep(ESCALATION)
    assert (climbed.name, climbed.data["owed_by"]) == ("escalation:ladder:climbed", ["gus"])


def test_what_belongs_to_a_matter_is_not_proposed_beside_it() -> None:
    world = tied()
    no = refusal(world, ESCALATION, ADA, "propose", request=words("request"))
    assert (no.code, no.details["matter_id"]) == ("in_a_matter", "T1")
    assert "leave" in no.way_out
    assert refusal(world, ESCALATION, ADA, "join_matter", matter_id="T2").code == "in_a_matter"


@pytest.mark.rule(7)
def test_a_matters_no_carries_its_code_and_closes_as_refused() -> None:
    world = tied()
    world.do(ESCALATION, MACHINE, "serve", **(SERVED | {"refused": "not_possible"}))
    world.settle()
    world.sleep(ESCALATION)
    assert world.escalation.outcome is Outcome.REFUSED


def test_whoever_comes_back_after_a_matters_answer_is_answered_alone() -> None:
    world = tied()
    world.do(ESCALATION, MACHINE, "serve", **SERVED)
    world.settle()
    world.hear("C2")
    assert (world.escalation.stage, world.escalation.matter) == (Stage.PREPARING, None)


# What is remembered is what happened. ---------------------------------------------------------


@pytest.mark.rule(15)
@pytest.mark.parametrize("reach", [harness.dismissed, tied, lambda: harness.preparing(FAY)])
def test_the_ledger_folds_to_the_state(reach: Any) -> None:
    world: World = reach()
    world.settle()
    folded = fold(kind_of(ESCALATION), None, world.facts[ESCALATION])
    assert folded is not None
    assert folded.model_copy(update={"todo": ()}) == world.escalation
    assert Limits().look_at == 10


def test_a_note_is_told_to_whoever_stands_in_it_and_not_to_its_writer() -> None:
    world = harness.preparing(ADA)
    world.do(ESCALATION, ADA, "note", words=words("n"), mentions=("ben", "ada", "ben"))
    world.do(ESCALATION, ADA, "note", words=words("n"))
    world.settle()
    assert [notice.people for notice in told(world, "mentioned")] == [("ben",)]
