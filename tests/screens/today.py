"""Today, as the cast of the samples spends it, over HTTP, so that what waits really waits."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from answerable.sample_data import sample_policy
from domain.messages import Notice
from tests.screens.letters import Letters

PATIENCE = 30.0


@dataclass
class Today:
    """The service, the tokens of the cast, its mails, and where its webhooks lead."""

    url: str
    tokens: dict[str, str]
    letters: Letters
    receivers: tuple[str, str]
    """Addresses for webhooks: of one that takes what it is told, and of one that does not."""

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

    def until(
        self, path: str, is_so: Callable[[dict[str, Any]], bool], *, who: str = "dev"
    ) -> dict[str, Any]:
        give_up_at = time.monotonic() + PATIENCE
        while not is_so(found := self.ask(who, "GET", path)):
            assert time.monotonic() < give_up_at, f"{path}: {found}"
            time.sleep(0.1)
        return found


def _in(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


def play(today: Today) -> dict[str, str]:
    """Everything; answers the ids of what the screenshots show."""
    tourer = _answered_with_a_promise(today)
    refused = _refused_in_public(today)
    brakes, *others = _waiting_for_cora(today)
    prepared = _being_prepared(today)
    post = _to_be_cleared(today)
    replying = _to_be_answered(today)
    told, old_link = _reported_kept(today)
    matter = _matter(today)
    _another_policy(today)
    return {
        "case": _id(prepared),
        "answered": _id(tourer),
        "asked": _id(brakes),
        "refused": str(today.ask("dev", "GET", refused)["replies"][0]["id"]),
        "free": _free(today),
        "replying": _id(replying),
        "post": post,
        "matter": matter,
        "commitment": _promise_of(today, tourer),
        "told": _id(told),
        "old_link": old_link,
        "old_word": str(today.do("ben", told, "make_link")["secret"]),
        "word": str(today.do("ben", told, "make_link")["secret"]),
        "together": "&".join(f"case={_ticked(today, case)}" for case in (brakes, *others)),
        "token": today.ask("root", "GET", "tokens?person=ben")["items"][0]["id"],
        **_hooks(today),
        **_mails(today, brakes, others, prepared, post),
    }


def _id(path: str) -> str:
    return path.partition("/")[2]


def _promise_of(today: Today, case: str) -> str:
    promise: str = today.until(case, lambda c: bool(c["commitments"]))["commitments"][0]["id"]
    return promise


def _ticked(today: Today, case: str) -> str:
    """As the tick on the card of this decision names it."""
    return f"{_id(case)}.{today.ask('cora', 'GET', case)['seq']}.cora"


def _free(today: Today) -> str:
    """Some cases that nobody has claimed, as ticks in the queue name them."""
    found = today.ask("ada", "GET", "escalations?stage=unclaimed&limit=6")["items"]
    return "&".join(f"ids={one['id']}:{one['seq']}" for one in found)


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


def _waiting_for_cora(today: Today) -> tuple[str, str, str]:
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
    return brakes, quote, ramp


def _being_prepared(today: Today) -> str:
    case = today.case("panniers")
    today.do("ada", case, "claim")
    today.do("ada", case, "note", text="@ben the warehouse says it booked them in on the 14th. "
             "Can you find the slip?")  # fmt: skip
    today.do("ben", case, "note", text="Found. Booked to another customer of the same name. The "
             "refund can go out today.")  # fmt: skip
    today.ask(
        "ben", "PUT", f"{case}/draft",
        {"kind": "reply", "text": "Your panniers arrived five weeks ago. We are looking into where "
         "your money is and will get back to you as soon as possible."},
    )  # fmt: skip
    today.ask(
        "ada", "PUT", f"{case}/draft",
        {"kind": "reply", "based_on": 1,
         "text": "Your panniers arrived five weeks ago and were booked to somebody with your name. "
         "The money is on its way. It will be on your account on Thursday."},
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


def _to_be_answered(today: Today) -> str:
    """Approved, with words that were not bound to the decision: the owner has written them."""
    case = today.case("Firefox")
    today.do("ben", case, "claim")
    today.do("ben", case, "propose", request="May we say openly that the checkout was broken?")
    today.do("cora", case, "approve")
    today.ask(
        "ben", "PUT", f"{case}/draft",
        {"kind": "reply", "text": "Our checkout broke on Saturday for everybody who collects at "
         "Mill Lane, and took money all the same. It is mended, and every double charge has gone "
         "back. Somebody rang you; that should have been us, here, and sooner. 🚲"},
    )  # fmt: skip
    return case


def _reported_kept(today: Today) -> tuple[str, str]:
    """A promise that we say we have kept, and the link of a mail about its case that nobody needs
    any more."""
    case = today.case("Helmet")
    promise = "A helmet in L is on its way to you, and the postage for both ways is ours."
    today.do("ada", case, "claim")
    today.do(
        "ada", case, "propose",
        request="May we pay the postage both ways, and send the helmet before hers is back?",
        reply=f"M that is S: you are the fourth this month. {promise}",
        promises=[{"sentence": promise, "accountable": "ben", "due_at": _in(days=3)}],
    )  # fmt: skip
    asked = Notice(reason="decision_wanted", about=f"escalation/{_id(case)}")
    mail = today.letters.send("cora", asked)
    today.do("cora", case, "approve")
    (unsigned,) = today.ask("ben", "GET", case)["waiting"]["unsigned"]
    today.do("ben", case, "accept_promise", promise_id=unsigned)
    path = f"commitments/{_promise_of(today, case)}"
    text = "It came on Tuesday, and the label for the way back lies in the box."
    done = today.do("ben", path, "report_kept", text=text)
    post = f"posts/{done['post_id']}"
    today.until(post, lambda found: found["stage"] == "in_review")
    today.do("ada", post, "clear")
    today.until(path, lambda found: found["stage"] == "told")
    return path, _link_in(mail)


def _link_in(mail: str) -> str:
    found = re.search(r"/go/(go_[\w-]+)", mail)
    assert found
    return found[1]


def _hooks(today: Today) -> dict[str, str]:
    """One webhook that is told, and one that takes nothing since this morning."""
    good, bad = today.receivers
    kinds = [item["kind"] for item in today.ask("root", "GET", "webhooks/kinds")["items"]]

    def hook(name: str, url: str, kinds: list[str]) -> tuple[str, str]:
        made = today.ask("root", "POST", "webhooks", {"name": name, "url": url, "kinds": kinds})
        path = f"webhooks/{made['webhook']['id']}"
        sent = today.ask("root", "POST", f"{path}/test")
        delivery = f"{path}/deliveries/{sent['id']}"
        today.until(delivery, lambda found: bool(found["log"]), who="root")
        return _id(path), str(sent["id"])

    healthy, _ = hook("Data warehouse", good, kinds)
    failing, delivery = hook("Kundendienst-Chatbot (يُختبر) 🤖", bad, kinds[:4])
    hook("Ticket system", "https://tickets.veloria.example/hooks/answerable/" + "v1/" * 20, kinds)
    return {"hook": healthy, "failing_hook": failing, "delivery": delivery}


def _mails(
    today: Today, brakes: str, others: list[str], prepared: str, post: str
) -> dict[str, str]:
    """An urgent mail and daily ones, one of them in German, and the link of the urgent one."""

    def notice(reason: str, path: str, *, urgent: bool = False) -> Notice:
        return Notice(reason=reason, about=f"escalation/{_id(path)}", urgent=urgent)

    letters = today.letters
    urgent = letters.send("cora", notice("decision_wanted", brakes, urgent=True))
    battery = today.case("والبطارية")
    review = Notice(reason="review_wanted", about=f"post/{post}")
    daily = [notice("decision_wanted", other) for other in others]
    daily += [notice("late", battery), notice("mentioned", prepared)]
    daily.append(Notice(reason="token_made_for_you", about="sessions"))
    of_fay = [review, notice("waits_for_an_owner", battery), notice("due_soon", battery)]
    of_fay += [notice("mentioned", prepared), notice("waits_for_an_owner", today.case("clowns"))]
    return {
        "link": _link_in(urgent),
        "mail_urgent": letters.kept("urgent", urgent),
        "mail_daily": letters.kept("daily", letters.send("cora", due=daily)),
        "mail_german": letters.kept("german", letters.send("fay", due=of_fay, language="de")),
    }


def _another_policy(today: Today) -> None:
    """A second version of the policy, so that there is something to compare."""
    _, text = sample_policy(datetime.now(UTC).date())
    text = text.replace('claim = "1h"', 'claim = "30m"').replace('"police"]', '"police", "recall"]')
    found = today.ask("root", "POST", "policy/check", {"text": text})
    reason = "After the brakes of Harbour Street: half an hour, and recalls too."
    body = {"text": text, "draft": found["draft"], "on": 1, "reason": reason}
    today.ask("root", "POST", "policy", body)


def _matter(today: Today) -> str:
    title = {"title": "X2 motors cut out uphill", "team": "care"}
    made = today.ask("ben", "POST", "matters", title)
    matter: str = made["id"]
    members = [today.case(words).partition("/")[2] for words in ("motor", "والبطارية")]
    today.ask("ben", "POST", f"matters/{matter}/members", {"escalation_ids": members})
    return matter
