"""One's own deadlines in a calendar program: what stands there, who opens it, until when."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar
from sqlalchemy import select
from sqlmodel import col

import texts
from api.calendar import LENGTH, written
from store import people
from store.duties import Act, Duty
from store.tables import Person, Token
from tests.api.conftest import OpenDoor, Visitor, problem_of

SENTENCE = "We will send you a saddle by Friday."
LINKS = "https://answers.example"
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


async def link(door: OpenDoor, who: str) -> str:
    visitor: Visitor = getattr(door, who)
    made = await visitor.post(f"people/{who}/calendar")
    address: str = made["address"]
    return "/calendar/" + address.rpartition("/")[2]


async def feed(door: OpenDoor, path: str, **headers: str) -> httpx.Response:
    """As a calendar program asks: without a token, and without a cookie."""
    return await door.http.get(path, headers=headers)


def events(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def acts(answer: httpx.Response) -> set[str]:
    return {str(event["uid"]).partition(".")[2].partition("@")[0] for event in events(answer)}


async def test_each_owes_what_they_owe_and_nobody_elses_words_are_told(
    any_door: OpenDoor,
) -> None:
    door = any_door
    paths = {who: await link(door, who) for who in ("ada", "ben", "cora", "eve")}
    assert {who: acts(await feed(door, path)) for who, path in paths.items()} == {
        "ada": set(), "ben": set(), "cora": set(), "eve": set(),
    }  # fmt: skip
    due_at = datetime.now(UTC) + timedelta(days=3)
    promise = {"sentence": SENTENCE, "accountable": "ben", "due_at": due_at.isoformat()}
    case = await door.prepared()
    assert acts(await feed(door, paths["ada"])) == {"propose"}
    proposal = {"request": "May I?", "reply": f"Sorry. {SENTENCE}", "promises": [promise]}
    await door.ada.post(f"{case}/propose", proposal)
    assert [acts(await feed(door, paths[who])) for who in ("ada", "ben", "cora")] == [
        set(), {"sign"}, {"decide"},
    ]  # fmt: skip
    before = await feed(door, paths["cora"])
    for secret_word in ("saddle", "May I?", "Sorry", "Rita"):
        assert secret_word not in before.text
    await door.cora.post(f"{case}/ask", {"question": "Which saddle?"})
    assert [acts(await feed(door, paths[who])) for who in ("ada", "cora")] == [{"inform"}, set()]
    await door.ada.post(f"{case}/inform", {"text": "The red one."})
    (made,) = (await door.ada.get(case))["proposal"]["promises"]
    await door.ben.post(f"{case}/accept_promise", {"promise_id": made["id"]})
    await door.cora.post(f"{case}/approve")
    await door.until_stage(f"commitments/{made['id']}", "open")

    (event,) = events(await feed(door, paths["ben"]))
    assert str(event["uid"]) == f"{made['id']}.keep@answerable"
    assert event["summary"] == f"Keep a promise: “{SENTENCE}”"
    assert str(event["url"]).endswith(f"/commitment/{made['id']}")
    assert event["dtend"].dt == due_at.replace(microsecond=0)
    assert event["dtstart"].dt == due_at.replace(microsecond=0) - LENGTH
    assert acts(await feed(door, paths["cora"])) == set()


async def test_the_same_deadlines_are_the_same_bytes_and_need_not_be_sent_again(
    fresh_door: OpenDoor,
) -> None:
    await fresh_door.prepared()
    path = await link(fresh_door, "ada")
    first, again = await feed(fresh_door, path), await feed(fresh_door, path)
    tag = first.headers["etag"]

    assert (first.content, tag) == (again.content, again.headers["etag"])
    assert first.headers["cache-control"] == "private, max-age=300"
    assert "set-cookie" not in first.headers
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        answer = await feed(fresh_door, path, **{"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
    head = await fresh_door.http.head(path)
    assert (head.status_code, head.headers["etag"]) == (200, tag)
    await fresh_door.prepared()
    changed = await feed(fresh_door, path, **{"If-None-Match": tag})
    assert len(events(changed)) == 2


async def test_a_link_opens_until_it_is_renewed_ended_or_its_person_leaves(
    fresh_door: OpenDoor,
) -> None:
    door = fresh_door
    assert (await door.ben.get("people/ben/calendar"))["made_at"] is None
    first = await link(door, "ben")
    assert (await door.ben.get("people/ben/calendar"))["made_at"]
    second = await link(door, "ben")
    assert problem_of(await feed(door, first), 404)["code"] == "unknown_link"
    assert (await feed(door, second)).status_code == 200
    for _ in range(2):
        await door.ben.post("people/ben/calendar/end")
    problem_of(await feed(door, second), 404)
    third, hers = await link(door, "ben"), await link(door, "ada")
    await door.root.post("people/ben/leave")
    problem_of(await feed(door, third), 404)
    assert (await feed(door, hers)).status_code == 200


async def test_the_secret_is_long_kept_as_a_hash_and_opens_nothing_else(
    fresh_door: OpenDoor,
) -> None:
    door = fresh_door
    secret = (await link(door, "ada")).removeprefix("/calendar/").removesuffix(".ics")
    with door.service.database.reading() as session:
        digests = set(session.scalars(select(col(Token.digest))))
        assert people.holder(session, secret, datetime.now(UTC)) is None
    assert len(secret.removeprefix("ans_")) >= 43, "256 bits"
    assert hashlib.sha256(secret.encode()).hexdigest() in digests
    assert secret not in digests
    problem_of(await Visitor(door.http, secret).ask("GET", "/api/v1/escalations"), 401)
    token = door.ada.token
    problem_of(await feed(door, f"/calendar/{token}.ics"), 404)
    history = await door.dev.get("house/history")
    made = [e for e in history["items"] if e["name"] == "house:token:made"]
    assert made[-1]["data"]["purpose"] == "calendar"
    assert secret not in str(history)


@pytest.mark.parametrize("who", ["cora", "root"])
async def test_nobody_makes_the_link_of_somebody_else(fresh_door: OpenDoor, who: str) -> None:
    visitor = getattr(fresh_door, who)
    await visitor.refused(403, "people/ada/calendar")
    await visitor.refused(403, "people/ada/calendar/end")
    await visitor.get("people/ada/calendar", status=403)


def duty(**changes: Any) -> Duty:
    values: dict[str, Any] = {
        "act": Act.KEEP,
        "stream": "commitment/01M832XSBSA28KYCS6T2BNABQ3",
        "due_at": AT,
        "seq": 7,
        "changed_at": AT - timedelta(days=1, microseconds=5),
        "sentence": 'We will; honestly, write\n"soon" 🚲 \\ ' + "וגם " * 100,
    }
    return Duty(**(values | changes))


def test_what_is_written_is_a_calendar_by_the_letter() -> None:
    raw = written([duty(), duty(act=Act.DECIDE, stream="escalation/B", sentence=None)], LINKS)
    lines = raw.split(b"\r\n")

    assert lines[0] == b"BEGIN:VCALENDAR"
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in lines), "folded at 75 octets"
    assert raw.decode().count("BEGIN:VEVENT") == 2
    calendar: Any = Calendar.from_ical(raw)
    assert (calendar["version"], "Answerable" in calendar["prodid"]) == ("2.0", True)
    keep, decide = calendar.walk("VEVENT")
    for event in (keep, decide):
        for needed in ("uid", "dtstamp", "dtstart", "dtend", "summary"):
            assert len([k for k in event if k.lower() == needed]) == 1
        assert event["dtstart"].dt.utcoffset() == timedelta(0)
        assert event["dtend"].dt == AT
        assert event["sequence"] == 7
        assert event["last-modified"].dt == event["dtstamp"].dt
    assert b"DTEND:20261125T120000Z" in raw
    assert 'We will; honestly, write "soon" 🚲 \\' in keep["summary"]
    assert len(keep["summary"]) < 220
    assert decide["summary"] == "Decide"
    assert decide["url"] == f"{LINKS}/escalation/B"


async def test_a_feed_speaks_the_language_of_whose_it_is(door: OpenDoor) -> None:
    await door.prepared()
    path = await link(door, "ada")
    (event,) = events(await feed(door, path))
    assert event["summary"] == "Propose an answer"
    with door.service.database.writing() as session:
        person = session.get(Person, "ada")
        assert person is not None
        person.language, person.reading_zone = "de", "Asia/Tokyo"
    answer = await feed(door, path, **{"Accept-Language": "en"})
    (event,) = events(answer)
    assert event["summary"] == texts.said_in("de", "Propose an answer") != "Propose an answer"
    calendar: Any = Calendar.from_ical(answer.content)
    assert calendar["prodid"].endswith("//DE")
    assert calendar["x-wr-timezone"] == "Asia/Tokyo"


def test_an_empty_calendar_is_one_too() -> None:
    raw = written([], LINKS)
    assert list(Calendar.from_ical(raw).walk("VEVENT")) == []
    assert written([duty()], LINKS) == written([duty()], LINKS)


def test_every_act_has_its_title() -> None:
    for act in Act:
        assert str(act) in written([duty(act=act)], LINKS).decode()
