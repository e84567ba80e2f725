"""Every error leaves as one shape: a problem document after RFC 9457.

Beside the standard members it carries ``code`` (stable, for programs), ``way_out`` (a sentence
for people) and, where input was wrong, ``field`` and ``errors``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from domain.base import Value
from domain.errors import AnswerableError, Conflict, Forbidden, Invalid, Refused, Unknown
from intake.entities import Busy, OutcomeUnknown, Unavailable
from texts import stated

log = logging.getLogger("answerable.api")

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 2
"""Seconds after which whoever met a machine's trouble may ask again."""

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="answerable"'}
SAY_WHO = "send Authorization: Bearer TOKEN; a token comes from: answerable token create PERSON"

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""What is met where the database cannot be asked."""

ERRORS_TOLD = 100
"""Errors of one request that are spelt out."""


class FieldError(Value):
    """One thing wrong with the input: where, as a path such as ``[3].author.handle``, and why."""

    field: str
    code: str
    message: str


class Problem(Value):
    """What went wrong and the way out, for programs and for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    way_out: str
    field: str | None = None
    errors: tuple[FieldError, ...] | None = None


class Unauthenticated(AnswerableError):
    """Nobody said who is asking, or it could not be believed."""


class Malformed(AnswerableError):
    """Several fields are wrong at once."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("the input is not as it should be")
        self.errors = errors


class NotReady(AnswerableError):
    """A part without which the service cannot do all of its work is broken."""

    def __init__(self, parts: Mapping[str, Mapping[str, Any]]) -> None:
        self.parts = parts
        self.broken = [name for name, part in parts.items() if not part["ok"]]
        super().__init__(f"broken: {', '.join(self.broken)}")


def problem(
    status: int,
    code: str,
    detail: str,
    way_out: str,
    *,
    path: str,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """A problem document as a response; ``more`` are its extension members."""
    content = {
        **more,
        "type": f"urn:answerable:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path,
        "code": code,
        "way_out": way_out,
    }
    return Response(
        json.dumps(content, default=str), status, dict(headers or {}), media_type=MEDIA_TYPE
    )


def answer_errors(app: FastAPI) -> None:
    """Have the app answer every error it may meet as a problem document."""
    handlers: dict[Any, Any] = {
        Refused: _refused,
        AnswerableError: _trouble,
        Unauthenticated: _unauthenticated,
        Malformed: _malformed,
        NotReady: _not_ready,
        RequestValidationError: _unreadable,
        HTTPException: _http,
        **dict.fromkeys(DATABASE_AWAY, _database_away),
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)


_STATUS: dict[type[Refused], int] = {Conflict: 409, Forbidden: 403, Invalid: 422, Unknown: 404}
_WAY_OUT: dict[type[Refused], str] = {
    Conflict: "look at it again and decide on what is there now",
    Forbidden: "ask somebody who may",
    Invalid: "correct the request and send it again",
    Unknown: "check the address",
}


def refusal_fields(refusal: Refused) -> dict[str, Any]:
    """The parts of a refusal as a problem document carries them."""
    kind = type(refusal)
    more = dict(refusal.details)
    if kind is Invalid and "field" in more:
        wrong = {"field": more["field"], "code": refusal.code, "message": refusal.message}
        more["errors"] = [wrong]
    way_out = refusal.way_out or _WAY_OUT[kind]
    return {
        **more,
        "status": _STATUS[kind],
        "code": refusal.code,
        "detail": refusal.message,
        "way_out": way_out,
    }


async def _refused(request: Request, refusal: Refused) -> Response:
    return _answer(request, **refusal_fields(refusal))


async def _trouble(request: Request, error: AnswerableError) -> Response:
    """What a machine could not do; only what breaks a promise is an alarm."""
    retry = {"Retry-After": str(RETRY_AFTER)}
    match error:
        case OutcomeUnknown():
            detail = "it is not known yet whether this happened"
            way_out = "send the same request again with the same Idempotency-Key"
            return _answer(request, 202, "outcome_unknown", detail, way_out, headers=retry)
        case Busy():
            detail, way_out = "too much is asked for just now", "ask again in a moment"
            return _answer(request, 429, "busy", detail, way_out, headers=retry)
        case Unavailable():
            detail = f"nothing was done: {error}"
            way_out = "ask again in a moment with the same Idempotency-Key; see /readyz"
            return _answer(request, 503, "unavailable", detail, way_out, headers=retry)
        case _:
            log.error("broken promise at %s: %s", request.url.path, error, exc_info=error)
            return _answer(request, 500, "fault", "a machine broke a promise", _TELL)


_TELL = "tell whoever runs this service; the time of this answer finds it in the log"


async def _database_away(request: Request, error: Exception) -> Response:
    log.warning("the database cannot be reached: %s", type(error).__name__)
    detail = "the database cannot be reached or is too slow just now"
    headers = {"Retry-After": str(RETRY_AFTER)}
    way_out = "ask again in a moment with the same Idempotency-Key; see /readyz"
    return _answer(request, 503, "database_unavailable", detail, way_out, headers=headers)


async def _unauthenticated(request: Request, error: Unauthenticated) -> Response:
    return _answer(request, 401, "unauthenticated", str(error), SAY_WHO, headers=CHALLENGE)


async def _not_ready(request: Request, error: NotReady) -> Response:
    way_out = "run: answerable doctor"
    return _answer(
        request, 503, "not_ready", str(error), way_out, parts=error.parts, broken=error.broken
    )


async def _unreadable(request: Request, error: RequestValidationError) -> Response:
    return await _malformed(request, Malformed([field_error(e) for e in error.errors()]))


async def _malformed(request: Request, error: Malformed) -> Response:
    """One sentence about the first error, and every error with its field."""
    errors = error.errors
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return _answer(
        request,
        422,
        first.code if len(errors) == 1 else "invalid",
        f"{first.field}: {first.message}{more}" if first.field else f"{first.message}{more}",
        "correct the fields named in errors; /openapi.json describes each of them",
        field=first.field,
        errors=[e.model_dump() for e in errors[:ERRORS_TOLD]],
    )


_HTTP: dict[int, tuple[str, str, str]] = {
    400: ("unreadable", "the body cannot be read", "send JSON in UTF-8"),
    404: ("unknown_address", "there is nothing at this address", "see /openapi.json"),
    405: ("method_not_allowed", "this address does not take that method", "see the header Allow"),
}


async def _http(request: Request, error: HTTPException) -> Response:
    standard = (f"http_{error.status_code}", str(error.detail), "see /openapi.json")
    code, detail, way_out = _HTTP.get(error.status_code, standard)
    return _answer(request, error.status_code, code, detail, way_out, headers=error.headers)


def _answer(
    request: Request, status: int, code: str, detail: str, way_out: str, **more: Any
) -> Response:
    headers = dict(more.pop("headers", None) or {})
    if key := getattr(request.state, "idempotency_key", None):
        headers["Idempotency-Key"] = key
    return problem(status, code, detail, way_out, path=request.url.path, headers=headers, **more)


# What pydantic says, for people. --------------------------------------------------------------

_TAGS = ("one", "list")
"""Names of the alternatives of a body; they are ours, not the caller's."""

_SAID: dict[str, str] = {
    "missing": stated("is missing"),
    "extra_forbidden": stated("is not a field we know"),
    "json_invalid": stated("the body is not JSON"),
    "model_attributes_type": stated("must be a JSON object, sent as application/json"),
    "model_type": stated("must be a JSON object"),
    "string_type": stated("must be a text"),
    "timezone_aware": stated("needs a zone, for example 2026-03-01T09:00:00+00:00"),
}


def field_error(error: Mapping[str, Any]) -> FieldError:
    place = [part for part in error["loc"] if part not in ("query", "path")]
    if place and place[0] == "body":
        place = place[2:] if len(place) > 1 and place[1] in _TAGS else place[1:]
    if place and place[0] == "header":
        place = place[1:]
    kind = str(error["type"])
    if kind == "json_invalid":
        place = []
    message = _SAID.get(kind) or str(error["msg"]).removeprefix("Value error, ")
    return FieldError(field=path_of(place), code=kind, message=message)


def path_of(place: Sequence[str | int]) -> str:
    """A field's path as it would be written in code: ``[3].author.handle``."""
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path
