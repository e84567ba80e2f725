"""Deciding: who is asked, who speaks for whom, how many have to agree, and what stops it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Conflict, Forbidden, Invalid
from domain.escalation import Outcome, Panel, Stage
from domain.people import COMMENTER, Actor, Role, Seat
from domain.post import PostStage
from domain.terms import DEFAULT_LADDER, DecisionMode, DecisionTerms
from tests.builders import ADA, AT, BEN, CORA, DEV, EVE, Member
from tests.domain import harness
from tests.domain.harness import ESCALATION, FAY, GUS, World, words
from tests.domain.test_rules import refusal, told

HOURS = timedelta(hours=1)
IDA = Member("ida", (Role.EXECUTIVE,))
YES: dict[str, Any] = {"post_id": "P1"}
NO: dict[str, Any] = {"code": "disagree", "reason": words("no")}
WHY: dict[str, Any] = {"reason": words("why")}


def decided_by(
    *approvers: str, mode: DecisionMode = DecisionMode.ALL, owner: Member = ADA, **fields: Any
) -> World:
    terms = DecisionTerms(mode=mode, approvers=approvers, **fields)
    return harness.deciding(
        owner, {"terms": harness.terms(decision=terms)}, reply=words("proposed")
    )


def standing_for(member: Member, *others: str) -> Actor:
    return member.actor.model_copy(update={"stands_for": others})


def stage(world: World) -> Stage:
    return world.escalation.stage


def votes(world: World) -> list[tuple[str, str | None]]:
    proposal = world.escalation.proposal
    assert proposal is not None
    return [(v.by, v.on_behalf_of) for v in (proposal.panel or Panel()).votes]


# How many have to agree. ----------------------------------------------------------------------


@pytest.mark.rule(6)
def test_all_means_each_of_them_and_the_words_go_out_with_the_last_yes() -> None:
    world = decided_by("cora", "fay")
    (voted,) = world.do(ESCALATION, CORA, "approve", **YES)
    assert voted.name == "escalation:decision:voted"
    assert stage(world) is Stage.DECIDING
    facts = world.do(ESCALATION, FAY, "approve", **YES)
    assert [f.name for f in facts] == [
        "escalation:decision:voted",
        "escalation:decision:approved",
        "escalation:reply:submitted",
    ]
    assert votes(world) == [("cora", None), ("fay", None)]


@pytest.mark.rule(6)
def test_nobody_speaks_twice_and_one_no_of_all_is_a_no() -> None:
    world = decided_by("cora", "fay")
    world.do(ESCALATION, CORA, "approve", **YES)
    assert refusal(world, ESCALATION, CORA, "approve", **YES).code == "already_voted"
    assert refusal(world, ESCALATION, CORA, "refuse", **NO).code == "already_voted"
    world.do(ESCALATION, FAY, "refuse", **NO)
    assert world.escalation.decision is not None
    assert (world.escalation.decision.outcome, world.escalation.decision.by) == ("refused", "fay")


@pytest.mark.rule(6)
def test_some_means_so_many_of_them_and_it_is_refused_once_the_others_cannot_carry_it() -> None:
    world = decided_by("cora", "fay", "ida", mode=DecisionMode.SOME, needed=2)
    world.do(ESCALATION, CORA, "refuse", **NO)
    assert stage(world) is Stage.DECIDING
    world.do(ESCALATION, FAY, "approve", **YES)
    assert stage(world) is Stage.DECIDING
    world.do(ESCALATION, IDA, "approve", **YES)
    assert stage(world) is Stage.REPLYING


@pytest.mark.rule(6)
def test_the_proposer_is_not_counted_among_those_who_could_still_carry_it() -> None:
    world = decided_by("cora", "fay", "ida", mode=DecisionMode.SOME, needed=2, owner=FAY)
    world.do(ESCALATION, CORA, "refuse", **NO)
    assert stage(world) is Stage.REPLYING, "only Ida is left, and two are needed"


@pytest.mark.rule(6)
def test_some_of_no_named_people_are_distinct_executives() -> None:
    world = decided_by(mode=DecisionMode.SOME, needed=2)
    assert refusal(world, ESCALATION, BEN, "approve", **YES).code == "not_yours"
    world.do(ESCALATION, CORA, "approve", **YES)
    assert refusal(world, ESCALATION, CORA, "approve", **YES).code == "already_voted"
    world.do(ESCALATION, FAY, "approve", **YES)
    assert stage(world) is Stage.REPLYING


@pytest.mark.rule(6)
def test_one_of_named_people_is_one_of_them_and_no_other_executive() -> None:
    world = decided_by("ben", "ida", mode=DecisionMode.ONE)
    assert isinstance(refusal(world, ESCALATION, CORA, "approve", **YES), Forbidden)
    world.do(ESCALATION, BEN, "approve", **YES)
    assert stage(world) is Stage.REPLYING


@pytest.mark.rule(6)
@pytest.mark.parametrize(
    ("mode", "approvers", "needed"),
    [
        (DecisionMode.ONE, ("fay",), 1),
        (DecisionMode.ALL, ("fay", "cora"), 1),
        (DecisionMode.SOME, ("fay", "cora"), 2),
    ],
)
def test_whoever_would_have_to_approve_themselves_does_not_propose(
    mode: DecisionMode, approvers: tuple[str, ...], needed: int
) -> None:
    decision = DecisionTerms(mode=mode, approvers=approvers, needed=needed)
    world = harness.preparing(FAY, terms=harness.terms(decision=decision))
    no = refusal(world, ESCALATION, FAY, "propose", request=words("request"))
    assert no.code == "own_approval"
    assert "release" in no.way_out


# On whose behalf. -----------------------------------------------------------------------------


@pytest.mark.rule(6)
def test_a_delegate_says_on_whose_behalf_and_uses_up_both_voices() -> None:
    world = decided_by("cora", "fay")
    world.do(
        ESCALATION, standing_for(FAY, "cora"), "approve", principal=CORA.actor.model_dump(), **YES
    )
    assert votes(world) == [("fay", "cora")]
    assert world.last(ESCALATION).data["on_behalf_of"] == "cora"
    assert refusal(world, ESCALATION, FAY, "approve", **YES).code == "already_voted"
    assert refusal(world, ESCALATION, CORA, "approve", **YES).code == "already_voted"
    assert stage(world) is Stage.DECIDING


@pytest.mark.rule(6)
def test_a_deputy_from_the_staff_decides_alone_where_one_is_enough() -> None:
    world = harness.deciding(ADA, reply=words("proposed"))
    world.do(ESCALATION, standing_for(BEN, "cora"), "approve", principal=CORA.actor, **YES)
    decision = world.escalation.decision
    assert decision is not None
    assert (decision.by, decision.on_behalf_of) == ("ben", "cora")


@pytest.mark.rule(6)
def test_nobody_stands_in_for_the_proposer_nor_as_the_proposer() -> None:
    world = harness.deciding(FAY, reply=words("proposed"))
    with pytest.raises(Forbidden):
        world.do(ESCALATION, standing_for(BEN, "fay"), "approve", principal=FAY.actor, **YES)
    with pytest.raises(Forbidden) as met:
        world.do(
            ESCALATION, standing_for(BEN, "fay", "cora"), "approve", principal=FAY.actor, **YES
        )
    assert met.value.code == "own_proposal"
    with pytest.raises(Forbidden):
        world.do(ESCALATION, standing_for(FAY, "cora"), "approve", principal=CORA.actor, **YES)


@pytest.mark.rule(6)
def test_a_delegation_is_of_somebody_who_decides_and_has_delegated() -> None:
    world = harness.deciding(ADA)
    cases = [
        (standing_for(BEN, "cora"), FAY, "no_delegation"),
        (standing_for(BEN, "cora"), None, "not_an_approver"),
        (standing_for(BEN, "gus"), GUS, "not_an_approver"),
        (standing_for(DEV, "cora"), CORA, "not_yours"),
    ]
    for actor, principal, code in cases:
        fields = {"principal": principal.actor} if principal else {}
        with pytest.raises(Forbidden) as met:
            world.do(ESCALATION, actor, "refuse", **NO, **fields)
        assert met.value.code == code
        assert met.value.way_out
    named = decided_by("ida", mode=DecisionMode.ONE)
    with pytest.raises(Forbidden):
        named.do(ESCALATION, standing_for(BEN, "cora"), "approve", principal=CORA.actor, **YES)


# Who is asked besides. ------------------------------------------------------------------------


@pytest.mark.rule(6)
def test_somebody_added_has_to_agree_too_and_hears_of_it() -> None:
    world = harness.deciding(ADA, reply=words("proposed"))
    world.do(ESCALATION, ADA, "add_approver", approver=GUS.actor, **WHY)
    world.settle()
    assert ("gus",) in [n.people for n in told(world, "decision_wanted")]
    world.do(ESCALATION, CORA, "approve", **YES)
    assert stage(world) is Stage.DECIDING
    world.do(ESCALATION, GUS, "approve", **YES)
    assert stage(world) is Stage.REPLYING


@pytest.mark.rule(6)
def test_the_no_of_somebody_added_is_a_no() -> None:
    world = harness.deciding(ADA)
    world.do(ESCALATION, CORA, "add_approver", approver=GUS.actor, **WHY)
    world.do(ESCALATION, GUS, "refuse", **NO)
    assert stage(world) is Stage.REPLYING
    assert world.escalation.decision is not None
    assert world.escalation.decision.outcome == "refused"


@pytest.mark.rule(6)
def test_neither_the_proposer_nor_an_auditor_nor_somebody_asked_already_is_added() -> None:
    world = decided_by("cora", "fay")
    for who, code in ((ADA, "cannot_approve"), (DEV, "cannot_approve"), (FAY, "already_approver")):
        no = refusal(world, ESCALATION, ADA, "add_approver", approver=who.actor, **WHY)
        assert no.code == code
    with pytest.raises(Forbidden):
        world.do(ESCALATION, standing_for(EVE, "cora"), "add_approver", approver=GUS.actor, **WHY)


@pytest.mark.rule(6)
def test_an_approver_who_left_is_replaced_and_what_was_said_stays() -> None:
    world = decided_by("cora", "ida")
    world.do(ESCALATION, CORA, "approve", **YES)
    history = list(world.facts[ESCALATION])
    no = refusal(
        world, ESCALATION, CORA, "replace_approver", person="cora", approver=FAY.actor, **WHY
    )
    assert isinstance(no, Invalid)
    assert "ida" in no.way_out
    world.do(ESCALATION, CORA, "replace_approver", person="ida", approver=FAY.actor, **WHY)
    assert world.facts[ESCALATION][: len(history)] == history
    assert isinstance(refusal(world, ESCALATION, IDA, "approve", **YES), Forbidden)
    world.do(ESCALATION, FAY, "approve", **YES)
    assert votes(world) == [("cora", None), ("fay", None)]


@pytest.mark.rule(6)
def test_a_bypass_has_a_reason_names_who_was_missing_and_is_loud() -> None:
    world = decided_by("ida", "fay")
    world.do(ESCALATION, FAY, "approve", **YES)
    facts = world.do(ESCALATION, CORA, "bypass", **YES, **WHY)
    assert [f.name for f in facts] == [
        "escalation:decision:bypassed",
        "escalation:decision:approved",
        "escalation:reply:submitted",
    ]
    assert facts[0].data["missing"] == ["ida"]
    world.settle()
    (notice,) = told(world, "decision_bypassed")
    assert notice.people == ("ida",)
    assert notice.to == (Seat.EXECUTIVES, Seat.LEAD, Seat.OWNER)
    own = decided_by("ida", mode=DecisionMode.ONE, owner=FAY)
    assert isinstance(refusal(own, ESCALATION, FAY, "bypass", **YES, **WHY), Forbidden)


# Asking back. ---------------------------------------------------------------------------------


@pytest.mark.rule(5)
def test_a_question_moves_the_clock_to_the_owner_and_gives_back_exactly_what_was_left() -> None:
    world = decided_by("cora", mode=DecisionMode.ONE, inform=3600)
    world.at += 5 * HOURS
    world.do(ESCALATION, CORA, "ask", question=words("since when?"))
    deadline = world.escalation.deadline
    assert deadline is not None
    assert (deadline.stage, deadline.due_at) == ("asked", AT + 6 * HOURS)
    (climbed,) = world.sleep(ESCALATION)
    assert climbed.data["owed_by"] == ["ada"]
    world.at = AT + 25 * HOURS
    world.do(ESCALATION, ADA, "inform", words=words("since May"))
    deadline = world.escalation.deadline
    assert deadline is not None
    assert (deadline.stage, deadline.due_at) == ("deciding", AT + 28 * HOURS)
    (climbed,) = world.sleep(ESCALATION)
    assert climbed.data["owed_by"] == ["cora"]
    assert climbed.at == AT + 26 * HOURS, "three quarters of the approver's own time"


@pytest.mark.rule(5)
def test_an_answer_does_not_make_the_approvers_ladder_begin_again() -> None:
    world = harness.deciding(ADA)
    world.sleep(ESCALATION)
    world.do(ESCALATION, CORA, "ask", question=words("when?"))
    world.do(ESCALATION, ADA, "inform", words=words("then"))
    (climbed,) = world.sleep(ESCALATION)
    assert climbed.data["rung"] == 1


@pytest.mark.rule(5)
def test_the_owner_who_does_not_answer_is_named_and_it_can_be_decided_without() -> None:
    world = harness.deciding(ADA)
    world.do(ESCALATION, CORA, "ask", question=words("when?"))
    facts = [world.sleep(ESCALATION)[0] for _ in DEFAULT_LADDER]
    assert all(f.data["owed_by"] == ["ada"] for f in facts)
    assert refusal(world, ESCALATION, FAY, "ask", question=words("why?")).code == "already_asked"
    world.do(ESCALATION, FAY, "approve", **YES)
    assert world.escalation.question is None


# Alone. ---------------------------------------------------------------------------------------


@pytest.mark.rule(6)
def test_an_owner_decides_alone_where_the_terms_say_so_and_another_clears_the_words() -> None:
    terms = harness.terms(decision=DecisionTerms(mode=DecisionMode.OWNER))
    world = harness.preparing(ADA, terms=terms)
    world.do(ESCALATION, ADA, "decide_alone", outcome="approve")
    decision = world.escalation.decision
    assert decision is not None
    assert (decision.by, decision.is_alone) == ("ada", True)
    world.do(ESCALATION, ADA, "reply", post_id="P1", words=words("reply"))
    world.settle()
    assert world.post().stage is PostStage.IN_REVIEW
    assert isinstance(refusal(world, "post/P1", ADA, "clear"), Forbidden)
    ordinary = harness.preparing(ADA)
    assert refusal(ordinary, ESCALATION, ADA, "decide_alone", outcome="approve").code == "not_alone"


@pytest.mark.rule(7)
def test_a_no_alone_needs_its_code_and_its_reason_too() -> None:
    terms = harness.terms(decision=DecisionTerms(mode=DecisionMode.OWNER))
    world = harness.preparing(ADA, terms=terms)
    for fields in ({}, {"code": "disagree"}, {"reason": words("no")}):
        no = refusal(world, ESCALATION, ADA, "decide_alone", outcome="refuse", **fields)
        assert no.code == "reason_missing"
    world.do(ESCALATION, ADA, "decide_alone", outcome="refuse", **NO)
    world.do(ESCALATION, ADA, "reply", post_id="P1", words=NO["reason"])
    world.settle()
    assert world.post().stage is PostStage.IN_REVIEW, "nobody else has approved the reason"
    world.do("post/P1", GUS, "clear")
    world.settle()
    world.sleep(ESCALATION)
    assert world.escalation.outcome is Outcome.REFUSED


# News. ----------------------------------------------------------------------------------------


@pytest.mark.rule(8)
@pytest.mark.parametrize("act", ["approve", "bypass"])
def test_words_go_out_despite_news_only_if_the_approver_says_so(act: str) -> None:
    for despite, is_sent in ((False, False), (True, True)):
        world = harness.deciding(ADA, reply=words("proposed"))
        world.hear("C2")
        why = WHY if act == "bypass" else {}
        world.do(ESCALATION, CORA, act, **YES, **why, despite_news=despite)
        assert (world.escalation.reply is not None) is is_sent
        if not is_sent:
            world.do(ESCALATION, ADA, "reply", post_id="P2", words=words("proposed"))
            assert world.escalation.reply is not None
            assert world.escalation.reply.post_id == "P2"


@pytest.mark.rule(8)
def test_a_removal_while_it_is_decided_is_news_too() -> None:
    world = harness.deciding(ADA, reply=words("proposed"))
    removal = {"comment_id": "C1", "revision": 2, "words": words("comment C1"), "is_removed": True}
    world.do(ESCALATION, COMMENTER, "receive", **removal)
    world.do(ESCALATION, CORA, "approve", **YES)
    assert world.escalation.reply is None


def test_votes_do_not_outlive_the_proposal_they_were_about() -> None:
    world = decided_by("cora", "fay")
    world.do(ESCALATION, CORA, "approve", **YES)
    world.do(ESCALATION, FAY, "return", **WHY)
    world.do(ESCALATION, ADA, "propose", request=words("again"))
    assert votes(world) == []
    world.do(ESCALATION, FAY, "approve", **YES)
    with pytest.raises(Conflict):
        world.do(ESCALATION, FAY, "approve", **YES)
    assert stage(world) is Stage.DECIDING
