"""What tables of figures are made of: cells that say a figure and where it leads, and files."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from store.insight_views import Span, Spread
from store.insights import FEW, Which
from texts import gettext as _
from texts import numbers


@dataclass(frozen=True)
class Cell:
    """One figure: as it is for programs, as people read it, and where the cases behind it are."""

    value: str | int | None
    text: str
    href: str = ""
    note: str = ""
    """What has to be said with it, such as that it rests on few."""


Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    key: str
    """The header in a file."""
    label: str
    means: str


@dataclass(frozen=True)
class Table:
    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def column(self, key: str) -> int:
        return [column.key for column in self.columns].index(key)

    @property
    def numbers(self) -> frozenset[int]:
        """The columns that hold numbers, which stand one below the other."""
        return frozenset(
            n
            for n, column in enumerate(self.columns)
            if column.key.endswith(("_minutes", "_permille"))
            or any(isinstance(row[n].value, int) for row in self.rows)
        )


def head(key: str, label: str, *means: str) -> Column:
    return Column(key, _(label), " ".join(_(one) for one in means))


# Addresses. -----------------------------------------------------------------------------------


def days(span: Span) -> dict[str, str]:
    """A span as an address says it: both days are included."""
    last: date = (span.until - timedelta(days=1)).date()
    said = {"since": span.since.date().isoformat(), "until": last.isoformat()}
    place = {"team": span.team, "channel": span.channel}
    return said | {name: value for name, value in place.items() if value}


def address(path: str, span: Span, **more: object) -> str:
    chosen = {name: value for name, value in more.items() if value is not None}
    return f"{path}?{urlencode({**days(span), **chosen})}"


def cases(span: Span, **which: object) -> str:
    """Where the moves behind a figure are listed."""
    said = Which.model_validate(which).model_dump(exclude_none=True, mode="json")
    return address("/insights/cases", span, **{name: _asked(one) for name, one in said.items()})


def _asked(value: object) -> object:
    """As an address says it."""
    return str(value).lower() if isinstance(value, bool) else value


# Cells. ---------------------------------------------------------------------------------------


def word(text: str, value: str | None = None) -> Cell:
    return Cell(text if value is None else value, text)


def count(n: int, href: str = "") -> Cell:
    return Cell(n, numbers.number(n), href if n else "")


def length(minutes: int | None) -> str:
    """Minutes as people read them."""
    if minutes is None:
        return "–"
    if minutes >= 48 * 60:
        return _("%(count)s d", count=numbers.tenths(minutes / 1440))
    if minutes >= 120:
        return _("%(count)s h", count=numbers.tenths(minutes / 60))
    return _("%(count)s min", count=minutes) if minutes else _("less than a minute")


def longest(minutes: int | None, escalation_id: str | None) -> Cell:
    """How long the longest has been owed; it leads to that very case."""
    href = f"/escalation/{escalation_id}" if escalation_id else ""
    return Cell(minutes, length(minutes), href)


def half(spread: Spread, href: str) -> Cell:
    """What half of them took at most; ``href``: all that it rests on."""
    return _rank(spread.half, spread.n, href)


def nine_tenths(spread: Spread, href: str) -> Cell:
    return _rank(spread.nine_tenths, spread.n, href)


def _rank(minutes: int | None, n: int, href: str) -> Cell:
    note = _("of %(n)s only", n=n) if 0 < n < FEW else ""
    return Cell(minutes, length(minutes), href if n else "", note)


def share(part: int, whole: int, href: str) -> Cell:
    """In thousandths for programs, in hundredths for people; ``href``: the part."""
    if not whole:
        return Cell(None, "–")
    note = _("of %(whole)s only", whole=whole) if whole < FEW else ""
    return Cell(part * 1000 // whole, percent(part, whole), href if part else "", note)


def percent(part: int, whole: int) -> str:
    return numbers.percent(part, whole)


# Files. ---------------------------------------------------------------------------------------

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def safe(value: str | int | None) -> str | int:
    """A cell of a file that no spreadsheet runs: text that looks like a formula is quoted."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_DANGEROUS):
        return f"'{value}"
    return "" if value is None else value


def as_csv(table: Table, home: str) -> str:
    """The table after RFC 4180, with a line of headers. After all figures stands, for each column
    of them, where the cases behind it are; ``home`` is what such an address begins with."""
    leading = [n for n in range(len(table.columns)) if any(row[n].href for row in table.rows)]
    text = io.StringIO()
    writer = csv.writer(text)
    keys = [column.key for column in table.columns]
    writer.writerow([*keys, *(f"{keys[n]}_link" for n in leading)])
    for row in table.rows:
        behind = (home + row[n].href if row[n].href else "" for n in leading)
        writer.writerow([*(safe(cell.value) for cell in row), *behind])
    return text.getvalue()
