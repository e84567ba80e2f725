"""The public ledger at the door: what anybody reads, what nobody does, what caches are told."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import httpx
import pytest

from api import public
from api.caching import CORS
from api.readers import A_MINUTE, Readers
from domain.commitment import LinkMade
from domain.errors import Conflict
from domain.escalation.stages import RefusalCode
from domain.policy import GENERAL, Audience, PublicRules, Shown
from intake.entities import Busy
from store import commitments, people, policies
from tests import builders
from tests.api.conftest import OpenDoor, bare_door, problem_of
from tests.domain.examples import CALENDAR
from tests.pages.conftest import forms_of, text_of
from tests.pasts import DAY, INSIDE, STANDINGS, Past, every_standing

HOUR = timedelta(hours=1)
HTML = {"Accept": "text/html"}
ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "<script>alert(1)</script> \"We\" & 'they' </p> \u202eevil\u202c 🚲 سرج"


@dataclass
class Town:
    """A door with a past behind it, and the promises of that past by what became of them."""

    door: OpenDoor
    past: Past
    made: dict[str, str]
    said: list[str] = field(default_factory=list)

    def refuse(
        self, text: str = "Sorry, no.", reason: str = "It costs a bridge.", **changes: Any
    ) -> str:
        """A comment that was answered with a no a day ago; answers the id of the reply."""
        at = datetime.now(UTC) - DAY
        case = self.past.case(at, **changes)
        self.past.decide(case, at + HOUR, refused=RefusalCode.TOO_COSTLY, reason=reason)
        self.said.append(self.past.answer(case, at + 3 * HOUR, text))
        return self.said[-1]

    async def ask(self, path: str, **more: Any) -> httpx.Response:
        return await self.door.http.get(path, **more)

    async def every(self) -> dict[str, httpx.Response]:
        """Every representation that the public has of anything here."""
        paths = ["/ledger", "/ledger.json?limit=200", "/ledger.atom", "/ledger/all"]
        paths += [f"/ledger/all?state={state}" for state in set(STANDINGS.values())]
        paths += [f"/ledger/answers{kind}" for kind in ("", ".json", ".atom")]
        paths += [f"/ledger/answers/{one}{kind}" for one in self.said for kind in ("", ".json")]
        paths += [f"/ledger/{one}{kind}" for one in self.made.values() for kind in ("", ".json")]
        found = {path: await self.ask(path) for path in paths}
        assert {answer.status_code for answer in found.values()} == {200}
        return found

    def rule(self, **changes: Any) -> None:
        rules = PublicRules(**changes)
        with self.past.database.writing() as session:
            policies.apply(session, builders.policy(public=rules), "root", datetime.now(UTC))


@pytest.fixture(scope="module")
async def shared(
    migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    """A past that the tests of this module read and do not change."""
    async with bare_door(migrated_sqlite, tmp_path_factory.mktemp("town")) as door:
        past = Past(door.service.database)
        town = Town(door, past, every_standing(past, datetime.now(UTC) - 12 * DAY))
        town.refuse()
        yield town


@pytest.fixture
async def town(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Town]:
    """An empty one."""
    async with bare_door(migrated_sqlite, tmp_path) as door:
        yield Town(door, Past(door.service.database), {})


@pytest.fixture(autouse=True)
def _always_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept between two requests of one test."""
    monkeypatch.setattr(public, "OVERVIEW_SECONDS", 0)
    monkeypatch.setattr("api.deps.POLICY_SECONDS", 0)


# What is shown, and what is not. --------------------------------------------------------------


async def test_every_promise_has_its_page_and_its_json_whatever_became_of_it(shared: Town) -> None:
    for name, promise in shared.made.items():
        page = await shared.ask(f"/ledger/{promise}")
        told = (await shared.ask(f"/ledger/{promise}.json")).json()
        assert f"We will do {name}." in text_of(page)
        assert (told["version"], told["state"]) == (1, STANDINGS[name])
        assert public.STATES[told["state"]] in text_of(page)
        assert told["url"].endswith(f"/ledger/{promise}")
        assert f'href="https://blog.example/{name}"' in page.text


async def test_what_is_meant_for_colleagues_is_in_nothing_that_anybody_can_fetch(
    shared: Town,
) -> None:
    for path, answer in (await shared.every()).items():
        assert INSIDE not in answer.text, path
        assert "@rider" not in answer.text, path
        assert "set-cookie" not in answer.headers, path
        assert not re.search(r"\b(ada|ben|cora)\b", answer.text), f"an id of somebody in {path}"


async def test_broken_promises_stand_at_the_top_and_the_words_are_explained(shared: Town) -> None:
    page = await shared.ask("/ledger", headers=HTML)
    text = text_of(page)
    assert text.index("Broken, and still owed") < text.index("Open, the next date first")
    for word in ("We will do broken.", "What these words mean", "How long people wait"):
        assert word in text
    assert 'name="robots"' not in page.text
    assert forms_of(page) == []
    assert "sign" not in text.lower()


async def test_an_empty_ledger_says_so(town: Town) -> None:
    text = text_of(await town.ask("/ledger"))
    assert "Nothing has been promised yet" in text
    assert (await town.ask("/ledger.json")).json()["items"] == []
    feed = Xml.fromstring((await town.ask("/ledger.atom")).content)
    assert feed.findall(f"{ATOM}entry") == []


async def test_a_private_promise_and_one_that_never_was_are_answered_alike(town: Town) -> None:
    hidden = town.past.promise("We will settle this quietly.", is_public=False)
    for path in (hidden, "01M832XSBSA28KYCS6T2BNABQ3", "nothing", "%2e%2e", "x" * 300):
        for kind in ("", ".json"):
            problem = problem_of(await town.ask(f"/ledger/{path}{kind}"), 404)
            assert (problem["code"], problem["detail"]) == (
                "unknown_promise",
                "there is no public promise at this address",
            )
    page = await town.ask(f"/ledger/{hidden}", headers=HTML)
    assert page.status_code == 404
    assert "quietly" not in page.text
    assert 'href="/ledger"' in page.text
    assert "queue" not in page.text
    for path in ("/ledger", "/ledger.json", "/ledger.atom", "/ledger/all"):
        assert "quietly" not in (await town.ask(path)).text


@pytest.mark.parametrize("shown", Shown)
async def test_names_are_in_no_page_feed_or_json_that_the_policy_does_not_put_there(
    town: Town, shown: Shown
) -> None:
    with town.past.database.writing() as session:
        for person, name in (("ben", "Benedict Okafor"), ("cora", "Corazon Weiss")):
            people.known(session, person).name = name
    town.rule(staff=shown, executives=shown, staff_figures=Audience.PUBLIC)
    for who in ("ben", "cora"):
        town.made[who] = town.past.promise(accountable=who)
        town.past.withdraw(town.made[who], builders.AT + DAY, "It cannot be done.")
    town.refuse()
    words = {
        Shown.NAME: {"Benedict", "Okafor", "Corazon", "Weiss"},
        Shown.FIRST_NAME: {"Benedict", "Corazon"},
    }.get(shown, set())
    text = " ".join(answer.text for answer in (await town.every()).values())
    seen = {word for word in ("Benedict", "Okafor", "Corazon", "Weiss") if word in text}
    assert seen == words


async def test_hostile_words_are_only_words(town: Town) -> None:
    promise = town.past.promise(HOSTILE, url="javascript:alert(1)", reply=HOSTILE * 40)
    page = await town.ask(f"/ledger/{promise}")
    assert "<script>alert" not in page.text
    assert "javascript:" not in page.text
    assert 'dir="auto"' in page.text
    feed = Xml.fromstring((await town.ask("/ledger.atom")).content)
    summary = feed.findtext(f"{ATOM}entry/{ATOM}summary") or ""
    assert "<script" not in summary
    assert "&lt;script&gt;" in summary
    assert (await town.ask(f"/ledger/{promise}.json")).json()["sentence"] == HOSTILE


async def test_a_ledger_that_is_switched_off_is_nowhere(town: Town) -> None:
    promise = town.past.promise()
    town.rule(ledger=False)
    post = town.refuse()
    paths = ["", ".json", ".atom", "/all", f"/{promise}", f"/{promise}.json"]
    paths += [f"/answers{kind}" for kind in ("", ".json", ".atom", f"/{post}", f"/{post}.json")]
    for path in paths:
        assert problem_of(await town.ask(f"/ledger{path}"), 404)["code"] == "no_ledger"
    assert "Allow" not in (await town.ask("/robots.txt")).text


async def test_the_organisation_stands_in_the_titles(town: Town) -> None:
    town.rule(organisation="Veloria & Sons")
    assert "What Veloria &amp; Sons promised" in (await town.ask("/ledger")).text
    assert (await town.ask("/ledger.json")).json()["organisation"] == "Veloria & Sons"
    feed = Xml.fromstring((await town.ask("/ledger.atom")).content)
    assert feed.findtext(f"{ATOM}title") == "What Veloria & Sons promised"


def move_to_berlin(town: Town) -> None:
    policy = builders.policy(
        public=PublicRules(organisation="Veloria & Sons"),
        calendars={"office": CALENDAR},
        terms={GENERAL: builders.plan(calendar="office")},
    )
    with town.past.database.writing() as session:
        policies.apply(session, policy, "root", datetime.now(UTC))


async def test_the_public_reads_the_time_of_the_house(town: Town) -> None:
    due_at = datetime(2040, 11, 30, 22, 59, tzinfo=UTC)
    at = datetime.now(UTC) - DAY
    promise = town.past.promise(at=at, days=(due_at - at) / DAY)
    word = _link(town, promise, at)
    before = await town.ask(f"/ledger/{promise}", headers=HTML)
    move_to_berlin(town)

    for address in ("/ledger/all", f"/ledger/{promise}", word):
        page = text_of(await town.ask(address, headers=HTML))
        assert "30 Nov 2040, 23:59 CET" in page, address
        assert "Times are those of Europe/Berlin" in page, address
        assert "UTC" not in page, address
    assert (await town.ask(f"/ledger/{promise}", headers=HTML)).headers["etag"] != (
        before.headers["etag"]
    )


async def test_the_first_date_is_told_where_it_is_another_one(town: Town) -> None:
    promise = town.past.promise(at=datetime.now(UTC) - DAY)
    rows = text_of(await town.ask("/ledger/all", headers=HTML))
    assert "first promised for" not in rows
    assert "due in" in rows
    page = text_of(await town.ask(f"/ledger/{promise}", headers=HTML))
    assert "Date due in" in page


async def test_what_is_not_there_is_said_under_the_name_of_the_house(town: Town) -> None:
    move_to_berlin(town)
    for address in ("/ledger/x", "/word/x"):
        page = await town.ask(address, headers=HTML)
        assert page.status_code == 404
        assert "Not found · Veloria &amp; Sons" in page.text
        assert '<a class="brand" href="/ledger">' in page.text
        assert "Answerable" not in page.text
        assert "<script" not in page.text


async def test_search_engines_are_let_to_the_ledger_and_nowhere_else(shared: Town) -> None:
    assert (await shared.ask("/robots.txt")).text.splitlines() == [
        "User-agent: *", "Allow: /ledger", "Allow: /static/", "Disallow: /",
    ]  # fmt: skip


# Lists. --------------------------------------------------------------------------------------


async def test_following_next_shows_every_promise_once(shared: Town) -> None:
    seen, path = list[str](), "/ledger.json?limit=3"
    while path:
        page = (await shared.ask(path)).json()
        seen += [item["id"] for item in page["items"]]
        path = (page["next"] or "").partition("//")[2].partition("/")[2]
        path = f"/{path}" if path else ""
    assert sorted(seen) == sorted(shared.made.values())


async def test_filters_are_links_and_a_wrong_one_is_named(shared: Town) -> None:
    kept = (await shared.ask("/ledger.json?state=kept")).json()
    assert {item["id"] for item in kept["items"]} == {
        promise for name, promise in shared.made.items() if STANDINGS[name] == "kept"
    }
    assert kept["figures"] is None
    for query, named in (
        ("state=nice", "state"), ("month=soon", "month"), ("month=2026-13", "month"),
        ("limit=0", "limit"), ("cursor=x", "cursor"),
    ):  # fmt: skip
        assert problem_of(await shared.ask(f"/ledger.json?{query}"), 422)["field"] == named
    for query in ("state=nice", "month=2026-13", "cursor=x"):
        assert (await shared.ask(f"/ledger/all?{query}", headers=HTML)).status_code == 422
    page = await shared.ask("/ledger/all?state=kept&channel=console", headers=HTML)
    assert "<option selected>console</option>" in page.text
    empty = await shared.ask("/ledger/all?channel=nowhere", headers=HTML)
    assert "No public promise is like this." in text_of(empty)


# The feed. -----------------------------------------------------------------------------------


async def test_the_feed_is_as_rfc_4287_wants_it(shared: Town) -> None:
    answer = await shared.ask("/ledger.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = Xml.fromstring(answer.content)
    assert feed.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated", "author"):
        assert len(feed.findall(f"{ATOM}{name}")) == 1
    links = {one.get("rel"): one.get("href") or "" for one in feed.findall(f"{ATOM}link")}
    assert links["self"].endswith("/ledger.atom")
    assert links["alternate"].endswith("/ledger")
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == len(shared.made)
    moments = []
    for entry in entries:
        for name in ("id", "title", "updated", "published", "summary"):
            assert len(entry.findall(f"{ATOM}{name}")) == 1
        assert entry.find(f"{ATOM}link[@rel='alternate']") is not None
        updated = datetime.fromisoformat(entry.findtext(f"{ATOM}updated") or "")
        assert updated.tzinfo is not None
        assert updated >= datetime.fromisoformat(entry.findtext(f"{ATOM}published") or "")
        moments.append(updated)
    assert moments == sorted(moments, reverse=True)
    assert datetime.fromisoformat(feed.findtext(f"{ATOM}updated") or "") == moments[0]
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert {i.removeprefix("tag:answerable,2026:commitment/") for i in ids if i} == set(
        shared.made.values()
    )


async def test_ids_in_the_feed_depend_on_no_host_and_stay_when_a_promise_turns(town: Town) -> None:
    promise = town.past.promise()
    before = Xml.fromstring((await town.ask("/ledger.atom")).content)
    town.past.break_(promise)
    town.door.service.settings.public_url = "https://elsewhere.example"
    after = Xml.fromstring((await town.ask("/ledger.atom")).content)
    for path in (f"{ATOM}id", f"{ATOM}entry/{ATOM}id", f"{ATOM}entry/{ATOM}published"):
        assert before.findtext(path) == after.findtext(path)
    entry = f"{ATOM}entry/{ATOM}"
    assert before.findtext(f"{entry}updated") != after.findtext(f"{entry}updated")
    assert (after.findtext(f"{entry}title") or "").startswith("Broken: ")
    link = after.find(f"{ATOM}entry/{ATOM}link")
    assert link is not None
    assert link.get("href") == f"https://elsewhere.example/ledger/{promise}"


async def test_the_feed_says_what_the_commenter_says(town: Town) -> None:
    at = builders.AT
    promise = town.past.promise()
    town.past.report(promise, at + DAY)
    town.past.word(promise, at + 2 * DAY, is_kept=False)
    entry = Xml.fromstring((await town.ask("/ledger.atom")).content).find(f"{ATOM}entry")
    assert entry is not None
    assert ", the commenter says not kept: " in (entry.findtext(f"{ATOM}title") or "")
    summary = entry.findtext(f"{ATOM}summary") or ""
    assert "We say: kept. The commenter says: not kept." in summary


async def test_a_head_is_answered_like_a_get_and_decides_nothing(town: Town) -> None:
    promise = town.past.promise()
    town.past.report(promise, builders.AT + DAY)
    address = _link(town, promise, builders.AT + DAY)
    for path in ("/robots.txt", address, f"{address}?kept=no"):
        answer = await town.door.http.head(path)
        assert (answer.status_code, answer.content) == (200, b""), path
    assert "Was it kept?" in text_of(await town.ask(address, headers=HTML))


async def test_pages_lead_feed_readers_to_the_feed(shared: Town) -> None:
    for path in ("/ledger", "/ledger/all", f"/ledger/{shared.made['kept']}"):
        page = (await shared.ask(path)).text
        assert re.search(
            r'<link rel="alternate" type="application/atom\+xml"[^>]+ledger\.atom', page
        )


# Caches. -------------------------------------------------------------------------------------


async def test_what_has_not_changed_is_not_sent_again(shared: Town) -> None:
    settled = shared.made["kept"]
    for path in (
        "/ledger", "/ledger/all", "/ledger.json", "/ledger.atom", f"/ledger/{settled}",
        f"/ledger/{settled}.json", "/ledger/answers", "/ledger/answers.json",
        "/ledger/answers.atom", f"/ledger/answers/{shared.said[0]}",
        f"/ledger/answers/{shared.said[0]}.json",
    ):  # fmt: skip
        first = await shared.ask(path)
        tag = first.headers["etag"]
        assert re.fullmatch(r'"[0-9a-f]{32}"', tag), "a strong one"
        assert "public, max-age=60, stale-while-revalidate" in first.headers["cache-control"]
        for sent in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            again = await shared.ask(path, headers={"If-None-Match": sent})
            assert (again.status_code, again.content) == (304, b""), path
            assert again.headers["etag"] == tag
            assert "max-age=60" in again.headers["cache-control"]
        other = await shared.ask(path, headers={"If-None-Match": '"other"'})
        assert (other.status_code, other.content) == (200, first.content), "the same to the byte"
        assert b"may have changed since" not in first.content, "in a minute it would say another"
        head = await shared.door.http.head(path)
        assert (head.status_code, head.headers["etag"], head.content) == (200, tag, b"")


async def test_a_304_builds_no_page(shared: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    tag = (await shared.ask("/ledger")).headers["etag"]
    monkeypatch.setattr("api.pages.render.page", None)
    again = await shared.ask("/ledger", headers={"If-None-Match": tag})
    assert again.status_code == 304


async def test_whatever_changes_what_is_seen_changes_the_tag(town: Town) -> None:
    promise = town.past.promise()
    tags = [(await town.ask(f"/ledger/{promise}")).headers["etag"]]

    async def is_new() -> bool:
        tags.append((await town.ask(f"/ledger/{promise}")).headers["etag"])
        return tags[-1] not in tags[:-1]

    town.past.report(promise, builders.AT + DAY)
    assert await is_new()
    town.past.readers(promise, builders.AT + DAY, True)
    assert await is_new()
    town.rule(staff=Shown.ROLE, executives=Shown.ROLE)
    assert await is_new()
    town.past.case(builders.AT)
    assert not await is_new(), "what happens inside changes nothing that is seen"


async def test_a_feed_reader_that_knows_only_a_date_is_told_by_it(town: Town) -> None:
    promise = town.past.promise(at=datetime.now(UTC) - DAY)
    told = (await town.ask("/ledger.atom")).headers["last-modified"]
    since = {"If-Modified-Since": told}
    assert (await town.ask("/ledger.atom", headers=since)).status_code == 304
    known = {**since, "If-None-Match": '"other"'}
    assert (await town.ask("/ledger.atom", headers=known)).status_code == 200
    assert (
        await town.ask("/ledger.atom", headers={"If-Modified-Since": "soon"})
    ).status_code == 200
    town.past.progress(promise, "It is on its way.", datetime.now(UTC) + timedelta(minutes=1))
    assert (await town.ask("/ledger.atom", headers=since)).status_code == 200


async def test_programs_on_any_site_may_read_the_json_and_nothing_else_of_ours(
    shared: Town,
) -> None:
    for path in ("/ledger.json", "/ledger.atom", f"/ledger/{shared.made['kept']}.json"):
        assert (await shared.ask(path)).headers.items() >= {
            name.lower(): value for name, value in CORS.items()
        }.items()
    for path in ("/ledger", "/healthz", "/sign-in"):
        assert "access-control-allow-origin" not in (await shared.ask(path)).headers


async def test_who_asks_makes_no_difference(shared: Town) -> None:
    strange = await shared.ask("/ledger")
    token = {"Authorization": f"Bearer {shared.door.cora.token}", "Cookie": "answerable=x"}
    known = await shared.ask("/ledger", headers=token)
    assert known.content == strange.content
    assert strange.headers["vary"] == "Accept-Language"


# Readers. ------------------------------------------------------------------------------------


async def test_a_reader_is_asked_only_while_the_commenter_is_and_from_our_own_page(
    shared: Town,
) -> None:
    told, settled = shared.made["told"], shared.made["kept"]
    assert forms_of(await shared.ask(f"/ledger/{settled}")) == []
    assert len(forms_of(await shared.ask(f"/ledger/{told}"))) == 1
    send = shared.door.http.post
    refused = problem_of(await send(f"/ledger/{settled}", data={"kept": "yes"}), 409)
    assert refused["code"] == "nobody_is_asked"
    foreign = await send(
        f"/ledger/{told}", data={"kept": "yes"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert problem_of(foreign, 403)["code"] == "foreign_origin"
    assert (await send(f"/ledger/{told}", data={"kept": "may"})).status_code == 303
    assert (await send("/ledger/nothing", data={"kept": "yes"})).status_code == 404


def test_each_reader_is_counted_once_and_not_too_many_at_a_time() -> None:
    readers = Readers()
    readers.admit("P1", "192.0.2.1")
    readers.admit("P2", "192.0.2.1")
    with pytest.raises(Conflict):
        readers.admit("P1", "192.0.2.1")
    assert "192.0.2.1" not in repr(vars(readers))
    for n in range(A_MINUTE - 2):
        readers.admit("P1", f"192.0.3.{n}")
    with pytest.raises(Busy):
        readers.admit("P1", "192.0.4.1")


# The private link. ---------------------------------------------------------------------------


def _link(town: Town, promise: str, at: datetime) -> str:
    secret = commitments.new_secret(promise)
    town.past.happen(promise, at, "ben", LinkMade(digest=people.digest_of(secret)))
    return f"/word/{secret}"


async def test_a_private_link_shows_the_promise_and_asks_twice(town: Town) -> None:
    at = builders.AT
    promise = town.past.promise(HOSTILE)
    town.past.move(promise, at + DAY, at + 9 * DAY, "The maker is late.")
    town.past.report(promise, at + 2 * DAY, text="It was handed over.")
    address = _link(town, promise, at + 2 * DAY)
    page = await town.ask(address, headers=HTML)
    for word in ("Was it kept?", "It was handed over.", "Moved to", "Sat, 7 Mar 2026"):
        assert word in text_of(page)
    assert "<script>" not in page.text
    assert forms_of(page) == [], "nothing is decided on this page"
    assert page.headers["cache-control"] == "no-store"
    assert 'content="noindex"' in page.text
    chosen = await town.ask(f"{address}?kept=no", headers=HTML)
    assert "You say: no, it was not kept" in text_of(chosen)
    assert len(forms_of(chosen)) == 1
    odd = await town.ask(f"{address}?kept=may", headers=HTML)
    assert "Was it kept?" in text_of(odd)


async def test_a_link_that_answers_no_more_says_why(town: Town) -> None:
    at = builders.AT
    promise = town.past.promise()
    town.past.report(promise, at + DAY)
    older = _link(town, promise, at + DAY)
    newer = _link(town, promise, at + 2 * DAY)
    assert "There is a newer link" in text_of(await town.ask(older, headers=HTML))
    town.past.word(promise, at + 3 * DAY, is_kept=False)
    used = text_of(await town.ask(newer, headers=HTML))
    assert "Your word is on the record: it was not kept." in used
    assert "used up" in used

    other = town.past.promise()
    town.past.report(other, at + DAY)
    late = _link(town, other, at + DAY)
    town.past.keep(other, at + 9 * DAY)
    assert "This is settled already" in text_of(await town.ask(late, headers=HTML))
    for guessed in ("guessed", f"{promise}.guessed", "."):
        assert (await town.ask(f"/word/{guessed}", headers=HTML)).status_code == 404
