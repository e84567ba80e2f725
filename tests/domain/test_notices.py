"""What people are told: every reason is known, and each person's rules decide way and time."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import notices
from domain.messages import Notice
from domain.notices import REASONS, TOPICS, Rule, Rules, Timing, Topic, Way
from domain.post import Settlement

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SILENT = Rules(topics={topic: Rule(ways=frozenset()) for topic in Topic})
DAILY = Rules(topics={topic: Rule(timing=Timing.DAILY) for topic in Topic})


def notice(reason: str = "decided", *, urgent: bool = False, about: str = "escalation/1") -> Notice:
    return Notice(reason=reason, about=about, urgent=urgent)


def told_somewhere() -> set[str]:
    """Every reason that the rules and the store give, read off their source."""
    found = set()
    files = [*(ROOT / "domain").rglob("*.py"), *(ROOT / "store").glob("*.py")]
    for node in (n for f in files for n in ast.walk(ast.parse(f.read_text()))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = {"notify": 1, "_wanted": 1, "tell": 2}.get(name)
            if place is not None and len(node.args) > place:
                found |= strings(node.args[place])
        if isinstance(node, ast.Assign) and any(
            getattr(target, "id", "") in ("reason", "_STUCK") for target in node.targets
        ):
            found |= strings(node.value)
    return {reason for reason in found if re.fullmatch(r"[a-z_]+", reason)}


def strings(node: ast.AST) -> set[str]:
    return {
        n.value
        for n in ast.walk(node)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and n.value != "reply_"
    }


def test_every_reason_that_is_given_is_known() -> None:
    given_ = told_somewhere()
    assert {"decision_wanted", "late", "review_late", "token_made_for_you"} <= given_
    assert given_ - set(REASONS) == set()
    assert {f"reply_{settlement}" for settlement in Settlement} <= set(REASONS)


def test_every_reason_reads_as_sentences_for_its_reader() -> None:
    for name, reason in REASONS.items():
        assert reason.what.endswith((".", "?")), name
        assert not reason.title.endswith("."), name
        assert len(reason.title) <= 70, name
        assert reason.why[:1].islower(), name
        assert not reason.why.endswith("."), name
    assert {reason.topic for reason in REASONS.values()} == set(Topic) == set(TOPICS)


def test_what_newer_code_tells_is_told_all_the_same() -> None:
    assert notices.reason_of(notice("from_tomorrow")).what == "Something has happened."


# Ways. ---------------------------------------------------------------------------------------


def test_without_a_word_everything_comes_at_once_by_every_way() -> None:
    assert notices.ways_of(notice(), Rules(), (Way.MAIL, Way.CHAT)) == (Way.MAIL, Way.CHAT)
    assert notices.is_at_once(notice(), Rules())


def test_a_topic_comes_by_the_ways_that_were_chosen() -> None:
    rules = Rules(topics={Topic.CASES: Rule(ways=frozenset({Way.CHAT}))})
    assert notices.ways_of(notice(), rules, tuple(Way)) == (Way.CHAT,)
    assert notices.ways_of(notice("late"), rules, tuple(Way)) == (Way.MAIL, Way.CHAT)


def test_a_chosen_way_that_is_gone_is_replaced_by_what_there_is() -> None:
    rules = Rules(topics={Topic.CASES: Rule(ways=frozenset({Way.CHAT}))})
    assert notices.ways_of(notice(), rules, (Way.MAIL,)) == (Way.MAIL,)


@pytest.mark.rule(16)
def test_silence_is_kept_save_for_what_is_urgent() -> None:
    assert notices.ways_of(notice("late"), SILENT, tuple(Way)) == ()
    assert notices.ways_of(notice("late", urgent=True), SILENT, tuple(Way)) == tuple(Way)


@given(
    ways=st.frozensets(st.sampled_from(Way)),
    timing=st.sampled_from(Timing),
    reachable=st.sets(st.sampled_from(Way), min_size=1).map(tuple),
    reason=st.sampled_from(sorted(REASONS)),
)
@pytest.mark.rule(16)
def test_what_is_urgent_is_told_at_once_by_some_way_whatever_was_chosen(
    ways: frozenset[Way], timing: Timing, reachable: tuple[Way, ...], reason: str
) -> None:
    rules = Rules(topics={topic: Rule(ways=ways, timing=timing) for topic in Topic})
    one = notice(reason, urgent=True)
    assert notices.ways_of(one, rules, reachable)
    assert notices.is_at_once(one, rules)


# Times. --------------------------------------------------------------------------------------


def test_a_daily_topic_waits_for_the_morning_and_is_due_once_that_has_come() -> None:
    morning = AT + timedelta(hours=20)
    both = (notice(), notice("late", urgent=True))
    assert notices.sort(both, DAILY, AT, morning, AT) == ((both[1],), (both[0],))
    assert notices.sort(both, DAILY, AT, morning, morning) == (both, ())
    assert notices.sort(both, Rules(), AT, morning, AT) == (both, ())


def test_what_asks_for_something_leads_and_what_is_urgent_comes_before_it() -> None:
    told = [notice("commenter_spoke"), notice("decision_wanted"), notice("due_soon", urgent=True)]
    assert [n.reason for n in notices.in_order(told)] == [
        "due_soon",
        "decision_wanted",
        "commenter_spoke",
    ]
    by_case = notices.by_case([notice(), notice("late", about="post/2"), notice("due_soon")])
    assert {about: [n.reason for n in its] for about, its in by_case.items()} == {
        "post/2": ["late"],
        "escalation/1": ["due_soon", "decided"],
    }
