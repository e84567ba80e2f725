"""Matters and their members: who waits, who was served, and what people see of it.

Members are rows of ``escalation``, derived from the escalations' own facts; nothing here writes
them. Suggestions are the one thing that is kept here alone: they decide nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, literal, select, tuple_
from sqlmodel import Session, col

from domain.entity import allowed
from domain.errors import Conflict
from domain.matter import MATTER, Matter, MatterStage, MemberState, Noted, post_id_of
from domain.matter.serving import ANSWERED
from domain.people import Actor
from domain.post import PostStage
from store import cursors, details, people, queries, tables, words
from store.statements import plain
from store.tables import UtcDateTime
from store.views import (
    AnswerView,
    MatterDetail,
    MatterItem,
    MatterPage,
    MatterProposalView,
    MemberItem,
    MemberPage,
    ReleaseView,
    SuggestionItem,
    SuggestionPage,
)

_CASE = tables.Escalation


class Member(NamedTuple):
    """Somebody who waits for the answer of a matter."""

    id: str
    channel: str
    owner: str | None


# Who is served next. --------------------------------------------------------------------------


def waiting(
    session: Session, matter_id: str, after: str, limit: int, but: Iterable[str] = ()
) -> list[Member]:
    """The next members that wait, by key, on any channel but these."""
    statement = (
        select(col(_CASE.id), col(_CASE.channel), col(_CASE.owner))
        .where(
            col(_CASE.matter_id) == matter_id,
            col(_CASE.matter_state) == MemberState.JOINED,
            col(_CASE.id) > after,
        )
        .order_by(col(_CASE.id))
        .limit(limit)
    )
    if left_out := tuple(but):
        statement = statement.where(col(_CASE.channel).not_in(left_out))
    return [Member(*row) for row in session.execute(statement)]


def still_waiting(session: Session, matter_id: str, ids: Sequence[str]) -> int:
    """How many of these have not taken the answer in yet."""
    return (
        session.scalar(
            select(func.count()).where(
                col(_CASE.id).in_(ids),
                col(_CASE.matter_id) == matter_id,
                col(_CASE.matter_state) == MemberState.JOINED,
            )
        )
        or 0
    )


def check_taking(session: Session, matter_id: str) -> Matter:
    """The matter, which takes members. Raises Unknown, or Conflict where its door is closed."""
    state: Matter = details.state_of(session, f"matter/{matter_id}")
    if not state.is_taking:
        raise Conflict(
            "matter_closed",
            f"this matter is {state.stage}; nobody can join it any more",
            "answer these by themselves, or open another matter",
            stage=state.stage,
        )
    return state


def standings(session: Session, matter_id: str, ids: Sequence[str]) -> dict[str, str]:
    """How those of these escalations that know this matter stand to it."""
    rows = session.execute(
        select(col(_CASE.id), col(_CASE.matter_state)).where(
            col(_CASE.matter_id) == matter_id, col(_CASE.id).in_(ids)
        )
    )
    return {row.id: row.matter_state for row in rows}


def channels(session: Session, matter_id: str) -> tuple[str, ...]:
    """On which channels its answer will have to fit."""
    rows = session.scalars(
        select(col(_CASE.channel)).where(col(_CASE.matter_id) == matter_id).distinct()
    )
    return tuple(sorted(rows))


class Counts(NamedTuple):
    waiting: int = 0
    served: int = 0
    apart: int = 0
    left: int = 0


def counts(session: Session, matter_ids: Iterable[str]) -> dict[str, Counts]:
    """How many members each matter has of each kind, as they stand now."""
    rows = session.execute(
        select(col(_CASE.matter_id), col(_CASE.matter_state), func.count())
        .where(col(_CASE.matter_id).in_(list(matter_ids)))
        .group_by(col(_CASE.matter_id), col(_CASE.matter_state))
    )
    found: dict[str, Counter[str]] = {}
    for matter_id, state, count in rows:
        found.setdefault(matter_id, Counter())[state] = count
    return {
        matter_id: Counts(
            waiting=states[MemberState.JOINED],
            served=sum(states[state] for state in ANSWERED),
            apart=states[MemberState.APART],
            left=states[MemberState.LEFT],
        )
        for matter_id, states in found.items()
    }


def voices(session: Session, matter_id: str) -> int:
    """How many distinct people its members are: the N of "the same answer to N people"."""
    talk = tables.Conversation
    statement = (
        select(func.count(func.distinct(col(talk.author_id))))
        .join(_CASE, col(_CASE.conversation_id) == col(talk.id))
        .where(
            col(_CASE.matter_id) == matter_id,
            col(_CASE.matter_state).in_((MemberState.JOINED, *ANSWERED)),
        )
    )
    return session.scalar(statement) or 0


# Lists and details. ---------------------------------------------------------------------------


def matters(
    session: Session,
    actor: Actor,
    at: datetime,
    *,
    stage: str | None = None,
    team: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> MatterPage:
    """A page of matters, newest first; without a stage the open ones."""
    queries.check_reader(actor)
    queries.check_stage(stage, MatterStage)
    table = tables.Matter
    place = (col(table.opened_at).desc(), col(table.id).desc())
    statement = select(table).order_by(*place).limit(queries.bounded(limit) + 1)
    chosen = col(table.is_open) if stage is None else col(table.stage) == stage
    statement = statement.where(chosen)
    if team is not None:
        statement = statement.where(col(table.team) == team)
    if cursor:
        last_at, last_id = cursors.place_of_moment(cursor, "matters")
        last = tuple_(literal(last_at, UtcDateTime()), literal(last_id))
        statement = statement.where(tuple_(col(table.opened_at), col(table.id)) < last)
    rows = list(session.scalars(statement))
    next_cursor = None
    if len(rows) > limit:
        next_cursor = cursors.encode("matters", (rows[limit - 1].opened_at, rows[limit - 1].id))
    items = matter_items(session, rows[:limit], at)
    return MatterPage(items=tuple(items), next_cursor=next_cursor)


_MATTER, _WORDS = plain(tables.Matter).c, plain(tables.Words).c
_TAKING = (
    select(_MATTER.id, _WORDS.text)
    .join_from(plain(tables.Matter), plain(tables.Words), _WORDS.id == _MATTER.title_id)
    .where(_MATTER.is_open, _MATTER.is_taking)
    .order_by(_MATTER.opened_at.desc(), _MATTER.id.desc())
    .limit(bindparam("most"))
)


def taking(session: Session, most: int) -> list[tuple[str, str]]:
    """The matters that escalations may still join, newest first: id and title."""
    return [(row.id, row.text) for row in session.execute(_TAKING, {"most": most})]


def title_of(session: Session, matter_id: str) -> str | None:
    """What a matter is about; None where these words have been erased."""
    return session.execute(_TITLE, {"matter_id": matter_id}).scalar()


_TITLE = (
    select(_WORDS.text)
    .join_from(plain(tables.Matter), plain(tables.Words), _WORDS.id == _MATTER.title_id)
    .where(_MATTER.id == bindparam("matter_id"))
)


def matter_items(session: Session, rows: Sequence[tables.Matter], at: datetime) -> list[MatterItem]:
    texts = words.texts(session, [row.title_id for row in rows])
    counted = counts(session, [row.id for row in rows])
    return [
        MatterItem(
            **row.model_dump(exclude={"title_id", "words_id", "is_open", "is_taking"}),
            title=texts.get(row.title_id),
            is_late=row.is_open and row.due_at is not None and row.due_at < at,
            **counted.get(row.id, Counts())._asdict(),
        )
        for row in rows
    ]


def matter(session: Session, matter_id: str, actor: Actor, at: datetime) -> MatterDetail:
    """One matter with its answer and how far that has come. Raises Unknown, Forbidden.

    ``copies`` is left at 0 for whoever can compare texts.
    """
    queries.check_reader(actor)
    state: Matter = details.state_of(session, f"matter/{matter_id}")
    item = matter_items(session, [session.get_one(tables.Matter, matter_id)], at)[0]
    is_insider = details.reads_inside(actor, state)
    answer, proposal = state.answer, state.proposal
    named = {
        state.owner,
        proposal.by if proposal else None,
        answer.approver if answer else None,
    }
    return MatterDetail(
        **item.model_dump(),
        is_insider=is_insider,
        voices=voices(session, matter_id),
        copies=0,
        proposal=_proposal(session, state) if is_insider else None,
        answer=answers(session, actor, [state]).get(state.id),
        release=_release(session, state) if state.is_released else None,
        deadlines=details.deadlines_of(state, at),
        notes=details.notes_of(session, state.stream, Noted) if is_insider else (),
        allowed=allowed(MATTER, actor, state),
        names=people.names(session, named),
    )


def _proposal(session: Session, state: Matter) -> MatterProposalView | None:
    proposal = state.proposal
    if proposal is None:
        return None
    texts = words.texts(session, [proposal.request.id, proposal.reply.id])
    return MatterProposalView(
        by=proposal.by,
        request=texts.get(proposal.request.id),
        reply=texts.get(proposal.reply.id),
        votes=tuple(vote.seat for vote in proposal.panel.votes),
    )


def answers(session: Session, actor: Actor, states: Iterable[Matter]) -> dict[str, AnswerView]:
    """What was decided in these matters, by their ids, as far as the reader may see it: drafts are
    for insiders; what has gone out to the first is everybody's to read."""
    seen = {
        state.id: state.answer
        for state in states
        if state.answer
        and (state.is_released or queries.is_insider(actor, state.team, state.owner))
    }
    refs = [ref.id for one in seen.values() for ref in (one.words, one.reason) if ref]
    texts = words.texts(session, refs)
    return {
        matter_id: AnswerView(
            text=texts.get(answer.words.id),
            digest=answer.words.digest,
            writer=answer.writer,
            approver=answer.approver,
            at=answer.at,
            refused=answer.refused,
            reason=texts.get(answer.reason.id) if answer.reason else None,
        )
        for matter_id, answer in seen.items()
    }


def _release(session: Session, state: Matter) -> ReleaseView:
    table = tables.Post
    published = session.scalar(
        select(func.count()).where(
            col(table.matter_id) == state.id, col(table.stage) == PostStage.PUBLISHED
        )
    )
    is_serving = state.stage is MatterStage.RELEASING and state.wave is not None
    return ReleaseView(
        first=state.first,
        wait_seconds=state.wait,
        not_before=state.not_before,
        next_at=state.wave.at if is_serving and state.wave else None,
        published=published or 0,
    )


def members(
    session: Session,
    matter_id: str,
    actor: Actor,
    at: datetime,
    *,
    state: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> MemberPage:
    """A page of the members of a matter, by key, with those who left."""
    queries.check_reader(actor)
    matter_state: Matter = details.state_of(session, f"matter/{matter_id}")
    queries.check_stage(state, MemberState)
    case = col(_CASE.id)
    statement = select(case).where(col(_CASE.matter_id) == matter_id).order_by(case)
    if state is not None:
        statement = statement.where(col(_CASE.matter_state) == state)
    if cursor:
        statement = statement.where(case > cursors.place_of_id(cursor, "members"))
    ids = session.scalars(statement.limit(queries.bounded(limit) + 1)).all()
    items = queries.escalation_items(session, ids[:limit], at)
    shown = tuple(
        MemberItem(
            escalation_id=item.id,
            state=item.matter_state or "",
            **item.model_dump(include={"stage", "channel", "owner", "excerpt"}),
            author=item.author,
            post_id=_post_id(matter_state, item.id) if item.matter_state in ANSWERED else None,
        )
        for item in items
    )
    next_cursor = cursors.encode("members", (ids[limit - 1],)) if len(ids) > limit else None
    return MemberPage(items=shown, next_cursor=next_cursor)


def _post_id(state: Matter, escalation_id: str) -> str | None:
    return post_id_of(state, escalation_id) if state.answer else None


# Texts, for whoever compares them. ------------------------------------------------------------


def first_texts(session: Session, chosen: Any, limit: int) -> list[tuple[str, str]]:
    """Escalations with the text of their first comment, by key, as far as it is still there."""
    first = tables.Comment
    rows = session.execute(
        select(col(_CASE.id), col(tables.Words.text))
        .join(first, col(first.id) == col(_CASE.comment_id))
        .join(tables.Words, col(tables.Words.id) == col(first.words_id))
        .where(chosen)
        .order_by(col(_CASE.id))
        .limit(limit)
    )
    return [(row.id, row.text) for row in rows]


def members_texts(session: Session, matter_id: str, limit: int) -> list[tuple[str, str]]:
    """First comments of those who belong to a matter."""
    belongs = col(_CASE.matter_state).in_((MemberState.JOINED, *ANSWERED))
    return first_texts(session, (col(_CASE.matter_id) == matter_id) & belongs, limit)


def candidates(session: Session, team: str, limit: int) -> list[tuple[str, str]]:
    """First comments of open escalations of a team that could still join a matter."""
    is_free = col(_CASE.matter_state).is_(None) | col(_CASE.matter_state).in_(
        (MemberState.LEFT, MemberState.REOPENED)
    )
    could_join = col(_CASE.is_open) & col(_CASE.stage).in_(("unclaimed", "preparing"))
    return first_texts(session, could_join & (col(_CASE.team) == team) & is_free, limit)


# Suggestions. ---------------------------------------------------------------------------------

SUGGESTED, CONFIRMED, REJECTED = "suggested", "confirmed", "rejected"


def suggest(
    session: Session, matter_id: str, found: Iterable[tuple[str, int]], by: str, at: datetime
) -> None:
    """Keep suggestions. What a person has said about one before stays as it was said."""
    table = tables.MatterSuggestion
    rows = session.scalars(select(table).where(col(table.matter_id) == matter_id))
    known = {row.escalation_id: row for row in rows}
    for escalation_id, likeness in found:
        row = known.get(escalation_id)
        if row is None:
            session.add(
                table(
                    matter_id=matter_id,
                    escalation_id=escalation_id,
                    likeness=likeness,
                    state=SUGGESTED,
                    by=by,
                    at=at,
                )
            )
        elif row.state == SUGGESTED:
            row.likeness, row.by, row.at = likeness, by, at


def judge(
    session: Session, matter_id: str, ids: Iterable[str], state: str, by: str, at: datetime
) -> int:
    """Note what somebody said to suggestions; answers how many there were of these."""
    table = tables.MatterSuggestion
    rows = session.scalars(
        select(table).where(
            col(table.matter_id) == matter_id, col(table.escalation_id).in_(list(ids))
        )
    ).all()
    for row in rows:
        row.state, row.by, row.at = state, by, at
    return len(rows)


def suggestions(
    session: Session,
    matter_id: str,
    actor: Actor,
    at: datetime,
    *,
    state: str | None = SUGGESTED,
    limit: int = 50,
    cursor: str | None = None,
) -> SuggestionPage:
    """A page of suggestions for a matter, the oldest escalation first."""
    queries.check_reader(actor)
    details.state_of(session, f"matter/{matter_id}")
    queries.check_stage(state, (SUGGESTED, CONFIRMED, REJECTED))
    table = tables.MatterSuggestion
    statement = select(table).where(col(table.matter_id) == matter_id)
    if state is not None:
        statement = statement.where(col(table.state) == state)
    if cursor:
        place = cursors.place_of_id(cursor, "suggestions")
        statement = statement.where(col(table.escalation_id) > place)
    ordered = statement.order_by(col(table.escalation_id)).limit(queries.bounded(limit) + 1)
    rows = list(session.scalars(ordered))
    cases = [row.escalation_id for row in rows[:limit]]
    excerpts = {item.id: item.excerpt for item in queries.escalation_items(session, cases, at)}
    next_cursor = None
    if len(rows) > limit:
        next_cursor = cursors.encode("suggestions", (rows[limit - 1].escalation_id,))
    items = tuple(
        SuggestionItem(
            **row.model_dump(exclude={"matter_id"}), excerpt=excerpts.get(row.escalation_id, "")
        )
        for row in rows[:limit]
    )
    return SuggestionPage(items=items, next_cursor=next_cursor)
