"""Speaking on a channel: one call, and one look whether it arrived."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from temporalio import activity

from channels import Network, Utterance, open_network
from config.settings import Settings
from domain.messages import LookResult, Publication, PublicationResult
from domain.policy import Channel
from domain.post import FindResult, PublishResult
from store import policies, tables, words
from store.database import Database


class PublishingActivities:
    """One channel's voice; each channel has its own task queue and its own worker."""

    def __init__(
        self, database: Database, settings: Settings, channel_id: str, channel: Channel
    ) -> None:
        self._database = database
        self._network: Network = open_network(channel_id, channel, settings)

    @activity.defn(name="publish")
    async def publish(self, publication: Publication) -> PublicationResult:
        """The one irreversible call of this attempt."""
        utterance = await asyncio.to_thread(self._utterance, publication)
        if utterance is None:
            return PublicationResult(result=PublishResult.REFUSED, code="words_missing")
        outcome = await self._network.publish(utterance)
        if outcome.result is PublishResult.PUBLISHED:
            await asyncio.to_thread(
                self._remember, publication.post_id, outcome.external_id, outcome.url
            )
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
        if text is None:
            return None
        return Utterance(
            post_id=publication.post_id,
            channel=publication.channel,
            text=text,
            in_reply_to=comment.external_id,
            conversation=conversation.thread,
        )

    def _remember(self, post_id: str, external_id: str | None, url: str | None) -> None:
        with self._database.writing() as session:
            session.merge(
                tables.Delivery(
                    post_id=post_id, external_id=external_id, url=url, told_at=datetime.now(UTC)
                )
            )

    async def aclose(self) -> None:
        await self._network.aclose()


def channels_in_force(database: Database) -> dict[str, Channel]:
    """The channels of the policy in force."""
    with database.reading() as session:
        in_force = policies.current(session)
    return dict(in_force.policy.channels) if in_force else {}
