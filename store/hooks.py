"""The other systems that are told by webhook: who they are, what they want to know, their secrets.

The secret of a hook is answered once, by what makes it. It is in no view, no log and no ledger,
and is erased when the hook ends. What is sent, and what came of it, is in ``store.hook_log``.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, text, update
from sqlmodel import Session, col

from domain.base import SYSTEM, Moment, Value
from domain.entity import Event
from domain.errors import Conflict, Unknown
from domain.hooks import (
    DISABLED_AFTER,
    FORMER_SECRET,
    DeliveryState,
    HookState,
    Kind,
    facts_of,
)
from domain.house import (
    HookChanged,
    HookDisabled,
    HookEnded,
    HookMade,
    HookPaused,
    HookResumed,
    HookSecretReplaced,
)
from domain.people import Role
from store import hook_messages, house, people, tail
from store.hook_tables import UNDELIVERED, Hook, HookDelivery
from store.words import new_id

SECRET_BYTES = 32
"""Standard Webhooks: 24 to 64 bytes."""


class HookItem(Value):
    """One hook and how it fares. Its address may hold a secret of the receiver's, so it is shown
    to admins alone."""

    id: str
    name: str
    url: str
    kinds: tuple[str, ...]
    state: HookState
    made_by: str
    made_at: Moment
    failing_since: Moment | None = None
    next_at: Moment | None = None
    """When it is tried again; None where nothing failed, or it is tried just now."""
    disabled_at: Moment | None = None
    """When it is disabled if it takes nothing until then."""
    taken_at: Moment | None = None
    former_until: Moment | None = None
    """Until when messages are signed by the secret that was replaced as well."""
    waiting: int = 0
    """Messages written and not taken yet; more may follow from the ledger."""
    set_aside: int = 0


class Made(NamedTuple):
    """A hook and its secret, which is known to nobody from here on but who is told it now."""

    hook: HookItem
    secret: str


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


# Reading. --------------------------------------------------------------------------------------


def every(session: Session, *, with_ended: bool = False) -> tuple[HookItem, ...]:
    """All hooks, those that need somebody first."""
    statement = select(Hook)
    if not with_ended:
        statement = statement.where(col(Hook.state) != HookState.ENDED)
    rows = list(session.scalars(statement))
    counts = _counts(session, [row.id for row in rows])
    items = [_item(row, counts) for row in rows]
    return tuple(sorted(items, key=_urgency))


def _urgency(item: HookItem) -> tuple[int, bool, str, str]:
    order = (HookState.DISABLED, HookState.ACTIVE, HookState.PAUSED, HookState.ENDED)
    return order.index(item.state), item.failing_since is None, item.name.casefold(), item.id


def one(session: Session, hook_id: str) -> HookItem:
    """This hook. Raises Unknown."""
    row = _row(session, hook_id)
    return _item(row, _counts(session, [hook_id]))


def _item(row: Hook, counts: dict[tuple[str, str], int]) -> HookItem:
    failing_since = row.failing_since if row.state == HookState.ACTIVE else None
    return HookItem(
        id=row.id,
        name=row.name,
        url=row.url,
        kinds=tuple(row.kinds),
        state=HookState(row.state),
        made_by=row.made_by,
        made_at=row.made_at,
        failing_since=row.failing_since,
        next_at=row.next_at if failing_since else None,
        disabled_at=failing_since + DISABLED_AFTER if failing_since else None,
        taken_at=row.taken_at,
        former_until=row.former_until,
        waiting=counts.get((row.id, DeliveryState.WAITING), 0),
        set_aside=counts.get((row.id, DeliveryState.SET_ASIDE), 0),
    )


def _counts(session: Session, hooks: Collection[str]) -> dict[tuple[str, str], int]:
    table = HookDelivery
    rows = session.execute(
        select(col(table.hook_id), col(table.state), func.count())
        .where(text(UNDELIVERED), col(table.hook_id).in_(hooks))
        .group_by(col(table.hook_id), col(table.state))
    )
    return {(hook, state): number for hook, state, number in rows}


def _row(session: Session, hook_id: str, *, to_change: bool = False) -> Hook:
    row = session.get(Hook, hook_id, with_for_update=to_change or None)
    if row is None:
        raise Unknown("unknown_webhook", "there is no such webhook", "GET /api/v1/webhooks")
    return row


def open_row(session: Session, hook_id: str) -> Hook:
    """This hook, to be changed. Raises Unknown, or Conflict for one that has ended."""
    row = _row(session, hook_id, to_change=True)
    if row.state == HookState.ENDED:
        raise Conflict("webhook_ended", "this webhook has ended, for good", "make a new one")
    return row


# Changing. -------------------------------------------------------------------------------------


def make(
    session: Session,
    name: str,
    url: str,
    kinds: Iterable[Kind],
    at: datetime,
    *,
    by: str,
    hook_id: str | None = None,
) -> Made:
    """A new hook, told what happens from now on. Raises Conflict where this id is taken: the same
    form was sent twice, and the secret was shown the first time."""
    hook_id = hook_id or new_id()
    if session.get(Hook, hook_id) is not None:
        raise Conflict(
            "webhook_made", "this webhook is made already", "if you missed its secret, replace it"
        )
    secret, wanted = new_secret(), [kind for kind in Kind if kind in set(kinds)]
    row = Hook(
        id=hook_id,
        name=name,
        url=url,
        kinds=list(wanted),
        state=HookState.ACTIVE,
        secret=secret,
        made_by=by,
        made_at=at,
        changed_at=at,
        position=tail.newest(session),
        is_asleep=False,
    )
    session.add(row)
    _record(session, HookMade(hook=hook_id, kinds=tuple(wanted)), by, at)
    return Made(one(session, hook_id), secret)


def change(
    session: Session,
    hook_id: str,
    name: str,
    url: str,
    kinds: Iterable[Kind],
    at: datetime,
    *,
    by: str,
    links: str,
) -> HookItem:
    """Set its name, its address and what it is told from now on. Safe to repeat. What has happened
    already is told as it was wanted then, to the new address."""
    row = open_row(session, hook_id)
    wanted = [str(kind) for kind in Kind if kind in set(kinds)]
    is_elsewhere = url != row.url
    if wanted != row.kinds:
        hook_messages.catch_up(session, row, links, at)
    if (name, is_elsewhere, wanted) != (row.name, False, row.kinds):
        row.name, row.url, row.kinds, row.changed_at = name, url, wanted, at
        row.is_asleep = False
        changed = HookChanged(hook=hook_id, kinds=tuple(wanted), is_elsewhere=is_elsewhere)
        _record(session, changed, by, at)
    return one(session, hook_id)


def replace_secret(session: Session, hook_id: str, at: datetime, *, by: str) -> Made:
    """Another secret; for a while messages are signed by the former one as well."""
    row = open_row(session, hook_id)
    row.former_secret, row.former_until = row.secret, at + FORMER_SECRET
    row.secret, row.changed_at = new_secret(), at
    _record(session, HookSecretReplaced(hook=hook_id), by, at)
    return Made(one(session, hook_id), row.secret)


def pause(session: Session, hook_id: str, at: datetime, *, by: str) -> HookItem:
    """Tell it nothing until it is resumed; what happens meanwhile waits. Safe to repeat."""
    row = open_row(session, hook_id)
    if row.state != HookState.PAUSED:
        row.state, row.changed_at, row.is_asleep = HookState.PAUSED, at, False
        _record(session, HookPaused(hook=hook_id), by, at)
    return one(session, hook_id)


def resume(
    session: Session, hook_id: str, at: datetime, *, by: str, is_skipping: bool = False
) -> HookItem:
    """Go on, with everything that has waited or without it. Safe to repeat."""
    row = open_row(session, hook_id)
    if row.state != HookState.ACTIVE:
        row.state, row.changed_at, row.is_asleep = HookState.ACTIVE, at, False
        row.failing_since = row.warned_at = row.next_at = None
        if is_skipping:
            row.position = tail.newest(session)
            _set_waiting_aside(session, hook_id)
        _record(session, HookResumed(hook=hook_id, is_skipping=is_skipping), by, at)
    return one(session, hook_id)


def end(session: Session, hook_id: str, at: datetime, *, by: str) -> HookItem:
    """Tell it nothing more, for good, and forget its secrets. Safe to repeat."""
    row = _row(session, hook_id, to_change=True)
    if row.state != HookState.ENDED:
        row.state, row.changed_at, row.is_asleep = HookState.ENDED, at, False
        row.secret, row.former_secret, row.former_until = "", None, None
        row.failing_since = row.warned_at = row.next_at = None
        _set_waiting_aside(session, hook_id)
        _record(session, HookEnded(hook=hook_id), by, at)
    return one(session, hook_id)


def disable(session: Session, row: Hook, at: datetime, *, is_gone: bool) -> None:
    """Its receiver said that it is gone, or took nothing for too long: an admin is told."""
    row.state, row.changed_at, row.is_asleep = HookState.DISABLED, at, False
    tell_admins(session, row, "webhook_disabled", at)
    _record(session, HookDisabled(hook=row.id, is_gone=is_gone), SYSTEM, at)


def tell_admins(session: Session, row: Hook, reason: str, at: datetime) -> None:
    """Tell whoever made this hook; every admin, where they are none any more."""
    admins = [
        person.id
        for person, _ in people.everybody(session)
        if person.is_active and Role.ADMIN in person.roles
    ]
    for person_id in [row.made_by] if row.made_by in admins else admins:
        house.tell(session, person_id, reason, f"admin/hooks/{row.id}", at)


def _set_waiting_aside(session: Session, hook_id: str) -> None:
    table = HookDelivery
    session.execute(
        update(table)
        .where(text(UNDELIVERED), col(table.hook_id) == hook_id)
        .where(col(table.state) == DeliveryState.WAITING)
        .values(state=DeliveryState.SET_ASIDE)
    )


def _record(session: Session, event: Event, by: str, at: datetime) -> None:
    session.flush()
    house.record(session, [event], by, at)


# Waking. ---------------------------------------------------------------------------------------


def roused(session: Session, names: Collection[str]) -> list[str]:
    """The sleeping hooks that are told of facts with these names. They sleep no more: whoever
    asked has to wake their workflows, once what they are woken for can be seen by all."""
    rows = session.scalars(
        select(Hook).where(col(Hook.is_asleep), col(Hook.state) == HookState.ACTIVE)
    )
    found = [row for row in rows if facts_of(row.kinds) & set(names)]
    for row in found:
        row.is_asleep = False
    return [row.id for row in found]


def are_sleeping(session: Session) -> bool:
    """Whether anybody sleeps who might have to be woken."""
    statement = select(col(Hook.id)).where(col(Hook.is_asleep)).limit(1)
    return session.scalar(statement) is not None


def awake(session: Session) -> list[str]:
    """The hooks whose workflow runs, if nothing has befallen it."""
    statement = select(col(Hook.id)).where(
        col(Hook.state) == HookState.ACTIVE, col(Hook.is_asleep).is_(False)
    )
    return list(session.scalars(statement))
