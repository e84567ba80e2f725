"""A provider that lies, forges or falls silent is not believed; a real one is in tests/browser."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from answerable.embedded import free_port
from api.oidc import Arrived, Away, Provider, SetOut, Unbelievable
from config.settings import Settings
from tests.api.conftest import served

CLIENT = "answerable"


class Liar:
    """A provider whose every word can be changed."""

    def __init__(self, address: str) -> None:
        self.issuer = address
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.shown = self.key
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.userinfo: dict[str, Any] = {"sub": "s-1", "name": "Zoe", "groups": ["care"]}
        self.answer: Response | None = None
        self.forms: list[dict[str, list[str]]] = []
        self.nonce = ""
        self.asked: list[str] = []
        self.app = FastAPI()
        for path, answer in (
            ("/.well-known/openid-configuration", self._describe),
            ("/keys", self._keys),
            ("/userinfo", self._userinfo),
        ):
            self.app.get(path)(answer)
        self.app.post("/token")(self._token)

    async def _describe(self) -> Any:
        self.asked.append("metadata")
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.metadata,
        }

    async def _keys(self) -> Any:
        self.asked.append("keys")
        return {"keys": [self.shown.as_dict(private=False)]}

    async def _userinfo(self) -> Any:
        self.asked.append("userinfo")
        return self.userinfo

    async def _token(self, request: Request) -> Any:
        self.asked.append("token")
        self.forms.append(parse_qs((await request.body()).decode()))
        if self.answer is not None:
            return self.answer
        return JSONResponse({"access_token": "access", "token_type": "Bearer", **self.signed()})

    def signed(self) -> dict[str, Any]:
        at = int(time.time())
        claims = {
            "iss": self.issuer, "sub": "s-1", "aud": CLIENT, "exp": at + 300, "iat": at,
            "nonce": self.nonce, "email": "zoe@example.org", "email_verified": True,
            **self.claims,
        }  # fmt: skip
        kept = {name: value for name, value in claims.items() if value is not None}
        key: Any = self.key
        if self.header["alg"] == "HS256":
            key = OctKey.import_key("a client's secret that is long enough to be one")
        if self.header["alg"] == "none":
            return {"id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzLTEifQ."}
        return {"id_token": jwt.encode(self.header, kept, key, algorithms=["RS256", "HS256"])}


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    port = free_port()
    liar = Liar(f"http://127.0.0.1:{port}")
    async with served(liar.app, port=port):
        yield liar


def provider_of(liar: Liar, **more: Any) -> Provider:
    return Provider(
        Settings(
            oidc_issuer=liar.issuer,
            oidc_client_id=CLIENT,
            oidc_client_secret="a client's secret that is long enough to be one",  # type: ignore[arg-type]
            oidc_groups={"care": {"roles": ["staff"]}},  # type: ignore[dict-item]
            oidc_seconds=1,
            **more,
        )
    )


@asynccontextmanager
async def setting_out(liar: Liar, **more: Any) -> AsyncIterator[tuple[Provider, SetOut]]:
    provider = provider_of(liar, **more)
    there = await provider.set_out()
    liar.nonce = there.nonce
    yield provider, there


async def arrive(liar: Liar, **more: Any) -> Arrived:
    async with setting_out(liar, **more) as (provider, there):
        return await provider.arrive("code", None, there.nonce, there.verifier)


async def test_what_is_sent_is_the_code_flow_with_pkce_state_and_nonce(liar: Liar) -> None:
    async with setting_out(liar) as (provider, there):
        asked = parse_qs(urlsplit(there.address).query)
        arrived = await provider.arrive("code", None, there.nonce, there.verifier)
    assert there.address.startswith(f"{liar.issuer}/authorize?tenant=1&")
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"] == [there.state]
    assert asked["nonce"] == [there.nonce]
    assert asked["redirect_uri"] == ["http://127.0.0.1:8700/sign-in/back"]
    assert there.verifier not in there.address
    assert liar.forms[0]["code_verifier"] == [there.verifier]
    assert "client_secret" not in liar.forms[0], "it goes in the header, where no log keeps it"
    assert (arrived.told.subject, arrived.told.address) == ("s-1", "zoe@example.org")
    assert arrived.told.name == "Zoe", "the user info fills what the token leaves out"
    assert arrived.standing
    assert arrived.standing.roles == frozenset({"staff"})


LIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another issuer": ({"iss": "https://evil.example"}, {}),
    "for another client": ({"aud": "other"}, {}),
    "for us and for others, nobody's in particular": ({"aud": [CLIENT, "other"]}, {}),
    "asked for by another client": ({"aud": [CLIENT, "other"], "azp": "other"}, {}),
    "of another sign-in": ({"nonce": "another"}, {}),
    "of no sign-in": ({"nonce": None}, {}),
    "long ago": ({"exp": 1_700_000_000, "iat": 1_699_999_000}, {}),
    "without an end": ({"exp": None}, {}),
    "of the future": ({"iat": 4_000_000_000, "exp": 4_000_000_300}, {}),
    "of nobody": ({"sub": None}, {}),
    "of a number": ({"sub": 7}, {}),
    "for another access token": ({"at_hash": "x" * 22}, {}),
    "signed with our own secret": ({}, {"alg": "HS256"}),
    "not signed": ({}, {"alg": "none"}),
    "signed with a key that nobody knows": ({}, {"alg": "RS256", "kid": "two"}),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_token_is_believed_only_as_a_whole(liar: Liar, lie: str) -> None:
    liar.claims, header = LIES[lie]
    liar.header = {**liar.header, **header}
    with pytest.raises(Unbelievable):
        await arrive(liar)


async def test_a_forged_signature_is_not_believed(liar: Liar) -> None:
    liar.key = RSAKey.generate_key(2048, {"kid": "one"})
    with pytest.raises(Unbelievable):
        await arrive(liar)


async def test_new_keys_are_fetched_once_they_are_used_but_not_at_will(
    liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with setting_out(liar) as (provider, there):
        await provider.arrive("code", None, there.nonce, there.verifier)
        liar.key = liar.shown = RSAKey.generate_key(2048, {"kid": "two"})
        liar.header["kid"] = "two"
        with pytest.raises(Unbelievable):  # The keys are seconds old: whoever forges makes none.
            await provider.arrive("code", None, there.nonce, there.verifier)
        monkeypatch.setattr("api.oidc.RENEW_SECONDS", 0.0)
        await provider.arrive("code", None, there.nonce, there.verifier)
    assert liar.asked.count("keys") == 2
    assert liar.asked.count("metadata") == 1


async def test_a_mix_up_of_providers_is_noticed(liar: Liar) -> None:
    async with setting_out(liar) as (provider, there):
        with pytest.raises(Unbelievable):
            await provider.arrive("code", "https://evil.example", there.nonce, there.verifier)
        await provider.arrive("code", liar.issuer, there.nonce, there.verifier)
    liar.metadata = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(Unbelievable):
        await arrive(liar)


async def test_user_info_of_somebody_else_is_not_theirs(liar: Liar) -> None:
    liar.userinfo = {"sub": "s-2", "groups": ["care"]}
    with pytest.raises(Unbelievable):
        await arrive(liar)


@pytest.mark.parametrize("groups", [None, [], ["knitting"], "knitting", [7, None], {"care": 1}])
async def test_groups_that_say_nothing_give_nothing(liar: Liar, groups: Any) -> None:
    liar.userinfo = {"sub": "s-1", "groups": groups}
    standing = (await arrive(liar)).standing
    assert standing is not None
    assert standing.roles == frozenset()


@pytest.mark.parametrize("verified", [False, None, "false", "yes", 0, ["true"]])
async def test_an_address_counts_only_if_it_is_said_to_be_verified(
    liar: Liar, verified: Any
) -> None:
    liar.claims = {"email_verified": verified}
    assert (await arrive(liar)).told.address is None


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_discovery_that_is_not_the_providers_own_is_none(
    liar: Liar, metadata: dict[str, Any]
) -> None:
    liar.metadata = metadata
    with pytest.raises(Away):
        await provider_of(liar).set_out()


async def test_a_code_that_is_refused_signs_nobody_in(liar: Liar) -> None:
    liar.answer = JSONResponse({"error": "invalid_grant"}, 400)
    with pytest.raises(Unbelievable, match="invalid_grant"):
        await arrive(liar)


@pytest.mark.parametrize(
    "answer",
    [
        Response("gone", 502),
        Response("<html>", 200),
        JSONResponse(["x"]),
        Response("x" * 1_100_000, 200),
    ],
)
async def test_an_answer_that_is_none_is_a_provider_that_is_away(
    liar: Liar, answer: Response
) -> None:
    liar.answer = answer
    with pytest.raises(Away):
        await arrive(liar)


async def test_a_provider_that_came_back_is_asked_again() -> None:
    port = free_port()
    liar = Liar(f"http://127.0.0.1:{port}")
    provider = provider_of(liar)
    with pytest.raises(Away):
        await provider.set_out()
    async with served(liar.app, port=port):
        assert (await provider.set_out()).address


async def test_leaving_names_who_leaves_and_where_they_come_back(liar: Liar) -> None:
    address = await provider_of(liar).leaving("the token")
    assert address
    asked = parse_qs(urlsplit(address).query)
    assert asked["id_token_hint"] == ["the token"]
    assert asked["post_logout_redirect_uri"] == ["http://127.0.0.1:8700/sign-in"]
    liar.metadata = {"end_session_endpoint": None}
    assert await provider_of(liar).leaving("the token") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": "http://login.example", "oidc_client_id": "x"},
        {"oidc_issuer": "https://login.example"},
        {"oidc_groups": {"bots": {"roles": ["service"]}}},
        {"oidc_groups": {"care": {"role": ["staff"]}}},
    ],
)
def test_settings_that_would_be_unsafe_or_do_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"https|CLIENT_ID|machines|Extra"):
        Settings(**wrong)
