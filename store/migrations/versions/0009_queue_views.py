"""What views of the queue ask for: who waits for others, urgency and language; and who is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "escalation", sa.Column("priority", sa.String(), nullable=False, server_default="normal")
    )
    op.add_column("escalation", sa.Column("language", sa.String(), nullable=True))
    op.add_column(
        "escalation",
        sa.Column("is_waiting", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _fill()
    for name, columns in (
        ("escalation_channel", ["channel", "sort_at", "id"]),
        ("escalation_priority", ["priority", "sort_at", "id"]),
        ("escalation_language", ["language", "sort_at", "id"]),
    ):
        op.create_index(
            name,
            "escalation",
            columns,
            sqlite_where=sa.text("is_open = 1"),
            postgresql_where=sa.text("is_open"),
        )
    op.create_table(
        "presence",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("is_writing", sa.Boolean(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "person_id", name="presence_pkey"),
    )
    op.create_index("presence_seen", "presence", ["seen_at"])


def _fill() -> None:
    """From the snapshots, of which these columns are functions. Defaults are not in them."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"

    def of(*path: str) -> str:
        if is_sqlite:
            return f"json_extract(body, '$.{'.'.join(path)}')"
        return f"(body::jsonb #>> '{{{','.join(path)}}}')"

    waits = (
        f"({of('stage')} = 'listening'"
        f" OR ({of('stage')} = 'deciding' AND {of('question')} IS NULL)"
        f" OR ({of('stage')} = 'replying'"
        f" AND ({of('reply')} IS NOT NULL OR {of('waiting')} IS NOT NULL)))"
    )
    columns = {
        "priority": (f"coalesce({of('terms', 'priority')}, 'normal')", "'normal'"),
        "language": (of("terms", "language"), "NULL"),
        "is_waiting": (waits, "0" if is_sqlite else "false"),
    }
    for column, (value, otherwise) in columns.items():
        found = f"SELECT {value} FROM snapshot WHERE stream = 'escalation/' || escalation.id"  # noqa: S608
        op.execute(f"UPDATE escalation SET {column} = coalesce(({found}), {otherwise})")  # noqa: S608
