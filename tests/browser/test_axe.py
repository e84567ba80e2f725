"""Every page, at phone and desktop width, in both themes: no violation that axe knows, nothing
wider than the screen, and nothing that the browser complains about.

A new page gets a place in ``PAGES``, with who looks at it; ``{escalation}`` and the like are ids of
the sample cases.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain import decision_links
from store import details, links
from tests.api.conftest import OpenDoor
from tests.api.test_commitments import promised
from tests.browser.conftest import PageOf
from tests.browser.looks import faults
from tests.builders import CORA

PAGES: dict[str | None, tuple[str, ...]] = {
    None: (
        "/sign-in", "/ledger", "/ledger/all", "/ledger/{promise}", "/word/{secret}",
        "/word/{secret}?kept=no", "/word/nothing", "/go/{link}", "/go/nothing",
    ),
    "ada": (
        "/queue?view=free", "/queue?view=all&channel=console", "/queue?view=mine",
        "/queue?view=waiting&q=nothing", "/escalation/{escalation}", "/escalation/{prepared}",
        "/escalation/{prepared}/drafts?kind=reply", "/posts?stage=", "/post/{post}",
        "/commitments?stage=", "/commitments?view=calendar", "/commitments?view=list",
        "/commitment/{promise}", "/matter/{matter}", "/me", "/me/notices", "/sessions",
        "/escalation/01M832XSBSA28KYCS6T2BNABQ3",
    ),
    "cora": ("/decisions", "/me/away", "/insights", "/insights/cases", "/insights/promises"),
    "dev": (
        "/queue?view=all", "/escalation/{deciding}", "/insights", "/record",
        "/record?person=ada&kind=escalation", "/record/escalation/{escalation}?whole=true",
        "/record/commitment/{promise}", "/record/policy/1", "/record?kind=house",
        "/admin",
    ),
    "root": (
        "/admin", "/admin/policy", "/admin/policy/draft", "/admin/policy/versions/1",
        "/admin/policy/diff", "/admin/policy/dates", "/admin/people", "/admin/people/ben",
        "/admin/people/ben/leave",
        "/admin/new-person", "/admin/teams", "/admin/channels", "/admin/tokens", "/admin/house",
        "/me",
    ),
}  # fmt: skip

TEXTS = (
    "My bike came without a saddle.",
    "وصلت دراجتي بدون سرج 🚲🔥 وأريد استرداد أموالي",
    "WHAT THE &$#! IS WRONG WITH YOU??? " * 30,
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 4,
    "😡😡😡🤬 https://example.org/" + "a" * 200,
    "<script>alert(1)</script>",
)


@pytest.fixture(scope="module")
async def samples(door: OpenDoor) -> dict[str, str]:
    """Cases in every state that a page shows, with words as people write them."""
    for text in TEXTS:
        await door.opened(text=text)
    published = await door.published(reply="It is red. We are sorry.", same_because="It is.")
    promise = await promised(door)
    deciding = await door.deciding(reply="A saddle was left out of the box.")
    prepared = await door.prepared()
    await door.ada.ask("PUT", f"{prepared}/draft", json={"text": TEXTS[1], "kind": "reply"})
    post = await _reported(door, promise)
    secret = (await door.ben.post(f"{promise}/make_link"))["secret"]
    matter = await door.ada.post("matters", {"title": TEXTS[3], "team": "care"})
    return {
        "escalation": _id(published), "deciding": _id(deciding), "prepared": _id(prepared),
        "promise": _id(promise), "post": post, "secret": secret, "matter": matter["id"],
        "link": _link(door, f"escalation/{_id(deciding)}"),
    }  # fmt: skip


def _id(path: str) -> str:
    return path.partition("/")[2]


async def _reported(door: OpenDoor, promise: str) -> str:
    """Reported kept and told to the public; answers the post that told it."""
    done = await door.ben.post(f"{promise}/report_kept", {"text": f"Done. {TEXTS[1]}"})
    await door.until_stage(f"posts/{done['post_id']}", "in_review")
    await door.ada.post(f"posts/{done['post_id']}/clear")
    await door.until_stage(promise, "told")
    return str(done["post_id"])


def _link(door: OpenDoor, stream: str) -> str:
    """What a notice to Cora about this case carries."""
    at = datetime.now(UTC)
    with door.service.database.writing() as session:
        asked = decision_links.asked(CORA.actor, details.state_of(session, stream), None)
        assert asked is not None
        return links.make(session, "cora", stream, asked, at, at + timedelta(days=1))


@pytest.mark.parametrize("name", PAGES)
async def test_pages_are_for_everybody(
    page_of: PageOf, samples: dict[str, str], name: str | None
) -> None:
    # Some of the addresses lead nowhere, and the page that says so is looked at too.
    page = await page_of(name, expected=("404", "410"))
    wrong = {}
    for address in PAGES[name]:
        if found := await faults(page, address.format(**samples)):
            wrong[address] = found
    assert wrong == {}
