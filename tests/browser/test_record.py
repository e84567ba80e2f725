"""The file of a case on paper: what a browser makes of it when it prints, or saves it as PDF."""

from __future__ import annotations

import re

from tests.api.conftest import OpenDoor
from tests.browser.conftest import PageOf


async def test_on_paper_everything_is_opened_and_nothing_is_in_the_way(
    page_of: PageOf, door: OpenDoor
) -> None:
    path = await door.published(request="May I send a saddle? " * 40)
    address = f"/record/escalation/{path.partition('/')[2]}"
    page = await page_of("dev", theme="dark")
    await page.goto(address)
    closed = page.locator(".entries pre.bytes").first
    assert not await closed.is_visible()
    await page.emulate_media(media="print", color_scheme="dark")
    assert await closed.is_visible()
    for away in (".top", ".foot", ".unprinted", ".entries summary"):
        assert not await page.locator(away).first.is_visible(), away
    colours = await page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    led = await page.evaluate(
        "getComputedStyle(document.querySelector('.linked a'), '::after').content"
    )
    assert "/record/post/" in led


async def test_it_is_saved_as_a_pdf_of_several_pages(page_of: PageOf, door: OpenDoor) -> None:
    path = await door.published()
    page = await page_of("dev")
    await page.goto(f"/record/escalation/{path.partition('/')[2]}")
    paper = await page.pdf(prefer_css_page_size=True)
    assert paper.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) > 2
