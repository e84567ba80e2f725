"""The stages of an escalation as one table, and the codes that end one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.people import Seat


class Stage(StrEnum):
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


STAGES: dict[Stage, StageRow] = {
    Stage.UNCLAIMED: StageRow(
        Seat.TEAM,
        "claim",
        {"claim": Stage.PREPARING, "assign": Stage.PREPARING, "dismiss": Stage.CLOSED},
    ),
    Stage.PREPARING: StageRow(
        Seat.OWNER,
        "propose",
        {"propose": Stage.DECIDING, "release": Stage.UNCLAIMED, "dismiss": Stage.CLOSED},
    ),
    Stage.DECIDING: StageRow(
        Seat.APPROVERS,
        "decide",
        {
            "approve": Stage.REPLYING,
            "refuse": Stage.REPLYING,
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


class Recommendation(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
