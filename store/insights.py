"""Figures: where time goes, step by step, executives included; and the cases behind each figure.

All of them are about comments that reached us in a span of days, whatever became of them since:
what is still owed is counted beside what is done, never left out. Each figure comes from the same
conditions (``Which``) as the list of cases behind it.

Half and nine tenths are nearest ranks over whole minutes: a half of them took this long or less.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import (
    Integer,
    Text,
    and_,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy import cast as sql_cast
from sqlmodel import Session

from domain.base import Value
from domain.escalation.moves import DECIDED, OWED_BY, Step, Wording
from domain.escalation.stages import RefusalCode
from domain.people import Actor, Role
from store import cursors, figures, people, queries, tables
from store.answer_tables import HIDDEN
from store.figures import By, CommitmentFigures
from store.insight_views import (
    Answers,
    Bucket,
    Count,
    Decisions,
    Insights,
    Lateness,
    MoveItem,
    MovePage,
    PeopleFigures,
    PersonCount,
    PersonFigures,
    Replies,
    Span,
    Spread,
    StepFigures,
    TeamAnswers,
    WaitingNow,
)
from store.moves import people_in
from store.statements import plain
from store.tables import UtcDateTime

MINUTE = 60
Length = Annotated[int, Field(ge=0, le=100 * 366 * 24 * 60)]
"""A length that is asked for: up to a hundred years."""
HOUR = 60
DAY = 24 * HOUR
BUCKETS = (HOUR, 4 * HOUR, 8 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY)
"""Where one bar of the distribution ends and the next begins, in minutes."""

FEW = 5
"""Of fewer than this, a figure says little about the next one, and the page says so."""

PERSONAL = (Step.PREPARING, Step.DECIDING, Step.ASKED, Step.REPLYING)
"""The steps that are one person's: their owner's, or whoever decided."""

_SAID_BEFORE = (Step.ANSWER, Step.ASKED, Step.HELD)
"""Steps that a refusal or a dismissal ends as well, and that do not count its code again: a
question that was open when it was decided, a second look, and the answer as a whole."""

_M = plain(tables.Move).c
_K = plain(tables.MoveKind)
_OTHER = plain(tables.Move).alias("other")
_CASE = plain(tables.Escalation).c


class State(StrEnum):
    """How a move stands."""

    DONE = "done"
    IN_TIME = "in_time"
    LATE = "late"
    """Made after its deadline."""
    OPEN = "open"
    """Still owed, and came in within the span."""
    OPEN_NOW = "open_now"
    """Still owed, whenever it came in."""
    LATE_NOW = "late_now"
    MISSED = "missed"
    """Made after its deadline, or still owed after it; came in within the span."""


class Which(Value):
    """The moves behind one figure. What is not said does not matter."""

    step: Step | None = None
    state: State | None = None
    how: str | None = None
    code: str | None = None
    refused: bool | None = None
    """True: moves that ended in a refusal, whatever its code."""
    words: Wording | None = None
    compared: bool | None = None
    """False: replies that were compared with none."""
    person: str | None = None
    owed_by: str | None = None
    """Somebody who owed it when it was late."""
    told: str | None = None
    """Somebody who was told that it is late."""
    whose: str | None = None
    """Somebody who made it, or owed it when it was late."""
    at_least: Length | None = None
    """Minutes of plain time, with ``below``."""
    below: Length | None = None

    @property
    def people(self) -> tuple[str, ...]:
        """Whom it singles out."""
        return tuple(p for p in (self.person, self.owed_by, self.told, self.whose) if p)


# Counting. ------------------------------------------------------------------------------------


def insights(session: Session, actor: Actor, at: datetime, span: Span) -> Insights:
    """Every figure about a span. Raises Forbidden for those who read no cases."""
    queries.check_reader(actor)
    counts = _Counts(session, span, at)
    promises = figures.commitments(session, actor, by=By.MONTH, **_of_promises(span))
    return Insights(
        at=at,
        span=span,
        answers=_answers(counts),
        teams=_teams(session, counts, span),
        steps=_steps(counts),
        lateness=_lateness(session, actor, counts),
        decisions=_decisions(counts),
        replies=_replies(counts),
        promises=promises,
        now=_now(session, span, at),
        people=_people(session, actor, span, counts),
    )


def in_public(
    session: Session, at: datetime, span: Span
) -> tuple[tuple[StepFigures, ...], Decisions]:
    """The time of each step and what was decided, of the cases that the public ledger may count."""
    hidden = select(_CASE.id).where(text(HIDDEN))
    counts = _Counts(session, span, at, _M.escalation_id.not_in(hidden))
    return _steps(counts), _decisions(counts)


def _of_promises(span: Span) -> dict[str, Any]:
    return span.model_dump()


def _within(span: Span) -> list[Any]:
    found = [
        _M.opened_at >= literal(span.since, UtcDateTime()),
        _M.opened_at < literal(span.until, UtcDateTime()),
    ]
    return found + _of_place(span)


def _of_place(span: Span) -> list[Any]:
    chosen = ((_K.c.team, span.team), (_K.c.channel, span.channel))
    said = [column == wanted for column, wanted in chosen if wanted is not None]
    return [_M.kind.in_(_kinds(*said))] if said else []


Minutes = Counter[int]


class _Group:
    """All moves of one kind in a span: how many, and how long each took in minutes."""

    def __init__(self, row: Any) -> None:
        self.step = Step(row.step)
        self.team: str = row.team
        self.how: str | None = row.how
        self.code: str | None = row.code
        self.words: str | None = row.words
        self.person: str | None = row.person
        self.is_late: bool = row.is_late
        self.owed_by, self.told = people_in(row.owed_by), people_in(row.told)
        self.kind: int = row.id
        self.n: int = row.n
        self.paused: int = row.paused
        self.plain, self.working = _minutes_in(row.plain), _minutes_in(row.working)
        self.oldest = None if row.since is None else (float(row.since), str(row.oldest))
        """When the first that is still owed was owed, in seconds since 1970, and its case."""
        self.missed = 0
        """How many were made after their deadline, or are owed after it."""


def _minutes_in(told: str | None) -> Minutes:
    """What many moves took, from the one text in which the database answers it."""
    return Counter({int(took): n for took, n in Counter((told or "").split()).items()})


class _Counts:
    """What the database has counted of a span, in one statement however much there is.

    It groups by the number of the kind and hands the lengths over as one text for each: a row for
    each length, sorted, took SQLite four times as long.
    """

    def __init__(self, session: Session, span: Span, at: datetime, *also: Any) -> None:
        self.groups = [_Group(row) for row in _grouped(session, [*_within(span), *also])]
        self._by_step: dict[Step, list[_Group]] = defaultdict(list)
        overdue = _overdue(session, span, at)
        for group in self.groups:
            group.missed = overdue.get(group.kind, 0) + (group.n if group.is_late else 0)
            self._by_step[group.step].append(group)
        self.at = at

    def of(self, step: Step, **wanted: Any) -> list[_Group]:
        """The groups of a step of which each of these is so."""
        found = self._by_step[step]
        for name, value in wanted.items():
            found = [group for group in found if getattr(group, name) == value]
        return found

    def count(self, **wanted: Any) -> int:
        return sum(group.n for group in self.of(**wanted))

    @property
    def steps(self) -> list[_Group]:
        """All moves but the answer as a whole, of which each is a part."""
        return [group for group in self.groups if group.step is not Step.ANSWER]

    def open(self, **wanted: Any) -> tuple[int, int | None, str | None]:
        """How many are still owed, for how many minutes the longest of them, and its case."""
        found = self.of(how=None, **wanted)
        return sum(group.n for group in found), *_longest(found, self.at)

    def plain(self, **wanted: Any) -> Minutes:
        return _together(group.plain for group in self.of(**wanted))

    def working(self, **wanted: Any) -> Minutes:
        return _together(group.working for group in self.of(**wanted))


def _longest(groups: Iterable[_Group], at: datetime) -> tuple[int | None, str | None]:
    """For how many minutes the oldest of what is still owed has been, and its case."""
    since, case = min((g.oldest for g in groups if g.oldest is not None), default=(None, None))
    return None if since is None else _minutes(since, at), case


def _overdue(session: Session, span: Span, at: datetime) -> dict[int, int]:
    """How many of a kind are still owed after their deadline."""
    found = session.execute(
        select(_M.kind, func.count().label("n"))
        .where(*_late_now(at), *_within(span))
        .group_by(_M.kind)
    )
    return {row.kind: row.n for row in found}


def _together(several: Iterable[Minutes]) -> Minutes:
    whole: Minutes = Counter()
    for minutes in several:
        whole.update(minutes)
    return whole


def _grouped(session: Session, chosen: list[Any]) -> Sequence[Any]:
    """The moves by kind. ``since`` is when the first of those that are still owed was, in seconds
    since 1970, and ``oldest`` its case."""
    groups = (
        select(
            _M.kind,
            func.count().label("n"),
            func.sum(_M.paused).label("paused"),
            func.aggregate_strings(sql_cast(_M.plain // MINUTE, Text), " ").label("plain"),
            func.aggregate_strings(sql_cast(_M.working // MINUTE, Text), " ").label("working"),
        )
        .where(*chosen)
        .group_by(_M.kind)
        .subquery()
    )
    # By itself, because it meets few rows, by the index on what is owed; asked of every row it
    # took as long as all the rest.
    since = _seconds(session)
    place = func.row_number().over(partition_by=_M.kind, order_by=(since, _M.escalation_id))
    owed = (
        select(_M.kind, since.label("since"), _M.escalation_id.label("oldest"), place.label("nth"))
        .where(_M.plain.is_(None), *chosen)
        .subquery()
    )
    return session.execute(
        select(_K, groups, owed.c.since, owed.c.oldest)
        .join(groups, groups.c.kind == _K.c.id)
        .join(owed, and_(owed.c.kind == _K.c.id, owed.c.nth == 1), isouter=True)
    ).all()


def _seconds(session: Session) -> Any:
    """When a move began to be owed, in seconds since 1970."""
    if session.get_bind().dialect.name == "sqlite":
        return sql_cast(func.strftime("%s", _M.opened_at), Integer) + _M.after
    return func.extract("epoch", _M.opened_at) + _M.after


def _minutes(since: float, at: datetime) -> int:
    return max(int(at.timestamp() - float(since)) // MINUTE, 0)


def spread(minutes: Mapping[int, int]) -> Spread:
    """The nearest ranks of what took so many minutes so many times."""
    n = sum(minutes.values())
    return Spread(n=n, half=rank(minutes, n, 500), nine_tenths=rank(minutes, n, 900))


def rank(minutes: Mapping[int, int], n: int, permille: int) -> int | None:
    """The least length that so many thousandths of them did not exceed."""
    wanted = -(-n * permille // 1000)
    passed = 0
    for took in sorted(minutes):
        passed += minutes[took]
        if passed >= wanted:
            return took
    return None


# Each figure. ---------------------------------------------------------------------------------


def _answers(counts: _Counts) -> Answers:
    ended = Counter[str]()
    for group in counts.of(step=Step.ANSWER):
        if group.how not in (None, "answered"):
            ended[str(group.how)] += group.n
    waiting, longest, case = counts.open(step=Step.ANSWER)
    took = counts.plain(**_ANSWERED)
    return Answers(
        received=counts.count(step=Step.ANSWER),
        answered=counts.count(**_ANSWERED),
        in_time=counts.count(**_ANSWERED, is_late=False),
        waiting=waiting,
        longest_waiting=longest,
        longest_waiting_case=case,
        without=_counted(ended),
        plain=spread(took),
        working=spread(counts.working(**_ANSWERED)),
        distribution=_distribution(took),
    )


_ANSWERED: dict[str, Any] = {"step": Step.ANSWER, "how": "answered"}


def _counted(found: Mapping[str, int]) -> tuple[Count, ...]:
    """The most frequent first."""
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Count(key=key, n=n) for key, n in ordered)


def _distribution(took: Mapping[int, int]) -> tuple[Bucket, ...]:
    edges = (0, *BUCKETS, None)
    return tuple(
        Bucket(
            at_least=low,
            below=high,
            n=sum(n for m, n in took.items() if m >= low and (high is None or m < high)),
        )
        for low, high in pairwise(edges)
        if low is not None
    )


def _teams(session: Session, counts: _Counts, span: Span) -> tuple[TeamAnswers, ...]:
    names = people.team_names(session)
    owed: dict[str, list[_Group]] = defaultdict(list)
    for group in counts.steps:
        owed[group.team].append(group)
    promised = _promised(session, span, By.TEAM)
    received = {group.team for group in counts.of(step=Step.ANSWER)}
    return tuple(
        TeamAnswers(
            team=team,
            name=names.get(team, team),
            received=counts.count(step=Step.ANSWER, team=team),
            answered=counts.count(**_ANSWERED, team=team),
            in_time=counts.count(**_ANSWERED, team=team, is_late=False),
            waiting=counts.open(step=Step.ANSWER, team=team)[0],
            plain=spread(counts.plain(**_ANSWERED, team=team)),
            **_answers_for(owed[team], owed[team], promised.get(team)),
        )
        for team in sorted({*received, *owed, *promised})
    )


def _answers_for(
    owed: Iterable[_Group], made: Iterable[_Group], promised: CommitmentFigures | None
) -> dict[str, Any]:
    """The figures that are the same of a team and of a person."""
    owed, made = list(owed), list(made)
    replies, p = _by_words(made), promised
    refusals = Counter({code: n for code, n in _codes(made).items() if code in _REFUSALS})
    return {
        "owed": sum(group.n for group in owed),
        "missed": sum(group.missed for group in owed),
        "refused": refusals.total(),
        "refusals": _counted(refusals),
        "written": replies[Wording.WRITTEN],
        "ready_made": replies[Wording.READY_MADE],
        "promises": p.total if p else 0,
        "kept": p.kept + p.renegotiated if p else 0,
        "kept_late": p.kept_late if p else 0,
        "broken": p.broken if p else 0,
    }


def _by_words(made: Iterable[_Group]) -> Counter[str | None]:
    """Published replies by how their words came about."""
    found = Counter[str | None]()
    for group in made:
        if group.step is Step.REPLYING and group.how == "published":
            found[group.words] += group.n
    return found


def _codes(made: Iterable[_Group]) -> Counter[str]:
    """The codes of refusals and dismissals, each once."""
    found = Counter[str]()
    for group in made:
        if group.code is not None and group.step not in _SAID_BEFORE:
            found[group.code] += group.n
    return found


_REFUSALS = frozenset(map(str, RefusalCode))


def _steps(counts: _Counts) -> tuple[StepFigures, ...]:
    found = []
    for step, seat in OWED_BY.items():
        if seat is None:
            continue
        still, longest, case = counts.open(step=step)
        worked = counts.working(step=step)
        found.append(
            StepFigures(
                step=step,
                seat=seat,
                done=worked.total(),
                late=counts.count(step=step, is_late=True),
                open=still,
                longest_open=longest,
                longest_open_case=case,
                plain=spread(counts.plain(step=step)),
                working=spread(worked),
                total_working=sum(minutes * n for minutes, n in worked.items()),
                paused=sum(group.paused for group in counts.of(step=step)) // MINUTE,
            )
        )
    order = list(Step)
    return tuple(sorted(found, key=lambda figure: order.index(figure.step)))


def _lateness(session: Session, actor: Actor, counts: _Counts) -> tuple[Lateness, ...]:
    owed: dict[Step, Counter[str]] = defaultdict(Counter)
    told: dict[Step, Counter[str]] = defaultdict(Counter)
    late: Counter[Step] = Counter()
    for group in counts.groups:
        if group.step is Step.ANSWER:
            continue
        late[group.step] += group.n if group.is_late else 0
        for person in group.owed_by:
            owed[group.step][person] += group.n
        for person in group.told:
            told[group.step][person] += group.n
    everybody = {p for counter in (*owed.values(), *told.values()) for p in counter}
    shown = figures.seen_by(session, actor, everybody)
    names = people.names(session, everybody)

    def listed(found: Counter[str]) -> tuple[PersonCount, ...]:
        return tuple(
            PersonCount(person=c.key, name=names.get(c.key, c.key), n=c.n)
            for c in _counted(found)
            if c.key in shown
        )

    return tuple(
        Lateness(
            step=step,
            late=late[step],
            owed_by=listed(owed[step]),
            told=listed(told[step]),
            hidden=len({*owed[step], *told[step]} - shown),
        )
        for step in Step
        if late[step] or owed[step]
    )


def _decisions(counts: _Counts) -> Decisions:
    codes = _codes(counts.steps)
    refusals = Counter({code: n for code, n in codes.items() if code in _REFUSALS})
    made = {how: counts.count(step=Step.DECIDING, how=how) for how in DECIDED}
    alone = counts.count(step=Step.PREPARING, how="made_alone")
    return Decisions(
        **made,
        made_alone=alone,
        refusals=_counted(refusals),
        dismissals=_counted(codes - refusals),
    )


def _replies(counts: _Counts) -> Replies:
    by_words = _by_words(counts.groups)
    return Replies(
        published=by_words.total(),
        **{str(words): by_words[words] for words in Wording},
        not_compared=by_words[None],
    )


def _now(session: Session, span: Span, at: datetime) -> WaitingNow:
    place = _of_place(span)
    owed = [_Group(row) for row in _grouped(session, [_M.plain.is_(None), *place])]
    by_step = Counter[Step]()
    for group in owed:
        by_step[group.step] += group.n
    late = session.execute(
        select(_K.c.step, func.count().label("n"))
        .join(_K, _K.c.id == _M.kind)
        .where(*_late_now(at), *place)
        .group_by(_K.c.step)
    )
    is_late = {Step(row.step): row.n for row in late}
    longest, case = _longest((group for group in owed if group.step is Step.ANSWER), at)
    return WaitingNow(
        unanswered=by_step.pop(Step.ANSWER, 0),
        longest=longest,
        longest_case=case,
        steps=tuple(Count(key=step, n=by_step[step]) for step in Step if step in by_step),
        late=tuple(Count(key=step, n=is_late[step]) for step in Step if step in is_late),
    )


def _late_now(at: datetime) -> list[Any]:
    """The deadline of the case has passed. While a question is open that is the question's; those
    who decide wait for its answer then."""
    late = select(_CASE.id).where(_CASE.is_open, _CASE.due_at < literal(at, UtcDateTime()))
    asked = select(_OTHER.c.escalation_id).where(
        _OTHER.c.plain.is_(None), _OTHER.c.kind.in_(_kinds(_K.c.step == Step.ASKED))
    )
    return [
        _M.plain.is_(None),
        _M.escalation_id.in_(late),
        _M.kind.in_(_kinds(_K.c.step != Step.ANSWER)),
        or_(
            _M.kind.not_in(_kinds(_K.c.step == Step.DECIDING)),
            _M.escalation_id.not_in(asked),
        ),
    ]


def _kinds(*chosen: Any) -> Any:
    return select(_K.c.id).where(*chosen)


# People. --------------------------------------------------------------------------------------


def _people(session: Session, actor: Actor, span: Span, counts: _Counts) -> PeopleFigures:
    silent: Counter[str] = Counter()
    made: dict[str, list[_Group]] = defaultdict(list)
    theirs: dict[str, list[_Group]] = defaultdict(list)
    for group in counts.steps:
        for person in group.owed_by:
            silent[person] += group.n
        if group.person is not None:
            made[group.person].append(group)
        for one in {*group.owed_by, *([group.person] if group.person else ())}:
            theirs[one].append(group)
    promised = _promised(session, span, By.PERSON)
    everybody = {*silent, *made, *promised}
    shown = figures.seen_by(session, actor, everybody)
    names = people.names(session, everybody)
    executives = _executives(session, everybody)
    items = []
    for person in sorted(shown, key=lambda one: (names.get(one) or one).casefold()):
        rows = made[person]
        items.append(
            PersonFigures(
                person=person,
                name=names.get(person, person),
                is_executive=person in executives,
                made=sum(row.n for row in rows),
                late=sum(row.n for row in rows if row.is_late),
                silent=silent[person],
                preparing=spread(counts.working(step=Step.PREPARING, person=person)),
                deciding=spread(counts.working(step=Step.DECIDING, person=person)),
                replying=spread(counts.working(step=Step.REPLYING, person=person)),
                **_answers_for(theirs[person], rows, promised.get(person)),
            )
        )
    return PeopleFigures(items=tuple(items), hidden=len(everybody - shown))


def _promised(session: Session, span: Span, by: By) -> dict[str, CommitmentFigures]:
    page = figures.commitments(session, None, by=by, **_of_promises(span))
    return {item.key: item for item in page.items}


def _executives(session: Session, ids: Iterable[str]) -> set[str]:
    row = plain(tables.Person).c
    found = session.execute(select(row.id, row.roles).where(row.id.in_(set(ids))))
    return {one.id for one in found if Role.EXECUTIVE in one.roles}


# The cases behind a figure. -------------------------------------------------------------------


def moves(
    session: Session,
    actor: Actor,
    at: datetime,
    span: Span,
    which: Which,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> MovePage:
    """A page of the moves that a figure counts, the newest case first.

    Raises Forbidden for those who read no cases, and for moves of people whose figures they do
    not see; Invalid for a cursor that is none.
    """
    queries.check_reader(actor)
    figures.check_seen(session, actor, which.people)
    found = and_(*_conditions(span, which, at))
    place = (_M.opened_at, _M.escalation_id, _M.n)
    statement = (
        select(plain(tables.Move), _K)
        .join(_K, _K.c.id == _M.kind)
        .where(found)
        .order_by(*(column.desc() for column in place))
    )
    if cursor:
        last_at, last_id, last_n = cursors.place_of_move(cursor, "moves")
        last = tuple_(literal(last_at, UtcDateTime()), literal(last_id), literal(last_n))
        statement = statement.where(tuple_(*place) < last)
    rows = session.execute(statement.limit(queries.bounded(limit) + 1)).all()
    rows, is_more = rows[:limit], len(rows) > limit
    next_cursor = None
    if is_more:
        end = rows[-1]
        next_cursor = cursors.encode("moves", (end.opened_at, end.escalation_id, str(end.n)))
    total = session.scalar(select(func.count()).select_from(plain(tables.Move)).where(found))
    items = tuple(_items(session, rows, at))
    return MovePage(items=items, total=total or 0, next_cursor=next_cursor)


def _conditions(span: Span, which: Which, at: datetime) -> list[Any]:
    is_now = which.state in (State.OPEN_NOW, State.LATE_NOW)
    found = _of_place(span) if is_now else _within(span)
    kind = _kinds(*_of_kind(which))
    found.append(_M.kind.in_(kind))
    if which.at_least is not None:
        found.append(_M.plain >= which.at_least * MINUTE)
    if which.below is not None:
        found.append(_M.plain < which.below * MINUTE)
    return found + _standing(which, at)


def _of_kind(which: Which) -> list[Any]:
    same = ((_K.c.step, which.step), (_K.c.how, which.how), (_K.c.code, which.code),
            (_K.c.words, which.words), (_K.c.person, which.person))  # fmt: skip
    found = [column == wanted for column, wanted in same if wanted is not None]
    if which.compared is False:
        found.append(_K.c.words.is_(None))
    if which.refused:
        found.append(_K.c.code.in_(_REFUSALS))
    if which.code is not None or which.refused:
        found.append(_K.c.step.not_in(_SAID_BEFORE))
    elif which.step is None:
        found.append(_K.c.step != Step.ANSWER)
    if which.state in (State.IN_TIME, State.LATE):
        found.append(_K.c.is_late == (which.state is State.LATE))
    for column, person in ((_K.c.owed_by, which.owed_by), (_K.c.told, which.told)):
        if person is not None:
            found.append(_names(column, person))
    if which.whose is not None:
        found.append(or_(_K.c.person == which.whose, _names(_K.c.owed_by, which.whose)))
    return found


def _names(column: Any, person: str) -> Any:
    """That a column of ids with spaces between them names this one."""
    among = literal(" ").op("||")(column).op("||")(literal(" "))
    return among.contains(f" {person} ", autoescape=True)


def _standing(which: Which, at: datetime) -> list[Any]:
    match which.state:
        case State.DONE | State.IN_TIME | State.LATE:
            return [_M.plain.is_not(None)]
        case State.OPEN | State.OPEN_NOW:
            return [_M.plain.is_(None)]
        case State.LATE_NOW:
            return _late_now(at)
        case State.MISSED:
            was_late = _M.kind.in_(_kinds(_K.c.is_late))
            return [or_(and_(_M.plain.is_not(None), was_late), and_(*_late_now(at)))]
        case None:
            return []


def _items(session: Session, rows: Iterable[Any], at: datetime) -> Iterable[MoveItem]:
    rows = list(rows)
    ids = sorted({row.escalation_id for row in rows})
    cases = {item.id: item for item in queries.escalation_items(session, ids, at)}
    for row in rows:
        since = row.opened_at.timestamp() + row.after
        is_open = row.plain is None
        yield MoveItem(
            case=cases[row.escalation_id],
            n=row.n,
            step=Step(row.step),
            since=datetime.fromtimestamp(since, row.opened_at.tzinfo),
            minutes=_minutes(since, at) if is_open else row.plain // MINUTE,
            working_minutes=None if is_open else row.working // MINUTE,
            is_open=is_open,
            is_late=row.is_late,
            how=row.how,
            code=row.code,
            person=row.person,
        )
