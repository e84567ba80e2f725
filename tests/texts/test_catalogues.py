"""The catalogues hold every message of the code, and German says every one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Message
from markupsafe import Markup

import texts
from texts import FOLDER, catalogues, rules

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"%\((\w+)\)s")
TAG = re.compile(r"</?\w+[^>]*>")
LANGUAGES = sorted(file.stem for file in FOLDER.glob("*.po"))


def pairs(message: Message) -> list[tuple[str, str]]:
    """Each text of a message with what is said for it."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    # Every form of the number may be said for "many"; that of one may leave the number out.
    return [(message.id[-1], str(said)) for said in message.string or ()]


def test_the_template_holds_every_message_and_no_other() -> None:
    made = catalogues.written(catalogues.collected())
    assert catalogues.TEMPLATE.read_bytes() == made, "run: make texts"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_the_messages_of_the_template(language: str) -> None:
    file = FOLDER / f"{language}.po"
    template = catalogues.collected()
    assert file.read_bytes() == catalogues.written(catalogues.updated(file, template))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_none_is_a_guess(language: str) -> None:
    told = catalogues.read(FOLDER / f"{language}.po")
    missing = [m.id for m in told if m.id and not all(said for _, said in pairs(m))]
    assert not missing
    assert not [m.id for m in told if m.id and m.fuzzy]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_places_the_tags_and_the_edges_of_its_message(language: str) -> None:
    for message in catalogues.read(FOLDER / f"{language}.po"):
        if not message.id:
            continue
        for text, said in pairs(message):
            wanted, found = set(PLACE.findall(text)), set(PLACE.findall(said))
            assert found <= wanted | {"num"}, said
            if isinstance(message.id, str):
                assert found == wanted, said
                assert sorted(TAG.findall(said)) == sorted(TAG.findall(text)), said
            assert (said[:1].isspace(), said[-1:].isspace()) == (
                text[:1].isspace(),
                text[-1:].isspace(),
            ), said


RULES = """
raise Conflict("taken", f"already claimed by {state.owner}", f"ask {', '.join(missing)}: {n:.0f} %")
raise Unknown("x", "there is nothing here", "list them with GET /api/v1/things")
"""


def test_a_sentence_of_the_rules_is_said_by_what_it_was_made_of() -> None:
    assert list(rules.templates(RULES, "domain/x.py")) == [
        "already claimed by %(owner)s",
        "ask %(missing)s: %(n)s %%",
        "there is nothing here",
    ]


@pytest.mark.parametrize(
    ("said", "message", "values"),
    [
        ("already claimed by ben", "already claimed by %(owner)s", {"owner": "ben"}),
        (
            "is 'fax', but must be one of console, webhook",
            "is %(error)s, but must be one of %(names)s",
            {"error": "'fax'", "names": "console, webhook"},
        ),
        (
            "these words are 93 % those of an earlier reply",
            "these words are %(likeness)s %% those of an earlier reply",
            {"likeness": "93"},
        ),
    ],
)
def test_of_sentences_that_fit_the_one_that_says_most_itself_is_meant(
    said: str, message: str, values: dict[str, str]
) -> None:
    known = rules.patterns(catalogues.collected())
    assert rules.match(said, known) == (message, values)


def test_nothing_is_understood_that_the_rules_never_say() -> None:
    assert rules.understood("nothing that the rules say") is None
    assert rules.understood("already claimed by " + "x" * rules.LONGEST) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_ends_in_two_full_stops(language: str) -> None:
    """Where an abbreviation, such as that of minutes, stands at its end."""
    short = "3 Std."
    for message in catalogues.read(FOLDER / f"{language}.po"):
        for text, said in pairs(message) if message.id else ():
            if not PLACE.search(said):
                continue  # Nothing is put there, and a sign of percent is one.
            values = dict.fromkeys((*PLACE.findall(text), "num"), short)
            marked = {name: Markup("<b>{}</b>").format(short) for name in values}
            for told in (texts.filled(said, values), texts.filled(said, marked)):
                assert not re.search(r"(?<!\.)\.(</b>)?\.(?=\s|$)", told), told


def test_a_full_stop_is_left_out_for_nothing_but_another() -> None:
    filled = texts.filled
    assert filled("Due in %(span)s. Then late.", {"span": "3 Std."}) == "Due in 3 Std. Then late."
    assert filled("Due in %(span)s.", {"span": "3 h"}) == "Due in 3 h."
    assert filled("%(a)s.%(b)s or %(a)s...", {"a": "x.", "b": 1}) == "x..1 or x...."
    assert filled("Due %(when)s.", {"when": Markup("<i>3 Std.</i>")}) == "Due <i>3 Std.</i>"


def test_german_has_both_forms_of_every_number() -> None:
    told = catalogues.read(FOLDER / "de.po")
    counted = [m for m in told if m.id and not isinstance(m.id, str)]
    assert counted
    assert all(len(m.string or ()) == 2 for m in counted)


def test_the_catalogues_come_along_in_the_wheel() -> None:
    from hatchling.builders.wheel import WheelBuilder

    builder = WheelBuilder(str(ROOT))
    included = {file.distribution_path for file in builder.recurse_included_files()}
    assert {f"texts/locales/{language}.po" for language in LANGUAGES} <= included
    assert "texts/locales/answerable.pot" in included  # By it, sentences of rules are understood.


@pytest.mark.parametrize(
    ("asked", "region"),
    [
        ("", "en_GB"),
        ("de", "de"),
        ("de-AT,de;q=0.8,en;q=0.5", "de_AT"),
        ("en-US,en;q=0.9", "en_US"),
        ("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.4", "de"),
        ("fr", "en_GB"),
        ("en;q=0.2, de;q=0.9", "de"),
        ("de;q=0, en", "en_GB"),
        ("*", "en_GB"),
        ("de;q=much, xx-!!, ;;;", "en_GB"),
        ("zh-Hant-TW, de-Latn-CH", "de_CH"),
    ],
)
def test_a_reader_is_answered_in_the_language_they_want_most(asked: str, region: str) -> None:
    assert texts.negotiated(asked).region == region


def test_a_language_is_spoken_for_as_long_as_it_is_asked_for() -> None:
    german = texts.language("de")
    assert german is not None
    with texts.speaking(german):
        assert texts.gettext("Queue") == "Eingang"
        assert texts.ngettext("%(num)s person", "%(num)s people", 1) == "1 Person"
        assert texts.ngettext("%(num)s person", "%(num)s people", 3) == "3 Personen"
    assert texts.gettext("Queue") == "Queue"


def test_words_from_right_to_left_are_told_to_the_page() -> None:
    assert texts.english().direction == "ltr"
    arabic = Locale.parse("ar")
    assert texts.Language("ar", "ar", arabic, texts.english().messages).direction == "rtl"
