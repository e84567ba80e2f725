"""Writing on a case in a real browser: what is said of the words, what is kept, what is shown
before it is public."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import PageOf, settled
from tests.browser.looks import faults
from tests.pages.conftest import Office

PROMISE = "We will send you a saddle by Friday."
HARD = [
    "So ein Mist!!! " * 40,
    "وصلت دراجتي بدون سرج 🚲🔥",
    "x" * 600,
    "<b>bold</b> & <script>alert(1)</script>",
]


def page_path(path: str) -> str:
    return f"/{path.replace('escalations', 'escalation')}"


def field(page: Page, act: str, name: str) -> Locator:
    return page.locator(f'form[action$="/{act}"] textarea[name="{name}"]')


def kept(page: Page, act: str, name: str) -> Locator:
    return page.locator(f'.field:has(textarea[data-keep$="/{act}/{name}"]) .kept [role=status]')


async def test_words_are_counted_and_their_promises_marked_while_one_types(
    page_of: PageOf, office: Office
) -> None:
    path = page_path(await office.door.prepared())
    page = await page_of("ada")
    await page.goto(path)
    await field(page, "propose", "reply").press_sequentially(f"Sorry. {PROMISE}")

    form = page.locator('form[action$="/propose"]')
    await expect(form.locator("mark.unmarked")).to_have_text(PROMISE)
    await expect(form.locator(".counter [role=status]")).to_contain_text("43 of at most 5,000")
    await form.get_by_role("button", name="Make it a commitment").click()
    await expect(form.locator("mark.tied")).to_have_text(PROMISE)
    await settled(form.locator('[name="promises-0-sentence"]'))
    await expect(form.locator('[name="promises-0-sentence"]')).to_have_value(PROMISE)
    assert await form.locator('[name="promises-0-due_on"]').input_value() > "2026"
    await field(page, "propose", "request").fill("May I?")
    await form.get_by_role("button", name="Ask for a decision").click()
    await expect(page.get_by_text("you asked for a decision")).to_be_visible()
    state = office.door.service.state(path[1:])
    assert state.stage == "deciding"


async def test_a_slow_answer_takes_nothing_back_that_was_made_or_typed_meanwhile(
    page_of: PageOf, office: Office
) -> None:
    path = page_path(await office.door.prepared())
    page = await page_of("ada")
    await page.goto(path)
    form, reply = page.locator('form[action$="/propose"]'), field(page, "propose", "reply")
    await reply.fill(f"Sorry. {PROMISE}")
    await expect(form.locator("mark.unmarked")).to_have_text(PROMISE)

    asked = []

    async def slow(route: Route) -> None:
        asked.append(route.request.post_data or "")
        await page.wait_for_timeout(900 if len(asked) == 1 else 0)
        await route.continue_()

    await page.route("**/words", slow)
    await reply.press_sequentially(" Truly.")
    while not asked:
        await page.wait_for_timeout(50)
    await form.get_by_role("button", name="Make it a commitment").click()
    await expect(form.locator("mark.tied")).to_have_text(PROMISE)
    await settled(form.locator('[name="promises-0-sentence"]'))
    await page.wait_for_timeout(1_200)
    await expect(form.locator('[name="promises-0-sentence"]')).to_have_value(PROMISE)

    asked.clear()
    await reply.press_sequentially(" Yes.")
    while not asked:
        await page.wait_for_timeout(50)
    await form.locator('[name="promises-0-proof"]').fill("The parcel's number.")
    await page.wait_for_timeout(1_500)
    await expect(form.locator('[name="promises-0-proof"]')).to_have_value("The parcel's number.")
    await expect(form.locator(".counter [role=status]")).to_contain_text("55 of at most")


async def test_the_keyboard_stays_where_something_was_made_or_taken_back(
    page_of: PageOf, office: Office
) -> None:
    path = page_path(await office.door.prepared())
    page = await page_of("ada")
    await page.goto(path)
    await page.get_by_role("link", name="Propose an answer").press("Enter")
    await expect(field(page, "propose", "request")).to_be_focused()

    await field(page, "propose", "reply").press_sequentially(f"Sorry. {PROMISE}")
    form = page.locator('form[action$="/propose"]')
    make = form.get_by_role("button", name="Make it a commitment")
    await make.press("Enter")
    await expect(form.locator('[name="promises-0-sentence"]')).to_be_focused()
    await form.get_by_role("button", name="It is none after all").press("Enter")
    await expect(make).to_be_focused()


@pytest.mark.parametrize("script", [True, False])
async def test_a_refusal_is_where_the_keyboard_is_and_leads_to_the_field(
    page_of: PageOf, office: Office, script: bool
) -> None:
    path = page_path(await office.door.prepared())
    page = await page_of("ada", width=360, script=script, expected=("422",))
    await page.goto(path)
    await field(page, "propose", "reply").fill(PROMISE)
    await page.locator('form[action$="/propose"] button.main').evaluate(
        "it => it.form.noValidate = true"
    )
    await field(page, "propose", "request").fill(" ")
    await page.locator('form[action$="/propose"] button.main').click()

    await expect(page.get_by_role("alert")).to_be_focused()
    await page.get_by_role("link", name="What you ask for: is missing").click()
    await expect(field(page, "propose", "request")).to_be_focused()
    await expect(field(page, "propose", "request")).to_have_accessible_description(
        re.compile("Is missing")
    )
    if script:
        assert await faults(page) == []
    await page.goto(page.url.partition("#")[0])
    assert page.url.endswith(path)


async def test_a_field_that_somebody_has_resized_is_drawn_anew_without_a_complaint(
    page_of: PageOf, office: Office
) -> None:
    page = await page_of("ada")
    await page.goto(page_path(await office.door.prepared()))
    reply = field(page, "propose", "reply")
    await reply.press_sequentially(PROMISE)
    form = page.locator('form[action$="/propose"]')
    await form.get_by_role("button", name="Make it a commitment").click()
    sentence = form.locator('[name="promises-0-sentence"]')
    await settled(sentence)
    await sentence.evaluate("it => { it.style.height = '4rem' }")
    await reply.press_sequentially(" Yes.")
    await expect(form.locator(".preview")).to_contain_text("Yes.")
    await page.wait_for_timeout(100)  # Until it has settled.


async def test_what_was_typed_stands_there_again_after_the_tab_was_closed(
    page_of: PageOf, office: Office
) -> None:
    path = page_path(await office.door.prepared())
    page = await page_of("ada")
    await page.goto(path)
    await field(page, "propose", "reply").press_sequentially(f"Long thoughts. {PROMISE}")
    await page.get_by_role("button", name="Make it a commitment").click()
    await settled(page.locator('[name="promises-0-sentence"]'))
    await page.locator('[name="promises-0-proof"]').fill("A number of the parcel")
    await field(page, "propose", "request").press_sequentially("May I?")
    await page.close()

    again = await page.context.new_page()
    await again.goto(path)
    await expect(field(again, "propose", "reply")).to_have_value(f"Long thoughts. {PROMISE}")
    await expect(field(again, "propose", "request")).to_have_value("May I?")
    await expect(again.locator('[name="promises-0-proof"]')).to_have_value("A number of the parcel")


async def test_a_save_that_fails_keeps_the_words_and_says_so(
    page_of: PageOf, office: Office
) -> None:
    path = page_path(await office.door.prepared())
    page = await page_of("ada", expected=("",))
    await page.goto(path)
    await page.context.set_offline(True)
    await field(page, "propose", "reply").press_sequentially("Typed on a train.")
    await expect(kept(page, "propose", "reply")).to_contain_text("kept in this browser")
    await page.context.set_offline(False)
    await page.goto("/queue")
    await page.goto(path)
    await expect(field(page, "propose", "reply")).to_have_value("Typed on a train.")
    await expect(kept(page, "propose", "reply")).to_contain_text("version 1", timeout=15000)


async def test_somebody_whose_session_ended_keeps_their_words(
    page_of: PageOf, office: Office
) -> None:
    path = page_path(await office.door.prepared())
    page = await page_of("ada", expected=("",))
    await page.goto(path)
    await page.context.clear_cookies()
    await field(page, "propose", "reply").press_sequentially("Before lunch.")
    await expect(kept(page, "propose", "reply")).to_contain_text("you are signed out")
    await expect(field(page, "propose", "reply")).to_have_value("Before lunch.")


async def test_two_who_write_at_once_lose_nothing(page_of: PageOf, office: Office) -> None:
    path = page_path(await office.door.prepared())
    ada = await page_of("ada", expected=("",))
    await ada.goto(path)
    written = {"text": "Ben was here.", "kind": "reply"}
    case = path.replace("/escalation", "escalations")
    token = {"Authorization": f"Bearer {office.door.ben.token}"}
    await office.door.http.put(f"/api/v1/{case}/draft", json=written, headers=token)
    await field(ada, "propose", "reply").press_sequentially("Ada as well.")

    await expect(kept(ada, "propose", "reply")).to_contain_text("Ben saved version 1 meanwhile")
    await expect(field(ada, "propose", "reply")).to_have_value("Ada as well.")
    await ada.get_by_role("button", name="Go on with mine").first.click()
    await expect(kept(ada, "propose", "reply")).to_contain_text("Saved as version 3")
    await ada.goto(f"{path}/drafts?kind=reply&version=1")
    await expect(ada.locator(".exact del").first).to_contain_text("Ben")
    await ada.get_by_role("button", name="Go on from version 1").click()
    await expect(field(ada, "propose", "reply")).to_have_value("Ben was here.")


@pytest.mark.parametrize("script", [True, False])
async def test_what_goes_out_is_shown_before_it_is_sent(
    page_of: PageOf, office: Office, *, script: bool
) -> None:
    path = page_path(await office.door.deciding())
    await office.door.cora.post(f"{path.replace('/escalation', 'escalations')}/approve")
    page = await page_of("ada", script=script)
    await page.goto(path)
    await field(page, "reply", "text").fill("It was left out of the box 🚲.")
    send = page.locator('form[action$="/reply"]').get_by_role("button", name="Send these")
    await send.click()

    shown = page.locator("dialog .looking" if script else "main .looking")
    await expect(shown.locator(".preview .words")).to_have_text("It was left out of the box 🚲.")
    await expect(shown).to_contain_text("somebody other than you has cleared them")
    assert office.door.service.state(path[1:]).reply is None  # type: ignore[attr-defined]
    await shown.get_by_role("button", name="Change it").click()
    if script:
        await expect(shown).to_be_hidden()
    await expect(field(page, "reply", "text")).to_have_value("It was left out of the box 🚲.")
    await send.click()
    await shown.get_by_role("button", name="Send these for clearance").click()
    await expect(page.get_by_text("Somebody other than you clears the words")).to_be_visible()


async def test_a_colleague_is_named_by_a_few_letters(page_of: PageOf, office: Office) -> None:
    path = page_path(await office.door.prepared())
    page = await page_of("ada")
    await page.goto(path)
    await page.get_by_text("Write a note").click()
    note = field(page, "note", "text")
    await note.press_sequentially("Look, @b")
    await expect(page.get_by_role("button", name="@ben")).to_be_visible()
    await note.press("Tab")
    await expect(note).to_have_value("Look, @ben ")
    await page.get_by_role("button", name="Write it down").click()
    await expect(page.get_by_text("you wrote a note and told Ben")).to_be_visible()
    await expect(page.get_by_text("told Ben").last).to_be_visible()
    await page.reload()
    await expect(field(page, "note", "text")).to_have_value("")


@pytest.mark.parametrize("text", HARD)
@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1440, "light")])
async def test_hard_words_break_no_page(
    page_of: PageOf, office: Office, text: str, width: int, theme: str
) -> None:
    path = page_path(await office.door.opened(text=text, author={"handle": "@" + "z" * 60}))
    page = await page_of("ada", width=width, theme=theme)
    await page.goto(path)
    await page.get_by_role("button", name="Claim it").click()
    await field(page, "propose", "reply").fill(text)
    await expect(page.locator('form[action$="/propose"] .preview').first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
