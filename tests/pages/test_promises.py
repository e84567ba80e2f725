"""Promises as a board, a month and a list: whose they are, who was told, what slips."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.pages import days, promises
from domain.people import Role
from store import people
from store.promises import Pledge
from store.views import CommitmentItem
from tests.api.test_commitments import told
from tests.pages.conftest import Office, form_of, text_of

SENTENCE = "We will send you a saddle by Friday."
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
"""A Wednesday."""


async def promised(
    office: Office, accountable: str = "ada", ahead: timedelta = timedelta(days=3)
) -> str:
    """The address of a promise that is open."""
    due_at = (datetime.now(UTC) + ahead).isoformat()
    promise = {"sentence": SENTENCE, "accountable": accountable, "due_at": due_at}
    path = await office.door.deciding(reply=f"We are sorry. {SENTENCE}", promises=[promise])
    (made,) = (await office.door.ada.get(path))["proposal"]["promises"]
    if accountable != "ada":
        visitor = getattr(office.door, accountable)
        await visitor.post(f"{path}/accept_promise", {"promise_id": made["id"]})
    await office.door.cora.post(f"{path}/approve")
    await office.door.until_stage(path, "listening")
    await office.door.until_stage(f"commitments/{made['id']}", "open")
    return f"/commitment/{made['id']}"


async def test_the_board_shows_whose_a_promise_is_and_the_filters_stand_in_the_address(
    office: Office,
) -> None:
    mine, hers = await promised(office, "ben"), await promised(office, "ada")
    ben, cora = await office.browser_of("ben"), await office.browser_of("cora")
    board = await ben.see("/commitments")
    assert "My people’s" in board.text, "Ben leads the team"
    for address, shown in (
        ("/commitments?of=mine", {mine}),
        ("/commitments?of=team", {mine, hers}),
        ("/commitments?of=people", {mine, hers}),
        ("/commitments?of=all&team=shop", set()),
        ("/commitments?of=all&view=list", {mine, hers}),
        ("/commitments?of=mine&view=list&stage=open", {mine}),
        ("/commitments?of=mine&view=list&stage=kept", set()),
        ("/commitments?of=nobody&view=nothing", {mine, hers}),
    ):
        page = await ben.see(address)
        assert {one for one in (mine, hers) if f'href="{one}"' in page.text} == shown, address
    own = text_of(await ben.see("/commitments?of=mine"))
    assert "Ben is accountable" in own
    assert "due in 2 d" in own or "due in 3 d" in own
    assert "Report it kept" in own
    assert "My people’s" not in (await cora.see("/commitments")).text

    with office.door.service.database.writing() as session:
        people.put_person(
            session, "ben", "Ben", [Role.STAFF], {"care": True}, datetime.now(UTC), by="root",
            manager="cora",
        )  # fmt: skip
    page = await cora.see("/commitments?of=people")
    assert (mine in page.text, hers in page.text) == (True, False)


async def test_a_month_holds_its_promises_on_the_readers_own_days(office: Office) -> None:
    path = await promised(office)
    with office.door.service.database.writing() as session:
        people.put_person(
            session, "ada", "Ada", [Role.STAFF], {"care": False}, datetime.now(UTC), by="root",
            zone="Pacific/Auckland",
        )  # fmt: skip
    due_at = office.door.service.state(path[1:]).due_at  # type: ignore[attr-defined]
    on = due_at.astimezone(ZoneInfo("Pacific/Auckland")).date()
    ada = await office.browser_of("ada")
    page = await ada.see("/commitments", params={"view": "calendar", "month": f"{on:%Y-%m}"})

    field = page.text.partition(f'datetime="{on.isoformat()}"')[2].partition("</td>")[0]
    assert path in field
    assert "Days are those of Pacific/Auckland" in text_of(page)
    assert on.strftime("%B %Y") in text_of(page)
    assert _first_day_of(page.text) == "Monday"
    american = await ada.see("/commitments?view=calendar", headers={"Accept-Language": "en-US"})
    assert _first_day_of(american.text) == "Sunday"
    empty = await ada.see("/commitments?view=calendar&month=1999-01")
    assert "Nothing is due in these weeks." in empty.text
    for odd in ("0001-01", "9999-12", "2026-13", "x"):
        await ada.see("/commitments", params={"view": "calendar", "month": odd})


def _first_day_of(page: str) -> str:
    return page.partition('<abbr title="')[2].partition('"')[0]


async def test_another_date_is_asked_for_and_the_board_tells_it_to_insiders(
    office: Office,
) -> None:
    path = await promised(office)
    ada, eve = await office.browser_of("ada"), await office.browser_of("eve")
    until = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    await ada.do(
        path, "renegotiate", due_at=until, reason="The maker is late.", text="It takes till then."
    )
    page = await ada.see("/commitments?of=mine")
    column = page.text.partition('id="column-dates"')[2].partition("</section>")[0]
    assert path in column
    assert "Asked for:" in column
    other = await eve.see("/commitments?of=all")
    assert path in other.text
    assert "Asked for:" not in other.text
    cora = await office.browser_of("cora")
    decisions = await cora.see("/decisions")
    assert "Another date is asked for this promise" in text_of(decisions)


async def test_what_reads_like_another_promise_in_a_report_is_marked_until_it_is_said_to_be_none(
    office: Office,
) -> None:
    path = await promised(office)
    ada = await office.browser_of("ada")
    other = "We will check the brakes for free by next Monday."
    refused = await ada.do(path, "report_kept", status=422, text=f"It is there. {other}")
    assert f'<mark class="unmarked">{other}</mark>' in refused.text
    assert "It is no promise" in refused.text
    assert "Until each is dealt with, these words do not go out." in text_of(refused)
    await ada.do(path, "report_kept", page=refused, not_promises=other)
    assert office.door.service.state(path[1:]).stage == "reported"


async def test_whoever_may_clear_a_report_is_told_of_it_and_sees_the_promise_and_the_evidence(
    office: Office,
) -> None:
    path = await promised(office)
    ada, ben = await office.browser_of("ada"), await office.browser_of("ben")
    await ada.do(path, "report_kept", text="It is there.", evidence="Signed for by the neighbour.")
    post = office.door.service.state(path[1:]).report.post_id  # type: ignore[attr-defined]
    await office.door.until_stage(f"posts/{post}", "in_review")
    found = await ben.see("/posts")
    row = found.text.partition(f'href="/post/{post}"')[2].partition("</li>")[0]
    assert "Posts <span" in found.text
    assert "Read and clear" in row
    assert "due in" in row
    own = await ada.see("/posts")
    assert "Read and clear" not in own.text
    assert "due in" in own.text

    page = text_of(await ben.see(f"/post/{post}"))
    for shown in (SENTENCE, "Ada is accountable", "Signed for by the neighbour."):
        assert shown in page, shown


async def test_a_report_that_it_is_kept_carries_evidence_with_a_link(office: Office) -> None:
    path = await promised(office)
    ada, eve = await office.browser_of("ada"), await office.browser_of("eve")
    refused = await ada.do(
        path, "report_kept", status=422, text="It is there.", link="javascript:alert(1)"
    )
    assert form_of(refused, "/report_kept")["link"] == "javascript:alert(1)"
    assert 'href="javascript' not in refused.text
    await ada.do(
        path,
        "report_kept",
        page=refused,
        link="https://post.example/receipt/7",
        evidence="Signed for by the neighbour.",
    )
    page = await ada.see(path)
    assert 'href="https://post.example/receipt/7"' in page.text
    assert "Signed for by the neighbour." in page.text
    assert "Signed for" not in (await eve.see(path)).text
    board = await ada.see("/commitments?of=mine")
    assert path in board.text.partition('id="column-reported"')[2].partition("</section>")[0]


def pledge(stage: str, due_at: datetime, wanted_at: datetime | None = None) -> Pledge:
    item = CommitmentItem(
        id="A", seq=1, stage=stage, team="care", escalation_id="E", post_id="P", sentence="We will",
        accountable="ada", approver="cora", opened_at=AT, due_at=due_at, first_due_at=due_at,
        is_late=due_at < AT, was_broken=False, says=None, is_public=True, settled_at=None,
    )  # fmt: skip
    return Pledge(item, wanted_at, None)


@pytest.mark.parametrize(
    ("stage", "due", "is_asked", "column"),
    [
        ("open", timedelta(hours=-1), False, "late"),
        ("open", timedelta(hours=-1), True, "late"),
        ("broken", timedelta(days=9), False, "late"),
        ("open", timedelta(days=3), True, "dates"),
        ("open", timedelta(days=4, hours=11), False, "week"),
        ("open", timedelta(days=4, hours=12), False, "later"),
        ("reported", timedelta(days=-3), False, "reported"),
        ("told", timedelta(days=-3), False, "reported"),
        ("denied", timedelta(days=-3), False, "denied"),
        ("kept", timedelta(days=-3), False, "done"),
        ("kept_late", timedelta(days=-3), False, "done"),
        ("withdrawn", timedelta(days=3), False, "done"),
    ],
)
def test_a_promise_stands_where_it_most_wants_eyes(
    stage: str, due: timedelta, is_asked: bool, column: str
) -> None:
    week_ends = days.beginning(date(2026, 11, 30), ZoneInfo("UTC"))
    wanted_at = AT + timedelta(days=30) if is_asked else None
    assert promises.column(pledge(stage, AT + due, wanted_at), AT, week_ends) == column


@pytest.mark.parametrize(
    ("spoken", "weekday"),
    [
        ("", days.MONDAY),
        ("de", days.MONDAY),
        ("en-GB,en;q=0.9", days.MONDAY),
        ("en-US,en;q=0.9", days.SUNDAY),
        ("pt-br", days.SUNDAY),
        ("ar-EG", days.SATURDAY),
        ("zh-Hant-TW;q=0.8", days.SUNDAY),
        ("*", days.MONDAY),
        ("nonsense;;;", days.MONDAY),
    ],
)
def test_a_week_begins_where_the_readers_does(spoken: str, weekday: int) -> None:
    assert days.first_weekday(spoken) == weekday


@pytest.mark.parametrize("first", range(7))
def test_the_weeks_of_a_month_hold_each_of_its_days_once(first: int) -> None:
    month = date(2024, 1, 1)
    for _ in range(30):
        shown = [day for week in days.weeks(month, first) for day in week]
        assert [day.day for day in shown if day.month == month.month] == list(
            range(1, (days.next_month(month) - month).days + 1)
        )
        assert len(shown) % 7 == 0
        assert shown[0].weekday() == first
        assert days.last_month(days.next_month(month)) == month
        month = days.next_month(month)


async def test_another_private_link_is_no_loud_act_and_says_that_it_ends_the_one_before(
    office: Office,
) -> None:
    path = f"/{(await told(office.door)).replace('commitments', 'commitment')}"
    ben = await office.browser_of("ben")
    page = await ben.see(path)
    assert "Make a new link" not in text_of(page)
    sent = form_of(page, "/make_link")
    made = await ben.http.post(f"{path}/make_link", data=sent)
    assert "/word/" in text_of(made)
    assert "Make a new link; the one before ends" in text_of(made)
    assert not re.search(r'<button class="main">[^<]*link', made.text)
    again = await ben.http.post(f"{path}/make_link", data=sent)
    assert "/word/" not in text_of(again), "a page that is loaded again makes no other"
    assert again.url.path == path


async def test_whoever_is_to_be_accountable_is_asked_on_pages_and_answers_there(
    office: Office,
) -> None:
    due_at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    other = "We will call you tomorrow."
    promises = [
        {"sentence": SENTENCE, "accountable": "eve", "due_at": due_at, "proof": "A receipt."},
        {"sentence": other, "accountable": "eve", "due_at": due_at},
    ]
    path = await office.door.deciding(reply=f"We are sorry. {SENTENCE} {other}", promises=promises)
    page_path = f"/{path.replace('escalations', 'escalation')}"
    eve = await office.browser_of("eve")

    decisions = await eve.see("/decisions")
    assert "Your word is wanted" in text_of(decisions)
    assert f'href="{page_path}#primary"' in decisions.text
    assert "Nothing waits for your decision" not in decisions.text
    assert 'Decisions <span class="count wanted">1<' in decisions.text

    page = await eve.see(page_path)
    for shown in (SENTENCE, other, "Known to be done by: A receipt.", "Which promise"):
        assert shown in text_of(page), shown
    assert 'href="#primary">Read and answer<' in page.text
    assert "We are sorry." not in page.text, "the rest is for the team"
    assert "its id" not in page.text
    await eve.do(page_path, "accept_promise", page=page)

    await office.door.cora.post(f"{path}/approve")
    page = await eve.see(page_path)
    assert "Which promise" not in page.text, "only one is left"
    assert form_of(page, "/counter_promise")["promise_id"]
    await eve.do(page_path, "accept_promise", page=page)
    await office.door.until_stage(path, "listening")
    assert "Your word is wanted" not in (await eve.see("/decisions")).text


async def test_words_that_wait_for_a_promise_are_shown_to_a_colleague_who_accepts_it(
    office: Office,
) -> None:
    due_at = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    promise = {"sentence": SENTENCE, "accountable": "ben", "due_at": due_at}
    path = await office.door.deciding(reply=f"We are sorry. {SENTENCE}", promises=[promise])
    await office.door.cora.post(f"{path}/approve")
    ben = await office.browser_of("ben")
    page = await ben.see(f"/{path.replace('escalations', 'escalation')}")
    sheet = page.text.partition('id="primary"')[2].partition("</form>")[0]
    assert f"We are sorry. {SENTENCE}" in sheet
    assert "Accept a promise" in sheet
    countered = await ben.do(
        page.url.path,
        "counter_promise",
        page=page,
        due_at=(datetime.now(UTC) + timedelta(days=9)).date().isoformat(),
        reason="The maker is slow.",
    )
    assert "offered another date" in text_of(countered)
