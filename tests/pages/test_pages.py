"""The pages, as people use them: by looking and by sending forms, over a real socket."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import httpx
import pytest
from fastapi import Response
from fastapi.routing import iter_route_contexts
from pydantic import AwareDatetime

from api.app import create_app
from api.deps import ACCESS, POLICY_SECONDS
from api.pages import cases, labels, moves, queue, render, security, sentences
from config.settings import Settings
from domain.commitment import CommitmentStage
from domain.escalation import DismissCode, RefusalCode, Stage
from domain.kinds import KINDS
from domain.people import Seat
from domain.policy import GENERAL
from domain.post import PostStage
from domain.terms import Allowances, Limits, Terms
from store import people, policies, queries
from store.views import EscalationDetail
from tests import builders
from tests.api.conftest import comment
from tests.pages.conftest import Browser, Office, form_of, forms_of, open_office, text_of

PUBLIC = {
    "/", "/sign-in", "/sign-in/as", "/sign-in/with", "/sign-in/back", "/sign-out",
    "/static/{name}", "/word/{secret}",
    "/ledger", "/ledger/all", "/ledger/{promise}", "/ledger/answers", "/ledger/answers/{post}",
    "/robots.txt", "/go/{secret}",
    "/go/{secret}/{act}",
}  # fmt: skip
"""What is served without a session: it shows nothing about any case, save what was published and
the one promise that a private link was made for."""

HOSTILE = "<script>alert(1)</script> \"quoted\" & 'more' </textarea></div>"
RIGHT_TO_LEFT = "وصلت دراجتي بدون سرج 🚲🔥"


def page_of(path: str) -> str:
    """The page of an escalation whose path in the JSON interface is this."""
    return f"/{path.replace('escalations', 'escalation')}"


def case_of(page: str) -> str:
    """The other way round."""
    return page[1:].replace("/", "s/")


async def test_the_whole_story_is_played_by_forms_alone(office: Office) -> None:
    path = page_of(await office.door.opened())
    ada, ben, cora = [await office.browser_of(name) for name in ("ada", "ben", "cora")]
    sentence = "We will send you a saddle by Friday."

    queue = await ada.see("/queue?view=free")
    assert "My bike came without a saddle." in queue.text
    claimed = await ada.do(path, "claim", page=queue)
    assert "you claimed it" in text_of(claimed)
    due_on = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    proposed = await ada.do(
        path,
        "propose",
        request="May I send a saddle?",
        reply=f"We are sorry.\r\n{sentence}",
        more={
            "promises-0-sentence": sentence,
            "promises-0-accountable": "ben",
            "promises-0-due_on": due_on,
        },
    )
    assert "Cora decides" in text_of(proposed)
    signed = await ben.do(path, "accept_promise")
    assert "you accepted a promise" in text_of(signed)

    waiting = await cora.see("/decisions")
    for shown in ("May I send a saddle?", "We are sorry.", sentence, "Ben is accountable"):
        assert shown in text_of(waiting)
    approved = await cora.do(path, "approve", page=waiting, reason="Of course.")
    assert "you approved" in text_of(approved)
    assert "Nothing waits for your decision" in approved.text
    await office.door.service.until_stage(path[1:], "listening")

    answered = await ben.see(path)
    assert "Our answer" in answered.text
    assert "sent the approved words out, with one promise" in text_of(answered)
    post = await ben.see(_post_link(answered))
    assert "took in the words of Ada that Cora approved" in text_of(post)
    promises = await ben.see("/commitments")
    assert sentence in text_of(promises)
    link = promises.text.split('href="/commitment/')[1].split('"')[0]
    await ben.do(f"/commitment/{link}", "report_kept", text="Your saddle is there.")
    posts = await ada.see("/posts")
    follow_up = "/post/" + posts.text.split('href="/post/')[1].split('"')[0]
    cleared = await ada.do(follow_up, "clear")
    assert "you cleared these words" in text_of(cleared)
    await office.door.service.until_stage(f"commitment/{link}", "told")
    reader = office.browser()
    page = await reader.see(f"/ledger/{link}")
    assert sentence in text_of(page)
    address = f"/ledger/{link}"
    counted = await reader.http.post(address, data=form_of(page, address) | {"kept": "no"})
    assert "You are counted among the readers." in text_of(counted)
    assert "0 kept, 1 not kept" in text_of(counted)
    again = await reader.http.post(address, data={"kept": "no"})
    assert again.status_code == 409
    made = await ben.do(f"/commitment/{link}", "make_link")
    secret = made.text.split("/word/")[1].split("<")[0]
    stranger = office.browser()
    for _ in range(2):
        asked = await stranger.see(f"/word/{secret}")
        assert sentence in text_of(asked)
        assert office.door.service.state(f"commitment/{link}").stage == "told"
        chosen = await stranger.see(f"/word/{secret}?kept=no")
        assert "You say: no, it was not kept" in text_of(chosen)
    await stranger.http.post(f"/word/{secret}", data={"kept": "maybe"})
    assert office.door.service.state(f"commitment/{link}").stage == "told"
    answered = await stranger.http.post(f"/word/{secret}", data={"kept": "yes"})
    assert "Your word is on the record: it was kept." in text_of(answered)
    again = await stranger.http.post(f"/word/{secret}", data={"kept": "no"})
    assert "Your word is on the record: it was kept." in text_of(again)
    assert form_of_none(again)
    await stranger.see("/word/guessed", 404)
    kept = await ben.see(f"/commitment/{link}")
    assert "kept in time" in kept.text
    assert secret not in kept.text
    assert "the chain holds" in kept.text


def form_of_none(page: httpx.Response) -> bool:
    """Whether a page has no form that changes anything."""
    return not forms_of(page)


def test_a_closed_case_says_in_words_how_it_ended() -> None:
    known: dict[str, Any] = {
        "stage": "closed", "outcome": "answered_outside", "owner": None, "owner_name": None,
        "due_at": None, "is_late": False, "question": None, "waiting": None, "replies": (),
        "names": {},
    }  # fmt: skip
    ended = EscalationDetail.model_construct(**known)
    move = moves.of_escalation(ended, "Care", moves.Deciders({}), "ada")
    assert move.what == "owes anything: answered outside"


async def test_words_that_differ_from_the_approved_ones_wait_to_be_cleared(office: Office) -> None:
    path = page_of(await office.door.deciding())
    ada, cora = await office.browser_of("ada"), await office.browser_of("cora")
    await cora.do(path, "approve")
    replied = await ada.do(path, "reply", text="Other words.")

    assert "Somebody other than you clears the words" in text_of(replied)
    assert "this is for: somebody of its team" in text_of(await ada.see(_post_link(replied)))
    ben = await office.browser_of("ben")
    assert "You clear the words, or return them" in text_of(await ben.see(_post_link(replied)))


def _post_link(page: httpx.Response) -> str:
    return "/post/" + page.text.split('href="/post/')[1].split('"')[0]


async def test_what_is_published_is_corrected_in_public_by_forms(office: Office) -> None:
    ada, ben = [await office.browser_of(name) for name in ("ada", "ben")]
    case = await office.door.published(reply="Your saddle was red, as you had asked.")
    (reply,) = (await office.door.ada.get(case))["replies"]
    post = f"/post/{reply['id']}"

    said = "Your saddle comes on Tuesday."
    asked = await ada.do(post, "correct", text=said, not_promises=f"{said}\r\n")
    assert "A correction on" in text_of(asked)
    assert "Correction of what we published on" in text_of(asked)
    new = asked.url.path
    assert new != post
    handle = office.door.service.client.get_workflow_handle(new[1:])
    await handle.signal("tell", {"act": "heard", "comment_id": "C2"})
    await office.door.service.until(
        lambda: "post:comment:heard" in office.door.service.names(new[1:])
    )
    waiting = await ben.see(new)
    assert "The commenter has spoken since these words were written" in text_of(waiting)
    await ben.do(new, "clear")
    await office.door.until_stage(f"posts/{new.rpartition('/')[2]}", "published")

    shown = text_of(await ben.see(post))
    assert "What was said, and what corrects it" in shown
    assert "it has been corrected already, in public" in shown
    assert "Our answer corrected" in text_of(await ben.see(page_of(case)))


async def test_the_reason_of_a_refusal_goes_out_as_it_stands(office: Office) -> None:
    path = page_of(await office.door.deciding())
    ada, cora = await office.browser_of("ada"), await office.browser_of("cora")
    reason = "We sell no saddles.\r\nThe maker does."
    await cora.do(path, "refuse", code="not_ours", reason=reason)
    page = await ada.see(path)
    assert form_of(page, "/reply")["as_approved"] == "yes"
    await ada.do(path, "reply", page=page)

    await office.door.service.until_stage(path[1:], "listening")
    assert "The maker does." in (await ada.see(path)).text


async def test_words_for_a_refusal_are_offered_as_its_reason(office: Office) -> None:
    path = page_of(await office.door.deciding(recommendation="refuse", reply="We sell no saddles."))
    cora = await office.browser_of("cora")
    page = await cora.see("/decisions")

    assert "Offered as the reason to print" in page.text
    assert form_of(page, "/refuse")["reason"] == "We sell no saddles."
    assert "publish these words" not in page.text
    await cora.do(path, "refuse", page=page, code="not_ours")
    ada = await office.browser_of("ada")
    assert form_of(await ada.see(path), "/reply")["as_approved"] == "yes"


async def test_what_was_returned_says_why_and_keeps_its_words(office: Office) -> None:
    path = page_of(await office.door.deciding(reply="A saddle was left out of the box."))
    ada, cora = await office.browser_of("ada"), await office.browser_of("cora")
    await cora.do(path, "return", reason="Say when.")
    page = await ada.see(path)

    assert "Cora returned it for changes" in text_of(page)
    assert "Say when." in page.text
    assert form_of(page, "/propose")["reply"] == "A saddle was left out of the box."


@pytest.mark.parametrize("csrf", [None, "", "wrong", "é"])
async def test_a_form_without_our_mark_does_nothing(office: Office, csrf: str | None) -> None:
    path = page_of(await office.door.opened())
    ada = await office.browser_of("ada")
    fields = form_of(await ada.see(path), "/claim")
    del fields["csrf"]
    sent = fields if csrf is None else fields | {"csrf": csrf}
    answer = await ada.http.post(f"{path}/claim", data=sent)

    assert answer.status_code == 403
    assert "does not belong to your session" in text_of(answer)
    assert office.door.service.state(path[1:]).stage == "unclaimed"


async def test_the_mark_of_somebody_else_is_no_mark(office: Office) -> None:
    path = page_of(await office.door.opened())
    ada, ben = await office.browser_of("ada"), await office.browser_of("ben")
    fields = form_of(await ben.see(path), "/claim")

    assert (await ada.http.post(f"{path}/claim", data=fields)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_from_another_site_does_nothing(
    office: Office, headers: dict[str, str]
) -> None:
    path = page_of(await office.door.opened())
    ada = await office.browser_of("ada")
    fields = form_of(await ada.see(path), "/claim")

    answer = await ada.http.post(f"{path}/claim", data=fields, headers=headers)
    assert answer.status_code == 403
    same = await ada.http.post(f"{path}/claim", data=fields, headers={"Origin": office.address})
    assert same.status_code == 200, text_of(same)


async def test_a_body_that_is_no_form_does_nothing(office: Office) -> None:
    path = page_of(await office.door.opened())
    ada = await office.browser_of("ada")
    fields = form_of(await ada.see(path), "/claim")

    assert (await ada.http.post(f"{path}/claim", json=fields)).status_code == 403


async def test_an_auditor_sees_everything_and_may_nothing(office: Office) -> None:
    path = page_of(await office.door.deciding(reply="A draft that nobody approved."))
    await office.door.ada.post(f"{case_of(path)}/note", {"text": "Between us."})
    dev = await office.browser_of("dev")
    page = await dev.see(path)

    for shown in ("May I send a saddle?", "A draft that nobody approved.", "Between us."):
        assert shown in page.text
    assert [action for _, action, _ in forms_of(page)] == ["/sign-out"]
    assert "this is for: an approver who did not propose it" in text_of(page)
    csrf = form_of(page, "/sign-out")
    assert (await dev.http.post(f"{path}/note", data=csrf | {"text": "x"})).status_code == 403


async def test_other_teams_see_neither_notes_nor_drafts(office: Office) -> None:
    path = page_of(await office.door.deciding(reply="A draft that nobody approved."))
    await office.door.ada.post(f"{case_of(path)}/note", {"text": "Between us."})
    eve = await office.browser_of("eve")
    for address in (path, "/decisions"):
        page = await eve.see(address)
        assert "My bike came without a saddle." in page.text
        for hidden in ("May I send a saddle?", "A draft", "Between us."):
            assert hidden not in page.text
    assert "Only its team and executives read" in text_of(await eve.see(path))


async def test_those_who_read_no_cases_are_told_so(office: Office) -> None:
    root = await office.browser_of_admin()
    page = await root.see("/queue", 403)

    assert "this is for: auditor, executive, staff" in text_of(page).lower()
    assert 'href="/sign-in"' in page.text


async def test_hostile_words_are_only_words(office: Office) -> None:
    long = "long " * 3_999 + "end."
    texts = [HOSTILE, RIGHT_TO_LEFT, long, "x" * 20_000]
    paths = [
        page_of(
            await office.door.opened(
                str(n), text=text, author={"handle": f"@{n}<b>", "name": f"</title>{HOSTILE}"}
            )
        )
        for n, text in enumerate(texts)
    ]
    ada = await office.browser_of("ada")
    await ada.do(paths[0], "claim")
    await ada.do(paths[0], "note", text=HOSTILE)
    again = await ada.do(paths[0], "propose", status=422, request=HOSTILE, reply=HOSTILE * 200)
    for page in (again, await ada.see("/queue"), *[await ada.see(path) for path in paths]):
        assert "<script>" not in page.text
        assert "@0<b>" not in page.text
    assert form_of(again, "/propose")["request"] == HOSTILE
    assert RIGHT_TO_LEFT in (await ada.see(paths[1])).text
    assert long in (await ada.see(paths[2])).text
    assert "x" * 20_000 in (await ada.see(paths[3])).text


async def test_a_stale_form_is_refused_with_what_changed_and_keeps_what_was_typed(
    office: Office,
) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    stale = await ada.see(path)
    await office.door.heard_again(case_of(path))
    refused = await ada.do(path, "propose", status=409, page=stale, request="My words: 1\r\n2")

    said = text_of(refused)
    assert "The comment changed since you looked." in said
    assert "wrote another comment" in said
    assert form_of(refused, "/propose")["request"] == "My words: 1\n2"
    await ada.do(path, "propose", page=refused)
    assert office.door.service.state(path[1:]).stage == "deciding"


async def test_the_loser_of_a_claim_reads_who_won_where_they_clicked(office: Office) -> None:
    path = page_of(await office.door.opened())
    ada, ben = await office.browser_of("ada"), await office.browser_of("ben")
    queue = await ben.see("/queue?view=free")
    await ada.do(path, "claim")
    lost = await ben.do(path, "claim", status=409, page=queue)

    assert "<h1>Queue</h1>" in lost.text
    assert "changed since you looked" in text_of(lost) or "claimed by ada" in text_of(lost)


async def test_a_form_sent_twice_acts_once(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    page = await ada.see(path)
    for _ in range(2):
        await ada.do(path, "note", page=page, text="Once.")

    assert office.door.service.names(path[1:]).count("escalation:note:written") == 1


async def test_wrong_fields_are_named_by_their_labels(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    refused = await ada.do(
        path,
        "propose",
        status=422,
        request=" ",
        reply="Soon.",
        more={"promises-1-sentence": "Soon.", "promises-1-due_on": "someday"},
    )
    said = text_of(refused)

    assert "What you ask for: is missing" in said
    assert "due: " in said
    assert form_of(refused, "/propose")["promises-1-due_on"] == "someday"


async def test_a_dismissal_that_is_looked_at_can_be_overturned(
    sqlite_service: builders.Service,
) -> None:
    with sqlite_service.database.writing() as session:
        policy = builders.policy(terms={GENERAL: builders.plan(limits=Limits(look_at=100))})
        policies.apply(session, policy, "root", datetime.now(UTC), reason="Stricter.")
    async with open_office(sqlite_service) as office:
        path = page_of(await office.door.prepared())
        await office.door.ada.post(f"{case_of(path)}/dismiss", {"code": "nothing_asked"})
        ben = await office.browser_of("ben")
        owed = await ben.do(path, "overturn", reason="She asks for a saddle.")
        assert sqlite_service.state(path[1:]).stage == "unclaimed"
        assert owed.url.path == path


async def test_signing_out_ends_the_session_everywhere(office: Office) -> None:
    ada = await office.browser_of("ada")
    cookie = ada.http.cookies["answerable"]
    page = await ada.see("/queue")
    await ada.http.post("/sign-out", data=form_of(page, "/sign-out"))
    thief = office.browser()
    thief.http.cookies.set("answerable", cookie)

    assert (await thief.see("/queue")).url.path == "/sign-in"


async def test_the_cookie_is_kept_from_scripts_and_other_sites(office: Office) -> None:
    browser = office.browser()
    page = await browser.see("/sign-in")
    token = office.door.ada.token
    assert token is not None
    answer = await browser.http.post(
        "/sign-in", data=form_of(page, "/sign-in") | {"token": token}, follow_redirects=False
    )
    cookie = answer.headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=43200" in cookie
    assert token not in cookie


async def test_an_api_token_is_no_session_and_a_wrong_one_is_refused(office: Office) -> None:
    browser = office.browser()
    assert office.door.ada.token is not None
    browser.http.cookies.set("answerable", office.door.ada.token)
    assert (await browser.see("/queue")).url.path == "/sign-in"
    fields = form_of(await browser.see("/sign-in"), "/sign-in") | {"token": "ans_wrong"}
    answer = await browser.http.post("/sign-in", data=fields)

    assert answer.status_code == 401
    assert "unknown, revoked or expired" in answer.text


async def test_after_signing_in_one_is_where_one_wanted_to_be(office: Office) -> None:
    path = page_of(await office.door.opened())
    browser = office.browser()
    asked = await browser.see(f"{path}?done=x")
    assert asked.url.path == "/sign-in"
    fields = form_of(asked, "/sign-in") | {"token": office.door.ada.token or ""}
    answer = await browser.http.post("/sign-in", data=fields)

    assert answer.url.path == path


@pytest.mark.parametrize("onward", ["https://evil.example", "//evil.example", "/\\evil.example"])
async def test_signing_in_leads_nowhere_else(office: Office, onward: str) -> None:
    browser = office.browser()
    page = await browser.see("/sign-in", params={"next": onward})
    assert "evil" not in page.text
    fields = form_of(page, "/sign-in") | {"token": office.door.ada.token or "", "next": onward}
    answer = await browser.http.post("/sign-in", data=fields, follow_redirects=False)

    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    ("public_url", "name", "is_secure"),
    [("https://answerable.example", "__Host-answerable", True), (None, "answerable", False)],
)
def test_over_https_the_cookie_is_ours_alone(
    public_url: str | None, name: str, is_secure: bool
) -> None:
    response = Response()
    security.set_cookie(response, Settings(public_url=public_url), "secret")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"{name}=secret; HttpOnly; ")
    assert "Path=/; SameSite=lax" in cookie
    assert ("Secure" in cookie) is is_secure
    assert "Domain" not in cookie


async def test_a_link_from_a_mail_finds_the_session(office: Office) -> None:
    """And a form of another site does not: the cookie says so, and we look where it came from."""
    path = page_of(await office.door.opened())
    browser = office.browser()
    assert "samesite=lax" in (await browser.see("/sign-in")).headers["set-cookie"].lower()
    browser = await office.browser_of("ada")
    page = await browser.see(path, headers={"Sec-Fetch-Site": "cross-site"})
    sent = form_of(page, "/claim")
    foreign = {"Sec-Fetch-Site": "cross-site"}
    answer = await browser.http.post(f"{path}/claim", data=sent, headers=foreign)

    assert answer.status_code == 403
    assert office.door.service.state(path[1:]).stage == "unclaimed"


# Demonstrations. -----------------------------------------------------------------------------


async def test_without_a_demonstration_nobody_signs_in_with_a_click(office: Office) -> None:
    browser = office.browser()
    page = await browser.see("/sign-in")
    assert "/sign-in/as" not in page.text
    fields = form_of(page, "/sign-in") | {"person": "ada"}

    assert (await browser.http.post("/sign-in/as", data=fields)).status_code == 403


async def test_a_demonstration_lets_the_cast_in_and_no_foreign_name(
    sqlite_service: builders.Service,
) -> None:
    settings = sqlite_service.settings.model_copy(update={"demo": True})
    sqlite_service.settings = settings
    async with open_office(sqlite_service) as office:
        browser = office.browser()
        page = await browser.see("/sign-in")
        assert "fictional" in page.text
        fields = form_of(page, "/sign-in/as") | {"person": "cora"}
        assert "Cora" in (await browser.http.post("/sign-in/as", data=fields)).text
        for person in ("hook", "nobody", ""):
            answer = await browser.http.post("/sign-in/as", data=fields | {"person": person})
            assert answer.status_code in (403, 404)
        for host in ("evil.example", "evil.example:8700", "localhost.evil.example", "127.0.0.2"):
            for path in ("/sign-in", "/api/v1/escalations", "/queue"):
                answer = await browser.http.get(path, headers={"Host": host})
                assert answer.status_code == 421
        assert (await browser.see("/sign-in", headers={"Host": "localhost:1"})).status_code == 200
        for proxy in ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"):
            passed_on = await browser.http.post("/sign-in/as", data=fields, headers={proxy: "x"})
            assert passed_on.status_code == 403, proxy


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_a_demonstration_needs_a_loopback_address(host: str) -> None:
    with pytest.raises(ValueError, match="ANSWERABLE_HOST"):
        create_app(Settings(demo=True, host=host), None, None)  # type: ignore[arg-type]


def test_everything_that_can_happen_has_its_sentence() -> None:
    assert set(sentences.EVENTS) == {name for kind in KINDS.values() for name in kind.events}


def test_every_sentence_can_be_said_of_the_least_that_its_event_holds() -> None:
    for kind in KINDS.values():
        for name, event in kind.events.items():
            required = {n: f.annotation for n, f in event.model_fields.items() if f.is_required()}
            data = {field: _some(kind_of_value) for field, kind_of_value in required.items()}
            assert sentences.EVENTS[name](data, str.title)


def test_what_is_done_reads_as_a_sentence_about_anybody() -> None:
    def told(name: str, **data: Any) -> str:
        return sentences.EVENTS[name](data, str.title)

    late = told("escalation:ladder:climbed", is_late=True, told=[], owed_by=["ben"])
    assert late == "found nobody to tell that the next move is late, owed by Ben"
    late = told("escalation:ladder:climbed", is_late=True, told=["ada", "ben"])
    assert late == "told Ada, Ben that the next move is late"
    assert told("commitment:ladder:climbed", told=[]) == "found nobody to remind of the date"
    assert "decision and recommended to approve" in told("escalation:proposal:submitted")
    assert told("post:attempt:started", attempt=1) == "began to publish these words"
    assert told("post:attempt:started", attempt=2) == "began attempt 2 to publish these words"


def _some(kind_of_value: object) -> object:
    is_enum = isinstance(kind_of_value, type) and issubclass(kind_of_value, StrEnum)
    if kind_of_value in (datetime, AwareDatetime):
        return "2026-03-02T09:00:00Z"
    if kind_of_value is Terms:
        return {"team": "x"}
    return next(iter(kind_of_value)) if is_enum else "x"  # type: ignore[call-overload]


def test_every_stage_act_and_code_has_its_words() -> None:
    for name, kind in KINDS.items():
        acts = [act for act, right in kind.rights.items() if not right.is_machine]
        assert set(acts) <= set(labels.ACTS_OF[name])
        assert set(acts) <= set(cases.ORDER)
        for act in acts:
            assert labels.possible_while(name, kind.rights[act].stages) != "possible while "
    assert set(labels.STAGES["escalation"]) == set(Stage)
    assert set(labels.STAGES["post"]) == set(PostStage)
    assert set(labels.STAGES["commitment"]) == set(CommitmentStage)
    assert set(labels.DISMISS_CODES) == set(DismissCode)
    assert set(labels.REFUSAL_CODES) == set(RefusalCode)
    assert set(labels.SEATS) == set(Seat)


# Every page. ---------------------------------------------------------------------------------


def test_every_page_needs_a_session_or_is_known_to_be_public() -> None:
    app = create_app(Settings(), None, None)  # type: ignore[arg-type]
    open_to_all = set()
    for route in iter_route_contexts(app.routes):
        is_page = route.endpoint.__module__.startswith("api.pages")
        if not is_page:
            continue
        calls = [c for d in route.dependant.dependencies for c in (d.call, *_calls(d))]
        if not any(isinstance(ACCESS.get(call), frozenset) for call in calls):
            open_to_all.add(route.path)

    assert open_to_all == PUBLIC


def _calls(dependant: object) -> list[object]:
    return [c for d in dependant.dependencies for c in (d.call, *_calls(d))]  # type: ignore[attr-defined]


async def test_no_page_is_shown_to_a_stranger(office: Office) -> None:
    path = page_of(await office.door.opened())
    stranger = office.browser()
    for address in ("/", "/queue", "/decisions", "/posts", "/commitments", path):
        page = await stranger.see(address)
        assert page.url.path == "/sign-in"
        assert "saddle" not in page.text


def _script(page: httpx.Response) -> str:
    """The address of the one script of a page: ours, by its content."""
    (found,) = re.findall(r'<script src="(/static/script.js\?[0-9a-f]{12})"', page.text)
    return str(found)


async def test_pages_load_nothing_from_elsewhere(office: Office) -> None:
    ada = await office.browser_of("ada")
    page = await ada.see("/queue")

    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; connect-src 'self'; style-src")
    assert re.findall("<script[^>]*>", page.text) == [f'<script src="{_script(page)}" defer>']
    assert (await ada.http.get(_script(page))).headers["content-type"].startswith("text/javascript")
    assert "style=" not in page.text
    style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await ada.http.get(style)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert "url(" not in answer.text


async def test_errors_are_pages_for_browsers_and_problems_for_programs(office: Office) -> None:
    ada = await office.browser_of("ada")
    unknown = "/escalation/01AAAAAAAAAAAAAAAAAAAAAAAA"
    for address in ("/nowhere", "/escalation/x", unknown, "/static/x"):
        page = await ada.see(address, 404)
        assert '<a class="button main" href="/queue">Go to the queue</a>' in page.text
        program = await ada.http.get(address, headers={"Accept": "application/json"})
        assert program.headers["content-type"] == "application/problem+json"
    assert (
        (await ada.http.get("/api/v1/nowhere")).headers["content-type"].startswith("application/")
    )
    assert "Cursor" in text_of(await ada.see("/queue?cursor=broken", 422)).title()


async def test_what_cannot_be_done_now_keeps_what_was_typed(office: Office) -> None:
    path = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    page = await ada.see(path)
    door = office.door.app.state.door
    door.client, door._pulse = _nobody(), float("-inf")
    refused = await ada.do(path, "propose", status=503, page=page, request="My long thoughts.")

    assert "Nothing was done" in text_of(refused)
    assert form_of(refused, "/propose")["request"] == "My long thoughts."


class _Away:
    @property
    def service_client(self) -> object:
        raise RuntimeError("away")


def _nobody() -> object:
    return _Away()


async def test_every_view_of_the_queue_is_seen_and_paged(office: Office) -> None:
    for few in (range(18), range(18, 35)):
        await office.door.hook.post("comments", [comment(str(n)) for n in few])
    await office.door.service.until(lambda: _open_cases(office) == 35)
    ada: Browser = await office.browser_of("ada")
    for view in (*queue.VIEWS, "no-such-view"):
        await ada.see("/queue", params={"view": view})
    page = await ada.see("/queue?view=free")
    assert page.text.count('<li class="row"') == 30
    onward = page.text.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    assert (await ada.see(onward)).text.count('<li class="row"') == 5
    found = await ada.see("/queue", params={"q": "saddle nowhere"})
    assert "Nothing matches" in found.text


def _open_cases(office: Office) -> int:
    with office.door.service.database.reading() as session:
        found = queries.counts(session, datetime.now(UTC), 100, {"all": {}})
    return found["all"]


async def test_late_is_a_word_and_a_shape(office: Office) -> None:
    at = datetime.now(UTC)
    with office.door.service.database.writing() as session:
        policies.apply(session, builders.policy(allowances=Allowances(claim=1)), "root", at)
    await asyncio.sleep(POLICY_SECONDS)
    path = page_of(await office.door.opened())
    await asyncio.sleep(1.1)
    ada = await office.browser_of("ada")
    for page in (await ada.see("/queue?view=late"), await ada.see(path)):
        assert '<span class="late">less than a minute late</span>' in page.text


async def test_somebody_who_has_left_is_signed_out(office: Office) -> None:
    ada = await office.browser_of("ada")
    with office.door.service.database.writing() as session:
        people.remove_person(session, "ada", datetime.now(UTC), by="root")

    assert (await ada.see("/queue")).url.path == "/sign-in"


def test_nothing_that_templates_call_asks_for_their_context() -> None:
    """They call it as it stands (``render._Context``)."""
    given = render._environment.globals
    assert not [name for name, one in given.items() if hasattr(one, "jinja_pass_arg")]


async def test_a_handle_that_says_the_same_as_the_name_is_said_once(office: Office) -> None:
    browser = await office.browser_of("ada")
    for name, handle, said in (
        ("H. Okonkwo", "@H.Okonkwo", "H. Okonkwo on console"),
        ("maria", "maria", "maria on console"),
        ("Rita", "@rider", "Rita (@rider) on console"),
        (None, "@noname", "@noname on console"),
    ):
        case = await office.door.opened(author={"handle": handle, "name": name})
        page = await browser.see(f"/{case.replace('escalations', 'escalation')}")
        heading = re.search(r"<h1>(.*?)</h1>", page.text, re.DOTALL)
        assert heading
        bare = re.sub(r"<[^>]+>", " ", heading[1])
        assert " ".join(bare.split()) == said
