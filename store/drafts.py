"""Drafts of a case with their versions: saved, read, thinned out and forgotten.

Words of the store alone: no ledger entry, no workflow and no command ever refers to a draft.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, bindparam, delete, select
from sqlmodel import Session, col

from domain.base import Value, iso
from domain.drafts import KEPT_FOR, DraftKind, DraftMark, may_draft, newest, thinned
from domain.errors import Conflict, Forbidden, Invalid, Unknown
from domain.people import Actor
from store import details, people, tables
from store.database import Database
from store.statements import ask, plain


class DraftVersion(DraftMark):
    """One version as those who work on the case see it in a list."""

    person_name: str | None = None


class Draft(DraftVersion):
    """One version with its text."""

    text: str


class Drafts(Value):
    """What is being written on a case: the newest version, and every version that is kept."""

    newest: Draft | None
    versions: tuple[DraftVersion, ...]


class _Saved(NamedTuple):
    draft: Draft
    newer: Draft | None
    """What somebody else had saved meanwhile."""


def save(
    database: Database,
    escalation_id: str,
    actor: Actor,
    kind: DraftKind,
    text: str,
    based_on: int | None,
    at: datetime,
) -> Draft:
    """Keep this text as the newest version, unless it is that already.

    Raises Conflict where somebody has saved a newer version than the one this was written from.
    The text is kept then as well, beside the newest. Raises Unknown, Forbidden, Invalid. Safe to
    repeat.
    """

    def work(session: Session) -> _Saved:
        case = _case(session, escalation_id, actor)
        if not case.is_open:
            raise Conflict(
                "closed", "this is closed", "a new comment opens a new case, with its own draft"
            )
        return _save(session, escalation_id, actor, kind, text, based_on, at)

    saved = database.write(work)
    if saved.newer is not None:
        raise _changed(saved.newer, saved.draft.version)
    return saved.draft


def _save(
    session: Session,
    escalation_id: str,
    actor: Actor,
    kind: DraftKind,
    text: str,
    based_on: int | None,
    at: datetime,
) -> _Saved:
    marks = _marks(session, escalation_id)
    last = max((mark.version for mark in marks), default=0)
    if based_on is not None and based_on > last:
        raise Invalid(
            "unknown_version",
            f"there is no version {based_on}",
            "send the version that you were shown as based_on",
            field="based_on",
        )
    head = newest(marks, kind)
    newer = _draft(session, escalation_id, head) if head else None
    if newer and newer.text == text:
        return _Saved(newer, None)
    is_aside = newer is not None and newer.version != based_on
    if is_aside and (kept := _kept_aside(session, escalation_id, marks, actor, kind, text)):
        return _Saved(kept, newer)
    row = tables.Draft(
        escalation_id=escalation_id,
        version=last + 1,
        kind=kind,
        person=actor.id,
        text=text,
        based_on=based_on,
        is_aside=is_aside,
        created_at=at,
    )
    session.add(row)
    mark = _mark(row)
    _forget(session, escalation_id, thinned([*marks, mark]))
    return _Saved(_with_text(session, mark, text), newer if is_aside else None)


def _kept_aside(
    session: Session,
    escalation_id: str,
    marks: list[DraftMark],
    actor: Actor,
    kind: DraftKind,
    text: str,
) -> Draft | None:
    """The last text this person had put aside, if it is this one: a page that saves by itself
    asks again and again."""
    mine = [m for m in marks if m.is_aside and (m.person, m.kind) == (actor.id, kind)]
    if not mine:
        return None
    draft = _draft(session, escalation_id, max(mine, key=lambda mark: mark.version))
    return draft if draft.text == text else None


def _changed(newer: Draft, kept_as: int) -> Conflict:
    who = newer.person_name or newer.person
    return Conflict(
        "draft_changed",
        f"{who} saved version {newer.version} meanwhile, at {iso(newer.created_at)}",
        f"bring both texts together and send that with based_on {newer.version}; yours is kept as "
        f"version {kept_as}",
        newest=newer.version,
        saved_by=newer.person,
        saved_by_name=newer.person_name,
        saved_at=iso(newer.created_at),
        kept_as=kept_as,
    )


def drafts(
    session: Session, escalation_id: str, actor: Actor, kind: DraftKind | None = None
) -> Drafts:
    """The newest version (of one kind, or of all) with the list of those that are kept."""
    _case(session, escalation_id, actor)
    marks = [m for m in _marks(session, escalation_id) if kind in (None, m.kind)]
    names = people.names(session, [mark.person for mark in marks])
    head = newest(marks)
    return Drafts(
        newest=_draft(session, escalation_id, head) if head else None,
        versions=tuple(
            DraftVersion(**mark.model_dump(), person_name=names.get(mark.person)) for mark in marks
        ),
    )


def latest(session: Session, escalation_id: str, actor: Actor) -> dict[DraftKind, Draft]:
    """What this person goes on from: of each kind the newest version, with its text.

    A note is nobody's but its writer's: the newest of their own. Empty for those who may not read
    drafts.
    """
    case = ask(session, _WHOSE, escalation_id=escalation_id).first()
    if case is None or not may_draft(actor, case.team, case.owner):
        return {}
    marks = _marks(session, escalation_id)
    mine = [m for m in marks if m.kind is not DraftKind.NOTE or m.person == actor.id]
    heads = [head for kind in DraftKind if (head := newest(mine, kind))]
    if not heads:
        return {}
    row, versions = tables.Draft, [head.version for head in heads]
    texts = dict(
        session.execute(
            select(col(row.version), col(row.text)).where(
                col(row.escalation_id) == escalation_id, col(row.version).in_(versions)
            )
        ).all()
    )
    names = people.names(session, [head.person for head in heads])
    return {
        head.kind: Draft(
            **head.model_dump(), person_name=names.get(head.person), text=texts[head.version]
        )
        for head in heads
    }


def draft(session: Session, escalation_id: str, version: int, actor: Actor) -> Draft:
    """One version with its text. Raises Unknown, also for one that was thinned out."""
    _case(session, escalation_id, actor)
    row = session.get(tables.Draft, (escalation_id, version))
    if row is None:
        raise Unknown(
            "unknown_version",
            f"there is no version {version} of this draft, or it is kept no longer",
            f"list the versions with GET /api/v1/escalations/{escalation_id}/draft",
        )
    return _with_text(session, _mark(row), row.text)


def sweep(database: Database, at: datetime) -> int:
    """Forget the drafts of cases that closed long ago; answers of how many cases."""
    with database.reading() as session:
        case = tables.Escalation
        ids = list(
            session.scalars(
                select(col(tables.Draft.escalation_id))
                .join(case, col(case.id) == col(tables.Draft.escalation_id))
                .where(col(case.closed_at) < at - KEPT_FOR)
                .distinct()
                .limit(500)
            )
        )
    if ids:
        gone = delete(tables.Draft).where(col(tables.Draft.escalation_id).in_(ids))
        database.write(lambda session: cast("CursorResult[Any]", session.execute(gone)).rowcount)
    return len(ids)


# Rows. ---------------------------------------------------------------------------------------


def _case(session: Session, escalation_id: str, actor: Actor) -> tables.Escalation:
    case = session.get(tables.Escalation, escalation_id)
    if case is None:
        raise details.unknown(f"escalation/{escalation_id}")
    if not may_draft(actor, case.team, case.owner):
        raise Forbidden(
            "not_your_draft",
            "drafts are for the owner of a case, staff of its team and executives",
            "read what was submitted in the case itself",
        )
    return case


_CASES, _DRAFTS = plain(tables.Escalation).c, plain(tables.Draft).c
_WHOSE = select(_CASES.team, _CASES.owner).where(_CASES.id == bindparam("escalation_id"))
_LISTED = (
    select(
        _DRAFTS.version, _DRAFTS.kind, _DRAFTS.person, _DRAFTS.based_on, _DRAFTS.is_aside,
        _DRAFTS.created_at,
    )
    .where(_DRAFTS.escalation_id == bindparam("escalation_id"))
    .order_by(_DRAFTS.version)
)  # fmt: skip
"""Everything but the text, which may be long."""


def _marks(session: Session, escalation_id: str) -> list[DraftMark]:
    """Every version that is kept, the first one first."""
    return [_mark(row) for row in ask(session, _LISTED, escalation_id=escalation_id)]


def _mark(row: Any) -> DraftMark:
    return DraftMark(
        version=row.version,
        kind=DraftKind(row.kind),
        person=row.person,
        based_on=row.based_on,
        is_aside=row.is_aside,
        created_at=row.created_at,
    )


def _draft(session: Session, escalation_id: str, mark: DraftMark) -> Draft:
    row = session.get_one(tables.Draft, (escalation_id, mark.version))
    return _with_text(session, mark, row.text)


def _with_text(session: Session, mark: DraftMark, text: str) -> Draft:
    names = people.names(session, [mark.person])
    return Draft(**mark.model_dump(), person_name=names.get(mark.person), text=text)


def _forget(session: Session, escalation_id: str, versions: tuple[int, ...]) -> None:
    if versions:
        session.execute(
            delete(tables.Draft).where(
                col(tables.Draft.escalation_id) == escalation_id,
                col(tables.Draft.version).in_(versions),
            )
        )
