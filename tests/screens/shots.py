"""The pictures there are: of each page who looks at it, where it is, and what they do there first.

A new page gets a line in ``SHOTS``; ``{case}`` and the like are what ``play`` answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.async_api import Page

Act = Callable[["Page"], Awaitable[None]]


class Shot(NamedTuple):
    """A picture: its name, who looks (None: anybody), at which address, in which language, and
    what they do there before it is taken."""

    name: str
    who: str | None
    address: str
    act: Act | None = None
    language: str = "en-GB"


EXAMPLE = (files("answerable") / "samples" / "example-policy.toml").read_text(encoding="utf-8")

WRONG = """\
[teams]
care = "Customer care"

[channels.console]
kind = "konsole"
team = "car"

[terms.default.allowances]
clam = "4h"
decide = "eight hours"
"""

TYPED = "The warehouse rang back: they are in a box at Mill Lane. Can you fetch them, @ben?"


# What is done before. Nothing of it is ever carried out: each picture is taken four times. -------


async def ask_for_keys(page: Page) -> None:
    await page.get_by_role("button", name="Keyboard").click()


async def look_at_words(page: Page) -> None:
    await page.get_by_role("button", name="Send these").first.click()
    await page.get_by_role("button", name="Change it").wait_for()


async def write_without_a_session(page: Page) -> None:
    """What is typed into a page whose session has ended is sent all the same."""
    cookies = await page.context.cookies()
    await page.context.clear_cookies()
    note = page.locator('form[action$="/note"]')
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    await note.locator("textarea").first.fill(TYPED)
    await note.get_by_role("button", name="Write it down").click()
    await page.get_by_text("what you typed stands below").wait_for()
    await page.context.add_cookies(
        [{"name": c["name"], "value": c["value"], "url": page.url} for c in cookies]
    )


async def send_an_empty_answer(page: Page) -> None:
    """The form comes back, and says which of its fields are wrong."""
    refusing = page.locator("details.verdict-refuse").first
    await refusing.locator("summary").click()
    await refusing.locator("form").evaluate("form => { form.noValidate = true; }")
    await refusing.get_by_role("button").last.click()
    await page.get_by_role("alert").first.wait_for()


async def sign_in_wrongly(page: Page) -> None:
    await page.fill("input[name=token]", "ans_this-is-none")
    await page.click("form:has(input[name=token]) button")
    await page.get_by_role("alert").wait_for()


async def look_at_a_draft(page: Page) -> None:
    await _look(page, EXAMPLE)


async def look_at_a_wrong_draft(page: Page) -> None:
    await _look(page, WRONG)


async def _look(page: Page, draft: str) -> None:
    await page.get_by_label("The file").fill(draft)
    await page.get_by_role("button", name="Check this draft").click()
    await page.get_by_role("heading", name="Change the draft").wait_for()


SHOTS = (
    # The public, and whoever is not signed in.
    Shot("sign-in", None, "/sign-in"),
    Shot("sign-in-refused", None, "/sign-in", sign_in_wrongly),
    Shot("ledger", None, "/ledger"),
    Shot("ledger-all", None, "/ledger/all"),
    Shot("ledger-promise", None, "/ledger/{commitment}"),
    Shot("ledger-answers", None, "/ledger/answers"),
    Shot("ledger-refused", None, "/ledger/answers?refusal=any"),
    Shot("ledger-answer", None, "/ledger/answers/{refused}"),
    Shot("ledger-not-found", None, "/ledger/01M832XSBSA28KYCS6T2BNABQ3"),
    Shot("word", None, "/word/{word}"),
    Shot("word-no", None, "/word/{word}?kept=no"),
    Shot("word-replaced", None, "/word/{old_word}"),
    Shot("go", None, "/go/{link}"),
    Shot("go-refuse", None, "/go/{link}?act=refuse"),
    Shot("go-withdrawn", None, "/go/{old_link}"),
    Shot("go-not-found", None, "/go/nothing"),
    # Mails, as a program shows them.
    Shot("mail-urgent", None, "{mail_urgent}"),
    Shot("mail-daily", None, "{mail_daily}"),
    Shot("mail-german", None, "{mail_german}"),
    # Staff.
    Shot("queue", "ada", "/queue?view=all"),
    Shot("queue-free", "ada", "/queue?view=free"),
    Shot("queue-empty", "ada", "/queue?view=waiting&q=zebra"),
    Shot("queue-keys", "ada", "/queue?view=mine", ask_for_keys),
    Shot("queue-dismissing", "ada", "/queue/dismiss?{free}"),
    Shot("escalation", "ada", "/escalation/{case}"),
    Shot("escalation-answered", "ben", "/escalation/{answered}"),
    Shot("escalation-other-team", "eve", "/escalation/{asked}"),
    Shot("escalation-look", "ben", "/escalation/{replying}", look_at_words),
    Shot("drafts", "ada", "/escalation/{case}/drafts?kind=reply"),
    Shot("drafts-older", "ada", "/escalation/{case}/drafts?kind=reply&version=1"),
    Shot("posts", "ada", "/posts"),
    Shot("posts-all", "ada", "/posts?stage="),
    Shot("post", "ada", "/post/{post}"),
    Shot("post-own", "ben", "/post/{post}"),
    Shot("matter", "ben", "/matter/{matter}"),
    Shot("matters", "ben", "/matters"),
    Shot("matters-ended", "ben", "/matters?view=ended"),
    Shot("commitments", "ben", "/commitments"),
    Shot("commitments-all", "ben", "/commitments?view=list&stage="),
    Shot("commitments-month", "ben", "/commitments?view=calendar"),
    Shot("commitment", "ben", "/commitment/{commitment}"),
    Shot("commitment-told", "ben", "/commitment/{told}"),
    Shot("me", "ada", "/me"),
    Shot("me-notices", "ada", "/me/notices"),
    Shot("sessions", "ada", "/sessions"),
    Shot("not-found", "ada", "/escalation/01M832XSBSA28KYCS6T2BNABQ3"),
    Shot("forbidden", "ada", "/admin/people"),
    Shot("session-ended", "ada", "/escalation/{case}", write_without_a_session),
    # Executives.
    Shot("decisions", "cora", "/decisions"),
    Shot("decisions-wrong", "cora", "/decisions", send_an_empty_answer),
    Shot("decisions-together", "cora", "/decisions/together?{together}"),
    Shot("me-away", "cora", "/me/away"),
    Shot("insights", "cora", "/insights"),
    Shot("insights-cases", "cora", "/insights/cases?step=deciding"),
    Shot("insights-promises", "cora", "/insights/promises"),
    # Auditors.
    Shot("record", "dev", "/record"),
    Shot("record-file", "dev", "/record/escalation/{answered}"),
    Shot("record-policy", "dev", "/record/policy/1"),
    # Admins.
    Shot("admin", "root", "/admin"),
    Shot("admin-policy", "root", "/admin/policy"),
    Shot("admin-policy-version", "root", "/admin/policy/versions/1"),
    Shot("admin-policy-diff", "root", "/admin/policy/diff"),
    Shot("admin-policy-dates", "root", "/admin/policy/dates"),
    Shot("admin-draft", "root", "/admin/policy/draft"),
    Shot("admin-draft-reviewed", "root", "/admin/policy/draft", look_at_a_draft),
    Shot("admin-draft-wrong", "root", "/admin/policy/draft", look_at_a_wrong_draft),
    Shot("admin-people", "root", "/admin/people"),
    Shot("admin-person", "root", "/admin/people/ben"),
    Shot("admin-new-person", "root", "/admin/new-person"),
    Shot("admin-leave", "root", "/admin/people/ben/leave"),
    Shot("admin-teams", "root", "/admin/teams"),
    Shot("admin-channels", "root", "/admin/channels"),
    Shot("admin-tokens", "root", "/admin/tokens"),
    Shot("admin-token-end", "root", "/admin/tokens/{token}/end"),
    Shot("admin-hooks", "root", "/admin/hooks"),
    Shot("admin-hook", "root", "/admin/hooks/{hook}"),
    Shot("admin-hook-failing", "root", "/admin/hooks/{failing_hook}"),
    Shot("admin-hook-sent", "root", "/admin/hooks/{failing_hook}/sent/{delivery}"),
    Shot("admin-house", "root", "/admin/house"),
    # In German, which is longer.
    Shot("de-queue", "ada", "/queue?view=all", language="de-DE"),
    Shot("de-escalation", "ada", "/escalation/{case}", language="de-DE"),
    Shot("de-commitments", "ben", "/commitments", language="de-DE"),
    Shot("de-decisions", "cora", "/decisions", language="de-DE"),
    Shot("de-insights", "cora", "/insights", language="de-DE"),
    Shot("de-record", "dev", "/record", language="de-DE"),
    Shot("de-admin", "root", "/admin", language="de-DE"),
    Shot("de-ledger", None, "/ledger", language="de-DE"),
)

IN_DOCS = {
    "queue": ("1440-light", "360-dark"),
    "escalation": ("1440-light",),
    "decisions": ("360-light", "1440-dark"),
    "commitments": ("1440-light",),
    "insights": ("1440-light", "360-light"),
    "record-file": ("1440-light",),
    "ledger": ("1440-light", "360-dark"),
    "ledger-promise": ("360-light",),
}
"""Of which pages the documentation shows which picture."""
