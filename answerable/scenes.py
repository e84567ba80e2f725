"""The scenes of the story, and the stage they are played on: a service that is only spoken to
over HTTP, and judged by what it answers and records."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from ulid import ULID

from domain.errors import AnswerableError

PATIENCE = 30.0
"""Seconds within which what goes on by itself must have happened; usually it is one."""

GENESIS = "0" * 64
"""What the first entry of a history is linked to, said here once more: the story trusts nothing."""


class Differs(AnswerableError):
    """Something was not as it should have been."""


def expect(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise Differs(f"{what} should be {wanted!r} and is {found!r}")


@dataclass
class Stage:
    """The service as its people see it, and what has been seen of its ledger."""

    url: str
    tokens: dict[str, str]
    data: Path
    say: Callable[[str], object]
    steps: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        # Asked directly, whatever proxy the environment names.
        self.http = httpx.Client(base_url=f"{self.url}/api/v1", timeout=30, trust_env=False)

    # Speaking to the service. -----------------------------------------------------------------

    def step(self, sentence: str) -> None:
        self.steps += 1
        self.say(f"\n{self.steps:>2}. {sentence}")

    def ask(
        self, person: str, method: str, path: str, body: Any = None, status: int = 200
    ) -> dict[str, Any]:
        """One request by a person; anything but the expected status is told with its detail."""
        answer = self.http.request(
            method, path, json=body, headers={"Authorization": f"Bearer {self.tokens[person]}"}
        )
        found = self._read(answer)
        if answer.status_code != status:
            detail = found.get("detail", "")
            raise Differs(
                f"{person}: {method} {path} should answer {status} and answered "
                f"{answer.status_code} {detail}"
            )
        return found

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            found: dict[str, Any] = answer.json()
        except ValueError:
            raise Differs(f"{answer.url} should answer JSON ({answer.status_code})") from None
        return found

    def get(self, stream: str, person: str = "dev") -> dict[str, Any]:
        return self.ask(person, "GET", address(stream))

    def do(self, person: str, stream: str, act: str, **fields: Any) -> dict[str, Any]:
        """A command that is carried out; the next look must show at least what it answered."""
        done = self.ask(person, "POST", f"{address(stream)}/{act}", fields)
        expect(f"{act}: recorded", done["recorded"], wanted=True)
        expect("what the next GET shows", self.get(stream)["seq"] >= done["seq"], wanted=True)
        return done

    def refused(
        self, person: str, stream: str, act: str, status: int, code: str, **fields: Any
    ) -> dict[str, Any]:
        """A command that is refused, with a problem that names the way out; it leaves no trace."""
        problem = self.ask(person, "POST", f"{address(stream)}/{act}", fields, status)
        expect("the refusal's code", problem["code"], code)
        expect("a way out is named", bool(problem["way_out"]), wanted=True)
        self.say(f"      refused with {status}: {problem['detail']}; {problem['way_out']}")
        self.recorded(stream)
        return problem

    # Looking at what it recorded. -------------------------------------------------------------

    def entries(self, stream: str) -> list[dict[str, Any]]:
        page = self.get(f"{stream}/history")
        items: list[dict[str, Any]] = page["items"]
        while page["next_cursor"]:
            page = self.get(f"{stream}/history?cursor={page['next_cursor']}")
            items += page["items"]
        return items

    def recorded(self, stream: str, *names: str) -> None:
        """Exactly these facts are new in the ledger, now or soon; without names, none is.

        What has already followed from them by itself is left to the next look.
        """
        first = self.seen.get(stream, 0)
        give_up_at = time.monotonic() + PATIENCE
        new = self.entries(stream)[first:]
        while len(new) < len(names) and time.monotonic() < give_up_at:
            time.sleep(0.1)
            new = self.entries(stream)[first:]
        new = new[: len(names)] if names else new
        expect(f"what {stream} recorded", [entry["name"] for entry in new], list(names))
        self.seen[stream] = first + len(new)
        for entry in new:
            kind = stream.partition("/")[0]
            self.say(f"      {kind} {entry['seq']:>2}  {entry['name']}  by {entry['by']}")

    def until(self, stream: str, stage: str) -> dict[str, Any]:
        """Wait for what goes on by itself."""
        give_up_at = time.monotonic() + PATIENCE
        found = ""
        while time.monotonic() < give_up_at:
            answer = self.http.get(
                address(stream), headers={"Authorization": f"Bearer {self.tokens['dev']}"}
            )
            body = self._read(answer)
            found = body.get("stage", answer.status_code)
            if found == stage:
                return body
            time.sleep(0.1)
        raise Differs(f"{stream} should come to be {stage} and is {found}")

    def verify(self, stream: str) -> int:
        """Recompute every hash of a history from what the service answered; the entries' count."""
        previous = GENESIS
        entries = self.entries(stream)
        for seq, entry in enumerate(entries, 1):
            canonical = entry["canonical"]
            fact = json.loads(canonical)
            place = f"entry {seq} of {stream}"
            expect(f"{place}: its seq", (entry["seq"], fact["seq"]), (seq, seq))
            expect(f"{place}: its stream and name", [fact["stream"], fact["name"]],
                   [stream, entry["name"]])  # fmt: skip
            expect(f"{place}: its digest", entry["digest"], sha256(canonical))
            expect(f"{place}: its link", entry["previous"], previous)
            previous = sha256(f"{previous}\n{canonical}")
            expect(f"{place}: its hash", entry["hash"], previous)
        return len(entries)

    def printed(self, post_id: str, text: str) -> None:
        """The console, which is a file on this machine, has the post exactly once."""
        path = self.data / "console.jsonl"
        if not path.exists():
            self.say("      (the console is on another machine; not looked at)")
            return
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        texts = [line["text"] for line in lines if line["post_id"] == post_id]
        expect("what the console shows", texts, [text])
        self.say(f"      on the console, once: {text}")


def address(stream: str) -> str:
    kind, _, rest = stream.partition("/")
    return f"/{kind}s/{rest}"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def play(stage: Stage) -> None:
    """Everything, in order. Raises Differs at the first thing that is not as it should be."""
    with stage.http:
        try:
            _play(stage)
        except (KeyError, IndexError, TypeError) as error:
            raise Differs(f"an answer has another shape than it should have: {error!r}") from error


def _play(stage: Stage) -> None:
    escalation = comment_arrives(stage, "Two weeks, and still no saddle. When does it come?")
    one_winner(stage, escalation)
    promise_is_kept(stage, promise_is_decided(stage, escalation))
    honest_refusal(stage)
    chains_hold(stage)


# The scenes. ---------------------------------------------------------------------------------

PROMISE = "Your saddle will be with you by the end of next week."
REPLY = f"You waited far too long, and nobody told you why. {PROMISE}"
FOLLOW_UP = "Your saddle has arrived today; the courier has your signature."
REASON = "We cannot repair frames of other makers: we have neither their parts nor their drawings."


def comment_arrives(stage: Stage, text: str) -> str:
    """Answers the stream of the escalation that it opened."""
    ulid = str(ULID())
    name, order = f"story-{ulid}", ulid[-8:]
    comment = {
        "channel": "console",
        "external_id": name,
        "conversation_id": name,
        "author": {"handle": name, "name": "Somebody in the story"},
        "text": f"{text} My order is {order}.",
        "posted_at": datetime.now(UTC).isoformat(),
    }
    stage.step(f"A comment arrives on the console: {text}")
    received = stage.ask("story", "POST", "/comments", comment)
    expect("what became of it", received["result"] in ("opened", "accepted"), wanted=True)
    escalation = f"escalation/{received['escalation_id']}"
    stage.until(escalation, "unclaimed")
    stage.recorded(escalation, "escalation:conversation:opened")
    again = stage.ask("story", "POST", "/comments", comment)
    expect("the same comment once more", again["result"], "repeated")
    queue = stage.ask("dev", "GET", f"/escalations?stage=unclaimed&q={order}")
    found = [item["id"] for item in queue["items"]]
    expect("what the queue shows for that order", found, [received["escalation_id"]])
    return escalation


def one_winner(stage: Stage, escalation: str) -> None:
    seq = stage.get(escalation)["seq"]
    stage.step("Ada claims it.")
    stage.do("ada", escalation, "claim", expected_seq=seq)
    stage.recorded(escalation, "escalation:owner:claimed")
    stage.step("Ben looked at the same moment, and comes second.")
    problem = stage.refused("ben", escalation, "claim", 409, "already_claimed")
    expect("the winner's name", problem["owner"], "ada")


def promise_is_decided(stage: Stage, escalation: str) -> str:
    """Answers the stream of the commitment that the published reply makes."""
    stage.step("Ada proposes a reply that carries a promise.")
    due_at = datetime.now(UTC) + timedelta(days=10)
    promise = {"sentence": PROMISE, "accountable": "ada", "due_at": due_at.isoformat()}
    stage.do("ada", escalation, "propose", request="May we send it by courier, at our cost?",
             reply=REPLY, promises=[promise],
             same_because="The story is told more than once.")  # fmt: skip
    stage.recorded(escalation, "escalation:proposal:submitted")
    stage.step("Ben would approve it, and may not: that is for executives.")
    stage.refused("ben", escalation, "approve", 403, "not_yours")
    stage.step("Cora approves. The very words she approved go out.")
    done = stage.do("cora", escalation, "approve")
    stage.recorded(escalation, "escalation:decision:approved", "escalation:reply:submitted")
    post = f"post/{done['post_id']}"
    stage.until(post, "published")
    stage.recorded(post, "post:words:submitted", "post:attempt:started", "post:attempt:published")
    stage.printed(done["post_id"], REPLY)
    stage.recorded(escalation, "escalation:reply:settled")
    expect("the escalation's stage", stage.get(escalation)["stage"], "listening")
    return _commitment_opens(stage, escalation)


def _commitment_opens(stage: Stage, escalation: str) -> str:
    stage.step("With the reply, the promise is public: a commitment opens.")
    give_up_at = time.monotonic() + PATIENCE
    while not (found := stage.get(escalation)["commitments"]) and time.monotonic() < give_up_at:
        time.sleep(0.1)
    expect("the commitments", [c["sentence"] for c in found], [PROMISE])
    expect("who is accountable", found[0]["accountable"], "ada")
    commitment = f"commitment/{found[0]['id']}"
    stage.until(commitment, "open")
    stage.recorded(commitment, "commitment:promise:opened")
    return commitment


def promise_is_kept(stage: Stage, commitment: str) -> None:
    stage.step("Ada reports the promise kept, with words for the public.")
    done = stage.do("ada", commitment, "report_kept", text=FOLLOW_UP, evidence="Receipt 4711")
    stage.recorded(commitment, "commitment:promise:reported_kept")
    post = f"post/{done['post_id']}"
    stage.until(post, "in_review")
    stage.recorded(post, "post:words:submitted")
    stage.step("Nobody clears their own words.")
    stage.refused("ada", post, "clear", 403, "not_yours")
    stage.step("Ben reads and clears them; they go out, and the commenter is asked.")
    stage.do("ben", post, "clear")
    stage.until(post, "published")
    stage.recorded(post, "post:words:cleared", "post:attempt:started", "post:attempt:published")
    stage.printed(done["post_id"], FOLLOW_UP)
    stage.until(commitment, "told")
    stage.recorded(commitment, "commitment:report:published")
    stage.step("The commenter has the last word, and says in the thread that it is kept.")
    case = stage.get(f"escalation/{stage.get(commitment)['escalation_id']}")
    path = commitment.replace("commitment/", "/commitments/")
    word = stage.ask(
        "story", "POST", f"{path}/word", {"is_kept": True, "handle": case["author"]["handle"]}
    )
    expect("who had the last word", word["source"], "same_account")
    stage.until(commitment, "kept")
    stage.recorded(commitment, "commitment:word:given", "commitment:promise:kept")


def honest_refusal(stage: Stage) -> None:
    """A second comment gets a no that can be read."""
    escalation = comment_arrives(stage, "Can you repair the frame I bought somewhere else?")
    stage.step("Ada claims it and recommends to say no.")
    stage.do("ada", escalation, "claim")
    stage.do("ada", escalation, "propose", request="Not our frame.", recommendation="refuse")
    stage.recorded(escalation, "escalation:owner:claimed", "escalation:proposal:submitted")
    stage.step("Cora refuses, with a reason that people can read.")
    stage.do("cora", escalation, "refuse", code="not_ours", reason=REASON)
    stage.recorded(escalation, "escalation:decision:refused")
    stage.step("Ada answers with that reason, word for word; it goes straight out.")
    done = stage.do("ada", escalation, "reply", text=REASON)
    stage.recorded(escalation, "escalation:reply:submitted")
    post = f"post/{done['post_id']}"
    stage.until(post, "published")
    stage.recorded(post, "post:words:submitted", "post:attempt:started", "post:attempt:published")
    stage.printed(done["post_id"], REASON)
    stage.until(escalation, "listening")
    stage.recorded(escalation, "escalation:reply:settled")


def chains_hold(stage: Stage) -> None:
    """Every history of the story is whole, and nothing is in it that was not shown."""
    stage.step("Dev, the auditor, recomputes every hash of these histories.")
    for stream, seen in stage.seen.items():
        count = stage.verify(stream)
        expect(f"the entries of {stream}", count, seen)
        expect(f"{stream}: the service's own word", stage.get(f"{stream}/history")["chain"],
               {"holds": True, "broken_at": None})  # fmt: skip
        stage.say(f"      {stream}: {count} entries, each linked to the one before")
