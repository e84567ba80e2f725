"""Sessions say when they were last seen and where; accounts at an identity provider."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("token", sa.Column("seen_at", UtcDateTime(), nullable=True))
    op.add_column("token", sa.Column("device", sa.String(), nullable=True))
    op.add_column("token", sa.Column("hint", sa.Text(), nullable=True))
    op.create_table(
        "identity",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("bound_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="identity_pkey"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="identity_person_id_fkey"),
        sa.UniqueConstraint("issuer", "subject", name="identity_issuer_subject_key"),
        sa.UniqueConstraint("issuer", "person_id", name="identity_issuer_person_id_key"),
    )
    op.create_index("identity_person_id_idx", "identity", ["person_id"])
    op.create_table(
        "sign_in",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("onward", sa.String(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="sign_in_pkey"),
    )
    op.create_index("sign_in_expires_at", "sign_in", ["expires_at"])
