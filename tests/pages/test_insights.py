"""Insights in a browser: figures that lead to their cases, files that no spreadsheet runs."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from sqlalchemy import select

from api.pages import cells, charts, figures
from api.pages.cells import Cell, Column, Table
from domain.escalation.moves import Step, Wording
from domain.policy import PublicRules
from store import policies, tables
from store.insights import State, Which
from tests import builders
from tests.api.conftest import problem_of
from tests.api.test_commitments import promised
from tests.pages.conftest import Browser, Office, searches_of, text_of

LINK = re.compile(r'<a href="(/insights/(?:cases|promises)\?[^"]+)">([\d,]+)</a>')
AROUND = {"now", "people", "teams", "steps", "lateness", "answers", "waits", "decisions",
          "reasons", "promises", "replies", "refusals", "definitions"}  # fmt: skip


async def behind(browser: Browser, address: str) -> int:
    """How many there are in the list behind a figure, page by page."""
    count = 0
    while address:
        page = await browser.see(address)
        count += page.text.count('class="title excerpt"')
        onward = re.search(r'<a class="button" href="([^"]+)">Next', page.text)
        address = html.unescape(onward[1]) if onward else ""
    return count


async def furnished(office: Office) -> None:
    """One answered with a promise, one refused, one dismissed, one that waits."""
    door = office.door
    due = datetime(2027, 6, 1, tzinfo=UTC).isoformat()
    await door.published(
        reply="We are sorry. We will send you a saddle by Friday.",
        promises=[{
            "sentence": "We will send you a saddle by Friday.", "accountable": "ada", "due_at": due,
        }],
    )  # fmt: skip
    refused = await door.deciding()
    await door.cora.post(f"{refused}/refuse", {"code": "too_costly", "reason": "It costs a lot."})
    dismissed = await door.prepared()
    await door.ada.post(f"{dismissed}/dismiss", {"code": "spam"})
    await door.opened()


async def test_every_figure_leads_to_exactly_as_many(office: Office) -> None:
    await furnished(office)
    cora = await office.browser_of("cora")
    page = await cora.see("/insights?until=2027-12-31&since=2026-01-01")
    links = {(html.unescape(a), int(n.replace(",", ""))) for a, n in LINK.findall(page.text)}
    assert len(links) > 20
    for address, n in links:
        assert await behind(cora, address) == n, address
    assert "It costs too much" in page.text
    assert "2027-06" in page.text
    assert "style=" not in page.text
    assert "<style" not in page.text


DAYS = "since=2026-01-01&until=2027-12-31"
EDGES = {"at_least_minutes", "below_minutes"}
"""Columns that say which line it is, as the first one does."""


async def rows_of(browser: Browser, name: str) -> list[dict[str, str]]:
    """The lines of a file; its links as a page has them, without where the service is."""
    answer = await browser.http.get(f"/insights/tables/{name}.csv?{DAYS}")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    links = [value for row in rows for key, value in row.items() if key.endswith("_link")]
    assert all(not link or link.startswith("http://") for link in links)
    return [
        {key: re.sub(r"^http://[^/]+", "", value) for key, value in row.items()} for row in rows
    ]


def whole_of(name: str, key: str, row: dict[str, str], rows: list[dict[str, str]]) -> int:
    """What a share is a share of, by its definition."""
    match name, key:
        case "teams", "in_time_permille":
            return int(row["answered"])
        case "teams" | "people", _:
            return int(row["owed"])
        case "answers", _:
            return int(rows[0]["cases"])
        case _:
            return sum(int(one.get("n") or one.get("replies") or 0) for one in rows)


def rank_of(lengths: list[int], permille: int) -> int:
    return sorted(lengths)[-(-len(lengths) * permille // 1000) - 1]


async def test_every_figure_of_every_file_is_what_is_behind_its_link(office: Office) -> None:
    await furnished(office)
    cora = await office.browser_of("cora")
    page = html.unescape((await cora.see(f"/insights?{DAYS}")).text)
    followed: set[str] = set()

    async def moves_at(address: str) -> list[dict[str, Any]]:
        query: dict[str, Any] = dict(parse_qsl(urlsplit(address).query))
        found = await office.door.cora.get("insights/moves", **query, limit=100)
        assert found["total"] == len(found["items"])
        items: list[dict[str, Any]] = found["items"]
        return items

    async def check(name: str, key: str, row: dict[str, str], rows: list[dict[str, str]]) -> None:
        value, address = int(row[key]), row.get(f"{key}_link", "")
        where = name, key, row
        assert bool(address) or not value, where
        if not address:
            return
        assert f'href="{address}"' in page, where
        followed.add(key)
        if address.startswith("/insights/promises"):
            assert await behind(cora, address) == value, where
            return
        if key.startswith("longest"):
            await cora.see(address)
            moves = await moves_at(row["open_link"])
            assert address == f"/escalation/{max(moves, key=lambda m: m['minutes'])['case']['id']}"
            return
        moves = await moves_at(address)
        plain, working = ([one[of] for one in moves] for of in ("minutes", "working_minutes"))
        if key == "share_of_working_time_permille":
            others = [await moves_at(one["done_link"]) for one in rows if one["done_link"]]
            whole = sum(one["working_minutes"] for each in others for one in each)
            assert not whole or value == sum(working) * 1000 // whole, where
        elif key.endswith("_permille"):
            assert value == len(moves) * 1000 // whole_of(name, key, row, rows), where
        elif key.endswith("_minutes"):
            took = plain if "plain" in key else working
            assert value == rank_of(took, 500 if key.startswith("half") else 900), where
        else:
            assert value == len(moves), where

    for name in sorted(AROUND - {"definitions"}):
        rows = await rows_of(cora, name)
        for row in rows:
            for key, value in row.items():
                if value.isdecimal() and key not in EDGES:
                    await check(name, key, row, rows)
    assert followed >= {
        "cases", "share_permille", "half_plain_minutes", "nine_tenths_working_minutes",
        "longest_open_minutes", "owed", "refused", "promises", "n", "replies",
    }  # fmt: skip


async def test_teams_and_people_answer_for_refusals_promises_and_lateness(office: Office) -> None:
    await furnished(office)
    cora = await office.browser_of("cora")
    (team,) = await rows_of(cora, "teams")
    people = {row["person"]: row for row in await rows_of(cora, "people")}
    told = {"refused", "written", "ready_made", "promises", "kept", "kept_late", "broken",
            "owed", "missed", "missed_permille"}  # fmt: skip
    assert told <= team.keys() & people["Cora"].keys()
    assert (team["refused"], people["Cora"]["refused"], people["Ada"]["refused"]) == ("1", "1", "0")
    assert (team["promises"], people["Ada"]["promises"]) == ("1", "1")
    assert people["Cora"]["group"] == "executive"
    refusals = await rows_of(cora, "refusals")
    by = [(row["by"], row["name"], row["code"], row["n"]) for row in refusals]
    assert by == [
        ("Team", "Customer care", "too_costly", "1"), ("Person", "Cora", "too_costly", "1"),
    ]  # fmt: skip
    with office.door.service.database.writing() as session:
        row = session.scalars(select(tables.Commitment)).one()
        row.stage, row.was_broken = "kept_late", True
    (team,) = await rows_of(cora, "teams")
    assert (team["kept"], team["kept_late"], team["broken"]) == ("0", "1", "1")
    assert await behind(cora, team["kept_late_link"]) == 1
    with office.door.service.database.writing() as session:
        row = session.scalars(select(tables.Commitment)).one()
        row.stage, row.was_broken, row.is_renegotiated = "kept", False, True
    (team,) = await rows_of(cora, "teams")
    assert (team["kept"], team["kept_late"], team["broken"]) == ("1", "0", "0")
    assert await behind(cora, team["kept_link"]) == 1
    assert "Kept by the date that counts." in text_of(await cora.see(team["kept_link"]))


async def test_refusals_of_people_are_shown_as_the_policy_allows(office: Office) -> None:
    await furnished(office)
    rules = PublicRules.model_validate({"staff_figures": "nobody", "executive_figures": "nobody"})
    with office.door.service.database.writing() as session:
        policies.apply(session, builders.policy(public=rules), "root", datetime.now(UTC))
    ada = await office.browser_of("ada")
    rows = await rows_of(ada, "refusals")
    assert [(row["by"], row["n"]) for row in rows] == [("Team", "1")]
    await ada.see(f"/insights/cases?whose=cora&{DAYS}", status=403)


async def test_every_column_has_its_definition(office: Office) -> None:
    await furnished(office)
    cora = await office.browser_of("cora")
    means = {
        (row["file"], row["column"]): row["means"] for row in await rows_of(cora, "definitions")
    }
    for name in AROUND - {"definitions"}:
        keys = [key for key in (await rows_of(cora, name) or [{}])[0] if not key.endswith("_link")]
        for key in keys:
            assert means[name, key].endswith("."), (name, key)


async def test_days_in_no_order_are_said_at_their_field_and_stay_as_typed(office: Office) -> None:
    ada = await office.browser_of("ada")
    query = "since=2026-02-02&until=2026-01-01&team=care&channel=console"
    page = await ada.see(f"/insights?{query}", status=422)
    ((_, fields),) = searches_of(page)
    assert fields == {
        "since": "2026-02-02", "until": "2026-01-01", "team": "care", "channel": "console",
    }  # fmt: skip
    wrong = re.search(r'<input id="([^"]+)" name="since"[^>]*aria-invalid="true"[^>]*>', page.text)
    assert wrong
    assert f'id="{wrong[1]}-wrong">The first day is after the last.' in page.text
    assert f'href="#{wrong[1]}"' in page.text
    assert "Ask for an earlier first day" in text_of(page)
    assert 'name="until" type="date" value="2026-01-01" dir="auto">' in page.text
    assert 'class="glance"' not in page.text
    page = await ada.see("/insights?since=yesterday", status=422)
    assert 'value="yesterday"' in page.text
    assert "write it as YYYY-MM-DD" in page.text.replace("Write", "write")


async def test_a_promise_that_is_kept_is_late_no_more(office: Office) -> None:
    _, commitment = (await promised(office.door)).split("/")
    kept_at = datetime.now(UTC) - timedelta(days=50)
    with office.door.service.database.writing() as session:
        row = session.get_one(tables.Commitment, commitment)
        row.due_at, row.settled_at, row.stage = kept_at + timedelta(days=1), kept_at, "kept"
    ada = await office.browser_of("ada")
    text = text_of(await ada.see("/insights/promises"))
    assert "Kept in time" in text
    assert " late" not in text.partition("is accountable")[2]


async def test_days_and_months_are_written_for_people_and_their_zone_is_said(
    office: Office,
) -> None:
    await furnished(office)
    ada = await office.browser_of("ada")
    page = await ada.see("/insights?since=2026-01-01&until=2027-12-31")
    text = text_of(page)
    assert "from Thu, 1 Jan 2026 to Fri, 31 Dec 2027" in text.replace("  ", " ")
    assert "June 2027" in text
    assert "2027-06" not in text
    assert "Days are those of UTC." in text
    assert "0 by the first date" in text
    german = await ada.see(
        "/insights/promises?how=broken&month=2027-06", headers={"Accept-Language": "de"}
    )
    assert "Juni 2027" in text_of(german)
    broken = text_of(await ada.see("/insights/promises?how=broken"))
    assert "Broken at some time." in broken
    await ada.see("/insights/promises?month=2027-13", status=422)


@pytest.mark.parametrize("seat", figures.OWED_BY)
def test_who_owes_a_step_is_named_in_the_language_of_the_reader(
    seat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "_", "[{}]".format)
    assert charts._owed(seat).startswith("[")


async def test_what_is_asked_for_wrongly_is_said_with_its_way_out(office: Office) -> None:
    ada = await office.browser_of("ada")
    for query in ("since=yesterday", "since=2026-02-02&until=2026-01-01", "until=0001-01-01"):
        await ada.see(f"/insights?{query}", status=422)
        problem_of(await office.door.ada.ask("GET", f"/api/v1/insights?{query}"), 422)
    await ada.see("/insights/cases?step=sleeping", status=422)
    await ada.see("/insights/cases?cursor=made-up", status=422)
    await ada.see("/insights/promises?how=forgotten", status=422)
    await ada.see("/insights/tables/secrets.csv", status=404)


async def test_nothing_at_all_is_shown_as_such(office: Office) -> None:
    ada = await office.browser_of("ada")
    page = await ada.see("/insights?since=2020-01-01&until=2020-01-02")
    assert "There is nothing to count in these days." in text_of(page)
    assert "<svg" not in page.text


async def test_a_figure_of_few_says_so(office: Office) -> None:
    await office.door.published()
    ada = await office.browser_of("ada")
    text = text_of(await ada.see("/insights"))
    assert "too few to say much" in text
    assert "(of 1 only)" in text


async def test_the_policy_says_who_sees_figures_of_whom(office: Office) -> None:
    await furnished(office)
    rules = PublicRules.model_validate(
        {"staff_figures": "executives", "executive_figures": "staff"}
    )
    with office.door.service.database.writing() as session:
        policies.apply(session, builders.policy(public=rules), "root", datetime.now(UTC))
    ada, cora = await office.browser_of("ada"), await office.browser_of("cora")
    hers, all_of_it = await ada.see("/insights"), await cora.see("/insights")
    assert "figures about one person" in text_of(hers)
    assert "person=cora" in hers.text
    assert "person=ada" not in hers.text
    assert "person=ada" in all_of_it.text
    await ada.see("/insights/cases?person=ada", status=403)
    await ada.see("/insights/promises?person=ada", status=403)
    people = await office.door.ada.get("figures/commitments", by="person")
    assert people["items"] == []
    assert people["total"]["total"] == 1


async def test_those_who_read_no_cases_are_kept_out(office: Office) -> None:
    root = await office.browser_of_admin()
    for path in ("", "/cases", "/promises", "/tables/steps.csv"):
        await root.see(f"/insights{path}", status=403)
    stranger = office.browser()
    assert (await stranger.see("/insights")).url.path == "/sign-in"
    problem_of(await office.door.hook.ask("GET", "/api/v1/insights"), 403)
    problem_of(await office.door.stranger.ask("GET", "/api/v1/insights/moves"), 401)


async def test_the_same_figures_come_as_json_and_as_files(office: Office) -> None:
    await furnished(office)
    told = await office.door.dev.get("insights")
    assert told["answers"]["received"] == 4
    moves = await office.door.dev.get("insights/moves", step="answer", how="answered")
    assert moves["total"] == told["answers"]["answered"]
    dev = await office.browser_of("dev")
    page = await dev.see("/insights")
    assert set(re.findall(r"/insights/tables/(\w+)\.csv", page.text)) == AROUND
    for name in AROUND:
        answer = await dev.http.get(f"/insights/tables/{name}.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert re.match(rf'attachment; filename="{name}-[\d-]+\.csv"', _named(answer))
        lines = list(csv.DictReader(io.StringIO(answer.text)))
        if name == "answers":
            assert lines[0]["cases"] == "4"


def _named(answer: httpx.Response) -> str:
    return str(answer.headers["content-disposition"])


@pytest.mark.parametrize(
    "text", ["=1+1", "+49", "-2", "@ada", "\t=1", "\r=1", " =HYPERLINK(1)", '=cmd|"/c calc"!A1']
)
def test_no_spreadsheet_runs_what_stands_in_a_file(text: str) -> None:
    table = Table("t", "T", (Column("who", "Who", ""),), ((Cell(text, text),),))
    assert list(csv.reader(io.StringIO(cells.as_csv(table, ""), newline="")))[1] == [f"'{text}"]


def test_numbers_and_plain_words_stay_as_they_are_in_a_file() -> None:
    row = (Cell(-3, "-3"), Cell(None, "–"), Cell('Ada, "the" owner\nof it', ""))
    columns = tuple(Column(name, name, "") for name in ("a", "b", "c"))
    text = cells.as_csv(Table("t", "T", columns, (row,)), "")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["a", "b", "c"], ["-3", "", 'Ada, "the" owner\nof it'],
    ]  # fmt: skip


def test_every_file_and_every_filter_is_told_in_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    section = text.partition("**Insights.**")[2].partition("`GET /policy`")[0]
    files = section.partition("| file |")[2]
    assert set(re.findall(r"`(\w+)`", files)) == AROUND
    told = set(re.findall(r"`([\w=]+)`", section))
    assert {*map(str, Step), *map(str, State), *map(str, Wording)} <= told
    assert set(Which.model_fields) - told == {"compared"}
