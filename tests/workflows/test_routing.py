"""A comment gets the terms that the policy's routes lay down for it, pinned in its workflow."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.comments import IncomingAuthor
from domain.escalation import Escalation, Stage
from domain.terms import Priority
from store import policies
from tests.builders import Service
from tests.policy.files import compiled

POLICY = """
[teams]
care = "Customer care"
shop = "Online shop"
[channels.console]
kind = "console"
team = "care"
[calendars.always]
zone = "Europe/Berlin"
always = true
[terms.default]
calendar = "always"
[terms.urgent.allowances]
claim = "30m"
[[routes]]
name = "spam"
when = { words = ["casino"] }
quarantine = true
[[routes]]
name = "loud-and-german"
when = { reach_at_least = 1000, languages = ["de"] }
team = "shop"
terms = "urgent"
priority = "urgent"
"""


@pytest.mark.rule(3)
async def test_a_comment_opens_with_the_terms_its_route_lays_down(sqlite_service: Service) -> None:
    with sqlite_service.database.writing() as session:
        policies.apply(session, compiled(POLICY), "root", datetime.now(UTC), reason="Routes")

    loud = await sqlite_service.opened(
        "1", author=IncomingAuthor(handle="@loud", reach=5000), language="de-AT"
    )
    state = sqlite_service.state(loud)
    assert isinstance(state, Escalation)
    assert (state.team, state.terms.name, state.terms.priority) == ("shop", "urgent", "urgent")
    assert (state.terms.language, state.terms.policy_version) == ("de-AT", 2)
    assert state.terms.calendar is not None
    assert state.terms.calendar.id == "always"
    assert state.deadline is not None
    assert state.deadline.allowance == 1800

    plain = sqlite_service.state(await sqlite_service.opened("2"))
    assert isinstance(plain, Escalation)
    assert (plain.team, plain.terms.name) == ("care", "default")
    assert plain.terms.priority is Priority.NORMAL


async def test_suspected_spam_is_held_back_and_nothing_of_it_is_lost(
    sqlite_service: Service,
) -> None:
    with sqlite_service.database.writing() as session:
        policies.apply(session, compiled(POLICY), "root", datetime.now(UTC), reason="Routes")
    stream = await sqlite_service.opened("1", text="Come to my CASINO!")
    assert sqlite_service.state(stream).stage == Stage.HELD
