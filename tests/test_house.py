"""The rules of the house: which way imports point, what may not be written down anywhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (
    "domain", "config", "policy", "store", "channels", "language", "texts", "intake", "activities",
    "workflows", "api", "answerable",
)  # fmt: skip


def _files(*suffixes: str) -> list[Path]:
    """The project's own files, whether or not git is there to tell them."""
    left_out = {".venv", ".git", "data", "node_modules", "dist", "build", "__pycache__"}
    return [
        path
        for path in ROOT.rglob("*")
        if path.suffix in suffixes
        and path.is_file()
        and not any(p in left_out or p.endswith("_cache") for p in path.parts)
    ]


def _sources() -> list[Path]:
    return [path for path in _files(".py") if path.relative_to(ROOT).parts[0] in ROOMS]


def test_imports_only_ever_point_down_the_house() -> None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("check", [["check"], ["format", "--check"]])
def test_the_code_reads_in_one_style(check: list[str]) -> None:
    """Among it: no clock, chance or zone data in domain and workflows."""
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *check, "--no-cache", "."],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_clock_in_the_domain_is_caught(tmp_path: Path) -> None:
    """The ban is real: ruff says so where somebody reads the clock in the rules."""
    code = "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n"
    result = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename",
         str(ROOT / "domain" / "clock.py"), "-"],
        check=False, input=code, cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "TID251" in result.stdout


def test_the_locks_carry_hashes_and_name_no_index_and_no_machine() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert not re.search(r"https?://|--index|file:|/home/|/root/|/work/", text), lock.name
        pinned = re.findall(r"^[a-z0-9][\w.\[\]-]*==\S+", text, re.MULTILINE | re.IGNORECASE)
        assert len(pinned) > 20
        assert text.count("--hash=sha256:") >= len(pinned), lock.name


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    pattern = re.compile(r"/(?:home|root|Users|work)/\w+")
    allowed = {"test_house.py"}
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in _files(".py", ".md", ".toml", ".yml", ".yaml", ".txt", ".json", ".html")
        if path.name not in allowed
        for match in pattern.finditer(path.read_text(errors="replace"))
    ]
    assert found == []


def test_nothing_is_left_unfinished() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError\(\))\b")
    found = [str(p.relative_to(ROOT)) for p in _sources() if marks.search(p.read_text())]
    assert found == []


def test_files_and_functions_tell_one_story_each() -> None:
    """No file over 800 lines, and at most three functions in a hundred over fifty."""
    big = [p.name for p in _sources() if p.read_text().count("\n") > 800]
    assert big == []
    lengths = [
        (node.end_lineno or 0) - node.lineno + 1
        for path in _sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = sum(length > 50 for length in lengths)
    assert long <= 0.03 * len(lengths)


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in _sources()
        if path.name != "__init__.py" and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_a_class_is_styled_in_one_place() -> None:
    """A page gets all sheets at once, so that a name with two meanings has neither."""
    places: dict[str, set[str]] = {}
    for sheet in sorted((ROOT / "api" / "static" / "style").glob("*.css")):
        # What stands in a column of its own is a rule for every width, theme and printer.
        for name in re.findall(r"^\.([\w-]+)(?:,| \{)$", sheet.read_text(), re.MULTILINE):
            places.setdefault(name, set()).add(sheet.name)
    assert len(places) > 100
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
