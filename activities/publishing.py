"""Speaking on a channel: one call, and one look whether it arrived."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from sqlmodel import Session
from temporalio import activity

from channels import Earlier, Network, Utterance, open_network
from channels.base import limits
from config.settings import Settings
from domain.messages import LookResult, Publication, PublicationResult
from domain.policy import Channel
from domain.post import FindResult, PublishResult
from store import policies, tables, turns, words
from store.database import Database

log = logging.getLogger("answerable.publishing")


class PublishingActivities:
    """One channel's voice; each channel has its own task queue and its own worker."""

    def __init__(
        self, database: Database, settings: Settings, channel_id: str, channel: Channel
    ) -> None:
        self._database = database
        self._channel_id = channel_id
        self._channel = channel
        self._network: Network = open_network(channel_id, channel, settings)

    @activity.defn(name="publish")
    async def publish(self, publication: Publication) -> PublicationResult:
        """The one irreversible call of this attempt, where the channel takes any more today.

        Whatever fails before the call is known not to have been sent; whatever fails after it
        does not take back what the channel said.
        """
        try:
            utterance = await asyncio.to_thread(self._utterance, publication)
            turn_at = await asyncio.to_thread(self._turn, publication.post_id)
        except Exception as error:  # noqa: BLE001 - whatever ails the database, nothing was sent
            log.warning("post %s waits: %s", publication.post_id, error)
            return PublicationResult(result=PublishResult.NOT_SENT, code="database_away")
        if utterance is None:
            return PublicationResult(result=PublishResult.REFUSED, code="words_missing")
        if turn_at is not None:
            return PublicationResult(
                result=PublishResult.NOT_SENT, code="budget", not_before=turn_at
            )
        outcome = await self._network.publish(utterance)
        if outcome.result is PublishResult.PUBLISHED:
            try:
                await asyncio.to_thread(
                    self._remember, publication.post_id, outcome.external_id, outcome.url
                )
            except Exception:
                log.exception("post %s is published; where is not known", publication.post_id)
        return PublicationResult(result=outcome.result, code=outcome.code)

    @activity.defn(name="find")
    async def find(self, publication: Publication) -> LookResult:
        """Ask the channel whether the post is there."""
        sighting = await self._network.find(publication.post_id)
        if sighting.result is FindResult.FOUND:
            await asyncio.to_thread(
                self._remember, publication.post_id, sighting.external_id, sighting.url
            )
        return LookResult(result=sighting.result)

    def _utterance(self, publication: Publication) -> Utterance | None:
        """The exact words that were cleared: their digest is computed afresh."""
        with self._database.reading() as session:
            text = words.exact_text(session, publication.words)
            comment = session.get_one(tables.Comment, publication.comment_id)
            conversation = session.get_one(tables.Conversation, comment.conversation_id)
            earlier = _earlier(session, publication.corrects) if publication.corrects else None
        if text is None:
            return None
        return Utterance(
            post_id=publication.post_id,
            channel=publication.channel,
            text=text,
            in_reply_to=comment.external_id,
            conversation=conversation.thread,
            kind=publication.kind,
            corrects=earlier,
            same_answer_to=publication.same_answer_to,
        )

    def _turn(self, post_id: str) -> datetime | None:
        """When this post's turn comes, where it is not now."""
        per_day = limits(self._channel).posts_per_day
        if per_day is None:
            return None
        at = datetime.now(UTC)
        turn_at = self._database.write(
            lambda session: turns.take(session, self._channel_id, post_id, per_day, at)
        )
        return turn_at if turn_at > at else None

    def _remember(self, post_id: str, external_id: str | None, url: str | None) -> None:
        with self._database.writing() as session:
            session.merge(
                tables.Delivery(
                    post_id=post_id, external_id=external_id, url=url, told_at=datetime.now(UTC)
                )
            )
            if session.get(tables.Turn, post_id) is None:
                turns.note(session, self._channel_id, post_id, datetime.now(UTC))

    async def aclose(self) -> None:
        await self._network.aclose()


def _earlier(session: Session, post_id: str) -> Earlier:
    """What the public has read and is now told more about."""
    post = session.get_one(tables.Post, post_id)
    delivery = session.get(tables.Delivery, post_id)
    assert post.published_at is not None
    return Earlier(
        post_id=post_id,
        published_at=post.published_at,
        external_id=delivery.external_id if delivery else None,
    )


def channels_in_force(database: Database) -> dict[str, Channel]:
    """The channels of the policy in force."""
    with database.reading() as session:
        in_force = policies.current(session)
    return dict(in_force.policy.channels) if in_force else {}
