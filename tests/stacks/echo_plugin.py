"""A provider that takes everything and does nothing: stands in for a plugin that cannot be had offline.

Run as `python echo_plugin.py ENGINE`. Inputs become outputs as they are, with an id; a changed input is an update.
Every call is written to the file that ECHO_LOG names, one line each.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc


class Echo(provider_pb2_grpc.ResourceProviderServicer):
    """Every answer is yes."""

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's names
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version="4.0.0")

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.GetSchemaResponse(schema='{"name": "alicloud", "version": "4.0.0"}')

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse(changes=_changes(request))

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=False, acceptResources=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse(changes=_changes(request))

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        note("create", request.urn)
        return provider_pb2.CreateResponse(id=f"{name(request.urn)}-id", properties=request.properties)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        note("update", request.urn)
        return provider_pb2.UpdateResponse(properties=request.news)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        note("delete", request.urn)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()


def _changes(request: Any) -> Any:
    same = request.old_inputs == request.news
    return provider_pb2.DiffResponse.DIFF_NONE if same else provider_pb2.DiffResponse.DIFF_SOME


def name(urn: str) -> str:
    """The name at the end of a URN."""
    return urn.rpartition("::")[2]


def note(verb: str, urn: str) -> None:
    """A line in the log."""
    if log := os.environ.get("ECHO_LOG"):
        with Path(log).open("a", encoding="utf-8") as stream:
            stream.write(f"{verb} {name(urn)}\n")


def main() -> None:
    """Serve; the port goes to standard output."""
    server = grpc.server(ThreadPoolExecutor(8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Echo(), server)
    sys.stdout.write(f"{server.add_insecure_port('127.0.0.1:0')}\n")
    server.start()
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
