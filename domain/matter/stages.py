"""The stages of a matter as one table, and how large one step of its release is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.people import Seat


class MatterStage(StrEnum):
    GATHERING = "gathering"
    """Escalations join, and its owner writes the one answer."""
    DECIDING = "deciding"
    READY = "ready"
    """Decided: the words are bound, and nobody has been answered with them yet."""
    RELEASING = "releasing"
    HALTED = "halted"
    LISTENING = "listening"
    """Everybody has been answered; whoever joins now is answered too."""
    CLOSING = "closing"
    """Nobody can join any more; whoever came in at the last moment is looked for."""
    CLOSED = "closed"


@dataclass(frozen=True)
class MatterRow:
    """Who owes the next move in a stage, which allowance it has, and how it is left.

    Where nobody owes one, the service itself goes on, wave by wave.
    """

    owed_by: Seat | None
    allowance: str | None
    leaves_by: dict[str, MatterStage]


STAGES: dict[MatterStage, MatterRow] = {
    MatterStage.GATHERING: MatterRow(
        Seat.OWNER,
        "propose",
        {"propose": MatterStage.DECIDING, "close": MatterStage.CLOSING},
    ),
    MatterStage.DECIDING: MatterRow(
        Seat.APPROVERS,
        "decide",
        {
            "approve": MatterStage.READY,
            "refuse": MatterStage.READY,
            "return": MatterStage.GATHERING,
            "withdraw": MatterStage.GATHERING,
        },
    ),
    MatterStage.READY: MatterRow(
        Seat.LEAD,
        "reply",
        {
            "release": MatterStage.RELEASING,
            "withdraw": MatterStage.GATHERING,
            "close": MatterStage.CLOSING,
        },
    ),
    MatterStage.RELEASING: MatterRow(
        None, None, {"halt": MatterStage.HALTED, "served": MatterStage.LISTENING}
    ),
    MatterStage.HALTED: MatterRow(
        Seat.LEAD,
        "reply",
        {
            "resume": MatterStage.RELEASING,
            "withdraw": MatterStage.GATHERING,
            "close": MatterStage.CLOSING,
        },
    ),
    MatterStage.LISTENING: MatterRow(
        None,
        "listen",
        {
            "joined": MatterStage.RELEASING,
            "halt": MatterStage.HALTED,
            "quiet": MatterStage.CLOSING,
            "close": MatterStage.CLOSING,
        },
    ),
    MatterStage.CLOSING: MatterRow(
        None,
        None,
        {
            "empty": MatterStage.CLOSED,
            "left_over": MatterStage.GATHERING,
            "joined": MatterStage.RELEASING,
        },
    ),
    MatterStage.CLOSED: MatterRow(None, None, {}),
}

TAKING = frozenset(MatterStage) - {MatterStage.CLOSING, MatterStage.CLOSED}
"""The stages in which escalations may join."""

MOST = 1_000
"""Members that one wave serves: a wave costs about twenty events of history, and what was halted
goes on at most until the wave's next slice."""

LAST_CALL = timedelta(minutes=1)
"""How long a closing matter waits for those who were joining as its door closed: longer than any
request may take."""

AGAIN = timedelta(minutes=1)
"""How long a wave that could serve nobody who waits is waited with; it doubles, up to an hour."""

STALLED = 3
"""Such waves one after the other until people are told."""
