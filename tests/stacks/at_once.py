"""Many requests at once, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.stacks.provider_client import Client, RefusedError


def create_all(client: Client, token: str, wanted: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was said to each creation; empty where it went well."""

    def outcome(inputs: Mapping[str, Any]) -> str:
        try:
            client.create(token, inputs)
        except RefusedError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(max(1, len(wanted))) as pool:
        return list(pool.map(outcome, wanted))
