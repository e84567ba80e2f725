"""Random people, commands, clocks, alarms and channels around one escalation.

The entities are wired together by their effects, which are carried out late, in any order and
sometimes twice; workers crash and states are restored from what the store would hold. After each
step everything the rules promise must still be true.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.base import Words
from domain.commitment import Commitment, CommitmentStage, Promise
from domain.effects import Effect, Find, OpenEntity, Pending, Publish, Tell
from domain.entity import Command, State, fold, may
from domain.errors import Conflict, Refused
from domain.escalation import DismissCode, Escalation, RefusalCode, Stage
from domain.kinds import kind_of
from domain.ledger import RULES, Fact, digest
from domain.people import MACHINE, Role
from domain.post import Attempted, FindResult, Looked, Post, PostStage, PublishResult
from domain.terms import DEFAULT_LADDER
from tests.builders import ADA, DEV, HOOK, ROOT, Member
from tests.domain import harness
from tests.domain.harness import ESCALATION, EVERYBODY, FAY, World, words

TEXTS = [words(name) for name in ("one", "two", "three")]
ROLES = {member.id: member.actor for member in EVERYBODY}

_ON_THE_WAY = (PostStage.CLEARED, PostStage.PUBLISHING, PostStage.UNCONFIRMED, PostStage.FAILED)

NEXT = {
    ("escalation", "unclaimed"): ("claim",),
    ("escalation", "preparing"): ("propose",),
    ("escalation", "deciding"): ("approve", "approve", "refuse", "return"),
    ("escalation", "replying"): ("reply",),
    ("post", "in_review"): ("clear", "clear", "return"),
    ("post", "failed"): ("retry", "withdraw"),
    ("post", "published"): ("correct", "retract"),
    ("commitment", "open"): ("report_kept",),
    ("commitment", "broken"): ("report_kept",),
}
"""What somebody wants done next, where it matters twice."""

HAPPENINGS = [
    *["somebody_does_what_is_wanted"] * 5,
    *["somebody_does_what_they_may"] * 2,
    "somebody_tries_anything",
    *["the_commenter_speaks"] * 2,
    *["an_alarm_rings"] * 4,
    "an_old_alarm_rings",
    "time_passes",
    *["the_channel_changes"] * 2,
    *["an_effect_is_carried_out"] * 3,
    "an_effect_is_carried_out_again",
    *["all_effects_are_carried_out"] * 4,
    "a_result_comes_back",
    "a_post_is_restored",
    "a_post_hears_news",
]
"""What may happen in one step, the likelier the more often it stands here."""

whiles = st.sampled_from([timedelta(minutes=m) for m in (0, 0, 1, 60, 60 * 24, 60 * 24 * 9)])
people = st.sampled_from(EVERYBODY)
texts = st.sampled_from(TEXTS)


class Case(RuleBasedStateMachine):
    """One escalation with everything that grows out of it, in a disorderly world."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.count = 10
        self.known: dict[str, State] = {}
        self.told: list[tuple[str, Effect]] = []
        """Effects that were carried out once and may be carried out again."""
        self.on_the_way: list[tuple[str, Command]] = []
        """Results of calls to the channel that have not come back yet."""
        self.rung: list[tuple[str, str]] = []
        self.arrives = False
        self.arrivals: dict[str, int] = {}
        """What readers of the channel see: how often each post is there."""

    @initialize(
        world=st.sampled_from(
            [
                lambda: harness.unclaimed(backlog=True),
                lambda: harness.unclaimed(terms=harness.terms(ladder=DEFAULT_LADDER[:1])),
                lambda: harness.preparing(FAY),
                lambda: harness.preparing(ADA, terms=harness.terms(ladder=())),
                lambda: harness.deciding(FAY, reply=TEXTS[0], promises=[harness.promise("M0")]),
                lambda: harness.replying(ADA, reply=TEXTS[0], promises=[harness.promise("M0")]),
                lambda: harness.in_review(ADA, promises=[harness.promise("M0", days=1)]),
                lambda: harness.unconfirmed(ADA, promises=[harness.promise("M0")]),
                lambda: harness.listening(ADA, promises=[harness.promise("M0")]),
                lambda: harness.listening(FAY, promises=[harness.promise("M0", days=1)]),
            ]
        )
    )
    def it_has_begun(self, world: Callable[[], World]) -> None:
        """Somewhere on the way, so that short walks see the far end of the journey too."""
        self.world = world()
        self.arrivals = {
            s: 1 for s, state in self.world.states.items() if state.stage == PostStage.PUBLISHED
        }

    @rule(data=st.data(), what=st.sampled_from(HAPPENINGS))
    def something_happens(self, data: st.DataObject, what: str) -> None:
        """One rule for everything: of several, Hypothesis leaves some out of most walks
        altogether, and a walk without people, or without effects, goes nowhere."""
        getattr(self, what)(data)

    # What people do. --------------------------------------------------------------------------

    def somebody_does_what_is_wanted(self, data: st.DataObject) -> None:
        self._somebody(data, lambda state: NEXT.get((state.KIND, state.stage), ()))

    def somebody_does_what_they_may(self, data: st.DataObject) -> None:
        # What ends the story is left to chance, or there would be few stories.
        ends = ("dismiss", "withdraw")
        self._somebody(data, lambda state: [a for a in _acts(state) if a not in ends])

    def somebody_tries_anything(self, data: st.DataObject) -> None:
        stream = data.draw(st.sampled_from(sorted(self.world.states)))
        act = data.draw(st.sampled_from(_acts(self.world.states[stream])))
        self._ask(data, stream, data.draw(people), act)

    def _somebody(self, data: st.DataObject, acts_of: Callable[[State], Sequence[str]]) -> None:
        choices = [
            (stream, act, who)
            for stream, state in self.world.states.items()
            for act in acts_of(state)
            for who in EVERYBODY
            if may(kind_of(stream), who.actor, act, state) is None
        ]
        if choices:
            stream, act, who = data.draw(st.sampled_from(choices))
            self._ask(data, stream, who, act)

    def _ask(self, data: st.DataObject, stream: str, who: Member, act: str) -> None:
        """Somebody asks for something; the rules may say no, and then nothing has happened."""
        before = self.world.states[stream]
        offer = may(kind_of(stream), who.actor, act, before)
        no: Refused | None = None
        facts: tuple[Fact, ...] = ()
        try:
            facts = self.world.do(stream, who, act, **self._fields(data, stream, act))
        except Refused as refused:
            no = refused
        assert bool(no) != bool(facts), "a person is answered with facts or with a refusal"
        if no:
            assert all((no.code, no.message, no.way_out))
            assert self.world.states[stream] == before
        else:
            assert offer is None, "what was not offered was done"
            if before.is_closed:
                assert act in ("correct", "retract"), "a closed case has gone on"
                assert self.world.states[stream] == before
            assert who not in (DEV, ROOT, HOOK), "they change nothing"

    def _fields(self, data: st.DataObject, stream: str, act: str) -> dict[str, Any]:
        match stream.partition("/")[0], act:
            case "escalation", "assign":
                return {"assignee": data.draw(people).actor}
            case "escalation", "dismiss":
                return {"code": data.draw(st.sampled_from(DismissCode))}
            case "escalation", "propose":
                reply = data.draw(st.none() | texts)
                promises = self._promises(data) if reply else ()
                return {"request": words("request"), "reply": reply, "promises": promises}
            case "escalation", "approve":
                return {"post_id": self._new("P")}
            case "escalation", "refuse":
                code = data.draw(st.sampled_from(RefusalCode))
                return {"code": code, "reason": data.draw(texts)}
            case "escalation", "reply":
                return {"post_id": self._new("P"), **self._reply(data)}
            case "escalation", "note":
                return {"words": words("note")}
            case "post", "clear" | "retry":
                return {"despite_news": data.draw(st.booleans())}
            case "post", "correct" | "retract":
                return {"words": data.draw(texts)}
            case "post", "confirm":
                # People say truly what they see on the channel.
                return {"is_published": self.arrivals.get(stream, 0) > 0}
            case "commitment", "report_kept":
                return {"post_id": self._new("P"), "words": words("done")}
            case _, "return" | "withdraw":
                return {"reason": words("why")}
            case _:
                return {}

    def _reply(self, data: st.DataObject) -> dict[str, Any]:
        """The very words of the proposal, the printed reason, or any others."""
        proposal, decision = self._escalation.proposal, self._escalation.decision
        choices: list[tuple[Words, Any]] = [(data.draw(texts), self._promises(data))]
        if proposal and proposal.reply:
            choices.append((proposal.reply, proposal.promises))
        if decision and decision.reason:
            choices.append((decision.reason, ()))
        text, promises = data.draw(st.sampled_from(choices))
        return {"words": text, "promises": promises}

    def _promises(self, data: st.DataObject) -> tuple[Promise, ...]:
        days = data.draw(st.lists(st.sampled_from([0, 1, 9, 40]), max_size=2))
        return tuple(harness.promise(self._new("M"), days=n, at=self.world.at) for n in days)

    def _new(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    # What the public and the clock do. --------------------------------------------------------

    def the_commenter_speaks(self, data: st.DataObject) -> None:
        """A comment, a revision, or one of them a second time."""
        comment = data.draw(st.sampled_from(["C1", "C2", "C3"]))
        revision = data.draw(st.integers(1, 2))
        known = self._escalation.comments.get(comment, 0)
        if self._escalation.is_closed:
            with pytest.raises(Conflict, match="closed"):
                self.world.hear(comment, revision)
        else:
            assert bool(self.world.hear(comment, revision)) == (revision > known)

    def time_passes(self, data: st.DataObject) -> None:
        self.world.at += data.draw(whiles)

    def an_alarm_rings(self, data: st.DataObject) -> None:
        """One of the next; its timer may be late."""
        if alarms := self._alarms():
            self._ring(data.draw(st.sampled_from(alarms[:2])), data.draw(whiles))

    def an_old_alarm_rings(self, data: st.DataObject) -> None:
        if self.rung:
            stream, name = data.draw(st.sampled_from(self.rung))
            now = self.world.states[stream].alarm()
            facts = self.world.ring(stream, name)
            assert not facts or (now is not None and now.name == name)

    def _ring(self, stream: str, late: timedelta) -> None:
        """The moment of an alarm has come, or passed: it always moves the alarm on."""
        alarm = self.world.states[stream].alarm()
        assert alarm is not None
        self.world.at = max(self.world.at, alarm.at) + late
        facts = self.world.ring(stream)
        self.rung.append((stream, alarm.name))
        assert facts, f"{alarm.name} of {stream} rang for nothing"
        after = self.world.states[stream].alarm()
        assert after != alarm, f"{alarm.name} of {stream} would ring for ever"

    # What carries effects out. ----------------------------------------------------------------

    def the_channel_changes(self, data: st.DataObject) -> None:
        """From now on this is what calls to it come to. Only where the outcome is unclear may a
        post have arrived or not."""
        self.world.publishes = data.draw(st.sampled_from(PublishResult))
        self.world.finds = data.draw(st.sampled_from(FindResult))
        self.world.turn_in = data.draw(st.none() | whiles)
        undo = data.draw(st.sampled_from([0, 0, 600]))
        self.world.post_terms = {"rules": RULES, "undo": undo}
        self.arrives = data.draw(st.booleans())

    def an_effect_is_carried_out(self, data: st.DataObject) -> None:
        """Any that is due, perhaps twice."""
        if due := self.world.todo():
            stream, pending = data.draw(st.sampled_from(due))
            self._carry_out(stream, pending)
            if data.draw(st.booleans()) and isinstance(pending.effect, OpenEntity | Tell):
                self._repeat(stream, pending.effect)

    def an_effect_is_carried_out_again(self, data: st.DataObject) -> None:
        if self.told:
            self._repeat(*data.draw(st.sampled_from(self.told)))

    def a_result_comes_back(self, data: st.DataObject) -> None:
        """Perhaps not for the last time."""
        if self.on_the_way:
            stream, command = data.draw(st.sampled_from(self.on_the_way))
            if data.draw(st.booleans()):
                self.on_the_way.remove((stream, command))
            self._come_back(stream, command)

    def all_effects_are_carried_out(self, data: st.DataObject) -> None:
        """In order, with every result coming back."""
        while due := self.world.todo():
            for stream, pending in due:
                self._carry_out(stream, pending)
            while self.on_the_way:
                self._come_back(*self.on_the_way.pop(0))

    def _carry_out(self, stream: str, pending: Pending) -> None:
        self.world.done(stream, pending)
        match pending.effect:
            case Publish() as effect:
                result = self.world.publishes
                if self.world.turn_in is not None:
                    result = PublishResult.NOT_SENT
                is_unclear = result is PublishResult.UNCLEAR
                if result is PublishResult.PUBLISHED or (is_unclear and self.arrives):
                    self.arrivals[stream] = self.arrivals.get(stream, 0) + 1
                told: Command = self.world.attempted(effect.attempt)
                self.on_the_way.append((stream, told))
            case Find() as effect:
                sight = self.world.finds
                if sight in (FindResult.FOUND, FindResult.ABSENT):
                    # A channel that can tell, tells the truth.
                    sight = FindResult.FOUND if self.arrivals.get(stream) else FindResult.ABSENT
                self.on_the_way.append((stream, Looked(attempt=effect.attempt, result=sight)))
            case OpenEntity() | Tell() as effect:
                self.world.carry_out(stream, effect)
                self.told.append((stream, effect))
            case _:
                pass

    def _repeat(self, stream: str, effect: Effect) -> None:
        """An activity whose success was lost is run again, perhaps much later."""
        before = dict(self.world.states)
        self.world.carry_out(stream, effect)
        assert self.world.states == before, f"{effect} was not safe to repeat"

    def _come_back(self, stream: str, command: Command) -> None:
        was_closed = self.world.states[stream].is_closed
        facts = self.world.command(stream, MACHINE, command)
        assert not (was_closed and facts)

    def a_post_hears_news(self, data: st.DataObject) -> None:
        """Its escalation tells it, perhaps twice, perhaps too late."""
        posts = [stream for stream in self.world.states if stream.startswith("post/")]
        if posts:
            stream = data.draw(st.sampled_from(posts))
            comment = data.draw(st.sampled_from(["C2", "C3"]))
            was = self.world.states[stream]
            facts = self.world.do(stream, MACHINE, "heard", comment_id=comment)
            assert isinstance(was, Post)
            assert bool(facts) == (not was.is_closed and not was.heard.get(comment))

    def a_post_is_restored(self, data: st.DataObject) -> None:
        """Its worker and history are gone; what is left is the snapshot. Calls that may have been
        made are unclear, and their results never come."""
        posts = [stream for stream in self.world.states if stream.startswith("post/")]
        if not posts:
            return
        stream = data.draw(st.sampled_from(posts))
        self.on_the_way = [
            (s, c) for s, c in self.on_the_way if s != stream or not isinstance(c, Attempted)
        ]
        post = self.world.states[stream]
        if isinstance(post, Post) and post.stage is PostStage.PUBLISHING and not post.wake_at:
            for pending in post.todo:
                if isinstance(pending.effect, Publish):
                    self.world.done(stream, pending)
            lost = Attempted(attempt=post.attempt, result=PublishResult.UNCLEAR, code="restored")
            self._come_back(stream, lost)

    # What must be true after every step. ------------------------------------------------------

    @invariant()
    def facts_folded_from_nothing_are_the_state(self) -> None:
        for stream, state in self.world.states.items():
            if self.known.get(stream) == state:
                continue
            facts = self.world.facts[stream]
            assert [fact.seq for fact in facts] == list(range(1, state.seq + 1))
            through_json = [_as_stored(stream, fact) for fact in facts]
            folded = fold(kind_of(stream), None, through_json)
            assert folded is not None
            assert {(p.seq, p.effect.do) for p in state.todo} <= {
                (p.seq, p.effect.do) for p in folded.todo
            }
            assert folded.model_copy(update={"todo": state.todo}) == state
            stored = state.model_dump_json(exclude_defaults=True)
            assert type(state).model_validate_json(stored) == state
            assert type(state).model_validate(json.loads(stored)) == state
            self.known[stream] = state

    @invariant()
    def there_is_one_reply_at_a_time(self) -> None:
        """Counted from the moment it is submitted until its post is settled."""
        asked = (
            {
                fact.data["post_id"]
                for fact in self.world.facts[ESCALATION]
                if fact.name == "escalation:reply:submitted"
            }
            if self.world.states
            else set()
        )
        open_posts = [
            post_id
            for post_id in asked
            if (post := self.world.states.get(f"post/{post_id}")) is None or not post.is_closed
        ]
        assert len(open_posts) <= 1

    @invariant()
    def what_is_published_was_cleared_by_somebody_else(self) -> None:
        for state in self.world.states.values():
            if isinstance(state, Post) and (state.published_at or state.stage in _ON_THE_WAY):
                assert state.cleared_by is not None
                assert state.cleared_by != state.writer
                actor = ROLES[state.cleared_by]
                assert actor.has(Role.EXECUTIVE) or actor.works_in(state.team)

    @invariant()
    def nothing_arrives_twice(self) -> None:
        for stream, times in self.arrivals.items():
            assert times <= 1, f"{stream} is on the channel {times} times"

    @invariant()
    def what_we_say_of_a_post_is_true(self) -> None:
        for stream, state in self.world.states.items():
            if state.stage == PostStage.PUBLISHED:
                assert self.arrivals.get(stream) == 1
            if state.stage in (PostStage.RETURNED, PostStage.WITHDRAWN):
                assert not self.arrivals.get(stream)

    @invariant()
    def nothing_waits_to_go_out_that_does_not_answer_the_last_comment(self) -> None:
        for state in self.world.states.values():
            if isinstance(state, Post) and state.is_waiting and state.stage != "unconfirmed":
                assert not state.has_news, f"{state.stream} goes out without anybody having looked"

    @invariant()
    def a_post_is_corrected_once_and_by_one_at_a_time(self) -> None:
        posts = [p for p in self.world.states.values() if isinstance(p, Post) and p.corrects]
        alive = [p.corrects for p in posts if not p.is_closed or p.published_at]
        assert len(alive) == len(set(alive))
        assert all(self.world.post(p.corrects or "").published_at for p in posts)

    @invariant()
    def decisions_are_made_by_executives_who_did_not_propose(self) -> None:
        proposer = None
        for fact in self.world.facts.get(ESCALATION, ()):
            if fact.name == "escalation:proposal:submitted":
                proposer = fact.by
            if fact.name.startswith("escalation:decision:"):
                assert fact.by != proposer
                assert ROLES[fact.by].has(Role.EXECUTIVE)

    @invariant()
    def what_went_straight_out_was_approved_word_for_word(self) -> None:
        approved: list[Any] = []
        proposed, decider, has_news = (None, ()), None, False
        for fact in self.world.facts.get(ESCALATION, ()):
            data = fact.data
            match fact.name.rpartition(":")[2]:
                case "submitted" if fact.name == "escalation:proposal:submitted":
                    proposed = (data.get("reply"), data.get("promises", ()))
                    approved, has_news = [], False
                case "approved":
                    approved, decider = [proposed], fact.by
                case "refused":
                    approved, decider = [(data["reason"], ())], fact.by
                case "joined" | "revised":
                    has_news = True
                case "submitted" if data.get("cleared_by"):
                    assert data["cleared_by"] == decider != data["writer"]
                    assert (data["words"], data.get("promises", ())) in approved
                    assert not (has_news and fact.by == decider), "sent by the approval itself"

    @invariant()
    def machines_never_decide(self) -> None:
        theirs = {
            "escalation:ladder:climbed",
            "escalation:reply:settled",
            "escalation:stage:reopened",
            "escalation:case:closed",
        }
        for fact in self.world.facts.get(ESCALATION, ()):
            if fact.by == "system":
                assert fact.name in theirs

    @invariant()
    def whatever_is_open_has_a_next_moment(self) -> None:
        for stream, state in self.world.states.items():
            if state.alarm() is None and not state.is_closed:
                assert self._may_sleep(state), f"{stream} sleeps for ever in {state.stage}"
            if state.is_closed:
                assert state.alarm() is None

    def _may_sleep(self, state: State) -> bool:
        """The open states that nothing wakes by itself. Each is a place to be looked after."""
        match state:
            case Escalation():
                is_exhausted = state.rung >= len(state.terms.ladder)
                is_backlog = state.backlog and state.stage is Stage.UNCLAIMED
                return state.stage is not Stage.LISTENING and (is_exhausted or is_backlog)
            case Post(stage=PostStage.PUBLISHING):
                return self._awaits(state, Publish)
            case Post(stage=PostStage.UNCONFIRMED):
                return self._awaits(state, Find)
            case Post():
                return state.rules < 2
            case Commitment():
                return state.stage in (CommitmentStage.REPORTED, CommitmentStage.BROKEN)
            case _:
                return False

    def _awaits(self, post: Post, call: type[Publish | Find]) -> bool:
        """A call is about to be made, or its result is on its way."""
        is_due = any(isinstance(pending.effect, call) for pending in post.todo)
        return is_due or any(stream == post.stream for stream, _ in self.on_the_way)

    @invariant()
    def listening_means_that_our_answer_is_out_and_nothing_was_said_since(self) -> None:
        state = self.world.states.get(ESCALATION)
        if isinstance(state, Escalation) and state.stage is Stage.LISTENING:
            assert state.reply is not None
            assert self.arrivals[f"post/{state.reply.post_id}"] == 1
            assert state.touched["comment"] < state.touched["stage"]
            assert not state.reply.news

    @invariant()
    def only_published_words_bind(self) -> None:
        for state in self.world.states.values():
            if isinstance(state, Commitment):
                assert self.arrivals[f"post/{state.post_id}"] == 1
                if state.stage in (CommitmentStage.KEPT, CommitmentStage.KEPT_LATE):
                    assert state.report is not None
                    assert self.arrivals[f"post/{state.report.post_id}"] == 1
                if state.stage is CommitmentStage.KEPT:
                    assert not state.was_broken
                    assert state.report is not None
                    assert state.report.at <= state.promise.due_at

    # Small helpers. ---------------------------------------------------------------------------

    @property
    def _escalation(self) -> Escalation:
        return self.world.escalation

    def _alarms(self) -> list[str]:
        """Who has an alarm, the earliest first."""
        alarms = [(a.at, s) for s, state in self.world.states.items() if (a := state.alarm())]
        return [stream for _, stream in sorted(alarms)]


def _acts(state: State) -> list[str]:
    """What people can ask for at all."""
    return [act for act, right in kind_of(state.stream).rights.items() if not right.is_machine]


def _as_stored(stream: str, fact: Fact) -> Fact:
    """The fact as it comes back from its canonical bytes, which must be the same again."""
    canonical = fact.canonical(stream)
    content = json.loads(canonical)
    assert content.pop("stream") == stream
    again = Fact.model_validate(content)
    assert again.canonical(stream) == canonical
    assert digest(again.canonical(stream)) == digest(canonical)
    assert Fact.model_validate_json(fact.model_dump_json()) == fact == again
    return again


TestCase = Case.TestCase
TestCase.settings = settings(
    max_examples=80,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
