"""Telling people: by mail and by chat as each of them wants, and to the log in any case.

A message is sent once by each way: what was delivered is noted before anything else is tried, so
that a repeated activity goes on with what is missing, and a way that fails keeps no other waiting.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlmodel import Session
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities import letters
from activities.letters import Letter, Link
from activities.mail import Mail, Refused, send_mail
from channels import chat
from config.settings import Settings
from domain import decision_links, notices
from domain.entity import State
from domain.messages import (
    TASK_QUEUE,
    Held,
    HoursWanted,
    Mailing,
    Notice,
    NoticesStart,
    NoticeTest,
    Sent,
    WorkingMoment,
)
from domain.notices import Way
from domain.people import Actor
from intake import entities
from store import links, people, roster, tables, telling
from store import notices as store
from store.database import Database
from store.notices import Result, Wishes
from store.telling import Card

log = logging.getLogger("answerable.notices")

ATTEMPTS = 4
"""How often a way is tried at once: under Temporal's pauses that is some seconds."""

AGAIN = timedelta(minutes=15)
"""After how long it is told anew where no way worked at all; urgent notices do not wait for it."""

ARRIVED = frozenset({Result.DELIVERED, Result.LOGGED})

LOG = "log"
"""The way of whoever can be reached by none."""


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


@dataclass(frozen=True)
class _Case:
    """A case as it stands when it is told of."""

    card: Card
    state: State


@dataclass(frozen=True)
class _Plan:
    """One mailing as its reader wants it. Printing it shows no address."""

    person: str
    now: tuple[Notice, ...]
    held: tuple[Held, ...]
    ways: dict[str, tuple[Notice, ...]]
    """What is told by each way."""
    spare: tuple[Way, ...]
    """Ways that were not chosen, for what is urgent and arrives by no other."""
    before: dict[str, Result]
    """What earlier tries have come to, by way, save for what is to be tried again."""
    address: str | None = field(repr=False)
    chat: str | None = field(repr=False)


class NoticeActivities:
    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._services = chat.services(settings.chat_services)

    @activity.defn(name="send_notices")
    def send_notices(self, mailing: Mailing) -> Sent:
        """Send what is to be told now; answers what is held back, and until when.

        Sent once by each way, save for a crash between the other side's yes and our note of it:
        then twice, rather than never. Raises where some way is to be tried again at once.
        """
        at = mailing.at or datetime.now(UTC)
        plan = self._database.write(lambda session: self._plan(session, mailing, at))
        if plan is None or not plan.now:
            return Sent(held=plan.held if plan else ())
        results = {
            way: self._tell(plan, mailing.id, way, told, at)
            for way, told in plan.ways.items()
            if way not in plan.before
        }
        return self._conclude(plan, mailing.id, results, at)

    @activity.defn(name="next_working_moment")
    def next_working_moment(self, wanted: HoursWanted) -> WorkingMoment:
        """When this person works next, from the moment asked on."""
        with self._database.reading() as session:
            return WorkingMoment(at=roster.next_at(session, wanted.person, wanted.at))

    @activity.defn(name="send_notice_test")
    def send_notice_test(self, test: NoticeTest) -> None:
        """Tell somebody by one way that it works, and note what became of it. Sent twice where it
        is repeated, since somebody asked to see it."""
        at = datetime.now(UTC)
        with self._database.reading() as session:
            person = session.get(tables.Person, test.person)
            wishes = store.wishes(session, test.person)
        if person is None or not person.is_active:
            return
        if test.way in self._reachable(person, wishes):
            told = (Notice(reason=notices.TEST, about="me/notices"),)
            plan = _Plan(person.id, told, (), {}, (), {}, person.email, wishes.chat)
            letter = self._database.write(lambda s: self._letter(s, person.id, told, at))
            result, detail = self._send(plan, test.id, test.way, letter)
        else:
            # It was taken away between the question and now.
            result, detail = Result.REFUSED, "no_address"
        at = datetime.now(UTC)
        self._database.write(
            lambda session: store.note_test(session, test.person, test.way, result, at, detail)
        )
        if result not in ARRIVED:
            log.warning("test of notices to=%s way=%s: %s %s", person.id, test.way, result, detail)

    # What is told, and how. ------------------------------------------------------------------

    def _plan(self, session: Session, mailing: Mailing, at: datetime) -> _Plan | None:
        """What becomes of this mailing; None where its reader has left or it was all sent."""
        person = session.get(tables.Person, mailing.person)
        if person is None or not person.is_active:
            return None
        wishes = store.wishes(session, person.id)
        since = min(mailing.since or at, at)
        morning = roster.morning(session, person.id, since)
        now, later = notices.sort(mailing.notices, wishes.rules, since, morning, at)
        held = tuple(Held(notice=notice, until=morning) for notice in later)
        reachable = self._reachable(person, wishes)
        ways = _by_way((*mailing.due, *now), wishes, reachable)
        row = session.get(tables.Announcement, mailing.id)
        if not ways or (row is not None and row.sent_at is not None):
            return _Plan(person.id, (), held, {}, (), {}, None, None)
        told = tuple(dict.fromkeys(notice for its in ways.values() for notice in its))
        if row is None:
            body = [notice.model_dump() for notice in told]
            session.add(tables.Announcement(id=mailing.id, person_id=person.id, body=body))
        known = store.deliveries_of(session, mailing.id)
        before = {w: Result(d.result) for w, d in known.items() if d.result != Result.FAILED}
        spare = tuple(way for way in reachable if way not in ways)
        return _Plan(person.id, told, held, ways, spare, before, person.email, wishes.chat)

    def _reachable(self, person: tables.Person, wishes: Wishes) -> tuple[Way, ...]:
        lacks = notices.mail_lacks(
            has_server=bool(self._settings.smtp_url), has_address=bool(person.email)
        )
        has = {Way.MAIL: not lacks, Way.CHAT: bool(wishes.chat)}
        return tuple(way for way in Way if has[way])

    def _letter(
        self, session: Session, person: str, told: Sequence[Notice], at: datetime
    ) -> Letter:
        """The letter that tells all of this, with links of its own."""
        actor, found = people.actor(session, person, at), []
        for about, its in notices.by_case(told).items():
            shown = telling.card(
                session, about, actor, at, with_excerpt=self._settings.notice_excerpts
            )
            case = _Case(*shown) if shown else None
            link = self._link(session, actor, about, its[0], case, at)
            found.append(letters.block(its, case.card if case else None, link))
        blocks = letters.by_urgency(found, later=datetime.max.replace(tzinfo=UTC))
        name = people.names(session, [person]).get(person, person)
        language = roster.language_of(session, person)
        return letters.compose(name, blocks, roster.zone_of(session, person), at, language)

    def _link(
        self,
        session: Session,
        actor: Actor,
        about: str,
        notice: Notice,
        case: _Case | None,
        at: datetime,
    ) -> Link:
        """The one link of a case: to the answer that is asked for, or to the case."""
        plain = Link(f"{self._settings.links}/{about}")
        if case is None:
            return plain
        family = notices.reason_of(notice).family
        what = decision_links.asked(actor, case.state, family)
        if what is None:
            return plain
        lifetime = timedelta(days=self._settings.link_days)
        until = decision_links.expires_at(at, case.card.due_at, lifetime)
        secret = links.make(session, actor.id, about, what, at, until)
        address = f"{self._settings.links}/go/{secret}"
        return Link(address, letters.LABELS[what.family], until)

    # Sending. --------------------------------------------------------------------------------

    def _tell(
        self, plan: _Plan, mailing_id: str, way: str, told: Sequence[Notice], at: datetime
    ) -> Result:
        """Tell this by one way, and note what became of it."""
        letter = self._database.write(lambda s: self._letter(s, plan.person, told, at))
        result, detail = self._send(plan, mailing_id, way, letter)
        noted = self._database.write(
            lambda session: store.note(
                session, mailing_id, way, result, datetime.now(UTC), detail=detail, most=ATTEMPTS
            )
        )
        if noted not in ARRIVED:
            log.warning("notice to=%s way=%s: %s %s", plan.person, way, noted, detail)
        return noted

    def _send(self, plan: _Plan, mailing_id: str, way: str, letter: Letter) -> tuple[Result, str]:
        if way == Way.MAIL:
            assert plan.address is not None
            return self._mail(Mail.of(mailing_id, plan.address, letter, self._settings))
        if way == Way.CHAT:
            assert plan.chat is not None
            trouble = chat.send(plan.chat, letter.subject, letter.chat, self._services)
            if not trouble:
                return Result.DELIVERED, ""
            is_final = trouble == chat.NOT_ALLOWED
            return Result.REFUSED if is_final else Result.FAILED, trouble
        return Result.LOGGED, ""

    def _mail(self, mail: Mail) -> tuple[Result, str]:
        assert self._settings.smtp_url is not None
        try:
            send_mail(self._settings.smtp_url.get_secret_value(), mail)
        except Refused as error:
            return Result.REFUSED, str(error)
        except (smtplib.SMTPException, OSError) as error:
            return Result.FAILED, type(error).__name__
        return Result.DELIVERED, ""

    def _conclude(
        self, plan: _Plan, mailing_id: str, results: dict[str, Result], at: datetime
    ) -> Sent:
        """What is still to do once every way has been tried."""
        known = plan.before | results
        urgent = tuple(notice for notice in plan.now if notice.urgent)
        if Result.FAILED not in known.values() and not ARRIVED & set(known.values()) and urgent:
            spare = (way for way in plan.spare if way not in known)
            known |= {way: self._tell(plan, mailing_id, way, urgent, at) for way in spare}
        if Result.FAILED in known.values():
            raise ApplicationError("some way is to be tried again", type="Again")
        if not ARRIVED & set(known.values()) and Result.GIVEN_UP in known.values():
            later = (Held(notice=notice, until=at + AGAIN) for notice in plan.now)
            return Sent(held=(*plan.held, *later))
        for notice in plan.now:
            log.info("notice to=%s reason=%s about=%s", plan.person, notice.reason, notice.about)
        self._database.write(lambda session: _mark_sent(session, mailing_id))
        return Sent(held=plan.held)


def _by_way(
    told: Sequence[Notice], wishes: Wishes, reachable: Sequence[Way]
) -> dict[str, tuple[Notice, ...]]:
    """What goes by which way; by none where its reader wants to hear of none of it."""
    if not reachable:
        wanted = tuple(n for n in told if notices.ways_of(n, wishes.rules, tuple(Way)))
        return {LOG: wanted} if wanted else {}
    found: dict[str, tuple[Notice, ...]] = {}
    for notice in told:
        for way in notices.ways_of(notice, wishes.rules, reachable):
            found[way] = (*found.get(way, ()), notice)
    return found


def _mark_sent(session: Session, mailing_id: str) -> None:
    session.get_one(tables.Announcement, mailing_id).sent_at = datetime.now(UTC)
