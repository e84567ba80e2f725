"""The pages of those who run the house, by forms alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
from sqlalchemy import select, update
from sqlmodel import col

from api.pages import draft_words, house
from domain.house import EVENTS
from domain.people import Role
from domain.policy import PublicRules
from store import history, hooks, notices, people, policies, tables, words
from store.hook_tables import Hook
from store.notices import Result
from tests import builders
from tests.builders import ROOT
from tests.pages.conftest import Browser, Office, form_of, forms_of, text_of

PAGES = (
    "/admin", "/admin/policy", "/admin/policy/versions/1", "/admin/policy/diff",
    "/admin/policy/dates", "/admin/people", "/admin/people/ada", "/admin/teams",
    "/admin/channels", "/admin/tokens", "/admin/house",
)  # fmt: skip

FOR_ADMINS = ("/admin/policy/draft", "/admin/new-person", "/admin/people/ada/leave")

DRAFT = """
[teams]
care = "Customer care"
shop = "Online shop"
[channels.console]
kind = "console"
team = "care"
[channels.shop]
kind = "console"
team = "shop"
[terms.default.allowances]
claim = "1h"
"""

WITHOUT_CARE = """
[teams]
shop = "Online shop"
[channels.shop]
kind = "console"
team = "shop"
"""

HOSTILE = DRAFT.replace('"Customer care"', '"<script>alert(1)</script> فريق 😡"')

OFFICE = """
[calendars.office]
zone = "Europe/Berlin"
hours = { "mon-fri" = ["09:00-17:00"] }
holidays = { country = "DE" }
[[routes]]
name = "all"
terms = "office"
[terms.office]
calendar = "office"
"""


async def reviewed(root: Browser, text: str) -> httpx.Response:
    """What is said of a draft that is pasted."""
    page = await root.see("/admin/policy/draft")
    fields = form_of(page, "/admin/policy/draft") | {"text": text}
    fields.pop("file", None)
    return await root.http.post("/admin/policy/draft", data=fields)


async def applied(root: Browser, page: httpx.Response, **more: str) -> httpx.Response:
    return await root.http.post(
        "/admin/policy/apply", data=form_of(page, "/admin/policy/apply") | more
    )


# Who. ----------------------------------------------------------------------------------------


async def test_admins_and_auditors_read_every_page_and_others_none(office: Office) -> None:
    root, dev, ada = (
        await office.browser_of("root"), await office.browser_of("dev"),
        await office.browser_of("ada"),
    )  # fmt: skip
    for address in PAGES:
        await root.see(address)
        page = await dev.see(address)
        assert [a for _, a, _ in forms_of(page) if a.startswith("/admin")] == [], address
        await ada.see(address, status=403)
    for address in FOR_ADMINS:
        await root.see(address)
        await dev.see(address, status=403)


async def test_who_only_runs_the_house_lands_where_they_may_and_finds_their_own_page(
    office: Office,
) -> None:
    root = await office.browser_of("root")
    landed = await root.see("/")
    assert landed.url.path == "/admin"
    for _, address in re.findall(r'<a (class="brand" )?href="(/[^"]*)"', landed.text):
        await root.see(address)
    assert ">Queue" not in landed.text
    for own in ("/me", "/me/away", "/sessions", "/me/notices"):
        await root.see(own)
    lost = await root.see("/queue", status=403)
    assert 'href="/"' in lost.text
    dev = await office.browser_of("dev")
    assert ">Admin" in (await dev.see("/queue")).text
    assert ">Admin" not in (await (await office.browser_of("ada")).see("/queue")).text


async def test_everybody_begins_where_their_own_work_waits(office: Office) -> None:
    rooms = {"ada": "/queue", "cora": "/decisions", "dev": "/record", "root": "/admin"}
    for person, room in rooms.items():
        browser = await office.browser_of(person)
        assert (await browser.see("/")).url.path == room, person


async def test_the_public_ledger_is_one_step_away_where_there_is_one(office: Office) -> None:
    ada = await office.browser_of("ada")
    link = '<a href="/ledger">What the public reads</a>'
    assert link in (await ada.see("/queue")).text
    with office.door.service.database.writing() as session:
        closed = builders.policy(public=PublicRules(ledger=False))
        policies.apply(session, closed, "root", datetime.now(UTC))
    office.door.app.state.door._policy = None
    assert link not in (await ada.see("/queue")).text


# Policy. -------------------------------------------------------------------------------------


async def test_a_draft_is_looked_at_from_every_side_and_then_put_in_force(office: Office) -> None:
    root = await office.browser_of("root")
    page = await reviewed(root, DRAFT)
    said = text_of(page)
    assert "It has no errors" in said
    assert "terms.default.allowances.claim" in said
    done = await applied(root, page, reason="Faster <b>claims</b>")
    assert done.url.path == "/admin/policy"
    assert "Version 2 is in force" in text_of(done)
    assert "Faster &lt;b&gt;claims&lt;/b&gt;" in done.text
    assert "claim = &#34;1h&#34;" in done.text
    with office.door.service.database.reading() as session:
        in_force = policies.current(session)
        assert in_force is not None
        assert (in_force.version, in_force.by) == (2, "root")
    assert "put version 2 of the policy in force" in text_of(await root.see("/admin/house"))
    same = await reviewed(root, DRAFT)
    assert "Nothing would change" in text_of(same)
    assert "/admin/policy/apply" not in same.text
    faster = DRAFT.replace('"1h"', '"30m"') + "[terms.default.decision]\nbatch = true"
    page = await reviewed(root, faster)
    assert "is 1h and will be 30m" in text_of(page)
    await applied(root, page, reason="Faster still")
    assert "was 1h , became 30m" in text_of(await root.see("/admin/policy/diff"))
    said = text_of(await root.see("/admin/policy"))
    assert "30 min to claim" in said
    assert "Like cases may be decided together, with one reason." in said


def test_steps_of_a_ladder_are_counted_as_people_count() -> None:
    assert draft_words.key_of("ladders.steady[0].act") == "ladders.steady, step 1: act"
    assert draft_words.key_of("terms.urgent.ladder[2]") == "terms.urgent.ladder, step 3"
    assert draft_words.key_of("people.ada.roles[0]") == "people.ada.roles[0]"


async def test_what_is_in_use_goes_only_where_somebody_says_so(office: Office) -> None:
    await office.door.prepared()
    root = await office.browser_of("root")
    page = await reviewed(root, WITHOUT_CARE)
    said = text_of(page)
    assert "It takes away what is in use" in said
    assert "teams.care 1 open escalation 2 members" in said
    assert "channels.console 1 open escalation" in said
    assert "It has no errors" not in said
    refused = await applied(root, page, reason="Care is no more", remove="")
    assert refused.status_code == 422
    assert "say that it may go" in text_of(refused).lower()
    assert "Version 2" in text_of(await applied(root, page, reason="Care is no more"))
    assert "Customer care is not in the policy any more" in text_of(await root.see("/admin"))
    teams = text_of(await root.see("/admin/teams"))
    assert "Customer care The policy does not have this team any more" in teams
    assert "1 open escalation" in teams


async def test_whoever_a_draft_puts_elsewhere_hangs_on_no_team_that_goes(office: Office) -> None:
    root = await office.browser_of("root")
    moved = "".join(f'[people.{i}]\nroles = ["staff"]\nteams = ["shop"]\n' for i in ("ada", "ben"))
    assert "teams.care 2 members" in text_of(await reviewed(root, WITHOUT_CARE))
    assert "It has no errors" in text_of(await reviewed(root, WITHOUT_CARE + moved))


async def test_every_error_is_told_with_its_key_its_line_and_the_way_out(office: Office) -> None:
    root = await office.browser_of("root")
    wrong = DRAFT.replace('"1h"', '"forever"').replace('kind = "console"', 'kind = "fax"', 1)
    page = await reviewed(root, wrong)
    said = text_of(page)
    assert "2 errors: it cannot be applied" in said
    assert "channels.console.kind" in said
    assert "line 6" in said
    assert "/admin/policy/apply" not in page.text
    assert "forever" in form_of(page, "/admin/policy/draft")["text"], "nothing typed is lost"
    assert "This is not TOML" in text_of(await reviewed(root, "no = = toml"))


async def test_a_draft_that_was_compared_with_an_older_version_is_refused_and_shown_anew(
    office: Office,
) -> None:
    root, other = await office.browser_of("root"), await office.browser_of("root")
    page = await reviewed(root, DRAFT)
    first = await reviewed(other, DRAFT.replace('"1h"', '"3h"'))
    assert "Version 2" in text_of(await applied(other, first, reason="Slower"))
    refused = await applied(root, page, reason="Faster")
    assert refused.status_code == 409
    said = text_of(refused)
    assert "version 2 has been applied since" in said.lower()
    assert "What changes against version 2" in said
    assert form_of(refused, "/admin/policy/apply")["reason"] == "Faster"
    assert "Version 3" in text_of(await applied(root, refused))
    again = await root.http.post(
        "/admin/policy/apply", data=form_of(refused, "/admin/policy/apply")
    )
    assert again.url.path == "/admin/policy", "sent twice, it is applied once"
    with office.door.service.database.reading() as session:
        assert len(policies.versions(session)) == 3


async def test_what_was_not_looked_at_is_not_applied(office: Office) -> None:
    root = await office.browser_of("root")
    page = await reviewed(root, DRAFT)
    for more, status, said in (
        (
            {"text": DRAFT.replace('"1h"', '"9h"'), "reason": "x"},
            409,
            "not the draft that was looked",
        ),
        ({"reason": " "}, 422, "a change of policy needs a reason"),
        ({"on": "7", "reason": "x"}, 409, "since the draft was compared"),
        ({"on": "no", "reason": "x"}, 422, "correct what is named here"),
        ({"reason": "x\0"}, 422, "correct what is named here"),
    ):
        refused = await applied(root, page, **more)
        assert refused.status_code == status, more
        assert said in text_of(refused).lower(), text_of(refused)
    with office.door.service.database.reading() as session:
        assert len(policies.versions(session)) == 1


async def test_calendars_are_accepted_by_somebody_before_they_count(office: Office) -> None:
    root = await office.browser_of("root")
    page = await reviewed(root, DRAFT + OFFICE)
    assert "Tag der Deutschen Einheit" in page.text
    fields = form_of(page, "/admin/policy/apply") | {"reason": "Office hours"}
    unticked = {name: value for name, value in fields.items() if name != "accept"}
    refused = await root.http.post("/admin/policy/apply", data=unticked)
    assert refused.status_code == 422
    assert "calendars are right" in text_of(refused)
    assert "Version 2" in text_of(await root.http.post("/admin/policy/apply", data=fields))


async def test_a_file_is_uploaded_and_what_stands_in_it_is_only_ever_shown(office: Office) -> None:
    root = await office.browser_of("root")
    fields = form_of(await root.see("/admin/policy/draft"), "/admin/policy/draft")
    csrf = {"csrf": fields["csrf"], "text": "ignored"}
    file = {"file": ("policy.toml", HOSTILE.encode(), "application/toml")}
    page = await root.http.post("/admin/policy/draft", data=csrf, files=file)
    assert page.status_code == 200, text_of(page)
    done = await applied(root, page, reason="<img src=x onerror=alert(2)>")
    for address in ("/admin/policy", "/admin/policy/diff", "/admin/teams", "/admin"):
        shown = await root.see(address)
        assert "<script>alert" not in shown.text
        assert "<img src=x" not in shown.text
    assert "&lt;script&gt;alert(1)" in done.text
    broken = {"file": ("policy.toml", b"\xff\xfe\x00", "application/toml")}
    refused = await root.http.post("/admin/policy/draft", data=csrf, files=broken)
    assert refused.status_code == 422
    assert "not UTF-8" in text_of(refused)
    foreign = await root.http.post("/admin/policy/draft", data=csrf | {"csrf": "x"}, files=file)
    assert foreign.status_code == 403


async def test_a_policy_that_leaves_nobody_to_run_the_house_is_refused(office: Office) -> None:
    root = await office.browser_of("root")
    page = await reviewed(root, DRAFT + '[people.root]\nroles = ["staff"]\n')
    assert "Whose roles and teams change" in text_of(page)
    refused = await applied(root, page, reason="Less")
    assert refused.status_code == 409
    assert "nobody would be left who runs" in text_of(refused).lower()
    await root.see("/admin")


async def test_addresses_of_webhooks_stay_with_admins(office: Office) -> None:
    secret = "https://blog.example/hooks/SECRET-PATH"
    text = DRAFT + f'[channels.blog]\nkind = "webhook"\nteam = "care"\nurl = "{secret}"\n'
    root, dev = await office.browser_of("root"), await office.browser_of("dev")
    await applied(root, await reviewed(root, text), reason="A blog")
    for address in ("/admin/policy", "/admin/policy/versions/2", "/admin/policy/diff"):
        assert "SECRET-PATH" in (await root.see(address)).text, address
        assert "SECRET-PATH" not in (await dev.see(address)).text, address
    needs = text_of(await dev.see("/admin"))
    assert "Channel blog: it has no secret" in needs


# People. -------------------------------------------------------------------------------------


async def test_somebody_new_is_added_found_changed_and_leaves(office: Office) -> None:
    root = await office.browser_of("root")
    fields = form_of(await root.see("/admin/new-person"), "/admin/new-person")
    sent = {
        "csrf": fields["csrf"], "id": "zoe", "name": "Zoë <b>", "email": "zoe@example.org",
        "role-staff": "yes", "team-care": "lead", "manager": "cora",
    }  # fmt: skip
    taken = await root.http.post("/admin/new-person", data=sent | {"id": "ada"})
    assert taken.status_code == 409
    assert "has the id" in text_of(taken)
    assert 'value="Zoë &lt;b&gt;"' in taken.text, "nothing typed is lost"
    added = await root.http.post("/admin/new-person", data=sent)
    assert added.url.path == "/admin/people/zoe"
    found = await root.see("/admin/people?q=ZOE@EXAMPLE&team=care&role=staff")
    assert "/admin/people/zoe" in found.text
    assert "/admin/people/ada" not in found.text

    page = await root.see("/admin/people/zoe")
    form = {"csrf": fields["csrf"], "seen": form_of(page, "/admin/people/zoe")["seen"]}
    body = {"name": "Zoe", "role-executive": "yes", "zone": "Europe/Berlin"}
    saved = await root.http.post("/admin/people/zoe", data=form | body)
    assert "Saved." in text_of(saved)
    stale = await root.http.post("/admin/people/zoe", data=form | body)
    assert stale.status_code == 409
    assert "somebody has changed this person" in text_of(stale).lower()

    ask = await root.see("/admin/people/zoe/leave")
    left = await root.http.post("/admin/people/zoe/leave", data=form_of(ask, "/leave"))
    assert "They have left" in text_of(left)
    assert "/admin/people/zoe" in (await root.see("/admin/people?state=left")).text
    told = text_of(await root.see("/admin/house"))
    assert "recorded that Zoe has left" in told
    assert "gave the role executive to Zoe" in told


async def test_whoever_is_in_a_team_that_the_policy_lacks_stays_in_it(office: Office) -> None:
    root = await office.browser_of("root")
    await applied(root, await reviewed(root, WITHOUT_CARE), reason="Care is no more")
    page = await root.see("/admin/people/ben")
    assert "Customer care (no longer in the policy)" in text_of(page)
    form = form_of(page, "/admin/people/ben")
    kept = {n: v for n, v in form.items() if n in ("csrf", "seen") or n.startswith("team-")}
    body = {"name": "Ben", "email": "ben@example.org", "role-staff": "yes"}
    assert "Saved." in text_of(await root.http.post("/admin/people/ben", data=kept | body))
    person = await office.door.root.get("people/ben")
    assert (person["email"], person["teams"]) == ("ben@example.org", {"care": True})
    out = await root.http.post(
        "/admin/people/ben",
        data=kept
        | body
        | {"team-care": "", "seen": form_of(await root.see("/admin/people/ben"), "/ben")["seen"]},
    )
    assert "Customer care" not in text_of(out)


async def test_whoever_is_a_deputy_does_not_leave_unnoticed(office: Office) -> None:
    root = await office.browser_of("root")
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    await office.door.cora.post("people/cora/absences", {"until": until, "deputy": "eve"})
    ask = await root.see("/admin/people/eve/leave")
    assert "Cora is away from" in text_of(ask)
    assert "Nobody comes in their place then" in text_of(ask)
    assert "without a deputy" not in text_of(await root.see("/admin"))
    await root.http.post("/admin/people/eve/leave", data=form_of(ask, "/leave"))
    assert "Cora is away without a deputy" in text_of(await root.see("/admin"))
    page = text_of(await root.see("/admin/people/cora"))
    assert "without a deputy" in page
    assert "in their place: Eve" not in page
    (absence,) = (await office.door.cora.get("people/cora"))["absences"]
    assert absence["deputy"] is None


async def test_leaving_says_what_is_open_and_to_whom_it_goes(office: Office) -> None:
    await office.door.prepared()
    root = await office.browser_of("root")
    said = text_of(await root.see("/admin/people/ada/leave"))
    assert "1 escalation of Customer care is theirs" in said
    assert "its ladder speaks to the team’s lead: Ben, until somebody assigns it." in said
    assert "Nobody else leads" not in said
    lead = text_of(await root.see("/admin/people/ben/leave"))
    assert "Nobody else leads Customer care." in lead
    for _ in range(2):
        await office.door.prepared()
    await applied(root, await reviewed(root, WITHOUT_CARE), reason="Care is no more")
    said = text_of(await root.see("/admin/people/ada/leave"))
    assert "3 escalations of Customer care are theirs" in said
    assert "their ladders speak to the team’s lead: Ben" in said
    only = text_of(await root.see("/admin/people/cora/leave"))
    assert "Nobody else has the role: executive" in only


async def test_the_last_admin_neither_leaves_nor_loses_the_role(office: Office) -> None:
    root = await office.browser_of("root")
    own = f"/admin/people/{ROOT.id}"
    page = await root.see(own)
    form = form_of(page, own)
    kept = {name: form[name] for name in ("csrf", "seen")}
    lost = await root.http.post(own, data=kept | {"name": "Root", "role-staff": "yes"})
    assert lost.status_code == 409
    assert "make somebody else an admin first" in text_of(lost).lower()
    ask = await root.see(f"{own}/leave")
    stays = await root.http.post(f"{own}/leave", data=form_of(ask, "/leave"))
    assert stays.status_code == 409
    refused = await office.door.root.refused(409, f"people/{ROOT.id}/leave")
    assert refused["code"] == "last_admin"
    await office.door.root.ask(
        "PUT", "/api/v1/people/ben", json={"name": "Ben", "roles": ["staff", "admin"]}
    )
    assert (
        await root.http.post(own, data=kept | {"name": "Root", "role-staff": "yes"})
    ).url.path == own


async def test_absences_of_others_are_planned_but_nobodys_decisions_are_ones_own(
    office: Office,
) -> None:
    root = await office.browser_of("root")
    today = datetime.now(UTC).date()
    day = (today + timedelta(days=3)).isoformat()
    form = form_of(await root.see("/admin/people/cora"), "/cora/absences")
    planned = await root.http.post("/admin/people/cora/absences", data=form | {"until": day})
    assert "The absence is planned" in text_of(planned)
    assert "Cora is away without a deputy" in text_of(await root.see("/admin"))
    assert "without a deputy" in text_of(await root.see("/admin/people?state=away"))
    mine = form_of(planned, "/cora/delegations") | {"to": "root", "until": day}
    refused = await root.http.post("/admin/people/cora/delegations", data=mine)
    assert refused.status_code == 403
    given = await root.http.post("/admin/people/cora/delegations", data=mine | {"to": "ben"})
    assert "Ben may decide on behalf of Cora" in text_of(given)
    for end in re.findall(
        r'action="(/admin/people/cora/(?:absences|delegations)/\w+/end)"', given.text
    ):
        ended = await root.http.post(end, data=form_of(given, end))
        assert ended.status_code == 200, end
    assert "Nothing is arranged" in text_of(await root.see("/admin/people/cora"))


async def test_sessions_are_ended_one_by_one_and_all_at_once(office: Office) -> None:
    ada, again = await office.browser_of("ada"), await office.browser_of("ada")
    root = await office.browser_of("root")
    page = await root.see("/admin/people/ada")
    ends = re.findall(r'action="(/admin/people/ada/sessions/\w{26}/end)"', page.text)
    assert len(ends) == 2
    await root.http.post(ends[0], data=form_of(page, ends[0]))
    await root.http.post("/admin/people/ada/sessions/end", data=form_of(page, ends[1]))
    for browser in (ada, again):
        assert (await browser.http.get("/queue")).url.path == "/sign-in"


# Tokens. -------------------------------------------------------------------------------------


async def test_a_token_is_shown_once_announced_used_and_ended(office: Office) -> None:
    root = await office.browser_of("root")
    form = form_of(await root.see("/admin/tokens"), "/admin/tokens")
    assert (await root.http.post("/admin/tokens", data=form)).status_code == 422
    form |= {"person": "cora", "label": "Importer <i>", "days": "7"}
    made = await root.http.post("/admin/tokens", data=form)
    (secret,) = re.findall(r"ans_[\w-]{43}", made.text)
    assert "who is told that it was made" in text_of(made)
    again = await root.http.post("/admin/tokens", data=form)
    assert again.status_code == 409, "sent twice, one is made"
    listed = await root.see("/admin/tokens")
    assert secret not in listed.text
    assert "Importer &lt;i&gt;" in listed.text
    assert "Made by Root" in text_of(listed)
    assert "A token of Cora ends" in text_of(await root.see("/admin"))
    with office.door.service.database.reading() as session:
        told = session.scalars(select(col(tables.HouseNotice.reason))).all()
        assert "token_made_for_you" in told

    headers = {"Authorization": f"Bearer {secret}"}
    assert (await office.door.http.get("/api/v1/people", headers=headers)).status_code == 200
    person = await root.see("/admin/people/cora")
    assert "Last used" in text_of(person)
    (end,) = set(
        re.findall(
            r"/admin/tokens/\w{26}/end", re.findall(r"Importer.*?</li>", listed.text, re.S)[0]
        )
    )
    asked = await root.see(end)
    assert "refused" in text_of(asked)
    ended = await root.http.post(end, data=form_of(asked, end))
    assert "It has ended" in text_of(ended)
    assert (await office.door.http.get("/api/v1/people", headers=headers)).status_code == 401
    assert "Importer" in (await root.see("/admin/tokens?state=over")).text


# Webhooks and notices. -----------------------------------------------------------------------


async def test_webhooks_that_take_nothing_and_lost_notices_need_a_look(office: Office) -> None:
    at = datetime.now(UTC)
    with office.door.service.database.writing() as session:
        for name, state in (("CRM", "active"), ("Wiki", "disabled"), ("Well", "active")):
            made = hooks.make(session, name, "https://x.example", [], at, by="root")
            row = session.get_one(Hook, made.hook.id)
            row.state, row.failing_since = state, None if name == "Well" else at
        ids = [("now", at), ("old", at - timedelta(days=8))]
        for made_id, made_at in ids:
            body = [{"reason": "late", "about": "escalation/E1", "urgent": False}]
            session.add(tables.Announcement(id=made_id, person_id="ada", body=body))
            session.flush()
            notices.note(session, made_id, "mail", Result.REFUSED, made_at, detail="550", most=4)
            notices.note(session, made_id, "chat", Result.FAILED, made_at, detail="", most=4)
        session.flush()
        session.execute(
            update(tables.NoticeDelivery)
            .where(col(tables.NoticeDelivery.announcement_id) == "old")
            .values(id=words.ids_from(at - timedelta(days=8)) + col(tables.NoticeDelivery.way))
        )
    root, dev = await office.browser_of("root"), await office.browser_of("dev")
    said = text_of(await root.see("/admin"))
    assert "Webhook CRM has taken nothing since" in said
    assert "Webhook Wiki is disabled" in said
    assert "Webhook Well" not in said
    assert "1 notice of the last seven days did not arrive" in said
    assert "Ada Mail refused 550" in said
    for_auditors = text_of(await dev.see("/admin"))
    assert "Webhook" not in for_auditors
    assert "did not arrive" not in for_auditors


# Channels and teams. -------------------------------------------------------------------------


async def test_a_channel_is_asked_for_a_post_that_never_was(office: Office) -> None:
    await office.door.opened()
    root = await office.browser_of("root")
    page = await root.see("/admin/channels")
    address = "/admin/channels/console/check"
    asked = await root.http.post(address, data=form_of(page, address))
    assert "It answers as it should" in text_of(asked)
    assert not (office.door.service.settings.data / "console.jsonl").exists()
    missing = await root.http.post("/admin/channels/fax/check", data=form_of(page, address))
    assert missing.status_code == 404


async def test_empty_seats_are_shown_with_who_is_asked_instead(office: Office) -> None:
    with office.door.service.database.writing() as session:
        at = datetime.now(UTC)
        people.put_person(session, "ben", "Ben", [Role.STAFF], {"care": False}, at, by="root")
    root = await office.browser_of("root")
    said = text_of(await root.see("/admin/teams"))
    assert "Nobody Cora instead, as the executives" in said
    assert "Nobody leads Customer care just now" in text_of(await root.see("/admin"))


async def test_the_house_is_told_newest_first_in_pages(office: Office) -> None:
    root = await office.browser_of("root")
    with office.door.service.database.writing() as session:
        for n in range(60):
            people.create_token(session, "ada", datetime.now(UTC), by="root", label=str(n))
    with office.door.service.database.reading() as session:
        entries, more = history.latest_of_the_house(session, ROOT.actor, limit=10)
        assert more
        assert [e.seq for e in entries] == sorted((e.seq for e in entries), reverse=True)
    page = await root.see("/admin/house")
    assert "Root made a token that acts as Ada, without end." in text_of(page)
    (later,) = re.findall(r'href="(/admin/house\?cursor=[^"]+)"', page.text)
    assert "The newest" in text_of(await root.see(later))
    await root.see("/admin/house?cursor=broken", status=422)


def test_every_kind_of_entry_of_the_house_has_its_sentence() -> None:
    assert set(EVENTS) == set(house.SENTENCES)
