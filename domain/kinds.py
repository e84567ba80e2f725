"""Every kind of entity there is. A new kind is added to this table and nowhere else."""

from __future__ import annotations

from domain.commitment import COMMITMENT
from domain.entity import Kind
from domain.escalation import ESCALATION
from domain.matter import MATTER
from domain.post import POST

KINDS: dict[str, Kind] = {kind.name: kind for kind in (ESCALATION, POST, COMMITMENT, MATTER)}


def kind_of(stream: str) -> Kind:
    """The kind of a stream such as ``escalation/01J…``."""
    return KINDS[stream.partition("/")[0]]
