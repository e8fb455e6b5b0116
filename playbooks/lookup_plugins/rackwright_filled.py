"""Kickstart files with their secrets put in, for a task that shows nothing of what it does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

VAULT = "RACKWRIGHT_VAULT"
DOCUMENTATION = """
name: rackwright_filled
short_description: Kickstart files with their secrets put in
description:
  - Returns the text of each file with every C(%secret:NAME%) replaced by the value of that secret of the inventory.
  - A value comes from the environment, or from the ansible-vault file that the environment variable
    C(RACKWRIGHT_VAULT) names, as the secret says; Ansible opens it with the vault password it was given.
  - Use it with C(no_log) and C(diff=false) only.
options:
  _terms:
    description: Paths of rendered kickstart files.
    required: true
  lacking:
    description: Return why they cannot be filled instead, one sentence each. Names secrets, never a value.
    type: bool
    default: false
"""


class LookupModule(LookupBase):  # type: ignore[misc]
    """`content: "{{ lookup('rackwright_filled', path) }}"`."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """Texts, or why there are none. Raises AnsibleError, which names secrets, never a value."""
        from topology.os_install import SECRET, filled

        self.set_options(var_options=variables, direct=options)
        places = (variables or {}).get("rackwright_secrets", {})
        texts, reasons = [], []
        for path in terms:
            text = Path(path).read_text(encoding="utf-8")
            values = {name: self._value(places.get(name)) for name in sorted(set(SECRET.findall(text)))}
            lacking = [_sentence(name, places.get(name)) for name, value in values.items() if not value]
            if not lacking:
                try:
                    texts.append(filled(text, values.__getitem__))
                except ValueError as error:
                    lacking.append(str(error))
            reasons += lacking
        if self.get_option("lacking"):
            return reasons
        if reasons:
            raise AnsibleError("; ".join(reasons))
        return texts

    def _value(self, place: dict[str, str] | None) -> str:
        """The value; empty when there is none."""
        if place is None:
            return ""
        if place["source"] == "env":
            return os.environ.get(place["key"], "")
        file = os.environ.get(VAULT)
        return str(self._loader.load_from_file(file, unsafe=True).get(place["key"], "")) if file else ""


def _sentence(name: str, place: dict[str, str] | None) -> str:
    if place is None:
        return f"secret {name} is not in the inventory's secrets"
    if place["source"] == "env":
        return f"secret {name}: environment variable {place['key']} is not set"
    return f"secret {name}: the file that {VAULT} names ({os.environ.get(VAULT) or 'none'}) has no variable {place['key']}"
