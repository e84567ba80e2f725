"""Links that let one person answer one question about one case, once, without signing in.

A link is bound to what was asked: the very words, dates and promises. Where these change, the link
answers nothing any more, and a new notice brings a new one.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.base import Value, iso
from domain.commitment import Commitment
from domain.entity import State, may
from domain.escalation import Escalation
from domain.kinds import KINDS
from domain.matter import Matter
from domain.people import Actor
from domain.post import Post


class Family(StrEnum):
    """What a link may be used for: the acts that answer one question."""

    DECIDE = "decide"
    ACCEPT = "accept"
    CLEAR = "clear"


ACTS: dict[str, dict[Family, tuple[str, ...]]] = {
    "escalation": {
        Family.DECIDE: ("approve", "refuse", "return", "ask"),
        Family.ACCEPT: ("accept_promise", "counter_promise", "decline_promise"),
    },
    "post": {Family.CLEAR: ("clear", "return")},
    "commitment": {
        Family.DECIDE: ("agree", "refuse_new_date", "uphold", "reopen"),
        Family.ACCEPT: ("accept_new_date", "refuse_new_date"),
    },
    "matter": {Family.DECIDE: ("approve", "refuse", "return")},
}
"""The acts that a link of each family allows, the first one first; every other act asks for a
session."""

GRACE = timedelta(days=2)
"""How long after its due date a decision can still be made by a link."""


class Asked(Value):
    """A question that somebody may answer now."""

    family: Family
    acts: tuple[str, ...]
    """Those that are possible now."""
    question: str
    """Changes with whatever the answer would be about."""


def asked(actor: Actor, state: State, family: Family | None = None) -> Asked | None:
    """What this person may answer about this case now: of this family, or whichever there is."""
    kind = KINDS[state.KIND]
    for one, acts in ACTS.get(state.KIND, {}).items():
        if family not in (None, one):
            continue
        possible = tuple(act for act in acts if may(kind, actor, act, state) is None)
        if possible:
            return Asked(family=one, acts=possible, question=_question(state, one, actor))
    return None


def expires_at(at: datetime, due_at: datetime | None, lifetime: timedelta) -> datetime:
    """A link lives until a while after the answer is due, and never longer than ``lifetime``."""
    return min(at + lifetime, max(due_at, at) + GRACE) if due_at else at + lifetime


def _question(state: State, family: Family, actor: Actor) -> str:
    bits = json.dumps([state.stream, family, *_bits(state, family, actor)])
    return hashlib.sha256(bits.encode()).hexdigest()


def _bits(state: State, family: Family, actor: Actor) -> list[Any]:
    """What the answer would be about, as facts."""
    match state:
        case Escalation() if family is Family.ACCEPT:
            mine = (p for p in state.unsigned if p.accountable == actor.id)
            return [[p.id, p.words.digest, iso(p.due_at)] for p in mine]
        case Escalation(proposal=proposal) if proposal is not None:
            reply = proposal.reply.digest if proposal.reply else None
            promises = [[p.id, p.words.digest, iso(p.due_at)] for p in proposal.promises]
            return [proposal.by, proposal.request.digest, proposal.recommendation, reply, promises]
        case Matter(proposal=proposal) if proposal is not None:
            return [proposal.by, proposal.request.digest, proposal.reply.digest]
        case Post():
            return [state.words.digest, state.writer]
        case Commitment(wanted=wanted) if wanted is not None:
            return [wanted.asked_by, iso(wanted.due_at), wanted.words.digest]
        case Commitment():
            return [state.stage, state.touched.get("stage", 0)]
        case _:
            return [state.touched.get("stage", 0)]
