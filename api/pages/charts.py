"""Charts: what a table says, for those who would rather look. Drawn by ``charts.html`` as SVG whose
lengths are shares of its width, so that the letters stay as large on a phone as on a desk."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.pages.cells import Table, length
from api.pages.figures import PROMISES, STEPS, month
from store.insight_views import Insights
from texts import gettext as _
from texts import numbers

HATCHED = {"kept_late": "lines", "still_broken": "cross", "withdrawn": "dots"}
"""What is told apart by a pattern, and not by colour alone."""


@dataclass(frozen=True)
class Part:
    """A stretch of a bar, in hundredths of the width that bars have."""

    key: str
    start: float
    width: float
    text: str = ""
    """Written into it, where there is room."""


@dataclass(frozen=True)
class Bar:
    label: str
    parts: tuple[Part, ...]
    text: str
    """What stands at its end."""
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture of a table. ``says`` is what somebody hears who does not see it."""

    id: str
    title: str
    says: str
    bars: tuple[Bar, ...]
    legend: dict[str, str] = field(default_factory=dict)


def charts(found: Insights, tables: dict[str, Table]) -> dict[str, Chart]:
    """Every chart for which there is something to draw."""
    made = (_waits(found, tables), _steps(found), _promises(found))
    return {chart.id: chart for chart in made if chart is not None}


def _share(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0


def _waits(found: Insights, tables: dict[str, Table]) -> Chart | None:
    table = tables["waits"]
    counts = [one.n for one in found.answers.distribution]
    if not any(counts):
        return None
    label = table.column("wait")
    bars = tuple(
        Bar(row[label].text, (Part("all", 0, _share(n, max(counts))),), numbers.number(n))
        for row, n in zip(table.rows, counts, strict=True)
    )
    says = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    return Chart("waits", table.title, says, bars)


def _steps(found: Insights) -> Chart | None:
    done = [one for one in found.steps if one.done]
    longest = max((one.working.nine_tenths or 0 for one in done), default=0)
    if not longest:
        return None
    bars = []
    for one in done:
        half, nine = one.working.half or 0, one.working.nine_tenths or 0
        parts = (
            Part("half", 0, _share(half, longest)),
            Part("nine", _share(half, longest), _share(nine - half, longest)),
        )
        text = f"{length(half)} / {length(nine)}"
        bars.append(Bar(STEPS[one.step], parts, text, _owed(str(one.seat))))
    says = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    legend = {
        "half": _("half of them took this long or less"),
        "nine": _("nine in ten took this long or less"),
    }
    return Chart("steps", _("How long each step took, in working time"), says, tuple(bars), legend)


def _owed(seat: str) -> str:
    return {
        "approvers": _("executives"),
        "team": _("team"),
        "owner": _("owner"),
        "reviewers": _("second person"),
    }[seat]


def _promises(found: Insights) -> Chart | None:
    months = found.promises.items
    if not months:
        return None
    most = max(item.total for item in months)
    bars = []
    for item in months:
        start, parts = 0.0, []
        for how in PROMISES:
            n = getattr(item, how)
            if n:
                width = _share(n, most)
                parts.append(Part(how, round(start, 2), width, str(n) if width > 9 else ""))
                start += width
        bars.append(Bar(month(item.key), tuple(parts), numbers.number(item.total)))
    says = "; ".join(
        f"{month(item.key)}: "
        + ", ".join(f"{label} {getattr(item, how)}" for how, label in PROMISES.items())
        for item in months
    )
    seen = {part.key for bar in bars for part in bar.parts}
    legend = {how: label for how, label in PROMISES.items() if how in seen}
    return Chart("promises", _("Promises by the month in which they were due"), says, tuple(bars),
                 legend)  # fmt: skip
