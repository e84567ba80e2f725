"""Whose word a panel still waits for, and the terms that allow several decisions at once."""

from __future__ import annotations

import pytest

from domain.panel import Panel, Recommendation, Vote
from domain.people import Actor, Role
from domain.terms import DecisionTerms, Terms

BOSS = frozenset({Role.EXECUTIVE})
CORA = Actor(id="cora", roles=BOSS)
FINN = Actor(id="finn", roles=BOSS)
ADA = Actor(id="ada", roles=frozenset({Role.STAFF}), stands_for=("cora", "finn"))
CORA_FOR_FINN = CORA.model_copy(update={"stands_for": ("finn",)})
YES = Recommendation.APPROVE


@pytest.mark.parametrize(
    ("panel", "actor", "proposer", "voices"),
    [
        (Panel(), CORA, "ada", ("cora",)),
        (Panel(), CORA, "cora", ()),
        (Panel(), CORA_FOR_FINN, "ada", ("cora", "finn")),
        (Panel(), CORA_FOR_FINN, "finn", ("cora",)),
        (Panel(), ADA, "ben", ("cora", "finn")),
        (Panel(), ADA, "ada", ()),
        (Panel(approvers=("finn",)), CORA, "ada", ()),
        (Panel(approvers=("finn",)), CORA_FOR_FINN, "ada", ("finn",)),
        (Panel(extra=("ada",)), ADA, "ben", ("ada", "cora", "finn")),
        (Panel(votes=(Vote(by="cora", outcome=YES),)), CORA, "ada", ()),
        (Panel(votes=(Vote(by="finn", outcome=YES),)), CORA_FOR_FINN, "ada", ("cora",)),
        (Panel(votes=(Vote(by="eve", outcome=YES, on_behalf_of="cora"),)), CORA, "ada", ()),
        (Panel(votes=(Vote(by="eve", outcome=YES, on_behalf_of="cora"),)), ADA, "ben", ("finn",)),
    ],
)
def test_a_person_is_asked_for_each_voice_that_is_still_theirs(
    panel: Panel, actor: Actor, proposer: str, voices: tuple[str, ...]
) -> None:
    assert panel.voices(actor, (CORA, FINN), proposer) == voices
    for voice in voices:
        principal = next((p for p in (CORA, FINN) if p.id == voice != actor.id), None)
        assert panel.cast(actor, YES, principal, proposer).seat == voice


def test_whoever_is_no_longer_an_executive_lends_no_voice() -> None:
    former = FINN.model_copy(update={"roles": frozenset({Role.STAFF})})
    assert Panel().voices(ADA, (CORA, former), "ben") == ("cora",)


def test_terms_from_before_there_were_batches_are_stored_as_they_were() -> None:
    before = DecisionTerms()
    assert "batch" not in before.model_dump(mode="json")
    assert DecisionTerms.model_validate(before.model_dump(mode="json")) == before
    terms = Terms(team="care", policy_version=1, decision=DecisionTerms(batch=True))
    stored = terms.model_dump(mode="json")
    assert stored["decision"]["batch"] is True
    assert Terms.model_validate(stored) == terms
