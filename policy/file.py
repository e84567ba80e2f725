"""Reading a policy file, with everything that is wrong with it told at once.

``examine`` is the whole way: text, file, checks, policy. ``to_toml`` is the way back.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import tomli_w
from pydantic import ValidationError

from domain.policy import Policy
from policy.checks import People, check
from policy.compiling import Compiler
from policy.lines import lines
from policy.problems import FIX, BadPolicy, Problem, from_pydantic, with_lines
from policy.shape import PolicyFile


@dataclass(frozen=True)
class Parsed:
    """A file as far as it can be read: broken entries are left out, ``known`` still names them."""

    file: PolicyFile
    known: Mapping[str, frozenset[str]]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Examined:
    """What there is to say about a file. ``policy`` is None where there are errors."""

    policy: Policy | None
    file: PolicyFile
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def examine(text: str, since: date, until: date, people: People | None = None) -> Examined:
    """Read, check and compile a policy. Raises BadPolicy only where the text is no TOML at all."""
    where = lines(text) if _is_toml(text) else {}
    parsed = parse(text)
    made = Compiler(parsed.file, since, until, parsed.known)
    found = dict.fromkeys((*parsed.problems, *made.problems, *check(made, people)))
    problems = with_lines(found, where)
    errors = tuple(p for p in problems if not p.is_warning)
    # Where an entry was left out, "is used by nobody" would be said of what only it names.
    warnings = () if parsed.problems else tuple(p for p in problems if p.is_warning)
    try:
        policy = None if errors else made.policy()
    except BadPolicy as error:
        policy, errors = None, with_lines(error.problems, where)
    return Examined(policy, parsed.file, errors, warnings)


def read_policy_file(text: str) -> PolicyFile:
    """A file that has been checked before, such as a stored version. Raises BadPolicy."""
    parsed = parse(text)
    if parsed.problems:
        raise BadPolicy(with_lines(parsed.problems, lines(text)))
    return parsed.file


def parse(text: str) -> Parsed:
    """The tables of a file. Raises BadPolicy for what is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPolicy([_no_toml(error, text)]) from None
    known = {k: frozenset(map(str, v)) for k, v in data.items() if isinstance(v, dict)}
    try:
        return Parsed(_validated(data), known, ())
    except ValidationError as error:
        problems = from_pydantic(error, PolicyFile)
        return Parsed(_what_is_left(data, error), known, problems)


def _validated(data: dict[str, Any]) -> PolicyFile:
    # By way of JSON, where strict still takes a text for an enum and a list for a tuple.
    return PolicyFile.model_validate_json(json.dumps(data, default=_iso), strict=True)


def _iso(value: object) -> str:
    assert isinstance(value, date | datetime | time)
    return value.isoformat()


def _what_is_left(data: dict[str, Any], error: ValidationError) -> PolicyFile:
    """The file without the entries that are broken, so that the others can be checked too."""
    left = {key: dict(v) if isinstance(v, dict) else v for key, v in data.items()}
    for wrong in error.errors(include_url=False, include_context=False, include_input=False):
        section, *rest = (str(part) for part in wrong["loc"])
        entries = left.get(section)
        if rest and isinstance(entries, dict):
            entries.pop(rest[0], None)
        else:
            left.pop(section, None)
    for needed in ("teams", "channels"):
        left.setdefault(needed, {})
    try:
        return _validated(left)
    except ValidationError:
        # A table that needs a key that was broken, such as [public]: then nothing of it is left.
        return PolicyFile(teams={}, channels={})


_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def _no_toml(error: tomllib.TOMLDecodeError, text: str) -> Problem:
    said = str(error)
    place = _PLACE.search(said)
    line = int(place[1]) if place and place[1] else max(1, len(text.splitlines()))
    return Problem((), f"This is not TOML: {_PLACE.sub('', said)}", FIX, line=line)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


# The way back. -------------------------------------------------------------------------------


def to_toml(file: PolicyFile) -> str:
    """A file as TOML: what is said in it and nothing else, without its comments."""
    return tomli_w.dumps(file.model_dump(exclude_unset=True, exclude_none=True))


def from_policy(policy: Policy) -> PolicyFile:
    """The file of a policy that was applied without one, as versions before policy files were.

    What a file alone can say, such as the rules behind a calendar, cannot be found again.
    """
    plain = {"teams", "channels", "allowances", "ladder"}
    given = policy.model_dump(mode="json", include=plain, exclude_none=True)
    return _validated(given)
