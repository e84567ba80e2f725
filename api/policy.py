"""Reading the policy: the one in force, and every version there was."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from pydantic import Field

from api.deps import API, TheDoor, only
from domain.base import Moment, Value
from domain.people import Actor, Role
from domain.policy import Policy
from store import policies

router = APIRouter(prefix=API, tags=["policy"])

Reader = Annotated[Actor, Depends(only(Role.STAFF, Role.EXECUTIVE, Role.AUDITOR, Role.ADMIN))]


MOST = 2**31
"""No version has a higher number."""


class VersionView(Value):
    """One version: who applied it, when and why."""

    version: int
    digest: str = Field(description="SHA-256 of the compiled policy.")
    by: str
    at: Moment
    reason: str


class PolicyView(VersionView):
    """The policy in force, compiled: spans in seconds, calendars as dates."""

    policy: Policy


class VersionPage(Value):
    """All of them: there are a few a year."""

    items: tuple[VersionView, ...]
    next_cursor: str | None = None


@router.get("/policy")
async def get_policy(door: TheDoor, actor: Reader) -> PolicyView:
    """The policy in force, with version, digest, author and reason."""
    found = await door.policy()
    return PolicyView(**_version(found), policy=shown_to(actor, found.policy))


@router.get("/policy/versions")
async def list_policy_versions(door: TheDoor, actor: Reader) -> VersionPage:
    """Every version of the policy, newest first."""
    found = await door.read(policies.versions)
    return VersionPage(items=tuple(VersionView(**_version(one)) for one in found))


@router.get("/policy/versions/{version}")
async def get_policy_version(version: int, door: TheDoor, actor: Reader) -> PolicyView:
    """One version of the policy, compiled, as it was in force."""
    found = await door.read(lambda session: policies.version(session, _known(version)))
    return PolicyView(**_version(found), policy=shown_to(actor, found.policy))


def _known(version: int) -> int:
    """Numbers that no database can hold are those of no version."""
    return version if 0 < version < MOST else 0


def shown_to(actor: Actor, policy: Policy) -> Policy:
    """A policy as this reader may see it."""
    return policy if actor.has(Role.ADMIN) else _without_addresses(policy)


def _version(one: policies.InForce | policies.Applied) -> dict[str, Any]:
    return {key: getattr(one, key) for key in VersionView.model_fields}


def _without_addresses(policy: Policy) -> Policy:
    """Webhooks of many services carry their secret in the path; it stays with those who set it."""
    channels = {
        name: channel.model_copy(
            update={key: _host(getattr(channel, key)) for key in ("url", "find_url")}
        )
        for name, channel in policy.channels.items()
    }
    return policy.model_copy(update={"channels": channels})


def _host(address: str | None) -> str | None:
    if address is None:
        return None
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}/…"
