"""Furnishing a data folder: today's schema and, on its first start, policy, cast and comments."""

from __future__ import annotations

from datetime import UTC, datetime

from answerable import sample_data
from config.settings import Settings
from domain.comments import Incoming
from domain.house import ROOT
from intake import restore
from store import inbox, migrate, people, policies
from store.database import Database


def furnish(settings: Settings, *, with_comments: bool) -> int:
    """Migrate the database and, where no policy was ever applied, fill it with the samples.

    Answers how many entities are to go on from it. Safe to repeat: what people have changed
    since stays.
    """
    database = Database(settings.url)
    try:
        if migrate.present(database) != migrate.newest():
            migrate.upgrade(database)
        _fill(database, with_comments)
        return restore.count_unfinished(database)
    finally:
        database.dispose()


def _fill(database: Database, with_comments: bool) -> None:
    at = datetime.now(UTC)
    with database.reading() as session:
        if policies.current(session) is not None:
            return
    if with_comments:
        # First the comments, then the policy that marks the folder as filled: a crash in between
        # repeats both, and a comment that is there already is not taken twice.
        samples = [Incoming.model_validate(c) for c in sample_data.sample_comments(at)]
        inbox.receive(database, samples, at)
    with database.writing() as session:
        policy, source = sample_data.sample_policy(at.date())
        policies.apply(session, policy, ROOT, at, source=source, reason="the samples")
        session.flush()
        for person_id, person in sample_data.sample_cast().items():
            people.put_person(
                session, person_id, person["name"], person["roles"], person["teams"], at, by=ROOT
            )
