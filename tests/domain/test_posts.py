"""A post on its own: the undo window, news, who is told that it waits, turns, corrections.

Who may do what in which stage is in ``test_journey_table``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.calendar import Calendar, Offset, Window
from domain.entity import allowed
from domain.errors import Conflict, Forbidden, Refused
from domain.ledger import RULES
from domain.people import MACHINE
from domain.post import ATTEMPTS, POST, FindResult, PostKind, PostStage, PublishResult
from tests.builders import ADA, AT, BEN, CORA, DEV, EVE, Member
from tests.domain import harness
from tests.domain.harness import FAY, GUS, World, words

STREAM = "post/P1"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(milliseconds=1)

OFFICE = Calendar(
    id="office",
    zone="UTC",
    zone_version="test",
    weekly=((Window(540, 1020),),) * 5 + ((), ()),
    offsets=(Offset(at=AT, seconds=0),),
    since=AT.date(),
    until=(AT + 365 * DAY).date(),
)
"""Monday to Friday, nine to five."""


def opened(**changes: Any) -> World:
    """A post in review, written by Ada, under today's rules."""
    world = World()
    world.open("escalation", harness.open_escalation())
    world.open("post", harness.open_post(**({"rules": RULES} | changes)))
    return world


def published(**changes: Any) -> World:
    world = opened(**changes)
    world.do(STREAM, BEN, "clear")
    if world.post().undo:
        world.sleep(STREAM)
    world.settle()
    assert world.post().stage is PostStage.PUBLISHED
    return world


def refusal(world: World, who: Member, act: str, stream: str = STREAM, **fields: Any) -> Refused:
    before = dict(world.states)
    with pytest.raises(Refused) as caught:
        world.do(stream, who, act, **fields)
    assert world.states == before, "what was refused has left a trace"
    assert caught.value.way_out
    return caught.value


def hear(world: World, comment: str = "C2", stream: str = STREAM) -> list[str]:
    return [f.name for f in world.do(stream, MACHINE, "heard", comment_id=comment)]


# The undo window. ----------------------------------------------------------------------------


def test_cleared_words_wait_for_the_undo_window_and_then_go_out_by_themselves() -> None:
    world = opened(undo=600)
    world.do(STREAM, BEN, "clear")
    world.settle()
    post = world.post()
    assert (post.stage, post.attempt, post.cleared_by) == (PostStage.CLEARED, 0, "ben")
    assert post.wake_at == AT + timedelta(seconds=600)
    world.sleep(STREAM)
    world.settle()
    assert (world.at, world.post().stage) == (AT + timedelta(seconds=600), PostStage.PUBLISHED)


def test_words_that_were_approved_before_wait_for_the_undo_window_too() -> None:
    world = opened(undo=600, cleared_by="cora")
    world.settle()
    assert world.post().stage is PostStage.CLEARED
    assert world.notices == []
    world.sleep(STREAM)
    world.settle()
    assert world.post().stage is PostStage.PUBLISHED


@pytest.mark.parametrize("who", [ADA, BEN, GUS, CORA], ids=lambda m: m.id)
def test_writer_clearer_lead_and_executive_take_cleared_words_back(who: Member) -> None:
    world = opened(undo=600)
    world.do(STREAM, GUS, "clear")
    world.do(STREAM, who, "withdraw")
    world.settle()
    assert world.post().stage is PostStage.WITHDRAWN
    assert world.post().alarm() is None
    assert "post:attempt:started" not in world.names(STREAM)


def test_a_colleague_who_did_not_clear_them_does_not() -> None:
    world = opened(undo=600)
    world.do(STREAM, BEN, "clear")
    no = refusal(world, GUS, "withdraw")
    assert isinstance(no, Forbidden)
    assert "whoever cleared it" in no.message


def test_a_call_under_way_cannot_be_withdrawn_and_a_wait_for_the_next_can() -> None:
    world = opened()
    world.do(STREAM, BEN, "clear")
    assert refusal(world, ADA, "withdraw").code == "attempt_under_way"
    world.publishes = PublishResult.NOT_SENT
    world.settle()
    assert world.post().is_waiting
    world.do(STREAM, ADA, "withdraw")
    assert (world.post().stage, world.post().alarm()) == (PostStage.WITHDRAWN, None)


# News. ---------------------------------------------------------------------------------------


@pytest.mark.rule(8)
def test_news_in_review_asks_whoever_clears_for_one_confirmation() -> None:
    world = opened()
    assert hear(world) == ["post:comment:heard"]
    no = refusal(world, BEN, "clear")
    assert (no.code, no.details["comment_id"]) == ("commenter_spoke", "C2")
    assert "despite_news" in no.way_out
    cleared, _ = world.do(STREAM, BEN, "clear", despite_news=True)
    assert cleared.data == {"despite_news": True}
    world.settle()
    assert world.post().stage is PostStage.PUBLISHED


def test_a_confirmation_without_news_is_not_recorded() -> None:
    world = opened()
    cleared, _ = world.do(STREAM, BEN, "clear", despite_news=True)
    assert cleared.data == {}


@pytest.mark.rule(8)
def test_news_in_the_undo_window_takes_the_words_back_and_forgets_who_cleared_them() -> None:
    world = opened(undo=600)
    world.do(STREAM, BEN, "clear")
    assert hear(world) == ["post:comment:heard", "post:clearance:voided"]
    post = world.post()
    assert (post.stage, post.cleared_by, post.wake_at) == (PostStage.IN_REVIEW, None, None)
    world.settle()
    assert world.notices[-1].reason == "review_wanted_again"
    assert refusal(world, GUS, "clear").code == "commenter_spoke"
    world.do(STREAM, GUS, "clear", despite_news=True)
    assert (world.post().stage, world.post().cleared_by) == (PostStage.CLEARED, "gus")


def test_the_same_comment_told_twice_changes_nothing() -> None:
    world = opened(undo=600)
    hear(world)
    assert hear(world) == []
    world.do(STREAM, BEN, "clear", despite_news=True)
    assert hear(world) == []
    assert world.post().stage is PostStage.CLEARED
    assert hear(world, "C3") == ["post:comment:heard", "post:clearance:voided"]


@pytest.mark.rule(8)
def test_news_while_the_channel_is_waited_for_takes_the_words_back() -> None:
    world = opened()
    world.publishes = PublishResult.NOT_SENT
    world.do(STREAM, BEN, "clear")
    world.settle()
    hear(world)
    assert world.post().stage is PostStage.IN_REVIEW
    world.publishes = PublishResult.PUBLISHED
    world.do(STREAM, BEN, "clear", despite_news=True)
    world.settle()
    assert (world.post().stage, world.post().tries) == (PostStage.PUBLISHED, 1)


@pytest.mark.rule(8)
@pytest.mark.parametrize(
    ("result", "finds"),
    [(PublishResult.NOT_SENT, FindResult.FOUND), (PublishResult.UNCLEAR, FindResult.ABSENT)],
)
def test_news_during_a_call_that_sent_nothing_asks_before_the_next_one(
    result: PublishResult, finds: FindResult
) -> None:
    world = opened()
    world.do(STREAM, BEN, "clear")
    assert hear(world) == ["post:comment:heard"]
    assert world.post().stage is PostStage.PUBLISHING
    world.publishes, world.finds = result, finds
    world.settle()
    while world.post().stage is PostStage.UNCONFIRMED:
        world.sleep(STREAM)
        world.settle()
    assert (world.post().stage, world.post().cleared_by) == (PostStage.IN_REVIEW, None)


@pytest.mark.rule(8)
def test_what_failed_is_tried_again_despite_news_only_if_somebody_says_so() -> None:
    world = opened()
    world.publishes = PublishResult.REFUSED
    world.do(STREAM, BEN, "clear")
    world.settle()
    hear(world)
    assert refusal(world, ADA, "retry").code == "commenter_spoke"
    world.publishes = PublishResult.PUBLISHED
    (started,) = world.do(STREAM, ADA, "retry", despite_news=True)
    assert started.data["despite_news"] is True
    world.settle()
    assert world.post().stage is PostStage.PUBLISHED


def test_a_comment_that_is_changed_is_news_again() -> None:
    world = opened(undo=60)
    hear(world)
    told = world.do(STREAM, MACHINE, "heard", comment_id="C2", revision=2)
    assert [fact.data for fact in told] == [{"comment_id": "C2", "revision": 2}]
    assert world.do(STREAM, MACHINE, "heard", comment_id="C2", revision=1) == ()


def test_what_is_published_hears_nothing_any_more() -> None:
    assert hear(published()) == []


# Who is told that a post waits. --------------------------------------------------------------


def climbs(world: World, count: int) -> list[tuple[timedelta, tuple[str, ...], tuple[str, ...]]]:
    """The next so many rungs: how long after ``AT``, who was told, who owed."""
    found = []
    for _ in range(count):
        (fact,) = world.sleep(STREAM)
        assert fact.name == "post:ladder:climbed"
        data = fact.data
        found.append((fact.at - AT, tuple(data.get("told", ())), tuple(data.get("owed_by", ()))))
    return found


def test_words_in_review_are_brought_to_reviewers_lead_and_executives_and_never_forgotten() -> None:
    world = opened(review=4 * 3600)
    reviewers = ("gus", "ben", "fay")
    assert climbs(world, 3) == [
        (4 * HOUR + TICK, reviewers, reviewers),
        (8 * HOUR + TICK, ("ben",), reviewers),
        (12 * HOUR + TICK, ("fay", "cora"), reviewers),
    ]
    watch = [(at, told) for at, told, _ in climbs(world, 4)]
    last = 12 * HOUR + TICK
    assert watch == [(last + days * DAY, ("fay", "cora")) for days in (7, 21, 49, 77)]
    assert [f.data.get("is_watch", False) for f in world.facts[STREAM][1:]] == [False] * 3 + [
        True
    ] * 4
    assert world.post().stage is PostStage.IN_REVIEW


def test_the_wait_is_counted_in_working_time() -> None:
    friday_at_four = datetime(2026, 3, 6, 16, tzinfo=UTC)
    world = World(at=friday_at_four)
    world.open("post", harness.open_post(rules=RULES, review=2 * 3600, calendar=OFFICE))
    assert world.post().due_at == datetime(2026, 3, 9, 10, tzinfo=UTC)
    (fact,) = world.sleep(STREAM)
    assert fact.at == datetime(2026, 3, 9, 10, tzinfo=UTC) + TICK


def test_eight_working_hours_where_nothing_was_laid_down() -> None:
    assert opened().post().due_at == AT + 8 * HOUR


def test_each_climb_tells_people_why() -> None:
    world = opened()
    world.settle()
    climbs(world, 1)
    world.settle()
    assert world.notices[-1].reason == "review_late"
    assert world.notices[-1].people == ("gus", "ben", "fay")


def test_clearing_ends_the_ladder() -> None:
    world = opened(undo=10)
    climbs(world, 2)
    world.do(STREAM, BEN, "clear")
    assert (world.post().due_at, world.post().rung) == (None, 0)
    alarm = world.post().alarm()
    assert alarm is not None
    assert alarm.seats == ()


@pytest.mark.parametrize("stage", ["failed", "unconfirmed"])
def test_what_failed_or_is_not_known_to_have_arrived_is_brought_to_writer_lead_and_executives(
    stage: str,
) -> None:
    world = opened(review=3600)
    world.publishes = PublishResult.REFUSED if stage == "failed" else PublishResult.UNCLEAR
    world.finds = FindResult.CANNOT_TELL
    world.do(STREAM, BEN, "clear")
    world.settle()
    if stage == "unconfirmed":
        world.sleep(STREAM)
        world.settle()
    assert world.post().stage == stage
    began = world.at - AT
    assert climbs(world, 4) == [
        (began + HOUR + TICK, ("ada",), ("ada",)),
        (began + 2 * HOUR + TICK, ("ben",), ("ada",)),
        (began + 3 * HOUR + TICK, ("fay", "cora"), ("ada",)),
        (began + 3 * HOUR + TICK + 7 * DAY, ("fay", "cora"), ("ada",)),
    ]
    world.settle()
    assert world.notices[-1].reason == f"reply_still_{stage}"


def test_a_new_failure_starts_the_ladder_anew() -> None:
    world = opened(review=3600)
    world.publishes = PublishResult.REFUSED
    world.do(STREAM, BEN, "clear")
    world.settle()
    climbs(world, 3)
    world.do(STREAM, ADA, "retry")
    world.settle()
    assert (world.post().rung, world.post().due_at) == (0, world.at + HOUR)


def test_posts_of_the_first_rules_go_on_without_a_ladder() -> None:
    world = opened(rules=1)
    assert world.post().alarm() is None
    world.publishes = PublishResult.REFUSED
    world.do(STREAM, BEN, "clear")
    world.settle()
    assert world.post().alarm() is None


# Turns. --------------------------------------------------------------------------------------


def test_a_post_waits_for_its_turn_and_that_is_no_failed_try() -> None:
    world = opened()
    world.turn_in = 5 * HOUR
    world.do(STREAM, BEN, "clear")
    for n in range(2 * ATTEMPTS):
        world.settle()
        assert world.post().stage is PostStage.PUBLISHING
        assert world.post().wake_at == AT + 5 * HOUR * (n + 1)
        assert world.post().tries == 0
        world.sleep(STREAM)
    world.turn_in = None
    world.settle()
    assert (world.post().stage, world.post().tries) == (PostStage.PUBLISHED, 1)


def test_waiting_for_a_turn_costs_no_try_of_an_unreachable_channel() -> None:
    world = opened()
    world.publishes = PublishResult.NOT_SENT
    world.do(STREAM, BEN, "clear")
    for n in range(1, ATTEMPTS):
        world.settle()
        assert world.post().tries == n
        world.sleep(STREAM)
    world.turn_in = HOUR
    world.settle()
    assert (world.post().stage, world.post().tries) == (PostStage.PUBLISHING, ATTEMPTS - 1)


def test_a_turn_in_the_past_is_not_asked_for_without_a_pause() -> None:
    world = opened()
    world.turn_in = -HOUR
    world.do(STREAM, BEN, "clear")
    world.settle()
    wake_at = world.post().wake_at
    assert wake_at is not None
    assert wake_at > world.at


# Unconfirmed. --------------------------------------------------------------------------------


@pytest.mark.rule(13)
def test_nobody_says_no_while_the_channel_is_being_asked() -> None:
    """Its yes would come too late for a second attempt that began meanwhile."""
    world = harness.unconfirmed()
    (looked,) = world.sleep(STREAM)
    assert looked.name == "post:search:started"
    assert refusal(world, BEN, "confirm", is_published=False).code == "being_looked_for"
    world.do(STREAM, BEN, "confirm", is_published=True)
    assert world.post().stage is PostStage.PUBLISHED


# Corrections. --------------------------------------------------------------------------------


def corrected(world: World, who: Member = ADA, act: str = "correct", stream: str = STREAM) -> str:
    """Ask for a correction; answers the stream of its post."""
    facts = world.do(stream, who, act, words=words(f"{act} {world.at}"))
    return f"post/{facts[0].data['id']}"


@pytest.mark.rule(8)
@pytest.mark.parametrize(
    ("act", "kind"), [("correct", PostKind.CORRECTION), ("retract", PostKind.RETRACTION)]
)
def test_what_is_published_is_corrected_by_a_post_that_somebody_else_clears(
    act: str, kind: PostKind
) -> None:
    world = published(undo=60, review=3600, calendar=OFFICE, matter_id="T1")
    world.at += 3 * DAY
    before = world.post()
    stream = corrected(world, ADA, act)
    assert world.post() == before, "what is published stays as it is"
    other = world.post(stream.partition("/")[2])
    assert (other.kind, other.corrects, other.origin) == (kind, "P1", STREAM)
    assert (other.stage, other.writer) == (PostStage.IN_REVIEW, "ada")
    for name in ("channel", "team", "comment_id", "escalation_id", "undo", "review", "calendar"):
        assert getattr(other, name) == getattr(before, name)
    assert refusal(world, ADA, "clear", stream).code == "not_yours"
    world.do(stream, GUS, "clear")
    world.sleep(stream)
    world.settle()
    assert world.states[stream].stage is PostStage.PUBLISHED


@pytest.mark.parametrize(
    ("who", "may"), [(ADA, True), (GUS, True), (CORA, True), (EVE, False), (DEV, False)]
)
def test_writer_team_and_executives_correct_and_nobody_else(who: Member, may: bool) -> None:
    world = published()
    for act in ("correct", "retract"):
        permission = next(p for p in allowed(POST, who.actor, world.post()) if p.act == act)
        assert permission.ok == may
    if may:
        assert corrected(world, who) in world.states
    else:
        assert "its writer" in refusal(world, who, "correct", words=words("x")).message


@pytest.mark.parametrize("stage", ["in_review", "failed", "withdrawn"])
def test_only_what_is_published_is_corrected(stage: str) -> None:
    world = opened()
    if stage == "failed":
        world.publishes = PublishResult.REFUSED
        world.do(STREAM, BEN, "clear")
        world.settle()
    if stage == "withdrawn":
        world.do(STREAM, ADA, "withdraw")
    no = refusal(world, ADA, "retract", words=words("x"))
    assert isinstance(no, Conflict)
    assert "published" in no.message


def test_there_is_one_correction_at_a_time_and_another_after_it_was_given_up() -> None:
    world = published()
    first = corrected(world)
    no = refusal(world, GUS, "retract", words=words("x"))
    assert (no.code, f"post/{no.details['post_id']}") == ("correction_on_its_way", first)
    world.do(first, BEN, "return", reason=words("again"))
    world.settle()
    assert (world.notices[-1].reason, world.notices[-1].people) == ("reply_returned", ("ada",))
    second = corrected(world, GUS)
    assert second != first


@pytest.mark.parametrize(
    ("act", "code"), [("correct", "already_corrected"), ("retract", "already_taken_back")]
)
def test_what_was_corrected_is_corrected_where_it_was_said_last(act: str, code: str) -> None:
    world = published()
    stream = corrected(world, act=act)
    world.do(stream, BEN, "clear")
    world.settle()
    assert refusal(world, ADA, "correct", words=words("x")).code == code
    third = corrected(world, stream=stream)
    assert world.post(third.partition("/")[2]).corrects == stream.partition("/")[2]


@pytest.mark.rule(9)
@pytest.mark.parametrize("act", ["correct", "retract"])
def test_a_correction_makes_no_promise(act: str) -> None:
    no = refusal(published(), ADA, act, words=words("we will"), unmarked=1)
    assert (no.code, no.details["field"]) == ("promise_gate", "not_promises")


def test_two_who_ask_at_once_ask_for_the_same_post() -> None:
    """Temporal then lets one through; see the id."""
    ids = set()
    for who in (ADA, GUS, FAY):
        world = published()
        ids.add(corrected(world, who))
    assert len(ids) == 1
    (stream,) = ids
    assert len(stream.partition("/")[2]) == 26


def test_the_writer_of_a_correction_hears_that_it_is_stuck_since_its_origin_is_closed() -> None:
    world = published()
    stream = corrected(world, GUS)
    world.publishes = PublishResult.REFUSED
    world.do(stream, BEN, "clear")
    world.settle()
    assert (world.notices[-1].reason, world.notices[-1].people) == ("reply_failed", ("gus",))
