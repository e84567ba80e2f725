"""Decisions as an executive makes them: what waits for whom, all that it takes, several at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.people import Role
from domain.policy import GENERAL
from domain.terms import DecisionMode, DecisionTerms
from store import absences, people, policies, words
from tests import builders
from tests.api.conftest import comment
from tests.pages.conftest import Office, form_of, text_of
from tests.pages.test_go import link_for

WORDS = "Your saddle was left out of the box."

UNTIED = "Reads like a promise, and nobody is accountable for it"


def page_of(path: str) -> str:
    return f"/{path.replace('escalations', 'escalation')}"


def case_of(page: str) -> str:
    """The other way round."""
    return page.removeprefix("/").replace("escalation/", "escalations/")


def rule(office: Office, **decision: Any) -> None:
    """Have the general terms decided like this, for all that opens from now on."""
    terms = {GENERAL: builders.plan(decision=DecisionTerms(**decision))}
    at = datetime.now(UTC)
    with office.door.service.database.writing() as session:
        policies.apply(session, builders.policy(terms=terms), "root", at)
        for person in ("finn", "gil"):
            people.put_person(session, person, person.title(), [Role.EXECUTIVE], {}, at, by="root")
    office.door.app.state.door._policy = None


def sections(page: str) -> tuple[str, str]:
    """What waits for the reader, and what waits for others."""
    mine, _, others = page.partition("These wait for others")
    return mine, others


async def test_what_waits_for_me_stands_before_what_waits_for_others(office: Office) -> None:
    rule(office, mode=DecisionMode.ONE, approvers=("finn",))
    theirs = await office.door.deciding(reply=WORDS)
    rule(office)
    mine = await office.door.deciding(reply="These are other words.", request="May I write this?")
    cora, ada = await office.browser_of("cora"), await office.browser_of("ada")
    page = await cora.see("/decisions")
    first, last = sections(page.text)

    assert "May I write this?" in first
    assert mine.split("/")[1] in first
    assert theirs.split("/")[1] not in first
    assert theirs.split("/")[1] in last
    assert "Finn has the word" in text_of(page)
    assert 'Decisions <span class="count wanted">1<' in page.text
    seen = await ada.see("/decisions")
    assert "Nothing waits for your decision" in seen.text
    assert "An executive who did not propose it has the word" in text_of(seen)


async def test_a_card_says_all_that_a_decision_takes(office: Office) -> None:
    sentence = "We will send you a saddle by Friday."
    due_at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    promise = {"sentence": sentence, "accountable": "ben", "due_at": due_at, "proof": "A receipt."}
    await office.door.deciding(reply=f"We are sorry. {sentence}", promises=[promise])
    cora = await office.browser_of("cora")
    page = await cora.see("/decisions")
    said = text_of(page)

    for shown in (
        "May I send a saddle?",
        "Recommended: to approve",
        "Exactly these words would be published",
        "as an answer to Rita",
        f"{len(f'We are sorry. {sentence}')} of at most 5,000 characters",
        "Ben is accountable",
        "Known to be done by: A receipt.",
        "approved words wait until Ben has accepted this",
        "Once the promises in them are accepted, exactly these words are published on console",
        "due in",
    ):
        assert shown in said, shown
    assert page.text.count(sentence) == 3, "in the words, as a promise, and where a yes is given"


async def test_whoever_decides_sees_what_its_writer_says_is_no_promise(office: Office) -> None:
    promised = "We will send you a saddle by Friday."
    denied = "The postman will call you."
    due_at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    promise = {"sentence": promised, "accountable": "ada", "due_at": due_at}
    path = await office.door.deciding(
        reply=f"Sorry. {promised} {denied}", promises=[promise], not_promises=[denied]
    )
    cora = await office.browser_of("cora")
    for address in ("/decisions", page_of(path)):
        page = await cora.see(address)
        _, label, behind = text_of(page).partition("Reads like a promise; Ada says it is none")
        assert label, address
        assert behind.strip().startswith(denied)
    proposal = (await office.door.cora.get(path))["proposal"]
    assert proposal["marked_none"] == 1


async def test_whoever_clears_words_sees_what_reads_like_a_promise_that_nobody_makes(
    office: Office,
) -> None:
    promised = "We will send you a saddle by Friday."
    denied = "The postman will call you."
    due_at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    promise = {"sentence": promised, "accountable": "ada", "due_at": due_at}
    path = await office.door.deciding()
    await office.door.cora.post(f"{path}/approve")
    sent = {"text": f"Sorry. {promised} {denied}", "promises": [promise], "not_promises": [denied]}
    replied = await office.door.ada.post(f"{path}/reply", sent)
    ben, address = await office.browser_of("ben"), f"/post/{replied['post_id']}"
    _, label, behind = text_of(await ben.see(address)).partition(UNTIED)
    assert label
    assert behind.strip().startswith(denied)
    assert promised not in behind.partition("The postman")[0]
    await ben.do(address, "clear")
    await office.door.until_stage(path, "listening")
    assert UNTIED not in text_of(await ben.see(address)), "it is out"


async def test_whoever_decides_a_matter_sees_what_reads_like_a_promise_that_nobody_makes(
    office: Office,
) -> None:
    denied = "The postman will call you."
    opened = await office.door.ada.post("matters", {"title": "Saddles", "team": "care"})
    path, case = f"matters/{opened['id']}", (await office.door.opened()).partition("/")[2]
    await office.door.ada.post(f"{path}/members", {"escalation_ids": [case]})
    fields = {"request": "May we?", "reply": f"Sorry. {denied}", "not_promises": [denied]}
    await office.door.ada.post(f"{path}/propose", fields)
    cora = await office.browser_of("cora")
    _, label, behind = text_of(await cora.see(f"/matter/{opened['id']}")).partition(UNTIED)
    assert label
    assert behind.strip().startswith(denied)


async def test_whoever_stands_in_for_an_executive_finds_the_matter_with_its_words(
    office: Office,
) -> None:
    opened = await office.door.ada.post("matters", {"title": "Saddles", "team": "care"})
    path, case = f"matters/{opened['id']}", (await office.door.opened()).partition("/")[2]
    await office.door.ada.post(f"{path}/members", {"escalation_ids": [case]})
    await office.door.ada.post(f"{path}/propose", {"request": "May we?", "reply": WORDS})
    eve, address = await office.browser_of("eve"), f"/matter/{opened['id']}"
    assert f'href="{address}"' not in (await eve.see("/decisions")).text
    assert WORDS not in (await eve.see(address)).text, "she works elsewhere"

    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await office.door.cora.post("people/cora/delegations", {"to": "eve", "until": until})
    page = await eve.see("/decisions")
    assert f'href="{address}"' in page.text
    assert 'class="count wanted">1<' in page.text
    assert WORDS in (await eve.see(address)).text
    await eve.do(address, "approve")
    assert f'href="{address}"' not in (await eve.see("/decisions")).text


async def test_a_card_says_when_it_was_said_what_came_last_and_how_much_there_is(
    office: Office,
) -> None:
    door, at = office.door, datetime.now(UTC)
    long = "It came without a saddle, and nobody calls me back. " * 6 + "I need it on Monday!"
    path = await door.opened(text=long, posted_at=(at - timedelta(days=2)).isoformat())
    thread = (await door.ada.get(path))["thread"]
    for text in ("Hello?", "I have bought one elsewhere, for 80 €."):
        sent = comment(words.new_id(), conversation_id=thread, text=text)
        assert (await door.hook.post("comments", sent))["result"] == "joined"
    await door.ada.post(f"{path}/claim")
    await door.ada.post(f"{path}/propose", {"request": "May I send a saddle?", "reply": WORDS})
    cora = await office.browser_of("cora")
    page = await cora.see("/decisions")
    said = text_of(page)

    assert "said on console, 2 d ago" in said
    assert "I need it on Monday!" in said, "to its end"
    assert "and last, 5 min ago I have bought one elsewhere, for 80 €." in said
    assert "Hello?" not in said
    assert "The whole conversation, with 3 comments" in said
    row = text_of(await cora.see("/queue?view=all"))
    assert "2 d ago" in row
    assert "3 comments" in row


async def test_every_verdict_has_its_form_and_a_reason(office: Office) -> None:
    door = office.door
    cora = await office.browser_of("cora")
    asked, returned, refused = [page_of(await door.deciding(reply=WORDS)) for _ in range(3)]

    answer = await cora.do(asked, "ask", page=await cora.see("/decisions"), question="Which one?")
    assert "you asked" in text_of(answer)
    assert door.service.state(asked[1:]).question  # type: ignore[attr-defined]
    assert "was asked and answers first" in text_of(answer)
    await cora.do(returned, "return", page=await cora.see("/decisions"), reason="Say when.")
    assert door.service.state(returned[1:]).stage == "preparing"
    again = await cora.do(
        refused, "refuse", page=await cora.see("/decisions"), status=422, code="not_ours", reason=""
    )
    assert "The reason: is missing" in text_of(again)
    assert form_of(again, f"{refused}/refuse")["code"] == "not_ours"
    await cora.do(refused, "refuse", page=again, code="not_ours", reason="The maker does that.")
    decision = door.service.state(refused[1:]).decision  # type: ignore[attr-defined]
    assert (decision.outcome, decision.code) == ("refused", "not_ours")


@pytest.mark.rule(9)
async def test_a_reason_that_promises_is_shown_with_what_reads_so(office: Office) -> None:
    cora = await office.browser_of("cora")
    page = page_of(await office.door.deciding(reply=WORDS))
    said = "We sell none. We will send you a catalogue by Friday."
    fields = {"code": "not_ours", "reason": said}
    again = await cora.do(
        page, "refuse", page=await cora.see("/decisions"), status=422, more=fields
    )
    assert "This reads like a promise" in text_of(again)
    assert form_of(again, f"{page}/refuse")["reason"] == said
    none = "We will send you a catalogue by Friday."
    assert f'name="not_promises" value="{none}"' in again.text
    await cora.do(page, "refuse", page=again, more=fields, not_promises=none)


async def test_who_stands_for_an_approver_is_asked_and_the_record_says_so(office: Office) -> None:
    rule(office, mode=DecisionMode.ONE, approvers=("finn",))
    at = datetime.now(UTC)
    with office.door.service.database.writing() as session:
        absences.give(session, "finn", "eve", at, at + timedelta(days=2), at, by="finn")
    path = page_of(await office.door.deciding(reply=WORDS))
    eve = await office.browser_of("eve")
    page = await eve.see("/decisions")

    assert "You do this on behalf of Finn" in text_of(page)
    assert WORDS in page.text, "whoever is asked reads what they are asked"
    assert form_of(page, f"{path}/approve")["on_behalf_of"] == "finn"
    await eve.do(path, "approve", page=page)
    decision = office.door.service.state(path[1:]).decision  # type: ignore[attr-defined]
    assert (decision.by, decision.on_behalf_of) == ("eve", "finn")


async def test_of_several_votes_each_is_named_and_who_has_spoken_is_asked_no_more(
    office: Office,
) -> None:
    rule(office, mode=DecisionMode.ALL, approvers=("cora", "finn"))
    path = page_of(await office.door.deciding(reply=WORDS))
    cora = await office.browser_of("cora")
    page = await cora.see("/decisions")
    assert "2 people have to agree" in text_of(page)
    assert "Yours is one of 2 voices that are needed" in text_of(page)
    after = await cora.do(path, "approve", page=page)

    mine, others = sections(after.text)
    assert path.split("/")[2] not in mine.replace(after.text.partition("<h1>")[0], "")
    assert "Finn has the word" in re.sub(r"<[^>]+>", "", others)


async def test_the_nearest_earlier_cases_and_how_they_went_stand_on_the_card(
    office: Office,
) -> None:
    door = office.door
    near = await door.opened(text="My new bike was delivered without its leather saddle.")
    far = await door.opened(text="Your opening hours on the website are wrong.")
    for path, request in (
        (near, "May we deliver the missing saddle?"),
        (far, "May we correct the website?"),
    ):
        await door.ada.post(f"{path}/claim")
        await door.ada.post(
            f"{path}/propose", {"request": request, "reply": "Yes, and thank you for telling us."}
        )
        await door.cora.post(f"{path}/approve")
        await door.until_stage(path, "listening")
    await door.heard_again(near)
    new = await door.opened(text="The bike was delivered today, the leather saddle is missing.")
    await door.ada.post(f"{new}/claim")
    await door.ada.post(f"{new}/propose", {"request": "May we deliver the missing saddle?"})
    cora = await office.browser_of("cora")
    said = text_of(await cora.see("/decisions"))

    assert "What was decided before in the nearest case" in said
    assert "without its leather saddle" in said
    assert "Approved by Cora" in said
    assert "The answer came out" in said
    assert "The commenter came back" in said
    assert "opening hours" not in said.partition("These wait for others")[0]


async def test_what_has_no_precedent_says_so(office: Office) -> None:
    await office.door.deciding(reply=WORDS)
    cora = await office.browser_of("cora")
    assert "No earlier case of this team is like this one" in text_of(await cora.see("/decisions"))


async def test_several_are_decided_together_where_the_terms_allow_it(office: Office) -> None:
    door = office.door
    alone = page_of(await door.deciding(reply=WORDS))
    rule(office, batch=True)
    together = [page_of(await door.deciding(reply=WORDS)) for _ in range(3)]
    cora = await office.browser_of("cora")
    page = await cora.see("/decisions")
    ticks = re.findall(r'name="case" value="([^"]+)"', page.text)
    assert {tick.split(".")[0] for tick in ticks} == {path.split("/")[2] for path in together}

    look = await cora.see("/decisions/together", params={"case": ticks})
    assert look.text.count(WORDS) == 3, "each with exactly its words"
    fields = form_of(look, "/decisions/together")
    await door.heard_again(together[0][1:].replace("escalation/", "escalations/"))
    sent = {"csrf": fields["csrf"], "key": fields["key"], "case": ticks, "act": "approve"}
    answers = [
        await cora.http.post("/decisions/together", data=sent | {"reason": "All fine."})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    for answer in answers:
        assert [one.status_code for one in answer.history] == [303]
        assert answer.url.path == "/decisions"
        said = text_of(answer)
        assert "Approved: 2 of 3." in said
        assert "Since you looked:" in said
        assert "All fine." in answer.text, "the words for what was refused are given back"
    again = text_of(await cora.see(str(answers[-1].url)))
    assert "Approved: 2 of 3." not in again
    assert "Your words for what was refused" in again
    for path in together[1:]:
        names = door.service.names(path[1:])
        assert names.count("escalation:decision:approved") == 1
    assert door.service.state(together[0][1:]).stage == "deciding"

    state = door.service.state(alone[1:])
    forged = sent | {"case": [f"{state.id}.{state.seq}.cora"], "key": "another"}
    refused = await cora.http.post("/decisions/together", data=forged)
    assert "ask for a decision of its own" in text_of(refused)
    assert door.service.state(alone[1:]).stage == "deciding"


async def test_a_batch_without_a_reason_or_a_choice_decides_nothing(office: Office) -> None:
    rule(office, batch=True)
    paths = [page_of(await office.door.deciding(reply=WORDS)) for _ in range(2)]
    cora = await office.browser_of("cora")
    page = await cora.see("/decisions")
    ticks = re.findall(r'name="case" value="([^"]+)"', page.text)
    fields = form_of(await cora.see("/decisions/together", params={"case": ticks}), "/together")
    sent = {"csrf": fields["csrf"], "key": fields["key"], "case": ticks}

    for wrong in ({"act": "refuse", "code": "not_ours", "reason": " "}, {"act": "delete"}, {}):
        answer = await cora.http.post("/decisions/together", data=sent | wrong)
        assert answer.status_code == 422, text_of(answer)
    assert (await cora.see("/decisions/together", 422)).text
    assert (await cora.see("/decisions/together", 422, params={"case": ["x"]})).text
    assert {office.door.service.state(path[1:]).stage for path in paths} == {"deciding"}


@pytest.mark.parametrize("name", ["ada", "dev"])
async def test_who_does_not_decide_has_no_form(office: Office, name: str) -> None:
    await office.door.deciding(reply=WORDS)
    browser = await office.browser_of(name)
    page = await browser.see("/decisions")
    assert "verdict-" not in page.text
    assert WORDS not in page.text


async def test_after_a_refusal_it_is_said_who_has_to_publish_it(office: Office) -> None:
    path = page_of(await office.door.deciding(reply=WORDS))
    cora, ada = await office.browser_of("cora"), await office.browser_of("ada")
    page = await cora.see("/decisions")
    answer = await cora.do(path, "refuse", page=page, code="not_possible", reason="None is left.")

    assert "you refused: it is not possible. Next: Ada sends the reply." in text_of(answer)
    for seen in (await cora.see(path), await ada.see("/queue?view=mine")):
        assert "he reply is to be sent" in text_of(seen)
        assert "on its way" not in text_of(seen)
    mine = text_of(await ada.see(path))
    assert "You send the reply." in mine
    await ada.do(path, "reply", text="We are sorry: no saddle is left.")
    assert "the reply is on its way" in text_of(await ada.see(path))


async def test_who_is_away_is_named_and_told_apart_from_nobody(office: Office) -> None:
    path = page_of(await office.door.deciding(reply=WORDS))
    at = datetime.now(UTC)
    with office.door.service.database.writing() as session:
        absences.plan(session, "cora", at, at + timedelta(days=2), at, by="cora")
    ada, cora = await office.browser_of("ada"), await office.browser_of("cora")

    away = "Cora decides: approve, refuse or return; away just now, with nobody instead."
    assert away in text_of(await ada.see(path))
    assert "You decide: approve, refuse or return." in text_of(await cora.see(path))
    with office.door.service.database.writing() as session:
        people.put_person(session, "cora", "Cora", [], {}, at, by="root")
    nobody = "Nobody can decide it: there is no executive who may."
    assert nobody in text_of(await ada.see(path))


async def test_a_case_that_was_sent_on_names_the_team(office: Office) -> None:
    door = office.door
    path = page_of(await door.prepared())
    cora, ada = await office.browser_of("cora"), await office.browser_of("ada")
    assert "You propose an answer." in text_of(await ada.see(path))
    await door.cora.post(f"{case_of(path)}/reroute", {"team": "shop", "reason": "It is theirs."})
    assert "Cora sent it to Online shop" in text_of(await cora.see(path))
    assert "Cora sent it to another team" in text_of(await ada.see(path)), "what is inside stays"


async def test_a_question_and_its_answer_are_read_wherever_it_is_decided(office: Office) -> None:
    path = page_of(await office.door.deciding(reply=WORDS))
    cora, ada, eve = [await office.browser_of(name) for name in ("cora", "ada", "eve")]
    await cora.do(path, "ask", question="What exactly is missing?")

    page = await ada.see(path)
    assert 'href="#primary">Answer the question<' in page.text, "it is the owner's next move"
    form = page.text.partition(f'action="{path}/inform"')[2].partition("</form>")[0]
    assert "What exactly is missing?" in form
    assert "Your answer" in form
    assert page.text.count("What exactly is missing?") == 2, "above the form, and in the history"
    timeline = page.text.partition('class="timeline"')[2]
    assert "What exactly is missing?" in timeline
    assert "Your answer: how its date came about" in page.text
    assert "The decision, standing still: how its date came about" in page.text
    link = link_for(office, "cora", path[1:])
    assert "What exactly is missing?" in text_of(await office.browser().see(link))

    await ada.do(path, "inform", page=page, text="Forty-two screws.")
    for seen in (
        await ada.see(path),
        await cora.see(path),
        await cora.see("/decisions"),
        await office.browser().see(link_for(office, "cora", path[1:])),
    ):
        said = text_of(seen)
        assert "Cora asked" in said
        assert "What exactly is missing?" in said
        assert "Ada answered" in said
        assert "Forty-two screws." in said
    timeline = (await cora.see(path)).text.partition('class="timeline"')[2]
    assert "Forty-two screws." in timeline
    elsewhere = (await eve.see(path)).text
    assert "What exactly" not in elsewhere, "questions are read by whoever reads proposals"
    assert "Forty-two" not in elsewhere


async def test_an_answered_question_ends_with_its_proposal(office: Office) -> None:
    path = await office.door.deciding(reply=WORDS)
    await office.door.cora.post(f"{path}/ask", {"question": "What is missing?"})
    await office.door.ada.post(f"{path}/inform", {"text": "Screws."})
    await office.door.cora.post(f"{path}/ask", {"question": "How many?"})
    found = await office.door.ada.get(path)
    assert [one["text"] for one in found["questions"]] == ["What is missing?", "How many?"]
    assert found["questions"][0]["answer"]["text"] == "Screws."
    assert found["question"]["text"] == "How many?"
    await office.door.ada.post(f"{path}/withdraw")
    await office.door.ada.post(f"{path}/propose", {"request": "May I?", "reply": WORDS})
    assert (await office.door.ada.get(path))["questions"] == []
