"""Which ports a stack takes: those of its last run, or the usual ones, or any that are free."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from answerable import embedded
from answerable.surroundings import Trouble, last_run
from config.settings import Settings


@dataclass(frozen=True)
class Ports:
    api: int
    temporal: int
    ui: int


def choose_ports(settings: Settings, host: str, port: int | None) -> Ports:
    """The ports of the last run or the usual ones, others where those are taken.

    A port that was asked for is taken or refused: raises Trouble, so that a link somebody keeps
    never leads to another service. 0 asks for free ports, whatever they are.
    """
    if port == 0:
        return Ports(*embedded.free_ports(0, 0, 0))
    last = last_run(settings.data)
    wanted = port if port is not None else _configured(settings)
    if wanted and not _is_free(host, wanted):
        raise Trouble(
            f"Port {wanted} is taken by another program. Choose another with --port N, "
            "or leave it out to get a free one."
        )
    usual = [
        _port(last.url, settings.port) if last else settings.port,
        _port(f"//{last.temporal}", embedded.TEMPORAL_PORT) if last else embedded.TEMPORAL_PORT,
        _port(last.ui, embedded.TEMPORAL_UI_PORT) if last else embedded.TEMPORAL_UI_PORT,
    ]
    found = embedded.free_ports(usual[0] if wanted is None else wanted, *usual[1:])
    return Ports(*found)


def _configured(settings: Settings) -> int | None:
    return settings.port if "port" in settings.model_fields_set else None


def _port(url: str, otherwise: int) -> int:
    try:
        return urlsplit(url).port or otherwise
    except ValueError:
        return otherwise


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taker.bind((host, port))
        except OSError as error:
            if isinstance(error, PermissionError):
                raise Trouble(
                    f"Port {port} may not be used by this account. Choose one above 1023."
                ) from None
            return False
    return embedded.free_port(port) == port
