"""The record in a browser: a search in plain sentences, and the file of one case."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from api.pages import record_words
from intake.past import PastEvent
from store import record
from store.record_views import Search
from tests.api.conftest import comment, problem_of
from tests.pages.conftest import Browser, Office, searches_of, text_of
from texts import said_in

HOSTILE = "<script>alert(1)</script> \u202eevil\u202c وصلت دراجتي 🚲 =1+1"


def address_of(path: str) -> str:
    """Where the file of a case is, by the path that the door has for it."""
    kind, _, entity_id = path.partition("/")
    return f"/record/{kind.removesuffix('s')}/{entity_id}"


async def count_of(browser: Browser, query: str) -> int:
    """How many acts a search has found, page by page."""
    address, count = f"/record{query}", 0
    while address:
        page = await browser.see(address)
        count += page.text.count('class="about-it"')
        onward = re.search(r'<a class="button" href="([^"]+)">Earlier ones', page.text)
        address = html.unescape(onward[1]) if onward else ""
    return count


async def test_a_search_says_what_was_done_and_leads_to_the_file(office: Office) -> None:
    path = await office.door.published()
    dismissed = await office.door.prepared()
    await office.door.ada.post(f"{dismissed}/dismiss", {"code": "spam"})
    dev = await office.browser_of("dev")
    await dev.do("/me", "reading", zone="Europe/Berlin")
    page = await dev.see("/record")
    text = text_of(page)
    assert "Ada claimed it" in text
    for address in ("/record", address_of(path), "/record/policy/1"):
        assert "Times are those of UTC" in text_of(await dev.see(address)), address
    assert "Cora approved" in text
    assert address_of(path) in page.text
    assert 'href="/record"' in page.text
    found = await dev.see("/record?person=ada&act=escalation:owner:claimed")
    assert "2 acts" in text_of(found)
    assert "Done by Ada. Act: Claimed." in text_of(found)
    assert "dismissed it: spam" in text_of(
        await dev.see("/record?outcome=dismissed&kind=escalation")
    )
    assert "Cora approved" not in text_of(await dev.see("/record?outcome=dismissed"))
    nothing = text_of(await dev.see("/record?team=shop&since=2020-01-01&until=2020-12-31"))
    assert "Nothing was found." in nothing
    assert await count_of(dev, "?kind=escalation") > 8
    today = datetime.now(UTC).date()
    assert await count_of(dev, f"?since={today - timedelta(days=1)}&until={today}") > 8


async def test_days_in_no_order_are_said_at_their_field_and_stay_as_typed(office: Office) -> None:
    dev = await office.browser_of("dev")
    query = "person=ada&since=2026-02-02&until=2026-01-01&late=true&q=purple"
    page = await dev.see(f"/record?{query}", status=422)
    ((_, fields),) = searches_of(page)
    assert {name: value for name, value in fields.items() if value} == {
        "person": "ada", "since": "2026-02-02", "until": "2026-01-01", "late": "true",
        "q": "purple",
    }  # fmt: skip
    wrong = re.search(r'<input id="([^"]+)" name="since"[^>]*aria-invalid="true"[^>]*>', page.text)
    assert wrong
    assert f'id="{wrong[1]}-wrong">The first day is after the last.' in page.text
    assert f'href="#{wrong[1]}"' in page.text
    assert "Nothing was found." not in text_of(page)
    assert (await dev.http.get(f"/record/found.csv?{query}")).status_code == 422
    one_day = await dev.see("/record?since=2026-01-01&until=2026-01-01")
    assert "Nothing was found." in text_of(one_day)
    problem_of(await office.door.dev.ask("GET", f"/api/v1/record?{query}"), 422)


async def test_each_act_is_shown_with_its_own_words_and_no_others(office: Office) -> None:
    refused, approved = await office.door.deciding(), await office.door.deciding()
    reason = {"code": "too_costly", "reason": "It costs a lot."}
    await office.door.cora.post(f"{refused}/refuse", reason)
    await office.door.cora.post(f"{approved}/approve")
    dev = await office.browser_of("dev")
    page = await dev.see("/record?person=cora&kind=escalation")
    acts = [re.sub(r"<[^>]+>", "", one) for one in page.text.split("<li")[1:]]
    (of_refused,) = (act for act in acts if "Cora refused" in act)
    (of_approved,) = (act for act in acts if "Cora approved" in act)
    assert "It costs a lot." in of_refused
    assert "It costs a lot." not in of_approved


async def test_words_in_a_comment_find_the_case(office: Office) -> None:
    await office.door.opened(text="A purple wheel, please.")
    await office.door.opened(text="No saddle at all.")
    dev = await office.browser_of("dev")
    page = text_of(await dev.see("/record?q=purple"))
    assert "A purple wheel" in page
    assert "No saddle" not in page


async def test_the_file_reads_as_a_whole_and_nothing_in_it_runs(office: Office) -> None:
    path = await office.door.published(request=HOSTILE, reply=f"Sorry. {HOSTILE}")
    thread = (await office.door.ada.get(path))["thread"]
    await office.door.hook.post(
        "comments", comment("hostile", conversation_id=thread, text=HOSTILE)
    )
    await office.door.ada.post(f"{path}/note", {"text": f"Look: {HOSTILE}"})
    dev = await office.browser_of("dev")
    page = await dev.see(address_of(path))
    text = text_of(page)
    for said in (
        "Cora approved", "Every entry is linked", "1 is still running", "The policy of its day",
        "Temporal’s history",
        "names the very bytes", "answerable verify escalation/", "What we said",
    ):  # fmt: skip
        assert said in text, said
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
    assert "style=" not in page.text
    assert "onclick" not in page.text
    assert 'dir="auto"' in page.text
    assert '<details class="small" open>' not in page.text
    opened = await dev.see(f"{address_of(path)}?whole=true")
    assert '<details class="small" open>' in opened.text


async def test_a_deadline_that_still_runs_is_not_called_met(office: Office) -> None:
    prepared = await office.door.prepared()
    dev = await office.browser_of("dev")
    text = text_of(await dev.see(address_of(prepared)))
    assert "1 deadline was met; 1 is still running" in text
    assert "Yes:" not in text
    assert "Customer care" in text


async def test_the_file_of_a_search_is_the_same_whoever_takes_it(office: Office) -> None:
    await office.door.prepared()
    dev = await office.browser_of("dev")
    address = "/record/found.csv?kind=escalation"
    english = await dev.http.get(address, headers={"Accept-Language": "en"})
    german = await dev.http.get(address, headers={"Accept-Language": "de"})
    assert "claimed it" in english.text
    assert german.text == english.text


async def test_a_broken_chain_is_the_first_thing_that_is_said(office: Office) -> None:
    path = await office.door.published()
    with office.door.service.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_refuses_update")
        connection.exec_driver_sql(
            "UPDATE ledger SET body = replace(body, 'cora', 'ada') WHERE name LIKE '%:approved'"
        )
    dev = await office.browser_of("dev")
    page = await dev.see(address_of(path))
    text = text_of(page)
    assert "This record does not hold" in text
    assert "The chain is broken: from entry" in text
    assert "Temporal has something else" in text
    assert "other bytes" in text
    assert "Ada claimed it" in text


async def test_bytes_that_cannot_be_read_keep_nobody_from_the_rest(office: Office) -> None:
    path = await office.door.published()
    with office.door.service.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_refuses_update")
        connection.exec_driver_sql("UPDATE ledger SET body = '<b>{' WHERE name LIKE '%:approved'")
        connection.exec_driver_sql(
            "UPDATE ledger SET body = replace(body, '\"request\"', '\"r\"') WHERE seq = 3"
        )
    dev = await office.browser_of("dev")
    text = text_of(await dev.see(address_of(path)))
    assert "The bytes of this entry cannot be read as an entry." in text
    assert "claimed" in text
    case = f"/{path.replace('escalations', 'escalation')}"
    for address in ("/record?kind=escalation", case):
        assert "left what cannot be read" in text_of(await dev.see(address)), address


async def test_temporal_that_is_away_is_said_and_the_rest_is_there(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await office.door.prepared()
    dev = await office.browser_of("dev")
    door = office.door.app.state.door
    monkeypatch.setattr(door, "client", await Client.connect("127.0.0.1:9", lazy=True))
    monkeypatch.setattr(door, "_pulse", float("-inf"))
    text = text_of(await dev.see(address_of(path)))
    assert "Temporal could not be asked just now" in text
    assert "Ada claimed it" in text


async def test_what_was_found_is_a_file_that_no_spreadsheet_runs(office: Office) -> None:
    path = await office.door.opened(text="=HYPERLINK(1)")
    await office.door.ada.post(f"{path}/note", {"text": "@SUM(1)"})
    dev = await office.browser_of("dev")
    page = await dev.see("/record?kind=escalation")
    link = re.search(r'href="(/record/found\.csv[^"]*)"', page.text)
    assert link
    answer = await dev.http.get(html.unescape(link[1]))
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["act"] for row in rows} >= {"escalation:note:written"}
    assert all(row["about"] == "'=HYPERLINK(1)" for row in rows)
    assert "'@SUM(1)" in {row["words"] for row in rows}


async def test_the_house_shows_who_read_what(office: Office) -> None:
    path = await office.door.opened()
    dev = await office.browser_of("dev")
    await dev.see("/record?q=hidden-word&team=care")
    await dev.see(address_of(path))
    await dev.http.get(f"{address_of(path)}/export")
    text = text_of(await dev.see("/record?kind=house&person=dev"))
    assert "searched the record (by words, team=care)" in text
    assert f"read {address_of(path).removeprefix('/record/')}" in text
    assert f"took out {address_of(path).removeprefix('/record/')} as a file" in text
    assert "hidden-word" not in text
    page = await dev.see("/record?kind=house&act=house:case:read")
    assert f'<a href="{address_of(path)}"' in page.text


async def test_the_file_says_who_read_it_this_reading_among_them(office: Office) -> None:
    path = await office.door.opened()
    other = await office.door.opened()
    cora, dev = await office.browser_of("cora"), await office.browser_of("dev")
    hers = text_of(await cora.see(address_of(path)))
    assert "which is for auditors: ask one of them" in hers
    page = await dev.see(address_of(path))
    for one in (page, await dev.see(f"{address_of(path)}?whole=true")):
        assert "2 people have opened this file" in text_of(one)
        assert re.search(r"<bdi>Dev</bdi></a> <span[^>]*>last \d{4}-[-\d: ]+ UTC", one.text)
        assert "<bdi>Cora</bdi>" in one.text
    link = re.search(r'href="(/record\?[^"]*person=cora[^"]*)"', page.text)
    assert link
    assert f'<a href="{address_of(path)}"' in (await dev.see(html.unescape(link[1]))).text
    alone = text_of(await dev.see(address_of(other)))
    assert "1 person has opened this file" in alone


async def test_who_read_a_case_stands_in_its_json_and_in_its_export(office: Office) -> None:
    path = await office.door.opened()
    record_of = address_of(path).removeprefix("/")
    answer = await office.door.dev.ask("GET", f"/api/v1/{record_of}/export")
    head = json.loads(answer.text.splitlines()[0])
    assert head["read_by"]["total"] == 1
    (reader,) = head["read_by"]["readers"]
    assert (reader["person"], reader["name"]) == ("dev", "Dev")
    told = await office.door.dev.get(record_of)
    assert told["read_by"]["readers"] == [reader], "once an hour"
    house = await office.door.dev.get("record", kind="house", act="house:case:read")
    (entry,) = (item["entry"] for item in house["items"])
    assert (entry["seq"], entry["by"]) == (reader["seq"], "dev")
    assert datetime.fromisoformat(entry["at"]) == datetime.fromisoformat(reader["at"])
    assert (await office.door.cora.get(record_of))["read_by"] is None
    answer = await office.door.cora.ask("GET", f"/api/v1/{record_of}/export")
    assert json.loads(answer.text.splitlines()[0])["read_by"] is None


async def test_machines_are_named_in_the_language_of_the_reader(office: Office) -> None:
    await office.door.opened()
    dev = await office.browser_of("dev")
    german = {"Accept-Language": "de"}
    text = text_of(await dev.see("/record?person=public", headers=german))
    assert said_in("de", "The public") in text
    assert "The public" not in text


async def test_the_record_is_a_room_for_those_who_may_enter(office: Office) -> None:
    ada, cora = await office.browser_of("ada"), await office.browser_of("cora")
    assert 'href="/record"' not in (await ada.see("/queue")).text
    await ada.see("/record", status=403)
    page = await cora.see("/record")
    assert 'href="/record" aria-current="page"' in page.text
    assert "The house itself" not in page.text
    await cora.see("/record?kind=house", status=403)
    await cora.see("/record?act=escalation:owner:vanished", status=422)
    await cora.see("/record?since=soon", status=422)
    await cora.see("/record?cursor=made-up", status=422)
    await cora.see("/record/letter/01M832XSBSA28KYCS6T2BNABQ3", status=404)
    await cora.see("/record/escalation/01M832XSBSA28KYCS6T2BNABQ3", status=404)


async def test_the_policy_of_its_day_is_there_without_secrets(office: Office) -> None:
    dev = await office.browser_of("dev")
    page = await dev.see("/record/policy/1")
    assert "Customer care" in page.text
    for version in ("0", "2", "x", "9999999999999999999"):
        await dev.see(f"/record/policy/{version}", status=404)


def test_every_act_and_outcome_has_a_name() -> None:
    assert set(record_words.act_names()) == set(record.acts())
    assert set(record_words.outcomes()) == set(record.OUTCOMES)
    for name in record_words.groups():
        assert any(act.startswith(f"{name}:") for act in record.acts())
    for name in record.acts():
        if name.startswith("house:"):
            assert record_words.in_the_house(name, {}, {}) != name, name


def test_a_search_is_told_in_sentences() -> None:
    wanted = Search(late=False, outcome="refused", channel="shop", kind="escalation")
    assert record_words.asked(wanted, {}, {}) == [
        "About: Cases.", "Channel: shop.", "Outcome: Refused.", "Only what was in time.",
    ]  # fmt: skip


def test_an_event_of_temporal_that_nobody_foresaw_still_has_a_name() -> None:
    event = PastEvent(
        id=1, at=datetime.now(UTC), type="nexus_operation_scheduled", what="", summary="", data="",
        is_cut=False,
    )  # fmt: skip
    assert record_words.happened(event) == "Nexus operation scheduled"
    assert record_words.entries_of(event) == ""
