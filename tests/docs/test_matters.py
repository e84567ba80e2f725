"""What ARCHITECTURE.md draws of matters is what the rules say."""

from __future__ import annotations

import re
from pathlib import Path

from domain.matter import STAGES

TEXT = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text()


def test_the_journey_of_a_matter_is_drawn_as_it_is() -> None:
    section = TEXT.partition("## Many decided once")[2].partition("\n## ")[0]
    edges = re.findall(r"^\s+(\w+) --> (\w+): (.+)$", section, re.MULTILINE)
    drawn = {(a, b, act) for a, b, acts in edges for act in acts.split(", ")}
    coded = {
        (str(stage), str(target), act)
        for stage, row in STAGES.items()
        for act, target in row.leaves_by.items()
    }
    assert drawn == coded
