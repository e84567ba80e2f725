"""How many history events one human command adds to the history of its own escalation.

Counted with one case at a time and a pause after each command, where nothing shares a workflow
task: the most that a command can cost.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bench import stack
from bench.figures import Figures, mean
from bench.sizes import Sizes
from bench.stack import Service

LONG = 3600
"""Seconds of listening here, so that no closing timer rings among the events of a command."""

QUIET_SECONDS = 0.8
"""A history that has not grown for so long has had all that the command leads to."""

PROPOSAL = {"request": "May we send a saddle?", "reply": "Your saddle was left out of the box."}

LIVES: tuple[tuple[tuple[str, str, dict[str, str]], ...], ...] = (
    (
        ("ada", "claim", {}),
        ("ben", "note", {"text": "She has written before."}),
        ("ada", "propose", PROPOSAL),
        ("cora", "approve", {}),
    ),
    (
        ("ada", "claim", {}),
        ("ada", "release", {}),
        ("ben", "assign", {"person": "ada"}),
        ("ada", "propose", PROPOSAL),
        ("cora", "return", {"reason": "Offer a new bike instead."}),
        ("ada", "propose", PROPOSAL),
        ("ada", "withdraw", {}),
        ("ada", "propose", PROPOSAL),
        ("cora", "refuse", {"code": "too_costly", "reason": "We cannot give bikes away."}),
        ("ada", "reply", {"text": "We cannot give bikes away."}),
    ),
    (("ada", "dismiss", {"code": "spam"}),),
)
"""Every command a person has for an escalation, in an order in which each is possible."""


async def measure(service: Service, sizes: Sizes) -> tuple[Figures, dict[str, Any]]:
    """Events a command, averaged over all of them."""
    added: dict[str, list[float]] = {}
    await asyncio.to_thread(service.listen_for, LONG)
    try:
        for number, life in enumerate(LIVES):
            case = await service.open(f"commands-{number}")
            length = await _settled_length(service, case)
            for person, act, fields in life:
                await service.do(person, case, act, fields)
                before, length = length, await _settled_length(service, case)
                added.setdefault(act, []).append(length - before)
    finally:
        await asyncio.to_thread(service.listen_for, stack.LISTEN_SECONDS)
    per_command = mean(count for counts in added.values() for count in counts)
    by_act = {act: mean(counts) for act, counts in added.items()}
    return {"events_per_command": per_command}, {"events_by_command": by_act}


async def _settled_length(service: Service, case: str) -> int:
    """The length of a case's history once it has stopped growing."""
    handle = service.client.get_workflow_handle(f"escalation/{case}")
    length, grown_at = 0, asyncio.get_running_loop().time()
    while True:
        described = await handle.describe()
        now = asyncio.get_running_loop().time()
        if described.history_length != length:
            length, grown_at = described.history_length, now
        elif now - grown_at > QUIET_SECONDS:
            return length
        await asyncio.sleep(0.1)
