"""Posts: what they correct and who corrected them, news, and turns on a channel"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    text = sa.String()
    op.add_column("post", sa.Column("kind", text, nullable=False, server_default="reply"))
    op.add_column("post", sa.Column("corrects", text, nullable=True))
    op.add_column("post", sa.Column("corrected_by", text, nullable=True))
    op.add_column("post", sa.Column("retracted_by", text, nullable=True))
    op.add_column("post", sa.Column("matter_id", text, nullable=True))
    op.add_column(
        "post", sa.Column("same_answer_to", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "post", sa.Column("has_news", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(op.f("post_corrects_idx"), "post", ["corrects"], unique=False)
    op.create_index(op.f("post_matter_id_idx"), "post", ["matter_id"], unique=False)
    op.create_table(
        "turn",
        sa.Column("post_id", text, nullable=False),
        sa.Column("channel", text, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("post_id", name=op.f("turn_pkey")),
    )
    op.create_index("turn_day", "turn", ["channel", "at"], unique=False)
