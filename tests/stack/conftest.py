"""The command line in this very process, on the data folder of the test."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from answerable import cli


@dataclass(frozen=True)
class Result:
    """What a command left: its exit status, and what it said on both streams."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command as its process would, on ``tmp_path`` as the data folder."""
    for name in [n for n in os.environ if n.startswith(("ANSWERABLE_", "TEMPORAL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ANSWERABLE_DATA", str(tmp_path))
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Result(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture(autouse=True)
def _process_as_it_was() -> Iterator[None]:
    """A command owns its process, its environment and its logging; here they are pytest's."""
    root, environment = logging.getLogger(), dict(os.environ)
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    os.environ.clear()
    os.environ.update(environment)
