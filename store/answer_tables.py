"""The table of answers: our published replies as the public ledger tells of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field, SQLModel, col

from store.tables import SHOWN, Escalation, UtcDateTime

REFUSED = f"{SHOWN} AND refusal IS NOT NULL"
"""Which rows of ``answer`` say no in public. An index is used only where a statement says the same
in the same words, so both take them from here."""

HIDDEN = "NOT is_public"
"""Which rows of ``escalation`` the public ledger counts nowhere: of all, few."""


def _only(name: str, where: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Answer(SQLModel, table=True):
    """*Derived.* One reply of ours that is out, with the decision that it told of."""

    __tablename__ = "answer"
    __table_args__ = (
        # One index for each way in which the ledger is asked, and one for each of its counts.
        _only("answer_at", SHOWN, "at", "post_id"),
        _only("answer_channel", SHOWN, "channel", "at", "post_id"),
        _only("answer_refused", REFUSED, "at", "post_id"),
        _only("answer_refusal", REFUSED, "refusal", "at", "post_id"),
    )
    post_id: str = Field(primary_key=True)
    escalation_id: str = Field(index=True)
    channel: str
    team: str
    is_public: bool
    """Whether the terms of its case let the public ledger show it."""
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    """When it was out."""
    waited: int | None = Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    """Seconds since the comment reached us, in plain time; None, where it was not the first."""
    writer: str
    decision: str | None = None
    """approved, refused or moved_to_private; None where nothing had to be decided."""
    decided_by: str | None = None
    refusal: str | None = None
    """The code of a refusal."""
    reason_id: str | None = None
    """The words that give its reason, which were written to be read by the public."""


_HIDDEN: dict[str, Any] = {"sqlite_where": text(HIDDEN), "postgresql_where": text(HIDDEN)}
Index("escalation_hidden", col(Escalation.id), **_HIDDEN)
