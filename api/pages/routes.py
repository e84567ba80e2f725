"""All routes of the pages: each router by itself, because what is included twice over is compared
twice over with every request."""

from __future__ import annotations

from api.pages import (
    admin,
    admin_people,
    admin_policy,
    admin_tokens,
    cases,
    decisions,
    go,
    hooks,
    insights,
    ledger,
    ledger_answers,
    lists,
    live,
    matters,
    me,
    notices,
    presence,
    promises,
    queue,
    record,
    render,
    sessions,
    sign_in,
    since,
    words,
    writing,
)

# What is written is asked for before the acts: "words" and "draft" are none.
_DAILY = (live, queue, writing, cases, presence, since)
_OTHERS = (
    render, decisions, promises, matters, lists, ledger_answers, ledger, go, words, insights,
    record, me, notices, sessions, sign_in, admin, admin_policy, admin_people, admin_tokens, hooks,
)  # fmt: skip

DAILY = tuple(part.router for part in _DAILY)
"""What is asked for all day: compared before the many routes of the JSON interface."""

OTHERS = tuple(part.router for part in _OTHERS)
