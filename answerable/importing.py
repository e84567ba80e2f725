"""`answerable import`: comments out of a file into the inbox, and on to their escalations."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TextIO

import typer

from answerable.progress import bar
from answerable.sources import Format, Record, guess_format, records
from answerable.surroundings import Data, Trouble, connect_temporal, open_database, settings_for
from domain.errors import AnswerableError

if TYPE_CHECKING:
    from answerable.mapping import Mapping
    from config.settings import Settings
    from domain.comments import Incoming
    from domain.policy import Policy
    from store.database import Database

CHUNK = 500
"""Comments of one transaction: it holds SQLite's one writing lock for about a tenth of a second."""

SHOWN = 20
"""Rejected lines that are shown; all of them go into the file of ``--rejects``."""

PATIENCE = 30.0
"""Seconds without one hand-over after which the rest is left to the sweep."""

RESULTS = ("opened", "joined", "repeated", "revised", "skipped", "rejected")


def import_file(
    file: Annotated[Path, typer.Argument(help="JSON lines or CSV.")],
    channel: Annotated[
        str | None, typer.Option(help="The channel of every comment, whatever the file says.")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FIELD=NAME", help="Take our FIELD from theirs; may be given again."
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Skip what does not have this value."),
    ] = None,
    backlog: Annotated[
        bool, typer.Option("--backlog", help="Old comments: open them without ladders.")
    ] = False,
    format_: Annotated[
        Format | None, typer.Option("--format", help="(default: told by the file)")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Write every rejected line's number and reason here.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until everything has been handed over.")
    ] = True,
    data: Data = None,
) -> None:
    """Bring comments in from a file.

    Safe to stop and to repeat: what is there already is recognised by channel and external_id.
    Exits with 1 if a line was rejected.
    """
    from answerable.mapping import Mapping, pairs

    mapping = Mapping(channel, pairs(map_ or [], "--map"), pairs(only or [], "--only"))
    settings = settings_for(data)
    with open_database(settings) as database:
        policy = _policy(database, channel)
        intake = Intake(settings, database, policy, mapping, is_backlog=backlog)
        _take_in(intake, file, format_, rejects)
        _report(intake, mapping)
        if wait:
            _hand_over(database)
    if intake.counts["rejected"]:
        raise typer.Exit(1)


def _policy(database: Database, channel: str | None) -> Policy:
    from store import policies

    with database.reading() as session:
        in_force = policies.current(session)
    if in_force is None:
        raise Trouble(
            "No policy is in force, so no channel is known. Run `answerable policy apply FILE`."
        )
    known = sorted(in_force.policy.channels)
    if channel is not None and channel not in known:
        raise Trouble(f"There is no channel '{channel}'. Use one of: {', '.join(known)}.")
    return in_force.policy


# From the file into the inbox. ---------------------------------------------------------------


@dataclass
class Intake:
    """Takes records into the inbox, a chunk at a time, and counts what became of them."""

    settings: Settings
    database: Database
    policy: Policy
    mapping: Mapping
    is_backlog: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    on_reject: Callable[[int, str], None] = lambda line, reason: None
    waiting: list[Incoming] = field(default_factory=list)
    last_line: int = 0
    """Everything up to this line is safely in."""

    def take(self, source: Iterator[Record]) -> Iterator[None]:
        """Take every record; stops for a breath after each one, so that progress can be shown."""
        line = 0
        for record in source:
            line = record.line
            self._take(record)
            if len(self.waiting) >= CHUNK:
                self._store(line)
            yield
        self._store(line)

    def _take(self, record: Record) -> None:
        from answerable.mapping import Unusable, check

        try:
            if record.problem:
                raise Unusable(record.problem)
            if not self.mapping.is_wanted(record):
                self.counts["skipped"] += 1
                return
            comment = self.mapping.comment(record)
            check(comment, self.policy, datetime.now(UTC), self.settings.max_text)
            self.waiting.append(comment)
        except Unusable as reason:
            self._reject(record.line, str(reason))

    def _reject(self, line: int, reason: str) -> None:
        self.counts["rejected"] += 1
        self.on_reject(line, reason)
        if len(self.rejected) < SHOWN:
            self.rejected.append((line, reason))

    def _store(self, line: int) -> None:
        from store import inbox

        at = datetime.now(UTC)
        receipts = inbox.receive(self.database, self.waiting, at, is_backlog=self.is_backlog)
        self.counts.update(receipt.result.value for receipt in receipts)
        self.waiting.clear()
        self.last_line = line


def _take_in(intake: Intake, path: Path, kind: Format | None, rejects: Path | None) -> None:
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(_opened(path))
        if rejects is not None:
            intake.on_reject = _writer(stack.enter_context(rejects.open("w", encoding="utf-8")))
        move = stack.enter_context(bar("Into the inbox", path.stat().st_size))
        source = records(file, kind or _guess(path, file))
        try:
            for _ in intake.take(source):
                move(file.tell())
        except KeyboardInterrupt:
            stack.close()
            typer.echo(
                f"Stopped. Everything up to line {intake.last_line} is in. "
                "Run the same command again to go on.",
                err=True,
            )
            raise typer.Exit(130) from None


def _opened(path: Path) -> BinaryIO:
    if path.is_dir():
        raise Trouble(f"{path} is a folder. Name a file of JSON lines or CSV.")
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise Trouble(f"There is no file {path}. Check its name.") from None


def _guess(path: Path, file: BinaryIO) -> Format:
    start = file.read(4096)
    file.seek(0)
    return guess_format(path, start)


def _writer(file: TextIO) -> Callable[[int, str], None]:
    def write(line: int, reason: str) -> None:
        file.write(json.dumps({"line": line, "reason": reason}, ensure_ascii=False) + "\n")

    return write


def _report(intake: Intake, mapping: Mapping) -> None:
    for name in RESULTS:
        typer.echo(f"{name:<10}{intake.counts[name]:>10}")
    for line, reason in intake.rejected:
        typer.echo(f"line {line}: {reason}", err=True)
    if more := intake.counts["rejected"] - len(intake.rejected):
        typer.echo(f"… and {more} more; --rejects FILE writes all of them.", err=True)
    if mapping.unseen and intake.counts.total():
        names = ", ".join(sorted(mapping.unseen))
        typer.echo(f"No line has a field called {names}. Is the name right?", err=True)


# From the inbox to the workflows. ------------------------------------------------------------


def _hand_over(database: Database) -> None:
    """Have a worker hand over what waits, and watch. Whatever happens here, nothing is lost."""
    if not _count(database):
        return
    try:
        asyncio.run(_nudge())
    except AnswerableError as error:
        typer.echo(f"{_count(database)} comments wait safely in the inbox: {error}", err=True)
        return
    try:
        left = _watch(database)
    except KeyboardInterrupt:
        left = _count(database)
    if left:
        typer.echo(
            f"{left} comments wait safely in the inbox and are handed over when the worker gets "
            "to them. If that takes long, `answerable doctor` says why.",
            err=True,
        )


async def _nudge() -> None:
    from intake import handover

    await handover.nudge(await connect_temporal())


def _count(database: Database) -> int:
    from store import inbox

    with database.reading() as session:
        return inbox.count_waiting(session)


def _watch(database: Database) -> int:
    """Show the inbox emptying; answers what is left once that has come to a stop."""
    left = most = _count(database)
    what = "1 comment" if most == 1 else f"{most} comments"
    typer.echo(f"Handing over {what} …", err=True)
    moved_at = time.monotonic()
    with bar("Handed over", most) as move:
        while left and time.monotonic() - moved_at < PATIENCE:
            time.sleep(0.2)
            now = _count(database)
            if now != left:
                moved_at = time.monotonic()
            left, most = now, max(most, now)
            move(most - left, most)
    return left
