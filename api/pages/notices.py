"""The page on which I say how I want to be told."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from sqlmodel import Session

from api.deps import TheDoor
from api.errors import Malformed, field_error
from api.me import NoticesBody, change, view
from api.pages import forms, frame, render
from api.pages.forms import Trouble
from api.pages.security import Colleague, ColleagueForm, Viewer
from domain.errors import AnswerableError
from domain.notices import TOPICS, Timing, Way
from texts import Sayings

router = APIRouter(include_in_schema=False)

TIMINGS = Sayings(
    {
        Timing.AT_ONCE: "At once, in my working hours",
        Timing.DAILY: "Once a day, when my working day begins",
    }
)


@router.get("/me/notices")
async def notices(door: TheDoor, viewer: Colleague, done: str = "") -> Response:
    """By which ways I hear of what, and when."""
    return await _show(door, viewer, is_done=done == "yes")


async def _show(
    door: TheDoor, viewer: Viewer, *, is_done: bool = False, trouble: Trouble | None = None
) -> Response:
    def work(session: Session) -> dict[str, Any]:
        mine = view(session, door, viewer.actor.id)
        return {**frame.frame(session, viewer, "me"), "mine": mine}

    context = await door.read(work)
    status = trouble.status if trouble else 200
    return render.page(
        "me_notices.html",
        status,
        topics=Sayings(TOPICS),
        timings=TIMINGS,
        ways=tuple(Way),
        is_done=is_done,
        trouble=trouble,
        **context,
    )


@router.post("/me/notices")
async def change_notices(request: Request, door: TheDoor, sent: ColleagueForm) -> Response:
    """Take the form as the JSON interface takes its body."""
    viewer, values = sent.viewer, forms.values_of(sent.form)
    try:
        await change(door, viewer.actor.id, _body(values))
    except AnswerableError as error:
        return await _show(door, viewer, trouble=await forms.trouble_of(request, error))
    return render.see_other("/me/notices?done=yes")


def _body(values: dict[str, str]) -> NoticesBody:
    """What was ticked. Raises Malformed."""
    topics = {
        topic: {
            "ways": [way for way in Way if values.get(f"{topic}-{way}") == "yes"],
            "timing": values.get(f"{topic}-timing", Timing.AT_ONCE),
        }
        for topic in TOPICS
    }
    chat = {
        "chat": values.get("chat", "").strip() or None,
        "forget_chat": values.get("forget_chat") == "yes",
    }
    try:
        return NoticesBody.model_validate({"topics": topics, **chat})
    except ValidationError as error:
        raise Malformed([field_error(e) for e in error.errors()]) from None
