"""From a form to the body of a command, and from a refusal back to the form.

The bodies are those of the JSON interface, so a form is checked by the same rules. What was typed
is kept: a page that shows a refusal shows it in the same fields again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.datastructures import FormData

from api.bodies import BODIES
from api.bodies import Body as CommandBody
from api.deps import door_of
from api.errors import Malformed, field_error
from api.pages import editor, inputs, refusals, times
from domain.drafts import DraftKind
from domain.kinds import KINDS
from domain.people import Actor
from texts import Sayings
from texts import gettext as _

_OURS = frozenset(
    {"csrf", "key", "expected_seq", "page", "as_approved", "act", "seen", "make", "drop", "save"}
    | {f"based_on-{kind}" for kind in DraftKind}
)
"""Fields of every form that are not fields of its command."""

_LISTS = frozenset({"not_promises"})
"""Fields that may be sent several times, each a line."""

_PROMISE_PATH = re.compile(r"promises\[(\d+)\]\.(\w+)")
_CELLS = {"due_at": "due"}
"""What of a promise goes by another name on the page."""

LABELS = inputs.LABELS | Sayings(
    {
        "since": "From",
        "deputy": "Who comes in your place",
        "to": "Who decides",
        "request": "What you ask for",
        "recommendation": "What you recommend",
        "reply": "The words of the reply",
        "text": "The words",
        "reason": "The reason",
        "code": "Why",
        "person": "Who",
        "sentence": "The promise",
        "accountable": "Who is accountable",
        "due_at": "Due",
        "proof": "How anybody will know",
        "not_promises": "Sentences that are no promise",
        "evidence": "Evidence",
        "first": "How many first",
        "wait_seconds": "How long to wait",
        "is_published": "Whether it is there",
        "despite_news": "Whether it goes out all the same",
        "seconds": "How long",
        "zone": "Time zone",
        "id": "Id",
    }
)

WAYS_OUT = Sayings(
    {
        "out_of_turn": "what is possible now stands below",
        "changed_meanwhile": "what has changed stands here; your words are kept: look again, "
        "then send",
        "seq_ahead": "open the page again",
        "commenter_spoke": "read what they said; then return the words, or tick that they go out",
        "closed": "a new comment of the conversation opens a new escalation",
        "unavailable": "nothing is lost: your words are kept below; send them again in a moment",
        "database_unavailable": "nothing is lost: your words are kept; send them again in a moment",
        "outcome_unknown": "send it again as it is: nothing happens twice",
        "busy": "send it again in a moment",
        "key_reused": "look at what the page shows now, and send it again if it is still wanted",
        "invalid": "correct what is named here; your words are kept",
        "due_in_the_past": "choose a date in the future",
        "promise_gate": "name each among the sentences that are no promise, or make it one in a "
        "reply, with a date and somebody accountable",
        "too_alike": "write to this person, or say why the words of an earlier reply are right "
        "here, too",
        "date_still_holds": "leave the date out, and ask for another one",
        "members_wait": "release the answer, or take them out of the matter first",
    }
)
"""The ways out that read differently on a page than in JSON."""

_PATTERNS = Sayings(
    {
        "link": "must be an address that begins with http:// or https://",
        "url": "must be an address that begins with http:// or https://",
    }
)
"""What was expected in place of something that does not match the pattern of its field."""


@dataclass(frozen=True)
class Typed:
    """What somebody typed into the form of one act, and what was wrong with it."""

    about: str = ""
    """The id of the case; a list has forms for several."""
    act: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    """The key to send again where it is not known whether the first sending was carried out."""

    def of(self, about: str, act: str) -> Mapping[str, str]:
        """What was typed into this form, and nothing where another one was sent."""
        return self.values if (about, act) == (self.about, self.act) else {}

    def place_of(self, path: str) -> str:
        """The id, on its page, of the field that this path of the body is about; empty where
        nobody could have typed into it. ``promises[0].due_at`` is in the first row that says
        something, whichever that is."""
        rows = list(_rows(self.values))
        place = _PROMISE_PATH.fullmatch(path)
        if place and int(place[1]) < len(rows):
            name = f"{rows[int(place[1])]}-{_CELLS.get(place[2], place[2])}"
        elif path in self.values and is_text(path):
            name = path
        else:
            return ""
        return f"{self.act}-{self.about}-{name}"


def found_in(
    session: Session, actor: Actor, kind: str, typed: Typed | None
) -> Mapping[str, editor.Reading]:
    """What is to be said of the words of a form that is shown again, by the id of its case."""
    if typed is None:
        return {}
    return editor.read_again(session, actor, kind, typed.about, typed.act, typed.values)


@dataclass(frozen=True)
class Trouble:
    """Why something was not done, and the way out, in the reader's language."""

    status: int
    code: str
    detail: str
    way_out: str
    fields: tuple[str, ...] = ()
    wrong: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with which field of the body, by its path."""
    lines: Mapping[str, str] = field(default_factory=dict)
    """The same with the label of the field, as the top of the page says it."""
    since: int | None = None
    """The seq that the form was made from, where what happened since is in the way."""


def values_of(form: FormData) -> dict[str, str]:
    """What was typed, with line ends as everywhere else: browsers send two characters."""
    values: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and name != "csrf":
            text = value.replace("\r\n", "\n")
            is_more = name in _LISTS and name in values
            values[name] = f"{values[name]}\n{text}" if is_more else text
    return values


def body_of(kind: str, act: str, values: Mapping[str, str]) -> CommandBody:
    """The command's body. Raises Malformed, naming each field that is wrong."""
    typed = {
        name: value
        for name, value in values.items()
        if value.strip() and name not in _OURS and not editor.PROMISE.fullmatch(name)
    }
    fields = inputs.sent(kind, act, typed)
    if seq := values.get("expected_seq", ""):
        fields["expected_seq"] = seq
    if act == "confirm":
        # Told apart here: the body takes true and false and nothing that could be meant so.
        told = {"yes": True, "no": False}
        fields["is_published"] = told.get(values.get("is_published", ""))
    if "not_promises" in fields:
        fields["not_promises"] = editor.lines(values["not_promises"])
    if promises := _rows(values):
        fields["promises"] = list(promises.values())
    try:
        return BODIES[kind][act].model_validate(fields)
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None


def _rows(values: Mapping[str, str]) -> dict[int, dict[str, str]]:
    """The promises of a form, each by its row; rows that say nothing are left out."""
    rows: dict[int, dict[str, str]] = {}
    for name, value in values.items():
        if (place := editor.PROMISE.fullmatch(name)) and value.strip():
            row = rows.setdefault(int(place[1]), {})
            is_date = place[2] == "due_on"
            row["due_at" if is_date else place[2]] = times.end_of_day(value) if is_date else value
    # A person is preselected in every row, so that alone is no promise.
    return {n: rows[n] for n in sorted(rows) if rows[n].keys() - {"accountable"}}


async def trouble_of(
    request: Request,
    error: Exception,
    since: int | None = None,
    labels: Mapping[str, str] = LABELS,
) -> Trouble:
    """What the JSON interface answers to this error, as a page says it; ``labels``: what the fields
    of the form are called."""
    handler = _handler(request, error)
    response = await handler(request, error)
    problem: dict[str, Any] = json.loads(response.body)
    code = problem["code"]
    is_malformed = isinstance(error, Malformed)
    detail, way_out = await refusals.named_by(
        door_of(request.scope), (problem["detail"], problem["way_out"])
    )
    wrong = {e["field"]: refusals.refused(_wrong(e)) for e in problem.get("errors") or ()}
    lines = {path: _plain(path, why, labels) for path, why in wrong.items()}
    return Trouble(
        status=problem["status"],
        code=code,
        detail=(
            _("some of this is not as it should be")
            if is_malformed
            else _out_of_turn(problem) or refusals.refused(detail)
        ),
        way_out=WAYS_OUT.get("invalid" if is_malformed else code) or refusals.refused(way_out),
        fields=tuple(line for path, line in lines.items() if is_malformed or _PROMISE.match(path)),
        wrong=wrong,
        lines=lines,
        since=since if code == "changed_meanwhile" else None,
    )


def _out_of_turn(problem: Mapping[str, Any]) -> str:
    """When the turn of this act comes; empty where that is not what is wrong."""
    if problem["code"] != "out_of_turn" or "entity" not in problem:
        return ""
    entity, act = problem["entity"], problem["act"]
    stages = KINDS[entity].rights[act].stages
    return refusals.out_of_turn(entity, act, stages, problem["stage"])


def _handler(request: Request, error: Exception) -> Callable[..., Any]:
    handlers: Mapping[Any, Any] = request.app.exception_handlers
    found: Callable[..., Any] = next(handlers[c] for c in type(error).__mro__ if c in handlers)
    return found


_PROMISE = re.compile(r"promises\[(\d+)\]")
"""A field of one of several promises: a refusal alone does not say of which."""


def _wrong(error: Mapping[str, str]) -> str:
    """What is wrong, without the patterns that machines go by."""
    if error["code"] != "string_pattern_mismatch":
        return error["message"]
    name = error["field"].rpartition(".")[2]
    return _PATTERNS.get(name) or _("is not written as it has to be")


def _plain(path: str, message: str, labels: Mapping[str, str]) -> str:
    """What is wrong with a field, in the words of its label: ``promises[1].due_at`` is second."""
    label = labels.get(path.rpartition(".")[2], path)
    place = _PROMISE.match(path)
    which = (
        _(
            "Promise %(place)s, %(label)s",
            place=int(place[1]) + 1,
            label=label[:1].lower() + label[1:],
        )
        if place
        else label
    )
    return f"{which}: {message}"


def page_of(values: Mapping[str, str]) -> str | None:
    """The list that a form stands on; None for the page of its own case."""
    address = values.get("page", "")
    return address if address.partition("?")[0] in ("/queue", "/decisions") else None


def split(address: str) -> tuple[str, dict[str, str]]:
    """The path and the filters of a list's address."""
    path, _, query = address.partition("?")
    return path, dict(parse_qsl(query))


def written(fields: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """What somebody wrote into these fields of a form, without what the page put there."""
    return tuple(text for name, text in fields if is_text(name) and text.strip())


def is_text(name: str) -> bool:
    """Whether a field holds what somebody wrote, and not what the page put there."""
    return name not in _OURS
