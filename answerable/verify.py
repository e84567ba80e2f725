"""`answerable verify`: is a case what was written? From the database, or from a file of the record.

A file needs neither the database nor anything that runs: it holds every byte that its hashes are
made of, and the salts of its words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from answerable.progress import bar
from answerable.surroundings import Data, Trouble, open_database, read_settings

if TYPE_CHECKING:
    from sqlmodel import Session

SAID = {
    "linked": "an entry is not linked to the one before",
    "columns": "an entry's row says something else than its bytes",
    "words": "words are not the ones that were bound",
    "unforked": "another history has claimed places in it",
    "folded": "the rules cannot be run over it",
    "snapshot": "it does not come to the state that is shown",
}
"""What it means that a check of ``store.proofs`` fails."""


def verify(
    things: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|STREAM]...",
            help="A file that was taken out of the record, or a case, such as escalation/01J….",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every case, and the ledger of the house.")
    ] = False,
    data: Data = None,
) -> None:
    """Check that cases are what was written: hashes, words, and the state that follows.

    Exits with 1 and names what is not so.
    """
    files = [thing for thing in things or () if "/" not in thing or Path(thing).is_file()]
    streams = [thing for thing in things or () if thing not in files]
    if not (files or streams or everything):
        raise Trouble("Name a file or a case, or say --all.")
    wrong = [f"{name}: {fault}" for name in files for fault in _of_file(Path(name))]
    count = len(files)
    if streams or everything:
        found = _of_database(streams, everything, data)
        wrong += found.wrong
        count += found.count
    for line in wrong:
        typer.echo(line, err=True)
    typer.echo(f"{count} verified, {len({line.partition(':')[0] for line in wrong})} broken.")
    if wrong:
        raise typer.Exit(1)


# From the database. ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    count: int
    wrong: list[str]


def _of_database(streams: list[str], everything: bool, data: Path | None) -> _Found:
    from sqlmodel import col, select

    from domain.house import HOUSE
    from store import proofs, tables

    wrong: list[str] = []
    with open_database(read_settings(data)) as database, database.reading() as session:
        if everything:
            of_cases = session.exec(select(col(tables.Snapshot.stream)))
            streams = [*streams, HOUSE, *sorted(of_cases)]
        with bar("Verified", len(streams)) as move:
            for n, name in enumerate(streams, 1):
                wrong += [f"{name}: {fault}" for fault in _faults(session, name, proofs)]
                session.expunge_all()
                move(n)
    return _Found(len(streams), wrong)


def _faults(session: Session, name: str, proofs: Any) -> Iterator[str]:
    stream = proofs.read(session, name)
    if not stream.entries:
        yield "there is no such case"
        return
    for check in proofs.checks(stream):
        if not check.ok:
            where = f" (entry {', '.join(map(str, check.seqs))})" if check.seqs else ""
            yield SAID[check.code] + where


# From a file. ---------------------------------------------------------------------------------


@dataclass
class _Entry:
    """A line of a file, in the shape in which a chain is looked at."""

    seq: int
    previous: str
    hash: str
    digest: str
    canonical: str
    words: list[dict[str, Any]]


def _of_file(path: Path) -> Iterator[str]:
    from domain.ledger import broken_at

    try:
        head, *rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        entries = [_Entry(**row) for row in rows]
        stream, told, last = head["stream"], head["entries"], head["head"]
        _check_format(head["format"])
    except (ValueError, TypeError, KeyError):
        yield "this is no file of the record"
        return
    if len(entries) != told or (entries and entries[-1].hash != last):
        yield f"it says that it has {told} entries and ends otherwise"
    broken = broken_at((entry, entry.canonical) for entry in entries)
    if broken is not None:
        yield f"{SAID['linked']} (entry {broken})"
    for entry in entries:
        yield from _faults_of(entry, stream)


def _check_format(said: str) -> None:
    from store.proofs import FORMAT

    if said != FORMAT:
        raise ValueError(said)


def _faults_of(entry: _Entry, stream: str) -> Iterator[str]:
    from store import proofs, words

    try:
        fact = json.loads(entry.canonical)
        bound = list(proofs.places(fact["data"]))
        is_same = (fact["stream"], fact["seq"]) == (stream, entry.seq)
    except (ValueError, KeyError, TypeError):
        yield f"{SAID['columns']} (entry {entry.seq})"
        return
    if not is_same:
        yield f"{SAID['columns']} (entry {entry.seq})"
    told = {(one.get("place"), one.get("id"), one.get("digest")): one for one in entry.words}
    for place in bound:
        one = told.get(place)
        if one is None or (one["text"] is not None and not _is_bound(one, place[2], words)):
            yield f"{SAID['words']} (entry {entry.seq})"


def _is_bound(one: dict[str, Any], digest: str, words: Any) -> bool:
    try:
        return bool(words.digest_of(one["salt"], one["text"]) == digest)
    except (ValueError, TypeError, KeyError):
        return False
