"""A matter: many escalations about the same thing, decided once and answered with one text.

Read ``stages.STAGES`` for the journey, ``rights.RIGHTS`` for who may do what, ``deciding`` for what
a command comes to, ``changes`` for what an event does to the state.
"""

from __future__ import annotations

from domain.entity import Event, Kind
from domain.matter import events
from domain.matter.changes import effects, evolve
from domain.matter.commands import Close, OpenMatter, Release, Report
from domain.matter.deciding import DECIDE
from domain.matter.events import Noted
from domain.matter.rights import RIGHTS, out_of_turn
from domain.matter.serving import MemberState, post_id_of, ulid_of
from domain.matter.stages import LAST_CALL, MOST, STAGES, TAKING, MatterStage
from domain.matter.state import Answer, Matter, Wave, What

__all__ = [
    "LAST_CALL",
    "MATTER",
    "MOST",
    "STAGES",
    "TAKING",
    "Answer",
    "Close",
    "Matter",
    "MatterStage",
    "MemberState",
    "Noted",
    "OpenMatter",
    "Release",
    "Report",
    "Wave",
    "What",
    "post_id_of",
    "ulid_of",
]

MATTER = Kind(
    name="matter",
    state=Matter,
    opening=OpenMatter,
    commands={c.model_fields["act"].default: c for c in DECIDE if c is not OpenMatter},
    events={
        event.NAME: event
        for event in vars(events).values()
        if isinstance(event, type) and issubclass(event, Event) and "NAME" in vars(event)
    },
    rights=RIGHTS,
    out_of_turn=out_of_turn,
    decide=DECIDE,
    evolve=evolve,
    effects=effects,
)
