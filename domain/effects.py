"""What has to be done in the outside world because something happened.

Effects are named by the rules and carried out by the workflow shell, in order, after the facts
that caused them are in the ledger. Each is safe to repeat, except ``Publish``, which is attempted
once and looked for afterwards.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from domain.base import Value
from domain.people import Seat, Seats


class Tagged(Value):
    """An effect tells its kind by ``do``, also where fields at their default are left out."""

    do: str

    @model_serializer(mode="wrap")
    def _keep_the_tag(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"do": self.do, **handler(self)}


class OpenEntity(Tagged):
    """Start another entity, unless the store already knows it."""

    do: Literal["open"] = "open"
    stream: str
    command: dict[str, Any]
    summary: str


class Tell(Tagged):
    """Tell another entity what became of something; it may find nothing to do."""

    do: Literal["tell"] = "tell"
    stream: str
    command: dict[str, Any]


class Notify(Tagged):
    """Let people know, once each, why and about what. Never waited for by anything."""

    do: Literal["notify"] = "notify"
    reason: str
    about: str
    """The stream that the notice's one link leads to."""
    people: tuple[str, ...] = ()
    to: tuple[Seat, ...] = ()
    seats: Seats | None = None
    except_person: str | None = None
    urgent: bool = False
    """Told at any hour."""


class Publish(Tagged):
    """The irreversible call to the channel."""

    do: Literal["publish"] = "publish"
    attempt: int


class Find(Tagged):
    """Ask the channel whether an earlier attempt arrived."""

    do: Literal["find"] = "find"
    attempt: int


Effect = Annotated[OpenEntity | Tell | Notify | Publish | Find, Field(discriminator="do")]


class Pending(Value):
    """An effect with the seq of the fact that caused it."""

    seq: int
    effect: Effect
