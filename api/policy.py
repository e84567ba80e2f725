"""The policy over JSON: the one in force and every version there was; a draft looked at from every
side, and put in force by whoever has looked at it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from sqlmodel import Session

from api import policy_review
from api.bodies.base import Strict
from api.deps import API, TheDoor, now, only
from api.policy_review import Review
from domain.base import Moment, Value
from domain.comments import Verbatim
from domain.people import Actor, Role
from domain.policy import Id, Policy
from policy.calendars import preview
from policy.difference import Change
from policy.problems import Problem, dotted
from store import policies
from store.uses import Use

router = APIRouter(prefix=API, tags=["policy"])

Reader = Annotated[Actor, Depends(only(Role.STAFF, Role.EXECUTIVE, Role.AUDITOR, Role.ADMIN))]


Admin = Annotated[Actor, Depends(only(Role.ADMIN))]

MOST = 400_000
"""Characters of a policy file: a company of two hundred people needs ten thousand."""


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


class DraftBody(Strict):
    """A policy file as it is written."""

    text: Annotated[Verbatim, Field(max_length=MOST)] = Field(description="The TOML file.")


class ApplyBody(DraftBody):
    """What was looked at, and that it was."""

    draft: str = Field(max_length=64, description="As POST /policy/check answered it.")
    on: int = Field(ge=0, description="The version it was compared with; 0: with none.")
    reason: Annotated[Verbatim, Field(max_length=2_000)] = ""
    accept_calendars: bool = Field(
        default=False, description="The dates under calendars are right; asked where there are any."
    )
    accept_removals: bool = Field(
        default=False, description="What is under removals may go; asked where there is any."
    )


class ProblemView(Value):
    """One thing that is wrong with a file."""

    key: str
    line: int | None
    message: str
    way_out: str


class ChangeView(Value):
    """One key, what it says and what it is to say."""

    key: str
    was: str
    will_be: str


class MovedView(Value):
    """A running date that would be another one. It stays, until somebody accepts the new one."""

    stream: str
    stage: str
    due_at: Moment
    would_be: Moment


class RemovalView(Use):
    """A team or channel that is in use and that the draft does not have any more."""

    key: str


class TriedView(Value):
    """What would have been otherwise with past comments, and how often."""

    what: str
    was: str
    would_be: str
    count: int
    examples: tuple[str, ...]


class ReviewView(Value):
    """Everything there is to say about a draft."""

    draft: str
    on: int
    is_sound: bool
    is_same: bool
    errors: tuple[ProblemView, ...]
    warnings: tuple[ProblemView, ...]
    changes: tuple[ChangeView, ...]
    people: tuple[ChangeView, ...]
    """Whose roles and teams would be others."""
    calendars: dict[Id, tuple[str, ...]]
    """The calendars that somebody has to look at before they count, a line for each thing."""
    removals: tuple[RemovalView, ...]
    moved: tuple[MovedView, ...]
    tried_on: int
    tried: tuple[TriedView, ...]


class AppliedView(Value):
    version: int


class VersionPage(Value):
    """All of them: there are a few a year."""

    items: tuple[VersionView, ...]
    next_cursor: str | None = None


@router.get("/policy")
async def get_policy(door: TheDoor, actor: Reader) -> PolicyView:
    """The policy in force, with version, digest, author and reason."""
    found = await door.policy()
    return _view(found, actor)


@router.get("/policy/versions")
async def list_policy_versions(door: TheDoor, actor: Reader) -> VersionPage:
    """Every version of the policy, newest first."""
    found = await door.read(policies.versions)
    return VersionPage(items=tuple(VersionView(**_version(one)) for one in found))


@router.get("/policy/versions/{version}")
async def get_policy_version(
    version: Annotated[int, Path(ge=1, le=1_000_000)], door: TheDoor, actor: Reader
) -> PolicyView:
    """The policy of one version, as it was compiled when it was applied."""
    found = await door.read(lambda session: policies.version(session, version))
    return _view(found, actor)


@router.post("/policy/check")
async def check_policy(body: DraftBody, door: TheDoor, actor: Admin) -> ReviewView:
    """Look at a draft from every side: what is wrong with it, what it changes against the policy
    in force, and what it would have made of past comments. Nothing is changed."""
    found = await door.read(lambda session: policy_review.review(session, body.text, now()))
    return _review(found)


@router.post("/policy")
async def apply_policy(body: ApplyBody, door: TheDoor, actor: Admin) -> AppliedView:
    """Put a draft in force that was checked before. Refused where another version has been applied
    since, or where the draft is another one. What is open keeps the terms it opened with."""

    def work(session: Session) -> int:
        return policy_review.apply_reviewed(
            session,
            body.text,
            actor.id,
            now(),
            draft=body.draft,
            on=body.on,
            reason=body.reason,
            is_accepted=body.accept_calendars,
            may_remove=body.accept_removals,
        )

    return AppliedView(version=await asyncio.to_thread(door.database.write, work))


def _review(found: Review) -> ReviewView:
    tried = found.tried
    return ReviewView(
        draft=found.digest,
        on=found.against.version if found.against else 0,
        is_sound=found.found.policy is not None,
        is_same=found.is_same,
        errors=tuple(map(_problem, found.errors)),
        warnings=tuple(map(_problem, found.found.warnings)),
        changes=tuple(map(_change, (*found.changes, *found.in_calendars))),
        people=tuple(ChangeView(key=g.person, was=g.was, will_be=g.will_be) for g in found.given),
        calendars={calendar.id: preview(calendar) for calendar in found.fresh},
        removals=tuple(
            RemovalView(key=f"{one.section}.{one.id}", **dict(one.use)) for one in found.removals
        ),
        moved=tuple(
            MovedView(
                stream=m.moved.stream,
                stage=m.moved.stage,
                due_at=m.moved.old_due,
                would_be=m.moved.new_due,
            )
            for m in found.moves
        ),
        tried_on=tried.looked_at if tried else 0,
        tried=tuple(
            TriedView(
                what=d.what,
                was=d.was,
                would_be=d.would_be,
                count=d.count,
                examples=tuple(d.examples),
            )
            for d in (tried.differences if tried else ())
        ),
    )


def _problem(problem: Problem) -> ProblemView:
    return ProblemView(
        key=dotted(problem.path), line=problem.line, message=problem.said, way_out=problem.way_out
    )


def _change(change: Change) -> ChangeView:
    return ChangeView(key=change.path, was=change.old, will_be=change.new)


def _view(found: policies.InForce, actor: Actor) -> PolicyView:
    return PolicyView(**_version(found), policy=shown_to(actor, found.policy))


def shown_to(actor: Actor, policy: Policy) -> Policy:
    """A policy as this reader may see it."""
    return policy if actor.has(Role.ADMIN) else without_addresses(policy)


def _version(one: policies.InForce | policies.Applied) -> dict[str, Any]:
    return {key: getattr(one, key) for key in VersionView.model_fields}


def without_addresses(policy: Policy) -> Policy:
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
