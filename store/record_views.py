"""The shapes in which the record is shown: what a search found, and the file of one case."""

from __future__ import annotations

from typing import Any

from domain.base import Moment, Value
from domain.house import RecordExported, RecordSearched
from store.views import (
    Chain,
    CommitmentDetail,
    DeadlineView,
    Entry,
    EscalationDetail,
    MatterDetail,
    PostDetail,
)


class Search(Value):
    """What is looked for in the record. What is not said does not matter.

    The last five are about the case in which something was done, as it stands now.
    """

    person: str | None = None
    """Who did it; ``system`` and ``public`` are the service itself and the public."""
    act: str | None = None
    """The name of a fact, or how several begin: ``escalation:decision`` is every decision."""
    kind: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    """The first moment that does not count any more."""
    team: str | None = None
    channel: str | None = None
    outcome: str | None = None
    late: bool | None = None
    q: str | None = None

    @property
    def is_about_cases(self) -> bool:
        """Whether anything is asked about the case itself."""
        said = (self.team, self.channel, self.outcome, self.late, self.q)
        return any(one is not None for one in said)

    def told(self, *, is_next: bool) -> RecordSearched:
        """What is kept of it: ids and codes, and not the words that were looked for."""
        return RecordSearched(**self._said(), is_next=is_next)

    def exported(self) -> RecordExported:
        return RecordExported(**self._said())

    def _said(self) -> dict[str, Any]:
        return {**self.model_dump(exclude={"q"}), "by_words": self.q is not None}


class Subject(Value):
    """What a stream is about, as far as a line says it."""

    stream: str
    title: str | None
    """How the comment, the post, the promise or the name of the matter begins."""
    team: str | None = None
    channel: str | None = None
    stage: str | None = None


class Found(Value):
    """One act that a search found, with the case it belongs to."""

    subject: Subject
    entry: Entry


class FoundPage(Value):
    items: tuple[Found, ...]
    next_cursor: str | None
    total: int
    is_more: bool
    """There are more than ``total``: they are counted no further."""


# The file of one case. ------------------------------------------------------------------------


class FileWords(Value):
    """Words that an entry refers to."""

    place: str
    """Where in the entry, such as ``promises.0.words``."""
    id: str
    digest: str
    """As the entry has it."""
    text: str | None
    """None: they have been erased."""
    is_intact: bool | None
    """Whether these are the very words: HMAC-SHA256 with their salt is the digest. None: erased."""
    same_as: int | None = None
    """The entry in which the same words were shown before."""


class FileEntry(Entry):
    """One entry of the ledger, in full. ``key`` is that of the command, which Temporal has too."""

    words: tuple[FileWords, ...]
    key: str | None
    is_readable: bool
    """Whether its bytes read as an entry at all."""


class Clock(Value):
    """One deadline that there was, with its arithmetic and what became of it."""

    deadline: DeadlineView
    from_seq: int
    ended_at: Moment | None
    """When the move was made, or was not owed any more; None while it is owed."""
    ended_seq: int | None
    is_late: bool


class Check(Value):
    """One thing about the chain that was looked at just now."""

    code: str
    ok: bool
    seqs: tuple[int, ...] = ()
    """The entries of which it is not so, the first ones."""


class Linked(Value):
    """Another case that belongs to this one."""

    relation: str
    subject: Subject


class PolicyOfDay(Value):
    """The policy that was pinned when the case opened, and what it laid down for it."""

    version: int
    digest: str
    by: str
    by_name: str | None
    at: Moment
    reason: str
    is_intact: bool
    """The stored policy has this digest, and the ledger of the house names the same."""
    terms: dict[str, Any]
    """What applied to this case, as it was pinned: spans in seconds."""


class CaseReader(Value):
    """Somebody who has read a case, as the ledger of the house has it."""

    person: str
    name: str
    at: Moment
    """When last: to the hour, where its entry cannot be read."""
    seq: int | None
    """The entry of the house."""


class ReadBy(Value):
    """Who has read a case: each reader with their last reading, the newest first."""

    readers: tuple[CaseReader, ...]
    total: int
    """All readers; those who read last are listed."""


class CaseFile(Value):
    """Everything the record knows of one case, as this reader may see it."""

    stream: str
    kind: str
    id: str
    made_at: Moment
    made_for: str
    title: str | None
    stage: str
    outcome: str | None
    opened_at: Moment
    closed_at: Moment | None
    team: str
    channel: str | None
    detail: EscalationDetail | PostDetail | CommitmentDetail | MatterDetail | None
    """None: what is kept of it cannot be read any more."""
    clocks: tuple[Clock, ...]
    entries: tuple[FileEntry, ...]
    chain: Chain
    checks: tuple[Check, ...]
    head: str
    """The hash of the last entry: whoever has it from elsewhere can compare."""
    policy: PolicyOfDay | None
    linked: tuple[Linked, ...]
    more_linked: int = 0
    """Members of a matter that are not listed."""
    read_by: ReadBy | None = None
    """None for whoever may not read the ledger of the house."""
    names: dict[str, str]
