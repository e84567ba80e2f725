"""Facts, their canonical bytes and the chain that makes the ledger tamper-evident.

Digests are over bytes that leave out fields at their default, so a field added later with a
default changes no digest of an old event. Hence: the default of an event's field never changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from domain.base import Moment, Value, iso

SCHEMA = 2
"""Rises whenever an event or a state gains something older code would overlook. A process never
writes a stream that was written with a higher one; it leaves that to a newer process."""

RULES = 2
"""The rules that newly opened entities pin; ``decide`` branches on the pinned number. Whoever
opens one sends it along, so that a replay by later code pins the same."""

GENESIS = "0" * 64
"""What the first entry of a stream is linked to."""


class Fact(Value):
    """One thing that happened in one stream, without words or personal data.

    ``key`` and ``request`` are set on the first fact of a person's command: a digest of the
    idempotency key and of the request's body, so that a repeat is recognised.
    """

    seq: int
    at: Moment
    by: str
    name: str
    data: dict[str, Any] = {}
    key: str | None = None
    request: str | None = None

    def canonical(self, stream: str) -> str:
        """The text whose UTF-8 bytes are stored, digested and linked."""
        content: dict[str, Any] = {
            "stream": stream,
            "seq": self.seq,
            "at": iso(self.at),
            "by": self.by,
            "name": self.name,
            "data": self.data,
        }
        if self.key is not None:
            content["key"] = self.key
        if self.request is not None:
            content["request"] = self.request
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(canonical: str) -> str:
    """SHA-256 of the canonical bytes, hex."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def link(previous: str, canonical: str) -> str:
    """hash = SHA-256(previous hash as hex text, newline, canonical bytes), hex."""
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()


class Linked(Protocol):
    """One entry of a chain, wherever it is kept: in the ledger, or in a file made of it."""

    seq: int
    previous: str
    hash: str
    digest: str


def broken_at(entries: Iterable[tuple[Linked, str]]) -> int | None:
    """The seq of the first entry that breaks a chain which is told from its beginning, each entry
    with its canonical bytes; None where it holds."""
    previous = GENESIS
    for seq, (entry, canonical) in enumerate(entries, 1):
        is_linked = entry.seq == seq and entry.previous == previous
        if not is_linked or entry.hash != link(previous, canonical):
            return seq
        if entry.digest != digest(canonical):
            return seq
        previous = entry.hash
    return None


def name_of(first: int, last: int, digests: Sequence[str]) -> str:
    """What the step that records these facts is called in Temporal's history: a witness, kept
    apart from the ledger, to their exact bytes."""
    short = hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
    return f"record-{first}-{last}-{short}"


class Batch(Value):
    """Facts on their way from a workflow to the ledger: in order, without a gap.

    ``acted`` is the highest seq whose effects have been carried out; it lets a restored entity
    know what remains to be done.
    """

    stream: str
    kind: str
    epoch: int
    schema_version: int = SCHEMA
    facts: tuple[Fact, ...] = ()
    acted: int = 0

    @property
    def id(self) -> str:
        """Names the batch by its content: history then witnesses what was written."""
        if not self.facts:
            return f"record-acted-{self.acted}"
        digests = [digest(fact.canonical(self.stream)) for fact in self.facts]
        return name_of(self.facts[0].seq, self.facts[-1].seq, digests)
