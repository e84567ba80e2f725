"""A real identity provider for tests: Canaille, on this machine's loopback, with an end.

pytest-iam's own fixture serves one connection after the other without a time limit; a browser
opens some that it never uses, and the next one would wait for ever. Here each has its thread and
its time, and the threads end with the test run.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import pytest_iam
from canaille import create_app
from canaille.backends import Backend
from joserfc.jwk import JWKRegistry

from answerable.embedded import free_port

SECONDS = 5
"""How long a connection may be silent."""

PASSWORD = "correct horse battery staple"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False


class _Handler(WSGIRequestHandler):
    timeout = SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the tests say what went wrong."""


@dataclass
class Iam:
    """The provider, and short ways to put people and clients into it."""

    server: pytest_iam.Server
    issuer: str

    def client(self, address: str, *, trusted: bool = True) -> dict[str, Any]:
        """Register a service at this address; answers the settings it needs."""
        secret = uuid.uuid4().hex
        with self.server.app.app_context():
            client = self.server.models.Client(
                client_id=uuid.uuid4().hex,
                client_secret=secret,
                client_name="Answerable",
                redirect_uris=[f"{address}/sign-in/back"],
                post_logout_redirect_uris=[f"{address}/sign-in"],
                grant_types=["authorization_code"],
                response_types=["code"],
                scope=["openid", "profile", "email", "groups"],
                token_endpoint_auth_method="client_secret_basic",
                # Of a trusted one nobody is asked whether they agree; this machine counts as one.
                client_uri=address if trusted else "https://answerable.example",
            )
            self.server.backend.save(client)
            client.audience = [client]
            self.server.backend.save(client)
            client_id = client.client_id
        return {
            "oidc_issuer": self.issuer,
            "oidc_client_id": client_id,
            "oidc_client_secret": secret,
            "oidc_label": "Canaille",
            "oidc_scopes": "openid profile email groups",
        }

    def person(self, login: str, *, verified: bool = True, groups: tuple[str, ...] = ()) -> None:
        """Add somebody who can sign in there with ``PASSWORD``."""
        models, backend = self.server.models, self.server.backend
        with self.server.app.app_context():
            user = models.User(
                user_name=login,
                formatted_name=login.title(),
                family_name=login.title(),
                emails=[f"{login}@example.org"],
                # This provider has no word for a verified address; its text is ours to map.
                title="verified" if verified else "claimed",
                password=PASSWORD,
            )
            backend.save(user)
            for name in groups:
                group = backend.get(models.Group, display_name=name)
                group = group or models.Group(display_name=name, members=[user])
                group.members = [*[m for m in group.members if m.id != user.id], user]
                backend.save(group)

    def leave(self, login: str, group: str) -> None:
        """Take somebody out of a group."""
        models, backend = self.server.models, self.server.backend
        with self.server.app.app_context():
            row = backend.get(models.Group, display_name=group)
            row.members = [m for m in row.members if m.user_name != login]
            backend.save(row)


@contextmanager
def open_iam() -> Iterator[Iam]:
    """The provider, until the end of the block."""
    with pytest.MonkeyPatch.context() as patch:
        # It would refuse to speak without TLS; what we ourselves accept does not depend on it.
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        yield from _serve()


def _serve() -> Iterator[Iam]:
    port = free_port()
    key = JWKRegistry.generate_key("RSA", 2048)
    key.ensure_kid()
    app = create_app(
        config={
            "TESTING": True,
            "ENV_FILE": None,
            "SECRET_KEY": uuid.uuid4().hex,
            "PREFERRED_URL_SCHEME": "http",
            "SERVER_NAME": f"localhost:{port}",
            "CANAILLE": {
                "DATABASE": "memory",
                "JAVASCRIPT": False,
                "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc", "manage_oidc"]}},
                "LOGGING": {"version": 1, "disable_existing_loggers": False},
            },
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)]},
        }
    )
    mapping = app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]
    mapping["EMAIL_VERIFIED"] = "{{ 'true' if user.title == 'verified' else 'false' }}"
    server = pytest_iam.Server(app, port, Backend.instance)
    server.httpd.server_close()
    httpd = make_server("127.0.0.1", port, app, _Server, _Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield Iam(server, f"http://localhost:{port}")
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join(SECONDS)
