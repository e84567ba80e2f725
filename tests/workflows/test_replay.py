"""Today's code replays yesterday's histories, and would notice if it decided otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from answerable.worker import WORKFLOWS, runner
from domain import kinds
from domain.entity import Event
from domain.escalation import ESCALATION, Approve, Approved, Claim, Claimed, Noted
from domain.matter import changes
from domain.matter.events import ReleaseBegan
from domain.people import Actor
from tests.histories import corpus
from workflows import entity

HISTORIES = corpus.load_all()


async def failures(histories: dict[str, WorkflowHistory]) -> list[str]:
    """The names of histories that do not replay."""
    replayer = Replayer(
        workflows=WORKFLOWS, data_converter=pydantic_data_converter, workflow_runner=runner()
    )
    failed = []
    for name, history in histories.items():
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        if result.replay_failure is not None:
            failed.append(name)
    return failed


def commands(history: WorkflowHistory) -> set[str]:
    """The names of the updates in a history."""
    accepted = (e.workflow_execution_update_accepted_event_attributes for e in history.events)
    return {a.accepted_request.input.name for a in accepted} - {""}


def test_the_corpus_holds_every_kind_of_workflow_and_every_kind_of_fact() -> None:
    kinds_found = {name.split(".")[1].rstrip("0123456789") for name in HISTORIES}
    assert kinds_found >= {"escalation", "post", "commitment", "matter", "notices", "hook"}
    text = "".join(history.to_json() for history in HISTORIES.values())
    assert "continuedExecutionRunId" in text, "no history that continues an earlier run"


async def test_every_committed_history_replays() -> None:
    assert await failures(HISTORIES) == []


@pytest.fixture
def escalations() -> dict[str, WorkflowHistory]:
    return {n: h for n, h in HISTORIES.items() if ".escalation" in n and "claim" in commands(h)}


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> dict[type, object]:
    """The decisions of escalations, to be changed for one test."""
    changed = dict(ESCALATION.decide)
    monkeypatch.setitem(kinds.KINDS, "escalation", replace(ESCALATION, decide=changed))
    return changed  # type: ignore[return-value]


async def test_an_event_decided_differently_fails_the_replay(
    escalations: dict[str, WorkflowHistory], rules: dict[type, object]
) -> None:
    def claim(state: object, command: Claim, actor: Actor, at: datetime) -> tuple[Event, ...]:
        return (Noted.model_validate({"words": {"id": "x", "digest": "y"}}), Claimed())

    rules[Claim] = claim
    assert set(await failures(escalations)) == set(escalations)


async def test_other_data_in_an_event_fails_the_replay(rules: dict[type, object]) -> None:
    histories = {
        n: h for n, h in HISTORIES.items() if ".escalation" in n and "approve" in commands(h)
    }
    assert histories

    def approve(state: object, command: Approve, actor: Actor, at: datetime) -> tuple[Event, ...]:
        return (Approved.model_validate({"reason": {"id": "x", "digest": "y"}}),)

    rules[Approve] = approve
    assert set(await failures(histories)) == set(histories)


async def test_another_wave_of_a_matter_fails_the_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    histories = {n: h for n, h in HISTORIES.items() if ".matter" in n}
    assert histories

    def never(matter: object, event: object, fact: object) -> object:
        return matter

    monkeypatch.setitem(changes._CHANGES, ReleaseBegan, never)  # type: ignore[misc]
    assert set(await failures(histories)) == set(histories)


async def test_another_order_of_steps_fails_the_replay(
    escalations: dict[str, WorkflowHistory], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if effects no longer waited until the facts that caused them are recorded."""

    async def act_first(self: entity.Entity) -> None:
        await workflow.execute_activity(
            "fill_seats", start_to_close_timeout=entity.STEP, summary="too early"
        )

    monkeypatch.setattr(entity.Entity, "_act", act_first)
    assert set(await failures(escalations)) == set(escalations)
