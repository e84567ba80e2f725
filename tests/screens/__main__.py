"""``make screenshots``: every page of a throw-away service, at both widths, in both themes.

All of them go to ``build/screens``; with ``--docs`` the dozen of the documentation are made too,
at half their size, in docs/screens. Ends by itself; nothing outside this machine is asked.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer
from playwright.async_api import Browser, Page, async_playwright

from answerable.seed import furnish
from answerable.stack import Stack
from answerable.surroundings import read_settings
from config.settings import Settings
from domain.house import ROOT
from domain.people import Role
from store import people
from store.database import Database
from tests.browser.conftest import find_chromium
from tests.channels.receiver import Receiver, answers
from tests.screens.letters import Letters
from tests.screens.past import write_past
from tests.screens.shots import IN_DOCS, SHOTS, Shot
from tests.screens.today import Today, play

BUSY = "Wartungsarbeiten bis 14 Uhr – صيانة – please try again later".encode()
"""What the receiver of a webhook answers that takes nothing."""

HERE = Path(__file__).parents[2]
EVERYTHING = HERE / "build" / "screens"
DOCS = HERE / "docs" / "screens"

CAST = ("ada", "ben", "cora", "dev", "eve", "root")

COLLEAGUES = {"fay": "Fay Brandt", "gus": "Gus Adeyemi"}
"""Others of the past, whose names the pages show."""


TALLEST = 6000
"""Points of a page that are pictured."""

NARROW = 700

SETTLED = 300
"""Milliseconds after which a page has heard who else is there."""


class Look(NamedTuple):
    width: int
    height: int
    theme: Literal["light", "dark"]

    @property
    def name(self) -> str:
        return f"{self.width}-{self.theme}"


WIDE, PHONE = (1440, 900), (360, 780)

LOOKS = tuple((Look(*size, "light"), Look(*size, "dark")) for size in (PHONE, WIDE))
"""By width: between the themes only colours differ, so a page is opened once for both."""


def main(
    docs: Annotated[bool, typer.Option("--docs", help="Also the dozen of docs/screens.")] = False,
    only: Annotated[str, typer.Option(help="Pages whose name begins like this alone.")] = "",
) -> None:
    """Make pictures of every page."""
    asyncio.run(_on_a_stack(only, docs=docs))


async def _on_a_stack(only: str, *, docs: bool) -> None:
    folder = Path(tempfile.mkdtemp(prefix="answerable-screens-"))
    # Two of the webhooks have a receiver on this machine.
    os.environ["ANSWERABLE_WEBHOOK_NETWORKS"] = "127.0.0.0/8"
    settings = read_settings(folder)
    furnish(settings, with_comments=True)
    tokens = _before_today(settings)
    stack = Stack(settings, port=0)
    letters = Letters(settings, folder)
    good, bad = Receiver(), Receiver(answers(503, BUSY, content_type="text/plain; charset=utf-8"))
    try:
        await stack.start()
        async with letters, good, bad, async_playwright() as playwright:
            today = Today(stack.url, tokens, letters, (good.url, bad.url))
            shown = await asyncio.to_thread(play, today)
            browser = await playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox"]
            )
            await _take(Camera(browser, stack.url, tokens), shown, only, docs=docs)
            await browser.close()
    finally:
        await stack.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _before_today(settings: Settings) -> dict[str, str]:
    """The past, and tokens for the cast."""
    database, at = Database(settings.url), datetime.now(UTC)
    try:
        write_past(database, at)
        with database.writing() as session:
            for who, name in COLLEAGUES.items():
                people.put_person(session, who, name, [Role.STAFF], {"care": False}, at, by=ROOT)
            return {
                who: people.create_token(session, who, at, lifetime=timedelta(days=90), by=ROOT)
                for who in CAST
            }
    finally:
        database.dispose()


class Camera:
    """One browser in front of the service; answers where pictures go and takes them."""

    def __init__(self, browser: Browser, url: str, tokens: dict[str, str]) -> None:
        self.browser, self.url, self.tokens = browser, url, tokens

    async def take(self, shots: list[Shot], shown: dict[str, str], looks: Sequence[Look]) -> None:
        """These pages at one width, in each of its themes."""
        for who, language in dict.fromkeys((shot.who, shot.language) for shot in shots):
            page = await self._page(who, language, looks[0], 1)
            for shot in shots:
                if (shot.who, shot.language) != (who, language):
                    continue
                await self._open(page, shot, shown)
                for look in looks:
                    await page.emulate_media(color_scheme=look.theme)
                    await _picture(page, EVERYTHING, shot, look, await _height(page, look))
            await page.context.close()

    async def print(self, shots: list[Shot], shown: dict[str, str], look: Look) -> None:
        """These pages for the documentation: what a screen shows of them, at half the size."""
        for shot in shots:
            page = await self._page(shot.who, shot.language, look, 0.5)
            await self._open(page, shot, shown)
            await _picture(page, DOCS, shot, look, look.height)
            await page.context.close()

    async def _open(self, page: Page, shot: Shot, shown: dict[str, str]) -> None:
        await page.goto(shot.address.format(**shown))
        if shot.act:
            await shot.act(page)
        await page.wait_for_timeout(SETTLED)

    async def _page(self, who: str | None, language: str, look: Look, scale: float) -> Page:
        context = await self.browser.new_context(
            base_url=self.url,
            viewport={"width": look.width, "height": look.height},
            # A telephone has more points to an inch than a desk.
            device_scale_factor=scale * (2 if look.width < NARROW else 1),
            color_scheme=look.theme,
            reduced_motion="reduce",
            locale=language,
        )
        page = await context.new_page()
        if who:
            await page.goto("/sign-in")
            await page.fill("input[name=token]", self.tokens[who])
            await page.click("form:has(input[name=token]) button")
            await page.wait_for_selector('form[action="/sign-out"]', state="attached")
        return page


async def _height(page: Page, look: Look) -> int:
    """How much of a page is pictured: all of it, or under a dialog what the screen shows."""
    if await page.locator("dialog[open]").count():
        await page.evaluate("window.scrollTo(0, 0)")
        return look.height
    tall: int = await page.evaluate("document.documentElement.scrollHeight")
    return min(tall, TALLEST)


async def _picture(page: Page, folder: Path, shot: Shot, look: Look, high: int) -> None:
    await page.screenshot(
        path=folder / f"{shot.name}-{look.name}.png",
        full_page=True,
        clip={"x": 0, "y": 0, "width": look.width, "height": high},
    )


async def _take(camera: Camera, shown: dict[str, str], only: str, *, docs: bool) -> None:
    EVERYTHING.mkdir(parents=True, exist_ok=True)
    DOCS.mkdir(parents=True, exist_ok=True)
    chosen = [shot for shot in SHOTS if shot.name.startswith(only)]
    # Both widths at once: a browser waits a good deal, and nothing that is done changes anything.
    await asyncio.gather(*(camera.take(chosen, shown, looks) for looks in LOOKS))
    for looks in LOOKS if docs else ():
        for look in looks:
            printed = [shot for shot in chosen if look.name in IN_DOCS.get(shot.name, ())]
            await camera.print(printed, shown, look)


if __name__ == "__main__":
    typer.run(main)
