"""What axe and the width of the screen have against a page, at both widths and in both themes.

A page is loaded once: width and theme are changed as by turning a phone and by nightfall. Between
the themes only colours differ, so the dark ones are looked at by the rules of colour alone.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from playwright.async_api import Page

from tests.browser.conftest import HEIGHT

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()

ALL_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}

COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}

UNFOLD = "document.querySelectorAll('main details').forEach(one => { one.open = true; })"

WIDTHS = (360, 1440)


async def faults(page: Page) -> list[str]:
    """What is wrong with a page, folded as it comes and all unfolded."""
    found = []
    # Evaluated by the debugger, which no Content-Security-Policy stands in the way of.
    await page.evaluate(AXE)
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        found += await _too_wide(page, width)
    await page.evaluate(UNFOLD)
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        found += await _too_wide(page, width)
        await page.emulate_media(color_scheme="light")
        found += await _violations(page, ALL_RULES, f"{width} light")
        await page.emulate_media(color_scheme="dark")
        found += await _violations(page, COLOURS, f"{width} dark")
    return found


async def _violations(page: Page, rules: dict[str, Any], look: str) -> list[str]:
    found: Any = await page.evaluate(
        f"axe.run(document, {json.dumps(rules)}).then(found => found.violations)"
    )
    return [
        f"{look}: {one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:5]}"
        for one in found
    ]


async def _too_wide(page: Page, width: int) -> list[str]:
    wide = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return [f"{width}: {wide} px wider than the screen"] if wide > 0 else []
