"""Before anything is said in public: exactly which words, where, and what happens next.

A form whose act publishes words is answered with them, as the public would read them, and with one
more button. Only what was seen like that is carried out: the button carries a digest of it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from sqlmodel import Session

from api.commands import Ask
from api.deps import Door, now
from api.pages import editor, frame, labels, render, times
from api.pages.security import Viewer
from channels.base import marked
from domain.escalation import Escalation
from domain.post import Post
from store import details, queries, tables, words
from store.views import AuthorView
from texts import Sayings
from texts import gettext as _

BUTTONS = Sayings(
    {
        "reply": "Send these for clearance",
        "holding_reply": "Send these for clearance",
        "move_private": "Send these for clearance",
        "clear": "Publish these words",
        "correct": "Send the correction for clearance",
        "retract": "Send these for clearance",
    }
)

_PAGE = frozenset({"csrf", "key", "expected_seq", "seen", "page"})
"""What a form carries beside what it says."""


@dataclass(frozen=True)
class Promise:
    sentence: str
    accountable: str
    due: str


@dataclass(frozen=True)
class Look:
    """What will be said, as it is shown before it is done."""

    title: str
    button: str
    channel: str
    answers: AuthorView | None
    text: str
    before: str
    behind: str
    length: int
    promises: Sequence[Promise]
    next: str
    """What happens once the button is pressed, in a sentence or two."""


def is_seen(values: Mapping[str, str]) -> bool:
    """Whether this form says what was shown to its sender, word for word."""
    return hmac.compare_digest(values.get("seen", "").encode(), _digest(values).encode())


def _digest(values: Mapping[str, str]) -> str:
    said = sorted((name, value) for name, value in values.items() if name not in _PAGE)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


async def ask(
    request: Request, door: Door, viewer: Viewer, ask: Ask, values: Mapping[str, str]
) -> Response:
    """The words as they would be read, with the button that sends them."""
    kind, _, entity_id = ask.stream.partition("/")

    def work(session: Session) -> dict[str, Any]:
        return {
            **frame.frame(session, viewer, ""),
            "look": _look(session, ask, values),
            "address": f"/{ask.stream}/{ask.act}",
            "back": f"/{ask.stream}/words" if editor.says(kind, ask.act) else f"/{ask.stream}",
            "act": ask.act,
            "values": _sent_again(values) | {"key": ask.idempotency_key},
            "seen": _digest(values),
            "entity_id": entity_id,
        }

    context = await door.read(work)
    is_fragment = "hx-request" in request.headers
    return render.page("looking.html" if is_fragment else "look.html", **context)


def _sent_again(values: Mapping[str, str]) -> dict[str, str]:
    """The fields of the form, to be sent with the button. Decided words are looked up again."""
    left_out = {"seen", "text"} if values.get("as_approved") else {"seen"}
    return {name: value for name, value in values.items() if name not in left_out}


def _look(session: Session, ask: Ask, values: Mapping[str, str]) -> Look:
    state: Any = details.state_of(session, ask.stream)
    kind = ask.stream.partition("/")[0]
    wanted = editor.says(kind, ask.act)
    if wanted is None:
        assert isinstance(state, Post)
        text = words.texts(session, [state.words.id]).get(state.words.id, "")
        before, behind = _around(session, state)
    else:
        text = values.get(wanted.field, "").strip()
        before, behind = editor.beside(state, wanted)
    is_decided = bool(values.get("as_approved"))
    button = _("Publish these words") if is_decided else BUTTONS[ask.act]
    return Look(
        title=labels.ACTS_OF[kind][ask.act],
        button=button,
        channel=state.channel,
        answers=_author(session, state),
        text=text,
        before=before,
        behind=behind,
        length=len("\n\n".join(part for part in (before, text, behind) if part)),
        promises=_promises(session, values),
        next=_next(state, ask.act, is_decided=is_decided),
    )


def _around(session: Session, post: Post) -> tuple[str, str]:
    earlier = session.get(tables.Post, post.corrects) if post.corrects else None
    at = earlier.published_at if earlier else None
    return editor.around(marked("\0", post.kind, post.same_answer_to, at))


def _author(session: Session, state: Any) -> AuthorView | None:
    escalation_id = state.id if isinstance(state, Escalation) else state.escalation_id
    items = queries.escalation_items(session, [escalation_id], now())
    return items[0].author if items else None


def _promises(session: Session, values: Mapping[str, str]) -> list[Promise]:
    rows = editor.rows_of(values, "")
    named = frame.names(session, [row.accountable for row in rows])
    return [Promise(row.sentence, named[row.accountable], row.due_on) for row in rows]


def _next(state: Any, act: str, *, is_decided: bool) -> str:
    if act == "clear":
        return _goes_out(state.undo)
    if not is_decided:
        return _(
            "Nobody outside reads these words yet. They wait until somebody other than you has "
            "cleared them."
        )
    replies = state.terms.replies if isinstance(state, Escalation) else None
    return _goes_out(replies.undo if replies else 0)


def _goes_out(undo: int) -> str:
    if not undo:
        return _("They go out at once. What is published stays: it can be corrected, not unsaid.")
    span = times.exact_span(undo)
    return _(
        "They go out in %(span)s. Until then they can be taken back; after that they stay.",
        span=span,
    )
