"""Every command in every stage by every role: one grid a stage, read like a timetable.

``ok`` it happens, ``F`` Forbidden (not yours), ``C`` Conflict (not now), ``-`` a machine's word
that finds nothing to do. In Fay's column she is the owner, proposer or writer herself, and an
executive besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from domain.base import Value
from domain.entity import State, allowed, may
from domain.errors import Conflict, Forbidden, Refused
from domain.escalation import STAGES, Stage
from domain.kinds import KINDS, kind_of
from domain.ledger import RULES
from domain.people import Role
from domain.post import FindResult, PublishResult
from domain.terms import DecisionMode, DecisionTerms, Limits
from tests.builders import ADA, AT, BEN, CORA, DEV, EVE, HOOK, ROOT, Member
from tests.domain import harness
from tests.domain.examples import CALENDAR
from tests.domain.grids import ESCALATION_GRIDS
from tests.domain.harness import ESCALATION, FAY, GUS, World, words

DAY = timedelta(days=1)
UNA = Member("una", (Role.STAFF,), {"shop": False})
CAST = {m.id: m for m in (ADA, GUS, BEN, FAY, CORA, DEV, EVE, ROOT, HOOK, UNA)}

_SETTLED_POST = """
               ada  gus  ben  fay  cora dev  eve  root hook
    clear      F    C    C    F    C    F    F    F    F
    return     F    C    C    F    C    F    F    F    F
    withdraw   C    F    C    C    C    F    F    F    F
    confirm    C    C    C    C    C    F    F    F    F
    retry      C    C    C    C    C    F    F    F    F
    correct    C    C    C    C    C    F    F    F    F
    retract    C    C    C    C    C    F    F    F    F
    heard      F    F    F    F    F    F    F    F    -
    attempted  F    F    F    F    F    F    F    F    -
    looked     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    -
    """

_REFUSED = "   C    C    C    C    C "
_DONE = "   ok   ok   ok   ok   ok"
_PUBLISHED_POST = _SETTLED_POST.replace(f"correct {_REFUSED}", f"correct {_DONE}").replace(
    f"retract {_REFUSED}", f"retract {_DONE}"
)
"""A correction changes nothing in it: it opens a post of its own."""

POST_GRIDS = {
    # Ada (in her column Fay) wrote it: neither clears nor returns it, executive or not.
    "in_review": """
               ada  gus  ben  fay  cora dev  eve  root hook
    clear      F    ok   ok   F    ok   F    F    F    F
    return     F    ok   ok   F    ok   F    F    F    F
    withdraw   ok   F    ok   ok   ok   F    F    F    F
    confirm    C    C    C    C    C    F    F    F    F
    retry      C    C    C    C    C    F    F    F    F
    correct    C    C    C    C    C    F    F    F    F
    retract    C    C    C    C    C    F    F    F    F
    heard      F    F    F    F    F    F    F    F    ok
    attempted  F    F    F    F    F    F    F    F    -
    looked     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    ok
    """,
    # Nobody has to do anything: it goes out by itself, unless it is withdrawn. Ben cleared it.
    "cleared": """
               ada  gus  ben  fay  cora dev  eve  root hook
    clear      F    C    C    F    C    F    F    F    F
    return     F    C    C    F    C    F    F    F    F
    withdraw   ok   F    ok   ok   ok   F    F    F    F
    confirm    C    C    C    C    C    F    F    F    F
    retry      C    C    C    C    C    F    F    F    F
    correct    C    C    C    C    C    F    F    F    F
    retract    C    C    C    C    C    F    F    F    F
    heard      F    F    F    F    F    F    F    F    ok
    attempted  F    F    F    F    F    F    F    F    -
    looked     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    ok
    """,
    # A call is being made: it cannot be stopped. Waiting for the next one, it can.
    "publishing": """
               ada  gus  ben  fay  cora dev  eve  root hook
    clear      F    C    C    F    C    F    F    F    F
    return     F    C    C    F    C    F    F    F    F
    withdraw   C    F    C    C    C    F    F    F    F
    confirm    C    C    C    C    C    F    F    F    F
    retry      C    C    C    C    C    F    F    F    F
    correct    C    C    C    C    C    F    F    F    F
    retract    C    C    C    C    C    F    F    F    F
    heard      F    F    F    F    F    F    F    F    ok
    attempted  F    F    F    F    F    F    F    F    ok
    looked     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    -
    """,
    "publishing, waiting": """
               ada  gus  ben  fay  cora dev  eve  root hook
    clear      F    C    C    F    C    F    F    F    F
    return     F    C    C    F    C    F    F    F    F
    withdraw   ok   F    ok   ok   ok   F    F    F    F
    confirm    C    C    C    C    C    F    F    F    F
    retry      C    C    C    C    C    F    F    F    F
    correct    C    C    C    C    C    F    F    F    F
    retract    C    C    C    C    C    F    F    F    F
    heard      F    F    F    F    F    F    F    F    ok
    attempted  F    F    F    F    F    F    F    F    ok
    looked     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    ok
    """,
    "unconfirmed": """
               ada  gus  ben  fay  cora dev  eve  root hook
    clear      F    C    C    F    C    F    F    F    F
    return     F    C    C    F    C    F    F    F    F
    withdraw   C    F    C    C    C    F    F    F    F
    confirm    ok   ok   ok   ok   ok   F    F    F    F
    retry      C    C    C    C    C    F    F    F    F
    correct    C    C    C    C    C    F    F    F    F
    retract    C    C    C    C    C    F    F    F    F
    heard      F    F    F    F    F    F    F    F    ok
    attempted  F    F    F    F    F    F    F    F    ok
    looked     F    F    F    F    F    F    F    F    ok
    ring       F    F    F    F    F    F    F    F    ok
    """,
    "failed": """
               ada  gus  ben  fay  cora dev  eve  root hook
    clear      F    C    C    F    C    F    F    F    F
    return     F    C    C    F    C    F    F    F    F
    withdraw   ok   F    ok   ok   ok   F    F    F    F
    confirm    C    C    C    C    C    F    F    F    F
    retry      ok   ok   ok   ok   ok   F    F    F    F
    correct    C    C    C    C    C    F    F    F    F
    retract    C    C    C    C    C    F    F    F    F
    heard      F    F    F    F    F    F    F    F    ok
    attempted  F    F    F    F    F    F    F    F    -
    looked     F    F    F    F    F    F    F    F    ok
    ring       F    F    F    F    F    F    F    F    ok
    """,
    "published": _PUBLISHED_POST,
    "returned": _SETTLED_POST,
    "withdrawn": _SETTLED_POST,
}

_SETTLED_PROMISE = """
                    eve  ada  ben  fay  cora dev  una  root hook
    report_kept     C    C    C    C    F    F    F    F    F
    tell            C    C    C    C    C    F    F    F    F
    renegotiate     C    C    C    C    C    F    F    F    F
    accept_new_date C    F    F    F    F    F    F    F    F
    agree           F    F    F    C    C    F    F    F    F
    refuse_new_date C    F    F    C    C    F    F    F    F
    withdraw        F    F    F    C    C    F    F    F    F
    make_link       F    C    C    C    C    F    F    F    F
    uphold          F    F    F    C    C    F    F    F    F
    reopen          F    F    F    C    C    F    F    F    F
    word            F    F    F    F    F    F    F    F    C
    settle          F    F    F    F    F    F    F    F    -
    ring            F    F    F    F    F    F    F    F    -
    """

COMMITMENT_GRIDS = {
    # Eve is accountable, though she works in another team; Una is her colleague there.
    "open": """
                    eve  ada  ben  fay  cora dev  una  root hook
    report_kept     ok   ok   ok   ok   F    F    F    F    F
    tell            ok   ok   ok   ok   ok   F    F    F    F
    renegotiate     ok   ok   ok   ok   ok   F    F    F    F
    accept_new_date C    F    F    F    F    F    F    F    F
    agree           F    F    F    C    C    F    F    F    F
    refuse_new_date C    F    F    C    C    F    F    F    F
    withdraw        F    F    F    ok   ok   F    F    F    F
    make_link       F    C    C    C    C    F    F    F    F
    uphold          F    F    F    C    C    F    F    F    F
    reopen          F    F    F    C    C    F    F    F    F
    word            F    F    F    F    F    F    F    F    C
    settle          F    F    F    F    F    F    F    F    -
    ring            F    F    F    F    F    F    F    F    ok
    """,
    "open, asked": """
                    eve  ada  ben  fay  cora dev  una  root hook
    report_kept     ok   ok   ok   ok   F    F    F    F    F
    tell            ok   ok   ok   ok   ok   F    F    F    F
    renegotiate     C    C    C    C    C    F    F    F    F
    accept_new_date C    F    F    F    F    F    F    F    F
    agree           F    F    F    ok   ok   F    F    F    F
    refuse_new_date F    F    F    ok   ok   F    F    F    F
    withdraw        F    F    F    ok   ok   F    F    F    F
    make_link       F    C    C    C    C    F    F    F    F
    uphold          F    F    F    C    C    F    F    F    F
    reopen          F    F    F    C    C    F    F    F    F
    word            F    F    F    F    F    F    F    F    C
    settle          F    F    F    F    F    F    F    F    -
    ring            F    F    F    F    F    F    F    F    ok
    """,
    "open, unsigned": """
                    eve  ada  ben  fay  cora dev  una  root hook
    report_kept     ok   ok   ok   ok   F    F    F    F    F
    tell            ok   ok   ok   ok   ok   F    F    F    F
    renegotiate     C    C    C    C    C    F    F    F    F
    accept_new_date ok   F    F    F    F    F    F    F    F
    agree           F    F    F    C    C    F    F    F    F
    refuse_new_date ok   F    F    ok   ok   F    F    F    F
    withdraw        F    F    F    ok   ok   F    F    F    F
    make_link       F    C    C    C    C    F    F    F    F
    uphold          F    F    F    C    C    F    F    F    F
    reopen          F    F    F    C    C    F    F    F    F
    word            F    F    F    F    F    F    F    F    C
    settle          F    F    F    F    F    F    F    F    -
    ring            F    F    F    F    F    F    F    F    ok
    """,
    "open, agreed": """
                    eve  ada  ben  fay  cora dev  una  root hook
    report_kept     ok   ok   ok   ok   F    F    F    F    F
    tell            ok   ok   ok   ok   ok   F    F    F    F
    renegotiate     C    C    C    C    C    F    F    F    F
    accept_new_date C    F    F    F    F    F    F    F    F
    agree           F    F    F    C    C    F    F    F    F
    refuse_new_date F    F    F    C    C    F    F    F    F
    withdraw        F    F    F    C    C    F    F    F    F
    make_link       F    C    C    C    C    F    F    F    F
    uphold          F    F    F    C    C    F    F    F    F
    reopen          F    F    F    C    C    F    F    F    F
    word            F    F    F    F    F    F    F    F    C
    settle          F    F    F    F    F    F    F    F    ok
    ring            F    F    F    F    F    F    F    F    ok
    """,
    "reported": """
                    eve  ada  ben  fay  cora dev  una  root hook
    report_kept     C    C    C    C    F    F    F    F    F
    tell            C    C    C    C    C    F    F    F    F
    renegotiate     C    C    C    C    C    F    F    F    F
    accept_new_date C    F    F    F    F    F    F    F    F
    agree           F    F    F    C    C    F    F    F    F
    refuse_new_date C    F    F    C    C    F    F    F    F
    withdraw        F    F    F    C    C    F    F    F    F
    make_link       F    C    C    C    C    F    F    F    F
    uphold          F    F    F    C    C    F    F    F    F
    reopen          F    F    F    C    C    F    F    F    F
    word            F    F    F    F    F    F    F    F    C
    settle          F    F    F    F    F    F    F    F    ok
    ring            F    F    F    F    F    F    F    F    ok
    """,
    "told": """
                    eve  ada  ben  fay  cora dev  una  root hook
    report_kept     C    C    C    C    F    F    F    F    F
    tell            C    C    C    C    C    F    F    F    F
    renegotiate     C    C    C    C    C    F    F    F    F
    accept_new_date C    F    F    F    F    F    F    F    F
    agree           F    F    F    C    C    F    F    F    F
    refuse_new_date C    F    F    C    C    F    F    F    F
    withdraw        F    F    F    C    C    F    F    F    F
    make_link       F    ok   ok   ok   ok   F    F    F    F
    uphold          F    F    F    C    C    F    F    F    F
    reopen          F    F    F    C    C    F    F    F    F
    word            F    F    F    F    F    F    F    F    ok
    settle          F    F    F    F    F    F    F    F    -
    ring            F    F    F    F    F    F    F    F    ok
    """,
    "denied": """
                    eve  ada  ben  fay  cora dev  una  root hook
    report_kept     C    C    C    C    F    F    F    F    F
    tell            C    C    C    C    C    F    F    F    F
    renegotiate     C    C    C    C    C    F    F    F    F
    accept_new_date C    F    F    F    F    F    F    F    F
    agree           F    F    F    C    C    F    F    F    F
    refuse_new_date C    F    F    C    C    F    F    F    F
    withdraw        F    F    F    C    C    F    F    F    F
    make_link       F    C    C    C    C    F    F    F    F
    uphold          F    F    F    ok   ok   F    F    F    F
    reopen          F    F    F    ok   ok   F    F    F    F
    word            F    F    F    F    F    F    F    F    ok
    settle          F    F    F    F    F    F    F    F    -
    ring            F    F    F    F    F    F    F    F    ok
    """,
    "broken": """
                    eve  ada  ben  fay  cora dev  una  root hook
    report_kept     ok   ok   ok   ok   F    F    F    F    F
    tell            ok   ok   ok   ok   ok   F    F    F    F
    renegotiate     C    C    C    C    C    F    F    F    F
    accept_new_date C    F    F    F    F    F    F    F    F
    agree           F    F    F    C    C    F    F    F    F
    refuse_new_date C    F    F    C    C    F    F    F    F
    withdraw        F    F    F    ok   ok   F    F    F    F
    make_link       F    C    C    C    C    F    F    F    F
    uphold          F    F    F    C    C    F    F    F    F
    reopen          F    F    F    C    C    F    F    F    F
    word            F    F    F    F    F    F    F    F    C
    settle          F    F    F    F    F    F    F    F    -
    ring            F    F    F    F    F    F    F    F    ok
    """,
    "kept": _SETTLED_PROMISE,
    "kept_late": _SETTLED_PROMISE,
    "withdrawn": _SETTLED_PROMISE,
}

GRIDS = {"escalation": ESCALATION_GRIDS, "post": POST_GRIDS, "commitment": COMMITMENT_GRIDS}


# How each stage is reached, and a command that is fine but for who sends it and when. ----------


SERVED: dict[str, Any] = {
    "matter_id": "T1",
    "post_id": "P7",
    "words": words("to everybody"),
    "writer": "gus",
    "approver": "cora",
    "owner": "gus",
    "same_answer_to": 40,
}

ASSIGNED = harness.terms(
    limits=Limits(lease=3600, look_at=100), decision=DecisionTerms(mode=DecisionMode.OWNER)
)
"""Claims lapse, every dismissal is looked at again, and owners decide alone."""


def _assigned(owner: Member) -> World:
    world = harness.unclaimed(terms=ASSIGNED)
    world.do(ESCALATION, BEN, "assign", assignee=owner.actor)
    return world


def _tied(owner: Member) -> World:
    """It belongs to a matter, and its clock stands still besides."""
    world = harness.preparing(owner)
    world.do(ESCALATION, BEN, "join_matter", matter_id="T1")
    world.do(ESCALATION, BEN, "pause", code="legal", reason=words("p"), until=AT + 2 * DAY)
    return world


def _asked(owner: Member) -> World:
    """Cora and Fay are named to decide it; Gus is to be accountable for a promise in it."""
    named = harness.terms(decision=DecisionTerms(approvers=("cora", "fay")))
    made = [harness.promise("M1", accountable="gus")]
    world = harness.deciding(owner, {"terms": named}, reply=words("reply"), promises=made)
    world.do(ESCALATION, CORA, "ask", question=words("when?"))
    return world


def _waiting(owner: Member) -> World:
    """The words were approved and wait until Gus accepts the promise in them."""
    made = [harness.promise("M1", accountable="gus")]
    return harness.replying(owner, reply=words("reply"), promises=made)


def _escalation(stage: str, who: Member) -> tuple[World, str]:
    owner = FAY if who is FAY else ADA
    reach: dict[str, Callable[[], World]] = {
        "held": harness.held,
        "held, second look": lambda: harness.dismissed(owner),
        "preparing, assigned": lambda: _assigned(owner),
        "preparing, in a matter": lambda: _tied(owner),
        "deciding, asked": lambda: _asked(owner),
        "replying, waiting": lambda: _waiting(owner),
        "unclaimed": harness.unclaimed,
        "preparing": lambda: harness.preparing(owner),
        "deciding": lambda: harness.deciding(owner),
        "replying": lambda: harness.replying(owner),
        "replying, in review": lambda: harness.in_review(owner),
        "listening": lambda: harness.listening(owner),
        "closed": lambda: harness.closed(owner),
    }
    return reach[stage](), ESCALATION


def _post(stage: str, who: Member) -> tuple[World, str]:
    world, writer = World(), FAY if who is FAY else ADA
    world.open("escalation", harness.open_escalation())
    undo = 3600 if stage == "cleared" else 0
    stream = world.open("post", harness.open_post(writer=writer.id, rules=RULES, undo=undo))
    match stage:
        case "in_review":
            return world, stream
        case "returned":
            world.do(stream, BEN, "return", reason=words("why"))
        case "withdrawn":
            world.do(stream, writer, "withdraw")
        case _:
            world.do(stream, BEN, "clear")
    result = {
        "unconfirmed": PublishResult.UNCLEAR,
        "failed": PublishResult.REFUSED,
        "published": PublishResult.PUBLISHED,
        "publishing, waiting": PublishResult.NOT_SENT,
    }
    if stage in result:
        world.do(stream, HOOK, "attempted", attempt=1, result=result[stage])
    return world, stream


def _commitment(stage: str, who: Member) -> tuple[World, str]:
    world = World()
    made = harness.open_commitment(promise=harness.promise(accountable="eve"), rules=2)
    stream = world.open("commitment", made)
    asked = {"due_at": AT + timedelta(days=20), "reason": words("why"), "words": words("later")}
    if stage in ("open, asked", "open, agreed"):
        world.do(stream, EVE, "renegotiate", **asked)
    if stage == "open, unsigned":
        world.do(stream, ADA, "renegotiate", **asked)
    if stage == "open, agreed":
        world.do(stream, CORA, "agree", post_id="P3")
    if stage in ("broken", "kept_late"):
        while world.states[stream].stage == "open":
            world.sleep(stream)
    if stage in ("reported", "told", "denied", "kept", "kept_late"):
        world.do(stream, EVE, "report_kept", post_id="P2", words=words("done"))
    if stage in ("told", "denied", "kept", "kept_late"):
        world.do(stream, HOOK, "settle", post_id="P2", settlement="published")
    if stage in ("denied", "kept", "kept_late"):
        world.do(stream, HOOK, "word", is_kept=stage != "denied", source="same_account")
    if stage == "withdrawn":
        world.do(stream, CORA, "withdraw", reason=words("why"), post_id="P2")
    return world, stream


REACH = {"escalation": _escalation, "post": _post, "commitment": _commitment}


def _fields(kind: str, act: str, world: World, stream: str) -> dict[str, Any]:
    state = world.states[stream]
    alarm = state.alarm()
    fields: dict[tuple[str, str], dict[str, Any]] = {
        ("escalation", "assign"): {"assignee": GUS.actor},
        ("escalation", "decline"): {"reason": words("not mine")},
        ("escalation", "reroute"): {"terms": harness.terms(team="shop"), "reason": words("theirs")},
        ("escalation", "dismiss"): {"code": "spam"},
        ("escalation", "merge"): {"into": "E0", "reason": words("the same")},
        ("escalation", "answered_outside"): {"link": words("link")},
        ("escalation", "decide_alone"): {"outcome": "approve"},
        ("escalation", "ask"): {"question": words("when?")},
        ("escalation", "inform"): {"words": words("then")},
        ("escalation", "add_approver"): {"approver": BEN.actor, "reason": words("law")},
        ("escalation", "replace_approver"): {
            "person": "cora",
            "approver": BEN.actor,
            "reason": words("gone"),
        },
        ("escalation", "bypass"): {"post_id": "P1", "reason": words("fire")},
        ("escalation", "move_private"): {"post_id": "P1", "words": words("note")},
        ("escalation", "holding_reply"): {"post_id": "P8", "words": words("we look into it")},
        ("escalation", "accept_promise"): {"promise_id": "M1"},
        ("escalation", "counter_promise"): {
            "promise_id": "M1",
            "due_at": AT + timedelta(days=20),
            "reason": words("later"),
        },
        ("escalation", "decline_promise"): {"promise_id": "M1", "reason": words("no")},
        ("escalation", "pause"): {
            "code": "third_party",
            "reason": words("lab"),
            "until": AT + timedelta(days=2),
        },
        ("escalation", "extend"): {"seconds": 3600, "code": "complex", "reason": words("much")},
        ("escalation", "accept_calendar"): {
            "calendar": CALENDAR,
            "policy_version": 2,
            "due_at": AT,
            "reason": words("a holiday was missing"),
        },
        ("escalation", "join_matter"): {"matter_id": "T2"},
        ("escalation", "leave_matter"): {"reason": words("mine is different")},
        ("escalation", "serve"): SERVED,
        ("escalation", "propose"): {"request": words("request")},
        ("escalation", "approve"): {"post_id": "P1"},
        ("escalation", "refuse"): {"code": "disagree", "reason": words("no")},
        ("escalation", "return"): {"reason": words("again")},
        ("escalation", "reply"): {"post_id": "P2", "words": words("another reply")},
        ("escalation", "note"): {"words": words("note")},
        ("escalation", "receive"): {"comment_id": "C2", "words": words("comment C2")},
        ("escalation", "settle"): {"post_id": "P1", "settlement": "published"},
        ("post", "return"): {"reason": words("again")},
        ("post", "confirm"): {"is_published": True},
        ("post", "correct"): {"words": words("better")},
        ("post", "retract"): {"words": words("wrong")},
        ("post", "heard"): {"comment_id": "C2"},
        ("post", "attempted"): {"attempt": 1, "result": PublishResult.PUBLISHED},
        ("post", "looked"): {"attempt": 1, "result": FindResult.FOUND},
        ("commitment", "report_kept"): {"post_id": "P2", "words": words("done")},
        ("commitment", "withdraw"): {"reason": words("why"), "post_id": "P4"},
        ("commitment", "tell"): {"post_id": "P4", "words": words("soon")},
        ("commitment", "renegotiate"): {
            "due_at": AT + timedelta(days=30),
            "reason": words("why"),
            "words": words("later"),
        },
        ("commitment", "agree"): {"post_id": "P3"},
        ("commitment", "refuse_new_date"): {"reason": words("why")},
        ("commitment", "make_link"): {"digest": "d" * 64},
        ("commitment", "word"): {"is_kept": True, "source": "same_account"},
        ("commitment", "uphold"): {"reason": words("why")},
        ("commitment", "reopen"): {"reason": words("why")},
        ("commitment", "settle"): {
            "post_id": "P3" if state.stage == "open" else "P2",
            "settlement": "published",
        },
    }
    if act == "ring":
        world.at = max(world.at, alarm.at if alarm else world.at)
        return {"alarm": alarm.name if alarm else "none"}
    return fields.get((kind, act), {})


@cache
def _reached(kind: str, stage: str, who: str) -> tuple[World, str]:
    world, stream = REACH[kind](stage, CAST[who])
    assert world.states[stream].stage == stage.partition(",")[0]
    return world, stream


def _reach(kind: str, stage: str, who: Member) -> tuple[World, str]:
    """A world of one's own at that stage; played once, since what it holds is never changed."""
    world, stream = _reached(kind, stage, "fay" if who is FAY else "ada")
    facts = {name: list(told) for name, told in world.facts.items()}
    return replace(world, states=dict(world.states), facts=facts), stream


def _try(kind: str, stage: str, act: str, who: Member) -> tuple[str, Refused | None, State]:
    """What comes of it: the cell, the refusal if it was one, and the state after."""
    world, stream = _reach(kind, stage, who)
    before = world.states[stream]
    refusal: Refused | None = None
    try:
        facts = world.do(stream, who, act, **_fields(kind, act, world, stream))
        cell = "ok" if facts else "-"
    except Forbidden as no:
        cell, refusal = "F", no
    except Conflict as no:
        cell, refusal = "C", no
    if cell != "ok":
        assert world.states[stream] == before, "what was refused has left a trace"
    return cell, refusal, world.states[stream]


def _rows(grid: str) -> tuple[list[Member], dict[str, list[str]]]:
    head, *lines = [line.split() for line in grid.strip().splitlines()]
    return [CAST[name] for name in head], {act: cells for act, *cells in lines}


def _stages() -> Iterator[Any]:
    for kind, grids in GRIDS.items():
        for stage, grid in grids.items():
            yield pytest.param(kind, stage, grid, id=f"{kind}-{stage.replace(', ', '-')}")


every_stage = pytest.mark.parametrize(("kind", "stage", "grid"), list(_stages()))


# The tests. -----------------------------------------------------------------------------------


@every_stage
def test_each_command_ends_as_the_grid_says(kind: str, stage: str, grid: str) -> None:
    people, rows = _rows(grid)
    found = {act: [_try(kind, stage, act, who)[0] for who in people] for act in rows}
    assert found == rows


@pytest.mark.parametrize("kind", GRIDS)
def test_the_grids_leave_no_command_and_no_stage_out(kind: str) -> None:
    stages: Any = KINDS[kind].state.model_fields["stage"].annotation
    assert {stage.partition(",")[0] for stage in GRIDS[kind]} == set(stages)
    for grid in GRIDS[kind].values():
        assert set(_rows(grid)[1]) == set(KINDS[kind].commands) == set(KINDS[kind].rights)


@every_stage
def test_a_refusal_says_what_why_and_how_to_go_on(kind: str, stage: str, grid: str) -> None:
    people, rows = _rows(grid)
    for act in rows:
        for who in people:
            _, refusal, _ = _try(kind, stage, act, who)
            if refusal is None:
                continue
            assert refusal.code.replace("_", "").isalpha(), (act, who.id)
            assert refusal.message, (act, who.id)
            assert refusal.way_out, (act, who.id)
            assert refusal.message == str(refusal)
            if isinstance(refusal, Forbidden):
                assert KINDS[kind].rights[act].who in refusal.message


@every_stage
def test_what_is_offered_is_what_would_happen(kind: str, stage: str, grid: str) -> None:
    people, rows = _rows(grid)
    for column, who in enumerate(people):
        world, stream = _reach(kind, stage, who)
        offered = allowed(kind_of(stream), who.actor, world.states[stream])
        assert [p.act for p in offered] == [
            act for act, right in KINDS[kind].rights.items() if not right.is_machine
        ]
        for permission in offered:
            assert permission.ok == (rows[permission.act][column] == "ok"), (permission, who.id)
            refusal = may(kind_of(stream), who.actor, permission.act, world.states[stream])
            assert permission.why_not == (refusal.message if refusal else None)
            if refusal:
                _, met, _ = _try(kind, stage, permission.act, who)
                assert met is not None
                assert (met.code, met.message) == (refusal.code, refusal.message)


def test_an_auditor_changes_nothing_even_as_the_lead_of_a_team() -> None:
    auditor = Member("ann", (Role.AUDITOR,), {"care": True})
    for act in ("release", "assign", "note", "claim"):
        world = harness.preparing()
        with pytest.raises(Forbidden):
            world.do(ESCALATION, auditor, act, **_fields("escalation", act, world, ESCALATION))


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("act", ["open", "decide", "", "__class__"])
def test_an_act_that_is_no_command_here_is_refused_and_not_an_error(kind: str, act: str) -> None:
    world, stream = _reach(kind, next(iter(GRIDS[kind])), ADA)
    refusal = may(kind_of(stream), ADA.actor, act, world.states[stream])
    assert refusal is not None
    assert refusal.code == "unknown_command"
    assert refusal.way_out


@pytest.mark.parametrize("kind", GRIDS)
def test_an_entity_that_is_open_is_not_opened_again(kind: str) -> None:
    world, stream = _reach(kind, next(iter(GRIDS[kind])), ADA)
    again: dict[str, Value] = {
        "escalation": harness.open_escalation(),
        "post": harness.open_post(),
        "commitment": harness.open_commitment(),
    }
    with pytest.raises(Refused):
        world.do(stream, HOOK, **again[kind].model_dump())


# The stage table says what the commands do. ---------------------------------------------------

MOVES = {
    ("settle", Stage.LISTENING): "published",
    ("ring", Stage.CLOSED): "quiet",
    ("ring", Stage.UNCLAIMED): "lost",
    ("dismiss", Stage.HELD): "sampled",
    ("receive", Stage.CLOSED): "removed",
}
"""What the stage table calls a move that its command alone does not name."""

TAKEN_BACK: dict[str, Any] = {
    "comment_id": "C1",
    "revision": 2,
    "words": words("comment C1"),
    "is_removed": True,
}


def _left_alone() -> World:
    """Nobody has claimed it, and it belongs to a matter."""
    world = harness.unclaimed(terms=ASSIGNED)
    world.do(ESCALATION, BEN, "join_matter", matter_id="T1")
    return world


WAYS: list[tuple[Stage, Callable[[], World], Member, str, dict[str, Any]]] = [
    (Stage.HELD, harness.held, HOOK, "receive", TAKEN_BACK),
    (Stage.UNCLAIMED, harness.unclaimed, HOOK, "receive", TAKEN_BACK),
    (Stage.UNCLAIMED, _left_alone, HOOK, "serve", SERVED),
    (Stage.UNCLAIMED, _left_alone, ADA, "dismiss", {"code": "spam"}),
    (Stage.PREPARING, harness.preparing, HOOK, "receive", TAKEN_BACK),
]
"""Moves that want another situation than those of the grids."""


def _moves_of(stage: Stage) -> Iterator[tuple[str, State]]:
    """Every act that leaves the stage, with the state it leads to."""
    for name, grid in ESCALATION_GRIDS.items():
        people, rows = _rows(grid)
        if name.partition(",")[0] == stage:
            for act, cells in rows.items():
                for who, cell in zip(people, cells, strict=True):
                    if cell == "ok":
                        yield act, _try("escalation", name, act, who)[2]
    for at, reach, who, act, fields in WAYS:
        if at is stage:
            world = reach()
            assert world.do(ESCALATION, who, act, **fields)
            yield act, world.escalation


@pytest.mark.parametrize("stage", Stage)
def test_a_stage_is_left_by_what_the_stage_table_says_and_by_nothing_else(stage: Stage) -> None:
    left: dict[str, Stage] = {}
    for act, after in _moves_of(stage):
        if after.stage != stage:
            move = MOVES.get((act, Stage(after.stage)), act)
            assert left.setdefault(move, Stage(after.stage)) == after.stage
    assert left == STAGES[stage].leaves_by


@pytest.mark.parametrize("stage", Stage)
def test_a_stage_gives_the_time_and_names_the_seat_that_the_table_says(stage: Stage) -> None:
    world, _ = _escalation(stage, ADA)
    deadline = world.escalation.deadline
    row = STAGES[stage]
    if row.allowance is None:
        assert deadline is None
    else:
        assert deadline is not None
        assert deadline.stage == stage
        of = Limits() if row.allowance == "look" else world.escalation.terms.allowances
        assert deadline.allowance == getattr(of, row.allowance)
    if row.owed_by is not None:
        alarm = world.escalation.alarm()
        assert alarm is not None
        assert row.owed_by in alarm.seats
