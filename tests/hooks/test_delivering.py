"""Other systems are told what happens: signed, in order, until they have it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook
from temporalio.client import Client

from answerable.worker import running
from config.settings import Settings
from domain.hooks import DeliveryState, HookState, Kind
from intake import hooks as waking
from store import hook_log, hooks, tables, words
from store.database import Database
from tests.builders import ADA, CORA, Service
from tests.channels.receiver import Receiver, answers, stalls_after
from tests.hooks.conftest import Telling, ids, is_signed, types

PATH = ["escalation.opened", "escalation.claimed"]


async def test_a_receiver_is_told_what_happens_signed_and_without_a_word_of_anybody(
    telling: Telling, crm: Receiver
) -> None:
    hook = await telling.hook(crm.url)
    service = telling.service
    stream = await service.opened(text="My bike came without a saddle.")
    await service.do(stream, ADA, "claim")
    reply = service.words("Your saddle is on its way.")
    asked = service.words("May I send a saddle?", "request")
    await service.do(stream, ADA, "propose", request=asked, recommendation="approve", reply=reply)
    await service.do(stream, CORA, "approve", post_id=words.new_id())
    await service.until(lambda: "escalation.answered" in types(crm))
    assert [*dict.fromkeys(types(crm))] == [
        *PATH, "escalation.decided", "post.published", "escalation.answered"
    ]  # fmt: skip
    text = b"".join(received.body for received in crm.received).decode()
    for word in ("saddle", "rider", "ada", "cora", "Ada"):
        assert word not in text
    for received in crm.received:
        assert is_signed(received, telling.secrets[hook])
        verified = Webhook(telling.secrets[hook]).verify(received.body, received.headers)
        assert verified == json.loads(received.body)
    positions = [json.loads(received.body)["data"]["position"] for received in crm.received]
    assert positions == sorted(positions)
    first = json.loads(crm.received[0].body)
    assert first["data"]["link"] == f"https://answers.example/{stream}"
    assert first["data"].items() >= {"kind": "escalation", "seq": 1, "team": "care"}.items()
    await service.until(lambda: telling.is_asleep(hook))


async def test_a_sleeper_is_woken_and_told_only_of_what_it_wants(
    telling: Telling, crm: Receiver
) -> None:
    hook = await telling.hook(crm.url, [Kind.ESCALATION_CLAIMED])
    await telling.service.until(lambda: telling.is_asleep(hook))
    stream = await telling.service.opened()
    assert telling.is_asleep(hook)
    for _ in range(2):
        await telling.service.do(stream, ADA, "claim")
        await telling.service.until(lambda: telling.is_asleep(hook))
        await telling.service.do(stream, ADA, "release")
    await telling.service.until(lambda: len(crm.received) == 2)
    assert types(crm) == ["escalation.claimed"] * 2


async def test_what_is_not_taken_is_sent_again_under_the_same_id_before_anything_else(
    telling: Telling, crm: Receiver
) -> None:
    crm.behaviour = answers(500, b"<b>out of order</b>" * 100)
    hook = await telling.hook(crm.url)
    stream = await telling.service.opened()
    await telling.service.do(stream, ADA, "claim")
    await telling.service.until(lambda: crm.received)
    await telling.service.until(lambda: telling.item(hook).failing_since)
    crm.behaviour = answers(200)
    await telling.hurry(hook)
    await telling.service.until(lambda: telling.is_asleep(hook))
    assert types(crm) == [PATH[0], *PATH]
    assert ids(crm)[0] == ids(crm)[1] != ids(crm)[2]
    assert crm.received[0].body == crm.received[1].body
    first, second = telling.log(hook)
    assert [a.status for a in first.log] == [200, 500]
    assert len(first.log[1].answer) == hook_log.MOST_ANSWER
    assert second.state is DeliveryState.DELIVERED
    assert telling.item(hook).failing_since is None


async def test_temporal_tries_again_by_itself(telling: Telling, crm: Receiver) -> None:
    crm.behaviour = answers(503, retry_after="1")
    hook = await telling.hook(crm.url, [Kind.ESCALATION_OPENED])
    await telling.service.opened()
    await telling.service.until(lambda: len(crm.received) >= 2)
    crm.behaviour = answers(204)
    await telling.service.until(lambda: telling.is_asleep(hook))
    assert len(set(ids(crm))) == 1


async def test_whoever_is_in_a_hurry_ends_a_call_that_hangs(
    telling: Telling, crm: Receiver
) -> None:
    hook = await telling.hook(crm.url, [Kind.ESCALATION_OPENED])
    crm.behaviour = stalls_after()
    for n in range(3):
        await telling.service.opened(str(n))
    await telling.service.until(lambda: crm.received)
    crm.behaviour = answers(200)
    await telling.hurry(hook)
    await telling.service.until(lambda: telling.is_asleep(hook), 40)
    assert len(set(ids(crm))) == 3
    assert ids(crm)[0] == ids(crm)[1]


async def test_a_slow_receiver_holds_up_no_other(telling: Telling, crm: Receiver) -> None:
    async with Receiver(stalls_after()) as slow:
        lazy = await telling.hook(slow.url, name="slow")
        quick = await telling.hook(crm.url)
        await telling.service.until(lambda: telling.is_asleep(quick) and telling.is_asleep(lazy))
        stream = await telling.service.opened()
        await telling.service.do(stream, ADA, "claim")
        await telling.service.until(lambda: types(crm) == PATH, 5)
        assert len(slow.received) == 1


async def test_a_receiver_that_says_gone_is_told_nothing_more_and_its_admin_hears_of_it(
    telling: Telling, crm: Receiver
) -> None:
    crm.behaviour = answers(410)
    hook = await telling.hook(crm.url)
    await telling.service.opened()
    await telling.service.until(lambda: telling.item(hook).state is HookState.DISABLED)
    with telling.database.reading() as session:
        notices = session.scalars(select(tables.HouseNotice))
        told = [(one.person_id, one.reason, one.about) for one in notices]
    assert told == [("root", "webhook_disabled", f"admin/hooks/{hook}")]
    await telling.service.opened("2")
    await asyncio.sleep(0.5)
    assert len(crm.received) == 1

    crm.behaviour = answers(200)
    with telling.database.writing() as session:
        hooks.resume(session, hook, datetime.now(UTC), by="root")
    await telling.hurry(hook)
    await telling.service.until(lambda: telling.is_asleep(hook))
    assert types(crm) == ["escalation.opened"] * 3


async def test_a_redirect_is_not_followed(telling: Telling, crm: Receiver) -> None:
    async with Receiver() as elsewhere:
        crm.behaviour = answers(302, location=elsewhere.url)
        hook = await telling.hook(crm.url)
        await telling.service.opened()
        await telling.service.until(lambda: telling.item(hook).failing_since)
        assert elsewhere.received == []


async def test_a_message_is_sent_again_by_hand_and_a_test_goes_out(
    telling: Telling, crm: Receiver
) -> None:
    hook = await telling.hook(crm.url, [Kind.ESCALATION_OPENED])
    await telling.service.opened()
    await telling.service.until(lambda: crm.received)
    await telling.service.until(lambda: telling.is_asleep(hook))
    (sent,) = telling.log(hook)
    with telling.database.writing() as session:
        hook_log.send_again(session, hook, sent.id)
        hook_log.send_trial(session, hook, "https://answers.example", datetime.now(UTC))
    await telling.hurry(hook)
    await telling.service.until(lambda: len(crm.received) == 3)
    await telling.service.until(lambda: telling.is_asleep(hook))
    assert types(crm) == ["escalation.opened"] * 2 + ["webhook.test"]
    assert ids(crm)[0] == ids(crm)[1] == sent.id


async def test_a_replaced_secret_goes_on_signing_for_a_day(telling: Telling, crm: Receiver) -> None:
    hook = await telling.hook(crm.url)
    with telling.database.writing() as session:
        fresh = hooks.replace_secret(session, hook, datetime.now(UTC), by="root").secret
    await telling.service.opened()
    await telling.service.until(lambda: crm.received)
    assert is_signed(crm.received[0], telling.secrets[hook])
    assert is_signed(crm.received[0], fresh)
    history = await telling.service.client.get_workflow_handle(f"hook/{hook}").fetch_history()
    for secret in (fresh, telling.secrets[hook], "127.0.0.1", "escalation"):
        assert secret not in history.to_json()


async def test_the_sweep_starts_what_was_lost(telling: Telling, crm: Receiver) -> None:
    crm.behaviour = answers(500)
    hook = await telling.hook(crm.url)
    await telling.service.opened()
    await telling.service.until(lambda: telling.item(hook).failing_since)
    handle = telling.service.client.get_workflow_handle(f"hook/{hook}")
    await handle.terminate("lost")
    crm.behaviour = answers(200)
    await waking.keep_going(telling.service.client, hook)
    await telling.service.until(lambda: telling.is_asleep(hook))
    assert len(crm.received) >= 2


async def test_a_receiver_that_is_back_gets_everything_in_order(
    telling: Telling, crm: Receiver
) -> None:
    crm.behaviour = answers(500)
    hook = await telling.hook(crm.url, [Kind.ESCALATION_OPENED])
    streams = [await telling.service.opened(str(n)) for n in range(10)]
    crm.behaviour = answers(200)
    await telling.hurry(hook)
    await telling.service.until(lambda: telling.is_asleep(hook))
    links = [json.loads(r.body)["data"]["link"] for r in crm.received]
    assert [*dict.fromkeys(links)] == [f"https://answers.example/{s}" for s in streams]


@pytest.mark.parametrize("stop", ["before", "after"])
async def test_another_worker_goes_on_where_one_has_stopped(
    client: Client, sqlite_house: Database, settings: Settings, crm: Receiver, stop: str
) -> None:
    crm.behaviour = answers(500, retry_after="1")
    async with running(client, sqlite_house, settings):
        service = Service(client, sqlite_house, settings)
        telling = Telling(service)
        hook = await telling.hook(crm.url, [Kind.ESCALATION_OPENED])
        await service.opened()
        if stop == "after":
            await service.until(lambda: crm.received)
    crm.behaviour = answers(200)
    async with running(client, sqlite_house, settings):
        await service.until(lambda: telling.is_asleep(hook), 60)
    assert len(set(ids(crm))) == 1


async def test_nothing_is_lost_where_a_worker_is_killed_in_the_middle_of_a_call(
    client: Client, sqlite_house: Database, settings: Settings, crm: Receiver
) -> None:
    service = Service(client, sqlite_house, settings)
    telling = Telling(service)
    crm.behaviour = stalls_after()
    config = client.service_client.config
    surroundings = os.environ | {
        "ANSWERABLE_DATABASE_URL": str(sqlite_house.url),
        "ANSWERABLE_DATA": str(settings.data),
        "ANSWERABLE_WEBHOOK_NETWORKS": settings.webhook_networks,
        "TEMPORAL_ADDRESS": config.target_host,
        "TEMPORAL_NAMESPACE": client.namespace,
    }
    command = [sys.executable, "-m", "answerable", "worker"]
    worker = await asyncio.create_subprocess_exec(
        *command, env=surroundings, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL
    )
    try:
        hook = await telling.hook(crm.url, [Kind.ESCALATION_OPENED])
        for n in range(3):
            await service.opened(str(n))
        await service.until(lambda: crm.received, 40)
    finally:
        worker.kill()
        await worker.wait()
    assert telling.log(hook)[0].attempts == 0, "nobody could note what came of it"
    crm.behaviour = answers(200)
    async with running(client, sqlite_house, settings):
        await telling.hurry(hook)
        await service.until(lambda: telling.is_asleep(hook), 60)
    assert len(set(ids(crm))) == 3
    assert ids(crm) == [ids(crm)[0], *dict.fromkeys(ids(crm))]
