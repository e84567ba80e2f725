"""How a member stands to its matter, and which post answers it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.escalation import Escalation, Serve, Stage
from domain.matter.state import Matter

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class MemberState(StrEnum):
    """What an escalation's own facts say of the matter it belongs to, or belonged to last."""

    JOINED = "joined"
    """It waits for the matter's answer."""
    APART = "apart"
    """It has gone its own way: being decided by itself, or closed without the matter's answer."""
    SERVED = "served"
    REOPENED = "reopened"
    """It was served, and the commenter came back: from here on it is a case of its own."""
    LEFT = "left"


ANSWERED = (MemberState.SERVED, MemberState.REOPENED)

_WAITING = (Stage.UNCLAIMED, Stage.PREPARING)


def standing(before: Escalation | None, after: Escalation) -> tuple[str, MemberState] | None:
    """The matter of an escalation and how it stands to it, as its newest facts tell; None where
    they tell nothing of any matter."""
    if after.matter is not None:
        if after.matter.is_served:
            return after.matter.id, MemberState.SERVED
        is_waiting = after.stage in _WAITING
        return after.matter.id, MemberState.JOINED if is_waiting else MemberState.APART
    if before is not None and before.matter is not None:
        was_served = before.matter.is_served
        return before.matter.id, MemberState.REOPENED if was_served else MemberState.LEFT
    return None


def ulid_of(*parts: str, at: datetime) -> str:
    """An id in the shape of a ULID that is the same each time it is made from the same parts."""
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    milliseconds = int(at.timestamp() * 1000)
    number = (milliseconds << 80) | int.from_bytes(digest[:10])
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def post_id_of(matter: Matter, escalation_id: str) -> str:
    """The post that answers one member. Serving it again names the same post, which is known."""
    assert matter.answer is not None
    return ulid_of(matter.id, escalation_id, at=matter.answer.at)


def serve(matter: Matter, escalation_id: str, owner: str | None, people: int) -> dict[str, Any]:
    """What one member is told: the one cleared text, openly the same for so many people.

    Whoever owns it goes on owning it; what nobody has claimed becomes the matter's owner's.
    """
    answer = matter.answer
    assert answer is not None
    command = Serve(
        matter_id=matter.id,
        post_id=post_id_of(matter, escalation_id),
        words=answer.words,
        writer=answer.writer,
        approver=answer.approver,
        owner=owner or matter.owner,
        same_answer_to=people,
        refused=answer.refused,
    )
    return command.model_dump(mode="json")
