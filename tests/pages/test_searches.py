"""Every form that narrows a list down: sent with nothing filled in, it still finds."""

from __future__ import annotations

import pytest

from tests.pages.conftest import Browser, Office, searches_of, text_of

PAGES = {
    "/queue": ("q", "team", "view"),
    "/posts": ("stage",),
    "/commitments": ("view", "of", "team", "month", "stage"),
    "/record": ("person", "act", "kind", "since", "until", "team", "channel", "outcome", "late",
                "q", "cursor"),
    "/insights": ("since", "until", "team", "channel"),
    "/insights/promises": ("how", "month", "person", "since", "until"),
    "/ledger/all": ("state", "channel", "month"),
    "/admin/people": ("q", "role", "team", "state"),
    "/admin/tokens": ("person", "state"),
    "/api/v1/record": ("person", "act", "kind", "since", "until", "team", "channel", "outcome",
                       "late", "q"),
    "/api/v1/insights": ("since", "until", "team", "channel"),
}  # fmt: skip


async def who(office: Office, path: str) -> Browser:
    return await (office.browser_of_admin() if "admin" in path else office.browser_of("dev"))


@pytest.mark.parametrize("path", PAGES)
async def test_a_field_that_is_left_empty_asks_for_nothing(office: Office, path: str) -> None:
    await office.door.prepared()
    sent = dict.fromkeys(PAGES[path], "")
    if path.startswith("/api"):
        answer = await office.door.dev.ask("GET", path, params=sent)
    else:
        answer = await (await who(office, path)).http.get(path, params=sent)
    assert answer.status_code == 200, text_of(answer)


async def test_blanks_ask_the_record_for_nothing(office: Office) -> None:
    dev = await office.browser_of("dev")
    page = await dev.see("/record", params={"person": " ", "act": " ", "q": "  "})
    assert "Done by" not in text_of(page)


async def test_every_search_is_sent_as_its_page_has_drawn_it(office: Office) -> None:
    await office.door.published()
    seen = set()
    for path in PAGES:
        if path.startswith("/api"):
            continue
        browser = await who(office, path)
        for action, fields in searches_of(await browser.see(path)):
            await browser.see(action, params=fields)
            seen.add(action)
    assert seen >= {"/queue", "/commitments", "/record", "/insights", "/admin/people"}
