"""What the public may read: the states, the figures, how people appear, and by which index."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from domain.commitment import Standing
from domain.errors import Invalid, Unknown
from domain.escalation.stages import Outcome
from domain.policy import Audience, PublicRules, Shown
from store import people, public_answers, public_ledger, tables
from store.database import Database
from store.public_ledger import Wanted, wanted
from store.public_views import LedgerFigures, LedgerOverview
from tests import builders
from tests.builders import AT
from tests.pasts import DAY, INSIDE, STANDINGS, Past, every_standing

RULES = PublicRules()
NOW = AT + 30 * DAY


def figures_of(session: Session, rules: PublicRules = RULES) -> LedgerFigures:
    return public_ledger.figures(session, rules, NOW, public_answers.steps(session, NOW))


def overview_of(session: Session, rules: PublicRules = RULES) -> LedgerOverview:
    return public_ledger.overview(session, rules, NOW, public_answers.steps(session, NOW))


@pytest.fixture
def past(database: Database) -> Past:
    return Past(builders.furnish(database))


@pytest.fixture
def told(past: Past) -> tuple[Past, dict[str, str]]:
    return past, every_standing(past)


@pytest.mark.rule(11)
def test_every_promise_stands_where_the_public_may_know_it_to_stand(
    told: tuple[Past, dict[str, str]],
) -> None:
    past, made = told
    with past.database.reading() as session:
        entries = {n: public_ledger.entry(session, RULES, made[n]) for n in made}
        figures = figures_of(session, RULES)
    assert {name: str(entry.state) for name, entry in entries.items()} == STANDINGS
    assert figures.promises.model_dump() == {
        "total": 14, "open": 6, "broken": 2, "kept": 2, "renegotiated": 1, "kept_late": 1,
        "withdrawn": 2, "ever_broken": 3, "confirmed": 1, "denied": 2,
    }  # fmt: skip
    said = {n: (e.company_says, e.commenter_says) for n, e in entries.items()}
    assert said["reported"] == (None, None), "nobody has read yet that it is reported"
    assert said["told"] == said["broken_told"] == ("kept", None)
    assert said["denied"] == said["upheld"] == ("kept", "not_kept")
    assert said["reopened"] == (None, None)
    assert (entries["told"].readers_kept, entries["told"].readers_not_kept) == (2, 1)


def test_nothing_that_is_meant_for_colleagues_is_in_any_value(
    told: tuple[Past, dict[str, str]],
) -> None:
    past, made = told
    with past.database.reading() as session:
        seen = [public_ledger.entry(session, RULES, made[name]).model_dump_json() for name in made]
        seen.append(overview_of(session).model_dump_json())
        seen.append(public_ledger.page(session, RULES, Wanted()).model_dump_json())
    assert not [text for text in seen if INSIDE in text or '"C1"' in text or "cora" in text]


@pytest.mark.rule(11)
def test_dates_that_counted_stand_with_the_words_that_the_public_read(
    told: tuple[Past, dict[str, str]],
) -> None:
    past, made = told
    with past.database.reading() as session:
        moved = public_ledger.entry(session, RULES, made["moved"])
        only_asked = public_ledger.entry(session, RULES, made["open"])
    assert moved.first_due_at == AT + 5 * DAY
    assert moved.due_at == AT + 9 * DAY
    assert [date.text for date in moved.dates] == ["The maker needs until the 11th."]
    assert only_asked.dates == ()
    assert only_asked.due_at == AT + 5 * DAY
    assert [post.role for post in only_asked.posts] == ["promised", "progress"]


def test_the_story_of_a_promise_is_told_in_order_without_what_stayed_inside(
    told: tuple[Past, dict[str, str]],
) -> None:
    past, made = told
    with past.database.reading() as session:
        steps = {
            name: [
                step.kind.value for step in public_ledger.entry(session, RULES, made[name]).steps
            ]
            for name in made
        }
    assert steps["reported"] == ["made"]
    assert steps["moved"] == ["made", "moved"]
    assert steps["upheld"] == ["made", "reported", "denied", "upheld", "kept"]
    assert steps["reopened"] == ["made", "reported", "denied", "reopened"]
    assert steps["kept_late"] == ["made", "broken", "reported", "kept"]
    assert steps["withdrawn"] == ["made", "withdrawn", "said"]
    assert steps["withdrawn_silently"] == ["made", "withdrawn"]


def test_a_private_promise_is_as_one_that_never_was(past: Past) -> None:
    hidden = past.promise("We will settle this quietly.", is_public=False)
    with past.database.reading() as session:
        with pytest.raises(Unknown) as private:
            public_ledger.entry(session, RULES, hidden)
        with pytest.raises(Unknown) as nothing:
            public_ledger.entry(session, RULES, "01M832XSBSA28KYCS6T2BNABQ3")
        overview = overview_of(session)
        assert public_ledger.page(session, RULES, Wanted()).items == ()
        assert public_ledger.channels(session, ["console"]) == ()
        assert public_ledger.months(session) == ()
    assert str(private.value) == str(nothing.value)
    assert (overview.figures.promises.total, overview.latest) == (0, ())


def test_erased_words_leave_the_promise_where_it_is(past: Past) -> None:
    promise = past.promise("We will call you at home.")
    with past.database.writing() as session:
        session.execute(delete(tables.Words).where(col(tables.Words.purpose) == "promise"))
    with past.database.reading() as session:
        assert public_ledger.entry(session, RULES, promise).sentence is None


# How people appear. --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "shown", "expected"),
    [
        ("ada", Shown.NAME, "Ada Lindqvist"),
        ("ada", Shown.FIRST_NAME, "Ada"),
        ("ada", Shown.ROLE, "a member of staff"),
        ("ada", Shown.TEAM, "Customer care"),
        ("cora", Shown.NAME, "Dr. Cora Weiss"),
        ("cora", Shown.FIRST_NAME, "Cora"),
        ("cora", Shown.ROLE, "an executive"),
        ("cora", Shown.TEAM, "Customer care"),
        ("gone", Shown.NAME, "Customer care"),
    ],
)
def test_people_appear_as_the_policy_says_and_in_nothing_else(
    past: Past, who: str, shown: Shown, expected: str
) -> None:
    with past.database.writing() as session:
        for person, name in (("ada", "Ada Lindqvist"), ("cora", "Dr. Cora Weiss")):
            people.known(session, person).name = name
    rules = PublicRules(staff=shown, executives=shown)
    promise = past.promise(accountable=who)
    past.withdraw(promise, AT + DAY, "It cannot be done.")
    with past.database.reading() as session:
        entry = public_ledger.entry(session, rules, promise)
        overview = overview_of(session, rules)
    assert entry.accountable == overview.latest[0].accountable == expected
    seen = entry.model_dump_json() + overview.model_dump_json()
    hidden = {"Lindqvist", "Weiss"} if shown is not Shown.NAME else set()
    hidden |= {"Ada", "Cora"} if shown in (Shown.ROLE, Shown.TEAM) else set()
    assert not [name for name in hidden if name in seen]


@pytest.mark.parametrize(
    ("staff", "executives", "seen"),
    [
        (Audience.STAFF, Audience.PUBLIC, ["Cora"]),
        (Audience.PUBLIC, Audience.PUBLIC, ["Cora", "Ben"]),
        (Audience.NOBODY, Audience.STAFF, []),
        (Audience.NOBODY, Audience.NOBODY, []),
    ],
)
def test_figures_about_single_people_are_public_only_where_the_policy_says_so(
    past: Past, staff: Audience, executives: Audience, seen: list[str]
) -> None:
    for who in ("ben", "cora"):
        past.promise(accountable=who)
    rules = PublicRules(staff_figures=staff, executive_figures=executives)
    with past.database.reading() as session:
        figures = figures_of(session, rules)
    assert [person.name for person in figures.people] == seen
    assert figures.promises.total == 2, "the whole is counted in any case"


def test_people_whom_the_policy_does_not_tell_apart_are_counted_together(past: Past) -> None:
    for who in ("ben", "ada", "cora"):
        past.promise(accountable=who)
    rules = PublicRules(
        staff=Shown.TEAM, executives=Shown.ROLE, staff_figures=Audience.PUBLIC,
        executive_figures=Audience.PUBLIC,
    )  # fmt: skip
    with past.database.reading() as session:
        found = figures_of(session, rules).people
    assert [(one.name, one.total) for one in found] == [
        ("all executives together", 1), ("all staff together", 2),
    ]  # fmt: skip


# Lists. --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [None, Standing.OPEN])
def test_pages_by_key_have_each_promise_once_whatever_is_added(
    past: Past, state: Standing | None
) -> None:
    made = {past.promise(days=n % 3) for n in range(7)}
    wish, seen, cursor = Wanted(state), list[str](), None
    for _ in range(9):
        with past.database.reading() as session:
            found = public_ledger.page(session, RULES, wish, limit=2, cursor=cursor)
        seen += [item.id for item in found.items]
        cursor = found.next_cursor
        if len(seen) == 2:
            past.promise(days=-1 if state else 90)
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)


def test_lists_are_filtered_by_state_channel_and_month(past: Past) -> None:
    kept = past.promise(days=2, channel="shop")
    past.report(kept, AT + DAY)
    past.keep(kept, AT + DAY)
    past.promise(days=2, channel="shop")
    past.promise(days=40, channel="console")
    with past.database.reading() as session:

        def number(*asked: str | None) -> int:
            return len(public_ledger.page(session, RULES, wanted(*asked)).items)

        assert number(None, None, None) == number("", "", "") == 3
        assert number("kept", None, None) == 1
        assert number("open", "shop", "2026-03") == 1
        assert number(None, "console", "2026-03") == 0
        assert number(None, None, "2026-04") == 1
        assert public_ledger.months(session) == ("2026-04", "2026-03")
        assert public_ledger.channels(session, ["console", "shop", "mail"]) == ("console", "shop")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (("reported", "", ""), "state"),
        (("", "", "2026-13"), "month"),
        (("", "", "0000-01"), "month"),
        (("", "", "9999-12"), "month"),
        (("", "", "٢٠٢٦-03"), "month"),
    ],
)
def test_a_filter_that_cannot_be_is_named(asked: tuple[str, str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        wanted(*asked)
    assert refused.value.details["field"] == field


def test_what_turned_last_comes_first_and_what_stayed_inside_turns_nothing(past: Past) -> None:
    first, second = past.promise(), past.promise(at=AT + timedelta(hours=1))
    past.report(second, AT + DAY, is_out=False)
    past.ask_date(first, AT + DAY, AT + 9 * DAY, "Later.")
    with past.database.reading() as session:
        before = [(one.id, one.turned_at) for one in public_ledger.latest(session, RULES, 9)]
    assert before == [(second, AT + timedelta(hours=1)), (first, AT)]
    past.progress(first, "It is on its way.", AT + 2 * DAY)
    with past.database.reading() as session:
        after = [(one.id, one.turned_at) for one in public_ledger.latest(session, RULES, 9)]
    assert after[0] == (first, AT + 2 * DAY)


# Waiting. ------------------------------------------------------------------------------------


def test_how_long_people_wait_is_told_by_the_middle_and_by_the_worst(past: Past) -> None:
    for hours in (1, 5, 100):
        past.answer(past.case(NOW - 10 * DAY), NOW - 10 * DAY + timedelta(hours=hours))
    past.answer(past.case(NOW - 80 * DAY), NOW - 60 * DAY)
    past.answer(past.case(NOW - 10 * DAY, is_public=False), NOW - 2 * DAY)
    for days in (3, 1, 2, 4):
        past.case(NOW - days * DAY)
    past.case(NOW - 50 * DAY, is_public=False)
    past.case(NOW - 50 * DAY, suspected=True)
    past.close(past.case(NOW - 9 * DAY), NOW - 8 * DAY)
    past.close(past.case(NOW - 9 * DAY), NOW - 8 * DAY, Outcome.WITHDRAWN)
    with past.database.reading() as session:
        figures = figures_of(session, RULES)
    waits, (month, quarter) = figures.waiting, figures.waited
    assert (waits.count, waits.median_since, waits.longest_since) == (
        4, NOW - 3 * DAY, NOW - 4 * DAY,
    )  # fmt: skip
    assert (month.count, month.median_seconds, month.longest_seconds) == (3, 5 * 3600, 100 * 3600)
    assert (quarter.count, quarter.longest_seconds) == (4, 20 * 86_400)
    assert month.unanswered == {"dismissed": 1, "withdrawn": 1}
    assert month.since == (NOW - 30 * DAY).date()


def test_a_second_answer_does_not_move_the_first(past: Past) -> None:
    case = past.case(NOW - DAY)
    past.answer(case, NOW - DAY + timedelta(hours=2))
    past.answer(case, NOW)
    with past.database.reading() as session:
        row = session.get_one(tables.Escalation, case)
        assert (row.waited, row.answered_at) == (7200, NOW - DAY + timedelta(hours=2))


def test_with_nobody_there_everything_is_zero(past: Past) -> None:
    with past.database.reading() as session:
        overview = overview_of(session)
    figures = overview.figures
    assert (figures.promises.total, figures.waiting.count, figures.waiting.longest_since) == (
        0, 0, None,
    )  # fmt: skip
    assert [(w.count, w.median_seconds) for w in figures.waited] == [(0, None), (0, None)]


# By which index. -----------------------------------------------------------------------------


def plan(database: Database, statement: Any) -> str:
    dialect: Any = sqlite.dialect() if database.is_sqlite else postgresql.dialect()
    compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            for way in ("seqscan", "bitmapscan", "sort"):
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        # The driver takes what is spelt with % as parameters.
        rows = connection.exec_driver_sql(f"{explain} {compiled}".replace("%", "%%")).all()
    return "\n".join(str(row) for row in rows)


@pytest.mark.parametrize(
    ("wish", "index"),
    [
        (Wanted(), "ledger_due"),
        (Wanted(month="2026-03"), "ledger_due"),
        (Wanted(Standing.BROKEN), "ledger_standing"),
        (Wanted(Standing.KEPT, month="2026-03"), "ledger_standing"),
        (Wanted(channel="shop"), "ledger_channel"),
        (Wanted(channel="shop", month="2026-03"), "ledger_channel"),
        (Wanted(Standing.OPEN, "shop"), "ledger_channel_standing"),
        (Wanted(Standing.KEPT, "shop", "2026-03"), "ledger_channel_standing"),
    ],
)
def test_each_list_is_one_range_of_an_index(past: Past, wish: Wanted, index: str) -> None:
    found = plan(past.database, public_ledger.statement(wish))
    assert re.search(rf"{index}\b", found)
    assert "TEMP B-TREE" not in found
    assert "Sort" not in found


def test_the_feed_is_one_range_of_an_index(past: Past) -> None:
    found = plan(past.database, public_ledger.latest_statement(50))
    assert "ledger_turned" in found
    assert "TEMP B-TREE" not in found


def test_a_month_begins_and_ends_in_utc() -> None:
    text = str(
        public_ledger.statement(Wanted(month="2026-12")).compile(
            dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}
        )
    )
    assert str(datetime(2027, 1, 1, tzinfo=UTC).replace(tzinfo=None)) in text
