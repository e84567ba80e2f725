"""The queue in a real browser: by mouse and by keyboard, raced for, live, and without script."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from playwright.async_api import Page, expect

from store import words
from tests.browser.conftest import PageOf
from tests.pages.conftest import Office

FREE = "/queue?view=free"


async def _case(office: Office, text: str) -> str:
    """A new case that says this; answers its id."""
    path = await office.door.opened(words.new_id(), text=text)
    return path.partition("/")[2]


async def _free(page: Page) -> None:
    await page.goto(FREE)
    # Live from here on.
    await page.wait_for_function("document.documentElement.classList.contains('scripted')")


async def test_a_claimed_row_leaves_the_other_browser_within_a_second(
    page_of: PageOf, office: Office
) -> None:
    case = await _case(office, "My lamp flickers.")
    ada, ben = await page_of("ada"), await page_of("ben")
    for page in (ada, ben):
        await _free(page)
    await _until_live(office, 2)
    row = ada.locator(f"#row-{case}")
    await expect(row).to_contain_text("My lamp flickers.")

    await ben.locator(f"#row-{case}").get_by_role("button", name="Claim").click()
    await expect(ben.locator(f"#row-{case}")).to_contain_text("You claimed it")
    claimed_at = time.monotonic()
    await expect(row).to_contain_text("Ben claimed it", timeout=5_000)
    assert time.monotonic() - claimed_at < 1
    assert re.search(r"Ben claimed it \d+ s ago\.", await row.inner_text())
    await expect(row.get_by_role("button", name="Claim")).to_have_count(0)


async def _until_live(office: Office, streams: int) -> None:
    for _ in range(200):
        if office.door.app.state.door.live.count >= streams:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the pages never went live")


async def test_of_two_who_claim_at_once_one_wins_and_the_other_reads_who(
    page_of: PageOf, office: Office
) -> None:
    case = await _case(office, "My tap drips.")
    pages = [await page_of(name) for name in ("ada", "ben")]
    for page in pages:
        await _free(page)
    buttons = [page.locator(f"#row-{case}").get_by_role("button", name="Claim") for page in pages]
    await asyncio.gather(*(button.click(no_wait_after=True) for button in buttons))

    rows = [page.locator(f"#row-{case}") for page in pages]
    for row in rows:
        await expect(row).to_have_attribute("data-gone", "")
    texts = [await row.inner_text() for row in rows]
    winner = "Ada" if "You claimed it" in texts[0] else "Ben"
    assert sum("You claimed it" in text for text in texts) == 1, texts
    assert sum(f"{winner} claimed it" in text for text in texts) == 1


async def test_the_queue_is_worked_by_keyboard_alone(page_of: PageOf, office: Office) -> None:
    for n in range(3):
        await _case(office, f"Keyboard case {n}.")
    page = await page_of("ada")
    await _free(page)
    press = page.keyboard.press
    rows = await page.locator("[data-row]").evaluate_all("all => all.map(r => r.dataset.row)")

    async def focused() -> str:
        return str(await page.evaluate("document.activeElement.closest('[data-row]')?.dataset.row"))

    await press("j")
    await press("j")
    assert await focused() == rows[1]
    await press("k")
    assert await focused() == rows[0]
    await press("x")
    assert await page.locator(f"#row-{rows[0]} [data-pick]").is_checked()
    await press("j")
    await press("c")
    await expect(page.locator(f"#row-{rows[1]}")).to_contain_text("You claimed it")
    await page.wait_for_function(  # Focus stays where it was, once the row has been exchanged.
        "id => document.activeElement.closest('[data-row]')?.dataset.row === id", arg=rows[1]
    )
    await press("/")
    await page.keyboard.type("jkcx?")
    assert await page.input_value("#q") == "jkcx?"
    await press("Escape")
    await press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await press("j")
    await press("Enter")
    await page.wait_for_url("**/escalation/*")


async def test_the_keys_can_be_switched_off_in_a_browser(page_of: PageOf, office: Office) -> None:
    await _case(office, "No keys, please.")
    page = await page_of("ada")
    await _free(page)
    await page.get_by_role("button", name="Keyboard", exact=True).click()
    await page.get_by_label("Use these keys in this browser").uncheck()
    await page.get_by_role("button", name="Close").click()
    await page.reload()
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("j")
    assert await page.evaluate("document.activeElement.closest('[data-row]')") is None


async def test_new_cases_are_announced_and_shift_nothing(page_of: PageOf, office: Office) -> None:
    await _case(office, "An old one.")
    page = await page_of("ada")
    await _free(page)
    await _until_live(office, 1)
    before = await page.locator("[data-row]").count()
    await _case(office, "A new one.")
    await expect(page.locator("#new")).to_contain_text("1 new: show it")
    assert await page.locator("[data-row]").count() == before
    await page.click("#new a")
    await expect(page.get_by_role("link", name="A new one.")).to_be_visible()


async def test_many_are_claimed_at_once_and_each_says_what_became_of_it(
    page_of: PageOf, office: Office
) -> None:
    mine, lost = await _case(office, "Bulk, free."), await _case(office, "Bulk, lost.")
    page = await page_of("ada")
    await _free(page)
    await page.locator(f"#row-{mine} [data-pick]").check()
    await page.locator(f"#row-{lost} [data-pick]").check()
    assert await page.inner_text("[data-picked]") == "2"
    await office.door.ben.post(f"escalations/{lost}/claim")
    await page.locator("#bulk").get_by_role("button", name="Claim").click()

    told = page.get_by_role("status").filter(has_text="Claimed:")
    await expect(told).to_contain_text("Bulk, free.: done.")
    await expect(told).to_contain_text("Ben claimed it")
    assert page.url.partition("&told=")[0].endswith(FREE)
    await page.reload()
    await expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    await expect(told).to_have_count(0)
    for case, owner in ((mine, "ada"), (lost, "ben")):
        assert (await office.door.ada.get(f"escalations/{case}"))["owner"] == owner


@pytest.mark.parametrize("width", [360, 800])
@pytest.mark.parametrize("name", ["ada", "dev"])
async def test_the_words_are_as_wide_as_the_row_for_whoever_reads_it(
    page_of: PageOf, office: Office, name: str, width: int
) -> None:
    case = await _case(office, "Read me.")
    page = await page_of(name, width=width)
    await page.goto("/queue?view=all")
    row = page.locator(f"#row-{case}")
    picks = await row.locator(".pick").count()
    assert picks == (name == "ada")
    whole, said = await row.bounding_box(), await row.locator(".said").bounding_box()
    assert whole is not None
    assert said is not None
    assert whole["height"] < 250
    # Beside them there is room for the padding, and for the box to tick.
    assert said["width"] > whole["width"] - 60 - 40 * picks


async def test_everything_works_without_script(page_of: PageOf, office: Office) -> None:
    case = await _case(office, "No script here.")
    page = await page_of("ada", script=False)
    await page.goto(FREE)
    assert not await page.get_by_role("button", name="Keyboard", exact=True).is_visible()
    await page.locator(f"#row-{case}").get_by_role("button", name="Claim").click()
    await page.wait_for_url(re.compile("/escalation/"))
    await expect(page.get_by_text("you claimed it")).to_be_visible()

    other = await _case(office, "No script, in bulk.")
    await page.goto(FREE)
    await page.locator(f"#row-{other} [data-pick]").check()
    await page.locator("#bulk").get_by_role("button", name="Dismiss").click()
    await expect(page.get_by_text("No script, in bulk.")).to_be_visible()
    await page.select_option("#dismiss-code", "spam")
    await page.get_by_role("button", name="Dismiss it, with this reason").click()
    await expect(page.get_by_text("Dismissed: 1 of 1.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("Dismissed: 1 of 1.")).to_have_count(0)


async def test_after_the_first_visit_a_page_needs_at_most_three_requests(
    page_of: PageOf, office: Office
) -> None:
    case = await _case(office, "Count me.")
    page = await page_of("ada")
    await page.goto(FREE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for address in ("/queue?view=all", f"/escalation/{case}"):
        asked.clear()
        await page.goto(address)
        await asyncio.sleep(0.5)
        # What a page is made of is kept for a year under an address that changes with it.
        over_the_wire = [url for url in asked if "/static/" not in url and "leave" not in url]
        assert len(over_the_wire) <= 3, over_the_wire


async def test_one_sees_who_else_is_at_a_case_and_that_they_write(
    page_of: PageOf, office: Office
) -> None:
    case = await _case(office, "Two at one case.")
    ada, ben, eve = [await page_of(name) for name in ("ada", "ben", "eve")]
    await ada.goto("/queue?view=all")
    await eve.goto("/queue?view=all&team=care")
    await ben.goto(f"/escalation/{case}")
    row = ada.locator(f"#row-{case}")
    await expect(row).to_contain_text("Ben is looking")

    note = ben.locator("textarea").first
    await note.evaluate("area => { const d = area.closest('details'); if (d) d.open = true; }")
    await note.fill("I am on it.")
    await expect(row).to_contain_text("Ben is writing")
    await expect(eve.locator(f"#row-{case}")).not_to_contain_text("Ben is")
    await ada.goto(f"/escalation/{case}")
    await expect(ada.locator("#presence")).to_contain_text("Ben is writing")
    await expect(ben.locator("#presence")).to_contain_text("Ada is looking")
    await ben.goto("/posts")
    await expect(ada.locator("#presence")).to_be_empty()


@pytest.mark.parametrize("text", ['<b>bold</b> & "quoted"', "وصلت دراجتي بدون سرج 🚲🔥"])
async def test_words_of_others_are_only_words_when_a_row_is_drawn_anew(
    page_of: PageOf, office: Office, text: str
) -> None:
    path = await office.door.opened(words.new_id(), text=text, conversation_id=words.new_id())
    case = path.partition("/")[2]
    page = await page_of("ada")
    await page.goto("/queue?view=all")
    await _until_live(office, 1)
    await office.door.ben.post(f"{path}/claim")
    await expect(page.locator(f"#row-{case}")).to_contain_text("Ben")
    await expect(page.locator(f"#row-{case} a.title")).to_have_text(text)
