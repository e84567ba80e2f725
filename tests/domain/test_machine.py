"""Random people, commands, clocks, alarms and channels around one escalation.

The entities are wired together by their effects, which are carried out late, in any order and
sometimes twice; workers crash and states are restored from what the store would hold. After each
step everything the rules promise must still be true.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.base import Words
from domain.commitment import Commitment, CommitmentOpened, CommitmentStage, Promise
from domain.effects import Effect, Find, OpenEntity, Pending, Publish, Tell
from domain.entity import Command, State, fold, may
from domain.errors import Conflict, Refused
from domain.escalation import DismissCode, Escalation, RefusalCode, Stage
from domain.kinds import kind_of
from domain.ledger import RULES, Fact, digest
from domain.people import MACHINE, Actor, Role
from domain.post import Attempted, FindResult, Looked, Post, PostStage, PublishResult
from domain.terms import DEFAULT_LADDER, DecisionMode, DecisionTerms, Limits, Terms
from tests.builders import ADA, AT, DEV, HOOK, ROOT, Member
from tests.domain import harness
from tests.domain.harness import ESCALATION, EVERYBODY, FAY, World, words
from tests.domain.test_calendar import OFFICE, make

TEXTS = [words(name) for name in ("one", "two", "three")]
ROLES = {member.id: member.actor for member in EVERYBODY}

_ON_THE_WAY = (PostStage.CLEARED, PostStage.PUBLISHING, PostStage.UNCONFIRMED, PostStage.FAILED)

NEXT = {
    ("escalation", "unclaimed"): ("claim",),
    ("escalation", "preparing"): ("propose",),
    ("escalation", "held"): ("overturn",),
    ("escalation", "deciding"): (
        "approve",
        "approve",
        "refuse",
        "return",
        "inform",
        "accept_promise",
    ),
    ("escalation", "replying"): ("reply", "accept_promise"),
    ("post", "in_review"): ("clear", "clear", "return"),
    ("post", "failed"): ("retry", "withdraw"),
    ("post", "published"): ("correct", "retract"),
    ("commitment", "open"): ("report_kept",),
    ("commitment", "broken"): ("report_kept",),
    ("commitment", "denied"): ("uphold", "reopen"),
}
"""What somebody wants done next, where it matters twice."""

ENDS = ("dismiss", "withdraw", "merge", "answered_outside", "reroute", "join_matter", "uphold")

HAPPENINGS = [
    *["somebody_does_what_is_wanted"] * 5,
    *["somebody_does_what_they_may"] * 5,
    "somebody_ends_it",
    "somebody_tries_anything",
    *["the_commenter_speaks"] * 2,
    "the_commenter_thanks_or_takes_back",
    "a_matter_answers",
    *["an_alarm_rings"] * 4,
    "an_old_alarm_rings",
    "time_passes",
    *["the_commenter_judges"] * 2,
    *["the_channel_changes"] * 2,
    *["an_effect_is_carried_out"] * 3,
    "an_effect_is_carried_out_again",
    *["all_effects_are_carried_out"] * 4,
    "a_result_comes_back",
    "a_post_is_restored",
    "a_post_hears_news",
]
"""What may happen in one step, the likelier the more often it stands here."""

CALENDARS = (make("UTC", OFFICE), make("Europe/Berlin", OFFICE))
"""One that a case may have pinned, and one that may be in force by then."""

DAY = timedelta(days=1)
FIELDS: dict[str, dict[str, Any]] = {
    "decline": {"reason": words("not mine")},
    "reroute": {"terms": harness.terms(team="shop"), "reason": words("theirs")},
    "merge": {"into": "E0", "reason": words("the same")},
    "answered_outside": {"link": words("link")},
    "inform": {"words": words("then")},
    "join_matter": {"matter_id": "T1"},
    "leave_matter": {"reason": words("mine is different")},
}
"""What is said with acts of which nothing more is random."""

whiles = st.sampled_from([timedelta(minutes=m) for m in (0, 0, 1, 60, 60 * 24, 60 * 24 * 9)])
people = st.sampled_from(EVERYBODY)
accountable = st.sampled_from(["ada", "ada", "gus", "eve"])
STAND_FOR = {"gus": ("cora",), "fay": ("cora",), "cora": ("fay",), "dev": ("cora",)}
"""Who may decide for whom."""
PROMISED = [harness.promise("M0", accountable="gus")]


def actor_of(who: Member) -> Actor:
    return who.actor.model_copy(update={"stands_for": STAND_FOR.get(who.id, ())})


def under(**terms: Any) -> dict[str, Any]:
    """An opening under these terms."""
    return {"terms": harness.terms(**terms)}


def _some(mode: DecisionMode, *approvers: str, needed: int = 1) -> dict[str, Any]:
    return under(decision=DecisionTerms(mode=mode, approvers=approvers, needed=needed))


def _tied() -> World:
    world = harness.preparing(ADA)
    world.do(ESCALATION, ADA, "join_matter", matter_id="T1")
    return world


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
        self.despite: set[str] = set()
        """Posts that somebody sent though the commenter had spoken."""
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
                lambda: harness.preparing(ADA, terms=harness.terms(calendar=CALENDARS[0])),
                lambda: harness.deciding(FAY, reply=TEXTS[0], promises=[harness.promise("M0")]),
                lambda: harness.replying(ADA, reply=TEXTS[0], promises=[harness.promise("M0")]),
                lambda: harness.in_review(ADA, promises=[harness.promise("M0", days=1)]),
                lambda: harness.unconfirmed(ADA, promises=[harness.promise("M0")]),
                lambda: harness.listening(ADA, promises=[harness.promise("M0")]),
                lambda: harness.listening(FAY, promises=[harness.promise("M0", days=1)]),
                harness.held,
                harness.dismissed,
                _tied,
                lambda: harness.unclaimed(backlog=True, ladders_at=AT + DAY),
                lambda: harness.preparing(ADA, **under(limits=Limits(lease=7200, look_at=100))),
                lambda: harness.preparing(ADA, **_some(DecisionMode.OWNER)),
                lambda: harness.deciding(
                    ADA, _some(DecisionMode.ALL, "cora", "fay"), reply=TEXTS[0]
                ),
                lambda: harness.deciding(FAY, _some(DecisionMode.SOME, needed=2), reply=TEXTS[0]),
                lambda: harness.deciding(
                    ADA, _some(DecisionMode.SOME, "cora", "ben", "fay", needed=2), reply=TEXTS[0]
                ),
                lambda: harness.replying(ADA, reply=TEXTS[0], promises=PROMISED),
                lambda: harness.deciding(ADA, reply=TEXTS[0], promises=PROMISED),
                lambda: harness.preparing(ADA, rules=1),
                lambda: harness.deciding(FAY, {"rules": 1}, reply=TEXTS[0], promises=PROMISED),
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
        # What ends the story happens seldom, or there would be few stories.
        self._somebody(data, lambda state: [a for a in _acts(state) if a not in ENDS])

    def somebody_ends_it(self, data: st.DataObject) -> None:
        self._somebody(data, lambda state: [a for a in _acts(state) if a in ENDS])

    def somebody_tries_anything(self, data: st.DataObject) -> None:
        stream = data.draw(st.sampled_from(sorted(self.world.states)))
        act = data.draw(st.sampled_from(_acts(self.world.states[stream])))
        self._ask(data, stream, data.draw(people), act)

    def _somebody(self, data: st.DataObject, acts_of: Callable[[State], Sequence[str]]) -> None:
        choices: dict[tuple[str, str], list[Member]] = {}
        for stream, state in self.world.states.items():
            for act in acts_of(state):
                for who in EVERYBODY:
                    if may(kind_of(stream), actor_of(who), act, state) is None:
                        choices.setdefault((stream, act), []).append(who)
        if choices:
            # The act first: many may write a note, and only one signs a promise.
            stream, act = data.draw(st.sampled_from(list(choices)))
            self._ask(data, stream, data.draw(st.sampled_from(choices[stream, act])), act)

    def _ask(self, data: st.DataObject, stream: str, who: Member, act: str) -> None:
        """Somebody asks for something; the rules may say no, and then nothing has happened."""
        before = self.world.states[stream]
        offer = may(kind_of(stream), actor_of(who), act, before)
        fields = self._fields(data, stream, act)
        if fields.get("despite_news"):
            self.despite.add(fields.get("post_id", stream))
        no: Refused | None = None
        facts: tuple[Fact, ...] = ()
        try:
            facts = self.world.do(stream, actor_of(who), act, **fields)
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
                return self._voice(data) | self._sending(data)
            case "escalation", "bypass":
                return {"reason": words("fire")} | self._sending(data)
            case "escalation", "refuse":
                code = data.draw(st.sampled_from(RefusalCode))
                return {"code": code, "reason": data.draw(texts)} | self._voice(data)
            case "escalation", "return":
                return {"reason": words("why")} | self._voice(data)
            case "escalation", "ask":
                return {"question": words("when?")} | self._voice(data)
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
            case "commitment", "report_kept" | "tell":
                return {"post_id": self._new("P"), "words": words("done")}
            case "commitment", "agree":
                return {"post_id": self._new("P")}
            case "commitment", "withdraw":
                return {"post_id": self._new("P"), "reason": words("why")}
            case "commitment", "renegotiate":
                due_at = self.world.at + timedelta(days=data.draw(st.sampled_from([-1, 1, 9, 60])))
                return {"due_at": due_at, "reason": words("why"), "words": words("later")}
            case "commitment", "refuse_new_date" | "uphold" | "reopen":
                return {"reason": words("why")}
            case "commitment", "make_link":
                return {"digest": "d" * 64}
            case _, "return" | "withdraw":
                return {"reason": words("why")}
            case "escalation", _:
                return self._more_fields(data, act)
            case _:
                return {}

    def _more_fields(self, data: st.DataObject, act: str) -> dict[str, Any]:
        """Those of an escalation's acts that came with its rules in full."""
        match act:
            case "add_approver" | "replace_approver":
                proposal = self._escalation.proposal
                missing = proposal.panel.missing if proposal and proposal.panel else ()
                person = data.draw(st.sampled_from(missing or ("cora",)))
                newcomer = data.draw(people).actor
                return {"person": person, "approver": newcomer, "reason": words("law")}
            case "decide_alone":
                yes = {"outcome": "approve"}
                no = {"outcome": "refuse", "code": "disagree", "reason": data.draw(texts)}
                return data.draw(st.sampled_from([yes, no]))
            case "move_private" | "holding_reply":
                return {"post_id": self._new("P"), "words": data.draw(texts)}
            case "accept_promise" | "counter_promise" | "decline_promise":
                names = [p.id for p in self._escalation.unsigned] or ["M0"]
                due_at = self.world.at + 30 * DAY
                name = data.draw(st.sampled_from(names))
                return {"promise_id": name, "due_at": due_at, "reason": words("why")}
            case "pause":
                until = self.world.at + data.draw(st.sampled_from([DAY / 24, DAY, 20 * DAY]))
                return {"code": "legal", "reason": words("why"), "until": until}
            case "extend":
                seconds = data.draw(st.sampled_from([60, 3600, 72_000]))
                return {"seconds": seconds, "code": "volume", "reason": words("why")}
            case "accept_calendar":
                return self._newer_calendar(data)
            case _:
                return FIELDS.get(act, {})

    def _newer_calendar(self, data: st.DataObject) -> dict[str, Any]:
        """One of two calendars, and the date it makes or any other."""
        calendar = data.draw(st.sampled_from(CALENDARS))
        deadline = self._escalation.deadline
        made = deadline.recomputed(calendar).due_at if deadline else None
        due_at = data.draw(st.sampled_from([made or self.world.at, self.world.at + DAY]))
        return {
            "calendar": calendar,
            "policy_version": 2,
            "due_at": due_at,
            "reason": words("hours"),
        }

    def _voice(self, data: st.DataObject) -> dict[str, Any]:
        """For themselves, or for somebody who may have delegated it or not."""
        principals = [None, None, *(ROLES[name] for name in ("cora", "fay", "gus"))]
        principal = data.draw(st.sampled_from(principals))
        return {"principal": principal} if principal else {}

    def _sending(self, data: st.DataObject) -> dict[str, Any]:
        return {"post_id": self._new("P"), "despite_news": data.draw(st.booleans())}

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
        return tuple(
            harness.promise(self._new("M"), n, data.draw(accountable), self.world.at) for n in days
        )

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

    def the_commenter_thanks_or_takes_back(self, data: st.DataObject) -> None:
        comment = data.draw(st.sampled_from(["C1", "C2", "C3"]))
        known = self._escalation.comments.get(comment, 0)
        is_removed = data.draw(st.booleans())
        fields: dict[str, Any] = {"comment_id": comment, "words": words("w"), "revision": known + 1}
        fields |= {"is_removed": is_removed, "is_thanks": not is_removed and not known}
        if not self._escalation.is_closed:
            assert self.world.do(ESCALATION, MACHINE, "receive", **fields)

    def a_matter_answers(self, data: st.DataObject) -> None:
        """One that it belongs to, or does not, or did."""
        tie = self._escalation.matter
        facts = self.world.do(
            ESCALATION, MACHINE, "serve", matter_id="T1", post_id=self._new("P"), writer="gus",
            words=words("to all"), approver="cora", owner="ada", same_answer_to=9,
        )  # fmt: skip
        assert not facts or (tie is not None and not tie.is_served)

    def the_commenter_judges(self, data: st.DataObject) -> None:
        """Whoever was promised something, or a reader, says whether it was kept."""
        promises = [s for s in self.world.states if s.startswith("commitment/")]
        if promises:
            stream = data.draw(st.sampled_from(promises))
            source = data.draw(st.sampled_from(["same_account", "private_link", "reader"]))
            said = {"is_kept": data.draw(st.booleans()), "source": source, "link": "d" * 64}
            with contextlib.suppress(Refused):
                self.world.do(stream, MACHINE, "word", **said)

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
        known = self.world.states
        due = [
            (stream, pending)
            for stream, pending in self.world.todo()
            if not isinstance(pending.effect, Tell) or pending.effect.stream in known
        ]
        if due:
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
                assert ROLES[state.cleared_by].roles & {Role.EXECUTIVE, Role.STAFF}

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
    def decisions_are_made_by_enough_distinct_people_who_did_not_propose(self) -> None:
        """Counted from the facts alone, by a second way than the rules' own."""
        count: Ballot | None = None
        terms = harness.terms()
        for fact in self.world.facts.get(ESCALATION, ()):
            match fact.name:
                case "escalation:conversation:opened" | "escalation:case:rerouted":
                    terms = Terms.model_validate(fact.data["terms"])
                case "escalation:proposal:submitted":
                    count = Ballot(fact.by, terms.decision or DecisionTerms())
                case "escalation:decision:made_alone":
                    assert terms.decision is not None
                    assert terms.decision.mode is DecisionMode.OWNER
                case _ if count is not None:
                    count.hear(fact)

    @invariant()
    def promises_in_published_words_were_accepted_by_their_accountable(self) -> None:
        signed = {
            (fact.data["promise_id"], fact.by)
            for fact in self.world.facts.get(ESCALATION, ())
            if fact.name == "escalation:promise:accepted"
        }
        for state in self.world.states.values():
            if isinstance(state, Commitment) and self._escalation.rules >= 2:
                post = self.world.states[f"post/{state.post_id}"]
                assert isinstance(post, Post)
                made = state.promise
                assert made.accountable == post.writer or (made.id, made.accountable) in signed

    @invariant()
    def what_went_straight_out_was_approved_word_for_word(self) -> None:
        approved: list[Any] = []
        proposed, decider, has_news, spoke_since = (None, ()), None, False, False
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
                case "joined" | "revised" | "removed" if not data.get("is_thanks"):
                    has_news = spoke_since = True
                case "held":
                    spoke_since = False
                case "submitted" if data.get("cleared_by"):
                    assert data["cleared_by"] == decider != data["writer"]
                    assert (data["words"], data.get("promises", ())) in approved
                    is_meant = data["post_id"] in self.despite
                    by_approval = has_news and fact.by == decider and not is_meant
                    assert not by_approval, "sent by the approval itself"
                    if fact.by not in (decider, data["writer"]):
                        assert not spoke_since, "sent by a signature, unseen by anybody"

    @invariant()
    def machines_never_decide(self) -> None:
        theirs = {
            "escalation:ladder:climbed",
            "escalation:ladder:watched",
            "escalation:clock:started",
            "escalation:clock:resumed",
            "escalation:owner:lost",
            "escalation:comment:joined",
            "escalation:comment:revised",
            "escalation:comment:removed",
            "escalation:holding:settled",
            "escalation:matter:served",
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
            case Escalation(rules=1):
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
                return state.rules < 2
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
            said = ("escalation:comment:joined", "escalation:comment:revised")
            last = max(
                fact.seq
                for fact in (self.world.facts[ESCALATION])
                if fact.name in (*said, "escalation:conversation:opened")
                and not fact.data.get("is_thanks")
            )
            assert last < state.touched["stage"]
            # What was said while the words were on their way was seen before they went out.
            post = self.world.states[f"post/{state.reply.post_id}"]
            assert isinstance(post, Post)
            assert bool(state.reply.since) == state.reply.news
            for comment, revision in state.reply.since.items():
                assert post.heard.get(comment, 0) >= revision

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
                    assert state.report.at <= state.due_at

    @invariant()
    def the_first_date_and_the_first_break_stay(self) -> None:
        for stream, state in self.world.states.items():
            if not isinstance(state, Commitment):
                continue
            opened = self.world.facts[stream][0]
            assert state.first_due_at == CommitmentOpened.model_validate(opened.data).promise.due_at
            is_broken = "commitment:promise:broken" in self.world.names(stream)
            assert state.was_broken == is_broken
            if is_broken:
                assert state.stage is not CommitmentStage.KEPT
            for date in state.dates:
                assert self.arrivals[f"post/{date.post_id}"] == 1
                assert date.agreed_by not in (date.asked_by, state.promise.accountable)

    # Small helpers. ---------------------------------------------------------------------------

    @property
    def _escalation(self) -> Escalation:
        return self.world.escalation

    def _alarms(self) -> list[str]:
        """Who has an alarm, the earliest first."""
        alarms = [(a.at, s) for s, state in self.world.states.items() if (a := state.alarm())]
        return [stream for _, stream in sorted(alarms)]


class Ballot:
    """Who has spoken on one proposal, as anybody can count it who holds the ledger."""

    def __init__(self, proposer: str, terms: DecisionTerms) -> None:
        self.proposer, self.terms = proposer, terms
        self.named, self.extra = set(terms.approvers) - {proposer}, set[str]()
        self.spoken, self.yes = set[str](), set[str]()
        self.is_bypassed = False

    def hear(self, fact: Fact) -> None:
        match fact.name.rpartition(":")[2]:
            case "added":
                self.extra.add(fact.data["person"])
            case "replaced":
                for people in (self.named, self.extra):
                    if fact.data["person"] in people:
                        people.remove(fact.data["person"])
                        people.add(fact.data["replaced_by"])
            case "bypassed":
                assert ROLES[fact.by].has(Role.EXECUTIVE)
                assert fact.by != self.proposer
                self.is_bypassed = True
            case "voted":
                voices = {fact.by, self._voice(fact)}
                assert not voices & self.spoken, "somebody has spoken twice"
                self.spoken |= voices
                if fact.data["outcome"] == "approve":
                    self.yes.add(self._voice(fact))
            case "approved" if not self.is_bypassed:
                self.yes.add(self._voice(fact))
                assert self.extra <= self.yes
                assert len(self.yes - self.extra) >= self._needed
            case "refused" | "returned" | "asked":
                self._voice(fact)

    @property
    def _needed(self) -> int:
        match self.terms.mode:
            case DecisionMode.ALL:
                return len(self.terms.approvers)
            case DecisionMode.SOME:
                return self.terms.needed
            case _:
                return 1

    def _voice(self, fact: Fact) -> str:
        """For whom it was said: somebody who decides this, and not who proposed it."""
        voice: str = fact.data.get("on_behalf_of") or fact.by
        assert self.proposer not in (fact.by, voice)
        is_named = voice in self.named if self.named else ROLES[voice].has(Role.EXECUTIVE)
        assert is_named or voice in self.extra
        if voice != fact.by:
            assert voice in STAND_FOR[fact.by]
        return voice


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
