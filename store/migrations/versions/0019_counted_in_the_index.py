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
FILTERS = ("channel", "priority", "language")
IN_VIEWS = ("sort_at", "id", "team", "owner", "stage", "is_waiting")


def upgrade() -> None:
    _renew("escalation_mine", "owner", "sort_at", "id", "is_waiting", "stage", *FILTERS)
    _renew("escalation_team", "team", "stage", "sort_at", "id", *FILTERS)
    _renew("escalation_team_due", "team", "sort_at", "id", "owner", "stage", *FILTERS)
    for filtered in FILTERS:
        _renew(f"escalation_{filtered}", filtered, *IN_VIEWS)


def _renew(name: str, *columns: str) -> None:
    op.drop_index(name, "escalation")
    op.create_index(name, "escalation", list(columns), **OPEN)
