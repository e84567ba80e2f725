"""How promises went: figures by person, team or month, in one statement over the derived rows.

Nobody is exempt: whoever is accountable is counted, executives included. Who reads figures person
by person is the policy's to say (``PublicRules``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.commitment import CommitmentStage
from domain.errors import Forbidden, Invalid
from domain.people import Actor, Role
from domain.policy import PublicRules
from store import cursors, people, policies, queries, tables
from store.tables import Commitment
from store.views import CommitmentPage


class By(StrEnum):
    PERSON = "person"
    """Whoever is accountable."""
    TEAM = "team"
    MONTH = "month"
    """Of the date that counts, in UTC, such as 2026-03."""


class CommitmentFigures(Value):
    """How the promises of one person, team or month went.

    Each promise is in exactly one of ``open``, ``kept``, ``renegotiated``, ``kept_late``,
    ``still_broken`` and ``withdrawn``, which add up to ``total``:

    - ``open``: not settled, and no date of it has passed unkept; also while it is reported kept,
      and while the commenter is asked or has said no;
    - ``kept``: reported kept by its first date;
    - ``renegotiated``: reported kept after its first date, by one that was agreed and public in
      time;
    - ``kept_late``: kept after it was broken;
    - ``still_broken``: its date has passed, and it is neither kept nor withdrawn;
    - ``withdrawn``: taken back with a reason, before or after its date.

    ``broken`` counts every promise whose date ever passed unkept, whatever became of it later: all
    that are still broken or kept late, and the withdrawn ones that were broken first. ``confirmed``
    and ``denied`` are what the commenters said last; silence is neither.
    """

    key: str
    name: str
    total: int
    open: int
    kept: int
    renegotiated: int
    kept_late: int
    still_broken: int
    withdrawn: int
    broken: int
    confirmed: int
    denied: int


class CommitmentFiguresPage(Value):
    by: By
    team: str | None
    channel: str | None = None
    since: Moment | None
    until: Moment | None
    items: tuple[CommitmentFigures, ...]
    total: CommitmentFigures
    """All of them together."""


def commitments(
    session: Session,
    actor: Actor | None,
    *,
    by: By = By.TEAM,
    team: str | None = None,
    channel: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> CommitmentFiguresPage:
    """The figures of promises that are due from ``since`` until before ``until``.

    ``actor`` is who asks, None for the command line. By person there are those whose figures the
    policy lets them see; ``total`` has everybody. Raises Forbidden for those who read no cases.
    """
    if actor is not None:
        queries.check_reader(actor)
    key = _key(session, by)
    statement = select(key.label("key"), *_counts()).group_by(key).order_by(key)
    for chosen in chosen_promises(team, channel, since, until):
        statement = statement.where(chosen)
    rows = session.execute(statement).mappings().all()
    names = _names(session, by, [row["key"] for row in rows])
    items = tuple(
        CommitmentFigures(**{**row, "name": names.get(row["key"], row["key"])}) for row in rows
    )
    total = _together(items)
    if actor is not None and by is By.PERSON:
        shown = seen_by(session, actor, [item.key for item in items])
        items = tuple(item for item in items if item.key in shown)
    return CommitmentFiguresPage(
        by=by, team=team, channel=channel, since=since, until=until, items=items, total=total
    )


def promises(
    session: Session,
    actor: Actor,
    at: datetime,
    how: str | None = None,
    *,
    team: str | None = None,
    channel: str | None = None,
    person: str | None = None,
    month: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> CommitmentPage:
    """A page of the promises that a figure counts, the one due first at the top.

    Raises Forbidden for those who read no cases and where the policy does not show figures about
    this person, Invalid for a figure that there is none of.
    """
    queries.check_reader(actor)
    if person is not None:
        check_seen(session, actor, [person])
    chosen = [*chosen_promises(team, channel, since, until)]
    if how is not None:
        counted = {**conditions(), "in_time": col(Commitment.stage) == CommitmentStage.KEPT}
        if how not in counted:
            raise Invalid("unknown_figure", f"there is no figure '{how}' of promises",
                          f"use one of: {', '.join(counted)}", field="how")  # fmt: skip
        chosen.append(counted[how])
    if person is not None:
        chosen.append(col(Commitment.accountable) == person)
    if month is not None:
        chosen.append(_key(session, By.MONTH) == month)
    statement = select(Commitment).where(*chosen)
    statement = statement.order_by(col(Commitment.due_at), col(Commitment.id))
    statement = queries.after(statement, Commitment.due_at, Commitment.id, "promises", cursor)
    rows = list(session.scalars(statement.limit(queries.bounded(limit) + 1)))
    next_cursor = None
    if len(rows) > limit:
        next_cursor = cursors.encode("promises", (rows[limit - 1].due_at, rows[limit - 1].id))
    items = queries.commitment_items(session, rows[:limit], at)
    return CommitmentPage(items=tuple(items), next_cursor=next_cursor)


def check_seen(session: Session, actor: Actor, ids: Iterable[str]) -> None:
    """Raise Forbidden for people whose figures this reader does not see."""
    wanted = set(ids)
    if wanted - seen_by(session, actor, wanted):
        raise Forbidden(
            "figures_not_shown",
            "the policy in force does not show you figures about this person",
            "look at the figures of their team, or ask whoever keeps the policy",
        )


def seen_by(session: Session, actor: Actor, ids: Iterable[str]) -> frozenset[str]:
    """Of these people, those whose figures this reader may see by the policy in force."""
    in_force = policies.current(session)
    rules = in_force.policy.public if in_force else PublicRules()
    row = tables.Person
    wanted = set(ids)
    roles = session.execute(select(col(row.id), col(row.roles)).where(col(row.id).in_(wanted)))
    known = {found.id: {Role(role) for role in found.roles} for found in roles}
    return frozenset(i for i in wanted if rules.shows_figures(actor, known.get(i, ())))


def _key(session: Session, by: By) -> Any:
    match by:
        case By.PERSON:
            return col(Commitment.accountable)
        case By.TEAM:
            return col(Commitment.team)
        case By.MONTH if session.get_bind().dialect.name == "sqlite":
            return func.strftime("%Y-%m", col(Commitment.due_at))
        case By.MONTH:
            return func.to_char(func.timezone("UTC", col(Commitment.due_at)), "YYYY-MM")


def chosen_promises(
    team: str | None, channel: str | None, since: datetime | None, until: datetime | None
) -> Iterable[ColumnElement[bool]]:
    """What a promise must be like to be counted."""
    case = tables.Escalation
    if team is not None:
        yield col(Commitment.team) == team
    if channel is not None:
        of_channel = select(col(case.id)).where(col(case.channel) == channel)
        yield col(Commitment.escalation_id).in_(of_channel)
    if since is not None:
        yield col(Commitment.due_at) >= since
    if until is not None:
        yield col(Commitment.due_at) < until


def conditions() -> dict[str, ColumnElement[bool]]:
    """What each figure counts. Rows that older code wrote have no ``was_broken``: their stage
    says it."""
    stage, was_broken = col(Commitment.stage), col(Commitment.was_broken)
    is_late = stage == CommitmentStage.KEPT_LATE
    is_withdrawn = stage == CommitmentStage.WITHDRAWN
    is_kept = stage == CommitmentStage.KEPT
    is_broken = or_(was_broken, is_late, stage == CommitmentStage.BROKEN)
    is_settled = or_(is_late, is_withdrawn, is_kept)
    is_moved = col(Commitment.is_renegotiated)
    return {
        "open": and_(~is_settled, ~is_broken),
        "kept": and_(is_kept, ~is_moved),
        "renegotiated": and_(is_kept, is_moved),
        "kept_late": is_late,
        "still_broken": and_(~is_settled, is_broken),
        "withdrawn": is_withdrawn,
        "broken": is_broken,
        "confirmed": col(Commitment.says) == "kept",
        "denied": col(Commitment.says) == "not_kept",
    }


def _counts() -> list[Any]:
    """Each figure as a column."""
    return [
        func.count().label("total"),
        *(func.sum(case((which, 1), else_=0)).label(name) for name, which in conditions().items()),
    ]


def _names(session: Session, by: By, keys: list[str]) -> dict[str, str]:
    match by:
        case By.PERSON:
            return people.names(session, keys)
        case By.TEAM:
            teams = session.scalars(select(tables.Team).where(col(tables.Team.id).in_(keys)))
            return {team.id: team.name for team in teams}
        case By.MONTH:
            return {}


def _together(items: tuple[CommitmentFigures, ...]) -> CommitmentFigures:
    counted = [n for n in CommitmentFigures.model_fields if n not in ("key", "name")]
    sums = {name: sum(getattr(item, name) for item in items) for name in counted}
    return CommitmentFigures(key="", name="all", **sums)
