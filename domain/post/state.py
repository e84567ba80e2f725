"""What a post remembers, and when it wakes by itself."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from domain.base import Moment, Seconds, Words
from domain.calendar import Calendar
from domain.entity import Alarm, State
from domain.people import Seats
from domain.post import waiting
from domain.post.stages import PostKind, PostStage


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
    kind: PostKind = PostKind.REPLY
    corrects: str | None = None
    undo: Seconds = 0
    review: Seconds = 0
    calendar: Calendar | None = None
    matter_id: str | None = None
    same_answer_to: int = 0
    heard: dict[str, int] = {}
    """The comments that came while these words were on their way, each with its revision."""
    has_news: bool = False
    """The commenter has spoken, and nobody has said yet that the words go out all the same."""
    owed_since: Moment | None = None
    """Since when a person owes the next move; None where none does."""
    rung: int = 0

    @property
    def is_closed(self) -> bool:
        return self.stage in (PostStage.PUBLISHED, PostStage.RETURNED, PostStage.WITHDRAWN)

    @property
    def seats(self) -> Seats:
        return Seats(team=self.team, owner=self.writer, not_person=self.writer)

    @property
    def is_waiting(self) -> bool:
        """Nothing is under way: an attempt or a look is made by itself at ``wake_at``."""
        return self.wake_at is not None

    @property
    def due_at(self) -> datetime | None:
        """By when a person owes the next move; None where none does."""
        if self.owed_since is None:
            return None
        return waiting.due_at(self.calendar, self.owed_since, self.review)

    def step(self) -> waiting.Step | None:
        """Who is told next that a person owes something, and when. Rules 1 told nobody."""
        if self.owed_since is None or self.rules < 2:
            return None
        return waiting.step(self.stage, self.owed_since, self.rung, self.review, self.calendar)

    def alarm(self) -> Alarm | None:
        """What is done by itself, or told, next. Nothing while a call to the channel is made."""
        if self.wake_at is not None:
            name = f"{self.stage}:{self.attempt}:{self.tries}:{self.looks}"
            return Alarm(name=name, at=self.wake_at)
        step = self.step()
        if step is None:
            return None
        name = f"{self.stage}:{self.touched['stage']}:rung {self.rung}"
        return Alarm(name=name, at=step.at, seats=tuple(dict.fromkeys((step.to, step.owed_by))))
