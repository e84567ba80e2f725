"""What can go wrong, as one tree.

AnswerableError
├── Refused            a person asked for what the rules do not allow; expected, never an alarm
│   ├── Conflict       not now: the stage, another person or a newer event is in the way
│   ├── Forbidden      not you
│   ├── Invalid        not like this: a field is missing, wrong or contradicts another
│   └── Unknown        there is no such thing
└── Fault              a machine broke a promise; always an alarm
    ├── Forked         two histories claim the same place in the ledger
    ├── StaleEpoch     a workflow that was replaced by a restore still wants to write
    ├── Gap            a batch starts after the next place in the ledger
    └── Outdated       written by newer code than this process runs
"""

from __future__ import annotations

from typing import Any


class AnswerableError(Exception):
    """The root of everything this service raises on purpose."""


class Refused(AnswerableError):
    """A refusal a person can read: what was refused, why, and the way out.

    ``code`` is stable and for programs; ``message`` and ``way_out`` are sentences for people;
    ``details`` are facts such as the name of the winner of a claim.
    """

    kind = "Refused"

    def __init__(self, code: str, message: str, way_out: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.way_out = way_out
        self.details = details


class Conflict(Refused):
    kind = "Conflict"


class Forbidden(Refused):
    kind = "Forbidden"


class Invalid(Refused):
    kind = "Invalid"


class Unknown(Refused):
    kind = "Unknown"


REFUSALS: dict[str, type[Refused]] = {c.kind: c for c in (Conflict, Forbidden, Invalid, Unknown)}


class Fault(AnswerableError):
    """A broken promise of a machine."""


class Forked(Fault):
    pass


class StaleEpoch(Fault):
    pass


class Gap(Fault):
    pass


class Outdated(Fault):
    pass
