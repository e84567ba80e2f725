"""Answers that anybody may keep a while: their validators, and 304 where nothing has changed.

The tag of an answer is a digest of the very values it is made from, and of the code that makes it.
So it is a strong one, the same from every process, and known before a page is built.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response

import texts

MAX_AGE = 60
"""Seconds for which a reader, or a cache on the way, need not ask again."""

STALE = 600
"""Seconds for which a cache may answer with what it has while it asks again."""

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Last-Modified",
}
"""For what programs on any site may read. No cookie is ever looked at, so there is none to lend."""


def _build() -> str:
    """What tells one build of the door from another: any change may change an answer's bytes."""
    home, found = Path(__file__).parent, hashlib.sha256()
    for folder in (home, Path(texts.__file__).parent):
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".html", ".css", ".js", ".svg", ".po") and file.is_file():
                found.update(file.read_bytes())
    return found.hexdigest()


BUILD = _build()


def etag_of(*content: Any) -> str:
    """The tag of an answer made from these values, which JSON must be able to say."""
    spelled = json.dumps([BUILD, *content], sort_keys=True, default=str)
    return f'"{hashlib.sha256(spelled.encode()).hexdigest()[:32]}"'


def cached(
    request: Request,
    etag: str,
    build: Callable[[], Response],
    *,
    modified: datetime | None = None,
    is_dated: bool = False,
    is_open: bool = False,
    more: Mapping[str, str] | None = None,
) -> Response:
    """The answer with its validators, or 304 without building it.

    ``modified`` is told; only where it says all that can change (``is_dated``) does a request that
    knows nothing but a date get 304 by it. ``is_open``: programs on other sites may read it.
    ``more`` are headers that belong to both answers.
    """
    headers = {
        "ETag": etag,
        "Cache-Control": f"public, max-age={MAX_AGE}, stale-while-revalidate={STALE}",
    } | (CORS if is_open else {})
    headers |= more or {}
    if modified is not None:
        headers["Last-Modified"] = format_datetime(modified.replace(microsecond=0), usegmt=True)
    if _is_known(request, etag, modified if is_dated else None):
        return Response(status_code=304, headers=headers)
    response = build()
    response.headers.update(headers)
    return response


def _is_known(request: Request, etag: str, modified: datetime | None) -> bool:
    """After RFC 9110, 13.2.2: a tag that was sent decides, and a date only where none was."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or etag in re.findall(r'"[^"]*"', tags)
    since = request.headers.get("if-modified-since")
    if since is None or modified is None:
        return False
    try:
        return modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


@dataclass
class Fresh:
    """Values that are costly to find and may be a few seconds old, by what they depend on."""

    most: int = 64
    making: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """Held by whoever finds a value anew, so that a crowd waits for one instead of finding many."""
    _kept: dict[Any, tuple[float, Any]] = field(default_factory=dict)

    def find(self, key: Any, seconds: float) -> Any | None:
        known = self._kept.get(key)
        return known[1] if known and time.monotonic() - known[0] < seconds else None

    def keep(self, key: Any, value: Any) -> None:
        if len(self._kept) >= self.most:
            self._kept.clear()
        self._kept[key] = (time.monotonic(), value)
