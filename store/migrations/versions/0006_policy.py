"""Policy: the file and the reason of each version, which nobody changes; languages of comments"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("policy_version", sa.Column("source", sa.Text(), nullable=True))
    op.add_column(
        "policy_version", sa.Column("reason", sa.Text(), nullable=False, server_default="")
    )
    op.add_column("comment", sa.Column("language", sa.String(), nullable=True))
    _versions_are_append_only()


def _versions_are_append_only() -> None:
    """Escalations pin a version, and are judged by it for years."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION policy_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'versions of the policy are append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER policy_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            "ON policy_version FOR EACH STATEMENT EXECUTE FUNCTION policy_refuse_change()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER policy_version_refuses_{act.lower()} BEFORE {act} ON policy_version "
            "BEGIN SELECT RAISE(ABORT, 'versions of the policy are append-only'); END"
        )
