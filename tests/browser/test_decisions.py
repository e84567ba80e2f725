"""An executive on a phone: decides in two taps, by keyboard too, and without any script."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.async_api import Page

from domain.policy import GENERAL
from domain.terms import DecisionTerms
from store import policies
from tests import builders
from tests.browser.conftest import PageOf
from tests.pages.conftest import Office

PHONE = 360

RUDE = "You CLOWNS 🤬🔥 " + "no saddle, again. " * 40
RIGHT_TO_LEFT = "وصلت دراجتي بدون سرج 🚲🔥"

COLOUR = "it => getComputedStyle(it).backgroundColor"


async def ask(office: Office, text: str = RUDE, **fields: object) -> str:
    """A case that waits for Cora; answers its id."""
    path = await office.door.opened(text=text)
    await office.door.ada.post(f"{path}/claim")
    await office.door.ada.post(f"{path}/propose", {"request": "May I send a saddle?", **fields})
    return path.partition("/")[2]


def stage(office: Office, case: str) -> str:
    return str(office.door.service.state(f"escalation/{case}").stage)


async def fits(page: Page) -> bool:
    wide = await page.evaluate("document.documentElement.scrollWidth")
    return bool(wide <= page.viewport_size["width"])  # type: ignore[index]


@pytest.mark.parametrize("script", [True, False])
async def test_a_decision_takes_two_taps_and_shows_once_more_what_will_be_said(
    office: Office, page_of: PageOf, script: bool
) -> None:
    reply = f"Sorry! {'Script' if script else 'No script'}: a saddle was left out."
    case = await ask(office, reply=reply)
    page = await page_of("cora", width=PHONE, script=script)
    await page.goto("/decisions")
    card = page.locator(f"#case-{case}")
    assert await fits(page)

    await card.locator(".verdict-approve > summary").click()
    panel = card.locator(".verdict-approve form")
    assert await panel.locator(".exact").inner_text() == reply
    await panel.locator("button").click()
    await page.wait_for_selector("text=Done and recorded: you approved")
    assert await page.locator(f"#case-{case}").count() == 0
    await office.door.until_stage(f"escalations/{case}", "listening")


async def test_the_same_by_keyboard_alone(office: Office, page_of: PageOf) -> None:
    case = await ask(office, RIGHT_TO_LEFT)
    page = await page_of("cora", width=PHONE, theme="dark")
    await page.goto("/decisions")
    await page.locator(f"#case-{case} .verdict-refuse > summary").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type("We see")
    await page.keyboard.press("Tab")
    await page.keyboard.type("We deliver no saddles.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("text=Done and recorded: you refused")

    decision = office.door.service.state(f"escalation/{case}").decision  # type: ignore[attr-defined]
    assert (decision.outcome, decision.code) == ("refused", "disagree")


async def test_of_the_verdicts_one_stands_open_and_each_is_big_enough_for_a_thumb(
    office: Office, page_of: PageOf
) -> None:
    case = await ask(office)
    page = await page_of("cora", width=PHONE)
    await page.goto("/decisions")
    verdicts = page.locator(f"#case-{case} .verdicts > details")
    for n in range(await verdicts.count()):
        summary = verdicts.nth(n).locator("summary")
        box = await summary.bounding_box()
        assert box
        assert box["height"] >= 44
        await summary.click()
        assert await page.locator(f"#case-{case} .verdicts > details[open]").count() == 1
    assert await fits(page)


@pytest.mark.parametrize("script", [True, False])
async def test_the_buttons_stay_under_the_finger_and_what_one_opens_is_beneath_them(
    office: Office, page_of: PageOf, script: bool
) -> None:
    case = await ask(office, reply="A saddle was left out.")
    page = await page_of("cora", width=PHONE, script=script)
    await page.goto("/decisions")
    card = page.locator(f"#case-{case}")
    summaries = await card.locator(".verdicts summary").all()

    async def places() -> list[tuple[float, float]]:
        """Where the buttons stand in the card, however far the page is scrolled."""
        boxes = [await one.bounding_box() for one in (card, *summaries)]
        top, *found = [(box["x"], box["y"]) for box in boxes if box]
        return [(x - top[0], y - top[1]) for x, y in found]

    before = await places()
    lowest = max(y for _, y in before)
    for summary in summaries:
        await summary.click()
        assert await places() == before
        form = await card.locator(".verdicts details[open] form").bounding_box()
        top = await card.bounding_box()
        assert form
        assert top
        assert form["y"] - top["y"] > lowest
        accent = await card.locator(".verdicts details[open] form button").evaluate(COLOUR)
        assert [await one.evaluate(COLOUR) == accent for one in summaries] == [False] * 4


async def test_several_are_looked_at_and_refused_together(office: Office, page_of: PageOf) -> None:
    terms = {GENERAL: builders.plan(decision=DecisionTerms(batch=True))}
    with office.door.service.database.writing() as session:
        policies.apply(session, builders.policy(terms=terms), "root", datetime.now(UTC))
    office.door.app.state.door._policy = None
    cases = [await ask(office) for _ in range(2)]
    page = await page_of("cora", width=PHONE, script=False)
    await page.goto("/decisions")
    for case in cases:
        await page.locator(f"#case-{case} input[name=case]").check()
    await page.click("text=Look at the ticked ones together")
    await page.click(".verdict-refuse > summary")
    await page.select_option(".verdict-refuse select[name=code]", "not_ours")
    await page.fill(".verdict-refuse textarea", "We deliver no saddles.")
    await page.click("text=Refuse these 2, with this reason")
    await page.wait_for_selector("text=Refused: 2 of 2.")
    assert [stage(office, case) for case in cases] == ["replying", "replying"]


async def test_a_card_says_what_has_happened_since_and_keeps_what_is_typed(
    office: Office, page_of: PageOf
) -> None:
    case = await ask(office)
    page = await page_of("cora", width=PHONE)
    await page.goto("/decisions")
    card = page.locator(f"#case-{case}")
    await card.locator(".verdict-return > summary").click()
    await card.locator(".verdict-return textarea").fill("Say when.")
    await page.wait_for_timeout(500)
    await office.door.ada.post(f"escalations/{case}/note", {"text": "He called."})

    await card.locator("text=One thing happened since you opened this").wait_for()
    assert await card.locator(".verdict-return textarea").input_value() == "Say when."
