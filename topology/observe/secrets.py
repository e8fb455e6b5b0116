"""Secrets by reference: found when they are sent, and never seen in anything that is kept."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inventory.model_operations import Secret

MASK = "***"
SCHEME_KEYS = re.compile(r"key (authentication|authorization|accounting) (?:simple|cipher) \S+")
"""Comware's keys of a TACACS+ scheme; it shows as `cipher` what was typed as `simple`."""
USM_KEYS = re.compile(r"(?:simple|cipher) authentication-mode (\S+) \S+ privacy-mode (\S+) \S+")
"""Comware's line of an SNMPv3 account, which has two keys."""
USER_KEYS = re.compile(r" v3 auth (\S+) \S+ priv (\S+) \S+")
"""RGOS's line of an SNMPv3 account, which has two keys as well."""
HOST_KEYS = re.compile(r"(tacacs-server host (?:oob )?\S+ key) \d \S+")
"""RGOS's key of a TACACS+ server; it shows as 7 what was typed as 0."""
REFERENCE = re.compile(r"%secret:([^%]+)%")
KEY = re.compile(
    r"(?P<head>\b(?:(?:irreversible-)?cipher|password(?: (?:cipher|irreversible-cipher|simple|\d))?"
    r"|(?:key|secret|encrypted) (?:cipher|simple|\d)|community (?:read|write)(?: cipher| simple)?|snmp-server community)) "
    r"(?P<key>(?!\*\*\*|(?:irreversible-)?cipher |simple )\S+)"
)
"""A word that a key follows, in any of the platforms' configurations."""


class SecretError(Exception):
    """A secret that is not to be found. The message names it and where it was looked for, never a value."""


@dataclass
class Vault:
    """Values of secrets by the name the inventory gives them. Values once read are masked by `mask`."""

    secrets: Mapping[str, Secret]
    vault_file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    seen: set[str] = field(default_factory=set, repr=False)
    _opened: dict[str, str] | SecretError | None = field(default=None, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def value(self, name: str) -> str:
        """The value. Raises SecretError."""
        secret = self.secrets.get(name)
        if secret is None:
            raise SecretError(f"secret {name} is not in the inventory's `secrets`")
        if secret.source == "env":
            found = self.environment.get(secret.key)
            where = f"environment variable {secret.key}"
        else:
            found = self._vault().get(secret.key)
            where = f"variable {secret.key} of {self.vault_file or 'an ansible-vault file (none was named)'}"
        if not found:
            raise SecretError(f"secret {name}: {where} is not set")
        self.seen.add(found)
        return found

    def fill(self, line: str) -> str:
        """The line with every reference replaced by its value."""
        return REFERENCE.sub(lambda found: self.value(found[1]), line)

    def lacking(self, text: str) -> list[str]:
        """Why references in `text` cannot be filled, one sentence each; empty when all can."""
        out = []
        for name in sorted(set(REFERENCE.findall(text))):
            try:
                self.value(name)
            except SecretError as error:
                out.append(str(error))
        return out

    def mask(self, text: str) -> str:
        """The text without keys: values that were read, and whatever follows a word that a key follows."""
        return mask(text, self.seen)

    def _vault(self) -> dict[str, str]:
        with self._opening:  # many switches at once: one opens it, the others wait
            if self._opened is None:
                try:
                    self._opened = _variables(self.vault_file) if self.vault_file else {}
                except SecretError as error:
                    self._opened = error
            if isinstance(self._opened, SecretError):
                raise self._opened
            return self._opened


def _variables(vault_file: Path) -> dict[str, str]:
    """Variables of an ansible-vault file. Raises SecretError."""
    import yaml

    try:
        done = subprocess.run(  # noqa: S603
            ["ansible-vault", "view", str(vault_file)],  # noqa: S607
            capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SecretError(f"{vault_file} cannot be opened: ansible-vault: {type(error).__name__}") from error
    if done.returncode:
        raise SecretError(f"{vault_file} cannot be opened: ansible-vault ended with {done.returncode}")
    return {k: str(v) for k, v in (yaml.safe_load(done.stdout) or {}).items()}


def mask(text: str, values: Iterable[str] = ()) -> str:
    """The text without keys; references by name stay, they say nothing."""
    for value in sorted(values, key=len, reverse=True):
        text = re.sub(
            rf"(?<![\w-]){re.escape(value)}(?![\w-])" if len(value) < 6 else re.escape(value), MASK, text
        )
    text = USM_KEYS.sub(r"*** authentication-mode \1 *** privacy-mode \2 ***", text)
    text = USER_KEYS.sub(r" v3 auth \1 *** priv \2 ***", text)
    text = HOST_KEYS.sub(r"\1 ***", text)
    text = SCHEME_KEYS.sub(r"key \1 ***", text)
    return KEY.sub(
        lambda found: found[0] if REFERENCE.fullmatch(found["key"]) else f"{found['head']} {MASK}", text
    )
