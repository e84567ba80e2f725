"""Figures as tables: what a page shows, what a CSV file holds, and where each figure leads.

A table is made once from the figures of the store; the page, its charts and the file are made of
it, so that they cannot say different things.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from api.pages import labels, times
from api.pages.cells import (
    Cell,
    Column,
    Table,
    address,
    cases,
    count,
    head,
    minutes_of,
    share,
    spread_of,
    word,
)
from domain.escalation.moves import Step, Wording
from store.figures import CommitmentFigures
from store.insight_views import Count, Insights, PersonCount
from store.insights import State
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


def tables(found: Insights) -> dict[str, Table]:
    """Every table of the page, by the name of its file."""
    made = (
        _answers(found), _waits(found), _steps(found), _late(found), _decisions(found),
        _codes(found), _promises(found), _replies(found), _teams(found), _people(found),
        _now(found),
    )  # fmt: skip
    return {table.name: table for table in made}


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
            head("what", "Comments", "A conversation that reached us in these days and that we "
                   "owe an answer. Each is answered, waits, or ended without an answer of ours."),
            head("cases", "Cases", "How many. “In time” means that no step on the way was late."),
            head("share_permille", "Share of all received", "Of all that were received."),
        ),
        tuple(
            (word(label), count(n, href), share(n, a.received)) for label, n, href in rows
        ),
    )  # fmt: skip


def _waits(found: Insights) -> Table:
    span, a = found.span, found.answers
    return Table(
        "waits",
        _("How long people waited for the first answer"),
        (
            head("wait", "Wait", "From the moment we received the comment until our first reply "
                   "was public.", _PLAIN),
            head("at_least_minutes", "From, in minutes", "Waits of this length belong here."),
            head("below_minutes", "To, in minutes", "Waits of this length belong to the next."),
            head("cases", "Cases", "Those that have their first answer; who still waits is "
                   "counted above and is not in here."),
        ),
        tuple(
            (
                word(between(one.at_least, one.below)),
                Cell(one.at_least, numbers.number(one.at_least)),
                Cell(one.below, "–" if one.below is None else numbers.number(one.below)),
                count(one.n, cases(span, step=Step.ANSWER, how="answered",
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
            head("step", "Step", "What is owed. While those who decide wait for an answer to a "
                   "question, their own time stands still."),
            head("owed_by", "Owed by", "Whose move it is; executives are counted as everybody."),
            head("done", "Done", "Moves that were made, in cases that came in in these days. A "
                   "case may come to a step more than once."),
            head("half_working_minutes", "Half, working time", _HALF, _WORKING),
            head("nine_tenths_working_minutes", "Nine in ten, working time",
                   _NINE, _WORKING),
            head("half_plain_minutes", "Half, by the clock", _HALF, _PLAIN),
            head("nine_tenths_plain_minutes", "Nine in ten, by the clock", _NINE, _PLAIN),
            head("share_of_working_time_permille", "Share of working time",
                   "Of all the working time that all steps took together."),
            head("late", "Late", "Made after its deadline. What is late and still owed is under "
                   "“Owed now”."),
            head("open", "Still owed", "Not made yet, and so in none of the times before."),
            head("longest_open_minutes", "Longest still owed", _PLAIN),
        ),
        tuple(
            (
                word(STEPS[one.step], one.step),
                word(OWED_BY[one.seat], one.seat),
                count(one.done, cases(span, step=one.step, state=State.DONE)),
                *spread_of(one.working),
                *spread_of(one.plain),
                share(one.total_working, total),
                count(one.late, cases(span, step=one.step, state=State.LATE)),
                count(one.open, cases(span, step=one.step, state=State.OPEN)),
                minutes_of(one.longest_open),
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
            yield one.name, count(one.n, cases(span, step=step, **{key: one.person}))

    return tuple(
        Late(
            step=STEPS[one.step],
            moves=count(one.late, cases(span, step=one.step, state=State.LATE)),
            owed_by=tuple(people(one.step, "owed_by", one.owed_by)),
            told=tuple(people(one.step, "told", one.told)),
        )
        for one in found.lateness
    )


def _late(found: Insights) -> Table:
    rows = [
        (word(one.step), word(label, role), word(name), count)
        for one in lateness(found)
        for role, label in _ROLES.items()
        for name, count in getattr(one, role)
    ]
    return Table(
        "lateness",
        _("Whose silence, and who was told"),
        (
            head("step", "Step", "A step whose deadline had passed."),
            head("role", "Role", "Who owed the move when a rung behind its deadline was climbed, "
                   "and who was told of it then."),
            head("person", "Person", "Shown as far as the policy lets you see figures person by "
                   "person; executives are never left out alone."),
            head("moves", "Moves", "How many, made since or still owed."),
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
            head("decision", "Decision", "A proposal may be returned and decided again: each "
                   "time counts. Answers of a matter are decided once, there, and not in here."),
            head("n", "Times", "How often."),
            head("share_permille", "Share", "Of all of these."),
        ),
        tuple((word(label), count(n, href), share(n, whole)) for label, n, href in rows),
    )  # fmt: skip


def _codes(found: Insights) -> Table:
    span, d = found.span, found.decisions

    def rows(
        kind: str, codes: Iterable[Count], names: Mapping[str, str]
    ) -> Iterable[tuple[Cell, ...]]:
        for one in codes:
            link = cases(span, code=one.key)
            yield word(kind), word(names.get(one.key, one.key), one.key), count(one.n, link)

    return Table(
        "reasons",
        _("Why we said no"),
        (
            head("kind", "What", "A refusal was decided and its reason published. A dismissal "
                   "is not answered; some are looked at by a second person."),
            head("code", "Reason", "The code given with it."),
            head("n", "Times", "How often."),
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
            count(getattr(item, how), address(
                "/insights/promises", found.span, how=how, month=item.key or None))
            for how in PROMISES
        )  # fmt: skip
        everything = address("/insights/promises", found.span, month=item.key or None)
        return (word(month(item.key), item.key), *counts, count(item.total, everything))

    return Table(
        "promises",
        _("Promises by the month in which they were due"),
        (
            head("month", "Month", "Of the date that counts, in UTC. These are promises that "
                   "were due in these days, whenever the comment came in."),
            *(Column(how, label, _PROMISE_MEANS[how]) for how, label in PROMISES.items()),
            head("total", "All", "Each promise is in exactly one of the columns before."),
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
            head("words", "Words", "Each reply is compared with recent ones. Ready-made: so like "
                   "one of them that its writer had to say why. Not compared: a printed reason of "
                   "a refusal, or terms that ask for no comparison."),
            head("replies", "Replies", "Published replies."),
            head("share_permille", "Share", "Of all published replies."),
        ),
        tuple((word(label), count(n, href), share(n, r.published)) for label, n, href in rows),
    )  # fmt: skip


def _teams(found: Insights) -> Table:
    rows = []
    for one in found.teams:
        span = found.span.model_copy(update={"team": one.team})
        answered = {"step": Step.ANSWER, "how": "answered"}
        rows.append(
            (
                word(one.name, one.team),
                count(one.received, cases(span, step=Step.ANSWER)),
                count(one.answered, cases(span, **answered)),
                count(one.in_time, cases(span, **answered, state=State.IN_TIME)),
                share(one.in_time, one.answered),
                *spread_of(one.plain),
                count(one.waiting, cases(span, step=Step.ANSWER, state=State.OPEN)),
            )
        )
    return Table(
        "teams",
        _("By team"),
        (
            Column(
                "team", _("Team"), _("The team that has the case, or had it when it was answered.")
            ),
            head("received", "Received", "Comments that reached us in these days."),
            head("answered", "Answered", "With a first public answer."),
            head("in_time", "In time", "Of these: no step on the way was late."),
            head("in_time_permille", "Share in time", "Of the answered."),
            head("half_plain_minutes", "Half", _HALF, _PLAIN),
            head("nine_tenths_plain_minutes", "Nine in ten", _NINE, _PLAIN),
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
                word(one.name),
                word(_("executive") if one.is_executive else _("staff")),
                count(one.made, cases(span, person=one.person, state=State.DONE)),
                count(one.late, cases(span, person=one.person, state=State.LATE)),
                count(one.silent, cases(span, owed_by=one.person)),
                minutes_of(one.preparing.half, one.preparing.n),
                minutes_of(one.deciding.half, one.deciding.n),
                minutes_of(one.replying.half, one.replying.n),
                count(one.written, cases(span, **words, words=Wording.WRITTEN)),
                count(one.ready_made, cases(span, **words, words=Wording.READY_MADE)),
                count(one.promises, address("/insights/promises", span, **promise)),
                count(one.broken, address("/insights/promises", span, how="broken", **promise)),
            )
        )
    half = (_HALF, _WORKING)
    return Table(
        "people",
        _("By person"),
        (
            head("person", "Person", "Everybody who made or owed a move, executives among them."),
            head("group", "Group", "Who is an executive besides is counted as one."),
            head("made", "Made", "Moves that were this person’s to make: as the owner, or as "
                   "whoever decided. Claiming is the team’s and is not in here."),
            head("late", "Late", "Of these, made after the deadline. A deadline is the step’s: "
                   "who takes a case over takes its time over, too."),
            head("silent", "Silent", "Moves that they owed, alone or with others, when a rung "
                   "behind the deadline was climbed."),
            head("half_preparing_minutes", "Prepare, half", *half),
            head("half_deciding_minutes", "Decide, half", *half),
            head("half_replying_minutes", "Reply, half", *half),
            head("written", "Written", "Published replies written for the person."),
            head("ready_made", "Ready-made", "Published replies so like a recent one that a "
                   "reason was asked."),
            head("promises", "Promises", "Promises due in these days for which they are "
                   "accountable."),
            head("broken", "Broken", "Of these, all whose date ever passed unkept."),
        ),
        tuple(rows),
    )  # fmt: skip


def _now(found: Insights) -> Table:
    span, late = found.span, {one.key: one.n for one in found.now.late}
    return Table(
        "now",
        _("Owed now"),
        (
            head("step", "Step", "What is owed at this moment, whenever the comment came in."),
            head("open", "Owed", "Cases that wait for this move. Where those who decide have "
                   "asked something, both moves are owed."),
            head("late", "Late", "Of these, the deadline has passed."),
        ),
        tuple(
            (
                word(STEPS[Step(one.key)], one.key),
                count(one.n, cases(span, step=one.key, state=State.OPEN_NOW)),
                count(late.get(one.key, 0), cases(span, step=one.key, state=State.LATE_NOW)),
            )
            for one in found.now.steps
        ),
    )  # fmt: skip
