"""A queue as it is after years: a million escalations, the newest of them open.

Made inside the database, by the same statements in both, so that it takes a minute and not an
hour. Rows are numbered; everything about row ``i`` follows from its number. Ledger and snapshots
stay empty: no list of the queue reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from string import Template

from sqlalchemy import Connection

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


@dataclass(frozen=True)
class Crowd:
    """How many there are, and how many of them are open at the moment ``at``."""

    total: int
    open: int
    at: datetime

    def make(self, database: Database) -> None:
        """Fill an empty, migrated database, indexes and statistics included."""
        with database.writing() as session:
            for team in TEAMS:
                people.put_team(session, team, team.title())
            session.flush()
            for person in ("ada", *(f"w{n}" for n in range(40))):
                people.put_person(
                    session, person, person.title(), [Role.STAFF], {"care": False}, self.at
                )
        if database.is_sqlite:
            self._fill_sqlite(database)
        else:
            self._fill_postgresql(database)

    def _fill_sqlite(self, database: Database) -> None:
        raw = database.engine.raw_connection()
        for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-500000"):
            raw.execute(f"PRAGMA {pragma}")
        raw.close()

    def _statements(self, dialect: str) -> list[str]:
        now = int(self.at.timestamp())
        pad, moment = Template(_ID[dialect]), Template(_MOMENT[dialect])
        authors = max(self.total // 5, 1)
        values = {
            "last": self.total,
            "authors": authors,
            "id": pad.substitute(n="i"),
            "author_id": pad.substitute(n=f"1 + i % {authors}"),
            "is_open": f"(i > {self.total - self.open})",
            "opened_at": moment.substitute(n=f"{now} - ({self.total} - i) * 30"),
            "due_at": moment.substitute(
                n=f"{now} - {SPREAD_SECONDS * 3 // 10} + (i * 7919) % {SPREAD_SECONDS}"
            ),
            "never": moment.substitute(n="253402300799"),
            "team": _case("i % 4", TEAMS),
            "stage": self._stage(),
            "owner": f"CASE WHEN {self._is_free()} THEN NULL WHEN (i / 80) % 3 = 0 THEN 'ada' "
            "ELSE 'w' || (i % 40) END",
        }
        return []
