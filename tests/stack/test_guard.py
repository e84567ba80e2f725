"""The guard, with real processes: whatever happens to a parent, nothing of its children stays."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from answerable import guard
from answerable.guard import Child

FAMILY = """
import os, pathlib, signal, subprocess, sys, time
folder, ignores = pathlib.Path(sys.argv[1]), sys.argv[2:] == ["deaf"]
if ignores:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
(folder / "new").write_text(f"{os.getpid()} {grandchild.pid}")
(folder / "new").rename(folder / "family")
time.sleep(600)
"""
"""A child with a grandchild, who write down their process ids; told to, both are deaf to SIGTERM
(what is ignored stays ignored in a new program)."""

PARENT = """
import asyncio, pathlib, sys
from answerable import guard

async def main():
    await guard.start("family", sys.argv[1:], log_path=pathlib.Path("family.log"), grace=1)
    {ending}

asyncio.run(main())
"""
"""A parent that starts argv through a guard, and then ends in a way of its own."""


def family(folder: Path, *how: str) -> list[str]:
    return [sys.executable, "-c", FAMILY, str(folder), *how]


async def until(is_true: Callable[[], bool], seconds: float = 15) -> None:
    give_up_at = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < give_up_at, "it never came to pass"
        await asyncio.sleep(0.02)


async def members(folder: Path) -> list[psutil.Process]:
    """Child and grandchild, once they have said who they are."""
    await until((folder / "family").exists)
    return [psutil.Process(int(pid)) for pid in (folder / "family").read_text().split()]


def lives(process: psutil.Process) -> bool:
    """Whether it runs; one that ended and waits to be collected by somebody else does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until_gone(*processes: psutil.Process, seconds: float = 15) -> None:
    await until(lambda: not any(map(lives, processes)), seconds)


@pytest.fixture
async def started() -> AsyncIterator[list[Child]]:
    """Children to be stopped after the test, whatever became of it."""
    children: list[Child] = []
    yield children
    for child in children:
        await child.stop(0)


def parent(folder: Path, argv: list[str], ending: str) -> subprocess.Popen[bytes]:
    """A separate Python process that starts ``argv`` and ends as told."""
    code = PARENT.format(ending=ending)
    root = str(Path(guard.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", code, *argv],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        stderr=subprocess.DEVNULL,
    )


def lone_guard(argv: list[str]) -> subprocess.Popen[bytes]:
    """A guard as somebody at a shell would start it, with a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "answerable.guard", "--", *argv],
        stdin=subprocess.PIPE,
        cwd=Path(guard.__file__).parents[1],
    )


async def test_child_and_grandchild_die_when_their_parent_is_killed(tmp_path: Path):
    with parent(tmp_path, family(tmp_path), "await asyncio.sleep(600)") as doomed:
        kin = await members(tmp_path)
        assert all(map(lives, kin))
        doomed.kill()
    await until_gone(*kin)


async def test_children_deaf_to_sigterm_also_die_when_their_parent_is_killed(tmp_path: Path):
    with parent(tmp_path, family(tmp_path, "deaf"), "await asyncio.sleep(600)") as doomed:
        kin = await members(tmp_path)
        doomed.kill()
    await until_gone(*kin)


async def test_children_die_when_their_parent_fails_without_stopping_them(tmp_path: Path):
    wait = "while not pathlib.Path('seen').exists(): await asyncio.sleep(0.01)"
    with parent(tmp_path, family(tmp_path), f"{wait}\n    raise SystemExit(3)") as failing:
        kin = await members(tmp_path)
        (tmp_path / "seen").touch()
    assert failing.returncode == 3
    await until_gone(*kin)


async def test_stopping_a_child_ends_its_grandchild_too(tmp_path: Path, started: list[Child]):
    child = await guard.start("family", family(tmp_path))
    started.append(child)
    kin = await members(tmp_path)
    assert child.pid == kin[0].pid
    assert child.returncode is None
    assert await child.stop(10) == 128 + signal.SIGTERM
    assert not any(map(lives, kin))
    assert child.returncode == 128 + signal.SIGTERM


async def test_a_child_that_ignores_sigterm_is_killed_when_its_time_is_up(
    tmp_path: Path, started: list[Child]
):
    child = await guard.start("deaf", family(tmp_path, "deaf"))
    started.append(child)
    kin = await members(tmp_path)
    asked_at = time.monotonic()
    assert await child.stop(0.5) == 128 + signal.SIGKILL
    assert 0.5 <= time.monotonic() - asked_at < 5
    assert not any(map(lives, kin))


async def test_a_second_stop_can_hurry_the_first(tmp_path: Path, started: list[Child]):
    child = await guard.start("deaf", family(tmp_path, "deaf"))
    started.append(child)
    await members(tmp_path)
    patient = asyncio.create_task(child.stop(60))
    await asyncio.sleep(0.1)
    assert await child.stop(0) == 128 + signal.SIGKILL
    assert await patient == 128 + signal.SIGKILL


async def test_a_guard_that_is_killed_takes_child_and_grandchild_along(
    tmp_path: Path, started: list[Child]
):
    child = await guard.start("family", family(tmp_path, "deaf"))
    started.append(child)
    kin = await members(tmp_path)
    os.kill(child.guard_pid, signal.SIGKILL)
    assert await child.wait() == 128 + signal.SIGKILL
    await until_gone(*kin)


async def test_linux_kills_the_child_of_a_killed_guard_without_any_parent(tmp_path: Path):
    if sys.platform != "linux":
        return  # Elsewhere the parent does it, as the test above has shown.
    with lone_guard(family(tmp_path, "deaf")) as lone:
        child, grandchild = await members(tmp_path)
        lone.kill()
        await until_gone(child)
        grandchild.kill()


async def test_a_guard_started_by_hand_ends_its_group_when_its_input_closes(tmp_path: Path):
    with lone_guard(family(tmp_path)) as lone:
        kin = await members(tmp_path)
        assert lone.stdin is not None
        lone.stdin.close()
        await until_gone(*kin)
    assert lone.returncode == 128 + signal.SIGTERM


async def test_sigterm_to_the_guard_ends_its_group(tmp_path: Path, started: list[Child]):
    child = await guard.start("family", family(tmp_path))
    started.append(child)
    kin = await members(tmp_path)
    os.kill(child.guard_pid, signal.SIGTERM)
    assert await child.wait() == 128 + signal.SIGTERM
    assert not any(map(lives, kin))


async def test_what_a_child_leaves_behind_is_ended_when_it_ends(
    tmp_path: Path, started: list[Child]
):
    child = await guard.start("family", family(tmp_path))
    started.append(child)
    leader, orphan = await members(tmp_path)
    leader.kill()
    assert await child.wait() == 128 + signal.SIGKILL
    assert not lives(orphan)


async def test_ctrl_c_at_the_terminal_reaches_neither_guard_nor_child(started: list[Child]):
    child = await guard.start("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"])
    started.append(child)
    sessions = {os.getsid(pid) for pid in (os.getpid(), child.guard_pid, child.pid)}
    assert len(sessions) == 3, "a terminal signals the processes of one session"


@pytest.mark.parametrize("status", [0, 7])
async def test_the_exit_status_is_passed_on(status: int):
    child = await guard.start("exits", [sys.executable, "-c", f"raise SystemExit({status})"])
    assert await child.wait() == status
    assert await child.stop() == status


async def test_a_child_killed_by_a_signal_counts_as_in_a_shell():
    child = await guard.start(
        "aborts", [sys.executable, "-c", "import os; os.kill(os.getpid(), 6)"]
    )
    assert await child.wait() == 128 + signal.SIGABRT


async def test_output_is_appended_to_the_log(tmp_path: Path):
    log_path = tmp_path / "logs" / "speaker.log"
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    for _ in range(2):
        child = await guard.start("speaker", [sys.executable, "-c", code], log_path=log_path)
        assert await child.wait() == 0
    assert log_path.read_text() == "out\nerr\n" * 2


async def test_a_child_gets_the_environment_and_the_folder_it_was_given(tmp_path: Path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    code = "import json, os; print(json.dumps([os.getcwd(), os.environ.get('GREETING')]))"
    child = await guard.start(
        "teller",
        [sys.executable, "-c", code],
        {"GREETING": "good morning"},
        tmp_path / "log",
        cwd=folder,
    )
    assert await child.wait() == 0
    cwd, greeting = json.loads((tmp_path / "log").read_text())
    assert Path(cwd) == folder.resolve()
    assert greeting == "good morning"


async def test_a_program_that_does_not_exist_is_named(tmp_path: Path):
    with pytest.raises(guard.ChildNotStarted, match=r"^oracle could not be started: .*/no/oracle"):
        await guard.start("oracle", [f"{tmp_path}/no/oracle"])
