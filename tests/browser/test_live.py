"""Live pages in a real browser: one stream for all tabs, none for hidden ones, stale said aloud."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest
from playwright.async_api import Page, expect

from api import live
from tests.browser.conftest import Desk, PageOf
from tests.browser.looks import faults
from tests.pages.conftest import Office


async def _until(claim, seconds: float = 20) -> None:
    for _ in range(int(seconds / 0.05)):
        if await claim() if asyncio.iscoroutinefunction(claim) else claim():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never became true")


async def _hide(page: Page, *, is_hidden: bool) -> None:
    """What a browser says when a tab is covered by another one; headless pages never are."""
    await page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )


HEARD = """() => { window.heard = [];
  document.addEventListener("heard", (e) => {
    window.heard.push(...e.detail.changes.map(([stream]) => stream));
  }); }"""


async def _heard(page: Page) -> list[str]:
    heard: list[str] = await page.evaluate("window.heard")
    return heard


async def test_ten_tabs_share_one_stream_and_all_of_them_hear(
    page_of: PageOf, office: Office
) -> None:
    first = await page_of("ada")
    tabs = [first, *[await first.context.new_page() for _ in range(9)]]
    for tab in tabs:
        await tab.goto("/queue?view=free")
        await tab.evaluate(HEARD)
    hub = office.door.app.state.door.live
    await _until(lambda: hub.count == 1)

    stream = (await office.door.opened()).replace("escalations", "escalation")
    for tab in tabs:

        async def has_heard(tab: Page = tab) -> bool:
            return stream in await _heard(tab)

        await _until(has_heard)
    assert hub.count == 1


async def test_a_hidden_tab_holds_no_stream_and_catches_up_when_it_is_shown(
    page_of: PageOf, office: Office
) -> None:
    page = await page_of("ada")
    await page.goto("/queue?view=free")
    await page.evaluate(HEARD)
    hub = office.door.app.state.door.live
    await _until(lambda: hub.count == 1)
    await _hide(page, is_hidden=True)
    await _until(lambda: hub.count == 0)
    stream = (await office.door.opened()).replace("escalations", "escalation")
    assert await _heard(page) == []

    await _hide(page, is_hidden=False)

    async def has_heard() -> bool:
        return stream in await _heard(page)

    await _until(has_heard)


async def test_a_page_that_is_not_live_any_more_says_so(desk: Desk, office: Office) -> None:
    page = await desk.page_of("ada", expected=("",))
    await page.clock.install()
    await page.goto("/queue?view=free")
    await _until(lambda: office.door.app.state.door.live.count == 1)
    assert not await page.is_visible("#stale")
    await page.route("**/live?*", lambda route: route.abort())
    office.door.app.state.door.live.close()
    office.door.app.state.door.live = live.Live(office.door.service.database)

    await page.wait_for_timeout(200)
    await page.clock.run_for(15_000)
    assert await page.is_visible("text=This page is not live just now")

    await page.unroute("**/live?*")
    await page.clock.run_for(60_000)
    await page.wait_for_selector("#stale", state="hidden")


@pytest.mark.parametrize("path", ["/sign-in", "/posts"])
async def test_a_page_with_nothing_live_opens_no_stream(
    page_of: PageOf, office: Office, path: str
) -> None:
    page = await page_of("ada")
    await page.goto(path)
    await asyncio.sleep(0.3)
    assert office.door.app.state.door.live.count == 0


# A case that somebody has open while colleagues act. --------------------------------------------


async def _told_within_a_second(page: Page, said: str, act: Awaitable[object]) -> None:
    """Once this act is over, the page says so, where it tells what has happened."""
    news = page.locator("main > .since")
    await expect(news).not_to_contain_text("since you opened this")
    await act
    await expect(news).to_contain_text(said, timeout=1_000)


async def test_an_open_case_says_within_a_second_what_a_colleague_does_and_keeps_what_is_typed(
    page_of: PageOf, office: Office
) -> None:
    path = await office.door.prepared()
    address = f"/{path.replace('escalations', 'escalation')}"
    ada, ben = await page_of("ada"), await page_of("ben")
    await ada.goto(address)
    await ben.goto(address)
    field = ada.locator('form[action$="/note"] textarea')
    await ada.locator('details:has(form[action$="/note"]) > summary').first.click()
    await field.fill("He called. ")
    await _until(lambda: office.door.app.state.door.live.count == 2)
    before = await field.bounding_box()

    await ben.locator('details:has(form[action$="/note"]) > summary').first.click()
    await ben.locator('form[action$="/note"] textarea').fill("She wrote a letter.")
    note = ben.locator('form[action$="/note"] button:not([formaction])').last
    await _told_within_a_second(ada, "One thing happened since you opened this", note.click())
    await expect(ada.locator("main > .since")).to_contain_text("Ben")
    await field.press_sequentially("Twice.")
    assert await field.input_value() == "He called. Twice."
    after = await field.bounding_box()
    assert before is not None
    assert after is not None
    assert max(abs(after[side] - before[side]) for side in before) < 2, "less than two pixels"  # type: ignore[literal-required]
    assert await faults(ada) == []

    await ada.get_by_role("link", name="Show it").click()
    await expect(ada.locator(".timeline")).to_contain_text("Ben wrote a note")
    await expect(ada.get_by_role("region", name="Notes for colleagues")).to_contain_text(
        "She wrote a letter."
    )
    await expect(field).to_have_value("He called. Twice.")
    await expect(ada.locator("main > .since")).to_be_empty()


async def test_words_that_are_kept_nowhere_are_carried_over_and_those_without_a_field_shown(
    page_of: PageOf, office: Office
) -> None:
    path = await office.door.prepared()
    page = await page_of("ada")
    await page.goto(f"/{path.replace('escalations', 'escalation')}")
    for act in ("dismiss", "pause"):
        await page.locator(f'details:has(form[action$="/{act}"]) > summary').first.click()
        await page.locator(f'form[action$="/{act}"] textarea').fill(f"To {act} it.")
    await page.locator('form[action$="/pause"] select').select_option(index=2)
    code = await page.locator('form[action$="/pause"] select').input_value()
    await _until(lambda: office.door.app.state.door.live.count == 1)
    await office.door.ada.post(f"{path}/propose", {"request": "May I?"})
    await page.get_by_role("link", name="Show it").click()

    await expect(page.locator(".timeline")).to_contain_text("asked for a decision")
    await expect(page.locator("#typed-before textarea")).to_have_value("To dismiss it.")
    await expect(page.locator('form[action$="/pause"] textarea')).to_have_value("To pause it.")
    await expect(page.locator('form[action$="/pause"] select')).to_have_value(code)
    assert await faults(page) == []


async def test_somebody_who_comes_back_to_a_case_is_told_what_they_missed(
    page_of: PageOf, office: Office
) -> None:
    path = await office.door.prepared()
    page = await page_of("ada", width=360, theme="dark")
    await page.goto(f"/{path.replace('escalations', 'escalation')}")
    hub = office.door.app.state.door.live
    await _until(lambda: hub.count == 1)
    await _hide(page, is_hidden=True)
    await _until(lambda: hub.count == 0)
    for text in ("He called.", "He called again."):
        await office.door.ben.post(f"{path}/note", {"text": text})
    await asyncio.sleep(1)
    await expect(page.locator("main > .since")).to_be_empty()

    await _hide(page, is_hidden=False)
    await expect(page.locator("main > .since")).to_contain_text("2 things happened")
    assert await faults(page) == []
