"""The views of the queue, also of a filtered one, are counted in the indexes alone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

OPEN: dict[str, Any] = {
    "sqlite_where": sa.text("is_open = 1"),
    "postgresql_where": sa.text("is_open"),
}
IN_VIEWS = ("sort_at", "id", "team", "owner", "stage", "is_waiting")


def upgrade() -> None:
    _renew("escalation_mine", "owner", "sort_at", "id", "is_waiting")
    for filtered in ("channel", "priority", "language"):
        _renew(f"escalation_{filtered}", filtered, *IN_VIEWS)


def _renew(name: str, *columns: str) -> None:
    op.drop_index(name, "escalation")
    op.create_index(name, "escalation", list(columns), **OPEN)
