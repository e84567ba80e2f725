"""The answers in the public ledger: what was replied, what was refused and why, where time goes."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

import pytest

from domain.escalation.events import Dismissed
from domain.escalation.stages import DismissCode, Outcome
from domain.post import PostKind
from tests.api.conftest import problem_of
from tests.pages.conftest import text_of
from tests.pages.test_ledger import ATOM, HOSTILE, HTML, Town, _always_new, town
from tests.pasts import DAY

__all__ = ["_always_new", "town"]


@pytest.mark.rule(7)
async def test_a_refusal_is_published_with_its_reason(town: Town) -> None:
    post = town.refuse()
    page = text_of(await town.ask(f"/ledger/answers/{post}", headers=HTML))
    for said in (
        "Refused: it costs too much", "Sorry, no.", "Why it was refused", "It costs a bridge.",
        "Written by Ada", "Decided by Cora", "Answered after 3 h",
    ):  # fmt: skip
        assert said in page, said
    told = (await town.ask(f"/ledger/answers/{post}.json")).json()
    assert (told["version"], told["refusal"], told["reason"], told["text"]) == (
        1, "too_costly", "It costs a bridge.", "Sorry, no.",
    )  # fmt: skip
    assert told["url"].endswith(f"/ledger/answers/{post}")
    feed = Xml.fromstring((await town.ask("/ledger/answers.atom")).content)
    entry = feed.find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == "Refused: Sorry, no."
    assert "It costs a bridge." in (entry.findtext(f"{ATOM}summary") or "")
    assert entry.findtext(f"{ATOM}id") == f"tag:answerable,2026:post/{post}"


async def test_every_reason_leads_to_as_many_answers_as_it_counts(town: Town) -> None:
    for _ in range(2):
        town.refuse()
    case = town.past.case(datetime.now(UTC) - DAY)
    town.past.answer(case, datetime.now(UTC), "Yes, of course.")
    front = await town.ask("/ledger", headers=HTML)
    assert "2 of 3 answers say no." in text_of(front)
    assert 'href="/ledger/answers?refusal=too_costly"' in front.text
    figures = (await town.ask("/ledger.json")).json()["figures"]
    assert figures["answers"] == {"total": 3, "refused": 2, "refusals": {"too_costly": 2}}
    for asked, number in (("?refusal=too_costly", 2), ("?refusal=any", 2), ("", 3)):
        found = (await town.ask(f"/ledger/answers.json{asked}")).json()
        assert len(found["items"]) == number
        listed = (await town.ask(f"/ledger/answers{asked}", headers=HTML)).text
        assert listed.count('href="/ledger/answers/01') == number
    assert (await town.ask("/ledger/answers.json")).json()["tally"] == figures["answers"]


async def test_the_time_of_each_step_stands_on_the_front_page(town: Town) -> None:
    town.refuse()
    spam, at = town.past.case(datetime.now(UTC) - DAY), datetime.now(UTC) - DAY
    town.past.tell(f"escalation/{spam}", "ada", at, Dismissed(code=DismissCode.SPAM))
    town.past.close(spam, at, Outcome.DISMISSED)
    page = text_of(await town.ask("/ledger", headers=HTML))
    assert "Where the time goes" in page
    assert "Decide executives, or whoever was named to decide 1" in page
    assert "Closed as needing no answer: 1 Spam." in page
    steps = (await town.ask("/ledger.json")).json()["figures"]["steps"]
    assert {one["step"]: one["half_minutes"] for one in steps["items"]}["replying"] == 120


async def test_following_next_shows_every_answer_once(town: Town) -> None:
    made = {town.refuse() for _ in range(5)}
    seen, path = list[str](), "/ledger/answers.json?limit=2&refusal=any"
    while path:
        page = (await town.ask(path)).json()
        seen += [item["id"] for item in page["items"]]
        path = (page["next"] or "").partition("//")[2].partition("/")[2]
        path = f"/{path}" if path else ""
    assert len(seen) == len(set(seen)) == 5
    assert set(seen) == made


async def test_what_is_private_and_what_never_was_are_answered_alike(town: Town) -> None:
    hidden = town.refuse("We will settle this quietly.", is_public=False)
    for path in (hidden, "01M832XSBSA28KYCS6T2BNABQ3", "nothing", "x" * 300):
        for kind in ("", ".json"):
            problem = problem_of(await town.ask(f"/ledger/answers/{path}{kind}"), 404)
            assert problem["code"] == "unknown_answer"
    for path in ("/ledger", "/ledger/answers", "/ledger/answers.json", "/ledger/answers.atom"):
        assert "quietly" not in (await town.ask(path)).text
    empty = text_of(await town.ask("/ledger/answers", headers=HTML))
    assert "No public answer is like this." in empty


async def test_hostile_words_are_only_words(town: Town) -> None:
    post = town.refuse(HOSTILE * 20, HOSTILE)
    for path in (f"/ledger/answers/{post}", "/ledger/answers", "/ledger", "/ledger/answers.atom"):
        assert "<script>alert" not in (await town.ask(path)).text
    assert (await town.ask(f"/ledger/answers/{post}.json")).json()["reason"] == HOSTILE


async def test_a_filter_that_cannot_be_is_refused_and_one_that_finds_nothing_says_so(
    town: Town,
) -> None:
    assert problem_of(await town.ask("/ledger/answers?refusal=never"), 422)["field"] == "refusal"
    assert problem_of(await town.ask("/ledger/answers.json?refusal=never"), 422)
    town.refuse()
    page = text_of(await town.ask("/ledger/answers?refusal=disagree", headers=HTML))
    assert "Refused: we see it differently" in page
    assert "No public answer is like this." in page


async def test_corrections_and_promises_stand_with_the_answer(town: Town) -> None:
    at = datetime.now(UTC) - DAY
    case = town.past.case(at)
    post = town.past.answer(case, at, "It comes on Monday.")
    promise = town.past.promise(at=at, escalation_id=case, post_id=post)
    tag = (await town.ask(f"/ledger/answers/{post}")).headers["etag"]
    said = town.past.words("It comes on Tuesday.")
    town.past.post(said, at + DAY, case=case, kind=PostKind.CORRECTION, corrects=post)
    answer = await town.ask(f"/ledger/answers/{post}", headers=HTML)
    page = text_of(answer)
    assert "A correction of earlier words" in page
    assert "corrected later" in page
    assert f'href="/ledger/{promise}"' in answer.text
    assert answer.headers["etag"] != tag
    assert "with one promise" in text_of(await town.ask("/ledger/answers", headers=HTML))
