"""What a post remembers, and when it wakes by itself."""

from __future__ import annotations

from typing import ClassVar

from domain.base import Moment, Words
from domain.entity import Alarm, State
from domain.people import Seats
from domain.post.stages import PostStage


class Post(State):
    KIND: ClassVar[str] = "post"

    stage: PostStage
    origin: str
    escalation_id: str
    commitment_id: str | None = None
    channel: str
    comment_id: str
    words: Words
    writer: str
    promises: int = 0
    cleared_by: str | None = None
    attempt: int = 0
    tries: int = 0
    """Attempts since a person last said go."""
    looks: int = 0
    wake_at: Moment | None = None
    published_at: Moment | None = None

    @property
    def is_closed(self) -> bool:
        return self.stage in (PostStage.PUBLISHED, PostStage.RETURNED, PostStage.WITHDRAWN)

    @property
    def seats(self) -> Seats:
        return Seats(team=self.team, owner=self.writer, not_person=self.writer)

    def alarm(self) -> Alarm | None:
        if self.wake_at is None:
            return None
        name = f"{self.stage}:{self.attempt}:{self.tries}:{self.looks}"
        return Alarm(name=name, at=self.wake_at)
