"""What a form asks for, read off the body of its command.

Acts whose forms say more than their fields have them written out in ``forms.html``; all others are
drawn from here, so that whatever can be sent as JSON can be sent by a form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AwareDatetime

from api.bodies import BODIES
from api.pages import labels, times
from texts import Sayings, spoken

_LINES = frozenset({"link", "source"})
"""Texts that are an address; all others are written in an area."""

_OFFERED = frozenset({"person", "replaced_by", "on_behalf_of", "team", "terms", "into"})
"""Texts that name something else, as do all ids: chosen from what ``offers`` has."""

LABELS = Sayings(
    {
        "person": "Who",
        "replaced_by": "Who decides instead",
        "on_behalf_of": "On behalf of",
        "team": "Team",
        "terms": "Terms of the policy",
        "into": "Into which case",
        "matter_id": "Which matter",
        "promise_id": "Which promise",
        "link": "Where it can be read",
        "until": "Until the end of",
        "due_at": "Due by the end of",
        "hours": "Working hours",
        "question": "What you want to know",
        "text": "The words",
        "reason": "The reason",
        "code": "Why",
        "outcome": "What you decide",
        "not_promises": "Sentences that read like a promise and are none, one a line",
        "same_because": "Why the words of an earlier reply are right here, too",
        "despite_news": "The commenter has spoken since, and the words fit all the same",
    }
)

_WORDS: dict[str, Mapping[str, str]] = {
    "PauseCode": labels.PAUSE_CODES,
    "ExtendCode": labels.EXTEND_CODES,
    "RefusalCode": labels.REFUSAL_CODES,
    "DismissCode": labels.DISMISS_CODES,
    "Recommendation": labels.RECOMMENDATIONS,
}


_SHAPES: dict[Any, str] = {
    datetime: "date",
    AwareDatetime: "date",  # What a Moment is underneath.
    bool: "check",
    float: "number",
    int: "number",
    tuple: "lines",
}


@dataclass(frozen=True)
class Input:
    """One field of a form. ``shape``: area, line, lines, offer, choice, date, number, check."""

    name: str
    label: str
    shape: str
    is_required: bool
    options: tuple[tuple[str, str], ...] = ()


def inputs(kind: str, act: str) -> tuple[Input, ...]:
    """The fields of an act's form, those that may be left out last, in the reader's language."""
    return _inputs(kind, act, spoken().code)


@cache
def _inputs(kind: str, act: str, _language: str) -> tuple[Input, ...]:
    fields = BODIES[kind][act].model_fields
    found = [
        _input(name, field.annotation, is_required=field.is_required())
        for name, field in fields.items()
        if name not in ("expected_seq", "promises")
    ]
    return tuple(sorted(found, key=lambda one: not one.is_required))


def _input(name: str, annotation: Any, *, is_required: bool) -> Input:
    inner = _plain(annotation)
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    if isinstance(inner, type) and issubclass(inner, StrEnum):
        words = _WORDS.get(inner.__name__, {})
        options = tuple((str(v), words.get(v, v.replace("_", " "))) for v in inner)
        if not is_required:
            options = (("", "—"), *options)
        return Input(name, label, "choice", is_required, options)
    return Input(name, label, _SHAPES.get(inner) or _shape_of_text(name), is_required)


def _shape_of_text(name: str) -> str:
    if name in _OFFERED or name.endswith("_id"):
        return "offer"
    return "line" if name in _LINES else "area"


def _plain(annotation: Any) -> Any:
    """The bare type of a field: without its constraints, and without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return _plain(next(a for a in get_args(annotation) if a is not type(None)))
    return origin or annotation


def sent(kind: str, act: str, values: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as the body takes it: dates become moments, lines become a list."""
    shapes = {one.name: one.shape for one in inputs(kind, act)}
    fields: dict[str, Any] = {}
    for name, value in values.items():
        match shapes.get(name):
            case "date":
                fields[name] = times.end_of_day(value)
            case "lines":
                fields[name] = [line for line in map(str.strip, value.splitlines()) if line]
            case "check":
                fields[name] = value in ("yes", "true", "on")
            case _:
                fields[name] = value
    return fields
