"""Reading comments out of files that others made: one record at a time, whatever is in it.

A record that cannot be read is told with its line number and stops nothing. Memory is bounded by
the longest record that is taken, not by the file.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

LONGEST = 4_000_000
"""Bytes of one line: far more than a comment of the longest text, with every letter escaped."""


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True)
class Record:
    """One comment as its file has it, or why there is none. ``line`` is where it begins."""

    line: int
    fields: dict[str, Any]
    problem: str = ""


def guess_format(path: Path, start: bytes) -> Format:
    """By its name, and where that says nothing, by how it begins."""
    if path.suffix.lower() in (".csv", ".tsv"):
        return Format.CSV
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        return Format.JSONL
    return Format.JSONL if start.lstrip(codecs.BOM_UTF8 + b" \t\r\n")[:1] in b"{[" else Format.CSV


def records(file: BinaryIO, kind: Format) -> Iterator[Record]:
    """Every record of a file, in order; blank lines are none."""
    return _json_lines(file) if kind is Format.JSONL else _csv_rows(file)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines; None for one that is too long to be held."""
    number = 0
    while line := file.readline(LONGEST):
        number += 1
        is_whole = line.endswith(b"\n") or len(line) < LONGEST
        while not line.endswith(b"\n") and len(line) == LONGEST:
            line = file.readline(LONGEST)
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        yield number, line if is_whole else None


def _json_lines(file: BinaryIO) -> Iterator[Record]:
    for number, line in _lines(file):
        if line is None:
            yield Record(number, {}, f"the line is longer than {LONGEST} bytes")
        elif line.strip():
            yield _json_record(number, line)


def _json_record(number: int, line: bytes) -> Record:
    try:
        found = json.loads(line.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        return Record(number, {}, f"not UTF-8 at byte {error.start + 1} of the line")
    except json.JSONDecodeError as error:
        return Record(number, {}, f"not JSON at character {error.pos + 1}: {error.msg}")
    except (RecursionError, ValueError) as error:
        return Record(number, {}, f"not JSON that can be read: {error}")
    if not isinstance(found, dict):
        return Record(number, {}, "not a JSON object; one object a line is wanted")
    return Record(number, found)


class _Rows:
    """Lines for the CSV reader, with the number of the line that it took last.

    Bytes that are no UTF-8 are kept as lone surrogates, so that only their own row is refused.
    Not a generator: that would end at the first error, and here the next line may be good.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._lines = _lines(file)
        self._peeked: str | None = None
        self.number = 0

    def peek(self) -> str:
        """The first line, which is still to come; empty where there is none."""
        self._peeked = next(self, "")
        return self._peeked

    def __iter__(self) -> _Rows:
        return self

    def __next__(self) -> str:
        if self._peeked is not None:
            peeked, self._peeked = self._peeked, None
            return peeked
        self.number, line = next(self._lines)
        if line is None:
            raise csv.Error(f"the line is longer than {LONGEST} bytes")
        return line.decode("utf-8", errors="surrogateescape")


def _csv_rows(file: BinaryIO) -> Iterator[Record]:
    csv.field_size_limit(LONGEST)
    lines = _Rows(file)
    reader = csv.reader(lines, delimiter=_delimiter(lines.peek()), strict=True)
    header = [name.strip() for name in next(reader, [])]
    while True:
        begins = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(begins, {}, f"not CSV: {error}")
            continue
        if any(cell.strip() for cell in row):
            yield Record(begins, *_csv_fields(header, row))


def _delimiter(header: str) -> str:
    """Whatever the header has most of: comma, semicolon or tab."""
    return max(",;\t", key=header.count)


def _csv_fields(header: list[str], row: list[str]) -> tuple[dict[str, Any], str]:
    if len(row) > len(header):
        return {}, f"the row has {len(row)} cells, the header {len(header)}"
    fields = {name: cell for name, cell in zip(header, row, strict=False) if cell != ""}
    if any(not _is_text(cell) for cell in fields.values()):
        return {}, "not UTF-8"
    return fields, ""


def _is_text(cell: str) -> bool:
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
