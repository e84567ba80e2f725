"""A case is found by who wrote it, and by the id or the address of a comment at its channel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_index(op.f("comment_external_id_idx"), "comment", ["external_id"])
    op.create_index(
        "comment_url",
        "comment",
        ["url"],
        sqlite_where=sa.text("url IS NOT NULL"),
        postgresql_where=sa.text("url IS NOT NULL"),
        postgresql_using="hash",
    )
    _author_search()


def _author_search() -> None:
    """Names and handles can be searched: FTS5 beside the table in SQLite, GIN in PostgreSQL."""
    if op.get_bind().dialect.name == "postgresql":
        # PostgreSQL would take anna@example.org for one word, and would not find example.
        op.execute(
            "CREATE INDEX author_search ON author USING gin (to_tsvector('simple', "
            "translate(coalesce(name, '') || ' ' || handle, '@_.-/+#:', '        ')))"
        )
        return
    # It holds its own text, because an author has no number of its own that stays: VACUUM may
    # renumber the rows of such a table. The id is searched as well, so that what is erased is found
    # by it at once.
    op.execute("CREATE VIRTUAL TABLE author_search USING fts5(id, name, handle)")
    op.execute("INSERT INTO author_search (id, name, handle) SELECT id, name, handle FROM author")
    added = "INSERT INTO author_search (id, name, handle) VALUES (new.id, new.name, new.handle)"
    removed = """DELETE FROM author_search WHERE author_search MATCH 'id:"' || old.id || '"'"""
    for name, when, done in (
        ("added", "AFTER INSERT ON author", f"{added};"),
        ("removed", "AFTER DELETE ON author", f"{removed};"),
        ("changed", "AFTER UPDATE OF id, name, handle ON author", f"{removed}; {added};"),
    ):
        op.execute(sa.text(f"CREATE TRIGGER author_search_{name} {when} BEGIN {done} END"))
