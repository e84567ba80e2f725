"""The record: a search over who did what when, in which cases, and how these ended.

For auditors and executives, who may read every case in full; the ledger of the house is for
auditors alone. A page takes a handful of statements, however much there is: it is found by one of
the indexes on when, who or what, newest first. Cases are asked about in one of two ways. Few
that match are named, and their entries fetched; where there are many, each entry is asked whether
its case matches, and the page is full before many were asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, literal, not_, or_, select, tuple_, union_all
from sqlmodel import Session, col

from domain.commitment import Standing
from domain.errors import Forbidden, Invalid
from domain.escalation.stages import Outcome
from domain.house import EVENTS, HOUSE
from domain.kinds import KINDS
from domain.people import Actor, Role
from domain.post import PostStage
from store import cursors, history, people, queries, tables
from store.record_views import Found, FoundPage, Search, Subject
from store.statements import plain
from store.tables import UtcDateTime

READERS = frozenset({Role.EXECUTIVE, Role.AUDITOR})
"""Who reads the record: everything in it is for those who may read every case."""

COUNTED = 1_000
"""A count goes no further: whoever finds more looks for something narrower."""

FEW = 2_000
"""Cases that are named; of more it is asked entry by entry."""

TITLE = 120
"""Characters of what a case is about."""

ORDER = "record"

_L = plain(tables.LedgerEntry)
_TABLES = {
    "escalation": plain(tables.Escalation),
    "post": plain(tables.Post),
    "commitment": plain(tables.Commitment),
    "matter": plain(tables.Matter),
}
_MOVE, _MOVE_KIND = plain(tables.Move).c, plain(tables.MoveKind).c


def check_reader(actor: Actor) -> None:
    """Raise Forbidden for those who do not read the record."""
    if not actor.roles & READERS:
        raise Forbidden(
            "not_a_reader",
            "the record is read by auditors and executives",
            "ask one of them, or look at the case itself",
        )


def acts() -> tuple[str, ...]:
    """The name of every fact there can be, by kind; those of the house last."""
    return (*(name for kind in KINDS.values() for name in kind.events), *EVENTS)


# How a case can have ended. -------------------------------------------------------------------

OUTCOMES: dict[str, tuple[str, str, object]] = {
    "open": ("escalation", "is_open", True),
    **{str(outcome): ("escalation", "outcome", outcome) for outcome in Outcome},
    **{f"promise_{standing}": ("commitment", "standing", standing) for standing in Standing},
    **{
        f"post_{stage}": ("post", "stage", stage)
        for stage in (
            PostStage.PUBLISHED, PostStage.FAILED, PostStage.UNCONFIRMED, PostStage.RETURNED,
            PostStage.WITHDRAWN,
        )
    },
}  # fmt: skip
"""What an address may say, of which kind of case it is said, and which column is what in it."""


# Searching. -----------------------------------------------------------------------------------


def search(
    session: Session,
    actor: Actor,
    at: datetime,
    wanted: Search,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> FoundPage:
    """A page of acts, the newest first. Raises Forbidden for those who do not read the record,
    Invalid for an act, a kind or an outcome that there is not."""
    plan = _Plan(session, actor, at, wanted)
    statement = plan.positions(queries.bounded(limit) + 1, _place(cursor))
    rows = session.execute(statement).all()
    some = plan.positions(COUNTED + 1).subquery()
    total = session.scalar(select(func.count()).select_from(some)) or 0
    next_cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_cursor = cursors.encode(ORDER, (last.at, str(last.position)))
    items = _items(session, [row.position for row in rows[:limit]])
    return FoundPage(
        items=items,
        next_cursor=next_cursor,
        total=min(total, COUNTED),
        is_more=total > COUNTED,
    )


def all_of(
    session: Session, actor: Actor, at: datetime, wanted: Search, most: int
) -> tuple[list[Found], bool]:
    """What a search finds in one go, the newest first, and whether there is more."""
    rows = session.execute(_Plan(session, actor, at, wanted).positions(most + 1)).all()
    return list(_items(session, [row.position for row in rows[:most]])), len(rows) > most


def _place(cursor: str | None) -> tuple[datetime, int] | None:
    if not cursor:
        return None
    at, position = cursors.place_of_moment(cursor, ORDER)
    if not (position.isascii() and position.isdigit() and len(position) <= 18):
        raise cursors.damaged()
    return at, int(position)


class _Plan:
    """How a search is put to the database: which entries, by which index."""

    def __init__(self, session: Session, actor: Actor, at: datetime, wanted: Search) -> None:
        check_reader(actor)
        _check(actor, wanted)
        self.wanted = wanted
        self.names = _names(wanted)
        self.streams, self.of_case = _cases(session, at, wanted)

    def positions(
        self, limit: int, place: tuple[datetime, int] | None = None
    ) -> Select[tuple[int, datetime]]:
        """The places of so many entries, the newest first."""
        if self.streams is not None:
            # Ordered outside: the few are fetched by their streams, and not the whole by time.
            some = self._some(_L.c.stream.in_(self.streams), self._one_of(), place).subquery()
            return _newest(select(some.c.position, some.c.at), some.c, limit)
        if self.names is None or self.wanted.person is not None:
            index = "ledger_at" if self.wanted.person is None else "ledger_by"
            found = self._some(self.of_case, self._one_of(), place)
            return _newest(_by(found, index), _L.c, limit)
        each = [
            _newest(
                _by(self._some(self.of_case, _L.c.name == n, place), "ledger_name"), _L.c, limit
            )
            for n in self.names
        ]
        if len(each) == 1:
            return each[0]
        union = union_all(*(select(one.subquery()) for one in each)).subquery()
        return _newest(select(union.c.position, union.c.at), union.c, limit)

    def _one_of(self) -> Any:
        if self.names is not None:
            return _L.c.name.in_(self.names)
        if self.wanted.kind is not None:
            return _L.c.name.startswith(f"{self.wanted.kind}:", autoescape=True)
        # Who comes and goes in the house would bury what is done in cases: it is asked for.
        return _L.c.name.not_like(f"{HOUSE}:%")

    def _some(self, *more: Any) -> Select[tuple[int, datetime]]:
        *chosen, place = more
        wanted = self.wanted
        found = select(_L.c.position, _L.c.at).where(*(one for one in chosen if one is not None))
        if wanted.person is not None:
            found = found.where(_L.c.by == wanted.person)
        if wanted.since is not None:
            found = found.where(_L.c.at >= literal(wanted.since, UtcDateTime()))
        if wanted.until is not None:
            found = found.where(_L.c.at < literal(wanted.until, UtcDateTime()))
        if place is not None:
            last = tuple_(literal(place[0], UtcDateTime()), literal(place[1]))
            found = found.where(tuple_(_L.c.at, _L.c.position) < last)
        return found


def _by(statement: Select[Any], index: str) -> Select[Any]:
    """SQLite keeps no figures by which it could choose the index by itself."""
    return statement.with_hint(_L, f"INDEXED BY {index}", "sqlite")


def _newest(statement: Select[Any], c: Any, limit: int) -> Select[Any]:
    return statement.order_by(c.at.desc(), c.position.desc()).limit(limit)


def _names(wanted: Search) -> list[str] | None:
    """The names of all facts that may be meant; None where each may."""
    if wanted.act is not None:
        kind = f"{wanted.kind}:" if wanted.kind else ""
        return [
            name
            for name in acts()
            if f"{name}:".startswith(f"{wanted.act}:") and name.startswith(kind)
        ] or ["none"]
    return list(EVENTS) if wanted.kind == HOUSE else None


def _check(actor: Actor, wanted: Search) -> None:
    is_of_house = wanted.kind == HOUSE or (wanted.act or "").startswith(f"{HOUSE}:")
    if is_of_house and not actor.has(Role.AUDITOR):
        raise Forbidden("not_a_reader", "the ledger of the house is for auditors", "ask an auditor")
    parts = {":".join(name.split(":")[:n]) for name in acts() for n in (2, 3)}
    _check_known("act", wanted.act, parts, "as GET /api/v1/record answers it in entry.name")
    _check_known("kind", wanted.kind, [*KINDS, HOUSE])
    _check_known("outcome", wanted.outcome, OUTCOMES)


def _check_known(
    field: str, said: str | None, known: Collection[str], way_out: str | None = None
) -> None:
    if said is not None and said not in known:
        ways = way_out or f"use one of: {', '.join(known)}"
        raise Invalid(f"unknown_{field}", f"there is no such {field}", ways, field=field)


# Cases. ---------------------------------------------------------------------------------------


def _cases(session: Session, at: datetime, wanted: Search) -> tuple[list[str] | None, Any]:
    """The streams of the cases that are asked about, or, where these are many, the condition that
    an entry has to meet; neither where nothing is asked about cases."""
    is_rare = wanted.kind in _TABLES and wanted.act is None and wanted.person is None
    if wanted.kind == HOUSE or not (wanted.is_about_cases or is_rare):
        return None, None
    chosen = {kind: _rows(session, kind, at, wanted) for kind in _TABLES}
    asked = [
        select((literal(f"{kind}/") + _TABLES[kind].c.id).label("stream"))
        .where(*conditions)
        .order_by(_TABLES[kind].c.id.desc())
        .limit(FEW + 1)
        for kind, conditions in chosen.items()
        if conditions is not None
    ]
    if not asked:
        return [], None
    together = union_all(*(select(one.subquery()) for one in asked)).limit(FEW + 1)
    streams = list(session.scalars(together))
    if len(streams) <= FEW:
        return streams, None
    if not wanted.is_about_cases:
        return None, None
    return None, or_(
        *(_is_of(kind, conditions) for kind, conditions in chosen.items() if conditions is not None)
    )


def _is_of(kind: str, conditions: Sequence[Any]) -> Any:
    """Whether the case of an entry is one of these."""
    row = _TABLES[kind]
    of_entry = row.c.id == func.substr(_L.c.stream, len(kind) + 2)
    return and_(_L.c.name.startswith(f"{kind}:"), exists().where(of_entry, *conditions))


def _rows(session: Session, kind: str, at: datetime, wanted: Search) -> list[Any] | None:
    """What the rows of a kind have to be; None where none of them can be meant."""
    if wanted.kind not in (None, kind):
        return None
    row = _TABLES[kind].c
    found = []
    if wanted.team is not None:
        found.append(row.team == wanted.team)
    if wanted.channel is not None:
        if "channel" not in row:
            return None
        found.append(row.channel == wanted.channel)
    if wanted.outcome is not None:
        of_kind, column, value = OUTCOMES[wanted.outcome]
        if of_kind != kind:
            return None
        found.append(row[column] == value)
    if wanted.late is not None:
        if kind not in _LATE:
            return None
        is_late = _LATE[kind](row, at)
        found.append(is_late if wanted.late else not_(is_late))
    if wanted.q is not None:
        if kind != "escalation":
            return None
        found.append(row.id.in_(queries.found(session, wanted.q)))
    return found


def _late_escalation(row: Any, at: datetime) -> Any:
    """Any move of it was made after its deadline, or is owed and overdue."""
    late = select(_MOVE_KIND.id).where(_MOVE_KIND.is_late)
    was_late = exists().where(
        _MOVE.opened_at == row.opened_at, _MOVE.escalation_id == row.id, _MOVE.kind.in_(late)
    )
    due_at = func.coalesce(row.due_at, literal(at, UtcDateTime()))
    return or_(was_late, and_(row.is_open, due_at < literal(at, UtcDateTime())))


_LATE: dict[str, Callable[[Any, datetime], Any]] = {
    "escalation": _late_escalation,
    # A date of it passed unkept, whatever became of it.
    "commitment": lambda row, at: row.was_broken,
}
"""Which cases count as late. Posts and matters have no promise to the public of their own."""


# What was found. ------------------------------------------------------------------------------


def _items(session: Session, positions: Sequence[int]) -> tuple[Found, ...]:
    table = tables.LedgerEntry
    rows: list[tables.LedgerEntry] = []
    for start in range(0, len(positions), _PART):
        part = positions[start : start + _PART]
        rows += session.scalars(select(table).where(col(table.position).in_(part)))
    rows.sort(key=lambda row: (row.at, row.position or 0), reverse=True)
    names = people.names(session, {row.by for row in rows})
    about = subjects(session, {row.stream for row in rows})
    return tuple(
        Found(subject=about[row.stream], entry=history.entry_of(row, names)) for row in rows
    )


_PART = 5_000
"""Rows that are fetched by one statement: databases take only so many parameters."""


def subjects(session: Session, streams: Iterable[str]) -> dict[str, Subject]:
    """What these streams are about; one statement for each kind among them."""
    wanted: dict[str, list[str]] = {}
    for stream in set(streams):
        kind, _, entity_id = stream.partition("/")
        wanted.setdefault(kind, []).append(entity_id)
    found = {}
    for kind, ids in wanted.items():
        rows = [
            row
            for start in range(0, len(ids), _PART)
            for row in session.execute(_about(kind, ids[start : start + _PART]))
        ] if kind in _TABLES else []  # fmt: skip
        for row in rows:
            stream = f"{kind}/{row.id}"
            found[stream] = Subject(
                stream=stream,
                title=_title(row.title),
                team=row.team,
                channel=row.channel,
                stage=row.stage,
            )
    return {s: found.get(s) or Subject(stream=s, title=None) for s in streams}


def _title(text: str | None) -> str | None:
    """The beginning of words, up to the end of one of them; says so where more follows."""
    if text is None or len(text) <= TITLE:
        return text
    start, *rest = text[:TITLE].rsplit(None, 1)
    return (start if rest else text[: TITLE - 1]) + "…"


def _about(kind: str, ids: Sequence[str]) -> Select[Any]:
    row, words, comment = _TABLES[kind].c, plain(tables.Words), plain(tables.Comment)
    channel = row.channel if "channel" in row else literal(None)
    statement = select(
        row.id,
        row.team,
        row.stage,
        channel.label("channel"),
        func.substr(words.c.text, 1, TITLE + 1).label("title"),
    ).where(row.id.in_(ids))
    if kind == "escalation":
        statement = statement.join(comment, comment.c.id == row.comment_id, isouter=True)
        words_id = comment.c.words_id
    else:
        words_id = row.title_id if kind == "matter" else row.words_id
    is_bound = and_(words.c.id == words_id, words.c.bound_to.is_not(None))
    return statement.join(words, is_bound, isouter=True)
