"""Who made a token and what it is for; and what a channel said when it was last asked."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("token", sa.Column("made_by", sa.String(), nullable=True))
    op.add_column("token", sa.Column("label", sa.String(), nullable=True))
    _fill()
    op.create_table(
        "channel_check",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name="channel_check_pkey"),
    )


def _fill() -> None:
    """From the ledger of the house, for the tokens of programs that may still be in force."""
    connection = op.get_bind()
    wanted = set(
        connection.scalars(
            sa.text("SELECT id FROM token WHERE purpose = 'api' AND revoked_at IS NULL")
        )
    )
    made = connection.execute(
        sa.text(
            """SELECT "by", body FROM ledger WHERE stream = 'house' AND name = 'house:token:made'"""
        )
    )
    found = [(json.loads(row.body)["data"]["token"], row.by) for row in made] if wanted else []
    for token, by in found:
        if token in wanted:
            connection.execute(
                sa.text("UPDATE token SET made_by = :by WHERE id = :token"),
                {"by": by, "token": token},
            )
