"""What a reviewer reads about a change of policy, and about what it would have done."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from domain.calendar import Day
from domain.policy import Remark
from policy.difference import calendar_differences, differences
from policy.file import read_policy_file
from policy.simulation import simulate
from tests.builders import AT
from tests.policy.files import SMALL, compiled

BEFORE = (
    SMALL
    + """
[terms.default.allowances]
claim = "4h"
[[terms.default.ladder]]
at = "75%"
act = "remind"
to = "owner"
[[routes]]
name = "first"
when = { words = ["fire"] }
priority = "urgent"
[[routes]]
name = "second"
when = { words = ["casino"] }
quarantine = true
"""
)


def changes(old: str, new: str) -> list[str]:
    return [str(c) for c in differences(read_policy_file(old), read_policy_file(new))]


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("4h", "2h", "~ terms.default.allowances.claim: 4h → 2h"),
        ('at = "75%"', 'at = "-1h"', "~ terms.default.ladder[0].at: 75% → -1h"),
        ('"fire"', '"fire", "smoke"', "~ routes[first].when.words: fire → fire, smoke"),
        ("quarantine = true", "terms = 'default'", "+ routes[second].terms: default"),
        ("quarantine = true", "priority = 'low'", "- routes[second].quarantine: yes"),
        ('care = "Customer care"', 'care = "Care"', "~ teams.care: Customer care → Care"),
        ("[[routes]]\nname = \"first\"", "[public]\nstaff = 'name'\n[[routes]]\nname = \"first\"",
         "+ public.staff: name"),
    ],
)  # fmt: skip
def test_a_change_is_told_by_its_key_from_old_to_new(written: str, instead: str, told: str) -> None:
    assert told in changes(BEFORE, BEFORE.replace(written, instead))


@pytest.mark.parametrize(
    ("written", "instead"), [('"4h"', '"PT4H"'), ('"4h"', "14400"), ('at = "75%"', 'at = "75.0%"')]
)
def test_the_same_in_other_words_is_no_change(written: str, instead: str) -> None:
    assert changes(BEFORE, BEFORE.replace(written, instead)) == []


def test_a_route_more_at_the_top_is_one_change() -> None:
    more = '[[routes]]\nname = "new"\npriority = "low"\nwhen = { words = ["x"] }\n'
    after = BEFORE.replace("[[routes]]", more + "[[routes]]", 1)
    assert {c.split(".")[0].split(":")[0] for c in changes(BEFORE, after)} == {"+ routes[new]"}


def test_another_order_of_routes_is_a_change() -> None:
    head, first, second = BEFORE.split("[[routes]]")
    after = f"{head}[[routes]]{second}[[routes]]{first}"
    assert changes(BEFORE, after) == ["~ routes, in order: first, second → second, first"]


@pytest.mark.rule(3)
def test_a_holiday_that_a_newer_library_knows_is_told() -> None:
    text = SMALL + '[calendars.office]\nzone = "Europe/Berlin"\nhours = { mon = ["09:00-17:00"] }\n'
    old = compiled(text).calendars
    day = Day(on=date(2027, 3, 8), name="Women's Day")
    new = {"office": old["office"].model_copy(update={"days": (day,), "zone_version": "2030z"})}
    told = [str(c) for c in calendar_differences(old, new)]
    assert told == [
        f"~ calendars.office, zone data: {old['office'].zone_version} → 2030z",
        "~ calendars.office, Mon 8 Mar 2027: a day like others → Women's Day, off",
    ]


# Trying a draft out. -------------------------------------------------------------------------


def remark(text: str, at: datetime = AT, channel: str = "blog") -> Remark:
    return Remark(channel=channel, text=text, at=at)


REMARKS = [("E1", remark("Fire!")), ("E2", remark("casino")), ("E3", remark("Hello"))]


def test_a_draft_that_changes_nothing_would_have_changed_nothing() -> None:
    result = simulate(compiled(BEFORE), compiled(BEFORE), REMARKS)
    assert (result.looked_at, result.changed, result.differences) == (3, 0, ())


def test_what_a_draft_would_have_changed_is_counted_with_examples() -> None:
    draft = BEFORE.replace('claim = "4h"', 'claim = "2h"').replace("casino", "roulette")
    result = simulate(compiled(BEFORE), compiled(draft), REMARKS)
    assert (result.looked_at, result.changed) == (3, 3)
    told = {d.what: (d.was, d.would_be, d.count) for d in result.differences}
    assert told == {
        "first move due": ("as it is", "earlier", 3),
        "suspected spam": ("held back", "let through", 1),
    }
    spam = next(d for d in result.differences if d.what == "suspected spam")
    assert spam.examples == ["E2"]


def test_who_would_have_decided_is_told() -> None:
    draft = BEFORE + '[terms.default.decision]\nmode = "all"\napprovers = ["cora", "finn"]\n'
    result = simulate(compiled(BEFORE), compiled(draft), REMARKS)
    (one,) = result.differences
    assert (one.what, one.was, one.would_be) == (
        "decided by",
        "one of the executives",
        "all of cora, finn",
    )
    assert one.count == 3


def test_a_channel_that_the_draft_drops_is_told() -> None:
    draft = BEFORE.replace("channels.blog", "channels.other")
    result = simulate(compiled(BEFORE), compiled(draft), REMARKS)
    assert result.unroutable == ("E1", "E2", "E3")
    assert result.changed == 0
