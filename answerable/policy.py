"""`answerable policy`: the one TOML file that says how this organisation answers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from answerable.surroundings import Data, Trouble, open_database, read_settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from domain.policy import Policy

app = typer.Typer(name="policy", help="Apply and show the policy.", no_args_is_help=True)


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="A TOML file; `policy show` prints one.")],
    by: Annotated[str, typer.Option(help="The person who is named for it.")] = "root",
    data: Data = None,
) -> None:
    """Put a policy in force for everything that opens from now on."""
    from store import people, policies

    policy = read_policy(file)
    with open_database(read_settings(data)) as database, database.writing() as session:
        before = policies.current(session)
        if before is not None:  # The very first policy comes before anybody can be there.
            people.actor(session, by)
        version = policies.apply(session, policy, by, datetime.now(UTC))
    is_same = before is not None and before.version == version
    typer.echo(f"Version {version} is in force" + (" already." if is_same else "."))


@app.command()
def show(data: Data = None) -> None:
    """Print the policy in force as TOML, every default written out."""
    from store import policies

    with open_database(read_settings(data)) as database, database.reading() as session:
        in_force = policies.current(session)
    if in_force is None:
        raise Trouble("No policy has been applied. Apply one with `answerable policy apply FILE`.")
    typer.echo(f"# Version {in_force.version}")
    typer.echo(to_toml(in_force.policy.model_dump(mode="json", exclude_none=True)))


def read_policy(file: Path) -> Policy:
    """The policy a file holds. Raises Trouble that names file, key, value and the way out."""
    from pydantic import ValidationError

    from domain.policy import Policy

    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Trouble(f"There is no file {file}. Name the policy's TOML file.") from None
    except UnicodeDecodeError:
        raise Trouble(f"{file} is not UTF-8 text. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise Trouble(f"{file} is not TOML: {error}. Correct it there.") from None
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        raise Trouble("\n".join(f"{file}: {_problem(e)}" for e in error.errors())) from None
    unknown = list(_unknown(data, policy.model_dump(mode="json", exclude_unset=True)))
    if unknown:
        names = ", ".join(unknown)
        raise Trouble(f"{file}: nothing here is called {names}. Correct the name or take it out.")
    return policy


def _problem(error: ErrorDetails) -> str:
    path = ".".join(str(part) for part in error["loc"] if part != "[key]")
    said = error["msg"].removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"{path} is missing. Add it."
    if not path:
        return f"{said}. Correct it there."
    given = error["input"]
    value = f" is {given!r}" if isinstance(given, str | int | float | bool) else ""
    return f"{path}{value}: {said}. Correct it there."


def _unknown(given: Any, understood: Any, path: str = "") -> Iterator[str]:
    """The keys of the file that the policy did not take: a misspelt rule would silently be none."""
    if isinstance(given, dict):
        for key, value in given.items():
            if key not in understood:
                yield f"{path}{key}"
            else:
                yield from _unknown(value, understood[key], f"{path}{key}.")
    elif isinstance(given, list):
        for n, value in enumerate(given):
            yield from _unknown(value, understood[n], f"{path}{n}.")


def to_toml(table: dict[str, Any], path: str = "") -> str:
    """A table of plain values, tables and lists of tables as TOML; None must not be in it."""
    import json

    lines: list[str] = []
    tables: list[str] = []
    for key, value in table.items():
        name = f"{path}{key}"
        if isinstance(value, dict):
            tables.append(f"\n[{name}]\n{to_toml(value, f'{name}.')}")
        elif isinstance(value, list):
            tables += [f"\n[[{name}]]\n{to_toml(row, f'{name}.')}" for row in value]
        else:
            # A JSON string, number or boolean is written in the same way in TOML.
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join([*lines, *tables]).strip("\n")
