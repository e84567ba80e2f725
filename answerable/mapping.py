"""From the fields of somebody else's file to comments as we know them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from answerable.sources import Record
from answerable.surroundings import Trouble
from domain.comments import Incoming, IncomingAuthor, check_incoming
from domain.errors import Invalid
from domain.policy import Policy

AUTHOR = tuple(IncomingAuthor.model_fields)
FIELDS = (*Incoming.model_fields, *(f"author.{name}" for name in AUTHOR))
"""What may stand on the left of ``--map``."""

IDS = ("external_id", "conversation_id", "in_reply_to", "channel")
"""Ids that are numbers in many a file, and text here."""


class Unusable(Exception):
    """A record from which no comment can be made, with the reason."""


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """``a=b`` as a mapping. Raises Trouble."""
    found = {}
    for text in given:
        left, equals, right = text.partition("=")
        if not (left and equals):
            raise Trouble(f"{option} {text} does not read. Write {option} NAME=VALUE.")
        found[left.strip()] = right.strip()
    return found


@dataclass
class Mapping:
    """How records become comments: which field comes from which, and which records count."""

    channel: str | None = None
    sources: dict[str, str] = field(default_factory=dict)
    only: dict[str, str] = field(default_factory=dict)
    unseen: set[str] = field(init=False)
    """Names the options speak of and no record has had so far: most likely a misspelling."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.sources) - set(FIELDS))
        if unknown:
            raise Trouble(
                f"--map {unknown[0]}=… names no field of a comment. "
                f"Use one of: {', '.join(FIELDS)}."
            )
        self.unseen = {*self.sources.values(), *self.only}

    def is_wanted(self, record: Record) -> bool:
        """Whether a record has every value that ``--only`` asks for, as text, in any case."""
        self.unseen = {n for n in self.unseen if _look_up(record.fields, n) is None}
        return all(
            _as_text(_look_up(record.fields, name)).casefold() == value.casefold()
            for name, value in self.only.items()
        )

    def comment(self, record: Record) -> Incoming:
        """The comment of a record. Raises Unusable, naming every field that is wrong."""
        values = {name: self._value(record, name) for name in Incoming.model_fields}
        values |= {name: _id(values[name]) for name in IDS}
        values["author"] = self._author(record, values["author"])
        if self.channel is not None:
            values["channel"] = self.channel
        try:
            return Incoming.model_validate({k: v for k, v in values.items() if v is not None})
        except ValidationError as error:
            raise Unusable("; ".join(_reason(e) for e in error.errors())) from None

    def _value(self, record: Record, name: str) -> Any:
        value = _look_up(record.fields, self.sources.get(name, name))
        return None if value == "" else value

    def _author(self, record: Record, given: Any) -> Any:
        """An object, a plain handle, or columns of its own such as author.name or author_name."""
        if isinstance(given, dict):
            author = dict(given)
        else:
            author = {} if given is None else {"handle": given}
        for name in AUTHOR:
            dotted = f"author.{name}"
            value = self._value(record, dotted)
            if value is None and dotted not in self.sources:
                value = record.fields.get(f"author_{name}") or None
            if value is not None:
                author[name] = value
        if "handle" in author:
            author["handle"] = _id(author["handle"])
        return author or None


def _look_up(fields: dict[str, Any], name: str) -> Any:
    """The value under this very name, or else deeper: ``user.name`` is ``name`` in ``user``."""
    if name in fields:
        return fields[name]
    first, dot, rest = name.partition(".")
    below = fields.get(first)
    return _look_up(below, rest) if dot and isinstance(below, dict) else None


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _id(value: Any) -> Any:
    """A number as its digits; what is no id at all is left for the check to refuse."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def _reason(error: Any) -> str:
    path = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"{path} is missing"
    return f"{path}: {error['msg'].removeprefix('Value error, ')}"


def check(comment: Incoming, policy: Policy, at: datetime, max_text: int) -> None:
    """Raises Unusable for what only policy, settings and the clock can tell."""
    try:
        check_incoming(comment, policy, at, max_text)
    except Invalid as refusal:
        raise Unusable(f"{refusal.details.get('field', '')}: {refusal.message}") from None
