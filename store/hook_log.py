"""What hooks are sent: the next message, what came of each attempt, and the log for admins.

Of what a receiver answered only the beginning is kept, as the text of a stranger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlmodel import Session, col

from domain.base import Moment, Value
from domain.errors import Conflict, Unknown
from domain.hooks import (
    ABOUT_THE_MESSAGE,
    DISABLED_AFTER,
    TRIES,
    WARNED_AFTER,
    DeliveryState,
    Fate,
    HookState,
    Reply,
    fate,
)
from store import cursors, hook_messages, hooks
from store.hook_tables import UNDELIVERED, Hook, HookAttempt, HookDelivery

KEPT_FOR = timedelta(days=30)
"""How long the log is kept. What still waits is kept for as long as it waits."""

LIMIT = 200
"""The longest page."""

PURGED = 2_000
"""Old deliveries that one round of the sweep drops, so that it holds nobody up."""

MOST_ANSWER = 500
"""Characters that are kept of an reply."""


@dataclass(frozen=True)
class Job:
    """One message to send now. Printing it shows no secret."""

    delivery_id: str
    kind: str
    url: str
    body: str
    secrets: tuple[str, ...] = field(repr=False)
    """Each of them signs it."""


# Sending. --------------------------------------------------------------------------------------


def next_job(session: Session, hook_id: str, links: str, at: datetime) -> Job | None:
    """What this hook is sent next. None where there is nothing, and then it sleeps; or where it
    is to be told nothing just now."""
    hook = session.get(Hook, hook_id, with_for_update=True)
    if hook is None or hook.state != HookState.ACTIVE:
        return None
    row = _first_waiting(session, hook_id)
    if row is None and not hook_messages.fill(session, hook, links, at):
        hook_messages.fall_asleep(session, hook, links, at)
    row = row or _first_waiting(session, hook_id)
    if row is None:
        return None
    secrets = [hook.secret]
    if hook.former_secret and hook.former_until and hook.former_until > at:
        secrets.append(hook.former_secret)
    return Job(row.id, row.kind, hook.url, row.body, tuple(secrets))


def _first_waiting(session: Session, hook_id: str) -> HookDelivery | None:
    table = HookDelivery
    statement = (
        select(table)
        .where(text(UNDELIVERED), col(table.hook_id) == hook_id)
        .where(col(table.state) == DeliveryState.WAITING)
        .order_by(col(table.position), col(table.id))
        .limit(1)
    )
    return session.scalars(statement).first()


def note(
    session: Session, delivery_id: str, reply: Reply, at: datetime, next_at: datetime | None = None
) -> Fate:
    """Note one attempt and all that follows from it; answers what became of the message.
    ``next_at`` is when it is tried again if it was not taken."""
    row = session.get_one(HookDelivery, delivery_id)
    hook = session.get_one(Hook, row.hook_id, with_for_update=True)
    row.attempts += 1
    row.tries += 1
    row.last_at, row.last_status, row.last_error = at, reply.status, reply.error
    session.add(
        HookAttempt(
            delivery_id=row.id,
            n=row.attempts,
            at=at,
            milliseconds=reply.milliseconds,
            status=reply.status,
            error=reply.error,
            answer=reply.text[:MOST_ANSWER],
        )
    )
    found = fate(reply.status, row.tries)
    if hook.state != HookState.ACTIVE or row.state != DeliveryState.WAITING:
        return found
    if found is Fate.TAKEN:
        row.state, hook.taken_at = DeliveryState.DELIVERED, at
    elif found is Fate.SET_ASIDE:
        row.state = DeliveryState.SET_ASIDE
    if found in (Fate.TAKEN, Fate.SET_ASIDE):
        hook.failing_since = hook.warned_at = hook.next_at = None
        return found
    hook.next_at = next_at
    hook.failing_since = hook.failing_since or at
    is_gone = found is Fate.GONE
    if is_gone or at - hook.failing_since >= DISABLED_AFTER:
        hooks.disable(session, hook, at, is_gone=is_gone)
        return Fate.GONE
    if hook.warned_at is None and at - hook.failing_since >= WARNED_AFTER:
        hook.warned_at = at
        hooks.tell_admins(session, hook, "webhook_failing", at)
    return found


# By hand. --------------------------------------------------------------------------------------


def send_again(session: Session, hook_id: str, delivery_id: str) -> DeliveryItem:
    """Send a message once more, with the id that it had. Raises Unknown, or Conflict where its
    hook is told nothing just now."""
    hook = hooks.open_row(session, hook_id)
    _check_told(hook)
    row = _of(session, hook_id, delivery_id)
    if row.state != DeliveryState.WAITING:
        row.state, row.tries, hook.is_asleep = DeliveryState.WAITING, 0, False
    hook.next_at = None
    return _item(row)


def send_trial(session: Session, hook_id: str, links: str, at: datetime) -> DeliveryItem:
    """Send a message that says nothing, to see whether it arrives. Raises as ``send_again``."""
    hook = hooks.open_row(session, hook_id)
    _check_told(hook)
    row = hook_messages.trial(session, hook, links, at)
    hook.is_asleep, hook.next_at = False, None
    return _item(row)


def _check_told(hook: Hook) -> None:
    if hook.state != HookState.ACTIVE:
        raise Conflict(
            "webhook_not_active",
            f"this webhook is {hook.state}, so it is sent nothing",
            "resume it first",
        )


# The log. --------------------------------------------------------------------------------------


class DeliveryItem(Value):
    """One message: what it was about, and how it last fared."""

    id: str
    hook: str
    kind: str
    stream: str | None
    state: DeliveryState
    made_at: Moment
    attempts: int
    last_at: Moment | None
    last_status: int | None
    last_error: str | None
    tries_left: int | None = None
    """After how many more it is set aside, where its receiver will not have this one message."""


class Attempt(Value):
    """One time that it was sent."""

    n: int
    at: Moment
    milliseconds: int
    status: int | None
    error: str | None
    answer: str
    """How the answer begins: the text of a stranger."""


class DeliveryDetail(DeliveryItem):
    body: str
    """What was sent, to the byte."""
    log: tuple[Attempt, ...]
    """The latest first."""


class DeliveryPage(Value):
    items: tuple[DeliveryItem, ...]
    next_cursor: str | None


def page(
    session: Session,
    hook_id: str,
    *,
    state: DeliveryState | None = None,
    kind: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> DeliveryPage:
    """The messages of one hook, the newest first. Raises Unknown for an unknown hook."""
    hooks.one(session, hook_id)
    table = HookDelivery
    statement = (
        select(table).where(col(table.hook_id) == hook_id).order_by(col(table.id).desc())
    ).limit(limit + 1)
    if state is not None:
        statement = statement.where(col(table.state) == state)
    if kind is not None:
        statement = statement.where(col(table.kind) == kind)
    if cursor is not None:
        statement = statement.where(col(table.id) < cursors.place_of_id(cursor, "hook"))
    rows = list(session.scalars(statement))
    items = tuple(_item(row) for row in rows[:limit])
    more = len(rows) > limit
    return DeliveryPage(
        items=items, next_cursor=cursors.encode("hook", (items[-1].id,)) if more else None
    )


def detail(session: Session, hook_id: str, delivery_id: str) -> DeliveryDetail:
    """One message with every attempt. Raises Unknown."""
    row = _of(session, hook_id, delivery_id)
    table = HookAttempt
    attempts = session.scalars(
        select(table).where(col(table.delivery_id) == row.id).order_by(col(table.n).desc())
    )
    log = tuple(
        Attempt(
            n=a.n,
            at=a.at,
            milliseconds=a.milliseconds,
            status=a.status,
            error=a.error,
            answer=a.answer,
        )
        for a in attempts
    )
    return DeliveryDetail(**dict(_item(row)), body=row.body, log=log)


def _of(session: Session, hook_id: str, delivery_id: str) -> HookDelivery:
    row = session.get(HookDelivery, delivery_id)
    if row is None or row.hook_id != hook_id:
        raise Unknown(
            "unknown_delivery",
            "this webhook has no such message; they are kept for a while only",
            f"GET /api/v1/webhooks/{hook_id}/deliveries names those that are kept",
        )
    return row


def _item(row: HookDelivery) -> DeliveryItem:
    is_refused = row.state == DeliveryState.WAITING and row.last_status in ABOUT_THE_MESSAGE
    return DeliveryItem(
        id=row.id,
        hook=row.hook_id,
        kind=row.kind,
        stream=row.stream,
        state=DeliveryState(row.state),
        made_at=row.made_at,
        attempts=row.attempts,
        last_at=row.last_at,
        last_status=row.last_status,
        last_error=row.last_error,
        tries_left=max(TRIES - row.tries, 1) if is_refused else None,
    )


def sweep(session: Session, at: datetime) -> None:
    """Drop what was logged too long ago, with its attempts."""
    table = HookDelivery
    old = (
        select(col(table.id))
        .where(col(table.made_at) < at - KEPT_FOR, col(table.state) != DeliveryState.WAITING)
        .limit(PURGED)
    )
    ids = list(session.scalars(old))
    if ids:
        session.execute(delete(HookAttempt).where(col(HookAttempt.delivery_id).in_(ids)))
        session.execute(delete(table).where(col(table.id).in_(ids)))
