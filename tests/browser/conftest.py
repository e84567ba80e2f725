"""A real browser in front of the really running service: what only a browser can tell.

``page_of`` opens a page as somebody of the cast. When the test is over, everything the browser
had to complain about meanwhile (its console, failed requests, answers that are errors) fails it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    async_playwright,
    expect,
)

from tests.api.conftest import OpenDoor
from tests.api.conftest import door as door  # noqa: PLC0414 - a fixture, for the tests beside
from tests.pages.conftest import Office

HEIGHT = 900

PATIENCE = 15_000
"""Milliseconds: a busy machine is slow, and not wrong."""

expect.set_options(timeout=PATIENCE)

WHERE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

Theme = Literal["light", "dark"]


def find_chromium() -> str | None:
    """Where the browser is: CHROMIUM says so, or it is on the PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, WHERE)), None)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for the session; each page has a profile of its own."""
    path = find_chromium()
    if path is None:
        pytest.skip("no chromium: apt-get install chromium, or name it by CHROMIUM=/path")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@dataclass
class Desk:
    """The browsers of one test: opens pages of a service and hears what they complain about."""

    browser: Browser
    door: OpenDoor
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    async def page_of(
        self,
        name: str | None = None,
        *,
        width: int = 1440,
        theme: Theme = "light",
        script: bool = True,
        motion: bool = False,
        touch: bool = False,
        expected: tuple[str, ...] = (),
    ) -> Page:
        """A page in a new browser profile, signed in as somebody of the cast, or as nobody.

        ``expected`` names parts of complaints that belong to the test, such as a status that it
        provokes; "" expects any."""
        address = str(self.door.http.base_url)
        context = await self.browser.new_context(
            base_url=address,
            viewport={"width": width, "height": HEIGHT},
            color_scheme=theme,
            java_script_enabled=script,
            reduced_motion="no-preference" if motion else "reduce",
            has_touch=touch,
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)

        def complain(place: str | None, text: str) -> None:
            # What others serve, such as an identity provider, is not ours to judge.
            is_ours = not place or place.startswith(address)
            if is_ours and not any(part in text for part in expected):
                self.complaints.append(f"{text} {place}")

        def console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                complain(message.location["url"], f"{message.type}: {message.text}")

        def failed(request: Request) -> None:
            # A page that is left takes its stream and whatever it was asking for with it.
            if "ERR_ABORTED" not in (request.failure or ""):
                complain(request.url, f"failed: {request.failure}")

        context.on("console", console)
        context.on("requestfailed", failed)
        context.on("weberror", lambda error: complain(None, str(error.error)))
        page = await context.new_page()
        if name is not None:
            await page.goto("/sign-in")
            await page.fill("input[name=token]", getattr(self.door, name).token)
            await page.click("form:has(input[name=token]) button")
            await page.wait_for_selector("text=Sign out")
        return page

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()
        assert self.complaints == []


@pytest.fixture(scope="module")
async def office(door: OpenDoor) -> AsyncIterator[Office]:
    """The pages of a whole running service, with SQLite; the tests of a module share it."""
    office = Office(door)
    yield office
    await office.close()


@pytest.fixture
async def desk(chromium: Browser, office: Office) -> AsyncIterator[Desk]:
    desk = Desk(chromium, office.door)
    yield desk
    await desk.close()


PageOf = Callable[..., Awaitable[Page]]


@pytest.fixture
def page_of(desk: Desk) -> PageOf:
    """``await page_of("ada", width=360, theme="dark", script=False)``."""
    return desk.page_of


async def settled(place: Locator) -> None:
    """What has come into a form is settled a moment later, and this field of it has the focus."""
    await expect(place).to_be_focused()
    await expect(place.page.locator(".htmx-added, .htmx-settling")).to_have_count(0)
