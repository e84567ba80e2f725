"""What people wrote: stored once, each with its own salt, referred to by id and digest."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, bindparam, delete, select, update
from sqlmodel import Session, col
from ulid import ULID

from domain.base import Words as WordsRef
from store.statements import ask, plain
from store.tables import Words

UNBOUND_FOR = timedelta(days=1)
"""How long words may wait for the event that binds them."""


def new_id() -> str:
    return str(ULID())


def ids_from(at: datetime) -> str:
    """What ids made at this moment begin with: all that are not less were made then or later."""
    return str(ULID.from_datetime(at))[:10]


def digest_of(salt: str, text: str) -> str:
    """HMAC-SHA256(salt, text) in hex. The salt is the row's own, 16 random bytes in hex."""
    return hmac.new(bytes.fromhex(salt), text.encode(), hashlib.sha256).hexdigest()


def new_row(text: str, purpose: str, at: datetime, bound_to: str | None = None) -> dict[str, Any]:
    salt = secrets.token_hex(16)
    return {
        "id": new_id(),
        "purpose": purpose,
        "salt": salt,
        "text": text,
        "digest": digest_of(salt, text),
        "bound_to": bound_to,
        "created_at": at,
    }


def put(session: Session, text: str, purpose: str, at: datetime) -> WordsRef:
    """Store words unbound and answer how to refer to them."""
    row = new_row(text, purpose, at)
    session.add(Words(**row))
    return WordsRef(id=row["id"], digest=row["digest"])


_BIND = (
    update(plain(Words))
    .where(
        plain(Words).c.id.in_(bindparam("ids", expanding=True)),
        plain(Words).c.bound_to.is_(None),
    )
    .values(bound_to=bindparam("stream"))
)


def bind(session: Session, ids: Iterable[str], stream: str) -> None:
    """Bind words to the stream whose event refers to them; words once bound stay as they are."""
    wanted = sorted(set(ids))
    if wanted:
        session.execute(_BIND, {"ids": wanted, "stream": stream})


def texts(session: Session, ids: Iterable[str | None]) -> dict[str, str]:
    """The bound texts for these ids; unbound words are nobody's to read."""
    wanted = {i for i in ids if i}
    if not wanted:
        return {}
    return {row.id: row.text for row in ask(session, _TEXTS, ids=sorted(wanted))}


_TEXTS = select(plain(Words).c.id, plain(Words).c.text).where(
    plain(Words).c.id.in_(bindparam("ids", expanding=True)), plain(Words).c.bound_to.is_not(None)
)


def sweep(session: Session, at: datetime) -> int:
    """Delete words that no event bound within a day; answers how many."""
    result = session.execute(
        delete(Words).where(col(Words.bound_to).is_(None), col(Words.created_at) < at - UNBOUND_FOR)
    )
    return cast("CursorResult[Any]", result).rowcount


def refs(data: Any) -> Iterable[str]:
    """The ids of all words a fact refers to, wherever they stand in its data."""
    if isinstance(data, dict):
        if data.keys() == {"id", "digest"}:
            yield data["id"]
        else:
            for value in data.values():
                yield from refs(value)
    elif isinstance(data, list):
        for value in data:
            yield from refs(value)


def exact_text(session: Session, ref: WordsRef) -> str | None:
    """The text that a reference binds; None if it is gone or is not that text any more."""
    row = session.scalars(select(Words).where(col(Words.id) == ref.id)).first()
    if row is None or not hmac.compare_digest(digest_of(row.salt, row.text), ref.digest):
        return None
    return row.text
