"""Where a list goes on: an opaque cursor that holds the place of the last item shown.

Keyset pagination: the next page asks for what sorts after that place, so that items which are
added or closed meanwhile make no other item appear twice or never.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import datetime

from domain.base import iso, to_utc
from domain.errors import Invalid

_ID = re.compile(r"[0-9A-Za-z_-]{1,40}")


def encode(order: str, place: tuple[datetime | str | int, ...]) -> str:
    """The cursor for a place in a list that is sorted in this order."""
    parts = [iso(part) if isinstance(part, datetime) else part for part in place]
    return base64.urlsafe_b64encode(json.dumps([order, *parts]).encode()).decode().rstrip("=")


def _parts(cursor: str, order: str, length: int) -> list[str]:
    """What is in a cursor. Raises Invalid for one that is damaged or belongs to another list."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise damaged() from None
    if not isinstance(parts, list) or len(parts) != length + 1 or parts[0] != order:
        raise damaged()
    if not all(isinstance(part, str) for part in parts):
        raise damaged()
    return parts[1:]


def place_of_id(cursor: str, order: str) -> str:
    (row_id,) = _parts(cursor, order, 1)
    return _checked(row_id)


def place_of_moment(cursor: str, order: str) -> tuple[datetime, str]:
    moment, row_id = _parts(cursor, order, 2)
    try:
        return to_utc(datetime.fromisoformat(moment)), _checked(row_id)
    except (ValueError, OverflowError):
        raise damaged() from None


def place_of_move(cursor: str, order: str) -> tuple[datetime, str, int]:
    """The moment, the id and the number behind it."""
    moment, row_id, number = _parts(cursor, order, 3)
    try:
        return to_utc(datetime.fromisoformat(moment)), _checked(row_id), int(number[:18])
    except (ValueError, OverflowError):
        raise damaged() from None


def _checked(row_id: str) -> str:
    if not _ID.fullmatch(row_id):
        raise damaged()
    return row_id


def damaged() -> Invalid:
    return Invalid(
        "bad_cursor",
        "this cursor is damaged or belongs to another list",
        "send next_cursor as it was answered for the same filters, or leave it out to start anew",
        field="cursor",
    )
