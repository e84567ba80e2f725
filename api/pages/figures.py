"""Figures as tables: what a page shows, what a CSV file holds, and where each figure leads.

A table is made once from the figures of the store; the page, its charts and the file are made of
it, so that they cannot say different things.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from api.pages import labels, times
from domain.escalation.moves import Step, Wording
from store.figures import CommitmentFigures
from store.insight_views import Count, Insights, PersonCount, Span, Spread
from store.insights import FEW, State, Which
from texts import Sayings, numbers, stated
from texts import gettext as _

STEPS = Sayings(
    {
        Step.ANSWER: "First public answer",
        Step.HELD: "Second look",
        Step.UNCLAIMED: "Claim",
        Step.PREPARING: "Prepare a proposal",
        Step.DECIDING: "Decide",
        Step.ASKED: "Answer a question",
        Step.REPLYING: "Reply",
    }
)

OWED_BY = Sayings(
    {
        "team": "the team",
        "owner": "the owner",
        "approvers": "executives, or whoever was named to decide",
        "reviewers": "a second person",
    }
)

HOW = Sayings(
    {
        "approved": "Approved",
        "refused": "Refused",
        "returned": "Returned for changes",
        "made_alone": "Decided by the owner alone",
    }
)

OUTCOMES = Sayings(
    {
        "dismissed": "Dismissed",
        "merged": "Merged with another case",
        "withdrawn": "Taken back by the commenter",
        "answered_outside": "Answered on the channel itself",
        "moved_to_private": "Moved to private",
        "refused": "Refused",
        "answered": "Answered",
    }
)

WORDS = Sayings(
    {
        Wording.WRITTEN: "Written for the person",
        Wording.READY_MADE: "Ready-made",
        Wording.SHARED: "The same answer to many",
    }
)

PROMISES = Sayings(
    {
        "kept": "Kept",
        "renegotiated": "Renegotiated in time and kept",
        "kept_late": "Kept late",
        "still_broken": "Broken",
        "withdrawn": "Withdrawn",
        "open": "Open",
    }
)

PROMISES_BEHIND = PROMISES | Sayings(
    {
        "broken": "Broken at some time",
        "confirmed": "The commenter says that it is kept",
        "denied": "The commenter says that it is not kept",
    }
)
"""Whatever the list of promises can be asked for, in words."""

_HALF = stated("Half of them took this long or less.")
_NINE = stated("Nine in ten took this long or less.")
_WORKING = stated("Time is counted in the working hours of the case; pauses are left out.")
_PLAIN = stated("Time is counted by the clock on the wall, nights and pauses included.")


@dataclass(frozen=True)
class Cell:
    """One figure: as it is for programs, as people read it, and where the cases behind it are."""

    value: str | int | None
    text: str
    href: str = ""
    note: str = ""
    """What has to be said with it, such as that it rests on few."""


Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    key: str
    """The header in a file."""
    label: str
    means: str


@dataclass(frozen=True)
class Table:
    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def column(self, key: str) -> int:
        return [column.key for column in self.columns].index(key)

    @property
    def numbers(self) -> frozenset[int]:
        """The columns that hold numbers, which stand one below the other."""
        return frozenset(
            n
            for n, column in enumerate(self.columns)
            if column.key.endswith(("_minutes", "_permille"))
            or any(isinstance(row[n].value, int) for row in self.rows)
        )


def _col(key: str, label: str, *means: str) -> Column:
    return Column(key, _(label), " ".join(_(one) for one in means))


def tables(found: Insights) -> dict[str, Table]:
    """Every table of the page, by the name of its file."""
    made = (
        _answers(found), _waits(found), _steps(found), _late(found), _decisions(found),
        _codes(found), _promises(found), _replies(found), _teams(found), _people(found),
        _now(found),
    )  # fmt: skip
    return {table.name: table for table in made}


# Addresses. -----------------------------------------------------------------------------------


def days(span: Span) -> dict[str, str]:
    """A span as an address says it: both days are included."""
    last: date = (span.until - timedelta(days=1)).date()
    said = {"since": span.since.date().isoformat(), "until": last.isoformat()}
    place = {"team": span.team, "channel": span.channel}
    return said | {name: value for name, value in place.items() if value}


def address(path: str, span: Span, **more: object) -> str:
    chosen = {name: value for name, value in more.items() if value is not None}
    return f"{path}?{urlencode({**days(span), **chosen})}"


def cases(span: Span, **which: object) -> str:
    """Where the moves behind a figure are listed."""
    said = Which.model_validate(which).model_dump(exclude_none=True, mode="json")
    if said.get("compared") is False:
        said["compared"] = "false"
    return address("/insights/cases", span, **said)


# Cells. ---------------------------------------------------------------------------------------


def _word(text: str, value: str | None = None) -> Cell:
    return Cell(text if value is None else value, text)


def _count(n: int, href: str = "") -> Cell:
    return Cell(n, numbers.number(n), href if n else "")


def length(minutes: int | None) -> str:
    """Minutes as people read them."""
    if minutes is None:
        return "–"
    if minutes >= 48 * 60:
        return _("%(count)s d", count=numbers.tenths(minutes / 1440))
    if minutes >= 120:
        return _("%(count)s h", count=numbers.tenths(minutes / 60))
    return _("%(count)s min", count=minutes) if minutes else _("under a minute")


def _minutes(minutes: int | None, n: int | None = None) -> Cell:
    note = _("of %(n)s only", n=n) if n is not None and 0 < n < FEW else ""
    return Cell(minutes, length(minutes), note=note)


def _spread(spread: Spread) -> tuple[Cell, Cell]:
    return _minutes(spread.half, spread.n), _minutes(spread.nine_tenths, spread.n)


def _share(part: int, whole: int) -> Cell:
    """In thousandths for programs, in hundredths for people."""
    if not whole:
        return Cell(None, "–")
    note = _("of %(whole)s only", whole=whole) if whole < FEW else ""
    return Cell(part * 1000 // whole, percent(part, whole), note=note)


def percent(part: int, whole: int) -> str:
    return numbers.percent(part, whole)


# Tables. --------------------------------------------------------------------------------------


def _answers(found: Insights) -> Table:
    span, a = found.span, found.answers
    step = Step.ANSWER
    rows = [
        (_("Received"), a.received, cases(span, step=step)),
        (_("Answered by us in public"), a.answered, cases(span, step=step, how="answered")),
        (
            _("Answered with every step in time"),
            a.in_time,
            cases(span, step=step, how="answered", state=State.IN_TIME),
        ),
        (_("Still without an answer"), a.waiting, cases(span, step=step, state=State.OPEN)),
        *(
            (OUTCOMES.get(one.key, one.key), one.n, cases(span, step=step, how=one.key))
            for one in a.without
        ),
    ]
    return Table(
        "answers",
        _("What became of what was said to us"),
        (
            _col("what", "Comments", "A conversation that reached us in these days and that we "
                   "owe an answer. Each is answered, waits, or ended without an answer of ours."),
            _col("cases", "Cases", "How many. “In time” means that no step on the way was late."),
            _col("share_permille", "Share of all received", "Of all that were received."),
        ),
        tuple(
            (_word(label), _count(n, href), _share(n, a.received)) for label, n, href in rows
        ),
    )  # fmt: skip


def _waits(found: Insights) -> Table:
    span, a = found.span, found.answers
    return Table(
        "waits",
        _("How long people waited for the first answer"),
        (
            _col("wait", "Wait", "From the moment we received the comment until our first reply "
                   "was public.", _PLAIN),
            _col("at_least_minutes", "From, in minutes", "Waits of this length belong here."),
            _col("below_minutes", "To, in minutes", "Waits of this length belong to the next."),
            _col("cases", "Cases", "Those that have their first answer; who still waits is "
                   "counted above and is not in here."),
        ),
        tuple(
            (
                _word(between(one.at_least, one.below)),
                Cell(one.at_least, numbers.number(one.at_least)),
                Cell(one.below, "–" if one.below is None else numbers.number(one.below)),
                _count(one.n, cases(span, step=Step.ANSWER, how="answered",
                                    at_least=one.at_least, below=one.below)),
            )
            for one in a.distribution
        ),
    )  # fmt: skip


def between(low: int, high: int | None) -> str:
    if not low:
        return _("under %(edge)s", edge=_edge(high or 0))
    return (
        _("%(edge)s or more", edge=_edge(low))
        if high is None
        else _("%(edge)s to %(edge_2)s", edge=_edge(low), edge_2=_edge(high))
    )


def _edge(minutes: int) -> str:
    if minutes >= 1440:
        return _("%(count)s d", count=minutes // 1440)
    return _("%(count)s h", count=minutes // 60)


def _steps(found: Insights) -> Table:
    span = found.span
    total = sum(one.total_working for one in found.steps)
    return Table(
        "steps",
        _("Each step’s time"),
        (
            _col("step", "Step", "What is owed. While those who decide wait for an answer to a "
                   "question, their own time stands still."),
            _col("owed_by", "Owed by", "Whose move it is; executives are counted as everybody."),
            _col("done", "Done", "Moves that were made, in cases that came in in these days. A "
                   "case may come to a step more than once."),
            _col("half_working_minutes", "Half, working time", _HALF, _WORKING),
            _col("nine_tenths_working_minutes", "Nine in ten, working time",
                   _NINE, _WORKING),
            _col("half_plain_minutes", "Half, by the clock", _HALF, _PLAIN),
            _col("nine_tenths_plain_minutes", "Nine in ten, by the clock", _NINE, _PLAIN),
            _col("share_of_working_time_permille", "Share of working time",
                   "Of all the working time that all steps took together."),
            _col("late", "Late", "Made after its deadline. What is late and still owed is under "
                   "“Owed now”."),
            _col("open", "Still owed", "Not made yet, and so in none of the times before."),
            _col("longest_open_minutes", "Longest still owed", _PLAIN),
        ),
        tuple(
            (
                _word(STEPS[one.step], one.step),
                _word(OWED_BY[one.seat], one.seat),
                _count(one.done, cases(span, step=one.step, state=State.DONE)),
                *_spread(one.working),
                *_spread(one.plain),
                _share(one.total_working, total),
                _count(one.late, cases(span, step=one.step, state=State.LATE)),
                _count(one.open, cases(span, step=one.step, state=State.OPEN)),
                _minutes(one.longest_open),
            )
            for one in found.steps
        ),
    )  # fmt: skip


_ROLES = Sayings({"owed_by": "owed it", "told": "was told"})


@dataclass(frozen=True)
class Late:
    """Late moves of one step in one line: how many, whose silence, who was told."""

    step: str
    moves: Cell
    owed_by: tuple[tuple[str, Cell], ...]
    told: tuple[tuple[str, Cell], ...]


def lateness(found: Insights) -> tuple[Late, ...]:
    """What the table of lateness says, a line for each step."""
    span = found.span

    def people(step: Step, key: str, listed: Iterable[PersonCount]) -> Iterable[tuple[str, Cell]]:
        for one in listed:
            yield one.name, _count(one.n, cases(span, step=step, **{key: one.person}))

    return tuple(
        Late(
            step=STEPS[one.step],
            moves=_count(one.late, cases(span, step=one.step, state=State.LATE)),
            owed_by=tuple(people(one.step, "owed_by", one.owed_by)),
            told=tuple(people(one.step, "told", one.told)),
        )
        for one in found.lateness
    )


def _late(found: Insights) -> Table:
    rows = [
        (_word(one.step), _word(label, role), _word(name), count)
        for one in lateness(found)
        for role, label in _ROLES.items()
        for name, count in getattr(one, role)
    ]
    return Table(
        "lateness",
        _("Whose silence, and who was told"),
        (
            _col("step", "Step", "A step whose deadline had passed."),
            _col("role", "Role", "Who owed the move when a rung behind its deadline was climbed, "
                   "and who was told of it then."),
            _col("person", "Person", "Shown as far as the policy lets you see figures person by "
                   "person; executives are never left out alone."),
            _col("moves", "Moves", "How many, made since or still owed."),
        ),
        tuple(rows),
    )  # fmt: skip


def _decisions(found: Insights) -> Table:
    span, d = found.span, found.decisions
    made = {"approved": d.approved, "refused": d.refused, "returned": d.returned}
    whole = sum(made.values()) + d.made_alone
    rows = [(HOW[how], n, cases(span, step=Step.DECIDING, how=how)) for how, n in made.items()]
    alone = cases(span, step=Step.PREPARING, how="made_alone")
    rows.append((HOW["made_alone"], d.made_alone, alone))
    return Table(
        "decisions",
        _("What was decided"),
        (
            _col("decision", "Decision", "A proposal may be returned and decided again: each "
                   "time counts. Answers of a matter are decided once, there, and not in here."),
            _col("n", "Times", "How often."),
            _col("share_permille", "Share", "Of all of these."),
        ),
        tuple((_word(label), _count(n, href), _share(n, whole)) for label, n, href in rows),
    )  # fmt: skip


def _codes(found: Insights) -> Table:
    span, d = found.span, found.decisions

    def rows(
        kind: str, codes: Iterable[Count], names: Mapping[str, str]
    ) -> Iterable[tuple[Cell, ...]]:
        for one in codes:
            link = cases(span, code=one.key)
            yield _word(kind), _word(names.get(one.key, one.key), one.key), _count(one.n, link)

    return Table(
        "reasons",
        _("Why we said no"),
        (
            _col("kind", "What", "A refusal was decided and its reason published. A dismissal "
                   "is not answered; some are looked at by a second person."),
            _col("code", "Reason", "The code given with it."),
            _col("n", "Times", "How often."),
        ),
        (
            *rows(_("Refused"), d.refusals, labels.REFUSAL_CODES),
            *rows(_("Dismissed"), d.dismissals, labels.DISMISS_CODES),
        ),
    )  # fmt: skip


def month(key: str) -> str:
    """``2026-10`` as people read it."""
    return times.month(date.fromisoformat(f"{key}-01"))


_PROMISE_MEANS = Sayings(
    {
        "kept": "Reported kept by its first date.",
        "renegotiated": "Kept after its first date, by one that was agreed and public in time.",
        "kept_late": "Kept after it was broken.",
        "still_broken": "Its date has passed, and it is neither kept nor withdrawn.",
        "withdrawn": "Taken back with a public reason.",
        "open": "Not settled, and no date of it has passed unkept.",
    }
)


def _promises(found: Insights) -> Table:
    def row(item: CommitmentFigures) -> tuple[Cell, ...]:
        counts = (
            _count(getattr(item, how), address(
                "/insights/promises", found.span, how=how, month=item.key or None))
            for how in PROMISES
        )  # fmt: skip
        everything = address("/insights/promises", found.span, month=item.key or None)
        return (_word(month(item.key), item.key), *counts, _count(item.total, everything))

    return Table(
        "promises",
        _("Promises by the month in which they were due"),
        (
            _col("month", "Month", "Of the date that counts, in UTC. These are promises that "
                   "were due in these days, whenever the comment came in."),
            *(Column(how, label, _PROMISE_MEANS[how]) for how, label in PROMISES.items()),
            _col("total", "All", "Each promise is in exactly one of the columns before."),
        ),
        tuple(row(item) for item in found.promises.items),
    )  # fmt: skip


def _replies(found: Insights) -> Table:
    span, r = found.span, found.replies
    replying = {"step": Step.REPLYING, "how": "published"}
    rows = [
        (label, getattr(r, words), cases(span, **replying, words=words))
        for words, label in WORDS.items()
    ]
    rows.append((_("Not compared"), r.not_compared, cases(span, **replying, compared=False)))
    return Table(
        "replies",
        _("How the words of our replies came about"),
        (
            _col("words", "Words", "Each reply is compared with recent ones. Ready-made: so like "
                   "one of them that its writer had to say why. Not compared: a printed reason of "
                   "a refusal, or terms that ask for no comparison."),
            _col("replies", "Replies", "Published replies."),
            _col("share_permille", "Share", "Of all published replies."),
        ),
        tuple((_word(label), _count(n, href), _share(n, r.published)) for label, n, href in rows),
    )  # fmt: skip


def _teams(found: Insights) -> Table:
    rows = []
    for one in found.teams:
        span = found.span.model_copy(update={"team": one.team})
        answered = {"step": Step.ANSWER, "how": "answered"}
        rows.append(
            (
                _word(one.name, one.team),
                _count(one.received, cases(span, step=Step.ANSWER)),
                _count(one.answered, cases(span, **answered)),
                _count(one.in_time, cases(span, **answered, state=State.IN_TIME)),
                _share(one.in_time, one.answered),
                *_spread(one.plain),
                _count(one.waiting, cases(span, step=Step.ANSWER, state=State.OPEN)),
            )
        )
    return Table(
        "teams",
        _("By team"),
        (
            Column(
                "team", _("Team"), _("The team that has the case, or had it when it was answered.")
            ),
            _col("received", "Received", "Comments that reached us in these days."),
            _col("answered", "Answered", "With a first public answer."),
            _col("in_time", "In time", "Of these: no step on the way was late."),
            _col("in_time_permille", "Share in time", "Of the answered."),
            _col("half_plain_minutes", "Half", _HALF, _PLAIN),
            _col("nine_tenths_plain_minutes", "Nine in ten", _NINE, _PLAIN),
            Column(
                "waiting", _("Still waiting"), _("Without an answer, and in none of the times.")
            ),
        ),
        tuple(rows),
    )


def _people(found: Insights) -> Table:
    span = found.span
    rows = []
    for one in found.people.items:
        words = {"person": one.person, "step": Step.REPLYING, "how": "published"}
        promise = {"person": one.person}
        rows.append(
            (
                _word(one.name),
                _word(_("executive") if one.is_executive else _("staff")),
                _count(one.made, cases(span, person=one.person, state=State.DONE)),
                _count(one.late, cases(span, person=one.person, state=State.LATE)),
                _count(one.silent, cases(span, owed_by=one.person)),
                _minutes(one.preparing.half, one.preparing.n),
                _minutes(one.deciding.half, one.deciding.n),
                _minutes(one.replying.half, one.replying.n),
                _count(one.written, cases(span, **words, words=Wording.WRITTEN)),
                _count(one.ready_made, cases(span, **words, words=Wording.READY_MADE)),
                _count(one.promises, address("/insights/promises", span, **promise)),
                _count(one.broken, address("/insights/promises", span, how="broken", **promise)),
            )
        )
    half = (_HALF, _WORKING)
    return Table(
        "people",
        _("By person"),
        (
            _col("person", "Person", "Everybody who made or owed a move, executives among them."),
            _col("group", "Group", "Who is an executive besides is counted as one."),
            _col("made", "Made", "Moves that were this person’s to make: as the owner, or as "
                   "whoever decided. Claiming is the team’s and is not in here."),
            _col("late", "Late", "Of these, made after the deadline. A deadline is the step’s: "
                   "who takes a case over takes its time over, too."),
            _col("silent", "Silent", "Moves that they owed, alone or with others, when a rung "
                   "behind the deadline was climbed."),
            _col("half_preparing_minutes", "Prepare, half", *half),
            _col("half_deciding_minutes", "Decide, half", *half),
            _col("half_replying_minutes", "Reply, half", *half),
            _col("written", "Written", "Published replies written for the person."),
            _col("ready_made", "Ready-made", "Published replies so like a recent one that a "
                   "reason was asked."),
            _col("promises", "Promises", "Promises due in these days for which they are "
                   "accountable."),
            _col("broken", "Broken", "Of these, all whose date ever passed unkept."),
        ),
        tuple(rows),
    )  # fmt: skip


def _now(found: Insights) -> Table:
    span, late = found.span, {one.key: one.n for one in found.now.late}
    return Table(
        "now",
        _("Owed now"),
        (
            _col("step", "Step", "What is owed at this moment, whenever the comment came in."),
            _col("open", "Owed", "Cases that wait for this move. Where those who decide have "
                   "asked something, both moves are owed."),
            _col("late", "Late", "Of these, the deadline has passed."),
        ),
        tuple(
            (
                _word(STEPS[Step(one.key)], one.key),
                _count(one.n, cases(span, step=one.key, state=State.OPEN_NOW)),
                _count(late.get(one.key, 0), cases(span, step=one.key, state=State.LATE_NOW)),
            )
            for one in found.now.steps
        ),
    )  # fmt: skip


# Files. ---------------------------------------------------------------------------------------

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def safe(value: str | int | None) -> str | int:
    """A cell of a file that no spreadsheet runs: text that looks like a formula is quoted."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_DANGEROUS):
        return f"'{value}"
    return "" if value is None else value


def as_csv(table: Table) -> str:
    """The table after RFC 4180, with a line of headers."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.key for column in table.columns])
    writer.writerows([[safe(cell.value) for cell in row] for row in table.rows])
    return text.getvalue()
