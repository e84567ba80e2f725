"""`answerable policy`: the one TOML file that says how this organisation answers."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.people import By, named
from answerable.surroundings import Data, Trouble, open_database, read_settings

if TYPE_CHECKING:
    from sqlmodel import Session

    from api.policy_review import Removal
    from domain.calendar import Calendar
    from domain.policy import Policy
    from policy.checks import Person
    from policy.file import Examined
    from store.policies import InForce

app = typer.Typer(
    name="policy", help="Check, compare, try out, apply and show the policy.", no_args_is_help=True
)

File = Annotated[Path, typer.Argument(help="A TOML file; `policy show` prints the one in force.")]

SHOWN = 20
"""Dates that would move, and escalations, that are listed one by one."""


_HEADER = re.compile(r"\A(?:# Version \d+, by .*\n)+")
"""What ``show`` puts above a file, so that it is not kept as a part of it."""


class Format(StrEnum):
    TOML = "toml"
    JSON = "json"


@app.command()
def check(file: File, data: Data = None) -> None:
    """Say everything that is wrong with a policy, and what its calendars come to.

    Exits with 1 if there are errors. Holidays and changes of the clocks are shown as dates, for
    somebody to look at. Without a database it says nothing about people.
    """
    from api.policy_review import people_as_checked

    people = None
    if _has_database(data):
        with open_database(read_settings(data)) as database, database.reading() as session:
            people = people_as_checked(session)
    found = _examined(file, people)
    for line in _previews(found.policy.calendars.values() if found.policy else ()):
        typer.echo(line)
    _tell(file, found)
    if people is None:
        typer.echo("There is no database here, so nothing was said about people.", err=True)
    if found.policy is None:
        raise typer.Exit(1)
    typer.echo(f"{file} can be applied.")


@app.command()
def diff(file: File, data: Data = None) -> None:
    """Say what would change, key by key, against the policy in force. Nothing is changed by it."""
    from api.policy_review import people_as_checked, removals

    with open_database(read_settings(data)) as database, database.reading() as session:
        in_force, known = _in_force(session), people_as_checked(session)
        found = _sound(file, known)
        changes = list(_changes(in_force, found))
        for line in changes or [f"Nothing would change; version {in_force.version} says the same."]:
            typer.echo(line)
        assert found.policy is not None
        for line in (
            *_going(removals(session, in_force, found, known)),
            *_moved(session, found.policy),
        ):
            typer.echo(line)


@app.command()
def dates(data: Data = None) -> None:
    """List the running dates that the calendars in force would put elsewhere. Moves nothing.

    What is open keeps the calendar it opened with, until its team's lead or an executive accepts
    the newer one for it: "Accept the newer calendar" on its page, or its command accept_calendar
    with the date that is listed here.
    """
    with open_database(read_settings(data)) as database, database.reading() as session:
        lines = list(_moved(session, _in_force(session).policy))
    for line in lines or ["No running date would change under the calendars in force."]:
        typer.echo(line)


@app.command()
def apply(
    file: File,
    reason: Annotated[
        str | None, typer.Option(help="Why; kept with the version. The first one needs none.")
    ] = None,
    by: By = "root",
    accept: Annotated[
        bool, typer.Option("--accept", help="The calendars are right as `policy check` shows them.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Teams and channels in use may go, as `diff` tells.")
    ] = False,
    data: Data = None,
) -> None:
    """Put a policy in force for everything that opens from now on.

    What is open keeps the terms it opened with. Versions before it stay as they are.
    """
    from api.policy_review import fresh_calendars, people_as_checked, put_in_force, removals
    from store import policies

    with open_database(read_settings(data)) as database:
        with database.reading() as session:
            before, known = policies.current(session), people_as_checked(session)
            found = _sound(file, known)
            going = removals(session, before, found, known)
        assert found.policy is not None
        is_same = before is not None and before.digest == policies.digest_of(found.policy)
        if before is not None and not is_same and not (reason and reason.strip()):
            raise Trouble("A change of policy needs a reason. Say it with --reason.")
        _have_accepted(fresh_calendars(before, found.policy), accept)
        _may_go(going, remove)
        with database.writing() as session:
            version = put_in_force(
                session,
                found,
                named(session, by),
                datetime.now(UTC),
                source=_HEADER.sub("", file.read_text(encoding="utf-8")),
                reason=(reason or "").strip(),
            )
    typer.echo(f"Version {version} is in force{' already' if is_same else ''}.")


@app.command()
def show(
    version: Annotated[int | None, typer.Option(help="(default: the one in force)")] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="The file as it was written, or its tables as JSON.")
    ] = Format.TOML,
    data: Data = None,
) -> None:
    """Print a version of the policy, as the file that can be changed and applied again."""
    from store import policies

    with open_database(read_settings(data)) as database, database.reading() as session:
        chosen = _in_force(session) if version is None else policies.version(session, version)
    if format_ is Format.JSON:
        typer.echo(json.dumps(_as_json(chosen), indent=2, ensure_ascii=False))
        return
    # ``apply`` takes this line out again.
    why = f": {_one_line(chosen.reason)}" if chosen.reason else ""
    typer.echo(f"# Version {chosen.version}, by {chosen.by} on {chosen.at:%Y-%m-%d}{why}")
    typer.echo(_source(chosen), nl=False)


@app.command()
def simulate(
    file: File,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what came in since (UTC).")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 1000,
    data: Data = None,
) -> None:
    """Route past comments through a draft: what would have been different?

    Reads only. Compared is what the policy in force makes of the same comments today.
    """
    from api.policy_review import people_as_checked, removals
    from policy.simulation import simulate as run
    from store import remarks

    with open_database(read_settings(data)) as database, database.reading() as session:
        in_force, known = _in_force(session), people_as_checked(session)
        found = _sound(file, known)
        assert found.policy is not None
        for line in _going(removals(session, in_force, found, known)):
            typer.echo(line)
        begin = since.replace(tzinfo=UTC) if since else None
        result = run(in_force.policy, found.policy, remarks.that_opened(session, last, begin))
    typer.echo(f"{result.changed} of {result.looked_at} escalations would have been different.")
    if result.differences:
        _table(
            ("what", "in force", "by the draft", "how many", "for example"),
            [(d.what, d.was, d.would_be, str(d.count), d.examples) for d in result.differences],
        )
    if result.unroutable:
        named = ", ".join(result.unroutable[:SHOWN])
        typer.echo(f"{len(result.unroutable)} came in on channels the draft does not have: {named}")


# Files. --------------------------------------------------------------------------------------


def _examined(file: Path, people: dict[str, Person] | None) -> Examined:
    """Everything there is to say about a file. Raises Trouble where it cannot be read at all."""
    from api.policy_review import look
    from policy.problems import BadPolicy

    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Trouble(f"There is no file {file}. Name the policy's TOML file.") from None
    except UnicodeDecodeError:
        raise Trouble(f"{file} is not UTF-8 text. Save it as UTF-8.") from None
    try:
        return look(text, datetime.now(UTC), people)
    except BadPolicy as error:
        raise Trouble("\n".join(_lines(file, error.problems))) from None


def _sound(file: Path, people: dict[str, Person]) -> Examined:
    """The same, for a file that must have no errors. Warnings are told."""
    found = _examined(file, people)
    _tell(file, found)
    if found.policy is None:
        raise Trouble(f"Nothing was done: {len(found.errors)} errors.")
    return found


def _tell(file: Path, found: Examined) -> None:
    for line in (*_lines(file, found.errors), *_lines(file, found.warnings)):
        typer.echo(line, err=True)


def _lines(file: Path, problems: Iterable[object]) -> Iterator[str]:
    from policy.problems import Problem

    for problem in problems:
        assert isinstance(problem, Problem)
        line = f":{problem.line}" if problem.line else ""
        yield f"{file}{line}: {'warning: ' if problem.is_warning else ''}{problem}"


def _source(version: InForce) -> str:
    from api.policy_review import source_of

    source = source_of(version)
    if source is None:
        raise Trouble(
            f"Version {version.version} was applied by a program, without a file. "
            "Read it with GET /api/v1/policy."
        )
    return source


def _as_json(version: InForce) -> dict[str, object]:
    from api.policy_review import file_of

    return {
        "version": version.version,
        "digest": version.digest,
        "by": version.by,
        "at": version.at.isoformat(),
        "reason": version.reason,
        "policy": file_of(version).model_dump(mode="json", exclude_unset=True, exclude_none=True),
    }


def _one_line(text: str) -> str:
    """A reason as a comment of one line, whatever stands in it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


# What is there. ------------------------------------------------------------------------------


def _has_database(data: Path | None) -> bool:
    from sqlalchemy import make_url

    url = make_url(read_settings(data).url)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()


def _in_force(session: Session) -> InForce:
    from store import policies

    found = policies.current(session)
    if found is None:
        raise Trouble("No policy has been applied. Apply one with `answerable policy apply FILE`.")
    return found


# What would change. --------------------------------------------------------------------------


def _changes(in_force: InForce, found: Examined) -> Iterator[str]:
    from api.policy_review import file_of
    from policy.difference import calendar_differences, differences

    assert found.policy is not None
    yield from map(str, differences(file_of(in_force), found.file))
    yield from map(str, calendar_differences(in_force.policy.calendars, found.policy.calendars))


def _moved(session: Session, policy: Policy) -> Iterator[str]:
    from api.policy_review import moves
    from domain.calendar import clock

    found = moves(session, policy)
    if not found:
        return
    yield (
        f"{len(found)} running deadlines would be others by these calendars. They stay as they "
        "are, each until a lead or an executive accepts the new date (accept_calendar)."
    )
    for move in found[:SHOWN]:
        old, new = (clock(move.calendar, at) for at in (move.moved.old_due, move.moved.new_due))
        yield f"  {move.moved.stream}, {move.moved.stage}: {old}; it would be {new}"
    if len(found) > SHOWN:
        yield f"  and {len(found) - SHOWN} more"


def _going(removed: Iterable[Removal]) -> Iterator[str]:
    """What a draft takes away though something hangs on it, a line for each."""
    for one in removed:
        use = one.use
        counts = {
            "open escalations": use.cases,
            "posts that are not out": use.posts,
            "open promises": use.promises,
            "members": use.members,
        }
        hanging = ", ".join(f"{what}: {count}" for what, count in counts.items() if count)
        yield f"{one.section}.{one.id} goes, and is in use ({hanging})."


def _previews(calendars: Iterable[Calendar]) -> Iterator[str]:
    from policy.calendars import preview

    for calendar in calendars:
        first, *rest = preview(calendar)
        yield first
        yield from (f"  {line}" for line in rest)


def _have_accepted(fresh: tuple[Calendar, ...], is_accepted: bool) -> None:
    """Holidays come out of a library, and somebody who knows the organisation looks at them once.
    Raises Trouble where nobody has."""
    if not fresh or is_accepted:
        return
    for line in _previews(fresh):
        typer.echo(line, err=True)
    if not sys.stdin.isatty():
        raise Trouble("Look at the calendars above. If they are right, apply with --accept.")
    if not typer.confirm("Are these calendars right?", err=True):
        raise Trouble("Nothing was done. Correct the calendars in the file.")


def _table(head: Iterable[str], rows: Iterable[tuple[str | list[str], ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*head, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("\n".join(cell) if isinstance(cell, list) else cell for cell in row))
    Console(markup=False, highlight=False).print(table)


def _may_go(removed: tuple[Removal, ...], is_accepted: bool) -> None:
    """Teams and channels in use go only where somebody says so. Raises Trouble where nobody has."""
    if not removed or is_accepted:
        return
    for line in _going(removed):
        typer.echo(line, err=True)
    if not sys.stdin.isatty():
        raise Trouble("Put them back into the file. If they may go, apply with --remove.")
    if not typer.confirm("May these go?", err=True):
        raise Trouble("Nothing was done. Put them back into the file.")
