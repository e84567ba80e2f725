"""`answerable absence` and `answerable delegate`: who is away, who comes in their place, and who
may decide for whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import TYPE_CHECKING, Annotated

import typer

from answerable.people import By, named
from answerable.surroundings import Data, Trouble, open_database, read_settings

if TYPE_CHECKING:
    from sqlmodel import Session

app = typer.Typer(name="absence", help="Who is away, and their deputies.", no_args_is_help=True)
delegations = typer.Typer(
    name="delegate", help="Let somebody decide for somebody else.", no_args_is_help=True
)

Person = Annotated[str, typer.Argument(metavar="ID", help="Whose it is.")]
Since = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", help="The first day, or a moment. (default: now)"),
]
Until = Annotated[
    str, typer.Option("--until", metavar="DAY", help="The first day back, or a moment.")
]
Of = Annotated[str | None, typer.Argument(metavar="[ID]", help="Only theirs.")]


@app.command("add")
def add_absence(
    person: Person,
    until: Until,
    since: Since = None,
    deputy: Annotated[
        str | None, typer.Option(metavar="ID", help="Who comes in their place, decisions included.")
    ] = None,
    reason: Annotated[str, typer.Option(help="vacation, duty or other")] = "other",
    by: By = "root",
    data: Data = None,
) -> None:
    """Plan an absence. Days are those of the person's own zone."""
    from domain.house import Reason
    from store import absences

    if reason not in list(Reason):
        raise typer.BadParameter(f"'{reason}' is none of: {', '.join(Reason)}")
    at = datetime.now(UTC)
    with open_database(read_settings(data)) as database, database.writing() as session:
        begin, end = _times(session, person, since, until, at)
        row = absences.plan(
            session,
            person,
            begin,
            end,
            at,
            by=_arranging(session, by, person, deputy),
            reason=Reason(reason),
            deputy=deputy,
        )
        typer.echo(f"{row.id}  {person} is absent {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}.")


@app.command("end")
def end_absence(
    absence: Annotated[str, typer.Argument(help="Its id, as `absence list` shows it.")],
    by: By = "root",
    data: Data = None,
) -> None:
    """End an absence now, or call it off."""
    from store import absences

    with open_database(read_settings(data)) as database, database.writing() as session:
        row = absences.absence(session, absence)
        who = _arranging(session, by, row.person_id)
        absences.end(session, row, datetime.now(UTC), by=who)
        typer.echo(f"{row.person_id} is back.")


@app.command("list")
def list_absences(person: Of = None, data: Data = None) -> None:
    """Absences of now and those to come, as: id, person, from, until, reason, deputy."""
    from store import absences

    with open_database(read_settings(data)) as database, database.reading() as session:
        for row in absences.absences(session, datetime.now(UTC), person):
            deputy = absences.deputy_of(session, row)
            typer.echo(
                f"{_said(row.id, row.person_id, row.since, row.until)}  {row.reason}"
                + (f"  deputy {deputy}" if deputy else "")
            )


@delegations.command("give")
def give(
    person: Person,
    to: Annotated[str, typer.Argument(metavar="TO", help="Who may decide for them.")],
    until: Until,
    since: Since = None,
    may_pass_on: Annotated[
        bool, typer.Option("--may-pass-on", help="Whoever stands for TO may decide, too.")
    ] = False,
    by: By = "root",
    data: Data = None,
) -> None:
    """Let somebody decide on a person's behalf for a time. Each such decision says for whom."""
    from store import absences

    at = datetime.now(UTC)
    with open_database(read_settings(data)) as database, database.writing() as session:
        begin, end = _times(session, person, since, until, at)
        row = absences.give(
            session,
            person,
            to,
            begin,
            end,
            at,
            by=_arranging(session, by, person, to),
            may_pass_on=may_pass_on,
        )
        typer.echo(f"{row.id}  {to} decides for {person} until {end:%Y-%m-%d %H:%M} UTC.")


@delegations.command("end")
def end_delegation(
    delegation: Annotated[str, typer.Argument(help="Its id, as `delegate list` shows it.")],
    by: By = "root",
    data: Data = None,
) -> None:
    """End a delegation now."""
    from store import absences

    with open_database(read_settings(data)) as database, database.writing() as session:
        row = absences.delegation(session, delegation)
        who = _arranging(session, by, row.person_id)
        absences.take_back(session, row, datetime.now(UTC), by=who)
        typer.echo(f"{row.delegate} no longer decides for {row.person_id}.")


@delegations.command("list")
def list_delegations(person: Of = None, data: Data = None) -> None:
    """Delegations of now and those to come, as: id, whose, from, until, to whom."""
    from store import absences

    with open_database(read_settings(data)) as database, database.reading() as session:
        for row in absences.delegations(session, datetime.now(UTC), person):
            on = "  may pass on" if row.may_pass_on else ""
            said = _said(row.id, row.person_id, row.since, row.until)
            typer.echo(f"{said}  to {row.delegate}{on}")


def _arranging(session: Session, by: str, person: str, stand_in: str | None = None) -> str:
    """Who is named for it, where they may: root sits at the machine and may; others as at the
    door."""
    from domain.house import ROOT, check_may_arrange
    from store import people

    who = named(session, by)
    if who != ROOT:
        check_may_arrange(people.actor(session, who), person, stand_in)
    return who


def _times(
    session: Session, person: str, since: str | None, until: str, at: datetime
) -> tuple[datetime, datetime]:
    from zoneinfo import ZoneInfo

    from store import people

    zone = ZoneInfo(people.known(session, person).zone or "UTC")
    return _moment(since, zone, "--from") if since else at, _moment(until, zone, "--until")


def _moment(given: str, zone: tzinfo, option: str) -> datetime:
    """A day (its first moment) or a moment; without a zone of its own in the given one."""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            raise Trouble(
                f"{option} '{given}' is no day and no moment. Write 2026-12-24, or "
                "2026-12-24T13:00."
            ) from None
    else:
        moment = datetime.combine(day, time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _said(row_id: str, person: str, since: datetime, until: datetime) -> str:
    return f"{row_id}  {person}  {since:%Y-%m-%d %H:%M}  {until:%Y-%m-%d %H:%M}"
