"""What the cloud stack is told by its configuration: where the platform answers, and its names for our sites.

These are facts of the platform, known to those who run it, and stand nowhere in the inventory. Keys of access are no
configuration: the provider reads them from its environment (ALICLOUD_ACCESS_KEY, ALICLOUD_SECRET_KEY).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PUBLIC_DOMAINS = ("aliyuncs.com", "aliyun.com", "alibabacloud.com")
"""Where the public cloud answers: never an endpoint of a private platform."""
GRANULARITIES = {"host": "Host", "rack": "Rack", "switch": "Switch"}
PREFIX = "rackwright-cloud:"
HOST = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$")


class SettingsError(Exception):
    """The configuration of the cloud stack cannot be used; the text says which key and why."""


@dataclass(frozen=True)
class CloudSettings:
    """`zones`: site -> zone of the platform; `endpoints`: product -> host (and port) that answers for it;
    `granularities`: over what the platform's deployment sets can spread, besides hosts. None and empty: not said."""

    region: str | None = None
    zones: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    protocol: Literal["HTTPS", "HTTP"] = "HTTPS"
    granularities: frozenset[str] = frozenset({"host"})


def settings_from(text: Callable[[str], str | None], value: Callable[[str], Any]) -> CloudSettings:
    """The settings from a stack's configuration: `text` and `value` give one key as text, or as data; None when it
    is not set. Raises SettingsError."""
    zones, endpoints = _mapping("zones", value), _mapping("endpoints", value)
    for product, host in endpoints.items():
        if not HOST.match(host):
            raise SettingsError(f"{PREFIX}endpoints: {product}: {host!r} is no host; write HOST or HOST:PORT")
        if public(host):
            raise SettingsError(
                f"{PREFIX}endpoints: {product}: {host} is the public cloud; write the host of the private platform"
            )
    protocol = text("protocol") or "HTTPS"
    if protocol not in ("HTTPS", "HTTP"):
        raise SettingsError(f"{PREFIX}protocol: {protocol!r}: expected HTTPS or HTTP")
    levels = value("granularities") or ["host"]
    if not isinstance(levels, list) or not set(levels) <= set(GRANULARITIES):
        raise SettingsError(
            f"{PREFIX}granularities: {levels!r}: expected a list of {', '.join(GRANULARITIES)}"
        )
    secure: Literal["HTTPS", "HTTP"] = "HTTPS" if protocol == "HTTPS" else "HTTP"
    return CloudSettings(text("region"), zones, endpoints, secure, frozenset(levels) | {"host"})


def public(host: str) -> bool:
    """Whether a host belongs to the public cloud."""
    name = host.partition(":")[0].lower()
    return any(name == domain or name.endswith(f".{domain}") for domain in PUBLIC_DOMAINS)


def _mapping(key: str, value: Callable[[str], Any]) -> dict[str, str]:
    found = value(key) or {}
    if not isinstance(found, dict) or not all(isinstance(v, str) and v for v in found.values()):
        raise SettingsError(f"{PREFIX}{key}: expected names and texts, found {found!r}")
    return {str(k): v for k, v in sorted(found.items())}
