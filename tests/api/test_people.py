"""People at the door: admins run the house, people arrange their own, auditors see all of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store import people, sessions
from store.sessions import Limits
from tests.api.conftest import OpenDoor, Visitor, problem_of

STAFF = {"roles": ["staff"], "teams": {"care": False}}


def day(n: int) -> str:
    return (datetime.now(UTC) + timedelta(days=n)).isoformat()


async def put(visitor: Visitor, person: str, **body: Any) -> Any:
    values = {"name": person.title(), **STAFF, **body}
    answer = await visitor.ask("PUT", f"/api/v1/people/{person}", json=values)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def house(door: OpenDoor) -> list[dict[str, Any]]:
    found = await door.dev.get("house/history")
    assert found["chain"] == {"holds": True, "broken_at": None}
    return list(found["items"])


async def test_an_admin_adds_a_person_and_sending_it_again_changes_nothing(
    any_door: OpenDoor,
) -> None:
    body = {
        "manager": "ben",
        "zone": "Europe/Berlin",
        "hours": "mon-fri 09:00-17:00",
        "email": "zoe@a.example",
    }
    zoe = await put(any_door.root, "zoe", **body)
    assert {name: zoe[name] for name in body} == body
    assert zoe["teams"] == {"care": False}
    assert zoe["is_there"]
    before = await house(any_door)
    await put(any_door.root, "zoe", **body)
    assert await house(any_door) == before
    assert before[-1]["by"] == "root"
    assert "zoe@a.example" not in str(before)


async def test_a_person_who_leaves_leaves_everywhere(fresh_door: OpenDoor) -> None:
    path = await fresh_door.opened()
    await fresh_door.ada.post(f"{path}/claim")
    left = await fresh_door.root.post("people/ada/leave")
    assert left == {"open_escalations": 1}
    problem_of(await fresh_door.ada.ask("GET", "/api/v1/escalations"), 401)
    ada = await fresh_door.root.get("people/ada")
    assert (ada["is_active"], ada["is_there"]) == (False, False)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"roles": []}, "roles"),
        ({"roles": ["king"]}, "roles[0]"),
        ({"teams": {"fax": False}}, None),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"hours": "always", "zone": "UTC"}, "hours"),
        ({"hours": "mon 09:00-10:00"}, "zone"),
        ({"manager": "nobody"}, "manager"),
        ({"email": "nowhere"}, "email"),
        ({"mangaer": "ben"}, "mangaer"),
        ({"name": ""}, "name"),
    ],
)
async def test_what_cannot_be_of_a_person_is_refused_by_its_field(
    lasting: OpenDoor, body: dict[str, Any], field: str | None
) -> None:
    values = {"name": "Zoe", **STAFF, **body}
    answer = await lasting.root.ask("PUT", "/api/v1/people/zoe", json=values)
    problem = problem_of(answer, 422 if field else 404)
    assert problem.get("field") == field
    await lasting.root.get("people/zoe", status=404)


async def test_only_admins_run_the_house_and_only_auditors_and_they_read_its_history(
    lasting: OpenDoor,
) -> None:
    for visitor in (lasting.ada, lasting.cora, lasting.dev, lasting.hook):
        body = {"name": "Zoe", **STAFF}
        problem_of(await visitor.ask("PUT", "/api/v1/people/zoe", json=body), 403)
        await visitor.refused(403, "people/ada/leave")
    for visitor in (lasting.ada, lasting.cora, lasting.hook):
        problem_of(await visitor.ask("GET", "/api/v1/house/history"), 403)
    problem_of(await lasting.hook.ask("GET", "/api/v1/people"), 403)
    assert await lasting.root.get("house/history") == await lasting.dev.get("house/history")


async def test_people_are_listed_in_pages(lasting: OpenDoor) -> None:
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await lasting.eve.get("people", **{"limit": 3, **cursor})
        seen += [person["id"] for person in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == ["ada", "ben", "cora", "dev", "eve", "hook", "root"]


@pytest.mark.rule(4)
async def test_people_plan_their_own_absence_and_come_back_early(fresh_door: OpenDoor) -> None:
    body = {"until": day(7), "deputy": "ben", "reason": "vacation"}
    planned = await fresh_door.ada.post("people/ada/absences", body)
    ada = await fresh_door.eve.get("people/ada")
    assert not ada["is_there"]
    assert ada["deputies"] == ["ben"]
    assert ada["absences"][0]["reason"] is None, "why is nobody else's business"
    assert (await fresh_door.ada.get("people/ada"))["absences"][0]["reason"] == "vacation"
    assert (await fresh_door.eve.get("people/ben"))["stands_for"] == ["ada"]
    await fresh_door.ada.refused(409, "people/ada/absences", body)
    for _ in range(2):
        await fresh_door.ada.post(f"people/ada/absences/{planned['id']}/end")
    assert (await fresh_door.eve.get("people/ada"))["is_there"]
    names = [entry["name"] for entry in await house(fresh_door)]
    assert names.count("house:absence:planned") == names.count("house:absence:ended") == 1


@pytest.mark.rule(6)
async def test_a_delegation_is_given_by_whoever_decides_and_never_by_an_admin_to_themselves(
    fresh_door: OpenDoor,
) -> None:
    await put(fresh_door.root, "root", roles=["admin", "staff"])
    mine = {"to": "root", "until": day(3)}
    refused = await fresh_door.root.refused(403, "people/cora/delegations", mine)
    assert refused["code"] == "not_to_yourself"
    deputy = {"deputy": "root", "until": day(3)}
    await fresh_door.root.refused(403, "people/cora/absences", deputy)
    body = {"to": "ben", "until": day(3)}
    await fresh_door.ben.refused(403, "people/cora/delegations", body)
    given = await fresh_door.cora.post("people/cora/delegations", body)
    assert (await fresh_door.ada.get("people/ben"))["stands_for"] == ["cora"]
    with fresh_door.service.database.reading() as session:
        assert people.actor(session, "ben").stands_for == ("cora",)

    path = f"people/cora/delegations/{given['id']}/end"
    await fresh_door.ben.refused(403, path)
    await fresh_door.ben.refused(404, f"people/ben/delegations/{given['id']}/end")
    await fresh_door.cora.post(path)
    assert (await fresh_door.ada.get("people/ben"))["stands_for"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, "no_time"),
        ({"until": "9999-12-31T23:59:59Z"}, "too_far"),
        ({"since": "0001-01-01T00:00:00Z", "until": day(1)}, "too_long"),
        ({"until": day(1), "deputy": "dev"}, "cannot_act"),
        ({"until": day(1), "deputy": "nobody"}, "unknown_person"),
        ({"until": day(1), "reason": "illness"}, None),
        ({"until": "tomorrow"}, None),
        ({"untill": day(1)}, None),
    ],
)
async def test_an_absence_that_cannot_be_is_refused(
    lasting: OpenDoor, body: dict[str, Any], code: str | None
) -> None:
    problem = await lasting.ada.refused(422, "people/ada/absences", body)
    assert code in (None, problem["code"])
    assert (await lasting.ada.get("people/ada"))["absences"] == []


@pytest.mark.rule(15)
async def test_an_auditors_reading_is_on_record_once_an_hour_and_nobody_elses(
    fresh_door: OpenDoor,
) -> None:
    path = await fresh_door.opened()
    for visitor in (fresh_door.ada, fresh_door.cora):
        await visitor.get(path)
    for place in (path, f"{path}/history", path):
        await fresh_door.dev.get(place)
    await fresh_door.dev.get("escalations/01M832XSBSA28KYCS6T2BNABQ3", status=404)
    read = [e for e in await house(fresh_door) if e["name"] == "house:case:read"]
    assert [(e["by"], e["data"]["stream"]) for e in read] == [
        ("dev", path.replace("escalations", "escalation"))
    ]


async def test_people_see_where_they_are_signed_in_and_admins_sign_them_out(
    fresh_door: OpenDoor,
) -> None:
    limits = Limits(timedelta(hours=1), timedelta(hours=1))
    with fresh_door.service.database.writing() as session:
        at = datetime.now(UTC)
        secret = sessions.begin(session, "ada", at, limits, device="Firefox on Linux")
    own = await fresh_door.ada.get("people/ada/sessions")
    assert [(item["device"], item["is_this"]) for item in own["items"]] == [
        ("Firefox on Linux", False)
    ]
    for visitor in (fresh_door.ben, fresh_door.cora, fresh_door.dev):
        problem_of(await visitor.ask("GET", "/api/v1/people/ada/sessions"), 403)
        await visitor.refused(403, "people/ada/sessions/end")
    problem_of(await Visitor(fresh_door.http, secret).ask("GET", "/api/v1/people"), 401)
    assert await fresh_door.root.post("people/ada/sessions/end") == {"ended": 1}
    assert (await fresh_door.ada.get("people/ada/sessions"))["items"] == []
    assert (await house(fresh_door))[-1]["by"] == "root"
