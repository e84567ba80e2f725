"""The example policy is a policy, the reference names every key, and a file comes back whole."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from domain.policy import Policy, Remark, route
from domain.terms import Allowances, DecisionTerms, Limits, PromiseTerms, ReplyTerms
from policy import shape
from policy.compiling import compile_policy, horizon
from policy.file import from_policy, read_policy_file, to_toml
from policy.spans import PLAIN, parse
from store.policies import digest_of
from tests.builders import policy as old_policy
from tests.policy.files import SINCE, SMALL, UNTIL, compiled, look_at

EXAMPLE = (files("answerable") / "samples" / "example-policy.toml").read_text("utf-8")
REFERENCE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text("utf-8")


def test_the_example_is_without_errors_and_warnings() -> None:
    found = look_at(EXAMPLE, {})
    assert found.errors == ()
    assert found.warnings == ()


def test_every_line_of_the_example_that_says_something_is_taken() -> None:
    """No key stands at its default because it was misread: what is read is what is written."""
    assert tomllib.loads(to_toml(read_policy_file(EXAMPLE)))["routes"][0]["name"] == "danger"
    data, read = tomllib.loads(EXAMPLE), tomllib.loads(to_toml(read_policy_file(EXAMPLE)))
    data["backlog"]["ladders_from"] = read["backlog"]["ladders_from"]
    assert read == data


@pytest.mark.parametrize(
    ("text", "rule", "team", "terms"),
    [
        ("Your battery caught FIRE!", "danger", "safety", "safety"),
        ("My brakes\nfailed.", "danger", "safety", "safety"),
        ("Visit my casino", "spam", "care", "default"),
        ("Where is my order?", None, "care", "default"),
    ],
)
def test_the_example_routes_as_it_says(text: str, rule: str | None, team: str, terms: str) -> None:
    remark = Remark(channel="blog", text=text, at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    routed = route(compiled(EXAMPLE), 1, remark)
    assert (routed.rule, routed.terms.team, routed.terms.name) == (rule, team, terms)


# The reference. ------------------------------------------------------------------------------

HEADING = re.compile(r"^#{2,3} `\[+([a-zA-Z.]+)\]+`$", re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| (.*?) ?\| (.+) \|$", re.MULTILINE)

TABLES: dict[str, type[BaseModel]] = {
    "channels.ID": shape.ChannelSection,
    "calendars.ID": shape.CalendarSection,
    "calendars.ID.holidays": shape.HolidaysSection,
    "calendars.ID.off": shape.DayOffSection,
    "calendars.ID.on": shape.DayOnSection,
    "ladders.ID": shape.RungSection,
    "terms.ID": shape.TermsSection,
    "terms.ID.allowances": shape.AllowancesSection,
    "terms.ID.limits": shape.LimitsSection,
    "terms.ID.decision": shape.DecisionSection,
    "terms.ID.replies": shape.RepliesSection,
    "terms.ID.promises": shape.PromisesSection,
    "routes": shape.RouteSection,
    "routes.when": shape.WhenSection,
    "backlog": shape.BacklogSection,
    "public": shape.PublicSection,
    "people.ID": shape.PersonSection,
}


def told() -> dict[str, dict[str, str]]:
    """Table to key to default, as docs/policy.md says."""
    parts = HEADING.split(REFERENCE)[1:]
    return {
        table: {key: default for key, default, _ in ROW.findall(text.partition("\n## ")[0])}
        for table, text in zip(parts[::2], parts[1::2], strict=True)
    }


def test_the_reference_names_every_key_and_no_other() -> None:
    names = {table: set(model.model_fields) for table, model in TABLES.items()}
    assert {table: set(keys) for table, keys in told().items()} == {"teams": set(), **names}


def test_every_table_of_the_file_is_in_the_reference() -> None:
    named = {table.split(".")[0] for table in told()} | {"allowances", "ladder"}
    assert named == set(shape.PolicyFile.model_fields)


@pytest.mark.parametrize(
    ("table", "group"),
    [
        ("terms.ID.allowances", Allowances),
        ("terms.ID.limits", Limits),
        ("terms.ID.decision", DecisionTerms),
        ("terms.ID.replies", ReplyTerms),
        ("terms.ID.promises", PromiseTerms),
    ],
)
def test_the_reference_tells_the_defaults_that_hold(table: str, group: type[BaseModel]) -> None:
    """And the file has every key that terms have: no more, no less."""
    assert set(TABLES[table].model_fields) == set(group.model_fields)
    for key, default in told()[table].items():
        if (match := re.fullmatch(r"`(.+)`", default)) is None:
            continue
        is_span = "Span" in str(TABLES[table].model_fields[key])
        real = group.model_fields[key].default
        if is_span:
            written = parse(int(match[1])) if match[1].isdigit() else parse(match[1])
            assert written.of(PLAIN) == real, key
        else:
            assert match[1] == str(real).lower(), key


# There and back. -----------------------------------------------------------------------------


def test_the_example_comes_back_with_the_same_digest() -> None:
    assert digest_of(compiled(to_toml(read_policy_file(EXAMPLE)))) == digest_of(compiled(EXAMPLE))


def test_a_version_from_before_files_were_kept_comes_back_as_one() -> None:
    before = old_policy(allowances=Allowances(claim=60), terms={})
    assert compiled(to_toml(from_policy(before))) == before


def test_a_stored_policy_from_before_terms_had_names_still_reads() -> None:
    body = (
        '{"channels":{"console":{"kind":"console","team":"care","url":null,"find_url":null,'
        '"max_length":5000,"posts_per_second":10.0}},"teams":{"care":"Customer care"},'
        '"allowances":{"claim":60,"propose":28800,"decide":28800,"reply":14400,"listen":604800},'
        '"ladder":[{"permille":750,"act":"remind","to":"owner"}]}'
    )
    policy = Policy.model_validate_json(body)
    terms = route(policy, 7, Remark(channel="console", at=datetime(2026, 3, 2, tzinfo=UTC))).terms
    assert (terms.team, terms.policy_version, terms.name) == ("care", 7, None)
    assert terms.allowances.claim == 60
    assert len(terms.ladder) == 1


def spans(least: int = 1) -> st.SearchStrategy[str]:
    return st.builds("{}{}".format, st.integers(least, 40), st.sampled_from("mhd"))


def marks() -> Iterator[str]:
    yield from ("25%", "75%", "100%", "250%")


TERMS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "calendar": st.sampled_from(["office", "plain"]),
        "priority": st.sampled_from(["low", "normal", "urgent"]),
        "language": st.sampled_from(["de", "pt-BR"]),
        "is_public": st.booleans(),
        "ladder": st.lists(st.sampled_from(list(marks())), min_size=1, unique=True).map(
            lambda at: [
                {"at": a, "act": "remind", "to": "owner"}
                for a in sorted(at, key=lambda a: int(a[:-1]))
            ]
        ),
        "allowances": st.fixed_dictionaries(
            {}, optional={"claim": spans(), "decide": spans(), "listen": spans()}
        ),
        "decision": st.sampled_from(
            [{}, {"mode": "owner"}, {"mode": "some", "needed": 2}, {"batch": True}]
        ),
        "replies": st.fixed_dictionaries(
            {}, optional={"undo": st.just("2m"), "gate": st.booleans()}
        ),
    },
)


@settings(max_examples=40, deadline=None)
@given(
    terms=st.dictionaries(st.sampled_from(["default", "urgent", "slow"]), TERMS, max_size=3),
    words=st.lists(st.text(min_size=1, max_size=20), max_size=3),
)
def test_whatever_file_is_applied_comes_back_with_the_same_digest(
    terms: dict[str, Any], words: list[str]
) -> None:
    data = tomllib.loads(SMALL) | {
        "calendars": {"office": {"zone": "Europe/Berlin", "hours": {"mon-fri": ["09:00-17:00"]}}},
        "terms": terms,
        "routes": [{"name": "a", "when": {"words": words}, "priority": "low"}],
    }
    import tomli_w

    first = compile_policy(read_policy_file(tomli_w.dumps(data)), SINCE, UNTIL)
    again = compile_policy(read_policy_file(to_toml(read_policy_file(tomli_w.dumps(data)))),
                           SINCE, UNTIL)  # fmt: skip
    assert digest_of(again) == digest_of(first)
    assert Policy.model_validate_json(first.model_dump_json()) == first


@pytest.mark.rule(3)
def test_within_a_year_the_same_file_is_the_same_policy() -> None:
    file = read_policy_file(EXAMPLE)
    first, last, next_year = date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)
    digests = [digest_of(compile_policy(file, *horizon(d))) for d in (first, last, next_year)]
    assert digests[0] == digests[1] != digests[2]
