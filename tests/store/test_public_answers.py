"""What the public reads of our answers: replies, refusals with reasons, the time of each step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlmodel import Session, col

from domain.errors import Invalid, Unknown
from domain.escalation.events import Dismissed
from domain.escalation.stages import DismissCode, Outcome, RefusalCode
from domain.policy import PublicRules, Shown
from domain.post import PostKind
from store import answers, people, public_answers, tables
from store.answer_tables import Answer
from store.database import Database
from store.public_answers import ANY, Wanted, wanted
from tests import builders
from tests.builders import AT
from tests.pasts import DAY, INSIDE, Past
from tests.store.test_public_ledger import plan

RULES = PublicRules()
NOW = AT + 30 * DAY
HOUR = timedelta(hours=1)


@pytest.fixture
def past(database: Database) -> Past:
    return Past(builders.furnish(database))


def refused(past: Past, at: Any = AT, **changes: Any) -> str:
    """A comment that was answered with a no, in five hours; answers the id of the reply."""
    case = past.case(at, **changes)
    past.decide(case, at + 2 * HOUR, refused=RefusalCode.TOO_COSTLY, reason="It costs a bridge.")
    return past.answer(case, at + 5 * HOUR, "Sorry, no.", url="https://blog.example/no")


@pytest.mark.rule(7)
def test_a_refusal_stands_in_public_with_its_reason_and_who_decided(past: Past) -> None:
    post = refused(past)
    with past.database.reading() as session:
        entry = public_answers.entry(session, RULES, post)
    assert (entry.text, entry.refusal, entry.reason, entry.decision) == (
        "Sorry, no.", "too_costly", "It costs a bridge.", "refused",
    )  # fmt: skip
    assert entry.waited_seconds == 5 * 3600
    assert entry.post_url == "https://blog.example/no"
    assert (entry.writer, entry.decided_by) == ("Ada", "Cora")


def test_an_answer_that_nobody_had_to_decide_and_a_second_one(past: Past) -> None:
    case = past.case(AT)
    first = past.answer(case, AT + HOUR)
    second = past.answer(case, AT + 2 * HOUR, "And one thing more.")
    with past.database.reading() as session:
        page = public_answers.page(session, RULES, Wanted())
    assert [(one.id, one.waited_seconds) for one in page.items] == [(second, None), (first, 3600)]
    assert {(one.decision, one.decided_by, one.refusal) for one in page.items} == {
        (None, None, None)
    }


def test_a_reason_made_of_the_very_words_of_the_reply_is_told_once(past: Past) -> None:
    case = past.case(AT)
    past.decide(case, AT + HOUR, refused=RefusalCode.DISAGREE, reason="We see it differently.")
    post = past.answer(case, AT + 2 * HOUR, "We see it differently.")
    with past.database.reading() as session:
        assert public_answers.entry(session, RULES, post).reason is None


def test_nothing_that_is_meant_for_colleagues_is_in_any_value(past: Past) -> None:
    case = past.case(AT)
    past.decide(case, AT + HOUR)
    post = past.answer(case, AT + 2 * HOUR)
    with past.database.reading() as session:
        seen = public_answers.entry(session, RULES, post).model_dump_json()
        seen += public_answers.page(session, RULES, Wanted()).model_dump_json()
        seen += public_answers.steps(session, NOW).model_dump_json()
    assert INSIDE not in seen
    assert '"C1"' not in seen
    assert '"cora"' not in seen


def test_what_is_private_is_as_what_never_was(past: Past) -> None:
    post = refused(past, is_public=False)
    with past.database.reading() as session:
        with pytest.raises(Unknown) as private:
            public_answers.entry(session, RULES, post)
        with pytest.raises(Unknown) as nothing:
            public_answers.entry(session, RULES, "01M832XSBSA28KYCS6T2BNABQ3")
        assert public_answers.page(session, RULES, Wanted()).items == ()
        assert public_answers.tally(session).model_dump() == {
            "total": 0, "refused": 0, "refusals": {},
        }  # fmt: skip
        assert public_answers.steps(session, NOW).items == ()
        assert public_answers.channels(session, ["console"]) == ()
        assert public_answers.months(session) == ()
    assert str(private.value) == str(nothing.value)


def test_erased_words_leave_the_answer_where_it_is(past: Past) -> None:
    post = refused(past)
    with past.database.writing() as session:
        session.execute(delete(tables.Words))
    with past.database.reading() as session:
        entry = public_answers.entry(session, RULES, post)
    assert (entry.text, entry.reason, entry.refusal) == (None, None, "too_costly")


@pytest.mark.rule(10)
def test_what_corrects_an_answer_stands_with_it_and_is_news(past: Past) -> None:
    case = past.case(AT)
    post = past.answer(case, AT + HOUR)
    other = past.answer(case, AT + 2 * HOUR)
    said = past.words("It is Tuesday, not Monday.")
    mended = past.post(said, AT + DAY, case=case, kind=PostKind.CORRECTION, corrects=post)
    gone = past.words("Forget what we said.")
    past.post(gone, AT + 2 * DAY, case=case, kind=PostKind.RETRACTION, corrects=mended)
    with past.database.reading() as session:
        entry = public_answers.entry(session, RULES, post)
        untouched = public_answers.entry(session, RULES, other)
    assert [(one.role, one.text) for one in entry.posts] == [
        ("correction", "It is Tuesday, not Monday."), ("retraction", "Forget what we said."),
    ]  # fmt: skip
    assert (entry.corrected_by, entry.turned_at) == (mended, AT + DAY)
    assert (untouched.posts, untouched.turned_at) == ((), AT + 2 * HOUR)


def test_its_promises_stand_with_it(past: Past) -> None:
    case = past.case(AT)
    post = past.answer(case, AT + HOUR)
    promise = past.promise(at=AT + HOUR, escalation_id=case, post_id=post)
    hidden = past.promise(at=AT + HOUR, escalation_id=case, post_id=post, is_public=False)
    with past.database.reading() as session:
        entry = public_answers.entry(session, RULES, post)
    assert entry.promises == (promise,)
    assert hidden not in entry.model_dump_json()
    assert [one.sentence for one in entry.promised] == ["We will send you a saddle."]


@pytest.mark.parametrize(
    ("shown", "writer", "decided_by"),
    [
        (Shown.NAME, "Ada Lindqvist", "Dr. Cora Weiss"),
        (Shown.FIRST_NAME, "Ada", "Cora"),
        (Shown.ROLE, "a member of staff", "an executive"),
        (Shown.TEAM, "Customer care", "Customer care"),
    ],
)
def test_people_appear_as_the_policy_shows_them(
    past: Past, shown: Shown, writer: str, decided_by: str
) -> None:
    with past.database.writing() as session:
        for person, name in (("ada", "Ada Lindqvist"), ("cora", "Dr. Cora Weiss")):
            people.known(session, person).name = name
    post = refused(past)
    rules = PublicRules(staff=shown, executives=shown)
    with past.database.reading() as session:
        entry = public_answers.entry(session, rules, post)
    assert (entry.writer, entry.decided_by) == (writer, decided_by)


# Lists and figures. ---------------------------------------------------------------------------


def test_lists_are_filtered_and_go_on_by_key(past: Past) -> None:
    no = refused(past, AT)
    yes = [past.answer(past.case(AT + n * DAY), AT + n * DAY + HOUR) for n in range(1, 6)]
    with past.database.reading() as session:

        def ids(wish: Wanted) -> list[str]:
            seen, cursor = list[str](), None
            while True:
                found = public_answers.page(session, RULES, wish, limit=2, cursor=cursor)
                seen += [one.id for one in found.items]
                cursor = found.next_cursor
                if cursor is None:
                    return seen

        assert ids(Wanted()) == [*reversed(yes), no]
        assert ids(Wanted(refusal=ANY)) == ids(Wanted(refusal="too_costly")) == [no]
        assert ids(Wanted(refusal="disagree")) == []
        assert ids(Wanted(channel="console")) == [*reversed(yes), no]
        assert ids(Wanted(channel="blog")) == []
        assert ids(Wanted(month=f"{AT:%Y-%m}")) == [*reversed(yes), no]
        assert ids(Wanted(month="1999-01")) == []
        assert public_answers.channels(session, ["blog", "console"]) == ("console",)
        assert public_answers.months(session) == (f"{AT:%Y-%m}",)
        tally = public_answers.tally(session)
        with pytest.raises(Invalid):
            public_answers.page(session, RULES, Wanted(), cursor="bad")
    assert (tally.total, tally.refused, tally.refusals) == (6, 1, {"too_costly": 1})


@pytest.mark.parametrize(
    ("asked", "field"), [(("never", "", ""), "refusal"), (("", "", "2026-13"), "month")]
)
def test_a_filter_that_cannot_be_is_named(asked: tuple[str, str, str], field: str) -> None:
    with pytest.raises(Invalid) as invalid:
        wanted(*asked)
    assert invalid.value.details["field"] == field


def test_the_time_of_each_step_is_told_executives_included(past: Past) -> None:
    refused(past, NOW - 5 * DAY)
    refused(past, NOW - 4 * DAY)
    refused(past, NOW - 3 * DAY, is_public=False)
    refused(past, NOW - 200 * DAY)
    spam = past.case(NOW - DAY)
    past.tell(f"escalation/{spam}", "ada", NOW - DAY, Dismissed(code=DismissCode.SPAM))
    past.close(spam, NOW - DAY, Outcome.DISMISSED)
    with past.database.reading() as session:
        steps = public_answers.steps(session, NOW)
    took = {str(one.step): (one.done, one.half_minutes, one.owed_by) for one in steps.items}
    assert took["unclaimed"] == (3, 120, "team")
    assert took["deciding"] == (2, 0, "approvers")
    assert took["replying"] == (2, 180, "owner")
    assert steps.since == (NOW - 90 * DAY).date()
    assert steps.dismissals == {"spam": 1}


# How it is kept. ------------------------------------------------------------------------------


def rows(session: Session) -> list[tuple[Any, ...]]:
    found = session.execute(select(*Answer.__table__.c).order_by(col(Answer.post_id)))  # type: ignore[attr-defined]
    return [tuple(row) for row in found]


def test_rows_that_are_made_anew_from_ledgers_are_the_same(past: Past) -> None:
    refused(past)
    case = past.case(AT)
    past.answer(case, AT + HOUR)
    past.answer(case, AT + 2 * HOUR)
    with past.database.reading() as session:
        before = rows(session)
    with past.database.writing() as session:
        assert answers.rebuild(session.connection()) == 3
    with past.database.reading() as session:
        assert rows(session) == before


def test_what_older_code_wrote_meanwhile_is_caught_up_from_the_ledger(past: Past) -> None:
    answered, ended = past.case(AT), past.case(AT)
    for case in (answered, ended):
        past.answer(case, AT + HOUR)
    with past.database.reading() as session:
        before = rows(session)
    with past.database.writing() as session:
        session.execute(delete(Answer))
    past.answer(answered, AT + 2 * HOUR)
    past.close(ended, AT + 2 * HOUR, Outcome.ANSWERED)
    with past.database.reading() as session:
        after = rows(session)
    assert len(after) == 3
    assert set(before) < set(after)


@pytest.mark.parametrize(
    ("wish", "index"),
    [
        (Wanted(), "answer_at"),
        (Wanted(month="2026-03"), "answer_at"),
        (Wanted(channel="console"), "answer_channel"),
        (Wanted(refusal=ANY), "answer_refused"),
        (Wanted(refusal="disagree"), "answer_refusal"),
    ],
)
def test_each_list_is_one_range_of_an_index(past: Past, wish: Wanted, index: str) -> None:
    refused(past)
    found = plan(past.database, public_answers.statement(wish).limit(50))
    assert index in found
    assert "TEMP B-TREE" not in found
