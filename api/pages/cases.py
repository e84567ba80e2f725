"""One escalation, post, promise or matter: what is owed next, and the forms that do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from sqlmodel import Session

from api.bodies import BODIES, Draft
from api.cases import note_reading
from api.commands import Ask, carry_out, check_key, rehearse, stream_of
from api.deps import Door, TheDoor, now
from api.errors import DATABASE_AWAY
from api.pages import (
    asking,
    decisions,
    editor,
    forms,
    frame,
    labels,
    moves,
    offers,
    queue,
    refusals,
    render,
    sentences,
    since,
)
from api.pages.forms import Trouble, Typed
from api.pages.offers import Colleague, Offers
from api.pages.render import Way
from api.pages.security import Reader, Sent, SentForm, Viewer
from api.pages.sentences import Line
from channels.base import marked
from domain.base import Words
from domain.drafts import DraftKind
from domain.entity import Kind, Permission, State
from domain.errors import AnswerableError, Unknown
from domain.escalation import Escalation, Proposed, Recommendation, Returned
from domain.kinds import KINDS
from domain.matter import MemberState
from domain.people import Actor
from domain.post import PostKind, PostStage
from store import details, drafts, history, matters, queries, words
from store.policies import InForce
from store.views import CommitmentDetail, Entry, EscalationDetail, MatterDetail, PostDetail
from texts import gettext as _

router = APIRouter(include_in_schema=False)

MEMBERS = 50
"""Members of a matter that its page shows at once."""

_ROOMS = {
    "escalation": "queue",
    "post": "posts",
    "commitment": "commitments",
    "matter": "matters",
}
"""The room in which each kind is at home."""

LINES = 3_000
"""Entries of a history that a page shows; the JSON interface has them all."""

ORDER = (
    "claim", "overturn", "propose", "decide_alone", "approve", "refuse", "return", "inform",
    "reply", "accept_promise", "clear", "confirm", "retry", "accept_new_date", "agree",
    "report_kept", "make_link", "tell", "renegotiate", "refuse_new_date", "reopen", "ask",
    "counter_promise",
    "decline_promise", "add_approver", "replace_approver", "bypass", "holding_reply",
    "move_private", "note", "pause", "resume", "extend", "accept_calendar", "renew", "join_matter",
    "leave_matter", "assign", "decline", "release", "reroute", "recall", "withdraw", "correct",
    "retract", "uphold", "merge", "answered_outside", "halt", "close", "dismiss",
)  # fmt: skip
"""The order in which acts stand on a page: what takes the case on first, what ends it last."""

Place = Annotated[str, Query(max_length=100)]
Cursor = Annotated[str, Query(max_length=500)]


@dataclass(frozen=True)
class MemberWish:
    """Which members of a matter somebody wants to see: how they stand to it, and from where on."""

    standing: str = ""
    cursor: str = ""


FIRST_MEMBERS = MemberWish()


# Looking. ------------------------------------------------------------------------------------


@router.get("/escalation/{entity_id}")
async def escalation(entity_id: str, door: TheDoor, viewer: Reader, done: Place = "") -> Response:
    """What was said, what happened, what is owed next, and what I may do about it."""
    return await show(door, "escalation", entity_id, viewer, done=done)


@router.get("/post/{entity_id}")
async def post(entity_id: str, door: TheDoor, viewer: Reader, done: Place = "") -> Response:
    """One public utterance of ours: its words, and how far it has come."""
    return await show(door, "post", entity_id, viewer, done=done)


@router.get("/commitment/{entity_id}")
async def commitment(entity_id: str, door: TheDoor, viewer: Reader, done: Place = "") -> Response:
    """One promise: the sentence, who is accountable, until when, and what became of it."""
    return await show(door, "commitment", entity_id, viewer, done=done)


@router.get("/matter/{entity_id}")
async def matter(
    entity_id: str,
    door: TheDoor,
    viewer: Reader,
    done: Place = "",
    members: Place = "",
    cursor: Cursor = "",
) -> Response:
    """Many escalations, decided once: the one answer, how far it has come, and all its members, in
    pages; ``members`` chooses those who stand to it like that."""
    wish = MemberWish(members if members in labels.MEMBER_VIEWS else "", cursor)
    return await show(door, "matter", entity_id, viewer, done=done, members=wish)


async def show(
    door: Door,
    kind: str,
    entity_id: str,
    viewer: Viewer,
    *,
    done: str = "",
    typed: Typed | None = None,
    trouble: Trouble | None = None,
    shown: dict[str, Any] | None = None,
    status: int = 200,
    notice: str = "",
    members: MemberWish = FIRST_MEMBERS,
) -> Response:
    """The page of one case, with what was typed where it is shown again."""
    stream, in_force = stream_of(kind, entity_id), await door.policy()

    def work(session: Session) -> dict[str, Any]:
        state = details.state_of(session, stream)
        context = _CONTEXTS[kind](session, state, viewer.actor, in_force)
        entries, holds = _entries(session, state, viewer.actor)
        is_insider = context["detail"].is_insider
        lines = sentences.tell(session, entries, is_insider=is_insider)
        filled: dict[str, Mapping[str, str]] = {}
        if kind == "matter":
            context |= _members(session, state, viewer.actor, members)
        if kind == "escalation":
            context |= _earlier(session, context["detail"], entries, lines)
            heads = drafts.latest(session, entity_id, viewer.actor)
            context["bases"] = {kind: draft.version for kind, draft in heads.items()}
            context["heads"] = _live(heads, entries)
            filled = _filled(context["earlier"], context["heads"])
        if typed is not None and typed.about == entity_id:
            filled[typed.act] = typed.values
        acts = [p.act for p in context["detail"].allowed if p.ok]
        draft = draft_of(session, door, in_force, context["state"], viewer)
        context["filled"] = filled
        context["readings"] = _readings(draft, kind, acts, filled, typed, context.get("decided"))
        return {
            **frame.frame(session, viewer, _ROOMS[kind]),
            **context,
            "lines": lines,
            "chain_holds": holds,
            "done": frame.done_of(session, viewer, done),
            "typed": typed or Typed(),
            "trouble": trouble,
            "news": _since(lines, trouble),
            "lost": _lost(typed, acts),
            "shown": shown or {},
            "outside": door.settings.links,
            "notice": notice,
        }

    context = await door.read(work)
    await note_reading(door, viewer.actor, stream)
    return render.page(f"{kind}.html", trouble.status if trouble else status, **context)


def _lost(typed: Typed | None, acts: Sequence[str]) -> Sequence[str]:
    """What was typed into a form that stands on the page no more."""
    return () if typed is None or typed.act in acts else forms.written(typed.values.items())


def draft_of(
    session: Session, door: Door, in_force: InForce, state: State, viewer: Viewer
) -> Draft:
    """A command in the making about this, for what can be said of its words before it is sent."""
    return Draft(session, viewer.actor, state, in_force, now(), door.settings.max_text)


def _readings(
    draft: Draft,
    kind: str,
    acts: Sequence[str],
    filled: Mapping[str, Mapping[str, str]],
    typed: Typed | None,
    decided: str | None,
) -> dict[str, editor.Reading]:
    """What is to be said of the words in each form that publishes some."""
    readings = {}
    for act in acts:
        if wanted := editor.says(kind, act):
            values = filled.get(act, {})
            is_typed = typed is not None and typed.act == act
            reading = editor.read(draft, kind, act, values, is_whole=is_typed)
            is_decided = act == "reply" and decided == values.get(wanted.field)
            readings[act] = replace(reading, is_approved=bool(decided) and is_decided)
    return readings


def _live(
    heads: Mapping[DraftKind, drafts.Draft], entries: Sequence[Entry]
) -> dict[DraftKind, drafts.Draft]:
    """The drafts that writing goes on from: those that have not been sent yet."""
    return {
        kind: draft
        for kind, draft in heads.items()
        if editor.is_live(kind, draft.person, draft.created_at, entries)
    }


def _filled(
    earlier: Mapping[str, str], heads: Mapping[DraftKind, drafts.Draft]
) -> dict[str, Mapping[str, str]]:
    """What stands in the forms before anybody types: the draft, or else what was sent before."""
    before = {
        "propose": dict(earlier),
        "reply": {**earlier, "text": earlier.get("reply", "")},
        "note": {},
    }
    for (act, name), kind in editor.DRAFTS.items():
        if kind in heads:
            before[act][name] = heads[kind].text
    return {act: values for act, values in before.items() if values}


def _entries(session: Session, state: State, actor: Actor) -> tuple[list[Entry], bool]:
    """The history of a case, in order, and whether its chain holds."""
    found = history.history_in(session, state, actor)
    entries = list(found.items)
    while found.next_cursor and len(entries) < LINES:
        found = history.history_in(session, state, actor, cursor=found.next_cursor)
        entries += found.items
    return entries, found.chain.holds


def _since(lines: Sequence[Line], trouble: Trouble | None) -> list[Line]:
    """What happened since a form was opened, where that is why it was refused."""
    if trouble is None or trouble.since is None:
        return []
    return [line for line in lines if line.seq > trouble.since]


def _acts(
    kind: str, detail: Any, state: State, actor: Actor, offered: Offers | None = None
) -> dict[str, Any]:
    """What the reader may do here, the next move first; and what not, each with the reason."""
    found = offered or Offers()
    judged = [
        Permission(act=p.act, ok=False, why_not=found.nothing[p.act])
        if p.ok and p.act in found.nothing
        else p
        for p in detail.allowed
    ]
    allowed: Sequence[Permission] = sorted(judged, key=lambda p: ORDER.index(p.act))
    first = moves.primary(kind, detail.stage, allowed)
    others = [p.act for p in allowed if p.ok and p.act != first]
    return {
        "kind": kind,
        "state": state,
        "primary": first,
        "others": others,
        "offers": found,
        "why_not": _reasons(
            KINDS[kind], actor, state, [p for p in allowed if not p.ok], detail.names
        ),
    }


def _reasons(
    kind: Kind,
    actor: Actor,
    state: State,
    refused: Sequence[Permission],
    names: Mapping[str, str],
) -> dict[str, list[str]]:
    """The acts that are not possible, under the reason that they share."""
    reasons: dict[str, list[str]] = {}
    for permission in refused:
        reason = _why_not(kind, actor, state, permission, names)
        reasons.setdefault(reason, []).append(permission.act)
    return reasons


def _why_not(
    kind: Kind, actor: Actor, state: State, permission: Permission, names: Mapping[str, str]
) -> str:
    """Why this cannot be done, in the words of a page: whose it is, or when its turn comes."""
    right = kind.rights[permission.act]
    if not right.holds(actor, state):
        return refusals.of_somebody_else(right.who)
    if state.stage not in right.stages:
        return labels.possible_while(kind.name, right.stages)
    return refusals.refused(refusals.named(permission.why_not or "", names))


def _escalation(session: Session, state: Any, actor: Actor, in_force: InForce) -> dict[str, Any]:
    detail = details.escalation_in(session, state, actor, now())
    channel = in_force.policy.channels.get(detail.channel)
    team = in_force.policy.teams.get(detail.team, detail.team)
    possible = {permission.act for permission in detail.allowed if permission.ok}
    said_elsewhere = queries.others_of_author(session, actor, detail.id, now())
    around = offers.colleagues(session, detail.team, now())
    offered = offers.of_escalation(session, state, in_force, possible, around, said_elsewhere)
    acts = _acts("escalation", detail, state, actor, offered)
    reply = moves.current_reply(detail)
    if reply and acts["primary"] == "reply":
        acts["primary"] = None
    if detail.matter_state == MemberState.JOINED and acts["primary"]:
        # What takes it on is the answer of its matter; its own acts come after that.
        acts |= {"primary": None, "others": [acts["primary"], *acts["others"]]}
    return {
        "detail": detail,
        "has_reply": reply is not None,
        "matter": matters.title_of(session, detail.matter_id) if detail.matter_id else None,
        "voices_of": {detail.id: decisions.voices_of(session, actor, "escalation", detail)},
        "decided": _approved(session, state) if acts["primary"] == "reply" else "",
        "team": team,
        "max_length": channel.max_length if channel else None,
        "move": moves.of_escalation(detail, team, moves.deciders(session, state), actor.id),
        **acts,
        "said_elsewhere": said_elsewhere,
        "accountable": offers.accountable(around),
        "readers": _readers(around, detail.team, detail.owner),
    }


def _bound(state: Escalation) -> Words | None:
    """The words that the decision bound: those of a yes, or the printed reason of a no."""
    decision, proposal = state.decision, state.proposal
    if decision is None or proposal is None:
        return None
    if decision.outcome == "refused":
        return decision.reason
    return proposal.reply if proposal.recommendation is Recommendation.APPROVE else None


def _readers(around: Sequence[Colleague], team: str, owner: str | None) -> dict[str, str]:
    """Who may be told of a note, with names: everybody who may read it."""
    may_read = (one for one in around if queries.is_insider(one.actor, team, owner))
    return {one.actor.id: one.name for one in may_read}


def _earlier(
    session: Session, detail: EscalationDetail, entries: Sequence[Entry], lines: Sequence[Line]
) -> dict[str, Any]:
    """What was proposed before and why it came back, for whoever has to propose or reply anew."""
    data = [e.data for e in entries if e.name == Proposed.NAME and e.data]
    returned = None
    if detail.stage == "preparing":
        returned = next((line for line in reversed(lines) if line.name == Returned.NAME), None)
    earlier: dict[str, str] = {}
    # Where its bytes were changed there is nothing to go on from; the page says that they were.
    with suppress(ValidationError, IndexError):
        earlier = _texts_of(session, Proposed.model_validate(data[-1]))
    return {"earlier": earlier, "returned": returned}


def _texts_of(session: Session, proposed: Proposed) -> dict[str, str]:
    """A proposal as it would be typed into the form again."""
    refs = {"request": proposed.request, "reply": proposed.reply}
    filled = {}
    for n, promise in enumerate(proposed.promises[: editor.PROMISES]):
        refs[f"promises-{n}-sentence"], refs[f"promises-{n}-proof"] = promise.words, promise.proof
        filled[f"promises-{n}-accountable"] = promise.accountable
        filled[f"promises-{n}-due_on"] = promise.due_at.date().isoformat()
    texts = words.texts(session, [ref.id for ref in refs.values() if ref])
    return filled | {name: texts.get(ref.id, "") for name, ref in refs.items() if ref}


def _post(session: Session, state: Any, actor: Actor, in_force: InForce) -> dict[str, Any]:
    detail = details.post(session, state.id, actor, now())
    return {
        "detail": detail,
        "promise": promise_of(session, detail, actor),
        "beside": beside(detail),
        "untied": editor.untied(session, state, detail.text) if _is_to_clear(detail) else (),
        "move": moves.of_post(detail, actor.id),
        **_acts("post", detail, state, actor),
    }


def _is_to_clear(detail: PostDetail) -> bool:
    return detail.stage == PostStage.IN_REVIEW


def beside(detail: PostDetail) -> tuple[str, str]:
    """The lines that the channel puts before and behind the words."""
    earlier = next((post for post in detail.chain if post.id == detail.corrects), None)
    earlier_at = earlier.published_at if earlier else None
    return editor.around(marked("\0", PostKind(detail.kind), detail.same_answer_to, earlier_at))


def promise_of(session: Session, detail: PostDetail, actor: Actor) -> CommitmentDetail | None:
    """The promise that words are about, with what is brought forward for it."""
    about = detail.commitment_id
    return details.commitment(session, about, actor, now()) if about else None


def _commitment(session: Session, state: Any, actor: Actor, in_force: InForce) -> dict[str, Any]:
    detail = details.commitment(session, state.id, actor, now())
    acts = _acts("commitment", detail, state, actor)
    if state.link and acts["primary"] == "make_link":
        # The commenter has one, which another would end: no longer the next move.
        acts |= {"primary": None, "others": ["make_link", *acts["others"]]}
    return {"detail": detail, "move": moves.of_commitment(detail, actor.id), **acts}


def _untied_of(session: Session, state: Any, detail: MatterDetail) -> list[str]:
    reply = detail.proposal.reply if detail.proposal and not detail.answer else None
    return editor.untied(session, state, reply)


def _matter(session: Session, state: Any, actor: Actor, in_force: InForce) -> dict[str, Any]:
    detail = matters.matter(session, state.id, actor, now())
    around = offers.colleagues(session, detail.team, now())
    return {
        "detail": detail,
        "untied": _untied_of(session, state, detail),
        "team": in_force.policy.teams.get(detail.team, detail.team),
        "move": moves.of_matter(detail, detail.names, moves.deciders(session, state), actor.id),
        "voices_of": {detail.id: decisions.voices_of(session, actor, "matter", detail)},
        **_acts("matter", detail, state, actor, offers.of_matter(state, in_force, around)),
        "readers": _readers(around, detail.team, detail.owner),
    }


def _members(session: Session, state: Any, actor: Actor, wish: MemberWish) -> dict[str, Any]:
    """A page of the cases of a matter, by key."""
    found = matters.members(
        session,
        state.id,
        actor,
        now(),
        state=wish.standing or None,
        limit=MEMBERS,
        cursor=wish.cursor or None,
    )
    return {
        "members": found,
        "wish": wish,
        "member_views": labels.MEMBER_VIEWS,
        "owners": frame.names(session, [one.owner for one in found.items if one.owner]),
    }


_CONTEXTS: dict[str, Callable[[Session, Any, Actor, InForce], dict[str, Any]]] = {
    "escalation": _escalation,
    "post": _post,
    "commitment": _commitment,
    "matter": _matter,
}


# Doing. --------------------------------------------------------------------------------------


@router.post("/escalation/{entity_id}/{act}")
async def act_on_escalation(
    entity_id: str, act: str, request: Request, door: TheDoor, sent: SentForm
) -> Response:
    return await _act(request, door, sent, "escalation", entity_id, act)


@router.post("/post/{entity_id}/{act}")
async def act_on_post(
    entity_id: str, act: str, request: Request, door: TheDoor, sent: SentForm
) -> Response:
    return await _act(request, door, sent, "post", entity_id, act)


@router.post("/commitment/{entity_id}/{act}")
async def act_on_commitment(
    entity_id: str, act: str, request: Request, door: TheDoor, sent: SentForm
) -> Response:
    return await _act(request, door, sent, "commitment", entity_id, act)


@router.post("/matter/{entity_id}/{act}")
async def act_on_matter(
    entity_id: str, act: str, request: Request, door: TheDoor, sent: SentForm
) -> Response:
    return await _act(request, door, sent, "matter", entity_id, act)


async def _act(
    request: Request, door: Door, sent: Sent, kind: str, entity_id: str, act: str
) -> Response:
    """Carry a form out as the JSON command of its name, and lead on to a page that shows it.

    What goes out in public is shown first, exactly as it will be read, and done when it was seen.
    """
    stream = stream_of(kind, entity_id)
    if act not in BODIES[kind]:
        raise Unknown("unknown_command", f"'{act[:40]}' is nothing that can be done here")
    values, actor = forms.values_of(sent.form), sent.viewer.actor
    try:
        if values.get("as_approved"):
            values["text"] = await door.read(
                lambda session: _approved(session, details.state_of(session, stream))
            )
        body = forms.body_of(kind, act, values)
        key = check_key(request, values.get("key") or None)
        ask = Ask(stream, act, actor, body, key)
        if editor.is_asked(kind, act) and not asking.is_seen(values):
            await rehearse(door, ask)
            return await asking.ask(request, door, sent.viewer, ask, values)
        outcome = await carry_out(door, ask)
    except (AnswerableError, *DATABASE_AWAY) as error:
        return await _again(request, door, sent, (kind, entity_id, act), error)
    if (shown := body.shown()) and not outcome.is_repeat:
        # What is shown this once must not stand in an address: no redirect.
        return await show(door, kind, entity_id, sent.viewer, shown=shown)
    page = forms.page_of(values)
    if outcome.made:
        stream = stream_of(kind, outcome.made)
    is_decision = page is not None and page.startswith("/decisions")
    address = "/decisions" if is_decision else f"/{stream}"
    first = outcome.facts[0].seq if outcome.facts else outcome.seq
    return render.see_other(f"{address}?done={frame.mark(stream, first)}")


def _approved(session: Session, state: State) -> str:
    """The exact words that the decision bound, to be sent as they are; empty where it has none."""
    ref = _bound(state) if isinstance(state, Escalation) else None
    return (words.exact_text(session, ref) if ref else None) or ""


async def _again(
    request: Request, door: Door, sent: Sent, place: tuple[str, str, str], error: Exception
) -> Response:
    """The page that the form stood on, with why it was refused, and all that was typed."""
    kind, entity_id, act = place
    values = forms.values_of(sent.form)
    trouble = await forms.trouble_of(request, error, _seq(values))
    is_unclear = trouble.code == "outcome_unknown"
    key = values.get("key") if is_unclear else None
    typed = Typed(about=entity_id, act=act, values=values, key=key)
    try:
        return await _page_again(door, sent.viewer, place, typed, trouble)
    except DATABASE_AWAY:
        return _without_page(sent.viewer, f"/{kind}/{entity_id}", typed, trouble)


def _seq(values: dict[str, str]) -> int | None:
    told = values.get("expected_seq", "")
    return int(told) if told.isascii() and told.isdigit() else None


async def _page_again(
    door: Door, viewer: Viewer, place: tuple[str, str, str], typed: Typed, trouble: Trouble
) -> Response:
    kind, entity_id, _ = place
    page = forms.page_of(typed.values)
    if page is None:
        return await show(door, kind, entity_id, viewer, typed=typed, trouble=trouble)
    path, asked = forms.split(page)
    stream, seq = stream_of(kind, entity_id), trouble.since
    news = await door.read(lambda s: since.told(s, stream, viewer.actor, seq))
    if path == "/queue":
        context = await door.read(lambda s: queue.context(s, viewer, asked, trouble))
        return render.page("queue.html", trouble.status, **context, own=page, news=news)
    context = await door.read(
        lambda s: decisions.decisions_context(s, viewer, typed=typed, trouble=trouble)
    )
    is_shown = any(card.detail.id == entity_id for card in context["cards"])
    if not is_shown:
        # It was decided meanwhile: its own page tells how, and keeps what was typed.
        return await show(door, kind, entity_id, viewer, typed=typed, trouble=trouble)
    return render.page("decisions.html", trouble.status, **context, own=page, news=news)


def _without_page(viewer: Viewer, address: str, typed: Typed, trouble: Trouble) -> Response:
    """Not even the page can be made: what was typed is shown all the same."""
    return render.page(
        "error.html",
        trouble.status,
        title=_("A part is away"),
        detail=trouble.detail,
        way_out=_("what you typed stands below: copy it, and send it again in a moment"),
        ways=[Way(_("Try the page again"), address)],
        kept=forms.written(typed.values.items()),
    )
