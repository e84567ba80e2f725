"""Signed comments from outside: only what the channel itself just sent, and only comments."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from channels.inbound import parse, verify
from config.settings import Settings
from domain.errors import Forbidden, Invalid

SECRET = "whsec_" + base64.b64encode(b"a secret of the blog, long enough").decode()
OTHER = "whsec_" + base64.b64encode(b"a secret of the forum, long enough").decode()
SETTINGS = Settings(
    data=Path("unused"),
    channel_secrets={
        "blog": SecretStr(SECRET),
        "forum": SecretStr(OTHER),
        "weak": SecretStr("whsec_dG9vIHNob3J0"),
    },
)
COMMENT = {"external_id": "c-7", "text": "Where is it? 👀 أين هو؟"}
BODY = json.dumps(COMMENT, ensure_ascii=False).encode()


def signed(
    body: bytes = BODY, *, secret: str = SECRET, age: timedelta = timedelta(), id_: str = "msg-1"
) -> dict[str, str]:
    at = datetime.now(UTC) - age
    return {
        "Webhook-Id": id_,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign(id_, at, body.decode()),
    }


def refusal(headers: dict[str, str], body: bytes = BODY, channel: str = "blog") -> Forbidden:
    with pytest.raises(Forbidden) as caught:
        verify(channel, SETTINGS, headers, body)
    assert caught.value.code == "bad_signature"
    assert caught.value.way_out
    assert SECRET not in f"{caught.value.message}{caught.value.way_out}"
    return caught.value


def test_a_message_signed_just_now_is_let_in():
    verify("blog", SETTINGS, signed(), BODY)


def test_one_right_signature_among_several_is_enough():
    headers = signed()
    headers["Webhook-Signature"] = f"v1a,YQ== v1,YQ== {headers['Webhook-Signature']}"
    verify("blog", SETTINGS, headers, BODY)


def test_a_body_that_is_not_json_is_no_question_of_its_signature():
    verify("blog", SETTINGS, signed(b"hello"), b"hello")


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_message_without_one_of_its_headers_is_refused(name: str):
    headers = signed()
    del headers[name]
    assert "missing" in refusal(headers).message


def test_a_message_with_a_changed_body_is_refused():
    refusal(signed(), BODY.replace(b"c-7", b"c-8"))
    refusal(signed(), BODY + b" ")


def test_a_message_under_another_id_is_refused():
    refusal(signed() | {"Webhook-Id": "msg-2"})


def test_a_message_replayed_after_its_time_is_refused():
    assert "too old" in refusal(signed(age=timedelta(minutes=6))).message


def test_a_message_from_the_future_is_refused():
    assert "too new" in refusal(signed(age=timedelta(minutes=-6))).message


def test_a_replayed_message_with_a_fresh_timestamp_is_refused():
    old = signed(age=timedelta(minutes=6))
    refusal(old | {"Webhook-Timestamp": signed()["Webhook-Timestamp"]})


def test_a_message_to_one_channel_is_refused_by_another():
    refusal(signed(secret=SECRET), channel="forum")
    refusal(signed(secret=OTHER), channel="blog")


def test_a_channel_without_a_secret_takes_nothing_and_says_how_to_set_one():
    refused = refusal(signed(), channel="unheard-of")
    assert """ANSWERABLE_CHANNEL_SECRETS='{"unheard-of": "whsec_…"}'""" in refused.way_out


def test_a_secret_too_short_to_be_one_proves_nothing():
    refusal(signed(secret="whsec_dG9vIHNob3J0"), channel="weak")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Webhook-Signature", "no comma"),
        ("Webhook-Signature", "v1,"),
        ("Webhook-Signature", "v1,not base64!"),
        ("Webhook-Signature", "v1,YQ==,YQ=="),
        ("Webhook-Signature", "v1,ÿ"),
        ("Webhook-Signature", " "),
        ("Webhook-Timestamp", "yesterday"),
        ("Webhook-Timestamp", "nan"),
        ("Webhook-Timestamp", "inf"),
        ("Webhook-Timestamp", "1e300"),
        ("Webhook-Timestamp", "-1"),
        ("Webhook-Id", ""),
    ],
)
def test_headers_that_make_no_sense_are_refused(name: str, value: str):
    refusal(signed() | {name: value})


def test_a_body_that_is_not_utf_8_is_refused():
    refusal(signed(), b"\xff\xfe")


@pytest.mark.parametrize(
    ("value", "comments"),
    [
        (COMMENT, [COMMENT]),
        ([COMMENT, {"external_id": "c-8"}], [COMMENT, {"external_id": "c-8"}]),
        ([], []),
        ({"type": "comment.created", "data": COMMENT}, [COMMENT]),
        ({"type": "comment.created", "timestamp": "…", "data": [COMMENT] * 2}, [COMMENT] * 2),
    ],
)
def test_comments_come_alone_in_a_list_or_in_an_envelope(value: Any, comments: list[Any]):
    assert parse(json.dumps(value, ensure_ascii=False).encode()).comments == comments


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b"\xff", "not_json"),
        ('{"text": "\N{CYRILLIC SMALL LETTER A}"}'.encode("utf-16"), "not_json"),
        (b'{"text": "\\ud800"}', "not_json"),
        (b'{"text": NaN}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"text": "a"} {"text": "b"}', "not_json"),
        (b"null", "not_a_comment"),
        (b"7", "not_a_comment"),
        (b'"hello"', "not_a_comment"),
        (b'[{"text": "a"}, "b"]', "not_a_comment"),
        (b"[[]]", "not_a_comment"),
        (b'{"type": "comment.created"}', "no_data"),
        (b'{"type": "comment.created", "data": "a"}', "not_a_comment"),
        (b'{"type": "comment.created", "data": null}', "not_a_comment"),
        (b'{"type": "comment.renamed", "data": {}}', "unknown_type"),
        (b'{"type": ["comment.created"], "data": {}}', "unknown_type"),
    ],
)
def test_anything_else_is_refused_with_the_way_out(body: bytes, code: str):
    with pytest.raises(Invalid) as caught:
        parse(body)
    assert caught.value.code == code
    assert "comment.created" in caught.value.way_out


def test_our_own_post_sent_back_to_us_is_not_taken_for_a_comment():
    with pytest.raises(Invalid, match=r"only comment\.created"):
        parse(b'{"type": "post.published", "data": {"text": "We are on it."}}')


def test_the_place_of_what_is_not_a_comment_is_told():
    with pytest.raises(Invalid) as caught:
        parse(b'[{"text": "a"}, "b"]')
    assert caught.value.details == {"at": 1}
