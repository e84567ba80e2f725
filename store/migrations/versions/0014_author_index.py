"""The conversations of one author are found by index: a case shows what else they have said."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_index("conversation_author", "conversation", ["author_id", "id"])
