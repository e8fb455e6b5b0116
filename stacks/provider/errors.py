"""What a resource tells the engine when it cannot do what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ProviderError(Exception):
    """Nothing was changed, or all of it was taken back. The message names the device, the address, what was tried,
    what was answered and how to go on; never the value of a secret."""


class HalfDoneError(ProviderError):
    """Something stands that was not taken back. The engine keeps `properties` under `identity`, marks the resource as
    not fully made, and the next `up` goes on with an update."""

    def __init__(self, message: str, identity: str, properties: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.identity = identity
        self.properties = dict(properties)
        self.secrets: frozenset[str] = frozenset()
        """Names among `properties` that the engine keeps encrypted."""


def sentence(device: str, address: str, tried: str, answered: str, then: str) -> str:
    """The one form of every message: who, where, what was tried, what came back, how to go on."""
    return f"{device} ({address}): {tried}: {answered}. {then}"
