"""`answerable people`: who works with the service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from answerable.surroundings import Data, Trouble, open_database, read_settings
from domain.people import Role

if TYPE_CHECKING:
    from sqlmodel import Session

app = typer.Typer(name="people", help="List, add, change and remove people.")

By = Annotated[str, typer.Option(metavar="ID", help="The person who is named for it.")]
"""Who stands in the ledger for what a command changes."""


def named(session: Session, by: str) -> str:
    """Who is named for a change: somebody who works here, or root, who may be nobody in person:
    before the first person is added, there is only whoever sits at the machine."""
    from domain.house import ROOT
    from store import people as store

    return by if by == ROOT else store.actor(session, by).id


@app.callback(invoke_without_command=True)
def people(context: typer.Context, data: Data = None) -> None:
    """List everybody, with roles and teams; a team's lead is marked."""
    if context.invoked_subcommand is None:
        _list(data)
    elif data is not None:
        raise typer.BadParameter(f"write --data behind `people {context.invoked_subcommand}`")


def _list(data: Data) -> None:
    from rich.console import Console
    from rich.table import Table

    from store import people as store

    table = Table("id", "name", "roles", "teams", "email", "", box=None, pad_edge=False)
    with open_database(read_settings(data)) as database, database.reading() as session:
        for person, memberships in store.everybody(session):
            teams = [f"{m.team_id} (lead)" if m.is_lead else m.team_id for m in memberships]
            table.add_row(
                person.id,
                person.name,
                ", ".join(person.roles),
                ", ".join(sorted(teams)),
                person.email or "",
                "" if person.is_active else "has left",
            )
    Console(markup=False, highlight=False).print(table)


@app.command()
def add(
    person: Annotated[str, typer.Argument(metavar="ID", help="Short, lower case: ada")],
    role: Annotated[list[Role], typer.Option(help="What they may do; may be given again.")],
    name: Annotated[str | None, typer.Option(help="As people read it. (default: ID)")] = None,
    team: Annotated[
        list[str] | None,
        typer.Option(metavar="TEAM[:lead]", help="Where they work; may be given again."),
    ] = None,
    email: Annotated[str | None, typer.Option(help="Where notices go.")] = None,
    manager: Annotated[
        str | None, typer.Option(metavar="ID", help="Who is asked where they are not there.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="Where they work: Europe/Berlin")] = None,
    hours: Annotated[
        str | None,
        typer.Option(
            help="When they work, in their zone: 'mon-fri 09:00-17:00, sat 10:00-12:00'. "
            "(default: told at any hour)"
        ),
    ] = None,
    by: By = "root",
    data: Data = None,
) -> None:
    """Add a person, or set everything of one who is known already."""
    from store import people as store

    teams = dict(_team(given) for given in team or [])
    with open_database(read_settings(data)) as database, database.writing() as session:
        store.put_person(
            session,
            _checked(person),
            name or person,
            role,
            teams,
            datetime.now(UTC),
            email,
            by=named(session, by),
            manager=manager,
            zone=zone,
            hours=hours,
        )
    typer.echo(f"{person} is there. A token for them: answerable token create {person}")


def _checked(person: str) -> str:
    """The id as the rules want it, because it stands in links, logs and the ledger."""
    from pydantic import TypeAdapter, ValidationError

    from domain.policy import Id

    try:
        return TypeAdapter[str](Id).validate_python(person)
    except ValidationError:
        raise Trouble(
            f"'{person}' cannot be an id. Use at most 40 of a to z, 0 to 9, - and _, "
            "beginning with a letter or digit."
        ) from None


def _team(given: str) -> tuple[str, bool]:
    team, colon, position = given.partition(":")
    if colon and position != "lead":
        raise typer.BadParameter(f"'{given}' is neither TEAM nor TEAM:lead", param_hint="--team")
    return team, bool(colon)


@app.command()
def show(
    person: Annotated[str, typer.Argument(metavar="ID")],
    data: Data = None,
) -> None:
    """Everything about one person: whether they are there, and who stands for whom."""
    from store import absences, roster
    from store import people as store

    at = datetime.now(UTC)
    with open_database(read_settings(data)) as database, database.reading() as session:
        row = store.known(session, person)
        lines = [("name", row.name), ("email", row.email), ("roles", ", ".join(row.roles))]
        if row.is_active:
            actor = store.actor(session, person, at)
            teams = [f"{t} (lead)" if t in actor.leads else t for t in sorted(actor.teams)]
            lines.append(("teams", ", ".join(teams)))
            lines.append(("decides for", ", ".join(actor.stands_for)))
        lines += [("manager", row.manager), ("zone", row.zone), ("hours", row.hours)]
        opens = roster.next_at(session, person, at)
        there = "now" if opens == at else f"from {opens:%Y-%m-%d %H:%M} UTC on"
        lines.append(("there", there if row.is_active else "has left"))
        for absence in absences.absences(session, at, person):
            deputy = absences.deputy_of(session, absence)
            in_place = f", deputy {deputy}" if deputy else ""
            lines.append(("absent", f"{_span(absence)}{in_place} ({absence.id})"))
        for given in absences.delegations(session, at, person):
            pair = f"{given.person_id} to {given.delegate}"
            lines.append(("delegation", f"{pair}, {_span(given)} ({given.id})"))
    for label, value in lines:
        if value:
            typer.echo(f"{label:<13}{value}")


def _span(row: Any) -> str:
    return f"{row.since:%Y-%m-%d %H:%M} to {row.until:%Y-%m-%d %H:%M} UTC"


@app.command()
def remove(
    person: Annotated[str, typer.Argument(metavar="ID")],
    by: By = "root",
    data: Data = None,
) -> None:
    """Let a person leave: no sign-in, no tokens, no notices. What they did stays on record."""
    from store import people as store

    with open_database(read_settings(data)) as database, database.writing() as session:
        owned = store.remove_person(session, person, datetime.now(UTC), by=named(session, by))
    typer.echo(f"{person} has left.")
    if owned:
        typer.echo(f"{owned} open escalations are still theirs: have a lead assign them.", err=True)


# Signing in. ---------------------------------------------------------------------------------

Person = Annotated[str, typer.Argument(metavar="ID")]


@app.command()
def sessions(person: Person, data: Data = None) -> None:
    """Where a person is signed in at a browser."""
    from domain.house import ROOT
    from domain.people import Actor
    from store import sessions as store
    from store.sessions import Limits

    settings, at = read_settings(data), datetime.now(UTC)
    limits = Limits(settings.session_lifetime, settings.session_idle)
    asking = Actor(id=ROOT, roles=frozenset({Role.ADMIN}))
    with open_database(settings) as database, database.reading() as session:
        found = store.of_person(session, person, asking, at, limits)
    for item in found:
        typer.echo(
            f"{item.device or 'a browser':<24}seen {item.seen_at:%Y-%m-%d %H:%M} UTC, "
            f"began {item.began_at:%Y-%m-%d %H:%M} UTC"
        )
    if not found:
        typer.echo(f"{person} is signed in nowhere.", err=True)


@app.command()
def sign_out(person: Person, by: By = "root", data: Data = None) -> None:
    """Sign a person out everywhere. Tokens stay: see `answerable token revoke`."""
    from store import people as store
    from store import sessions

    with open_database(read_settings(data)) as database, database.writing() as session:
        store.known(session, person)
        count = sessions.end_those(session, person, datetime.now(UTC), by=named(session, by))
    typer.echo(f"{count} sessions ended.")


@app.command()
def bind(
    person: Person,
    subject: Annotated[
        str, typer.Argument(help="What the identity provider calls them for good: the claim sub.")
    ],
    by: By = "root",
    data: Data = None,
) -> None:
    """Let an account at the identity provider sign in as this person.

    Only needed where the provider does not vouch for their address, or it is not the one here.
    """
    from store import identities

    settings = read_settings(data)
    if settings.oidc_issuer is None:
        raise Trouble("No identity provider has been set up. Set ANSWERABLE_OIDC_ISSUER first.")
    with open_database(settings) as database, database.writing() as session:
        identities.bind(
            session,
            person,
            settings.oidc_issuer,
            subject,
            datetime.now(UTC),
            by=named(session, by),
        )
    typer.echo(f"{person} signs in with that account from now on.")


@app.command()
def release(person: Person, by: By = "root", data: Data = None) -> None:
    """Forget the accounts that a person signs in with, and end their sessions."""
    from store import identities

    with open_database(read_settings(data)) as database, database.writing() as session:
        count = identities.release(session, person, datetime.now(UTC), by=named(session, by))
    typer.echo(f"{count} accounts released.")
