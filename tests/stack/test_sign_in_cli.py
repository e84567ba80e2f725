"""Signing in, seen from the command line: what does not start, who is signed in, who is bound."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.settings import Settings
from store import identities, sessions
from store.database import Database
from store.identities import Told
from store.sessions import Limits
from tests.stack.conftest import Run

ISSUER = "https://login.example"


@pytest.mark.parametrize("command", ["up", "api"])
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "answerable.example"])
def test_a_demonstration_that_others_could_reach_does_not_start(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, host: str
) -> None:
    monkeypatch.setenv("ANSWERABLE_DEMO", "1")
    refused = run(command, "--host", host)
    assert refused.status == 1
    assert "lets anybody sign in as anybody" in refused.err
    assert "set ANSWERABLE_HOST to 127.0.0.1" in refused.err


def test_settings_that_belong_together_are_named_together(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERABLE_OIDC_ISSUER", ISSUER)
    refused = run("people")
    assert refused.status == 1
    assert refused.err.strip() == (
        "ANSWERABLE_OIDC_ISSUER needs ANSWERABLE_OIDC_CLIENT_ID beside it. Correct or unset it."
    )


def test_somebody_is_signed_out_everywhere(run: Run, sqlite_house: Database) -> None:
    settings, at = Settings(), datetime.now(UTC)
    limits = Limits(settings.session_lifetime, settings.session_idle)
    with sqlite_house.writing() as session:
        secret = sessions.begin(session, "ada", at, limits, device="Firefox on Linux")
    assert run("people", "sessions", "ada").out.startswith("Firefox on Linux")
    assert run("people", "sign-out", "ada", "--by", "ben").out == "1 sessions ended.\n"
    with sqlite_house.reading() as session:
        assert sessions.find(session, secret, at, limits) is None
    assert "signed in nowhere" in run("people", "sessions", "ada").err
    assert run("people", "sign-out", "zoe").status == 1


def test_an_account_is_bound_by_hand_and_released(
    run: Run, sqlite_house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Set ANSWERABLE_OIDC_ISSUER first" in run("people", "bind", "ada", "s-1").err
    monkeypatch.setenv("ANSWERABLE_OIDC_ISSUER", ISSUER)
    monkeypatch.setenv("ANSWERABLE_OIDC_CLIENT_ID", "answerable")
    assert run("people", "bind", "ada", "s-1").status == 0
    who = Told(issuer=ISSUER, subject="s-1")
    with sqlite_house.writing() as session:
        assert identities.recognise(session, who, None, datetime.now(UTC)) == "ada"
    assert "somebody else's" in run("people", "bind", "ben", "s-1").err
    assert run("people", "release", "ada").out == "1 accounts released.\n"
