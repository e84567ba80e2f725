"""The table of settings in docs/operations.md is the settings there are."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from answerable import logs
from api.metrics import Metrics
from config.settings import Settings

TEXT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
ROW = re.compile(r"^\| `(ANSWERABLE_\w+)` \| (?:`(.+?)`)? ?\| (.+) \|$", re.MULTILINE)

OTHER = {logs.LEVEL: "INFO"}
"""What is read before the settings are."""


def told() -> dict[str, str]:
    rows = ROW.findall(TEXT)
    assert all(meaning for _, _, meaning in rows)
    return {name: default for name, default, _ in rows}


def in_the_code() -> dict[str, str]:
    fields = Settings.model_fields.items()
    return {f"ANSWERABLE_{name.upper()}": spelt(field.default) for name, field in fields} | OTHER


def spelt(default: Any) -> str:
    """A default as it would be written into the environment; nothing for none."""
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case StrEnum() | Path() | str() | int() | float():
            return str(default)
        case {}:
            return "{}"
        case _:
            raise AssertionError(f"how is {default!r} written?")


def test_every_setting_is_told_with_its_default_and_no_other() -> None:
    assert told() == in_the_code()


def test_the_defaults_are_what_an_empty_environment_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in told():
        monkeypatch.delenv(name, raising=False)
    settings = Settings()
    assert settings.port == int(told()["ANSWERABLE_PORT"])
    assert settings.data == Path(told()["ANSWERABLE_DATA"]).absolute()


def test_every_metric_of_ours_is_told_and_no_other() -> None:
    named = set(re.findall(r"^\| `(answerable_\w+)", TEXT, re.MULTILINE))
    ours = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in Metrics().registry.collect()
    }
    assert named == ours
