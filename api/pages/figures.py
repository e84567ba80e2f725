"""Figures as tables: what a page shows, what a CSV file holds, and where each figure leads.

A table is made once from the figures of the store; the page, its charts and the file are made of
it, so that they cannot say different things.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from api.pages import sentences
from domain.escalation.moves import Step, Wording
from store.figures import CommitmentFigures
from store.insight_views import Count, Insights, PersonCount, Span, Spread
from store.insights import FEW, State, Which

STEPS = {
    Step.ANSWER: "First public answer",
    Step.HELD: "Second look",
    Step.UNCLAIMED: "Claim",
    Step.PREPARING: "Prepare a proposal",
    Step.DECIDING: "Decide",
    Step.ASKED: "Answer a question",
    Step.REPLYING: "Reply",
}

OWED_BY = {
    "team": "the team",
    "owner": "the owner",
    "approvers": "executives, or whoever was named to decide",
    "reviewers": "a second person",
}

HOW = {
    "approved": "Approved",
    "refused": "Refused",
    "returned": "Returned for changes",
    "made_alone": "Decided by the owner alone",
}

OUTCOMES = {
    "dismissed": "Dismissed",
    "merged": "Merged with another case",
    "withdrawn": "Taken back by the commenter",
    "answered_outside": "Answered on the channel itself",
    "moved_to_private": "Moved to private",
    "refused": "Refused",
    "answered": "Answered",
}

WORDS = {
    Wording.WRITTEN: "Written for the person",
    Wording.READY_MADE: "Ready-made",
    Wording.SHARED: "The same answer to many",
}

PROMISES = {
    "kept": "Kept",
    "renegotiated": "Renegotiated in time and kept",
    "kept_late": "Kept late",
    "still_broken": "Broken",
    "withdrawn": "Withdrawn",
    "open": "Open",
}

_HALF = "Half of them took this long or less."
_NINE = "Nine in ten took this long or less."
_WORKING = "Time is counted in the working hours of the case; pauses are left out."
_PLAIN = "Time is counted by the clock on the wall, nights and pauses included."


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
    return Cell(n, f"{n:,}", href if n else "")


def length(minutes: int | None) -> str:
    """Minutes as people read them."""
    if minutes is None:
        return "–"
    if minutes >= 48 * 60:
        return f"{minutes / 1440:.1f} d"
    if minutes >= 120:
        return f"{minutes / 60:.1f} h"
    return f"{minutes} min" if minutes else "under a minute"


def _minutes(minutes: int | None, n: int | None = None) -> Cell:
    note = f"of {n} only" if n is not None and 0 < n < FEW else ""
    return Cell(minutes, length(minutes), note=note)


def _spread(spread: Spread) -> tuple[Cell, Cell]:
    return _minutes(spread.half, spread.n), _minutes(spread.nine_tenths, spread.n)


def _share(part: int, whole: int) -> Cell:
    """In thousandths for programs, in hundredths for people."""
    if not whole:
        return Cell(None, "–")
    note = f"of {whole} only" if whole < FEW else ""
    return Cell(part * 1000 // whole, percent(part, whole), note=note)


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}\N{NO-BREAK SPACE}%"


# Tables. --------------------------------------------------------------------------------------


def _answers(found: Insights) -> Table:
    span, a = found.span, found.answers
    step = Step.ANSWER
    rows = [
        ("Received", a.received, cases(span, step=step)),
        ("Answered by us in public", a.answered, cases(span, step=step, how="answered")),
        (
            "Answered with every step in time",
            a.in_time,
            cases(span, step=step, how="answered", state=State.IN_TIME),
        ),
        ("Still without an answer", a.waiting, cases(span, step=step, state=State.OPEN)),
        *(
            (OUTCOMES.get(one.key, one.key), one.n, cases(span, step=step, how=one.key))
            for one in a.without
        ),
    ]
    return Table(
        "answers",
        "What became of what was said to us",
        (
            Column("what", "Comments", "A conversation that reached us in these days and that we "
                   "owe an answer. Each is answered, waits, or ended without an answer of ours."),
            Column("cases", "Cases", "How many. “In time” means that no step on the way was late."),
            Column("share_permille", "Share", "Of all that were received."),
        ),
        tuple(
            (_word(label), _count(n, href), _share(n, a.received)) for label, n, href in rows
        ),
    )  # fmt: skip


def _waits(found: Insights) -> Table:
    span, a = found.span, found.answers
    return Table(
        "waits",
        "How long people waited for the first answer",
        (
            Column("wait", "Wait", "From the moment we received the comment until our first reply "
                   "was public. " + _PLAIN),
            Column("at_least_minutes", "From, in minutes", "Waits of this length belong here."),
            Column("below_minutes", "To, in minutes", "Waits of this length belong to the next."),
            Column("cases", "Cases", "Those that have their first answer; who still waits is "
                   "counted above and is not in here."),
        ),
        tuple(
            (
                _word(between(one.at_least, one.below)),
                Cell(one.at_least, f"{one.at_least:,}"),
                Cell(one.below, "–" if one.below is None else f"{one.below:,}"),
                _count(one.n, cases(span, step=Step.ANSWER, how="answered",
                                    at_least=one.at_least, below=one.below)),
            )
            for one in a.distribution
        ),
    )  # fmt: skip


def between(low: int, high: int | None) -> str:
    if not low:
        return f"under {_edge(high or 0)}"
    return f"{_edge(low)} or more" if high is None else f"{_edge(low)} to {_edge(high)}"


def _edge(minutes: int) -> str:
    return f"{minutes // 1440} d" if minutes >= 1440 else f"{minutes // 60} h"


def _steps(found: Insights) -> Table:
    span = found.span
    total = sum(one.total_working for one in found.steps)
    return Table(
        "steps",
        "Each step’s time",
        (
            Column("step", "Step", "What is owed. While those who decide wait for an answer to a "
                   "question, their own time stands still."),
            Column("owed_by", "Owed by", "Whose move it is; executives are counted as everybody."),
            Column("done", "Done", "Moves that were made, in cases that came in in these days. A "
                   "case may come to a step more than once."),
            Column("half_working_minutes", "Half, working time", f"{_HALF} {_WORKING}"),
            Column("nine_tenths_working_minutes", "Nine in ten, working time",
                   f"{_NINE} {_WORKING}"),
            Column("half_plain_minutes", "Half, by the clock", f"{_HALF} {_PLAIN}"),
            Column("nine_tenths_plain_minutes", "Nine in ten, by the clock", f"{_NINE} {_PLAIN}"),
            Column("share_of_working_time_permille", "Share of working time",
                   "Of all the working time that all steps took together."),
            Column("late", "Late", "Made after its deadline. What is late and still owed is under "
                   "“Owed now”."),
            Column("open", "Still owed", "Not made yet, and so in none of the times before."),
            Column("longest_open_minutes", "Longest still owed", _PLAIN),
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


_ROLES = {"owed_by": "owed it", "told": "was told"}


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
        "Whose silence, and who was told",
        (
            Column("step", "Step", "A step whose deadline had passed."),
            Column("role", "Role", "Who owed the move when a rung behind its deadline was climbed, "
                   "and who was told of it then."),
            Column("person", "Person", "Shown as far as the policy lets you see figures person by "
                   "person; executives are never left out alone."),
            Column("moves", "Moves", "How many, made since or still owed."),
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
        "What was decided",
        (
            Column("decision", "Decision", "A proposal may be returned and decided again: each "
                   "time counts. Answers of a matter are decided once, there, and not in here."),
            Column("n", "Times", "How often."),
            Column("share_permille", "Share", "Of all of these."),
        ),
        tuple((_word(label), _count(n, href), _share(n, whole)) for label, n, href in rows),
    )  # fmt: skip


def _codes(found: Insights) -> Table:
    span, d = found.span, found.decisions

    def rows(
        kind: str, codes: Iterable[Count], names: dict[str, str]
    ) -> Iterable[tuple[Cell, ...]]:
        for one in codes:
            link = cases(span, code=one.key)
            yield _word(kind), _word(names.get(one.key, one.key), one.key), _count(one.n, link)

    return Table(
        "reasons",
        "Why we said no",
        (
            Column("kind", "What", "A refusal was decided and its reason published. A dismissal "
                   "is not answered; some are looked at by a second person."),
            Column("code", "Reason", "The code given with it."),
            Column("n", "Times", "How often."),
        ),
        (
            *rows("Refused", d.refusals, sentences.REFUSAL_CODES),
            *rows("Dismissed", d.dismissals, sentences.DISMISS_CODES),
        ),
    )  # fmt: skip


_PROMISE_MEANS = {
    "kept": "Reported kept by its first date.",
    "renegotiated": "Kept after its first date, by one that was agreed and public in time.",
    "kept_late": "Kept after it was broken.",
    "still_broken": "Its date has passed, and it is neither kept nor withdrawn.",
    "withdrawn": "Taken back with a public reason.",
    "open": "Not settled, and no date of it has passed unkept.",
}


def _promises(found: Insights) -> Table:
    def row(item: CommitmentFigures) -> tuple[Cell, ...]:
        counts = (
            _count(getattr(item, how), address(
                "/insights/promises", found.span, how=how, month=item.key or None))
            for how in PROMISES
        )  # fmt: skip
        everything = address("/insights/promises", found.span, month=item.key or None)
        return (_word(item.name, item.key), *counts, _count(item.total, everything))

    return Table(
        "promises",
        "Promises by the month in which they were due",
        (
            Column("month", "Month", "Of the date that counts, in UTC. These are promises that "
                   "were due in these days, whenever the comment came in."),
            *(Column(how, label, _PROMISE_MEANS[how]) for how, label in PROMISES.items()),
            Column("total", "All", "Each promise is in exactly one of the columns before."),
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
    rows.append(("Not compared", r.not_compared, cases(span, **replying, compared=False)))
    return Table(
        "replies",
        "How the words of our replies came about",
        (
            Column("words", "Words", "Each reply is compared with recent ones. Ready-made: so like "
                   "one of them that its writer had to say why. Not compared: a printed reason of "
                   "a refusal, or terms that ask for no comparison."),
            Column("replies", "Replies", "Published replies."),
            Column("share_permille", "Share", "Of all published replies."),
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
        "By team",
        (
            Column("team", "Team", "The team that has the case, or had it when it was answered."),
            Column("received", "Received", "Comments that reached us in these days."),
            Column("answered", "Answered", "With a first public answer."),
            Column("in_time", "In time", "Of these: no step on the way was late."),
            Column("in_time_permille", "Share in time", "Of the answered."),
            Column("half_plain_minutes", "Half", f"{_HALF} {_PLAIN}"),
            Column("nine_tenths_plain_minutes", "Nine in ten", f"{_NINE} {_PLAIN}"),
            Column("waiting", "Still waiting", "Without an answer, and in none of the times."),
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
                _word("executive" if one.is_executive else "staff"),
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
    half = f"{_HALF} {_WORKING}"
    return Table(
        "people",
        "By person",
        (
            Column("person", "Person", "Everybody who made or owed a move, executives among them."),
            Column("group", "Group", "Who is an executive besides is counted as one."),
            Column("made", "Made", "Moves that were this person’s to make: as the owner, or as "
                   "whoever decided. Claiming is the team’s and is not in here."),
            Column("late", "Late", "Of these, made after the deadline. A deadline is the step’s: "
                   "who takes a case over takes its time over, too."),
            Column("silent", "Silent", "Moves that they owed, alone or with others, when a rung "
                   "behind the deadline was climbed."),
            Column("half_preparing_minutes", "Prepare, half", half),
            Column("half_deciding_minutes", "Decide, half", half),
            Column("half_replying_minutes", "Reply, half", half),
            Column("written", "Written", "Published replies written for the person."),
            Column("ready_made", "Ready-made", "Published replies so like a recent one that a "
                   "reason was asked."),
            Column("promises", "Promises", "Promises due in these days for which they are "
                   "accountable."),
            Column("broken", "Broken", "Of these, all whose date ever passed unkept."),
        ),
        tuple(rows),
    )  # fmt: skip


def _now(found: Insights) -> Table:
    span, late = found.span, {one.key: one.n for one in found.now.late}
    return Table(
        "now",
        "Owed now",
        (
            Column("step", "Step", "What is owed at this moment, whenever the comment came in."),
            Column("open", "Owed", "Cases that wait for this move. Where those who decide have "
                   "asked something, both moves are owed."),
            Column("late", "Late", "Of these, the deadline has passed."),
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
