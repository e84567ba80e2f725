"""What was decided before: recent decisions to choose the nearest from, and how they went.

Which of them are near is found in their words, by the door; here is only what there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.escalation import Stage
from domain.escalation.state import Decision
from domain.people import Actor
from store import people, queries, tables, words
from store.deciding import part

RECENT = 200
"""Decided cases of a team that are compared, the newest."""

BEGINNING = 2_000
"""Characters of a comment that are compared and shown in part: it says early what it is about."""

EXCERPT = 200

_DECIDED = (Stage.REPLYING, Stage.LISTENING, Stage.CLOSED)


class Decided(NamedTuple):
    """A decided case with the words that tell what it was about."""

    id: str
    channel: str
    terms: str | None
    comment: str
    request: str
    decision: Decision

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
    outcome: Literal["approved", "refused", "moved_to_private"]
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


def decided(session: Session, actor: Actor, team: str, *, but: str) -> list[Decided]:
    """The newest decisions of a team, for those who read its proposals; without one case."""
    if not queries.is_insider(actor, team):
        return []
    case, comment, text = tables.Escalation, tables.Comment, tables.Words
    decision, proposal = part(session, "decision"), part(session, "proposal")
    rows = session.execute(
        select(
            col(case.id),
            col(case.channel),
            part(session, "terms")["name"].label("terms"),
            func.substr(col(text.text), 1, BEGINNING).label("comment"),
            decision,
            proposal,
        )
        .join(tables.Snapshot, col(tables.Snapshot.stream) == "escalation/" + col(case.id))
        .join(comment, col(comment.id) == col(case.comment_id), isouter=True)
        .join(text, col(text.id) == col(comment.words_id), isouter=True)
        .where(col(case.team) == team, col(case.stage).in_(_DECIDED), col(case.id) != but)
        .order_by(col(case.id).desc())
        .limit(RECENT)
    ).all()
    rows = [row for row in rows if row.decision and row.proposal]
    requests = words.texts(session, [row.proposal["request"]["id"] for row in rows])
    return [
        Decided(
            row.id,
            row.channel,
            row.terms,
            row.comment or "",
            requests.get(row.proposal["request"]["id"], ""),
            Decision.model_validate(row.decision),
        )
        for row in rows
    ]


def told(session: Session, chosen: Sequence[Decided]) -> list[Precedent]:
    """How these went, in the order given, in a handful of statements for all of them."""
    ids = [case.id for case in chosen]
    if not ids:
        return []
    posts = _answers(session, ids)
    replies = _replies(session, ids, posts)
    promises = _promises(session, ids)
    reasons = words.texts(session, [c.decision.reason.id for c in chosen if c.decision.reason])
    names = people.names(session, [case.decision.by for case in chosen])
    found = []
    for case in chosen:
        at, answer = posts.get(case.id, (None, None))
        replied_at, reply = replies.get(case.id, (None, None))
        decision = case.decision
        found.append(
            Precedent(
                id=case.id,
                channel=case.channel,
                terms=case.terms,
                comment=case.comment[:EXCERPT],
                request=case.request,
                outcome=decision.outcome,
                code=decision.code,
                reason=reasons.get(decision.reason.id) if decision.reason else None,
                by=decision.by,
                by_name=names.get(decision.by, decision.by),
                decided_at=decision.at,
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
