"""Configuration of the provider: who logs in, whom to trust, how long to wait. Secrets by name only."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory.model_operations import Secret
from stacks.provider.errors import ProviderError
from topology.observe.secrets import MASK, SecretError, Vault

BMC_USER, BMC_PASSWORD, BMC_CA = "RACKWRIGHT_BMC_USER", "RACKWRIGHT_BMC_PASSWORD", "RACKWRIGHT_BMC_CA"
"""Environment variables read where the configuration names no secret; the playbooks read the same."""
SHORT = 6
"""A value with fewer characters is masked where it stands as a word of its own."""
KEYS = (
    "secrets", "vaultFile", "bmcUser", "bmcPassword", "bmcCa", "bmcAddresses", "allowInsecureTls", "switchUser",
    "switchPassword", "knownHosts", "timeoutS", "retryS", "servicesCa",
)  # fmt: skip
"""Configuration the provider takes, as `pulumi config set rackwright:KEY` or an argument of `Provider`."""


@dataclass(frozen=True)
class Settings:
    """Configuration in force. `bmc_user` … are names of secrets, None: the environment variable of the playbooks.

    `bmc_addresses`: device -> address, for an import by system UUID. `timeout_s`: for one answer. `retry_s`: how long
    a service that says 503 is asked again. `services_ca`: authority of DHCP and DNS servers over https.
    """

    vault: Vault = field(default_factory=lambda: Vault({}))
    bmc_user: str | None = None
    bmc_password: str | None = None
    bmc_ca: Path | None = None
    bmc_addresses: Mapping[str, str] = field(default_factory=dict)
    allow_insecure_tls: bool = False
    switch_user: str | None = None
    switch_password: str | None = None
    known_hosts: Path | None = None
    timeout_s: float = 30.0
    retry_s: float = 60.0
    services_ca: Path | None = None

    def secret(self, name: str) -> str:
        """Value of a secret of the inventory. Raises ProviderError that names it and where it was looked for."""
        try:
            return self.vault.value(name)
        except SecretError as error:
            raise ProviderError(
                f"{error}. Set it where the stack runs; the engine never holds its value"
            ) from error

    def bmc_login(self) -> tuple[str, str]:
        """User and password for management controllers. Raises ProviderError."""
        return self._value(self.bmc_user, BMC_USER, "bmcUser"), self._value(
            self.bmc_password, BMC_PASSWORD, "bmcPassword"
        )

    def _value(self, name: str | None, variable: str, key: str) -> str:
        if name is not None:
            return self.secret(name)
        value = self.vault.environment.get(variable)
        if not value:
            raise ProviderError(
                f"no login for management controllers: name a secret with rackwright:{key}, or set {variable}"
            )
        self.vault.seen.add(value)
        return value

    def mask(self, text: str) -> str:
        """The text without any secret read so far. Lines of a switch need more: `vault.mask`."""
        for value in sorted(self.vault.seen, key=len, reverse=True):
            whole = rf"(?<![\w-]){re.escape(value)}(?![\w-])" if len(value) < SHORT else re.escape(value)
            text = re.sub(whole, MASK, text)
        return text


def settings_of(values: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from configuration as the engine hands it over (text, or JSON text for anything else).

    Raises ProviderError that names the key.
    """
    environment = os.environ if environment is None else environment
    unknown = sorted(set(values) - {*KEYS, "version", "pluginDownloadURL"})
    if unknown:
        raise ProviderError(
            f"rackwright:{unknown[0]} is no configuration of this provider; there are {', '.join(KEYS)}"
        )

    def path(key: str, variable: str = "") -> Path | None:
        text = values.get(key) or environment.get(variable)
        return Path(str(text)).expanduser() if text else None

    secrets = _secrets(_json(values, "secrets"))
    for key in ("bmcUser", "bmcPassword", "switchUser", "switchPassword"):
        if (
            values.get(key) and values[key] not in secrets
        ):  # not shown: it may be a password put there by mistake
            there = ", ".join(sorted(secrets)) or "none"
            raise ProviderError(f"rackwright:{key} is no name in rackwright:secrets; there are {there}")
    return Settings(
        Vault(secrets, path("vaultFile", "RACKWRIGHT_VAULT_FILE"), environment),
        values.get("bmcUser"), values.get("bmcPassword"), path("bmcCa", BMC_CA), _json(values, "bmcAddresses"),
        _flag(values, "allowInsecureTls"), values.get("switchUser"), values.get("switchPassword"),
        path("knownHosts", "RACKWRIGHT_KNOWN_HOSTS"), _seconds(values, "timeoutS", 30.0), _seconds(values, "retryS", 60.0),
        path("servicesCa"),
    )  # fmt: skip


def _secrets(named: Mapping[str, Any]) -> dict[str, Secret]:
    """Secrets by name from `env:VARIABLE` or `vault:VARIABLE`."""
    out = {}
    for name, text in named.items():
        source, _, key = str(text).partition(":")
        record = {"name": name, "title": {"en": name, "zh": name}, "source": source, "key": key}
        try:
            out[name] = Secret.model_validate(record)
        except ValueError:  # its text would show what was given, which may be a password put there by mistake
            raise ProviderError(
                f"rackwright:secrets: {name} must be env:VARIABLE or vault:VARIABLE, never a value"
            ) from None
    return out


def _json(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = values.get(key) or {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ProviderError(f"rackwright:{key} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ProviderError(f"rackwright:{key} must be a JSON object")
    return value


def _flag(values: Mapping[str, Any], key: str) -> bool:
    value = values.get(key, False)
    if value in (True, "true"):
        return True
    if value in (False, "false", "", None):
        return False
    raise ProviderError(f"rackwright:{key} must be true or false")


def _seconds(values: Mapping[str, Any], key: str, default: float) -> float:
    try:
        seconds = float(values.get(key, default))
    except (TypeError, ValueError) as error:
        raise ProviderError(f"rackwright:{key} must be a number of seconds") from error
    if seconds < 0:
        raise ProviderError(f"rackwright:{key} must not be negative")
    return seconds
