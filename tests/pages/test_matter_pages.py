"""The page of a matter: the one answer, how far it has come, and the forms that move it on."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.pages import labels
from domain.matter import MatterStage, MemberState, changes
from store import absences
from tests.pages.conftest import Office, form_of, text_of

ANSWER = "The saddles are here; each of them leaves our house today."


def test_every_stage_and_standing_has_its_words() -> None:
    assert set(labels.STAGES["matter"]) == set(MatterStage)
    assert set(labels.MATTER_THEN) == set(MatterStage)
    assert set(labels.MEMBER_STATES) == set(MemberState)
    assert set(labels.MEMBER_VIEWS) == {"", *MemberState}


async def test_a_matter_is_decided_released_and_halted_on_its_page(office: Office) -> None:
    door = office.door
    opened = await door.ada.post("matters", {"title": "Saddles <b>missing</b>", "team": "care"})
    page = f"/matter/{opened['id']}"
    cases = [(await door.opened()).split("/")[1] for _ in range(3)]
    await door.ada.post(f"matters/{opened['id']}/members", {"escalation_ids": cases})
    ada, ben, cora = [await office.browser_of(name) for name in ("ada", "ben", "cora")]

    seen = await ada.see(page)
    assert "Saddles &lt;b&gt;missing&lt;/b&gt;" in seen.text
    assert "3 wait" in text_of(seen)
    promise = "We will write to you by Friday."
    fields = {"request": "May we say this?", "reply": f"{ANSWER}\n{promise}"}
    refused = await ada.do(page, "propose", status=422, more=fields)
    assert "reads like a promise" in text_of(refused) or "read like a promise" in text_of(refused)
    assert ANSWER in refused.text
    await ada.do(page, "propose", more=fields, not_promises=promise)
    assert "decides: approve, refuse or return" in text_of(await ben.see(page))
    await cora.do(page, "approve")
    await ben.do(page, "release", first="1", wait_seconds="3600")
    stream = f"matter/{opened['id']}"
    await door.service.until(lambda: door.service.state(stream).served == 1)  # type: ignore[attr-defined]
    halted = await ada.do(page, "halt", reason="A wrong date.")
    assert "halted: nobody more is answered" in text_of(halted)
    assert "A wrong date." in text_of(halted)
    await ben.do(page, "resume")
    await door.service.until_stage(stream, "listening")
    told = text_of(await ada.see(page))
    assert "3 answered" in told
    assert "the chain holds" in told


async def test_whoever_stands_for_an_approver_decides_a_matter_on_their_behalf(
    office: Office,
) -> None:
    at = datetime.now(UTC)
    with office.door.service.database.writing() as session:
        absences.give(session, "cora", "ben", at, at + timedelta(days=2), at, by="cora")
    opened = await office.door.ada.post("matters", {"title": "No saddles", "team": "care"})
    page = f"/matter/{opened['id']}"
    ada, ben = await office.browser_of("ada"), await office.browser_of("ben")
    await ada.do(page, "propose", request="May we say this?", reply=ANSWER)
    seen = await ben.see(page)
    for act in ("approve", "refuse", "return"):
        assert form_of(seen, f"/{act}")["on_behalf_of"] == "cora"
    assert "You do this on behalf of Cora ; the record says so." in text_of(seen)
    done = await ben.do(page, "approve", page=seen)
    assert "decided, waiting to be released" in text_of(done)


# The list. ------------------------------------------------------------------------------------


async def _brought_together(office: Office, title: str, cases: int = 2) -> str:
    """The page of a new matter of Ada's with so many cases in it."""
    opened = await office.door.ada.post("matters", {"title": title, "team": "care"})
    ids = [(await office.door.opened()).split("/")[1] for _ in range(cases)]
    if ids:
        await office.door.ada.post(f"matters/{opened['id']}/members", {"escalation_ids": ids})
    return f"/matter/{opened['id']}"


async def test_an_empty_list_says_what_a_matter_is_for_and_opens_one(office: Office) -> None:
    ada = await office.browser_of("ada")
    page = await ada.see("/matters")
    assert "When many people say the same, open a matter" in text_of(page)
    assert "No matter has ended yet." in text_of(await ada.see("/matters?view=ended"))
    sent = form_of(page, "/matters")
    assert sent["team"] == "care", "the only team of hers"
    refused = await ada.http.post("/matters", data=sent | {"title": " "})
    assert refused.status_code == 422
    assert "What it is about: " in text_of(refused)
    assert form_of(refused, "/matters")["key"] != sent["key"]
    sent |= {"title": "Saddles <b>missing</b>"}
    for _ in range(2):
        made = await ada.http.post("/matters", data=sent)
        assert made.url.path.startswith("/matter/")
        assert "Done and recorded: you opened this matter." in text_of(made)
    listed = await ada.see("/matters")
    assert listed.text.count('href="/matter/') == 1, "the same form opens no second one"
    assert "Saddles &lt;b&gt;missing&lt;/b&gt;" in listed.text
    assert "You propose the one answer." in text_of(listed)


async def test_whoever_may_open_none_is_offered_none(office: Office) -> None:
    cora, dev = await office.browser_of("cora"), await office.browser_of("dev")
    offered = await cora.see("/matters")
    assert form_of(offered, "/matters")["team"] == "", "an executive has every team to choose from"
    seen = await dev.see("/matters")
    assert "Open a matter" not in seen.text
    foreign = form_of(offered, "/matters") | {"title": "Lamps", "team": "nowhere"}
    refused = await cora.http.post("/matters", data=foreign)
    assert refused.status_code == 422
    assert form_of(refused, "/matters")["title"] == "Lamps", "what was typed stays"


async def test_the_list_says_how_many_wait_who_owes_what_and_what_was_decided(
    office: Office,
) -> None:
    older, newer = [
        await _brought_together(office, title, n) for title, n in (("Saddles", 2), ("Lamps", 1))
    ]
    ada, ben, cora = [await office.browser_of(name) for name in ("ada", "ben", "cora")]
    await ada.do(older, "propose", request="May we say this?", reply=ANSWER)
    rows = _rows(await ben.see("/matters"))
    assert [address for address, _ in rows] == [newer, older], "the newest first"
    assert "1 case" in rows[0][1]
    assert "Ada proposes the one answer." in rows[0][1]
    assert "2 cases 2 wait" in rows[1][1]
    assert "Cora decides: approve, refuse or return." in rows[1][1]
    assert "due in" in rows[1][1]
    assert ANSWER not in rows[1][1], "nothing is decided yet"
    await cora.do(older, "approve")
    ((_, told),) = [row for row in _rows(await ben.see("/matters")) if row[0] == older]
    assert "Cora approved" in told
    assert ANSWER in told
    assert "The team’s lead or an executive releases the answer." in told
    eve = await office.browser_of("eve")
    assert ANSWER not in (await eve.see("/matters")).text, "not before it is out"


async def test_what_has_ended_is_listed_by_itself(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "LAST_CALL", timedelta(seconds=1))
    ended, still = [await _brought_together(office, title, 0) for title in ("Saddles", "Lamps")]
    ada = await office.browser_of("ada")
    await ada.do(ended, "close", reason="It was one case.")
    await office.door.service.until_stage(ended[1:], "closed")
    assert [address for address, _ in _rows(await ada.see("/matters"))] == [still]
    ((address, told),) = _rows(await ada.see("/matters?view=ended"))
    assert address == ended
    assert "Nothing was decided." in told


async def test_a_long_list_goes_on_by_key(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.pages.matters.ROWS", 1)
    older, newer = [await _brought_together(office, title, 0) for title in ("Saddles", "Lamps")]
    ada = await office.browser_of("ada")
    page = await ada.see("/matters")
    assert [address for address, _ in _rows(page)] == [newer]
    (onward,) = re.findall(r'href="(/matters\?[^"]*cursor=[^"]*)"', page.text)
    page = await ada.see(html.unescape(onward))
    assert [address for address, _ in _rows(page)] == [older]
    assert "To the beginning" in page.text


def _rows(page: httpx.Response) -> list[tuple[str, str]]:
    """Each matter of the list: where it leads, and what is said of it."""
    listed = page.text.partition('<ul class="rows matters">')[2].partition("</ul>")[0]
    rows = [row for row in listed.split("<li>") if "href" in row]
    told = [re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", row))) for row in rows]
    places = [row.partition('href="')[2].partition('"')[0] for row in rows]
    return list(zip(places, told, strict=True))


async def test_a_stranger_and_an_admin_see_no_matters(office: Office) -> None:
    stranger = await office.browser().http.get("/matters")
    assert stranger.url.path == "/sign-in"
    root = await office.browser_of_admin()
    assert (await root.http.get("/matters")).status_code == 403


async def test_a_case_leads_to_the_matter_whose_answer_it_waits_for(office: Office) -> None:
    matter = await _brought_together(office, "Saddles <i>missing</i>", 1)
    ben = await office.browser_of("ben")
    (member,) = (await office.door.ben.get(f"matters/{matter.split('/')[2]}/members"))["items"]
    page = await ben.see(f"/escalation/{member['escalation_id']}")
    assert f'<a href="{matter}"><bdi>Saddles &lt;i&gt;missing&lt;/i&gt;</bdi></a>' in page.text
    assert "Its matter answers it, together with others." in text_of(page)
    assert "Look at the matter" in text_of(page)
    assert form_of(page, "/claim"), "it can be claimed all the same"


# Its members. ---------------------------------------------------------------------------------


async def test_a_matter_without_cases_says_how_they_come_to_it_and_what_comes_then(
    office: Office,
) -> None:
    page = await _brought_together(office, "Saddles", 0)
    told = text_of(await (await office.browser_of("ada")).see(page))
    assert "No case belongs to it yet." in told
    assert "Then an executive decides" in told


async def test_all_members_are_led_to_in_pages_and_by_how_they_stand(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.pages.cases.MEMBERS", 2)
    page = await _brought_together(office, "Saddles", 3)
    path = f"matters/{page.split('/')[2]}/members"
    members = [one["escalation_id"] for one in (await office.door.ada.get(path))["items"]]
    leaving = {"escalation_ids": members[:1], "reason": "This one is about a lamp."}
    await office.door.ada.post(f"{path}/leave", leaving)
    ada = await office.browser_of("ada")

    def shown(seen: httpx.Response) -> list[str]:
        return re.findall(r'class="title excerpt"[^>]* href="/escalation/(\w+)"', seen.text)

    first = await ada.see(page)
    assert shown(first) == members[:2]
    assert "2 cases" in text_of(first), "one that was taken out belongs to it no more"
    (onward,) = re.findall(rf'href="({page}\?cursor=[^"]*)"', first.text)
    second = await ada.see(html.unescape(onward))
    assert shown(second) == members[2:]
    assert "To the beginning" in second.text
    assert shown(await ada.see(f"{page}?members=joined")) == members[1:]
    assert shown(await ada.see(f"{page}?members=left")) == members[:1]
    assert "No case stands to it like this." in (await ada.see(f"{page}?members=served")).text
    assert shown(await ada.see(f"{page}?members=nonsense")) == members[:2]


async def test_an_answered_member_leads_to_the_post_that_answers_it(office: Office) -> None:
    page = await _brought_together(office, "Saddles", 1)
    ada, ben, cora = [await office.browser_of(name) for name in ("ada", "ben", "cora")]
    await ada.do(page, "propose", request="May we say this?", reply=ANSWER)
    await cora.do(page, "approve")
    await ben.do(page, "release", first="1", wait_seconds="0")
    await office.door.service.until_stage(page[1:], "listening")
    seen = await ada.see(page)
    (post,) = re.findall(r'href="(/post/\w+)"', seen.text)
    assert ANSWER in (await ada.see(post)).text
    assert "Nobody owes anything" in text_of(seen)
