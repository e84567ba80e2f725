"""docs/rights.md is what the rules and the routes say."""

from __future__ import annotations

from pathlib import Path

from api.rights import text
from domain import rights
from domain.kinds import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "rights.md"


def test_the_page_of_rights_is_what_the_code_says() -> None:
    assert PAGE.read_text() == text(), "write it anew: python -m api.rights > docs/rights.md"


def test_every_act_of_every_kind_is_in_the_table() -> None:
    told = {(row.kind, row.act) for row in rights.table()}
    assert told == {(kind.name, act) for kind in KINDS.values() for act in kind.rights}
    assert all(row.grants and row.stages for row in rights.table())


def test_what_is_for_machines_is_for_nobody_else() -> None:
    for row in rights.table():
        roles = {role for role, _ in row.grants}
        assert (roles == {"service"}) is row.is_machine, row
