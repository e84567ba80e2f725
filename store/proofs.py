"""Whether a stream is what was written: looked at anew each time, from the stored bytes.

The file of a case, ``answerable verify`` and the tests ask this. What is looked at are the bytes
themselves: that a row's own columns say the same is one of the checks, because lists and
searches read those.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from domain.entity import State, evolve
from domain.house import HOUSE
from domain.kinds import KINDS
from domain.ledger import GENESIS, Fact, broken_at
from store import records, tables, words
from store.record_views import Check, FileWords

NAMED = 10
"""Entries of which something is not so that a check names; the others are as wrong."""

_PART = 5_000
"""Words that are fetched by one statement: databases take only so many parameters."""

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, AssertionError, IndexError)
"""What folding says to facts that the rules can never have made. Bytes that somebody changed by
hand must not keep anybody from reading the rest."""


@dataclass(frozen=True)
class Told:
    """One entry, and the fact that its bytes say; None where they say none."""

    row: tables.LedgerEntry
    fact: Fact | None


@dataclass(frozen=True)
class Stream:
    """One stream as it is stored, read once from its beginning."""

    name: str
    entries: tuple[Told, ...]
    steps: tuple[tuple[Fact, State], ...]
    """Each fact with the state after it, for as far as they fold."""
    snapshot: tables.Snapshot | None
    forks: tuple[int, ...]
    """Places that two histories have claimed."""
    texts: dict[str, tables.Words]

    @property
    def broken_at(self) -> int | None:
        return broken_at((told.row, told.row.body) for told in self.entries)

    @property
    def head(self) -> str:
        return self.entries[-1].row.hash if self.entries else GENESIS


def read(session: Session, name: str) -> Stream:
    """A stream with the words it refers to; the same few statements, however long it is."""
    table, fork = tables.LedgerEntry, tables.Fork
    rows = session.scalars(
        select(table).where(col(table.stream) == name).order_by(col(table.seq), col(table.position))
    )
    entries = tuple(Told(row, _fact(row)) for row in rows)
    forks = session.scalars(select(col(fork.seq)).where(col(fork.stream) == name))
    refs = {ref for told in entries if told.fact for _, ref, _ in places(told.fact.data)}
    return Stream(
        name=name,
        entries=entries,
        steps=tuple(_fold(name, entries)),
        snapshot=session.get(tables.Snapshot, name),
        forks=tuple(sorted(set(forks))),
        texts=_texts(session, refs),
    )


def _fact(row: tables.LedgerEntry) -> Fact | None:
    try:
        return Fact.model_validate_json(row.body)
    except ValueError:
        return None


def _fold(name: str, entries: Iterable[Told]) -> Iterator[tuple[Fact, State]]:
    kind = KINDS.get(name.partition("/")[0])
    state: State | None = None
    for told in entries:
        if kind is None or told.fact is None:
            return
        try:
            state = evolve(kind, state, told.fact)
        except UNREADABLE:
            return
        yield told.fact, state


def _texts(session: Session, ids: Iterable[str]) -> dict[str, tables.Words]:
    wanted, table = sorted(set(ids)), tables.Words
    return {
        row.id: row
        for start in range(0, len(wanted), _PART)
        for row in session.scalars(
            select(table).where(
                col(table.id).in_(wanted[start : start + _PART]), col(table.bound_to).is_not(None)
            )
        )
    }


# Words. ---------------------------------------------------------------------------------------


def places(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str, str]]:
    """Where a fact refers to words: the place, their id, and the digest that binds them."""
    if isinstance(data, dict):
        if data.keys() == {"id", "digest"}:
            yield ".".join(path), str(data["id"]), str(data["digest"])
        else:
            for name, value in data.items():
                yield from places(value, (*path, str(name)))
    elif isinstance(data, list):
        for n, value in enumerate(data, 1):
            yield from places(value, (*path, str(n)))


def is_intact(row: tables.Words, digest: str) -> bool:
    """Whether the stored text is the one that this digest binds."""
    try:
        return hmac.compare_digest(words.digest_of(row.salt, row.text), digest)
    except (ValueError, TypeError):
        return False


def words_of(stream: Stream) -> dict[int, tuple[FileWords, ...]]:
    """The words of each entry, by its place; those shown before say where."""
    seen: dict[str, int] = {}
    found: dict[int, tuple[FileWords, ...]] = {}
    for told in stream.entries:
        said = []
        for place, words_id, digest in places(told.fact.data if told.fact else None):
            row = stream.texts.get(words_id)
            said.append(
                FileWords(
                    place=place,
                    id=words_id,
                    digest=digest,
                    text=row.text if row else None,
                    is_intact=is_intact(row, digest) if row else None,
                    same_as=seen.get(words_id),
                )
            )
        found[told.row.seq] = tuple(said)
        for one in said:
            seen.setdefault(one.id, told.row.seq)
    return found


# Checks. --------------------------------------------------------------------------------------


def checks(stream: Stream) -> tuple[Check, ...]:
    """What was looked at, and whether it is so."""
    broken = stream.broken_at
    said = words_of(stream)
    changed = [seq for seq, words in said.items() if any(w.is_intact is False for w in words)]
    found = [
        _check("linked", [broken] if broken is not None else []),
        _check("columns", [t.row.seq for t in stream.entries if not _says_the_same(stream, t)]),
        _check("words", changed),
        _check("unforked", stream.forks),
    ]
    if stream.name == HOUSE:
        return tuple(found)
    return (*found, _folded(stream), _snapshot(stream))


def _check(code: str, wrong: Sequence[int]) -> Check:
    return Check(code=code, ok=not wrong, seqs=tuple(wrong[:NAMED]))


def _says_the_same(stream: Stream, told: Told) -> bool:
    """Whether the columns of a row say what its bytes say, and these are spelled as we spell."""
    row, fact = told.row, told.fact
    if fact is None:
        return False
    said = (fact.seq, fact.at, fact.by, fact.name)
    return said == (row.seq, row.at, row.by, row.name) and fact.canonical(stream.name) == row.body


def _folded(stream: Stream) -> Check:
    """Whether the rules, run over the entries again, come to the end."""
    done = len(stream.steps)
    return _check("folded", [] if done == len(stream.entries) else [done + 1])


def _snapshot(stream: Stream) -> Check:
    """Whether that is the state which pages and workflows go on from."""
    row = stream.snapshot
    if row is None or not stream.steps or not stream.entries:
        return Check(code="snapshot", ok=False)
    try:
        kept = records.load(row)
    except UNREADABLE:
        return Check(code="snapshot", ok=False)
    last = stream.entries[-1].row
    # What is still to be done is no fact: it empties as it is carried out.
    states = [s.model_copy(update={"todo": ()}) for s in (stream.steps[-1][1], kept)]
    is_same = states[0] == states[1] and (row.seq, row.head) == (last.seq, last.hash)
    return Check(code="snapshot", ok=is_same)


# As a file. -----------------------------------------------------------------------------------

FORMAT = "answerable-record/1"


def lines(stream: Stream, made_at: str, read_by: Any = None) -> Iterator[str]:
    """The stream as JSON Lines that prove themselves: docs/record.md says how. The first line
    says what it is, and who has read it where that was asked; each other one is an entry, with the
    words it refers to and their salts."""
    yield _line(
        format=FORMAT,
        stream=stream.name,
        entries=len(stream.entries),
        head=stream.head,
        made_at=made_at,
        read_by=read_by,
    )
    for told in stream.entries:
        data = told.fact.data if told.fact else None
        yield _line(
            seq=told.row.seq,
            canonical=told.row.body,
            digest=told.row.digest,
            previous=told.row.previous,
            hash=told.row.hash,
            words=[_words(stream, *place) for place in places(data)],
        )


def _words(stream: Stream, place: str, words_id: str, digest: str) -> dict[str, Any]:
    row = stream.texts.get(words_id)
    said = {"place": place, "id": words_id, "digest": digest}
    return said | {"salt": row.salt if row else None, "text": row.text if row else None}


def _line(**said: Any) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n"
