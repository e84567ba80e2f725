"""The command line: every command there is, and what happens when one cannot do its work.

One module for each group of commands; each loads what it needs when it is called, so that
``answerable --help`` is there at once.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

import typer

from answerable import (
    absences,
    backup,
    doctor,
    figures,
    importing,
    people,
    policy,
    replay,
    restore,
    serve,
    story,
    tokens,
    up,
    verify,
)
from domain.errors import AnswerableError, Refused

app = typer.Typer(
    name="answerable",
    help="Public comments in; decided, published and recorded answers out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RUN, BRING, KEEP = "Run", "People, policy and comments", "Look after it"

app.command(rich_help_panel=RUN)(up.up)
app.command(rich_help_panel=RUN)(serve.api)
app.command(rich_help_panel=RUN)(serve.worker)
app.command(rich_help_panel=RUN)(serve.migrate)
app.command(rich_help_panel=RUN)(story.story)
app.command("import", rich_help_panel=BRING)(importing.import_file)
app.add_typer(people.app, rich_help_panel=BRING)
app.add_typer(absences.app, rich_help_panel=BRING)
app.add_typer(absences.delegations, rich_help_panel=BRING)
app.add_typer(tokens.app, rich_help_panel=BRING)
app.add_typer(policy.app, rich_help_panel=BRING)
app.add_typer(figures.app, rich_help_panel=KEEP)
app.command(rich_help_panel=KEEP)(doctor.doctor)
app.command(rich_help_panel=KEEP)(backup.backup)
app.command(rich_help_panel=KEEP)(restore.restore)
app.command(rich_help_panel=KEEP)(replay.replay)
app.command(rich_help_panel=KEEP)(verify.verify)


def run() -> NoReturn:
    """Be the process of one command: do it, write out what it said, and end with its status.

    The interpreter is not taken down after it. A thread of Temporal's core may still be handing
    over an answer, and one that asks for the interpreter meanwhile aborts the process: a command
    that did all its work would end with status 134 (sdk-python issue 300, CPython issue 87135).
    """
    status = 0
    try:
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # Nothing is there where it was closed from the start.
                stream.flush()
        except BrokenPipeError:  # Whoever read has read enough.
            status = status or 1
        except OSError as error:
            status = status or 1
            with suppress(OSError):
                typer.echo(_file_trouble(error), err=True)
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command of this process, or the given one, and exit with its status."""
    try:
        app(arguments, prog_name="answerable")
    except AnswerableError as error:
        fail(sentence(error))
    except OSError as error:
        fail(_file_trouble(error))
    except Exception as error:
        # Loading SQLAlchemy only to name its errors would slow every command down.
        if type(error).__module__ != "sqlalchemy.exc":
            raise
        from answerable.surroundings import database_trouble

        fail(database_trouble(error))


def fail(message: str) -> None:
    typer.echo(message, err=True)
    sys.exit(1)


def sentence(error: AnswerableError) -> str:
    """What a person reads: what was refused, and the way out."""
    parts = (error.message, error.way_out) if isinstance(error, Refused) else (str(error),)
    return " ".join(_finished(part) for part in parts if part)


def _finished(part: str) -> str:
    return part[0].upper() + part[1:] + ("" if part[-1] in ".!?" else ".")


def _file_trouble(error: OSError) -> str:
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}. Check the path, its rights and the free space."
