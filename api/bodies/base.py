"""What every body is made of: the draft of a command, strict models, promises in a reply.

What is found in words of ours is found here and nowhere else: the editor of a page shows what the
command is judged by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import insert
from sqlmodel import Session

from channels.base import check_fits, room
from domain.base import Moment, Words
from domain.calendar import Calendar
from domain.comments import Text
from domain.commitment import Promise
from domain.entity import State
from domain.errors import Conflict, Invalid, Unknown
from domain.escalation import Findings, Twin
from domain.matter import Matter
from domain.people import Actor, Role
from domain.policy import Channel, calendar_now, terms_for
from domain.post import PostKind
from domain.terms import ReplyTerms, Terms
from language import promises, sameness
from store import details, matters, people, queries, tables, words
from store.database import Database
from store.policies import InForce

FURTHEST = timedelta(days=3660)
"""How far ahead a promise may be due: ten years. Timers of centuries overflow in the server."""


PEOPLE = 10**6
"""The line that says to how many people an answer goes has room for a million."""


@dataclass(frozen=True)
class Says:
    """The field of a command that goes out in public, and what is asked of its words."""

    field: str
    kind: PostKind = PostKind.REPLY
    may_promise: bool = False
    """Its promises are sent along, each with its sentence."""
    is_gated: bool = False
    """No sentence that reads like a promise goes out unmarked, where the terms say so."""
    is_compared: bool = False
    """It is held against recent replies."""
    to_many: bool = False
    """It goes to all members of a matter, on each of their channels."""


@dataclass(frozen=True)
class Reading:
    """What can be found in words of ours, for the editor to show and for the rules to judge."""

    marks: promises.Marks
    twin: sameness.Twin | None
    rules: ReplyTerms

    def findings(self, reason: Words | None = None) -> Findings:
        """The facts that the rules are told, since they see no words. ``reason`` is why the words
        of the twin are right here, too."""
        twin = self.twin
        return Findings(
            unmarked=len(self.marks.unmarked),
            marked_none=len(self.marks.none),
            twin=Twin(post_id=twin.id, likeness=twin.permille, reason=reason) if twin else None,
        )


class Draft:
    """One command in the making: what it is made from, and the texts it needs stored."""

    def __init__(
        self,
        session: Session,
        actor: Actor,
        state: State,
        in_force: InForce,
        at: datetime,
        max_text: int,
    ) -> None:
        self.session = session
        self.actor = actor
        self.state = state
        self.at = at
        self._policy = in_force.policy
        self._version = in_force.version
        self._max_text = max_text
        self._rows: list[dict[str, Any]] = []

    def words(self, text: str, purpose: str, field: str) -> Words:
        """A reference to this text, which ``store`` will bring into the store."""
        check_length(text, self._max_text, field, "shorten it, or raise ANSWERABLE_MAX_TEXT")
        row = words.new_row(text, purpose, self.at)
        self._rows.append(row)
        return Words(id=row["id"], digest=row["digest"])

    def public_words(self, text: str, purpose: str, says: Says) -> Words:
        """The same for what is to be published: it must fit its channels before it is approved."""
        people = PEOPLE if says.to_many else 0
        for name, channel in self._channels():
            check_fits(name, channel, text, kind=says.kind, same_answer_to=people, field=says.field)
        return self.words(text, purpose, says.field)

    def room(self, says: Says) -> int | None:
        """How many characters ``public_words`` takes; None where no channel is known."""
        people = PEOPLE if says.to_many else 0
        return min(
            (room(channel, says.kind, people) for _, channel in self._channels()), default=None
        )

    def _channels(self) -> Iterable[tuple[str, Channel]]:
        """Where words about this go out, as far as the policy in force still has it."""
        state = self.state
        ids: Sequence[str] = (getattr(state, "channel", ""),)
        if isinstance(state, Matter):
            ids = matters.channels(self.session, state.id)
        return [(i, self._policy.channels[i]) for i in ids if i in self._policy.channels]

    def read(self, text: str, says: Says, tied: Iterable[str], none: Iterable[str]) -> Reading:
        """What can be found in words of ours: sentences that read like promises, and a twin.

        ``tied`` are the sentences of the promises sent along, ``none`` those said to be none.
        """
        pinned = self._pinned
        rules = (pinned.replies if pinned else None) or ReplyTerms()
        twin = None
        if says.is_compared and rules.sameness:
            recent = queries.recent_replies(self.session, rules.recent, not_of=self.state.id)
            twin = sameness.nearest(text, recent, rules.sameness)
        marks = promises.Marks()
        if says.is_gated:
            marks = promises.marks(text, tied, none, self.language)
        return Reading(marks, twin, rules)

    @cached_property
    def _pinned(self) -> Terms | None:
        """The terms of this; of a post or a promise, those of the escalation it belongs to."""
        state = self.state
        if escalation_id := getattr(state, "escalation_id", None):
            state = details.state_of(self.session, f"escalation/{escalation_id}")
        terms = getattr(state, "terms", None)
        return terms if isinstance(terms, Terms) else None

    @property
    def language(self) -> str:
        """The language that words about this are read in."""
        return (self._pinned.language if self._pinned else None) or "en"

    def person(self, person_id: str, field: str) -> Actor:
        """Somebody who works here now."""
        try:
            return people.actor(self.session, person_id)
        except Unknown as unknown:
            raise Invalid(unknown.code, unknown.message, unknown.way_out, field=field) from None

    def mentioned(self, text: str, field: str) -> tuple[str, ...]:
        """The ids of everybody who stands in a note as @ and their id, in order.

        Raises Invalid for somebody who could not read it. An @ before anything else, such as the
        handle of a commenter, is only a sign.
        """
        told = []
        for person in dict.fromkeys(_MENTION.findall(text.lower())):
            try:
                found = people.actor(self.session, person, self.at)
            except Unknown:
                continue
            if not queries.is_insider(found, self.state.team, getattr(self.state, "owner", None)):
                raise Invalid(
                    "cannot_read_notes",
                    f"{person} is not of this team and cannot read its notes",
                    f"leave out the @, or have it sent to the team of {person} first",
                    field=field,
                    person=person,
                )
            told.append(person)
        return tuple(told)

    def terms(self, team: str, name: str | None) -> Terms:
        """The terms of another team, as the policy in force has them."""
        try:
            return terms_for(self._policy, self._version, team, name, self.at)
        except KeyError as unknown:
            raise Invalid(
                "unknown_terms",
                f"the policy in force has no {unknown.args[0]}",
                "see it with: answerable policy show",
                field="team",
            ) from None

    def calendar(self, pinned: Calendar | None) -> dict[str, Any]:
        """The calendar that a case has pinned, as the policy in force has it, and its version."""
        found = calendar_now(self._policy, pinned) if pinned else None
        if found is None:
            raise Conflict(
                "no_calendar", "the policy in force has no calendar for this", "nothing to do"
            )
        return {"calendar": found, "policy_version": self._version}

    def check_same_author(self, escalation_id: str, field: str) -> None:
        """Refuse what is not an open escalation of the very person this one is of."""
        found = queries.author_of(self.session, escalation_id)
        if found is None or found != queries.author_of(self.session, self.state.id):
            raise Invalid(
                "not_the_same_person",
                "this is no open escalation of the same person",
                "name an open escalation of this author, or use a matter for other people's",
                field=field,
            )

    def store(self, database: Database) -> None:
        """Store the texts, unbound: the event that refers to them binds them."""
        rows = self._rows
        if rows:
            database.write(lambda session: session.execute(insert(tables.Words), rows))


_MENTION = re.compile(r"(?<![\w@./-])@([a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?)")
"""An @ that begins a word, and an id behind it; an address of a mail has something before it."""


def check_length(text: str, limit: int, field: str, way_out: str) -> None:
    if len(text) > limit:
        raise Invalid(
            "text_too_long",
            f"the text has {len(text)} characters; at most {limit} are taken",
            way_out,
            field=field,
        )


CaseId = Annotated[Text, Field(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$", description="A ULID.")]
TeamId = Annotated[Text, Field(max_length=40)]
PersonId = Annotated[Text, Field(max_length=40, description="A person's id, such as ada.")]


class Strict(BaseModel):
    """Unknown fields are refused at the door: a misspelt field must not be lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(Strict):
    """What every command may carry."""

    SUMMARY: ClassVar[str] = ""
    SAYS: ClassVar[Says | None] = None
    expected_seq: int | None = Field(
        default=None,
        ge=0,
        le=2**31,
        description="The seq you looked at. The command is refused only if what changed since "
        "then bears on it.",
    )

    def fields(self, draft: Draft) -> dict[str, Any]:
        """The command's own fields. Raises Invalid for what only the store can tell."""
        return {}

    def shown(self) -> dict[str, Any]:
        """What the answer to this very request shows, and no later one can."""
        return {}


class Reason(Body):
    """What is done for a reason that is written down."""

    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"reason": draft.words(self.reason, "reason", "reason")}


class AcceptCalendar(Reason):
    """Let it go on by its calendar as that is in force now, and be due then. The old date stays on
    record."""

    due_at: Moment = Field(description="The new date, as answerable policy dates lists it.")

    def fields(self, draft: Draft) -> dict[str, Any]:
        pinned = getattr(draft.state, "calendar", None)
        return {**super().fields(draft), **draft.calendar(pinned), "due_at": self.due_at}


class PromiseBody(Strict):
    """A sentence of the reply that binds us."""

    sentence: Text = Field(description="Word for word as it stands in the reply.")
    accountable: PersonId
    due_at: Moment
    proof: Text | None = Field(default=None, description="How anybody will know it is done.")


Promises = Annotated[tuple[PromiseBody, ...], Field(max_length=20)]


class WordsOfOurs(Body):
    """What the writer of a reply may say about its sentences."""

    not_promises: tuple[Text, ...] = Field(
        default=(),
        max_length=50,
        description="Sentences that read like a promise and are none, word for word.",
    )
    same_because: Text | None = Field(
        default=None, description="Why the words of an earlier reply are right here, too."
    )

    def findings(
        self, draft: Draft, says: Says, text: str, promises: Sequence[PromiseBody] = ()
    ) -> Findings:
        tied = [promise.sentence for promise in promises]
        reading = draft.read(text, says, tied, self.not_promises)
        because = self.same_because
        reason = draft.words(because, "reason", "same_because") if because else None
        return reading.findings(reason)


class FollowUp(Body):
    """Words about what was published or promised. They promise nothing new: a promise is made in a
    reply, where somebody is accountable for it."""

    not_promises: tuple[Text, ...] = Field(
        default=(),
        max_length=20,
        description="Sentences that read like a promise and are none, word for word.",
    )

    def spoken(self, draft: Draft, text: str, says: Says, purpose: str = "reply") -> dict[str, Any]:
        """A reference to the words, and how many of their sentences the gate holds up."""
        reading = draft.read(text, says, (), self.not_promises)
        unmarked = len(reading.marks.unmarked) if reading.rules.gate else 0
        return {"words": draft.public_words(text, purpose, says), "unmarked": unmarked}


def promises_of(
    draft: Draft, promises: Sequence[PromiseBody], reply: str | None
) -> tuple[Promise, ...]:
    return tuple(
        _promise(draft, promise, reply, f"promises[{n}]") for n, promise in enumerate(promises)
    )


def _promise(draft: Draft, promise: PromiseBody, reply: str | None, field: str) -> Promise:
    accountable = draft.person(promise.accountable, f"{field}.accountable")
    if not accountable.roles & {Role.STAFF, Role.EXECUTIVE}:
        raise Invalid(
            "cannot_be_accountable",
            f"{accountable.id} is neither staff nor executive",
            "name somebody who can keep the promise",
            field=f"{field}.accountable",
        )
    if reply is not None and plain(promise.sentence) not in plain(reply):
        raise Invalid(
            "sentence_not_in_reply",
            "this sentence does not stand in the reply",
            "quote it word for word from the reply",
            field=f"{field}.sentence",
        )
    if promise.due_at > draft.at + FURTHEST:
        raise Invalid(
            "due_too_far",
            "a promise is due within ten years",
            "give an earlier due_at",
            field=f"{field}.due_at",
        )
    proof = draft.words(promise.proof, "proof", f"{field}.proof") if promise.proof else None
    return Promise(
        id=words.new_id(),
        words=draft.words(promise.sentence, "promise", f"{field}.sentence"),
        accountable=accountable.id,
        due_at=promise.due_at,
        proof=proof,
    )


def plain(text: str) -> str:
    """A text with every run of white space as one space: line breaks do not change a quotation."""
    return re.sub(r"\s+", " ", text).strip()
