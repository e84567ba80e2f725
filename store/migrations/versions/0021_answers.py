"""Answers: the replies that are out, with what they decided, as the public ledger shows them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store import answers
from store.tables import UtcDateTime

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("post_id", sa.String(), nullable=False),
        sa.Column("escalation_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("waited", sa.BigInteger(), nullable=True),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.Column("reason_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("post_id", name="answer_pkey"),
    )
    op.create_index("answer_escalation_id_idx", "answer", ["escalation_id"])
    shown, refused = "is_public", "is_public AND refusal IS NOT NULL"
    _only("answer_at", "answer", shown, "at", "post_id")
    _only("answer_channel", "answer", shown, "channel", "at", "post_id")
    _only("answer_refused", "answer", refused, "at", "post_id")
    _only("answer_refusal", "answer", refused, "refusal", "at", "post_id")
    _only("escalation_hidden", "escalation", "NOT is_public", "id")
    answers.rebuild(op.get_bind())


def _only(name: str, table: str, where: str, *columns: str) -> None:
    held = sa.text(where)
    op.create_index(name, table, list(columns), sqlite_where=held, postgresql_where=held)
