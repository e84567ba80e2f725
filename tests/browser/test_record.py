"""The record's search, and the file of a case on paper: what a browser makes of it when it prints,
or saves it as PDF."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.api.conftest import OpenDoor
from tests.browser.conftest import PageOf


@pytest.mark.parametrize("script", [True, False])
async def test_the_record_is_searched_by_its_form(
    page_of: PageOf, door: OpenDoor, script: bool
) -> None:
    await door.prepared()
    page = await page_of("dev", script=script)
    await page.goto("/record")
    await page.get_by_label("By whom").select_option("Ada")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_text("Done by Ada.")).to_be_visible()
    await expect(page.locator(".acts-found li").first).to_contain_text("Ada")


async def test_on_paper_is_what_was_opened_and_nothing_is_in_the_way(
    page_of: PageOf, door: OpenDoor
) -> None:
    path = await door.published(request="May I send a saddle? " * 40)
    address = f"/record/escalation/{path.partition('/')[2]}"
    page = await page_of("dev", theme="dark")
    await page.goto(address)
    closed = page.locator(".entries pre.bytes").first
    await page.emulate_media(media="print", color_scheme="dark")
    assert not await closed.is_visible()
    await page.goto(f"{address}?whole=true")
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
