"""Histories of yesterday that today's code must be able to replay.

``make histories`` plays the workflow tests and saves what they left on the server. A file once
committed stays: it stands for workflows that are running somewhere with exactly that past.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path

from temporalio.client import Client, WorkflowHistory

FOLDER = Path(__file__).parent
MANIFEST = FOLDER / "manifest.json"


def load_all() -> dict[str, WorkflowHistory]:
    """Every committed history by file name; the manifest knows the workflow id of each."""
    manifest = json.loads(MANIFEST.read_text())
    return {
        name: WorkflowHistory.from_json(
            entry["workflow_id"], gzip.decompress((FOLDER / name).read_bytes()).decode()
        )
        for name, entry in manifest.items()
    }


async def save_if_asked(client: Client) -> None:
    """Save what a test left on its server, where ``make histories`` runs it."""
    if folder := os.environ.get("ANSWERABLE_RECORD_HISTORIES"):
        await save_all(client, Path(folder), os.environ["PYTEST_CURRENT_TEST"])


async def save_all(client: Client, folder: Path, test: str) -> None:
    """Save every workflow of the namespace under the name of the test that made it."""
    manifest_path = folder / MANIFEST.name
    manifest = json.loads(manifest_path.read_text()) if manifest_path.exists() else {}
    story = re.sub(r"\W+", "_", test.partition("::test_")[2].partition("[")[0].partition(" ")[0])
    counts: dict[str, int] = {}
    async for execution in client.list_workflows():
        kind = execution.id.partition("/")[0]
        if kind == "upkeep":
            continue
        history = await client.get_workflow_handle(
            execution.id, run_id=execution.run_id
        ).fetch_history()
        if not any(e.HasField("workflow_task_completed_event_attributes") for e in history.events):
            continue  # Nothing has been decided yet: a replay would wait for it for ever.
        counts[kind] = counts.get(kind, 0) + 1
        name = f"{story[:60]}.{kind}{counts[kind]}.json.gz"
        text = json.dumps(json.loads(history.to_json()), separators=(",", ":"))
        (folder / name).write_bytes(gzip.compress(text.encode(), mtime=0))
        manifest[name] = {"workflow_id": execution.id, "events": len(history.events)}
    manifest_path.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
