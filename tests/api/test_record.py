"""The record through the door: the whole file of a case, its witnesses, and who reads it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import event, select
from sqlmodel import col
from temporalio.client import Client

from answerable.verify import verify
from intake.past import Kept, past
from store import tables
from tests.api.conftest import OpenDoor


def stream_of(path: str) -> str:
    kind, _, entity_id = path.partition("/")
    return f"{kind.removesuffix('s')}/{entity_id}"


async def read_by(door: OpenDoor, name: str) -> list[dict[str, Any]]:
    """What the ledger of the house says that somebody has read, searched and taken out."""
    items = (await door.dev.get("house/history"))["items"]
    wanted = ("house:case:read", "house:record:searched", "house:record:exported")
    return [item for item in items if item["by"] == name and item["name"] in wanted]


async def whole(door: OpenDoor, path: str) -> Any:
    return await door.dev.get(f"record/{stream_of(path)}")


async def test_the_file_of_a_case_holds_all_there_is_of_it(door: OpenDoor) -> None:
    path = await door.published(request="May I send a <b>saddle</b>?")
    file = await whole(door, path)
    history = (await door.dev.get(f"{path}/history"))["items"]
    assert [entry["hash"] for entry in file["entries"]] == [entry["hash"] for entry in history]
    assert file["head"] == history[-1]["hash"]
    assert {check["code"]: check["ok"] for check in file["checks"]} == dict.fromkeys(
        ("linked", "columns", "words", "unforked", "folded", "snapshot"), True
    )
    texts = {w["text"] for entry in file["entries"] for w in entry["words"]}
    assert {"My bike came without a saddle.", "May I send a <b>saddle</b>?"} <= texts
    stages = [clock["deadline"]["stage"] for clock in file["clocks"]]
    assert stages == ["unclaimed", "preparing", "deciding", "replying", "listening"]
    assert all(clock["ended_at"] for clock in file["clocks"][:-1])
    assert not any(clock["is_late"] for clock in file["clocks"])
    assert all(clock["deadline"]["explained"] for clock in file["clocks"])
    assert file["policy"]["version"] == 1
    assert file["policy"]["is_intact"]
    assert file["policy"]["terms"]["allowances"]["claim"] > 0
    assert [one["relation"] for one in file["linked"]] == ["post"]
    assert file["detail"]["conversation"][0]["text"] == "My bike came without a saddle."


async def test_temporals_history_is_decoded_and_names_the_bytes_of_the_ledger(
    door: OpenDoor,
) -> None:
    path = await door.published()
    entity = stream_of(path)
    file = await whole(door, path)
    last = file["entries"][-1]["seq"]
    events: list[Any] = []
    named: set[int] = set()
    while not named >= set(range(1, last + 1)):
        await asyncio.sleep(0.1)
        file = await whole(door, path)
        events = [event for run in file["temporal"]["runs"] for event in run["events"]]
        named = {n for e in events if e["is_same"] for n in range(e["first"], e["last"] + 1)}
    assert file["temporal"]["kept"] == "there"
    assert file["temporal"]["is_whole"]
    assert not [event for event in events if event["is_same"] is False]
    claims = [e for e in events if e["type"] == "workflow_execution_update_accepted"]
    assert {e["what"] for e in claims} == {"claim", "propose", "approve"}
    # A command leads to the entry that it made.
    by_act = {e["what"]: e["first"] for e in claims}
    assert file["entries"][by_act["claim"] - 1]["name"] == "escalation:owner:claimed"
    started = json.loads(events[0]["data"])
    assert started["input"]["kind"] == "escalation"
    assert any("escalation:owner:claimed" in e["summary"] for e in events)
    assert "My bike came" not in json.dumps([e["data"] for e in events])
    assert entity.startswith("escalation/")


async def test_an_export_proves_itself_and_what_was_changed_in_it_is_named(
    door: OpenDoor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = await door.published(request="Ärger & €: 🚲 مرحبا")
    answer = await door.dev.ask("GET", f"/api/v1/record/{stream_of(path)}/export")
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert ".jsonl" in answer.headers["content-disposition"]
    good = tmp_path / "good.jsonl"
    good.write_bytes(answer.content)
    verify([str(good)])
    assert "1 verified, 0 broken." in capsys.readouterr().out

    lines = answer.text.splitlines()
    head, *rows = [json.loads(line) for line in lines]
    assert head["entries"] == len(rows)
    assert head["head"] == rows[-1]["hash"]
    for name, changed in {
        "bytes": answer.text.replace('\\"by\\":\\"cora\\"', '\\"by\\":\\"ada\\"'),
        "words": answer.text.replace("Ärger", "Freude"),
        "shorter": "\n".join(lines[:-1]),
        "order": "\n".join([lines[0], lines[2], lines[1], *lines[3:]]),
        "rubbish": "{}",
    }.items():
        assert changed != answer.text, name
        bad = tmp_path / f"{name}.jsonl"
        bad.write_text(changed, "utf-8")
        with pytest.raises(typer.Exit):
            verify([str(bad)])
        assert str(bad) in capsys.readouterr().err, name


async def test_a_case_is_verified_where_the_database_is(
    fresh_door: OpenDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    path = await fresh_door.published()
    data = fresh_door.service.settings.data
    verify([stream_of(path)], data=data)
    verify(everything=True, data=data)
    assert " 0 broken." in capsys.readouterr().out
    with fresh_door.service.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_refuses_update")
        connection.exec_driver_sql(
            "UPDATE ledger SET body = replace(body, 'cora', 'ada') WHERE name LIKE '%:approved'"
        )
    with pytest.raises(typer.Exit):
        verify(everything=True, data=data)
    assert f"{stream_of(path)}: an entry is not linked" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE ledger SET body = replace(body, 'cora', 'ada') WHERE name LIKE '%:approved'",
         {"linked", "columns", "snapshot"}),
        ("UPDATE ledger SET \"by\" = 'ada' WHERE name LIKE '%:approved'", {"columns"}),
        ("UPDATE ledger SET body = '{' WHERE name LIKE '%:claimed'",
         {"linked", "columns", "folded", "snapshot"}),
        ("UPDATE words SET text = 'We never said that.' WHERE purpose = 'request'", {"words"}),
        ("UPDATE snapshot SET body = replace(body, '\"care\"', '\"shop\"') WHERE seq > 4",
         {"snapshot"}),
        ("DELETE FROM ledger WHERE name = 'escalation:owner:claimed'",
         {"linked", "snapshot"}),
        (("INSERT INTO fork (stream, seq, digest, seen_at) "
          "SELECT stream, 2, 'x', changed_at FROM snapshot WHERE seq > 4"), {"unforked"}),
    ],
)  # fmt: skip
async def test_what_was_changed_by_hand_is_said_and_the_rest_is_shown(
    fresh_door: OpenDoor, change: str, broken: set[str]
) -> None:
    path = await fresh_door.published()
    with fresh_door.service.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_refuses_update")
        connection.exec_driver_sql("DROP TRIGGER ledger_refuses_delete")
        assert connection.exec_driver_sql(change).rowcount > 0
    file = await whole(fresh_door, path)
    assert {check["code"] for check in file["checks"] if not check["ok"]} == broken
    assert len(file["entries"]) >= 4
    page = await fresh_door.dev.ask("GET", f"/api/v1/record/{stream_of(path)}/export")
    assert page.status_code == 200
    if "body = replace(body, 'cora'" in change:
        # Temporal, which nobody has touched, names what was there before.
        events = [e for run in file["temporal"]["runs"] for e in run["events"]]
        assert any(e["is_same"] is False for e in events)


async def test_whoever_reads_the_record_is_on_record_without_the_words(door: OpenDoor) -> None:
    path = await door.opened()
    before = {name: len(await read_by(door, name)) for name in ("dev", "cora")}
    await door.dev.get("record", q="a very secret word", team="care", late="true")
    await whole(door, path)
    await whole(door, path)
    await door.dev.ask("GET", f"/api/v1/record/{stream_of(path)}/export")
    await door.cora.get("record", person="ada")
    mine = (await read_by(door, "dev"))[before["dev"] :]
    assert [(e["name"], e["data"]) for e in mine] == [
        ("house:record:searched", {"team": "care", "late": True, "by_words": True}),
        ("house:case:read", {"stream": stream_of(path)}),
        ("house:record:exported", {"stream": stream_of(path)}),
    ]
    assert "secret" not in json.dumps(mine)
    hers = (await read_by(door, "cora"))[before["cora"] :]
    assert [e["data"] for e in hers] == [{"person": "ada"}]


async def test_the_record_is_closed_to_staff_and_says_what_it_does_not_know(
    door: OpenDoor,
) -> None:
    path = await door.opened()
    for who in (door.ada, door.root, door.hook):
        await who.get("record", status=403)
        await who.get(f"record/{stream_of(path)}", status=403)
        await who.get(f"record/{stream_of(path)}/export", status=403)
    await door.cora.get("record", kind="house", status=403)
    await door.dev.get("record", status=422, act="escalation:owner:vanished")
    await door.dev.get("record", status=422, since="2026-02-02", until="2026-01-01")
    await door.dev.get("record", status=422, since="yesterday")
    for stream in ("letter/01M832XSBSA28KYCS6T2BNABQ3", "escalation/none",
                   "post/01M832XSBSA28KYCS6T2BNABQ3"):  # fmt: skip
        await door.dev.get(f"record/{stream}", status=404)
        await door.dev.get(f"record/{stream}/export", status=404)


async def test_one_version_of_the_policy_is_read_as_it_was(door: OpenDoor) -> None:
    found = await door.dev.get("policy/versions/1")
    assert found["version"] == 1
    assert found["policy"]["teams"]["care"] == "Customer care"
    await door.dev.get("policy/versions/99", status=404)


def _has_promised(door: OpenDoor, path: str) -> bool:
    """What is promised in a reply is opened by a workflow of its own."""
    with door.service.database.reading() as session:
        table = tables.Commitment
        made = select(table).where(col(table.escalation_id) == path.split("/")[1])
        return session.scalars(made).first() is not None


async def test_posts_promises_and_matters_have_files_too(door: OpenDoor) -> None:
    promise = "We will send you a saddle by Friday."
    due = "2027-06-01T12:00:00+00:00"
    said = {"sentence": promise, "accountable": "ada", "due_at": due}
    path = await door.published(reply=f"Sorry. {promise}", promises=[said])
    await door.service.until(lambda: _has_promised(door, path))
    file = await whole(door, path)
    links = {one["relation"]: one["subject"]["stream"] for one in file["linked"]}
    await door.service.until_stage(links["promise"], "open")
    opened = await door.ben.post("matters", {"title": "Saddles", "team": "care"})
    for stream in (*links.values(), f"matter/{opened['id']}"):
        found = await door.dev.get(f"record/{stream}")
        assert all(check["ok"] for check in found["checks"]), stream
        assert found["policy"]["version"] == 1
    commitment = await door.dev.get(f"record/{links['promise']}")
    assert commitment["clocks"][0]["deadline"]["due_at"].startswith("2027-06-01T12:00:00")
    assert {one["relation"] for one in commitment["linked"]} >= {"case", "made_in"}


# What is away. --------------------------------------------------------------------------------


async def test_a_file_is_whole_without_temporal(
    fresh_door: OpenDoor, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await fresh_door.prepared()
    away = await Client.connect("127.0.0.1:9", lazy=True)
    door = fresh_door.app.state.door
    monkeypatch.setattr(door, "client", away)
    monkeypatch.setattr(door, "_pulse", float("-inf"))
    file = await whole(fresh_door, path)
    assert file["temporal"]["kept"] == "away"
    assert file["temporal"]["detail"]
    assert len(file["entries"]) > 1
    assert all(check["ok"] for check in file["checks"])


async def test_a_history_that_is_gone_is_said_to_be_gone(client: Client) -> None:
    found = await past(client, "escalation/01M832XSBSA28KYCS6T2BNABQ3")
    assert (found.kept, found.runs) == (Kept.FORGOTTEN, ())


async def test_a_server_that_is_silent_is_not_waited_for() -> None:
    is_over = asyncio.Event()

    async def mute(_: Any, writer: asyncio.StreamWriter) -> None:
        await is_over.wait()
        writer.transport.abort()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        silent = await Client.connect(f"127.0.0.1:{port}", lazy=True)
        found = await past(silent, "escalation/01M832XSBSA28KYCS6T2BNABQ3", seconds=0.5)
        is_over.set()
    assert found.kept is Kept.AWAY


# How much it asks. ----------------------------------------------------------------------------


async def test_a_long_file_takes_no_more_statements_than_a_short_one(
    fresh_door: OpenDoor,
) -> None:
    path = await fresh_door.prepared()

    async def asked() -> tuple[int, int]:
        count = 0

        def hear(*_: Any) -> None:
            nonlocal count
            count += 1

        engine = fresh_door.service.database.engine
        event.listen(engine, "before_cursor_execute", hear)
        file = await whole(fresh_door, path)
        event.remove(engine, "before_cursor_execute", hear)
        return count, len(file["entries"])

    await asked()
    few, short = await asked()
    for n in range(25):
        await fresh_door.ada.post(f"{path}/note", {"text": f"Note {n}"})
    many, long = await asked()
    assert long - short == 25
    assert many <= few + 6, "not one for each entry; the policy in force is read again now and then"
    assert many < 60
