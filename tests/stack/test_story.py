"""`answerable story`: it passes on a sound service, and notices one that is not."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from answerable.scenes import Differs, Stage
from domain.ledger import GENESIS, digest, link
from tests.stack.stacks import clean_environment


def test_the_story_passes_on_a_stack_of_its_own_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = clean_environment() | {
        "TMPDIR": str(tmp_path),
        # A throw-away stack must not touch what these lead to.
        "ANSWERABLE_DATA": str(tmp_path / "real"),
        "ANSWERABLE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/real",
    }
    done = subprocess.run(
        [sys.executable, "-m", "answerable", "story", "--throwaway"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The story went as it should" in done.stdout
    for told in ("already claimed by ada", "commitment:promise:kept", "each linked to the one"):
        assert told in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert tempfile.gettempdir() != str(tmp_path)


class Recorded(Stage):
    """A stage whose service answers these histories."""

    histories: dict[str, list[dict[str, Any]]]

    def entries(self, stream: str) -> list[dict[str, Any]]:
        return self.histories[stream]


def history(stream: str, *names: str) -> list[dict[str, Any]]:
    """A sound history of facts with these names."""
    entries, previous = [], GENESIS
    for seq, name in enumerate(names, 1):
        body = f'{{"name":"{name}","seq":{seq},"stream":"{stream}"}}'
        made = link(previous, body)
        entries.append(
            {
                "seq": seq,
                "name": name,
                "canonical": body,
                "digest": digest(body),
                "previous": previous,
                "hash": made,
            }
        )
        previous = made
    return entries


@pytest.fixture
def stage(tmp_path: Path) -> Recorded:
    stage = Recorded("http://127.0.0.1:9", {"dev": "token"}, tmp_path, lambda line: None)
    stage.histories = {"escalation/1": history("escalation/1", "a:b:c", "d:e:f")}
    return stage


def test_a_sound_history_verifies(stage: Recorded) -> None:
    assert stage.verify("escalation/1") == 2


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        (0, "canonical", '{"name":"a:b:c","seq":1,"stream":"escalation/1","more":1}'),
        (0, "name", "x:y:z"),
        (1, "previous", GENESIS),
        (1, "hash", "0" * 64),
        (1, "digest", "0" * 64),
        (1, "seq", 3),
    ],
)
def test_the_story_notices_whatever_was_changed(
    stage: Recorded, place: int, name: str, value: object
) -> None:
    stage.histories["escalation/1"][place][name] = value
    with pytest.raises(Differs):
        stage.verify("escalation/1")


def test_the_story_notices_an_entry_that_was_taken_out(stage: Recorded) -> None:
    del stage.histories["escalation/1"][0]
    with pytest.raises(Differs, match="its seq"):
        stage.verify("escalation/1")


def test_the_story_notices_a_fact_that_should_not_be_there(stage: Recorded) -> None:
    with pytest.raises(Differs, match=r"should be \['a:b:c', 'x:y:z'\]"):
        stage.recorded("escalation/1", "a:b:c", "x:y:z")
    with pytest.raises(Differs, match=r"should be \[\]"):
        stage.recorded("escalation/1")
