"""Links from notices: one question, one person, one answer, and never by only looking."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from domain import decision_links
from domain.decision_links import Family
from domain.house import HOUSE
from domain.people import Role
from store import details, links, people, roster, tables
from store.people import digest_of
from tests import builders
from tests.api.conftest import OpenDoor
from tests.api.conftest import door as whole_door  # noqa: F401
from tests.pages.conftest import Browser, Office, form_of, forms_of, open_office, text_of

REPLY = "Your saddle was left out of the box. We are sorry."


@pytest.fixture(scope="module")
async def office(whole_door: OpenDoor) -> AsyncIterator[Office]:  # noqa: F811
    """One running service for all of these: each test opens a case of its own."""
    office = Office(whole_door)
    yield office
    await office.close()


def stream_of(path: str) -> str:
    kind, entity_id = path.split("/")
    return f"{kind.removesuffix('s')}/{entity_id}"


def link_for(
    office: Office,
    person: str,
    path: str,
    family: Family | None = None,
    lifetime: timedelta = timedelta(days=7),
) -> str:
    """What a notice about this case carries for this person."""
    at = datetime.now(UTC)
    with office.door.service.database.writing() as session:
        actor = people.actor(session, person, at)
        state = details.state_of(session, stream_of(path))
        asked = decision_links.asked(actor, state, family)
        assert asked is not None, f"nothing is asked of {person}"
        secret = links.make(session, person, stream_of(path), asked, at, at + lifetime)
    return f"/go/{secret}"


def row_of(office: Office, link: str) -> tables.DecisionLink:
    with office.door.service.database.reading() as session:
        digest = digest_of(link.removeprefix("/go/"))
        return session.scalars(select(tables.DecisionLink).filter_by(digest=digest)).one()


async def stage(office: Office, path: str) -> str:
    found: dict[str, Any] = await office.door.dev.get(path)
    return str(found["stage"])


async def answer(browser: Browser, link: str, act: str, **fields: str) -> httpx.Response:
    """Choose an answer and confirm it, as a person does."""
    page = await browser.see(f"{link}?act={act}")
    sent = form_of(page, f"{link}/{act}") | fields
    return await browser.http.post(f"{link}/{act}", data=sent)


# Looking. ------------------------------------------------------------------------------------


@pytest.mark.rule(16)
async def test_a_link_shows_the_exact_words_and_decides_nothing_by_being_opened(
    office: Office,
) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    scanner = office.browser()
    page = await scanner.see(link)
    for _ in range(3):
        assert (await scanner.http.head(link)).status_code == 200
        await scanner.see(link)
    for act in ("approve", "refuse", "return", "ask"):
        await scanner.see(f"{link}?act={act}")

    assert REPLY in page.text
    assert "My bike came without a saddle." in page.text
    assert "You answer as Cora" in text_of(page)
    assert await stage(office, path) == "deciding"
    row = row_of(office, link)
    assert (row.key, row.taken_at, row.used_at) == (None, None, None)


async def test_it_speaks_the_language_and_the_zone_of_whom_it_was_sent_to(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    database = office.door.service.database
    try:
        with database.writing() as session:
            roster.read_in(session, "cora", "de", "Asia/Tokyo")
        page = await office.browser().see(link)
    finally:
        with database.writing() as session:
            roster.read_in(session, "cora", None, None)
    assert page.headers["content-language"] == "de"
    assert "JST" in page.text


async def test_the_first_page_has_no_form_that_decides(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    page = await office.browser().see(link_for(office, "cora", path))
    assert forms_of(page) == []


async def test_its_answers_tell_nobody_where_they_were_given(office: Office) -> None:
    path = await office.door.deciding()
    link = link_for(office, "cora", path)
    for address in (link, f"{link}?act=approve", "/go/go_nobody"):
        answer_ = await office.browser().http.get(address)
        assert answer_.headers["cache-control"] == "no-store"
        assert "script-src 'self'" in answer_.headers["content-security-policy"]
        if answer_.status_code == 200:
            assert answer_.headers["referrer-policy"] == "no-referrer"
            assert "noindex" in answer_.headers["x-robots-tag"]


async def test_the_store_knows_only_the_digest_of_a_link(office: Office) -> None:
    path = await office.door.deciding()
    link = link_for(office, "cora", path)
    secret = link.removeprefix("/go/")
    assert len(secret.removeprefix("go_")) >= 43, "256 bits"
    row = row_of(office, link)
    assert row.digest == digest_of(secret)
    assert secret not in repr(row.model_dump())


async def test_a_made_up_link_opens_nothing(office: Office) -> None:
    page = await office.browser().see("/go/go_made_up", status=404)
    assert "sign in" in text_of(page).lower()


# Deciding. -----------------------------------------------------------------------------------


@pytest.mark.rule(16)
async def test_a_confirmed_answer_decides_once_in_the_name_of_whom_it_was_sent_to(
    office: Office,
) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    browser = office.browser()
    page = await answer(browser, link, "approve", reason="Fine by me.")

    assert page.status_code == 200
    assert "It is decided" in text_of(page)
    await office.door.until_stage(path, "listening")
    decision = (await office.door.ada.get(path))["decision"]
    assert (decision["by"], decision["outcome"]) == ("cora", "approved")
    row = row_of(office, link)
    assert row.act == "approve"
    assert row.used_at is not None
    with office.door.service.database.reading() as session:
        entries = session.scalars(
            select(tables.LedgerEntry).filter_by(stream=HOUSE, name="house:link:used")
        ).all()
    assert any(row.id in e.body and stream_of(path) in e.body for e in entries)
    assert not any(link.removeprefix("/go/") in e.body for e in entries)


async def test_a_used_link_explains_itself_and_answers_nothing_more(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    browser = office.browser()
    form = form_of(await browser.see(f"{link}?act=return"), "/return") | {"reason": "Shorter."}
    await browser.http.post(f"{link}/return", data=form)
    assert await stage(office, path) == "preparing"

    again = await browser.http.post(f"{link}/return", data=form)
    assert "It is decided" in text_of(again)
    page = await browser.see(link)
    assert "/sign-in?next=/escalation/" in page.text
    assert REPLY not in page.text, "what is over shows nothing of the case"
    names = office.door.service.names(stream_of(path))
    assert names.count("escalation:decision:returned") == 1


async def test_of_two_forms_of_one_link_one_decides(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    row = row_of(office, link)
    at = datetime.now(UTC)
    write = office.door.service.database.write
    assert write(lambda s: links.take(s, row.id, "first", "approve", at))
    assert write(lambda s: links.take(s, row.id, "first", "approve", at)), "the same form again"
    assert not write(lambda s: links.take(s, row.id, "second", "refuse", at))
    page = await answer(office.browser(), link, "return", reason="Shorter.")
    assert page.status_code == 403
    assert "another form is answering" in text_of(page).lower()
    assert await stage(office, path) == "deciding"

    later = at + links.UNDER_WAY + timedelta(seconds=1)
    assert write(lambda s: links.take(s, row.id, "second", "refuse", later)), "the first is gone"


async def test_a_refused_answer_leaves_the_link_and_what_was_typed(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    browser = office.browser()
    page = await answer(browser, link, "refuse", code="not_possible", reason=" ")
    assert page.status_code == 422
    assert row_of(office, link).key is None
    page = await answer(browser, link, "refuse", code="not_possible", reason="We sell none.")
    assert "It is decided" in text_of(page)


@pytest.mark.rule(9)
async def test_a_reason_by_a_link_promises_nothing_by_accident(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link, browser = link_for(office, "cora", path), office.browser()
    none = "We will send you a catalogue by Friday."
    fields = {"code": "not_possible", "reason": f"We sell none. {none}"}
    page = await answer(browser, link, "refuse", **fields)
    assert page.status_code == 422
    assert "This reads like a promise" in text_of(page)
    page = await answer(browser, link, "refuse", **fields, not_promises=none)
    assert "It is decided" in text_of(page)


async def test_the_one_answer_of_a_matter_can_be_refused_by_a_link(office: Office) -> None:
    door = office.door
    opened = await door.ada.post("matters", {"title": "Saddles", "team": "care"})
    path = f"matters/{opened['id']}"
    case = (await door.opened()).split("/")[1]
    await door.ada.post(f"{path}/members", {"escalation_ids": [case]})
    await door.ada.post(f"{path}/propose", {"request": "May we?", "reply": "They are here."})
    link = link_for(office, "cora", path)
    page = await answer(office.browser(), link, "refuse", code="not_ours", reason="They are not.")
    assert "It is decided" in text_of(page)


async def test_a_link_answers_its_question_and_no_other(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    browser = office.browser()
    form = form_of(await browser.see(f"{link}?act=approve"), "/approve")
    for act in ("note", "assign", "bypass", "nothing"):
        answer_ = await browser.http.post(f"{link}/{act}", data=form | {"text": "x"})
        assert answer_.status_code == 404
    assert await stage(office, path) == "deciding"


async def test_a_link_opens_no_other_page(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    browser = office.browser()
    await browser.see(f"{link}?act=approve")
    secret = link.removeprefix("/go/")
    for address in ("/queue", "/decisions", f"/{stream_of(path)}", "/me/notices"):
        page = await browser.see(address)
        assert "Sign in" in text_of(page), address
        bearer = {"Authorization": f"Bearer {secret}"}
        assert (await browser.http.get(f"/api/v1/{path}", headers=bearer)).status_code == 401
    page = await browser.see("/sign-in")
    fields = form_of(page, "/sign-in") | {"token": secret}
    assert (await browser.http.post("/sign-in", data=fields)).status_code == 401


# Whose form it is. ---------------------------------------------------------------------------


async def test_a_form_that_this_browser_was_not_given_decides_nothing(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    form = form_of(await office.browser().see(f"{link}?act=approve"), "/approve")
    other = office.browser()
    for sent in (form, form | {"csrf": ""}, {}):
        assert (await other.http.post(f"{link}/approve", data=sent)).status_code == 403
    await other.see(link)
    assert (await other.http.post(f"{link}/approve", data=form)).status_code == 403
    assert await stage(office, path) == "deciding"


async def test_a_form_that_was_open_for_too_long_is_given_back_filled_in_to_be_confirmed(
    office: Office,
) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    browser, said = office.browser(), "We sell none of these,\nand are <b>sorry</b>."
    form = form_of(await browser.see(f"{link}?act=refuse"), "/refuse")
    browser.http.cookies.clear()  # As the browser does after an hour.
    sent = form | {"code": "not_ours", "reason": said}
    again = await browser.http.post(f"{link}/refuse", data=sent)

    assert again.status_code == 403
    assert "open for too long" in text_of(again)
    assert "nothing is decided" in text_of(again)
    assert again.headers["referrer-policy"] == "no-referrer"
    assert await stage(office, path) == "deciding"
    row = row_of(office, link)
    assert (row.key, row.taken_at, row.used_at) == (None, None, None)
    fresh = form_of(again, f"{link}/refuse")
    assert (fresh["code"], unescape(fresh["reason"])) == ("not_ours", said)
    assert fresh["csrf"] != form["csrf"]
    assert fresh["key"] != form["key"]

    decided = await browser.http.post(f"{link}/refuse", data=fresh)
    assert "It is decided" in text_of(decided)
    repeat = await browser.http.post(f"{link}/refuse", data=fresh)
    assert "It is decided" in text_of(repeat)
    assert "We sell none of these" not in repeat.text, "these words were taken"


async def test_a_date_offered_in_a_form_that_was_open_for_too_long_stands_in_it_again(
    office: Office,
) -> None:
    due = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    promise = {"sentence": "We will send one.", "accountable": "eve", "due_at": due}
    path = await office.door.deciding(reply="We will send one.", promises=[promise])
    link = link_for(office, "eve", path, Family.ACCEPT)
    browser = office.browser()
    form = form_of(await browser.see(f"{link}?act=counter_promise"), "/counter_promise")
    sent = form | {"due_at": "2031-05-06", "reason": "Not sooner.", "csrf": "0" * 64}
    again = form_of(await browser.http.post(f"{link}/counter_promise", data=sent), "_promise")
    assert (again["due_at"], again["reason"]) == ("2031-05-06", "Not sooner.")
    assert again["csrf"] == form["csrf"], "the browser still holds what it was given"


async def test_words_typed_for_a_link_that_has_ended_are_given_back(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    browser = office.browser()
    form = form_of(await browser.see(f"{link}?act=return"), "/return") | {"reason": "Shorter."}
    await office.door.ada.post(f"{path}/withdraw")
    browser.http.cookies.clear()
    gone_ = await browser.http.post(f"{link}/return", data=form)
    assert gone_.status_code == 410
    assert "no longer asked of you" in text_of(gone_)
    assert "Shorter." in gone_.text
    assert forms_of(gone_) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
    ],
)
async def test_a_form_from_elsewhere_decides_nothing(
    office: Office, headers: dict[str, str], status: int
) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    browser = office.browser()
    form = form_of(await browser.see(f"{link}?act=return"), "/return") | {"reason": "Shorter."}
    sent = await browser.http.post(f"{link}/return", data=form, headers=headers)
    assert sent.status_code == status
    assert await stage(office, path) == ("preparing" if status == 200 else "deciding")


# When it ends. -------------------------------------------------------------------------------


async def gone(office: Office, link: str, said: str) -> None:
    browser = office.browser()
    page = await browser.see(link, status=410)
    assert said in text_of(page)
    assert "Sign in and go to the case" in text_of(page)
    assert REPLY not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_an_expired_link_says_so(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path, lifetime=timedelta(seconds=-1))
    await gone(office, link, "This link has expired")


async def test_a_link_ends_with_the_decision_of_somebody_else(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    browser = office.browser()
    form = form_of(await browser.see(f"{link}?act=approve"), "/approve")
    await office.door.ada.post(f"{path}/withdraw")
    await gone(office, link, "no longer asked of you")
    answer_ = await browser.http.post(f"{link}/approve", data=form)
    assert answer_.status_code == 410


async def test_a_link_ends_when_other_words_are_proposed(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    link = link_for(office, "cora", path)
    await office.door.ada.post(f"{path}/withdraw")
    await office.door.ada.post(f"{path}/propose", {"request": "May I?", "reply": "Other words."})
    assert await stage(office, path) == "deciding"
    await gone(office, link, "no longer asked of you")


async def test_a_link_ends_with_the_role_and_with_leaving(
    sqlite_service: builders.Service,
) -> None:
    async with open_office(sqlite_service) as office:
        path = await office.door.deciding(reply=REPLY)
        link = link_for(office, "cora", path)
        with sqlite_service.database.writing() as session:
            people.put_person(
                session, "cora", "Cora", [Role.STAFF], {"shop": False}, datetime.now(UTC), by="root"
            )
        await gone(office, link, "no longer asked of you")
        with sqlite_service.database.writing() as session:
            people.put_person(
                session, "cora", "Cora", [Role.EXECUTIVE], {}, datetime.now(UTC), by="root"
            )
        await office.browser().see(link)
        with sqlite_service.database.writing() as session:
            people.remove_person(session, "cora", datetime.now(UTC), by="root")
        await gone(office, link, "no longer asked of you")


# Other questions. ----------------------------------------------------------------------------


async def test_words_can_be_cleared_by_a_link_but_not_by_their_writer(office: Office) -> None:
    path = await office.door.deciding()
    await office.door.cora.post(f"{path}/approve")
    denied = "The postman will call you."
    words = {"text": f"Other words. {denied}", "not_promises": [denied]}
    replied = await office.door.ada.post(f"{path}/reply", words)
    post = f"posts/{replied['post_id']}"
    with office.door.service.database.reading() as session:
        ada = people.actor(session, "ada")
        assert decision_links.asked(ada, details.state_of(session, stream_of(post))) is None
    link = link_for(office, "ben", post)
    browser = office.browser()
    page = await browser.see(link)
    assert "Other words." in page.text
    assert f"nobody is accountable for it {denied}" in text_of(page)
    assert "It is decided" in text_of(await answer(browser, link, "clear"))
    await office.door.until_stage(post, "published")


async def test_a_promise_can_be_accepted_by_a_link_by_whoever_is_to_be_accountable(
    office: Office,
) -> None:
    due = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    sentence = "We will send a saddle by then."
    promise = {"sentence": sentence, "accountable": "eve", "due_at": due}
    path = await office.door.deciding(reply=sentence, promises=[promise])
    link = link_for(office, "eve", path, Family.ACCEPT)
    browser = office.browser()
    page = await browser.see(link)
    assert sentence in text_of(page), "her name is to stand for it, so she may read it"
    assert "May I send a saddle?" not in page.text, "the rest is for the team"
    assert "It is decided" in text_of(await answer(browser, link, "accept_promise"))
    signatures = (await office.door.ada.get(path))["signatures"]
    assert [s["is_accepted"] for s in signatures] == [True]


@pytest.mark.rule(8)
async def test_whoever_decides_on_behalf_of_somebody_reads_the_words_first(office: Office) -> None:
    path = await office.door.deciding(reply=REPLY)
    at = datetime.now(UTC)
    answer_ = await office.door.cora.post(
        "people/cora/delegations", {"to": "eve", "until": (at + timedelta(days=1)).isoformat()}
    )
    link = link_for(office, "eve", path)
    page = await office.browser().see(f"{link}?act=approve")
    assert REPLY in text_of(page)
    assert forms_of(page) != []
    await office.door.cora.post(f"people/cora/delegations/{answer_['id']}/end")


async def test_a_link_lives_until_its_answer_is_due_and_a_grace_but_no_longer_than_a_week() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    week, hour = timedelta(days=7), timedelta(hours=1)
    until = decision_links.expires_at
    assert until(at, None, week) == at + week
    assert until(at, at + hour, week) == at + hour + decision_links.GRACE
    assert until(at, at - 9 * week, week) == at + decision_links.GRACE
    assert until(at, at + 9 * week, week) == at + week


async def test_every_page_of_a_link_reads_without_script_and_style(office: Office) -> None:
    path = await office.door.deciding(reply="مرحبا 🚲 " + "very long " * 50)
    link = link_for(office, "cora", path)
    for address in (link, f"{link}?act=refuse"):
        page = await office.browser().see(address)
        assert not re.search(r" style=|<style|onclick", page.text)
        assert 'dir="auto"' in page.text


def test_links_that_ended_long_ago_are_dropped(sqlite_house: Any) -> None:
    at = datetime.now(UTC)
    asked = decision_links.Asked(family=Family.DECIDE, acts=("approve",), question="q")
    with sqlite_house.writing() as session:
        links.make(session, "cora", "escalation/E1", asked, at, at)
        links.sweep(session, at + links.KEPT_FOR - timedelta(days=1))
        assert session.scalars(select(col(tables.DecisionLink.id))).all() != []
        links.sweep(session, at + links.KEPT_FOR + timedelta(days=1))
        assert session.scalars(select(col(tables.DecisionLink.id))).all() == []
