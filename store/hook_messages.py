"""From the ledger to messages: what a hook is told, written down before it is sent.

The ledger is the outbox. A hook has a position in it, and the facts behind that become messages in
the transaction that moves the position: none is left out, none is made twice, and each keeps its
id and its bytes however often it is sent.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, SQLModel

from domain.base import iso
from domain.hooks import TEST, VERSION, DeliveryState, facts_of, told
from store import records, tables, tail
from store.hook_tables import Hook, HookDelivery
from store.statements import plain
from store.words import new_id

PART = 200
"""Messages that are written at a time. Behind a receiver that is away, no more than these pile up:
the rest stays in the ledger."""

_LEDGER = plain(tables.LedgerEntry).c

_ROWS: dict[str, type[SQLModel]] = {
    "escalation": tables.Escalation,
    "post": tables.Post,
    "commitment": tables.Commitment,
    "matter": tables.Matter,
}

_OF_ROW = ("stage", "team", "channel", "escalation_id", "commitment_id", "due_at")
"""What is told of how a thing stands: ids, enums and times."""


def fill(session: Session, hook: Hook, links: str, at: datetime) -> bool:
    """Write the next messages of this hook; answers whether there were any."""
    newest = tail.newest(session)
    names = facts_of(hook.kinds)
    while hook.position < newest:
        entries = session.execute(
            select(_LEDGER.position, _LEDGER.stream, _LEDGER.seq, _LEDGER.name, _LEDGER.body)
            .where(_LEDGER.position > hook.position, _LEDGER.position <= newest)
            .where(_LEDGER.name.in_(names))
            .order_by(_LEDGER.position)
            .limit(PART)
        ).all()
        made = [row for entry in entries if (row := _message(session, hook, entry, links, at))]
        # Ids rise as the messages follow each other, also within one millisecond.
        for row, row_id in zip(made, sorted(new_id() for _ in made), strict=True):
            row.id = row_id
        hook.position = entries[-1].position if len(entries) == PART else newest
        session.add_all(made)
        session.flush()
        if made:
            return True
    return False


def fall_asleep(session: Session, hook: Hook, links: str, at: datetime) -> bool:
    """Let a hook sleep for which there is nothing to tell; answers whether it does.

    Whoever writes a fact after this finds it asleep; what was written before is found here.
    """
    records.hold_order(session)
    hook.is_asleep = not fill(session, hook, links, at)
    return hook.is_asleep


def catch_up(session: Session, hook: Hook, links: str, at: datetime) -> None:
    """Write everything that there is to tell now."""
    while fill(session, hook, links, at):
        pass


def trial(session: Session, hook: Hook, links: str, at: datetime) -> HookDelivery:
    """A message that says nothing, sent to see whether it arrives."""
    data = {"version": VERSION, "link": f"{links}/admin/hooks/{hook.id}"}
    row = _row(hook, TEST, None, hook.position, _body(TEST, at, data), at)
    row.id = new_id()
    session.add(row)
    return row


def _message(
    session: Session, hook: Hook, entry: Any, links: str, at: datetime
) -> HookDelivery | None:
    fact = json.loads(entry.body)
    found = told(entry.name, fact["data"])
    if found is None or found.kind not in hook.kinds:
        return None
    kind, _, entity_id = entry.stream.partition("/")
    data: dict[str, Any] = {
        "version": VERSION,
        "kind": kind,
        "id": entity_id,
        "seq": entry.seq,
        "position": entry.position,
        **_standing(session, kind, entity_id),
        **found.data,
        "link": f"{links}/{entry.stream}",
    }
    body = _body(found.kind, fact["at"], data)
    return _row(hook, found.kind, entry.stream, entry.position, body, at)


def _standing(session: Session, kind: str, entity_id: str) -> dict[str, Any]:
    row = session.get(_ROWS[kind], entity_id)
    values = {name: getattr(row, name, None) for name in _OF_ROW}
    return {
        name: iso(value) if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None
    }


def _body(kind: str, happened_at: datetime | str, data: dict[str, Any]) -> str:
    moment = iso(happened_at) if isinstance(happened_at, datetime) else happened_at
    message = {"type": kind, "timestamp": moment, "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _row(
    hook: Hook, kind: str, stream: str | None, position: int, body: str, at: datetime
) -> HookDelivery:
    return HookDelivery(
        id="",
        hook_id=hook.id,
        kind=kind,
        stream=stream,
        position=position,
        body=body,
        state=DeliveryState.WAITING,
        made_at=at,
    )
