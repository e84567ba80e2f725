"""`answerable doctor`: looks at every part, and says what is wrong and what to do about it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import typer

from answerable.surroundings import Data, connect_temporal, database_at, settings_for
from domain.errors import AnswerableError

if TYPE_CHECKING:
    from temporalio.client import Client

    from answerable.checks import Finding
    from config.settings import Settings
    from store.database import Database

    Look = Callable[[str, Awaitable[list[Finding]]], Awaitable[None]]


def doctor(data: Data = None) -> None:
    """Look at every part, say what is wrong and what to do about it.

    Changes nothing. Exits with 1 if there is a problem.
    """
    settings = settings_for(data)
    findings = asyncio.run(examine(settings, _say))
    problems = [finding for finding in findings if not finding.ok]
    typer.echo(f"\n{len(problems)} problems." if problems else "\nAll is well.")
    if problems:
        raise typer.Exit(1)


def _say(finding: Finding) -> None:
    word = "ok" if finding.ok else "PROBLEM"
    color = ("green" if finding.ok else "red") if sys.stdout.isatty() else None
    typer.echo(f"{typer.style(f'{word:<9}', fg=color)}{finding.part:<12}{finding.said}")


async def examine(settings: Settings, say: Callable[[Finding], None]) -> list[Finding]:
    """Everything that was found, told as it is found. What depends on a broken part is left out,
    because it could say nothing else."""
    from answerable import checks

    findings: list[Finding] = []

    async def look(part: str, work: Awaitable[list[Finding]]) -> None:
        try:
            found = await work
        except AnswerableError as error:
            found = [checks.Finding(part, str(error), ok=False)]
        except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, too
            said = f"could not be checked: {type(error).__name__} {error}"
            found = [checks.Finding(part, said.split("\n", 1)[0], ok=False)]
        for finding in found:
            say(finding)
        findings.extend(found)

    await look("folder", checks.folder(settings))
    await look("sign-in", checks.sign_in(settings))
    await look("mail", checks.mail(settings))
    database = await _database(settings, look)
    client = await _client(look)
    if client:
        for part, of_temporal in checks.OF_TEMPORAL.items():
            await look(part, of_temporal(client))
    if database:
        for part, of_database in checks.OF_DATABASE.items():
            await look(part, of_database(settings, database))
    if client and database:
        for part, of_both in checks.OF_BOTH.items():
            await look(part, of_both(client, database))
    if database:
        database.dispose()
    return findings


async def _database(settings: Settings, look: Look) -> Database | None:
    found: list[Database] = []

    async def open_it() -> list[Finding]:
        from answerable.checks import Finding

        found.append(database_at(settings))
        return [Finding("database", f"{found[0].url.get_backend_name()}, its schema is today's")]

    await look("database", open_it())
    return found[0] if found else None


async def _client(look: Look) -> Client | None:
    found: list[Client] = []

    async def connect() -> list[Finding]:
        found.append(await connect_temporal())
        return []

    await look("temporal", connect())
    return found[0] if found else None
