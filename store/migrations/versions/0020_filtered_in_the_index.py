"""The views of one person and one team hold what they are filtered by, and are counted in the
indexes alone as well."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

OPEN: dict[str, Any] = {
    "sqlite_where": sa.text("is_open = 1"),
    "postgresql_where": sa.text("is_open"),
}
FILTERS = ("channel", "priority", "language")


def upgrade() -> None:
    _renew("escalation_mine", "owner", "sort_at", "id", "is_waiting", "stage", *FILTERS)
    _renew("escalation_team", "team", "stage", "sort_at", "id", *FILTERS)
    _renew("escalation_team_due", "team", "sort_at", "id", "owner", "stage", *FILTERS)


def _renew(name: str, *columns: str) -> None:
    op.drop_index(name, "escalation")
    op.create_index(name, "escalation", list(columns), **OPEN)
