"""People at browsers: the served app, spoken to by forms alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from tests import builders
from tests.api.conftest import PLAIN, OpenDoor, open_door


class _Forms(HTMLParser):
    """The forms of a page, each with where it leads and what a browser would send."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, str]]] = []
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("method", "get"), found.get("action", ""), {}))
        if not self.forms or "name" not in found:
            if tag == "option" and self._select is not None:
                self._option(found)
            return
        fields = self.forms[-1][2]
        match tag:
            case "input":
                fields[found["name"]] = found.get("value", "")
            case "textarea":
                self._area = found["name"]
                fields[self._area] = ""
            case "select":
                self._select = found["name"]

    def _option(self, found: dict[str, str]) -> None:
        assert self._select is not None
        fields = self.forms[-1][2]
        if self._select not in fields or "selected" in found:
            fields[self._select] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.forms[-1][2][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            fields = self.forms[-1][2]
            fields[self._area] = fields[self._area].removeprefix("\n")
            self._area = None
        if tag == "select":
            self._select = None


def forms_of(page: httpx.Response) -> list[tuple[str, str, dict[str, str]]]:
    parser = _Forms()
    parser.feed(page.text)
    return [form for form in parser.forms if form[0] == "post"]


def searches_of(page: httpx.Response) -> list[tuple[str, dict[str, str]]]:
    """The forms that only ask, each with where it leads and what a browser would send of it."""
    parser = _Forms()
    parser.feed(page.text)
    return [(address, fields) for way, address, fields in parser.forms if way == "get"]


def form_of(page: httpx.Response, action: str) -> dict[str, str]:
    """What a browser would send from the first form that leads there."""
    found = [fields for _, address, fields in forms_of(page) if address.endswith(action)]
    assert found, f"no form leads to {action}: {[a for _, a, _ in forms_of(page)]}"
    return found[0]


def text_of(page: httpx.Response) -> str:
    """What stands on a page, without its tags, with every run of white space as one."""
    bare = re.sub(r"<[^>]+>", " ", page.text)
    return re.sub(r"\s+", " ", bare)


class Browser:
    """Somebody's browser: it keeps cookies, follows redirects and sends forms as they stand."""

    def __init__(self, address: str) -> None:
        self.http = httpx.AsyncClient(
            base_url=address,
            timeout=30,
            trust_env=False,
            verify=PLAIN,
            follow_redirects=True,
            headers={"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"},
        )

    async def see(self, address: str, status: int = 200, **more: Any) -> httpx.Response:
        page = await self.http.get(address, **more)
        assert page.status_code == status, text_of(page)
        assert page.headers["content-type"].startswith("text/html")
        return page

    async def sign_in(self, token: str) -> None:
        page = await self.see("/sign-in")
        fields = form_of(page, "/sign-in") | {"token": token}
        answer = await self.http.post("/sign-in", data=fields)
        assert "Sign out" in answer.text, text_of(answer)

    async def do(
        self,
        address: str,
        act: str,
        *,
        status: int = 200,
        page: httpx.Response | None = None,
        more: Mapping[str, str] | None = None,
        **fields: str,
    ) -> httpx.Response:
        """Open a page, fill in the form of this act and send it; answers where that leads.

        Where the words are shown before they are sent, they are looked at and sent.
        """
        page = page or await self.see(address)
        sent = form_of(page, f"{address}/{act}") | fields | dict(more or {})
        answer = await self.http.post(f"{address}/{act}", data=sent)
        if 'name="seen"' in answer.text:
            answer = await self.http.post(f"{address}/{act}", data=form_of(answer, f"/{act}"))
        assert answer.status_code == status, text_of(answer)
        return answer


class Office:
    """The door with a browser for each of the cast."""

    def __init__(self, door: OpenDoor) -> None:
        self.door = door
        self.address = str(door.http.base_url)
        self._open: list[Browser] = []

    def browser(self) -> Browser:
        self._open.append(Browser(self.address))
        return self._open[-1]

    async def browser_of(self, name: str) -> Browser:
        browser = self.browser()
        token = getattr(self.door, name).token
        assert token is not None
        await browser.sign_in(token)
        return browser

    async def browser_of_admin(self) -> Browser:
        browser = self.browser()
        page = await browser.see("/sign-in")
        fields = form_of(page, "/sign-in") | {"token": self.door.root.token or ""}
        await browser.http.post("/sign-in", data=fields)
        return browser

    async def close(self) -> None:
        for browser in self._open:
            await browser.http.aclose()


@asynccontextmanager
async def open_office(service: builders.Service) -> AsyncIterator[Office]:
    async with open_door(service) as door:
        office = Office(door)
        yield office
        await office.close()


@pytest.fixture
async def office(sqlite_service: builders.Service) -> AsyncIterator[Office]:
    """The pages of a whole running service, with SQLite."""
    async with open_office(sqlite_service) as office:
        yield office
