"""Children that end with their parent, however the parent ends.

Two sides live here. ``start`` is for `answerable up` and for tests: it starts a program through a
guard and gives back a ``Child``. The guard itself is this module, run as
``python -m answerable.guard -- CMD``: it starts CMD in a process group of its own and takes that
group down when the parent says so, when the parent is gone (killed with SIGKILL, too), or when
CMD ends and leaves others behind.

The lifeline between the two is a pair of sockets of which only the parent holds one end, so the
end of the parent is the end of the stream, on every Unix. Guard and CMD each lead a session of
their own: Ctrl-C reaches the parent alone, and the parent decides in which order things end.
A descendant that makes itself a session of its own has left the group and is not followed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from domain.errors import AnswerableError

if TYPE_CHECKING:
    # A guard never awaits anything: without asyncio it starts in half the time and memory.
    import asyncio

GRACE_SECONDS = 15.0
"""How long a program may take to end by itself before its group is killed. The embedded Temporal
server was measured at 1.5 s; a worker lets its activities finish."""

UNANSWERED_SECONDS = 5.0
"""How much longer than its program's grace a guard may take before it is killed itself."""

POLL_SECONDS = 0.05
"""Between two looks at a group that is ending: its members are not all children of the guard."""

KILLED_SECONDS = 2.0
"""How long a group that was killed may take to be gone. What then remains is a process held by
the kernel or a zombie of some other parent; nobody can do more about it."""

NOT_STARTED = 127
"""A guard's exit status if the program could not be started, as in a shell."""

LIFELINE = 0
"""Where a guard finds its parent: standard input."""

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


class ChildNotStarted(AnswerableError):
    """A program of the stack could not be started; the message says which one and why."""


# The parent's side. --------------------------------------------------------------------------


class Child:
    """A running program that ends no later than this process. Made by ``start``."""

    def __init__(
        self,
        name: str,
        pid: int,
        guard: subprocess.Popen[bytes],
        lifeline: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        log_path: Path | None,
    ) -> None:
        import asyncio

        self.name = name
        self.pid = pid
        """The program's own process id, which is also the id of its process group."""
        self.guard_pid = guard.pid
        self.log_path = log_path
        self._guard = guard
        self._reader, self._writer = lifeline
        self._ended = asyncio.create_task(self._watch())

    @property
    def returncode(self) -> int | None:
        """What ``wait`` returns, or None while the program runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """The program's exit status once it and its group are gone; 128 + n if signal n ended it,
        as in a shell."""
        import asyncio

        return await asyncio.shield(self._ended)

    async def stop(self, seconds: float = GRACE_SECONDS) -> int:
        """End the program: SIGTERM to its whole group, SIGKILL after ``seconds``.

        Safe to repeat; a shorter time overtakes a longer one, so that a second Ctrl-C can hurry.
        """
        import asyncio

        if not self._ended.done():
            self._writer.write(f"{seconds}\n".encode())
        try:
            return await asyncio.wait_for(self.wait(), seconds + UNANSWERED_SECONDS)
        except TimeoutError:
            self._guard.kill()
            return await self.wait()

    async def _watch(self) -> int:
        """Wait for the guard. A guard that was killed no longer looks after its group: we do."""
        import asyncio

        with contextlib.suppress(OSError):
            while await self._reader.read(1024):
                pass
        status = await asyncio.to_thread(self._guard.wait)
        self._writer.close()
        if status < 0:
            _signal_group(self.pid, signal.SIGKILL)
        return _shell_status(status)


async def start(
    name: str,
    argv: Sequence[str],
    env: Mapping[str, str] | None = None,
    log_path: Path | None = None,
    *,
    cwd: Path | None = None,
    grace: float = GRACE_SECONDS,
) -> Child:
    """Start a program that will not outlive this process.

    Its output is appended to ``log_path``, or goes where ours goes. ``env`` and ``cwd`` are ours
    unless given. ``grace`` is the seconds between SIGTERM and SIGKILL if this process disappears.
    Raises ChildNotStarted.
    """
    import asyncio

    ours, theirs = socket.socketpair()
    with theirs:
        guard = _spawn(_guard_argv(argv, cwd, grace), env, log_path, theirs.fileno())
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        word, _, rest = (await reader.readline()).decode().strip().partition(" ")
    except BaseException:
        writer.close()  # Cancelled: the guard now ends what it may have started.
        raise
    if word == "pid":
        return Child(name, int(rest), guard, (reader, writer), log_path)
    writer.close()
    await asyncio.to_thread(guard.wait)
    why = rest or f"its guard ended with status {guard.returncode}"
    raise ChildNotStarted(f"{name} could not be started: {why}")


def _guard_argv(argv: Sequence[str], cwd: Path | None, grace: float) -> list[str]:
    place = ["--cwd", str(cwd or Path.cwd()), "--grace", str(grace)]
    return [sys.executable, "-m", "answerable.guard", *place, "--", *argv]


def _spawn(
    argv: list[str], env: Mapping[str, str] | None, log_path: Path | None, lifeline: int
) -> subprocess.Popen[bytes]:
    """Start a guard. Not with asyncio's subprocesses: a loop that ends kills those at once, and a
    killed guard has no time to look after its program."""
    with contextlib.ExitStack() as stack:
        output: IO[bytes] | None = None
        if log_path is not None:
            log_path.parent.mkdir(parents=True, exist_ok=True)
            output = stack.enter_context(log_path.open("ab"))
        return subprocess.Popen(
            argv,
            stdin=lifeline,
            stdout=output,
            stderr=output,
            env=env,
            # From here `-m answerable.guard` is found, installed or not.
            cwd=Path(__file__).parents[1],
            start_new_session=True,
        )


# The guard's side. ---------------------------------------------------------------------------


class Guard:
    """Looks after one program and its process group, in a process that does nothing else."""

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self.group = 0
        self.status: int | None = None
        self.kill_at: float | None = None
        self.give_up_at: float | None = None
        self._lifeline_is_open = True
        self._wakeup = _wake_on(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)

    def run(self, command: Sequence[str], cwd: Path) -> int:
        """Start the program and stay until nothing is left of it; its exit status."""
        _adopt_orphans()
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_guard(),  # noqa: PLW1509 - a guard has one thread
            )
        except OSError as error:
            _report(f"error {error.strerror}: {error.filename or command[0]}")
            return NOT_STARTED
        self.group = process.pid
        _report(f"pid {process.pid}")
        while self._is_needed():
            self._listen()
            self._collect()
            self._act()
        process.returncode = -signal.SIGKILL if self.status is None else self.status
        return _shell_status(process.returncode)

    def _is_needed(self) -> bool:
        if self.give_up_at is not None and time.monotonic() > self.give_up_at:
            return False
        return self.status is None or _signal_group(self.group, 0)

    def _listen(self) -> None:
        """Wait for an order from the parent, its end, a signal, or the next moment to look."""
        wakeup = self._wakeup.fileno()
        sources = [wakeup, LIFELINE] if self._lifeline_is_open else [wakeup]
        is_ending = self.kill_at is not None or self.status is not None
        ready, _, _ = select.select(sources, [], [], POLL_SECONDS if is_ending else None)
        if wakeup in ready and set(self._wakeup.recv(4096)) - {signal.SIGCHLD}:
            self._end_within(self.grace)
        if LIFELINE in ready:
            self._obey()

    def _obey(self) -> None:
        """Read the parent's order: the seconds that the program has left."""
        try:
            data = os.read(LIFELINE, 4096)
        except OSError:  # A parent that was killed before it read our report resets the stream.
            data = b""
        if not data:
            self._lifeline_is_open = False
            self._end_within(self.grace)
        with contextlib.suppress(ValueError):  # Somebody typing at a guard started by hand.
            for seconds in data.split():
                self._end_within(float(seconds))

    def _end_within(self, seconds: float) -> None:
        if self.kill_at is None:
            _signal_group(self.group, signal.SIGTERM)
        kill_at = time.monotonic() + seconds
        self.kill_at = kill_at if self.kill_at is None else min(kill_at, self.kill_at)

    def _collect(self) -> None:
        """Take note of ended children: the program, and on Linux the orphans it left us."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.group:
                    self.status = os.waitstatus_to_exitcode(status)

    def _act(self) -> None:
        """Do what is due: end what an ended program left behind, kill what did not end in time."""
        if self.status is not None and self.kill_at is None:
            self._end_within(self.grace)
        if self.kill_at is not None and time.monotonic() >= self.kill_at:
            _signal_group(self.group, signal.SIGKILL)
            self.give_up_at = self.give_up_at or time.monotonic() + KILLED_SECONDS


def _wake_on(*signals: signal.Signals) -> socket.socket:
    """A socket that becomes readable, with the signal's number, when one of the signals comes."""
    wakeup, waker = socket.socketpair()
    waker.setblocking(False)
    for number in signals:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(waker.detach(), warn_on_full_buffer=False)
    return wakeup


def _prctl(option: int, value: int) -> None:
    """Linux only, and only ever a second net: that it fails is no reason to stop."""
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _adopt_orphans() -> None:
    """Become the parent of what our program leaves behind: in a container nobody else may collect
    it, and the group would never look gone."""
    if sys.platform == "linux":
        _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _die_with_guard() -> Callable[[], None] | None:
    """What the program does before it becomes itself: ask Linux to kill it if the guard dies."""
    if sys.platform != "linux":
        return None
    guard = os.getpid()

    def ask() -> None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # It died before we could ask.
            os._exit(NOT_STARTED)

    return ask


def _signal_group(group: int, number: int) -> bool:
    """Send a signal (0: none) to a group; whether there was anybody to get it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS refuses for a group of zombies.
        return False
    return True


def _shell_status(status: int) -> int:
    return 128 - status if status < 0 else status


def _report(line: str) -> None:
    """Tell the parent; a guard that was started by hand has none on the other end."""
    if stat.S_ISSOCK(os.fstat(LIFELINE).st_mode):
        with contextlib.suppress(OSError):
            os.write(LIFELINE, f"{line}\n".encode())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m answerable.guard",
        description="Run a program until it ends, standard input closes or a signal comes.",
    )
    parser.add_argument("--grace", type=float, default=GRACE_SECONDS, metavar="SECONDS")
    parser.add_argument("--cwd", type=Path, default=None, metavar="FOLDER")
    parser.add_argument("command", nargs="+", metavar="CMD")
    given = parser.parse_args(arguments)
    return Guard(given.grace).run(given.command, given.cwd or Path.cwd())


if __name__ == "__main__":
    sys.exit(main())
