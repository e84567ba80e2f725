"""From the policy file to the policy that is applied: spans counted, ladders put in, calendars
resolved to dates, everything that is not said filled in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from pydantic import ValidationError

from domain.base import Value
from domain.calendar import Calendar
from domain.errors import Invalid
from domain.policy import GENERAL, Member, Plan, Policy, PublicRules, Rule, When
from domain.policy import Channel as DomainChannel
from domain.terms import (
    DEFAULT_LADDER,
    Allowances,
    DecisionTerms,
    Limits,
    PromiseTerms,
    ReplyTerms,
    Rung,
)
from policy.calendars import CalendarRules, compile_calendar
from policy.lines import Path
from policy.problems import FIX, BadPolicy, Problem, from_pydantic, nearest
from policy.shape import PolicyFile, RungSection, Section, TermsSection
from policy.spans import PLAIN, Span, Units, working

Group = TypeVar("Group", bound=Value)

PLAIN_TIME = "plain"
"""In place of a calendar's id: every second counts, around the clock."""

AHEAD = 3
"""Years after this one for which holidays and changes of the clocks are resolved."""


def horizon(today: date) -> tuple[date, date]:
    """From when to when calendars are resolved. Whole years, so that a file that is applied again
    within a year is recognised as the same."""
    return date(today.year, 1, 1), date(today.year + AHEAD, 12, 31)


def compile_policy(file: PolicyFile, since: date, until: date) -> Policy:
    """The policy of a file. Raises BadPolicy with everything that keeps it from being one."""
    return Compiler(file, since, until).policy()


class Compiler:
    """One compilation. It goes as far as it can and collects what is wrong.

    ``known`` names what the file has under a section, also where an entry was too broken to get
    here: so that one mistake is not told as two.
    """

    def __init__(
        self,
        file: PolicyFile,
        since: date,
        until: date,
        known: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._known = dict(known or {})
        self.calendars = self._calendars(since, until)
        self.general = self._general()
        self.plans = {
            name: self._plan(section, ("terms", name)) for name, section in file.terms.items()
        }
        self.public = self._public()

    def policy(self) -> Policy:
        if self.problems:
            raise BadPolicy(dict.fromkeys(self.problems))
        file, general = self.file, self.plans.get(GENERAL, self.general)
        try:
            return Policy(
                teams=file.teams,
                channels={
                    name: DomainChannel.model_validate(channel.model_dump())
                    for name, channel in file.channels.items()
                },
                allowances=general.allowances,
                ladder=general.ladder if GENERAL not in self.plans else DEFAULT_LADDER,
                calendars=self.calendars,
                terms=self.plans,
                routes=tuple(self._rules()),
                public=self.public,
                backlog_ladders_at=file.backlog.ladders_from,
                people={
                    name: Member.model_validate(person.model_dump())
                    for name, person in file.people.items()
                },
            )
        except ValidationError as error:
            # What the checks could not put better.
            raise BadPolicy(
                Problem((), str(e["ctx"]["error"]), FIX) for e in error.errors()
            ) from None

    def known(self, section: str) -> frozenset[str]:
        return self._known.get(section, frozenset()) | frozenset(getattr(self.file, section))

    def _rules(self) -> list[Rule]:
        return [
            Rule(
                name=route.name,
                when=When.model_validate(route.when.model_dump()),
                team=route.team,
                terms=route.terms,
                priority=route.priority,
                quarantine=route.quarantine or False,
            )
            for route in self.file.routes
        ]

    # Calendars. ------------------------------------------------------------------------------

    def _calendars(self, since: date, until: date) -> dict[str, Calendar]:
        found = {}
        for name, rules in self.file.calendars.items():
            path: Path = ("calendars", name)
            if name == PLAIN_TIME:
                self._add(
                    path, "cannot be called so: 'plain' is time without a calendar", "Rename it"
                )
                continue
            try:
                found[name] = compile_calendar(name, rules, since, until)
            except Invalid as refusal:
                key = str(refusal.details.get("field", "")).rpartition(".")[2]
                self._add((*path, key), f"cannot be resolved: {refusal.message}", refusal.way_out)
            except ValidationError as error:
                self.problems += from_pydantic(error, CalendarRules, path)
        return found

    def _calendar_of(self, name: str | None, path: Path) -> str | None:
        """The id of a calendar, looked up; None for plain time."""
        if name is None or name == PLAIN_TIME:
            return None
        if name not in self.known("calendars"):
            said = f"is '{name}', which is not under [calendars]"
            self._add(path, said, nearest(name, {*self.known("calendars"), PLAIN_TIME}))
        return name

    # Terms. ----------------------------------------------------------------------------------

    def _general(self) -> Plan:
        """What is said at the top of the file, as policies did before terms had names."""
        file = self.file
        own = {"allowances", "ladder"} & file.model_fields_set
        if GENERAL in file.terms:
            for key in sorted(own):
                self._add(
                    (key,),
                    "is said twice: here and in [terms.default]",
                    f"Move it to terms.default.{key}",
                )
            return Plan()
        return self._plan(self._top(), ())

    def _top(self) -> TermsSection:
        given = {"allowances": self.file.allowances, "ladder": self.file.ladder}
        own = {k: v for k, v in given.items() if k in self.file.model_fields_set}
        return TermsSection.model_validate(own)

    def _plan(self, own: TermsSection, path: Path) -> Plan:
        is_named = GENERAL in self.file.terms
        base = self.file.terms[GENERAL] if is_named else self._top()
        base_path: Path = ("terms", GENERAL) if is_named else ()
        made = _Merged(own, path, base, base_path)
        calendar = self._calendar_of(made.get("calendar"), made.path("calendar"))
        units = working(self.calendars.get(calendar)) if calendar else PLAIN
        promises = self._group(made, "promises", PromiseTerms, units, without={"ladder"})
        ladder, where = made.get("ladder"), made.path("ladder")
        promised, promised_at = made.inner("promises", "ladder")
        return Plan(
            calendar=calendar,
            ladder=self._ladder(ladder, where, units) if ladder is not None else DEFAULT_LADDER,
            allowances=self._group(made, "allowances", Allowances, units),
            limits=self._group(made, "limits", Limits, units),
            decision=self._group(made, "decision", DecisionTerms, units),
            replies=self._group(made, "replies", ReplyTerms, units),
            promises=promises.model_copy(
                update={"ladder": self._ladder(promised, promised_at, units)}
                if promised is not None
                else {}
            ),
            **{
                key: made.get(key)
                for key in ("priority", "language", "is_public")
                if made.get(key) is not None
            },
        )

    def _group(
        self,
        made: _Merged,
        name: str,
        group: type[Group],
        units: Units,
        without: frozenset[str] | set[str] = frozenset(),
    ) -> Group:
        """A group of the terms, filled up with the product's own defaults."""
        given, fields = {}, made.group(name)
        for key, (value, plain, _) in fields.items():
            if key not in without:
                is_span = isinstance(value, Span)
                given[key] = value.of(PLAIN if plain else units) if is_span else value
        try:
            return group.model_validate(given)
        except ValidationError as error:
            for problem in from_pydantic(error, group):
                key = str(problem.path[0]) if problem.path else ""
                where = fields[key][2] if key in fields else made.path(name)
                self.problems.append(_at(problem, where, given.get(key), fields.get(key)))
            return group()

    def _ladder(self, given: Any, path: Path, units: Units) -> tuple[Rung, ...]:
        """The rungs of a ladder that is named or written in place."""
        if isinstance(given, str):
            if given not in self.file.ladders:
                if given not in self.known("ladders"):
                    said = f"is '{given}', which is not under [ladders]"
                    self._add(path, said, nearest(given, self.known("ladders")))
                return DEFAULT_LADDER
            given, path = self.file.ladders[given], ("ladders", given)
        rungs = [self._rung(rung, (*path, n), units) for n, rung in enumerate(given)]
        return tuple(rung for rung in rungs if rung is not None)

    def _rung(self, rung: RungSection, path: Path, units: Units) -> Rung | None:
        if (rung.at is None) == (rung.permille is None):
            said = "says neither at nor permille" if rung.at is None else "says at and permille"
            self._add(path, said, 'Say when with at alone, such as at = "75%"')
            return None
        permille, offset = rung.permille, None
        if rung.at is not None:
            permille = rung.at.permille
            offset = rung.at.offset.of(units) if rung.at.offset else None
        given = {
            "permille": permille,
            "offset": offset,
            "act": rung.act,
            "to": rung.to,
            "person": rung.person,
            "role": rung.role,
            "urgent": rung.urgent,
            "every": rung.every.of(units) if rung.every else None,
            "times": rung.times,
        }
        try:
            return Rung.model_validate({k: v for k, v in given.items() if v is not None})
        except ValidationError as error:
            self.problems += from_pydantic(error, Rung, path)
            return None

    def _public(self) -> PublicRules:
        try:
            return PublicRules.model_validate(self.file.public.model_dump(exclude_none=True))
        except ValidationError as error:
            self.problems += from_pydantic(error, PublicRules, ("public",))
            return PublicRules()

    def _add(self, path: Path, said: str, way_out: str) -> None:
        self.problems.append(Problem(path, said, way_out))


def _at(problem: Problem, path: Path, seconds: Any, field: Any) -> Problem:
    """The problem of a group at the key that caused it, in the words of the file."""
    said = problem.said
    if field is not None and isinstance(field[0], Span):
        said = said.replace(f"is {seconds}:", f"is '{field[0]}' ({seconds} s):")
    return Problem(path, said, problem.way_out)


class _Merged:
    """Terms over the general ones: each key is found where it is said, with its place there."""

    def __init__(self, own: TermsSection, path: Path, base: TermsSection, base_path: Path) -> None:
        self._layers = ((own, path), (base, base_path))

    def get(self, key: str) -> Any:
        return next(
            (v for layer, _ in self._layers if (v := getattr(layer, key)) is not None), None
        )

    def path(self, key: str) -> Path:
        found = (path for layer, path in self._layers if key in layer.model_fields_set)
        return (*next(found, self._layers[0][1]), key)

    def inner(self, group: str, key: str) -> tuple[Any, Path]:
        value, _, path = self.group(group).get(key, (None, False, ()))
        return value, path

    def group(self, name: str) -> dict[str, tuple[Any, bool, Path]]:
        """Key to value, whether it counts in plain time, and where it is said."""
        found: dict[str, tuple[Any, bool, Path]] = {}
        for layer, path in reversed(self._layers):
            section: Section = getattr(layer, name)
            for key in section.model_fields_set:
                value = getattr(section, key)
                if value is not None:
                    found[key] = (value, key in section.PLAIN, (*path, name, key))
        return found
