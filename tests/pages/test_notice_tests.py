"""On the page of their notices people send a test to themselves, and read what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from api.me import TEST_PAUSE
from config.settings import Settings
from domain.notices import Rules
from store import notices as store
from store import tables
from tests.channels.receiver import Receiver, answers
from tests.pages.conftest import Browser, Office, form_of, text_of
from tests.postbox import Postbox, serving

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
async def mail_server() -> AsyncIterator[tuple[Postbox, str]]:
    async with serving() as found:
        yield found


@pytest.fixture
def postbox(mail_server: tuple[Postbox, str]) -> Postbox:
    return mail_server[0]


@pytest.fixture
async def chat() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
def settings(tmp_path: Path, mail_server: tuple[Postbox, str]) -> Settings:
    url = SecretStr(mail_server[1])
    return Settings(data=tmp_path, notice_seconds=1, smtp_url=url, chat_services="json")


def reach(office: Office, *, email: str | None = None, chat: str | None = None) -> None:
    """What Ada can be reached by."""
    with office.door.service.database.writing() as session:
        session.get_one(tables.Person, "ada").email = email
        store.put(session, "ada", Rules(), chat, AT, by="ada")


async def tried(browser: Browser, way: str) -> httpx.Response:
    page = await browser.see("/me/notices")
    fields = form_of(page, "/me/notices/test") | {"way": way}
    return await browser.http.post("/me/notices/test", data=fields)


async def test_somebody_sends_themselves_a_test_mail_and_reads_what_came_of_it(
    office: Office, postbox: Postbox
) -> None:
    reach(office, email="ada@example.org")
    browser = await office.browser_of("ada")
    page = await tried(browser, "mail")
    assert "A test was sent just now :" in text_of(page)
    assert page.url.query == b"tested=mail"
    (mail,) = postbox.mails
    assert (mail["To"], mail["Subject"]) == ("ada@example.org", "A test of your notices")

    again = await tried(browser, "mail")
    assert again.status_code == 429
    assert len(postbox.mails) == 1, "nobody is pestered"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("550 no", "the mail server does not take mail for your address (it said 550)"),
        ("451 later", "the mail server cannot be reached or did not answer (SMTPDataError)"),
    ],
)
async def test_a_mail_that_is_not_taken_is_said_to_be_so(
    office: Office, postbox: Postbox, said: str, why: str
) -> None:
    postbox.answers = said
    reach(office, email="ada@example.org")
    browser = await office.browser_of("ada")
    page = text_of(await tried(browser, "mail"))
    assert "A test could not be sent just now" in page
    assert why in page
    assert "was sent" not in page
    root = await office.browser_of_admin()
    assert "did not arrive" not in text_of(await root.see("/admin")), "it was no notice"


async def test_a_chat_is_tried_and_its_address_is_told_to_nobody(
    office: Office, chat: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    reach(office, chat=f"json://{chat.url.removeprefix('http://').rstrip('/')}/secret-path")
    browser = await office.browser_of("ada")
    chat.behaviour = answers(500)
    page = await tried(browser, "chat")
    assert "the address does not work any more" in text_of(page)
    assert "secret-path" not in page.text
    assert not any("secret-path" in record.getMessage() for record in caplog.records)
    with office.door.service.database.writing() as session:
        for row in session.scalars(select(tables.NoticeDelivery)).all():
            row.at -= TEST_PAUSE
    chat.behaviour = answers(200)
    page = await tried(browser, "chat")
    assert "A test was sent just now : the chat took it." in text_of(page)
    assert b"This is the test that you asked for" in chat.received[-1].body


async def test_a_way_that_there_is_not_is_not_tried(office: Office, postbox: Postbox) -> None:
    reach(office, email="ada@example.org")
    browser = await office.browser_of("ada")
    page = await tried(browser, "chat")
    assert page.status_code == 409
    assert "cannot be reached by this way" in text_of(page)
    assert (await tried(browser, "pigeon")).status_code == 422
    assert "A test is on its way" in text_of(await browser.see("/me/notices?tested=mail"))
    assert postbox.mails == []


async def test_what_is_missing_for_a_mail_is_named_with_the_way_out(office: Office) -> None:
    reach(office)
    browser = await office.browser_of("ada")
    page = await browser.see("/me/notices")
    assert "No mail address of yours is known" in text_of(page)
    assert "ANSWERABLE_SMTP_URL" not in page.text
    assert "/me/notices/test" not in page.text, "there is nothing to try"
    root = await office.browser_of_admin()
    needs = await root.see("/admin")
    assert "Ada is told of nothing: no mail address and no chat is known." in text_of(needs)
    assert 'href="/admin/people/ada"' in needs.text
    reach(office, email="ada@example.org")
    assert "Ada is told of nothing" not in text_of(await root.see("/admin"))

    office.door.service.settings.smtp_url = None
    page = await browser.see("/me/notices")
    assert "No mail server is set up here: tell whoever runs this service." in text_of(page)
    assert "ANSWERABLE_SMTP_URL" not in page.text, "a setting is nothing to the team"
    assert "No mail address of yours" not in text_of(page)
    assert "No mail server is set up" in text_of(await root.see("/admin"))
