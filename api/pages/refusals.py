"""Sentences of the rules as a page says them: in the reader's language, with names of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import texts
from api.deps import Door
from api.pages.labels import ACTS_OF, ROLE_NAMES, STAGES, possible_while
from store import people
from texts import Sayings, raw_gettext, rules
from texts import gettext as _

_PEOPLE = frozenset(
    {"accountable", "actor", "agreed_by", "asked_by", "assignee", "by", "delegate", "doer"}
    | {"manager", "mine", "missing", "names", "other", "others", "owner", "person", "person_id"}
    | {"principal", "proposer"}
)
"""Places in which a sentence of the rules names people, by their ids."""


_ASPECTS = Sayings(
    {
        "stage": "the stage",
        "owner": "the owner",
        "proposal": "the proposal",
        "comment": "the comment",
        "reply": "the reply",
        "date": "the date",
    }
)
"""What of a case can have changed while somebody looked at it."""


def people_in(text: str) -> tuple[str, ...]:
    """The ids of whoever a sentence may name."""
    found = rules.understood(text)
    if found is None:
        return ()
    named = [value for place, value in found.values.items() if place in _PEOPLE]
    return tuple(one for value in named for one in value.split(", "))


def named(text: str, names: Mapping[str, str]) -> str:
    """A sentence with the names of people in place of their ids; still in English."""
    found = rules.understood(text)
    if found is None:
        return text
    return found.message % {
        place: _names(value, names) if place in _PEOPLE else value
        for place, value in found.values.items()
    }


def _names(ids: str, names: Mapping[str, str]) -> str:
    return ", ".join(names.get(one, one) for one in ids.split(", "))


async def named_by(door: Door, texts_said: Iterable[str]) -> list[str]:
    """The same for sentences about whom nobody has looked up yet."""
    said = list(texts_said)
    ids = {one for text in said for one in people_in(text)}
    names = await door.read(lambda session: people.names(session, ids)) if ids else {}
    return [named(text, names) for text in said]


def refused(text: str) -> str:
    """Why something was refused. What no catalogue knows stays English, and says that it is."""
    if not text:
        return ""
    told = _anew(text)
    if told is None:
        return text if texts.spoken().code == texts.ENGLISH else texts.Foreign(text)
    return told


def _anew(text: str) -> str | None:
    """The sentence in the reader's language; None where no catalogue knows it."""
    told = raw_gettext(text)
    if told != text:
        return told
    found = rules.understood(text)
    if found is None:
        return None
    told = raw_gettext(found.message)
    if told == found.message and texts.spoken().code != texts.ENGLISH:
        return None
    values = {place: _value(place, value) for place, value in found.values.items()}
    return texts.filled(told, values)


def anew(text: str) -> str:
    """A part of what the rules say, or data among it: what no catalogue knows stays as it is. A
    single word is taken for data."""
    return (_anew(text) or text) if " " in text else text


def _value(place: str, value: str) -> str:
    """What stands in a place: a part of a sentence is said anew as well; data stays as it is."""
    if place == "may":
        return ", ".join(ROLE_NAMES.get(role, role) for role in value.split(", "))
    if place == "changed":
        aspects = value.removeprefix("the ").split(" and the ")
        return _(" and ").join(_ASPECTS.get(one, one) for one in aspects)
    return anew(value)


def of_somebody_else(who: str) -> str:
    """Why an act is not for this reader; ``who`` it is for, as the rules say it."""
    return _("this is for: %(who)s", who=refused(who))


def out_of_turn(kind: str, act: str, stages: Iterable[str], stage: str) -> str:
    """Why an act is not possible now, in the words of the pages and not of the rules."""
    return _(
        "“%(act)s” is %(possible)s. Now: %(stage)s",
        act=ACTS_OF[kind].get(act, act),
        possible=possible_while(kind, frozenset(stages)),
        stage=STAGES[kind].get(stage, stage),
    )
