"""A commitment: one promise in a published reply, tracked until it is kept or openly broken.

Read ``stages.STAGES`` for the journey, ``rights.RIGHTS`` for who may do what, ``deciding`` for what
a command comes to, ``changes`` for what an event does to the state.
"""

from __future__ import annotations

from domain.commitment.changes import evolve
from domain.commitment.commands import (
    AcceptNewDate,
    Agree,
    MakeLink,
    OpenCommitment,
    RefuseNewDate,
    Renegotiate,
    Reopen,
    ReportKept,
    SayWord,
    TellPublic,
    Uphold,
    WithdrawPromise,
)
from domain.commitment.consequences import effects
from domain.commitment.deciding import DECIDE
from domain.commitment.events import (
    Broken,
    CommitmentOpened,
    FollowUpStuck,
    Kept,
    KeptReported,
    LinkMade,
    NewDateAccepted,
    NewDateAgreed,
    NewDateAsked,
    NewDateLapsed,
    NewDateRefused,
    NewDateSet,
    ProgressSettled,
    ProgressWritten,
    PromiseWithdrawn,
    Reminded,
    Reopened,
    ReportFellThrough,
    ReportTold,
    RungReached,
    Upheld,
    Watched,
    WordCounted,
    WordGiven,
)
from domain.commitment.rights import RIGHTS, _out_of_turn
from domain.commitment.stages import (
    FARTHEST,
    READERS,
    RENEGOTIATIONS,
    STAGES,
    CommitmentStage,
    Lapse,
    Promise,
    Settled,
    WordSource,
)
from domain.commitment.standing import CLAIMED, Standing, standing_of, turned_at
from domain.commitment.state import DUE, Commitment, NewDate, Report
from domain.entity import Event, Kind

__all__ = [
    "CLAIMED",
    "COMMITMENT",
    "DECIDE",
    "DUE",
    "FARTHEST",
    "READERS",
    "RENEGOTIATIONS",
    "RIGHTS",
    "STAGES",
    "AcceptNewDate",
    "Agree",
    "Broken",
    "Commitment",
    "CommitmentOpened",
    "CommitmentStage",
    "FollowUpStuck",
    "Kept",
    "KeptReported",
    "Lapse",
    "LinkMade",
    "MakeLink",
    "NewDate",
    "NewDateAccepted",
    "NewDateAgreed",
    "NewDateAsked",
    "NewDateLapsed",
    "NewDateRefused",
    "NewDateSet",
    "OpenCommitment",
    "ProgressSettled",
    "ProgressWritten",
    "Promise",
    "PromiseWithdrawn",
    "RefuseNewDate",
    "Reminded",
    "Renegotiate",
    "Reopen",
    "Reopened",
    "Report",
    "ReportFellThrough",
    "ReportKept",
    "ReportTold",
    "RungReached",
    "SayWord",
    "Settled",
    "Standing",
    "TellPublic",
    "Upheld",
    "Uphold",
    "Watched",
    "WithdrawPromise",
    "WordCounted",
    "WordGiven",
    "WordSource",
    "effects",
    "evolve",
    "standing_of",
    "turned_at",
]

_EVENTS: tuple[type[Event], ...] = (
    CommitmentOpened, KeptReported, ReportFellThrough, FollowUpStuck, ReportTold, LinkMade,
    WordGiven, WordCounted, Upheld, Reopened, Kept, Reminded, RungReached, Watched, Broken,
    NewDateAsked, NewDateAccepted, NewDateRefused, NewDateAgreed, NewDateSet, NewDateLapsed,
    ProgressWritten, ProgressSettled, PromiseWithdrawn,
)  # fmt: skip

COMMITMENT = Kind(
    name="commitment",
    state=Commitment,
    opening=OpenCommitment,
    commands={c.model_fields["act"].default: c for c in DECIDE if c is not OpenCommitment},
    events={e.NAME: e for e in _EVENTS},
    rights=RIGHTS,
    out_of_turn=_out_of_turn,
    decide=DECIDE,
    evolve=evolve,
    effects=effects,
)
