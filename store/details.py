"""The detail of one escalation, post or commitment, as one reader may see it.

Permission is part of fetching: what a reader may not see is never read for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from itertools import zip_longest
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlmodel import Session, col

from domain.base import Words
from domain.calendar import Calendar
from domain.commitment import COMMITMENT, Commitment, NewDate, Promise
from domain.commitment.events import KeptReported
from domain.deadlines import Deadline
from domain.entity import Permission, allowed
from domain.errors import Unknown
from domain.escalation import ESCALATION, Escalation, Noted, Panel, Proposal, Stage
from domain.escalation.events import Asked, Informed
from domain.ledger import Fact
from domain.matter import Matter
from domain.matter import Noted as MatterNoted
from domain.people import Actor
from domain.post import POST, Post, PostStage, in_the_way
from domain.terms import Rung
from store import people, policies, queries, records, tables, words
from store.statements import ask, plain
from store.views import (
    CommitmentDetail,
    CommitmentItem,
    DateView,
    DeadlineView,
    DecisionView,
    EscalationDetail,
    InformationView,
    NoteView,
    PanelView,
    PostDetail,
    PostItem,
    PromiseView,
    ProposalView,
    QuestionView,
    RevisionView,
    RungView,
    SignatureView,
    Utterance,
    VoteView,
    WaitingView,
)

TURNS = 1_000
"""Comments of one conversation that a detail holds, the newest."""


def unknown(stream: str) -> Unknown:
    kind = stream.partition("/")[0]
    return Unknown(
        f"unknown_{kind}", f"there is no {kind} with this id", f"list them with GET /api/v1/{kind}s"
    )


def state_of(session: Session, stream: str) -> Any:
    """The state of an entity as the ledger has it. Raises Unknown."""
    row = ask(session, _STATE, stream=stream).first()
    if row is None:
        raise unknown(stream)
    return records.load(row)


def states_of(session: Session, streams: Iterable[str]) -> dict[str, Any]:
    """The states of several entities by their streams, in one statement."""
    rows = ask(session, _STATES, streams=sorted(streams)).all()
    return {row.stream: records.load(row) for row in rows}


_SNAPSHOTS = plain(tables.Snapshot).c
_STATES = select(_SNAPSHOTS.stream, _SNAPSHOTS.kind, _SNAPSHOTS.body).where(
    _SNAPSHOTS.stream.in_(bindparam("streams", expanding=True))
)
_STATE = select(_SNAPSHOTS.kind, _SNAPSHOTS.body).where(_SNAPSHOTS.stream == bindparam("stream"))


def reads_inside(actor: Actor, state: Any) -> bool:
    """Whether proposals, drafts and notes of this entity may be read: by insiders of its team,
    and by whoever is asked to decide it, wherever they work."""
    if queries.is_insider(actor, state.team, getattr(state, "owner", None)):
        return True
    proposal = state.proposal if isinstance(state, Escalation | Matter) else None
    if proposal is None or not actor.roles & queries.READERS:
        return False
    return (proposal.panel or Panel()).may_speak(actor, proposal.by)


# One escalation. -----------------------------------------------------------------------------


def escalation(
    session: Session, escalation_id: str, actor: Actor, at: datetime
) -> EscalationDetail:
    """Everything about one escalation that this person may see. Raises Unknown, Forbidden."""
    queries.check_reader(actor)
    return escalation_in(session, state_of(session, f"escalation/{escalation_id}"), actor, at)


def escalation_in(
    session: Session, state: Escalation, actor: Actor, at: datetime
) -> EscalationDetail:
    """The same, where its state is at hand. Raises Forbidden."""
    queries.check_reader(actor)
    talk_id, escalation_id = state.conversation_id, state.id
    item = queries.escalation_items(session, [escalation_id], at)[0]
    is_insider = reads_inside(actor, state)
    said = _comments(session, conversation_id=talk_id)
    ours = _posts_of(session, actor, {escalation_id, *(turn.escalation_id for turn in said)})
    commitments = _commitments(session, escalation_id, at)
    notes = notes_of(session, state.stream, Noted) if is_insider else ()
    proposal = state.proposal if is_insider else None
    questions = _questions(session, state) if is_insider else ()
    detail = EscalationDetail(
        **item.model_dump(),
        conversation_id=talk_id,
        thread=ask(session, _THREAD, conversation_id=talk_id).scalar_one(),
        predecessor=state.predecessor,
        is_backlog=state.backlog,
        policy_version=state.terms.policy_version,
        is_insider=is_insider,
        allowed=allowed(ESCALATION, actor, state),
        deadlines=_deadlines(state, state.terms.ladder, at),
        conversation=_in_turn(said, ours),
        proposal=_proposal(session, proposal, state.unsigned) if proposal else None,
        decision=_decision(session, state, is_insider=is_insider),
        replies=tuple(post for post in ours if post.escalation_id == escalation_id),
        commitments=commitments,
        notes=notes,
        names={},
        terms=state.terms.name,
        may_be_batched=state.decision_terms.batch,
        is_public=state.terms.is_public,
        held_for=state.held_for,
        paused_until=state.paused_until,
        question=next((one for one in questions if one.answer is None), None),
        questions=questions,
        signatures=tuple(SignatureView(**s.model_dump()) for s in state.signatures),
        waiting=_waiting(session, state) if is_insider else None,
        to_sign=_to_sign(session, state, actor),
        merged_into=state.merged_into,
    )
    named = _named(detail)
    return detail.model_copy(update={"names": people.names(session, named)})


def _named(detail: EscalationDetail) -> set[str | None]:
    named = {detail.owner}
    named |= {name for reply in detail.replies for name in (reply.writer, reply.cleared_by)}
    named |= {name for c in detail.commitments for name in (c.accountable, c.approver)}
    named |= {who for note in detail.notes for who in (note.by, *note.mentions)}
    if detail.proposal:
        named |= {detail.proposal.by, *(p.accountable for p in detail.proposal.promises)}
        panel = detail.proposal.panel
        if panel:
            named |= {*panel.approvers, *panel.extra}
            named |= {name for vote in panel.votes for name in (vote.by, vote.on_behalf_of)}
    if detail.waiting:
        named |= {detail.waiting.writer, *(p.accountable for p in detail.waiting.promises)}
    for asked in detail.questions:
        named |= {asked.by, asked.answer.by if asked.answer else None}
    if detail.decision:
        named |= {detail.decision.by, detail.decision.on_behalf_of}
    return named


def _deadlines(
    state: Escalation | Commitment, ladder: Iterable[Rung], at: datetime
) -> tuple[DeadlineView, ...]:
    if state.deadline is None or state.is_closed:
        return ()
    if isinstance(state, Escalation) and state.rules >= 2:
        return _clocks(state, state.deadline, at)
    return (deadline_view(state.stream, state.deadline, tuple(ladder), state.rung, at),)


def deadlines_of(state: Matter, at: datetime) -> tuple[DeadlineView, ...]:
    """The running clock of a matter with its ladder, by the calendar that is pinned."""
    deadline = state.deadline
    if deadline is None or state.is_closed:
        return ()
    view = deadline_view(state.stream, deadline, (), 0, at)
    rungs = tuple(
        RungView(at=step.at, act=step.rung.act, to=step.rung.to, is_climbed=step.n in state.climbed)
        for step in state.steps()
    )
    explained = deadline.explain(state.calendar)
    return (view.model_copy(update={"ladder": rungs, "explained": explained}),)


def _clocks(state: Escalation, running: Deadline, at: datetime) -> tuple[DeadlineView, ...]:
    """The clock that runs and, while information is waited for, the one that stands still."""
    ladder = tuple(
        RungView(
            at=step.at,
            act=step.rung.act,
            to=step.rung.to,
            whom=step.rung.person or step.rung.role,
            is_climbed=step.n in state.climbed,
        )
        for step in sorted(state.steps(), key=lambda step: step.at)
    )
    clocks = [(running, ladder)]
    if state.question:
        clocks.append((state.question.shelved, ()))
    return tuple(
        deadline_view(state.stream, clock, (), 0, at, state.calendar).model_copy(
            update={"ladder": rungs}
        )
        for clock, rungs in clocks
    )


def deadline_view(
    about: str,
    deadline: Deadline,
    ladder: Sequence[Rung],
    rung: int,
    at: datetime,
    calendar: Calendar | None = None,
) -> DeadlineView:
    return DeadlineView(
        about=about,
        stage=deadline.stage,
        start_at=deadline.start_at,
        allowance_seconds=deadline.allowance,
        due_at=deadline.due_at,
        is_late=deadline.is_late(at),
        first_due_at=deadline.first_due_at,
        is_paused=deadline.is_paused,
        explained=deadline.explain(calendar),
        ladder=tuple(
            RungView(at=deadline.rung_at(r), act=r.act, to=r.to, is_climbed=n < rung)
            for n, r in enumerate(ladder)
        ),
    )


_TALKS = plain(tables.Conversation).c
_THREAD = select(_TALKS.thread).where(_TALKS.id == bindparam("conversation_id"))


def _in_turn(said: Iterable[Utterance], ours: Iterable[PostItem]) -> tuple[Utterance, ...]:
    """Both sides in the order of their times: comments as posted, our posts as published."""
    turns = [*said, *(_spoken(post) for post in ours if post.published_at is not None)]
    return tuple(sorted(turns, key=lambda turn: (turn.at, turn.id)))


def _spoken(post: PostItem) -> Utterance:
    assert post.published_at is not None
    return Utterance(
        kind="post",
        id=post.id,
        at=post.published_at,
        text=post.text,
        writer=post.writer,
        escalation_id=post.escalation_id,
        external_id=post.external_id,
        url=post.url,
        corrects=post.corrects,
        corrected_by=post.corrected_by,
        retracted_by=post.retracted_by,
    )


@cache
def _said(by: str) -> Select[Any]:
    """Comments with who said them, the newest first; ``by`` is the column that chooses them."""
    comment, author = plain(tables.Comment).c, plain(tables.Author).c
    return (
        select(
            comment.id, comment.words_id, comment.revision, comment.posted_at, comment.received_at,
            comment.escalation_id, comment.external_id, comment.in_reply_to,
            comment.url.label("address"), comment.removed_at,
            author.handle, author.name, author.url, author.reach,
        )
        .select_from(plain(tables.Comment))
        .join(plain(tables.Conversation), _TALKS.id == comment.conversation_id)
        .join(plain(tables.Author), author.id == _TALKS.author_id)
        .where(comment[by] == bindparam(by))
        .order_by(comment.id.desc())
        .limit(TURNS)
    )  # fmt: skip


def _comments(session: Session, *, with_revisions: bool = True, **chosen: str) -> list[Utterance]:
    """Comments by one of their columns, with how they were worded before."""
    (by,) = chosen
    rows = ask(session, _said(by), **chosen).all()
    changed = [row.id for row in rows if row.revision > 1] if with_revisions else []
    revisions = _revisions(session, changed)
    texts = words.texts(session, [row.words_id for row in rows])
    return [
        Utterance(
            kind="comment",
            id=row.id,
            at=row.posted_at,
            text=texts.get(row.words_id),
            author=queries.to_author(row),
            escalation_id=row.escalation_id,
            external_id=row.external_id,
            in_reply_to=row.in_reply_to,
            url=row.address,
            received_at=row.received_at,
            revisions=tuple(revisions.get(row.id, ())),
            is_removed=row.removed_at is not None,
        )
        for row in rows
    ]


def _revisions(session: Session, comment_ids: list[str]) -> dict[str, list[RevisionView]]:
    if not comment_ids:
        return {}
    table = tables.Arrival
    arrivals = session.scalars(
        select(table)
        .where(col(table.comment_id).in_(comment_ids), col(table.is_removed).is_(False))
        .order_by(col(table.comment_id), col(table.revision))
    ).all()
    texts = words.texts(session, [a.words_id for a in arrivals])
    found: dict[str, list[RevisionView]] = {}
    for a in arrivals:
        view = RevisionView(
            revision=a.revision, text=texts.get(a.words_id), received_at=a.received_at
        )
        found.setdefault(a.comment_id, []).append(view)
    return found


def _proposal(session: Session, proposal: Proposal, unsigned: Sequence[Promise]) -> ProposalView:
    proofs = [p.proof for p in proposal.promises]
    refs = [proposal.request, proposal.reply, *(p.words for p in proposal.promises), *proofs]
    texts = _texts(session, refs)
    return ProposalView(
        by=proposal.by,
        request=texts.get(proposal.request.id),
        recommendation=proposal.recommendation,
        reply=texts.get(proposal.reply.id) if proposal.reply else None,
        promises=tuple(_promise(promise, texts) for promise in proposal.promises),
        has_news=proposal.news,
        panel=_panel(proposal.panel) if proposal.panel else None,
        unsigned=tuple(promise.id for promise in unsigned),
        marked_none=proposal.marked_none,
    )


def _panel(panel: Panel) -> PanelView:
    return PanelView(
        needed=panel.needed,
        approvers=panel.approvers,
        extra=panel.extra,
        votes=tuple(VoteView(**vote.model_dump()) for vote in panel.votes),
        missing=panel.missing,
    )


def _questions(session: Session, state: Escalation) -> tuple[QuestionView, ...]:
    """What was asked about the proposal that is being decided; the state knows only what is open,
    and of the rest that something has touched the proposal since it was made."""
    made_at = state.touched.get("stage", 0)
    if state.stage is not Stage.DECIDING or state.touched.get("proposal", 0) <= made_at:
        return ()
    bodies = ask(session, _ASKED, stream=state.stream, since=made_at).scalars()
    facts = [Fact.model_validate_json(body) for body in bodies]
    asked = [(fact, Asked.model_validate(fact.data)) for fact in facts if fact.name == Asked.NAME]
    told = [(f, Informed.model_validate(f.data)) for f in facts if f.name == Informed.NAME]
    texts = _texts(session, [*(one.question for _, one in asked), *(one.words for _, one in told)])
    answers = [
        InformationView(by=fact.by, at=fact.at, text=texts.get(one.words.id)) for fact, one in told
    ]
    return tuple(
        QuestionView(by=fact.by, at=fact.at, text=texts.get(one.question.id), answer=answer)
        for (fact, one), answer in zip_longest(asked, answers)
    )


def _waiting(session: Session, state: Escalation) -> WaitingView | None:
    held = state.waiting
    if held is None:
        return None
    refs = [held.words, *(w for p in held.promises for w in (p.words, p.proof))]
    texts = _texts(session, refs)
    return WaitingView(
        writer=held.writer,
        text=texts.get(held.words.id),
        promises=tuple(_promise(promise, texts) for promise in held.promises),
        unsigned=tuple(p.id for p in state.unsigned),
    )


def _to_sign(session: Session, state: Escalation, actor: Actor) -> tuple[PromiseView, ...]:
    """Read whosever case it is: this person's name is to stand for them."""
    mine = [p for p in state.unsigned if p.accountable == actor.id]
    texts = _texts(session, [ref for p in mine for ref in (p.words, p.proof)])
    return tuple(_promise(promise, texts) for promise in mine)


def _promise(promise: Promise, texts: dict[str, str]) -> PromiseView:
    return PromiseView(
        id=promise.id,
        sentence=texts.get(promise.words.id),
        accountable=promise.accountable,
        due_at=promise.due_at,
        proof=texts.get(promise.proof.id) if promise.proof else None,
    )


def _texts(session: Session, refs: Iterable[Words | None]) -> dict[str, str]:
    return words.texts(session, [ref.id for ref in refs if ref])


def _decision(session: Session, state: Escalation, *, is_insider: bool) -> DecisionView | None:
    """A refusal's reason is fit to print; what an approver wrote beside a yes is for insiders."""
    decision = state.decision
    if decision is None:
        return None
    is_readable = is_insider or decision.outcome == "refused"
    reason = decision.reason if is_readable else None
    return DecisionView(
        outcome=decision.outcome,
        by=decision.by,
        at=decision.at,
        code=decision.code,
        reason=_texts(session, [reason]).get(reason.id) if reason else None,
        on_behalf_of=decision.on_behalf_of,
        is_alone=decision.is_alone,
    )


def notes_of(
    session: Session, stream: str, noted: type[Noted] | type[MatterNoted]
) -> tuple[NoteView, ...]:
    """The notes of a stream, in order; for insiders."""
    bodies = ask(session, _NAMED, stream=stream, name=noted.NAME).scalars()
    facts = [Fact.model_validate_json(body) for body in bodies]
    notes = [(fact, noted.model_validate(fact.data)) for fact in facts]
    texts = _texts(session, [note.words for _, note in notes])
    return tuple(
        NoteView(
            seq=fact.seq,
            by=fact.by,
            at=fact.at,
            text=texts.get(note.words.id),
            mentions=note.mentions,
        )
        for fact, note in notes
    )


_LEDGER = plain(tables.LedgerEntry).c
_NAMED = (
    select(_LEDGER.body)
    .where(_LEDGER.stream == bindparam("stream"), _LEDGER.name == bindparam("name"))
    .order_by(_LEDGER.seq)
)
_ASKED = (
    select(_LEDGER.body)
    .where(
        _LEDGER.stream == bindparam("stream"),
        _LEDGER.seq > bindparam("since"),
        _LEDGER.name.in_((Asked.NAME, Informed.NAME)),
    )
    .order_by(_LEDGER.seq)
)


def _posts(session: Session, actor: Actor, *chosen: Any) -> tuple[PostItem, ...]:
    rows = ask(session, queries.POSTS.where(*chosen).order_by(_POSTS.id)).all()
    return tuple(queries.post_items(session, rows, actor))


def _posts_of(session: Session, actor: Actor, ids: Iterable[str]) -> tuple[PostItem, ...]:
    """All posts of these escalations, in order."""
    rows = ask(session, _OF_CASES, ids=sorted(ids)).all()
    return tuple(queries.post_items(session, rows, actor))


_POSTS = plain(tables.Post).c
_OF_CASES = queries.POSTS.where(
    _POSTS.escalation_id.in_(bindparam("ids", expanding=True))
).order_by(_POSTS.id)


def _commitments(session: Session, escalation_id: str, at: datetime) -> tuple[CommitmentItem, ...]:
    rows = session.scalars(_PROMISED, {"escalation_id": escalation_id}).all()
    return tuple(queries.commitment_items(session, rows, at))


_PROMISED = (
    select(tables.Commitment)
    .where(col(tables.Commitment.escalation_id) == bindparam("escalation_id"))
    .order_by(col(tables.Commitment.due_at), col(tables.Commitment.id))
)


# One post, one commitment. -------------------------------------------------------------------


LINKS = 50
"""Posts of one chain of corrections that a detail follows, each way."""


def corrections(session: Session, post_id: str) -> list[Post]:
    """All that was asked for to correct a post or take it back, in order."""
    table = tables.Post
    ids = session.scalars(
        select(col(table.id))
        .where(col(table.corrects) == post_id)
        .order_by(col(table.opened_at), col(table.id))
    )
    return [state_of(session, f"post/{found}") for found in ids]


def _chain(session: Session, actor: Actor, post: PostItem) -> tuple[PostItem, ...]:
    first = post
    chain: list[PostItem] = []
    for _ in range(LINKS):
        if first.corrects is None:
            break
        (first,) = _posts(session, actor, _POSTS.id == first.corrects)
    following: tuple[PostItem, ...] = (first,)
    while following and len(chain) < LINKS:
        chain += following
        ids = [item.id for item in following]
        unless_given_up = _POSTS.stage.not_in((PostStage.RETURNED, PostStage.WITHDRAWN))
        following = _posts(session, actor, _POSTS.corrects.in_(ids), unless_given_up)
    return tuple(chain) if len(chain) > 1 else ()


def _may_post(session: Session, actor: Actor, state: Post) -> tuple[Permission, ...]:
    """What this person may do; what is published is corrected once, which its rows know."""
    permissions = allowed(POST, actor, state)
    if state.stage is not PostStage.PUBLISHED:
        return permissions
    refusal = in_the_way(corrections(session, state.id))
    acts = {command.model_fields["act"].default for command in POST.follows}
    return tuple(
        Permission(act=p.act, ok=False, why_not=refusal.message)
        if refusal and p.ok and p.act in acts
        else p
        for p in permissions
    )


def post_item(session: Session, post_id: str, actor: Actor) -> PostItem:
    """One post as a list shows it."""
    return _posts(session, actor, _POSTS.id == post_id)[0]


def post(session: Session, post_id: str, actor: Actor, at: datetime) -> PostDetail:
    """One public utterance of ours and how far it has come. Raises Unknown, Forbidden."""
    queries.check_reader(actor)
    state: Post = state_of(session, f"post/{post_id}")
    item = post_item(session, post_id, actor)
    in_force = policies.current(session)
    channel = in_force.policy.channels.get(state.channel) if in_force else None
    answers = _comments(session, with_revisions=False, id=state.comment_id)
    return PostDetail(
        **item.model_dump(),
        is_insider=queries.is_insider(actor, state.team, state.writer),
        attempt=state.attempt,
        promises=state.promises,
        wake_at=state.wake_at,
        max_length=channel.max_length if channel else None,
        answers=answers[0] if answers else None,
        due_at=state.due_at,
        is_late=state.due_at is not None and state.due_at < at,
        chain=_chain(session, actor, item),
        allowed=_may_post(session, actor, state),
        names=people.names(session, [state.writer, state.cleared_by]),
    )


def commitment(
    session: Session, commitment_id: str, actor: Actor, at: datetime
) -> CommitmentDetail:
    """One promise, with its proof, its deadline and what was said about it since."""
    queries.check_reader(actor)
    state: Commitment = state_of(session, f"commitment/{commitment_id}")
    row = session.get_one(tables.Commitment, commitment_id)
    item = queries.commitment_items(session, [row], at)[0]
    is_insider = queries.is_insider(actor, state.team, state.promise.accountable)
    proof, report = state.promise.proof, state.report
    said = or_(_POSTS.id == state.post_id, _POSTS.commitment_id == commitment_id)
    reported_by = report.by if report else None
    wanted = state.wanted if is_insider else None
    dates = [*state.dates, *([wanted] if wanted else [])]
    answered, word = state.answered, state.word
    texts = _texts(
        session,
        [
            proof,
            answered.reason if answered else None,
            *(w for d in dates for w in (d.reason, d.words)),
        ],
    )
    named = [name for d in dates for name in (d.asked_by, d.agreed_by)]
    named += [state.promise.accountable, state.approver, reported_by]
    named += [answered.by if answered else None]
    return CommitmentDetail(
        **item.model_dump(),
        is_insider=is_insider,
        channel=state.channel,
        proof=texts.get(proof.id) if proof else None,
        dates=tuple(_date(date, texts) for date in state.dates),
        wanted=_date(wanted, texts) if wanted else None,
        good_by=state.good_by,
        said_by=word.source if word else None,
        said_at=word.at if word else None,
        readers_kept=state.readers.kept,
        readers_not_kept=state.readers.not_kept,
        answer=("upheld" if answered.is_upheld else "reopened") if answered else None,
        answer_by=answered.by if answered else None,
        answer_reason=texts.get(answered.reason.id) if answered else None,
        reported_by=reported_by,
        reported_at=report.at if report else None,
        evidence=_evidence(session, state) if is_insider else None,
        deadlines=_promise_deadlines(state, at),
        posts=_posts(session, actor, said),
        allowed=allowed(COMMITMENT, actor, state),
        names=people.names(session, named),
    )


def _evidence(session: Session, state: Commitment) -> str | None:
    """What the ledger has as evidence of the last report; the state does not carry it."""
    table = tables.LedgerEntry
    body = session.scalars(
        select(col(table.body))
        .where(col(table.stream) == state.stream, col(table.name) == KeptReported.NAME)
        .order_by(col(table.seq).desc())
    ).first()
    if body is None:
        return None
    shown = KeptReported.model_validate(Fact.model_validate_json(body).data).evidence
    return _texts(session, [shown]).get(shown.id) if shown else None


def _date(date: NewDate, texts: dict[str, str]) -> DateView:
    return DateView(
        **date.model_dump(include={"due_at", "asked_by", "agreed_by", "asked_at", "since"}),
        post_id=date.post_id,
        reason=texts.get(date.reason.id),
        text=texts.get(date.words.id),
    )


def _promise_deadlines(state: Commitment, at: datetime) -> tuple[DeadlineView, ...]:
    """By when the next move is owed, and every moment at which the ladder climbs."""
    course = state.course
    if state.rules < 2 or course is None:
        return _deadlines(state, state.ladder, at)
    ladder = tuple(
        RungView(
            at=step.at,
            act=step.rung.act,
            to=step.rung.to,
            whom=step.rung.person or step.rung.role,
            is_climbed=step.n in state.climbed,
        )
        for step in sorted(state.steps, key=lambda step: (step.at, step.n))
    )
    told = {
        "due_at": course.due,
        "is_late": at > course.due,
        "explained": state.explain(),
        "ladder": ladder,
    }
    return (deadline_view(state.stream, state.deadline, (), 0, at).model_copy(update=told),)
