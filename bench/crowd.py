"""A queue as it is after years: a million escalations, the newest of them open.

Made inside the database, by the same statements in both, so that it takes a minute and not an
hour. Rows are numbered; everything about row ``i`` follows from its number. Ledger and snapshots
stay empty: no list of the queue reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any

from sqlmodel import Session

from domain.people import Role
from store import people
from store.database import Database

TEAMS = ("care", "shop", "web", "north")
SPREAD_SECONDS = 100_000
"""Deadlines of open cases lie within so many seconds, of which the first three tenths are over."""

_NUMBERS = """
WITH RECURSIVE numbers(i) AS
(SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM numbers WHERE i < $last)
"""

_STATEMENTS = (
    """
INSERT INTO author (id, channel, handle, name, reach)
$numbers SELECT $id, 'console', '@rider' || i, 'Rider ' || i, i % 5000 FROM numbers
WHERE i <= $authors
""",
    """
INSERT INTO conversation (id, channel, thread, author_id, open_escalation_id)
$numbers SELECT $id, 'console', 't' || i, $author_id, CASE WHEN $is_open THEN $id END FROM numbers
""",
    """
INSERT INTO words (number, id, purpose, salt, text, digest, bound_to, created_at)
$numbers SELECT i, $id, 'comment', '00',
CASE i % 7 WHEN 0 THEN 'My bike came without a saddle' WHEN 1 THEN 'The parcel never arrived'
WHEN 2 THEN 'Nobody answers the telephone' WHEN 3 THEN 'The invoice is wrong again'
WHEN 4 THEN 'I waited two hours at the counter' WHEN 5 THEN 'The app forgets who I am'
ELSE 'Why is the shop closed on Monday' END || ', and '
|| CASE i % 11 WHEN 0 THEN 'this is the third time' WHEN 1 THEN 'my daughter is sad'
WHEN 2 THEN 'I want my money back' WHEN 3 THEN 'who is responsible' WHEN 4 THEN 'please call me'
WHEN 5 THEN 'it was a present' WHEN 6 THEN 'the winter is coming' WHEN 7 THEN 'nobody told us'
WHEN 8 THEN 'we are loyal customers' WHEN 9 THEN 'what now' ELSE 'that is a shame' END
|| '. Order o' || i || '.', '00', 'escalation/' || $id, $opened_at FROM numbers
""",
    """
INSERT INTO comment (id, channel, external_id, conversation_id, escalation_id, words_id, revision,
posted_at, received_at)
$numbers SELECT $id, 'console', 'c' || i, $id, $id, $id, 1, $opened_at, $opened_at FROM numbers
""",
    """
INSERT INTO escalation (id, seq, stage, is_open, channel, team, owner, conversation_id, comment_id,
opened_at, due_at, sort_at, outcome, closed_at)
$numbers SELECT $id, 9, $stage, $is_open, 'console', $team, $owner, $id, $id, $opened_at,
CASE WHEN $is_open THEN $due_at END, CASE WHEN $is_open THEN $due_at ELSE $never END,
CASE WHEN $is_open THEN NULL ELSE 'answered' END, CASE WHEN $is_open THEN NULL ELSE $opened_at END
FROM numbers
""",
)

_ID = {"sqlite": "printf('%026d', $n)", "postgresql": "lpad(($n)::text, 26, '0')"}
_MOMENT = {
    # As SQLAlchemy writes a DateTime there.
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', $n, 'unixepoch')",
    "postgresql": "to_timestamp($n)",
}
_NEVER = 253_402_214_400
"""The last day of the year 9999, as ``store.records.NEVER``."""

_IS_FREE = "((i / 4) % 20 < 11)"
"""Eleven of twenty open cases are unclaimed; the others have an owner, Ada a third of them."""


@dataclass(frozen=True)
class Crowd:
    """How many there are, and how many of them are open at the moment ``at``."""

    total: int
    open: int
    at: datetime

    def make(self, database: Database) -> None:
        """Fill an empty, migrated database, indexes and statistics included."""
        database.write(self._put_people)
        raw = database.engine.raw_connection()
        try:
            if not database.is_sqlite:
                raw.dbapi_connection.autocommit = True  # type: ignore[union-attr]
            fill = _fill_sqlite if database.is_sqlite else _fill_postgresql
            fill(raw.cursor(), self._statements(database.url.get_backend_name()))
        finally:
            raw.invalidate()  # Its settings are for filling only.

    def _put_people(self, session: Session) -> None:
        for team in TEAMS:
            people.put_team(session, team, team.title())
        session.flush()
        for person in ("ada", *(f"w{n}" for n in range(40))):
            people.put_person(
                session, person, person.title(), [Role.STAFF], {"care": False}, self.at, by="root"
            )

    def _statements(self, dialect: str) -> list[str]:
        values = self._values(Template(_ID[dialect]), Template(_MOMENT[dialect]))
        return [Template(statement).substitute(values) for statement in _STATEMENTS]

    def _values(self, padded: Template, moment: Template) -> dict[str, str]:
        now, authors = int(self.at.timestamp()), max(self.total // 5, 1)
        due = f"{now - SPREAD_SECONDS * 3 // 10} + (i * 7919) % {SPREAD_SECONDS}"
        is_open = f"(i > {self.total - self.open})"
        return {
            "numbers": Template(_NUMBERS).substitute(last=self.total),
            "authors": str(authors),
            "id": padded.substitute(n="i"),
            "author_id": padded.substitute(n=f"(1 + i % {authors})"),
            "is_open": is_open,
            "opened_at": moment.substitute(n=f"{now} - ({self.total} - i) * 30"),
            "due_at": moment.substitute(n=due),
            "never": moment.substitute(n=str(_NEVER)),
            "team": _choose("i % 4", TEAMS),
            "stage": f"CASE WHEN NOT {is_open} THEN 'closed' WHEN {_IS_FREE} THEN 'unclaimed' "
            f"ELSE {_choose('(i / 4) % 4', _CLAIMED)} END",
            "owner": f"CASE WHEN {is_open} AND {_IS_FREE} THEN NULL "
            "WHEN (i / 80) % 3 = 0 THEN 'ada' ELSE 'w' || (i % 40) END",
        }


_CLAIMED = ("preparing", "deciding", "replying", "preparing")


def _choose(number: str, words: tuple[str, ...]) -> str:
    """SQL for the word at a place that is computed."""
    cases = " ".join(f"WHEN {n} THEN '{word}'" for n, word in enumerate(words))
    return f"CASE {number} {cases} END"


def _fill_sqlite(cursor: Any, statements: list[str]) -> None:
    """Without the waiting for the disk; indexes and text search are made at the end."""
    for setting in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
        cursor.execute(f"PRAGMA {setting}")
    made_later = cursor.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        "OR name IN ('words_search_added', 'author_search_added')"
    ).fetchall()
    for kind, name, _ in made_later:
        cursor.execute(f"DROP {kind} {name}")
    for statement in statements:
        cursor.execute(statement)
    cursor.execute("INSERT INTO words_search(words_search) VALUES ('rebuild')")
    cursor.execute(
        "INSERT INTO author_search(id, name, handle) SELECT id, name, handle FROM author"
    )
    for _, _, sql in made_later:
        cursor.execute(sql)
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fill_postgresql(cursor: Any, statements: list[str]) -> None:
    """As above. Statistics and visibility are brought up to date, as autovacuum would do."""
    for setting in (
        "session_replication_role = replica",  # No look-up of foreign keys: they are right.
        "synchronous_commit = off",
        "maintenance_work_mem = '400MB'",
        "statement_timeout = 0",
    ):
        cursor.execute(f"SET {setting}")
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    made_later = cursor.fetchall()
    for name, _ in made_later:
        cursor.execute(f"DROP INDEX {name}")
    for statement in (*statements, *(sql for _, sql in made_later), "VACUUM ANALYZE"):
        cursor.execute(statement)
