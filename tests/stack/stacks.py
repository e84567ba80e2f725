"""A whole `answerable up` as a process of its own, watched from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

START = 90.0
"""Seconds a stack may take to be up on a machine that has much else to do."""


def clean_environment() -> dict[str, str]:
    """Ours without what would lead a stack elsewhere."""
    theirs = ("ANSWERABLE_", "TEMPORAL_")
    return {k: v for k, v in os.environ.items() if not k.startswith(theirs)}


def answerable(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "answerable", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=START,
        env=clean_environment(),
        check=False,
    )


class Up:
    """A running `answerable up`."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.data = data
        self.output = data.with_name(f"{data.name}.out")
        self._seen: dict[int, psutil.Process] = {}
        with self.output.open("ab") as output:
            self._offset = output.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "answerable", "up", "--data", str(data), *arguments],
                stdout=output,
                stderr=output,
                env=clean_environment(),
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_bytes()[self._offset :].decode()

    def until_up(self) -> Up:
        def is_up() -> bool:
            assert self.process.poll() is None, self.said
            return "Answerable is up" in self.said

        until(is_up, START)
        self.tree()
        return self

    @property
    def told(self) -> dict[str, Any]:
        """What it wrote for other commands to find it."""
        found: dict[str, Any] = json.loads((self.data / "up.json").read_text())
        return found

    def tree(self) -> list[psutil.Process]:
        """Every process it has, or has had when it was looked at before."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            self._seen.setdefault(process.pid, process)
        return list(self._seen.values())

    def find(self, *words: str) -> psutil.Process:
        """The one process of the tree that was called with these words, and is no guard."""
        found = [
            process
            for process in psutil.Process(self.process.pid).children(recursive=True)
            if set(words) <= set(process.cmdline()) and "answerable.guard" not in process.cmdline()
        ]
        assert len(found) == 1, found
        return found[0]

    def interrupt(self) -> int:
        """Ctrl-C; answers the exit status."""
        self.tree()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(START)

    def nothing_is_left(self, seconds: float = 30) -> None:
        """Every process of the tree is gone; fails where one stays."""
        until(lambda: not [p for p in self._seen.values() if is_alive(p)], seconds)

    def get(self, path: str, token: str | None = None) -> Any:
        return ask(f"{self.told['url']}{path}", token)

    def post(self, path: str, token: str, body: Any = None) -> Any:
        return ask(f"{self.told['url']}{path}", token, json.dumps(body or {}).encode())

    def token(self, person: str) -> str:
        return answerable("token", "create", person, data=self.data).stdout.strip()


def ask(url: str, token: str | None = None, body: bytes | None = None) -> Any:
    request = urllib.request.Request(url, body)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(is_true: Callable[[], bool], seconds: float = 30) -> None:
    give_up_at = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < give_up_at, "it never came to pass"
        time.sleep(0.05)


@contextmanager
def up(data: Path, *arguments: str) -> Iterator[Up]:
    """A stack that is up inside the block and gone after it, whatever happens there."""
    stack = Up(data, *arguments)
    try:
        yield stack.until_up()
    finally:
        if stack.process.poll() is None:
            stack.tree()
            stack.process.kill()
            stack.process.wait()
        stack.nothing_is_left()
