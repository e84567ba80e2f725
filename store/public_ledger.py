"""What the public may read: promises that were published, how they went, how long people wait.

Nobody signs in for it, so every statement here asks for what is public and for nothing else: no
note, draft, reason for colleagues or unpublished date is ever read, and no commenter. Each list is
one range of an index that ``tables`` names, whatever it is filtered by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from sqlalchemy import Select, func, literal, select, text, tuple_
from sqlmodel import Session, col

from domain.appearance import sees_figures, tells_people_apart
from domain.base import Words
from domain.commitment import (
    READERS,
    Broken,
    Commitment,
    CommitmentOpened,
    CommitmentStage,
    Kept,
    NewDate,
    NewDateSet,
    PromiseWithdrawn,
    Reopened,
    ReportTold,
    Standing,
    Upheld,
    WordGiven,
)
from domain.entity import Event
from domain.errors import Invalid, Unknown
from domain.house import HOUSE
from domain.ledger import Fact
from domain.policy import PublicRules
from domain.post import PostKind
from store import cursors, details, public_answers, queries, tables, words
from store.public_parts import Faces, channels_of, month_of, months_of, promises_of, urls_of
from store.public_views import (
    LedgerFigures,
    LedgerOverview,
    LedgerPage,
    PersonTally,
    PostRole,
    PublicDate,
    PublicEntry,
    PublicPost,
    PublicPromise,
    PublicStep,
    StepKind,
    StepTimes,
    Tally,
    Waited,
    Waiting,
)
from store.tables import ANSWERED, ENDED, SHOWN, UNANSWERED, UtcDateTime

FRONT = 12
"""Promises of each kind on the front page; the lists have all of them."""

STEPS = 200
"""More public steps than a promise can come to: dates, breaks and answers are all bounded."""

WINDOWS = (30, 90)
"""Days over which is told how long people waited for a first answer."""

Row = tables.Commitment


def nothing_there() -> Unknown:
    """What is not public is answered as what is not there."""
    return Unknown(
        "unknown_promise",
        "there is no public promise at this address",
        "look for it in the ledger",
    )


# Lists. --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """Which promises somebody wants to see. ``month`` is that of the date that counts, in UTC."""

    state: Standing | None = None
    channel: str | None = None
    month: str | None = None

    @property
    def is_urgent(self) -> bool:
        """What is still owed is listed by how soon, or how long since, it is due."""
        return self.state in (Standing.OPEN, Standing.BROKEN)

    @property
    def order(self) -> str:
        """Tells the cursors of one list from those of another."""
        return f"ledger {self.state or ''} {self.channel or ''} {self.month or ''}"


def wanted(state: str | None, channel: str | None, month: str | None) -> Wanted:
    """The wish that an address spells out; what is empty is not wished. Raises Invalid."""
    if state and state not in list(Standing):
        states = ", ".join(Standing)
        raise Invalid(
            "unknown_state",
            f"a promise is never '{state[:40]}'",
            f"use one of: {states}",
            field="state",
        )
    if month:
        month_of(month)
    return Wanted(Standing(state) if state else None, channel or None, month or None)


def statement(wish: Wanted, cursor: str | None = None) -> Select[Any]:
    """What the database is asked for; tests look at its plan."""
    asked = select(Row).where(text(SHOWN))
    if wish.channel is not None:
        asked = asked.where(col(Row.channel) == wish.channel)
    if wish.state is not None:
        asked = asked.where(col(Row.standing) == wish.state)
    if wish.month is not None:
        first, after = month_of(wish.month)
        asked = asked.where(col(Row.due_at) >= first, col(Row.due_at) < after)
    order, here = (col(Row.due_at), col(Row.id)), tuple_(col(Row.due_at), col(Row.id))
    if not wish.is_urgent:
        asked = asked.order_by(*(column.desc() for column in order))
    else:
        asked = asked.order_by(*order)
    if cursor:
        last_at, last_id = cursors.place_of_moment(cursor, wish.order)
        place = tuple_(literal(last_at, UtcDateTime()), literal(last_id))
        asked = asked.where(here > place if wish.is_urgent else here < place)
    return asked


def page(
    session: Session,
    rules: PublicRules,
    wish: Wanted,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> LedgerPage:
    """A page of promises: what is owed by its date, anything else with the latest date first.
    Raises Invalid for a bad cursor or limit."""
    rows = list(session.scalars(statement(wish, cursor).limit(queries.bounded(limit) + 1)))
    next_cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        next_cursor = cursors.encode(wish.order, (last.due_at, last.id))
    return LedgerPage(items=promises_of(session, rules, rows[:limit]), next_cursor=next_cursor)


def latest(session: Session, rules: PublicRules, most: int) -> tuple[PublicPromise, ...]:
    """What turned last, the latest first."""
    return promises_of(session, rules, list(session.scalars(latest_statement(most))))


def latest_statement(most: int) -> Select[Any]:
    return (
        select(Row)
        .where(text(SHOWN), col(Row.turned_at).is_not(None))
        .order_by(col(Row.turned_at).desc(), col(Row.id).desc())
        .limit(most)
    )


def overview(
    session: Session, rules: PublicRules, at: datetime, steps: StepTimes
) -> LedgerOverview:
    """The front page: what is broken, what is open, what turned last, what was answered last, and
    the figures. ``steps`` are found by themselves, because they change slowly and cost most."""
    urgent = {
        state: promises_of(session, rules, list(session.scalars(statement(Wanted(state)).limit(n))))
        for state, n in ((Standing.BROKEN, 2 * FRONT), (Standing.OPEN, FRONT))
    }
    return LedgerOverview(
        figures=figures(session, rules, at, steps),
        broken=urgent[Standing.BROKEN],
        open=urgent[Standing.OPEN],
        latest=latest(session, rules, FRONT // 2),
        answers=public_answers.latest(session, rules, FRONT // 2),
    )


# What there is to filter by. -----------------------------------------------------------------


def channels(session: Session, known: Iterable[str]) -> tuple[str, ...]:
    """Those of these channels on which anything public was promised."""
    return channels_of(session, col(Row.channel), known)


def months(session: Session) -> tuple[str, ...]:
    """The months in which promises are or were due, the latest first; no more than five years."""
    return months_of(session, col(Row.due_at))


def house_id(session: Session) -> str:
    """What tells this ledger from any other, wherever it is served: how its house began."""
    entry = tables.LedgerEntry
    began = select(col(entry.hash)).where(col(entry.stream) == HOUSE, col(entry.seq) == 1)
    return (session.scalars(began).first() or "0" * 32)[:32]


# Figures. ------------------------------------------------------------------------------------


def figures(session: Session, rules: PublicRules, at: datetime, steps: StepTimes) -> LedgerFigures:
    """Everything that is counted, nobody exempt. It changes with what happens, and with the day."""
    counted = session.execute(
        select(
            col(Row.accountable),
            col(Row.standing),
            col(Row.was_broken),
            col(Row.says),
            func.count().label("number"),
        )
        .where(text(SHOWN), col(Row.standing).is_not(None))
        .group_by(col(Row.accountable), col(Row.standing), col(Row.was_broken), col(Row.says))
    ).all()
    return LedgerFigures(
        promises=Tally(**_tally(counted)),
        people=_people(session, rules, counted),
        waiting=_waiting(session),
        waited=tuple(_waited(session, at, days) for days in WINDOWS),
        answers=public_answers.tally(session),
        steps=steps,
    )


def _tally(counted: Iterable[Any]) -> dict[str, int]:
    sums = dict.fromkeys(Tally.model_fields, 0)
    for row in counted:
        broken = row.was_broken or row.standing in (Standing.BROKEN, Standing.KEPT_LATE)
        said = {"kept": "confirmed", "not_kept": "denied"}.get(row.says or "")
        for name in ("total", row.standing, "ever_broken" if broken else None, said):
            if name is not None:
                sums[name] += row.number
    return sums


def _people(
    session: Session, rules: PublicRules, counted: Sequence[Any]
) -> tuple[PersonTally, ...]:
    faces = Faces(session, rules, {row.accountable for row in counted})
    groups: dict[tuple[bool, str], tuple[str, list[Any]]] = {}
    for row in counted:
        is_executive = faces.is_executive(row.accountable)
        if not sees_figures(rules, None, of_executive=is_executive):
            continue
        together = "all executives together" if is_executive else "all staff together"
        is_apart = tells_people_apart(rules, is_executive=is_executive)
        name = faces.of(row.accountable, "") if is_apart else together
        key = (not is_executive, row.accountable if is_apart else "")
        groups.setdefault(key, (name, []))[1].append(row)
    tallies = (PersonTally(name=name, **_tally(rows)) for name, rows in groups.values())
    ranks = {name: rank[0] for rank, (name, _) in groups.items()}
    return tuple(sorted(tallies, key=lambda one: (ranks[one.name], one.name.casefold())))


def _waiting(session: Session) -> Waiting:
    case = tables.Escalation
    here = text(UNANSWERED)
    count = session.scalar(select(func.count()).select_from(case).where(here)) or 0
    since = select(col(case.opened_at)).where(here).order_by(col(case.opened_at)).limit(1)
    return Waiting(
        count=count,
        median_since=session.scalar(since.offset(max(count - 1, 0) // 2)),
        longest_since=session.scalar(since),
    )


def _waited(session: Session, at: datetime, days: int) -> Waited:
    """Whole days in UTC, so that the same is counted from one midnight to the next."""
    case = tables.Escalation
    first = at.astimezone(UTC).date() - timedelta(days=days)
    since = datetime.combine(first, time(), UTC)
    answered = (text(ANSWERED), col(case.answered_at) >= since)
    found = session.execute(
        select(func.count(), func.max(case.waited)).select_from(case).where(*answered)
    ).one()
    count, longest = found
    middle = select(col(case.waited)).where(*answered).order_by(col(case.waited)).limit(1)
    ended = session.execute(
        select(col(case.outcome), func.count())
        .where(text(ENDED), col(case.closed_at) >= since)
        .group_by(col(case.outcome))
        .order_by(col(case.outcome))
    )
    return Waited(
        days=days,
        since=first,
        count=count,
        median_seconds=session.scalar(middle.offset(max(count - 1, 0) // 2)),
        longest_seconds=longest,
        unanswered={outcome: number for outcome, number in ended if outcome},
    )


# One promise. --------------------------------------------------------------------------------


def entry(session: Session, rules: PublicRules, commitment_id: str) -> PublicEntry:
    """Everything that the public may read about one promise, whatever became of it. Raises Unknown,
    also for one that is not public."""
    row = session.scalars(select(Row).where(col(Row.id) == commitment_id, text(SHOWN))).first()
    if row is None:
        raise nothing_there()
    state = cast("Commitment", details.state_of(session, f"commitment/{commitment_id}"))
    facts = _facts(session, state.stream)
    posts = _posts(session, row, _roles(state, facts))
    asked = state.readers.kept + state.readers.not_kept
    return PublicEntry(
        **promises_of(session, rules, [row])[0].model_dump(),
        dates=_dates(session, state.dates),
        posts=posts,
        steps=_steps(Faces(session, rules, {fact.by for fact in facts}), row.team, facts, posts),
        readers_kept=state.readers.kept,
        readers_not_kept=state.readers.not_kept,
        is_asking=state.stage in (CommitmentStage.TOLD, CommitmentStage.DENIED) and asked < READERS,
    )


_PUBLIC: dict[str, type[Event]] = {
    event.NAME: event
    for event in (
        CommitmentOpened, NewDateSet, Broken, ReportTold, WordGiven, Upheld, Reopened, Kept,
        PromiseWithdrawn,
    )
}  # fmt: skip
"""What happens to a promise in front of the public. All other events stay inside."""


def _facts(session: Session, stream: str) -> list[Fact]:
    table = tables.LedgerEntry
    bodies = session.scalars(
        select(col(table.body))
        .where(col(table.stream) == stream, col(table.name).in_(_PUBLIC))
        .order_by(col(table.seq))
        .limit(STEPS)
    )
    return [Fact.model_validate_json(body) for body in bodies]


def _roles(state: Commitment, facts: Iterable[Fact]) -> dict[str, PostRole]:
    """What each post is to the promise, by its id, as far as the public events name it."""
    roles = {state.post_id: PostRole.PROMISED}
    named = {
        NewDateSet.NAME: PostRole.NEW_DATE,
        ReportTold.NAME: PostRole.KEPT,
        PromiseWithdrawn.NAME: PostRole.WITHDRAWN,
    }
    for fact in facts:
        if fact.name in named and fact.data.get("post_id"):
            roles[fact.data["post_id"]] = named[fact.name]
    return roles


def _posts(
    session: Session, row: tables.Commitment, roles: dict[str, PostRole]
) -> tuple[PublicPost, ...]:
    """Our published words on this promise in order, and what corrects them."""
    table = tables.Post
    published = session.scalars(
        select(table)
        .where(col(table.escalation_id) == row.escalation_id, col(table.published_at).is_not(None))
        .order_by(col(table.published_at), col(table.id))
        .limit(STEPS)
    ).all()
    of_it: list[tables.Post] = []
    for post in published:
        is_about = post.id == row.post_id or post.commitment_id == row.id
        if is_about or post.corrects in {one.id for one in of_it}:
            of_it.append(post)
    texts = words.texts(session, [post.words_id for post in of_it])
    urls = urls_of(session, [post.id for post in of_it])
    corrections = {
        PostKind.CORRECTION: PostRole.CORRECTION,
        PostKind.RETRACTION: PostRole.RETRACTION,
    }
    return tuple(
        PublicPost(
            id=post.id,
            role=corrections.get(PostKind(post.kind), roles.get(post.id, PostRole.PROGRESS)),
            at=post.published_at,
            text=texts.get(post.words_id),
            url=urls.get(post.id),
            corrects=post.corrects,
            corrected_by=post.corrected_by,
            retracted_by=post.retracted_by,
        )
        for post in of_it
        if post.published_at is not None
    )


def _dates(session: Session, dates: Sequence[NewDate]) -> tuple[PublicDate, ...]:
    """The dates that came to count, with the words that the public read. Why a date was asked for
    is for whoever decided on it."""
    said: list[Words] = [date.words for date in dates]
    texts = words.texts(session, [ref.id for ref in said])
    urls = urls_of(session, [date.post_id for date in dates if date.post_id])
    return tuple(
        PublicDate(
            due_at=date.due_at,
            since=date.since,
            text=texts.get(date.words.id),
            url=urls.get(date.post_id or ""),
        )
        for date in dates
        if date.since is not None
    )


# Its story. ----------------------------------------------------------------------------------


def _steps(
    faces: Faces, team: str, facts: Iterable[Fact], posts: Iterable[PublicPost]
) -> tuple[PublicStep, ...]:
    told = {PostRole.PROGRESS, PostRole.CORRECTION, PostRole.RETRACTION, PostRole.WITHDRAWN}
    steps = [_step(fact, faces.of(fact.by, team)) for fact in facts]
    steps += [
        PublicStep(kind=StepKind.SAID, at=post.at, role=post.role)
        for post in posts
        if post.role in told
    ]
    return tuple(sorted(steps, key=lambda step: step.at))


def _step(fact: Fact, who: str) -> PublicStep:
    match _PUBLIC[fact.name].model_validate(fact.data):
        case CommitmentOpened() as event:
            return PublicStep(kind=StepKind.MADE, at=fact.at, due_at=event.promise.due_at)
        case NewDateSet() as event:
            return PublicStep(kind=StepKind.MOVED, at=fact.at, due_at=event.due_at)
        case Broken() as event:
            return PublicStep(kind=StepKind.BROKEN, at=fact.at, due_at=event.due_at)
        case WordGiven() as event:
            kind = StepKind.CONFIRMED if event.is_kept else StepKind.DENIED
            return PublicStep(kind=kind, at=fact.at)
        case Upheld():
            return PublicStep(kind=StepKind.UPHELD, at=fact.at, by=who)
        case Reopened():
            return PublicStep(kind=StepKind.REOPENED, at=fact.at, by=who)
        case Kept() as event:
            how = str(event.settled) if event.settled else None
            return PublicStep(
                kind=StepKind.KEPT, at=fact.at, is_late=event.is_late, how=cast("Any", how)
            )
        case PromiseWithdrawn():
            return PublicStep(kind=StepKind.WITHDRAWN, at=fact.at, by=who)
        case _:
            return PublicStep(kind=StepKind.REPORTED, at=fact.at)
