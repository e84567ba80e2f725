"""The tables of docs/api.md are what the door takes and answers."""

from __future__ import annotations

import re
from pathlib import Path

from api.bodies import BODIES, Body
from api.health import CHECKS
from api.intake import MOST, Result
from domain import drafts
from domain.kinds import KINDS
from store.queries import LIMIT

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
COMMAND = re.compile(r"^\| (\w*) ?\| `(\w+)` \| (.*?) ?\| (.+) \|$", re.MULTILINE)

Row = tuple[str, str, str, str]


def told() -> list[Row]:
    """Kind, command, fields and who may, as the table of commands says."""
    section = TEXT.partition("## Commands")[2].partition("## Reading")[0]
    rows: list[Row] = []
    kind = ""
    for named, command, fields, who in COMMAND.findall(section):
        kind = named or kind
        rows.append((kind, command, fields, who))
    return rows


def fields_of(body: type[Body]) -> str:
    own = {n: f for n, f in body.model_fields.items() if n != "expected_seq"}
    return ", ".join(f"`{n}`" + ("" if f.is_required() else "?") for n, f in own.items())


def test_every_command_is_told_with_its_fields_and_who_may_send_it() -> None:
    taken = {
        (kind, command, fields_of(body), KINDS[kind].rights[command].who)
        for kind, bodies in BODIES.items()
        for command, body in bodies.items()
    }
    assert set(told()) == taken


def test_every_result_of_a_comment_is_told() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| it ", TEXT, re.MULTILINE)) == set(Result)


def test_the_limits_are_told() -> None:
    assert f"a list of up to {MOST:,}" in TEXT
    assert f"`limit` is at most {LIMIT}" in TEXT


def test_every_kind_of_draft_and_how_long_they_are_kept_is_told() -> None:
    section = TEXT.partition("## Drafts")[2].partition("## When")[0]
    named = re.search(r"`kind` \((.+?)\)", section)
    assert named
    assert set(re.findall(r"`(\w+)`", named[1])) == set(drafts.DraftKind)
    assert f"Of a case {drafts.MOST} versions are kept" in section
    assert f"the last {drafts.LAST} of all" in section
    assert drafts.KEPT_FOR.days == 30


def test_every_part_that_readiness_names_is_told() -> None:
    assert f"part:\n{', '.join(CHECKS)}." in TEXT
