"""A post: cleared, published once, or openly not known to be."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from domain.effects import Find, Pending, Publish
    from domain.entity import Command
    from domain.messages import (
        LookResult,
        Publication,
        PublicationResult,
        Start,
        channel_queue,
    )
    from domain.post import Attempted, FindResult, Looked, Post, PublishResult

from workflows.entity import Entity

ONE_CALL = timedelta(seconds=40)
"""One call to a channel: its client gives up after 20 s, the rest is for a slow machine."""

ONCE = RetryPolicy(maximum_attempts=1)


@workflow.defn(name="post")
class PostWorkflow(Entity):
    """The only place where anything is published."""

    @workflow.init
    def __init__(self, start: Start) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: Start) -> str:
        return await self.live()

    async def _perform(self, pending: Pending) -> Command | None:
        match pending.effect:
            case Publish() as effect if pending in self._maybe_done:
                # Another life of this post may have made the call: look before any other.
                return Attempted(
                    attempt=effect.attempt, result=PublishResult.UNCLEAR, code="restored"
                )
            case Publish() as effect:
                return await self._publish(effect.attempt)
            case Find() as effect:
                return await self._find(effect.attempt)
            case _:
                return await super()._perform(pending)

    def _publication(self, attempt: int) -> Publication:
        post = self._state
        assert isinstance(post, Post)
        return Publication(
            post_id=post.id,
            channel=post.channel,
            comment_id=post.comment_id,
            words=post.words,
            attempt=attempt,
            kind=post.kind,
            corrects=post.corrects,
            same_answer_to=post.same_answer_to,
        )

    async def _publish(self, attempt: int) -> Attempted:
        """The irreversible call: one attempt, and an outcome that was lost is unclear."""
        publication = self._publication(attempt)
        try:
            outcome = await workflow.execute_activity(
                "publish",
                publication,
                result_type=PublicationResult,
                task_queue=channel_queue(publication.channel),
                start_to_close_timeout=ONE_CALL,
                retry_policy=ONCE,
                summary=f"attempt {attempt}",
            )
        except ActivityError:
            return Attempted(attempt=attempt, result=PublishResult.UNCLEAR, code="outcome_lost")
        return Attempted(
            attempt=attempt,
            result=outcome.result,
            code=outcome.code,
            not_before=outcome.not_before,
        )

    async def _find(self, attempt: int) -> Looked:
        publication = self._publication(attempt)
        try:
            found = await workflow.execute_activity(
                "find",
                publication,
                result_type=LookResult,
                task_queue=channel_queue(publication.channel),
                start_to_close_timeout=ONE_CALL,
                retry_policy=ONCE,
                summary=f"attempt {attempt}",
            )
        except ActivityError:
            return Looked(attempt=attempt, result=FindResult.UNAVAILABLE)
        return Looked(attempt=attempt, result=found.result)
