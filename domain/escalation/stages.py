"""The stages of an escalation as one table, and the codes that people give for what they do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.people import Seat


class Stage(StrEnum):
    HELD = "held"
    """Out of the queue until a second person has looked: suspected spam, or a dismissal."""
    UNCLAIMED = "unclaimed"
    PREPARING = "preparing"
    DECIDING = "deciding"
    REPLYING = "replying"
    LISTENING = "listening"
    CLOSED = "closed"


@dataclass(frozen=True)
class StageRow:
    """Who owes the next move in a stage, which allowance it has, and how it is left."""

    owed_by: Seat | None
    allowance: str | None
    leaves_by: dict[str, Stage]


_ENDS = {
    "dismiss": Stage.CLOSED,
    "sampled": Stage.HELD,
    "merge": Stage.CLOSED,
    "answered_outside": Stage.CLOSED,
    "removed": Stage.CLOSED,
}
"""How it ends without an answer of ours; ``sampled`` is a dismissal that somebody looks at."""

STAGES: dict[Stage, StageRow] = {
    Stage.HELD: StageRow(
        Seat.REVIEWERS,
        "look",
        {"uphold": Stage.CLOSED, "overturn": Stage.UNCLAIMED, "removed": Stage.CLOSED},
    ),
    Stage.UNCLAIMED: StageRow(
        Seat.TEAM,
        "claim",
        {"claim": Stage.PREPARING, "assign": Stage.PREPARING, "serve": Stage.REPLYING, **_ENDS},
    ),
    Stage.PREPARING: StageRow(
        Seat.OWNER,
        "propose",
        {
            "propose": Stage.DECIDING,
            "decide_alone": Stage.REPLYING,
            "move_private": Stage.REPLYING,
            "serve": Stage.REPLYING,
            "release": Stage.UNCLAIMED,
            "decline": Stage.UNCLAIMED,
            "lost": Stage.UNCLAIMED,
            "reroute": Stage.UNCLAIMED,
            **_ENDS,
        },
    ),
    Stage.DECIDING: StageRow(
        Seat.APPROVERS,
        "decide",
        {
            "approve": Stage.REPLYING,
            "refuse": Stage.REPLYING,
            "bypass": Stage.REPLYING,
            "return": Stage.PREPARING,
            "withdraw": Stage.PREPARING,
        },
    ),
    Stage.REPLYING: StageRow(Seat.OWNER, "reply", {"published": Stage.LISTENING}),
    Stage.LISTENING: StageRow(None, "listen", {"receive": Stage.PREPARING, "quiet": Stage.CLOSED}),
    Stage.CLOSED: StageRow(None, None, {}),
}


class Outcome(StrEnum):
    ANSWERED = "answered"
    REFUSED = "refused"
    DISMISSED = "dismissed"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    """The commenter took back everything that was said."""
    MOVED_TO_PRIVATE = "moved_to_private"
    ANSWERED_OUTSIDE = "answered_outside"


class DismissCode(StrEnum):
    SPAM = "spam"
    ABUSE = "abuse"
    NOT_ABOUT_US = "not_about_us"
    NOTHING_ASKED = "nothing_asked"
    SAID_ELSEWHERE = "said_elsewhere"


class RefusalCode(StrEnum):
    NOT_POSSIBLE = "not_possible"
    NOT_ALLOWED = "not_allowed"
    TOO_COSTLY = "too_costly"
    UNFAIR_TO_OTHERS = "unfair_to_others"
    NOT_OURS = "not_ours"
    DISAGREE = "disagree"


class PauseCode(StrEnum):
    """Why a clock stands still: somebody outside the team has to do something first."""

    COMMENTER = "commenter"
    THIRD_PARTY = "third_party"
    INVESTIGATION = "investigation"
    LEGAL = "legal"


class ExtendCode(StrEnum):
    COMPLEX = "complex"
    VOLUME = "volume"
    ABSENCE = "absence"


class HeldFor(StrEnum):
    SUSPECTED_SPAM = "suspected_spam"
    SECOND_LOOK = "second_look"


class LostBy(StrEnum):
    """How an owner lost an escalation without giving it away."""

    LEASE = "lease"
    LADDER = "ladder"
