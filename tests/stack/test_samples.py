"""The samples: they must be something that the rules and the door take."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

from answerable.sample_data import sample_cast, sample_comments, sample_policy
from config.settings import Settings
from domain.people import Role

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def the_policy() -> Any:
    return sample_policy(NOW.date())[0]


def test_the_sample_policy_speaks_on_two_consoles_for_two_teams():
    policy = the_policy()
    assert {name: channel.team for name, channel in policy.channels.items()} == {
        "console": "care",
        "shop-console": "shop",
    }
    assert policy.teams == {"care": "Customer care", "shop": "Online shop"}


def test_the_cast_has_every_role_and_a_lead_for_every_team():
    cast = sample_cast()
    assert {person: who["roles"] for person, who in cast.items()} == {
        "ada": [Role.STAFF],
        "ben": [Role.STAFF],
        "cora": [Role.EXECUTIVE],
        "dev": [Role.AUDITOR],
        "eve": [Role.STAFF],
        "root": [Role.ADMIN],
    }
    leads = {team for who in cast.values() for team, leads in who["teams"].items() if leads}
    assert leads == set(the_policy().teams)
    assert cast["ada"]["teams"].keys() == cast["ben"]["teams"].keys() == {"care"}


def test_every_sample_comment_has_what_the_door_asks_for():
    known = the_policy().channels
    required = {"channel", "external_id", "conversation_id", "author", "text", "posted_at"}
    for comment in sample_comments(NOW):
        assert required <= comment.keys() <= required | {"url", "in_reply_to"}
        assert {"handle"} <= comment["author"].keys() <= {"handle", "name", "url", "reach"}
        assert comment["channel"] in known
        assert 0 < len(comment["text"].strip()) <= Settings().max_text


def test_sample_comments_have_external_ids_of_their_own():
    ids = [comment["external_id"] for comment in sample_comments(NOW)]
    assert len(ids) == len(set(ids)) >= 40


def test_sample_comments_were_posted_in_the_days_before_now_oldest_first():
    moments = [datetime.fromisoformat(comment["posted_at"]) for comment in sample_comments(NOW)]
    assert all(moment.tzinfo for moment in moments)
    assert moments == sorted(moments)
    assert NOW - timedelta(days=3) < moments[0] <= moments[-1] < NOW


def test_a_sample_answer_comes_after_what_it_answers_in_the_same_thread():
    seen: dict[str, str] = {}
    for comment in sample_comments(NOW):
        if asked := comment.get("in_reply_to"):
            assert seen[asked] == comment["conversation_id"]
        seen[comment["external_id"]] = comment["conversation_id"]


def test_samples_show_conversations_of_several_comments_and_threads_of_several_authors():
    comments = sample_comments(NOW)
    pairs = [(c["conversation_id"], c["author"]["handle"]) for c in comments]
    threads = [thread for thread, _ in set(pairs)]
    assert any(pairs.count(pair) >= 3 for pair in pairs)
    assert any(threads.count(thread) >= 3 for thread in threads)


def test_sample_texts_cover_what_breaks_pages():
    texts = [comment["text"] for comment in sample_comments(NOW)]
    directions = {unicodedata.bidirectional(sign) for text in texts for sign in text}
    assert {"AL", "R"} <= directions, "Arabic and Hebrew"
    assert any("\N{ZERO WIDTH JOINER}" in text for text in texts), "an emoji of several parts"
    assert any("<script>" in text for text in texts)
    assert any(len(text) > 1500 and "\n\n" in text for text in texts)
    assert any(re.fullmatch(r"\w+\W?", text) for text in texts), "a single word"


def test_sample_links_lead_nowhere_real():
    for comment in sample_comments(NOW):
        for host in re.findall(r"https?://([^/\s]+)", str(comment)):
            assert host.endswith(".example")
