"""Telling people: to the log always, by mail where an address and a server are known."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from temporalio import activity

from activities.mail import Mail, send_mail
from config.settings import Settings
from domain.messages import Mailing
from store import tables
from store.database import Database

log = logging.getLogger("answerable.notices")


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
