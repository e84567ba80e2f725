"""docs/webhooks.md is what receivers are sent, and its code verifies it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from channels.receivers import LONGEST_PAUSE, TOTAL
from channels.signing import signature
from domain.hooks import (
    ABOUT_THE_MESSAGE,
    COMMON,
    DISABLED_AFTER,
    FORMER_SECRET,
    MESSAGES,
    TEST,
    TRIES,
    WARNED_AFTER,
)
from domain.kinds import KINDS
from store.hook_log import KEPT_FOR, MOST_ANSWER
from store.hooks import new_secret
from workflows.hook import PAUSES

TEXT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()


def test_every_type_is_told_with_what_it_says() -> None:
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (.+?) \| ?(.*?) ?\|$", TEXT, re.MULTILINE)
    told = {kind: (what, tuple(re.findall(r"`(\w+)`", fields))) for kind, what, fields in rows}
    assert told == {str(kind): (m.what, m.adds) for kind, m in MESSAGES.items()}
    assert f"`{TEST}`" in TEXT


def test_every_field_that_all_messages_have_is_told() -> None:
    section = TEXT.partition("Of each `data`:")[2]
    assert dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", section, re.MULTILINE)) == COMMON


def test_every_type_is_made_from_facts_that_there_are_and_fields_that_they_have() -> None:
    events = {name: event for kind in KINDS.values() for name, event in kind.events.items()}
    for message in MESSAGES.values():
        fields = {f for s in message.sources for f in events[s.fact].model_fields}
        assert fields >= {name.replace("late_stage", "stage") for name in message.fields}


def test_no_type_says_anything_that_could_be_somebody_or_their_words() -> None:
    """By the types of the fields, so that a new one is judged as well."""
    events = {name: event for kind in KINDS.values() for name, event in kind.events.items()}
    people = {"owner", "writer", "approver", "cleared_by", "told", "owed_by", "on_behalf_of"}
    for message in MESSAGES.values():
        for source in message.sources:
            for name in {*message.fields} & {*events[source.fact].model_fields}:
                assert "Words" not in str(events[source.fact].model_fields[name].annotation)
                assert name not in people


def test_the_times_and_limits_are_those_of_the_code() -> None:
    assert TOTAL == 10
    assert "you have ten seconds" in TEXT
    assert ", ".join(map(str, sorted(ABOUT_THE_MESSAGE))) in TEXT
    assert f"tried {TRIES} times" in TEXT
    assert (WARNED_AFTER.total_seconds(), DISABLED_AFTER.days) == (3600, 3)
    assert f"the first {MOST_ANSWER} characters" in TEXT
    assert f"for {KEPT_FOR.days} days" in TEXT
    assert FORMER_SECRET.days == 1
    assert PAUSES.maximum_interval is not None
    assert PAUSES.maximum_interval.total_seconds() == LONGEST_PAUSE == 6 * 3600


def test_the_code_for_receivers_verifies_what_is_sent() -> None:
    (code,) = re.findall(r"```python\n(.+?)```", TEXT, re.DOTALL)
    told: dict[str, Any] = {}
    exec(code, told)
    verified = told["verified"]
    secret, former, at = new_secret(), new_secret(), datetime.now(UTC)

    def headers(moment: datetime, *secrets: str, body: str = "{}") -> dict[str, str]:
        return {
            "webhook-id": "m1",
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": " ".join(signature(s, "m1", moment, body) for s in secrets),
        }

    assert verified(secret, headers(at, secret), b"{}")
    assert verified(secret, headers(at, former, secret), b"{}")
    assert not verified(secret, headers(at, former), b"{}")
    assert not verified(secret, headers(at, secret), b"{ }")
    old = datetime.fromtimestamp(at.timestamp() - 400, UTC)
    assert not verified(secret, headers(old, secret), b"{}")
