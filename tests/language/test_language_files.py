"""Every rule of every language file does what its own examples say."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from language import rules
from language.promises import find
from language.reading import Reading
from language.rules import Excuse, Language, Rule
from language.thanks import is_only_thanks

NAMES = (*rules.known(), rules.NEUTRAL)


def own(name: str) -> rules.Language:
    """A file alone, without the neutral rules that `of` adds."""
    whole, neutral = rules.of(name), rules.of(rules.NEUTRAL).promise
    own = whole.promise if name == rules.NEUTRAL else whole.promise[: -len(neutral)]
    return whole.model_copy(update={"promise": own})


PROMISES = [
    pytest.param(name, rule, id=f"{name}-{rule.id}") for name in NAMES for rule in own(name).promise
]
EXCUSES = [
    pytest.param(name, rule, id=f"{name}-{rule.id}") for name in NAMES for rule in own(name).excuse
]


def plain(text: str) -> list[str]:
    return [sentence.plain for sentence in Reading(text).sentences("en")]


def matches(rule: Rule, text: str) -> bool:
    return any(rule.compiled.search(sentence) for sentence in plain(text))


@pytest.mark.rule(9)
@pytest.mark.parametrize(("name", "rule"), PROMISES)
def test_a_promise_rule_finds_its_examples(name: str, rule: Rule) -> None:
    for text in rule.finds:
        assert matches(rule, text), text
        assert find(text, name), text


@pytest.mark.rule(9)
@pytest.mark.parametrize(("name", "rule"), PROMISES)
def test_a_promise_rule_spares_what_only_looks_like_one(name: str, rule: Rule) -> None:
    for text in rule.spares:
        assert not find(text, name), text


@pytest.mark.rule(9)
@pytest.mark.parametrize(("name", "excuse"), EXCUSES)
def test_an_excuse_is_what_makes_its_examples_pass(name: str, excuse: Excuse) -> None:
    for text in excuse.finds:
        assert not find(text, name), text
        assert matches(excuse, text), text


@pytest.mark.rule(9)
@pytest.mark.parametrize(("name", "excuse"), EXCUSES)
def test_an_excuse_leaves_its_counterexamples_promises(name: str, excuse: Excuse) -> None:
    for text in excuse.spares:
        assert find(text, name), text


@pytest.mark.parametrize(("name", "excuse"), EXCUSES)
def test_an_excuse_names_rules_that_exist(name: str, excuse: Excuse) -> None:
    assert set(excuse.of) <= {rule.id for rule in rules.of(name).promise}


@pytest.mark.parametrize("name", NAMES)
def test_thanks_are_told_from_what_only_sounds_like_them(name: str) -> None:
    thanks = own(name).thanks
    assert [text for text in thanks.yes if not is_only_thanks(text, name)] == []
    assert [text for text in thanks.no if is_only_thanks(text, name)] == []


RULE = {"id": "a", "why": "Because it is so.", "pattern": "a", "finds": ["a"], "spares": ["b"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"promise": [RULE, RULE]},
        {"promise": [RULE | {"pattern": "("}]},
        {"promise": [RULE | {"finds": []}]},
        {"promise": [RULE | {"spares": []}]},
        {"promise": [RULE | {"why": ""}]},
    ],
)
def test_a_rule_without_reason_or_proof_is_no_rule(wrong: dict[str, object]) -> None:
    assert Language.model_validate({"promise": [RULE]})
    with pytest.raises(ValidationError):
        Language.model_validate(wrong)
