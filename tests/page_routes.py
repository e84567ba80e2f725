"""Which pages there are, by the routes themselves: what every list of pages is held against."""

from __future__ import annotations

import re
from collections.abc import Iterable

from api.app import bare_app
from api.rights import access_of

_PROGRAMS = re.compile(r"/api/|/static/|\.\w+$|/export$|/(healthz|readyz|metrics|live)$")

NO_PAGES = {
    "/": "leads on", "/sign-in/with": "leads on", "/sign-in/back": "leads on",
    "/since/{kind}/{entity_id}": "a part of a case", "/queue/changes": "a part of the queue",
    "/presence/escalation/{entity_id}": "a part of a case",
}  # fmt: skip
"""Routes that a browser asks for and that are no page of their own."""


def without(addresses: Iterable[str]) -> set[str]:
    """The pages that none of these addresses leads to; in an address ``{case}`` stands for an id.

    An address counts for the route that answers it, which is the first that fits."""
    routes = [
        path
        for method, path, _ in access_of(bare_app())
        if method == "GET" and not _PROGRAMS.search(path)
    ]
    assert set(NO_PAGES) <= set(routes)
    places = {route: re.compile(re.sub(r"{\w+}", "[^/]+", route)) for route in routes}
    paths = (re.sub(r"{\w+}", "x", one.partition("?")[0]) for one in addresses)
    seen = {next((r for r in routes if places[r].fullmatch(path)), None) for path in paths}
    return set(routes) - seen - set(NO_PAGES)
