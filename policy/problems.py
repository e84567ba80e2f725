"""What is wrong with a policy, for whoever wrote it: which key, what it says, the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from domain.errors import AnswerableError
from domain.policy import Id
from policy.lines import Path, line_of

ID_PATTERN = get_args(Id)[1].metadata[0].pattern


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong (or, as a warning, most likely not meant)."""

    path: Path
    said: str
    """What follows the key: "is 'fax', but must be one of console, webhook"."""
    way_out: str
    is_warning: bool = False
    line: int | None = None

    def __str__(self) -> str:
        where = dotted(self.path)
        sentence = f"{where} {self.said}" if where else self.said
        return f"{finished(sentence)} {finished(self.way_out[:1].upper() + self.way_out[1:])}"


class BadPolicy(AnswerableError):
    """A policy that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def finished(sentence: str) -> str:
    return sentence if sentence[-1] in ".?!" else f"{sentence}."


def dotted(path: Path) -> str:
    """A path as people write it: ``terms.urgent.ladder[2].to``."""
    said = ""
    for part in path:
        said += f"[{part}]" if isinstance(part, int) else f".{part}" if said else part
    return said


def with_lines(problems: Iterable[Problem], known: dict[Path, int]) -> tuple[Problem, ...]:
    """In the order of the file; what has no line of its own comes first."""
    found = (replace(p, line=line_of(p.path, known)) for p in problems)
    return tuple(sorted(found, key=lambda problem: problem.line or 0))


def nearest(name: str, names: Iterable[str]) -> str:
    """A sentence that names what was most likely meant, or else all there is."""
    names = sorted(names)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Use one of: {', '.join(names)}" if names else "Take it out"


def from_pydantic(
    error: ValidationError, model: type[BaseModel], at: Path = ()
) -> tuple[Problem, ...]:
    """Every error of a validation in our words; ``at`` is where the model stands in the file."""
    return tuple(_problem(e, model, at) for e in error.errors(include_url=False))


_WANTED = {
    "string_type": "a text in quotes is wanted",
    "int_type": "a whole number is wanted",
    "int_from_float": "a whole number is wanted",
    "float_type": "a number is wanted",
    "finite_number": "a finite number is wanted",
    "bool_type": "true or false is wanted",
    "dict_type": "a table is wanted",
    "model_type": "a table is wanted",
    "model_attributes_type": "a table is wanted",
    "tuple_type": "a list is wanted",
    "list_type": "a list is wanted",
    "datetime_type": "a date, with or without a time, is wanted",
    "date_type": "a date is wanted",
}

_BOUNDS = {
    "greater_than": "more than %(gt)s is wanted",
    "greater_than_equal": "at least %(ge)s is wanted",
    "less_than": "less than %(lt)s is wanted",
    "less_than_equal": "at most %(le)s is wanted",
    "too_long": "at most %(max_length)s entries are wanted",
    "too_short": "at least %(min_length)s entries are wanted",
    "string_too_long": "at most %(max_length)s characters are wanted",
    "string_too_short": "it is empty",
}


def _problem(error: Any, model: type[BaseModel], at: Path) -> Problem:
    path = (*at, *(part for part in error["loc"] if not _is_inner(part)))
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return Problem(path, "is missing", "Add it")
    if kind == "extra_forbidden":
        known = _keys(model, path[len(at) : -1])
        return Problem(path, "is not a key that is known here", nearest(str(path[-1]), known))
    if kind == "string_pattern_mismatch":
        return Problem(path, *_pattern(error["input"], context["pattern"]))
    if kind in ("enum", "literal_error"):
        names = [n.strip("' ") for n in context["expected"].replace(" or ", ",").split(",")]
        said = f"is {_shown(error['input'])}, but must be one of {', '.join(names)}"
        hint = nearest(str(error["input"]), names)
        return Problem(path, said, hint if hint.startswith("Did") else "Choose one of them")
    if kind == "value_error":
        problem = str(context["error"])
    elif kind in _WANTED:
        problem = _WANTED[kind]
    elif kind in _BOUNDS:
        problem = _BOUNDS[kind] % context
    else:
        problem = error["msg"].removeprefix("Value error, ")
    given = _shown(error["input"])
    return Problem(path, f"is {given}: {problem}" if given else f"cannot be so: {problem}", FIX)


FIX = "Correct it there"


def _is_inner(part: str | int) -> bool:
    """Marks that pydantic puts between keys: of a key itself, or of one kind of several."""
    return isinstance(part, str) and (part == "[key]" or (part[:1] == "(" and part[-1:] == ")"))


def _pattern(given: Any, pattern: str) -> tuple[str, str]:
    if pattern == ID_PATTERN:
        return (
            f"is no id ({_shown(given)})",
            "Use at most 40 of a to z, 0 to 9, - and _, beginning with a letter or digit",
        )
    return f"is {_shown(given)}: it is no language tag", "Write it after BCP 47: de, en or pt-BR"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{value if len(value) <= 60 else value[:60] + '…'}'"
    return str(value) if isinstance(value, int | float) else ""


def _keys(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that a table may have."""
    here: Any = model
    for part in path:
        here = _step(here, part)
    return list(getattr(_bare(here), "model_fields", {}))


def _step(annotation: Any, part: str | int) -> Any:
    """What stands under a key of a table, or at a place of a list."""
    here = _bare(annotation)
    fields = getattr(here, "model_fields", None)
    if fields is not None:
        return fields[part].annotation if part in fields else None
    inner = get_args(here)
    return (inner[-1] if get_origin(here) is dict else inner[0]) if inner else None


def _bare(annotation: Any) -> Any:
    """The part of an annotation that holds others: what is optional or one of several is that."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        holders = [_bare(a) for a in get_args(annotation)]
        return next((h for h in holders if get_origin(h) or hasattr(h, "model_fields")), None)
    return annotation
