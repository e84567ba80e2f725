"""The spine: people, inbox, words, ledger, queue"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "author",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("reach", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("author_pkey")),
        sa.UniqueConstraint("channel", "handle", name=op.f("author_channel_handle_key")),
    )
    op.create_table(
        "commitment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("escalation_id", sa.String(), nullable=False),
        sa.Column("post_id", sa.String(), nullable=False),
        sa.Column("words_id", sa.String(), nullable=False),
        sa.Column("accountable", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("commitment_pkey")),
    )
    op.create_index(
        "commitment_accountable", "commitment", ["accountable", "due_at", "id"], unique=False
    )
    op.create_index("commitment_due", "commitment", ["due_at", "id"], unique=False)
    op.create_index(
        op.f("commitment_escalation_id_idx"), "commitment", ["escalation_id"], unique=False
    )
    op.create_index("commitment_stage", "commitment", ["stage", "due_at", "id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("post_id", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("post_id", name=op.f("delivery_pkey")),
    )
    op.create_table(
        "escalation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("comment_id", sa.String(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("sort_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("predecessor", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("escalation_pkey")),
    )
    op.create_index(
        op.f("escalation_conversation_id_idx"), "escalation", ["conversation_id"], unique=False
    )
    op.create_index(
        "escalation_due",
        "escalation",
        ["sort_at", "id"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "escalation_mine",
        "escalation",
        ["owner", "sort_at", "id"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("escalation_owner_all", "escalation", ["owner", "id"], unique=False)
    op.create_index(
        "escalation_stage",
        "escalation",
        ["stage", "sort_at", "id"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("escalation_stage_all", "escalation", ["stage", "id"], unique=False)
    op.create_index(
        "escalation_team",
        "escalation",
        ["team", "stage", "sort_at", "id"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("escalation_team_all", "escalation", ["team", "id"], unique=False)
    op.create_index(
        "escalation_team_due",
        "escalation",
        ["team", "sort_at", "id"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "fork",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("fork_pkey")),
        sa.UniqueConstraint("stream", "seq", "digest", name=op.f("fork_stream_seq_digest_key")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("heartbeat_pkey")),
    )
    op.create_table(
        "ledger",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("ledger_pkey")),
        sa.UniqueConstraint("stream", "seq", name=op.f("ledger_stream_seq_key")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("person_pkey")),
    )
    op.create_table(
        "policy_version",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.Column("applied_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("policy_version_pkey")),
    )
    op.create_table(
        "post",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("escalation_id", sa.String(), nullable=False),
        sa.Column("commitment_id", sa.String(), nullable=True),
        sa.Column("comment_id", sa.String(), nullable=False),
        sa.Column("words_id", sa.String(), nullable=False),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("cleared_by", sa.String(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("post_pkey")),
    )
    op.create_index(op.f("post_commitment_id_idx"), "post", ["commitment_id"], unique=False)
    op.create_index(op.f("post_escalation_id_idx"), "post", ["escalation_id"], unique=False)
    op.create_index("post_stage", "post", ["stage", "id"], unique=False)
    op.create_table(
        "snapshot",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("snapshot_pkey")),
    )
    op.create_index(
        "snapshot_open",
        "snapshot",
        ["kind", "stream"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "team",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("team_pkey")),
    )
    op.create_table(
        "words",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("bound_to", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("words_pkey")),
        sa.UniqueConstraint("id", name=op.f("words_id_key")),
    )
    op.create_index(op.f("words_bound_to_idx"), "words", ["bound_to"], unique=False)
    op.create_index(
        "words_unbound",
        "words",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("bound_to IS NULL"),
        postgresql_where=sa.text("bound_to IS NULL"),
    )
    op.create_table(
        "announcement",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("announcement_person_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("announcement_pkey")),
    )
    op.create_index(op.f("announcement_person_id_idx"), "announcement", ["person_id"], unique=False)
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("author_id", sa.String(), nullable=False),
        sa.Column("open_escalation_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["author.id"], name=op.f("conversation_author_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("conversation_pkey")),
        sa.UniqueConstraint(
            "channel", "thread", "author_id", name=op.f("conversation_channel_thread_author_id_key")
        ),
        sa.UniqueConstraint("open_escalation_id", name=op.f("conversation_open_escalation_id_key")),
    )
    op.create_table(
        "membership",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("is_lead", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("membership_person_id_fkey")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("membership_team_id_fkey")),
        sa.PrimaryKeyConstraint("person_id", "team_id", name=op.f("membership_pkey")),
    )
    op.create_index(op.f("membership_team_id_idx"), "membership", ["team_id"], unique=False)
    op.create_table(
        "token",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("token_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("token_pkey")),
        sa.UniqueConstraint("digest", name=op.f("token_digest_key")),
    )
    op.create_index(op.f("token_person_id_idx"), "token", ["person_id"], unique=False)
    op.create_table(
        "comment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("escalation_id", sa.String(), nullable=False),
        sa.Column("words_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("in_reply_to", sa.String(), nullable=True),
        sa.Column("posted_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("comment_conversation_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("comment_pkey")),
        sa.UniqueConstraint("channel", "external_id", name=op.f("comment_channel_external_id_key")),
    )
    op.create_index(
        op.f("comment_conversation_id_idx"), "comment", ["conversation_id"], unique=False
    )
    op.create_index(op.f("comment_escalation_id_idx"), "comment", ["escalation_id"], unique=False)
    op.create_table(
        "arrival",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("comment_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("words_id", sa.String(), nullable=False),
        sa.Column("escalation_id", sa.String(), nullable=False),
        sa.Column("predecessor", sa.String(), nullable=True),
        sa.Column("is_backlog", sa.Boolean(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("handed_over_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("arrival_comment_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("arrival_pkey")),
        sa.UniqueConstraint("comment_id", "revision", name=op.f("arrival_comment_id_revision_key")),
    )
    op.create_index(op.f("arrival_escalation_id_idx"), "arrival", ["escalation_id"], unique=False)
    op.create_index(
        "arrival_waiting",
        "arrival",
        ["id"],
        unique=False,
        sqlite_where=sa.text("handed_over_at IS NULL"),
        postgresql_where=sa.text("handed_over_at IS NULL"),
    )
    _text_search()
    _ledger_is_append_only()


def _text_search() -> None:
    """Words can be searched: an FTS5 index beside the table in SQLite, GIN in PostgreSQL."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE INDEX words_search ON words USING gin (to_tsvector('simple', text)) "
            "WHERE purpose = 'comment'"
        )
        return
    op.execute(
        "CREATE VIRTUAL TABLE words_search USING fts5"
        "(text, content='words', content_rowid='number', tokenize='unicode61')"
    )
    op.execute(
        "CREATE TRIGGER words_search_added AFTER INSERT ON words WHEN new.purpose = 'comment' "
        "BEGIN INSERT INTO words_search(rowid, text) VALUES (new.number, new.text); END"
    )
    op.execute(
        "CREATE TRIGGER words_search_removed AFTER DELETE ON words WHEN old.purpose = 'comment' "
        "BEGIN INSERT INTO words_search(words_search, rowid, text) "
        "VALUES ('delete', old.number, old.text); END"
    )
    op.execute(
        "CREATE TRIGGER words_search_changed AFTER UPDATE OF text ON words "
        "WHEN old.purpose = 'comment' BEGIN "
        "INSERT INTO words_search(words_search, rowid, text) "
        "VALUES ('delete', old.number, old.text); "
        "INSERT INTO words_search(rowid, text) VALUES (new.number, new.text); END"
    )


def _ledger_is_append_only() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER ledger_refuses_{act.lower()} BEFORE {act} ON ledger "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )
