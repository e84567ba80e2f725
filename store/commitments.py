"""Who may have the last word on a promise: the author of its comment, or whoever holds its link."""

from __future__ import annotations

from typing import cast

from sqlalchemy import select
from sqlmodel import Session, col

from domain.commitment import Commitment
from domain.errors import Unknown
from store import details, people, tables


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
        raise Unknown(
            "unknown_link",
            "this link is not, or no longer, one that answers for a promise",
            "ask whoever gave it to you for a new one, or answer in the thread itself",
        )
    return f"commitment/{found}", digest
