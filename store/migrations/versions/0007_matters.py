"""Matters: many escalations decided once, who belongs to them, and who might."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("escalation", sa.Column("matter_id", sa.String(), nullable=True))
    op.add_column("escalation", sa.Column("matter_state", sa.String(), nullable=True))
    op.create_index("escalation_matter", "escalation", ["matter_id", "matter_state", "id"])
    op.create_table(
        "matter",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("is_taking", sa.Boolean(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("title_id", sa.String(), nullable=False),
        sa.Column("words_id", sa.String(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="matter_pkey"),
    )
    op.create_index("matter_open", "matter", ["is_open", "opened_at", "id"])
    op.create_index("matter_stage", "matter", ["stage", "opened_at", "id"])
    op.create_index("matter_team", "matter", ["team", "opened_at", "id"])
    op.create_table(
        "matter_suggestion",
        sa.Column("matter_id", sa.String(), nullable=False),
        sa.Column("escalation_id", sa.String(), nullable=False),
        sa.Column("likeness", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("matter_id", "escalation_id", name="matter_suggestion_pkey"),
    )
