"""The stream behind live pages: in order, from where one left off, and never for ever."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api import live
from api.deps import now
from api.live import BEHIND, Live
from api.pages import live as stream_of_pages
from store import house, people, sessions, tail
from store.database import Database
from tests import builders
from tests.api.conftest import served
from tests.pages.conftest import Browser, Office, text_of
from tests.pages.test_promises import promised

EVENTS = {"Accept": "text/event-stream"}

Event = dict[str, str]


@pytest.fixture
async def ada(office: Office) -> Browser:
    return await office.browser_of("ada")


class Stream:
    """An open stream, read event by event."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self, kind: str | None = None, seconds: float = 10) -> Event:
        """The next event, of this kind. Raises StopAsyncIteration where the stream has ended."""
        async with asyncio.timeout(seconds):
            while True:
                event = await self._event()
                if kind is None or event["event"] == kind:
                    return event

    async def __aiter__(self) -> AsyncIterator[Event]:
        """All that comes until it ends."""
        with contextlib.suppress(StopAsyncIteration):
            while True:
                yield await self.next()

    async def _event(self) -> Event:
        event: Event = {}
        while True:
            line = await anext(self._lines)
            if not line and event:
                return event
            name, _, value = line.partition(":")
            event[name] = value.strip()


@asynccontextmanager
async def listening(browser: Browser, after: int | None = None, **headers: str) -> Any:
    query = {} if after is None else {"after": after}
    async with browser.http.stream(
        "GET", "/live", params=query, headers=EVENTS | headers
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer)
        assert (await stream.next())["event"] == "beat"
        yield stream


def _newest(office: Office) -> int:
    with office.door.service.database.reading() as session:
        return tail.newest(session)


def _streams(event: Event) -> list[str]:
    return [stream for stream, _ in json.loads(event["data"])]


async def test_what_happens_is_told_within_a_second_by_id_and_kind_alone(
    office: Office,
    ada: Browser,
) -> None:
    case = (await office.door.opened()).replace("escalations", "escalation")
    async with listening(ada, _newest(office)) as stream:
        await office.door.ben.post(f"{case.replace('escalation', 'escalations')}/claim")
        claimed_at = time.monotonic()
        event = await stream.next("changed")
        assert time.monotonic() - claimed_at < 1
    assert case in _streams(event)
    assert int(event["id"]) <= _newest(office)
    assert "saddle" not in event["data"]
    assert "ben" not in event["data"]


@pytest.mark.parametrize("by_header", [True, False])
async def test_whoever_comes_back_is_told_what_they_missed(
    office: Office,
    ada: Browser,
    by_header: bool,
) -> None:
    before = _newest(office)
    cases = [(await office.door.opened()).replace("escalations", "escalation") for _ in range(3)]
    asking = {"Last-Event-ID": str(before)} if by_header else {}
    # The header is what the browser saw last; the address what the page was made with.
    async with listening(ada, 0 if by_header else before, **asking) as stream:
        assert set(_streams(await stream.next("changed"))) >= set(cases)


async def test_whoever_missed_too_much_reads_the_page_anew(
    office: Office,
    ada: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "MISSED", 2)
    before = _newest(office)
    for _ in range(3):
        await office.door.opened()
    async with listening(ada, before) as stream:
        event = await stream.next("reset")
    assert int(event["id"]) > before


async def test_a_position_from_another_ledger_reads_the_page_anew(
    office: Office,
    ada: Browser,
) -> None:
    async with listening(ada, 10**9) as stream:
        assert int((await stream.next("reset"))["id"]) <= _newest(office)


async def test_only_readers_of_cases_hear_and_nobody_hears_of_the_house(
    office: Office,
    ada: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = await office.browser_of_admin()
    for browser, status in ((office.browser(), 401), (root, 403)):
        assert (await browser.http.get("/live", headers=EVENTS)).status_code == status
    monkeypatch.setattr(stream_of_pages, "HEARTBEAT", 0.1)
    monkeypatch.setattr(stream_of_pages, "CHECKED", 0.2)
    database = office.door.service.database
    async with listening(ada, _newest(office)) as stream:
        with database.writing() as session:
            people.remove_person(session, "eve", now(), by="root")
        await asyncio.sleep(0.6)
        with database.writing() as session:
            people.remove_person(session, "ada", now(), by="root")
        kinds = {event["event"] async for event in stream}
    assert kinds == {"beat"}, "and whoever has left hears nothing any more"


async def test_a_session_that_has_ended_hears_nothing_more_however_much_happens(
    office: Office,
    ada: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_of_pages, "CHECKED", 0.2)
    database = office.door.service.database
    async with listening(ada, _newest(office)) as stream:
        with database.writing() as session:
            sessions.end_all(session, "ada", builders.ADA.actor, now())
        await asyncio.sleep(0.3)
        await office.door.opened()
        with pytest.raises(StopAsyncIteration):
            await stream.next("changed")


async def test_a_session_has_so_many_streams_and_no_more(
    office: Office,
    ada: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "STREAMS", 1)
    async with listening(ada):
        refused = await ada.http.get("/live", headers=EVENTS)
        assert refused.status_code == 409
        assert refused.json()["code"] == "too_many_streams"
        async with listening(await office.browser_of("ben")):
            pass
    for _ in range(100):
        if office.door.app.state.door.live.count == 0:
            break
        await asyncio.sleep(0.05)
    async with listening(ada):
        pass


async def test_a_slow_listener_is_let_go_and_nobody_waits_for_them(sqlite_house: Database) -> None:
    hub = Live(sqlite_house)
    slow, quick = await hub.listen("slow", "ada", None), await hub.listen("quick", "ada", None)
    for position in range(1, BEHIND + 2):
        hub._tell(live.Batch(position, (("escalation/1", "escalation:owner:claimed"),)))
        assert await quick.next()
    assert hub.count == 1
    assert await slow.next() is None
    hub.close()
    assert await quick.next() is None


async def test_nobody_reads_the_ledger_while_nobody_listens(sqlite_house: Database) -> None:
    hub = Live(sqlite_house)
    listener = await hub.listen("a session", "ada", None)
    assert hub._reader is not None
    hub.leave(listener)
    await _ended(hub)


async def test_a_server_that_stops_ends_its_streams_at_once(office: Office) -> None:
    async with served(office.door.app) as address:
        browser = Browser(address)
        token = office.door.ada.token
        assert token
        await browser.sign_in(token)
        answer = await browser.http.send(browser.http.build_request("GET", "/live"), stream=True)
        stream = Stream(answer)
        await stream.next("beat")
        began = time.monotonic()
    assert time.monotonic() - began < 2
    await answer.aclose()
    await browser.http.aclose()


async def test_another_process_hears_of_it_as_well(service: builders.Service) -> None:
    """Each reads the ledger for itself, with either database."""
    hub = Live(service.database)
    listener = await hub.listen("a session", "ada", None)
    case = await service.opened()
    async with asyncio.timeout(5):
        batch = await listener.next()
    assert batch is not None
    assert case in dict(batch.changes or ())
    hub.close()
    await _ended(hub)


async def _ended(hub: Live) -> None:
    async with asyncio.timeout(5):
        while hub._reader is not None:  # noqa: ASYNC110 - it ends by itself
            await asyncio.sleep(0.05)


# What has happened to a case since its page was opened. ------------------------------------------


def _seq(office: Office, stream: str) -> int:
    return office.door.service.state(stream).seq


async def test_an_open_page_asks_what_has_happened_since_and_is_told_who_did_what(
    office: Office,
    ada: Browser,
) -> None:
    path = await office.door.prepared()
    stream = path.replace("escalations", "escalation")
    page = await ada.see(f"/{stream}")
    place = f"/since/{stream}?seq={_seq(office, stream)}&amp;page=case"
    assert f'data-live="{stream}" hx-trigger="live" hx-get="{place}"' in page.text

    asked = place.replace("&amp;", "&")
    assert text_of(await ada.see(asked)).strip() == ""
    await office.door.ben.post(f"{path}/note", {"text": "He called."})
    once = await ada.see(asked)
    assert "One thing happened since you opened this: Show it Ben" in text_of(once)
    await office.door.ada.post(f"{path}/propose", {"request": "May I?"})
    twice = await ada.see(asked)
    assert "2 things happened since you opened this: Show them" in text_of(twice)
    assert f'<a href="/{stream}" data-again>' in twice.text
    assert "He called." not in twice.text, "the page of the case shows the words"
    on_a_list = await ada.see(asked.replace("page=case", "page=decisions"))
    assert '<a href="/decisions" data-again>' in on_a_list.text


async def test_of_very_much_that_happened_a_page_tells_the_first_and_that_there_is_more(
    office: Office,
    ada: Browser,
) -> None:
    path = await office.door.prepared()
    stream = path.replace("escalations", "escalation")
    seq = _seq(office, stream)
    for n in range(11):
        await office.door.ben.post(f"{path}/note", {"text": f"Note {n}."})
    told = await ada.see(f"/since/{stream}?seq={seq}")
    assert "More than 10 things happened" in text_of(told)
    assert told.text.count("<li>") == 10


async def test_what_has_happened_is_for_readers_and_about_what_there_is(
    office: Office,
    ada: Browser,
) -> None:
    stream = (await office.door.opened()).replace("escalations", "escalation")
    root = await office.browser_of_admin()
    assert (await root.http.get(f"/since/{stream}?seq=0")).status_code == 403
    for missing in (f"/since/{stream[:-3]}AAA?seq=0", "/since/escalation/nothing?seq=0"):
        assert (await ada.http.get(missing)).status_code == 404
    for odd in (f"/since/house/{stream[-26:]}?seq=0", f"/since/{stream}?seq=-1"):
        assert (await ada.http.get(odd)).status_code == 422


async def test_an_auditor_who_is_told_what_happened_is_on_record_for_it(office: Office) -> None:
    stream = (await office.door.opened()).replace("escalations", "escalation")
    dev = await office.browser_of("dev")
    await dev.see(f"/since/{stream}?seq=0")
    with office.door.service.database.reading() as session:
        assert house.is_noted(session, "dev", stream, now())


@pytest.mark.parametrize("kind", ["post", "commitment", "matter"])
async def test_pages_of_posts_promises_and_matters_ask_as_well(
    office: Office, ada: Browser, kind: str
) -> None:
    stream = await _one_of(office, kind)
    page = await ada.see(f"/{stream}")
    seq = _seq(office, stream)
    assert f'data-live="{stream}"' in page.text
    assert f"/since/{stream}?seq={seq}&amp;" in page.text
    told = text_of(await ada.see(f"/since/{stream}?seq=0"))
    assert "since you opened this:" in told


async def _one_of(office: Office, kind: str) -> str:
    if kind == "commitment":
        return (await promised(office))[1:]
    if kind == "matter":
        opened = await office.door.ada.post("matters", {"title": "Saddles", "team": "care"})
        return f"matter/{opened['id']}"
    detail = await office.door.ada.get(await office.door.published())
    return f"post/{detail['replies'][0]['id']}"
