"""How the service listens."""

from __future__ import annotations

import socket

from answerable import serve


def test_the_rest_of_an_answer_does_not_wait_until_its_head_is_acknowledged() -> None:
    with (
        serve.listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
