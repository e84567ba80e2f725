"""Pages of the one real browser, at any address, width and theme, and a real identity provider.

Whoever writes a browser test takes ``page`` (or ``new_page`` for several or other ones) and the
``office`` of tests/pages, whose address it opens. A page whose console is not empty at the end of
a test fails it: a refused script, a missing picture or a breach of the policy is a fault.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.sign_in.provider import Iam, open_iam
from tests.pages.conftest import Office, office

__all__ = ["office"]


@dataclass
class Console:
    """What the pages of this address complained about; what others serve is not ours to judge."""

    address: str
    lines: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of complaints that belong to the test, such as a status that it provokes."""

    def listen(self, page: Page) -> None:
        page.on("console", self._read)
        page.on("pageerror", lambda error: self._note("error", str(error)))

    def _read(self, message: ConsoleMessage) -> None:
        place = message.location["url"]
        if not place or place.startswith(self.address):
            self._note(message.type, message.text)

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(part in text for part in self.expected):
            self.lines.append(f"{kind}: {text}")


class NewPage(Protocol):
    """Opens a page with cookies of its own. ``expected`` names complaints that are no fault."""

    def __call__(
        self,
        width: int = 1440,
        *,
        height: int = 900,
        theme: Literal["light", "dark"] = "light",
        script: bool = True,
        reduced_motion: bool = True,
        touch: bool = False,
        expected: tuple[str, ...] = (),
        address: str | None = None,
    ) -> Awaitable[Page]: ...


@asynccontextmanager
async def pages(browser: Browser, address: str) -> AsyncIterator[NewPage]:
    """Pages that open addresses such as ``/queue`` at this service; their consoles are read at
    the end."""
    contexts: list[BrowserContext] = []
    consoles: list[Console] = []

    async def new_page(
        width: int = 1440,
        *,
        height: int = 900,
        theme: Literal["light", "dark"] = "light",
        script: bool = True,
        reduced_motion: bool = True,
        touch: bool = False,
        expected: tuple[str, ...] = (),
        address: str | None = None,
    ) -> Page:
        context = await browser.new_context(
            base_url=address or home,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            java_script_enabled=script,
            reduced_motion="reduce" if reduced_motion else "no-preference",
            has_touch=touch,
            locale="en-GB",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        consoles.append(Console(address or home, expected=expected))
        page = await context.new_page()
        consoles[-1].listen(page)
        return page

    home = address
    yield new_page
    for context in contexts:
        await context.close()
    assert [line for console in consoles for line in console.lines] == []


@pytest.fixture
async def new_page(chromium: Browser, office: Office) -> AsyncIterator[NewPage]:
    """Makes pages at the office's address."""
    async with pages(chromium, office.address) as new_page:
        yield new_page


@pytest.fixture
async def page(new_page: NewPage) -> Page:
    """One page of a usual width, in the light theme, with script."""
    return await new_page()


@pytest.fixture(scope="session")
def iam() -> Iterator[Iam]:
    """A real identity provider on this machine's loopback, for the session."""
    with open_iam() as iam:
        yield iam
