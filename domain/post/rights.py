"""Who may do what to a post, and in which stages."""

from __future__ import annotations

from domain.entity import Right, State
from domain.errors import Conflict, Refused
from domain.people import Actor, Role
from domain.post.stages import PostStage
from domain.post.state import Post


def _reviews(actor: Actor, post: Post) -> bool:
    works_here = actor.works_in(post.team) or actor.has(Role.EXECUTIVE)
    return works_here and actor.id != post.writer


def _takes_back(actor: Actor, post: Post) -> bool:
    leads = actor.works_in(post.team) and post.team in actor.leads
    writes = actor.id == post.writer and actor.has(Role.STAFF)
    return writes or leads or actor.has(Role.EXECUTIVE)


def _works_here(actor: Actor, post: Post) -> bool:
    return actor.works_in(post.team) or actor.has(Role.EXECUTIVE)


def _machine(actor: Actor, post: Post) -> bool:
    return actor.has(Role.SERVICE)


_REVIEWER = "somebody of its team, or an executive, who did not write it"
_TEAM = "staff of its team or an executive"
_UNDER_WAY = frozenset({PostStage.PUBLISHING, PostStage.UNCONFIRMED})

RIGHTS: dict[str, Right] = {
    "clear": Right(_REVIEWER, _reviews, frozenset({PostStage.IN_REVIEW})),
    "return": Right(_REVIEWER, _reviews, frozenset({PostStage.IN_REVIEW})),
    "withdraw": Right(
        "its writer, the team's lead or an executive",
        _takes_back,
        frozenset({PostStage.IN_REVIEW, PostStage.FAILED}),
    ),
    "confirm": Right(_TEAM, _works_here, frozenset({PostStage.UNCONFIRMED})),
    "retry": Right(_TEAM, _works_here, frozenset({PostStage.FAILED})),
    "attempted": Right("the publisher", _machine, _UNDER_WAY, is_machine=True),
    "looked": Right("the publisher", _machine, _UNDER_WAY | {PostStage.FAILED}, is_machine=True),
    "ring": Right("a timer", _machine, _UNDER_WAY, is_machine=True),
}


def _out_of_turn(state: State, act: str) -> Refused:
    stages = " or ".join(sorted(RIGHTS[act].stages))
    return Conflict(
        "out_of_turn",
        f"{act} is possible while {stages}; the post is {state.stage} now",
        "see what is allowed now in GET of the post",
        stage=state.stage,
    )
