"""What ARCHITECTURE.md draws and tabulates is what the rules say."""

from __future__ import annotations

import re
from pathlib import Path

from domain.escalation import STAGES, Stage
from domain.terms import Allowances, Limits

TEXT = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text()

EDGE = re.compile(r"^\s+(\[\*\]|\w+) --> (\[\*\]|\w+)(?:: (.+))?$", re.MULTILINE)


def drawn() -> set[tuple[str, str, str]]:
    """Every arrow of the diagram as (from, to, what leads there)."""
    diagram = re.search(r"```mermaid\nstateDiagram-v2\n(.+?)```", TEXT, re.DOTALL)
    assert diagram
    lines = diagram[1].strip().splitlines()
    edges = EDGE.findall(diagram[1])
    assert len(edges) == len(lines), "a line of the diagram does not read"
    return {(a, b, act) for a, b, acts in edges for act in acts.split(", ")}


def in_the_code() -> set[tuple[str, str, str]]:
    moves = {
        (str(stage), str(target), act)
        for stage, row in STAGES.items()
        for act, target in row.leaves_by.items()
    }
    return moves | {("[*]", "unclaimed", "open"), ("closed", "[*]", "")}


def test_every_move_of_the_rules_is_drawn() -> None:
    assert in_the_code() - drawn() == set()


def test_every_drawn_move_is_one_of_the_rules() -> None:
    assert drawn() - in_the_code() == set()


def test_the_table_says_who_owes_what_within_which_time() -> None:
    rows = re.findall(r"^\| (\w+) \| (\w+) \| ([\w ]*?) ?\| .*\|$", TEXT, re.MULTILINE)
    told = {stage: (owed_by, time) for stage, owed_by, time in rows if stage in set(Stage)}
    assert told == {str(stage): (owed(stage), time(stage)) for stage in Stage}


def owed(stage: Stage) -> str:
    return str(STAGES[stage].owed_by or "nobody")


def time(stage: Stage) -> str:
    name = STAGES[stage].allowance
    if name is None:
        return ""
    hours = getattr(Limits() if name == "look" else Allowances(), name) // 3600
    return f"{hours // 24} days" if hours > 48 else f"{hours} h"
