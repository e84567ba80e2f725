"""The identity provider, spoken to after OpenID Connect: discovery, authorization code with PKCE,
an ID token that is believed only if everything about it is as it should be, and leaving again.

Authlib builds what is sent and judges the claims, joserfc the signature. Nothing of what the
provider sends is kept, save the ID token itself as the hint that it wants when somebody leaves.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode

import httpx
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from pydantic import ValidationError

from config.settings import Settings, is_safe
from domain.base import Value
from domain.errors import AnswerableError
from store.identities import Standing, Told, standing_of

log = logging.getLogger("answerable.sign_in")
logging.getLogger("httpx").setLevel(logging.WARNING)  # At INFO it logs whole addresses.

RETURN = "/sign-in/back"
"""Where the provider sends people back to; it has to know this address."""

FRESH_SECONDS = 3600.0
"""How long what the provider says of itself, and its keys, are believed without asking again."""

RENEW_SECONDS = 10.0
"""How old keys must be before an unknown one makes us ask again: a forged token must not make us
ask at will."""

LONGEST = 1_000_000
"""Bytes of one answer that are read."""

LEEWAY = 60
"""Seconds by which two clocks may differ."""

ALGORITHMS = frozenset(
    f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA", "Ed25519"}
"""Signatures with a key that only the provider has. Never none, never our own client's secret."""


class Away(AnswerableError):
    """The provider cannot be asked just now."""


class Unbelievable(AnswerableError):
    """What came back is not what the provider would say to us, now and here."""


class Metadata(Value):
    """What the provider says of itself, as far as we use it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    authorization_response_iss_parameter_supported: bool = False


class SetOut(Value):
    """Where to send somebody, and what has to be laid aside until they come back."""

    address: str
    state: str
    nonce: str
    verifier: str


class Arrived(Value):
    """Who came back, what they are here by their groups (None: groups rule nothing), and the
    token that the provider wants to see when they leave."""

    told: Told
    standing: Standing | None
    hint: str


class Provider:
    """One identity provider, by the settings. Safe between requests; one per process."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer is not None
        assert settings.oidc_client_id is not None
        self.label = settings.oidc_label
        self._settings = settings
        self._issuer: str = settings.oidc_issuer
        self._client_id: str = settings.oidc_client_id
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._asking = asyncio.Lock()

    @property
    def _back(self) -> str:
        return f"{self._settings.links}{RETURN}"

    # There and back. --------------------------------------------------------------------------

    async def set_out(self) -> SetOut:
        """The address at which somebody says who they are. Raises Away."""
        metadata = await self._discover()
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        verifier = secrets.token_urlsafe(64)
        address = prepare_grant_uri(
            metadata.authorization_endpoint,
            client_id=self._client_id,
            response_type="code",
            redirect_uri=self._back,
            scope=self._settings.oidc_scopes,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return SetOut(address=address, state=state, nonce=nonce, verifier=verifier)

    async def arrive(self, code: str, issuer: str | None, nonce: str, verifier: str) -> Arrived:
        """Who comes back with this code. ``issuer`` is who says to have sent them (RFC 9207).
        Raises Away, Unbelievable."""
        metadata = await self._discover()
        is_named = issuer is not None or metadata.authorization_response_iss_parameter_supported
        if is_named and issuer != metadata.issuer:
            raise Unbelievable("another provider sent this")
        tokens = await self._tokens(metadata, code, verifier)
        hint, access = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(hint, str) or not isinstance(access, str):
            raise Unbelievable("there is no ID token in the answer")
        claims = await self._claims(metadata, hint, nonce, access)
        claims = await self._with_userinfo(metadata, claims, access)
        return Arrived(told=self._told(claims), standing=self._standing(claims), hint=hint)

    async def leaving(self, hint: str) -> str | None:
        """The address at which the provider ends its own session, if it has one. Raises Away."""
        metadata = await self._discover()
        if metadata.end_session_endpoint is None:
            return None
        query = {
            "id_token_hint": hint,
            "client_id": self._client_id,
            "post_logout_redirect_uri": f"{self._settings.links}/sign-in",
        }
        joint = "&" if "?" in metadata.end_session_endpoint else "?"
        return f"{metadata.end_session_endpoint}{joint}{urlencode(query)}"

    # What it says of itself. ------------------------------------------------------------------

    async def _discover(self) -> Metadata:
        async with self._asking:
            if self._metadata and time.monotonic() - self._metadata[0] < FRESH_SECONDS:
                return self._metadata[1]
            address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                found = Metadata.model_validate(await self._get(address))
            except ValidationError as error:
                raise Away("its discovery document is not one") from error
            addresses = (
                found.authorization_endpoint, found.token_endpoint, found.jwks_uri,
                found.userinfo_endpoint, found.end_session_endpoint,
            )  # fmt: skip
            if found.issuer != self._issuer or not all(is_safe(a) for a in addresses if a):
                raise Away(f"its discovery document is that of {found.issuer!r}, or not safe")
            self._metadata = (time.monotonic(), found)
            return found

    async def _key_set(self, metadata: Metadata, *, older_than: float) -> KeySet:
        async with self._asking:
            if self._keys and time.monotonic() - self._keys[0] < older_than:
                return self._keys[1]
            try:
                found = await self._get(metadata.jwks_uri)
                keys = KeySet.import_key_set(cast(KeySetSerialization, found))
            except (JoseError, KeyError, TypeError, ValueError) as error:
                raise Away("its keys cannot be read") from error
            self._keys = (time.monotonic(), keys)
            return keys

    # What it says of people. ------------------------------------------------------------------

    async def _tokens(self, metadata: Metadata, code: str, verifier: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": verifier,
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        secret = self._settings.oidc_client_secret
        known = metadata.token_endpoint_auth_methods_supported
        method = "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        auth = ClientAuth(
            self._client_id,
            secret.get_secret_value() if secret else None,
            method if secret else "none",
        )
        address, headers, body = auth.prepare(
            "POST", metadata.token_endpoint, headers, urlencode(form)
        )
        return await self._ask("POST", address, headers=headers, content=body)

    async def _claims(
        self, metadata: Metadata, token: str, nonce: str, access: str
    ) -> dict[str, Any]:
        """The claims of an ID token that this provider made for us, now, in this sign-in."""
        algorithms = sorted(ALGORITHMS & set(metadata.id_token_signing_alg_values_supported))
        try:
            try:
                keys = await self._key_set(metadata, older_than=FRESH_SECONDS)
                decoded = jwt.decode(token, keys, algorithms=algorithms)
            except (JoseError, ValueError):
                # Most likely it has a key that is newer than what we have.
                keys = await self._key_set(metadata, older_than=RENEW_SECONDS)
                decoded = jwt.decode(token, keys, algorithms=algorithms)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._client_id},
                    "sub": {"essential": True},
                    "exp": {"essential": True},
                    "iat": {"essential": True},
                },
                params={"nonce": nonce, "client_id": self._client_id, "access_token": access},
            )
            claims.validate(leeway=LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise Unbelievable(f"the ID token is not good: {error}") from error
        found: dict[str, Any] = dict(claims)
        if not isinstance(found["sub"], str) or not found["sub"]:
            raise Unbelievable("the ID token names nobody")
        return found

    async def _with_userinfo(
        self, metadata: Metadata, claims: dict[str, Any], access: str
    ) -> dict[str, Any]:
        """The claims, with those that this provider tells only when it is asked for them."""
        settings = self._settings
        wanted = {
            settings.oidc_id_claim,
            settings.oidc_name_claim,
            settings.oidc_email_claim,
            settings.oidc_email_verified_claim,
            *([settings.oidc_groups_claim] if settings.oidc_groups else []),
        }
        if wanted <= claims.keys() or metadata.userinfo_endpoint is None:
            return claims
        headers = {"Authorization": f"Bearer {access}", "Accept": "application/json"}
        more = await self._ask("GET", metadata.userinfo_endpoint, headers=headers)
        if more.get("sub") != claims["sub"]:
            raise Unbelievable("it tells of somebody else than it was asked for")
        return {**more, **claims}

    def _told(self, claims: Mapping[str, Any]) -> Told:
        settings = self._settings

        def text(name: str) -> str | None:
            found = claims.get(name)
            return found.strip()[:200] or None if isinstance(found, str) else None

        return Told(
            issuer=self._issuer,
            subject=claims["sub"],
            login=text(settings.oidc_id_claim),
            name=text(settings.oidc_name_claim),
            email=text(settings.oidc_email_claim),
            # Some providers write their flags as words.
            is_checked=claims.get(settings.oidc_email_verified_claim) in (True, "true"),
        )

    def _standing(self, claims: Mapping[str, Any]) -> Standing | None:
        """What the groups make of somebody. No groups told is no groups: some providers leave an
        empty list out, and whoever was taken out of every group must not keep what they had."""
        if not self._settings.oidc_groups:
            return None
        told = claims.get(self._settings.oidc_groups_claim)
        groups = [told] if isinstance(told, str) else told if isinstance(told, list) else []
        granted = {
            group: Standing(
                roles=given.roles,
                teams=dict.fromkeys(given.teams, False) | dict.fromkeys(given.leads, True),
            )
            for group, given in self._settings.oidc_groups.items()
        }
        return standing_of([group for group in groups if isinstance(group, str)], granted)

    # The line. --------------------------------------------------------------------------------

    async def _get(self, address: str) -> Mapping[str, Any]:
        return await self._ask("GET", address, headers={"Accept": "application/json"}, good=(200,))

    async def _ask(
        self, method: str, address: str, *, good: Sequence[int] = (), **more: Any
    ) -> Mapping[str, Any]:
        """The JSON object it answers. Raises Away where it does not answer, and Unbelievable
        where it says no; where only ``good`` will do, a no counts as away as well."""
        try:
            async with (
                asyncio.timeout(self._settings.oidc_seconds),
                httpx.AsyncClient(timeout=self._settings.oidc_seconds) as http,
                http.stream(method, address, **more) as answer,
            ):
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > LONGEST:
                        raise Away("its answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            raise Away(f"it does not answer: {type(error).__name__}") from error
        status = answer.status_code
        if status >= 500 or status == 429 or (good and status not in good):
            raise Away(f"it answers {status}")
        try:
            found = json.loads(body)
        except ValueError as error:
            raise Away(f"its answer ({status}) is not JSON") from error
        if not isinstance(found, dict):
            raise Away(f"its answer ({status}) is not an object")
        if status != 200:
            raise Unbelievable(f"it says no: {status} {str(found.get('error'))[:60]!r}")
        return found
