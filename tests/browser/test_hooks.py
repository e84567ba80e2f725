"""The pages of webhooks in a browser: for everybody, at both widths, in both themes."""

from __future__ import annotations

import pytest

from domain.hooks import Kind
from tests.api.conftest import OpenDoor
from tests.browser.conftest import PageOf
from tests.browser.looks import faults

LONG = "Kundenbeziehungsverwaltung مستودع البيانات 🚲 <b>bold</b> " + "x" * 20


@pytest.fixture(scope="module")
async def places(door: OpenDoor) -> list[str]:
    """The list, one webhook that fares badly, and a message of it."""
    body = {"name": LONG, "url": f"https://hook.invalid/{'p' * 200}", "kinds": sorted(Kind)}
    hook = (await door.root.post("webhooks", body))["webhook"]["id"]
    await door.root.post("webhooks", body | {"name": "Bot", "kinds": ["post.failed"]})
    sent = await door.root.post(f"webhooks/{hook}/test")
    await door.opened()
    for _ in range(200):
        page = await door.root.get(f"webhooks/{hook}/deliveries/{sent['id']}")
        if page["log"]:
            break
    place = f"/admin/hooks/{hook}"
    return ["/admin/hooks", place, f"{place}/sent/{sent['id']}"]


async def test_the_pages_of_webhooks_are_for_everybody(page_of: PageOf, places: list[str]) -> None:
    page = await page_of("root")
    for place in places:
        await page.goto(place)
        assert await faults(page) == [], place
