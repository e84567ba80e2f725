"""What the public ledger lists, counts and tells the news of."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from store.tables import ANSWERED, ENDED, SHOWN, UNANSWERED, UtcDateTime

revision = "0010"
down_revision = "0009"

_STANDING = """
    UPDATE commitment SET standing = CASE
        WHEN stage = 'withdrawn' OR stage = 'kept_late' THEN stage
        WHEN stage = 'kept' AND is_renegotiated THEN 'renegotiated'
        WHEN stage = 'kept' THEN 'kept'
        WHEN stage = 'broken' OR was_broken THEN 'broken'
        ELSE 'open' END
"""
_CHANNEL = """
    UPDATE commitment SET channel =
        (SELECT e.channel FROM escalation e WHERE e.id = commitment.escalation_id)
"""
_TURNED = """
    UPDATE commitment SET turned_at = COALESCE((SELECT MAX(l.at) FROM ledger l
        WHERE l.stream = 'commitment/' || commitment.id AND l.name IN (
            'commitment:promise:opened', 'commitment:promise:broken', 'commitment:promise:kept',
            'commitment:promise:withdrawn', 'commitment:report:published', 'commitment:date:set',
            'commitment:word:given', 'commitment:denial:accepted', 'commitment:denial:rejected'
        )), opened_at)
"""
_PRIVATE = """
    UPDATE escalation SET is_public = false WHERE 'escalation/' || id IN
        (SELECT stream FROM snapshot WHERE kind = 'escalation'
            AND body LIKE '%"is_public"\\:false%')
"""
_ANSWERED = """
    UPDATE escalation SET answered_at = (SELECT MIN(l.at) FROM ledger l
        WHERE l.stream = 'escalation/' || escalation.id AND l.name = 'escalation:reply:settled'
            AND l.body LIKE '%"settlement"\\:"published"%')
"""
_WAITED = {
    "sqlite": """
        UPDATE escalation SET waited = CAST(strftime('%s', answered_at) AS INTEGER)
            - CAST(strftime('%s', opened_at) AS INTEGER) WHERE answered_at IS NOT NULL
    """,
    "postgresql": """
        UPDATE escalation SET waited = CAST(EXTRACT(EPOCH FROM answered_at - opened_at) AS BIGINT)
            WHERE answered_at IS NOT NULL
    """,
}


def upgrade() -> None:
    _add_columns()
    waited = _WAITED[op.get_bind().dialect.name]
    for statement in (_STANDING, _CHANNEL, _TURNED, _PRIVATE, _ANSWERED, waited):
        op.execute(statement)
    for table, where, indexes in (
        ("escalation", UNANSWERED, {"escalation_unanswered": ["opened_at"]}),
        ("escalation", ANSWERED, {"escalation_answered": ["answered_at", "waited"]}),
        ("escalation", ENDED, {"escalation_ended": ["closed_at", "outcome"]}),
        ("commitment", SHOWN, _OF_COMMITMENTS),
    ):
        for name, columns in indexes.items():
            only = sa.text(where)
            op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)


_OF_COMMITMENTS = {
    "ledger_due": ["due_at", "id"],
    "ledger_standing": ["standing", "due_at", "id"],
    "ledger_channel": ["channel", "due_at", "id"],
    "ledger_channel_standing": ["channel", "standing", "due_at", "id"],
    "ledger_turned": ["turned_at", "id"],
    "ledger_figures": ["accountable", "standing", "was_broken", "says"],
}


def _add_columns() -> None:
    of_escalations: tuple[sa.Column[Any], ...] = (
        sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("waited", sa.BigInteger(), nullable=True),
    )
    for column in of_escalations:
        op.add_column("escalation", column)
    of_commitments: tuple[sa.Column[Any], ...] = (
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("standing", sa.String(), nullable=True),
        sa.Column("turned_at", UtcDateTime(), nullable=True),
    )
    for column in of_commitments:
        op.add_column("commitment", column)
