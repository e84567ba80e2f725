"""Telling people: to the log always, by mail where an address and a server are known."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from temporalio import activity
from temporalio.client import Client

from activities.mail import Mail, send_mail
from config.settings import Settings
from domain.messages import (
    TASK_QUEUE,
    HoursWanted,
    Mailing,
    Notice,
    NoticesStart,
    WorkingMoment,
)
from intake import entities
from store import roster, tables
from store.database import Database

log = logging.getLogger("answerable.notices")


async def hand_on(client: Client, settings: Settings, person: str, notice: Notice) -> None:
    """Hand a notice to the gatherer of the person it is for; twice is told once."""
    await client.start_workflow(
        "notices",
        NoticesStart(person=person, wait_seconds=settings.notice_seconds),
        id=f"notices/{person}",
        task_queue=TASK_QUEUE,
        start_signal="notice",
        start_signal_args=[notice],
        rpc_timeout=entities.RPC,
    )


class NoticeActivities:
    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    @activity.defn(name="send_notices")
    def send_notices(self, mailing: Mailing) -> None:
        """Send one message with all notices. Sent once, save for a crash between the mail
        server's yes and our note of it: then twice, rather than never."""
        if (mail := self._prepare(mailing)) is None:
            return
        for notice in mailing.notices:
            log.info("notice to=%s reason=%s about=%s", mailing.person, notice.reason, notice.about)
        if mail.to and self._settings.smtp_url:
            send_mail(self._settings.smtp_url.get_secret_value(), mail)
        with self._database.writing() as session:
            session.get_one(tables.Announcement, mailing.id).sent_at = datetime.now(UTC)

    @activity.defn(name="next_working_moment")
    def next_working_moment(self, wanted: HoursWanted) -> WorkingMoment:
        """When this person works next, from the moment asked on."""
        with self._database.reading() as session:
            return WorkingMoment(at=roster.next_at(session, wanted.person, wanted.at))

    def _prepare(self, mailing: Mailing) -> Mail | None:
        """The mail to send; None where it was sent before or its reader has left."""
        with self._database.writing() as session:
            person = session.get(tables.Person, mailing.person)
            if person is None or not person.is_active:
                return None
            row = session.get(tables.Announcement, mailing.id)
            if row is not None and row.sent_at is not None:
                return None
            if row is None:
                body = [notice.model_dump() for notice in mailing.notices]
                session.add(tables.Announcement(id=mailing.id, person_id=person.id, body=body))
            return Mail.of(mailing, person.name, person.email, self._settings)
