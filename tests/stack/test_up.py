"""`answerable up`, with real processes: it serves, it is one of its kind, and it leaves nothing."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.stacks import Up, answerable, is_alive, until, up


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A stack on a folder that nobody would name like this on purpose."""
    with up(tmp_path_factory.mktemp("my stack") / "data 100%? #1") as stack:
        yield stack


def test_one_command_serves_samples_and_cast(running: Up) -> None:
    assert running.get("/healthz")["status"] == "alive"
    assert running.get("/readyz")["status"] == "ready"
    ada, root = running.token("ada"), running.token("root")

    def everything_is_there() -> bool:
        page = running.get("/api/v1/escalations?limit=200", ada)
        return len(page["items"]) > 20

    until(everything_is_there)
    listed = answerable("people", data=running.data).stdout
    assert all(person in listed for person in ("ada", "ben", "cora", "dev", "eve", "root"))
    comment = {
        "channel": "console",
        "external_id": "mine",
        "author": {"handle": "me"},
        "text": "Hello?",
        "posted_at": "2026-01-01T00:00:00Z",
    }
    assert running.post("/api/v1/comments", root, comment)["result"] == "opened"


def test_its_pages_answer_a_browser(running: Up) -> None:
    with urllib.request.urlopen(running.told["url"], timeout=20) as page:
        assert page.headers.get_content_type() == "text/html"
        assert "ada" in page.read().decode()


def test_the_story_can_be_played_on_it(running: Up) -> None:
    result = answerable("story", data=running.data)
    assert result.returncode == 0, result.stderr
    assert "The story went as it should" in result.stdout


def test_other_commands_find_it_by_its_folder(running: Up) -> None:
    result = answerable("doctor", data=running.data)
    assert result.returncode == 0, result.stdout
    assert running.told["temporal"] in result.stdout
    assert "All is well" in result.stdout


def test_a_second_one_on_the_same_folder_is_refused_by_name(running: Up) -> None:
    result = answerable("up", data=running.data)
    assert result.returncode == 1
    assert f"process {running.process.pid}, at {running.told['url']}" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert running.get("/healthz")["status"] == "alive"


def test_a_killed_worker_and_a_killed_api_are_started_again(running: Up) -> None:
    worker, api = running.find("answerable", "worker"), running.find("answerable", "api")
    worker.kill()
    until(lambda: not is_alive(worker) and "The worker ended with status 137" in running.said)
    api.kill()
    until(lambda: "The api ended with status 137" in running.said)

    def both_are_back() -> bool:
        try:
            return bool(running.get("/readyz")["status"] == "ready")
        except OSError:
            return False

    until(both_are_back)
    assert running.find("answerable", "worker").pid != worker.pid


def test_a_second_start_finds_everything_as_it_was_and_a_kill_takes_the_tree(
    tmp_path: Path,
) -> None:
    with up(tmp_path / "data", "--empty") as first:
        told = first.told
        ada, root = first.token("ada"), first.token("root")
        assert first.get("/api/v1/escalations", ada)["items"] == []
        comment = {
            "channel": "console",
            "external_id": "1",
            "author": {"handle": "rider"},
            "text": "No saddle.",
            "posted_at": "2026-01-01T00:00:00Z",
        }
        opened = first.post("/api/v1/comments", root, comment)["escalation_id"]
        claimed = first.post(f"/api/v1/escalations/{opened}/claim", ada)
        assert claimed["stage"] == "preparing"
        assert len(first.tree()) >= 6, "three guards with a child each"
        assert first.interrupt() == 0
        assert "Everything is kept in" in first.said
        first.nothing_is_left(seconds=2)

    # Without --empty: samples are for a first start only.
    with up(tmp_path / "data") as second:
        assert second.told["url"] == told["url"]
        assert second.told["temporal"] == told["temporal"]
        (item,) = second.get("/api/v1/escalations", ada)["items"]
        assert (item["id"], item["owner"]) == (opened, "ada")
        released = second.post(f"/api/v1/escalations/{opened}/release", ada)
        assert released["stage"] == "unclaimed"
        second.tree()
        second.process.kill()
        second.process.wait()
        second.nothing_is_left()


def test_one_that_is_stopped_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    stack = Up(tmp_path / "data")
    until(lambda: len(stack.tree()) > 2)
    stack.process.terminate()
    assert stack.process.wait(60) == 0, stack.said
    stack.nothing_is_left(seconds=2)


def test_the_end_of_temporal_stops_everything_and_is_named(tmp_path: Path) -> None:
    with up(tmp_path / "data", "--empty") as stack:
        stack.find("server", "start-dev").kill()
        assert stack.process.wait(60) == 1
        assert "The Temporal server ended with status 137" in stack.said
        assert "temporal.log" in stack.said
        stack.nothing_is_left(seconds=2)


def test_a_port_that_was_asked_for_and_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = answerable("up", "--port", port, data=tmp_path / "data")
    assert result.returncode == 1
    assert f"Port {port} is taken by another program" in result.stderr
    assert not (tmp_path / "data" / "temporal.db").exists()
