"""The migrations make exactly what the models say, in both databases, from every revision."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from store import queries
from store.database import Database
from store.migrate import METADATA, config, is_compared, newest, present, upgrade


def test_the_migrated_schema_is_the_models_schema(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": is_compared}
        )
        assert compare_metadata(context, METADATA) == []
    assert present(database) == newest()


def test_every_earlier_revision_migrates_up(database_url: str, tmp_path: Path) -> None:
    """From each revision's own schema with the newest code."""
    revisions = [s.revision for s in ScriptDirectory.from_config(config()).walk_revisions()]
    for revision in reversed(revisions):
        database = _empty(database_url, tmp_path, revision)
        upgrade(database, revision)
        assert present(database) == revision
        upgrade(database)
        assert present(database) == newest()
        database.dispose()


def test_authors_from_before_are_found_by_their_names(database_url: str, tmp_path: Path) -> None:
    database = _empty(database_url, tmp_path, "named")
    upgrade(database, "0022")
    with database.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO author (id, channel, handle, name) VALUES ('a', 'c', '@x', 'Anna')")
        )
        connection.execute(
            text(
                "INSERT INTO conversation (id, channel, thread, author_id)"
                " VALUES ('v', 'c', 't', 'a')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO escalation (id, seq, stage, is_open, channel, team, conversation_id,"
                " comment_id, opened_at, sort_at) VALUES ('e', 1, 'deciding', :yes, 'c', 't', 'v',"
                " 'w', :now, :now)"
            ),
            {"yes": True, "now": "2026-03-02 09:00:00.000000"},
        )
    upgrade(database)
    with database.reading() as session:
        assert session.scalars(queries.found(session, "anna")).all() == ["e"]
        assert session.scalars(queries.found(session, "ben")).all() == []
    database.dispose()


def _empty(url: str, folder: Path, revision: str) -> Database:
    if url.startswith("sqlite"):
        return Database(f"sqlite:///{folder / revision}.db")
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return database


def test_migrations_are_numbered_without_a_gap() -> None:
    folder = Path(config().get_main_option("script_location") or "") / "versions"
    numbers = sorted(p.name[:4] for p in folder.glob("[0-9]*.py"))
    assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]


def test_upgrading_twice_at_once_changes_nothing(database: Database) -> None:
    upgrade(database)
    upgrade(database)
    assert present(database) == newest()


def test_rows_from_before_are_filled_from_their_snapshots(
    database_url: str, tmp_path: Path
) -> None:
    """What a view of the queue asks for is known of cases that were opened before it was asked."""
    database = _empty(database_url, tmp_path, "filled")
    upgrade(database, "0008")
    bodies = {
        "waits": '{"stage": "deciding", "terms": {"priority": "urgent", "language": "de"}}',
        "asked": '{"stage": "deciding", "question": {"by": "cora"}, "terms": {}}',
        "replying": '{"stage": "replying", "reply": {"post_id": "p"}, "terms": {}}',
        "mine": '{"stage": "preparing", "terms": {"language": "fr"}}',
    }
    now, later = "2026-03-02 09:00:00.000000+00:00", "2026-03-03 09:00:00.000000+00:00"
    if database.is_sqlite:
        now, later = now[:-6], later[:-6]
    with database.engine.begin() as connection:
        for case, body in bodies.items():
            connection.execute(
                text(
                    "INSERT INTO escalation (id, seq, stage, is_open, channel, team,"
                    " conversation_id, comment_id, opened_at, sort_at)"
                    " VALUES (:id, 1, 'deciding', :yes, 'c', 't', 'v', 'w', :now, :later)"
                ),
                {"id": case, "yes": True, "now": now, "later": later},
            )
            connection.execute(
                text(
                    "INSERT INTO snapshot (stream, kind, epoch, seq, schema_version, is_open, body,"
                    " head, changed_at)"
                    " VALUES (:stream, 'escalation', 1, 1, 1, :yes, :body, '', :now)"
                ),
                {"stream": f"escalation/{case}", "yes": True, "body": body, "now": now},
            )
    upgrade(database)
    with database.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT id, priority, language, is_waiting FROM escalation ORDER BY id")
        )
        found = {row.id: (row.priority, row.language, bool(row.is_waiting)) for row in rows}
    database.dispose()
    assert found == {
        "asked": ("normal", None, False),
        "mine": ("normal", "fr", False),
        "replying": ("normal", None, True),
        "waits": ("urgent", "de", True),
    }
