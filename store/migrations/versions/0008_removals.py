"""Comments can be taken back; replies are compared with the latest ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("comment", sa.Column("removed_at", UtcDateTime(), nullable=True))
    op.add_column(
        "arrival",
        sa.Column("is_removed", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index("post_published", "post", ["published_at"])
