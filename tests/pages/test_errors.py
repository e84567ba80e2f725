"""What went wrong, as people are told: at the field, in the frame, with a way to go on."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy.exc import OperationalError

from api.pages import render
from api.pages.forms import Typed
from tests.pages.conftest import Office, form_of, text_of
from tests.pages.test_pages import page_of


async def test_the_address_of_a_form_leads_to_the_page_it_stands_on(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    for form, stands_on in {
        f"{path}/propose": path,
        f"{path}/words": path,
        "/me/reading": "/me",
        "/me/away/absences": "/me/away",
        "/me/away/absences/01AAAAAAAAAAAAAAAAAAAAAAAA/end": "/me/away",
        "/queue/bulk": "/queue",
    }.items():
        page = await ada.see(form)
        assert page.url.path == stands_on
        assert [answer.status_code for answer in page.history] == [303]
    program = await ada.http.get("/queue/bulk", headers={"Accept": "application/json"})
    assert program.status_code == 405


async def test_what_is_stale_after_a_refusal_is_loaded_again_where_it_stands(
    office: Office,
) -> None:
    path = page_of(await office.door.opened())
    ada, ben = await office.browser_of("ada"), await office.browser_of("ben")
    seen = await ada.see(path)
    await ben.do(path, "claim")
    lost = await ada.do(path, "claim", status=409, page=seen, more={"page": "/queue?view=free"})
    assert '<a href="/queue?view=free" data-again>Load it again' in lost.text


async def test_an_error_keeps_the_frame_of_whoever_is_signed_in(office: Office) -> None:
    ada = await office.browser_of("ada")
    await ada.do("/me", "reading", zone="Europe/Berlin")
    for address, status in {"/nowhere": 404, "/record": 403, "/queue?cursor=broken": 422}.items():
        page = await ada.see(address, status)
        assert 'href="/decisions"' in page.text
        assert "Ada" in text_of(page)
        assert "Times are those of Europe/Berlin" in text_of(page)
    assert 'class="rooms"' not in (await office.browser().see("/nowhere", 404)).text
    assert 'class="rooms"' not in (await ada.see("/ledger/nothing", 404)).text


async def test_words_outlive_the_session_they_were_written_in(office: Office) -> None:
    path = page_of(await office.door.deciding())
    cora, said = await office.browser_of("cora"), "We sell none of these,\nand are sorry."
    form = form_of(await cora.see(path), "/refuse") | {"code": "not_ours", "reason": said}
    here = await cora.see("/sessions")
    await cora.http.post("/sessions/end", data=form_of(here, "/sessions/end"))
    foreign = await cora.http.post(f"{path}/refuse", data=form)
    cora.http.cookies.clear()
    lost = await cora.http.post(f"{path}/refuse", data=form)
    for page, status, way in (
        (foreign, 401, "Sign in and come back"), (lost, 401, "Sign in and come back"),
    ):  # fmt: skip
        assert page.status_code == status
        assert said in page.text
        assert way in page.text
        assert f"/sign-in?next={quote(path, safe='')}" in page.text
        assert "Bearer" not in page.text
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert said not in (await cora.http.post(f"{path}/refuse", data=form, headers=elsewhere)).text
    secret = await cora.http.post("/sign-in", data={"token": "not a token", "csrf": "x"})
    assert "not a token" not in secret.text


async def test_words_for_an_act_that_is_over_are_given_back(office: Office) -> None:
    path = page_of(await office.door.deciding(reply="It was left out of the box."))
    ada, cora = await office.browser_of("ada"), await office.browser_of("cora")
    seen = await cora.see("/decisions")
    await ada.do(path, "withdraw")
    said = {"reason": "Say which saddle it is.", "page": "/decisions"}
    late = await cora.do(path, "return", page=seen, status=409, more=said)
    assert "What you typed" in text_of(late)
    assert said["reason"] in late.text
    assert "Ada withdrew the proposal" in text_of(late)


async def test_the_loser_of_a_race_reads_the_winner_where_they_stand(office: Office) -> None:
    path = page_of(await office.door.opened())
    ada, ben = await office.browser_of("ada"), await office.browser_of("ben")
    seen = await ben.see(path)
    await ada.do(path, "claim")
    lost = await ben.do(path, "claim", page=seen, status=409, more={"page": "/queue?view=free"})
    assert "Since you looked: Ada claimed it" in text_of(lost)


async def test_a_form_of_another_session_gives_back_what_was_typed(office: Office) -> None:
    path = page_of(await office.door.deciding())
    cora = await office.browser_of("cora")
    said = {"code": "not_ours", "reason": "We sell none.", "csrf": "of another session"}
    page = await cora.http.post(f"{path}/refuse", data=said)
    assert page.status_code == 403
    assert "We sell none." in page.text
    assert f'href="{path}">Open the page again' in page.text


async def test_an_error_is_told_while_nobody_can_be_known(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await office.browser_of("ada")

    async def away(*_: object) -> None:
        raise OperationalError("select", {}, ConnectionError())

    monkeypatch.setattr(render, "viewer_of", away)
    page = await ada.see("/nowhere", 404)
    assert "Not found" in text_of(page)
    assert 'class="rooms"' not in page.text


async def test_a_wrong_field_says_so_where_it_stands_and_is_linked_to(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    soon, kept = "Soon.", "We will send it."
    next_week = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
    refused = await ada.do(
        path,
        "propose",
        status=422,
        request="May I?",
        reply=f"{soon} {kept}",
        more={
            "promises-1-sentence": soon, "promises-1-due_on": next_week,
            "promises-1-accountable": "ada",
            "promises-3-sentence": kept, "promises-3-due_on": "2020-01-01",
            "promises-3-accountable": "ada",
        },
    )  # fmt: skip

    (wrong,) = re.findall(r'<[^<]*aria-invalid="true"[^>]*>', refused.text)
    assert 'name="promises-3-due_on"' in wrong
    place = re.search(r' id="([^"]+)"', wrong)[1]  # type: ignore[index]
    assert f'aria-describedby="{place}-wrong"' in wrong
    assert f'id="{place}-wrong">A promise is due before it could be made.' in refused.text
    assert f'<a href="#{place}">Promise 2, due: ' in refused.text
    assert refused.text.count(" autofocus") == 1


async def test_only_the_form_that_was_sent_is_marked(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    await office.door.opened()
    refused = await ada.do(path, "merge", status=422, into=" ", reason=" ")
    wrong = re.findall(r'<(?:input|select|textarea)[^<]*aria-invalid="true"[^>]*>', refused.text)
    assert re.findall(r' id="(\w+)-\w+-(\w+)"', " ".join(wrong)) == [
        ("merge", "into"),
        ("merge", "reason"),
    ]
    assert '<details id="merge" open>' in refused.text


def test_nothing_is_linked_to_a_field_that_the_form_has_not() -> None:
    typed = Typed(about="1", act="approve", values={"reason": "Yes.", "csrf": "x"})
    paths = ("promises[0].due_at", "csrf", "team", "reason")
    assert [typed.place_of(path) for path in paths] == ["", "", "", "approve-1-reason"]
