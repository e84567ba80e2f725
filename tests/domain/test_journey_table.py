"""Every command in every stage by every role: one grid a stage, read like a timetable.

``ok`` it happens, ``F`` Forbidden (not yours), ``C`` Conflict (not now), ``-`` a machine's word
that finds nothing to do. In Fay's column she is the owner, proposer or writer herself, and an
executive besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from tests.builders import ADA, BEN, CORA, DEV, EVE, HOOK, ROOT, Member
from tests.domain import harness
from tests.domain.harness import ESCALATION, FAY, GUS, World, words

UNA = Member("una", (Role.STAFF,), {"shop": False})
CAST = {m.id: m for m in (ADA, GUS, BEN, FAY, CORA, DEV, EVE, ROOT, HOOK, UNA)}

ESCALATION_GRIDS = {
    # Nobody owns it, so even Ada is only one of the team.
    "unclaimed": """
               ada  gus  ben  fay  cora dev  eve  root hook
    claim      ok   ok   ok   ok   F    F    F    F    F
    release    F    F    C    C    C    F    F    F    F
    assign     F    F    ok   ok   ok   F    F    F    F
    dismiss    ok   ok   ok   ok   F    F    F    F    F
    propose    F    F    F    F    F    F    F    F    F
    approve    F    F    F    C    C    F    F    F    F
    refuse     F    F    F    C    C    F    F    F    F
    return     F    F    F    C    C    F    F    F    F
    reply      F    F    F    F    F    F    F    F    F
    note       ok   ok   ok   ok   ok   F    F    F    F
    withdraw   F    F    F    F    F    F    F    F    F
    receive    F    F    F    F    F    F    F    F    ok
    settle     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    ok
    """,
    "preparing": """
               ada  gus  ben  fay  cora dev  eve  root hook
    claim      C    C    C    C    F    F    F    F    F
    release    ok   F    ok   ok   ok   F    F    F    F
    assign     ok   F    ok   ok   ok   F    F    F    F
    dismiss    ok   F    F    ok   F    F    F    F    F
    propose    ok   F    F    ok   F    F    F    F    F
    approve    F    F    F    C    C    F    F    F    F
    refuse     F    F    F    C    C    F    F    F    F
    return     F    F    F    C    C    F    F    F    F
    reply      C    F    F    C    F    F    F    F    F
    note       ok   ok   ok   ok   ok   F    F    F    F
    withdraw   C    F    F    C    F    F    F    F    F
    receive    F    F    F    F    F    F    F    F    ok
    settle     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    ok
    """,
    "deciding": """
               ada  gus  ben  fay  cora dev  eve  root hook
    claim      C    C    C    C    F    F    F    F    F
    release    C    F    C    C    C    F    F    F    F
    assign     C    F    C    C    C    F    F    F    F
    dismiss    C    F    F    C    F    F    F    F    F
    propose    C    F    F    C    F    F    F    F    F
    approve    F    F    F    F    ok   F    F    F    F
    refuse     F    F    F    F    ok   F    F    F    F
    return     F    F    F    F    ok   F    F    F    F
    reply      C    F    F    C    F    F    F    F    F
    note       ok   ok   ok   ok   ok   F    F    F    F
    withdraw   ok   F    F    ok   F    F    F    F    F
    receive    F    F    F    F    F    F    F    F    ok
    settle     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    ok
    """,
    # Decided; the words are still to be written.
    "replying": """
               ada  gus  ben  fay  cora dev  eve  root hook
    claim      C    C    C    C    F    F    F    F    F
    release    C    F    C    C    C    F    F    F    F
    assign     ok   F    ok   ok   ok   F    F    F    F
    dismiss    C    F    F    C    F    F    F    F    F
    propose    C    F    F    C    F    F    F    F    F
    approve    F    F    F    F    C    F    F    F    F
    refuse     F    F    F    F    C    F    F    F    F
    return     F    F    F    F    C    F    F    F    F
    reply      ok   F    F    ok   F    F    F    F    F
    note       ok   ok   ok   ok   ok   F    F    F    F
    withdraw   C    F    F    C    F    F    F    F    F
    receive    F    F    F    F    F    F    F    F    ok
    settle     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    ok
    """,
    # The words are written and wait for another person.
    "replying, in review": """
               ada  gus  ben  fay  cora dev  eve  root hook
    claim      C    C    C    C    F    F    F    F    F
    release    C    F    C    C    C    F    F    F    F
    assign     ok   F    ok   ok   ok   F    F    F    F
    dismiss    C    F    F    C    F    F    F    F    F
    propose    C    F    F    C    F    F    F    F    F
    approve    F    F    F    F    C    F    F    F    F
    refuse     F    F    F    F    C    F    F    F    F
    return     F    F    F    F    C    F    F    F    F
    reply      C    F    F    C    F    F    F    F    F
    note       ok   ok   ok   ok   ok   F    F    F    F
    withdraw   C    F    F    C    F    F    F    F    F
    receive    F    F    F    F    F    F    F    F    ok
    settle     F    F    F    F    F    F    F    F    ok
    ring       F    F    F    F    F    F    F    F    ok
    """,
    "listening": """
               ada  gus  ben  fay  cora dev  eve  root hook
    claim      C    C    C    C    F    F    F    F    F
    release    C    F    C    C    C    F    F    F    F
    assign     ok   F    ok   ok   ok   F    F    F    F
    dismiss    C    F    F    C    F    F    F    F    F
    propose    C    F    F    C    F    F    F    F    F
    approve    F    F    F    F    C    F    F    F    F
    refuse     F    F    F    F    C    F    F    F    F
    return     F    F    F    F    C    F    F    F    F
    reply      C    F    F    C    F    F    F    F    F
    note       ok   ok   ok   ok   ok   F    F    F    F
    withdraw   C    F    F    C    F    F    F    F    F
    receive    F    F    F    F    F    F    F    F    ok
    settle     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    ok
    """,
    # Only the intake hears that it is closed: its comment then opens a successor.
    "closed": """
               ada  gus  ben  fay  cora dev  eve  root hook
    claim      C    C    C    C    F    F    F    F    F
    release    C    F    C    C    C    F    F    F    F
    assign     C    F    C    C    C    F    F    F    F
    dismiss    C    F    F    C    F    F    F    F    F
    propose    C    F    F    C    F    F    F    F    F
    approve    F    F    F    F    C    F    F    F    F
    refuse     F    F    F    F    C    F    F    F    F
    return     F    F    F    F    C    F    F    F    F
    reply      C    F    F    C    F    F    F    F    F
    note       C    C    C    C    C    F    F    F    F
    withdraw   C    F    F    C    F    F    F    F    F
    receive    F    F    F    F    F    F    F    F    C
    settle     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    -
    """,
}

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
    report_kept C   C    C    C    F    F    F    F    F
    withdraw   F    F    F    C    C    F    F    F    F
    settle     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    -
    """

COMMITMENT_GRIDS = {
    # Eve is accountable, though she works in another team; Una is her colleague there.
    "open": """
               eve  ada  ben  fay  cora dev  una  root hook
    report_kept ok  ok   ok   ok   F    F    F    F    F
    withdraw   F    F    F    ok   ok   F    F    F    F
    settle     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    ok
    """,
    "reported": """
               eve  ada  ben  fay  cora dev  una  root hook
    report_kept C   C    C    C    F    F    F    F    F
    withdraw   F    F    F    C    C    F    F    F    F
    settle     F    F    F    F    F    F    F    F    ok
    ring       F    F    F    F    F    F    F    F    -
    """,
    "broken": """
               eve  ada  ben  fay  cora dev  una  root hook
    report_kept ok  ok   ok   ok   F    F    F    F    F
    withdraw   F    F    F    ok   ok   F    F    F    F
    settle     F    F    F    F    F    F    F    F    -
    ring       F    F    F    F    F    F    F    F    -
    """,
    "kept": _SETTLED_PROMISE,
    "kept_late": _SETTLED_PROMISE,
    "withdrawn": _SETTLED_PROMISE,
}

GRIDS = {"escalation": ESCALATION_GRIDS, "post": POST_GRIDS, "commitment": COMMITMENT_GRIDS}


# How each stage is reached, and a command that is fine but for who sends it and when. ----------


def _escalation(stage: str, who: Member) -> tuple[World, str]:
    owner = FAY if who is FAY else ADA
    reach: dict[str, Callable[[], World]] = {
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
    made = harness.open_commitment(promise=harness.promise(accountable="eve"))
    stream = world.open("commitment", made)
    if stage in ("broken", "kept_late"):
        while world.states[stream].stage == "open":
            world.sleep(stream)
    if stage in ("reported", "kept", "kept_late"):
        world.do(stream, EVE, "report_kept", post_id="P2", words=words("done"))
    if stage in ("kept", "kept_late"):
        world.do(stream, HOOK, "settle", post_id="P2", settlement="published")
    if stage == "withdrawn":
        world.do(stream, CORA, "withdraw", reason=words("why"))
    return world, stream


REACH = {"escalation": _escalation, "post": _post, "commitment": _commitment}


def _fields(kind: str, act: str, world: World, stream: str) -> dict[str, Any]:
    state = world.states[stream]
    alarm = state.alarm()
    fields: dict[tuple[str, str], dict[str, Any]] = {
        ("escalation", "assign"): {"assignee": GUS.actor},
        ("escalation", "dismiss"): {"code": "spam"},
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
        ("commitment", "withdraw"): {"reason": words("why")},
        ("commitment", "settle"): {"post_id": "P2", "settlement": "published"},
    }
    if act == "ring":
        return {"alarm": alarm.name if alarm else "none"}
    return fields.get((kind, act), {})


def _reach(kind: str, stage: str, who: Member) -> tuple[World, str]:
    world, stream = REACH[kind](stage, who)
    assert world.states[stream].stage == stage.partition(",")[0]
    return world, stream


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

MOVES_OF_MACHINES = {"settle": "published", "ring": "quiet"}
"""What the stage table calls the moves that no person makes."""


@pytest.mark.parametrize("stage", Stage)
def test_a_stage_is_left_by_what_the_stage_table_says_and_by_nothing_else(stage: Stage) -> None:
    left: dict[str, Stage] = {}
    for name, grid in ESCALATION_GRIDS.items():
        if name.partition(",")[0] != stage:
            continue
        people, rows = _rows(grid)
        for act, cells in rows.items():
            for who, cell in zip(people, cells, strict=True):
                if cell == "ok":
                    _, _, after = _try("escalation", name, act, who)
                    if after.stage != stage:
                        move = MOVES_OF_MACHINES.get(act, act)
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
        assert deadline.allowance == getattr(world.escalation.terms.allowances, row.allowance)
    if row.owed_by is not None:
        alarm = world.escalation.alarm()
        assert alarm is not None
        assert row.owed_by in alarm.seats
