"""The rules of the domain, each told as what happens to people; the numbers are those of the
rules in the design."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.commitment import FARTHEST, CommitmentStage
from domain.deadlines import TICK, Deadline
from domain.effects import Find, Notify, OpenEntity, Publish, Tell
from domain.entity import Kind, Ring, State, allowed, check_unchanged, fold
from domain.errors import Conflict, Forbidden, Invalid, Refused
from domain.escalation import Outcome, Stage
from domain.kinds import KINDS, kind_of
from domain.people import MACHINE, Seat
from domain.post import ATTEMPTS, FINDS, GRACE, FindResult, PostStage, PublishResult, pause_before
from domain.terms import DEFAULT_LADDER, HOUR, LONGEST, Allowances, Rung, RungAct
from tests.builders import ADA, AT, BEN, CORA, DEV, EVE, Member
from tests.domain import harness
from tests.domain.harness import ESCALATION, FAY, GUS, World, promise, words

SECOND = timedelta(seconds=1)
POST = "post/P1"
COMMITMENT = "commitment/M1"
CLIMBED = "escalation:ladder:climbed"


def refusal(world: World, stream: str, who: Member, act: str, **fields: Any) -> Refused:
    """The refusal that this is met with; nothing may have happened."""
    before = world.states[stream]
    with pytest.raises(Refused) as met:
        world.do(stream, who, act, **fields)
    assert world.states[stream] == before
    return met.value


def told(world: World, reason: str) -> list[Notify]:
    return [notice for notice in world.notices if notice.reason == reason]


# 1. One escalation for a conversation, one record of a comment. --------------------------------


@pytest.mark.rule(1)
@pytest.mark.parametrize("stage", ["unclaimed", "preparing", "deciding", "replying", "listening"])
def test_a_comment_received_again_changes_nothing(stage: str) -> None:
    world: World = getattr(harness, stage)()
    before = world.escalation
    assert world.hear("C1") == ()
    assert world.escalation == before
    world.hear("C2")
    once = world.escalation
    assert world.hear("C2") == ()
    assert world.hear("C1") == ()
    assert world.escalation == once


@pytest.mark.rule(1)
def test_a_revision_is_recorded_once_and_an_earlier_one_that_comes_late_is_not() -> None:
    world = harness.preparing()
    assert [f.name for f in world.hear("C1", 3)] == ["escalation:comment:revised"]
    assert world.hear("C1", 3) == ()
    assert world.hear("C1", 2) == ()
    assert world.escalation.comments == {"C1": 3}


@pytest.mark.rule(1)
def test_a_closed_escalation_takes_no_comment_so_that_it_opens_a_successor() -> None:
    world = harness.closed()
    with pytest.raises(Conflict) as met:
        world.hear("C2")
    assert met.value.code == "closed"
    assert "new escalation" in met.value.way_out


def test_a_successor_names_the_escalation_before_it() -> None:
    assert harness.unclaimed(predecessor="E0").escalation.predecessor == "E0"


# 2. One winner. -------------------------------------------------------------------------------


@pytest.mark.rule(2)
def test_whoever_claims_second_is_told_who_won() -> None:
    world = harness.preparing(ADA)
    no = refusal(world, ESCALATION, GUS, "claim")
    assert no.code == "already_claimed"
    assert no.details == {"owner": "ada"}
    assert "ada" in no.message
    assert "ada" in no.way_out


@pytest.mark.rule(2)
def test_the_winner_is_still_named_to_who_comes_late_in_the_journey() -> None:
    for reach in (harness.deciding, harness.replying, harness.listening):
        assert refusal(reach(ADA), ESCALATION, GUS, "claim").details == {"owner": "ada"}


@pytest.mark.rule(2)
def test_after_a_release_anybody_of_the_team_may_claim() -> None:
    world = harness.preparing(ADA)
    world.do(ESCALATION, ADA, "release")
    assert world.escalation.owner is None
    world.do(ESCALATION, GUS, "claim")
    assert world.escalation.owner == "gus"


@pytest.mark.rule(2)
def test_an_assignment_goes_to_staff_of_the_team_and_tells_them() -> None:
    world = harness.unclaimed()
    for outsider in (CORA, DEV, EVE):
        no = refusal(world, ESCALATION, BEN, "assign", assignee=outsider.actor)
        assert isinstance(no, Invalid)
        assert no.details == {"field": "person"}
    world.do(ESCALATION, BEN, "assign", assignee=GUS.actor)
    assert (world.escalation.owner, world.escalation.stage) == ("gus", Stage.PREPARING)
    world.settle()
    assert told(world, "assigned_to_you")[0].people == ("gus",)
    assert refusal(world, ESCALATION, BEN, "assign", assignee=GUS.actor).code == "already_owner"


@pytest.mark.rule(6)
def test_nobody_takes_over_while_a_proposal_is_being_decided() -> None:
    """Else a proposer could hand on what they proposed and decide it."""
    world = harness.deciding(ADA)
    for lead in (ADA, BEN, CORA):
        no = refusal(world, ESCALATION, lead, "assign", assignee=GUS.actor)
        assert no.code == "waiting_for_decision"
        assert "ada" in no.message


# 3. Deadlines to the second. ------------------------------------------------------------------


@pytest.mark.rule(3)
def test_a_deadline_is_late_only_once_its_moment_has_passed() -> None:
    deadline = Deadline(stage="unclaimed", start_at=AT, allowance=4 * HOUR)
    assert deadline.due_at == AT + timedelta(hours=4)
    assert not deadline.is_late(deadline.due_at - SECOND)
    assert not deadline.is_late(deadline.due_at)
    assert deadline.is_late(deadline.due_at + timedelta(microseconds=1))


@pytest.mark.rule(3)
@pytest.mark.parametrize(
    ("reach", "allowance"),
    [
        (harness.unclaimed, "claim"),
        (harness.preparing, "propose"),
        (harness.deciding, "decide"),
        (harness.replying, "reply"),
        (harness.listening, "listen"),
    ],
)
def test_each_stage_is_due_its_allowance_after_it_began(reach: Any, allowance: str) -> None:
    deadline = reach().escalation.deadline
    assert deadline.start_at == AT
    seconds = getattr(harness.terms().allowances, allowance)
    assert deadline.due_at - AT == timedelta(seconds=seconds)


@pytest.mark.rule(3)
def test_the_clock_of_a_stage_starts_when_the_stage_does() -> None:
    world = harness.unclaimed()
    world.at = AT + timedelta(hours=3, seconds=7)
    world.do(ESCALATION, ADA, "claim")
    deadline = world.escalation.deadline
    assert deadline is not None
    assert deadline.start_at == world.at


@pytest.mark.rule(3)
def test_the_terms_that_were_pinned_at_the_opening_count_to_the_end() -> None:
    pinned = harness.terms(allowances=Allowances(claim=60, propose=120, decide=180, reply=240))
    world = harness.unclaimed(terms=pinned)
    seconds = []
    for step in (
        lambda: world.do(ESCALATION, ADA, "claim"),
        lambda: world.do(ESCALATION, ADA, "propose", request=words("request")),
        lambda: world.do(ESCALATION, CORA, "approve", post_id="P1"),
    ):
        step()
        assert world.escalation.deadline is not None
        seconds.append(world.escalation.deadline.allowance)
    assert seconds == [120, 180, 240]


@pytest.mark.rule(3)
def test_a_deadline_explains_itself() -> None:
    deadline = Deadline(stage="deciding", start_at=AT, allowance=90)
    assert deadline.explain() == (
        "started 2026-03-02T09:00:00.000000Z when the stage 'deciding' began",
        "allowance 90 s of plain time, counted around the clock",
        "due 2026-03-02T09:01:30.000000Z",
    )


@pytest.mark.rule(3)
def test_the_rung_at_the_deadline_says_late_and_the_reminder_before_it_does_not() -> None:
    world = harness.unclaimed()
    facts = [world.sleep(ESCALATION)[0] for _ in DEFAULT_LADDER]
    assert [fact.data.get("is_late", False) for fact in facts] == [False, True, True]
    moments = [fact.at - AT for fact in facts]
    assert moments == [timedelta(hours=3), timedelta(hours=4) + TICK, timedelta(hours=8)]
    world.settle()
    assert [n.reason for n in world.notices] == ["due_soon", "late", "late"]


@pytest.mark.rule(3)
def test_a_rung_that_rings_after_a_night_without_a_server_says_how_late_it_is() -> None:
    world = harness.unclaimed()
    world.at = AT + timedelta(hours=30)
    (reminder,) = world.ring(ESCALATION)
    assert reminder.data["is_late"]


@pytest.mark.rule(3)
@pytest.mark.parametrize("field", Allowances.model_fields)
def test_an_allowance_is_a_second_to_a_year(field: str) -> None:
    for seconds in (1, LONGEST):
        world = harness.unclaimed(terms=harness.terms(allowances=Allowances(**{field: seconds})))
        assert world.escalation.alarm() is not None
    for seconds in (0, -1, LONGEST + 1, 10**15):
        with pytest.raises(ValidationError):
            Allowances(**{field: seconds})


@pytest.mark.rule(3)
def test_the_last_rung_of_the_longest_allowance_still_has_a_moment() -> None:
    rung = Rung(permille=100_000, act=RungAct.ESCALATE, to=Seat.EXECUTIVES)
    deadline = Deadline(stage="unclaimed", start_at=AT, allowance=LONGEST)
    assert timedelta() < deadline.rung_at(rung) - AT < timedelta(days=290 * 365)


def test_an_imported_backlog_has_no_clock_until_somebody_claims_it() -> None:
    world = harness.unclaimed(backlog=True)
    clocks = [world.escalation.deadline]
    for act in ("claim", "release"):
        world.do(ESCALATION, ADA, act)
        clocks.append(world.escalation.deadline)
    assert [clock is not None for clock in clocks] == [False, True, True]


# 4 and 5. Ladders climb, and silence stays silence. -------------------------------------------


@pytest.mark.rule(4)
def test_a_ladder_speaks_first_to_who_owes_the_move_then_to_lead_and_executives() -> None:
    expected = {
        harness.unclaimed: (Seat.TEAM, Seat.LEAD, Seat.EXECUTIVES),
        harness.preparing: (Seat.OWNER, Seat.LEAD, Seat.EXECUTIVES),
        harness.deciding: (Seat.APPROVERS, Seat.LEAD, Seat.EXECUTIVES),
        harness.replying: (Seat.OWNER, Seat.LEAD, Seat.EXECUTIVES),
    }
    for reach, seats in expected.items():
        world = reach()
        people = [harness.who_fills(seat, world.escalation.seats) for seat in seats]
        facts = [world.sleep(ESCALATION)[0] for _ in seats]
        assert [tuple(fact.data["told"]) for fact in facts] == people
        assert [fact.name for fact in facts] == [CLIMBED] * len(seats)


@pytest.mark.rule(4)
def test_a_new_stage_begins_at_the_foot_of_the_ladder_and_an_old_alarm_finds_nothing() -> None:
    world = harness.unclaimed()
    world.sleep(ESCALATION)
    old = world.escalation.alarm()
    assert old is not None
    world.do(ESCALATION, ADA, "claim")
    assert world.escalation.rung == 0
    assert world.ring(ESCALATION, old.name) == ()


@pytest.mark.rule(4)
def test_an_alarm_that_rings_twice_climbs_one_rung() -> None:
    world = harness.unclaimed()
    alarm = world.escalation.alarm()
    assert alarm is not None
    world.sleep(ESCALATION)
    assert world.ring(ESCALATION, alarm.name) == ()
    assert world.escalation.rung == 1


@pytest.mark.rule(4)
def test_a_rung_nobody_sits_on_is_recorded_all_the_same() -> None:
    world = harness.unclaimed()
    alarm = world.escalation.alarm()
    assert alarm is not None
    world.at = alarm.at
    (fact,) = world.command(ESCALATION, MACHINE, Ring(alarm=alarm.name))
    assert "told" not in fact.data
    assert world.escalation.rung == 1
    world.settle()
    assert world.notices == []


@pytest.mark.rule(5)
def test_silence_of_the_approvers_yields_rungs_and_their_names_and_never_a_decision() -> None:
    world = harness.deciding(FAY)
    while world.at < AT + timedelta(days=3650):
        world.sleep(ESCALATION)
    assert world.escalation.stage is Stage.DECIDING
    assert world.escalation.decision is None
    climbed = [fact for fact in world.facts[ESCALATION] if fact.name == CLIMBED]
    assert len(climbed) == len(DEFAULT_LADDER)
    for fact in climbed:
        assert fact.by == "system"
        assert fact.data["stage"] == "deciding"
        assert fact.data["owed_by"] == ["cora"], "Fay proposed it: she does not owe the decision"
        assert fact.data["due_at"] == "2026-03-02T17:00:00.000000Z"


@pytest.mark.rule(5)
@pytest.mark.parametrize("stage", ["unclaimed", "preparing", "replying"])
def test_silence_of_anybody_changes_neither_stage_nor_owner(stage: str) -> None:
    world: World = getattr(harness, stage)()
    before = world.escalation
    for _ in range(9):
        world.sleep(ESCALATION)
    after = world.escalation
    assert (after.stage, after.owner, after.reply) == (before.stage, before.owner, before.reply)
    last = world.last(ESCALATION).data
    owing = {"unclaimed": ["ada", "gus", "ben", "fay"]}.get(stage, ["ada"])
    assert last["owed_by"] == owing


# 6. Separation of duties. ---------------------------------------------------------------------


@pytest.mark.rule(6)
@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("approve", {"post_id": "P1"}),
        ("refuse", {"code": "disagree", "reason": words("no")}),
        ("return", {"reason": words("again")}),
    ],
)
def test_nobody_decides_their_own_proposal_executive_or_not(act: str, fields: Any) -> None:
    world = harness.deciding(FAY)
    assert isinstance(refusal(world, ESCALATION, FAY, act, **fields), Forbidden)
    world.do(ESCALATION, CORA, act, **fields)


@pytest.mark.rule(6)
def test_an_executive_decides_what_a_colleague_proposed() -> None:
    world = harness.deciding(ADA)
    world.do(ESCALATION, FAY, "approve", post_id="P1")
    assert world.escalation.decision is not None
    assert world.escalation.decision.by == "fay"


@pytest.mark.rule(6)
def test_approvers_are_looked_for_without_the_proposer() -> None:
    world = harness.deciding(FAY)
    world.settle()
    (notice,) = told(world, "decision_wanted")
    assert notice.to == (Seat.APPROVERS,)
    assert notice.seats is not None
    assert notice.seats.not_person == "fay"
    assert harness.who_fills(Seat.APPROVERS, notice.seats) == ("cora",)


@pytest.mark.rule(6)
@pytest.mark.parametrize("writer", [ADA, FAY])
def test_a_writer_clears_their_own_words_in_no_role(writer: Member) -> None:
    world = harness.in_review(writer)
    assert world.post().stage is PostStage.IN_REVIEW
    assert isinstance(refusal(world, POST, writer, "clear"), Forbidden)
    assert isinstance(refusal(world, POST, writer, "return", reason=words("x")), Forbidden)
    world.do(POST, GUS, "clear")
    assert (world.post().writer, world.post().cleared_by) == (writer.id, "gus")


@pytest.mark.rule(6)
def test_words_of_a_former_owner_cannot_be_cleared_by_their_writer() -> None:
    world = harness.in_review(ADA)
    world.do(ESCALATION, BEN, "assign", assignee=GUS.actor)
    assert isinstance(refusal(world, POST, ADA, "clear"), Forbidden)
    world.do(POST, GUS, "clear")


@pytest.mark.rule(6)
def test_an_approver_who_becomes_the_owner_does_not_clear_what_they_send() -> None:
    """Fay approved Ada's words; as the owner she would publish on her own word alone."""
    world = harness.deciding(ADA)
    world.do(ESCALATION, FAY, "approve", post_id="P1")
    world.do(ESCALATION, BEN, "assign", assignee=FAY.actor)
    world.do(ESCALATION, FAY, "reply", post_id="P1", words=words("mine"))
    world.settle()
    assert world.post().stage is PostStage.IN_REVIEW

    world = harness.deciding(ADA, reply=words("proposed"))
    world.hear("C2")
    world.do(ESCALATION, FAY, "approve", post_id="P1")
    world.do(ESCALATION, BEN, "assign", assignee=FAY.actor)
    world.do(ESCALATION, FAY, "reply", post_id="P1", words=words("proposed"))
    world.settle()
    assert world.post().stage is PostStage.IN_REVIEW


# 7. A refusal has a reason. -------------------------------------------------------------------


@pytest.mark.rule(7)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"code": "disagree"},
        {"reason": words("no")},
        {"code": "because", "reason": words("no")},
        {"code": "disagree", "reason": None},
    ],
)
def test_a_refusal_without_its_code_or_its_reason_does_not_read(fields: dict[str, Any]) -> None:
    world = harness.deciding()
    with pytest.raises(ValidationError):
        world.do(ESCALATION, CORA, "refuse", **fields)


@pytest.mark.rule(7)
def test_a_refusal_is_answered_in_public_and_the_printed_reason_goes_straight_out() -> None:
    world = harness.deciding()
    reason = words("why not")
    world.do(ESCALATION, CORA, "refuse", code="too_costly", reason=reason)
    assert (world.escalation.stage, world.escalation.reply) == (Stage.REPLYING, None)
    world.do(ESCALATION, ADA, "reply", post_id="P1", words=reason)
    world.settle()
    assert world.post().cleared_by == "cora"
    assert world.escalation.stage is Stage.LISTENING
    world.sleep(ESCALATION)
    assert world.escalation.outcome is Outcome.REFUSED


@pytest.mark.rule(7)
@pytest.mark.parametrize("act", ["return", "withdraw"])
def test_what_goes_back_carries_a_reason_or_is_the_proposers_own_doing(act: str) -> None:
    world = harness.deciding()
    if act == "return":
        with pytest.raises(ValidationError):
            world.do(ESCALATION, CORA, "return")
        world.do(ESCALATION, CORA, "return", reason=words("again"))
    else:
        world.do(ESCALATION, ADA, "withdraw")
    assert world.escalation.stage is Stage.PREPARING
    assert world.escalation.owner == "ada"
    assert world.escalation.proposal is None


# 8. Approval is bound to the exact words. -----------------------------------------------------


@pytest.mark.rule(8)
def test_words_approved_with_the_proposal_go_straight_out() -> None:
    world = harness.replying(reply=words("proposed"), promises=[promise()])
    assert world.names(ESCALATION)[-2:] == [
        "escalation:decision:approved",
        "escalation:reply:submitted",
    ]
    world.settle()
    post = world.post()
    assert (post.stage, post.words) == (PostStage.PUBLISHED, words("proposed"))
    assert (post.writer, post.cleared_by, post.promises) == ("ada", "cora", 1)
    assert "post:words:cleared" not in world.names(POST)
    assert world.commitment().promise == promise()
    assert world.commitment().approver == "cora"


PROPOSED: dict[str, Any] = {"reply": words("proposed"), "promises": [promise()]}


@pytest.mark.rule(8)
@pytest.mark.parametrize(
    ("fields", "goes_straight_out"),
    [
        pytest.param({}, True, id="exactly those"),
        pytest.param({"words": words("other")}, False, id="other words"),
        pytest.param({"promises": []}, False, id="no promise"),
        pytest.param({"promises": [promise(days=11)]}, False, id="another date"),
        pytest.param({"promises": [promise(accountable="ben")]}, False, id="somebody else"),
        pytest.param({"promises": [promise(), promise("M2")]}, False, id="one promise more"),
        pytest.param(
            {"words": words("proposed").model_copy(update={"digest": "0" * 64})},
            False,
            id="the same row with another text",
        ),
    ],
)
def test_only_exactly_the_approved_words_and_promises_go_straight_out(
    fields: dict[str, Any], goes_straight_out: bool
) -> None:
    """After news the owner submits again: the same words are bound, any others are not."""
    world = harness.deciding(**PROPOSED)
    world.hear("C2")
    world.do(ESCALATION, CORA, "approve", post_id="P0")
    reply = {"post_id": "P1", "words": PROPOSED["reply"], "promises": PROPOSED["promises"]}
    world.do(ESCALATION, ADA, "reply", **(reply | fields))
    harness.sign(world)
    world.settle()
    stage = PostStage.PUBLISHED if goes_straight_out else PostStage.IN_REVIEW
    assert world.post().stage is stage
    assert world.post().cleared_by == ("cora" if goes_straight_out else None)


@pytest.mark.rule(8)
@pytest.mark.parametrize("news", [("C2", 1), ("C1", 2)], ids=["a comment", "a revision"])
def test_news_after_the_proposal_stops_words_from_going_straight_out(news: Any) -> None:
    world = harness.deciding(reply=words("proposed"))
    world.hear(*news)
    world.do(ESCALATION, CORA, "approve", post_id="P1")
    world.settle()
    assert world.escalation.stage is Stage.REPLYING
    assert world.escalation.reply is None
    assert POST not in world.states
    assert told(world, "decided")


@pytest.mark.rule(8)
def test_after_a_return_the_next_proposal_is_bound_to_its_own_words() -> None:
    world = harness.deciding(reply=words("first"))
    world.do(ESCALATION, CORA, "return", reason=words("again"))
    world.do(ESCALATION, ADA, "propose", request=words("request"), reply=words("second"))
    world.do(ESCALATION, CORA, "approve", post_id="P1")
    world.settle()
    assert world.post().words == words("second")


@pytest.mark.rule(8)
def test_approval_without_words_binds_none() -> None:
    world = harness.in_review()
    assert world.post().stage is PostStage.IN_REVIEW
    assert world.post().cleared_by is None
    world.settle()
    (notice,) = told(world, "review_wanted")
    assert notice.seats is not None
    assert "ada" not in harness.who_fills(Seat.REVIEWERS, notice.seats)


@pytest.mark.rule(8)
def test_returned_words_leave_room_for_others_which_wait_for_clearance_again() -> None:
    world = harness.in_review()
    world.do(POST, GUS, "return", reason=words("too stiff"))
    world.settle()
    assert world.escalation.stage is Stage.REPLYING
    assert world.escalation.reply is None
    assert told(world, "reply_returned")[0].to == (Seat.OWNER,)
    world.do(ESCALATION, ADA, "reply", post_id="P2", words=words("warmer"))
    world.settle()
    assert world.post("P2").stage is PostStage.IN_REVIEW


@pytest.mark.rule(8)
def test_there_is_one_reply_at_a_time() -> None:
    world = harness.in_review()
    no = refusal(world, ESCALATION, ADA, "reply", post_id="P2", words=words("another"))
    assert no.code == "reply_on_its_way"
    assert no.details == {"post_id": "P1"}
    offered = {p.act: p for p in allowed(kind_of(ESCALATION), ADA.actor, world.escalation)}
    assert not offered["reply"].ok
    world.do(POST, ADA, "withdraw")
    world.settle()
    world.do(ESCALATION, ADA, "reply", post_id="P2", words=words("another"))


# 9. Promises (what exists of the gate). -------------------------------------------------------


@pytest.mark.rule(9)
@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"promises": [promise()]}, "promise_without_reply", "promises"),
        (
            {"reply": words("r"), "promises": [promise(), promise()]},
            "promise_twice",
            "promises",
        ),
        (
            {"reply": words("r"), "promises": [promise(), promise("M2", days=0)]},
            "due_in_the_past",
            "promises[1].due_at",
        ),
        (
            {"reply": words("r"), "promises": [promise(days=FARTHEST.days + 1)]},
            "due_too_far",
            "promises[0].due_at",
        ),
    ],
)
def test_a_promise_stands_in_words_and_has_a_date_we_can_see(
    fields: dict[str, Any], code: str, field: str
) -> None:
    world = harness.preparing()
    no = refusal(world, ESCALATION, ADA, "propose", request=words("request"), **fields)
    assert isinstance(no, Invalid)
    assert (no.code, no.details["field"]) == (code, field)
    assert no.way_out


@pytest.mark.rule(9)
def test_a_promise_whose_date_passed_while_it_was_decided_is_not_approved() -> None:
    world = harness.deciding(reply=words("proposed"), promises=[promise(days=1)])
    world.at += timedelta(days=1)
    assert refusal(world, ESCALATION, CORA, "approve", post_id="P1").code == "due_in_the_past"
    world.do(ESCALATION, CORA, "return", reason=words("a later date"))


@pytest.mark.rule(9)
def test_promises_of_a_reply_become_commitments_when_it_is_published_and_not_before() -> None:
    promises = [promise("M1"), promise("M2", accountable="ben")]
    world = harness.in_review(promises=promises)
    assert not [s for s in world.states if s.startswith("commitment/")]
    world.do(POST, GUS, "clear")
    world.settle()
    assert [world.commitment(p.id).promise for p in promises] == promises
    accountable = [n.seats.accountable for n in told(world, "promise_made") if n.seats]
    assert accountable == ["ada", "ben"]


@pytest.mark.rule(9)
def test_promises_of_words_that_were_never_published_bind_nobody() -> None:
    world = harness.in_review(promises=[promise()])
    world.do(POST, GUS, "return", reason=words("no"))
    world.settle()
    world.do(ESCALATION, ADA, "reply", post_id="P2", words=words("careful"))
    world.settle()
    world.do("post/P2", GUS, "clear")
    world.settle()
    assert world.escalation.stage is Stage.LISTENING
    assert COMMITMENT not in world.states


# 11. A promise and its date. ------------------------------------------------------------------


def promised(days: float = 10) -> World:
    """A promise is out in public, under the first rules; later ones are in test_commitments."""
    world = harness.replying(reply=words("we will"), promises=[promise(days=days)])
    world.promises_under = 1
    world.settle()
    world.notices.clear()
    return world


def report(world: World, post_id: str = "P2") -> None:
    world.do(COMMITMENT, ADA, "report_kept", post_id=post_id, words=words("done"))


def cleared(world: World, post_id: str = "P2") -> None:
    world.settle()
    world.do(f"post/{post_id}", GUS, "clear")
    world.settle()


@pytest.mark.rule(11)
def test_a_promise_is_broken_once_its_date_has_passed_and_everybody_hears_of_it() -> None:
    world = promised()
    (reminder,) = world.sleep(COMMITMENT)
    assert reminder.name == "commitment:ladder:climbed"
    assert reminder.data["told"] == ["ada"]
    assert reminder.at == AT + timedelta(days=7.5)
    (broken,) = world.sleep(COMMITMENT)
    assert broken.name == "commitment:promise:broken"
    assert AT + timedelta(days=10) < broken.at <= AT + timedelta(days=10) + TICK
    assert world.commitment().alarm() is None
    world.settle()
    (notice,) = told(world, "promise_broken")
    assert set(notice.people) == {"ada", "ben", "cora", "fay"}


@pytest.mark.rule(11)
def test_a_promise_reported_at_the_very_moment_it_is_due_is_kept() -> None:
    world = promised()
    world.at = world.commitment().promise.due_at
    report(world)
    assert world.commitment().stage is CommitmentStage.REPORTED
    world.at += timedelta(days=3)
    cleared(world)
    assert world.commitment().stage is CommitmentStage.KEPT
    assert world.commitment().settled_at == world.at
    assert "commitment:promise:broken" not in world.names(COMMITMENT)


@pytest.mark.rule(11)
def test_a_report_a_second_late_finds_the_promise_broken_though_no_timer_rang() -> None:
    world = promised()
    world.at = world.commitment().promise.due_at + SECOND
    report(world)
    assert world.names(COMMITMENT)[-2:] == [
        "commitment:promise:broken",
        "commitment:promise:reported_kept",
    ]
    cleared(world)
    assert world.commitment().stage is CommitmentStage.KEPT_LATE


@pytest.mark.rule(11)
def test_a_broken_promise_can_be_kept_late_and_its_break_stays_on_record() -> None:
    world = promised()
    while world.commitment().alarm():
        world.sleep(COMMITMENT)
    world.at += timedelta(days=30)
    report(world)
    cleared(world)
    assert world.commitment().stage is CommitmentStage.KEPT_LATE
    assert world.commitment().was_broken
    assert world.last(COMMITMENT).data == {"is_late": True}


@pytest.mark.rule(11)
@pytest.mark.parametrize("how", ["returned", "withdrawn"])
def test_a_report_that_falls_through_after_the_date_leaves_the_promise_broken(how: str) -> None:
    world = promised()
    report(world)
    world.settle()
    world.at = world.commitment().promise.due_at + SECOND
    if how == "returned":
        world.do("post/P2", GUS, "return", reason=words("it is not done"))
    else:
        world.do("post/P2", ADA, "withdraw")
    world.settle()
    assert world.commitment().stage is CommitmentStage.BROKEN
    assert world.names(COMMITMENT)[-2:] == [
        "commitment:promise:report_fell_through",
        "commitment:promise:broken",
    ]


@pytest.mark.rule(11)
def test_a_report_that_falls_through_before_the_date_leaves_the_promise_open() -> None:
    world = promised()
    report(world)
    assert world.commitment().alarm() is None
    world.settle()
    world.at = world.commitment().promise.due_at
    world.do("post/P2", GUS, "return", reason=words("it is not done"))
    world.settle()
    assert world.commitment().stage is CommitmentStage.OPEN
    assert world.commitment().report is None
    assert world.commitment().alarm() is not None
    report(world, "P3")
    cleared(world, "P3")
    assert world.commitment().stage is CommitmentStage.KEPT


@pytest.mark.rule(11)
def test_a_broken_promise_whose_report_falls_through_is_broken_once() -> None:
    world = promised()
    world.at = world.commitment().promise.due_at + SECOND
    report(world)
    world.settle()
    world.do("post/P2", GUS, "return", reason=words("it is not done"))
    world.settle()
    assert world.commitment().stage is CommitmentStage.BROKEN
    assert world.names(COMMITMENT).count("commitment:promise:broken") == 1


@pytest.mark.rule(11)
def test_a_promise_withdrawn_after_its_date_is_on_record_as_broken_first() -> None:
    world = promised()
    world.at = world.commitment().promise.due_at + SECOND
    world.do(COMMITMENT, CORA, "withdraw", reason=words("overtaken by events"))
    assert world.commitment().stage is CommitmentStage.WITHDRAWN
    assert world.commitment().was_broken


@pytest.mark.rule(11)
def test_a_withdrawal_needs_a_reason() -> None:
    world = promised()
    with pytest.raises(ValidationError):
        world.do(COMMITMENT, CORA, "withdraw")


@pytest.mark.rule(11)
def test_a_promise_published_after_its_own_date_is_broken_at_once() -> None:
    world = harness.in_review(promises=[promise(days=1)])
    world.promises_under = 1
    world.at += timedelta(days=2)
    world.do(POST, GUS, "clear")
    world.settle()
    while world.commitment().alarm():
        world.sleep(COMMITMENT)
    assert world.commitment().stage is CommitmentStage.BROKEN
    assert world.at - AT - timedelta(days=2) <= TICK


@pytest.mark.rule(11)
def test_the_word_that_a_promise_is_kept_is_cleared_by_somebody_else() -> None:
    world = promised()
    report(world)
    world.settle()
    assert world.post("P2").stage is PostStage.IN_REVIEW
    assert world.post("P2").commitment_id == "M1"
    assert isinstance(refusal(world, "post/P2", ADA, "clear"), Forbidden)
    assert world.commitment().stage is CommitmentStage.REPORTED


@pytest.mark.rule(11)
def test_a_follow_up_that_fails_leaves_the_report_and_tells_who_is_accountable_each_time() -> None:
    world = promised()
    report(world)
    world.settle()
    world.publishes = PublishResult.REFUSED
    world.do("post/P2", GUS, "clear")
    world.settle()
    assert world.commitment().stage is CommitmentStage.REPORTED
    world.do("post/P2", BEN, "retry")
    world.settle()
    assert world.names(COMMITMENT).count("commitment:promise:follow_up_stuck") == 2
    assert len(told(world, "reply_failed")) == 2
    world.publishes = PublishResult.PUBLISHED
    world.do("post/P2", BEN, "retry")
    world.settle()
    assert world.commitment().stage is CommitmentStage.KEPT


# 13. Published once, or we say we do not know. ------------------------------------------------


def publishing(result: PublishResult) -> World:
    """One attempt was made and came to this."""
    world = harness.in_review()
    world.publishes = result
    world.do(POST, GUS, "clear")
    world.settle()
    return world


@pytest.mark.rule(13)
def test_an_unclear_outcome_is_unconfirmed_and_looked_for_before_any_other_attempt() -> None:
    world = publishing(PublishResult.UNCLEAR)
    assert world.post().stage is PostStage.UNCONFIRMED
    alarm = world.post().alarm()
    assert alarm is not None
    assert alarm.at == AT + GRACE
    assert world.names(POST).count("post:attempt:started") == 1
    world.sleep(POST)
    assert [p.effect for _, p in world.todo()] == [Find(attempt=1)]
    world.settle()
    assert world.post().stage is PostStage.PUBLISHED
    assert world.escalation.stage is Stage.LISTENING
    assert world.names(POST).count("post:attempt:started") == 1


@pytest.mark.rule(13)
def test_only_the_channels_word_that_nothing_arrived_allows_another_attempt() -> None:
    world = publishing(PublishResult.UNCLEAR)
    world.finds = FindResult.ABSENT
    world.publishes = PublishResult.PUBLISHED
    world.sleep(POST)
    world.settle()
    assert world.post().stage is PostStage.PUBLISHED
    assert world.post().attempt == 2
    steps = [name for name in world.names(POST) if name.endswith(":started")]
    assert steps == ["post:attempt:started", "post:search:started", "post:attempt:started"]


@pytest.mark.rule(13)
def test_where_the_channel_cannot_tell_it_stays_unconfirmed_until_a_person_does() -> None:
    world = publishing(PublishResult.UNCLEAR)
    world.finds = FindResult.CANNOT_TELL
    world.sleep(POST)
    world.settle()
    assert world.post().stage is PostStage.UNCONFIRMED
    assert world.post().wake_at is None
    assert told(world, "reply_unconfirmed")
    assert world.escalation.alarm() is not None
    no = refusal(world, ESCALATION, ADA, "reply", post_id="P2", words=words("again"))
    assert no.code == "reply_on_its_way"
    assert isinstance(refusal(world, POST, ADA, "withdraw"), Conflict)
    assert isinstance(refusal(world, POST, BEN, "retry"), Conflict)
    world.do(POST, ADA, "confirm", is_published=True)
    world.settle()
    assert world.post().stage is PostStage.PUBLISHED
    assert world.escalation.stage is Stage.LISTENING


@pytest.mark.rule(13)
def test_a_person_who_looked_and_found_nothing_allows_another_attempt() -> None:
    world = publishing(PublishResult.UNCLEAR)
    world.finds = FindResult.CANNOT_TELL
    world.sleep(POST)
    world.settle()
    world.do(POST, ADA, "confirm", is_published=False)
    world.settle()
    assert world.post().stage is PostStage.FAILED
    assert world.post().wake_at is None
    world.publishes = PublishResult.PUBLISHED
    world.do(POST, BEN, "retry")
    world.settle()
    assert world.post().stage is PostStage.PUBLISHED
    assert world.post().attempt == 2


@pytest.mark.rule(13)
def test_a_channel_that_cannot_be_asked_is_asked_again_and_then_a_person_is() -> None:
    world = publishing(PublishResult.UNCLEAR)
    world.finds = FindResult.UNAVAILABLE
    pauses = []
    while world.post().wake_at:
        before = world.at
        world.sleep(POST)
        world.settle()
        pauses.append(world.at - before)
    assert pauses == [GRACE, *(pause_before(n) for n in range(1, FINDS))]
    assert world.post().stage is PostStage.UNCONFIRMED
    assert world.names(POST).count("post:search:started") == FINDS
    assert len(told(world, "reply_unconfirmed")) == 1


@pytest.mark.rule(13)
def test_what_certainly_never_arrived_is_tried_again_ever_more_slowly_and_then_given_up() -> None:
    world = publishing(PublishResult.NOT_SENT)
    pauses = []
    while world.post().wake_at:
        before = world.at
        assert world.post().stage is PostStage.PUBLISHING
        world.sleep(POST)
        world.settle()
        pauses.append(world.at - before)
    assert pauses == [pause_before(n) for n in range(1, ATTEMPTS)]
    assert pauses == sorted(pauses)
    assert max(pauses) <= timedelta(hours=1)
    assert timedelta(hours=2) < sum(pauses, timedelta()) < timedelta(hours=3)
    assert world.post().stage is PostStage.FAILED
    assert world.names(POST).count("post:attempt:started") == ATTEMPTS
    assert len(told(world, "reply_failed")) == 1

    world.do(POST, BEN, "retry")
    world.settle()
    assert world.post().stage is PostStage.PUBLISHING
    assert world.post().tries == 1
    assert world.post().attempt == ATTEMPTS + 1


@pytest.mark.rule(13)
def test_what_the_channel_refused_is_not_tried_again_by_itself() -> None:
    world = publishing(PublishResult.REFUSED)
    assert world.post().stage is PostStage.FAILED
    assert world.post().wake_at is None
    assert world.escalation.stage is Stage.REPLYING
    world.do(POST, ADA, "withdraw")
    world.settle()
    assert world.escalation.reply is None


@pytest.mark.rule(13)
def test_somebody_who_tries_again_hears_of_the_second_failure_too() -> None:
    world = publishing(PublishResult.REFUSED)
    world.do(POST, BEN, "retry")
    world.settle()
    assert world.names(ESCALATION).count("escalation:reply:settled") == 2
    assert len(told(world, "reply_failed")) == 2


@pytest.mark.rule(13)
@pytest.mark.parametrize("result", PublishResult)
def test_a_late_result_of_an_earlier_attempt_changes_nothing(result: PublishResult) -> None:
    world = publishing(PublishResult.NOT_SENT)
    world.sleep(POST)
    assert world.post().attempt == 2
    assert world.do(POST, MACHINE, "attempted", attempt=1, result=result) == ()
    world.publishes = PublishResult.UNCLEAR
    world.settle()
    assert world.post().stage is PostStage.UNCONFIRMED
    assert world.do(POST, MACHINE, "attempted", attempt=1, result=result) == ()
    for look in FindResult:
        assert world.do(POST, MACHINE, "looked", attempt=1, result=look) == ()


@pytest.mark.rule(13)
@pytest.mark.parametrize("result", PublishResult)
def test_a_result_told_twice_counts_once(result: PublishResult) -> None:
    world = publishing(result)
    before = world.post()
    assert world.do(POST, MACHINE, "attempted", attempt=1, result=result, code="told") == ()
    assert world.post() == before


@pytest.mark.rule(13)
@pytest.mark.parametrize("finds", FindResult)
def test_a_look_counts_only_while_we_do_not_know(finds: FindResult) -> None:
    for result in (PublishResult.PUBLISHED, PublishResult.REFUSED, PublishResult.NOT_SENT):
        if (result, finds) == (PublishResult.REFUSED, FindResult.FOUND):
            continue  # The channel's yes always counts, see the next test.
        world = publishing(result)
        assert world.do(POST, MACHINE, "looked", attempt=1, result=finds) == ()


@pytest.mark.rule(13)
def test_the_channels_yes_counts_also_after_a_person_saw_nothing_there() -> None:
    """Ben looked, saw nothing and said so while our own look was still under way."""
    world = publishing(PublishResult.UNCLEAR)
    world.do(POST, BEN, "confirm", is_published=False)
    assert world.post().stage == "failed"
    world.do(POST, MACHINE, "looked", attempt=1, result=FindResult.FOUND)
    assert world.post().stage == "published"


@pytest.mark.rule(7)
def test_words_that_were_written_to_say_no_never_go_out_with_a_yes() -> None:
    world = harness.deciding(recommendation="refuse", reply=words("We are sorry: no."))
    world.do(ESCALATION, CORA, "approve", post_id="P1")
    assert world.escalation.reply is None


@pytest.mark.rule(13)
def test_a_certain_result_that_comes_while_we_look_is_believed() -> None:
    world = publishing(PublishResult.UNCLEAR)
    never = world.do(POST, MACHINE, "attempted", attempt=1, result=PublishResult.NOT_SENT)
    assert never == (), "no second attempt without a look"
    world.do(POST, MACHINE, "attempted", attempt=1, result=PublishResult.PUBLISHED)
    assert world.post().stage is PostStage.PUBLISHED


@pytest.mark.rule(13)
def test_what_becomes_of_a_post_is_heard_once_however_often_it_is_told() -> None:
    world = harness.in_review()
    world.publishes = PublishResult.REFUSED
    world.do(POST, GUS, "clear")
    world.settle()
    failed = {"post_id": "P1", "settlement": "failed", "attempt": 1}
    assert world.do(ESCALATION, MACHINE, "settle", **failed) == ()
    world.do(POST, BEN, "retry")
    world.settle()
    assert world.do(ESCALATION, MACHINE, "settle", **failed) == (), "older than what we know"
    published = {"post_id": "P1", "settlement": "published", "attempt": 3}
    world.do(ESCALATION, MACHINE, "settle", **published)
    assert world.escalation.stage is Stage.LISTENING
    assert world.do(ESCALATION, MACHINE, "settle", **published) == ()
    assert world.do(ESCALATION, MACHINE, "settle", **failed) == ()


@pytest.mark.rule(13)
def test_a_follow_up_that_is_stuck_is_recorded_once_however_often_it_is_told() -> None:
    world = promised()
    report(world)
    world.settle()
    stuck = {"post_id": "P2", "settlement": "failed", "attempt": 1}
    assert len(world.do(COMMITMENT, MACHINE, "settle", **stuck)) == 1
    assert world.do(COMMITMENT, MACHINE, "settle", **stuck) == ()
    assert world.do(COMMITMENT, MACHINE, "settle", **(stuck | {"post_id": "P9"})) == ()


@pytest.mark.rule(13)
def test_the_attempt_is_recorded_before_the_call_is_made() -> None:
    world = harness.in_review()
    facts = world.do(POST, GUS, "clear")
    assert [f.name for f in facts] == ["post:words:cleared", "post:attempt:started"]
    assert [(p.seq, p.effect) for p in world.post().todo] == [(facts[1].seq, Publish(attempt=1))]


# Listening, closing, and what is left of news. ------------------------------------------------


@pytest.mark.parametrize("news", [("C2", 1), ("C1", 2)], ids=["a comment", "a revision"])
def test_a_comment_while_we_listen_goes_back_to_the_same_owner_with_a_clean_desk(news: Any) -> None:
    world = harness.listening(ADA)
    world.at += timedelta(days=6)
    quiet = world.escalation.alarm()
    assert quiet is not None
    facts = world.hear(*news)
    assert facts[-1].name == "escalation:stage:reopened"
    state = world.escalation
    assert (state.stage, state.owner) == (Stage.PREPARING, "ada")
    assert (state.proposal, state.decision, state.reply) == (None, None, None)
    assert state.deadline is not None
    assert state.deadline.start_at == world.at
    assert world.ring(ESCALATION, quiet.name) == ()
    world.settle()
    assert told(world, "commenter_spoke")


def test_quiet_for_the_listening_period_closes_as_answered() -> None:
    world = harness.listening()
    world.sleep(ESCALATION)
    assert world.at == AT + timedelta(days=7)
    assert world.escalation.outcome is Outcome.ANSWERED
    assert world.escalation.closed_at == world.at
    assert world.escalation.alarm() is None
    assert (world.escalation.opened_at, world.escalation.owner) == (AT, "ada")


@pytest.mark.parametrize("when", ["in review", "publishing", "unconfirmed"])
def test_what_was_said_while_our_words_were_on_their_way_is_answered_too(when: str) -> None:
    """Else we would listen for a week to somebody who has spoken, and close it as answered."""
    world = harness.in_review(promises=[promise()])
    if when == "in review":
        world.hear("C2")
        world.do(POST, GUS, "clear")
    elif when == "publishing":
        world.do(POST, GUS, "clear")
        world.hear("C2")
    else:
        world.publishes, world.finds = PublishResult.UNCLEAR, FindResult.CANNOT_TELL
        world.do(POST, GUS, "clear")
        world.settle()
        world.sleep(POST)
        world.settle()
        world.hear("C2")
        world.do(POST, GUS, "confirm", is_published=True)
    world.settle()
    assert world.post().stage is PostStage.PUBLISHED
    assert world.names(ESCALATION)[-2:] == [
        "escalation:reply:settled",
        "escalation:stage:reopened",
    ]
    assert (world.escalation.stage, world.escalation.owner) == (Stage.PREPARING, "ada")
    assert world.commitment().stage is CommitmentStage.OPEN, "what was published still binds"


def test_what_the_writer_had_read_before_submitting_does_not_reopen() -> None:
    world = harness.replying()
    world.hear("C2")
    world.do(ESCALATION, ADA, "reply", post_id="P1", words=words("reply"))
    world.settle()
    world.do(POST, GUS, "clear")
    world.settle()
    assert world.escalation.stage is Stage.LISTENING


def test_a_dismissal_names_its_code_and_closes() -> None:
    world = harness.preparing()
    with pytest.raises(ValidationError):
        world.do(ESCALATION, ADA, "dismiss")
    facts = world.do(ESCALATION, ADA, "dismiss", code="spam", reason=words("why"))
    assert facts[0].data == {"code": "spam", "reason": words("why").model_dump()}
    assert world.escalation.outcome is Outcome.DISMISSED


# What a form is refused for when it comes from a stale view. ----------------------------------


def _note(world: World) -> None:
    world.do(ESCALATION, BEN, "note", words=words("note"))


def _reminder(world: World) -> None:
    world.sleep(ESCALATION)


def _comment(world: World) -> None:
    world.hear("C2")


def _owner(world: World) -> None:
    world.do(ESCALATION, BEN, "assign", assignee=GUS.actor)


def _proposal(world: World) -> None:
    world.do(ESCALATION, ADA, "withdraw")
    world.do(ESCALATION, ADA, "propose", request=words("another request"))


def _reply(world: World) -> None:
    world.do(ESCALATION, ADA, "reply", post_id="P1", words=words("reply"))


FORMS: dict[str, dict[str, Any]] = {
    "claim": {},
    "dismiss": {"code": "spam"},
    "propose": {"request": words("request")},
    "approve": {"post_id": "P1"},
    "refuse": {"code": "disagree", "reason": words("no")},
    "return": {"reason": words("again")},
    "reply": {"post_id": "P2", "words": words("reply")},
    "note": {"words": words("note")},
    "withdraw": {},
    "release": {},
    "assign": {"assignee": GUS.actor},
}

STALE = [
    # form, made in, what happened since, what it is refused for
    ("claim", harness.unclaimed, _note, []),
    ("claim", harness.unclaimed, _reminder, []),
    ("claim", harness.unclaimed, _comment, []),
    ("claim", harness.unclaimed, _owner, ["owner"]),
    ("dismiss", harness.preparing, _note, []),
    ("dismiss", harness.preparing, _reminder, []),
    ("dismiss", harness.preparing, _comment, ["comment"]),
    ("dismiss", harness.preparing, _owner, ["owner", "stage"]),
    ("propose", harness.preparing, _note, []),
    ("propose", harness.preparing, _reminder, []),
    ("propose", harness.preparing, _comment, ["comment"]),
    ("propose", harness.preparing, _owner, ["owner", "stage"]),
    ("approve", harness.deciding, _note, []),
    ("approve", harness.deciding, _reminder, []),
    ("approve", harness.deciding, _comment, ["comment"]),
    ("approve", harness.deciding, _proposal, ["proposal", "stage"]),
    ("refuse", harness.deciding, _note, []),
    ("refuse", harness.deciding, _reminder, []),
    ("refuse", harness.deciding, _comment, ["comment"]),
    ("refuse", harness.deciding, _proposal, ["proposal", "stage"]),
    ("return", harness.deciding, _comment, []),
    ("return", harness.deciding, _proposal, ["proposal", "stage"]),
    ("withdraw", harness.deciding, _comment, []),
    ("withdraw", harness.deciding, _reminder, []),
    ("withdraw", harness.deciding, _proposal, ["proposal", "stage"]),
    ("reply", harness.replying, _note, []),
    ("reply", harness.replying, _reminder, []),
    ("reply", harness.replying, _comment, ["comment"]),
    ("reply", harness.replying, _reply, ["reply"]),
    ("release", harness.preparing, _comment, []),
    ("release", harness.preparing, _owner, ["owner"]),
    ("assign", harness.preparing, _comment, []),
    ("assign", harness.preparing, _owner, ["owner"]),
    ("note", harness.preparing, _comment, []),
    ("note", harness.preparing, _owner, []),
]


@pytest.mark.parametrize(
    ("act", "reach", "happens", "changed"),
    [pytest.param(*row, id=f"{row[0]}-after{row[2].__name__}") for row in STALE],
)
def test_a_form_is_refused_for_what_bears_on_it_and_for_nothing_else(
    act: str, reach: Any, happens: Any, changed: list[str]
) -> None:
    world: World = reach()
    command = kind_of(ESCALATION).command({"act": act, **FORMS[act]})
    seen = world.escalation.seq
    check_unchanged(world.escalation, command, seen)
    happens(world)
    assert world.escalation.seq > seen
    check_unchanged(world.escalation, command, None)
    check_unchanged(world.escalation, command, world.escalation.seq)
    if not changed:
        check_unchanged(world.escalation, command, seen)
        return
    with pytest.raises(Conflict) as met:
        check_unchanged(world.escalation, command, seen)
    assert met.value.code == "changed_meanwhile"
    assert met.value.details == {"changed": changed, "seq": world.escalation.seq}
    assert all(aspect in met.value.message for aspect in changed)


def test_a_form_from_the_future_is_refused() -> None:
    world = harness.unclaimed()
    command = kind_of(ESCALATION).command({"act": "claim"})
    with pytest.raises(Invalid) as met:
        check_unchanged(world.escalation, command, world.escalation.seq + 1)
    assert met.value.code == "seq_ahead"
    assert met.value.way_out


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_aspect_a_command_minds_is_touched_by_some_event(kind: Kind) -> None:
    touched = frozenset[str]().union(*(event.TOUCHES for event in kind.events.values()))
    for command in kind.commands.values():
        person = not kind.rights[command.model_fields["act"].default].is_machine
        if person:
            assert touched >= command.MINDS, command


# What everything has in common. ---------------------------------------------------------------


def _everything() -> World:
    """A world in which something of each kind has happened."""
    world = promised()
    world.sleep(COMMITMENT)
    report(world)
    cleared(world)
    return world


def test_the_facts_folded_from_nothing_are_the_state() -> None:
    world = _everything()
    for stream, state in world.states.items():
        folded = fold(kind_of(stream), None, world.facts[stream])
        assert folded is not None
        assert folded.model_copy(update={"todo": ()}) == state


def test_effects_stand_in_the_state_until_they_are_carried_out() -> None:
    world = harness.replying(reply=words("proposed"))
    effects = [(stream, pending.effect.do) for stream, pending in world.todo()]
    assert effects == [(ESCALATION, "notify"), (ESCALATION, "notify"), (ESCALATION, "open")]
    opened = [p.effect for _, p in world.todo() if isinstance(p.effect, OpenEntity)]
    assert [e.stream for e in opened] == [POST]
    world.settle()
    assert world.todo() == []
    tells = [p.effect for p in _folded(world, POST).todo if isinstance(p.effect, Tell)]
    assert [tell.stream for tell in tells] == [ESCALATION]


def _folded(world: World, stream: str) -> State:
    state = fold(kind_of(stream), None, world.facts[stream])
    assert state is not None
    return state


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_an_entity_pins_the_rules_it_was_opened_under(kind: Kind) -> None:
    """Facts and snapshots that name no rules are of the first ones, whatever we run today."""
    openings = {
        "escalation": harness.open_escalation,
        "post": harness.open_post,
        "commitment": harness.open_commitment,
        "matter": harness.open_matter,
    }
    world = World()
    opener = ADA.actor if kind.name == "matter" else MACHINE
    stream = world.open(kind.name, openings[kind.name](rules=7), opener)
    assert world.states[stream].rules == 7
    assert _folded(world, stream).rules == 7
    stored = world.states[stream].model_dump_json(exclude_defaults=True)
    assert kind.state.model_validate_json(stored).rules == 7
    for model in (kind.state, kind.opening, kind.events[world.facts[stream][0].name]):
        assert model.model_fields["rules"].default == 1, "old facts without one mean 1 for ever"
