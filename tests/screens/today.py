"""Today, as the cast of the samples spends it, over HTTP, so that what waits really waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

PATIENCE = 30.0


@dataclass
class Today:
    """The service, the tokens of the cast, and the samples' open cases by their first words."""

    url: str
    tokens: dict[str, str]

    def ask(self, who: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = httpx.request(
            method,
            f"{self.url}/api/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.tokens[who]}"},
            timeout=PATIENCE,
            trust_env=False,
        )
        assert answer.is_success, f"{who}: {method} {path}: {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def do(self, who: str, path: str, act: str, **fields: Any) -> dict[str, Any]:
        return self.ask(who, "POST", f"{path}/{act}", fields)

    def case(self, words: str) -> str:
        """The case whose comments hold these words."""
        found = self.ask("dev", "GET", f"escalations?q={words}")["items"]
        assert found, words
        return f"escalations/{found[0]['id']}"

    def until(self, path: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        give_up_at = time.monotonic() + PATIENCE
        while not is_so(found := self.ask("dev", "GET", path)):
            assert time.monotonic() < give_up_at, f"{path}: {found}"
            time.sleep(0.1)
        return found


def _in(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


def play(today: Today) -> dict[str, str]:
    """Everything; answers the ids of what the screenshots show."""
    tourer = _answered_with_a_promise(today)
    refused = _refused_in_public(today)
    asked = _waiting_for_cora(today)
    prepared = _being_prepared(today)
    post = _to_be_cleared(today)
    return {
        "case": prepared.partition("/")[2],
        "answered": tourer.partition("/")[2],
        "refused": refused.partition("/")[2],
        "asked": asked.partition("/")[2],
        "post": post,
        "matter": _matter(today),
        "commitment": today.until(tourer, lambda case: bool(case["commitments"]))["commitments"][0][
            "id"
        ],
    }


def _answered_with_a_promise(today: Today) -> str:
    case = today.case("Tourer")
    today.do("ada", case, "claim")
    promise = "You will have your Tourer 3, or all of your money back, by Friday evening."
    today.do(
        "ada", case, "propose",
        request="May I promise the bike or the full refund by Friday?",
        reply="You asked five times, and the accordion answered. Your bike stood unassembled in "
        f"our warehouse because a fork was missing, and nobody told you. {promise}",
        promises=[{"sentence": promise, "accountable": "ben", "due_at": _in(days=4)}],
    )  # fmt: skip
    today.do("cora", case, "approve")
    (unsigned,) = today.ask("ben", "GET", case)["waiting"]["unsigned"]
    today.do("ben", case, "accept_promise", promise_id=unsigned)
    today.until(case, lambda found: found["stage"] == "listening")
    return case


def _refused_in_public(today: Today) -> str:
    case = today.case("lowest")
    reason = (
        "No. Our lowest-price promise ended in spring, and the banner should have gone with it. It "
        "is gone now. We are sorry that it led you here."
    )
    today.do("ada", case, "claim")
    today.do("ada", case, "propose", request="He wants 80 off, by a promise that has ended.",
             recommendation="refuse")  # fmt: skip
    today.do("cora", case, "refuse", code="not_ours", reason=reason)
    today.do("ada", case, "reply", text=reason)
    today.until(case, lambda found: found["stage"] == "listening")
    return case


def _waiting_for_cora(today: Today) -> str:
    brakes = today.case("brakes")
    today.do("ben", brakes, "claim")
    promise = "We will pay the other shop's bill in full this week."
    today.do(
        "ben", brakes, "propose",
        request="May we pay the other shop's bill, and say that the bolt was our fault?",
        reply="You could have been hurt, and it was our fault: the bolt was not tightened, and "
        f"nobody checked. {promise} The workshop has stopped and checks every brake it touched "
        "since Monday.",
        promises=[{"sentence": promise, "accountable": "ben", "due_at": _in(days=5)}],
    )  # fmt: skip
    quote = today.case("Quoted")
    today.do("ada", quote, "claim")
    today.do(
        "ada", quote, "propose",
        request="May we refund the difference of 74?",
        reply="You were quoted 60 and charged 134, and nobody rang you. That is not how we want to "
        "work, and you have the 74 back on your card today.",
        not_promises=[],
    )  # fmt: skip
    ramp = today.case("wheelchair")
    today.do("ada", ramp, "claim")
    today.do("ada", ramp, "propose",
             request="Who pays for a ramp at Mill Lane, and by when can it stand?")  # fmt: skip
    return brakes


def _being_prepared(today: Today) -> str:
    case = today.case("panniers")
    today.do("ada", case, "claim")
    today.do("ada", case, "note", text="@ben the warehouse says it booked them in on the 14th. "
             "Can you find the slip?")  # fmt: skip
    today.do("ben", case, "note", text="Found. Booked to another customer of the same name. The "
             "refund can go out today.")  # fmt: skip
    today.ask(
        "ada", "PUT", f"{case}/draft",
        {"kind": "reply", "text": "Your panniers arrived five weeks ago and were booked to "
         "somebody with your name. The money is on its way. It will be on your account on "
         "Thursday."},
    )  # fmt: skip
    return case


def _to_be_cleared(today: Today) -> str:
    case = today.case("puncture")
    today.do("ben", case, "claim")
    today.do("ben", case, "propose", request="May I explain the price?")
    today.do("cora", case, "approve")
    done = today.do(
        "ben", case, "reply",
        text="No gold leaf. The 28 are a tube at 9 and twenty minutes of work. Asked at the "
        "counter you would have heard that first, and you were not asked. The next one is on us.",
    )  # fmt: skip
    post: str = done["post_id"]
    today.until(f"posts/{post}", lambda found: found["stage"] == "in_review")
    return post


def _matter(today: Today) -> str:
    title = {"title": "X2 motors cut out uphill", "team": "care"}
    made = today.ask("ben", "POST", "matters", title)
    matter: str = made["id"]
    members = [today.case(words).partition("/")[2] for words in ("motor", "والبطارية")]
    today.ask("ben", "POST", f"matters/{matter}/members", {"escalation_ids": members})
    return matter
