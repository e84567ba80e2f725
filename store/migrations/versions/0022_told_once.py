"""What became of several acts at once, until the next page of their session has told it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "told",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="told_pkey"),
        sa.ForeignKeyConstraint(["session_id"], ["token.id"], name="told_session_id_fkey"),
    )
    op.create_index("told_session", "told", ["session_id", "id"])
    op.create_index("told_made", "told", ["made_at"])
