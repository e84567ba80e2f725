"""When open entities wake, what the upkeep check found, and drafts with their versions

Rows that are there already are filled by the first round of the check, and by whatever changes
them next.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("snapshot", sa.Column("wakes_at", UtcDateTime(), nullable=True))
    op.create_index(
        "snapshot_wakes",
        "snapshot",
        ["wakes_at", "stream"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "finding",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("cleared_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("stream", "code", name=op.f("finding_pkey")),
    )
    op.create_table(
        "draft",
        sa.Column("escalation_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("is_aside", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("draft_person_fkey")),
        sa.PrimaryKeyConstraint("escalation_id", "version", name=op.f("draft_pkey")),
    )
