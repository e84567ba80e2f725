"""What waits for somebody's own move, and what for others, is counted in the index alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.drop_index("escalation_mine", "escalation")
    op.create_index(
        "escalation_mine",
        "escalation",
        ["owner", "sort_at", "id", "is_waiting"],
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
