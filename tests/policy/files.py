"""Policy files to start from."""

from __future__ import annotations

from datetime import date

from domain.policy import Policy
from policy.checks import People
from policy.file import Examined, examine

SINCE, UNTIL = date(2026, 1, 1), date(2029, 12, 31)

SMALL = """
[teams]
care = "Customer care"

[channels.blog]
kind = "console"
team = "care"
"""


def look_at(text: str, people: People | None = None) -> Examined:
    return examine(text, SINCE, UNTIL, people)


def compiled(text: str) -> Policy:
    """The policy of a file that has no errors."""
    found = look_at(text)
    assert found.errors == (), [str(e) for e in found.errors]
    assert found.policy is not None
    return found.policy


def errors(text: str, people: People | None = None) -> list[str]:
    return [str(error) for error in look_at(text, people).errors]


def warnings(text: str, people: People | None = None) -> list[str]:
    return [str(warning) for warning in look_at(text, people).warnings]
