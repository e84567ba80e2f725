"""How often somebody who only reads may say whether a promise was kept.

Readers are counted apart and change nothing, and the rules count no more than so many. This keeps
one address from using that up. It is in the memory of one process alone: an address is kept as a
digest under a key that dies with the process, and is in no store, log or history.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from domain.errors import Conflict
from intake.entities import Busy

REMEMBERED = 20_000
"""Words that are remembered, the newest; an address takes 32 bytes."""

A_MINUTE = 60
"""Words of all readers together that one process takes in a minute: each is a fact for ever."""


@dataclass
class Readers:
    """Who has said something about which promise, as far as this process remembers."""

    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _said: OrderedDict[bytes, None] = field(default_factory=OrderedDict, repr=False)
    _lately: deque[float] = field(default_factory=deque, repr=False)

    def admit(self, promise: str, address: str) -> None:
        """Count a word before it is taken. Raises Conflict for a second one, Busy for too many."""
        mark = hashlib.blake2b(f"{promise} {address}".encode(), key=self._key).digest()[:32]
        if mark in self._said:
            raise Conflict(
                "said_already",
                "somebody at your address has said so already",
                "nothing is to be done: each reader is counted once",
            )
        at = time.monotonic()
        while self._lately and self._lately[0] < at - 60:
            self._lately.popleft()
        if len(self._lately) >= A_MINUTE:
            raise Busy("too many readers have just said something; try again in a minute")
        self._lately.append(at)
        self._said[mark] = None
        if len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
