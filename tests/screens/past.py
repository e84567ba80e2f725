"""Two months and a day of the sample company: what the pages of the screenshots are made of.

The past is written as ledger entries, with the times at which it is said to have happened; today
is played over HTTP by the cast, so that what waits really waits. All of it is fictional.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from answerable.sample_data import sample_comments
from domain.commitment import Settled
from domain.ledger import Batch
from domain.people import COMMENTER
from domain.terms import Limits, ReplyTerms
from store import records, words
from store.database import Database
from tests.builders import ADA, BEN, CORA, Member
from tests.domain.harness import World, open_escalation, terms
from tests.pasts import DAY, Past
from tests.store.test_insights import OFFICE

KEPT = (
    "We will send the missing saddle by courier by {day}.",
    "Your refund of 84.90 will be on your account by {day}.",
    "The workshop will ring you before doing anything that costs more than the quote.",
    "We will put a ramp at the Mill Lane shop by {day}.",
    "Your replacement lock leaves our warehouse by {day}.",
)
LATE = ("We will publish the service bulletin for the X2 motor by {day}.",)
MOVED = ("Your Tourer 3 will be ready for you at Station Road by {day}.",)
OPEN = (
    "We will tell everybody on the Tourer 3 list their own date by {day}.",
    "Everybody with an X2 motor will be offered an inspection free of charge by {day}.",
)
BROKEN = ("The waiting list for a service will be under two weeks by {day}.",)
WITHDRAWN = ("The chat assistant will answer in Welsh by {day}.",)

CASES = 70

COMMENTS = tuple(comment["text"] for comment in sample_comments(datetime.now(UTC)))

REASONS = {
    "too_costly": "A second delivery round in the valley costs more than all we sell there.",
    "not_ours": "The parcel lies with the carrier. We have asked for it, and cannot fetch it.",
    "disagree": "We rode it again and hear no rattle. A second workshop may look, at our cost.",
}

REFUSING = {
    "too_costly": "No, we will not drive to the valley twice a week, and would rather say so than "
    "let you wait. The shop at the station keeps your order for a month.",
    "not_ours": "We cannot hand it to you: it lies with the carrier, who has answered us once in "
    "nine days. Here is the number under which somebody picks up.",
    "disagree": "We had it on the stand for an hour and see it differently. Nothing is loose.",
}

ANSWERS = (
    "You were right to ask twice. The fork had been ordered for another bike; yours is built now.",
    "The bill was wrong by 18 euros, and has been paid back. We found four more like it.",
    "Nobody had told the workshop that you were waiting. It was an hour’s work, and it is done.",
    "The saddle was left out of the box, as with eleven others. All twelve have been sent.",
    "Yes: the old lamp fits, and the shop will put it on while you drink your coffee.",
    "We were rude on the phone, and have said so to each other. Thank you for writing it down.",
)


def write_past(database: Database, now: datetime) -> None:
    """Cases and promises of the last two months, all but the promises settled."""
    chance = random.Random(7)
    past = Past(database)
    for _ in range(CASES):
        _past_case(past, chance, now)

    def promise(sentence: str, ago: float, days: float, accountable: str) -> str:
        at = now - ago * DAY
        said = sentence.format(day=f"{at + days * DAY:%-d %B}")
        return past.promise(said, at=at, days=days, accountable=accountable)

    for n, sentence in enumerate(KEPT):
        ago = 50.0 - 8 * n
        made = promise(sentence, ago, 6, ("ada", "ben", "eve")[n % 3])
        past.report(made, now - (ago - 4) * DAY, text="Done, as we said.")
        if n % 2:
            past.word(made, now - (ago - 4.5) * DAY, is_kept=True)
        past.keep(made, now - (ago - 5) * DAY, Settled.CONFIRMED if n % 2 else Settled.SILENCE)
    for sentence in LATE:
        made = promise(sentence, 40, 6, "cora")
        past.break_(made)
        past.report(made, now - 30 * DAY, text="It is out, eleven days late. You find it here.")
        past.keep(made, now - 29 * DAY)
    for sentence in MOVED:
        made = promise(sentence, 12, 8, "ben")
        past.move(
            made, now - 6 * DAY, now + 2 * DAY, "The painter is ill. Our new date is in two days."
        )
    for sentence in OPEN:
        promise(sentence, 3, 9, "ada")
    for sentence in BROKEN:
        past.break_(promise(sentence, 25, 20, "cora"))
    for sentence in WITHDRAWN:
        made = promise(sentence, 20, 30, "eve")
        past.withdraw(
            made, now - 10 * DAY, "We cannot keep this. We promised it without asking those who "
            "would have to do it.",
        )  # fmt: skip


def _past_case(past: Past, chance: random.Random, now: datetime) -> None:
    """An ordinary case: claimed, decided, answered, some of it late, all of it long over."""
    case = words.new_id()
    world = World(at=now - chance.uniform(21, 60) * DAY)
    pinned = terms(calendar=OFFICE, limits=Limits(look_at=0), replies=ReplyTerms())
    said = past.words(chance.choice(COMMENTS), "comment")
    opened = open_escalation(
        id=case, terms=pinned, words=said, received_at=world.at, posted_at=world.at
    )
    stream = world.open("escalation", opened, COMMENTER)
    owner = chance.choice([ADA, ADA, BEN])

    def wait(*hours: float) -> None:
        end = world.at + timedelta(hours=chance.choice(hours))
        while (alarm := world.states[stream].alarm()) and alarm.at <= end:
            world.sleep(stream)
            world.settle()
        world.at = max(world.at, end)

    def do(who: Member, act: str, **fields: Any) -> None:
        world.do(stream, who, act, **fields)
        world.settle()

    wait(0.2, 0.5, 1, 3, 20)
    do(owner, "claim")
    wait(0.4, 1, 2, 5, 26)
    do(owner, "propose", request=past.words("May we?", "request"), findings={"unmarked": 0})
    wait(0.3, 1, 4, 22, 70)
    answer = chance.choice(ANSWERS)
    if chance.random() < 0.3:
        code = chance.choice(["too_costly", "not_ours", "disagree", "not_ours"])
        do(CORA, "refuse", code=code, reason=past.words(REASONS[code], "reason"))
        answer = REFUSING[code]
    else:
        do(CORA, "approve", post_id=words.new_id())
    wait(0.2, 0.5, 2)
    if world.states[stream].stage == "replying":
        said = past.words(answer, "reply")
        do(owner, "reply", post_id=words.new_id(), words=said, findings={"unmarked": 0})
    for post in [name for name in world.states if name.startswith("post/")]:
        if world.states[post].stage == "in_review":
            wait(0.2, 1)
            world.do(post, BEN if owner is ADA else ADA, "clear")
            world.settle()
    wait(24 * 15)
    for name, facts in world.facts.items():
        kind = name.partition("/")[0]
        records.record(
            past.database, Batch(stream=name, kind=kind, epoch=1, facts=tuple(facts)), now
        )
