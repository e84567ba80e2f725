"""Words without an end break on a phone wherever they stand, and very long ones are folded away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from activities import letters
from activities.letters import Link
from domain.messages import Notice
from domain.people import Role
from store import people
from store.telling import Card
from tests.api.test_commitments import promised
from tests.browser.conftest import HEIGHT, PageOf
from tests.pages.conftest import Office

PHONE = 360

WORD = "Donaudampfschifffahrt" * 10
ADDRESS = "https://example.org/" + "a" * 230
LONG = f"{WORD} {ADDRESS} " + "No saddle. " * 900

TOO_WIDE = """width => [...document.querySelectorAll("body *")].filter(one => {
  const box = one.getBoundingClientRect();
  if (!box.width || one.closest(".hidden, .skip")) return false;
  for (let up = one.parentElement; up && up !== document.body; up = up.parentElement)
    if (/(auto|scroll|hidden|clip)/.test(getComputedStyle(up).overflowX)) return false;
  return box.right > width + 1 || box.left < -1;
}).map(one => `${one.tagName}.${one.className}: ${one.textContent.trim().slice(0, 40)}`)"""
"""Elements that stand out of the screen, save where their parent scrolls or cuts them."""


CUT = """[...document.querySelectorAll("main *")].filter(one =>
  /hidden|clip/.test(getComputedStyle(one).overflowX)
    && !one.matches(".hidden, option, select, input")
    && getComputedStyle(one).textOverflow !== "ellipsis" && one.clientWidth
    && one.scrollWidth > one.clientWidth + 1
).map(one => `${one.tagName}.${one.className}: ${one.textContent.trim().slice(0, 40)}`)"""
"""Elements of which a part cannot be seen at their side, and does not say so."""


async def test_nothing_stands_out_of_a_phone_however_long_a_word_is(
    page_of: PageOf, office: Office
) -> None:
    door = office.door
    author = {"handle": "@" + WORD[:190], "name": WORD[:190]}
    with door.service.database.writing() as session:
        people.put_person(
            session, "ben", WORD[:190], [Role.STAFF], {"care": False}, datetime.now(UTC), by="root"
        )
    case = await door.opened(text=LONG[:9000], author=author)
    await door.ada.post(f"{case}/claim")
    await door.ada.post(f"{case}/note", {"text": f"{WORD} {ADDRESS}"})
    proposal = {"request": f"{WORD} {ADDRESS}", "reply": f"{WORD} {ADDRESS}"}
    await door.ada.post(f"{case}/propose", proposal)
    free = await door.opened(text=WORD, author=author)
    promise = await promised(door)
    matter = await door.ada.post("matters", {"title": WORD, "team": "care"})
    pages = {
        "ada": (
            "/queue?view=all", f"/{one(case)}", f"/{one(free)}", "/commitments?stage=",
            f"/{one(promise)}", f"/matter/{matter['id']}", "/posts?stage=",
        ),
        "cora": ("/decisions", "/insights", "/insights/cases"),
        "dev": ("/record", f"/record/{one(case)}?whole=true", f"/{one(case)}"),
        "root": ("/admin", "/admin/people", "/admin/people/ben", "/admin/house", "/admin/teams"),
        None: ("/ledger", "/ledger/all"),
    }  # fmt: skip
    found = []
    for who, addresses in pages.items():
        page = await page_of(who, width=PHONE)
        for address in addresses:
            await page.goto(address)
            await page.evaluate(
                "document.querySelectorAll('main details').forEach(one => { one.open = true; })"
            )
            found += [f"{address} {one}" for one in await page.evaluate(TOO_WIDE, PHONE)]
            found += [f"{address} cuts {one}" for one in await page.evaluate(CUT)]
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > PHONE:
                found.append(f"{address} is {wide} wide")
    assert found == []


def one(path: str) -> str:
    """The page of what the JSON interface has under this path."""
    kind, _, entity_id = path.partition("/")
    return f"{kind.removesuffix('s')}/{entity_id}"


@pytest.mark.parametrize("width", [PHONE, 600])
async def test_a_mail_fits_the_screen(page_of: PageOf, width: int) -> None:
    at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    case = "escalation/01M832XSBSA28KYCS6T2BNABQ3"
    card = Card(
        about=case, kind="escalation", stage="deciding", team=WORD, channel=WORD, due_at=at,
        said_at=at, comments=3, commenter=WORD, excerpt=f"{WORD} {ADDRESS}",
    )  # fmt: skip
    told = [Notice(reason="decision_wanted", about=case)]
    block = letters.block(told, card, Link(f"https://answers.example/{case}"))
    letter = letters.compose(WORD, [block, block], "UTC", at)
    page = await page_of(width=width)
    # The mail's own styles stand in it: mail programs fetch none.
    await page.set_content(letter.html)
    assert await page.evaluate(TOO_WIDE, width) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_a_very_long_comment_is_folded_on_the_list_of_decisions_and_stands_whole_behind_it(
    page_of: PageOf, office: Office
) -> None:
    case = await office.door.opened(text=LONG)
    await office.door.ada.post(f"{case}/claim")
    await office.door.ada.post(f"{case}/propose", {"request": "May I?"})
    page = await page_of("cora", width=PHONE, script=False)
    await page.goto("/decisions")
    card = page.locator(f"#case-{case.partition('/')[2]}")
    quote = card.locator(".quote").first
    box = await quote.bounding_box()
    assert box
    assert box["height"] < HEIGHT
    await quote.locator("summary", has_text="Show all 10,").click()
    whole = quote.locator("details .words")
    assert (await whole.inner_text()).strip() == LONG.strip()
    assert await whole.evaluate("it => it.scrollHeight <= it.clientHeight + 1"), "it has no end"
