"""Bad input: a problem document with field and way out, nothing half-written, nothing broken."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from store import tables
from tests.api.conftest import OpenDoor, comment, problem_of

EVIL = (
    "'; DROP TABLE comment; --",
    "<script>alert(1)</script>",
    "\" onmouseover=\"alert('x')",
    "{{7*7}} ${7*7} %s %(x)s",
    "../../etc/passwd",
    "\u202eright to left",
)


def _stored(door: OpenDoor) -> int:
    with door.service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(tables.Comment)) or 0


BAD_COMMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown channel": ({"channel": "nowhere"}, "channel"),
    "no text": ({"text": ""}, "text"),
    "blank text": ({"text": "  \n "}, "text"),
    "text is null": ({"text": None}, "text"),
    "text is a number": ({"text": 7}, "text"),
    "over-long text": ({"text": "x" * 20_001}, "text"),
    "control character": ({"text": "a\x00b"}, "text"),
    "escape": ({"text": "a\x1b[2Jb"}, "text"),
    "half a character": ({"text": "\ud83d"}, "text"),
    "control character in the id": ({"external_id": "a\x00"}, "external_id"),
    "over-long id": ({"external_id": "x" * 301}, "external_id"),
    "naive time": ({"posted_at": "2026-03-01T09:00:00"}, "posted_at"),
    "future time": ({"posted_at": "2999-01-01T00:00:00Z"}, "posted_at"),
    "time as a number": ({"posted_at": 1_700_000_000}, "posted_at"),
    "no time at all": ({"posted_at": "yesterday"}, "posted_at"),
    "before time": ({"posted_at": "0001-01-01T00:00:00+14:00"}, "posted_at"),
    "author is a text": ({"author": "@rider"}, "author"),
    "author without handle": ({"author": {"name": "R"}}, "author.handle"),
    "author with a misspelt field": ({"author": {"handle": "r", "nmae": "R"}}, "author.nmae"),
    "author's address is a script": (
        {"author": {"handle": "r", "url": "javascript:alert(1)"}},
        "author.url",
    ),
    "negative reach": ({"author": {"handle": "r", "reach": -1}}, "author.reach"),
    "reach beyond all": ({"author": {"handle": "r", "reach": 10**30}}, "author.reach"),
    "address is a script": ({"url": "javascript:alert(1)"}, "url"),
    "misspelt field": ({"in_reply_too": "1"}, "in_reply_too"),
}


@pytest.mark.parametrize("case", BAD_COMMENTS)
async def test_a_bad_comment_is_refused_by_its_field(lasting: OpenDoor, case: str) -> None:
    changes, field = BAD_COMMENTS[case]
    # json= would refuse half a character before it is sent.
    body = json.dumps(comment("1") | changes).encode()
    answer = await lasting.hook.ask(
        "POST", "/api/v1/comments", content=body, headers={"content-type": "application/json"}
    )
    problem = problem_of(answer, 422)

    assert problem["field"] == field
    assert field in problem["detail"]
    assert [e["field"] for e in problem["errors"]] == [field]
    assert _stored(lasting) == 0


BAD_BODIES: dict[str, tuple[bytes, str, int]] = {
    "no body": (b"", "application/json", 422),
    "not JSON": (b"{", "application/json", 422),
    "not UTF-8": (b'{"text": "\xff"}', "application/json", 400),
    "not declared as JSON": (b"{}", "text/plain", 422),
    "a form": (b"text=hello", "application/x-www-form-urlencoded", 422),
    "a text": (b'"hello"', "application/json", 422),
    "a number": (b"7", "application/json", 422),
    "null": (b"null", "application/json", 422),
    "a list of texts": (b'["hello"]', "application/json", 422),
    "a list in a list": (b"[[]]", "application/json", 422),
    "very deep": (b"[" * 100_000, "application/json", 400),
    "a number without end": (b"[" + b"9" * 5_000 + b"]", "application/json", 400),
    "not a number": (b'{"text": NaN}', "application/json", 422),
}


@pytest.mark.parametrize("case", BAD_BODIES)
async def test_a_body_that_is_no_comment_is_a_problem_not_a_crash(
    lasting: OpenDoor, case: str
) -> None:
    body, media_type, status = BAD_BODIES[case]
    answer = await lasting.hook.ask(
        "POST", "/api/v1/comments", content=body, headers={"content-type": media_type}
    )

    problem_of(answer, status)
    assert _stored(lasting) == 0


@pytest.mark.parametrize("is_announced", [True, False])
async def test_ten_megabytes_are_too_much_announced_or_not(
    lasting: OpenDoor, is_announced: bool
) -> None:
    body = json.dumps(comment(text="x" * 10_000_000)).encode()

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    content: Any = body if is_announced else stream()
    answer = await lasting.hook.ask(
        "POST", "/api/v1/comments", content=content, headers={"content-type": "application/json"}
    )

    problem = problem_of(answer, 413)
    assert problem["code"] == "body_too_large"
    assert "8000000" in problem["detail"]
    assert _stored(lasting) == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("stage=nowhere", "stage"),
        ("stage=%00", "stage"),
        ("cursor=zzz", "cursor"),
        ("cursor=%00", "cursor"),
        ("late=perhaps", "late"),
        ("q=%00", "q"),
        ("owner=a%01", "owner"),
        ("q=" + "x" * 201, "q"),
    ],
)
async def test_a_bad_question_is_refused_by_its_field(
    lasting: OpenDoor, query: str, field: str
) -> None:
    answer = await lasting.ada.ask("GET", f"/api/v1/escalations?{query}")

    assert problem_of(answer, 422)["field"] == field


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there", "é"])
async def test_a_bad_key_is_refused(lasting: OpenDoor, key: str) -> None:
    answer = await lasting.ada.ask(
        "POST",
        "/api/v1/escalations/01ARZ3NDEKTSV4RRFFQ69G5FAV/claim",
        headers={"Idempotency-Key": key.encode()},
    )

    assert problem_of(answer, 422)["field"] == "Idempotency-Key"


BAD_COMMANDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown code": ("dismiss", {"code": "because"}, "code"),
    "no reason": ("refuse", {"code": "disagree"}, "reason"),
    "blank reason": ("refuse", {"code": "disagree", "reason": " "}, "reason"),
    "control character": ("note", {"text": "a\x07"}, "text"),
    "unknown field": ("claim", {"owner": "ben"}, "owner"),
    "seq is a text": ("claim", {"expected_seq": "two"}, "expected_seq"),
    "seq below nothing": ("claim", {"expected_seq": -1}, "expected_seq"),
    "seq beyond all": ("claim", {"expected_seq": 10**30}, "expected_seq"),
    "promises is a text": ("propose", {"request": "?", "promises": "yes"}, "promises"),
    "promise without its sentence": (
        "propose",
        {
            "request": "?",
            "reply": "Yes.",
            "promises": [{"accountable": "ben", "due_at": "2030-01-01T00:00:00Z"}],
        },
        "promises[0].sentence",
    ),
    "promise due without a zone": (
        "propose",
        {
            "request": "?",
            "reply": "Yes.",
            "promises": [
                {"sentence": "Yes.", "accountable": "ben", "due_at": "2030-01-01T00:00:00"}
            ],
        },
        "promises[0].due_at",
    ),
    "promise due at the end of time": (
        "propose",
        {
            "request": "?",
            "reply": "Yes.",
            "promises": [
                {
                    "sentence": "Yes.",
                    "accountable": "ben",
                    "due_at": "9999-12-31T23:59:59-14:00",
                }
            ],
        },
        "promises[0].due_at",
    ),
    "nobody": ("assign", {}, "person"),
}


@pytest.mark.parametrize("case", BAD_COMMANDS)
async def test_a_bad_command_is_refused_by_its_field(lasting: OpenDoor, case: str) -> None:
    act, body, field = BAD_COMMANDS[case]
    path = "escalations/01ARZ3NDEKTSV4RRFFQ69G5FAV"
    problem = await lasting.ada.refused(422, f"{path}/{act}", body)

    assert problem["field"] == field


async def test_sql_and_html_are_only_texts(any_door: OpenDoor) -> None:
    for n, evil in enumerate(EVIL):
        author = {"handle": evil, "name": evil, "url": f"https://x.org/?{n}"}
        fields = {"text": evil, "author": author, "conversation_id": evil, "in_reply_to": evil}
        path = await any_door.opened(f"{n}{evil}", **fields)
        await any_door.ada.post(f"{path}/note", {"text": evil})
        detail = await any_door.ada.get(path)

        turn = detail["conversation"][0]
        assert (turn["text"], turn["author"]["handle"]) == (evil, evil)
        assert detail["notes"][0]["text"] == evil
        for name in ("owner", "team", "q"):
            answer = await any_door.ada.ask("GET", "/api/v1/escalations", params={name: evil})
            assert answer.status_code == 200
        problem = await any_door.ada.ask("GET", f"/api/v1/escalations/{n}?x={evil}")
        problem_of(problem, 404)


async def test_a_slow_request_is_cut_off_with_a_problem(
    door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from store import queries

    monkeypatch.setattr(door.service.settings, "request_seconds", 0.3)
    monkeypatch.setattr(queries, "escalations", lambda *a, **b: time.sleep(1))

    answer = await door.ada.ask("GET", "/api/v1/escalations")
    assert problem_of(answer, 503)["code"] == "too_slow"


async def test_what_nobody_foresaw_is_a_problem_too(
    door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from store import queries

    def breaks(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a secret of the house")

    monkeypatch.setattr(queries, "escalations", breaks)
    answer: httpx.Response = await door.ada.ask("GET", "/api/v1/escalations")

    assert problem_of(answer, 500)["code"] == "unexpected"
    assert "secret" not in answer.text
