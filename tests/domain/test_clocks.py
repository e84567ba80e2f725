"""Clocks of an escalation: paused, extended, climbed to their end, and watched after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.base import iso
from domain.calendar import Window
from domain.deadlines import TICK
from domain.entity import Ring
from domain.errors import Conflict, Forbidden, Invalid
from domain.escalation import Outcome, Stage
from domain.people import MACHINE, Role, Seat
from domain.terms import DEFAULT_LADDER, Allowances, Limits, Priority, Rung, RungAct
from tests.builders import ADA, AT, BEN, CORA
from tests.domain import harness
from tests.domain.harness import ESCALATION, FAY, GUS, World, words
from tests.domain.test_calendar import OFFICE, make
from tests.domain.test_rules import refusal, told

HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)


def pause(world: World, until: datetime, who: Any = ADA) -> None:
    world.do(ESCALATION, who, "pause", code="third_party", reason=words("lab"), until=until)


def extend(world: World, seconds: int) -> None:
    world.do(
        ESCALATION, BEN, "extend", seconds=seconds, code="complex", reason=words("much to read")
    )


def alarm_at(world: World) -> datetime:
    alarm = world.escalation.alarm()
    assert alarm is not None
    return alarm.at


def under(*ladder: Rung, **changes: Any) -> World:
    """Claimed by Ada under a ladder of its own."""
    return harness.preparing(ADA, terms=harness.terms(ladder=ladder, **changes))


# A newer calendar. ---------------------------------------------------------------------------

EARLY = make("UTC", OFFICE)
LATE = EARLY.model_copy(update={"weekly": ((Window(600, 1020),),) * 7})


def accept(world: World, due_at: datetime, who: Any = BEN, calendar: Any = LATE) -> Any:
    fields = {"calendar": calendar, "policy_version": 2, "due_at": due_at, "reason": words("hours")}
    return world.do(ESCALATION, who, "accept_calendar", **fields)


@pytest.mark.rule(3)
def test_a_newer_calendar_moves_nothing_until_a_lead_accepts_that_very_date() -> None:
    world = under(*DEFAULT_LADDER, calendar=EARLY)
    old = world.escalation.deadline
    assert old is not None
    assert old.due_at is not None
    new = old.recomputed(LATE)
    assert new.due_at is not None
    assert new.due_at != old.due_at
    with pytest.raises(Conflict) as met:
        accept(world, new.due_at + HOURS)
    assert (met.value.code, met.value.details["due_at"]) == (
        "another_date",
        iso(new.due_at),
    )
    with pytest.raises(Forbidden):
        accept(world, new.due_at, ADA)
    assert world.escalation.deadline == old
    (fact,) = accept(world, new.due_at)
    assert (fact.data["old_due_at"], fact.data["new_due_at"]) == (iso(old.due_at), iso(new.due_at))
    assert world.escalation.deadline == new
    assert world.escalation.calendar == LATE
    with pytest.raises(Conflict) as met:
        accept(world, new.due_at)
    assert met.value.code == "same_date"


@pytest.mark.rule(3)
def test_rungs_that_a_newer_calendar_puts_ahead_again_are_climbed_again() -> None:
    half = Rung(permille=500, act=RungAct.REMIND, to=Seat.OWNER)
    world = under(half, calendar=LATE)
    world.sleep(ESCALATION)
    assert list(world.escalation.climbed) == [0]
    never = LATE.model_copy(update={"weekly": ((),) * 6 + ((Window(600, 660),),)})
    deadline = world.escalation.deadline
    assert deadline is not None
    new = deadline.recomputed(never)
    assert new.due_at is not None
    accept(world, new.due_at, calendar=never)
    assert not list(world.escalation.climbed)
    assert alarm_at(world) == new.moment(never, 500)


@pytest.mark.rule(3)
def test_while_it_is_paused_there_is_no_date_to_accept() -> None:
    world = under(*DEFAULT_LADDER, calendar=EARLY)
    pause(world, world.at + DAYS)
    with pytest.raises(Conflict) as met:
        accept(world, world.at + DAYS)
    assert met.value.code == "paused"


# Pauses. --------------------------------------------------------------------------------------


@pytest.mark.rule(3)
def test_a_pause_gives_back_exactly_what_was_left_of_the_time() -> None:
    world = harness.preparing()
    world.at += 3 * HOURS
    pause(world, world.at + 2 * DAYS)
    assert world.escalation.deadline is not None
    assert world.escalation.deadline.due_at is None
    world.at += 1 * DAYS
    world.do(ESCALATION, ADA, "resume")
    assert world.escalation.deadline.due_at == AT + 8 * HOURS + 1 * DAYS


@pytest.mark.rule(3)
def test_a_pause_ends_by_itself_and_the_ladder_goes_on_where_it_was() -> None:
    world = harness.preparing()
    world.sleep(ESCALATION)
    assert world.at == AT + 6 * HOURS
    pause(world, world.at + 2 * DAYS)
    (resumed,) = world.sleep(ESCALATION)
    assert (resumed.name, resumed.by) == ("escalation:clock:resumed", "system")
    assert world.at == AT + 6 * HOURS + 2 * DAYS
    (climbed,) = world.sleep(ESCALATION)
    assert climbed.data["rung"] == 1
    assert climbed.at == AT + 8 * HOURS + 2 * DAYS + TICK


@pytest.mark.rule(3)
def test_what_is_late_when_it_is_paused_stays_late() -> None:
    world = harness.preparing()
    world.at += 9 * HOURS
    pause(world, world.at + 1 * DAYS)
    world.do(ESCALATION, ADA, "resume")
    deadline = world.escalation.deadline
    assert deadline is not None
    assert deadline.due_at == AT + 8 * HOURS
    assert deadline.is_late(world.at)


@pytest.mark.rule(3)
def test_a_pause_says_who_and_why_in_the_arithmetic() -> None:
    world = harness.preparing()
    pause(world, AT + 1 * DAYS)
    world.sleep(ESCALATION)
    assert world.escalation.deadline is not None
    (line,) = [s for s in world.escalation.deadline.explain() if "paused" in s or "third" in s]
    assert "ada" in line
    assert "third_party" in line


@pytest.mark.rule(3)
def test_pauses_have_an_end_a_length_and_a_number() -> None:
    limits = Limits(pause=86_400, pauses=1)
    world = harness.preparing(terms=harness.terms(limits=limits))
    ask: dict[str, Any] = {"code": "legal", "reason": words("r")}
    for until, code in ((AT, "pause_over"), (AT + 25 * HOURS, "pause_too_long")):
        no = refusal(world, ESCALATION, ADA, "pause", until=until, **ask)
        assert isinstance(no, Invalid)
        assert (no.code, no.details["field"]) == (code, "until")
        assert no.way_out
    pause(world, AT + 24 * HOURS)
    assert refusal(world, ESCALATION, ADA, "pause", until=AT + HOURS, **ask).code == "paused_enough"
    world.sleep(ESCALATION)
    no = refusal(world, ESCALATION, ADA, "pause", until=world.at + HOURS, **ask)
    assert no.code == "paused_enough"


def test_terms_without_pauses_say_so_before_anybody_gives_a_date() -> None:
    for limits in (Limits(pauses=0), Limits(pause=0)):
        world = harness.preparing(terms=harness.terms(limits=limits))
        fields: dict[str, Any] = {"code": "legal", "reason": words("r"), "until": AT + HOURS}
        assert refusal(world, ESCALATION, ADA, "pause", **fields).code == "no_pauses"


@pytest.mark.rule(3)
def test_a_pause_of_listening_puts_the_quiet_end_off_and_a_comment_ends_it() -> None:
    world = harness.listening()
    pause(world, AT + 3 * DAYS)
    world.sleep(ESCALATION)
    assert alarm_at(world) == AT + 10 * DAYS
    pause(world, world.at + 3 * DAYS)
    world.hear("C2")
    assert world.escalation.stage is Stage.PREPARING
    assert world.escalation.paused_until is None
    assert alarm_at(world) == world.at + 6 * HOURS


@pytest.mark.rule(3)
def test_a_case_of_the_first_rules_wakes_from_its_pause_and_goes_on() -> None:
    world = harness.preparing(rules=1)
    world.at += 1 * HOURS
    pause(world, world.at + 10 * HOURS)
    assert [f.name for f in world.sleep(ESCALATION)] == ["escalation:clock:resumed"]
    (climbed,) = world.sleep(ESCALATION)
    assert climbed.at == AT + 16 * HOURS
    assert climbed.data["due_at"] == "2026-03-03T03:00:00.000000Z"


# Extensions. ----------------------------------------------------------------------------------


@pytest.mark.rule(3)
def test_an_extension_moves_the_date_and_the_first_one_stays_on_record() -> None:
    world = harness.preparing()
    extend(world, 4 * 3600)
    deadline = world.escalation.deadline
    assert deadline is not None
    assert deadline.due_at == AT + 12 * HOURS
    assert deadline.first_due_at == AT + 8 * HOURS
    assert any("extended by 4 h by ben (complex)" in line for line in deadline.explain())


@pytest.mark.rule(3)
def test_extensions_have_a_number_and_a_sum() -> None:
    limits = Limits(extend=7200, extensions=2)
    world = harness.preparing(terms=harness.terms(limits=limits))
    fields: dict[str, Any] = {"code": "volume", "reason": words("r")}
    no = refusal(world, ESCALATION, BEN, "extend", seconds=7201, **fields)
    assert (no.code, no.details["field"]) == ("extended_enough", "seconds")
    extend(world, 3600)
    extend(world, 60)
    assert refusal(world, ESCALATION, BEN, "extend", seconds=60, **fields).code == "extended_enough"


@pytest.mark.rule(4)
def test_a_new_date_that_passes_is_heard_of_like_the_first_one() -> None:
    world = harness.preparing()
    for _ in range(2):
        world.sleep(ESCALATION)
    assert world.escalation.climbed == (0, 1)
    extend(world, 8 * 3600)
    facts = [world.sleep(ESCALATION)[0] for _ in range(3)]
    assert [(f.data.get("rung"), f.at - AT) for f in facts] == [
        (0, 12 * HOURS),
        (1, 16 * HOURS + TICK),
        (2, 32 * HOURS),
    ]
    assert [f.data.get("is_late", False) for f in facts] == [False, True, True]


@pytest.mark.rule(4)
def test_an_alarm_that_was_put_off_while_people_were_looked_for_does_not_ring() -> None:
    world = harness.preparing()
    alarm = world.escalation.alarm()
    assert alarm is not None
    world.at = alarm.at
    extend(world, 3600)
    assert world.command(ESCALATION, MACHINE, Ring(alarm=alarm.name)) == ()
    assert alarm_at(world) > world.at


# Ladders. -------------------------------------------------------------------------------------


@pytest.mark.rule(4)
def test_rungs_fall_before_and_after_the_date_and_are_repeated() -> None:
    world = under(
        Rung(act=RungAct.ESCALATE, to=Seat.LEAD, offset=3600, every=1800, times=3),
        Rung(act=RungAct.REMIND, to=Seat.OWNER, offset=-3600),
    )
    facts = [world.sleep(ESCALATION)[0] for _ in range(4)]
    assert [(f.data.get("rung"), (f.at - AT) / HOURS) for f in facts] == [
        (3, 7.0), (0, 9.0), (1, 9.5), (2, 10.0),
    ]  # fmt: skip
    assert [f.data["told"] for f in facts] == [["ada"], ["ben"], ["ben"], ["ben"]]
    assert facts[-1].data["waited"] == 10 * 3600


@pytest.mark.rule(4)
def test_a_rung_speaks_to_a_person_a_role_or_a_manager() -> None:
    world = under(
        Rung(permille=100, act=RungAct.REMIND, to=Seat.PERSON, person="gus"),
        Rung(permille=200, act=RungAct.REMIND, to=Seat.ROLE, role=Role.ADMIN),
        Rung(permille=300, act=RungAct.REMIND, to=Seat.MANAGER),
    )
    facts = [world.sleep(ESCALATION)[0] for _ in range(3)]
    assert [f.data["told"] for f in facts] == [["gus"], ["root"], ["ben"]]
    assert all(f.data["owed_by"] == ["ada"] for f in facts)


@pytest.mark.rule(4)
@pytest.mark.parametrize(
    ("rung", "priority", "is_urgent"),
    [(False, None, False), (True, None, True), (False, Priority.URGENT, True)],
)
def test_what_is_urgent_is_told_at_any_hour(
    rung: bool, priority: Priority | None, is_urgent: bool
) -> None:
    step = Rung(permille=500, act=RungAct.REMIND, to=Seat.OWNER, urgent=rung)
    world = under(step, priority=priority)
    world.sleep(ESCALATION)
    world.settle()
    (notice,) = told(world, "due_soon")
    assert notice.urgent is is_urgent


@pytest.mark.rule(4)
def test_a_rung_may_take_the_case_from_its_owner_and_give_it_back_to_the_team() -> None:
    world = under(Rung(act=RungAct.REASSIGN, to=Seat.LEAD))
    facts = world.sleep(ESCALATION)
    assert [f.name for f in facts] == ["escalation:ladder:climbed", "escalation:owner:lost"]
    assert facts[1].data == {"owner": "ada", "cause": "ladder"}
    assert (world.escalation.stage, world.escalation.owner) == (Stage.UNCLAIMED, None)
    world.settle()
    (notice,) = told(world, "claim_lost")
    assert (notice.people, notice.to) == (("ada",), (Seat.LEAD,))
    world.do(ESCALATION, GUS, "claim")


@pytest.mark.rule(5)
def test_a_rung_that_reassigns_takes_no_decision_from_anybody() -> None:
    ladder = (Rung(act=RungAct.REASSIGN, to=Seat.LEAD),)
    world = harness.deciding(ADA, {"terms": harness.terms(ladder=ladder)})
    (climbed,) = world.sleep(ESCALATION)
    assert climbed.data["owed_by"] == ["fay", "cora"]
    assert (world.escalation.stage, world.escalation.owner) == (Stage.DECIDING, "ada")


@pytest.mark.rule(14)
def test_a_holding_reply_is_asked_for_and_never_sent_by_itself() -> None:
    world = under(Rung(permille=500, act=RungAct.HOLDING, to=Seat.OWNER))
    world.sleep(ESCALATION)
    world.settle()
    assert told(world, "holding_reply_wanted")[0].people == ("ada",)
    assert not [s for s in world.states if s.startswith("post/")]


@pytest.mark.rule(5)
def test_after_the_last_rung_those_at_the_top_are_told_again_and_again_with_names_and_hours() -> (
    None
):
    world = harness.deciding(ADA)
    for _ in DEFAULT_LADDER:
        world.sleep(ESCALATION)
    last = world.at
    facts = [world.sleep(ESCALATION)[0] for _ in range(5)]
    assert [(f.at - last).days for f in facts] == [7, 21, 49, 77, 105]
    for fact in facts:
        assert fact.name == "escalation:ladder:watched"
        assert fact.data["owed_by"] == ["fay", "cora"]
        assert fact.data["waited"] == int((fact.at - AT).total_seconds())
    world.settle()
    assert len(told(world, "still_open")) == 5
    assert world.escalation.decision is None


@pytest.mark.rule(4)
def test_without_a_ladder_there_is_still_the_watch() -> None:
    world = under()
    world.sleep(ESCALATION)
    assert world.at == AT + 8 * HOURS + 7 * DAYS


@pytest.mark.rule(4)
def test_a_backlog_without_a_date_is_watched_and_one_with_a_date_starts_then() -> None:
    world = harness.unclaimed(backlog=True)
    assert world.sleep(ESCALATION)[0].name == "escalation:ladder:watched"
    assert world.at == AT + 7 * DAYS
    world = harness.unclaimed(backlog=True, ladders_at=AT + 2 * DAYS)
    assert world.sleep(ESCALATION)[0].name == "escalation:clock:started"
    assert world.escalation.deadline is not None
    assert world.escalation.deadline.start_at == AT + 2 * DAYS
    assert alarm_at(world) == AT + 2 * DAYS + 3 * HOURS


@pytest.mark.rule(4)
def test_a_backlog_that_changes_hands_unclaimed_stays_without_a_clock() -> None:
    world = harness.unclaimed(backlog=True)
    world.do(ESCALATION, BEN, "join_matter", matter_id="T1")
    world.do(ESCALATION, BEN, "leave_matter", reason=words("mine is different"))
    assert world.escalation.deadline is None
    world.do(ESCALATION, BEN, "reroute", terms=harness.terms(team="shop"), reason=words("theirs"))
    assert (world.escalation.deadline, world.escalation.team) == (None, "shop")


# Leases. --------------------------------------------------------------------------------------


def leased(hours: int = 2, **changes: Any) -> World:
    limits = Limits(lease=hours * 3600)
    allowances = Allowances(propose=100 * 3600)
    return harness.preparing(
        ADA, terms=harness.terms(limits=limits, allowances=allowances, **changes)
    )


@pytest.mark.rule(2)
def test_a_claim_lapses_at_the_end_of_its_lease_and_anybody_may_claim_again() -> None:
    world = leased()
    (lost,) = world.sleep(ESCALATION)
    assert lost.data == {"owner": "ada", "cause": "lease"}
    assert lost.at == AT + 2 * HOURS
    world.do(ESCALATION, GUS, "claim")
    assert world.escalation.owner == "gus"


@pytest.mark.rule(2)
def test_a_claim_that_is_renewed_holds_from_then() -> None:
    world = leased()
    world.at += HOURS
    world.do(ESCALATION, ADA, "renew")
    assert alarm_at(world) == AT + 3 * HOURS


@pytest.mark.rule(2)
def test_a_claim_does_not_lapse_over_a_pause_nor_in_another_stage() -> None:
    world = leased()
    pause(world, AT + 1 * DAYS)
    world.sleep(ESCALATION)
    assert world.escalation.owner == "ada"
    assert alarm_at(world) == AT + 1 * DAYS + 2 * HOURS
    world.do(ESCALATION, ADA, "propose", request=words("request"))
    world.sleep(ESCALATION)
    assert world.escalation.owner == "ada"
    world.do(ESCALATION, CORA, "return", reason=words("again"))
    assert alarm_at(world) == world.at + 2 * HOURS


# The ladder while words wait. -----------------------------------------------------------------


@pytest.mark.rule(5)
def test_while_words_wait_whoever_is_to_accept_owes_the_move_by_name() -> None:
    made = [harness.promise("M1", accountable="gus")]
    world = harness.replying(FAY, reply=words("reply"), promises=made)
    (climbed,) = world.sleep(ESCALATION)
    assert climbed.data["owed_by"] == ["gus"]
    assert climbed.data["told"] == ["fay", "gus"]


@pytest.mark.rule(3)
def test_quiet_after_words_moved_to_private_closes_as_moved() -> None:
    world = harness.preparing()
    world.do(ESCALATION, ADA, "move_private", post_id="P1", words=words("write to us"))
    world.settle()
    world.do("post/P1", GUS, "clear")
    world.settle()
    world.sleep(ESCALATION)
    assert world.escalation.outcome is Outcome.MOVED_TO_PRIVATE


def test_a_notice_is_told_once_a_rung() -> None:
    world = harness.preparing()
    for _ in DEFAULT_LADDER:
        world.sleep(ESCALATION)
    world.settle()
    assert len(world.notices) == len(DEFAULT_LADDER)
    with pytest.raises(Conflict):
        world.do(ESCALATION, BEN, "resume")
