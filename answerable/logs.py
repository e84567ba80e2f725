"""One plain line a message on standard error: moment, level, logger, message as key=value.

What is logged are ids, counts and reasons; texts of people and their names are never handed to a
logger. The level is ``ANSWERABLE_LOG_LEVEL`` (INFO unless set).
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime

from domain.base import iso

LEVEL = "ANSWERABLE_LOG_LEVEL"

QUIET = ("httpx", "httpcore", "alembic", "asyncio")
"""Libraries whose everyday messages say nothing that ours do not."""


class OneLine(logging.Formatter):
    """A line stays one line: an error's trace is folded into it."""

    def format(self, record: logging.LogRecord) -> str:
        moment = iso(datetime.fromtimestamp(record.created, UTC))
        level = record.levelname.lower()
        line = f"at={moment} level={level} from={record.name} message={_quoted(record)}"
        if record.exc_info:
            line += f" trace={json.dumps(self.formatException(record.exc_info))}"
        return line


def _quoted(record: logging.LogRecord) -> str:
    return json.dumps(record.getMessage(), ensure_ascii=False)


def start() -> None:
    """Let this process log. An unknown level counts as INFO and is named."""
    wanted = os.environ.get(LEVEL, "INFO").upper()
    level = logging.getLevelNamesMapping().get(wanted)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level or logging.INFO, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, level or 0))
    if level is None:
        logging.getLogger("answerable").warning("%s=%s is not a level; using INFO", LEVEL, wanted)
