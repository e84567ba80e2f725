"""Every rung of a random ladder, through random calendars, pauses and extensions, to the minute:
compared with a clock that goes forward minute by minute and knows nothing of the rules' arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar
from domain.people import Seat
from domain.terms import LONGEST, Allowances, Limits, Rung, RungAct
from policy.calendars import CalendarRules, compile_calendar
from tests.builders import ADA, BEN
from tests.domain import harness
from tests.domain.harness import ESCALATION, World, words

MINUTE = timedelta(minutes=1)
TICK = timedelta(milliseconds=1)
HORIZON = timedelta(days=20)
ZONES = ("Europe/Berlin", "Africa/Casablanca", "Asia/Kolkata", "Australia/Lord_Howe")
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Climbed = tuple[datetime, int, bool]
"""When which step was reached, and whether it was late by then."""


@dataclass
class Act:
    """Something that somebody does to the clock, so many minutes after what was before."""

    after: int
    kind: str
    minutes: int
    by_hand: bool = False


@dataclass
class Clock:
    """What counts and what does not, one minute after the other."""

    start: datetime
    granted: int
    ladder: tuple[Rung, ...]
    rules: CalendarRules | None
    acts: list[Act]
    counted: int = 0
    began: list[datetime] = field(default_factory=list)
    """When each minute that counted began."""
    done: set[int] = field(default_factory=set)

    def counts(self, at: datetime) -> bool:
        if self.rules is None:
            return True
        local = at.astimezone(ZoneInfo(self.rules.zone))
        if any(off.on == local.date() for off in self.rules.off):
            return False
        now = f"{local.hour:02}:{local.minute:02}"
        windows = self.rules.hours.get(WEEK[local.weekday()], ())
        return any(window[:5] <= now < window[6:] for window in windows)

    def used_up(self, minutes: int) -> datetime | None:
        """When so many minutes had counted."""
        if minutes == 0:
            return self.start
        return self.began[minutes - 1] + MINUTE if minutes <= self.counted else None

    def first(self, rung: Rung) -> datetime | None:
        """When a rung was reached; None: not yet."""
        if rung.offset is None:
            wanted = self.granted * rung.permille // 1000
            at = self.used_up(wanted)
            return at + TICK if at and wanted == self.granted else at
        wanted = self.granted + rung.offset // 60
        if rung.offset > 0:
            return self.used_up(wanted)
        if wanted < 0:
            return self.start
        return self.began[wanted] if wanted < len(self.began) else None

    def again(self, rung: Rung, turn: int) -> datetime | None:
        """When so many repeats of working time have passed since the first."""
        share = self.granted * rung.permille // 1000
        wanted = share if rung.offset is None else max(self.granted + rung.offset // 60, 0)
        later = wanted + rung.every // 60 * turn
        if rung.offset is None and wanted == self.granted and self.follows(wanted):
            # Counted from a tick into that minute, it ends a tick into the last.
            return self.began[later] + TICK if later < len(self.began) else None
        return self.used_up(later)

    def follows(self, minutes: int) -> bool:
        """Whether time goes on to count the moment so many minutes are used up."""
        return minutes < len(self.began) and self.began[minutes] == self.used_up(minutes)

    def steps(self) -> Iterator[tuple[datetime, int]]:
        n = 0
        for rung in self.ladder:
            at = self.first(rung)
            for turn in range(rung.times):
                again = self.again(rung, turn) if turn else at
                if again is not None:
                    yield again, n
                n += 1

    def run(self) -> Iterator[Climbed]:
        pauses, extensions = self.plan()
        every = sum(rung.times for rung in self.ladder)
        now = self.start
        while now < self.start + HORIZON:
            if len(self.done) == every and not any(at >= now for at in extensions):
                return
            is_paused = any(a <= now < b for a, b in pauses)
            is_counting = not is_paused and self.counts(now)
            if is_counting:
                self.began.append(now)
            if now in extensions:
                self.granted += extensions[now]
                ahead = {n for at, n in self.steps() if at > now}
                known = {n for _, n in self.steps()}
                self.done = {n for n in self.done if n in known and n not in ahead}
            if not is_paused:
                yield from self.climb(now)
            if is_counting:
                self.counted += 1
            now += MINUTE

    def climb(self, now: datetime) -> Iterator[Climbed]:
        for at, n in sorted(self.steps()):
            if n not in self.done and at <= now + TICK:
                self.done.add(n)
                due = self.used_up(self.granted)
                rang = max(at, now)
                yield rang, n, due is not None and rang > due

    def plan(self) -> tuple[list[tuple[datetime, datetime]], dict[datetime, int]]:
        pauses, extensions, at = [], {}, self.start
        for act in self.acts:
            at += act.after * MINUTE
            if act.kind == "pause":
                pauses.append((at, at + act.minutes * MINUTE))
                at += act.minutes * MINUTE
            else:
                extensions[at] = act.minutes
        return pauses, extensions


def really(clock: Clock, calendar: Calendar | None) -> list[Climbed]:
    """What the rules make of the same: the escalation, its commands and its alarms."""
    terms = harness.terms(
        calendar=calendar,
        ladder=clock.ladder,
        allowances=Allowances(propose=clock.granted * 60),
        limits=Limits(pause=LONGEST, pauses=50, extend=LONGEST, extensions=50),
    )
    world = harness.unclaimed(terms=terms)
    world.at = clock.start
    world.do(ESCALATION, ADA, "claim")
    for act in clock.acts:
        when = clock.start if act is clock.acts[0] else world.at
        until(world, when + act.after * MINUTE)
        if act.kind == "extend":
            fields: dict[str, Any] = {"seconds": act.minutes * 60, "code": "complex"}
            world.do(ESCALATION, BEN, "extend", reason=words("more"), **fields)
            continue
        end = world.at + act.minutes * MINUTE
        fields = {"until": end + (MINUTE if act.by_hand else timedelta()), "code": "legal"}
        world.do(ESCALATION, ADA, "pause", reason=words("wait"), **fields)
        if act.by_hand:
            world.at = end
            world.do(ESCALATION, ADA, "resume")
        else:
            assert [f.name for f in world.sleep(ESCALATION)] == ["escalation:clock:resumed"]
            assert world.at == end
    until(world, clock.start + HORIZON)
    return [
        (fact.at, fact.data.get("rung", 0), fact.data.get("is_late", False))
        for fact in world.facts[ESCALATION]
        if fact.name == "escalation:ladder:climbed"
    ]


def until(world: World, when: datetime) -> None:
    """Let alarms ring until then; what somebody does at the very moment comes first."""
    while (alarm := world.escalation.alarm()) and alarm.at < when:
        world.sleep(ESCALATION)
    world.at = when


# What is random. ------------------------------------------------------------------------------

quarters = st.integers(24, 88)
"""Quarters of an hour from six in the morning to ten in the evening: no night in which clocks
are changed."""


def _window(begin: int, end: int) -> str:
    return f"{begin // 4:02}:{begin % 4 * 15:02}-{end // 4:02}:{end % 4 * 15:02}"


@st.composite
def calendars(draw: st.DrawFn) -> CalendarRules | None:
    if draw(st.integers(0, 5)) == 0:
        return None
    hours: dict[str, tuple[str, ...]] = {}
    for n, day in enumerate(WEEK):
        marks = sorted(draw(st.sets(quarters, min_size=4 if n < 3 else 0, max_size=4)))
        windows = tuple(
            _window(a, b) for a, b in zip(marks[::2], marks[1::2], strict=False) if a < b
        )
        if windows:
            hours[day] = windows
    zone = draw(st.sampled_from(ZONES))
    days = draw(st.sets(st.integers(24, 50), max_size=3))
    off = [{"on": date(2026, 3, 1) + timedelta(days=n), "name": "closed"} for n in days]
    return CalendarRules.model_validate({"zone": zone, "hours": hours, "off": off})


@st.composite
def rungs(draw: st.DrawFn) -> Rung:
    times = draw(st.sampled_from([1, 1, 1, 2, 4]))
    every = draw(st.sampled_from([60, 3600, 90_000])) if times > 1 else 0
    if draw(st.booleans()):
        offset = 60 * draw(st.integers(1, 600)) * draw(st.sampled_from([-1, 1]))
        return Rung(act=RungAct.REMIND, to=Seat.OWNER, offset=offset, every=every, times=times)
    permille = draw(st.sampled_from([250, 500, 750, 1000, 1500, 2000]))
    return Rung(act=RungAct.ESCALATE, to=Seat.LEAD, permille=permille, every=every, times=times)


acts = st.builds(
    Act,
    after=st.integers(1, 3000),
    kind=st.sampled_from(["pause", "pause", "extend"]),
    minutes=st.integers(1, 200).map(lambda n: n * 20),
    by_hand=st.booleans(),
)


@pytest.mark.rule(3)
@pytest.mark.rule(4)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rules=calendars(),
    ladder=st.lists(rungs(), min_size=1, max_size=5).map(tuple),
    start=st.integers(0, 60 * 24 * 9),
    granted=st.integers(1, 60).map(lambda n: n * 20),
    done=st.lists(acts, max_size=4),
)
def test_every_rung_is_reached_to_the_minute(
    rules: CalendarRules | None,
    ladder: tuple[Rung, ...],
    start: int,
    granted: int,
    done: list[Act],
) -> None:
    calendar = None
    if rules is not None:
        calendar = compile_calendar("random", rules, date(2026, 2, 20), date(2026, 12, 31))
    begin = datetime(2026, 3, 24, 7, tzinfo=UTC) + start * MINUTE
    clock = Clock(begin, granted, ladder, rules, done)
    found = really(clock, calendar)
    expected = [climbed for climbed in clock.run() if climbed[0] < begin + HORIZON]
    assert [row for row in found if row[0] < begin + HORIZON] == expected
