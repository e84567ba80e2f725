"""People who are there: managers, working hours, absences, delegations; what the house tells"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("manager", "zone", "hours"):
        op.add_column("person", sa.Column(name, sa.String(), nullable=True))
    _absence()
    _delegation()
    op.create_table(
        "house_notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("house_notice_person_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("house_notice_pkey")),
    )
    op.create_index(
        "house_notice_waiting",
        "house_notice",
        ["id"],
        unique=False,
        sqlite_where=sa.text("told_at IS NULL"),
        postgresql_where=sa.text("told_at IS NULL"),
    )
    op.create_table(
        "reading",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("reading_person_id_fkey")),
        sa.PrimaryKeyConstraint("person_id", "stream", name=op.f("reading_pkey")),
    )


def _absence() -> None:
    op.create_table(
        "absence",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("deputy", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("absence_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("absence_pkey")),
    )
    op.create_index("absence_until", "absence", ["until"], unique=False)
    op.create_index(op.f("absence_person_id_idx"), "absence", ["person_id"], unique=False)


def _delegation() -> None:
    op.create_table(
        "delegation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("delegate", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("may_pass_on", sa.Boolean(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("delegation_person_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("delegation_pkey")),
    )
    op.create_index("delegation_until", "delegation", ["until"], unique=False)
    op.create_index(op.f("delegation_person_id_idx"), "delegation", ["person_id"], unique=False)
    op.create_index(op.f("delegation_delegate_idx"), "delegation", ["delegate"], unique=False)
