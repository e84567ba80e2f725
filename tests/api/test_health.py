"""Is it alive, is it ready, what has it counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.app import create_app, from_environment
from domain.watch import Code, Finding, Verdict
from store import tables, watch
from store.database import Database
from tests.api.conftest import OpenDoor, comment, problem_of, served


async def test_alive_and_ready_need_no_token(any_door: OpenDoor) -> None:
    assert (await any_door.http.get("/healthz")).json() == {"status": "alive"}
    answer = await any_door.http.get("/readyz")

    assert answer.status_code == 200, answer.text
    parts = answer.json()["parts"]
    assert set(parts) == {
        "database", "schema", "temporal", "worker", "task_queue", "disk", "watch",
    }  # fmt: skip
    assert all(part["ok"] for part in parts.values())


async def test_readyz_names_what_is_broken(lasting: OpenDoor) -> None:
    with lasting.service.database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        at = datetime.now(UTC) - timedelta(minutes=5)
        session.merge(tables.Heartbeat(name="worker", at=at))
    problem = problem_of(await lasting.http.get("/readyz"), 503)

    assert set(problem["broken"]) == {"schema", "temporal", "worker", "task_queue"}
    assert "answerable migrate" in problem["parts"]["schema"]["detail"]
    assert "last seen 3" in problem["parts"]["worker"]["detail"]


@pytest.mark.rule(4)
async def test_readyz_minds_the_upkeep_check_only_where_it_finds_much_and_twice(
    lasting: OpenDoor,
) -> None:
    at, later = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    many = tuple(Finding(stream=f"post/{n}", code=Code.NO_WORKFLOW) for n in range(4))

    async def part() -> Any:
        return (await lasting.http.get("/readyz")).json()["parts"]["watch"]

    def found(verdict: Verdict, at: datetime) -> None:
        lasting.service.database.write(lambda session: watch.remember(session, verdict, at))

    found(Verdict(found=many), at)
    assert await part() == {"ok": True, "detail": "all is well"}
    found(Verdict(found=many), later)
    assert (await part())["ok"] is False
    found(Verdict(found=many[1:], cleared=many[:1]), later)
    assert await part() == {"ok": True, "detail": "something is wrong with 3 of 0 open"}
    found(Verdict(cleared=many), later)


async def test_a_missing_database_is_a_503_that_says_so(lasting: OpenDoor) -> None:
    with lasting.service.database.writing() as session:
        session.execute(text("ALTER TABLE token RENAME TO elsewhere"))
    try:
        answer = await lasting.ada.ask("GET", "/api/v1/escalations")
    finally:
        with lasting.service.database.writing() as session:
            session.execute(text("ALTER TABLE elsewhere RENAME TO token"))

    assert problem_of(answer, 503)["code"] == "database_unavailable"


async def test_metrics_count_what_came_in_and_how_long_it_took(fresh_door: OpenDoor) -> None:
    path = await fresh_door.opened("1")
    await fresh_door.hook.post("comments", comment("1"))
    await fresh_door.ada.post(f"{path}/claim")
    await fresh_door.ben.refused(409, f"{path}/claim")
    lines = (await fresh_door.http.get("/metrics")).text.splitlines()

    assert 'answerable_comments_received_total{result="opened"} 1.0' in lines
    assert 'answerable_comments_received_total{result="repeated"} 1.0' in lines
    claims = 'answerable_commands_total{act="claim",kind="escalation",outcome='
    assert f'{claims}"done"}} 1.0' in lines
    assert f'{claims}"already_claimed"}} 1.0' in lines
    assert "answerable_inbox_waiting 0.0" in lines
    assert "answerable_forks 0.0" in lines
    assert "answerable_watch_last_ok_timestamp_seconds 0.0" in lines
    assert 'answerable_watch_findings{code="no_alarm"} 0.0' in lines
    route = 'method="POST",route="/api/v1/escalations/{entity_id}/claim",status="200"'
    assert f"answerable_request_seconds_count{{{route}}} 1.0" in lines
    assert not any(path.split("/")[1] in line for line in lines)


async def test_metrics_of_the_sdk_are_appended(fresh_door: OpenDoor) -> None:
    service = fresh_door.service

    async def exporter(scope: dict[str, object], receive: object, send: object) -> None:
        assert scope["path"] == "/metrics"
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"temporal_request 1\n"})  # type: ignore[operator]

    async with served(exporter, lifespan="off") as address:  # type: ignore[arg-type]
        host = address.removeprefix("http://")
        app = create_app(service.settings, service.database, service.client, sdk_metrics=host)
        async with served(app) as other, httpx.AsyncClient(trust_env=False) as http:
            text = (await http.get(f"{other}/metrics")).text

    assert "answerable_forks 0.0" in text
    assert "temporal_request 1" in text.splitlines()


@pytest.mark.parametrize("address", [None, "127.0.0.1:9"])
async def test_metrics_do_without_those_of_the_sdk(
    fresh_door: OpenDoor, address: str | None
) -> None:
    service = fresh_door.service
    app = create_app(service.settings, service.database, service.client, sdk_metrics=address)
    async with served(app) as other, httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{other}/metrics")).status_code == 200


async def test_the_service_starts_from_its_environment_while_temporal_is_away(
    sqlite_house: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERABLE_DATA", str(tmp_path))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    async with served(from_environment()) as address, httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{address}/healthz")).status_code == 200
        problem = problem_of(await http.get(f"{address}/readyz"), 503)
        assert (await http.get(f"{address}/metrics")).status_code == 200

    assert "temporal" in problem["broken"]
    assert problem["parts"]["database"]["ok"]
