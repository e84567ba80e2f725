"""A channel on this very machine: every post is one JSON line in ``<data>/console.jsonl``.

Good for trying things out, and as real as any other: what is in the file has been published. Each
call reads the file from its start, so it is not meant for millions of posts. Needs ``fcntl``,
that is Linux or macOS.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Literal

from channels.base import Outcome, Sighting, Utterance
from config.settings import Settings
from domain.base import iso
from domain.policy import Channel
from domain.post import FindResult, PublishResult


class ConsoleNetwork:
    def __init__(self, channel_id: str, channel: Channel, settings: Settings) -> None:
        self._path = settings.data / "console.jsonl"

    async def publish(self, utterance: Utterance) -> Outcome:
        """A post that is in the file already is published all the same, and not written again."""
        return await asyncio.to_thread(_publish, self._path, utterance)

    async def find(self, post_id: str) -> Sighting:
        return await asyncio.to_thread(_find, self._path, post_id)

    async def aclose(self) -> None:
        """Nothing stays open between two calls."""


def _publish(path: Path, utterance: Utterance) -> Outcome:
    began = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path, "a+", fcntl.LOCK_EX) as file:
            lines = _whole_lines(file)
            if not _holds(lines, utterance.post_id):
                began = True
                _append(file, len(lines), _line(utterance))
    except OSError:
        # A full disk may have taken the line or not: look before writing it again.
        result = PublishResult.UNCLEAR if began else PublishResult.NOT_SENT
        return Outcome(result=result, code="file_error")
    return Outcome(result=PublishResult.PUBLISHED, external_id=utterance.post_id)


def _find(path: Path, post_id: str) -> Sighting:
    try:
        with _locked(path, "r", fcntl.LOCK_SH) as file:
            is_there = _holds(_whole_lines(file), post_id)
    except FileNotFoundError:
        return Sighting(result=FindResult.ABSENT)
    except OSError:
        return Sighting(result=FindResult.UNAVAILABLE)
    if not is_there:
        return Sighting(result=FindResult.ABSENT)
    return Sighting(result=FindResult.FOUND, external_id=post_id)


@contextmanager
def _locked(path: Path, mode: Literal["a+", "r"], lock: int) -> Iterator[FileIO]:
    """The open file, unbuffered, under a lock between threads as well as between processes.

    That is why it is ``flock``: a lock by ``lockf`` belongs to the whole process and would let
    two threads write at once.
    """
    with FileIO(path, mode) as file:
        fcntl.flock(file, lock)
        yield file


def _whole_lines(file: FileIO) -> bytes:
    """What the file holds up to its last line end: a line that a crash tore does not count."""
    file.seek(0)
    content = file.read()
    return content[: content.rfind(b"\n") + 1]


def _append(file: FileIO, whole: int, line: bytes) -> None:
    """Write the line behind the whole ones, and do not return before it is on the disk.

    A torn line is cut off. Ending it instead could turn a line that nobody counted into one that
    is found, after the same post has been written again.
    """
    file.truncate(whole)
    rest = memoryview(line)
    while rest:
        rest = rest[file.write(rest) :]
    os.fsync(file.fileno())


def _line(utterance: Utterance) -> bytes:
    fields = {
        "post_id": utterance.post_id,
        "at": iso(datetime.now(UTC)),
        "channel": utterance.channel,
        "in_reply_to": utterance.in_reply_to,
        "conversation": utterance.conversation,
        "text": utterance.public_text,
    }
    if utterance.corrects:
        fields |= {"kind": utterance.kind, "corrects": utterance.corrects.post_id}
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _holds(lines: bytes, post_id: str) -> bool:
    needle = json.dumps(post_id, ensure_ascii=False).encode()
    # The id is looked for in the raw bytes first, which spares parsing all the other lines.
    if needle not in lines:
        return False
    return any(_is_post(line, post_id) for line in lines.split(b"\n") if needle in line)


def _is_post(line: bytes, post_id: str) -> bool:
    try:
        fields = json.loads(line)
    except ValueError:
        return False
    return isinstance(fields, dict) and fields.get("post_id") == post_id
