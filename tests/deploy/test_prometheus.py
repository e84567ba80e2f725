"""The alert rules speak of metrics that there are, and of nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from api.metrics import Counted, Metrics
from domain.watch import Code

ROOT = Path(__file__).parents[2]
RULES: Any = YAML(typ="safe").load((ROOT / "deploy" / "prometheus-rules.yml").read_text())
OURS = re.compile(r"\banswerable_\w+")


async def served() -> set[str]:
    text = await Metrics().text(Counted(findings=dict.fromkeys(Code, 0)))
    families = text_string_to_metric_families(text.decode())
    return {sample.name for family in families for sample in family.samples}


async def test_every_rule_is_about_a_metric_that_is_served_and_says_what_to_do() -> None:
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]
    names = [name for rule in rules for name in OURS.findall(rule["expr"])]

    assert set(names) <= await served()
    assert all(rule["annotations"]["summary"] for rule in rules)
    assert all(rule["annotations"]["description"] for rule in rules)


async def test_the_rule_in_the_document_is_the_rule_in_the_file() -> None:
    document = (ROOT / "docs" / "operations.md").read_text()
    expressions = re.findall(r"^  expr: (.+)$", document, re.MULTILINE)

    assert expressions == [RULES["groups"][0]["rules"][0]["expr"]]
