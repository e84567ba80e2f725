"""How people want to be told, what became of it, and links that decide once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "notice_delivery",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("announcement_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="notice_delivery_pkey"),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcement.id"], name="notice_delivery_announcement_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="notice_delivery_person_id_fkey"
        ),
        sa.UniqueConstraint(
            "announcement_id", "way", name="notice_delivery_announcement_id_way_key"
        ),
    )
    op.create_index("notice_delivery_person", "notice_delivery", ["person_id", "id"])
    op.create_table(
        "notice_rules",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="notice_rules_pkey"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="notice_rules_person_id_fkey"),
    )
    op.create_table(
        "decision_link",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("act", sa.String(), nullable=True),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="decision_link_pkey"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="decision_link_person_id_fkey"),
        sa.UniqueConstraint("digest", name="decision_link_digest_key"),
    )
    op.create_index("decision_link_expires", "decision_link", ["expires_at"])
