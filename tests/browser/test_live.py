"""Live pages in a real browser: one stream for all tabs, none for hidden ones, stale said aloud."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page

from api import live
from tests.browser.conftest import Desk, PageOf
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
