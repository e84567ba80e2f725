"""A past for the public ledger: promises in every state, told fact by fact to the one writer.

Whatever is meant for colleagues carries a mark, so that a test can look for it wherever the public
reads.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain.base import Words
from domain.commitment import (
    Broken,
    CommitmentOpened,
    Kept,
    KeptReported,
    NewDateAgreed,
    NewDateAsked,
    NewDateSet,
    ProgressWritten,
    Promise,
    PromiseWithdrawn,
    Reopened,
    ReportTold,
    Settled,
    Upheld,
    WordCounted,
    WordGiven,
    WordSource,
)
from domain.entity import Event, to_facts
from domain.escalation.events import (
    Approved,
    Claimed,
    Closed,
    Opened,
    Proposed,
    RefusedBy,
    ReplySettled,
    ReplySubmitted,
)
from domain.escalation.stages import Outcome, RefusalCode
from domain.kinds import kind_of
from domain.ledger import Batch
from domain.panel import Recommendation
from domain.post import AttemptStarted, PostKind, PostOpened, Published, Settlement
from domain.terms import PromiseTerms, Terms
from store import records, tables, words
from store.database import Database
from tests.builders import AT

INSIDE = "zz-inside-zz"
"""Stands in everything that colleagues alone may read."""

DAY = timedelta(days=1)


class Past:
    """Writes what happened, when it is said to have happened."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def words(self, text: str, purpose: str = "reply") -> Words:
        with self.database.writing() as session:
            return words.put(session, text, purpose, AT)

    def inside(self, purpose: str) -> Words:
        return self.words(f"{INSIDE} {purpose}", purpose)

    def tell(self, stream: str, by: str, at: datetime, *events: Event) -> None:
        with self.database.reading() as session:
            row = session.get(tables.Snapshot, stream)
            seq = row.seq if row else 0
        facts = to_facts(events, seq, by, at)
        batch = Batch(stream=stream, kind=kind_of(stream).name, epoch=1, facts=facts)
        records.record(self.database, batch, at)

    # Posts. -----------------------------------------------------------------------------------

    def post(
        self,
        said: Words,
        at: datetime,
        *,
        case: str,
        promise: str | None = None,
        is_out: bool = True,
        url: str | None = None,
        **changes: Any,
    ) -> str:
        """Words of ours, published unless said otherwise; answers the post's id."""
        post = str(changes.pop("id", None) or words.new_id())
        values: dict[str, Any] = {
            "id": post,
            "origin": f"commitment/{promise}" if promise else f"escalation/{case}",
            "escalation_id": case,
            "commitment_id": promise,
            "channel": "console",
            "team": "care",
            "comment_id": "C1",
            "words": said,
            "writer": "ada",
            "cleared_by": "ben" if is_out else None,
            "kind": PostKind.FOLLOW_UP if promise else PostKind.REPLY,
            "rules": 2,
        }
        events: tuple[Event, ...] = (PostOpened(**(values | changes)),)
        if is_out:
            events += (AttemptStarted(attempt=1), Published(attempt=1))
        self.tell(f"post/{post}", "system", at, *events)
        if url is not None:
            with self.database.writing() as session:
                session.add(tables.Delivery(post_id=post, url=url, told_at=at))
        return post

    # Promises. --------------------------------------------------------------------------------

    def promise(
        self,
        sentence: str = "We will send you a saddle.",
        *,
        at: datetime = AT,
        days: float = 5,
        accountable: str = "ben",
        url: str | None = None,
        reply: str | None = None,
        **changes: Any,
    ) -> str:
        """A promise in a published reply; answers its id."""
        promise, case = words.new_id(), str(changes.pop("escalation_id", None) or words.new_id())
        said = changes.pop("post_id", None)
        post = said or self.post(self.words(reply or f"Sorry. {sentence}"), at, case=case, url=url)
        values: dict[str, Any] = {
            "promise": Promise(
                id=promise,
                words=self.words(sentence, "promise"),
                accountable=accountable,
                due_at=at + days * DAY,
                proof=self.inside("proof"),
            ),
            "escalation_id": case,
            "post_id": post,
            "channel": "console",
            "team": "care",
            "comment_id": "C1",
            "approver": "cora",
            "terms": PromiseTerms(),
            "rules": 2,
        }
        self.tell(f"commitment/{promise}", "system", at, CommitmentOpened(**(values | changes)))
        return promise

    def happen(self, promise: str, at: datetime, by: str, *events: Event) -> None:
        self.tell(f"commitment/{promise}", by, at, *events)

    def case_of(self, promise: str) -> str:
        with self.database.reading() as session:
            return session.get_one(tables.Commitment, promise).escalation_id

    def say(self, promise: str, text: str, at: datetime, **changes: Any) -> str:
        return self.post(
            self.words(text), at, case=self.case_of(promise), promise=promise, **changes
        )

    def progress(self, promise: str, text: str, at: datetime) -> None:
        said, post = self.words(text), words.new_id()
        self.happen(promise, at, "ben", ProgressWritten(post_id=post, words=said, writer="ben"))
        self.post(said, at, case=self.case_of(promise), promise=promise, id=post)

    def report(self, promise: str, at: datetime, *, is_out: bool = True, text: str = "") -> None:
        """Reported kept; until it is out, the public knows nothing of it."""
        said = self.words(text or "It has arrived.") if is_out else self.inside("report")
        post = words.new_id()
        reported = KeptReported(
            post_id=post, words=said, writer="ben", evidence=self.inside("evidence")
        )
        self.happen(promise, at, "ben", reported)
        case = self.case_of(promise)
        self.post(said, at, case=case, promise=promise, id=post, is_out=is_out)
        if is_out:
            self.happen(promise, at, "system", ReportTold(post_id=post))

    def word(self, promise: str, at: datetime, *, is_kept: bool) -> None:
        given = WordGiven(is_kept=is_kept, source=WordSource.PRIVATE_LINK)
        self.happen(promise, at, "public", given)

    def keep(self, promise: str, at: datetime, how: Settled = Settled.SILENCE) -> None:
        with self.database.reading() as session:
            row = session.get_one(tables.Commitment, promise)
            is_late = row.was_broken
        self.happen(promise, at, "system", Kept(is_late=is_late, settled=how))

    def break_(self, promise: str) -> None:
        with self.database.reading() as session:
            due_at = session.get_one(tables.Commitment, promise).due_at
        self.happen(promise, due_at, "system", Broken(due_at=due_at))

    def ask_date(self, promise: str, at: datetime, due_at: datetime, text: str) -> Words:
        said = self.words(text)
        asked = NewDateAsked(due_at=due_at, reason=self.inside("reason of a date"), words=said)
        self.happen(promise, at, "ben", asked)
        return said

    def move(self, promise: str, at: datetime, due_at: datetime, text: str) -> None:
        said, post = self.ask_date(promise, at, due_at, text), words.new_id()
        agreed = NewDateAgreed(due_at=due_at, post_id=post, words=said, writer="ben")
        self.happen(promise, at, "cora", agreed)
        self.post(said, at, case=self.case_of(promise), promise=promise, id=post)
        self.happen(promise, at, "system", NewDateSet(due_at=due_at, post_id=post))

    def withdraw(self, promise: str, at: datetime, text: str, *, is_out: bool = True) -> None:
        reason, post = self.words(text, "reason"), words.new_id()
        withdrawn = PromiseWithdrawn(reason=reason, post_id=post, writer="cora")
        self.happen(promise, at, "cora", withdrawn)
        case = self.case_of(promise)
        self.post(reason, at, case=case, promise=promise, id=post, is_out=is_out)

    def uphold(self, promise: str, at: datetime) -> None:
        self.happen(promise, at, "cora", Upheld(reason=self.inside("why upheld")))
        self.keep(promise, at, Settled.UPHELD)

    def reopen(self, promise: str, at: datetime) -> None:
        self.happen(promise, at, "cora", Reopened(reason=self.inside("why reopened")))

    def readers(self, promise: str, at: datetime, *says: bool) -> None:
        self.happen(promise, at, "public", *(WordCounted(is_kept=said) for said in says))

    # Cases. -----------------------------------------------------------------------------------

    def case(self, at: datetime, *, is_public: bool = True, suspected: bool = False) -> str:
        """A comment that waits for an answer; answers its escalation's id."""
        case = words.new_id()
        opened = Opened(
            id=case,
            conversation_id="V1",
            channel="console",
            comment_id="C1",
            words=self.inside("comment"),
            terms=Terms(team="care", policy_version=1, is_public=is_public),
            posted_at=at,
            rules=2,
            suspected=suspected,
        )
        self.tell(f"escalation/{case}", "public", at, opened)
        return case

    def answer(
        self,
        case: str,
        at: datetime,
        text: str = "Here is your answer.",
        *,
        url: str | None = None,
    ) -> str:
        """A reply that comes out; answers its post's id."""
        said, post = self.words(text), words.new_id()
        sent = ReplySubmitted(post_id=post, words=said, writer="ada", cleared_by="cora")
        settled = ReplySettled(post_id=post, settlement=Settlement.PUBLISHED, attempt=1)
        self.post(said, at, case=case, id=post, url=url)
        self.tell(f"escalation/{case}", "system", at, sent, settled)
        return post

    def decide(
        self, case: str, at: datetime, *, refused: RefusalCode | None = None, reason: str = ""
    ) -> None:
        """An owner prepares and an executive decides, for or against it."""
        self.tell(f"escalation/{case}", "ada", at, Claimed())
        proposed = Proposed(
            request=self.inside("proposal"),
            recommendation=Recommendation.REFUSE if refused else Recommendation.APPROVE,
            reply=self.inside("offered"),
        )
        self.tell(f"escalation/{case}", "ada", at, proposed)
        decided: Event = Approved(reason=self.inside("a word to the owner"))
        if refused is not None:
            decided = RefusedBy(code=refused, reason=self.words(reason, "reason"))
        self.tell(f"escalation/{case}", "cora", at, decided)

    def close(self, case: str, at: datetime, outcome: Outcome = Outcome.DISMISSED) -> None:
        self.tell(f"escalation/{case}", "system", at, Closed(outcome=outcome))


def every_standing(past: Past, at: datetime = AT) -> dict[str, str]:
    """A promise of each kind that there is, by what became of it."""
    made = {
        name: past.promise(f"We will do {name}.", at=at, url=f"https://blog.example/{name}")
        for name in (
            "open", "moved", "reported", "told", "denied", "broken", "broken_told", "kept",
            "renegotiated", "kept_late", "upheld", "reopened", "withdrawn", "withdrawn_silently",
        )
    }  # fmt: skip
    past.progress(made["open"], "The maker has begun.", at + DAY)
    for name in ("moved", "renegotiated"):
        past.move(made[name], at + DAY, at + 9 * DAY, "The maker needs until the 11th.")
    past.ask_date(made["open"], at + DAY, at + 20 * DAY, f"{INSIDE} not agreed")
    past.report(made["reported"], at + 2 * DAY, is_out=False)
    for name in ("told", "denied", "kept", "upheld", "reopened"):
        past.report(made[name], at + 2 * DAY)
    past.word(made["denied"], at + 3 * DAY, is_kept=False)
    past.readers(made["told"], at + 3 * DAY, True, True, False)
    for name in ("broken", "broken_told", "kept_late"):
        past.break_(made[name])
    past.report(made["broken_told"], at + 7 * DAY)
    past.word(made["kept"], at + 3 * DAY, is_kept=True)
    past.keep(made["kept"], at + 3 * DAY, Settled.CONFIRMED)
    past.report(made["renegotiated"], at + 8 * DAY)
    past.keep(made["renegotiated"], at + 10 * DAY)
    past.report(made["kept_late"], at + 7 * DAY)
    past.keep(made["kept_late"], at + 8 * DAY)
    past.word(made["upheld"], at + 3 * DAY, is_kept=False)
    past.uphold(made["upheld"], at + 4 * DAY)
    past.word(made["reopened"], at + 3 * DAY, is_kept=False)
    past.reopen(made["reopened"], at + 4 * DAY)
    past.withdraw(made["withdrawn"], at + 2 * DAY, "The maker has closed.")
    past.withdraw(made["withdrawn_silently"], at + 2 * DAY, f"{INSIDE} reason", is_out=False)
    return made


STANDINGS = {
    "open": "open",
    "moved": "open",
    "reported": "open",
    "told": "open",
    "denied": "open",
    "broken": "broken",
    "broken_told": "broken",
    "kept": "kept",
    "renegotiated": "renegotiated",
    "kept_late": "kept_late",
    "upheld": "kept",
    "reopened": "open",
    "withdrawn": "withdrawn",
    "withdrawn_silently": "withdrawn",
}
"""What the public is told of each."""
