"""The file of one case: everything that the record knows of it, put together for one reader.

A handful of statements, however many entries it has. Nothing in it stops at bytes that somebody
changed by hand: the file says so, and shows the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, literal, or_, select
from sqlmodel import Session, col

from domain.entity import State
from domain.errors import Unknown
from domain.house import HOUSE, CaseRead, PolicyApplied
from domain.kinds import KINDS
from domain.ledger import Fact
from domain.people import Actor, Role
from store import clocks, details, history, matters, people, proofs, record, records, tables
from store.policies import stored
from store.record_views import CaseFile, CaseReader, FileEntry, Linked, PolicyOfDay, ReadBy
from store.statements import plain
from store.tables import UtcDateTime
from store.views import Chain

MEMBERS = 200
"""Members of a matter that its file lists; the others are counted."""

READERS = 50
"""Readers of a case that its file lists; the others are counted."""

_DETAILS: dict[str, Callable[[Session, str, Actor, datetime], Any]] = {
    "escalation": details.escalation,
    "post": details.post,
    "commitment": details.commitment,
    "matter": matters.matter,
}


def case_file(
    session: Session, actor: Actor, kind: str, entity_id: str, at: datetime
) -> tuple[CaseFile, proofs.Stream]:
    """The file of one case, and the stream it was made of. Raises Unknown, Forbidden."""
    record.check_reader(actor)
    name = f"{kind}/{entity_id}"
    if kind not in KINDS or session.get(tables.Snapshot, name) is None:
        raise details.unknown(name if kind in KINDS else f"escalation/{entity_id}")
    stream = proofs.read(session, name)
    state = _state(stream)
    linked, more = _linked(session, state) if state else ((), 0)
    entries = _entries(session, stream)
    subject = record.subjects(session, [name])[name]
    detail = _detail(session, kind, entity_id, actor, at)
    broken = stream.broken_at
    names = {entry.by: entry.by_name for entry in entries if entry.by_name}
    return CaseFile(
        stream=name,
        kind=kind,
        id=entity_id,
        made_at=at,
        made_for=actor.id,
        title=subject.title,
        stage=subject.stage or "",
        outcome=getattr(state, "outcome", None),
        opened_at=stream.entries[0].row.at if stream.entries else at,
        closed_at=_closed_at(stream),
        team=subject.team or "",
        channel=subject.channel,
        detail=detail,
        clocks=clocks.clocks(stream.steps, at),
        entries=entries,
        chain=Chain(holds=broken is None, broken_at=broken),
        checks=proofs.checks(stream),
        head=stream.head,
        policy=_policy(session, state) if state else None,
        linked=linked,
        more_linked=more,
        names=names | (detail.names if detail else {}),
    ), stream


def _state(stream: proofs.Stream) -> State | None:
    """As the snapshot has it; where that cannot be read, as far as the entries fold."""
    assert stream.snapshot is not None
    try:
        return records.load(stream.snapshot)
    except proofs.UNREADABLE:
        return stream.steps[-1][1] if stream.steps else None


def _detail(session: Session, kind: str, entity_id: str, actor: Actor, at: datetime) -> Any:
    try:
        return _DETAILS[kind](session, entity_id, actor, at)
    except proofs.UNREADABLE:
        return None


def _closed_at(stream: proofs.Stream) -> datetime | None:
    """When it was over, if it is: the first entry from which on it stayed so."""
    closed: datetime | None = None
    for fact, state in stream.steps:
        closed = (closed or fact.at) if state.is_closed else None
    return closed


def _entries(session: Session, stream: proofs.Stream) -> tuple[FileEntry, ...]:
    said = proofs.words_of(stream)
    names = people.names(session, {told.row.by for told in stream.entries})
    found = []
    for told in stream.entries:
        row = told.row
        entry = history.entry_of(row, names) if told.fact else None
        shown = entry.model_dump() if entry else {
            "seq": row.seq, "at": row.at, "by": row.by, "by_name": names.get(row.by),
            "name": row.name, "data": None, "canonical": row.body, "digest": row.digest,
            "previous": row.previous, "hash": row.hash,
        }  # fmt: skip
        found.append(
            FileEntry(
                **shown,
                words=said[row.seq],
                key=told.fact.key if told.fact else None,
                is_readable=told.fact is not None,
            )
        )
    return tuple(found)


# What belongs to it. --------------------------------------------------------------------------


def _linked(session: Session, state: State) -> tuple[tuple[Linked, ...], int]:
    """The cases that belong to this one, each with what it is to it."""
    said, more = _LINKS[state.KIND](session, state)
    about = record.subjects(session, [stream for _, stream in said])
    return tuple(Linked(relation=relation, subject=about[s]) for relation, s in said), more


_Said = tuple[list[tuple[str, str]], int]


def _streams(relation: str, kind: str, ids: Iterable[str | None]) -> list[tuple[str, str]]:
    return [(relation, f"{kind}/{one}") for one in ids if one]


def _of_escalation(session: Session, state: Any) -> _Said:
    case, post, promise = tables.Escalation, tables.Post, tables.Commitment
    # By the conversation, which is indexed: those that followed or were merged are in the same.
    talk = session.execute(
        select(col(case.id), col(case.predecessor)).where(
            col(case.conversation_id) == state.conversation_id
        )
    ).all()
    posts = select(col(post.id)).where(col(post.escalation_id) == state.id).order_by(col(post.id))
    promises = (
        select(col(promise.id)).where(col(promise.escalation_id) == state.id)
        .order_by(col(promise.id))
    )  # fmt: skip
    matter = session.scalar(select(col(case.matter_id)).where(col(case.id) == state.id))
    return [
        *_streams("predecessor", "escalation", [state.predecessor]),
        *_streams("successor", "escalation", [i for i, before in talk if before == state.id]),
        *_streams("merged_into", "escalation", [state.merged_into]),
        *_streams("matter", "matter", [matter]),
        *_streams("post", "post", session.scalars(posts)),
        *_streams("promise", "commitment", session.scalars(promises)),
    ], 0


def _of_post(session: Session, state: Any) -> _Said:
    post, promise = tables.Post, tables.Commitment
    row = session.get_one(post, state.id)
    promises = (
        select(col(promise.id))
        .where(col(promise.escalation_id) == state.escalation_id, col(promise.post_id) == state.id)
        .order_by(col(promise.id))
    )
    return [
        *_streams("case", "escalation", [state.escalation_id]),
        *_streams("about", "commitment", [state.commitment_id]),
        *_streams("promise", "commitment", session.scalars(promises)),
        *_streams("corrects", "post", [state.corrects]),
        *_streams("corrected_by", "post", [row.corrected_by]),
        *_streams("retracted_by", "post", [row.retracted_by]),
        *_streams("matter", "matter", [state.matter_id]),
    ], 0


def _of_commitment(session: Session, state: Any) -> _Said:
    post = tables.Post
    later = select(col(post.id)).where(col(post.commitment_id) == state.id).order_by(col(post.id))
    return [
        *_streams("case", "escalation", [state.escalation_id]),
        *_streams("made_in", "post", [state.post_id]),
        *_streams("post", "post", session.scalars(later)),
    ], 0


def _of_matter(session: Session, state: Any) -> _Said:
    case = tables.Escalation
    members = col(case.matter_id) == state.id
    ids = session.scalars(
        select(col(case.id)).where(members)
        .order_by(col(case.matter_state), col(case.id)).limit(MEMBERS)
    ).all()  # fmt: skip
    count = session.scalar(select(func.count()).select_from(case).where(members)) or 0
    return _streams("member", "escalation", ids), count - len(ids)


_LINKS: dict[str, Callable[[Session, Any], _Said]] = {
    "escalation": _of_escalation,
    "post": _of_post,
    "commitment": _of_commitment,
    "matter": _of_matter,
}


# The policy of its day. -----------------------------------------------------------------------


def _policy(session: Session, state: Any) -> PolicyOfDay | None:
    """The version that was pinned when the case opened; posts and promises follow their case."""
    pinned, terms = state, getattr(state, "terms", None)
    if not hasattr(terms, "policy_version"):
        try:
            pinned = details.state_of(session, f"escalation/{state.escalation_id}")
        except (Unknown, *proofs.UNREADABLE):
            return None
    applied = terms or pinned.terms
    row = stored(session, pinned.terms.policy_version)
    if row is None:
        return None
    found = people.names(session, [row.applied_by])
    return PolicyOfDay(
        version=row.version,
        digest=row.digest,
        by=row.applied_by,
        by_name=found.get(row.applied_by),
        at=row.applied_at,
        reason=row.reason,
        is_intact=_is_intact(session, row),
        terms=applied.model_dump(mode="json"),
    )


def _is_intact(session: Session, row: tables.PolicyVersion) -> bool:
    """The stored policy has its digest, and so says the ledger of the house, which is chained."""
    entry = tables.LedgerEntry
    bodies = session.scalars(
        select(col(entry.body)).where(
            col(entry.name) == PolicyApplied.NAME, col(entry.stream) == HOUSE
        )
    )
    told = {"version": row.version, "digest": row.digest}
    is_witnessed = any(json.loads(body).get("data") == told for body in bodies)
    return is_witnessed and hashlib.sha256(row.body.encode()).hexdigest() == row.digest


# Who has read it. -----------------------------------------------------------------------------

_R, _L = plain(tables.Reading).c, plain(tables.LedgerEntry).c


def read_by(session: Session, actor: Actor, stream: str) -> ReadBy | None:
    """Who has read a case, for auditors: the ledger of the house is theirs alone."""
    record.check_reader(actor)
    if not actor.has(Role.AUDITOR):
        return None
    # Found person by person: readings are kept in that order, and there are few people.
    of_it = and_(_R.person_id.in_(select(plain(tables.Person).c.id)), _R.stream == stream)
    total = session.scalar(select(func.count()).where(of_it)) or 0
    rows = session.execute(
        select(_R.person_id, _R.hour)
        .where(of_it)
        .order_by(_R.hour.desc(), _R.person_id)
        .limit(READERS)
    )
    last = {row.person_id: row.hour for row in rows}
    names = people.names(session, last)
    entries = _readings(session, stream, last)
    readers = [
        CaseReader(person=person, name=names.get(person, person), at=at, seq=seq)
        for person, hour in last.items()
        for at, seq in [entries.get(person, (hour, None))]
    ]
    readers.sort(key=lambda one: one.at, reverse=True)
    return ReadBy(readers=tuple(readers), total=total)


def _readings(
    session: Session, stream: str, last: dict[str, datetime]
) -> dict[str, tuple[datetime, int]]:
    """When exactly each of these people read it last, and the entry that says so."""
    if not last:
        return {}
    within = (
        and_(
            _L.by == person,
            _L.at >= literal(hour, UtcDateTime()),
            _L.at < literal(hour + timedelta(hours=1), UtcDateTime()),
            _L.name == CaseRead.NAME,
        )
        for person, hour in last.items()
    )
    rows = session.execute(select(_L.by, _L.at, _L.seq, _L.body).where(or_(*within)))
    return {row.by: (row.at, row.seq) for row in rows if _is_about(row.body, stream)}


def _is_about(body: str, stream: str) -> bool:
    try:
        return bool(Fact.model_validate_json(body).data.get("stream") == stream)
    except proofs.UNREADABLE:
        return False
