"""The rules are functions: import-linter and ruff hold what they may import, this what they do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domain.entity import allowed, decide, evolve, to_facts
from domain.errors import Refused
from domain.kinds import KINDS, kind_of
from tests.builders import ADA, CORA
from tests.domain import harness
from tests.domain.harness import ESCALATION, EVERYBODY, FAY, World, promise, words

REPLY: dict[str, Any] = {"reply": words("reply"), "promises": [promise(), promise("M2")]}

MOMENTS: dict[str, tuple[Callable[[], World], str, dict[str, Any]]] = {
    "claim": (harness.unclaimed, "claim", {}),
    "propose": (harness.preparing, "propose", {"request": words("request"), **REPLY}),
    "approve": (lambda: harness.deciding(**REPLY), "approve", {"post_id": "P1"}),
    "dismiss": (harness.preparing, "dismiss", {"code": "spam"}),
    "receive": (harness.listening, "receive", {"comment_id": "C2", "words": words("c")}),
}


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("who", EVERYBODY, ids=lambda member: member.id)
def test_the_same_question_has_the_same_answer_and_leaves_the_state_alone(
    name: str, who: Any
) -> None:
    reach, act, fields = MOMENTS[name]
    world = reach()
    kind, state = kind_of(ESCALATION), world.escalation
    command = kind.command({"act": act, **fields})
    before = state.model_dump_json()

    def answer() -> object:
        try:
            return decide(kind, state, command, who.actor, world.at)
        except Refused as no:
            return type(no), no.code, no.message, no.way_out, no.details

    assert answer() == answer()
    assert allowed(kind, who.actor, state) == allowed(kind, who.actor, state)
    assert state.model_dump_json() == before


@pytest.mark.parametrize("name", MOMENTS)
def test_an_event_makes_a_new_state_and_leaves_the_old_one_alone(name: str) -> None:
    reach, act, fields = MOMENTS[name]
    world = reach()
    kind, state = kind_of(ESCALATION), world.escalation
    before = state.model_dump_json()
    for who in EVERYBODY:
        try:
            events = decide(kind, state, kind.command({"act": act, **fields}), who.actor, world.at)
        except Refused:
            continue
        for fact in to_facts(events[:1], state.seq, who.id, world.at):
            assert evolve(kind, state, fact) == evolve(kind, state, fact)
            assert evolve(kind, state, fact) != state
    assert state.model_dump_json() == before


def test_a_state_cannot_be_changed_by_hand() -> None:
    state = harness.unclaimed().escalation
    with pytest.raises(ValueError, match="frozen"):
        state.owner = "ada"  # type: ignore[misc]


def told() -> str:
    """Everything that a whole journey leaves behind, as text; run in other processes below."""
    world = harness.listening(FAY, promises=[promise(), promise("M2")])
    for stream in ("commitment/M1", ESCALATION):
        # A promise that stays broken is watched for ever: a while of it is enough.
        for _ in range(12):
            if world.states[stream].alarm():
                world.sleep(stream)
    lines = [fact.canonical(stream) for stream, facts in world.facts.items() for fact in facts] + [
        state.model_dump_json(exclude_defaults=True) for state in world.states.values()
    ]
    for stream, state in world.states.items():
        for member in (ADA, CORA, FAY):
            lines += [p.model_dump_json() for p in allowed(kind_of(stream), member.actor, state)]
    return "\n".join(lines)


def test_bytes_and_sentences_are_the_same_in_every_process() -> None:
    """Sets are ordered by chance of the process; that must show nowhere, or replays would fork."""
    root = Path(__file__).parents[2]
    code = "from tests.domain.test_purity import told; print(told())"
    others = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root), "TZ": zone},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, zone in (("1", "Asia/Tokyo"), ("77", "America/Lima"))
    ]
    try:
        for other in others:
            found, _ = other.communicate(timeout=120)
            assert other.returncode == 0
            assert found.rstrip("\n") == told()
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_every_kind_can_do_what_it_lists() -> None:
    for kind in KINDS.values():
        decided = {kind.opening, *kind.commands.values()} - set(kind.follows)
        assert set(kind.decide) == decided
        assert set(kind.rights) == set(kind.commands)
        for act, command in kind.commands.items():
            assert command.model_fields["act"].default == act
