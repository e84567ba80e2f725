"""What a notice says, in a mail and in a chat: one reason, one place, one link for each case. It is
said in the language and the time zone of whoever it is for.

It is composed of facts: no word and no name of any commenter is in it, unless the setting for
excerpts allows who commented and how that begins.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

import texts
from domain.decision_links import Family
from domain.messages import Notice
from domain.notices import reason_of
from store.telling import Card
from texts import Sayings, ngettext, stated, times
from texts import gettext as _

WIDTH = 72
"""Columns of the plain text, which every program shows without wrapping."""

NEXT: Mapping[str, Sayings] = {
    "escalation": Sayings(
        {
            "held": "Somebody else looks at it a second time",
            "unclaimed": "Somebody of the team claims it",
            "preparing": "Its owner proposes an answer",
            "deciding": "An approver decides",
            "replying": "The reply goes out",
            "listening": "The commenter has the word",
        }
    ),
    "post": Sayings(
        {
            "in_review": "Somebody other than the writer reads it",
            "cleared": "The service sends it out",
            "publishing": "The service publishes it",
            "unconfirmed": "Somebody of the team looks at the channel",
            "failed": "Somebody of the team tries again",
        }
    ),
    "commitment": Sayings(
        {
            "open": "Whoever is accountable keeps it",
            "reported": "Somebody else clears the public word of it",
            "told": "The commenter says whether it was kept",
            "denied": "Whoever approved it answers the commenter",
            "broken": "Whoever is accountable still owes it",
        }
    ),
    "matter": Sayings(
        {
            "gathering": "Its owner proposes the one answer",
            "deciding": "An approver decides",
            "ready": "The team’s lead or an executive releases the answer",
            "releasing": "The service answers everybody",
            "halted": "The team’s lead or an executive lets it go on",
        }
    ),
}
"""The next move in each stage in which one is owed."""

LABELS = {
    Family.DECIDE: stated("Look and decide"),
    Family.ACCEPT: stated("Look and answer"),
    Family.CLEAR: stated("Read and clear"),
}
"""What stands on a link that may decide; on any other one: Look at it."""


@dataclass(frozen=True)
class Link:
    """The one link of a case. ``until`` is set where it decides without signing in."""

    address: str
    label: str = stated("Look at it")
    until: datetime | None = None


@dataclass(frozen=True)
class Block:
    """What is told of one case."""

    title: str
    what: str
    also: tuple[str, ...]
    why: str
    is_urgent: bool
    link: Link
    card: Card | None = None


@dataclass(frozen=True)
class Letter:
    """A whole message, in the shapes that its ways need."""

    subject: str
    text: str
    html: str
    chat: str
    about: str | None
    """The one case that it is about; None for several."""


def block(notices: Sequence[Notice], card: Card | None, link: Link) -> Block:
    """Everything about one case; the first of the notices leads."""
    first, *others = (reason_of(notice) for notice in notices)
    return Block(
        title=first.title,
        what=first.what,
        also=tuple(dict.fromkeys(o.what for o in others if o.what != first.what)),
        why=first.why,
        is_urgent=any(notice.urgent for notice in notices),
        link=link,
        card=card,
    )


def by_urgency(blocks: Sequence[Block], later: datetime) -> list[Block]:
    """The most urgent first: what is urgent, then what is owed soonest; ``later`` stands for no
    date at all."""
    due = [(one.card.due_at if one.card else None) or later for one in blocks]
    order = sorted(range(len(blocks)), key=lambda n: (not blocks[n].is_urgent, due[n], n))
    return [blocks[n] for n in order]


def compose(
    name: str, blocks: Sequence[Block], zone: str, at: datetime, language: str | None = None
) -> Letter:
    """The letter for one person, in their language and with the times of their place."""
    to = texts.language(language) if language else None
    with texts.speaking(to or texts.english(), ZoneInfo(zone)):
        return _composed(name, blocks, at)


def _composed(name: str, blocks: Sequence[Block], at: datetime) -> Letter:
    clock = _Clock(at)
    context = {"name": name, "blocks": blocks, "clock": clock}
    text = _environment.get_template("notice.txt").render(**context)
    html = _environment.get_template("notice.html").render(subject=_subject(blocks), **context)
    chat = _environment.get_template("chat.txt").render(**context)
    about = {one.card.about if one.card else None for one in blocks}
    return Letter(
        subject=_subject(blocks),
        text=_tidy(text),
        html=html,
        chat=_tidy(chat),
        about=about.pop() if len(about) == 1 else None,
    )


def _subject(blocks: Sequence[Block]) -> str:
    first = blocks[0]
    said = _(first.title)
    if len(blocks) > 1:
        said = ngettext(
            "%(num)s notice; the first: %(title)s",
            "%(num)s notices; the first: %(title)s",
            len(blocks),
            title=said,
        )
    elif first.card:
        said = f"{said} ({place(first.card)})"
    if first.is_urgent:
        said = _("Urgent: %(what)s", what=said)
    # A name with a line end in it would end the header.
    return " ".join(said.split())


def place(card: Card) -> str:
    """``Customer care, shop`` or the team alone."""
    return f"{card.team}, {card.channel}" if card.channel else card.team


def next_of(card: Card) -> str | None:
    """Who moves next; None where nobody owes anything."""
    return NEXT[card.kind].get(card.stage)


def counted(card: Card) -> str:
    """How much there is to it, where that tells it from another; else empty."""
    if card.kind == "matter":
        return ngettext("It answers %(num)s case.", "It answers %(num)s cases.", card.members)
    if card.comments > 1:
        return ngettext("%(num)s comment in all.", "%(num)s comments in all.", card.comments)
    return ""


@dataclass(frozen=True)
class _Clock:
    """Moments as the reader's own clocks show them."""

    now: datetime

    def moment(self, at: datetime) -> str:
        """``Tue, 2 Dec, 14:00 CET``; with the year where it is another one."""
        return times.brief(at, self.now)

    def distance(self, at: datetime) -> str:
        """``in 3 h`` or ``20 min late``."""
        return times.distance(at, self.now)

    def is_late(self, at: datetime) -> bool:
        return at < self.now


def _wrap(text: str) -> str:
    """A paragraph of the plain text in short lines; addresses are never broken."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _tidy(text: str) -> str:
    """No run of empty lines, and one line end at the end."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
_environment.install_gettext_callables(  # type: ignore[attr-defined]
    texts.raw_gettext, texts.raw_ngettext, newstyle=True
)
_environment.globals.update(spoken=texts.spoken, next_of=next_of, counted=counted)
_environment.filters.update(wrap=_wrap, place=place)
