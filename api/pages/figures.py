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
    half,
    head,
    longest,
    nine_tenths,
    share,
    word,
)
from domain.escalation.moves import Step, Wording
from store.figures import CommitmentFigures
from store.insight_views import (
    Answerable,
    Count,
    Insights,
    PersonCount,
    PersonFigures,
    Span,
    TeamAnswers,
)
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
        "in_time": "Kept by the date that counts",
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
        _refusals(found), _now(found),
    )  # fmt: skip
    return {table.name: table for table in made}


def definitions(tables: Iterable[Table]) -> Table:
    """What every column of every file means, as a file of its own."""
    rows = (
        (word(table.name), word(column.key), word(column.label), word(column.means))
        for table in tables
        for column in table.columns
    )
    return Table(
        "definitions",
        _("What every figure means"),
        (
            head("file", "File", "The name of the file."),
            head("column", "Column", "Its header in that file."),
            head("label", "Figure", "Its name on the page."),
            head("means", "Meaning", "What it counts, and in what unit."),
        ),
        tuple(rows),
    )


def glance(found: Insights) -> dict[str, Cell]:
    """The figures that stand above all tables."""
    span, a, p = found.span, found.answers, found.promises.total
    answered = cases(span, step=Step.ANSWER, how="answered")
    in_time = cases(span, step=Step.ANSWER, how="answered", state=State.IN_TIME)
    waiting = cases(span, step=Step.ANSWER, state=State.OPEN_NOW)
    promised = {
        how: count(getattr(p, how), address("/insights/promises", span, how=how))
        for how in ("kept", "renegotiated", "broken")
    }
    in_days = address("/insights/promises", span)
    kept = address("/insights/promises", span, how="in_time")
    return {
        "half": half(a.plain, answered),
        "nine_tenths": nine_tenths(a.plain, answered),
        "answered": count(a.answered, answered),
        "in_time": count(a.in_time, in_time),
        "in_time_share": share(a.in_time, a.answered, in_time),
        "unanswered": count(found.now.unanswered, waiting),
        "longest": longest(found.now.longest, found.now.longest_case),
        **promised,
        "promises": count(p.total, in_days),
        "kept_share": share(p.kept + p.renegotiated, p.total, kept),
    }


def time_spent(found: Insights) -> list[tuple[Cell, str, str]]:
    """The share of all working time that went by in each step, its name and who owed it; the
    greatest first."""
    steps = sorted(found.steps, key=lambda one: one.total_working, reverse=True)
    total = sum(one.total_working for one in steps)
    return [
        (
            share(one.total_working, total, cases(found.span, step=one.step, state=State.DONE)),
            STEPS[one.step],
            OWED_BY[one.seat],
        )
        for one in steps
        if one.total_working
    ]


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
            (word(label), count(n, href), share(n, a.received, href)) for label, n, href in rows
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
    def behind(step: Step, state: State) -> str:
        return cases(found.span, step=step, state=state)

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
            head("longest_open_minutes", "Longest still owed", "How long the case that it leads "
                   "to has owed this move.", _PLAIN),
        ),
        tuple(
            (
                word(STEPS[one.step], one.step),
                word(OWED_BY[one.seat], one.seat),
                count(one.done, behind(one.step, State.DONE)),
                half(one.working, behind(one.step, State.DONE)),
                nine_tenths(one.working, behind(one.step, State.DONE)),
                half(one.plain, behind(one.step, State.DONE)),
                nine_tenths(one.plain, behind(one.step, State.DONE)),
                share(one.total_working, total, behind(one.step, State.DONE)),
                count(one.late, behind(one.step, State.LATE)),
                count(one.open, behind(one.step, State.OPEN)),
                longest(one.longest_open, one.longest_open_case),
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
        tuple((word(label), count(n, href), share(n, whole, href)) for label, n, href in rows),
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
        tuple(
            (word(label), count(n, href), share(n, r.published, href)) for label, n, href in rows
        ),
    )  # fmt: skip


def _teams(found: Insights) -> Table:
    rows = []
    for one in found.teams:
        span = found.span.model_copy(update={"team": one.team})
        answered = cases(span, step=Step.ANSWER, how="answered")
        in_time = cases(span, step=Step.ANSWER, how="answered", state=State.IN_TIME)
        rows.append(
            (
                word(one.name, one.team),
                count(one.received, cases(span, step=Step.ANSWER)),
                count(one.answered, answered),
                count(one.in_time, in_time),
                share(one.in_time, one.answered, in_time),
                half(one.plain, answered),
                nine_tenths(one.plain, answered),
                count(one.waiting, cases(span, step=Step.ANSWER, state=State.OPEN)),
                *_answered_for(span, one),
            )
        )
    return Table(
        "teams",
        _("By team"),
        (
            head("team", "Team", "The team that has the case, or had it when it was answered; of "
                 "what was owed, the team that owed it."),
            head("received", "Received", "Comments that reached us in these days."),
            head("answered", "Answered", "With a first public answer."),
            head("in_time", "In time", "Of these: no step on the way was late."),
            head("in_time_permille", "Share in time", "Of the answered."),
            head("half_plain_minutes", "Half", _HALF, _PLAIN),
            head("nine_tenths_plain_minutes", "Nine in ten", _NINE, _PLAIN),
            head("waiting", "Still waiting", "Without an answer, and in none of the times."),
            *_answering(
                head("owed", "Owed", "Moves of every step, made since or still owed."),
                head("promises", "Promises", "Promises of its cases that were due in these days."),
            ),
        ),
        tuple(rows),
    )  # fmt: skip


def _answered_for(span: Span, one: Answerable, person: str | None = None) -> tuple[Cell, ...]:
    """What a team, or one person, answers for; the columns are those of ``_answering``."""
    owed = {"whose": person}
    made = {"person": person}
    missed = cases(span, **owed, state=State.MISSED)
    published = {**made, "step": Step.REPLYING, "how": "published"}
    promised = {
        how: address("/insights/promises", span, how=how or None, **made)
        for how in ("", "in_time", "kept_late", "broken")
    }
    return (
        count(one.owed, cases(span, **owed)),
        count(one.missed, missed),
        share(one.missed, one.owed, missed),
        count(one.refused, cases(span, **made, refused=True)),
        count(one.written, cases(span, **published, words=Wording.WRITTEN)),
        count(one.ready_made, cases(span, **published, words=Wording.READY_MADE)),
        count(one.promises, promised[""]),
        count(one.kept, promised["in_time"]),
        count(one.kept_late, promised["kept_late"]),
        count(one.broken, promised["broken"]),
    )


def _answering(owed: Column, promises: Column) -> tuple[Column, ...]:
    return (
        owed,
        head("missed", "Not in time", "Of the owed: made after the deadline, or still owed "
             "after it."),
        head("missed_permille", "Share not in time", "Of the owed."),
        head("refused", "Refused", "Refusals that were decided; by reason they are in the table "
             "of refusals."),
        head("written", "Written", "Published replies written for the person."),
        head("ready_made", "Ready-made", "Published replies so like a recent one that a reason "
             "was asked."),
        promises,
        head("kept", "Kept", "Of these, by the date that counts: the first one, or one that was "
             "agreed and public in time."),
        head("kept_late", "Kept late", "Of these, kept after they were broken."),
        head("broken", "Broken", "Of these, all whose date ever passed unkept, whatever became "
             "of them later."),
    )  # fmt: skip


def _people(found: Insights) -> Table:
    span = found.span
    rows = []
    for one in found.people.items:
        made = {"person": one.person, "state": State.DONE}
        took = {
            step: half(getattr(one, step), cases(span, **made, step=step))
            for step in (Step.PREPARING, Step.DECIDING, Step.REPLYING)
        }
        rows.append(
            (
                word(one.name),
                word(_("executive") if one.is_executive else _("staff")),
                count(one.made, cases(span, **made)),
                count(one.late, cases(span, person=one.person, state=State.LATE)),
                count(one.silent, cases(span, owed_by=one.person)),
                *took.values(),
                *_answered_for(span, one, one.person),
            )
        )
    half_of = (_HALF, _WORKING)
    return Table(
        "people",
        _("By person"),
        (
            head("person", "Person", "Everybody who made or owed a move, executives among them."),
            head("group", "Group", "Who is an executive besides is counted as one."),
            head("made", "Made", "Moves that were this person’s to make: as the owner, or as "
                 "whoever decided. Claiming is the team’s and is not in here."),
            head("late", "Made late", "Of the made, after the deadline. A deadline is the step’s: "
                 "who takes a case over takes its time over, too."),
            head("silent", "Silent", "Moves that they owed, alone or with others, when a rung "
                 "behind the deadline was climbed."),
            head("half_preparing_minutes", "Prepare, half", *half_of),
            head("half_deciding_minutes", "Decide, half", *half_of),
            head("half_replying_minutes", "Reply, half", *half_of),
            *_answering(
                head("owed", "Owed", "The made and the silent together, each once."),
                head("promises", "Promises", "Promises due in these days for which they are "
                     "accountable."),
            ),
        ),
        tuple(rows),
    )  # fmt: skip


def _refusals(found: Insights) -> Table:
    rows: list[tuple[str, TeamAnswers | PersonFigures, Count, str]] = []
    for team in found.teams:
        span = found.span.model_copy(update={"team": team.team})
        rows += [(_("Team"), team, one, cases(span, code=one.key)) for one in team.refusals]
    for person in found.people.items:
        rows += [
            (_("Person"), person, one, cases(found.span, code=one.key, person=person.person))
            for one in person.refusals
        ]
    return Table(
        "refusals",
        _("Refusals by reason, by team and by person"),
        (
            head("by", "By", "Each refusal is counted twice: for the team that owed the decision, "
                 "and for whoever decided."),
            head("name", "Whose", "A person is shown as far as the policy lets you see figures "
                 "person by person; executives are never left out alone."),
            head("code", "Reason", "The code given with it."),
            head("n", "Times", "How often."),
        ),
        tuple(
            (
                word(kind),
                word(who.name),
                word(labels.REFUSAL_CODES.get(one.key, one.key), one.key),
                count(one.n, href),
            )
            for kind, who, one, href in rows
        ),
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
