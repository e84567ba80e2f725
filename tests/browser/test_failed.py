"""What the script asks for and does not get is said in a real browser, with what to do about it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.looks import faults
from tests.browser.test_case import field, kept, page_path
from tests.pages.conftest import Office

READ = "**/escalation/*/words"
SAVED = "**/escalation/*/draft"
WORDS = "Sorry. A saddle was left out."


async def _writing(desk: Desk, office: Office) -> Page:
    """Ada at a case of hers, about to write an answer."""
    path = page_path(await office.door.prepared())
    page = await desk.page_of("ada", expected=("",))
    await page.goto(path)
    return page


async def test_a_service_that_cannot_be_reached_is_said_and_taken_back_once_it_answers(
    desk: Desk, office: Office
) -> None:
    page = await _writing(desk, office)
    failed = page.get_by_role("alert").filter(has_text="cannot be reached")
    await expect(failed).to_have_count(0)
    await page.route(READ, lambda route: route.abort())
    await field(page, "propose", "reply").fill(WORDS)
    await expect(failed).to_be_visible()
    assert await faults(page) == []

    await page.unroute(READ)
    await field(page, "propose", "reply").press_sequentially(" Sorry again.")
    await expect(failed).to_be_hidden()
    await expect(field(page, "propose", "reply")).to_have_value(f"{WORDS} Sorry again.")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 500, "body": "oops"}, "by a fault of ours"),
        (
            {"status": 429, "body": '{"code": "busy", "detail": "it is too busy just now"}'},
            "That was not done: it is too busy just now",
        ),
    ],
)
async def test_what_the_service_refuses_is_said_with_its_reason(
    desk: Desk, office: Office, answer: dict[str, int | str], said: str
) -> None:
    page = await _writing(desk, office)
    await page.route(READ, lambda route: route.fulfill(**answer))
    await field(page, "propose", "reply").fill(WORDS)
    await expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
    assert await field(page, "propose", "reply").input_value() == WORDS


async def test_whoever_is_signed_out_signs_in_and_goes_on_with_what_they_typed(
    desk: Desk, office: Office
) -> None:
    page = await _writing(desk, office)
    await page.locator('details:has(form[action$="/pause"]) > summary').first.click()
    await page.locator('form[action$="/pause"] textarea').fill("He is away.")
    await page.context.clear_cookies()
    await field(page, "propose", "reply").fill(WORDS)
    told = page.get_by_role("alert").filter(has_text="you are signed out")
    await expect(told).to_be_visible()

    await told.get_by_role("link").click()
    await page.fill("input[name=token]", office.door.ada.token or "")
    await page.click("form:has(input[name=token]) button")
    await expect(page.locator('form[action$="/pause"] textarea')).to_have_value("He is away.")
    await expect(field(page, "propose", "reply")).to_have_value(WORDS)
    await expect(kept(page, "propose", "reply")).to_contain_text("version 1")


async def test_whoever_signs_in_next_is_given_nothing_that_somebody_else_typed(
    desk: Desk, office: Office
) -> None:
    page = await _writing(desk, office)
    await page.locator('details:has(form[action$="/pause"]) > summary').first.click()
    await page.locator('form[action$="/pause"] textarea').fill("He is away.")
    await page.context.clear_cookies()
    await field(page, "propose", "reply").fill(WORDS)
    told = page.get_by_role("alert").filter(has_text="you are signed out")
    await told.get_by_role("link").click()
    await page.fill("input[name=token]", office.door.ben.token or "")
    await page.click("form:has(input[name=token]) button")
    await expect(page.locator("body")).to_have_attribute("data-reader", "ben")
    await page.wait_for_function("sessionStorage.getItem('answerable typed') === null")
    assert "He is away." not in await page.content()


async def test_a_page_from_before_one_signed_in_again_is_loaded_anew_with_what_was_typed(
    desk: Desk, office: Office
) -> None:
    page = await _writing(desk, office)
    other = await page.context.new_page()
    await page.context.clear_cookies()
    await other.goto("/sign-in")
    await other.fill("input[name=token]", office.door.ada.token or "")
    await other.click("form:has(input[name=token]) button")
    await page.locator('details:has(form[action$="/pause"]) > summary').first.click()
    await page.locator('form[action$="/pause"] textarea').fill("He is away.")
    await field(page, "propose", "reply").fill(WORDS)
    told = page.get_by_role("alert").filter(has_text="before you signed in again")
    await expect(told).to_be_visible()

    await told.get_by_role("link").click()
    await expect(page.locator('form[action$="/pause"] textarea')).to_have_value("He is away.")
    await expect(kept(page, "propose", "reply")).to_contain_text("version 1")


async def test_a_form_that_cannot_be_sent_stays_with_its_words_and_says_so(
    desk: Desk, office: Office
) -> None:
    page = await _writing(desk, office)
    form = page.locator('form[action$="/move_private"]')
    await page.route("**/escalation/*/move_private", lambda route: route.abort())
    await page.locator('details:has(form[action$="/move_private"]) > summary').first.click()
    await field(page, "move_private", "text").fill("The rest is between us.")
    await form.locator("button:not([formaction])").last.click()
    await expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    assert await field(page, "move_private", "text").input_value() == "The rest is between us."

    await page.unroute("**/escalation/*/move_private")
    await form.locator("button:not([formaction])").last.click()
    await expect(page.locator("dialog.asking")).to_contain_text("The rest is between us.")


async def test_a_draft_that_the_service_fails_to_save_says_so_and_is_saved_later(
    desk: Desk, office: Office
) -> None:
    page = await _writing(desk, office)
    await page.clock.install()
    await page.route(SAVED, lambda route: route.fulfill(status=503, body='{"detail": "busy"}'))
    await field(page, "propose", "reply").fill(WORDS)
    await page.clock.run_for(2_000)
    await expect(kept(page, "propose", "reply")).to_contain_text("Not saved: busy")

    await page.unroute(SAVED)
    await page.clock.run_for(16_000)
    await expect(kept(page, "propose", "reply")).to_contain_text("version 1")
