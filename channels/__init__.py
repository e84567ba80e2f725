"""The networks on which the public speaks and we answer.

``open_network`` is used by the activities that publish and find; ``channels.inbound`` by the door,
for comments that arrive as signed webhooks.
"""

from __future__ import annotations

from collections.abc import Callable

from channels.base import Earlier, Network, Outcome, Sighting, Utterance
from channels.console import ConsoleNetwork
from channels.webhook import WebhookNetwork
from config.settings import Settings
from domain.policy import Channel, ChannelKind

__all__ = ["NETWORKS", "Earlier", "Network", "Outcome", "Sighting", "Utterance", "open_network"]

NETWORKS: dict[ChannelKind, Callable[[str, Channel, Settings], Network]] = {
    ChannelKind.CONSOLE: ConsoleNetwork,
    ChannelKind.WEBHOOK: WebhookNetwork,
}


def open_network(channel_id: str, channel: Channel, settings: Settings) -> Network:
    """The network behind a channel of the policy. Nothing is sent by opening it; close it."""
    return NETWORKS[channel.kind](channel_id, channel, settings)
