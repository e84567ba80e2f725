"""What the upkeep check makes of what it saw."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.post import PostStage
from domain.watch import (
    FOR_EVER,
    LATE,
    UNDER_WAY,
    Code,
    Finding,
    Seen,
    findings,
    is_severe,
    judge,
    seen,
    wakes_at,
)
from tests.builders import AT
from tests.domain import harness

pytestmark = pytest.mark.rule(4)

ONE = "escalation/E1"
GONE = Finding(stream=ONE, code=Code.NO_WORKFLOW)


def codes(one: Seen) -> list[Code]:
    return [finding.code for finding in findings([one], AT)]


@pytest.mark.parametrize(
    ("one", "wanted"),
    [
        (Seen(stream=ONE, wakes_at=AT + timedelta(days=9)), []),
        (Seen(stream=ONE, wakes_at=AT - LATE), []),
        (Seen(stream=ONE, wakes_at=AT - LATE - timedelta(seconds=1)), [Code.OVERDUE]),
        (Seen(stream=ONE), [Code.NO_ALARM]),
        (Seen(stream=ONE, rests_until=AT), []),
        (Seen(stream=ONE, rests_until=AT - timedelta(seconds=1)), [Code.NO_ALARM]),
        (Seen(stream=ONE, rests_until=FOR_EVER, is_running=True), []),
        (Seen(stream=ONE, rests_until=FOR_EVER, is_running=False), [Code.NO_WORKFLOW]),
        (Seen(stream=ONE, rests_until=FOR_EVER, is_stuck=True), [Code.STUCK]),
        (
            Seen(stream=ONE, is_running=False, is_stuck=True),
            [Code.NO_ALARM, Code.NO_WORKFLOW, Code.STUCK],
        ),
    ],
)
def test_each_thing_that_can_be_wrong_is_named(one: Seen, wanted: list[Code]) -> None:
    assert codes(one) == wanted


def test_an_open_case_says_when_it_wakes_and_a_closed_one_nothing() -> None:
    case = harness.preparing().escalation
    alarm = case.alarm()
    assert alarm
    assert wakes_at(case) == seen(case, AT).wakes_at == alarm.at
    assert wakes_at(harness.closed().escalation) is None


def test_an_exhausted_ladder_may_rest_under_the_first_rules_only() -> None:
    case = harness.preparing().escalation
    exhausted = case.model_copy(update={"rung": len(case.terms.ladder), "deadline": None})
    old, new = (exhausted.model_copy(update={"rules": rules}) for rules in (1, 2))

    assert seen(old, AT).rests_until == FOR_EVER
    assert seen(new, AT).rests_until is None


def test_a_call_to_a_channel_may_be_under_way_for_an_hour() -> None:
    post = (
        harness.in_review()
        .post()
        .model_copy(update={"stage": PostStage.PUBLISHING, "owed_since": None})
    )

    assert seen(post, AT).rests_until == AT + UNDER_WAY


def test_what_is_not_found_again_is_cleared() -> None:
    late = Finding(stream=ONE, code=Code.OVERDUE)
    verdict = judge([late, GONE], [Seen(stream=ONE, rests_until=FOR_EVER, is_running=True)], AT)

    assert verdict.cleared == (late, GONE)
    assert verdict.is_well


def test_a_missing_workflow_is_missing_until_temporal_was_asked_again() -> None:
    verdict = judge([GONE], [Seen(stream=ONE, rests_until=FOR_EVER)], AT)

    assert verdict.cleared == ()
    assert not verdict.is_well
    assert judge([GONE], [], AT).cleared == (GONE,)  # It has closed meanwhile.


def test_a_round_that_finds_something_is_not_well() -> None:
    assert not judge([], [Seen(stream=ONE)], AT).is_well
    assert judge([], [], AT).is_well


@pytest.mark.parametrize(
    ("streams", "open_count", "wanted"),
    [(0, 0, False), (3, 3, False), (4, 4, True), (10, 100, False), (11, 100, True)],
)
def test_single_cases_are_not_the_whole_service(
    streams: int, open_count: int, wanted: bool
) -> None:
    assert is_severe(streams, open_count) is wanted
