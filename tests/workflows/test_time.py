"""What happens when nobody does anything, in skipped time on a real server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from temporalio.testing import TimeSkipper

from domain.commitment import Commitment
from domain.escalation import Escalation
from store import tables, words
from tests.builders import ADA, BEN, CORA, HOOK, Service

HOUR = timedelta(hours=1)
SLACK = timedelta(seconds=5)
"""Timers fire up to a second late, and jumps end where they end."""


async def _pass(service: Service, stream: str, duration: timedelta) -> None:
    skipper = TimeSkipper(service.client)
    await skipper.fast_forward(service.client.get_workflow_handle(stream), duration)


def _facts(service: Service, stream: str, name: str) -> list[tables.LedgerEntry]:
    with service.database.reading() as session:
        query = select(tables.LedgerEntry).filter_by(stream=stream, name=name)
        return list(session.scalars(query.order_by(tables.LedgerEntry.position)))  # type: ignore[arg-type]


CLIMBED = "escalation:ladder:climbed"


@pytest.mark.rule(4)
async def test_unclaimed_escalation_reminds_its_team_and_climbs_to_lead_and_executives(
    sqlite_service: Service,
) -> None:
    stream = await sqlite_service.opened()
    opened_at = sqlite_service.state(stream).opened_at
    await _pass(sqlite_service, stream, 9 * HOUR)
    await sqlite_service.until(lambda: len(_facts(sqlite_service, stream, CLIMBED)) == 3)

    facts = _facts(sqlite_service, stream, CLIMBED)
    for fact, hours in zip(facts, (3, 4, 8), strict=True):
        assert hours * HOUR <= fact.at - opened_at < hours * HOUR + SLACK
    bodies = [fact.body for fact in facts]
    assert '"told":["ada","ben"]' in bodies[0]
    assert '"is_late":true' not in bodies[0]
    assert '"told":["ben"]' in bodies[1]
    assert '"is_late":true' in bodies[1]
    assert '"told":["cora"]' in bodies[2]
    assert sqlite_service.state(stream).stage == "unclaimed"


@pytest.mark.rule(5)
async def test_an_approver_who_is_silent_decides_nothing_and_is_named(
    sqlite_service: Service,
) -> None:
    stream = await sqlite_service.opened()
    await sqlite_service.do(stream, ADA, "claim")
    await sqlite_service.do(
        stream, ADA, "propose", request=sqlite_service.words("May we?", "request")
    )
    await _pass(sqlite_service, stream, timedelta(days=3))
    await sqlite_service.until(lambda: len(_facts(sqlite_service, stream, CLIMBED)) == 3)
    state = sqlite_service.state(stream)
    assert isinstance(state, Escalation)
    assert state.stage == "deciding"
    assert state.decision is None
    assert all('"owed_by":["cora"]' in f.body for f in _facts(sqlite_service, stream, CLIMBED))


async def test_a_claim_stops_the_ladder_of_the_stage_before(sqlite_service: Service) -> None:
    stream = await sqlite_service.opened()
    await sqlite_service.do(stream, BEN, "claim")
    await _pass(sqlite_service, stream, 5 * HOUR)
    assert _facts(sqlite_service, stream, CLIMBED) == []


async def _answered(service: Service, *promises: dict[str, object]) -> str:
    stream = await service.opened()
    await service.do(stream, ADA, "claim")
    await service.do(
        stream,
        ADA,
        "propose",
        request=service.words("May we?", "request"),
        reply=service.words("We will."),
        promises=list(promises),
    )
    await service.do(stream, CORA, "approve", post_id="P1")
    await service.until_stage(stream, "listening")
    return stream


async def test_a_week_of_quiet_closes_an_answered_escalation(sqlite_service: Service) -> None:
    stream = await _answered(sqlite_service)
    await _pass(sqlite_service, stream, timedelta(days=7, minutes=1))
    await sqlite_service.until_stage(stream, "closed")
    state = sqlite_service.state(stream)
    assert isinstance(state, Escalation)
    assert state.outcome == "answered"
    result = await sqlite_service.client.get_workflow_handle(stream).result()
    assert result == "closed"


async def test_a_comment_while_listening_goes_back_to_the_same_owner(
    sqlite_service: Service,
) -> None:
    stream = await _answered(sqlite_service)
    assert await sqlite_service.opened("2", in_reply_to="1", text="That is no answer.") == stream
    state = sqlite_service.state(stream)
    assert isinstance(state, Escalation)
    assert (state.stage, state.owner) == ("preparing", "ada")


@pytest.mark.rule(11)
async def test_a_promise_is_reminded_of_and_then_openly_broken_and_can_still_be_kept_late(
    sqlite_service: Service,
) -> None:
    promise: dict[str, object] = {
        "id": words.new_id(),
        "words": sqlite_service.words("We will.", "promise"),
        "accountable": "ada",
        "due_at": (datetime.now(UTC) + timedelta(days=4)).isoformat(),
    }
    await _answered(sqlite_service, promise)
    stream = f"commitment/{promise['id']}"
    await sqlite_service.until_stage(stream, "open")
    await _pass(sqlite_service, stream, timedelta(days=3, minutes=1))
    reminded = "commitment:ladder:reached"
    await sqlite_service.until(lambda: len(_facts(sqlite_service, stream, reminded)) == 1)
    await _pass(sqlite_service, stream, timedelta(days=1))
    await sqlite_service.until_stage(stream, "broken")
    broken = _facts(sqlite_service, stream, "commitment:promise:broken")[0]
    state = sqlite_service.state(stream)
    assert isinstance(state, Commitment)
    assert timedelta(0) <= broken.at - state.promise.due_at < SLACK
    assert '"told":["ada","ben","cora"]' in broken.body

    follow_up = sqlite_service.words("Late, but here.")
    await sqlite_service.do(stream, ADA, "report_kept", post_id="P2", words=follow_up)
    await sqlite_service.until_stage("post/P2", "in_review")
    await sqlite_service.do("post/P2", BEN, "clear")
    await sqlite_service.until_stage(stream, "told")
    await sqlite_service.do(stream, HOOK, "word", is_kept=True, source="same_account")
    await sqlite_service.until_stage(stream, "kept_late")
