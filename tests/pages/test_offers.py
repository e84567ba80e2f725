"""Where an act names something else, the page offers what there is, by name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from api.bodies import BODIES
from api.deps import POLICY_SECONDS
from api.pages import inputs, offers
from domain.base import Words
from domain.calendar import Calendar, Day, Offset, Window
from domain.entity import Command, decide
from domain.errors import Refused
from domain.escalation.commands import AddApprover, Assign, ReplaceApprover
from domain.kinds import KINDS
from domain.matter.commands import AssignMatter
from domain.people import Actor
from domain.policy import GENERAL
from domain.terms import DecisionMode, DecisionTerms
from store import absences, details, policies
from tests import builders
from tests.builders import ADA, CAST, CORA
from tests.pages.conftest import Office, form_of, text_of
from tests.pages.test_pages import case_of, page_of

NOT_NOW = "Not for you now, and why"


async def test_a_case_is_sent_to_a_team_that_is_chosen_by_its_name(office: Office) -> None:
    case = page_of(await office.door.opened())
    ben = await office.browser_of("ben")
    page = await ben.see(case)
    assert '<option value="shop">Online shop</option>' in page.text
    assert form_of(page, "/reroute")["team"] == "", "nothing is chosen beforehand"
    await ben.do(case, "reroute", page=page, team="shop", reason="It is about an order.")
    assert (await office.door.ben.get(case_of(case)))["team"] == "shop"


async def test_a_matter_is_chosen_by_its_title_and_where_there_is_none_that_is_said(
    office: Office,
) -> None:
    case = page_of(await office.door.opened())
    ada = await office.browser_of("ada")
    offered, _, refused = text_of(await ada.see(case)).partition(NOT_NOW)
    assert "Put it into a matter" not in offered
    assert "Put it into a matter : no matter is open to be joined" in refused
    made = await office.door.ada.post("matters", {"title": "No saddles", "team": "care"})
    page = await ada.see(case)
    assert f'<option value="{made["id"]}">No saddles</option>' in page.text
    await ada.do(case, "join_matter", page=page, matter_id=made["id"])
    assert (await office.door.ada.get(case_of(case)))["matter_id"] == made["id"]


async def test_what_is_merged_into_is_chosen_by_its_first_words(office: Office) -> None:
    case = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    offered, _, refused = text_of(await ada.see(case)).partition(NOT_NOW)
    assert "Merge it" not in offered
    assert "no other case of the same person is open" in refused
    other = (await office.door.opened(text="And my lamp is dark.")).partition("/")[2]
    page = await ada.see(case)
    assert f'<option value="{other}">And my lamp is dark. (Customer care)</option>' in page.text
    await ada.do(case, "merge", page=page, into=other, reason="Both are about one bicycle.")
    assert (await office.door.ada.get(case_of(case)))["outcome"] == "merged"


async def test_a_newer_calendar_is_offered_where_it_moves_the_date(office: Office) -> None:
    today = datetime.now(UTC).date()
    always = Calendar(
        id="hours",
        weekly=((Window(0, 1440),),) * 7,
        zone="UTC",
        zone_version="2026a",
        offsets=(Offset(at=datetime(1970, 1, 1, tzinfo=UTC), seconds=0),),
        since=today - timedelta(days=9),
        until=today + timedelta(days=400),
    )
    free = tuple(Day(on=today + timedelta(days=n), name="Stocktaking") for n in range(2))

    async def put_in_force(calendar: Calendar) -> None:
        terms: dict[str, Any] = {GENERAL: builders.plan(calendar="hours")}
        policy = builders.policy(terms=terms, calendars={"hours": calendar})
        with office.door.service.database.writing() as session:
            policies.apply(session, policy, "root", datetime.now(UTC), reason="Hours.")
        await asyncio.sleep(POLICY_SECONDS)

    await put_in_force(always)
    case = page_of(await office.door.prepared())
    (clock,) = (await office.door.ben.get(case_of(case)))["deadlines"]
    ben = await office.browser_of("ben")
    offered, _, refused = text_of(await ben.see(case)).partition(NOT_NOW)
    assert "Accept the newer calendar" not in offered
    assert "the calendar in force moves nothing here" in refused
    await put_in_force(always.model_copy(update={"days": free}))
    page = await ben.see(case)
    assert "By the calendar in force it would be due" in text_of(page)
    await ben.do(case, "accept_calendar", page=page, reason="We count our saddles.")
    (moved,) = (await office.door.ben.get(case_of(case)))["deadlines"]
    assert moved["due_at"] > clock["due_at"]


# People. --------------------------------------------------------------------------------------


def choices_of(page: httpx.Response, act: str, name: str) -> dict[str, str]:
    """What the select of this name offers in the form of an act: what stands there by its value."""
    form = re.search(rf'action="[^"]*/{act}".*?</form>', page.text, re.S)
    assert form, act
    select = re.search(rf'<select[^>]* name="{name}".*?</select>', form[0], re.S)
    assert select, name
    return dict(re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)</option>', select[0]))


async def test_one_more_approver_is_chosen_by_name_and_replaced_by_name(office: Office) -> None:
    case = page_of(await office.door.deciding())
    ada, cora = await office.browser_of("ada"), await office.browser_of("cora")
    page = await ada.see(case)
    offered = choices_of(page, "add_approver", "person")
    assert offered == {"": "Choose who", "ben": "Ben", "cora": "Cora", "eve": "Eve"}
    assert form_of(page, "/add_approver")["person"] == "", "nobody is chosen beforehand"
    await ada.do(case, "add_approver", page=page, person="ben", reason="It is his field.")
    page = await cora.see(case)
    assert choices_of(page, "replace_approver", "person") == {"": "Choose who", "ben": "Ben"}
    assert "ben" not in choices_of(page, "replace_approver", "replaced_by")
    assert "ben" not in choices_of(page, "add_approver", "person")
    sent = {"person": "ben", "replaced_by": "eve", "reason": "He is away."}
    page = await cora.do(case, "replace_approver", page=page, more=sent)
    assert choices_of(page, "replace_approver", "person") == {"": "Choose who", "eve": "Eve"}


async def test_somebody_who_is_away_or_has_left_is_marked_so(office: Office) -> None:
    case = page_of(await office.door.deciding())
    at = datetime.now(UTC)
    # The first moment back is a midnight of the reader's zone, so the day before is the last away.
    back = datetime.combine(at.date() + timedelta(days=3), datetime.min.time(), UTC)
    with office.door.service.database.writing() as session:
        absences.plan(session, "ben", at - timedelta(hours=1), back, at, by="root")
    ada = await office.browser_of("ada")
    page = await ada.see(case)
    last = f"{back - timedelta(days=1):%a, %-d %b %Y}"
    said = choices_of(page, "add_approver", "person")["ben"]
    assert said == f"Ben (away until {last})"
    await ada.do(case, "add_approver", page=page, person="ben", reason="It is his field.")
    await office.door.root.post("people/ben/leave")
    cora = await office.browser_of("cora")
    gone = choices_of(await cora.see(case), "replace_approver", "person")
    assert gone == {"": "Choose who", "ben": "Ben (has left)"}


async def test_an_act_that_nobody_is_left_for_says_so(office: Office) -> None:
    case = page_of(await office.door.prepared())
    await office.door.root.post("people/ben/leave")
    ada = await office.browser_of("ada")
    offered, _, refused = text_of(await ada.see(case)).partition(NOT_NOW)
    assert "Assign it" not in offered
    assert "Assign it : nobody else could take it" in refused


async def test_a_case_and_a_matter_are_assigned_to_whom_the_rules_take(office: Office) -> None:
    case = page_of(await office.door.prepared())
    ada = await office.browser_of("ada")
    page = await ada.see(case)
    assert choices_of(page, "assign", "person") == {"": "Choose who", "ben": "Ben"}
    await ada.do(case, "assign", page=page, person="ben")
    assert (await office.door.ada.get(case_of(case)))["owner"] == "ben"
    matter = await office.door.ada.post("matters", {"title": "Saddles", "team": "care"})
    page = await ada.see(f"/matter/{matter['id']}")
    offered = choices_of(page, "assign", "person")
    assert offered == {"": "Choose who", "ben": "Ben", "cora": "Cora"}
    await ada.do(f"/matter/{matter['id']}", "assign", page=page, person="cora")
    assert (await office.door.ada.get(f"matters/{matter['id']}"))["owner"] == "cora"


async def test_what_is_offered_is_what_the_rules_accept(office: Office) -> None:
    """Everybody of the cast, named in the command itself, against what the page offers of them."""
    terms: dict[str, Any] = {
        GENERAL: builders.plan(
            decision=DecisionTerms(mode=DecisionMode.ALL, approvers=("cora", "eve"))
        )
    }
    with office.door.service.database.writing() as session:
        policies.apply(session, builders.policy(terms=terms), "root", datetime.now(UTC))
    await asyncio.sleep(POLICY_SECONDS)
    waiting, prepared = await office.door.deciding(), await office.door.prepared()
    matter = await office.door.ada.post("matters", {"title": "Saddles", "team": "care"})
    reason = Words(id="w", digest="d")
    with office.door.service.database.reading() as session:
        in_force = policies.current(session)
        assert in_force is not None
        around = offers.colleagues(session, "care", datetime.now(UTC))

        def accepted(stream: str, of: Callable[[Actor], Command], by: Actor) -> set[str]:
            state = details.state_of(session, stream)
            return {m.id for m in CAST if _is_taken(state, of(m.actor), by)}

        def offered(stream: str, act: str, name: str = "person") -> set[str]:
            state = details.state_of(session, stream)
            found = (
                offers.of_matter(state, in_force, around)
                if stream.startswith("matter")
                else offers.of_escalation(session, state, in_force, {act}, around, ())
            )
            return {person for person, _ in found.options[act][name]}

        case, early = page_of(waiting)[1:], page_of(prepared)[1:]
        ada, cora = ADA.actor, CORA.actor
        assert offered(case, "add_approver") == accepted(
            case, lambda a: AddApprover(approver=a, reason=reason), ada
        ) == {"ben"}  # fmt: skip
        assert offered(case, "replace_approver", "replaced_by") == accepted(
            case, lambda a: ReplaceApprover(person="eve", approver=a, reason=reason), cora
        ) == {"ben"}  # fmt: skip
        assert offered(case, "replace_approver") == accepted(
            case,
            lambda a: ReplaceApprover(person=a.id, approver=builders.BEN.actor, reason=reason),
            cora,
        ) == {"cora", "eve"}  # fmt: skip
        assert offered(early, "assign") == accepted(early, lambda a: Assign(assignee=a), ada)
        stream = f"matter/{matter['id']}"
        assert offered(stream, "assign") == accepted(
            stream, lambda a: AssignMatter(assignee=a), ada
        )


def _is_taken(state: Any, command: Command, by: Actor) -> bool:
    try:
        decide(KINDS[state.KIND], state, command, by, datetime.now(UTC))
    except Refused:
        return False
    return True


OTHERWISE = {"on_behalf_of", "promise_id"}
"""Fields that their forms choose for themselves: by whom somebody speaks for, by the sentence."""


async def test_no_form_wants_an_id_to_be_typed(office: Office) -> None:
    """Whatever a command names is offered by name: no field of it is drawn as a line of text."""
    case = page_of(await office.door.deciding())[1:]
    matter = await office.door.ada.post("matters", {"title": "Saddles", "team": "care"})
    with office.door.service.database.reading() as session:
        in_force = policies.current(session)
        assert in_force is not None
        of_case, of_matter = (
            details.state_of(session, stream) for stream in (case, f"matter/{matter['id']}")
        )
        acts = set(BODIES["escalation"])
        found = {
            "escalation": offers.of_escalation(session, of_case, in_force, acts, (), ()),
            "matter": offers.of_matter(of_matter, in_force, ()),
        }
    for kind, bodies in BODIES.items():
        named = {
            (act, one.name)
            for act in bodies
            for one in inputs.inputs(kind, act)
            if one.shape == "offer" and one.name not in OTHERWISE
        }
        options = found[kind].options if kind in found else {}
        assert named == {(act, name) for act, fields in options.items() for name in fields}, kind
