"""Matters at the door: opened once, filled by hand or by suggestion, decided, read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from store import tables, words
from tests.api.conftest import OpenDoor

NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ANSWER = "The saddles are here; each of them leaves our house today."


async def _matter(door: OpenDoor, title: str = "Saddles are missing") -> str:
    opened = await door.ada.post("matters", {"title": title, "team": "care"})
    return f"matters/{opened['id']}"


async def _case(door: OpenDoor, text: str | None = None, **changes: Any) -> str:
    """The id of a new escalation."""
    said = {"text": text} if text else {}
    return (await door.opened(**said, **changes)).split("/")[1]


async def _ready(door: OpenDoor) -> str:
    path = await _matter(door)
    await door.ada.post(f"{path}/propose", {"request": "May we say this?", "reply": ANSWER})
    await door.cora.post(f"{path}/approve", {"reason": "Yes."})
    return path


def _results(answer: Any) -> dict[str, str]:
    return {put["escalation_id"]: put["result"] for put in answer["results"]}


# Opening. -------------------------------------------------------------------------------------


async def test_a_matter_is_opened_and_is_in_the_next_get(any_door: OpenDoor) -> None:
    opened = await any_door.ada.post("matters", {"title": " Saddles ", "team": "care"})
    path = f"matters/{opened['id']}"
    detail = await any_door.dev.get(path)

    assert (opened["stage"], opened["recorded"], opened["repeated"]) == ("gathering", True, False)
    assert (detail["title"], detail["owner"], detail["team"]) == ("Saddles", "ada", "care")
    assert detail["deadlines"][0]["stage"] == "gathering"
    assert (await any_door.ada.get("matters"))["items"] == [opened["matter"]]
    history = await any_door.dev.get(f"{path}/history")
    assert [entry["name"] for entry in history["items"]] == ["matter:case:opened"]
    assert history["chain"]["holds"]


async def test_the_same_key_opens_one_matter_also_at_the_same_moment(door: OpenDoor) -> None:
    key, body = words.new_id(), {"title": "One", "team": "care"}
    opened = await asyncio.gather(*(door.ada.post("matters", body, key=key) for _ in range(4)))
    again = await door.ada.post("matters", body, key=key)

    assert {one["id"] for one in opened} == {again["id"]}
    assert again["repeated"]
    with door.service.database.reading() as session:
        assert session.scalars(select(tables.Fork)).first() is None
    other = {"title": "Two", "team": "care"}
    headers = {"Idempotency-Key": key}
    assert (await door.ada.refused(422, "matters", other, headers=headers))["code"] == "key_reused"
    assert (await door.ben.post("matters", other, key=key))["id"] != again["id"]


async def test_it_is_opened_for_a_team_that_there_is_by_those_who_work_there(
    door: OpenDoor,
) -> None:
    unknown = await door.ada.refused(422, "matters", {"title": "x", "team": "nobody"})
    assert (unknown["code"], unknown["field"]) == ("unknown_team", "team")
    await door.eve.refused(403, "matters", {"title": "x", "team": "care"})
    for visitor in (door.dev, door.hook, door.root):
        await visitor.refused(403, "matters", {"title": "x", "team": "care"})
    await door.cora.post("matters", {"title": "x", "team": "shop"})


# Members. -------------------------------------------------------------------------------------


@pytest.mark.rule(1)
async def test_many_join_at_once_and_each_is_told_what_became_of_it(door: OpenDoor) -> None:
    path = await _matter(door)
    cases = [await _case(door) for _ in range(3)]
    foreign = await _case(door, channel="shop")
    body = {"escalation_ids": [*cases, foreign, NOBODY, cases[0]]}
    joined = await door.ada.post(f"{path}/members", body)

    assert [put["escalation_id"] for put in joined["results"]] == [*cases, foreign, NOBODY]
    assert list(_results(joined).values()) == ["joined"] * 3 + ["refused"] * 2
    assert [put["code"] for put in joined["results"][3:]] == ["not_yours", "no_workflow"]
    assert joined["done"] == 3
    again = await door.ada.post(f"{path}/members", body)
    assert list(_results(again).values()) == ["already"] * 3 + ["refused"] * 2
    detail = await door.ada.get(path)
    assert (detail["waiting"], detail["served"]) == (3, 0)
    page = await door.ada.get(f"{path}/members", limit=2)
    rest = await door.ada.get(f"{path}/members", limit=2, cursor=page["next_cursor"])
    shown = [item["escalation_id"] for item in (*page["items"], *rest["items"])]
    assert shown == sorted(cases)
    assert page["items"][0]["excerpt"] == "My bike came without a saddle."


async def test_one_matter_at_a_time(door: OpenDoor) -> None:
    case = await _case(door)
    body = {"escalation_ids": [case]}
    await door.ada.post(f"{await _matter(door)}/members", body)
    other = await door.ada.post(f"{await _matter(door)}/members", body)
    assert other["results"][0]["code"] == "in_a_matter"


async def test_mine_is_different_and_its_clock_begins_afresh(door: OpenDoor) -> None:
    path, case = await _matter(door), await _case(door)
    stranger = await _case(door)
    await door.ada.post(f"{path}/members", {"escalation_ids": [case]})
    leaving = {"escalation_ids": [case, stranger], "reason": "This one is about a bell."}
    left = await door.ada.post(f"{path}/members/leave", leaving)

    assert [put["result"] for put in left["results"]] == ["left", "refused"]
    assert left["results"][1]["code"] == "not_a_member"
    again = await door.ada.post(f"{path}/members/leave", leaving)
    assert again["results"][0]["result"] == "already"
    detail = await door.ada.get(path)
    assert (detail["waiting"], detail["left"]) == (0, 1)
    history = await door.ada.get(f"escalations/{case}/history")
    assert history["items"][-1]["name"] == "escalation:matter:left"
    back = await door.ada.post(f"{path}/members", {"escalation_ids": [case]})
    assert back["results"][0]["result"] == "joined"


@pytest.mark.parametrize(
    "body",
    [
        {"escalation_ids": []},
        {"escalation_ids": [NOBODY] * 1001},
        {"escalation_ids": ["../../etc"]},
        {"escalation_ids": NOBODY},
        {},
    ],
    ids=["none", "too_many", "no_id", "no_list", "nothing"],
)
async def test_lists_that_cannot_be_are_refused_as_a_whole(door: OpenDoor, body: Any) -> None:
    path = await _matter(door)
    assert (await door.ada.refused(422, f"{path}/members", body))["errors"]


async def test_an_unknown_matter_is_unknown_everywhere(door: OpenDoor) -> None:
    path = f"matters/{NOBODY}"
    case = await _case(door)
    for place in (path, f"{path}/members", f"{path}/suggestions", f"{path}/history"):
        assert (await door.ada.get(place, 404))["code"] == "unknown_matter"
    body = {"escalation_ids": [case], "reason": "x"}
    for place in ("members/leave", "suggest"):
        sent = body if place != "suggest" else None
        assert (await door.ada.refused(404, f"{path}/{place}", sent))["code"] == "unknown_matter"


# Suggestions. ---------------------------------------------------------------------------------


async def test_suggested_and_confirmed_are_two_things(fresh_door: OpenDoor) -> None:
    door = fresh_door
    path = await _matter(door, "Parcel service lost parcels in Leipzig")
    alike = [
        await _case(door, "Your parcel service lost my parcel in Leipzig, where is my order?"),
        await _case(door, "My order never arrived: the parcel service in Leipzig lost the parcel!"),
    ]
    other = await _case(door, "Thank you for the lovely colour of the bell.")
    assert (await door.ada.post(f"{path}/suggest"))["found"] == 2
    page = await door.ada.get(f"{path}/suggestions", state="suggested")

    assert [item["escalation_id"] for item in page["items"]] == sorted(alike)
    assert all(item["likeness"] >= 600 for item in page["items"])
    assert (await door.ada.get(path))["waiting"] == 0, "suggesting is not joining"
    await door.ada.post(f"{path}/members", {"escalation_ids": [alike[0]]})
    rejected = {"escalation_ids": [alike[1], other]}
    assert (await door.ada.post(f"{path}/suggestions/reject", rejected))["rejected"] == 1
    await door.ada.post(f"{path}/suggest")
    states = {
        item["escalation_id"]: item["state"]
        for item in (await door.ada.get(f"{path}/suggestions"))["items"]
    }
    assert states == {alike[0]: "confirmed", alike[1]: "rejected"}
    assert (await door.eve.refused(403, f"{path}/suggest"))["code"] == "not_yours"


async def test_copies_are_counted_apart_from_voices(fresh_door: OpenDoor) -> None:
    door = fresh_door
    path = await _matter(door)
    text = "Shame on you! Give every rider the saddle that was paid for, number {}."
    cases = [await _case(door, text.format(n)) for n in range(4)]
    cases.append(
        await _case(door, "Where is mine? I wait for it since March.", author={"handle": "@x"})
    )
    await door.ada.post(f"{path}/members", {"escalation_ids": cases})
    detail = await door.ada.get(path)
    assert (detail["waiting"], detail["voices"], detail["copies"]) == (5, 2, 3)


# The answer. ----------------------------------------------------------------------------------


@pytest.mark.rule(8)
async def test_drafts_are_for_insiders_until_they_go_out(door: OpenDoor) -> None:
    path = await _ready(door)
    inside, outside = await door.ben.get(path), await door.eve.get(path)
    assert inside["answer"]["text"] == ANSWER
    assert inside["answer"]["digest"]
    assert (outside["answer"], outside["proposal"]) == (None, None)
    history = await door.eve.get(f"{path}/history")
    by_name = {entry["name"]: entry for entry in history["items"]}
    assert by_name["matter:proposal:submitted"]["data"] is None
    await door.ben.post(f"{path}/release")
    await door.service.until_stage(path.replace("matters", "matter"), "listening")
    assert (await door.eve.get(path))["answer"]["text"] == ANSWER


@pytest.mark.rule(9)
async def test_a_promise_in_the_one_answer_is_refused_unless_it_is_none(door: OpenDoor) -> None:
    path = await _matter(door)
    promise = "We will send you a new saddle by Friday."
    body = {"request": "May we?", "reply": f"Sorry. {promise}"}
    refused = await door.ada.refused(422, f"{path}/propose", body)
    assert refused["code"] == "promise_gate"
    await door.ada.post(f"{path}/propose", body | {"not_promises": [promise]})


async def test_the_answer_has_to_fit_every_channel_of_its_members(door: OpenDoor) -> None:
    path, case = await _matter(door), await _case(door)
    await door.ada.post(f"{path}/members", {"escalation_ids": [case]})
    body = {"request": "May we?", "reply": "x" * 4_990}
    refused = await door.ada.refused(422, f"{path}/propose", body)
    assert (refused["code"], refused["field"]) == ("text_too_long", "reply")


@pytest.mark.rule(14)
async def test_released_halted_resumed_and_closed_through_the_door(door: OpenDoor) -> None:
    path = await _ready(door)
    cases = [await _case(door) for _ in range(3)]
    await door.ada.post(f"{path}/members", {"escalation_ids": cases})
    released = await door.ben.post(f"{path}/release", {"first": 1, "wait_seconds": 3600})
    stream = path.replace("matters", "matter")
    await door.service.until(lambda: door.service.state(stream).served == 1)  # type: ignore[attr-defined]
    detail = await door.ada.get(path)

    assert released["stage"] == detail["stage"] == "releasing"
    assert (detail["served"], detail["waiting"]) == (1, 2)
    assert detail["release"]["first"] == 1
    assert detail["release"]["next_at"] is not None
    await door.ada.post(f"{path}/halt", {"reason": "A wrong date."})
    waiting = await door.ben.refused(409, f"{path}/close", {"reason": "Enough."})
    assert (waiting["code"], waiting["waiting"]) == ("members_wait", 2)
    await door.ben.post(f"{path}/resume")
    await door.service.until_stage(stream, "listening")
    served = await door.ada.get(f"{path}/members", state="served")
    assert {item["escalation_id"] for item in served["items"]} == set(cases)
    for item in served["items"]:
        await door.until_stage(f"posts/{item['post_id']}", "published")
    assert (await door.ada.get(path))["release"]["published"] == 3
    await door.ben.post(f"{path}/close", {"reason": "All is said."})
    late = await _case(door)
    body = {"escalation_ids": [late]}
    assert (await door.ada.refused(409, f"{path}/members", body))["code"] == "matter_closed"
    closing = await door.ada.get("matters", stage="closing")
    assert path.split("/")[1] in [item["id"] for item in closing["items"]]


async def test_lists_go_on_where_they_ended(fresh_door: OpenDoor) -> None:
    ids = [(await _matter(fresh_door, f"Matter {n}")).split("/")[1] for n in range(5)]
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    page: dict[str, Any] = {}
    for _ in range(3):
        page = await fresh_door.ada.get("matters", limit=2, **cursor)
        seen += [item["id"] for item in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert seen == ids[::-1]
    assert page["next_cursor"] is None
    assert (await fresh_door.ada.get("matters", team="shop"))["items"] == []
    await fresh_door.ada.get("matters", 422, stage="nowhere")
