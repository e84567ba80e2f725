"""One comment's way through real Temporal and a real database, by every turn it can take."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.commitment import Commitment
from domain.errors import Conflict, Forbidden, Invalid, Refused
from domain.escalation import Escalation
from store import inbox, records, tables, words
from tests.builders import ADA, BEN, CORA, DEV, EVE, HOOK, Service, incoming


def _promise(service: Service, days: float = 2) -> dict[str, object]:
    due_at = datetime.now(UTC) + timedelta(days=days)
    return {
        "id": words.new_id(),
        "words": service.words("We will send the saddle.", "promise"),
        "accountable": "ada",
        "due_at": due_at.isoformat(),
    }


async def _proposed(service: Service, **fields: Any) -> str:
    stream = await service.opened()
    await service.do(stream, ADA, "claim")
    await service.do(
        stream, ADA, "propose", request=service.words("May we send one?", "request"), **fields
    )
    return stream


@pytest.mark.rule(8)
async def test_approved_words_travel_to_the_channel_and_their_promise_is_kept(
    service: Service,
) -> None:
    promise = _promise(service)
    reply = service.words("We are sorry. We will send the saddle.")
    stream = await _proposed(service, reply=reply, promises=[promise])
    await service.do(stream, CORA, "approve", post_id="P1")
    commitment = f"commitment/{promise['id']}"
    await service.until_stage(stream, "listening")
    await service.until_stage(commitment, "open")

    await service.do(
        commitment, ADA, "report_kept", post_id="P2", words=service.words("It is with you.")
    )
    await service.until_stage("post/P2", "in_review")
    with pytest.raises(Forbidden):
        await service.do("post/P2", ADA, "clear")
    await service.do("post/P2", BEN, "clear")
    await service.until_stage(commitment, "told")
    await service.do(commitment, HOOK, "word", is_kept=True, source="same_account")
    await service.until_stage(commitment, "kept")

    lines = (service.settings.data / "console.jsonl").read_text().splitlines()
    said = [json.loads(line)["text"] for line in lines]
    assert said == ["We are sorry. We will send the saddle.", "It is with you."]
    assert service.names(stream) == [
        "escalation:conversation:opened",
        "escalation:owner:claimed",
        "escalation:proposal:submitted",
        "escalation:decision:approved",
        "escalation:reply:submitted",
        "escalation:reply:settled",
    ]
    with service.database.reading() as session:
        for name in (stream, "post/P1", "post/P2", commitment):
            assert records.verify(session, name) is None


@pytest.mark.rule(2)
async def test_the_loser_of_a_race_for_a_claim_is_told_the_winner(sqlite_service: Service) -> None:
    stream = await sqlite_service.opened()
    results = await asyncio.gather(
        sqlite_service.do(stream, ADA, "claim"),
        sqlite_service.do(stream, BEN, "claim"),
        return_exceptions=True,
    )
    refusals = [r for r in results if isinstance(r, Refused)]
    assert len(refusals) == 1
    state = sqlite_service.state(stream)
    assert isinstance(state, Escalation)
    assert isinstance(refusals[0], Conflict)
    assert refusals[0].details["owner"] == state.owner


@pytest.mark.rule(7)
async def test_a_refusal_is_answered_with_its_printed_reason_straight_away(
    sqlite_service: Service,
) -> None:
    stream = await _proposed(sqlite_service)
    reason = sqlite_service.words("We do not ship saddles alone; here is why.", "reason")
    await sqlite_service.do(stream, CORA, "refuse", code="not_possible", reason=reason)
    await sqlite_service.do(stream, ADA, "reply", post_id="P1", words=reason)
    await sqlite_service.until_stage(stream, "listening")


@pytest.mark.rule(8)
async def test_other_words_than_the_approved_ones_wait_for_another_person(
    sqlite_service: Service,
) -> None:
    stream = await _proposed(sqlite_service)
    await sqlite_service.do(stream, CORA, "approve", post_id="unused")
    await sqlite_service.do(
        stream, ADA, "reply", post_id="P1", words=sqlite_service.words("Here you are.")
    )
    await sqlite_service.until_stage("post/P1", "in_review")
    reason = sqlite_service.words("Please say when.", "reason")
    await sqlite_service.do("post/P1", BEN, "return", reason=reason)
    await sqlite_service.until(lambda: sqlite_service.state(stream).reply is None)  # type: ignore[attr-defined]
    await sqlite_service.do(
        stream, ADA, "reply", post_id="P2", words=sqlite_service.words("On Friday.")
    )
    await sqlite_service.until_stage("post/P2", "in_review")
    await sqlite_service.do("post/P2", CORA, "clear")
    await sqlite_service.until_stage(stream, "listening")


async def test_a_refused_command_leaves_no_event_and_no_bound_words(
    sqlite_service: Service,
) -> None:
    stream = await sqlite_service.opened()
    before = await _events(sqlite_service, stream)
    words_before = sqlite_service.words("I should not be here.", "note")
    for who in (DEV, EVE):
        with pytest.raises(Forbidden):
            await sqlite_service.do(stream, who, "note", words=words_before)
    with pytest.raises(Conflict):
        await sqlite_service.do(stream, CORA, "approve", post_id="P1")
    assert await _events(sqlite_service, stream) == before
    with sqlite_service.database.reading() as session:
        row = session.scalars(select(tables.Words).filter_by(id=words_before["id"])).one()
        assert row.bound_to is None
        assert words.texts(session, [words_before["id"]]) == {}


async def _events(service: Service, stream: str) -> int:
    """The length of a history once its first steps are done."""
    await asyncio.sleep(1)
    handle = service.client.get_workflow_handle(stream)
    return (await handle.describe()).history_length


async def test_the_same_key_is_answered_again_and_refused_for_another_request(
    sqlite_service: Service,
) -> None:
    stream = await sqlite_service.opened()
    first = await sqlite_service.do(stream, ADA, "claim", key="k1")
    again = await sqlite_service.do(stream, ADA, "claim", key="k1")
    assert again.seq == first.seq
    assert sqlite_service.names(stream).count("escalation:owner:claimed") == 1


async def test_a_key_outlives_temporals_own_memory_of_it(sqlite_service: Service) -> None:
    """Temporal forgets update ids at continue-as-new; the state does not."""
    stream = await sqlite_service.opened()
    await sqlite_service.do(stream, ADA, "claim", key="k1")
    state = sqlite_service.state(stream)
    assert [k.key for k in state.keys] == ["k1"]


@pytest.mark.rule(1)
async def test_a_comment_that_meets_a_closed_escalation_opens_a_successor(
    sqlite_service: Service,
) -> None:
    """It was stored while the escalation was open, and handed over after it had closed."""
    first = await sqlite_service.opened("1", conversation_id="t")
    late = inbox.receive(
        sqlite_service.database, [incoming("2", conversation_id="t")], datetime.now(UTC)
    )[0]
    assert f"escalation/{late.escalation_id}" == first
    await sqlite_service.do(first, ADA, "dismiss", code="spam")
    from intake import handover

    assert late.arrival_id is not None
    successor = await handover.hand_over(
        sqlite_service.client, sqlite_service.database, late.arrival_id
    )
    state = sqlite_service.state(f"escalation/{successor}")
    assert isinstance(state, Escalation)
    assert f"escalation/{state.predecessor}" == first
    assert state.comments == {late.comment_id: 1}


@pytest.mark.rule(1)
async def test_a_later_comment_joins_and_an_edit_reaches_the_running_workflow(
    sqlite_service: Service,
) -> None:
    stream = await sqlite_service.opened("1", conversation_id="t")
    assert await sqlite_service.opened("2", conversation_id="t", text="Hello?") == stream
    assert await sqlite_service.opened("1", conversation_id="t", text="Edited.") == stream
    assert sqlite_service.names(stream)[1:] == [
        "escalation:comment:joined",
        "escalation:comment:revised",
    ]


async def test_an_update_that_arrives_before_the_worker_runs_is_answered(
    client: object, sqlite_house: object, settings: object
) -> None:
    from answerable.worker import running

    service = Service(client, sqlite_house, settings)  # type: ignore[arg-type]
    opening = asyncio.create_task(service.opened())
    stream = await opening
    claim = asyncio.create_task(service.do(stream, ADA, "claim"))
    await asyncio.sleep(0.5)
    assert not claim.done()
    async with running(service.client, service.database, service.settings):
        assert (await claim).seq == 2


async def test_expected_seq_refuses_only_what_bears_on_the_command(
    sqlite_service: Service,
) -> None:
    stream = await _proposed(sqlite_service)
    seq = sqlite_service.state(stream).seq
    note = sqlite_service.words("By the way.", "note")
    await sqlite_service.do(stream, BEN, "note", words=note)
    await sqlite_service.opened("2", conversation_id="1", in_reply_to="1", text="Still waiting!")
    with pytest.raises(Conflict) as refused:
        await sqlite_service.do(stream, CORA, "approve", post_id="P1", expected_seq=seq)
    assert refused.value.details["changed"] == ["comment"]
    await sqlite_service.do(stream, CORA, "approve", post_id="P1", expected_seq=seq + 2)


async def test_a_broken_command_is_refused_and_hangs_nothing(sqlite_service: Service) -> None:
    stream = await sqlite_service.opened()
    with pytest.raises(Invalid):
        await sqlite_service.do(stream, ADA, "dismiss", code="no such code")
    await sqlite_service.do(stream, ADA, "claim")


async def test_a_promise_withdrawn_by_an_executive_is_closed_with_its_reason(
    sqlite_service: Service,
) -> None:
    promise = _promise(sqlite_service)
    reply = sqlite_service.words("We will send the saddle.")
    stream = await _proposed(sqlite_service, reply=reply, promises=[promise])
    await sqlite_service.do(stream, CORA, "approve", post_id="P1")
    commitment = f"commitment/{promise['id']}"
    await sqlite_service.until_stage(commitment, "open")
    reason = sqlite_service.words("The maker has gone out of business.", "reason")
    await sqlite_service.do(commitment, CORA, "withdraw", reason=reason, post_id="P2")
    state = sqlite_service.state(commitment)
    assert isinstance(state, Commitment)
    assert state.is_closed
