"""Signing in and out as people do: in a real browser, at a real identity provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.async_api import Browser, Page
from sqlalchemy import select

from answerable.embedded import free_port
from domain.people import Role
from store import people, tables
from tests.api.conftest import OpenDoor, bare_door
from tests.browser.conftest import Desk, PageOf
from tests.browser.sign_in.provider import PASSWORD, Iam

STATUS = ("Failed to load resource",)
"""What a browser says of an answer that is an error; here the error is what is tested."""

GROUPS = {
    "care": {"roles": ["staff"], "teams": ["care"]},
    "board": {"roles": ["executive"]},
}


class Opened(Protocol):
    def __call__(
        self, *, trusted: bool = True, **settings: Any
    ) -> AbstractAsyncContextManager[tuple[OpenDoor, PageOf]]: ...


@pytest.fixture
def opened(chromium: Browser, iam: Iam, migrated_sqlite: Path, tmp_path: Path) -> Opened:
    """Opens a service whose people sign in with the provider, and pages in it."""

    @asynccontextmanager
    async def opened(
        *, trusted: bool = True, **settings: Any
    ) -> AsyncIterator[tuple[OpenDoor, PageOf]]:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        named = iam.client(address, trusted=trusted) | settings
        opening = bare_door(migrated_sqlite, tmp_path, port=port, public_url=address, **named)
        async with opening as door:
            desk = Desk(chromium, door)
            try:
                yield door, desk.page_of
            finally:
                await desk.close()

    return opened


def add(door: OpenDoor, login: str, *roles: Role) -> None:
    """Add a person whose address is the one that the provider has."""
    with door.service.database.writing() as session:
        people.put_person(
            session, login, login.title(), roles or (Role.STAFF,), {"care": False},
            datetime.now(UTC), f"{login}@example.org", by="root",
        )  # fmt: skip


def entries(door: OpenDoor, person: str) -> list[tuple[str, str]]:
    """What the house has on record about a person, and who is named for it."""
    with door.service.database.reading() as session:
        rows = session.scalars(
            select(tables.LedgerEntry).filter_by(stream="house").order_by(tables.LedgerEntry.seq)  # type: ignore[arg-type]
        )
        return [(row.name, row.by) for row in rows if f'"{person}"' in row.body]


async def sign_in(page: Page, login: str, *, at: str = "/") -> None:
    """From any page of ours through the provider and back."""
    await page.goto(at)
    await page.get_by_role("link", name="Sign in with Canaille").click()
    await page.get_by_role("textbox", name="Login").fill(login)
    await page.keyboard.press("Enter")
    await page.get_by_role("textbox", name="Password").fill(PASSWORD)
    await page.keyboard.press("Enter")


async def test_somebody_signs_in_at_the_provider_and_out_again(opened: Opened, iam: Iam) -> None:
    iam.person("grace")
    async with opened() as (door, page_of):
        add(door, "grace")
        page = await page_of(expected=STATUS)
        await sign_in(page, "grace", at="/commitments?stage=kept")
        await page.wait_for_url("**/commitments?stage=kept")
        assert await page.get_by_role("link", name="Grace").is_visible()
        assert ("house:identity:bound", "grace") in entries(door, "grace")

        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/sign-in")
        await page.goto("/queue")
        assert "/sign-in" in page.url
        await page.get_by_role("link", name="Sign in with Canaille").click()
        assert await page.get_by_role("textbox", name="Login").is_visible(), (
            "the provider has forgotten them too"
        )


async def test_whoever_is_known_by_no_verified_address_stays_outside(
    opened: Opened, iam: Iam
) -> None:
    iam.person("mallory", verified=False)
    iam.person("oscar")
    async with opened() as (door, page_of):
        add(door, "mallory", Role.ADMIN)
        for login, said in (("mallory", "has not been verified"), ("oscar", "Nobody has added")):
            page = await page_of(expected=STATUS)
            await sign_in(page, login)
            alarm = page.get_by_role("alert")
            assert said in await alarm.inner_text()
            assert await page.get_by_label("Token").is_visible()
            await page.goto("/queue")
            assert "/sign-in" in page.url
        assert "house:identity:bound" not in [name for name, _ in entries(door, "mallory")]


async def test_groups_rule_who_somebody_is(opened: Opened, iam: Iam) -> None:
    iam.person("linus", groups=("care", "knitting"))
    async with opened(oidc_groups=GROUPS) as (door, page_of):
        page = await page_of(expected=STATUS)
        await sign_in(page, "linus")
        await page.wait_for_url("**/queue")
        with door.service.database.reading() as session:
            actor = people.actor(session, "linus")
        assert set(actor.roles) == {Role.STAFF}
        assert set(actor.teams) == {"care"}
        assert ("house:role:granted", "system") in entries(door, "linus")

        iam.leave("linus", "care")
        later = await page_of(expected=STATUS)
        await sign_in(later, "linus")
        assert "none of the groups" in await later.get_by_role("alert").inner_text()
        assert ("house:role:withdrawn", "system") in entries(door, "linus")
        await page.goto("/queue")
        assert "Not yours" in await page.title(), "what is open already sees nothing any more"


async def test_a_refused_consent_is_said_with_a_way_out(opened: Opened, iam: Iam) -> None:
    iam.person("nina")
    async with opened(trusted=False) as (door, page_of):
        add(door, "nina")
        page = await page_of(expected=STATUS)
        await sign_in(page, "nina")
        await page.locator("#deny").click()
        assert "declined" in await page.get_by_role("alert").inner_text()
        await page.get_by_role("link", name="Sign in with Canaille").click()
        await page.locator("#accept").click()
        await page.wait_for_url("**/queue")


async def test_a_way_back_is_good_once_and_in_one_browser(opened: Opened, iam: Iam) -> None:
    iam.person("paul")
    async with opened() as (door, page_of):
        add(door, "paul")
        page = await page_of()
        back: list[str] = []
        page.on("request", lambda r: back.append(r.url) if "back?" in r.url else None)
        await sign_in(page, "paul")
        await page.wait_for_url("**/queue")
        await page.goto(back[0])
        assert page.url.endswith("/queue"), "whoever is in already stays in"

        elsewhere = await page_of(expected=STATUS)
        await elsewhere.goto(back[0])
        assert "used already" in await elsewhere.get_by_role("alert").inner_text()
        assert await elsewhere.get_by_role("link", name="Sign in with Canaille").is_visible()


async def test_a_provider_that_is_away_leaves_the_other_ways_in(opened: Opened) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    async with opened(oidc_issuer=nowhere) as (door, page_of):
        page = await page_of(width=360, theme="dark", expected=STATUS)
        await page.goto("/sign-in")
        await page.get_by_role("link", name="Sign in with Canaille").click()
        assert "does not answer" in await page.get_by_role("alert").inner_text()
        await page.get_by_label("Token").fill(door.ada.token or "")
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url("**/queue")


async def test_one_ends_the_session_of_another_machine_and_then_all(
    opened: Opened, iam: Iam
) -> None:
    iam.person("quinn")
    async with opened() as (door, page_of):
        add(door, "quinn")
        here, there = await page_of(expected=STATUS), await page_of(width=360, expected=STATUS)
        for page in (here, there):
            await sign_in(page, "quinn")
            await page.wait_for_url("**/queue")
        await here.get_by_role("link", name="Quinn").click()
        await here.get_by_role("link", name="Sessions").click()
        await here.wait_for_url("**/sessions")
        rows = here.get_by_role("main").get_by_role("listitem")
        assert await rows.count() == 2
        said = [await rows.nth(n).inner_text() for n in range(2)]
        assert all("Chrome on Linux" in text for text in said)
        assert ["this one" in text for text in said] == [False, True]
        await here.get_by_role("button", name="End").click()
        assert await rows.count() == 1
        await there.goto("/queue")
        assert "/sign-in" in there.url

        await here.get_by_role("button", name="Sign out everywhere").click()
        await here.wait_for_url("**/sign-in")
        await here.goto("/sessions")
        assert "/sign-in" in here.url


async def test_the_cast_signs_in_with_one_click_in_a_demonstration(opened: Opened) -> None:
    async with opened(demo=True, oidc_issuer=None) as (_, page_of):
        page = await page_of(width=360, script=False)
        await page.goto("/sign-in")
        await page.get_by_role("button", name="Cora").click()
        await page.wait_for_url("**/decisions")
        assert await page.get_by_role("link", name="Cora").is_visible()


async def test_a_link_from_another_site_finds_the_session(opened: Opened) -> None:
    async with opened(demo=True) as (door, page_of):
        page = await page_of()
        await page.goto("/sign-in")
        await page.get_by_role("button", name="Ada").click()
        await page.wait_for_url("**/queue")
        address = str(door.http.base_url)
        # A page of no site at all, as a mail program shows one.
        await page.goto(f'data:text/html,<a href="{address}/commitments">See it</a>')
        await page.get_by_role("link").click()
        await page.wait_for_url("**/commitments")
        assert await page.get_by_role("link", name="Ada").is_visible()
