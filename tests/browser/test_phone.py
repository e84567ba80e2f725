"""What a phone's screen has room for: nothing is overprinted, nothing ends without saying so."""

from __future__ import annotations

from playwright.async_api import Locator, Page

from store import words
from tests.browser.conftest import HEIGHT, PageOf
from tests.pages.conftest import Office

PHONE = 360


async def box(it: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom edge."""
    found = await it.bounding_box()
    assert found
    x, y = found["x"], found["y"]
    return x, y, x + found["width"], y + found["height"]


async def test_what_is_done_with_the_chosen_rows_is_at_hand_as_soon_as_one_is_chosen(
    page_of: PageOf, office: Office
) -> None:
    for n in range(8):
        await office.door.opened(words.new_id(), text=f"Many rows: {n}.")
    for width in (PHONE, 1440):
        page = await page_of("ada", width=width, script=False)
        await page.goto("/queue?view=all")
        bar = page.locator("#bulk")
        assert (await box(bar))[3] > HEIGHT
        await page.locator("[data-pick]").first.check()
        _, top, _, bottom = await box(bar)
        assert bottom <= HEIGHT
        # The rows stay in sight, and nothing is seen through behind a line of it.
        assert bottom - top < HEIGHT / 4
        assert (await box(bar.locator("legend")))[1] > top


async def test_what_goes_on_beyond_the_edge_fades_there(page_of: PageOf, office: Office) -> None:
    page = await page_of("cora", width=PHONE)
    await page.goto("/queue?view=all")
    rooms = page.locator(".rooms")
    assert await _faded(page) == (False, True)
    await rooms.evaluate("it => { it.scrollLeft = it.scrollWidth }")
    assert await _faded(page) == (True, False)
    await page.set_viewport_size({"width": 1440, "height": HEIGHT})
    assert await _faded(page) == (False, False)


async def _faded(page: Page) -> tuple[bool, bool]:
    """Whether the rooms fade before and behind what is seen of them."""
    await page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    before, behind = await page.locator(".rooms").evaluate(
        "it => ['--before', '--behind'].map(one => getComputedStyle(it).getPropertyValue(one))"
    )
    return before != "0px", behind != "0px"


async def test_the_head_takes_two_lines_however_long_a_name_is(
    page_of: PageOf, office: Office
) -> None:
    page = await page_of("ada", width=PHONE)
    await page.goto("/queue")
    await page.locator(".who a").evaluate("it => { it.textContent = 'Wilhelmine '.repeat(9) }")
    name, brand, rooms = [await box(page.locator(one)) for one in (".who a", ".brand", ".rooms")]
    assert brand[1] <= name[1] < name[3] <= brand[3] + 10 <= rooms[1] + 10


async def test_the_keyboard_is_explained_where_there_is_one(
    page_of: PageOf, office: Office
) -> None:
    for touch in (False, True):
        page = await page_of("ada", width=PHONE, touch=touch)
        await page.goto("/queue")
        is_touched = await page.evaluate(
            "matchMedia('(hover: none) and (pointer: coarse)').matches"
        )
        button = page.get_by_role("button", name="Keyboard", exact=True)
        assert await button.is_visible() == (not is_touched)


async def test_no_word_of_a_chart_is_printed_over_another(page_of: PageOf, office: Office) -> None:
    await office.door.published()
    page = await page_of("cora", width=PHONE)
    await page.goto("/insights")
    lines = await page.locator(".chart .bar").all()
    assert lines
    for line in lines:
        name, value = line.locator("> :first-child"), line.locator(".value")
        await name.evaluate("it => { it.textContent = 'Prepare a proposal, by its owner' }")
        left, right = await box(name), await box(value)
        assert left[2] <= right[0] or left[3] <= right[1]


async def test_the_filters_of_the_figures_are_of_one_width(page_of: PageOf, office: Office) -> None:
    page = await page_of("cora", width=PHONE)
    await page.goto("/insights")
    fields = [await box(one) for one in await page.locator(".search > div").all()]
    assert len({round(right - left) for left, _, right, _ in fields}) == 1
