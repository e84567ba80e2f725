"""The teams over JSON: who is in them, who is there now, and which seats are empty."""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import API, TheDoor, now
from api.people import Asking
from domain.base import Moment, Value
from store import staffing
from store.staffing import TeamView

router = APIRouter(prefix=API, tags=["people"])


class TeamList(Value):
    """Every team of the policy in force, as it is at this moment; behind them those that it does
    not have any more and that still have members or open escalations."""

    items: tuple[TeamView, ...]
    at: Moment


@router.get("/teams")
async def list_teams(door: TheDoor, actor: Asking) -> TeamList:
    """Each team: members and whether they are there, seats and who fills them, what is open."""
    at, policy = now(), (await door.policy()).policy
    found = await door.read(lambda session: staffing.teams(session, policy, at))
    return TeamList(items=found, at=at)
