"""Posts over HTTP: one confirmation where there is news, and corrections with a visible history."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.conftest import OpenDoor, problem_of


async def _published(door: OpenDoor) -> tuple[str, str]:
    """The paths of an answered escalation and of its published post."""
    path = await door.published()
    (post,) = (await door.ada.get(path))["replies"]
    return path, f"posts/{post['id']}"


async def _in_review(door: OpenDoor) -> str:
    path = await door.deciding()
    await door.cora.post(f"{path}/approve")
    replied = await door.ada.post(f"{path}/reply", {"text": "It was left out."})
    return f"posts/{replied['post_id']}"


async def _hear(door: OpenDoor, path: str) -> None:
    stream = path.replace("posts/", "post/")
    handle = door.service.client.get_workflow_handle(stream)
    await handle.signal("tell", {"act": "heard", "comment_id": "C2"})
    await door.service.until(lambda: "post:comment:heard" in door.service.names(stream))


def _may(detail: dict[str, Any], act: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in detail["allowed"] if p["act"] == act)
    return found


@pytest.mark.rule(8)
async def test_words_with_news_are_cleared_only_by_saying_so(door: OpenDoor) -> None:
    path = await _in_review(door)
    detail = await door.ben.get(path)
    assert detail["due_at"] > detail["opened_at"]
    assert (detail["is_late"], detail["has_news"]) == (False, False)
    await _hear(door, path)
    assert (await door.ben.get(path))["has_news"] is True

    problem = await door.ben.refused(409, f"{path}/clear")
    assert (problem["code"], problem["field"]) == ("commenter_spoke", "despite_news")
    await door.ben.refused(422, f"{path}/clear", {"despite_news": "yes"})
    await door.ben.post(f"{path}/clear", {"despite_news": True})
    await door.until_stage(path, "published")


@pytest.mark.rule(8)
async def test_a_correction_is_asked_for_once_cleared_and_shown_beside_what_it_corrects(
    any_door: OpenDoor,
) -> None:
    door = any_door
    case, path = await _published(door)
    body: dict[str, Any] = {"text": "We will send it on Tuesday, not on Monday."}
    gate = await door.ada.refused(422, f"{path}/correct", body)
    assert (gate["code"], gate["field"]) == ("promise_gate", "not_promises")
    body["not_promises"] = [body["text"]]
    done = await door.ada.post(f"{path}/correct", body, key="once")
    again = await door.ada.post(f"{path}/correct", body, key="once")
    new = f"posts/{done['post_id']}"
    before = await door.ada.get(path)

    assert (done["recorded"], done["repeated"]) == (True, False)
    assert again == done | {"repeated": True}
    assert (done["stage"], done["seq"]) == ("published", before["seq"])
    assert [post["id"] for post in before["chain"]] == [before["id"], done["post_id"]]
    assert _may(before, "retract")["why_not"] == "a correction of it is on its way"
    detail = await door.ben.get(new)
    assert (detail["kind"], detail["corrects"]) == ("correction", before["id"])
    assert (detail["stage"], detail["writer"]) == ("in_review", "ada")
    assert detail["text"] == body["text"]

    other = await door.ada.refused(
        422, f"{path}/correct", {"text": "x"}, headers={"Idempotency-Key": "once"}
    )
    assert other["code"] == "key_reused"
    assert (await door.ben.refused(409, f"{path}/retract", {"reason": "x"}))["post_id"] == (
        done["post_id"]
    )
    assert (await door.ada.refused(403, f"{new}/clear"))["code"] == "not_yours"
    await door.ben.post(f"{new}/clear")
    await door.until_stage(new, "published")

    after = await door.eve.get(path)
    assert (after["corrected_by"], after["retracted_by"]) == (done["post_id"], None)
    assert (await door.ada.refused(409, f"{path}/correct", body))["code"] == "already_corrected"
    turns = [t for t in (await door.ada.get(case))["conversation"] if t["kind"] == "post"]
    assert [(t["corrects"], t["corrected_by"]) for t in turns] == [
        (None, done["post_id"]),
        (before["id"], None),
    ]


@pytest.mark.rule(8)
async def test_a_retraction_marks_what_it_takes_back(door: OpenDoor) -> None:
    _, path = await _published(door)
    done = await door.cora.post(f"{path}/retract", {"reason": "We had the wrong order."})
    new = f"posts/{done['post_id']}"
    await door.ben.post(f"{new}/clear")
    await door.until_stage(new, "published")
    detail = await door.dev.get(path)
    assert (detail["retracted_by"], detail["text"] is not None) == (done["post_id"], True)
    text = (door.service.settings.data / "console.jsonl").read_text()
    assert "We take back what we published on " in text


async def test_of_two_corrections_at_once_one_is_opened(door: OpenDoor) -> None:
    _, path = await _published(door)
    answers = await asyncio.gather(
        *(
            visitor.ask("POST", f"/api/v1/{path}/correct", json={"text": f"No {n}."})
            for n, visitor in enumerate((door.ada, door.ben, door.cora))
        )
    )
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer.status_code != 200:
            problem = problem_of(answer, 409)
            assert (problem["code"], problem["post_id"]) == (
                "correction_on_its_way",
                won[0]["post_id"],
            )
    assert len((await door.ada.get(path))["chain"]) == 2


async def test_one_request_sent_twice_at_once_opens_one_correction(door: OpenDoor) -> None:
    _, path = await _published(door)
    answers = await asyncio.gather(
        *(door.ada.post(f"{path}/correct", {"text": "Better."}, key="k") for _ in range(2))
    )
    assert len({answer["post_id"] for answer in answers}) == 1
    assert sorted(answer["repeated"] for answer in answers) == [False, True]


async def test_a_correction_fits_its_channel_with_the_line_that_names_what_it_corrects(
    door: OpenDoor,
) -> None:
    _, path = await _published(door)
    problem = await door.ada.refused(422, f"{path}/correct", {"text": "x" * 5000})
    assert (problem["code"], problem["field"]) == ("text_too_long", "text")
    assert "line that is added" in problem["detail"]


async def test_what_is_not_published_is_not_corrected_and_not_by_everybody(door: OpenDoor) -> None:
    path = await _in_review(door)
    assert (await door.ada.refused(409, f"{path}/correct", {"text": "x"}))["code"] == "out_of_turn"
    _, other = await _published(door)
    assert (await door.eve.refused(403, f"{other}/retract", {"reason": "x"}))["code"] == "not_yours"
    assert (await door.ada.get(other))["chain"] == []
