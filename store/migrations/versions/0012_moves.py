"""Moves: what was owed in each case, from when, how long; made from the ledgers there are"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store import moves
from store.tables import BigId, UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "move_kind",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("how", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("owed_by", sa.String(), nullable=True),
        sa.Column("told", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="move_kind_pkey"),
        sa.UniqueConstraint("key", name="move_kind_key_key"),
    )
    op.create_table(
        "move",
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("escalation_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", BigId, nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("plain", sa.BigInteger(), nullable=True),
        sa.Column("working", sa.BigInteger(), nullable=True),
        sa.Column("paused", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("opened_at", "escalation_id", "n", name="move_pkey"),
        sqlite_with_rowid=False,
    )
    is_open = sa.text("plain IS NULL")
    op.create_index(
        "move_open", "move", ["opened_at"], sqlite_where=is_open, postgresql_where=is_open
    )
    moves.rebuild(op.get_bind())
