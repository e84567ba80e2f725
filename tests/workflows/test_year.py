"""A year of one case: nobody moves for weeks, a clock pauses, a promise is broken and watched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.testing import TimeSkipper

from domain.commitment import Commitment
from domain.escalation import Escalation
from store import words
from tests.builders import ADA, BEN, CORA, Service

DAY = timedelta(days=1)
MOST_JUMPS = 150


async def _pass(service: Service, stream: str, duration: timedelta) -> None:
    skipper = TimeSkipper(service.client)
    await skipper.fast_forward(service.client.get_workflow_handle(stream), duration)


async def _jumps(service: Service, stream: str) -> tuple[int, int]:
    """How often time was skipped in a workflow, and how many events its history has."""
    history = await service.client.get_workflow_handle(stream).fetch_history()
    skipped = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED
    return sum(event.event_type == skipped for event in history.events), len(history.events)


def _case(service: Service, stream: str) -> Escalation:
    state = service.state(stream)
    assert isinstance(state, Escalation)
    return state


@pytest.mark.rule(3)
@pytest.mark.rule(4)
@pytest.mark.rule(5)
async def test_a_year_of_one_case_and_its_promise(sqlite_service: Service) -> None:
    service = sqlite_service
    stream = await service.opened()
    began_at = _case(service, stream).opened_at

    # Two months in which nobody claims it: the ladder, then the standing watch.
    await _pass(service, stream, 60 * DAY)
    await service.until(lambda: _case(service, stream).watched == 3)
    assert service.names(stream).count("escalation:ladder:climbed") == 3

    # Claimed, and paused for twenty days: nothing rings until the pause ends by itself.
    await service.do(stream, ADA, "claim")
    claimed_at = _case(service, stream).deadline.start_at  # type: ignore[union-attr]
    await service.do(
        stream,
        ADA,
        "pause",
        code="third_party",
        reason=service.words("The maker is asked.", "reason"),
        until=(claimed_at + 20 * DAY).isoformat(),
    )
    await _pass(service, stream, 20 * DAY + timedelta(minutes=1))
    await service.until(lambda: _case(service, stream).paused_until is None)
    assert "escalation:clock:resumed" in service.names(stream)
    assert service.names(stream).count("escalation:ladder:climbed") == 3

    # Proposed, and an approver who says nothing for two months has decided nothing.
    await service.do(stream, ADA, "propose", request=service.words("May we?", "request"))
    await _pass(service, stream, 60 * DAY)
    await service.until(lambda: _case(service, stream).watched == 3)
    assert _case(service, stream).decision is None

    # Decided, promised, published, listened to, closed.
    await service.do(stream, CORA, "approve", post_id=words.new_id())
    decided_at = _case(service, stream).decision.at  # type: ignore[union-attr]
    post, promise = words.new_id(), words.new_id()
    await service.do(
        stream,
        ADA,
        "reply",
        post_id=post,
        words=service.words("We will send a saddle."),
        promises=[_promise(service, promise, decided_at + 60 * DAY)],
    )
    await service.until_stage(f"post/{post}", "in_review")
    await service.do(f"post/{post}", BEN, "clear")
    await service.until_stage(stream, "listening")
    await _pass(service, stream, 8 * DAY)
    await service.until_stage(stream, "closed")
    closed_at = _case(service, stream).closed_at
    assert closed_at is not None
    assert closed_at - began_at >= 147 * DAY

    # The promise is reminded of, broken, and watched to the end of the year.
    kept = f"commitment/{promise}"
    await service.until_stage(kept, "open")
    await _pass(service, kept, 365 * DAY)
    await service.until(lambda: service.names(kept).count("commitment:watch:kept") >= 4)
    state = service.state(kept)
    assert isinstance(state, Commitment)
    assert (state.stage, state.was_broken) == ("broken", True)
    assert state.alarm() is not None

    counted = [await _jumps(service, s) for s in (stream, kept)]
    jumps = sum(count for count, _ in counted)
    assert 0 < jumps <= MOST_JUMPS


def _promise(service: Service, promise_id: str, due_at: Any) -> dict[str, Any]:
    return {
        "id": promise_id,
        "words": service.words("We will send a saddle.", "promise"),
        "accountable": "ada",
        "due_at": due_at.isoformat(),
    }
