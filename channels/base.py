"""What every network can be asked for, and the values that go in and come out.

Activities hold a ``Network`` and know nothing else of this room. A new network is one module with
these three methods and one row in the table of ``channels``.
"""

from __future__ import annotations

from typing import Protocol

from pydantic import Field

from domain.base import Value
from domain.post import FindResult, PublishResult


class Utterance(Value):
    """What is to be said in public, once, and where it belongs."""

    post_id: str
    """Ours, and the same on every attempt: whoever receives it can recognise a repetition."""
    channel: str
    text: str = Field(repr=False)
    in_reply_to: str | None = None
    """The id which the network itself gave to the comment that is answered."""
    conversation: str | None = None
    """The network's id of the thread."""


class Outcome(Value):
    """What one attempt came to. ``code`` says why, in a word that may stand in the ledger."""

    result: PublishResult
    code: str = ""
    external_id: str | None = None
    url: str | None = None
    """Where people can read it; always http or https, so that it is safe in a link."""


class Sighting(Value):
    """What the network said when it was asked whether it has a post."""

    result: FindResult
    external_id: str | None = None
    url: str | None = None


class Network(Protocol):
    """One open channel. Whatever the network does is an answer, never an exception."""

    async def publish(self, utterance: Utterance) -> Outcome:
        """Make the one irreversible call.

        ``NOT_SENT`` is only said where it is certain that nothing arrived: it is what allows
        another attempt without looking first. Whoever is in doubt says ``UNCLEAR``.
        """
        ...

    async def find(self, post_id: str) -> Sighting:
        """Whether the post is there. Safe to repeat; ``ABSENT`` allows another attempt."""
        ...

    async def aclose(self) -> None:
        """Let go of connections. The network cannot be used afterwards."""
        ...
