"""The pages of those who run the house: what needs a look, teams, channels, what was done.

Auditors read them, as they read everything; whatever changes something is for admins. Policy,
people and tokens have modules of their own beside this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import func, select
from sqlmodel import Session

from api import channels, policy_review
from api.channels import Ailment, ChannelItem
from api.deps import Door, TheDoor, now
from api.pages import frame, house, render, times
from api.pages.security import AdminForm, Watcher
from domain.hooks import HookState
from domain.people import Role, Seat
from domain.policy import Id
from domain.roster import Roster
from store import history, hooks, notices, people, policies, roster, staffing, tables, tokens, watch
from store.policies import InForce
from texts import gettext as _
from texts import ngettext

router = APIRouter(include_in_schema=False)

Word = Annotated[str, Query(max_length=200)]
Place = Annotated[str, Query(max_length=500)]

ROWS = 50

CHECKED = timedelta(minutes=15)
"""The upkeep check runs every five minutes: two rounds may be missed."""

BEAT = timedelta(minutes=1)
"""A worker leaves a sign of life every ten seconds."""

ENDING = timedelta(days=14)
"""A token that ends within so long should be replaced by now."""

LOST = timedelta(days=7)
"""For so long a notice that did not arrive is pointed at."""

MOVES_LOOKED_AT = 300
"""Running dates that the overview compares with the calendars in force; their page takes all."""

SHOWN = 20

NAMED = 3
"""People whom no notice reaches that are named; the others are counted."""


@dataclass(frozen=True)
class Need:
    """One thing that needs a look, and where to look."""

    said: str
    address: str
    is_alarm: bool = False


def seat_names() -> dict[Seat, str]:
    """What the seats of a team are called, each with what it is for."""
    return {
        Seat.TEAM: _("Claims and answers"),
        Seat.LEAD: _("Lead: told of what is overdue"),
        Seat.APPROVERS: _("Decides"),
        Seat.MANAGER: _("the manager"),
        Seat.EXECUTIVES: _("the executives"),
    }


# What needs a look. --------------------------------------------------------------------------


@router.get("/admin")
async def overview(door: TheDoor, viewer: Watcher) -> Response:
    """What needs a look, each with its link; and how the house stands."""
    at = now()

    def work(session: Session) -> dict[str, Any]:
        # Webhooks, and who was told what, are for admins alone.
        is_admin = viewer.is_admin()
        lost, newest_lost = notices.lost(session, at - LOST, SHOWN) if is_admin else (0, ())
        in_force = policies.current(session)
        around = roster.roster(session, at)
        found = watch.open_findings(session)
        return {
            **frame.frame(session, viewer, "admin"),
            "needs": [
                *_needs(session, door, in_force, around, at),
                *(_of_hooks(session, at) if is_admin else ()),
                *_of_notices(session, door, lost),
            ],
            "lost": newest_lost,
            "lost_in_all": lost,
            "in_force": in_force,
            "here": "admin",
            "people": sum(one.is_active for one in around.people),
            "away": sum(one.is_active and not one.is_there for one in around.people),
            "open": watch.count_open(session),
            "ran_at": watch.beat(session, watch.RAN),
            "findings": found[:SHOWN],
            "findings_in_all": len(found),
        }

    return render.page("admin.html", now=at, **await door.read(work))


def _needs(
    session: Session, door: Door, in_force: InForce | None, around: Roster, at: datetime
) -> Iterator[Need]:
    """Alarms of the machines first, then what people should see to."""
    yield from _machines(session, in_force, at)
    for item in channels.items(session, door.settings, at):
        if item.ails:
            said = _(
                "Channel %(channel)s: %(ailment)s",
                channel=item.channel,
                ailment=ailments(item)[item.ails[0]],
            )
            yield Need(said, f"/admin/channels#{item.channel}", item.ails[0] in _LOUD)
    yield from _of_policy(session, in_force, at)
    yield from _of_people(session, in_force, around, at)
    for token in tokens.ending_before(session, at, at + ENDING):
        assert token.expires_at is not None
        said = _(
            "A token of %(person)s ends %(when)s.",
            person=token.person_name,
            when=times.relative(token.expires_at, at),
        )
        yield Need(said, "/admin/tokens")


def _machines(session: Session, in_force: InForce | None, at: datetime) -> Iterator[Need]:
    ran_at, beat = watch.beat(session, watch.RAN), watch.beat(session, "worker")
    if beat is None or beat < at - BEAT:
        said = _("No worker is at work: nothing is decided, published or told. Start one.")
        yield Need(said, "/admin#upkeep", is_alarm=True)
    # A house that was only just set up has had no time for its first round.
    is_new = in_force is None or in_force.at > at - CHECKED
    if ran_at is None and not is_new:
        yield Need(_("The upkeep check has never run."), "/admin#upkeep", is_alarm=True)
    if ran_at is not None and ran_at < at - CHECKED:
        said = _("The upkeep check last ran %(when)s.", when=times.relative(ran_at, at))
        yield Need(said, "/admin#upkeep", is_alarm=True)
    if count := sum(watch.count_findings(session).values()):
        said = ngettext(
            "The upkeep check found something wrong with %(num)s open case.",
            "The upkeep check found something wrong with %(num)s open cases.",
            count,
        )
        yield Need(said, "/admin#upkeep", is_alarm=True)
    if forks := session.scalar(select(func.count()).select_from(tables.Fork)):
        said = ngettext(
            "%(num)s history is claimed by two workflows. Run: answerable replay",
            "%(num)s histories are claimed by two workflows each. Run: answerable replay",
            forks,
        )
        yield Need(said, "/admin#upkeep", is_alarm=True)


def _of_policy(session: Session, in_force: InForce | None, at: datetime) -> Iterator[Need]:
    if in_force is None:
        said = _("No policy is in force: no comment can be taken in.")
        yield Need(said, "/admin/policy/draft", is_alarm=True)
        return
    for name, calendar in in_force.policy.calendars.items():
        if calendar.until < (at + timedelta(days=366)).date():
            said = _(
                "Calendar %(calendar)s knows holidays until %(until)s: apply the policy again.",
                calendar=name,
                until=times.day(calendar.until),
            )
            yield Need(said, "/admin/policy/draft")
    if in_force.version > 1:
        moves = policy_review.moves(session, in_force.policy, MOVES_LOOKED_AT)
        if moves:
            said = ngettext(
                "%(num)s running date would change under the calendars in force.",
                "%(num)s running dates would change under the calendars in force.",
                len(moves),
            )
            yield Need(said, "/admin/policy/dates")


def _of_people(
    session: Session, in_force: InForce | None, around: Roster, at: datetime
) -> Iterator[Need]:
    active = [one for one in around.people if one.is_active]
    if not any(Role.EXECUTIVE in one.roles for one in active):
        said = _("Nobody is an executive, so nobody can decide.")
        yield Need(said, "/admin/people", is_alarm=True)
    if roleless := sum(not one.roles for one in active):
        said = ngettext(
            "%(num)s person has no role and may do nothing.",
            "%(num)s people have no role and may do nothing.",
            roleless,
        )
        yield Need(said, "/admin/people?state=roleless")
    names = in_force.policy.teams if in_force else {}
    for team, name in names.items():
        for seat in staffing.seats_of(team, around):
            # Who decides is nobody's of the team; said once, above.
            if seat.is_empty and seat.seat is not Seat.APPROVERS:
                said = {
                    Seat.TEAM: _("Nobody is there to answer for %(team)s.", team=name),
                    Seat.LEAD: _("Nobody leads %(team)s just now.", team=name),
                }[seat.seat]
                yield Need(said, f"/admin/teams#{team}", is_alarm=seat.instead is None)
    gone = staffing.left_over(session, in_force.policy, around) if in_force else {}
    for team, name in gone.items():
        said = _("%(team)s is not in the policy any more, and is in use.", team=name)
        yield Need(said, f"/admin/teams#{team}")
    away = staffing.without_deputies(session, at)
    circles = staffing.circles(around)
    named = frame.names(session, [*(who for who, _at in away), *(p for c in circles for p in c)])
    for who, since in away:
        told = {"person": named[who], "when": times.relative(since, at)}
        said = (
            _("%(person)s is away without a deputy.", **told)
            if since <= at
            else _("%(person)s will be away %(when)s, without a deputy.", **told)
        )
        yield Need(said, f"/admin/people/{who}#away")
    for circle in circles:
        said = _(
            "%(people)s are away and stand in for each other: nobody comes for them.",
            people=", ".join(named[person] for person in circle),
        )
        yield Need(said, f"/admin/people/{circle[0]}#away", is_alarm=True)


def _of_hooks(session: Session, at: datetime) -> Iterator[Need]:
    for hook in hooks.every(session):
        if hook.state is HookState.DISABLED:
            said = _("Webhook %(name)s is disabled: it is told nothing.", name=hook.name)
        elif hook.state is HookState.ACTIVE and hook.failing_since:
            when = times.absolute(hook.failing_since)
            said = _(
                "Webhook %(name)s has taken nothing since %(when)s.", name=hook.name, when=when
            )
        else:
            continue
        yield Need(said, f"/admin/hooks/{hook.id}", hook.state is HookState.DISABLED)


def _of_notices(session: Session, door: Door, lost: int) -> Iterator[Need]:
    if not door.settings.smtp_url:
        said = _("No mail server is set up, so nobody is told by mail: set ANSWERABLE_SMTP_URL.")
        yield Need(said, "/me/notices")
    untold = notices.unreachable(session)
    for person, name in untold[:NAMED]:
        said = _(
            "%(person)s is told of nothing: no mail address and no chat is known.", person=name
        )
        yield Need(said, f"/admin/people/{person}")
    if len(untold) > NAMED:
        said = ngettext(
            "%(num)s more person is told of nothing: no mail address and no chat is known.",
            "%(num)s more people are told of nothing: no mail address and no chat is known.",
            len(untold) - NAMED,
        )
        yield Need(said, "/admin/people")
    if lost:
        said = ngettext(
            "%(num)s notice of the last seven days did not arrive.",
            "%(num)s notices of the last seven days did not arrive.",
            lost,
        )
        yield Need(said, "/admin#lost")


# Teams. --------------------------------------------------------------------------------------


@router.get("/admin/teams")
async def teams(door: TheDoor, viewer: Watcher) -> Response:
    """Each team of the policy, and what is left of others: its seats, who is there now, and what
    is open."""
    at = now()

    def work(session: Session) -> dict[str, Any]:
        in_force = policies.current(session)
        found = staffing.teams(session, in_force.policy, at) if in_force else ()
        named = {p for t in found for s in t.seats for p in s.people}
        named |= {d for t in found for m in t.members for d in m.deputies}
        return {
            **frame.frame(session, viewer, "admin"),
            "teams": found,
            "names": frame.names(session, named),
        }

    return render.page(
        "admin_teams.html",
        now=at,
        seats=seat_names(),
        clock_in=lambda zone: at.astimezone(ZoneInfo(zone)).strftime("%H:%M"),
        **await door.read(work),
    )


# Channels. -----------------------------------------------------------------------------------

_LOUD = frozenset(
    {Ailment.NO_SECRET, Ailment.FAILED, Ailment.UNCONFIRMED, Ailment.SILENT, Ailment.FALSE}
)


def ailments(item: ChannelItem) -> dict[Ailment, str]:
    """Each thing that can be wrong with a channel, with its way out."""
    posts = item.posts
    return {
        Ailment.GONE: _("the policy does not have it any more, and something is left on it."),
        Ailment.NO_SECRET: _(
            "it has no secret, so nothing can be signed. Set ANSWERABLE_CHANNEL_SECRETS."
        ),
        Ailment.FAILED: ngettext(
            "%(num)s post has failed. Somebody of its team tries again or withdraws it.",
            "%(num)s posts have failed. Somebody of their team tries again or withdraws them.",
            posts.get("failed", 0),
        ),
        Ailment.UNCONFIRMED: ngettext(
            "%(num)s post may or may not have arrived. Look at the channel.",
            "%(num)s posts may or may not have arrived. Look at the channel.",
            posts.get("unconfirmed", 0),
        ),
        Ailment.TRYING: _("it was not reached, and is tried again."),
        Ailment.WAITING: ngettext(
            "%(num)s comment waits to be handed over. See the log of the worker.",
            "%(num)s comments wait to be handed over. See the log of the worker.",
            item.waiting,
        ),
        Ailment.SILENT: _("it did not answer when it was last asked. See whether it runs."),
        Ailment.FALSE: _(
            "it says that it has a post that never was. What it says cannot be relied on: "
            "correct its find_url."
        ),
        Ailment.FULL: _("what it takes in a day is used up; posts wait for their turn."),
        Ailment.HALTED: _("a matter is halted, and its members here wait."),
    }


def check_results() -> dict[str, str]:
    """What a channel can say when it is asked for a post that never was."""
    return {
        "absent": _("It answers as it should."),
        "found": _("It says that it has a post that never was."),
        "cannot_tell": _("It has no find_url, so it cannot be asked."),
        "unavailable": _("It did not answer as it should."),
        channels.TIMEOUT: _("It did not answer in time."),
        channels.NO_SECRET: _("It could not be asked: it has no secret."),
    }


def codes() -> dict[str, str]:
    """Why an attempt to publish came to nothing, as far as there is a word for it."""
    return {
        "no_connection": _("no connection"),
        "timeout": _("no answer in time"),
        "no_answer": _("the connection broke"),
        "bad_address": _("the address cannot be"),
        "no_secret": _("no secret"),
        "budget": _("the day's budget is used up"),
        "file_error": _("the file could not be written"),
        "words_missing": _("the words are not there any more"),
        "database_away": _("the database was away"),
    }


@router.get("/admin/channels")
async def list_channels(door: TheDoor, viewer: Watcher, done: Word = "") -> Response:
    """How each channel does, and why it does not."""
    at = now()

    def work(session: Session) -> dict[str, Any]:
        found = channels.items(session, door.settings, at)
        return {
            **frame.frame(session, viewer, "admin"),
            "items": found,
            "team_names": people.team_names(session),
            "names": frame.names(session, [i.check.by for i in found if i.check]),
        }

    return render.page(
        "admin_channels.html",
        now=at,
        done=done,
        ailments=ailments,
        results=check_results(),
        codes=codes(),
        **await door.read(work),
    )


@router.post("/admin/channels/{channel_id}/check")
async def check_channel(
    channel_id: Annotated[Id, Path()], door: TheDoor, sent: AdminForm
) -> Response:
    """Ask one now."""
    await channels.ask(door, channel_id, sent.viewer.actor.id)
    return render.see_other(f"/admin/channels?done={channel_id}#{channel_id}")


# The house. ----------------------------------------------------------------------------------


@router.get("/admin/house")
async def house_pages(door: TheDoor, viewer: Watcher, cursor: Place = "") -> Response:
    """Who changed what in the house, the newest first."""

    def work(session: Session) -> dict[str, Any]:
        entries, more = history.latest_of_the_house(
            session, viewer.actor, limit=ROWS, cursor=cursor or None
        )
        return {
            **frame.frame(session, viewer, "admin"),
            "lines": house.lines(session, entries),
            "next_cursor": more,
            "cursor": cursor,
        }

    return render.page("admin_house.html", **await door.read(work))
