"""Reaching Temporal: the standard client configuration, one client per process."""

from __future__ import annotations

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig


def runtime_with_metrics(address: str) -> Runtime:
    """A runtime that serves the SDK's metrics at ``address`` (host:port) for Prometheus."""
    return Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=address)))


async def connect(runtime: Runtime | None = None, *, lazy: bool = False) -> Client:
    """A client for the configured cluster.

    Address, namespace, TLS and API key come from Temporal's environment variables or its
    configuration file, as for every Temporal tool. ``lazy`` connects on the first call, so that
    a process can start while the server is away.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    return await Client.connect(
        **config, data_converter=pydantic_data_converter, runtime=runtime, lazy=lazy
    )
