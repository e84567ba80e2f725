"""``make screenshots``: every page of a throw-away service, at both widths, in both themes.

All of them go to ``build/screens``; with ``--docs`` the dozen of the documentation are made too,
at half their size, in docs/screens. Ends by itself; nothing outside this machine is asked.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
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
from tests.screens.past import write_past
from tests.screens.today import Today, play

HERE = Path(__file__).parents[2]
EVERYTHING = HERE / "build" / "screens"
DOCS = HERE / "docs" / "screens"

CAST = ("ada", "ben", "cora", "dev", "eve", "root")

COLLEAGUES = {"fay": "Fay Brandt", "gus": "Gus Adeyemi"}
"""Others of the past, whose names the pages show."""


class Shot(NamedTuple):
    """A picture: its name, who looks (None: anybody), and at which address."""

    name: str
    who: str | None
    address: str


SHOTS = (
    Shot("sign-in", None, "/sign-in"),
    Shot("queue", "ada", "/queue?view=all"),
    Shot("queue-free", "ada", "/queue?view=free"),
    Shot("queue-empty", "ada", "/queue?view=waiting&q=zebra"),
    Shot("escalation", "ada", "/escalation/{case}"),
    Shot("escalation-answered", "ben", "/escalation/{answered}"),
    Shot("escalation-other-team", "eve", "/escalation/{asked}"),
    Shot("decisions", "cora", "/decisions"),
    Shot("posts", "ada", "/posts"),
    Shot("post", "ada", "/post/{post}"),
    Shot("matter", "ben", "/matter/{matter}"),
    Shot("matters", "ben", "/matters"),
    Shot("matters-ended", "ben", "/matters?view=ended"),
    Shot("commitments", "ben", "/commitments"),
    Shot("commitments-month", "ben", "/commitments?view=calendar"),
    Shot("commitment", "ben", "/commitment/{commitment}"),
    Shot("insights", "cora", "/insights"),
    Shot("insights-cases", "cora", "/insights/cases?step=deciding"),
    Shot("me", "ada", "/me"),
    Shot("me-away", "cora", "/me/away"),
    Shot("me-notices", "ada", "/me/notices"),
    Shot("sessions", "ada", "/sessions"),
    Shot("record", "dev", "/record"),
    Shot("record-file", "dev", "/record/escalation/{answered}"),
    Shot("record-policy", "dev", "/record/policy/1"),
    Shot("admin", "root", "/admin"),
    Shot("admin-policy", "root", "/admin/policy"),
    Shot("admin-draft", "root", "/admin/policy/draft"),
    Shot("admin-people", "root", "/admin/people"),
    Shot("admin-person", "root", "/admin/people/ben"),
    Shot("admin-teams", "root", "/admin/teams"),
    Shot("admin-channels", "root", "/admin/channels"),
    Shot("admin-tokens", "root", "/admin/tokens"),
    Shot("admin-house", "root", "/admin/house"),
    Shot("ledger", None, "/ledger"),
    Shot("ledger-all", None, "/ledger/all"),
    Shot("ledger-promise", None, "/ledger/{commitment}"),
    Shot("not-found", "ada", "/escalation/01M832XSBSA28KYCS6T2BNABQ3"),
)

IN_DOCS = {
    "queue": ("1440-light", "360-dark"),
    "escalation": ("1440-light",),
    "decisions": ("360-light", "1440-dark"),
    "commitments": ("1440-light",),
    "insights": ("1440-light", "360-light"),
    "record-file": ("1440-light",),
    "ledger": ("1440-light", "360-dark"),
    "ledger-promise": ("360-light",),
}
"""Of which pages the documentation shows which picture."""

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


LOOKS = (
    Look(360, 780, "light"),
    Look(360, 780, "dark"),
    Look(1440, 900, "light"),
    Look(1440, 900, "dark"),
)


def main(
    docs: Annotated[bool, typer.Option("--docs", help="Also the dozen of docs/screens.")] = False,
    only: Annotated[str, typer.Option(help="Pages whose name begins like this alone.")] = "",
) -> None:
    """Make pictures of every page."""
    asyncio.run(_on_a_stack(only, docs=docs))


async def _on_a_stack(only: str, *, docs: bool) -> None:
    folder = Path(tempfile.mkdtemp(prefix="answerable-screens-"))
    settings = read_settings(folder)
    furnish(settings, with_comments=True)
    tokens = _before_today(settings)
    stack = Stack(settings, port=0)
    try:
        await stack.start()
        shown = await asyncio.to_thread(play, Today(stack.url, tokens))
        async with async_playwright() as playwright:
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
                who: people.create_token(session, who, at, lifetime=timedelta(hours=1), by=ROOT)
                for who in CAST
            }
    finally:
        database.dispose()


class Camera:
    """One browser in front of the service; answers where pictures go and takes them."""

    def __init__(self, browser: Browser, url: str, tokens: dict[str, str]) -> None:
        self.browser, self.url, self.tokens = browser, url, tokens

    async def take(
        self, shots: list[Shot], shown: dict[str, str], look: Look, *, small: bool = False
    ) -> None:
        """These pages as one width and theme shows them."""
        for who in dict.fromkeys(shot.who for shot in shots):
            page = await self._page(who, look, 0.5 if small else 1)
            for shot in shots:
                if shot.who != who:
                    continue
                await page.goto(shot.address.format(**shown))
                await page.wait_for_timeout(SETTLED)
                tall = await page.evaluate("document.documentElement.scrollHeight")
                high = look.height if small else min(tall, TALLEST)
                await page.screenshot(
                    path=(DOCS if small else EVERYTHING) / f"{shot.name}-{look.name}.png",
                    full_page=True,
                    clip={"x": 0, "y": 0, "width": look.width, "height": high},
                )
            await page.context.close()

    async def _page(self, who: str | None, look: Look, scale: float) -> Page:
        context = await self.browser.new_context(
            base_url=self.url,
            viewport={"width": look.width, "height": look.height},
            # A telephone has more points to an inch than a desk.
            device_scale_factor=scale * (2 if look.width < NARROW else 1),
            color_scheme=look.theme,
            reduced_motion="reduce",
            locale="en-GB",
        )
        page = await context.new_page()
        if who:
            await page.goto("/sign-in")
            await page.fill("input[name=token]", self.tokens[who])
            await page.click("form:has(input[name=token]) button")
            await page.wait_for_selector("text=Sign out")
        return page


async def _take(camera: Camera, shown: dict[str, str], only: str, *, docs: bool) -> None:
    EVERYTHING.mkdir(parents=True, exist_ok=True)
    DOCS.mkdir(parents=True, exist_ok=True)
    for look in LOOKS:
        chosen = [shot for shot in SHOTS if shot.name.startswith(only)]
        await camera.take(chosen, shown, look)
        if docs:
            printed = [shot for shot in chosen if look.name in IN_DOCS.get(shot.name, ())]
            await camera.take(printed, shown, look, small=True)


if __name__ == "__main__":
    typer.run(main)
