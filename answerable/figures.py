"""`answerable figures`: how it went, for those who look at the whole."""

from __future__ import annotations

import csv
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from answerable.surroundings import Data, open_database, read_settings

app = typer.Typer(name="figures", help="How our promises went.", no_args_is_help=True)


@app.callback()
def figures() -> None:
    """How our promises went."""


class By(StrEnum):
    """As in ``store.figures``, whose libraries take long to load."""

    PERSON = "person"
    TEAM = "team"
    MONTH = "month"


COLUMNS = (
    "total", "open", "kept", "renegotiated", "kept_late", "still_broken", "withdrawn", "broken",
    "confirmed", "denied",
)  # fmt: skip

HYPHENATED = {
    "renegotiated": "renego-\ntiated",
    "withdrawn": "with-\ndrawn",
    "confirmed": "con-\nfirmed",
}
"""Heads that are broken in two, so that a table fits into eighty columns."""


@app.command()
def commitments(
    by: Annotated[By, typer.Option(help="One line for each.")] = By.TEAM,
    team: Annotated[str | None, typer.Option(metavar="ID", help="Only this team's.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Promises that are due from this day on (UTC).")
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="And before this one (UTC).")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, for other programs.")] = False,
    data: Data = None,
) -> None:
    """Promises kept, renegotiated, late, broken and withdrawn; executives are counted as all.

    `broken` are all whose date ever passed unkept, also those that were kept late or withdrawn
    since; every promise is in exactly one of the columns before it.
    """
    from store import figures as store

    with open_database(read_settings(data)) as database, database.reading() as session:
        page = store.commitments(
            session,
            None,
            by=store.By(by),
            team=team,
            since=since and since.replace(tzinfo=UTC),
            until=until and until.replace(tzinfo=UTC),
        )
    rows = [(item.key, item.name, *_counts(item)) for item in page.items]
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow((by.value, "name", *COLUMNS))
        writer.writerows(rows)
    else:
        _table(by.value, [*rows, ("", "all", *_counts(page.total))])


def _counts(item: object) -> tuple[int, ...]:
    return tuple(getattr(item, column) for column in COLUMNS)


def _table(by: str, rows: list[tuple[object, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(by, "name", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in COLUMNS:
        head = HYPHENATED.get(column) or column.replace("_", "\n")
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(*map(str, row))
    Console(markup=False, highlight=False).print(table)
