"""Policy versions as they were applied, newest in force."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.house import PolicyApplied
from domain.policy import Policy
from store import house, people
from store.tables import PolicyVersion


@dataclass(frozen=True)
class InForce:
    version: int
    policy: Policy


def current(session: Session) -> InForce | None:
    """The policy in force; None before the first one is applied."""
    row = session.scalars(
        select(PolicyVersion).order_by(col(PolicyVersion.version).desc()).limit(1)
    ).first()
    return InForce(row.version, Policy.model_validate_json(row.body)) if row else None


def apply(session: Session, policy: Policy, by: str, at: datetime) -> int:
    """Put a policy in force and answer its version; the one in force already stays as it is."""
    body = policy.model_dump_json()
    digest = hashlib.sha256(body.encode()).hexdigest()
    for team, name in policy.teams.items():
        people.put_team(session, team, name)
    last = session.scalars(
        select(PolicyVersion).order_by(col(PolicyVersion.version).desc()).limit(1)
    ).first()
    if last and last.digest == digest:
        return last.version
    version = last.version + 1 if last else 1
    session.add(
        PolicyVersion(version=version, body=body, digest=digest, applied_at=at, applied_by=by)
    )
    house.record(session, [PolicyApplied(version=version, digest=digest)], by, at)
    return version
