"""When a webhook that takes nothing is tried again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("hook", sa.Column("next_at", UtcDateTime(), nullable=True))
