"""docs/rights.md, written from the rules and from the routes: ``python -m api.rights``.

A test compares the page with what this writes, so that nobody has to remember to do so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from api.app import create_app
from api.bodies import BODIES
from api.deps import ACCESS, API
from config.settings import Settings
from domain import rights
from domain.kinds import KINDS
from domain.people import Role
from domain.rights import Row

FRAMEWORK = "/openapi.json"
"""What the framework itself serves: the description of the door, the same for everybody."""

ACTING = (Role.STAFF, Role.EXECUTIVE)
"""Whose commands the door takes at all."""

_HEAD = """\
# Who may do what

Written by `python -m api.rights > docs/rights.md` from the rules and the routes themselves; a test
fails where this page and the code differ. Every route and every command is also called by a test as
each role and as nobody.

## Commands

A command is judged twice. The door takes commands from `staff` and `executive` alone: an auditor
reads, an admin runs people, a machine brings comments. Then the rules of the case ask how the
person stands to it, and whether it is in a stage in which this can be done. A cell says how
somebody with this role must stand to the case; empty: they may not. *any* is anybody with the role.
Whoever has several roles may what each of them may. An approver is whom the terms name, or any
executive where they name nobody.

What is allowed now, to whoever asks, and why not, is in `allowed` of each case.
"""

_ROUTES = """\
## Routes

Each route names who may call it; what they then see is cut in the fetching itself. A page is for
whoever is signed in at a browser, everything under `/api/v1` for the bearer of a token. The routes
of the single commands are those with `{command}`, and for the same people.
"""


def text() -> str:
    """The whole page."""
    parts = [_HEAD]
    rows = list(rights.table())
    for name in KINDS:
        of_kind = [row for row in rows if row.kind == name]
        parts.append(f"### On {_a(name)}\n")
        parts.append(_commands([row for row in of_kind if not row.is_machine]))
        parts.append("Machines, which nobody at the door can pretend to be:\n")
        parts.append(_machines([row for row in of_kind if row.is_machine]))
    # Only its routes are looked at, behind which there is nothing.
    parts += [_ROUTES, _routes(create_app(Settings(), None, None))]  # type: ignore[arg-type]
    return "\n".join(parts)


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _commands(rows: list[Row]) -> str:
    lines = ["| command | staff | executive | while it is |", "|---|---|---|---|"]
    for row in rows:
        cells = ["; ".join(row.of(role)) for role in ACTING]
        lines.append(f"| `{row.act}` | {cells[0]} | {cells[1]} | {_stages(row)} |")
    return "\n".join(lines) + "\n"


def _machines(rows: list[Row]) -> str:
    lines = ["| told by | | while it is |", "|---|---|---|"]
    lines += [f"| {row.who} | `{row.act}` | {_stages(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _stages(row: Row) -> str:
    every = {stage for right in KINDS[row.kind].rights.values() for stage in right.stages}
    if set(row.stages) == every:
        return "open"
    return ", ".join(row.stages)


# Routes. -------------------------------------------------------------------------------------


def access_of(app: FastAPI) -> Iterator[tuple[str, str, frozenset[Role] | str | None]]:
    """Method and path of every route, and who may call it: roles, or why anybody may. None where
    a route does not say."""
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        dependant = getattr(route, "dependant", None)
        calls = list(_calls(dependant)) if dependant else []
        told = [ACCESS[call] for call in calls if call in ACCESS]
        for method in sorted((route.methods or set()) - {"HEAD"}):
            if path == FRAMEWORK:
                yield method, path, "it describes the door, the same for everybody"
            else:
                yield method, path, _strictest(told)


def _strictest(told: list[frozenset[Role] | str]) -> frozenset[Role] | str | None:
    """Where several are asked for, one has to satisfy them all."""
    roles = [each for each in told if not isinstance(each, str)]
    if roles:
        return frozenset.intersection(*roles)
    return told[0] if told else None


def _calls(dependant: Any) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)


def _generic(path: str) -> str | None:
    """The route that stands for that of a single command."""
    for kind, bodies in BODIES.items():
        place = f"{API}/{kind}s/{{entity_id}}"
        if path in {f"{place}/{act}" for act in bodies}:
            return f"{place}/{{command}}"
    return None


def _routes(app: FastAPI) -> str:
    lines = ["| route | who |", "|---|---|"]
    told = {(method, path): who for method, path, who in access_of(app)}
    in_order = sorted(told.items(), key=lambda it: (it[0][1].startswith(API), it[0][1], it[0][0]))
    for (method, path), who in in_order:
        if (generic := _generic(path)) and told.get((method, generic)) == who:
            continue
        if who is None:
            said = "**nobody has said**"
        elif isinstance(who, str):
            said = f"anybody: {who}"
        else:
            said = ", ".join(f"`{role}`" for role in Role if role in who)
        lines.append(f"| `{method} {path}` | {said} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
