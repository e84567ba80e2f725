"""The page of a matter: the one answer, how far it has come, and the forms that move it on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from api.pages import labels
from domain.matter import MatterStage, MemberState
from store import absences
from tests.pages.conftest import Office, form_of, text_of

ANSWER = "The saddles are here; each of them leaves our house today."


def test_every_stage_and_standing_has_its_words() -> None:
    assert set(labels.STAGES["matter"]) == set(MatterStage)
    assert set(labels.MEMBER_STATES) == set(MemberState)


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
