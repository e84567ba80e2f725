"""The words that go out: what is asked of them, who signs what they promise, what holds them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.base import Words
from domain.commitment import CommitmentStage
from domain.errors import Invalid
from domain.escalation import Outcome, Stage
from domain.people import COMMENTER
from domain.post import PostStage, PublishResult
from domain.terms import Limits, ReplyTerms
from tests.builders import ADA, AT, BEN, CORA
from tests.domain import harness
from tests.domain.harness import ESCALATION, FAY, GUS, World, promise, words
from tests.domain.test_rules import refusal, told

THEIRS = promise("M1", accountable="gus")
DATE = AT + timedelta(days=20)
PROPOSED: dict[str, Any] = {"reply": words("proposed"), "promises": [THEIRS]}


def held() -> World:
    """Approved by Cora; Gus has not accepted the promise in the words."""
    world = harness.replying(ADA, **PROPOSED)
    world.settle()
    assert world.escalation.waiting is not None
    return world


def sign(world: World, act: str = "accept_promise", **fields: Any) -> list[str]:
    return [f.name for f in world.do(ESCALATION, GUS, act, promise_id="M1", **fields)]


def found(**findings: Any) -> dict[str, Any]:
    return {"findings": findings}


# The doer signs first. ------------------------------------------------------------------------


@pytest.mark.rule(10)
def test_words_wait_until_whoever_is_accountable_has_accepted_and_then_go_straight_out() -> None:
    world = held()
    assert not [s for s in world.states if s.startswith("post/")]
    assert told(world, "acceptance_wanted")[0].people == ("gus",)
    assert sign(world) == ["escalation:promise:accepted", "escalation:reply:submitted"]
    world.settle()
    assert world.post().stage is PostStage.PUBLISHED
    assert (world.post().writer, world.post().cleared_by) == ("ada", "cora")
    assert world.commitment().promise == THEIRS


@pytest.mark.rule(10)
def test_a_promise_accepted_while_it_is_decided_holds_nothing_up() -> None:
    world = harness.deciding(ADA, **PROPOSED)
    assert sign(world) == ["escalation:promise:accepted"]
    facts = world.do(ESCALATION, CORA, "approve", post_id="P1")
    assert facts[-1].name == "escalation:reply:submitted"


@pytest.mark.rule(10)
def test_whoever_promises_something_of_their_own_has_signed_by_writing_it() -> None:
    world = harness.replying(ADA, reply=words("proposed"), promises=[promise("M1")])
    assert world.escalation.reply is not None


@pytest.mark.rule(10)
def test_words_with_several_promises_go_out_with_the_last_signature() -> None:
    made = [THEIRS, promise("M2", accountable="ben")]
    world = harness.replying(ADA, reply=words("proposed"), promises=made)
    assert sign(world) == ["escalation:promise:accepted"]
    facts = world.do(ESCALATION, BEN, "accept_promise", promise_id="M2")
    assert facts[-1].name == "escalation:reply:submitted"


@pytest.mark.rule(10)
@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("counter_promise", {"due_at": DATE, "reason": words("later")}),
        ("decline_promise", {"reason": words("no")}),
    ],
)
def test_a_promise_that_is_not_accepted_stops_the_words_and_is_not_made_again(
    act: str, fields: dict[str, Any]
) -> None:
    world = held()
    sign(world, act, **fields)
    world.settle()
    assert told(world, "promise_not_accepted")
    reply = {"post_id": "P2", "words": words("proposed")}
    no = refusal(world, ESCALATION, ADA, "reply", promises=[THEIRS], **reply)
    assert (no.code, no.details["promises"]) == ("promise_not_accepted", ["M1"])
    another = promise("M2", days=20, accountable="gus")
    world.do(ESCALATION, ADA, "reply", promises=[another], **reply)
    assert world.escalation.waiting is not None
    world.do(ESCALATION, GUS, "accept_promise", promise_id="M2")
    world.settle()
    assert world.post("P2").stage is PostStage.IN_REVIEW, "nobody has approved that promise"


@pytest.mark.rule(10)
def test_a_promise_declined_while_it_is_decided_is_not_approved_but_returned() -> None:
    world = harness.deciding(ADA, **PROPOSED)
    sign(world, "decline_promise", reason=words("no"))
    for act, fields in (("approve", {}), ("bypass", {"reason": words("fire")})):
        no = refusal(world, ESCALATION, CORA, act, post_id="P1", **fields)
        assert no.code == "promise_not_accepted"
    world.do(ESCALATION, CORA, "return", reason=words("somebody else"))
    world.do(ESCALATION, ADA, "propose", request=words("again"))
    world.do(ESCALATION, CORA, "approve", post_id="P1")


@pytest.mark.rule(10)
@pytest.mark.parametrize(
    "changed",
    [{"due_at": AT + timedelta(days=2)}, {"words": words("much more")}],
    ids=["date", "words"],
)
def test_a_signature_is_for_this_promise_and_no_other_under_its_name(
    changed: dict[str, Any],
) -> None:
    world = harness.deciding(ADA, request=words("request"), **PROPOSED)
    sign(world)
    world.hear("C2")
    world.do(ESCALATION, CORA, "approve", post_id="P0")
    other = THEIRS.model_copy(update=changed)
    world.do(ESCALATION, ADA, "reply", post_id="P1", words=words("proposed"), promises=[other])
    assert world.escalation.reply is None
    assert world.escalation.unsigned == (other,)


@pytest.mark.rule(10)
def test_a_date_that_is_offered_lies_ahead_and_is_another_one() -> None:
    world = held()
    no = refusal(
        world, ESCALATION, GUS, "counter_promise", promise_id="M1", due_at=THEIRS.due_at,
        reason=words("r"),
    )  # fmt: skip
    assert no.code == "same_date"
    for due in (AT, AT + timedelta(days=9000)):
        no = refusal(
            world, ESCALATION, GUS, "counter_promise", promise_id="M1", due_at=due,
            reason=words("r"),
        )  # fmt: skip
        assert isinstance(no, Invalid)
    assert refusal(world, ESCALATION, GUS, "accept_promise", promise_id="M9").code == (
        "not_your_promise"
    )


@pytest.mark.rule(10)
def test_words_that_wait_can_be_recalled() -> None:
    world = held()
    reply = {"post_id": "P2", "words": words("without a promise")}
    assert refusal(world, ESCALATION, ADA, "reply", **reply).code == "waiting_for_acceptance"
    world.do(ESCALATION, ADA, "recall")
    world.do(ESCALATION, ADA, "reply", **reply)
    world.settle()
    assert world.post("P2").stage is PostStage.IN_REVIEW


@pytest.mark.rule(8)
def test_approved_words_that_waited_while_the_commenter_spoke_are_confirmed_by_another_person() -> (
    None
):
    world = held()
    world.hear("C2")
    sign(world)
    world.settle()
    assert (world.post().stage, world.post().cleared_by) == (PostStage.IN_REVIEW, None)
    world.do("post/P1", BEN, "clear")
    world.settle()
    assert world.escalation.stage is Stage.PREPARING, "what was said meanwhile wants its answer"
    assert world.commitment().stage is CommitmentStage.OPEN


# The promise gate and sameness. ---------------------------------------------------------------


def _forms() -> list[tuple[Any, str, dict[str, Any]]]:
    text: dict[str, Any] = {"words": words("reply")}
    return [
        (harness.preparing, "propose", {"request": words("q"), "reply": words("reply")}),
        (harness.preparing, "move_private", {"post_id": "P1", **text}),
        (harness.preparing, "holding_reply", {"post_id": "P1", **text}),
        (approved, "reply", {"post_id": "P1", **text}),
    ]


def approved(**opening: Any) -> World:
    world = harness.deciding(ADA, opening)
    world.do(ESCALATION, CORA, "approve", post_id="P0")
    return world


@pytest.mark.rule(9)
def test_a_refusal_promises_nothing_by_accident() -> None:
    world = harness.deciding(ADA, {"terms": harness.terms(replies=ReplyTerms())})
    fields = {"code": "not_possible", "reason": words("We will send one by Monday.")}
    no = refusal(world, ESCALATION, CORA, "refuse", **fields, unmarked=1)
    assert (no.code, no.details["field"]) == ("promise_gate", "not_promises")
    world.do(ESCALATION, CORA, "refuse", **fields, unmarked=0)


@pytest.mark.rule(9)
@pytest.mark.parametrize(("reach", "act", "fields"), _forms(), ids=lambda v: str(v)[:12])
def test_a_sentence_that_reads_like_a_promise_is_tied_to_one_or_marked_as_none(
    reach: Any, act: str, fields: dict[str, Any]
) -> None:
    world: World = reach(terms=harness.terms(replies=ReplyTerms()))
    no = refusal(world, ESCALATION, ADA, act, **fields, **found(unmarked=2))
    assert no.code == "promise_gate"
    assert "2 sentences" in no.message
    world.do(ESCALATION, ADA, act, **fields, **found(unmarked=0, marked_none=2))


@pytest.mark.rule(14)
@pytest.mark.parametrize(("reach", "act", "fields"), _forms(), ids=lambda v: str(v)[:12])
def test_words_like_those_of_another_reply_want_a_reason(
    reach: Any, act: str, fields: dict[str, Any]
) -> None:
    world: World = reach(terms=harness.terms(replies=ReplyTerms(sameness=800)))
    twin: dict[str, Any] = {"post_id": "P9", "likeness": 800}
    no = refusal(world, ESCALATION, ADA, act, **fields, **found(twin=twin))
    assert (no.code, no.details["post_id"], no.details["likeness"]) == ("too_alike", "P9", 800)
    assert "80 %" in no.message
    world.do(ESCALATION, ADA, act, **fields, **found(twin=twin | {"reason": words("right here")}))


@pytest.mark.rule(14)
def test_less_alike_or_terms_that_ask_for_nothing_let_words_pass() -> None:
    twin = {"post_id": "P9", "likeness": 849}
    for replies in (ReplyTerms(), ReplyTerms(sameness=0, gate=False), None):
        world = approved(terms=harness.terms(replies=replies))
        unmarked = 0 if replies == ReplyTerms() else 3
        fields = {"post_id": "P1", "words": words("reply")}
        world.do(ESCALATION, ADA, "reply", **fields, **found(twin=twin, unmarked=unmarked))


@pytest.mark.rule(9)
def test_what_was_found_stands_in_the_ledger_with_the_words() -> None:
    world = approved(terms=harness.terms(replies=ReplyTerms()))
    fields = {"post_id": "P1", "words": words("reply")}
    world.do(ESCALATION, ADA, "reply", **fields, **found(marked_none=1))
    assert world.last(ESCALATION).data["findings"] == {"marked_none": 1}


# Holding replies. -----------------------------------------------------------------------------


def hold(world: World, post_id: str = "P8", text: Words | None = None) -> None:
    world.do(
        ESCALATION, ADA, "holding_reply", post_id=post_id, words=text or words("we look into it")
    )
    world.settle()


@pytest.mark.rule(14)
def test_a_holding_reply_is_read_by_another_person_and_answers_nothing() -> None:
    world = harness.preparing()
    before = world.escalation
    hold(world)
    assert world.post("P8").stage is PostStage.IN_REVIEW
    world.do("post/P8", GUS, "clear")
    world.settle()
    after = world.escalation
    assert world.post("P8").stage is PostStage.PUBLISHED
    assert (after.stage, after.deadline, after.answers) == (before.stage, before.deadline, 0)
    hold(world, "P9")


@pytest.mark.rule(14)
def test_there_is_one_holding_reply_at_a_time() -> None:
    world = harness.preparing()
    hold(world)
    no = refusal(world, ESCALATION, ADA, "holding_reply", post_id="P9", words=words("w"))
    assert (no.code, no.details["post_id"]) == ("holding_on_its_way", "P8")
    world.do("post/P8", ADA, "withdraw")
    world.settle()
    hold(world, "P9")


@pytest.mark.rule(13)
def test_a_holding_reply_that_fails_is_told_to_the_owner() -> None:
    world = harness.preparing()
    hold(world)
    world.publishes = PublishResult.REFUSED
    world.do("post/P8", GUS, "clear")
    world.settle()
    assert told(world, "reply_failed")


@pytest.mark.rule(14)
def test_what_becomes_of_a_holding_reply_is_heard_while_a_second_look_is_taken() -> None:
    """Else no other could ever be sent, should an answer be owed after all."""
    terms = harness.terms(limits=Limits(look_at=100))
    world = harness.preparing(terms=terms)
    hold(world)
    world.do(ESCALATION, ADA, "dismiss", code="nothing_asked")
    world.do("post/P8", GUS, "return", reason=words("no"))
    world.settle()
    world.do(ESCALATION, GUS, "overturn")
    world.do(ESCALATION, ADA, "claim")
    hold(world, "P9")


# In private. ----------------------------------------------------------------------------------


def test_what_is_moved_to_private_still_owes_its_public_note() -> None:
    world = harness.preparing()
    facts = world.do(ESCALATION, ADA, "move_private", post_id="P1", words=words("write to us"))
    assert [f.name for f in facts] == [
        "escalation:case:moved_to_private",
        "escalation:reply:submitted",
    ]
    world.settle()
    assert (world.escalation.stage, world.post().stage) == (Stage.REPLYING, PostStage.IN_REVIEW)
    world.do("post/P1", FAY, "return", reason=words("friendlier"))
    world.settle()
    assert world.escalation.reply is None
    (climbed,) = world.sleep(ESCALATION)
    assert climbed.data["owed_by"] == ["ada"]
    world.do(ESCALATION, ADA, "reply", post_id="P2", words=words("please write to us"))
    world.settle()
    world.do("post/P2", GUS, "clear")
    world.settle()
    world.sleep(ESCALATION)
    assert world.escalation.outcome is Outcome.MOVED_TO_PRIVATE


# Removal while our words are on their way. ----------------------------------------------------


@pytest.mark.rule(12)
def test_a_removal_while_our_words_are_on_their_way_is_shown_and_reopens_nothing() -> None:
    world = harness.in_review()
    removal = {"comment_id": "C1", "revision": 2, "words": words("comment C1"), "is_removed": True}
    world.do(ESCALATION, COMMENTER, "receive", **removal)
    world.settle()
    assert told(world, "commenter_spoke")
    world.do("post/P1", GUS, "clear", despite_news=True)
    world.settle()
    assert world.escalation.stage is Stage.LISTENING
