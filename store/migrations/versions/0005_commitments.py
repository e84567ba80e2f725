"""Commitments: the first date, breaks, the commenter's word, the private link"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for column in (
        sa.Column("first_due_at", UtcDateTime(), nullable=True),
        sa.Column("was_broken", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("is_renegotiated", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("says", sa.String(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("link", sa.String(), nullable=True),
    ):
        op.add_column("commitment", column)
    op.create_index("commitment_link", "commitment", ["link"], unique=True)
    op.execute("UPDATE commitment SET first_due_at = due_at")
    # The snapshot alone knows whether what was withdrawn had been broken before. Streams are
    # spelt ``commitment/<id>``: the id starts at 12.
    op.execute(
        "UPDATE commitment SET was_broken = true WHERE id IN (SELECT substr(stream, 12) "
        "FROM snapshot WHERE kind = 'commitment' AND body LIKE '%\"was_broken\"\\:true%')"
    )
