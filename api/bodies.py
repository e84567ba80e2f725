"""What may be sent with each command, and how the door makes the command of the rules from it.

A body carries texts; a command carries references to them. ``Draft`` looks up what has to be
known, keeps the texts that are to be stored, and stores them in one transaction, unbound, right
before the command is sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import insert
from sqlmodel import Session

from domain.base import Moment, Words
from domain.comments import Text
from domain.commitment import Promise
from domain.entity import State
from domain.errors import Invalid, Unknown
from domain.escalation import DismissCode, Escalation, Recommendation, RefusalCode
from domain.people import Actor, Role
from domain.policy import Policy
from store import people, tables, words
from store.database import Database

FURTHEST = timedelta(days=3660)
"""How far ahead a promise may be due: ten years. Timers of centuries overflow in the server."""


class Draft:
    """One command in the making: what it is made from, and the texts it needs stored."""

    def __init__(
        self,
        session: Session,
        actor: Actor,
        state: State,
        policy: Policy,
        at: datetime,
        max_text: int,
    ) -> None:
        self.session = session
        self.actor = actor
        self.state = state
        self.at = at
        self._policy = policy
        self._max_text = max_text
        self._rows: list[dict[str, Any]] = []

    def words(self, text: str, purpose: str, field: str) -> Words:
        """A reference to this text, which ``store`` will bring into the store."""
        check_length(text, self._max_text, field, "shorten it, or raise ANSWERABLE_MAX_TEXT")
        row = words.new_row(text, purpose, self.at)
        self._rows.append(row)
        return Words(id=row["id"], digest=row["digest"])

    def public_words(self, text: str, purpose: str, field: str) -> Words:
        """The same for what is to be published: it must fit its channel before it is approved."""
        channel_id = getattr(self.state, "channel", "")
        channel = self._policy.channels.get(channel_id)
        if channel is not None:
            way_out = f"shorten it: channel '{channel_id}' takes no more"
            check_length(text, channel.max_length, field, way_out)
        return self.words(text, purpose, field)

    def person(self, person_id: str, field: str) -> Actor:
        """Somebody who works here now."""
        try:
            return people.actor(self.session, person_id)
        except Unknown as unknown:
            raise Invalid(unknown.code, unknown.message, unknown.way_out, field=field) from None

    def store(self, database: Database) -> None:
        """Store the texts, unbound: the event that refers to them binds them."""
        rows = self._rows
        if rows:
            database.write(lambda session: session.execute(insert(tables.Words), rows))


def check_length(text: str, limit: int, field: str, way_out: str) -> None:
    if len(text) > limit:
        raise Invalid(
            "text_too_long",
            f"the text has {len(text)} characters; at most {limit} are taken",
            way_out,
            field=field,
        )


# Bodies. --------------------------------------------------------------------------------------


PersonId = Annotated[Text, Field(max_length=40, description="A person's id, such as ada.")]


class Strict(BaseModel):
    """Unknown fields are refused at the door: a misspelt field must not be lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(Strict):
    """What every command may carry."""

    SUMMARY: ClassVar[str] = ""
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


class Claim(Body):
    """Take this as yours."""


class Release(Body):
    """Give it back to the team."""


class Assign(Body):
    """Make somebody of the team its owner."""

    person: PersonId

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"assignee": draft.person(self.person, "person")}


class Dismiss(Body):
    """Close it without an answer, with a reason that is counted in public."""

    code: DismissCode
    reason: Text | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        reason = draft.words(self.reason, "reason", "reason") if self.reason else None
        return {"code": self.code, "reason": reason}


class PromiseBody(Strict):
    """A sentence of the reply that binds us."""

    sentence: Text = Field(description="Word for word as it stands in the reply.")
    accountable: PersonId
    due_at: Moment
    proof: Text | None = Field(default=None, description="How anybody will know it is done.")


Promises = Annotated[tuple[PromiseBody, ...], Field(max_length=20)]


class Propose(Body):
    """Ask an executive to decide. Words sent along as ``reply`` are bound by the approval."""

    request: Text
    recommendation: Recommendation = Recommendation.APPROVE
    reply: Text | None = None
    promises: Promises = ()

    def fields(self, draft: Draft) -> dict[str, Any]:
        reply = draft.public_words(self.reply, "reply", "reply") if self.reply else None
        return {
            "request": draft.words(self.request, "request", "request"),
            "recommendation": self.recommendation,
            "reply": reply,
            "promises": _promises(draft, self.promises, self.reply),
        }


class Approve(Body):
    """Say yes. Words proposed as the reply then go out as they are."""

    reason: Text | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        reason = draft.words(self.reason, "reason", "reason") if self.reason else None
        return {"post_id": words.new_id(), "reason": reason}


class Refuse(Body):
    """Say no, with a code and a reason fit to print."""

    code: RefusalCode
    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"code": self.code, "reason": draft.words(self.reason, "reason", "reason")}


class Return(Body):
    """Give it back for changes."""

    reason: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"reason": draft.words(self.reason, "reason", "reason")}


class Reply(Body):
    """Submit the public answer. The very words that were approved go straight out; any others
    wait for another person to clear them."""

    text: Text
    promises: Promises | None = Field(
        default=None,
        description="Left out: those approved with the words where the words are the approved "
        "ones, and otherwise none.",
    )

    def fields(self, draft: Draft) -> dict[str, Any]:
        approved = _approved(draft, self.text, self.promises)
        if approved is None:
            promises = _promises(draft, self.promises or (), self.text)
            approved = (draft.public_words(self.text, "reply", "text"), promises)
        return {"post_id": words.new_id(), "words": approved[0], "promises": approved[1]}


class Note(Body):
    """Write something down for colleagues; never published."""

    text: Text

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"words": draft.words(self.text, "note", "text")}


class Withdraw(Body):
    """Take it back."""


class Clear(Body):
    """Let these words go out. Never by whoever wrote them."""


class Confirm(Body):
    """Say, having looked at the channel, whether the post is there."""

    is_published: bool = Field(strict=True)

    def fields(self, draft: Draft) -> dict[str, Any]:
        return {"is_published": self.is_published}


class Retry(Body):
    """Try once more to publish what failed."""


class ReportKept(Body):
    """Say that the promise is kept, in words for the public; somebody else clears them."""

    text: Text
    evidence: Text | None = None

    def fields(self, draft: Draft) -> dict[str, Any]:
        evidence = draft.words(self.evidence, "evidence", "evidence") if self.evidence else None
        return {
            "post_id": words.new_id(),
            "words": draft.public_words(self.text, "reply", "text"),
            "evidence": evidence,
        }


class WithdrawPromise(Return):
    """Take the promise back, openly and with a reason."""


BODIES: dict[str, dict[str, type[Body]]] = {
    "escalation": {
        "claim": Claim,
        "release": Release,
        "assign": Assign,
        "dismiss": Dismiss,
        "propose": Propose,
        "approve": Approve,
        "refuse": Refuse,
        "return": Return,
        "reply": Reply,
        "note": Note,
        "withdraw": Withdraw,
    },
    "post": {
        "clear": Clear,
        "return": Return,
        "withdraw": Withdraw,
        "confirm": Confirm,
        "retry": Retry,
    },
    "commitment": {"report_kept": ReportKept, "withdraw": WithdrawPromise},
}
"""Every command a person can send, with its body; a test compares this with the rules."""


# Promises and approved words. -----------------------------------------------------------------


def _promises(
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
    if reply is not None and _plain(promise.sentence) not in _plain(reply):
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


def _plain(text: str) -> str:
    """A text with every run of white space as one space: line breaks do not change a quotation."""
    return re.sub(r"\s+", " ", text).strip()


def _approved(
    draft: Draft, text: str, promises: Sequence[PromiseBody] | None
) -> tuple[Words, tuple[Promise, ...]] | None:
    """The approved words and promises, where what was sent is exactly them."""
    state = draft.state
    if not isinstance(state, Escalation) or state.decision is None or state.proposal is None:
        return None
    if state.decision.outcome == "approved":
        ref, bound = state.proposal.reply, state.proposal.promises
    else:
        ref, bound = state.decision.reason, ()
    if ref is None or words.exact_text(draft.session, ref) != text:
        return None
    if promises is not None and not _are_the_same(draft, promises, bound):
        return None
    return ref, bound


def _are_the_same(draft: Draft, promises: Sequence[PromiseBody], bound: Sequence[Promise]) -> bool:
    if len(promises) != len(bound):
        return False
    refs = [ref.id for p in bound for ref in (p.words, p.proof) if ref]
    texts = words.texts(draft.session, refs)
    return all(
        (sent.sentence, sent.accountable, sent.due_at, sent.proof)
        == (
            texts.get(made.words.id),
            made.accountable,
            made.due_at,
            texts.get(made.proof.id) if made.proof else None,
        )
        for sent, made in zip(promises, bound, strict=True)
    )
