"""Which terms a comment gets: in order, whole, and always the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar, Offset, Window
from domain.errors import Unknown
from domain.phrases import found
from domain.policy import Plan, Policy, Remark, Rule, When, fits, route
from domain.terms import Allowances, Priority
from tests.builders import AT, policy

OFFICE = Calendar(
    id="office",
    zone="UTC",
    zone_version="2026a",
    weekly=((Window(540, 1020),),) * 5 + ((), ()),
    offsets=(Offset(at=datetime(2020, 1, 1, tzinfo=UTC), seconds=0),),
    since=date(2026, 1, 1),
    until=date(2029, 12, 31),
)
NIGHT = datetime(2026, 3, 2, 3, tzinfo=UTC)


def routed_by(*rules: Rule, **changes: Any) -> Policy:
    terms = {"default": Plan(calendar="office"), "urgent": Plan(priority=Priority.URGENT)}
    return policy(calendars={"office": OFFICE}, terms=terms, routes=rules, **changes)


def remark(**changes: Any) -> Remark:
    values: dict[str, Any] = {"channel": "console", "text": "My bike is broken.", "at": AT}
    return Remark(**(values | changes))


def rule(name: str, when: When | None = None, **then: Any) -> Rule:
    return Rule(name=name, when=when or When(), **then)


def test_the_first_rule_that_fits_counts() -> None:
    rules = (
        rule("shop", When(channels=("shop",)), team="shop"),
        rule("bikes", When(words=("bike",)), terms="urgent"),
        rule("all", terms="default", quarantine=True),
    )
    got = route(routed_by(*rules), 3, remark())
    assert (got.rule, got.terms.name, got.quarantine) == ("bikes", "urgent", False)
    got = route(routed_by(*reversed(rules)), 3, remark())
    assert (got.rule, got.terms.name, got.quarantine) == ("all", "default", True)


def test_what_a_rule_does_not_name_is_the_channels() -> None:
    got = route(routed_by(rule("all", priority=Priority.LOW)), 3, remark(channel="shop"))
    assert (got.terms.team, got.terms.name, got.terms.priority) == ("shop", "default", "low")


def test_a_channel_can_name_its_terms() -> None:
    given_ = policy()
    channels = {
        name: channel.model_copy(update={"terms": "urgent"})
        for name, channel in given_.channels.items()
    }
    assert route(routed_by(channels=channels), 3, remark()).terms.priority is Priority.URGENT


def test_terms_are_whole_also_those_of_a_policy_without_names() -> None:
    before = route(policy(allowances=Allowances(claim=60)), 3, remark()).terms
    named = route(routed_by(), 3, remark()).terms
    for terms in (before, named):
        assert None not in (
            terms.priority, terms.limits, terms.decision, terms.replies, terms.promises
        )  # fmt: skip
    assert (before.name, before.calendar, before.allowances.claim) == (None, None, 60)
    assert (named.name, named.policy_version) == ("default", 3)


@pytest.mark.rule(3)
def test_the_calendar_is_pinned_as_far_as_it_can_matter() -> None:
    pinned = route(routed_by(), 3, remark()).terms.calendar
    assert pinned is not None
    assert pinned.since == date(2026, 3, 1)
    assert date(2027, 3, 2) < pinned.until <= OFFICE.until


@pytest.mark.parametrize(
    ("when", "changes", "is_so"),
    [
        (When(), {}, True),
        (When(channels=("console", "x")), {}, True),
        (When(channels=("shop",)), {}, False),
        (When(words=("saddle", "BIKE")), {}, True),
        (When(words=("bikes",)), {}, False),
        (When(words=("is broken",)), {"text": "It is\n  broken"}, True),
        (When(reach_at_least=1000), {"reach": 1000}, True),
        (When(reach_at_least=1000), {"reach": 999}, False),
        (When(reach_at_least=1000), {}, False),
        (When(reach_at_least=0), {}, True),
        (When(languages=("de",)), {"language": "de-AT"}, True),
        (When(languages=("de-at",)), {"language": "de-AT"}, True),
        (When(languages=("de-AT",)), {"language": "de"}, False),
        (When(languages=("de",)), {"language": "den"}, False),
        (When(languages=("de",)), {}, False),
        (When(during="office"), {}, True),
        (When(during="office"), {"at": NIGHT}, False),
        (When(outside="office"), {"at": NIGHT}, True),
        (When(outside="office"), {}, False),
        (When(backlog=True), {"is_backlog": True}, True),
        (When(backlog=True), {}, False),
        (When(backlog=False), {}, True),
        (When(words=("bike",), reach_at_least=5), {"reach": 4}, False),
    ],
)
def test_a_rule_fits_where_everything_it_says_is_so(
    when: When, changes: dict[str, Any], is_so: bool
) -> None:
    assert fits(routed_by(), when, remark(**changes)) is is_so


@pytest.mark.parametrize(
    ("phrase", "text", "is_found"),
    [
        ("bike", "My BIKE!", True),
        ("bike", "motorbikes", False),
        ("bike", "bike_shop", False),
        ("don't", "I don’t know", True),
        ("straße", "STRASSE", True),
        ("café", "the cafe\u0301", True),
        ("casino", "ca\u200bsi\u00adno", True),
        ("c++", "c++ is it", True),
        ("#fail", "what a #fail", True),
        ("電池", "この電池は危険", True),
        ("แบต", "ซื้อแบตมา", True),
        ("aku", "akku", False),
        ("", "anything", False),
    ],
)
def test_words_are_found_whole_whatever_their_case(phrase: str, text: str, is_found: bool) -> None:
    assert (found((phrase,), text) is not None) is is_found


def test_a_channel_the_policy_no_longer_has_names_the_way_out() -> None:
    with pytest.raises(Unknown, match="no channel 'gone' in version 3"):
        route(policy(), 3, remark(channel="gone"))


def test_a_backlog_has_no_ladders_until_its_date() -> None:
    begins = datetime(2026, 4, 1, tzinfo=UTC)
    dated = routed_by(backlog_ladders_at=begins)
    before = route(dated, 3, remark(is_backlog=True))
    assert (before.is_backlog, before.ladders_at) == (True, begins)
    after = route(dated, 3, remark(is_backlog=True, at=begins))
    assert (after.is_backlog, after.ladders_at) == (False, None)
    assert route(routed_by(), 3, remark(is_backlog=True)).is_backlog
    assert not route(dated, 3, remark()).is_backlog


WHENS = st.builds(
    When,
    channels=st.sampled_from([(), ("console",), ("shop",), ("console", "shop")]),
    words=st.sampled_from([(), ("bike",), ("red bike",), ("bike", "saddle")]),
    reach_at_least=st.sampled_from([None, 0, 10, 100]),
    languages=st.sampled_from([(), ("de",), ("de-AT",), ("de-AT", "fr")]),
    during=st.sampled_from([None, "office"]),
    backlog=st.sampled_from([None, True, False]),
)
REMARKS = st.builds(
    Remark,
    channel=st.sampled_from(["console", "shop"]),
    text=st.sampled_from(["", "a bike", "a red bike", "saddle", "bikes"]),
    reach=st.sampled_from([None, 0, 10, 1000]),
    language=st.sampled_from([None, "de", "de-AT", "fr"]),
    at=st.sampled_from([AT, NIGHT]),
    is_backlog=st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(WHENS, WHENS, REMARKS)
def test_a_rule_behind_one_that_covers_it_is_never_reached(
    first: When, second: When, one: Remark
) -> None:
    if first.covers(second) and fits(routed_by(), second, one):
        assert fits(routed_by(), first, one)


@settings(max_examples=50, deadline=None)
@given(st.lists(WHENS, max_size=4), REMARKS)
def test_routing_is_always_the_same(whens: list[When], one: Remark) -> None:
    given_ = routed_by(*(rule(f"r{n}", when, team="shop") for n, when in enumerate(whens)))
    assert route(given_, 3, one) == route(given_, 3, one)
    stored = Policy.model_validate_json(given_.model_dump_json())
    assert route(stored, 3, one) == route(given_, 3, one)
