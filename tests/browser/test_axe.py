"""Every page, at phone and desktop width, in both themes: no violation that axe knows, nothing
wider than the screen, and nothing that the browser complains about.

A new page gets a line in ``PAGES``: who looks at it, and where; ``{escalation}`` and the like are
ids of the sample cases.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from tests.api.conftest import OpenDoor
from tests.browser.conftest import PageOf, Theme

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

PAGES: list[tuple[str | None, str]] = [
    ("ada", "/queue?view=free"),
    ("ada", "/queue?view=all&channel=console"),
    ("ada", "/queue?view=mine"),
    ("dev", "/queue?view=all"),
    ("ada", "/queue?view=waiting&q=nothing"),
    ("ada", "/escalation/{escalation}"),
    ("cora", "/decisions"),
    ("ada", "/posts?stage="),
    ("ada", "/commitments?stage="),
    ("root", "/admin"),
    ("root", "/admin/policy"),
    ("root", "/admin/policy/draft"),
    ("root", "/admin/policy/diff"),
    ("root", "/admin/policy/dates"),
    ("dev", "/admin/policy/versions/1"),
    ("root", "/admin/people"),
    ("root", "/admin/people/ada"),
    ("root", "/admin/people/ada/leave"),
    ("root", "/admin/new-person"),
    ("dev", "/admin/teams"),
    ("root", "/admin/channels"),
    ("root", "/admin/tokens"),
    ("dev", "/admin/house"),
    ("root", "/me"),
    (None, "/sign-in"),
]

TEXTS = (
    "My bike came without a saddle.",
    "وصلت دراجتي بدون سرج 🚲🔥 وأريد استرداد أموالي",
    "WHAT THE &$#! IS WRONG WITH YOU??? " * 30,
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 4,
    "😡😡😡🤬 https://example.org/" + "a" * 200,
    "<script>alert(1)</script>",
)


@pytest.fixture(scope="module")
async def samples(door: OpenDoor) -> dict[str, str]:
    """Cases in every state that a page shows, with words as people write them."""
    for text in TEXTS:
        await door.opened(text=text)
    promise = "We will send you a saddle by Friday."
    deciding = await door.deciding(reply="A saddle was left out of the box.")
    await door.prepared()
    published = await door.published(reply=f"{promise} It is red.", not_promises=[promise])
    return {"escalation": published.partition("/")[2], "deciding": deciding.partition("/")[2]}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize(("name", "address"), PAGES)
async def test_a_page_is_for_everybody(
    page_of: PageOf,
    samples: dict[str, str],
    name: str | None,
    address: str,
    width: int,
    theme: Theme,
) -> None:
    page = await page_of(name, width=width, theme=theme)
    await page.goto(address.format(**samples))
    # Evaluated by the debugger, which no Content-Security-Policy stands in the way of.
    await page.evaluate(AXE)
    found: Any = await page.evaluate(f"axe.run(document, {json.dumps(RULES)})")
    violations = [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:5]}"
        for one in found["violations"]
    ]
    assert violations == []
    wide = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0, f"{wide} px wider than the screen"
