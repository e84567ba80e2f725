"""One comment's whole way, each part played in a real browser by whoever has it: staff, an
executive, staff again, the commenter, the public and an auditor; by mouse and by keyboard, on a
telephone and at a desk, in both themes, with script and without."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, expect

from store import words
from tests.browser.conftest import PageOf, Theme, settled
from tests.pages.conftest import Office

PROMISE = "We will send you a new saddle by Friday."
REPLY = f"It was left out of the box, and nobody looked. {PROMISE}"
KEPT = "The new saddle has arrived."

Press = Callable[[Locator], Awaitable[None]]
Write = Callable[[Locator, str], Awaitable[None]]


async def click(control: Locator) -> None:
    await control.click()


async def fill(field: Locator, text: str) -> None:
    await field.fill(text)


async def enter(control: Locator) -> None:
    """As somebody without a mouse does: what has no place in the order of Tab is out of reach."""
    assert await control.evaluate("control => control.tabIndex") >= 0
    await control.focus()
    await control.press("Enter")


async def type_in(field: Locator, text: str) -> None:
    assert await field.evaluate("field => field.tabIndex") >= 0
    await field.focus()
    await field.page.keyboard.type(text)


HANDS: dict[str, tuple[Press, Write]] = {"mouse": (click, fill), "keyboard": (enter, type_in)}


@pytest.mark.parametrize(
    ("hand", "script", "width", "theme"),
    [
        ("mouse", True, 1440, "light"),
        ("keyboard", True, 360, "dark"),
        ("mouse", False, 360, "light"),
        ("keyboard", False, 1440, "dark"),
    ],
)
async def test_a_promise_is_made_kept_and_confirmed(
    page_of: PageOf, office: Office, hand: str, script: bool, width: int, theme: Theme
) -> None:
    press, write = HANDS[hand]
    text = f"No saddle in my box, says {hand} at {width}."
    case = (await office.door.opened(words.new_id(), text=text)).partition("/")[2]

    async def at_the_desk(name: str | None) -> Page:
        return await page_of(name, width=width, theme=theme, script=script)

    ada, ben = await at_the_desk("ada"), await at_the_desk("ben")
    await _claim_and_propose(ada, case, press, write, script=script)
    await _approve(await at_the_desk("cora"), case, press)
    await office.door.until_stage(f"escalations/{case}", "listening")
    promise = await _the_promise_of(ada, case, press)
    await _report_and_clear(office, ada, ben, promise, press, write, script=script)
    link = await _private_link(ada, promise, press)
    await _confirm(await at_the_desk(None), link, press)
    await office.door.until_stage(f"commitments/{promise}", "kept")
    await _anybody_reads_it(await at_the_desk(None), promise)
    await _the_auditor_reads_it(await at_the_desk("dev"), promise)


async def _claim_and_propose(
    ada: Page, case: str, press: Press, write: Write, *, script: bool
) -> None:
    await ada.goto("/queue?view=free")
    row = ada.locator(f"#row-{case}")
    await press(row.get_by_role("button", name="Claim"))
    if script:
        await expect(row).to_contain_text("You claimed it")
    await ada.goto(f"/escalation/{case}")
    form = ada.locator('form[action$="/propose"]')
    await write(form.locator('[name="reply"]'), REPLY)
    if not script:
        await press(form.get_by_role("button", name="Check the words"))
    await expect(form.locator("mark.unmarked")).to_have_text(PROMISE)
    await press(form.get_by_role("button", name="Make it a commitment"))
    await expect(form.locator("mark.tied")).to_have_text(PROMISE)
    if script:
        await settled(form.locator('[name="promises-0-sentence"]'))
    await write(form.locator('[name="request"]'), "May I send a new one?")
    await press(form.get_by_role("button", name="Ask for a decision"))
    await expect(ada.get_by_text("you asked for a decision")).to_be_visible()


async def _approve(cora: Page, case: str, press: Press) -> None:
    await cora.goto("/decisions")
    card = cora.locator(f"#case-{case}")
    await press(card.locator(".verdict-approve > summary"))
    panel = card.locator(".verdict-approve form")
    await expect(panel.locator(".exact")).to_have_text(REPLY)
    await press(panel.locator("button"))
    await expect(cora.get_by_text("Done and recorded: you approved")).to_be_visible()


async def _the_promise_of(ada: Page, case: str, press: Press) -> str:
    link = ada.locator('main a[href^="/commitment/"]').first
    for _ in range(60):
        # A promise is opened once its words are published.
        await ada.goto(f"/escalation/{case}")
        if await link.count():
            break
        await ada.wait_for_timeout(250)
    await press(link)
    await ada.wait_for_url("**/commitment/*")
    return ada.url.rpartition("/")[2]


async def _report_and_clear(
    office: Office, ada: Page, ben: Page, promise: str, press: Press, write: Write, *, script: bool
) -> None:
    form = ada.locator('form[action$="/report_kept"]')
    await _open(form, press)
    await write(form.locator('[name="text"]'), KEPT)
    await write(form.locator('[name="evidence"]'), "Receipt 4711")
    await press(form.locator("button.main, button:not(.slight)").last)
    await expect(ada.get_by_text("you reported it kept")).to_be_visible()
    await office.door.until_stage(f"commitments/{promise}", "reported")
    await ben.goto(f"/commitment/{promise}")
    await press(ben.locator('main a[href^="/post/"]').last)
    await ben.wait_for_url("**/post/*")
    clear = ben.locator('form[action$="/clear"]')
    await expect(ben.locator("main")).to_contain_text(KEPT)
    await press(clear.locator("button").last)
    shown = ben.locator("dialog .looking" if script else "main .looking")
    await press(shown.locator("button.main"))
    await office.door.until_stage(f"commitments/{promise}", "told")


async def _open(form: Locator, press: Press) -> None:
    """Unfold what a form is folded into."""
    if not await form.is_visible():
        await press(form.page.locator("details:not([open])").filter(has=form).locator("> summary"))


async def _private_link(ada: Page, promise: str, press: Press) -> str:
    await ada.goto(f"/commitment/{promise}")
    form = ada.locator('form[action$="/make_link"]')
    await _open(form, press)
    await press(form.locator("button").last)
    shown = ada.locator("main .exact").filter(has_text="/word/")
    await expect(shown).to_be_visible()
    return (await shown.inner_text()).strip()


async def _confirm(commenter: Page, link: str, press: Press) -> None:
    await commenter.goto(re.sub(r"^https?://[^/]+", "", link))
    await expect(commenter.locator("main")).to_contain_text(KEPT)
    await press(commenter.get_by_role("button", name="Yes, it was kept"))
    await press(commenter.get_by_role("button", name="Yes, say so"))
    await expect(commenter.get_by_text("Your word is on the record: it was kept.")).to_be_visible()


async def _anybody_reads_it(anybody: Page, promise: str) -> None:
    await anybody.goto(f"/ledger/{promise}")
    await expect(anybody.locator("main")).to_contain_text(PROMISE)
    await expect(anybody.locator("main")).to_contain_text(KEPT)


async def _the_auditor_reads_it(dev: Page, promise: str) -> None:
    await dev.goto(f"/record/commitment/{promise}")
    await expect(dev.locator("main")).to_contain_text("Receipt 4711")
    await expect(dev.locator("main")).to_contain_text("The workflow started")
