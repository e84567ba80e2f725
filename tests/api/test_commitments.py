"""Promises at the door: another date, the commenter's word, the private link, figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.commitment import OpenCommitment, Promise
from domain.messages import Start
from domain.people import MACHINE
from domain.terms import PromiseTerms
from intake import entities
from store import tables, words
from tests.api.conftest import OpenDoor, problem_of


async def promised(door: OpenDoor, days: float = 3, **comment_changes: Any) -> str:
    """A promise that is out in public; answers its path."""
    escalation = (await door.opened(**comment_changes)).split("/")[1]
    service = door.service
    with service.database.reading() as session:
        comment = session.get_one(tables.Escalation, escalation).comment_id
    promise = Promise(
        id=words.new_id(),
        words=service.words("We will send a saddle.", "promise"),  # type: ignore[arg-type]
        accountable="ben",
        due_at=datetime.now(UTC) + timedelta(days=days),
    )
    command = OpenCommitment(
        promise=promise,
        escalation_id=escalation,
        post_id=words.new_id(),
        channel="console",
        team="care",
        comment_id=comment,
        approver="cora",
        terms=PromiseTerms(),
        rules=2,
    )
    start = Start(
        kind="commitment",
        command=command.model_dump(mode="json"),
        actor=MACHINE,
        at=datetime.now(UTC),
    )
    stream = f"commitment/{promise.id}"
    await entities.open_at(service.client, service.database, stream, start, "a promise")
    return f"commitments/{promise.id}"


async def told(door: OpenDoor) -> str:
    path = await promised(door)
    reported = await door.ben.post(f"{path}/report_kept", {"text": "It arrived today."})
    await door.ada.post(f"posts/{reported['post_id']}/clear")
    await door.until_stage(path, "told")
    return path


@pytest.mark.rule(9)
@pytest.mark.parametrize(
    ("act", "who", "field", "more"),
    [
        ("report_kept", "ben", "text", {}),
        ("tell", "ben", "text", {}),
        ("renegotiate", "ben", "text", {"reason": "The maker is late."}),
        ("withdraw", "cora", "reason", {}),
    ],
)
async def test_words_about_a_promise_make_no_other_one_by_accident(
    door: OpenDoor, act: str, who: str, field: str, more: dict[str, Any]
) -> None:
    path = await promised(door)
    sentence = "We will check the brakes for free by next Monday."
    body: dict[str, Any] = {field: f"I called you. {sentence}"} | more
    if act == "renegotiate":
        body["due_at"] = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    visitor = getattr(door, who)
    gate = await visitor.refused(422, f"{path}/{act}", body)
    assert (gate["code"], gate["field"]) == ("promise_gate", "not_promises")
    await visitor.post(f"{path}/{act}", body | {"not_promises": [sentence]})


@pytest.mark.rule(9)
async def test_words_about_a_promise_are_read_in_the_language_of_its_escalation(
    door: OpenDoor,
) -> None:
    path = await promised(door, language="pl")
    await door.ben.refused(422, f"{path}/tell", {"text": "Damy do 5.3."})
    await door.ben.post(f"{path}/tell", {"text": "Will, nasz kurier, jest w drodze."})


@pytest.mark.rule(11)
async def test_a_new_date_is_seen_with_its_words_until_it_counts_and_the_first_one_stays(
    door: OpenDoor,
) -> None:
    path = await promised(door)
    first = (await door.ben.get(path))["due_at"]
    due_at = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    said = "It will be the 9th."
    body = {"due_at": due_at, "reason": "The maker is late.", "text": said, "not_promises": [said]}
    await door.ben.post(f"{path}/renegotiate", body)
    wanted = (await door.cora.get(path))["wanted"]
    assert (wanted["text"], wanted["reason"]) == ("It will be the 9th.", "The maker is late.")
    assert (await door.eve.get(path))["wanted"] is None

    agreed = await door.cora.post(f"{path}/agree")
    await door.until_stage(f"posts/{agreed['post_id']}", "published")
    ids = path.split("/")[1]
    await door.service.until(lambda: _dates(door, ids) == 1)
    detail = await door.eve.get(path)
    assert detail["first_due_at"] == first
    assert detail["due_at"] == detail["dates"][0]["due_at"] != first
    assert detail["dates"][0]["agreed_by"] == "cora"
    listed = (await door.eve.get("commitments", escalation_id=detail["escalation_id"]))["items"]
    assert listed[0]["first_due_at"] == first
    history = await door.eve.get(f"{path}/history")
    by_name = {entry["name"]: entry for entry in history["items"]}
    assert by_name["commitment:date:asked"]["data"] is None
    assert by_name["commitment:date:set"]["data"]["due_at"]


def _dates(door: OpenDoor, commitment_id: str) -> int:
    return len(door.service.state(f"commitment/{commitment_id}").dates)  # type: ignore[attr-defined]


@pytest.mark.rule(12)
async def test_the_account_that_wrote_the_comment_has_the_last_word_others_are_counted(
    door: OpenDoor,
) -> None:
    path = await told(door)
    reader = await door.hook.post(f"{path}/word", {"is_kept": False, "handle": "@passerby"})
    assert (reader["source"], reader["stage"]) == ("reader", "told")
    theirs = await door.hook.post(f"{path}/word", {"is_kept": False, "handle": "@rider"})
    assert (theirs["source"], theirs["stage"]) == ("same_account", "denied")
    detail = await door.eve.get(path)
    assert (detail["says"], detail["said_by"]) == ("not_kept", "same_account")
    assert (detail["readers_kept"], detail["readers_not_kept"]) == (0, 1)
    await door.cora.post(f"{path}/uphold", {"reason": "It was signed for."})
    detail = await door.eve.get(path)
    assert (detail["stage"], detail["says"], detail["answer"]) == ("kept", "not_kept", "upheld")
    assert detail["answer_reason"] == "It was signed for."


@pytest.mark.rule(12)
async def test_a_word_brought_twice_with_one_key_is_counted_once(door: OpenDoor) -> None:
    path = await told(door)
    body = {"is_kept": True, "handle": "@passerby"}
    first = await door.hook.post(f"{path}/word", body, key="word-1")
    again = await door.hook.post(f"{path}/word", body, key="word-1")
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert (await door.ada.get(path))["readers_kept"] == 1


@pytest.mark.rule(12)
async def test_only_a_channels_service_vouches_for_who_said_it(door: OpenDoor) -> None:
    path = await told(door)
    body = {"is_kept": True, "handle": "@rider"}
    for visitor in (door.ada, door.cora, door.dev, door.root):
        await visitor.refused(403, f"{path}/word", body)
    await door.stranger.refused(401, f"{path}/word", body)


@pytest.mark.rule(12)
@pytest.mark.rule(16)
async def test_the_private_link_needs_no_token_answers_once_and_never_on_a_get(
    door: OpenDoor,
) -> None:
    path = await told(door)
    await door.eve.refused(403, f"{path}/make_link")
    old = (await door.ben.post(f"{path}/make_link"))["secret"]
    secret = (await door.ben.post(f"{path}/make_link", key="link"))["secret"]
    assert (await door.ben.post(f"{path}/make_link", key="link"))["secret"] is None, "shown once"
    with door.service.database.reading() as session:
        snapshot = session.get_one(tables.Snapshot, path.replace("commitments", "commitment"))
        assert secret not in snapshot.body

    problem_of(await door.stranger.ask("GET", f"/api/v1/words/{secret}"), 405)
    await door.stranger.refused(404, f"words/{old}", {"is_kept": True})
    await door.stranger.refused(404, "words/guessed", {"is_kept": True})
    await door.stranger.refused(422, f"words/{secret}", {"is_kept": "yes"})
    taken = await door.stranger.post(f"words/{secret}", {"is_kept": False})
    assert (taken["source"], taken["stage"]) == ("private_link", "denied")
    await door.stranger.refused(404, f"words/{secret}", {"is_kept": True})


@pytest.mark.rule(11)
async def test_a_withdrawal_is_told_in_the_thread_and_counted(door: OpenDoor) -> None:
    path = await promised(door)
    before = await _figures(door)
    gone = await door.cora.post(f"{path}/withdraw", {"reason": "The maker has closed."})
    assert gone["stage"] == "withdrawn"
    post = f"posts/{gone['post_id']}"
    assert (await door.ben.get(post))["text"] == "The maker has closed."
    await door.ben.post(f"{post}/clear")
    await door.until_stage(post, "published")
    after = await _figures(door)
    assert after["withdrawn"] == before["withdrawn"] + 1
    assert after["open"] == before["open"] - 1


async def _figures(door: OpenDoor) -> dict[str, Any]:
    page = await door.dev.get("figures/commitments", by="person")
    assert page["by"] == "person"
    total: dict[str, Any] = page["total"]
    return total


async def test_figures_are_for_readers_and_say_which_filter_is_wrong(door: OpenDoor) -> None:
    for visitor in (door.hook, door.root):
        problem_of(await visitor.ask("GET", "/api/v1/figures/commitments"), 403)
    answer = await door.ada.ask("GET", "/api/v1/figures/commitments?by=mood")
    assert problem_of(answer, 422)["field"] == "by"
