"""Which addresses of chats are taken, and that refusing one does not repeat it."""

from __future__ import annotations

import pytest

from channels import chat
from config.settings import Settings
from domain.errors import Invalid

DEFAULT = chat.services(Settings().chat_services)
SLACK = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.mark.parametrize(
    "address",
    [f"slack://{SLACK}", f"https://hooks.slack.com/services/{SLACK}", "discord://123/abc"],
)
def test_services_that_stay_where_they_are_may_be_named(address: str) -> None:
    chat.check(address, DEFAULT)


@pytest.mark.parametrize(
    "address",
    [
        "json://10.0.0.7/secret",
        "jsons://internal.example/secret",
        "ntfy://10.0.0.7/secret",
        "mailto://secret:word@example.org",
        "file:///etc/passwd",
        "http://10.0.0.7/secret",
        "slack://secret",
        "secret",
        "",
        f"slack://{SLACK}\r\nsecret",
        f"slack://{SLACK}/{'x' * chat.LONGEST}",
    ],
)
def test_an_address_that_would_have_us_call_any_host_is_refused_and_not_repeated(
    address: str,
) -> None:
    with pytest.raises(Invalid) as refused:
        chat.check(address, DEFAULT)
    assert "secret" not in str(refused.value) + refused.value.way_out
    assert chat.send(address, "A title", "A text", DEFAULT) == chat.NOT_ALLOWED


def test_who_runs_the_service_says_which_services_there_are() -> None:
    chat.check("jsons://chat.example/mine", chat.services("slack, jsons"))
    with pytest.raises(Invalid):
        chat.check("json://chat.example/mine", chat.services("slack, jsons"))
    assert chat.services("  Slack,ntfys webex ") == {"slack", "ntfys", "webex"}
