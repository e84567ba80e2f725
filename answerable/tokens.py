"""`answerable token`: secrets with which programs act as a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from answerable.people import By, named
from answerable.surroundings import Data, Trouble, open_database, read_settings

app = typer.Typer(name="token", help="Make and revoke access tokens.", no_args_is_help=True)


@app.command()
def create(
    person: Annotated[str, typer.Argument(help="The person's id.")],
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Days it is good for. (default: no end)")
    ] = None,
    by: By = "root",
    data: Data = None,
) -> None:
    """Make a token for a person and print it, and nothing else. It is shown this once.

    Unless they make it themselves (--by), they are told that somebody did.
    """
    from store import people

    with open_database(read_settings(data)) as database, database.writing() as session:
        lifetime = timedelta(days=days) if days else None
        secret = people.create_token(
            session, person, datetime.now(UTC), lifetime=lifetime, by=named(session, by)
        )
    typer.echo(secret)


@app.command()
def revoke(
    person: Annotated[
        str | None, typer.Argument(help="Revoke every token and session of this person.")
    ] = None,
    secret_stdin: Annotated[
        bool,
        typer.Option("--secret-stdin", help="Revoke the one token read from standard input."),
    ] = False,
    by: By = "root",
    data: Data = None,
) -> None:
    """Revoke all tokens of a person, or one by its secret.

    The secret is read from standard input: arguments are seen by everybody on the machine.
    """
    from store import people

    if (person is None) is not secret_stdin:
        raise typer.BadParameter("give a person, or --secret-stdin, one of the two")
    secret = typer.get_text_stream("stdin").readline().strip() if secret_stdin else None
    if secret_stdin and not secret:
        raise Trouble("There is no secret on standard input. Pipe the token in, on one line.")
    with open_database(read_settings(data)) as database, database.writing() as session:
        if person is not None:
            people.known(session, person)
        count = people.revoke(
            session,
            datetime.now(UTC),
            by=named(session, by),
            secret=secret,
            person_id=person or "",
        )
    if secret and not count:
        raise Trouble("No token in force has this secret. It was revoked before, or is not ours.")
    typer.echo(f"{count} revoked.")
