"""What somebody may ask of a commitment."""

from __future__ import annotations

from typing import ClassVar, Literal

from domain.base import Moment, Words
from domain.calendar import Calendar
from domain.commitment.stages import Promise, WordSource
from domain.entity import Command
from domain.terms import PromiseTerms, Rung


class OpenCommitment(Command):
    """``terms``, ``calendar`` and ``is_public`` are those of the escalation that promised it."""

    act: Literal["open"] = "open"
    promise: Promise
    escalation_id: str
    post_id: str
    channel: str
    team: str
    comment_id: str
    approver: str
    ladder: tuple[Rung, ...] = ()
    rules: int = 1
    terms: PromiseTerms | None = None
    calendar: Calendar | None = None
    is_public: bool = True


class _Spoken(Command):
    """What puts words about a promise before the public. A new one is made in a reply alone."""

    unmarked: int = 0
    """Sentences in them that read like a promise and are not said to be none."""


class ReportKept(_Spoken):
    """Say that the promise is kept, with the words that tell the public so."""

    act: Literal["report_kept"] = "report_kept"
    post_id: str
    words: Words
    evidence: Words | None = None


class WithdrawPromise(_Spoken):
    """Take the promise back. ``post_id`` names the post that tells the public why."""

    act: Literal["withdraw"] = "withdraw"
    reason: Words
    post_id: str | None = None


class TellPublic(_Spoken):
    """Say in public how it is going."""

    act: Literal["tell"] = "tell"
    post_id: str
    words: Words


class Renegotiate(_Spoken):
    """Ask for another date, with the reason and the words that would tell the public."""

    act: Literal["renegotiate"] = "renegotiate"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "date"})
    due_at: Moment
    reason: Words
    words: Words


class AcceptNewDate(Command):
    """Whoever is accountable signs the date that somebody else asked for."""

    act: Literal["accept_new_date"] = "accept_new_date"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "date"})


class Agree(Command):
    """Agree to the date that is asked for, and to its very words, which go straight out."""

    act: Literal["agree"] = "agree"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "date"})
    post_id: str


class RefuseNewDate(Command):
    act: Literal["refuse_new_date"] = "refuse_new_date"
    MINDS: ClassVar[frozenset[str]] = frozenset({"stage", "date"})
    reason: Words


class MakeLink(Command):
    """Make the one secret link by which the commenter may answer; an earlier one ends.

    ``digest`` is the SHA-256 of the secret in hex: the secret itself is kept nowhere.
    """

    act: Literal["make_link"] = "make_link"
    digest: str


class SayWord(Command):
    """What the commenter, or a reader, says: is it kept? ``link`` is the digest of the secret."""

    act: Literal["word"] = "word"
    MINDS: ClassVar[frozenset[str]] = frozenset()
    is_kept: bool
    source: WordSource
    link: str | None = None


class Uphold(Command):
    """Stand by the company's word that it is kept, although the commenter says that it is not."""

    act: Literal["uphold"] = "uphold"
    reason: Words


class Reopen(Command):
    """The commenter is right, and the promise is owed again.

    ``due_at`` is by when it is to be made good where its own date has passed; it stays broken.
    """

    act: Literal["reopen"] = "reopen"
    reason: Words
    due_at: Moment | None = None
