"""Pages in other languages: every text of ours is said in the language of the reader.

A language is made up in which each message stands in brackets. Whatever text of a page stands in no
bracket is either somebody's words or a name, or was forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel import Locale

import texts
from api.pages import render
from domain import decision_links
from domain.policy import GENERAL
from domain.terms import DecisionTerms
from store import details, links, policies, tokens
from tests import builders, page_routes
from tests.builders import CORA
from tests.pages.conftest import Browser, Office, form_of, text_of
from texts import catalogues, rules

CODE = "eo"
OPENS, CLOSES = "\u27e6", "\u27e7"

NAMES = frozenset(
    {"Ada", "Ben", "Cora", "Dev", "Eve", "Root", "Answerable", "Veloria", "English", "Deutsch"}
    | {
        "ada",
        "ben",
        "cora",
        "dev",
        "eve",
        "root",
        "Care",
        "care",
        "Online",
        "browser",
        "console",
        "Console",
        "shop",
    }
    | {"Chat", "Hook", "hook", "default", "mon", "fri", "SHA"}
    | {"UTC", "CSV", "python", "httpx", "GitHub", "Europe", "Berlin", "esperanto", "Esperanto"}
)
"""What is data and not said by us: names of people, teams, channels, languages, zones."""

VOID = frozenset(["input", "img", "meta", "link", "br", "hr", "rect", "circle", "path"])
SPOKEN = ("aria-label", "title", "placeholder", "alt")


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language in which every message is itself, in brackets."""
    catalogue = catalogues.updated(texts.FOLDER / "de.po", catalogues.collected())
    for message in catalogue:
        if isinstance(message.id, str):
            message.string = f"{OPENS}{message.id}{CLOSES}" if message.id else message.string
        else:
            message.string = tuple(f"{OPENS}{form}{CLOSES}" for form in message.id)
    (tmp_path / f"{CODE}.po").write_bytes(catalogues.written(catalogue))
    (tmp_path / "answerable.pot").write_bytes(catalogues.written(catalogues.collected()))
    kept = (
        texts.languages,
        texts.language,
        texts.negotiated,
        texts.catalogue,
        texts._messages,
        render._message,
    )

    def forget() -> None:
        rules.forget()
        for one in kept:
            one.cache_clear()

    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    forget()
    yield
    monkeypatch.undo()
    forget()


class Said(HTMLParser):
    """What stands on a page, without the words of people and what machines read. What is marked
    as English is of ours all the same, and read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.beside: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        is_foreign = found.get("dir") == "auto" or found.get("lang") not in (None, CODE, "en")
        is_hidden = is_foreign or tag in (
            "script", "style", "textarea", "time", "bdi", "kbd", "code", "pre", "q",
        )  # fmt: skip
        inherited = bool(self._open) and self._open[-1][1]
        self.beside += [found[name] or "" for name in SPOKEN if name in found and not inherited]
        if tag not in VOID:
            self._open.append((tag, is_hidden or inherited))
        self.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        while self._open and tag not in VOID:
            if self._open.pop()[0] == tag:
                break
        self.text.append(" ")

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1][1]):
            self.text.append(data)


def outside(text: str) -> str:
    """What stands in no bracket."""
    depth, found = 0, ""
    for letter in text:
        depth += (letter == OPENS) - (letter == CLOSES)
        found += letter if depth == 0 else " "
    return found


def forgotten(page: str, *known: str) -> set[str]:
    """Words of a page that no catalogue has said."""
    said = Said()
    said.feed(page)
    return words_of(said, *known)


def words_of(said: Said, *known: str) -> set[str]:
    bare = " ".join(outside(part) for part in ("".join(said.text), *said.beside))
    for one in known:
        bare = bare.replace(one, " ")
    bare = re.sub(r"\b[0-9A-Z]{26}\b|\b[0-9a-f]{8,}\b|\S+@\S+|https?://\S+|\b\S+\.\S+\b", " ", bare)
    words = set(re.findall(r"[^\W\d_]{3,}", bare))
    months = {part for region in (CODE,) for part in re.findall(r"[^\W\d_]+", _dates(region))}
    return words - NAMES - months


def _dates(region: str) -> str:
    locale = Locale.parse(region)
    kinds = (locale.months, locale.days)
    return " ".join(
        str(name) for kind in kinds for form in kind["format"].values() for name in form.values()
    )


READ = {
    "ada": (
        "{published}", "{deciding}", "{refused}", "{prepared}", "{free}", "{post}", "{pledge}",
        "{matter}", "{prepared}/drafts?kind=reply",
        *(f"/queue?view={view}" for view in
          ("mine", "free", "late", "waiting", "team", "all", "closed")),
        "/queue?view=all&q=nothing", "/posts?stage=", "/posts?stage=failed", "/commitments",
        "/commitments?view=calendar", "/commitments?view=list", "/insights", "/me", "/me/away",
        "/queue/dismiss?ids={case}:1", "/matters", "/matters?view=ended",
        "/me/notices", "/sessions", "/escalation/01M832XSBSA28KYCS6T2BNABQ3",
    ),
    "cora": (
        "/decisions", "{published}", "{deciding}", "{refused}", "{prepared}", "{free}",
        "/decisions/together?case={together}", "/insights/cases", "/insights/promises",
    ),
    "dev": (
        "{published}", "{deciding}", "{refused}", "{prepared}", "{free}", "{pledge}",
        "/queue?view=all", "/insights", "/record", "/record?person=ada&kind=escalation",
        "/record{published}?whole=true", "/record{pledge}", "/record/policy/1",
        "/record?kind=house", "/admin", "/admin/policy", "/admin/people/ben",
    ),
    "root": (
        "/admin", "/admin/policy", "/admin/policy/draft", "/admin/policy/versions/1",
        "/admin/policy/diff?old=1&new=2", "/admin/policy/dates", "/admin/people",
        "/admin/people/ben", "/admin/people/ben/leave", "/admin/tokens/{token}/end",
        "/admin/new-person", "/admin/teams", "/admin/channels", "/admin/tokens", "/admin/house",
        "/admin/hooks", "/admin/hooks/{hook}", "/me",
    ),
    None: (
        "/sign-in", "/ledger", "/ledger/all", "/ledger/{promise}", "/ledger/nothing",
        "/ledger/answers", "/ledger/answers/{answer}", "/ledger/answers?refusal=too_costly",
        "/word/{secret}", "/word/{secret}?kept=no", "/word/nothing", "/go/{link}", "/go/nothing",
    ),
}  # fmt: skip
"""Every page, by who reads it; what stands in braces is the path or the id of a sample."""

WORD_BY_WORD = {"/admin/hooks/{hook_id}/sent/{delivery_id}"}
"""Pages that show what was sent, word by word."""

WHOLE = "/admin/policy"
"""Pages on which what may run in either direction is ours as well, and read."""

FACTS = frozenset(
    {"Rita", "approve", "approved", "claim", "claimed", "commitment", "conversation", "decision"}
    | {"escalation", "open", "opened", "owner", "promise", "proposal", "propose", "record"}
    | {"reply", "settled", "submitted", "team", "tell", "unclaimed"}
)
"""Names of facts and what stands in them, which the file of a case shows letter by letter."""

STEP = re.compile(r'<li><span lang="en" dir="ltr">.*?</span></li>')
"""A step of the arithmetic of a deadline, which stays English (docs/languages.md)."""


def test_no_page_is_left_unread() -> None:
    kinds = {"free": "escalation", "pledge": "commitment", "post": "post", "matter": "matter"}
    cases = ("published", "deciding", "refused", "prepared")
    paths = dict.fromkeys(cases, "/escalation/x")
    paths |= {name: f"/{kind}/x" for name, kind in kinds.items()}
    ids = ("together", "token", "hook", "promise", "secret", "link", "answer", "case")
    read = [one.format(**paths, **dict.fromkeys(ids, "x")) for of in READ.values() for one in of]
    assert page_routes.without(read) == WORD_BY_WORD


async def test_no_text_of_ours_is_forgotten_on_any_page(office: Office, made_up: None) -> None:
    door = office.door
    due = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    sentence = "We will send you a saddle by Friday."
    promise = {"sentence": sentence, "accountable": "ada", "due_at": due}
    published = await door.published(reply=f"We are sorry. {sentence}", promises=[promise])
    deciding = await door.deciding()
    refused = await door.deciding()
    await door.cora.post(f"{refused}/refuse", {"code": "too_costly", "reason": "It costs a lot."})
    prepared = await door.prepared()
    free = await door.opened()
    spoken = {"Accept-Language": CODE}
    people: dict[str | None, Browser] = {
        name: await office.browser_of(name) for name in ("ada", "cora", "dev", "root")
    }
    for browser in people.values():
        browser.http.headers.update(spoken)
    made = await people["ada"].see("/commitments?view=list&of=all&stage=")
    pledge = "/commitment/" + made.text.split('href="/commitment/')[1].split('"')[0]
    posts = await people["ada"].see("/posts?stage=")
    samples = {
        "pledge": pledge,
        "promise": pledge.rpartition("/")[2],
        "case": free.rpartition("/")[2],
        "answer": (await door.http.get("/ledger/answers.json")).json()["items"][0]["id"],
        "post": "/post/" + posts.text.split('href="/post/')[1].split('"')[0],
        **await _more_samples(office, pledge, deciding),
    } | {
        name: f"/{path.replace('escalations', 'escalation')}"
        for name, path in {
            "published": published,
            "deciding": deciding,
            "refused": refused,
            "prepared": prepared,
            "free": free,
        }.items()
    }
    found: dict[str, set[str]] = {}
    known = (
        "Customer care",
        "My bike came without a saddle.",
        "May I send a saddle?",
        "Of course.",
        "The saddles",
        "We are sorry.",
        "It costs a lot.",
        sentence,
    )
    people[None] = office.browser()
    people[None].http.headers.update(spoken)
    for name, places in READ.items():
        for place in places:
            address = place.format(**samples)
            page = await people[name].http.get(address)
            assert page.status_code in (200, 404, 410), f"{address}: {page.status_code}"
            assert f'<html lang="{CODE}"' in page.text, address
            text = STEP.sub("", page.text)
            if address.startswith(WHOLE):
                text = text.replace(' dir="auto"', "")
            words = forgotten(text, *known)
            if address.startswith("/record/"):
                words -= FACTS
            if words:
                found[f"{name} {place}"] = words
    assert not found, "; ".join(f"{place}: {sorted(words)}" for place, words in found.items())


async def _more_samples(office: Office, pledge: str, deciding: str) -> dict[str, str]:
    """What only some people see: a matter, a webhook, links, a second version of the policy."""
    door, at = office.door, datetime.now(UTC)
    matter = await door.ada.post("matters", {"title": "The saddles", "team": "care"})
    hook = {"name": "Chat", "url": "https://example.org/hook", "kinds": ["matter.released"]}
    made = await door.root.post("webhooks", hook)
    with door.service.database.writing() as session:
        terms = {GENERAL: builders.plan(decision=DecisionTerms(batch=True))}
        policies.apply(session, builders.policy(terms=terms), "root", at)
        asked = decision_links.asked(
            CORA.actor, details.state_of(session, f"escalation/{deciding.partition('/')[2]}"), None
        )
        assert asked is not None
        stream = f"escalation/{deciding.partition('/')[2]}"
        link = links.make(session, "cora", stream, asked, at, at + timedelta(days=1))
        token = tokens.page(session, at, person="ben").items[0].id
    door.app.state.door._policy = None
    alike = await door.deciding(reply="A saddle was left out of the box, and it is on its way.")
    with door.service.database.reading() as session:
        state = details.state_of(session, f"escalation/{alike.partition('/')[2]}")
    return {
        "matter": f"/matter/{matter['id']}",
        "hook": made["webhook"]["id"],
        "link": link,
        "token": token,
        "secret": "nothing",
        "together": f"{alike.partition('/')[2]}.{state.seq}.cora",
    }


BROKEN = """
[teams]
care = "Customer care"
shop = "Online shop"
[channels.console]
kind = "fax"
team = "care"
[channels.web]
kind = "console"
team = "cares"
max_length = 0
[calendars.office]
zone = "Europe/Berlin"
hours = {"mon-fri" = ["9-5"]}
[terms.general]
calendar = "offices"
ladder = [{at = "soon", act = "remind", to = "owner"}]
allowances = {claim = "4 hours"}
[people.ada]
roles = []
"""

CHANGED = """
[teams]
care = "Customer care"
shop = "Online shop"
[channels.console]
kind = "console"
team = "care"
[calendars.office]
zone = "Europe/Berlin"
hours = {"mon-thu" = ["09:00-12:30", "13:30-17:30"], "fri" = ["09:00-15:00"]}
holidays = {country = "DE"}
[terms.general]
calendar = "office"
priority = "urgent"
decision = {mode = "one"}
promises = {confirm = "0s"}
[[routes]]
name = "angry"
when = {words = ["lawyer"]}
quarantine = true
[people.ben]
roles = ["staff", "executive"]
leads = ["care"]
"""
"""What it says is fine, but not all of it is wise."""


@pytest.mark.parametrize(("draft", "known"), [
    (BROKEN, {"fax", "cares", "soon", "offices", "hours", "webhook", "office", "file", "The"}),
    (CHANGED, {"office", "default", "angry", "lawyer"}),
])  # fmt: skip
async def test_what_is_found_in_a_draft_of_the_policy_is_said_in_the_language(
    office: Office, made_up: None, draft: str, known: set[str]
) -> None:
    await office.door.opened()
    root = await office.browser_of("root")
    root.http.headers.update({"Accept-Language": CODE})
    fields = form_of(await root.see("/admin/policy/draft"), "/admin/policy/draft")
    page = await root.http.post("/admin/policy/draft", data=fields | {"text": draft})
    assert page.status_code == 200
    told = re.sub(r' dir="auto"', "", page.text)  # Findings are read here, whatever is around them.
    assert 'lang="en"' not in told
    said = Said()
    said.feed(told)
    assert words_of(said) - known == set()


async def test_why_something_is_not_possible_names_people(office: Office, made_up: None) -> None:
    path = await office.door.deciding()
    ben = await office.browser_of("ben")
    page = await ben.see(f"/{path.replace('escalations', 'escalation')}")
    assert "a proposal by Ada is being decided" in text_of(page)
    spoken = await ben.see(page.url.path, headers={"Accept-Language": CODE})
    assert "\u27e6a proposal by Ada is being decided\u27e7" in text_of(spoken)
    assert 'lang="en"' not in spoken.text
    free = await office.door.opened()
    page = await ben.see(f"/{free.replace('escalations', 'escalation')}")
    await office.door.ada.post(f"{free}/claim")
    fields = form_of(page, "/claim")
    stale = await ben.http.post(
        f"{page.url.path}/claim", data=fields, headers={"Accept-Language": CODE}
    )
    assert 'lang="en"' not in stale.text
    fields["expected_seq"] = ""
    late = await ben.http.post(f"{page.url.path}/claim", data=fields)
    assert "Already claimed by Ada." in text_of(late)
    assert "Speak to Ada, or have it assigned to you." in text_of(late)


async def test_whoever_chooses_a_language_and_a_zone_reads_in_them(office: Office) -> None:
    path = await office.door.opened()
    ada = await office.browser_of("ada")
    me = await ada.see("/me")
    fields = form_of(me, "/me/reading") | {"language": "de", "zone": "Asia/Tokyo"}
    saved = await ada.http.post("/me/reading", data=fields)
    assert "So lesen Sie von jetzt an." in text_of(saved)
    case = await ada.see(f"/{path.replace('escalations', 'escalation')}")
    assert '<html lang="de" dir="ltr">' in case.text
    assert "Was als Nächstes fällig ist" in case.text
    assert re.search(r"\d\d:\d\d (JST|UTC\+9)", text_of(case))
    assert case.headers["content-language"] == "de"
    wrong = await ada.http.post("/me/reading", data=fields | {"zone": "Nowhere/Else"})
    assert wrong.status_code == 422
    assert 'lang="en"' in wrong.text
    back = await ada.http.post("/me/reading", data=fields | {"language": "", "zone": ""})
    assert "This is how you read from now on." in text_of(back)


async def test_the_public_reads_in_the_language_of_the_browser_or_of_the_address(
    office: Office,
) -> None:
    reader = office.browser()
    english = await reader.see("/sign-in")
    german = await reader.see("/sign-in", headers={"Accept-Language": "de-CH, en;q=0.3"})
    named = await reader.see("/sign-in?lang=de")
    assert "<h1>Sign in</h1>" in english.text
    assert "<h1>Anmelden</h1>" in german.text
    assert "<h1>Anmelden</h1>" in named.text
    assert german.headers["vary"] == "Accept-Language"
    ledger = [await reader.see("/ledger", headers={"Accept-Language": tag}) for tag in ("en", "de")]
    assert ledger[0].headers["etag"] != ledger[1].headers["etag"]
    tag = ledger[1].headers["etag"]
    headers = {"Accept-Language": "de", "If-None-Match": tag}
    again = await reader.http.get("/ledger", headers=headers)
    assert (again.status_code, again.headers["vary"]) == (304, "Accept-Language")
    other = await reader.http.get("/ledger", headers=headers | {"Accept-Language": "en"})
    assert other.status_code == 200
    strange = await reader.http.get("/ledger/nothing", headers={"Accept-Language": "de"})
    assert "<h1>Nicht gefunden</h1>" in strange.text


async def test_programs_are_answered_in_english(office: Office) -> None:
    answer = await office.door.ada.ask(
        "GET", "/api/v1/escalations/nothing", headers={"Accept-Language": "de"}
    )
    assert answer.json()["title"] == "Not Found"
    assert "vary" not in answer.headers


async def test_words_from_right_to_left_keep_their_own_direction(office: Office) -> None:
    words = "وصلت دراجتي بدون سرج 🚲🔥"
    path = await office.door.opened(text=words)
    ada = await office.browser_of("ada")
    for address in ("/queue?view=free", f"/{path.replace('escalations', 'escalation')}"):
        page = await ada.see(address, headers={"Accept-Language": "de"})
        assert re.search(rf'dir="auto"[^>]*>{words}', page.text)
