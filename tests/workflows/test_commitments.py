"""Promises in skipped time on a real server, under the rules in full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import TimeSkipper

from domain.commitment import Commitment, OpenCommitment, Promise
from domain.messages import Start
from domain.people import MACHINE
from domain.terms import PromiseTerms
from intake import entities
from store import tables, words
from tests.builders import ADA, BEN, CORA, HOOK, Service

DAY = timedelta(days=1)


async def _promised(service: Service, days: float = 10) -> str:
    """A promise that is out in public; answers its stream."""
    escalation = (await service.opened()).partition("/")[2]
    with service.database.reading() as session:
        comment = session.get_one(tables.Escalation, escalation).comment_id
    at = datetime.now(UTC)
    promise = Promise(
        id=words.new_id(),
        words=service.words("We will send a saddle.", "promise"),  # type: ignore[arg-type]
        accountable="ada",
        due_at=at + days * DAY,
    )
    command = OpenCommitment(
        promise=promise,
        escalation_id=escalation,
        post_id="P1",
        channel="console",
        team="care",
        comment_id=comment,
        approver="cora",
        terms=PromiseTerms(),
        rules=2,
    )
    stream = f"commitment/{promise.id}"
    start = Start(kind="commitment", command=command.model_dump(mode="json"), actor=MACHINE, at=at)
    await entities.open_at(service.client, service.database, stream, start, "a promise")
    return stream


def _state(service: Service, stream: str) -> Commitment:
    state = service.state(stream)
    assert isinstance(state, Commitment)
    return state


async def _pass(service: Service, stream: str, duration: timedelta) -> None:
    skipper = TimeSkipper(service.client)
    await skipper.fast_forward(service.client.get_workflow_handle(stream), duration)


async def _report(service: Service, stream: str, post: str) -> None:
    done = service.words("It is with you.")
    await service.do(stream, ADA, "report_kept", post_id=post, words=done)
    await service.until_stage(f"post/{post}", "in_review")
    await service.do(f"post/{post}", BEN, "clear")
    await service.until_stage(stream, "told")


@pytest.mark.rule(4)
@pytest.mark.rule(11)
async def test_a_year_of_a_promise_that_nobody_keeps_is_told_to_executives_to_the_end(
    sqlite_service: Service,
) -> None:
    service = sqlite_service
    stream = await _promised(service)
    jumps = 0
    for days in (5, 4, 1, 90, 265):
        await _pass(service, stream, days * DAY + timedelta(minutes=1))
        jumps += 1
    await service.until(lambda: _state(service, stream).watched == 13)
    names = [name.partition(":")[2] for name in service.names(stream)]
    assert names[:4] == ["promise:opened", "ladder:reached", "ladder:reached", "promise:broken"]
    assert names[4:7] == ["ladder:reached"] * 3
    assert set(names[7:]) == {"watch:kept"}
    assert jumps == 5
    alarm = _state(service, stream).alarm()
    assert alarm is not None


@pytest.mark.rule(11)
async def test_a_new_date_that_waits_for_its_channel_is_overtaken_by_the_old_one(
    sqlite_service: Service,
) -> None:
    service = sqlite_service
    stream = await _promised(service, days=3)
    due_at = _state(service, stream).due_at
    await service.do(
        stream,
        ADA,
        "renegotiate",
        due_at=(due_at + 9 * DAY).isoformat(),
        reason=service.words("The maker is late.", "reason"),
        words=service.words("It will be a week later."),
    )
    await _pass(service, stream, 3 * DAY + timedelta(minutes=1))
    await service.until_stage(stream, "broken")
    state = _state(service, stream)
    assert (state.due_at, state.first_due_at, state.dates) == (due_at, due_at, ())
    broken, lapsed = service.names(stream)[-2:]
    assert (broken, lapsed) == ("commitment:promise:broken", "commitment:date:lapsed")


@pytest.mark.rule(12)
async def test_a_denial_reopens_the_promise_and_the_next_word_settles_it(
    service: Service,
) -> None:
    stream = await _promised(service)
    await _report(service, stream, "P2")
    await service.do(stream, HOOK, "word", is_kept=False, source="same_account")
    reason = service.words("They are right: the box was empty.", "reason")
    await service.do(stream, CORA, "reopen", reason=reason)
    assert _state(service, stream).stage == "open"
    await _report(service, stream, "P3")
    await service.do(stream, HOOK, "word", is_kept=True, source="same_account")
    state = _state(service, stream)
    assert (state.stage, state.is_late_report) == ("kept", False)
    result = await service.client.get_workflow_handle(stream).result()
    assert result == "kept"


@pytest.mark.rule(12)
async def test_a_commenter_who_says_nothing_for_two_weeks_lets_it_count_as_kept(
    sqlite_service: Service,
) -> None:
    service = sqlite_service
    stream = await _promised(service)
    await _report(service, stream, "P2")
    await _pass(service, stream, 14 * DAY + timedelta(minutes=1))
    await service.until_stage(stream, "kept")
    assert _state(service, stream).word is None
