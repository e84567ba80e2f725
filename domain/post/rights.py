"""Who may do what to a post, and in which stages."""

from __future__ import annotations

from domain.entity import Right, State
from domain.errors import Conflict, Refused
from domain.people import Actor, Role
from domain.post.stages import PostStage
from domain.post.state import Post
from domain.relations import ANY, LEADING, MACHINE, OF_TEAM_OR_EXECUTIVE, TEAM, Relation, to


def _wrote(actor: Actor, post: Post) -> bool:
    return actor.id == post.writer


_WRITER_OF = Relation("who wrote it", _wrote)
_CLEARED = Relation(
    "of its team, who cleared it",
    lambda actor, post: actor.id == post.cleared_by and post.team in actor.teams,
)
_REVIEWING = to(Role.STAFF, TEAM.but("save who wrote it", _wrote)) | to(
    Role.EXECUTIVE, ANY.but("save who wrote it", _wrote)
)
_WRITING = to(Role.STAFF, _WRITER_OF)
_TAKING_BACK = _WRITING | to(Role.STAFF, _CLEARED) | LEADING
_CORRECTING = _WRITING | OF_TEAM_OR_EXECUTIVE


def _while_under_way(post: Post) -> Refused | None:
    """A call to the channel cannot be stopped; between two attempts nothing has been said yet."""
    if post.stage is not PostStage.PUBLISHING or post.is_waiting:
        return None
    return Conflict(
        "attempt_under_way",
        "an attempt to publish these words is under way",
        "wait a moment; what is published can be corrected or taken back in public",
        stage=post.stage,
    )


_REVIEWER = "somebody of its team, or an executive, who did not write it"
_TEAM = "staff of its team or an executive"
_WRITER = "its writer, staff of its team or an executive"
_CLOSED = frozenset({PostStage.PUBLISHED, PostStage.RETURNED, PostStage.WITHDRAWN})
_OPEN = frozenset(PostStage) - _CLOSED
_UNDER_WAY = frozenset({PostStage.PUBLISHING, PostStage.UNCONFIRMED})

RIGHTS: dict[str, Right] = {
    "clear": Right(_REVIEWER, _REVIEWING, frozenset({PostStage.IN_REVIEW})),
    "return": Right(_REVIEWER, _REVIEWING, frozenset({PostStage.IN_REVIEW})),
    "withdraw": Right(
        "its writer, whoever cleared it, the team's lead or an executive",
        _TAKING_BACK,
        frozenset({PostStage.IN_REVIEW, PostStage.CLEARED, PostStage.PUBLISHING, PostStage.FAILED}),
        hindered=_while_under_way,
    ),
    "confirm": Right(_TEAM, OF_TEAM_OR_EXECUTIVE, frozenset({PostStage.UNCONFIRMED})),
    "retry": Right(_TEAM, OF_TEAM_OR_EXECUTIVE, frozenset({PostStage.FAILED})),
    "correct": Right(_WRITER, _CORRECTING, frozenset({PostStage.PUBLISHED})),
    "retract": Right(_WRITER, _CORRECTING, frozenset({PostStage.PUBLISHED})),
    "heard": Right("the escalation it belongs to", MACHINE, _OPEN, is_machine=True),
    "attempted": Right("the publisher", MACHINE, _UNDER_WAY, is_machine=True),
    "looked": Right("the publisher", MACHINE, _UNDER_WAY | {PostStage.FAILED}, is_machine=True),
    "ring": Right("a timer", MACHINE, _OPEN, is_machine=True),
}


def _out_of_turn(state: State, act: str) -> Refused:
    stages = " or ".join(sorted(RIGHTS[act].stages))
    return Conflict(
        "out_of_turn",
        f"{act} is possible while {stages}; the post is {state.stage} now",
        "see what is allowed now in GET of the post",
        entity="post",
        act=act,
        stage=state.stage,
    )
