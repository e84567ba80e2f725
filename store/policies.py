"""Policy versions as they were applied, newest in force. None is ever changed or taken away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from domain.errors import Conflict, Unknown
from domain.house import PolicyApplied
from domain.policy import Policy
from store import calendars, house, people
from store.statements import ask, plain
from store.tables import PolicyVersion


@dataclass(frozen=True)
class InForce:
    """One version: the policy as compiled, and how it came to be."""

    version: int
    policy: Policy
    digest: str
    """SHA-256 of the compiled policy as stored, hex."""
    source: str | None
    """The file it was compiled from; None for versions from before files were kept."""
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class Applied:
    """A line of the list of versions."""

    version: int
    digest: str
    by: str
    at: datetime
    reason: str


def current(session: Session) -> InForce | None:
    """The policy in force; None before the first one is applied."""
    row = ask(session, _CURRENT).first()
    return _in_force(row) if row else None


_VERSIONS = plain(PolicyVersion)
_CURRENT = select(_VERSIONS).order_by(_VERSIONS.c.version.desc()).limit(1)


def version(session: Session, number: int) -> InForce:
    """The policy of this version. Raises Unknown."""
    row = session.get(PolicyVersion, number)
    if row is None:
        raise Unknown(
            "unknown_version",
            f"there is no version {number} of the policy",
            "list them with GET /api/v1/policy/versions",
        )
    return _in_force(row)


def stored(session: Session, number: int) -> PolicyVersion | None:
    """The row of a version as it was written, for whoever wants to prove it."""
    return session.get(PolicyVersion, number)


def versions(session: Session) -> list[Applied]:
    """Every version, newest first, without what stands in it."""
    table = PolicyVersion
    rows = session.execute(
        select(
            col(table.version),
            col(table.digest),
            col(table.applied_by),
            col(table.applied_at),
            col(table.reason),
        ).order_by(col(table.version).desc())
    )
    return [Applied(*row) for row in rows]


def _in_force(row: Any) -> InForce:
    return InForce(
        version=row.version,
        policy=calendars.parsed(row.body),
        digest=row.digest,
        source=row.source,
        by=row.applied_by,
        at=row.applied_at,
        reason=row.reason,
    )


def digest_of(policy: Policy) -> str:
    """What tells whether a policy is the one in force: two files that come to the same are one."""
    return hashlib.sha256(policy.model_dump_json().encode()).hexdigest()


def apply(
    session: Session,
    policy: Policy,
    by: str,
    at: datetime,
    *,
    source: str | None = None,
    reason: str = "",
    on: int | None = None,
) -> int:
    """Put a policy in force and answer its version; the one in force already stays as it is.

    What is open keeps the terms that it pinned. Raises Conflict where another version than ``on``
    is in force, if that is given.
    """
    digest = digest_of(policy)
    for team, name in policy.teams.items():
        people.put_team(session, team, name)
    last = session.scalars(
        select(PolicyVersion).order_by(col(PolicyVersion.version).desc()).limit(1)
    ).first()
    if on is not None:
        check_on(last.version if last else 0, on)
    if last and last.digest == digest:
        return last.version
    number = last.version + 1 if last else 1
    session.add(
        PolicyVersion(
            version=number,
            body=policy.model_dump_json(),
            digest=digest,
            applied_at=at,
            applied_by=by,
            source=source,
            reason=reason,
        )
    )
    house.record(session, [PolicyApplied(version=number, digest=digest)], by, at)
    return number


def check_on(in_force: int, on: int) -> None:
    """Raise Conflict where a draft was compared with another version than the one in force."""
    if in_force != on:
        raise Conflict(
            "policy_changed",
            f"version {in_force} has been applied since the draft was compared with version {on}",
            "look at what the draft changes now, and apply it then",
            version=in_force,
        )
