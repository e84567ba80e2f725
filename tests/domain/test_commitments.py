"""Promises under the rules in full: dates, the commenter's word, and a ladder that goes on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar, Offset, Window
from domain.commitment import (
    READERS,
    RENEGOTIATIONS,
    STAGES,
    CommitmentStage,
    Lapse,
    NewDateLapsed,
    RungReached,
    Settled,
    WordSource,
)
from domain.commitment.stages import Clock
from domain.deadlines import TICK
from domain.entity import may
from domain.errors import Conflict, Forbidden, Invalid, Refused, Unknown
from domain.kinds import kind_of
from domain.people import MACHINE, Actor, Role, Seat
from domain.post import PostKind, PublishResult
from domain.terms import DAY, PromiseTerms, Rung, RungAct
from tests.builders import ADA, AT, BEN, CORA, DEV, EVE, HOOK, Member
from tests.domain import harness
from tests.domain.harness import FAY, GUS, World, words

STREAM = "commitment/M1"
DUE = AT + timedelta(days=10)
LATER = AT + timedelta(days=20)

OFFICE = Calendar(
    id="office",
    zone="UTC",
    zone_version="2026a",
    weekly=tuple((Window(540, 1020),) if day < 5 else () for day in range(7)),
    offsets=(Offset(at=datetime.fromisoformat("2026-01-01T00:00:00Z"), seconds=0),),
    since=date(2026, 1, 1),
    until=date(2026, 12, 31),
)
"""Nine to five, Monday to Friday."""


def promised(**changes: Any) -> World:
    world = World()
    world.open("escalation", harness.open_escalation())
    fields = {"rules": 2, "ladder": ()} | changes
    world.open("commitment", harness.open_commitment(**fields))
    world.settle()
    world.notices.clear()
    return world


def ask(world: World, who: Member = ADA, due_at: datetime = LATER) -> None:
    fields = {"due_at": due_at, "reason": words("why"), "words": words("later")}
    world.do(STREAM, who, "renegotiate", **fields)


def agree(world: World, who: Member = CORA, post_id: str = "P3") -> None:
    world.do(STREAM, who, "agree", post_id=post_id)


def moved(world: World, due_at: datetime, post_id: str = "P3") -> None:
    ask(world, due_at=due_at)
    agree(world, post_id=post_id)
    world.settle()


def report(world: World, post_id: str = "P2", who: Member = ADA) -> None:
    world.do(STREAM, who, "report_kept", post_id=post_id, words=words("done"))
    world.settle()


def told(post_id: str = "P2", world: World | None = None, **changes: Any) -> World:
    """The public has read that it is kept."""
    world = world or promised(**changes)
    report(world, post_id)
    world.do(f"post/{post_id}", GUS, "clear")
    world.settle()
    return world


def say(world: World, *, is_kept: bool, source: str = "same_account", **more: Any) -> None:
    world.do(STREAM, HOOK, "word", is_kept=is_kept, source=source, **more)
    world.settle()


def refusal(world: World, who: Member | Actor, act: str, **fields: Any) -> Refused:
    before = world.states[STREAM]
    with pytest.raises(Refused) as refused:
        world.do(STREAM, who, act, **fields)
    assert world.states[STREAM] == before
    assert refused.value.way_out
    return refused.value


def reasons(world: World) -> list[str]:
    return [notice.reason for notice in world.notices]


@pytest.mark.rule(9)
@pytest.mark.parametrize(
    ("act", "who", "fields"),
    [
        ("report_kept", ADA, {"post_id": "P2", "words": words("we will")}),
        ("tell", ADA, {"post_id": "P2", "words": words("we will")}),
        ("renegotiate", ADA, {"due_at": LATER, "reason": words("why"), "words": words("we will")}),
        ("withdraw", CORA, {"post_id": "P2", "reason": words("we will")}),
    ],
)
def test_words_about_a_promise_make_no_other_one(
    act: str, who: Member, fields: dict[str, Any]
) -> None:
    no = refusal(promised(), who, act, unmarked=1, **fields)
    assert (no.code, no.details["field"]) == ("promise_gate", "not_promises")


# 11. Another date. ----------------------------------------------------------------------------


@pytest.mark.rule(11)
def test_a_new_date_counts_once_the_public_can_read_of_it_and_the_first_one_stays() -> None:
    world = promised()
    ask(world)
    assert world.commitment().due_at == DUE
    world.publishes = PublishResult.NOT_SENT
    agree(world)
    world.settle()
    assert world.commitment().due_at == DUE, "agreed, and not yet public"
    world.publishes = PublishResult.PUBLISHED
    world.sleep("post/P3")
    world.settle()
    state = world.commitment()
    assert (state.due_at, state.first_due_at) == (LATER, DUE)
    assert [d.agreed_by for d in state.dates] == ["cora"]
    post = world.post("P3")
    assert (post.writer, post.cleared_by, post.kind) == ("ada", "cora", PostKind.FOLLOW_UP)
    assert post.words == words("later")


@pytest.mark.rule(11)
def test_a_new_date_that_is_published_after_the_old_one_never_counts_and_the_record_says_why() -> (
    None
):
    world = promised()
    ask(world)
    world.publishes = PublishResult.REFUSED
    agree(world)
    world.settle()
    while world.commitment().stage is CommitmentStage.OPEN:
        world.sleep(STREAM)
    assert world.at == DUE + TICK
    assert world.names(STREAM)[-2:] == ["commitment:promise:broken", "commitment:date:lapsed"]
    lapsed = NewDateLapsed.model_validate(world.last(STREAM).data)
    assert (lapsed.why, lapsed.post_id) == (Lapse.OVERTAKEN, "P3")
    world.publishes = PublishResult.PUBLISHED
    world.do("post/P3", BEN, "retry")
    world.settle()
    state = world.commitment()
    assert (state.stage, state.due_at, state.dates) == (CommitmentStage.BROKEN, DUE, ())


@pytest.mark.rule(11)
def test_what_was_overtaken_is_broken_also_where_its_timer_has_not_rung_yet() -> None:
    world = promised()
    ask(world)
    agree(world)
    world.at = DUE + TICK
    world.settle()
    assert world.names(STREAM)[-2:] == ["commitment:promise:broken", "commitment:date:lapsed"]


@pytest.mark.rule(11)
@pytest.mark.parametrize("act", ["renegotiate", "agree", "refuse_new_date", "accept_new_date"])
def test_once_the_date_has_passed_nothing_is_negotiated(act: str) -> None:
    world = promised()
    if act != "renegotiate":
        ask(world, BEN if act == "accept_new_date" else ADA)
    who = CORA if act in ("agree", "refuse_new_date") else ADA
    told: dict[str, dict[str, Any]] = {
        "renegotiate": {"due_at": LATER, "reason": words("why"), "words": words("later")},
        "agree": {"post_id": "P3"},
        "refuse_new_date": {"reason": words("why")},
    }
    fields = told.get(act, {})
    world.at = DUE + TICK
    no = refusal(world, who, act, **fields)
    assert (type(no), no.code) == (Conflict, "date_has_passed")
    world.at = DUE
    world.do(STREAM, who, act, **fields)


@pytest.mark.rule(11)
@pytest.mark.parametrize(
    ("due_at", "code"),
    [
        (AT, "due_in_the_past"),
        (DUE, "same_date"),
        (AT + timedelta(days=20 * 365, seconds=1), "due_too_far"),
    ],
)
def test_a_new_date_is_another_one_in_a_future_we_can_see(due_at: datetime, code: str) -> None:
    fields = {"due_at": due_at, "reason": words("why"), "words": words("later")}
    no = refusal(promised(), ADA, "renegotiate", **fields)
    assert (type(no), no.code, no.details["field"]) == (Invalid, code, "due_at")


@pytest.mark.rule(11)
def test_an_earlier_date_binds_from_the_moment_the_public_reads_it() -> None:
    world = promised()
    moved(world, AT + timedelta(days=5))
    while world.commitment().stage is CommitmentStage.OPEN:
        world.sleep(STREAM)
    assert world.at == AT + timedelta(days=5) + TICK


@pytest.mark.rule(11)
def test_a_promise_has_at_most_five_other_dates() -> None:
    world = promised()
    for n in range(RENEGOTIATIONS):
        moved(world, DUE + timedelta(days=n + 1), f"P{n + 10}")
    fields = {"due_at": LATER, "reason": words("why"), "words": words("later")}
    assert refusal(world, ADA, "renegotiate", **fields).code == "moved_too_often"
    assert len(world.commitment().dates) == RENEGOTIATIONS


@pytest.mark.rule(11)
@pytest.mark.parametrize(
    ("asker", "accountable", "decider", "may_decide"),
    [
        (ADA, "ada", CORA, True),
        (ADA, "ada", FAY, True),
        (FAY, "ada", FAY, False),
        (ADA, "fay", FAY, False),
        (ADA, "ada", BEN, False),
        (ADA, "ada", ADA, False),
        (ADA, "ada", DEV, False),
    ],
)
def test_a_new_date_is_agreed_to_by_an_executive_who_has_no_part_in_it(
    asker: Member, accountable: str, decider: Member, *, may_decide: bool
) -> None:
    world = promised(promise=harness.promise(accountable=accountable))
    ask(world, asker)
    if asker.id != accountable:
        world.do(STREAM, {"ada": ADA, "fay": FAY}[accountable], "accept_new_date")
    if may_decide:
        agree(world, decider)
    else:
        assert isinstance(refusal(world, decider, "agree", post_id="P3"), Forbidden)


@pytest.mark.rule(10)
def test_whoever_is_accountable_signs_a_date_that_somebody_else_asks_for() -> None:
    world = promised()
    ask(world, BEN)
    no = refusal(world, CORA, "agree", post_id="P3")
    assert (no.code, no.details["accountable"]) == ("not_signed", "ada")
    world.settle()
    assert [(n.reason, n.people) for n in world.notices] == [("new_date_to_accept", ("ada",))]
    world.do(STREAM, ADA, "accept_new_date")
    agree(world)


@pytest.mark.rule(10)
def test_whoever_is_accountable_may_refuse_a_date_that_somebody_else_asks_for() -> None:
    world = promised()
    ask(world, BEN)
    world.do(STREAM, ADA, "refuse_new_date", reason=words("not in my hands"))
    assert world.commitment().wanted is None
    ask(world, ADA)
    assert isinstance(refusal(world, ADA, "refuse_new_date", reason=words("x")), Forbidden)


@pytest.mark.rule(11)
def test_a_report_ends_what_is_asked_for_and_not_what_is_on_its_way() -> None:
    world = promised()
    ask(world)
    report(world)
    assert world.commitment().wanted is None
    world = promised()
    ask(world)
    agree(world)
    world.do(STREAM, ADA, "report_kept", post_id="P2", words=words("done"))
    world.settle()
    assert world.commitment().stage is CommitmentStage.REPORTED
    assert world.commitment().due_at == LATER


@pytest.mark.rule(11)
def test_a_promise_kept_by_a_date_that_was_moved_in_time_is_told_from_one_kept_by_its_first() -> (
    None
):
    for days, is_renegotiated in ((9, False), (15, True)):
        world = promised()
        moved(world, LATER)
        world.at = AT + timedelta(days=days)
        say(told(world=world), is_kept=True)
        assert world.commitment().stage is CommitmentStage.KEPT
        assert world.commitment().is_renegotiated is is_renegotiated


# 11. Taking back, and saying how it goes. ------------------------------------------------------


@pytest.mark.rule(11)
def test_why_a_promise_is_withdrawn_is_told_to_the_public_once_somebody_else_has_read_it() -> None:
    world = promised()
    world.do(STREAM, CORA, "withdraw", reason=words("the maker is gone"), post_id="P2")
    assert world.commitment().is_closed
    world.settle()
    post = world.post("P2")
    assert (post.words, post.writer, post.cleared_by) == (words("the maker is gone"), "cora", None)
    with pytest.raises(Forbidden):
        world.do("post/P2", CORA, "clear")
    world.do("post/P2", BEN, "clear")
    world.settle()
    assert world.post("P2").stage == "published"


@pytest.mark.rule(11)
def test_what_is_withdrawn_after_its_date_stays_on_record_as_broken() -> None:
    world = promised()
    world.at = DUE + TICK
    world.do(STREAM, CORA, "withdraw", reason=words("gone"), post_id="P2")
    assert world.commitment().was_broken
    assert world.commitment().stage is CommitmentStage.WITHDRAWN


@pytest.mark.rule(11)
def test_a_promise_is_not_withdrawn_without_a_word_to_the_public_nor_behind_a_new_date() -> None:
    world = promised()
    assert refusal(world, CORA, "withdraw", reason=words("x")).code == "no_post"
    ask(world)
    agree(world)
    no = refusal(world, CORA, "withdraw", reason=words("x"), post_id="P2")
    assert (no.code, no.details["post_id"]) == ("date_on_its_way", "P3")


@pytest.mark.rule(11)
def test_words_of_progress_go_out_cleared_by_somebody_else_and_change_nothing() -> None:
    world = promised()
    for n in range(3):
        world.do(STREAM, ADA, "tell", post_id=f"P{n + 2}", words=words("soon"))
    no = refusal(world, ADA, "tell", post_id="P9", words=words("soon"))
    assert no.code == "words_on_their_way"
    world.settle()
    world.do("post/P2", GUS, "clear")
    world.do("post/P3", GUS, "return", reason=words("say when"))
    world.settle()
    assert [said.post_id for said in world.commitment().progress] == ["P4"]
    assert world.commitment().stage is CommitmentStage.OPEN
    assert "reply_returned" in reasons(world)


# 4, 5. Ladders and the watch. ------------------------------------------------------------------


@pytest.mark.rule(4)
def test_a_broken_promise_climbs_to_the_executives_with_an_end_and_then_the_watch_goes_on() -> None:
    world = promised()
    rung: list[tuple[float, str]] = []
    while len(rung) < 12:
        facts = world.sleep(STREAM)
        world.settle()
        rung += [((f.at - AT) / timedelta(days=1), f.name.rpartition(":")[2]) for f in facts]
    days = [(round(day), what) for day, what in rung]
    assert days == [
        (5, "reached"), (9, "reached"), (10, "broken"), (17, "reached"), (24, "reached"),
        (31, "reached"), (38, "kept"), (52, "kept"), (80, "kept"), (108, "kept"), (136, "kept"),
        (164, "kept"),
    ]  # fmt: skip
    watched = world.last(STREAM)
    assert watched.name == "commitment:watch:kept"
    assert watched.data["told"] == ["fay", "cora"]
    assert watched.data["owed_by"] == ["ada"]
    assert datetime.fromisoformat(watched.data["due_at"]) == DUE


@pytest.mark.rule(5)
def test_an_executive_who_is_accountable_is_named_as_anybody() -> None:
    world = promised(promise=harness.promise(accountable="cora"))
    while world.commitment().watched == 0:
        world.sleep(STREAM)
    reached = [f.data for f in world.facts[STREAM] if f.name == RungReached.NAME]
    assert all(data["owed_by"] == ["cora"] for data in reached)
    assert world.last(STREAM).data["owed_by"] == ["cora"]


@pytest.mark.rule(4)
@pytest.mark.parametrize("stage", ["reported", "denied"])
def test_what_has_to_be_settled_has_its_ladder_in_working_time_and_then_the_watch(
    stage: str,
) -> None:
    terms = PromiseTerms(settle=16 * 3600)
    world = promised(
        terms=terms, calendar=OFFICE, promise=harness.promise(days=300), comment_id="C1"
    )
    report(world)
    if stage == "denied":
        world.do("post/P2", GUS, "clear")
        world.settle()
        say(world, is_kept=False)
    course = world.commitment().course
    assert course is not None
    # Two working days from Monday, nine o'clock, end on Tuesday at five.
    assert course.due == AT.replace(day=3, hour=17)
    first = world.sleep(STREAM)[0]
    owing = {"reported": ["gus", "ben", "fay"], "denied": ["cora"]}[stage]
    assert (first.at, first.data["told"]) == (AT.replace(hour=17), owing)
    for _ in range(6):
        world.sleep(STREAM)
    assert world.last(STREAM).name == "commitment:watch:kept"


@pytest.mark.rule(4)
def test_a_rung_may_lie_so_much_working_time_before_or_after_the_date() -> None:
    ladder = (
        Rung(act=RungAct.REMIND, to=Seat.ACCOUNTABLE, offset=-8 * 3600),
        Rung(act=RungAct.ESCALATE, to=Seat.LEAD, offset=8 * 3600, urgent=True),
        Rung(act=RungAct.ESCALATE, to=Seat.PERSON, person="cora", offset=16 * 3600),
    )
    due = AT.replace(day=6, hour=12)  # A Friday.
    promise = harness.promise().model_copy(update={"due_at": due})
    world = promised(terms=PromiseTerms(ladder=ladder), calendar=OFFICE, promise=promise)
    found = [step.at for step in world.commitment().steps]
    assert found == [AT.replace(day=5, hour=12), AT.replace(day=9, hour=12),
                     AT.replace(day=10, hour=12)]  # fmt: skip
    for _ in range(3):
        world.sleep(STREAM)
    world.settle()
    assert [n.urgent for n in world.notices if n.reason == "late"] == [True]
    alarm = world.commitment().alarm()
    assert alarm is not None
    assert (alarm.person, alarm.seats[0]) == ("cora", Seat.PERSON)


@pytest.mark.rule(4)
def test_after_a_report_fell_through_nobody_is_reminded_again_of_what_lies_behind() -> None:
    world = promised()
    world.at = AT + timedelta(days=6)
    report(world)
    world.do("post/P2", GUS, "return", reason=words("not yet"))
    world.settle()
    alarm = world.commitment().alarm()
    assert alarm is not None
    assert alarm.at == AT + timedelta(days=9)


@pytest.mark.rule(4)
def test_a_new_date_that_nobody_decides_climbs_beside_the_promise() -> None:
    world = promised()
    ask(world)
    facts = world.sleep(STREAM)
    assert facts[0].data["is_about_date"]
    assert facts[0].data["owed_by"] == ["fay", "cora"]
    assert world.commitment().climbed == ()


# 12. The commenter has the last word. ----------------------------------------------------------


@pytest.mark.rule(12)
def test_what_the_public_reads_is_the_companys_word_until_the_commenter_has_spoken() -> None:
    world = told()
    state = world.commitment()
    assert state.stage is CommitmentStage.TOLD
    assert state.settled_at is None
    say(world, is_kept=True)
    state = world.commitment()
    assert state.stage is CommitmentStage.KEPT
    assert state.word is not None
    assert state.word.source is WordSource.SAME_ACCOUNT
    assert world.last(STREAM).data == {"settled": Settled.CONFIRMED}


@pytest.mark.rule(12)
def test_silence_closes_it_as_kept_and_is_called_silence() -> None:
    world = told()
    world.sleep(STREAM)
    assert world.at == AT + timedelta(days=14) + TICK
    assert world.commitment().stage is CommitmentStage.KEPT
    assert world.last(STREAM).data == {"settled": Settled.SILENCE}
    assert world.commitment().word is None


@pytest.mark.rule(12)
def test_where_the_terms_leave_no_time_to_answer_in_nobody_is_asked() -> None:
    world = told(terms=PromiseTerms(confirm=0))
    assert world.commitment().stage is CommitmentStage.KEPT
    assert "commenter_asked" not in reasons(world)


@pytest.mark.rule(12)
def test_a_denial_goes_back_to_whoever_approved_who_may_stand_by_it_with_a_reason() -> None:
    world = told()
    say(world, is_kept=False)
    assert world.commitment().stage is CommitmentStage.DENIED
    (notice,) = [n for n in world.notices if n.reason == "promise_denied"]
    assert notice.people == ("cora", "ada")
    assert isinstance(refusal(world, ADA, "uphold", reason=words("x")), Forbidden)
    world.do(STREAM, CORA, "uphold", reason=words("the parcel was signed for"))
    state = world.commitment()
    assert state.stage is CommitmentStage.KEPT
    assert state.word is not None
    assert not state.word.is_kept
    assert state.answered is not None
    assert state.answered.is_upheld


@pytest.mark.rule(12)
def test_nobody_judges_the_denial_of_what_they_promised_or_reported_themselves() -> None:
    world = promised(promise=harness.promise(accountable="cora"))
    told(world=world)
    say(world, is_kept=False)
    assert isinstance(refusal(world, CORA, "uphold", reason=words("x")), Forbidden)
    world.do(STREAM, FAY, "uphold", reason=words("x"))
    world = promised()
    world.do(STREAM, FAY, "report_kept", post_id="P2", words=words("done"))
    world.settle()
    world.do("post/P2", GUS, "clear")
    world.settle()
    say(world, is_kept=False)
    assert isinstance(refusal(world, FAY, "uphold", reason=words("x")), Forbidden)


@pytest.mark.rule(6)
def test_whoever_stands_for_the_approver_answers_on_their_behalf_and_it_says_so() -> None:
    world = told()
    say(world, is_kept=False)
    deputy = Actor(id="una", roles=frozenset({Role.STAFF}), stands_for=("cora",))
    world.do(STREAM, deputy, "uphold", reason=words("x"))
    answered = world.commitment().answered
    assert answered is not None
    assert (answered.by, answered.on_behalf_of) == ("una", "cora")


@pytest.mark.rule(12)
@pytest.mark.parametrize("is_past", [False, True])
def test_what_is_reopened_is_open_again_or_broken_where_its_date_has_passed(
    *, is_past: bool
) -> None:
    world = told()
    say(world, is_kept=False)
    if is_past:
        world.at = DUE + TICK
    world.do(STREAM, CORA, "reopen", reason=words("they are right"))
    state = world.commitment()
    assert state.stage is (CommitmentStage.BROKEN if is_past else CommitmentStage.OPEN)
    assert state.was_broken is is_past
    assert (state.report, state.word) == (None, None)
    told("P5", world)
    say(world, is_kept=True)
    assert world.commitment().stage is (
        CommitmentStage.KEPT_LATE if is_past else CommitmentStage.KEPT
    )


@pytest.mark.rule(12)
def test_a_date_to_make_good_by_unbreaks_nothing_and_moves_no_date_that_still_holds() -> None:
    world = told()
    say(world, is_kept=False)
    no = refusal(world, CORA, "reopen", reason=words("x"), due_at=LATER)
    assert no.code == "date_still_holds"
    world.at = DUE + TICK
    world.do(STREAM, CORA, "reopen", reason=words("x"), due_at=LATER)
    state = world.commitment()
    assert (state.stage, state.good_by, state.due_at) == (CommitmentStage.BROKEN, LATER, DUE)
    alarm = state.alarm()
    assert alarm is not None
    assert world.at < alarm.at < LATER


@pytest.mark.rule(12)
def test_a_no_may_be_taken_back_while_nobody_has_answered_it() -> None:
    world = told()
    say(world, is_kept=False)
    no = refusal(world, HOOK, "word", is_kept=False, source="same_account")
    assert no.code == "said_already"
    say(world, is_kept=True)
    assert world.last(STREAM).data == {"settled": Settled.CONFIRMED}


@pytest.mark.rule(12)
def test_readers_are_counted_apart_and_change_nothing() -> None:
    world = told()
    for is_kept in (False, False, True):
        say(world, is_kept=is_kept, source="reader")
    state = world.commitment()
    assert (state.readers.kept, state.readers.not_kept) == (1, 2)
    assert (state.stage, state.word) == (CommitmentStage.TOLD, None)
    full = state.readers.model_copy(update={"kept": READERS})
    world.states[STREAM] = state.model_copy(update={"readers": full})
    no = refusal(world, HOOK, "word", is_kept=True, source="reader")
    assert no.code == "counted_enough"


@pytest.mark.rule(12)
def test_a_private_link_answers_once_and_ends_with_the_stage_or_with_a_newer_one() -> None:
    world = told()
    by_link = {"is_kept": False, "source": "private_link"}
    assert isinstance(refusal(world, HOOK, "word", link="a" * 64, **by_link), Unknown)
    world.do(STREAM, BEN, "make_link", digest="a" * 64)
    world.do(STREAM, BEN, "make_link", digest="b" * 64)
    assert isinstance(refusal(world, HOOK, "word", link="a" * 64, **by_link), Unknown)
    world.do(STREAM, HOOK, "word", link="b" * 64, **by_link)
    assert world.commitment().stage is CommitmentStage.DENIED
    by_link["is_kept"] = True
    assert isinstance(refusal(world, HOOK, "word", link="b" * 64, **by_link), Unknown)


# Rules that were there before. -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "act"),
    [(ADA, "tell"), (ADA, "renegotiate"), (ADA, "accept_new_date"), (CORA, "agree")],
)
def test_a_promise_of_the_first_rules_knows_nothing_of_all_this(who: Member, act: str) -> None:
    world = promised(rules=1)
    no = may(kind_of(STREAM), who.actor, act, world.states[STREAM])
    assert no is not None
    assert no.code == "earlier_rules"
    told(world=world)
    assert world.commitment().stage is CommitmentStage.KEPT
    assert world.last(STREAM).data == {}


def test_whatever_is_open_has_a_clock_and_what_is_closed_has_none() -> None:
    for stage, row in STAGES.items():
        assert (row.clock is None) == (not row.leaves_by), stage
        assert set(row.leaves_by.values()) <= set(CommitmentStage)
        if row.clock in (Clock.DATE, Clock.SETTLE):
            assert row.owed_by is not None


# Properties. ----------------------------------------------------------------------------------

STEPS = (
    "ask",
    "accept",
    "agree",
    "refuse",
    "report",
    "clear",
    "return",
    "deny",
    "reopen",
    "sleep",
    "wait",
)


@pytest.mark.rule(11)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_happens_the_dates_tell_the_truth(data: st.DataObject) -> None:
    """Never kept in time after a date that counted has passed unkept; no date ever disappears;
    what went out was cleared by somebody else; whatever is open wakes by itself."""
    world, count = promised(terms=PromiseTerms(confirm=2 * DAY)), 10
    seen: list[datetime] = []
    for _ in range(data.draw(st.integers(1, 14))):
        count += 1
        step = data.draw(st.sampled_from(STEPS))
        world.publishes = data.draw(
            st.sampled_from([PublishResult.PUBLISHED, PublishResult.REFUSED])
        )
        before = world.commitment()
        try:
            _step(world, step, count, data)
        except Refused:
            assert world.commitment() == before
        if step != "agree" or data.draw(st.booleans()):
            world.settle()
        state = world.commitment()
        assert state.first_due_at == DUE
        assert [d.due_at for d in state.dates][: len(seen)] == seen
        seen = [d.due_at for d in state.dates]
        assert state.was_broken or not before.was_broken
        assert not (state.was_broken and state.stage is CommitmentStage.KEPT)
        if state.stage is CommitmentStage.KEPT:
            assert state.report is not None
            assert state.report.at <= state.due_at
        if state.stage is CommitmentStage.OPEN and state.alarm() is not None:
            assert state.alarm().at <= state.due_at + TICK  # type: ignore[union-attr]
        assert (state.alarm() is None) == state.is_closed
    for stream in world.states:
        if stream.startswith("post/") and (post := world.post(stream[5:])).published_at:
            assert post.cleared_by not in (None, post.writer)


def _step(world: World, step: str, count: int, data: st.DataObject) -> None:
    posts = [s for s, p in world.states.items() if s.startswith("post/") and p.stage == "in_review"]
    match step:
        case "ask":
            days = data.draw(st.sampled_from([1, 8, 30]))
            ask(world, data.draw(st.sampled_from([ADA, BEN])), world.at + timedelta(days=days))
        case "accept":
            world.do(STREAM, ADA, "accept_new_date")
        case "agree":
            agree(world, post_id=f"P{count}")
        case "refuse":
            world.do(STREAM, CORA, "refuse_new_date", reason=words("no"))
        case "report":
            world.do(STREAM, ADA, "report_kept", post_id=f"P{count}", words=words("done"))
        case "clear" if posts:
            world.do(posts[0], GUS, "clear")
        case "return" if posts:
            world.do(posts[0], GUS, "return", reason=words("no"))
        case "deny":
            world.do(STREAM, HOOK, "word", is_kept=False, source="same_account")
        case "reopen":
            world.do(STREAM, CORA, "reopen", reason=words("true"))
        case "sleep" if world.commitment().alarm():
            world.sleep(STREAM)
        case "wait":
            world.at += data.draw(st.sampled_from([timedelta(hours=1), timedelta(days=6)]))
        case _:
            return


@pytest.mark.rule(11)
@given(st.integers(-3, 3))
@settings(deadline=None, max_examples=7)
def test_the_moment_itself_is_in_time_and_a_tick_later_is_not(ticks: int) -> None:
    world = promised()
    world.at = DUE + ticks * TICK
    report(world)
    assert world.commitment().was_broken is (ticks > 0)


def test_the_service_speaks_for_nobody_but_the_commenter() -> None:
    for who in (ADA, BEN, CORA, DEV, EVE):
        world = told()
        fields = {"is_kept": True, "source": "same_account"}
        assert isinstance(refusal(world, who, "word", **fields), Forbidden)
    assert MACHINE.has(Role.SERVICE)
