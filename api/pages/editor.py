"""The editor of public words: what the door finds in them while somebody writes.

Everything it says comes from ``api.bodies``, which judges the command when it is sent: how long the
words may be, which sentences read like a promise, and which earlier reply they are like.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from api.bodies import BODIES, Draft
from api.bodies.base import PEOPLE, Says, plain
from channels.base import marked
from domain.commitment import Promise
from domain.drafts import DraftKind
from domain.matter import Matter
from domain.people import Actor
from domain.post import Post
from language import due
from language.difference import Piece, difference
from language.promises import Found, Marks, marks
from store import details, policies, tables, words
from store.views import EscalationDetail

PROMISES = 8
"""Promises that a form has room for; more can be sent by the JSON interface."""

PROMISE = re.compile(r"promises-(\d)-(sentence|accountable|due_on|proof)")
"""The fields of a promise in a form, each with the number of its row."""

DRAFTS: Mapping[tuple[str, str], DraftKind] = {
    ("propose", "request"): DraftKind.PROPOSAL,
    ("propose", "reply"): DraftKind.REPLY,
    ("reply", "text"): DraftKind.REPLY,
    ("note", "text"): DraftKind.NOTE,
}
"""What is kept as a draft while it is written: the act, the field, and which kind it is."""


ASKED: Mapping[str, frozenset[str]] = {
    "escalation": frozenset({"reply", "holding_reply", "move_private"}),
    "post": frozenset({"clear", "correct", "retract"}),
}
"""The acts that put words before the public, or before whoever lets them out."""


@dataclass(frozen=True)
class Run:
    """A stretch of the words. ``mark``: tied, none or unmarked for what reads like a promise."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Row:
    """A promise as it stands in the form. ``is_there``: its sentence stands in the words."""

    n: int
    sentence: str
    accountable: str
    due_on: str
    proof: str
    is_there: bool


@dataclass(frozen=True)
class Twin:
    """An earlier reply much like these words: ``permille`` of it is the same."""

    post_id: str
    published_at: datetime | None
    permille: int
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Reading:
    """What is to be said of words before they are sent."""

    act: str
    says: Says
    text: str
    length: int
    most: int | None
    before: str
    behind: str
    """The lines that the channel puts around them."""
    marks: Marks
    is_gated: bool
    """The terms let no sentence that reads like a promise go out unmarked."""
    rows: Sequence[Row]
    twin: Twin | None
    same_because: str
    is_approved: bool = False
    """These very words are decided, and go straight out."""
    made: int | None = None
    """The row that was made just now, to be gone on with."""
    dropped: str = ""
    """The sentence that was just said to be no promise after all."""

    @property
    def free(self) -> int | None:
        """The row in which one more promise can be written; None where there is none."""
        used = {row.n for row in self.rows} if self.says.may_promise else set(range(PROMISES))
        return next((n for n in range(PROMISES) if n not in used), None)

    @property
    def is_too_long(self) -> bool:
        return self.most is not None and self.length > self.most

    @property
    def runs(self) -> Sequence[Run]:
        """The words, cut where a sentence that reads like a promise begins and ends."""
        found = [(one, mark) for mark in ("tied", "none", "unmarked") for one in self.found(mark)]
        runs, at = [], 0
        for one, mark in sorted(found, key=lambda pair: pair[0].start):
            runs += [Run(self.text[at : one.start]), Run(self.text[one.start : one.end], mark)]
            at = one.end
        return [run for run in (*runs, Run(self.text[at:])) if run.text]

    def found(self, mark: str) -> Sequence[Found]:
        ones: Sequence[Found] = getattr(self.marks, mark)
        return ones


def is_asked(kind: str, act: str) -> bool:
    return act in ASKED.get(kind, ())


def says(kind: str, act: str) -> Says | None:
    """What goes out in public by this act; None where nothing does."""
    body = BODIES[kind].get(act)
    return body.SAYS if body else None


def read(
    draft: Draft, kind: str, act: str, values: Mapping[str, str], *, is_whole: bool
) -> Reading:
    """What the door finds in the words of a form. ``is_whole``: an earlier reply is looked for as
    well, for which some hundreds have to be read."""
    wanted = says(kind, act)
    assert wanted is not None
    text = values.get(wanted.field, "").strip()
    rows = rows_of(values, text) if wanted.may_promise else ()
    none = lines(values.get("not_promises", ""))
    asked = wanted if is_whole else replace(wanted, is_compared=False)
    found = draft.read(text, asked, [row.sentence for row in rows], none)
    twin = found.twin
    before, behind = beside(draft.state, wanted)
    return Reading(
        act=act,
        says=wanted,
        text=text,
        length=len(text),
        most=draft.room(wanted),
        before=before,
        behind=behind,
        marks=found.marks,
        is_gated=wanted.is_gated and found.rules.gate,
        rows=rows,
        twin=_twin(draft.session, twin.id, twin.permille, text) if twin else None,
        same_because=values.get("same_because", ""),
    )


def read_again(
    session: Session, actor: Actor, kind: str, about: str, act: str, values: Mapping[str, str]
) -> dict[str, Reading]:
    """What is to be said of words that were sent from a page of several forms, by the id of what
    they are about: only of those, since nothing else has been typed."""
    in_force = policies.current(session)
    if not about or in_force is None or says(kind, act) is None:
        return {}
    state = details.state_of(session, f"{kind}/{about}")
    draft = Draft(session, actor, state, in_force, datetime.now(UTC), max_text=0)
    return {about: read(draft, kind, act, values, is_whole=False)}


def lines(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if line]


def beside(state: Any, wanted: Says) -> tuple[str, str]:
    """The lines that the channel puts before and behind words of this kind about this."""
    people = PEOPLE if wanted.to_many and isinstance(state, Matter) else 0
    earlier_at = state.published_at if isinstance(state, Post) else None
    return around(marked("\0", wanted.kind, people, earlier_at))


def around(whole: str) -> tuple[str, str]:
    before, _, behind = whole.partition("\0")
    return before.strip(), behind.strip()


def rows_of(values: Mapping[str, str], text: str) -> tuple[Row, ...]:
    """The promises that say something, each in its row."""
    rows = []
    for n in range(PROMISES):
        cells = {f: values.get(f"promises-{n}-{f}", "") for f in ("sentence", "due_on", "proof")}
        if any(cell.strip() for cell in cells.values()):
            there = plain(cells["sentence"]) in plain(text)
            accountable = values.get(f"promises-{n}-accountable", "")
            rows.append(Row(n=n, accountable=accountable, is_there=there, **cells))
    return tuple(rows)


def _twin(session: Session, post_id: str, permille: int, text: str) -> Twin:
    post = session.get_one(tables.Post, post_id)
    theirs = words.texts(session, [post.words_id]).get(post.words_id, "")
    return Twin(post_id, post.published_at, permille, difference(theirs, text))


def said_to_be_none(detail: EscalationDetail) -> Sequence[str]:
    """The sentences of a proposed reply that read like a promise and that its writer says are none.
    Which ones these are is found again in the words: facts have only how many."""
    proposal = detail.proposal
    if proposal is None or not proposal.marked_none:
        return ()
    tied = [promise.sentence for promise in proposal.promises if promise.sentence]
    found = marks(proposal.reply or "", tied, (), detail.language or "en")
    return [one.sentence for one in found.unmarked]


def untied(session: Session, state: Post | Matter, text: str | None) -> list[str]:
    """The sentences of words that wait to be cleared or decided which read like a promise and are
    tied to none: whoever lets them out reads them once more by themselves."""
    tied: tuple[Promise, ...] = ()
    language = None
    if isinstance(state, Post):
        escalation = details.state_of(session, f"escalation/{state.escalation_id}")
        language, reply = escalation.terms.language, escalation.reply
        tied = reply.promises if reply and reply.post_id == state.id else ()
    quotes = words.texts(session, [promise.words.id for promise in tied]).values()
    return [one.sentence for one in marks(text or "", quotes, (), language or "en").unmarked]


# What a button of the editor changes. ---------------------------------------------------------


def changed(values: Mapping[str, str], me: str, at: datetime, language: str) -> dict[str, str]:
    """The form after "make it a commitment" or "it is none after all" was pressed on a sentence."""
    new = dict(values)
    dropped = new.pop("drop", "")
    made = new.pop("make", "")
    if re.fullmatch(r"\d", dropped):
        for name in ("sentence", "accountable", "due_on", "proof"):
            new.pop(f"promises-{dropped}-{name}", None)
    free = [n for n in range(PROMISES) if not _is_used(new, n)]
    if made.strip() and free:
        sentence = " ".join(made.split())
        row = f"promises-{free[0]}"
        day = due.day(sentence, at.date(), language)
        new |= {f"{row}-sentence": sentence, f"{row}-accountable": me}
        new[f"{row}-due_on"] = day.isoformat() if day else ""
        new["not_promises"] = _without(new.get("not_promises", ""), sentence)
    return new


def told(reading: Reading, values: Mapping[str, str]) -> Reading:
    """With what a button changed, against the form that it was pressed in."""
    before = {row.n: row.sentence for row in rows_of(values, "")}
    made = next((row.n for row in reading.rows if row.n not in before), None)
    dropped = next((before[n] for n in before if values.get("drop") == str(n)), "")
    return replace(reading, made=made, dropped=dropped)


def _is_used(values: Mapping[str, str], n: int) -> bool:
    return any(values.get(f"promises-{n}-{f}", "").strip() for f in ("sentence", "due_on", "proof"))


def _without(text: str, sentence: str) -> str:
    return "\n".join(line for line in lines(text) if line != sentence)


# Drafts. --------------------------------------------------------------------------------------

_SPENT: Mapping[DraftKind, Collection[str]] = {
    DraftKind.PROPOSAL: {"escalation:proposal:submitted"},
    DraftKind.REPLY: {
        "escalation:proposal:submitted",
        "escalation:reply:submitted",
        "escalation:reply:held",
    },
    DraftKind.NOTE: {"escalation:note:written"},
}
"""What is sent is a draft no longer."""


def is_live(kind: DraftKind, person: str, saved_at: datetime, sent: Iterable[Any]) -> bool:
    """Whether a draft still waits to be sent, by the entries of the case's history."""
    last = [
        entry.at
        for entry in sent
        if entry.name in _SPENT[kind] and (kind is not DraftKind.NOTE or entry.by == person)
    ]
    return not last or saved_at > max(last)
