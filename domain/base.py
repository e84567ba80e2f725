"""What every value of the rules is built on: frozen models, references to words, checked times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from numbers import Number
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
)

SYSTEM = "system"
"""The id under which timers and workflows act; no person can have it."""

PUBLIC = "public"
"""The id under which what a commenter did is recorded; who it was is in the store alone."""


def to_utc(moment: datetime) -> datetime:
    """The same moment with the zone UTC; refuses a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone, for example 2026-03-01T09:00:00+00:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time lies within the years 1 to 9999 of UTC") from None


def iso(moment: datetime) -> str:
    """The one spelling of a moment in canonical bytes: UTC, always six decimals, always Z."""
    # Not strftime, whose %Y writes the year 999 with three digits.
    return to_utc(moment).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _no_number(value: Any) -> Any:
    """Refuse seconds since 1970, also in quotes: pydantic would guess their unit."""
    is_number = isinstance(value, Number)
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            pass
        else:
            is_number = True
    if is_number:
        raise ValueError("a time is written as ISO 8601 with a zone, not as a number")
    return value


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_no_number),
    AfterValidator(to_utc),
    PlainSerializer(iso, when_used="json"),
]
"""A datetime in UTC; written to JSON by ``iso`` so that digests never depend on a library."""

Seconds = int
"""A span as whole seconds: exact in JSON, in histories and in both databases."""


def span(seconds: Seconds) -> timedelta:
    return timedelta(seconds=seconds)


class Value(BaseModel):
    """A frozen value. Unknown fields are ignored: persisted messages evolve by new fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Words(Value):
    """A reference to what a person wrote; the text itself stays in the store.

    ``digest`` is HMAC-SHA256 over the text with the salt of its row, in lower-case hex, so it
    binds an approval to exact words and tells nothing about them.
    """

    id: str
    digest: str
