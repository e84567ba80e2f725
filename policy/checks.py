"""What a policy's own parts must say to each other, and to the people there are.

Each function here looks at one thing. Errors keep a policy from being applied; warnings are shown
to whoever applies it, because they may be meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from domain.calendar import Calendar
from domain.errors import Invalid
from domain.hours import parse_hours
from domain.people import Role, Seat
from domain.policy import GENERAL, ChannelKind, Plan, When, is_blank, week_of
from domain.terms import DAY, HOUR, DecisionMode, Rung
from policy.calendars import zones
from policy.compiling import Compiler
from policy.lines import Path
from policy.problems import FIX, Problem, nearest
from policy.shape import PersonSection
from policy.spans import read

LEAST_WEEK = HOUR
"""A calendar with less working time a week than this is a slip of the pen."""

LONG = 28 * DAY
"""A single move that takes longer than this as the public counts is warned of."""

LONG_PAUSE = 180 * DAY
"""Pauses that may come to more than this are warned of. (A British ministry allows 90 days.)"""


@dataclass(frozen=True)
class Person:
    """Somebody the policy may speak of: what they may do, and whether they are still there."""

    roles: frozenset[Role]
    teams: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    manager: str | None = None
    is_active: bool = True


People = Mapping[str, Person]


def check(made: Compiler, people: People | None = None) -> Iterator[Problem]:
    """Everything that is wrong between the parts. Without people, nothing about them is said."""
    everybody = _with_the_files_own(made, people) if people is not None else None
    yield from _pointers(made)
    yield from _channels(made)
    yield from _ladders(made)
    yield from _calendars(made)
    yield from _limits(made)
    yield from _promises(made)
    yield from _routes(made)
    yield from _public(made)
    yield from _people(made, people)
    if everybody:
        yield from _approvers(made, everybody)
        yield from _seats(made, everybody)


def _unknown(
    made: Compiler, path: Path, section: str, name: str | None, also: tuple[str, ...] = ()
) -> Iterator[Problem]:
    names = made.known(section) | {*also}
    if name is not None and name not in names:
        said = f"is '{name}', which is not under [{section}]"
        yield Problem(path, said, nearest(name, names) if names else f"Add it under [{section}]")


def _pointers(made: Compiler) -> Iterator[Problem]:
    """Every id that is named stands somewhere. Calendars and ladders of terms were looked up when
    they were compiled."""
    file = made.file
    for name, channel in file.channels.items():
        yield from _unknown(made, ("channels", name, "team"), "teams", channel.team)
        yield from _unknown(made, ("channels", name, "terms"), "terms", channel.terms)
    for n, route in enumerate(file.routes):
        at: Path = ("routes", n)
        yield from _unknown(made, (*at, "team"), "teams", route.team)
        yield from _unknown(made, (*at, "terms"), "terms", route.terms)
        for channel_id in route.when.channels:
            yield from _unknown(made, (*at, "when", "channels"), "channels", channel_id)
        for key in ("during", "outside"):
            named = getattr(route.when, key)
            yield from _unknown(made, (*at, "when", key), "calendars", named)
    for person_id, person in file.people.items():
        for key in ("teams", "leads"):
            for team in getattr(person, key):
                yield from _unknown(made, ("people", person_id, key), "teams", team)


def _channels(made: Compiler) -> Iterator[Problem]:
    file = made.file
    if not made.known("channels"):
        yield Problem(("channels",), "names no channel, so nothing comes in", "Add one")
    for name, channel in file.channels.items():
        if channel.kind is ChannelKind.CONSOLE and (channel.url or channel.find_url):
            key = "url" if channel.url else "find_url"
            said = "is never used: a console channel sends nothing anywhere"
            yield Problem(("channels", name, key), said, "Take it out, or make it a webhook")
        if channel.url and channel.url.startswith("http://"):
            said = "is not encrypted on its way"
            yield Problem(("channels", name, "url"), said, "Use https:// where you can", True)
        if channel.kind is ChannelKind.WEBHOOK and not channel.find_url:
            said = "has no find_url: after an unclear outcome a person has to look for the post"
            yield Problem(("channels", name), said, "Add find_url if the receiver can answer", True)
    reached = {c.team for c in file.channels.values()} | {r.team for r in file.routes}
    for team in file.teams:
        if team not in reached and made.known("channels") == frozenset(file.channels):
            said = "is reached by no channel and no route"
            yield Problem(("teams", team), said, "Name it there, or take it out", True)


# Ladders. ------------------------------------------------------------------------------------

NEVER_IN_CASES = {Seat.ACCOUNTABLE: "nobody is accountable for a case; only promises have that"}
NEVER_IN_PROMISES = {
    Seat.OWNER: "a promise has no owner; write accountable",
    Seat.REVIEWERS: "nothing of a promise is reviewed; write accountable, lead or executives",
}


def _rungs(made: Compiler) -> Iterator[tuple[Path, Rung, bool, str]]:
    """Every rung of the terms with its place, whether it is of promises, and of which terms."""
    for name, plan in _plans(made).items():
        for is_promise, ladder in ((False, plan.ladder), (True, plan.promises.ladder)):
            path = _ladder_path(made, name, is_promise=is_promise)
            if path is not None:
                for n, rung in enumerate(ladder):
                    yield (*path, n), rung, is_promise, name


def _plans(made: Compiler) -> dict[str, Plan]:
    return made.plans if GENERAL in made.plans else {"": made.general, **made.plans}


def _ladder_path(made: Compiler, name: str, *, is_promise: bool) -> Path | None:
    """Where the ladder of these terms is written; None where the product's own holds."""
    file = made.file
    for place in dict.fromkeys((name, GENERAL)):
        section = file.terms.get(place)
        if section is None:
            continue
        given = section.promises.ladder if is_promise else section.ladder
        if isinstance(given, str):
            return ("ladders", given)
        if given is not None:
            return ("terms", place, *(("promises",) if is_promise else ()), "ladder")
    return ("ladder",) if file.ladder is not None and not is_promise else None


def _ladders(made: Compiler) -> Iterator[Problem]:
    for name, ladder in made.file.ladders.items():
        named = {s.ladder for s in made.file.terms.values()}
        named |= {s.promises.ladder for s in made.file.terms.values()}
        if name not in named:
            yield Problem(("ladders", name), "is used by no terms", "Name it, or take it out", True)
        if not ladder:
            yield Problem(("ladders", name), "has no rung: nobody would be told", "Add one")
    before: dict[tuple[str, bool], Rung] = {}
    for path, rung, is_promise, name in _rungs(made):
        never = (NEVER_IN_PROMISES if is_promise else NEVER_IN_CASES).get(rung.to)
        if never:
            said = f"is '{rung.to}', a seat that nobody can ever fill there: {never}"
            yield Problem((*path, "to"), said, FIX)
        last = before.get((name, is_promise))
        if last is not None and _is_earlier(rung, last):
            said = "comes earlier than the rung before it"
            yield Problem((*path, "at"), said, "Put the rungs in rising order")
        before[name, is_promise] = rung


def _is_earlier(rung: Rung, last: Rung) -> bool:
    """Only of two rungs that are placed in the same way is it certain."""
    if rung.offset is not None and last.offset is not None:
        return rung.offset < last.offset
    return rung.offset is None and last.offset is None and rung.permille < last.permille


# Time. ---------------------------------------------------------------------------------------


def _calendars(made: Compiler) -> Iterator[Problem]:
    named = {plan.calendar for plan in made.plans.values()}
    named |= {w for r in made.file.routes for w in (r.when.during, r.when.outside)}
    for name, calendar in made.calendars.items():
        if week_of(calendar) < LEAST_WEEK:
            said = f"has {read(week_of(calendar))} of working time a week"
            yield Problem(("calendars", name), said, "Give it enough hours to work in")
        if name not in named:
            said = "is used by no terms and no route"
            yield Problem(("calendars", name), said, "Name it, or take it out", True)
    for name, plan in made.plans.items():
        if plan.calendar in made.calendars:
            yield from _slow(name, plan, made.calendars[plan.calendar])


def _slow(name: str, plan: Plan, calendar: Calendar) -> Iterator[Problem]:
    week = week_of(calendar)
    for move in ("claim", "propose", "decide", "reply"):
        seconds = getattr(plan.allowances, move)
        if week and seconds * 7 * DAY // week > LONG:
            said = f"comes to {seconds * 7 // week} days in the hours of '{calendar.id}'"
            yield Problem(("terms", name, "allowances", move), said, "Give less time", True)


def _limits(made: Compiler) -> Iterator[Problem]:
    for name, plan in made.plans.items():
        path: Path = ("terms", name, "limits")
        limits = plan.limits
        for span, count in (("pause", "pauses"), ("extend", "extensions")):
            seconds, times = getattr(limits, span), getattr(limits, count)
            if bool(seconds) != bool(times):
                said = f"is {read(seconds)}, but {count} is {times}: that allows none"
                yield Problem((*path, span), said, f"Set both to 0, or neither: also {count}")
        if limits.pause * limits.pauses > LONG_PAUSE:
            days = limits.pause * limits.pauses // DAY
            said = f"and pauses allow a case to stand still for {days} days"
            yield Problem((*path, "pause"), said, "Allow less, if that is too long", True)


def _promises(made: Compiler) -> Iterator[Problem]:
    for name, plan in made.plans.items():
        path: Path = ("terms", name)
        if not plan.replies.gate:
            said = "is false: what reads like a promise goes out without anybody tied to it"
            yield Problem((*path, "replies", "gate"), said, "Leave it true", True)
        rungs = plan.promises.ladder
        speaks_late = any(r.permille >= 1000 if r.offset is None else r.offset >= 0 for r in rungs)
        if rungs and not speaks_late:
            said = "has no rung at or after the due date: a broken promise would be told to nobody"
            yield Problem((*path, "promises", "ladder"), said, 'Add a rung at "100%" or later')
        if not rungs:
            said = "is empty: nobody is reminded of a promise, and nobody told of a broken one"
            yield Problem((*path, "promises", "ladder"), said, "Add a rung")
        if plan.promises.confirm == 0:
            said = "is 0: the commenter is never asked whether a promise was kept"
            yield Problem((*path, "promises", "confirm"), said, "Give them some days", True)


# Routes. -------------------------------------------------------------------------------------


def _routes(made: Compiler) -> Iterator[Problem]:
    names: set[str] = set()
    rules = [When.model_validate(r.when.model_dump()) for r in made.file.routes]
    for n, route in enumerate(made.file.routes):
        path: Path = ("routes", n)
        if route.name in names:
            said = f"is '{route.name}', which another route is called as well"
            yield Problem((*path, "name"), said, "Give each its own")
        names.add(route.name)
        if not (route.team or route.terms or route.priority or route.quarantine):
            said = f"('{route.name}') says when, but not what then"
            yield Problem(path, said, "Name a team, terms or a priority, or set quarantine = true")
        for word in route.when.words:
            if is_blank(word):
                said = f"holds '{word}', of which nothing is left to look for"
                yield Problem((*path, "when", "words"), said, "Take it out")
        if route.when.during is not None and route.when.during == route.when.outside:
            said = f"is during and outside '{route.when.during}' at once, so it never fits"
            yield Problem((*path, "when"), said, "Take one of them out")
        above = next((m for m in range(n) if rules[m].covers(rules[n])), None)
        if above is not None:
            first = made.file.routes[above].name
            said = f"('{route.name}') can never be reached: '{first}' fits whatever fits it"
            yield Problem(path, said, f"Put it before '{first}', or take it out")
    for n, route in enumerate(made.file.routes):
        if route.quarantine and _is_anything(rules[n]):
            said = f"('{route.name}') sets every comment apart as suspected spam"
            yield Problem(("routes", n), said, "Say in when what makes one suspect")


def _is_anything(when: When) -> bool:
    return when.covers(When())


# Public. -------------------------------------------------------------------------------------


def _public(made: Compiler) -> Iterator[Problem]:
    for name, plan in made.plans.items():
        if not plan.is_public and name == GENERAL:
            said = "is false: nothing at all would be on the public ledger"
            way_out = "Make single terms private, and send cases there by a route"
            yield Problem(("terms", name, "is_public"), said, way_out, True)


# People. -------------------------------------------------------------------------------------


def _with_the_files_own(made: Compiler, people: People) -> People:
    """Everybody as they will be once the file is applied."""
    own = {
        name: Person(
            frozenset(section.roles),
            frozenset((*section.teams, *section.leads)),
            frozenset(section.leads),
            section.manager,
        )
        for name, section in made.file.people.items()
    }
    return {**people, **own}


def _people(made: Compiler, people: People | None) -> Iterator[Problem]:
    for name, section in made.file.people.items():
        path: Path = ("people", name)
        if name in ("system", "public"):
            yield Problem(path, "is reserved", "Choose another id")
        if not section.roles:
            yield Problem(path, "has no roles, so could do nothing", 'Say roles = ["staff"]')
        yield from _hours(path, section)
        if section.manager == name:
            yield Problem((*path, "manager"), "is themselves", "Name somebody else")
        if people is None:
            continue
        if name in people and not people[name].is_active:
            said = "has left"
            way_out = f"Take the table out; whoever is back is added with: people add {name}"
            yield Problem(path, said, way_out)
        others = {*people, *made.file.people}
        if section.manager and section.manager not in others:
            said = f"is '{section.manager}', whom nobody knows"
            yield Problem((*path, "manager"), said, nearest(section.manager, others))


def _hours(path: Path, section: PersonSection) -> Iterator[Problem]:
    if section.zone is not None and section.zone not in zones():
        said = f"is '{section.zone}': there is no such time zone"
        yield Problem((*path, "zone"), said, "Name one of the IANA list, such as Europe/Berlin")
    if section.hours is not None:
        try:
            parse_hours(section.hours)
        except Invalid as refusal:
            said = f"is '{section.hours}': {refusal.message}"
            yield Problem((*path, "hours"), said, refusal.way_out or FIX)


def _approvers(made: Compiler, people: People) -> Iterator[Problem]:
    executives = {i for i, p in people.items() if p.is_active and Role.EXECUTIVE in p.roles}
    for name, plan in _plans(made).items():
        path: Path = ("terms", name, "decision")
        for person_id in plan.decision.approvers:
            person = people.get(person_id)
            at = (*path, "approvers")
            if person is None:
                said = f"names '{person_id}', whom nobody knows"
                yield Problem(at, said, nearest(person_id, executives))
            elif not person.is_active:
                yield Problem(at, f"names '{person_id}', who has left", "Name somebody else")
            elif person_id not in executives:
                said = f"names '{person_id}', who is no executive and may not decide"
                yield Problem(at, said, "Name an executive, or give them that role")
        able = len(executives) if not plan.decision.approvers else len(plan.decision.approvers)
        if plan.decision.mode is DecisionMode.SOME and plan.decision.needed > able:
            said = f"is {plan.decision.needed}, but no more than {able} may decide"
            yield Problem((*path, "needed"), said, "Ask for fewer")
        if plan.decision.mode is not DecisionMode.OWNER and not executives:
            said = "needs an executive, and there is none yet"
            yield Problem(
                path if name else (), said, "Add one: people add ID --role executive", True
            )


def _seats(made: Compiler, people: People) -> Iterator[Problem]:
    """Seats that nobody fills as things are: a warning, because people come and go."""
    here = {i: p for i, p in people.items() if p.is_active}
    told: set[tuple[Path, str]] = set()
    for path, rung, _, _ in _rungs(made):
        if rung.to is Seat.PERSON and rung.person not in here:
            said = f"is '{rung.person}', who is not there"
            yield Problem((*path, "person"), said, nearest(rung.person or "", here))
            continue
        for said in _EMPTY.get(rung.to, _nothing)(made, rung, here):
            if (path, said) not in told:
                told.add((path, said))
                yield Problem((*path, "to"), f"is '{rung.to}', but {said}", "Add somebody", True)


def _nothing(made: Compiler, rung: Rung, here: People) -> Iterator[str]:
    yield from ()


def _empty_teams(made: Compiler, rung: Rung, here: People) -> Iterator[str]:
    for team in made.file.teams:
        if not any(team in p.teams and Role.STAFF in p.roles for p in here.values()):
            yield f"the team '{team}' has no staff"


def _leaderless(made: Compiler, rung: Rung, here: People) -> Iterator[str]:
    for team in made.file.teams:
        if not any(team in p.leads and Role.STAFF in p.roles for p in here.values()):
            yield f"the team '{team}' has no lead"


def _no_executives(made: Compiler, rung: Rung, here: People) -> Iterator[str]:
    if not any(Role.EXECUTIVE in p.roles for p in here.values()):
        yield "nobody is executive"


def _no_role(made: Compiler, rung: Rung, here: People) -> Iterator[str]:
    if not any(rung.role in p.roles for p in here.values()):
        yield f"nobody has the role '{rung.role}'"


def _no_managers(made: Compiler, rung: Rung, here: People) -> Iterator[str]:
    if not any(p.manager for p in here.values() if Role.STAFF in p.roles):
        yield "nobody of the staff has a manager"


_EMPTY: dict[Seat, Callable[[Compiler, Rung, People], Iterator[str]]] = {
    Seat.TEAM: _empty_teams,
    Seat.LEAD: _leaderless,
    Seat.EXECUTIVES: _no_executives,
    Seat.APPROVERS: _no_executives,
    Seat.ROLE: _no_role,
    Seat.MANAGER: _no_managers,
}
