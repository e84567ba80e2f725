"""The whole way through the door, as other programs will go it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.api.conftest import OpenDoor


async def test_a_comment_travels_from_the_door_to_a_kept_promise(any_door: OpenDoor) -> None:
    door = any_door
    path = await door.opened()
    sentence = "We will send you a saddle by Friday."
    due_at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    await door.ada.post(f"{path}/claim")
    proposed = await door.ada.post(
        f"{path}/propose",
        {
            "request": "May I send a saddle?",
            "reply": f"We are sorry. {sentence}",
            "promises": [{"sentence": sentence, "accountable": "ben", "due_at": due_at}],
        },
    )
    await door.ben.post(f"{path}/accept_promise", {"promise_id": proposed["commitment_ids"][0]})
    approved = await door.cora.post(f"{path}/approve", {"reason": "Of course."})
    await door.until_stage(path, "listening")
    detail = await door.dev.get(path)

    assert approved["post_id"] == detail["replies"][0]["id"]
    assert [turn["kind"] for turn in detail["conversation"]] == ["comment", "post"]
    promise = f"commitments/{proposed['commitment_ids'][0]}"
    await door.until_stage(promise, "open")
    reported = await door.ben.post(f"{promise}/report_kept", {"text": "It arrived today."})
    await door.ada.post(f"posts/{reported['post_id']}/clear")
    await door.until_stage(promise, "told")
    word = await door.hook.post(f"{promise}/word", {"is_kept": True, "handle": "@rider"})
    assert word == {"source": "same_account", "stage": "kept", "repeated": False}
    history = await door.dev.get(f"{promise}/history")
    assert history["chain"] == {"holds": True, "broken_at": None}
    assert history["items"][-1]["name"] == "commitment:promise:kept"
