"""`answerable import`: other people's files, with everything that is wrong with them."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from temporalio.client import Client

from answerable import sources
from answerable.sources import Format
from store import inbox, tables
from store.database import Database
from tests.builders import Service
from tests.stack.conftest import Result, Run


def line(**changes: Any) -> dict[str, Any]:
    values = {
        "external_id": "1",
        "author": "rider",
        "text": "No saddle.",
        "posted_at": "2017-05-01T09:00:00+00:00",
    }
    return {k: v for k, v in (values | changes).items() if v is not None}


def jsonl(folder: Path, *lines: dict[str, Any] | bytes, name: str = "comments.jsonl") -> str:
    raw = [entry if isinstance(entry, bytes) else json.dumps(entry).encode() for entry in lines]
    (folder / name).write_bytes(b"\n".join(raw) + b"\n")
    return str(folder / name)


def counts(result: Result) -> dict[str, int]:
    """The report without its zeros."""
    rows = (row.split() for row in result.out.splitlines())
    return {name: int(count) for name, count in rows if count != "0"}


def stored(database: Database) -> list[Any]:
    with database.reading() as session:
        table = tables.Comment
        return list(session.scalars(select(table).order_by(table.external_id)))


def authors(database: Database) -> list[tuple[str, str | None]]:
    with database.reading() as session:
        rows = session.scalars(select(tables.Author).order_by(tables.Author.handle))
        return [(row.handle, row.name) for row in rows]


def test_a_file_of_another_program_is_mapped_and_filtered(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    def theirs(number: int, thread: int, author: str, public: object) -> dict[str, Any]:
        named = line(author=author, id=number, thread=thread, from_public=public)
        return {k: v for k, v in named.items() if k != "external_id"}

    file = jsonl(
        tmp_path,
        theirs(1, 7, "a", True),
        theirs(2, 7, "a", "TRUE"),
        theirs(3, 7, "b", True),
        theirs(4, 7, "us", False),
        theirs(5, 8, "a", None),
    )
    maps = ["--map", "external_id=id", "--map", "conversation_id=thread"]
    result = run("import", file, "--channel", "console", *maps, "--only", "from_public=true")
    assert result.status == 0
    assert counts(result) == {"opened": 2, "joined": 1, "skipped": 2}
    assert [c.external_id for c in stored(sqlite_house)] == ["1", "2", "3"]


def test_run_again_it_changes_nothing_and_tells_edits_apart(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    file = jsonl(tmp_path, line(), line(external_id="2", conversation_id="1"))
    assert counts(run("import", file, "--channel", "console")) == {"opened": 1, "joined": 1}
    assert counts(run("import", file, "--channel", "console")) == {"repeated": 2}
    file = jsonl(tmp_path, line(text="A saddle, but no bell."), line(external_id="2"))
    again = counts(run("import", file, "--channel", "console"))
    assert again == {"revised": 1, "repeated": 1}


def test_what_waits_in_the_inbox_is_said_while_temporal_is_away(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    result = run("import", jsonl(tmp_path, line()), "--channel", "console")
    assert result.status == 0
    assert "1 comments wait safely in the inbox" in result.err


BAD: list[tuple[dict[str, Any] | bytes, str]] = [
    (b"{", "not JSON at character 2"),
    (b'{"text": "\xff"}', "not UTF-8 at byte 11"),
    (b"[1, 2]", "not a JSON object"),
    (b"[" * 200_000, "not JSON that can be read"),
    (line(external_id=None), "external_id is missing"),
    (line(author=None), "author is missing"),
    (line(text=5), "text: "),
    (line(text="\x00"), "text: has the control character U+0000"),
    (line(text="x" * 20_001), "text: the text has 20001 characters"),
    (line(posted_at="2017-05-01T09:00:00"), "posted_at: "),
    (line(posted_at="2999-05-01T09:00:00Z"), "posted_at: posted_at is in the future"),
    (line(author={"handle": "a", "url": "javascript:alert(1)"}), "author.url: "),
]


def test_each_bad_line_is_rejected_by_its_number_and_stops_nothing(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.jsonl"
    file = jsonl(tmp_path, line(), b"", *(bad for bad, _ in BAD), line(external_id="last"))
    result = run("import", file, "--channel", "console", "--rejects", str(rejects))
    assert result.status == 1
    assert counts(result) == {"opened": 2, "rejected": len(BAD)}
    told = [json.loads(reject) for reject in rejects.read_text().splitlines()]
    assert [reject["line"] for reject in told] == list(range(3, 3 + len(BAD)))
    for reject, (_, reason) in zip(told, BAD, strict=True):
        assert reason in reject["reason"]
        assert f"line {reject['line']}: {reject['reason']}" in result.err


def test_of_many_rejected_lines_twenty_are_shown_and_all_are_counted(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    result = run("import", jsonl(tmp_path, *[b"{"] * 25), "--channel", "console")
    assert counts(result) == {"rejected": 25}
    assert result.err.count("line ") == 20
    assert "and 5 more" in result.err


def test_a_reason_repeats_nothing_of_what_somebody_wrote(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    secret = "my phone number is 555-0100"
    file = jsonl(tmp_path, line(text={"body": secret}), line(posted_at=secret), secret.encode())
    result = run("import", file, "--channel", "console")
    assert counts(result) == {"rejected": 3}
    assert "555" not in result.err + result.out


def test_csv_brings_authors_in_columns_and_texts_over_several_lines(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    path = tmp_path / "comments.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(["external_id", "author_handle", "author.name", "text", "posted_at", "url"])
        rows.writerow(["1", "rider", "Rider", 'No "saddle";\nno bell.', line()["posted_at"], ""])
        rows.writerow(["2", "", "", "Who am I?", line()["posted_at"], ""])
        rows.writerow([])
        rows.writerow(["3", "walker", "", "Nice.", line()["posted_at"], "https://a.example/3"])
    result = run("import", str(path), "--channel", "console")
    assert counts(result) == {"opened": 2, "rejected": 1}
    assert "line 4: author is missing" in result.err
    assert authors(sqlite_house) == [("rider", "Rider"), ("walker", None)]
    assert [c.url for c in stored(sqlite_house)] == [None, "https://a.example/3"]


def test_a_broken_row_of_csv_costs_that_row_alone(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    path = tmp_path / "comments.csv"
    head = b"external_id,author,text,posted_at\n"
    good = b"%d,rider,Hello,2017-05-01T09:00:00Z\n"
    bad = [b"2,a,\xff\xfe,2017-05-01T09:00:00Z\n", b'3,"a"b,c\n', b"4,a,b,c,d,e\n"]
    path.write_bytes(head + good % 1 + b"".join(bad) + good % 9)
    result = run("import", str(path), "--channel", "console")
    assert counts(result) == {"opened": 2, "rejected": 3}
    for told in ("line 3: not UTF-8", "line 4: not CSV", "line 5: the row has 6 cells"):
        assert told in result.err


def test_an_author_may_be_a_number_a_name_or_an_object(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    nested = line(external_id=3.0, author=None, user={"login": "c", "title": "Cee"})
    file = jsonl(
        tmp_path,
        line(external_id=1, author=115798),
        line(external_id=2, author={"handle": 5, "name": "Five"}),
    )
    assert counts(run("import", file, "--channel", "console")) == {"opened": 2}
    maps = ["--map", "author.handle=user.login", "--map", "author.name=user.title"]
    file = jsonl(tmp_path, nested)
    assert counts(run("import", file, "--channel", "console", *maps)) == {"opened": 1}
    assert authors(sqlite_house) == [("115798", None), ("5", "Five"), ("c", "Cee")]
    assert [c.external_id for c in stored(sqlite_house)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.jsonl"], "There is no file nowhere.jsonl"),
        (["{file}", "--channel", "fax"], "There is no channel 'fax'. Use one of: console, shop."),
        (["{file}", "--map", "external_id"], "Write --map NAME=VALUE"),
        (["{file}", "--map", "id=external_id"], "--map id=… names no field of a comment"),
        (["{folder}"], "is a folder"),
    ],
)
def test_a_wrong_argument_is_one_sentence_with_the_way_out(
    run: Run, sqlite_house: Database, tmp_path: Path, arguments: list[str], told: str
) -> None:
    names = {"file": jsonl(tmp_path, line()), "folder": str(tmp_path)}
    result = run("import", *(argument.format(**names) for argument in arguments))
    assert result.status == 1
    assert told in result.err
    assert stored(sqlite_house) == []


def test_a_misspelt_field_is_pointed_out(run: Run, sqlite_house: Database, tmp_path: Path) -> None:
    file = jsonl(tmp_path, line())
    result = run("import", file, "--channel", "console", "--only", "from_publik=true")
    assert counts(result) == {"skipped": 1}
    assert "No line has a field called from_publik" in result.err


def test_without_a_policy_nothing_is_taken(run: Run, sqlite_url: str, tmp_path: Path) -> None:
    result = run("import", jsonl(tmp_path, line()), "--channel", "console")
    assert result.status == 1
    assert "answerable policy apply" in result.err


def test_an_import_that_was_cut_short_goes_on_where_it_was(
    run: Run, sqlite_house: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = jsonl(tmp_path, *(line(external_id=n, author=n) for n in range(1200)))
    real = inbox.receive
    calls: list[Any] = []

    def interrupted(*arguments: Any, **named: Any) -> Any:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(arguments)
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(inbox, "receive", interrupted)
        result = run("import", file, "--channel", "console")
    assert result.status == 130
    assert "Everything up to line 1000 is in" in result.err
    again = run("import", file, "--channel", "console", "--no-wait")
    assert counts(again) == {"opened": 200, "repeated": 1000}


def test_a_line_without_end_is_refused_and_never_held_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LONGEST", 1000)
    file = jsonl(tmp_path, line(), b"x" * 1_000_000, line(external_id="3"))
    with Path(file).open("rb") as opened:
        found = list(sources.records(opened, Format.JSONL))
    assert [(r.line, bool(r.problem)) for r in found] == [(1, False), (2, True), (3, False)]


def test_a_backlog_opens_without_deadlines(
    run: Run, sqlite_house: Database, tmp_path: Path
) -> None:
    run("import", jsonl(tmp_path, line()), "--channel", "console", "--backlog")
    with sqlite_house.reading() as session:
        arrivals = session.scalars(select(tables.Arrival)).all()
    assert [arrival.is_backlog for arrival in arrivals] == [True]


async def test_it_waits_until_every_comment_has_its_escalation(
    run: Run,
    sqlite_service: Service,
    client: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", client.namespace)
    lines = [line(external_id=n, conversation_id=n // 2, author="a") for n in range(40)]
    file = jsonl(tmp_path, *lines)
    result = await asyncio.to_thread(run, "import", file, "--channel", "console")
    assert counts(result) == {"opened": 20, "joined": 20}
    with sqlite_service.database.reading() as session:
        assert inbox.count_waiting(session) == 0
        assert session.scalar(select(func.count()).select_from(tables.Escalation)) == 20
