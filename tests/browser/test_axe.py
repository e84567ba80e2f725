"""Every page, at phone and desktop width, in both themes: no violation that axe knows, nothing
wider than the screen, and nothing that the browser complains about.

A new page gets a place in ``PAGES``, with who looks at it; ``{escalation}`` and the like are ids of
the sample cases.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain import decision_links
from domain.policy import GENERAL
from domain.terms import DecisionTerms
from store import details, links, policies, tokens
from tests import builders, page_routes
from tests.api.conftest import OpenDoor
from tests.api.test_commitments import promised
from tests.browser.conftest import PageOf
from tests.browser.looks import faults
from tests.builders import CORA

PAGES: dict[str | None, tuple[str, ...]] = {
    None: (
        "/sign-in", "/ledger", "/ledger/all", "/ledger/{promise}", "/ledger/answers",
        "/ledger/answers/{post}", "/word/{secret}",
        "/word/{secret}?kept=no", "/word/nothing", "/go/{link}", "/go/nothing",
    ),
    "ada": (
        "/queue?view=free", "/queue?view=all&channel=console", "/queue?view=mine",
        "/queue?view=waiting&q=nothing", "/queue/dismiss?ids={escalation}:1",
        "/escalation/{escalation}", "/escalation/{prepared}",
        "/escalation/{prepared}/drafts?kind=reply", "/posts?stage=", "/post/{post}",
        "/commitments?stage=", "/commitments?view=calendar", "/commitments?view=list",
        "/commitment/{promise}", "/matters", "/matters?view=ended", "/matter/{matter}", "/me",
        "/me/notices", "/sessions",
        "/escalation/01M832XSBSA28KYCS6T2BNABQ3",
    ),
    "cora": (
        "/decisions", "/decisions/together?case={together}", "/me/away", "/insights",
        "/insights/cases", "/insights/promises",
    ),
    "dev": (
        "/queue?view=all", "/escalation/{deciding}", "/insights", "/record",
        "/record?person=ada&kind=escalation", "/record/escalation/{escalation}?whole=true",
        "/record/commitment/{promise}", "/record/policy/1", "/record?kind=house",
        "/admin",
    ),
    "root": (
        "/admin", "/admin/policy", "/admin/policy/draft", "/admin/policy/versions/1",
        "/admin/policy/diff", "/admin/policy/dates", "/admin/people", "/admin/people/ben",
        "/admin/people/ben/leave", "/admin/tokens/{token}/end",
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
        "link": _link(door, f"escalation/{_id(deciding)}"), "token": _token(door),
        "together": await _batched(door),
    }  # fmt: skip


def _id(path: str) -> str:
    return path.partition("/")[2]


def _token(door: OpenDoor) -> str:
    with door.service.database.reading() as session:
        return tokens.page(session, datetime.now(UTC), person="ben").items[0].id


async def _batched(door: OpenDoor) -> str:
    """A case that may be decided together with others, as the tick on its card names it."""
    terms = {GENERAL: builders.plan(decision=DecisionTerms(batch=True))}
    with door.service.database.writing() as session:
        policies.apply(session, builders.policy(terms=terms), "root", datetime.now(UTC))
    door.app.state.door._policy = None
    path = await door.deciding(reply="A saddle was left out of the box, and it is on its way.")
    with door.service.database.reading() as session:
        state = details.state_of(session, f"escalation/{_id(path)}")
    return f"{_id(path)}.{state.seq}.cora"


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
        await page.goto(address.format(**samples))
        if found := await faults(page):
            wrong[address] = found
    assert wrong == {}


HOOKS = ("/admin/hooks", "/admin/hooks/{hook}", "/admin/hooks/{hook}/sent/{delivery}")
"""The pages that test_hooks looks at, which needs samples of its own."""


def test_no_page_is_left_out() -> None:
    assert (
        page_routes.without([*HOOKS, *(one for pages in PAGES.values() for one in pages)]) == set()
    )


async def test_what_a_form_answers_is_for_everybody_too(
    page_of: PageOf, samples: dict[str, str], door: OpenDoor
) -> None:
    root = await page_of("root", expected=("422",))  # An empty draft lacks all that it needs.
    await root.goto("/admin/policy/draft")
    await root.get_by_role("button", name="Check this draft").click()
    await root.wait_for_url("**/admin/policy/draft")
    assert await faults(root) == []
    await root.goto("/admin/channels")
    await root.get_by_role("button", name="Check now").first.click()
    assert await faults(root) == []
    await root.goto("/admin/tokens?person=ben")
    await root.get_by_text("Make a token").click()
    await root.get_by_label("What it is for").fill("The import of every night")
    await root.get_by_role("button", name="Make it").click()
    await root.get_by_text("shown this once").first.wait_for()
    assert await faults(root) == []

    path = await door.deciding()
    await door.cora.post(f"{path}/approve")
    ada = await page_of("ada")
    await ada.goto(f"/escalation/{_id(path)}")
    await ada.locator('form[action$="/reply"] textarea[name=text]').fill(TEXTS[1])
    await ada.get_by_role("button", name="Send these").click()
    await ada.get_by_role("button", name="Change it").wait_for()
    assert await faults(ada) == []
