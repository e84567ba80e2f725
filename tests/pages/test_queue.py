"""The queue by forms alone: views, filters that live in the address, many at once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from api.pages import queue
from api.pages.security import Viewer
from store import queries, words
from tests.builders import ADA, CORA
from tests.pages.conftest import Office, form_of, text_of


def _viewer(who: Any) -> Viewer:
    return Viewer(who.actor, who.id, "csrf")


def test_a_wish_is_its_address_and_keeps_what_its_view_can_do_alone() -> None:
    asked = {"view": "all", "channel": "console", "owner": "ben", "q": "a b", "cursor": "c"}
    wish = queue.wish_of(_viewer(ADA), asked)
    assert wish.address() == "/queue?view=all&channel=console&owner=ben&q=a+b&cursor=c"
    assert wish.address(view="closed", cursor="") == "/queue?view=closed&owner=ben&q=a+b"
    assert queue.wish_of(_viewer(CORA), {"view": "team"}).view == "all"
    assert queue.wish_of(_viewer(ADA), {"view": "nonsense"}).view == "team"


async def test_what_waits_for_others_is_not_mine_to_do(office: Office) -> None:
    mine = (await office.door.prepared()).partition("/")[2]
    waiting = (await office.door.deciding()).partition("/")[2]
    ada = await office.browser_of("ada")
    seen = {view: (await ada.see(f"/queue?view={view}")).text for view in ("mine", "waiting")}
    assert f"row-{mine}" in seen["mine"]
    assert f"row-{waiting}" not in seen["mine"]
    assert f"row-{waiting}" in seen["waiting"]
    assert f"row-{mine}" not in seen["waiting"]


async def test_many_at_once_are_decided_one_by_one_and_only_once(office: Office) -> None:
    free, lost, foreign = [
        (await office.door.opened(words.new_id(), channel=channel)).partition("/")[2]
        for channel in ("console", "console", "shop")
    ]
    ada = await office.browser_of("ada")
    page = await ada.see("/queue?view=all")
    await office.door.ben.post(f"escalations/{lost}/claim")
    ids = [one for one in page.text.split('value="') if one[26:28] in (":1", ":2", ":3")]
    sent = form_of(page, "/queue/bulk") | {"act": "dismiss", "code": "spam"}
    sent["ids"] = [one.partition('"')[0] for one in ids]  # type: ignore[assignment]
    assert len(sent["ids"]) == 3
    for _ in range(2):
        answer = await ada.http.post("/queue/bulk", data=sent)
        assert [one.status_code for one in answer.history] == [303]
        told = text_of(answer)
        assert "Dismissed: 1 of 3." in told
        assert "Ask its owner or, while there is none, staff of its team." in told
        assert "Since you looked: Ben claimed it" in told, "the winner is named"
    assert (await office.door.ada.get(f"escalations/{free}"))["outcome"] == "dismissed"
    for other in (lost, foreign):
        assert (await office.door.ada.get(f"escalations/{other}"))["outcome"] is None
    history = await office.door.ada.get(f"escalations/{free}/history")
    assert sum(entry["name"] == "escalation:case:dismissed" for entry in history["items"]) == 1


async def test_many_are_dismissed_once_they_were_named_and_somebody_chose_why(
    office: Office,
) -> None:
    path = await office.door.opened(text="Nobody answers my calls.")
    case = path.partition("/")[2]
    ada = await office.browser_of("ada")
    sent = form_of(await ada.see("/queue?view=all"), "/queue/bulk") | {"act": "dismiss"}
    page = await ada.http.post("/queue/bulk", data=sent | {"ids": f"{case}:1"})
    assert page.url.path == "/queue/dismiss", "loading it again sends nothing"
    assert (await ada.see(str(page.url))).status_code == 200
    assert "Dismiss one case?" in text_of(page)
    assert "Nobody answers my calls." in text_of(page)
    sent = form_of(page, "/queue/bulk") | {"act": "dismiss", "reason": "It was a test."}
    assert sent["code"] == "", "nothing is chosen beforehand"
    page = await ada.http.post("/queue/bulk", data=sent)
    assert page.status_code == 422
    assert form_of(page, "/queue/bulk") | {"act": "dismiss"} == sent, "what was entered stays"
    assert (await office.door.ada.get(f"escalations/{case}"))["outcome"] is None
    page = await ada.http.post("/queue/bulk", data=sent | {"code": "nothing_asked"})
    assert "Dismissed: 1 of 1." in text_of(page)
    assert (await office.door.ada.get(f"escalations/{case}"))["outcome"] == "dismissed"
    closed = await ada.see("/queue?view=closed")
    assert f"row-{case}" in closed.text
    assert "data-pick" not in closed.text, "nothing is done to what is closed"
    assert "/queue/bulk" not in closed.text


async def test_an_outcome_is_told_once_in_the_view_it_came_from_and_to_one_session(
    office: Office,
) -> None:
    case = (await office.door.opened(text="Tell me once.")).partition("/")[2]
    ada, elsewhere = await office.browser_of("ada"), await office.browser_of("ada")
    view = "/queue?view=all&channel=console&q=once"
    sent = form_of(await ada.see(view), "/queue/bulk") | {"act": "claim", "ids": f"{case}:1"}
    answer = await ada.http.post("/queue/bulk", data=sent, follow_redirects=False)
    assert answer.status_code == 303
    address, _, told_id = answer.headers["location"].partition("&told=")
    assert address == view
    assert len(told_id) == 26

    assert "Claimed: 1 of 1." not in text_of(await elsewhere.see(f"{view}&told={told_id}"))
    assert "Claimed: 1 of 1." not in text_of(await ada.see(f"{view}&told={words.new_id()}"))
    page = await ada.see(f"{view}&told={told_id}")
    assert "Claimed: 1 of 1." in text_of(page)
    assert "Tell me once." in text_of(page)
    assert "told=" not in page.text, "what leads on from the page leaves it behind"
    again = await ada.see(f"{view}&told={told_id}")
    assert "Claimed: 1 of 1." not in text_of(again)
    assert "Tell me once." in text_of(again)
    history = await office.door.ada.get(f"escalations/{case}/history")
    assert sum(entry["name"] == "escalation:owner:claimed" for entry in history["items"]) == 1


async def test_words_typed_for_what_was_refused_are_given_back_as_long_as_one_looks(
    office: Office,
) -> None:
    foreign = (await office.door.opened(words.new_id(), channel="shop")).partition("/")[2]
    own = (await office.door.opened(words.new_id())).partition("/")[2]
    ada = await office.browser_of("ada")
    reason = "They ask <nothing> & want nothing."

    async def dismiss(*ids: str) -> Any:
        sent: dict[str, Any] = dict(form_of(await ada.see("/queue?view=all"), "/queue/bulk"))
        sent |= {"act": "dismiss", "code": "spam", "reason": reason}
        return await ada.http.post("/queue/bulk", data=sent | {"ids": [f"{i}:1" for i in ids]})

    page = await dismiss(own, foreign)
    assert "Dismissed: 1 of 2." in text_of(page)
    for _ in range(2):
        assert "They ask &lt;nothing&gt; &amp; want nothing." in page.text
        page = await ada.see(str(page.url))
        assert "Dismissed:" not in text_of(page)
    assert "nothing&gt;" not in (await ada.see("/queue?view=all")).text
    third = (await office.door.opened(words.new_id())).partition("/")[2]
    page = await dismiss(third)
    assert "Dismissed: 1 of 1." in text_of(page)
    assert "nothing&gt;" not in page.text, "what was done has its words with it"


async def test_what_was_done_is_told_in_the_language_of_its_reader(office: Office) -> None:
    case = (await office.door.opened()).partition("/")[2]
    ada = await office.browser_of("ada")
    ada.http.headers["Accept-Language"] = "de"
    sent = form_of(await ada.see("/queue?view=all"), "/queue/bulk") | {"act": "claim"}
    page = await ada.http.post("/queue/bulk", data=sent | {"ids": f"{case}:1"})
    assert "Übernommen: 1 von 1." in text_of(page)


@pytest.mark.parametrize("page", ["https://example.org/", "//example.org", "/decisions", "x" * 9])
async def test_acts_lead_back_to_the_queue_and_nowhere_else(office: Office, page: str) -> None:
    case = (await office.door.opened()).partition("/")[2]
    ada = await office.browser_of("ada")
    sent = form_of(await ada.see("/queue?view=all"), "/queue/bulk") | {"act": "claim", "page": page}
    sent |= {"ids": f"{case}:1"}
    answer = await ada.http.post("/queue/bulk", data=sent, follow_redirects=False)
    assert answer.headers["location"].startswith("/queue?view=team&told=")


@pytest.mark.parametrize("act", ["dismiss", "refuse"])
async def test_no_reason_is_chosen_before_somebody_chooses_one(office: Office, act: str) -> None:
    opened = office.door.opened if act == "dismiss" else office.door.deciding
    address = f"/{(await opened()).replace('escalations', 'escalation')}"
    browser = await office.browser_of("ada" if act == "dismiss" else "cora")
    page = await browser.see(address)
    assert form_of(page, f"/{act}")["code"] == ""
    refused = await browser.do(address, act, page=page, status=422, reason="My own words.")
    assert "Why" in text_of(refused)
    assert form_of(refused, f"/{act}")["reason"] == "My own words."


async def test_nothing_chosen_is_said_and_an_auditor_chooses_nothing(office: Office) -> None:
    await office.door.opened()
    ada, dev = await office.browser_of("ada"), await office.browser_of("dev")
    sent = form_of(await ada.see("/queue?view=all"), "/queue/bulk") | {"act": "claim"}
    answer = await ada.http.post("/queue/bulk", data=sent)
    assert answer.status_code == 422
    assert "choose between 1 and 30 rows" in text_of(answer).lower()
    page = await dev.see("/queue?view=all")
    assert "/queue/bulk" not in page.text
    assert "data-pick" not in page.text


@pytest.mark.parametrize(
    ("act", "told"),
    [("join_matter", "No matter was chosen."), ("assign", "Nobody was chosen to take them.")],
)
async def test_no_matter_and_nobody_else_is_chosen_before_somebody_chooses(
    office: Office, act: str, told: str
) -> None:
    door = office.door
    cases = [(await door.opened()).partition("/")[2] for _ in range(2)]
    matter = (await door.ada.post("matters", {"title": "Saddles", "team": "care"}))["id"]
    cora = await office.browser_of("cora")
    page = await cora.see("/queue?view=all")
    sent = form_of(page, "/queue/bulk") | {"act": act, "ids": f"{cases[0]}:1"}
    assert sent["matter_id"] == sent["person"] == "", "an executive takes no case herself"
    assert "Choose a matter" in page.text
    assert 'href="/matters">All matters<' in page.text
    refused = await cora.http.post("/queue/bulk", data=sent)
    assert refused.status_code == 422
    assert told in text_of(refused)
    ticked = [row for row in refused.text.split("<label") if "data-pick checked" in row]
    assert len(ticked) == 1, "what was chosen stays chosen"
    assert cases[0] in ticked[0]
    named = {"join_matter": matter, "assign": "ben"}[act]
    field = {"join_matter": "matter_id", "assign": "person"}[act]
    again = form_of(refused, "/queue/bulk") | {"act": act, "ids": f"{cases[0]}:1", field: named}
    assert "1 of 1." in text_of(await cora.http.post("/queue/bulk", data=again))
    found = await door.ada.get(f"escalations/{cases[0]}")
    assert found["matter_id" if act == "join_matter" else "owner"] == named


def _counts(page: Any) -> dict[str, str]:
    """The count beside each view that has one."""
    tabs = page.text.partition('<nav class="views"')[2].partition("</nav>")[0]
    found = re.findall(r'view=(\w+)[^>]*>[^<]*<span class="count">([^<]*)<', tabs)
    return dict(found)


async def test_a_search_counts_what_it_finds_in_each_view(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        await office.door.opened(words.new_id(), text=f"My bell rings {n}.")
    await office.door.opened(words.new_id(), text="My lamp flickers.")
    ada = await office.browser_of("ada")
    everything = _counts(await ada.see("/queue?view=free"))
    assert (everything["free"], everything["all"]) == ("4", "4")
    page = await ada.see("/queue?view=free&q=bell")
    found = _counts(page)
    assert found == {
        "mine": "0", "free": "3", "late": "3", "waiting": "0", "team": "3", "all": "3"
    }  # fmt: skip
    assert _counts(await ada.see("/queue?view=free&q=bell&channel=shop"))["all"] == "0"
    changes = await ada.see("/queue/changes?view=free&q=bell&shown=")
    assert _counts(changes) == found, "and an open page keeps them"

    monkeypatch.setattr(queries, "HITS", 3)
    queries._found.cache_clear()
    queries._counting_found.cache_clear()
    assert _counts(await ada.see("/queue?view=free&q=bell")) == {
        "free": "3+", "late": "3+", "team": "3+", "all": "3+"
    }  # fmt: skip
    queries._found.cache_clear()
    queries._counting_found.cache_clear()


async def test_a_case_is_found_by_its_author_and_its_id(office: Office) -> None:
    case = (
        await office.door.opened(words.new_id(), author={"handle": "@zora", "name": "Zora Quist"})
    ).partition("/")[2]
    other = (await office.door.opened(words.new_id())).partition("/")[2]
    ada = await office.browser_of("ada")
    for q in ("quist", "@zora", "Zora Qui", case, case[:-1]):
        page = await ada.see("/queue", params={"view": "all", "q": q})
        assert f"row-{case}" in page.text, q
        assert (f"row-{other}" in page.text) == (q == case[:-1] == other[:-1])
    page = await ada.see("/queue?view=all&q=nobodyatall")
    assert "in the name of its author" in text_of(page)


async def test_changes_show_no_more_than_the_page_itself(office: Office) -> None:
    case = (await office.door.opened()).partition("/")[2]
    changes = f"/queue/changes?view=free&shown={case},<b>&other={case}"
    ada = await office.browser_of("ada")
    found = (await ada.see(changes)).text
    assert f'id="row-{case}"' in found
    assert "1 new: show it" in found
    assert "<b>&" not in found
    stranger = await office.browser().http.get(changes)
    assert stranger.url.path == "/sign-in"
    root = await office.browser_of_admin()
    assert (await root.http.get(changes)).status_code == 403
