"""What was decided before: recent decisions to choose the nearest from, and how they went.

Which of them are near is found in their words, by the door; here is only what there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.escalation import Recommendation
from domain.escalation.events import Approved, Bypassed, DecidedAlone, Proposed, RefusedBy
from domain.ledger import Fact
from domain.people import Actor
from store import people, queries, tables, words
from store.deciding import part

RECENT = 200
"""Decided cases of a team that are compared, the newest."""

BEGINNING = 2_000
"""Characters of a comment that are compared and shown in part: it says early what it is about."""

EXCERPT = 200


class Verdict(NamedTuple):
    """A decision as the ledger has it; its words by their ids."""

    outcome: Literal["approved", "refused"]
    by: str
    at: datetime
    code: str | None
    reason: str | None
    request: str | None
    """None where the owner decided alone."""


class Decided(NamedTuple):
    """A decided case with the words that tell what it was about."""

    id: str
    channel: str
    terms: str | None
    comment: str
    request: str
    verdict: Verdict

    @property
    def about(self) -> str:
        return f"{self.request}\n{self.comment}"


class Kept(Value):
    """What became of one promise of an earlier case."""

    id: str
    stage: str
    due_at: Moment
    settled_at: Moment | None
    was_broken: bool


class Precedent(Value):
    """An earlier case: what was asked and decided, and how that went."""

    id: str
    channel: str
    terms: str | None
    comment: str
    request: str
    outcome: Literal["approved", "refused"]
    code: str | None
    reason: str | None
    """Of a refusal what was printed; of a yes what the approver wrote to the owner."""
    by: str
    by_name: str
    decided_at: Moment
    published_at: Moment | None
    """When the answer came out; None: it never has."""
    answer: str | None
    """The beginning of what was published."""
    replied_at: Moment | None
    reply: str | None
    """What the commenter said next, if anything."""
    promises: tuple[Kept, ...]


def decided(session: Session, actor: Actor, team: str) -> list[Decided]:
    """The last decisions of a team whose answers came out, for those who read its proposals."""
    if not queries.is_insider(actor, team):
        return []
    ids = _answered(session, team)
    verdicts = _verdicts(session, ids)
    case, comment, text = tables.Escalation, tables.Comment, tables.Words
    rows = session.execute(
        select(
            col(case.id),
            col(case.channel),
            part(session, "terms")["name"].label("terms"),
            func.substr(col(text.text), 1, BEGINNING).label("comment"),
        )
        .join(tables.Snapshot, col(tables.Snapshot.stream) == "escalation/" + col(case.id))
        .join(comment, col(comment.id) == col(case.comment_id), isouter=True)
        .join(text, col(text.id) == col(comment.words_id), isouter=True)
        .where(col(case.id).in_(list(verdicts)))
    )
    found = {row.id: row for row in rows}
    requests = words.texts(session, [verdict.request for verdict in verdicts.values()])
    return [
        Decided(
            case_id,
            found[case_id].channel,
            found[case_id].terms,
            found[case_id].comment or "",
            requests.get(verdicts[case_id].request or "", ""),
            verdicts[case_id],
        )
        for case_id in ids
        if case_id in verdicts
    ]


def _answered(session: Session, team: str) -> list[str]:
    """Cases of a team by when their last answer came out, without those a matter answered."""
    post = tables.Post
    rows = session.execute(
        select(col(post.escalation_id), func.max(col(post.published_at)).label("at"))
        .where(
            col(post.team) == team,
            col(post.published_at).is_not(None),
            col(post.commitment_id).is_(None),
            col(post.matter_id).is_(None),
        )
        .group_by(col(post.escalation_id))
        .order_by(func.max(col(post.published_at)).desc())
        .limit(RECENT)
    )
    return [row.escalation_id for row in rows]


_DECIDING = (Proposed.NAME, Approved.NAME, RefusedBy.NAME, Bypassed.NAME, DecidedAlone.NAME)


def _verdicts(session: Session, ids: Sequence[str]) -> dict[str, Verdict]:
    """How each was decided last. A case that came back has forgotten it; the ledger has not."""
    table = tables.LedgerEntry
    rows = session.execute(
        select(col(table.stream), col(table.body))
        .where(
            col(table.stream).in_([f"escalation/{case_id}" for case_id in ids]),
            col(table.name).in_(_DECIDING),
        )
        .order_by(col(table.stream), col(table.seq))
    )
    found: dict[str, Verdict] = {}
    asked: dict[str, str] = {}
    for row in rows:
        fact = Fact.model_validate_json(row.body)
        case_id = row.stream.partition("/")[2]
        if fact.name == Proposed.NAME:
            asked[case_id] = fact.data["request"]["id"]
            continue
        is_yes = fact.name != RefusedBy.NAME and fact.data.get("outcome") != Recommendation.REFUSE
        why = fact.data.get("reason")
        found[case_id] = Verdict(
            outcome="approved" if is_yes else "refused",
            by=fact.by,
            at=fact.at,
            code=fact.data.get("code"),
            reason=why["id"] if why else None,
            request=asked.get(case_id),
        )
    return found


def told(session: Session, chosen: Sequence[Decided]) -> list[Precedent]:
    """How these went, in the order given, in a handful of statements for all of them."""
    ids = [case.id for case in chosen]
    if not ids:
        return []
    posts = _answers(session, ids)
    replies = _replies(session, ids, posts)
    promises = _promises(session, ids)
    reasons = words.texts(session, [case.verdict.reason for case in chosen])
    names = people.names(session, [case.verdict.by for case in chosen])
    found = []
    for case in chosen:
        at, answer = posts.get(case.id, (None, None))
        replied_at, reply = replies.get(case.id, (None, None))
        verdict = case.verdict
        found.append(
            Precedent(
                id=case.id,
                channel=case.channel,
                terms=case.terms,
                comment=case.comment[:EXCERPT],
                request=case.request,
                outcome=verdict.outcome,
                code=verdict.code,
                reason=reasons.get(verdict.reason or ""),
                by=verdict.by,
                by_name=names.get(verdict.by, verdict.by),
                decided_at=verdict.at,
                published_at=at,
                answer=answer,
                replied_at=replied_at,
                reply=reply,
                promises=tuple(promises.get(case.id, ())),
            )
        )
    return found


_Said = dict[str, tuple[Moment, str | None]]


def _answers(session: Session, ids: Sequence[str]) -> _Said:
    """When the first answer of each came out, and how it begins."""
    post, text = tables.Post, tables.Words
    rows = session.execute(
        select(
            col(post.escalation_id),
            col(post.published_at),
            func.substr(col(text.text), 1, EXCERPT).label("answer"),
        )
        .join(text, col(text.id) == col(post.words_id), isouter=True)
        .where(
            col(post.escalation_id).in_(ids),
            col(post.published_at).is_not(None),
            col(post.commitment_id).is_(None),
        )
        .order_by(col(post.published_at).desc())
    )
    return {row.escalation_id: (row.published_at, row.answer) for row in rows}


def _replies(session: Session, ids: Sequence[str], answered: _Said) -> _Said:
    """What the commenter of each said first after the answer, in whatever case it came to be."""
    case, comment, text = tables.Escalation, tables.Comment, tables.Words
    rows = session.execute(
        select(
            col(case.id),
            col(comment.received_at),
            func.substr(col(text.text), 1, EXCERPT).label("reply"),
        )
        .join(comment, col(comment.conversation_id) == col(case.conversation_id))
        .join(text, col(text.id) == col(comment.words_id), isouter=True)
        .where(col(case.id).in_(list(answered)), col(comment.removed_at).is_(None))
        .order_by(col(comment.received_at).desc())
        .limit(queries.LIMIT * len(ids))
    )
    return {
        row.id: (row.received_at, row.reply)
        for row in rows
        if row.received_at > answered[row.id][0]
    }


def _promises(session: Session, ids: Sequence[str]) -> dict[str, list[Kept]]:
    table = tables.Commitment
    rows = session.scalars(
        select(table).where(col(table.escalation_id).in_(ids)).order_by(col(table.due_at))
    )
    found: dict[str, list[Kept]] = {}
    for row in rows:
        kept = Kept.model_validate(row.model_dump(include=set(Kept.model_fields)))
        found.setdefault(row.escalation_id, []).append(kept)
    return found
