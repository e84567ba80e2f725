"""How ready-made the replies in a file are, and which of them read like promises.

    python -m language.measure replies.jsonl [--threshold 850] [--window 500] [--show]

One JSON object a line, oldest first: `id` and `text`, and where there are several writers `author`.
Lines with `from_public` true are comments and are left out. Each reply is compared with the
`--window` replies of the same author before it, as the door would have done. Ids are printed; the
words only with --show, for looking at them where one may. A file that is missing is no error.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from language.promises import find
from language.sameness import FEW, READY_MADE, Twin, nearest, words

BIN = 50


@dataclass(frozen=True)
class Reply:
    id: str
    author: str
    text: str


@dataclass(frozen=True)
class Measured:
    """A reply and the nearest one before it, if any shares a word with it."""

    reply: Reply
    twin: Twin | None
    is_too_short: bool

    @property
    def permille(self) -> int:
        return self.twin.permille if self.twin else 0


def replies(lines: Iterable[str]) -> Iterator[Reply]:
    for line in lines:
        row = json.loads(line) if line.strip() else None
        if row and not row.get("from_public"):
            yield Reply(str(row["id"]), str(row.get("author", "")), row["text"])


def measure(every: Iterable[Reply], window: int) -> Iterator[Measured]:
    """Each reply against its author's last ``window`` ones, in order."""
    recent: dict[str, deque[tuple[str, str]]] = defaultdict(lambda: deque(maxlen=window))
    for reply in every:
        before = recent[reply.author]
        too_short = len(words(reply.text)) < FEW
        yield Measured(reply, nearest(reply.text, before, 1), too_short)
        before.append((reply.id, reply.text))


def report(measured: list[Measured], threshold: int, show: bool) -> Iterator[str]:
    compared = [m for m in measured if not m.is_too_short]
    ready = [m for m in compared if m.permille >= threshold]
    yield f"{len(measured)} replies, {len(measured) - len(compared)} too short to compare"
    yield (
        f"{len(ready)} of {len(compared)} ({_percent(len(ready), len(compared))}) "
        f"are ready-made at {threshold}"
    )
    yield "\nlikeness to the nearest reply before, in thousandths"
    bins = Counter(m.permille // BIN * BIN for m in compared)
    most = max(bins.values(), default=1)
    for start in range(0, 1001, BIN):
        mark = "<" if start <= threshold < start + BIN else " "
        bar = "#" * round(40 * bins[start] / most)
        yield f"  {start:>4} {mark} {bins[start]:>5}  {bar}"
    yield f"\nready-made at {threshold}: likeness, reply, the reply before it"
    texts = {m.reply.id: m.reply.text for m in measured}
    for m in sorted(ready, key=lambda m: -m.permille):
        yield f"  {m.permille:>4}  {m.reply.id}  {m.twin.id if m.twin else ''}"
        if show and m.twin:
            yield from (f"        {' '.join(texts[it].split())}" for it in (m.reply.id, m.twin.id))


def promises(every: list[Reply], show: bool) -> Iterator[str]:
    found = [(reply, find(reply.text)) for reply in every]
    some = [(reply, sentences) for reply, sentences in found if sentences]
    yield f"\n{len(some)} of {len(every)} ({_percent(len(some), len(every))}) read like a promise"
    for rule, count in Counter(f.rule for _, fs in some for f in fs).most_common():
        yield f"  {count:>5}  {rule}"
    if show:
        for reply, sentences in some:
            yield from (
                f"  {reply.id}  {f.rule}: {' '.join(f.sentence.split())}" for f in sentences
            )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m language.measure", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("path", type=Path)
    parser.add_argument("--threshold", type=int, default=READY_MADE, metavar="PERMILLE")
    parser.add_argument("--window", type=int, default=500, metavar="REPLIES")
    parser.add_argument("--show", action="store_true", help="print the words as well")
    chosen = parser.parse_args(arguments)
    if not chosen.path.is_file():
        print(f"skipped: there is no file {chosen.path}")
        return
    with chosen.path.open(encoding="utf-8") as lines:
        every = list(replies(lines))
    for line in report(list(measure(every, chosen.window)), chosen.threshold, chosen.show):
        print(line)
    for line in promises(every, chosen.show):
        print(line)


if __name__ == "__main__":
    main()
