"""The record is searched by who did what when, and by how cases ended, by index."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index("ledger_at", "ledger", ["at", "position"])
    op.create_index("ledger_by", "ledger", ["by", "at", "position", "name"])
    op.create_index("ledger_name", "ledger", ["name", "at", "position"])
    op.create_index("escalation_channel_all", "escalation", ["channel", "id"])
    op.create_index("escalation_outcome", "escalation", ["outcome", "id"])
