"""Every route and every command, called as each role and as nobody, by a table written by hand.

The table says who is let in; what is inside is judged by other tests. A route or a command that is
not in the table fails, and so does one whose line says something else than its code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, get_args

import httpx
import pytest

from api.app import create_app
from api.bodies import BODIES
from api.deps import API
from api.pages import security
from api.rights import access_of
from config.settings import Settings
from domain.people import Role
from store import sessions, words
from tests.api.conftest import OpenDoor
from tests.api.test_commitments import promised

EVERYBODY = ("nobody", "ada", "cora", "dev", "root", "hook")
"""Nobody, then one of each role: staff, executive, auditor, admin, service."""

LET_IN = {
    "all": EVERYBODY,
    "known": ("ada", "cora", "dev", "root", "hook"),
    "read": ("ada", "cora", "dev"),
    "act": ("ada", "cora"),
    "record": ("cora", "dev"),
    "house": ("ada", "cora", "dev", "root"),
    "watch": ("dev", "root"),
    "admin": ("root",),
    "bring": ("root", "hook"),
    "machine": ("hook",),
}

ROUTES = """
    GET  /                                                  all
    GET  /healthz                                           all
    GET  /readyz                                            all
    GET  /metrics                                           all
    GET  /openapi.json                                      all
    GET  /static/{name}                                     all
    GET  /sign-in                                           all
    POST /sign-in                                           all
    POST /sign-in/as                                        all
    GET  /sign-in/with                                      all
    GET  /sign-in/back                                      all
    POST /sign-out                                          all
    GET  /word/{secret}                                     all
    POST /word/{secret}                                     all
    GET  /sessions                                          known
    POST /sessions/end                                      known
    POST /sessions/{session_id}/end                         known
    POST /sessions/tokens/{token_id}/end                    known
    GET  /queue                                             read
    GET  /decisions                                         read
    GET  /posts                                             read
    GET  /commitments                                       read
    GET  /matters                                           read
    POST /matters                                           act
    GET  /escalation/{entity_id}                            read
    GET  /post/{entity_id}                                  read
    GET  /commitment/{entity_id}                            read
    GET  /matter/{entity_id}                                read
    POST /escalation/{entity_id}/{act}                      act
    POST /post/{entity_id}/{act}                            act
    POST /commitment/{entity_id}/{act}                      act
    POST /matter/{entity_id}/{act}                          act
    GET  /calendar/{secret}.ics                             all
    GET  /ledger.json                                       all
    GET  /ledger/{promise}.json                             all
    GET  /ledger.atom                                       all
    GET  /ledger/answers.json                               all
    GET  /ledger/answers/{post}.json                        all
    GET  /ledger/answers.atom                               all
    GET  /queue/changes                                     read
    POST /queue/{entity_id}/claim                           act
    POST /queue/bulk                                        act
    GET  /queue/dismiss                                     act
    GET  /since/{kind}/{entity_id}                          read
    GET  /decisions/together                                read
    POST /decisions/together                                act
    GET  /me                                                house
    POST /me/calendar                                       act
    POST /me/calendar/end                                   act
    POST /me/reading                                        house
    GET  /me/away                                           house
    POST /me/away/absences                                  act
    POST /me/away/delegations                               act
    POST /me/away/absences/{absence_id}/end                 act
    POST /me/away/delegations/{delegation_id}/end           act
    GET  /me/notices                                        house
    POST /me/notices                                        house
    POST /me/notices/test                                   house
    GET  /admin                                             watch
    GET  /admin/teams                                       watch
    GET  /admin/channels                                    watch
    POST /admin/channels/{channel_id}/check                 admin
    GET  /admin/house                                       watch
    GET  /admin/policy                                      watch
    GET  /admin/policy/versions/{number}                    watch
    GET  /admin/policy/diff                                 watch
    GET  /admin/policy/dates                                watch
    GET  /admin/policy/draft                                admin
    POST /admin/policy/draft                                admin
    POST /admin/policy/apply                                admin
    GET  /admin/people                                      watch
    GET  /admin/new-person                                  admin
    POST /admin/new-person                                  admin
    GET  /admin/people/{person_id}                          watch
    POST /admin/people/{person_id}                          admin
    GET  /admin/people/{person_id}/leave                    admin
    POST /admin/people/{person_id}/leave                    admin
    POST /admin/people/{person_id}/sessions/end             admin
    POST /admin/people/{person_id}/sessions/{session_id}/end admin
    POST /admin/people/{person_id}/absences                 admin
    POST /admin/people/{person_id}/absences/{absence_id}/end admin
    POST /admin/people/{person_id}/delegations              admin
    POST /admin/people/{person_id}/delegations/{delegation_id}/end admin
    GET  /admin/tokens                                      watch
    POST /admin/tokens                                      admin
    GET  /admin/tokens/{token_id}/end                       watch
    POST /admin/tokens/{token_id}/end                       admin
    POST /{kind}/{entity_id}/words                          act
    POST /escalation/{entity_id}/draft                      act
    GET  /escalation/{entity_id}/drafts                     act
    POST /escalation/{entity_id}/drafts                     act
    GET  /insights                                          read
    GET  /insights/tables/{name}.csv                        read
    GET  /insights/cases                                    read
    GET  /insights/promises                                 read
    GET  /record                                            record
    GET  /record/found.csv                                  record
    GET  /record/policy/{version}                           record
    GET  /record/{kind}/{entity_id}                         record
    GET  /record/{kind}/{entity_id}/export                  record
    GET  /ledger                                            all
    GET  /ledger/all                                        all
    GET  /ledger/answers                                    all
    GET  /ledger/answers/{post}                             all
    GET  /ledger/{promise}                                  all
    POST /ledger/{promise}                                  all
    GET  /robots.txt                                        all
    GET  /go/{secret}                                       all
    POST /go/{secret}/{act}                                 all
    GET  /live                                              read
    GET  /presence/escalation/{entity_id}                   read
    POST /presence/escalation/{entity_id}                   act
    POST /api/v1/comments                                   bring
    POST /api/v1/comments/removals                          bring
    POST /api/v1/hooks/{channel}                            all
    POST /api/v1/words/{secret}                             all
    GET  /api/v1/escalations                                read
    GET  /api/v1/escalations/{entity_id}                    read
    GET  /api/v1/escalations/{entity_id}/history            read
    GET  /api/v1/escalations/{entity_id}/draft              act
    PUT  /api/v1/escalations/{entity_id}/draft              act
    GET  /api/v1/escalations/{entity_id}/draft/{version}    act
    POST /api/v1/escalations/{entity_id}/{command}          act
    GET  /api/v1/posts                                      read
    GET  /api/v1/posts/{entity_id}                          read
    GET  /api/v1/posts/{entity_id}/history                  read
    POST /api/v1/posts/{entity_id}/{command}                act
    GET  /api/v1/commitments                                read
    GET  /api/v1/commitments/{entity_id}                    read
    GET  /api/v1/commitments/{entity_id}/history            read
    POST /api/v1/commitments/{entity_id}/word               machine
    POST /api/v1/commitments/{entity_id}/{command}          act
    GET  /api/v1/matters                                    read
    POST /api/v1/matters                                    act
    GET  /api/v1/matters/{entity_id}                        read
    GET  /api/v1/matters/{entity_id}/history                read
    GET  /api/v1/matters/{entity_id}/members                read
    POST /api/v1/matters/{entity_id}/members                act
    POST /api/v1/matters/{entity_id}/members/leave          act
    POST /api/v1/matters/{entity_id}/suggest                act
    GET  /api/v1/matters/{entity_id}/suggestions            read
    POST /api/v1/matters/{entity_id}/suggestions/reject     act
    POST /api/v1/matters/{entity_id}/{command}              act
    GET  /api/v1/figures/commitments                        read
    GET  /api/v1/people                                     house
    GET  /api/v1/people/{person_id}                         house
    PUT  /api/v1/people/{person_id}                         admin
    POST /api/v1/people/{person_id}/leave                   admin
    GET  /api/v1/people/{person_id}/sessions                house
    POST /api/v1/people/{person_id}/sessions/end            house
    POST /api/v1/people/{person_id}/absences                house
    POST /api/v1/people/{person_id}/absences/{absence_id}/end house
    POST /api/v1/people/{person_id}/delegations             house
    POST /api/v1/people/{person_id}/delegations/{delegation_id}/end house
    GET  /api/v1/me/notices                                 house
    PUT  /api/v1/me/notices                                 house
    GET  /api/v1/notices/deliveries                         admin
    GET  /api/v1/webhooks                                   admin
    POST /api/v1/webhooks                                   admin
    GET  /api/v1/webhooks/kinds                             admin
    GET  /api/v1/webhooks/{hook_id}                         admin
    PUT  /api/v1/webhooks/{hook_id}                         admin
    POST /api/v1/webhooks/{hook_id}/secret                  admin
    POST /api/v1/webhooks/{hook_id}/pause                   admin
    POST /api/v1/webhooks/{hook_id}/resume                  admin
    POST /api/v1/webhooks/{hook_id}/end                     admin
    POST /api/v1/webhooks/{hook_id}/test                    admin
    GET  /api/v1/webhooks/{hook_id}/deliveries              admin
    GET  /api/v1/webhooks/{hook_id}/deliveries/{delivery_id} admin
    POST /api/v1/webhooks/{hook_id}/deliveries/{delivery_id}/again admin
    GET  /admin/hooks                                       admin
    POST /admin/hooks                                       admin
    GET  /admin/hooks/{hook_id}                             admin
    POST /admin/hooks/{hook_id}                             admin
    POST /admin/hooks/{hook_id}/{act}                       admin
    GET  /admin/hooks/{hook_id}/sent/{delivery_id}          admin
    POST /admin/hooks/{hook_id}/sent/{delivery_id}/again    admin
    GET  /api/v1/insights                                   read
    GET  /api/v1/insights/moves                             read
    GET  /api/v1/people/{person_id}/calendar                house
    POST /api/v1/people/{person_id}/calendar                house
    POST /api/v1/people/{person_id}/calendar/end            house
    GET  /api/v1/house/history                              watch
    GET  /api/v1/record                                     record
    GET  /api/v1/record/{kind}/{entity_id}                  record
    GET  /api/v1/record/{kind}/{entity_id}/export           record
    GET  /api/v1/policy/versions/{version}                  house
    GET  /api/v1/policy                                     house
    GET  /api/v1/policy/versions                            house
    GET  /api/v1/policy/versions/{version}                  house
    POST /api/v1/policy/check                               admin
    POST /api/v1/policy                                     admin
    GET  /api/v1/tokens                                     watch
    POST /api/v1/people/{person_id}/tokens                  admin
    POST /api/v1/tokens/{token_id}/end                      admin
    GET  /api/v1/teams                                      house
    GET  /api/v1/channels                                   watch
    POST /api/v1/channels/{channel_id}/check                admin
"""

COMMANDS = {
    "escalation": "claim release assign dismiss propose withdraw approve refuse return reply note "
    "decline renew reroute merge answered_outside uphold overturn decide_alone ask inform "
    "add_approver replace_approver bypass recall move_private holding_reply accept_promise "
    "counter_promise decline_promise pause resume extend accept_calendar join_matter leave_matter",
    "post": "clear return withdraw confirm retry correct retract",
    "commitment": "report_kept tell renegotiate accept_new_date agree refuse_new_date make_link "
    "uphold reopen withdraw",
    "matter": "assign propose withdraw approve refuse return release halt resume accept_calendar "
    "close note",
}
"""Each of them has a route of its own, for the same people as ``{command}``."""


def table() -> dict[tuple[str, str], str]:
    """Method and path of every route, and whom the table lets in."""
    lines = [line.split() for line in ROUTES.strip().splitlines()]
    told = {(method, path): who for method, path, who in lines}
    for kind, acts in COMMANDS.items():
        for act in acts.split():
            told["POST", f"{API}/{kind}s/{{entity_id}}/{act}"] = "act"
    return told


def test_every_route_and_command_is_in_the_table_and_no_other() -> None:
    app = create_app(Settings(), None, None)  # type: ignore[arg-type]
    assert {(method, path) for method, path, _ in access_of(app)} == set(table())
    assert {kind: set(bodies) for kind, bodies in BODIES.items()} == {
        kind: set(acts.split()) for kind, acts in COMMANDS.items()
    }


def test_the_table_says_what_the_routes_say() -> None:
    roles = dict(zip(EVERYBODY[1:], Role, strict=True))
    app = create_app(Settings(), None, None)  # type: ignore[arg-type]
    for method, path, who in access_of(app):
        names = LET_IN[table()[method, path]]
        told = "all" if isinstance(who, str) else {roles[name] for name in names}
        assert told == (who if told != "all" else "all"), (method, path)
        assert (told == "all") is (names == EVERYBODY), (method, path)


# Calling them. -------------------------------------------------------------------------------


def address_of(path: str) -> str:
    """The path with something in its places that is well-formed and does not exist."""
    places = {
        "entity_id": words.new_id(),
        "version": "1",
        "number": "1",
        "person_id": "nobody-at-all",
    }
    return re.sub(r"{(\w+)}", lambda place: places.get(place[1], words.new_id()), path)


class Caller:
    """One of the cast, at a browser or with a token, as each route wants it."""

    def __init__(self, door: OpenDoor, name: str) -> None:
        self.door = door
        self.name = name

    async def call(self, method: str, address: str, body: Any = None) -> httpx.Response:
        if address.startswith(API):
            headers = {} if self.name == "nobody" else {"Authorization": f"Bearer {self._token}"}
            return await self.door.http.request(method, address, headers=headers, json=body or {})
        cookie = security.new_visitor() if self.name == "nobody" else self._session()
        sent = {"csrf": security.csrf_of(cookie)} if method == "POST" else None
        headers = {"Cookie": f"answerable={cookie}", "Sec-Fetch-Site": "same-origin"}
        asked = self.door.http.stream(method, address, headers=headers, data=sent)
        async with asked as answer:
            # A live page's stream has no end.
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                await answer.aread()
            return answer

    @property
    def _token(self) -> str:
        token = getattr(self.door, self.name).token
        assert isinstance(token, str)
        return token

    def _session(self) -> str:
        """A new one for each call, because some calls end it."""
        limits = sessions.Limits(timedelta(hours=1), timedelta(hours=1))
        with self.door.service.database.writing() as session:
            return sessions.begin(session, self.name, datetime.now(UTC), limits)


def door_of(answer: httpx.Response) -> str:
    """What the door said before anything was looked at: ``in``, ``401`` or ``403``."""
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return "in"
    code = answer.json()["code"]
    return {"unauthenticated": "401", "not_your_role": "403"}.get(code, "in")


@pytest.mark.parametrize("name", EVERYBODY)
async def test_every_route_lets_in_whom_the_table_names_and_nobody_else(
    lasting: OpenDoor, name: str
) -> None:
    caller = Caller(lasting, name)
    outside = "401" if name == "nobody" else "403"
    wrong = []
    for (method, path), who in table().items():
        answer = await caller.call(method, address_of(path))
        # Whoever needs no token is not asked for one: a wrong secret has an answer of its own.
        expected = "in" if name in LET_IN[who] else outside
        said = door_of(answer)
        if path in ("/sign-in", f"{API}/hooks/{{channel}}"):
            expected = said = "in" if answer.status_code in (200, 401, 403, 404) else said
        if said != expected:
            wrong.append(f"{method} {path}: {said} instead of {expected} ({answer.status_code})")
        assert answer.status_code != 500, (method, path, answer.text)

    assert wrong == []


# Commands on real cases. ---------------------------------------------------------------------


def body_of(kind: str, act: str) -> dict[str, Any]:
    """A body that is well-formed, so that what is refused is refused for who sends it."""
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    by_name = {
        "person": "ben", "replaced_by": "cora", "team": "shop", "until": later, "due_at": later,
        "link": "https://blog.example/1", "hours": 1, "is_published": True,
        "into": words.new_id(), "matter_id": words.new_id(), "promise_id": words.new_id(),
    }  # fmt: skip
    body = {}
    for field_name, field in BODIES[kind][act].model_fields.items():
        if field.is_required():
            body[field_name] = by_name.get(field_name) or _first(field.annotation) or "Some words."
    return body


def _first(annotation: Any) -> str | None:
    """The first word of an enumeration, wherever in a type it is."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return str(next(iter(annotation)))
    return next(filter(None, map(_first, get_args(annotation))), None)


async def cases(door: OpenDoor) -> dict[str, str]:
    """One case of each kind, all of the team care, which neither Eve nor Una works in."""
    path = await door.deciding()
    await door.cora.post(f"{path}/approve")
    replied = await door.ada.post(f"{path}/reply", {"text": "Other words."})
    matter = await door.ada.post("matters", {"title": "Saddles", "team": "care"})
    await door.until_stage(f"posts/{replied['post_id']}", "in_review")
    return {
        "escalation": await door.opened(),
        "post": f"posts/{replied['post_id']}",
        "commitment": await promised(door),
        "matter": f"matters/{matter['id']}",
    }


def every_command() -> Iterator[tuple[str, str]]:
    for kind, acts in COMMANDS.items():
        for act in acts.split():
            yield kind, act


async def test_every_command_is_refused_to_whoever_has_nothing_to_do_with_the_case(
    door: OpenDoor,
) -> None:
    """Nobody, the auditor, the admin and a machine at the door; staff of another team by the
    rules. Nothing of it leaves a trace in the case."""
    paths = await cases(door)
    before = {kind: (await door.ada.get(path))["seq"] for kind, path in paths.items()}
    wrong = []
    for kind, act in every_command():
        address, body = f"{API}/{paths[kind]}/{act}", body_of(kind, act)
        for name in ("nobody", "dev", "root", "hook", "eve"):
            answer = await Caller(door, name).call("POST", address, body)
            expected = {"nobody": "unauthenticated", "eve": "not_yours"}.get(name, "not_your_role")
            if answer.json().get("code") != expected:
                wrong.append(f"{name}: {kind} {act}: {answer.status_code} {answer.text[:120]}")

    assert wrong == []
    assert {k: (await door.ada.get(path))["seq"] for k, path in paths.items()} == before


async def test_every_command_comes_as_far_as_the_rules_for_whoever_may_act(door: OpenDoor) -> None:
    """For staff of the team and for executives no command ends at the door. What the rules then
    say is in the grids of tests/domain, stage by stage."""
    paths = await cases(door)
    wrong = []
    for kind, act in every_command():
        for name in ("ada", "cora"):
            answer = await Caller(door, name).call(
                "POST", f"{API}/{paths[kind]}/{act}", body_of(kind, act)
            )
            if door_of(answer) != "in" or answer.status_code >= 500:
                wrong.append(f"{name}: {kind} {act}: {answer.status_code} {answer.text[:120]}")

    assert wrong == []
