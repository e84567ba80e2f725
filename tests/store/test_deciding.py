"""Whose word is missing, what was decided before and whose promises slip, in both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from domain.people import Actor
from store import absences, deciding, people, precedents, promises, tail
from store.promises import Whose
from tests.api.conftest import OpenDoor
from tests.api.conftest import any_door as any_door  # noqa: PLC0414 - a fixture, for these tests

SENTENCE = "We will send you a saddle by Friday."


def actor(door: OpenDoor, person: str) -> Actor:
    with door.service.database.reading() as session:
        return people.actor(session, person)


def counted(door: OpenDoor, person: str) -> int:
    with door.service.database.reading() as session:
        position = tail.newest(session)
        return deciding.count(session, actor(door, person), datetime.now(UTC), position).decisions


async def test_what_waits_is_counted_again_when_something_has_happened(any_door: OpenDoor) -> None:
    door, statements = any_door, []
    engine = door.service.database.engine
    first = await door.deciding()
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert [counted(door, person) for person in ("cora", "cora", "cora")] == [1, 1, 1]
    assert sum("JOIN snapshot" in said for said in statements) == 3, "cases, matters, to sign"
    # Another reader is another question, and so is the same one with a voice lent to them.
    assert counted(door, "ben") == 0
    with door.service.database.writing() as session:
        at = datetime.now(UTC)
        absences.give(session, "cora", "ben", at, at + timedelta(days=1), at, by="cora")
    assert counted(door, "ben") == 1
    await door.cora.post(f"{first}/approve", {})
    assert [counted(door, person) for person in ("cora", "ben")] == [0, 0]


async def test_words_to_clear_are_counted_once_for_each_position_for_whoever_may_clear_them(
    any_door: OpenDoor,
) -> None:
    door, statements = any_door, []
    path = await door.prepared()
    said = await door.ada.post(f"{path}/holding_reply", {"text": "Your words have arrived."})
    await door.until_stage(f"posts/{said['post_id']}", "in_review")

    def to_clear(person: str) -> int:
        with door.service.database.reading() as session:
            reader, position = actor(door, person), tail.newest(session)
            return deciding.count(session, reader, datetime.now(UTC), position).posts

    engine = door.service.database.engine
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    # Not by its writer, nor by another team; executives clear any words.
    people_asked = ("ben", "cora", "ada", "eve", "ben", "cora")
    assert [to_clear(person) for person in people_asked] == [1, 1, 0, 0, 1, 1]
    assert sum("FROM post" in told for told in statements) == 4
    await door.ben.post(f"posts/{said['post_id']}/clear", {})
    assert to_clear("cora") == 0


async def test_what_waits_for_whom_is_read_from_the_snapshots(
    any_door: OpenDoor,
) -> None:
    door, at = any_door, datetime.now(UTC)
    first, second = [await door.deciding() for _ in range(2)]
    await door.cora.post(f"{first}/ask", {"question": "Which saddle?"})
    with door.service.database.writing() as session:
        absences.give(session, "cora", "ben", at, at + timedelta(days=1), at, by="cora")
    with door.service.database.reading() as session:
        for person, voices in (("cora", ("cora",)), ("ben", ("cora",)), ("eve", ())):
            found = deciding.cases(session, actor(door, person), datetime.now(UTC), limit=5)
            mine = {case.row.id: case.voices for case in found.mine}
            assert mine == ({second.split("/")[1]: voices} if voices else {})
            assert counted(door, person) == len(mine)
            asked = [case.row.id for case in found.others if case.is_asked]
            assert asked == [first.split("/")[1]]
        again = deciding.cases(session, actor(door, "cora"), datetime.now(UTC), limit=1)
        assert again.next_cursor is None


async def test_a_promise_waits_for_its_accountable_until_they_have_said_something(
    any_door: OpenDoor,
) -> None:
    door, at = any_door, datetime.now(UTC)
    due_at = (at + timedelta(days=3)).isoformat()
    promises = [
        {"sentence": said, "accountable": "eve", "due_at": due_at}
        for said in (SENTENCE, "We will call you tomorrow.")
    ]
    text = " ".join(str(promise["sentence"]) for promise in promises)
    path = await door.deciding(reply=text, promises=promises)
    first, second = (await door.eve.get(path))["to_sign"]
    assert (first["sentence"], second["sentence"]) == (SENTENCE, "We will call you tomorrow.")
    assert (await door.ada.get(path))["to_sign"] == []
    assert [counted(door, person) for person in ("eve", "ben")] == [1, 0]
    await door.eve.post(f"{path}/accept_promise", {"promise_id": first["id"]})
    assert counted(door, "eve") == 1
    with door.service.database.reading() as session:
        found = deciding.to_sign(session, actor(door, "eve"))
        assert [row.id for row in found] == [path.split("/")[1]]
    await door.cora.post(f"{path}/approve")
    assert counted(door, "eve") == 1, "the approved words wait for her"
    await door.eve.post(
        f"{path}/decline_promise", {"promise_id": second["id"], "reason": "Not by me."}
    )
    assert counted(door, "eve") == 0


async def test_pages_of_what_waits_for_me_go_on_where_the_last_one_ended(
    any_door: OpenDoor,
) -> None:
    paths = [await any_door.deciding() for _ in range(3)]
    seen, cursor = [], None
    with any_door.service.database.reading() as session:
        for _ in paths:
            found = deciding.cases(
                session, actor(any_door, "cora"), datetime.now(UTC), limit=1, cursor=cursor
            )
            seen += [case.row.id for case in found.mine]
            cursor = found.next_cursor
    assert seen == [path.split("/")[1] for path in paths]
    assert cursor is None


async def test_a_precedent_outlives_the_case_coming_back(
    any_door: OpenDoor,
) -> None:
    door = any_door
    due_at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    promise = {"sentence": SENTENCE, "accountable": "ada", "due_at": due_at}
    yes = await door.published(reply=SENTENCE, promises=[promise])
    no = await door.deciding()
    await door.cora.post(f"{no}/refuse", {"code": "not_ours", "reason": "The maker does that."})
    reply = {"text": "The maker does that."}
    await door.ada.post(f"{no}/reply", reply)
    await door.until_stage(no, "listening")
    await door.heard_again(yes)

    with door.service.database.reading() as session:
        found = precedents.decided(session, actor(door, "cora"), "care")
        assert {case.id for case in found} == {path.split("/")[1] for path in (yes, no)}
        told = {case.id: case for case in precedents.told(session, found)}
        assert precedents.decided(session, actor(door, "eve"), "care") == []
    came_back, refused = told[yes.split("/")[1]], told[no.split("/")[1]]
    assert (came_back.outcome, came_back.by_name, came_back.code) == ("approved", "Cora", None)
    assert came_back.request == "May I send a saddle?"
    assert came_back.answer == SENTENCE
    assert came_back.reply == "My bike came without a saddle."
    assert [kept.stage for kept in came_back.promises] == ["open"]
    assert (refused.outcome, refused.code) == ("refused", "not_ours")
    assert refused.reason == "The maker does that."
    assert refused.replied_at is None


async def test_promises_are_found_by_person_team_and_manager(
    any_door: OpenDoor,
) -> None:
    door, at = any_door, datetime.now(UTC)
    promise = {
        "sentence": SENTENCE, "accountable": "ada", "due_at": (at + timedelta(days=3)).isoformat(),
    }  # fmt: skip
    await door.published(reply=SENTENCE, promises=[promise])
    await door.service.until(lambda: _owed(door, Whose()) == 1)
    for whose, count in (
        (Whose(people=frozenset({"ada"})), 1),
        (Whose(people=frozenset({"ben"})), 0),
        (Whose(people=frozenset(), teams=frozenset()), 0),
        (Whose(people=frozenset(), teams=frozenset({"care"})), 1),
        (Whose(teams=frozenset({"shop"})), 0),
    ):
        assert _owed(door, whose) == count, whose
    with door.service.database.writing() as session:
        for person, manager in (("ada", "ben"), ("ben", "cora"), ("dev", "cora")):
            row = people.known(session, person)
            row.manager = manager
    with door.service.database.reading() as session:
        assert promises.reports(session, "cora") == {"ada", "ben", "dev"}
        assert promises.reports(session, "ada") == frozenset()
        month = promises.between(
            session, actor(door, "dev"), at, Whose(), at, at + timedelta(days=4)
        )
        assert len(month) == 1
        assert promises.settled(session, actor(door, "dev"), at, Whose()) == []


def _owed(door: OpenDoor, whose: Whose) -> int:
    with door.service.database.reading() as session:
        return len(promises.owed(session, actor(door, "dev"), datetime.now(UTC), whose))
