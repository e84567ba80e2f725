"""The one call to a channel, and what may fail around it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from activities.publishing import PublishingActivities
from config.settings import Settings
from domain.base import Words
from domain.messages import Publication
from domain.policy import Channel, ChannelKind
from domain.post import PublishResult
from store import inbox, tables, words
from store.database import Database
from tests.builders import incoming

CONSOLE = Channel(kind=ChannelKind.CONSOLE, team="care")


class Unreadable(Database):
    """A database that is away."""

    def reading(self) -> Any:
        raise OSError("the database is away")


class Unwritable(Database):
    """A database that takes nothing just now."""

    def writing(self) -> Any:
        raise OSError("the disk is full")


def publication(house: Database) -> Publication:
    """A reply of ours to a comment that has come in."""
    inbox.receive(house, [incoming()], datetime.now(UTC))
    with house.writing() as session:
        comment = session.scalars(select(tables.Comment)).one()
        text: Words = words.put(session, "We will.", "reply", datetime.now(UTC))
        return Publication(
            post_id="P1", channel="console", comment_id=comment.id, words=text, attempt=1
        )


def lines(settings: Settings) -> list[str]:
    path = settings.data / "console.jsonl"
    return [json.loads(line)["text"] for line in path.read_text().splitlines()]


def url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


@pytest.mark.rule(13)
async def test_what_fails_before_the_call_is_known_not_to_have_been_sent(
    sqlite_house: Database, settings: Settings
) -> None:
    wanted = publication(sqlite_house)
    speaker = PublishingActivities(Unreadable(url(sqlite_house)), settings, "console", CONSOLE)
    outcome = await speaker.publish(wanted)
    assert (outcome.result, outcome.code) == (PublishResult.NOT_SENT, "database_away")
    assert not (settings.data / "console.jsonl").exists()


@pytest.mark.rule(13)
async def test_what_fails_after_the_call_does_not_hide_that_the_channel_took_it(
    sqlite_house: Database, settings: Settings
) -> None:
    wanted = publication(sqlite_house)
    speaker = PublishingActivities(Unwritable(url(sqlite_house)), settings, "console", CONSOLE)
    outcome = await speaker.publish(wanted)
    assert outcome.result is PublishResult.PUBLISHED
    assert lines(settings) == ["We will."]


@pytest.mark.rule(8)
async def test_words_that_are_not_the_cleared_ones_any_more_are_never_sent(
    sqlite_house: Database, settings: Settings
) -> None:
    wanted = publication(sqlite_house)
    with sqlite_house.writing() as session:
        row = session.scalars(select(tables.Words).filter_by(id=wanted.words.id)).one()
        row.text = "We will not."
    speaker = PublishingActivities(sqlite_house, settings, "console", CONSOLE)
    outcome = await speaker.publish(wanted)
    assert (outcome.result, outcome.code) == (PublishResult.REFUSED, "words_missing")
    assert not (settings.data / "console.jsonl").exists()


async def test_a_channel_without_a_budget_still_remembers_what_it_took(
    sqlite_house: Database, settings: Settings
) -> None:
    """So that a budget which is laid down tomorrow knows of today."""
    speaker = PublishingActivities(sqlite_house, settings, "console", CONSOLE)
    await speaker.publish(publication(sqlite_house))
    with sqlite_house.reading() as session:
        turn = session.get_one(tables.Turn, "P1")
    assert turn.channel == "console"
