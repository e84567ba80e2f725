"""The pages of webhooks, by forms alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.settings import Settings
from store.hook_tables import Hook
from tests.channels.receiver import Receiver, answers
from tests.pages.conftest import Browser, Office, form_of, text_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, notice_seconds=1, webhook_networks="127.0.0.0/8")


@pytest.fixture
async def crm() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


async def made(root: Browser, url: str, **more: str) -> tuple[str, str]:
    """The address of a webhook's page, and its secret."""
    fields = form_of(await root.see("/admin/hooks"), "/admin/hooks")
    sent = fields | {"name": "CRM <i>", "url": url, "kinds": "escalation.opened"} | more
    page = await root.http.post("/admin/hooks", data=sent)
    assert page.status_code == 200, text_of(page)
    secret = re.search(r"whsec_[\w+/=]+", page.text)
    assert secret
    hook = re.search(r"/admin/hooks/(\w{26})", page.text)
    assert hook
    return hook[0], secret[0]


async def test_a_webhook_is_made_and_its_secret_shown_this_once(
    office: Office, crm: Receiver
) -> None:
    root = await office.browser_of_admin()
    assert "Nobody is told anything yet" in text_of(await root.see("/admin/hooks"))
    place, secret = await made(root, crm.url)
    page = await root.see(place)
    assert secret not in page.text
    assert "<i>" not in page.text
    assert "CRM &lt;i&gt;" in (await root.see("/admin/hooks")).text
    assert "made the webhook “CRM &lt;i&gt;”." in (await root.see("/admin/house")).text
    fields = form_of(page, f"{place}/secret")
    again = await root.http.post(f"{place}/secret", data=fields)
    assert "whsec_" in again.text
    assert secret not in again.text


async def test_the_same_form_sent_twice_makes_one(office: Office, crm: Receiver) -> None:
    root = await office.browser_of_admin()
    fields = form_of(await root.see("/admin/hooks"), "/admin/hooks")
    sent = fields | {"name": "CRM", "url": crm.url, "kinds": "escalation.opened"}
    assert (await root.http.post("/admin/hooks", data=sent)).status_code == 200
    twice = await root.http.post("/admin/hooks", data=sent)
    assert twice.status_code == 409
    assert "made already" in text_of(twice)
    assert "whsec_" not in twice.text


async def test_what_is_wrong_is_said_and_what_was_typed_stays(office: Office) -> None:
    root = await office.browser_of_admin()
    fields = form_of(await root.see("/admin/hooks"), "/admin/hooks")
    sent = fields | {"name": "Bot", "url": "http://10.0.0.1/", "kinds": "post.failed"}
    refused = await root.http.post("/admin/hooks", data=sent)
    assert refused.status_code == 422
    assert "by https only" in text_of(refused)
    kept = form_of(refused, "/admin/hooks")
    assert (kept["name"], kept["url"]) == ("Bot", "http://10.0.0.1/")


async def test_the_log_shows_what_was_sent_and_how_a_stranger_answered(
    office: Office, crm: Receiver
) -> None:
    crm.behaviour = answers(500, b"<script>alert(1)</script>")
    root = await office.browser_of_admin()
    place, _ = await made(root, crm.url)
    page = await root.http.post(f"{place}/test", data=form_of(await root.see(place), "/test"))
    assert "A test is on its way" in text_of(page)
    await office.door.service.until(lambda: crm.received)
    for _ in range(50):
        page = await root.see(place)
        if "HTTP 500" in page.text:
            break
    assert "Has taken nothing since" in text_of(page)
    sent = re.search(rf"{place}/sent/\w+", page.text)
    assert sent
    detail = await root.see(sent[0])
    assert "&lt;script&gt;alert(1)" in detail.text
    assert "<script>alert" not in detail.text
    assert "webhook.test" in text_of(detail)
    for shown in (page, detail):
        assert re.search(r"It is tried again (in \d+ s|in a moment|any moment)", text_of(shown))
        assert "If nothing is taken until" in text_of(shown)
    assert re.search(r"It was sent \d times?, and not taken: .*HTTP 500", text_of(detail))

    with office.door.service.database.writing() as session:
        session.get_one(Hook, place.rpartition("/")[2]).next_at = None
    assert "is not known yet" in text_of(await root.see(place)), "as older code left it"

    assert "Each attempt has its own webhook-timestamp" in text_of(detail)

    crm.behaviour = answers(204)
    assert "Send it now" in text_of(detail)
    await root.http.post(f"{sent[0]}/again", data=form_of(detail, "/again"))
    for _ in range(100):
        detail = await root.see(sent[0])
        if "Send it again" in detail.text:
            break
    again = await root.http.post(f"{sent[0]}/again", data=form_of(detail, "/again"))
    assert "It is sent again" in text_of(again)
    filtered = await root.see(f"{place}?state=set_aside")
    assert "Nothing like that" in text_of(filtered)


async def test_it_is_paused_changed_and_ended(office: Office, crm: Receiver) -> None:
    root = await office.browser_of_admin()
    place, _ = await made(root, crm.url)
    page = await root.http.post(f"{place}/pause", data=form_of(await root.see(place), "/pause"))
    assert "What happens meanwhile waits" in text_of(page)
    resumed = await root.http.post(f"{place}/resume", data=form_of(page, "/resume"))
    assert "It goes on" in text_of(resumed)
    fields = form_of(resumed, place) | {"name": "Warehouse", "kinds": "post.failed"}
    saved = await root.http.post(place, data=fields)
    assert "Warehouse" in text_of(saved)
    ended = await root.http.post(f"{place}/end", data=form_of(saved, "/end"))
    assert "its secret is erased" in text_of(ended)
    assert "Nobody is told anything yet" in text_of(await root.see("/admin/hooks"))


async def test_it_is_for_admins_and_from_our_own_pages(office: Office, crm: Receiver) -> None:
    ada = await office.browser_of("ada")
    assert (await ada.http.get("/admin/hooks")).status_code == 403
    root = await office.browser_of_admin()
    place, _ = await made(root, crm.url)
    fields = form_of(await root.see(place), "/end")
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = await root.http.post(f"{place}/end", data=fields, headers=headers)
    assert answer.status_code == 403
