"""Writing on a case without script: words are checked, kept and shown by forms alone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from api.deps import POLICY_SECONDS
from channels.base import room
from domain.policy import GENERAL
from domain.post import PostKind
from domain.terms import ReplyTerms
from store import policies
from tests import builders
from tests.pages.conftest import Browser, Office, form_of, text_of
from tests.pages.test_pages import HOSTILE, RIGHT_TO_LEFT, case_of, page_of

PROMISE = "We will send you a saddle by Friday."


async def check(browser: Browser, path: str, act: str, **fields: str) -> httpx.Response:
    """Press a button of the editor; answers the page it leads to."""
    sent = form_of(await browser.see(path), f"/{act}") | fields
    answer = await browser.http.post(f"{path}/words", data=sent)
    assert answer.status_code == 200, text_of(answer)
    return answer


async def gated(office: Office) -> None:
    """From here on the terms ask what they ask in a real house."""
    plan = builders.plan(replies=ReplyTerms())
    with office.door.service.database.writing() as session:
        at = datetime.now(UTC)
        policies.apply(session, builders.policy(terms={GENERAL: plan}), "root", at)
    await asyncio.sleep(POLICY_SECONDS)


async def test_words_are_checked_and_stay_as_they_were_typed(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    page = await check(ada, path, "propose", request="May I?", reply=f"Sorry.\r\n{PROMISE}")

    assert f'<mark class="unmarked">{PROMISE}</mark>' in page.text
    assert "43 of at most 5,000 characters" in text_of(page)
    fields = form_of(page, "/propose")
    assert (fields["request"], fields["reply"]) == ("May I?", f"Sorry.\n{PROMISE}")
    assert office.door.service.state(path[1:]).stage == "preparing"


async def test_a_sentence_becomes_a_commitment_and_is_none_again(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    page = await check(ada, path, "propose", request="?", reply=PROMISE, make=PROMISE)
    fields = form_of(page, "/propose")

    assert fields["promises-0-sentence"] == PROMISE
    assert fields["promises-0-accountable"] == "ada"
    assert datetime.fromisoformat(fields["promises-0-due_on"]).weekday() == 4
    assert '<mark class="tied">' in page.text
    again = await ada.http.post(f"{path}/words", data=fields | {"drop": "0"})
    assert form_of(again, "/propose")["promises-0-sentence"] == ""
    assert '<mark class="unmarked">' in again.text


async def test_what_the_editor_says_is_what_the_gate_decides(office: Office) -> None:
    await gated(office)
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    seen = await check(ada, path, "propose", request="?", reply=PROMISE)
    assert "Until each is dealt with, these words do not go out" in text_of(seen)
    refused = await ada.do(path, "propose", status=422, request="?", reply=PROMISE)
    assert '<mark class="unmarked">' in refused.text
    await ada.do(path, "propose", page=refused, not_promises=PROMISE)
    state = office.door.service.state(path[1:])
    assert state.stage == "deciding"


async def test_a_reply_much_like_an_earlier_one_is_shown_beside_it(office: Office) -> None:
    await gated(office)
    earlier = "Dear rider, the saddle was left out of the box by mistake, and we are sorry for it."
    await office.door.published(reply=earlier)
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    mine = earlier.replace("mistake", "accident")
    page = await check(ada, path, "propose", request="?", reply=mine)

    assert "% of this stands in an earlier reply" in text_of(page)
    assert "<del>mistake</del>" in page.text
    assert "<ins>accident</ins>" in page.text
    refused = await ada.do(path, "propose", status=422, request="?", reply=mine)
    assert "<del>mistake</del>" in refused.text
    await ada.do(path, "propose", page=refused, same_because="The same box, the same day.")
    assert office.door.service.state(path[1:]).stage == "deciding"


async def test_words_are_counted_with_the_lines_of_the_channel(office: Office) -> None:
    case = await office.door.published()
    (reply,) = (await office.door.ada.get(case))["replies"]
    ben = await office.browser_of("ben")
    page = await check(ben, f"/post/{reply['id']}", "correct", text="🚲" * 10)

    assert "Correction of what we published on" in text_of(page)
    most = room(builders.policy().channels["console"], PostKind.CORRECTION)
    assert most < 5_000
    assert f"10 of at most {most:,} characters" in text_of(page)


@pytest.mark.parametrize("words", [HOSTILE, RIGHT_TO_LEFT, "", " \r\n ", "x" * 9_000])
async def test_hard_words_come_back_as_they_were(office: Office, words: str) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    page = await check(ada, path, "propose", request=words, reply=words)

    assert "<script>" not in page.text
    assert form_of(page, "/propose")["reply"] == words.replace("\r\n", "\n")
    if len(words) > 5_000:
        assert "4,000 too many: 9,000 of at most 5,000" in text_of(page)


# Drafts. -------------------------------------------------------------------------------------


async def test_a_draft_is_saved_by_a_form_and_gone_on_with_by_a_colleague(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada, ben = await office.browser_of("ada"), await office.browser_of("ben")
    sent = form_of(await ada.see(path), "/propose") | {"reply": "We are ", "request": ""}
    saved = await ada.http.post(f"{path}/draft", data=sent)
    assert "Your draft is saved, as version 1" in text_of(saved)
    seen = await ben.see(f"{path}/drafts")
    assert "Version 1 , by Ada" in text_of(seen).replace("1,", "1 ,")

    fields = form_of(await ada.see(path), "/propose")
    assert (fields["reply"].strip(), fields["based_on-reply"]) == ("We are", "1")
    more = form_of(saved, "/propose") | {"reply": "We are sorry."}
    await ada.http.post(f"{path}/draft", data=more)
    older = await ben.see(f"{path}/drafts?kind=reply&version=1")
    assert "<ins>sorry.</ins>" in older.text.replace(" </ins>", "</ins>")
    restored = await ben.http.post(f"{path}/drafts", data=form_of(older, "/drafts"))
    assert restored.status_code == 200
    assert form_of(await ada.see(path), "/propose")["reply"].strip() == "We are"


async def test_a_draft_that_somebody_else_has_gone_on_with_is_kept_beside_it(
    office: Office,
) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    sent = form_of(await ada.see(path), "/propose") | {"reply": "Mine.", "request": ""}
    await office.door.ben.ask(
        "PUT", f"/api/v1/{case_of(path)}/draft", json={"text": "Ben’s.", "kind": "reply"}
    )
    refused = await ada.http.post(f"{path}/draft", data=sent)

    assert refused.status_code == 409
    assert "Ben saved version 1 meanwhile" in text_of(refused)
    assert form_of(refused, "/propose")["reply"] == "Mine."
    again = await ada.http.post(f"{path}/draft", data=form_of(refused, "/propose"))
    assert again.status_code == 200, text_of(again)


async def test_what_was_sent_is_a_draft_no_longer(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    sent = form_of(await ada.see(path), "/note") | {"text": "Between us."}
    await ada.http.post(f"{path}/draft", data=sent)
    page = await ada.see(path)
    assert form_of(page, "/note")["text"] == "Between us."
    await ada.do(path, "note", page=page)
    assert form_of(await ada.see(path), "/note")["text"] == ""
    ben = await office.browser_of("ben")
    assert form_of(await ben.see(path), "/note")["text"] == ""


async def test_a_script_is_answered_with_the_version_and_with_problems(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    csrf = form_of(await ada.see(path), "/propose")["csrf"]
    fields = {"csrf": csrf, "act": "propose", "reply": "Soon.", "based_on-reply": ""}
    headers = {"Accept": "application/json"}
    answer = await ada.http.post(f"{path}/draft", data=fields, headers=headers)
    assert answer.json()["drafts"]["reply"]["version"] == 1
    same = await ada.http.post(f"{path}/draft", data=fields, headers=headers)
    assert same.json()["drafts"]["reply"]["version"] == 1
    signed_out = office.browser()
    gone = await signed_out.http.post(f"{path}/draft", data=fields, headers=headers)
    assert (gone.status_code, gone.headers["content-type"]) == (401, "application/problem+json")


async def test_other_teams_and_auditors_read_no_drafts(office: Office) -> None:
    path = page_of(await office.door.prepared())
    hidden = "Words that are not ready."
    await office.door.ada.ask(
        "PUT", f"/api/v1/{case_of(path)}/draft", json={"text": hidden, "kind": "reply"}
    )
    eve, dev = await office.browser_of("eve"), await office.browser_of("dev")
    for browser in (eve, dev):
        assert hidden not in (await browser.see(path)).text
        assert hidden not in (await browser.see(f"{path}/drafts", 403)).text
    csrf = {"csrf": form_of(await eve.see(path), "/sign-out")["csrf"]}
    for address, fields in (("draft", {"act": "reply", "text": "x"}), ("drafts", {"version": "1"})):
        told = csrf | fields | {"newest": "1"}
        assert (await eve.http.post(f"{path}/{address}", data=told)).status_code == 403


@pytest.mark.parametrize("address", ["words", "draft", "drafts"])
async def test_what_is_written_needs_our_mark(office: Office, address: str) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    answer = await ada.http.post(f"{path}/{address}", data={"act": "propose", "reply": "x"})
    assert answer.status_code == 403


# Before it is public. ------------------------------------------------------------------------


async def test_only_what_was_seen_is_sent(office: Office) -> None:
    path = page_of(await office.door.deciding())
    ada, cora = await office.browser_of("ada"), await office.browser_of("cora")
    await cora.do(path, "approve")
    sent = form_of(await ada.see(path), "/reply") | {"text": "It was left out of the box."}
    looked = await ada.http.post(f"{path}/reply", data=sent)
    assert "Exactly this will be read on" in text_of(looked)
    assert "@rider" in looked.text
    assert office.door.service.names(path[1:]).count("escalation:reply:submitted") == 0

    shown = form_of(looked, "/reply")
    other = await ada.http.post(f"{path}/reply", data=shown | {"text": "Something else."})
    assert "Exactly this will be read on" in text_of(other)
    assert "Something else." in other.text
    assert office.door.service.names(path[1:]).count("escalation:reply:submitted") == 0
    back = await ada.http.post(f"{path}/words", data=shown)
    assert form_of(back, "/reply")["text"] == "It was left out of the box."
    done = await ada.http.post(f"{path}/reply", data=shown)
    assert "Somebody other than you clears the words" in text_of(done)


async def test_what_would_be_refused_is_refused_before_it_is_shown(office: Office) -> None:
    path = page_of(await office.door.deciding())
    ada, cora = await office.browser_of("ada"), await office.browser_of("cora")
    stale = await ada.see(path)
    await cora.do(path, "approve")
    sent = form_of(await ada.see(path), "/reply")
    long = await ada.http.post(f"{path}/reply", data=sent | {"text": "x" * 5_001})
    assert long.status_code == 422
    seq = form_of(stale, "/withdraw")["expected_seq"]
    late = await ada.http.post(f"{path}/reply", data=sent | {"text": "Hello.", "expected_seq": seq})
    assert late.status_code == 409
    assert "changed since you looked" in text_of(late)


# What else they said. ------------------------------------------------------------------------


async def test_a_case_shows_what_else_its_author_has_said(office: Office) -> None:
    one = page_of(await office.door.opened("1", text="The saddle is missing."))
    await office.door.opened("2", text="And the bell is broken.")
    await office.door.opened("3", text="Not me.", author={"handle": "@other"})
    eve = await office.browser_of("eve")
    page = text_of(await eve.see(one))

    assert "What else Rita (@rider) has said And the bell is broken." in page
    assert "Not me." not in page


async def test_nobody_is_told_of_a_note_that_they_cannot_read(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    refused = await ada.do(path, "note", status=422, text="Ask @eve.")

    assert "Eve" in text_of(refused).title()
    assert form_of(refused, "/note")["text"] == "Ask @eve."
    told = await ada.do(path, "note", page=refused, text="Ask @ben.")
    assert "you wrote a note and told Ben" in text_of(told)


async def test_what_is_wrong_is_said_once_and_in_words_of_the_page(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    promise = "We will send you a saddle by Friday."
    gate = text_of(await ada.do(path, "propose", status=422, request="May I?", reply=promise))
    said = "ne sentence reads like a promise and is not tied to one"
    assert gate.count(said) == 2, "and at the field"
    assert "Name each among the sentences that are no promise" in gate
    assert "not_promises" not in gate
    odd = text_of(await ada.do(path, "answered_outside", status=422, link="there"))
    assert "must be an address that begins with http:// or https://" in odd
    assert "match pattern" not in odd
