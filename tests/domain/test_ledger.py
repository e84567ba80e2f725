"""The persisted vocabulary and the chain: what is stored today must read the same in ten years."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.base import Value, iso, to_utc
from domain.calendar import Calendar, Day, Offset, Window
from domain.commitment import (
    Broken,
    CommitmentOpened,
    CommitmentStage,
    FollowUpStuck,
    Kept,
    KeptReported,
    Lapse,
    LinkMade,
    NewDateAccepted,
    NewDateAgreed,
    NewDateAsked,
    NewDateLapsed,
    NewDateRefused,
    NewDateSet,
    ProgressSettled,
    ProgressWritten,
    PromiseWithdrawn,
    Reminded,
    ReportFellThrough,
    ReportTold,
    RungReached,
    Settled,
    Upheld,
    Watched,
    WordCounted,
    WordGiven,
    WordSource,
)
from domain.commitment import (
    Reopened as DenialAccepted,
)
from domain.entity import Event, to_facts
from domain.escalation import (
    Approved,
    Assigned,
    Claimed,
    Closed,
    DismissCode,
    Dismissed,
    Joined,
    Noted,
    Opened,
    Outcome,
    ProposalWithdrawn,
    Proposed,
    Recommendation,
    RefusalCode,
    RefusedBy,
    Released,
    Reopened,
    ReplySettled,
    ReplySubmitted,
    Returned,
    Revised,
    RungClimbed,
    Stage,
)
from domain.kinds import KINDS
from domain.ledger import GENESIS, Batch, Fact, digest, link
from domain.people import Seat
from domain.post import (
    AttemptDeferred,
    AttemptStarted,
    AttemptUnclear,
    ClearanceVoided,
    Cleared,
    Failed,
    FindResult,
    Held,
    LookDeferred,
    LookEnded,
    LookStarted,
    NewsHeard,
    PostKind,
    PostOpened,
    PostReturned,
    PostRungClimbed,
    PostStage,
    PostWithdrawn,
    Published,
    Settlement,
)
from domain.terms import Allowances, PromiseTerms, Rung, RungAct, Terms
from tests.builders import AT
from tests.domain import examples, matter_examples
from tests.domain.harness import promise, words

GOLDEN = Path(__file__).with_name("golden_facts.json")

RUNG = Rung(permille=750, act=RungAct.REMIND, to=Seat.OWNER)
FULL_PROMISE = promise().model_copy(update={"proof": words("proof")})
LATER = AT + timedelta(hours=4)
CALENDAR = Calendar(
    id="office",
    zone="Europe/Berlin",
    zone_version="2026a",
    weekly=((Window(540, 720), Window(780, 1020)), (Window(540, 1020),), (), (), (), (), ()),
    days=(Day(on=date(2026, 4, 6), name="Easter Monday"),),
    offsets=(Offset(at=datetime(2026, 3, 29, 1, tzinfo=UTC), seconds=7200),),
    since=date(2026, 3, 1),
    until=date(2026, 12, 31),
)


def _in_full() -> list[Event]:
    """One of each event, no field at its default."""
    allowances = Allowances(claim=1, propose=2, decide=3, reply=4, listen=5)
    terms = Terms(team="care", policy_version=3, allowances=allowances, ladder=(RUNG,))
    where: Any = {"escalation_id": "E1", "channel": "console", "team": "care", "comment_id": "C1"}
    opened: Any = {
        "conversation_id": "V1",
        "channel": "console",
        "comment_id": "C1",
        "posted_at": AT,
    }
    return [
        Opened(id="E1", words=words("w"), terms=terms, predecessor="E0", backlog=True, rules=2,
               **opened),
        Joined(comment_id="C2", words=words("w")),
        Revised(comment_id="C2", revision=2, words=words("w")),
        Reopened(),
        Claimed(),
        Released(),
        Assigned(owner="ben"),
        Dismissed(code=DismissCode.SPAM, reason=words("r")),
        Proposed(request=words("q"), recommendation=Recommendation.REFUSE, reply=words("w"),
                 promises=(FULL_PROMISE,)),
        ProposalWithdrawn(),
        Approved(reason=words("r")),
        RefusedBy(code=RefusalCode.NOT_OURS, reason=words("r")),
        Returned(reason=words("r")),
        ReplySubmitted(post_id="P1", words=words("w"), writer="ada", promises=(FULL_PROMISE,),
                       cleared_by="cora"),
        ReplySettled(post_id="P1", settlement=Settlement.PUBLISHED, attempt=2),
        Noted(words=words("w")),
        RungClimbed(stage=Stage.DECIDING, rung=1, due_at=LATER, is_late=True, told=("ben",),
                    owed_by=("cora",)),
        Closed(outcome=Outcome.ANSWERED),
        PostOpened(id="P1", origin="commitment/M1", commitment_id="M1", words=words("w"),
                   writer="ada", promises=1, cleared_by="cora", rules=2, **where),
        Cleared(),
        PostReturned(reason=words("r")),
        PostWithdrawn(),
        AttemptStarted(attempt=2),
        AttemptDeferred(attempt=2, code="http_503", next_at=LATER),
        AttemptUnclear(attempt=2, code="timeout", look_at=LATER),
        LookStarted(attempt=2),
        LookDeferred(attempt=2, look_at=LATER),
        LookEnded(attempt=2, result=FindResult.CANNOT_TELL),
        Published(attempt=2),
        Failed(attempt=2, code="http_403"),
        Held(until_at=LATER),
        NewsHeard(comment_id="C2", revision=2),
        ClearanceVoided(),
        PostRungClimbed(stage=PostStage.IN_REVIEW, rung=1, due_at=LATER, told=("ben",),
                        owed_by=("gus",), is_watch=True),
        CommitmentOpened(promise=FULL_PROMISE, post_id="P1", approver="cora", ladder=(RUNG,),
                         rules=2, **where),
        KeptReported(post_id="P2", words=words("w"), writer="ada", evidence=words("e")),
        ReportFellThrough(post_id="P2", settlement=Settlement.RETURNED),
        FollowUpStuck(post_id="P2", settlement=Settlement.FAILED, attempt=2),
        Reminded(rung=1, told=("ada",)),
        Broken(due_at=LATER, told=("ada", "ben")),
        Kept(is_late=True),
        PromiseWithdrawn(reason=words("r")),
        ReportTold(post_id="P2"),
        LinkMade(digest="d" * 64),
        WordGiven(is_kept=True, source=WordSource.SAME_ACCOUNT),
        WordCounted(is_kept=True),
        Upheld(reason=words("r"), on_behalf_of="cora"),
        DenialAccepted(reason=words("r"), good_by=LATER, on_behalf_of="cora"),
        RungReached(stage=CommitmentStage.BROKEN, rung=3, due_at=LATER, is_late=True,
                    is_about_date=True, told=("cora",), owed_by=("ada",), empty=(Seat.LEAD,)),
        Watched(stage=CommitmentStage.BROKEN, number=2, due_at=LATER, told=("cora",),
                owed_by=("ada",), empty=(Seat.EXECUTIVES,)),
        NewDateAsked(due_at=LATER, reason=words("r"), words=words("w")),
        NewDateAccepted(due_at=LATER),
        NewDateRefused(due_at=LATER, asked_by="ada", reason=words("r")),
        NewDateAgreed(due_at=LATER, post_id="P3", words=words("w"), writer="ada"),
        NewDateSet(due_at=LATER, post_id="P3"),
        NewDateLapsed(due_at=LATER, asked_by="ada", why=Lapse.OVERTAKEN, post_id="P3"),
        ProgressWritten(post_id="P4", words=words("w"), writer="ada"),
        ProgressSettled(post_id="P4", writer="ada", settlement=Settlement.FAILED, attempt=2),
        *examples.in_full(),
        *matter_examples.in_full(),
    ]  # fmt: skip


def _plain() -> list[Event]:
    """Events that have defaults, with every default."""
    terms = Terms(team="care", policy_version=3)
    where: Any = {"escalation_id": "E1", "channel": "console", "team": "care", "comment_id": "C1"}
    return [
        Opened(id="E1", conversation_id="V1", channel="console", comment_id="C1",
               words=words("w"), terms=terms, posted_at=AT),
        Dismissed(code=DismissCode.SPAM),
        Proposed(request=words("q"), recommendation=Recommendation.APPROVE),
        Approved(),
        ReplySubmitted(post_id="P1", words=words("w"), writer="ada"),
        ReplySettled(post_id="P1", settlement=Settlement.RETURNED),
        RungClimbed(stage=Stage.UNCLAIMED, rung=0, due_at=LATER, is_late=False),
        PostOpened(id="P1", origin="escalation/E1", words=words("w"), writer="ada", **where),
        Cleared(),
        AttemptStarted(attempt=1),
        AttemptDeferred(attempt=1, next_at=LATER),
        AttemptUnclear(attempt=1, look_at=LATER),
        Failed(attempt=1),
        NewsHeard(comment_id="C2"),
        PostRungClimbed(stage=PostStage.FAILED, rung=0, due_at=LATER),
        CommitmentOpened(promise=promise(), post_id="P1", approver="cora", **where),
        KeptReported(post_id="P2", words=words("w"), writer="ada"),
        FollowUpStuck(post_id="P2", settlement=Settlement.UNCONFIRMED),
        Reminded(rung=0),
        Broken(due_at=LATER),
        Kept(),
        PromiseWithdrawn(reason=words("r")),
        Upheld(reason=words("r")),
        DenialAccepted(reason=words("r")),
        RungReached(stage=CommitmentStage.OPEN, rung=0, due_at=LATER),
        Watched(stage=CommitmentStage.DENIED, number=0, due_at=LATER),
        NewDateLapsed(due_at=LATER, asked_by="ada", why=Lapse.REPORTED),
        ProgressSettled(post_id="P4", writer="ada", settlement=Settlement.PUBLISHED),
        *examples.plain(),
        *matter_examples.plain(),
    ]  # fmt: skip


def _grown() -> list[Event]:
    """Again in full, those that have got fields since their line was written."""
    where: Any = {"escalation_id": "E1", "channel": "console", "team": "care", "comment_id": "C1"}
    terms = PromiseTerms(ladder=(RUNG,), confirm=60, settle=30)
    return [
        PostOpened(id="P1", origin="commitment/M1", commitment_id="M1", words=words("w"),
                   writer="ada", promises=1, cleared_by="cora", rules=2, kind=PostKind.CORRECTION,
                   corrects="P0", undo=60, review=3600, calendar=CALENDAR, matter_id="T1",
                   same_answer_to=40, **where),
        Cleared(despite_news=True),
        AttemptStarted(attempt=2, despite_news=True),
        AttemptDeferred(attempt=2, code="budget", next_at=LATER, is_turn=True),
        CommitmentOpened(promise=FULL_PROMISE, post_id="P1", approver="cora", ladder=(RUNG,),
                         rules=2, terms=terms, calendar=CALENDAR, is_public=False, **where),
        Kept(is_late=True, settled=Settled.UPHELD),
        PromiseWithdrawn(reason=words("r"), post_id="P5", writer="cora"),
        *examples.grown(),
        *matter_examples.grown(),
    ]  # fmt: skip


def _newest_in_full() -> list[Event]:
    return list({event.NAME: event for event in (*_in_full(), *_grown())}.values())


def _canonical(event: Event, *, is_full: bool) -> str:
    kind = event.NAME.partition(":")[0]
    key, request = ("k" * 64, "r" * 64) if is_full else (None, None)
    (fact,) = to_facts((event,), 4, "ada", AT, key, request)
    return fact.canonical(f"{kind}/X1")


def _spelled() -> dict[str, str]:
    found = {f"{e.NAME} (in full)": _canonical(e, is_full=True) for e in _in_full()}
    found |= {f"{e.NAME} (grown)": _canonical(e, is_full=True) for e in _grown()}
    found |= {f"{e.NAME} (plain)": _canonical(e, is_full=False) for e in _plain()}
    return found


def _golden() -> dict[str, str]:
    golden: dict[str, str] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return golden


# The vocabulary is frozen. --------------------------------------------------------------------


@pytest.mark.rule(15)
@pytest.mark.parametrize("name", sorted(_golden()))
def test_a_stored_fact_is_spelled_as_it_always_was(name: str) -> None:
    now = _spelled().get(name)
    assert now == _golden()[name], (
        f"\n\nThe canonical bytes of '{name}' have changed. Facts with the old bytes are in"
        " ledgers and in workflow histories; their digests are chained and sealed, and a replay"
        " that spells one differently stops its workflow as forked."
        "\nNames of events and of their fields, their types and their defaults never change."
        " What may be done instead:"
        "\n- a new field with a default (which changes no line of this file but adds new ones),"
        "\n- a new event beside the old one, which stays readable for ever,"
        "\n- a change of meaning under a new number of domain.ledger.RULES."
        f"\n\nOnly a line for something new may be added to {GOLDEN.name}; none is edited."
    )


@pytest.mark.rule(15)
def test_every_event_has_its_golden_spelling() -> None:
    missing = {n: line for n, line in _spelled().items() if n not in _golden()}
    assert not missing, (
        f"\n\nNew events, or events that got their first default, want a line in {GOLDEN.name}:\n"
        + ",\n".join(f"  {json.dumps(n)}: {json.dumps(line)}" for n, line in missing.items())
    )
    names = {name for kind in KINDS.values() for name in kind.events}
    assert {event.NAME for event in _in_full()} == names, "give the new event a line in _in_full()"


@pytest.mark.rule(15)
@pytest.mark.parametrize("event", _newest_in_full(), ids=lambda e: e.NAME)
def test_the_full_example_leaves_no_field_at_its_default(event: Event) -> None:
    """Else the golden line would not hold the field's name."""
    assert set(event.model_dump(exclude_defaults=True)) == set(type(event).model_fields)


@pytest.mark.rule(15)
def test_every_event_with_a_default_has_a_plain_example() -> None:
    """Its line holds the defaults: one that changed would turn up in the bytes."""
    with_defaults = {
        event.NAME
        for kind in KINDS.values()
        for event in kind.events.values()
        if any(not field.is_required() for field in event.model_fields.values())
    }
    assert {event.NAME for event in _plain()} == with_defaults
    for event in _plain():
        required = {n for n, f in type(event).model_fields.items() if f.is_required()}
        assert set(event.model_dump(exclude_defaults=True)) == required


@pytest.mark.rule(15)
@pytest.mark.parametrize("name", sorted(_golden()))
def test_what_was_stored_reads_and_is_written_back_the_same(name: str) -> None:
    content = json.loads(_golden()[name])
    fact = Fact.model_validate({k: v for k, v in content.items() if k != "stream"})
    event = KINDS[fact.name.partition(":")[0]].events[fact.name].model_validate(fact.data)
    assert event.model_dump(mode="json", exclude_defaults=True) == fact.data
    assert fact.canonical(content["stream"]) == _golden()[name]


@pytest.mark.rule(15)
def test_the_default_terms_are_part_of_what_is_stored() -> None:
    """``Opened`` leaves allowances at their default out, so even those must never change."""
    assert Allowances().model_dump() == {
        "claim": 14_400, "propose": 28_800, "decide": 28_800, "reply": 14_400, "listen": 604_800,
    }  # fmt: skip
    ladder = [
        (r.permille, r.act.value, r.to.value) for r in Terms(team="t", policy_version=1).ladder
    ]
    assert ladder == [
        (750, "remind", "owner"), (1000, "escalate", "lead"), (2000, "escalate", "executives"),
    ]  # fmt: skip


@pytest.mark.rule(15)
def test_event_names_have_three_parts_and_belong_to_one_kind_each() -> None:
    seen: set[str] = set()
    for kind in KINDS.values():
        for name in kind.events:
            assert name.count(":") == 2
            assert name.startswith(f"{kind.name}:")
            assert name not in seen
            seen.add(name)


@pytest.mark.rule(15)
def test_a_field_added_with_a_default_changes_no_digest() -> None:
    class ClaimedLater(Claimed):
        """The same event in a later version: claims may be leases."""

        lease_until: datetime | None = None
        is_lease: bool = False
        because: tuple[str, ...] = ()

    def bytes_of(event: Event) -> str:
        return to_facts((event,), 0, "ada", AT)[0].canonical("escalation/E1")

    assert bytes_of(ClaimedLater()) == bytes_of(Claimed())
    assert digest(bytes_of(ClaimedLater())) == digest(bytes_of(Claimed()))
    assert bytes_of(ClaimedLater(is_lease=True)) != bytes_of(Claimed())


@pytest.mark.rule(15)
def test_older_code_reads_a_fact_with_fields_it_does_not_know() -> None:
    assert Claimed.model_validate({"lease_until": "2030-01-01T00:00:00Z"}) == Claimed()


# Canonical bytes. -----------------------------------------------------------------------------


def _fact(seq: int = 1, **changes: Any) -> Fact:
    values: dict[str, Any] = {"seq": seq, "at": AT, "by": "ada", "name": Claimed.NAME}
    return Fact(**(values | changes))


def test_bytes_do_not_depend_on_the_order_of_keys_or_the_zone_of_the_moment() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=-7)))
    one = _fact(at=AT, data={"a": 1, "b": {"x": 1, "y": 2}})
    other = _fact(at=elsewhere, data={"b": {"y": 2, "x": 1}, "a": 1})
    assert one.canonical("escalation/E1") == other.canonical("escalation/E1")


def test_every_part_of_a_fact_is_in_its_bytes() -> None:
    base = _fact().canonical("escalation/E1")
    others = [
        _fact(2).canonical("escalation/E1"),
        _fact(at=AT + timedelta(microseconds=1)).canonical("escalation/E1"),
        _fact(by="ben").canonical("escalation/E1"),
        _fact(name=Released.NAME).canonical("escalation/E1"),
        _fact(data={"x": None}).canonical("escalation/E1"),
        _fact(key="k").canonical("escalation/E1"),
        _fact(request="r").canonical("escalation/E1"),
        _fact().canonical("escalation/E2"),
    ]
    assert len({base, *others}) == len(others) + 1


@pytest.mark.parametrize(
    ("moment", "spelled"),
    [
        (AT, "2026-03-02T09:00:00.000000Z"),
        (AT.replace(microsecond=7), "2026-03-02T09:00:00.000007Z"),
        (datetime(999, 1, 2, tzinfo=UTC), "0999-01-02T00:00:00.000000Z"),
        (
            datetime(2026, 3, 2, 1, tzinfo=timezone(timedelta(hours=2))),
            "2026-03-01T23:00:00.000000Z",
        ),
    ],
)
def test_a_moment_has_one_spelling(moment: datetime, spelled: str) -> None:
    assert iso(moment) == spelled
    assert datetime.fromisoformat(spelled) == moment


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
@settings(max_examples=200, deadline=None)
def test_every_moment_comes_back_from_its_spelling(moment: datetime) -> None:
    try:
        moment = to_utc(moment)
    except ValueError:
        return  # Before the year 1 or after 9999 in UTC.
    assert _fact(at=iso(moment)).at == moment
    assert len(iso(moment)) == len("2026-03-02T09:00:00.000000Z")


@pytest.mark.parametrize(
    "at",
    [1_700_000_000, "1700000000", "1.7e9", True, AT.replace(tzinfo=None), "2026-03-02T09:00:00"],
)
def test_a_moment_without_a_zone_or_as_a_number_is_no_moment(at: object) -> None:
    with pytest.raises(ValidationError):
        _fact(at=at)


# The chain. -----------------------------------------------------------------------------------

STREAM = "escalation/E1"


class Entry(Value):
    body: str
    previous: str
    hash: str


def _chain(count: int = 5) -> list[Entry]:
    entries, previous = [], GENESIS
    for seq in range(1, count + 1):
        body = _fact(seq, data={"n": seq}).canonical(STREAM)
        entry = Entry(body=body, previous=previous, hash=link(previous, body))
        entries.append(entry)
        previous = entry.hash
    return entries


def _holds(entries: list[Entry], head: str) -> bool:
    """What anybody can check who holds the entries and a head that was published."""
    previous = GENESIS
    for seq, entry in enumerate(entries, 1):
        is_linked = entry.previous == previous and json.loads(entry.body)["seq"] == seq
        if not is_linked or entry.hash != link(previous, entry.body):
            return False
        previous = entry.hash
    return previous == head


def _changed(entries: list[Entry]) -> list[Entry]:
    body = entries[2].body.replace('"by":"ada"', '"by":"ben"')
    return [*entries[:2], entries[2].model_copy(update={"body": body}), *entries[3:]]


def _changed_with_its_hash(entries: list[Entry]) -> list[Entry]:
    changed = _changed(entries)
    rehashed = changed[2].model_copy(update={"hash": link(changed[2].previous, changed[2].body)})
    return [*changed[:2], rehashed, *changed[3:]]


def _changed_with_all_hashes_after_it(entries: list[Entry]) -> list[Entry]:
    changed, previous = [], GENESIS
    for entry in _changed(entries):
        again = Entry(body=entry.body, previous=previous, hash=link(previous, entry.body))
        changed.append(again)
        previous = again.hash
    return changed


def _swapped(entries: list[Entry]) -> list[Entry]:
    return [entries[0], entries[2], entries[1], *entries[3:]]


def _of_another_stream(entries: list[Entry]) -> list[Entry]:
    body = entries[2].body.replace("E1", "E2")
    return [*entries[:2], entries[2].model_copy(update={"body": body}), *entries[3:]]


TAMPERING: list[Callable[[list[Entry]], list[Entry]]] = [
    _changed,
    _changed_with_its_hash,
    _changed_with_all_hashes_after_it,
    _swapped,
    _of_another_stream,
    lambda entries: entries[1:],
    lambda entries: [*entries[:2], *entries[3:]],
    lambda entries: entries[:-1],
    lambda entries: [*entries[:2], entries[1], *entries[2:]],
    lambda entries: [],
]


@pytest.mark.rule(15)
@pytest.mark.parametrize("tamper", TAMPERING)
def test_the_chain_tells_what_was_done_to_it(tamper: Callable[[list[Entry]], list[Entry]]) -> None:
    entries = _chain()
    head = entries[-1].hash
    assert _holds(entries, head)
    assert not _holds(tamper(entries), head)


@pytest.mark.rule(15)
def test_a_cut_or_wholly_rewritten_chain_holds_in_itself_so_heads_must_be_held_elsewhere() -> None:
    entries = _chain()
    cut = entries[:-1]
    assert _holds(cut, cut[-1].hash)
    rewritten = _changed_with_all_hashes_after_it(entries)
    assert _holds(rewritten, rewritten[-1].hash)


def test_the_link_is_what_the_manual_says_so_that_outsiders_can_compute_it() -> None:
    body = _fact().canonical(STREAM)
    assert body == (
        '{"at":"2026-03-02T09:00:00.000000Z","by":"ada","data":{},'
        '"name":"escalation:owner:claimed","seq":1,"stream":"escalation/E1"}'
    )
    assert digest(body) == hashlib.sha256(body.encode()).hexdigest()
    assert link(GENESIS, body) == hashlib.sha256(b"0" * 64 + b"\n" + body.encode()).hexdigest()
    # Frozen: entries of every ledger there is begin like this.
    assert link(GENESIS, body) == (
        "ca42e7b7f390bdc652b9d0803a38ee3e3868a7bd4a0e9884d5807aac2f6fe823"
    )


# Batches. -------------------------------------------------------------------------------------


def _batch(*facts: Fact, **changes: Any) -> Batch:
    values: dict[str, Any] = {"stream": STREAM, "kind": "escalation", "epoch": 1, "facts": facts}
    return Batch(**(values | changes))


def test_a_batch_is_named_by_its_content() -> None:
    one, two = _fact(1), _fact(2)
    batch = _batch(one, two)
    assert batch.id.startswith("record-1-2-")
    assert batch.id == _batch(one, two).id
    others = [
        _batch(one),
        _batch(two),
        _batch(one, two.model_copy(update={"by": "ben"})),
        _batch(one.model_copy(update={"data": {"x": 1}}), two),
        _batch(one, two, stream="escalation/E2"),
    ]
    assert len({batch.id, *(other.id for other in others)}) == len(others) + 1


def test_the_name_of_a_batch_does_not_depend_on_who_writes_it_or_what_was_acted_on() -> None:
    batch = _batch(_fact())
    assert batch.id == _batch(_fact(), epoch=2, acted=1, schema_version=2).id


def test_a_batch_without_facts_is_named_by_what_was_acted_on() -> None:
    assert _batch(acted=7).id == "record-acted-7"


def test_a_batch_survives_its_way_through_json() -> None:
    batch = _batch(*(_fact(n) for n in (1, 2, 3)), acted=2)
    again = Batch.model_validate_json(batch.model_dump_json())
    assert again == batch
    assert again.id == batch.id


def test_only_the_first_fact_of_a_command_carries_its_key() -> None:
    events = (Dismissed(code=DismissCode.SPAM), Closed(outcome=Outcome.DISMISSED))
    facts = to_facts(events, 7, "ada", AT, "key", "request")
    assert [(f.seq, f.key, f.request) for f in facts] == [(8, "key", "request"), (9, None, None)]
