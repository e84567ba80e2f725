"""What all lists of the public ledger share: how people appear, where words can be read, and what
there is to filter by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import select, text
from sqlmodel import Session, col

from domain.appearance import appearance
from domain.commitment import CLAIMED, Standing
from domain.errors import Invalid
from domain.people import Role
from domain.policy import PublicRules
from store import tables, words
from store.public_views import PublicPromise
from store.tables import SHOWN

MONTHS = 60
"""More than these are not offered to choose from: five years."""


class Faces:
    """People and teams by the names that the public may read."""

    def __init__(self, session: Session, rules: PublicRules, people: Iterable[str]) -> None:
        person = tables.Person
        found = session.execute(
            select(col(person.id), col(person.name), col(person.roles)).where(
                col(person.id).in_(set(people))
            )
        )
        self._people = {row.id: (row.name, Role.EXECUTIVE in row.roles) for row in found}
        self._teams = {team.id: team.name for team in session.scalars(select(tables.Team))}
        self._rules = rules

    def is_executive(self, person: str) -> bool:
        return self._people.get(person, ("", False))[1]

    def of(self, person: str, team: str) -> str:
        name, is_executive = self._people.get(person, ("", False))
        called = self._teams.get(team, "our team")
        return appearance(self._rules, is_executive=is_executive, name=name, team=called)


def urls_of(session: Session, posts: Iterable[str]) -> dict[str, str]:
    delivery = tables.Delivery
    found = session.execute(
        select(col(delivery.post_id), col(delivery.url)).where(col(delivery.post_id).in_(posts))
    )
    return {row.post_id: row.url for row in found if row.url}


def promises_of(
    session: Session, rules: PublicRules, rows: Sequence[tables.Commitment]
) -> tuple[PublicPromise, ...]:
    """Promises as lists show them."""
    faces = Faces(session, rules, [row.accountable for row in rows])
    texts = words.texts(session, [row.words_id for row in rows])
    urls = urls_of(session, [row.post_id for row in rows])
    return tuple(
        PublicPromise(
            id=row.id,
            state=Standing(row.standing or Standing.OPEN),
            sentence=texts.get(row.words_id),
            channel=row.channel or "",
            accountable=faces.of(row.accountable, row.team),
            made_at=row.opened_at,
            first_due_at=row.first_due_at or row.due_at,
            due_at=row.due_at,
            was_broken=row.was_broken,
            company_says="kept" if row.stage in CLAIMED else None,
            commenter_says=cast("Any", row.says),
            settled_at=row.settled_at,
            turned_at=row.turned_at or row.opened_at,
            post_url=urls.get(row.post_id),
        )
        for row in rows
    )


def month_of(spelled: str) -> tuple[datetime, datetime]:
    """The first moment of a month and of the one after it. Raises Invalid."""
    found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", spelled)
    if found is None or not 1 < int(found[1]) < 9999:
        raise Invalid("bad_month", "this is not a month", "write it like 2026-03", field="month")
    first = datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
    return first, (first + timedelta(days=31)).replace(day=1)


def months_of(session: Session, moment: Any) -> tuple[str, ...]:
    """The months between the first and the last of these moments, of what is public."""
    shown = select(moment).where(text(SHOWN)).limit(1)
    last = session.scalars(shown.order_by(moment.desc())).first()
    first = session.scalars(shown.order_by(moment)).first()
    if first is None or last is None:
        return ()
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    newest = last.year * 12 + last.month - 1
    numbers = range(newest, newest - min(count, MONTHS), -1)
    return tuple(f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers)


def channels_of(session: Session, channel: Any, known: Iterable[str]) -> tuple[str, ...]:
    """Those of these channels that this column names, in what is public."""
    there = {
        name: select(channel).where(text(SHOWN), channel == name).limit(1) for name in sorted(known)
    }
    return tuple(name for name, one in there.items() if session.execute(one).first())
