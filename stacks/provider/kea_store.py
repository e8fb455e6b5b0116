"""The configuration of a Kea DHCPv4 server through its control agent, changed as a whole or not at all.

Kea without the host commands hook has no command for one reservation. So the running configuration is fetched,
changed, tested, set and written to its file; what cannot be written is set back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stacks.provider.api import Api, NoAnswerError, RefusedError
from stacks.provider.errors import ProviderError
from stacks.provider.groups import MovedError, StandsError

Config = dict[str, Any]
NOT_CHANGED = "Nothing was changed"


@dataclass(frozen=True)
class KeaStore:
    """One Kea behind its control agent (Kea 2.2 or newer)."""

    api: Api

    def load(self) -> Config:
        """The running configuration."""
        found: Config = self._command("config-get", None, NOT_CHANGED)
        found.pop("hash", None)  # Kea 2.4 and newer add it and do not take it back
        if not isinstance(found.get("Dhcp4"), dict):
            raise ProviderError(
                self.api.say("config-get", "it has no Dhcp4", "Name a DHCPv4 server in api_url")
            )
        return found

    def save(self, base: Config, draft: Config) -> None:
        """Test, look that nobody else wrote meanwhile, set, write to its file; back to `base` when writing fails.
        With nothing to change the file alone is written: a run that was killed may have left it behind.

        Raises RefusedError, MovedError (nothing written), NoAnswerError or StandsError.
        """
        if draft == base:  # what runs is right; whether the file says so is not known
            self._command(
                "config-write", None, "It runs as wanted and a restart may undo that: let it write its file"
            )
            return
        self._command("config-test", draft, f"{NOT_CHANGED}; correct what it names")
        if self.load() != base:
            raise MovedError(
                self.api.say("config-set", "somebody else changes it all the time", "Find out who, then run again")
            )  # fmt: skip
        try:
            self._command("config-set", draft, NOT_CHANGED)
        except NoAnswerError:
            if self.load() == base:
                raise
        try:
            self._write()
        except ProviderError as error:
            self._take_back(base, error)

    def _write(self) -> None:
        """Into its file; once more when the answer got lost, for twice the same does no harm."""
        try:
            self._command("config-write", None, "")
        except NoAnswerError:
            self._command("config-write", None, "")

    def _take_back(self, base: Config, why: ProviderError) -> None:
        try:
            self._command("config-set", base, "")
            if isinstance(why, NoAnswerError):
                self._write()
        except ProviderError as error:
            raise StandsError(
                f"{why} It runs the new configuration, or its file holds it, and not both, so a restart would change "
                f"what it does; taking it back failed too: {error} Once it can write its file again, run the stack again"
            ) from None
        raise RefusedError(
            f"{why} What it ran before was set back: nothing is changed. Let it write its file, then run again"
        )

    def _command(self, command: str, arguments: Config | None, then: str) -> Config:
        body: dict[str, Any] = {"command": command, "service": ["dhcp4"]}
        if arguments is not None:
            body["arguments"] = arguments
        answer = self.api.ask(command, "POST", "/", body)
        try:
            found = answer.json()
            row: Any = found[0] if isinstance(found, list) and found else found
            code = int(row["result"])
        except (ValueError, KeyError, TypeError):
            said = f"{answer.status_code} {self.api.words(answer.text)!r} is no answer of a Kea control agent"
            raise RefusedError(self.api.say(command, said, "Correct api_url"), answer.status_code) from None
        if code != 0:
            text = self.api.words(str(row.get("text", "")))
            raise RefusedError(self.api.say(command, f"result {code}, {text!r}", then or NOT_CHANGED))
        arguments = row.get("arguments")
        return arguments if isinstance(arguments, dict) else {}
