"""Who may have the last word on a promise: the author of its comment, or whoever holds its link."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import select
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.commitment import Commitment, LinkMade, WordGiven, WordSource
from domain.errors import Unknown
from domain.ledger import Fact
from store import details, people, tables, words


def state_of(session: Session, stream: str) -> Commitment:
    """Raises Unknown."""
    return cast("Commitment", details.state_of(session, stream))


def is_author(session: Session, stream: str, handle: str) -> bool:
    """Whether this is the account that wrote the comment the promise answers. Raises Unknown."""
    comment, talk, author = tables.Comment, tables.Conversation, tables.Author
    found = session.scalars(
        select(col(author.handle))
        .join(talk, col(talk.author_id) == col(author.id))
        .join(comment, col(comment.conversation_id) == col(talk.id))
        .where(col(comment.id) == state_of(session, stream).comment_id)
    ).first()
    return found == handle


def by_link(session: Session, secret: str) -> tuple[str, str]:
    """The stream that a private link answers for, and the digest of its secret. Raises Unknown."""
    digest = people.digest_of(secret)
    found = session.scalars(
        select(col(tables.Commitment.id)).where(col(tables.Commitment.link) == digest)
    ).first()
    if found is None:
        raise _no_link()
    return f"commitment/{found}", digest


def _no_link() -> Unknown:
    return Unknown(
        "unknown_link",
        "this link is not, or no longer, one that answers for a promise",
        "ask whoever gave it to you for a new one, or answer in the thread itself",
    )


# What became of a link. ----------------------------------------------------------------------

MARK = "."


def new_secret(commitment_id: str) -> str:
    """A secret of 256 random bits. It names its promise, which is no secret, so that a link that
    answers no more can still say why."""
    return f"{commitment_id}{MARK}{secrets.token_urlsafe(32)}"


class LinkFate(StrEnum):
    """What a private link is good for now."""

    OPEN = "open"
    ANSWERED = "answered"
    REPLACED = "replaced"
    """A newer one was made."""
    OVER = "over"
    """What it asked was settled meanwhile, in another way."""


class PrivateLink(Value):
    """What whoever holds a private link may know: the promise it was made for, and its own fate."""

    fate: LinkFate
    commitment_id: str
    is_public: bool
    sentence: str | None
    channel: str
    made_at: Moment
    first_due_at: Moment
    due_at: Moment
    was_broken: bool
    report: str | None
    """Our published words that it is kept, while they wait for an answer."""
    is_kept: bool | None = None
    """What was answered by it."""
    answered_at: Moment | None = None


def private_link(session: Session, secret: str) -> PrivateLink:
    """The promise that a private link asks about, also where it answers no more. Raises Unknown
    for one that never was."""
    digest = people.digest_of(secret)
    row = tables.Commitment
    found = session.scalars(select(col(row.id)).where(col(row.link) == digest)).first()
    if found is not None:
        return _link(session, found, LinkFate.OPEN)
    named = secret.partition(MARK)[0]
    known = session.scalars(select(col(row.id)).where(col(row.id) == named)).first()
    facts = _since_made(session, known, digest) if known else []
    if known is None or not facts:
        raise _no_link()
    after = facts[1] if len(facts) > 1 else None
    if after is not None and after.name == LinkMade.NAME:
        return _link(session, known, LinkFate.REPLACED)
    if after is not None and after.data.get("source") == WordSource.PRIVATE_LINK:
        return _link(session, known, LinkFate.ANSWERED, bool(after.data["is_kept"]), after.at)
    return _link(session, known, LinkFate.OVER)


def _since_made(session: Session, commitment_id: str, digest: str) -> list[Fact]:
    """The links and words of a promise, from the making of this link on."""
    table = tables.LedgerEntry
    bodies = session.scalars(
        select(col(table.body))
        .where(
            col(table.stream) == f"commitment/{commitment_id}",
            col(table.name).in_((LinkMade.NAME, WordGiven.NAME)),
        )
        .order_by(col(table.seq))
    )
    facts = [Fact.model_validate_json(body) for body in bodies]
    made = [n for n, fact in enumerate(facts) if fact.data.get("digest") == digest]
    return facts[made[0] :] if made else []


def _link(
    session: Session,
    commitment_id: str,
    fate: LinkFate,
    is_kept: bool | None = None,
    answered_at: datetime | None = None,
) -> PrivateLink:
    state = state_of(session, f"commitment/{commitment_id}")
    report = state.report.post_id if state.report and fate is LinkFate.OPEN else None
    post = session.get(tables.Post, report) if report else None
    said = post.words_id if post and post.published_at else None
    texts = words.texts(session, [state.promise.words.id, said])
    return PrivateLink(
        fate=fate,
        commitment_id=commitment_id,
        is_public=state.is_public,
        sentence=texts.get(state.promise.words.id),
        channel=state.channel,
        made_at=state.opened_at,
        first_due_at=state.first_due_at,
        due_at=state.due_at,
        was_broken=state.was_broken,
        report=texts.get(said) if said else None,
        is_kept=is_kept,
        answered_at=answered_at,
    )
