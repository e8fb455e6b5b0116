"""The provider as the engine starts it, asked over gRPC with plain values."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from stacks.provider.values import Props, plain_map, wire_map

PLUGIN = Path(__file__).resolve().parents[2] / "stacks" / "plugin" / "pulumi-resource-rackwright"


class RefusedError(Exception):
    """What the provider answered instead; `half_done` holds what stands (identity, properties)."""

    def __init__(self, error: grpc.RpcError) -> None:
        super().__init__(error.details())
        self.code = error.code()
        self.half_done: tuple[str, Props] | None = None
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                self.half_done = _standing(value)


def _standing(packed: bytes) -> tuple[str, Props] | None:
    status = status_pb2.Status.FromString(packed)
    for detail in status.details:
        found = provider_pb2.ErrorResourceInitFailed()
        if detail.Unpack(found):
            assert list(found.reasons) == [status.message]
            return found.id, plain_map(PropertyValue.unmarshal_map(found.properties))
    return None


@dataclass
class Client:
    """The provider; `process` runs it."""

    process: subprocess.Popen[str]
    stub: Any

    def ask(self, method: str, request: Any) -> Any:
        """One request. Raises RefusedError."""
        try:
            return getattr(self.stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            raise RefusedError(error) from None

    def configure(self, **values: str) -> None:
        """Configuration, as the engine gives it."""
        args = PropertyValue.marshal_map(wire_map(values))
        self.ask("Configure", provider_pb2.ConfigureRequest(args=args, acceptSecrets=True))

    def check(
        self, token: str, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> tuple[Props, list[tuple[str, str]]]:
        """Inputs normalised, and problems by field."""
        request = provider_pb2.CheckRequest(urn=urn(token), olds=struct(olds or {}), news=struct(news))
        answer = self.ask("Check", request)
        return values(answer.inputs), [(f.property, f.reason) for f in answer.failures]

    def diff(self, token: str, identity: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Any:
        """The DiffResponse."""
        request = provider_pb2.DiffRequest(urn=urn(token), id=identity, olds=struct(olds), news=struct(news))
        return self.ask("Diff", request)

    def create(self, token: str, news: Mapping[str, Any], *, preview: bool = False) -> tuple[str, Props]:
        """Identity and outputs."""
        request = provider_pb2.CreateRequest(urn=urn(token), properties=struct(news), preview=preview)
        answer = self.ask("Create", request)
        return answer.id, values(answer.properties)

    def read(
        self, token: str, identity: str, state: Mapping[str, Any] | None = None, inputs: Mapping[str, Any] | None = None
    ) -> tuple[str, Props, Props]:  # fmt: skip
        """Identity, outputs and inputs as found."""
        request = provider_pb2.ReadRequest(
            urn=urn(token), id=identity, properties=struct(state or {}), inputs=struct(inputs or {})
        )
        answer = self.ask("Read", request)
        assert answer.HasField("properties") is bool(answer.id), (
            "an import takes empty outputs for something there"
        )
        return answer.id, values(answer.properties), values(answer.inputs)

    def update(
        self, token: str, identity: str, olds: Mapping[str, Any], news: Mapping[str, Any], *, preview: bool = False
    ) -> Props:  # fmt: skip
        """The outputs."""
        request = provider_pb2.UpdateRequest(
            urn=urn(token), id=identity, olds=struct(olds), news=struct(news), preview=preview
        )
        return values(self.ask("Update", request).properties)

    def delete(self, token: str, identity: str, state: Mapping[str, Any]) -> None:
        """Take it away."""
        self.ask("Delete", provider_pb2.DeleteRequest(urn=urn(token), id=identity, properties=struct(state)))


def urn(token: str, name: str = "thing") -> str:
    """As the engine makes it."""
    return f"urn:pulumi:test::project::{token}::{name}"


def struct(plain: Mapping[str, Any]) -> Any:
    """Plain values as they go over the wire."""
    return PropertyValue.marshal_map(wire_map(plain))


def values(found: Any) -> Props:
    """Values from the wire, plain."""
    return plain_map(PropertyValue.unmarshal_map(found))


@contextmanager
def provider(environment: Mapping[str, str] | None = None, **configuration: str) -> Iterator[Client]:
    """A provider of its own process, configured, and ended afterwards."""
    process = subprocess.Popen(
        [str(PLUGIN)], stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )
    assert process.stdout is not None
    try:
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            client = Client(process, provider_pb2_grpc.ResourceProviderStub(channel))
            client.configure(**configuration)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()
