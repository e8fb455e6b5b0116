"""What the switch drivers share: a napalm `NetworkDriver` whose every method does what it says or refuses with a reason.

The candidate is kept here, not on the switch: `load_*_candidate` computes the commands that lead from what runs to
what is wanted, `compare_config` shows the difference, `commit_config` sends them. Keys go to the switch only, by
reference until the moment they are sent; everything that is returned or kept is masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from napalm.base.base import NetworkDriver
from napalm.base.exceptions import (
    CommandErrorException,
    CommandTimeoutException,
    CommitError,
    ConnectionClosedException,
    ConnectionException,
    MergeConfigException,
    ReplaceConfigException,
)

from topology.observe.remediation import Remedy, Rules, opposite, remedy
from topology.observe.secrets import MASK, SecretError, Vault, mask
from topology.observe.session import (
    ConnectError,
    Credentials,
    DroppedError,
    HungError,
    Session,
    Timeouts,
    known_hosts_file,
)
from topology.observe.undo import UndoError, undoing

BACKUP = "rackwright-before.cfg"
"""The file on the switch that holds what ran before the last push."""


class NotOnThisPlatformError(NotImplementedError):
    """Something napalm has a name for and this platform, or this driver, cannot do. The message says why."""


def refusing(reasons: dict[str, str]) -> Callable[[type[SwitchDriver]], type[SwitchDriver]]:
    """Class decorator: every named method raises NotOnThisPlatformError with its reason."""

    def add(cls: type[SwitchDriver]) -> type[SwitchDriver]:
        for name, reason in reasons.items():

            def refuse(
                self: SwitchDriver, *_: Any, _name: str = name, _reason: str = reason, **__: Any
            ) -> Any:
                raise NotOnThisPlatformError(f"{self.platform}: {_name}: {_reason}")

            refuse.__name__, refuse.__doc__ = name, f"Refused: {reason}."
            setattr(cls, name, refuse)
        return cls

    return add


NOT_NEEDED = "not needed for building and checking a switch, so not written"
REASONS = dict.fromkeys(
    (
        "get_arp_table", "get_bgp_config", "get_bgp_neighbors_detail", "get_firewall_policies",
        "get_interfaces_counters", "get_interfaces_ip", "get_ipv6_neighbors_table", "get_mac_address_table",
        "get_network_instances", "get_ntp_peers", "get_ntp_servers", "get_ntp_stats", "get_probes_config",
        "get_probes_results", "get_route_to", "get_snmp_information", "get_users", "get_vlans", "traceroute",
    ),
    NOT_NEEDED,
) | {
    "load_template": "configurations are rendered from the plan, not from napalm's templates",
    "compliance_report": "`rackwright verify` compares with the plan",
    "pre_connection_tests": "open() checks host key and login itself",
    "connection_tests": "open() checks host key and login itself",
    "post_connection_tests": "open() checks host key and login itself",
    "get_environment": "fans, power and temperature have no layout that holds across models; read them over SNMP",
    "ping": "a switch pings from its management instance or not at all; reachability is tested from here",
}  # fmt: skip


@refusing(REASONS)
class SwitchDriver(NetworkDriver):  # type: ignore[misc]
    """Base of the drivers. A platform sets the class variables and says `_apply`, `_current` and its own getters.

    optional_args: `port` (22), `known_hosts` (file; default: RACKWRIGHT_KNOWN_HOSTS or the user's), `vault`
    (topology.observe.secrets.Vault, for keys by reference), `timeouts` (Timeouts), `shortest_revert_s` (for the lab).
    """

    platform: ClassVar[str]
    netmiko_name: ClassVar[str]
    prompt: ClassVar[str]
    error: ClassVar[re.Pattern[str]]
    rules: ClassVar[Rules]
    show_running: ClassVar[str]
    show_saved: ClassVar[str]
    named: ClassVar[re.Pattern[str]]
    """A line every configuration has."""
    has_timer: ClassVar[bool] = True
    """Whether a commit can go back by itself."""
    backup_file: str | None = None
    """The file on the switch that holds what ran before, once `backup` wrote it."""
    before: str = ""
    """What ran when the candidate was loaded."""
    undo: tuple[str, ...] = ()
    """Lines that take the candidate back, keys masked; only where there is no timer."""
    shortest_revert_s: int = 60
    longest_revert_s: int = 65_535

    def __init__(
        self, hostname: str, username: str, password: str, timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        options = optional_args or {}
        self.hostname, self.username, self.timeout = hostname, username, timeout
        self.vault: Vault = options.get("vault") or Vault({})
        self.shortest_revert_s = options.get("shortest_revert_s", self.shortest_revert_s)
        known = options.get("known_hosts")
        self.session = Session(
            hostname, self.netmiko_name, self.prompt, Credentials(username, password),
            known_hosts_file(Path(known) if known else None), int(options.get("port", 22)),
            options.get("timeouts") or Timeouts(answer_s=timeout), hidden=self.vault.seen,
        )  # fmt: skip
        self.vault.seen.add(password)
        self.candidate: Remedy | None = None

    # ------------------------------------------------------------ the session

    def open(self) -> None:
        """Log in. Raises ConnectionException."""
        try:
            self.session.open()
        except ConnectError as error:
            raise ConnectionException(str(error)) from None
        self._prepare()

    def close(self) -> None:
        """End the session; what was not committed is gone."""
        self.session.close()

    def reopen(self) -> None:
        """A new session in place of one that hangs or was cut."""
        self.session.close()
        self.open()

    def is_alive(self) -> dict[str, bool]:
        """Whether the session is up."""
        return {"is_alive": self.session.alive}

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str]:
        """Answers by command, keys masked. Only `text` is known."""
        if encoding != "text":
            raise NotOnThisPlatformError(f"{self.platform}: cli: answers are text, not {encoding}")
        return {command: mask(self.read(command), self.vault.seen) for command in commands}

    def read(self, command: str, *, timeout_s: float | None = None) -> str:
        """The answer to a command without the prompt, keys as the switch shows them. Raises CommandErrorException,
        CommandTimeoutException or ConnectionClosedException."""
        answer = self._say(command, timeout_s=timeout_s)
        if found := self.error.search(answer):
            raise CommandErrorException(f"`{mask(command, self.vault.seen)}`: {found[0].strip()}")
        return re.sub(rf"(?:{self.prompt})", "", answer).rstrip("\n") + "\n"

    # ------------------------------------------------------------ the candidate

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Want these lines as well: what is there stays. Raises MergeConfigException."""
        self._load(_text(filename, config, MergeConfigException), merge=True)

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Want this configuration: what the model knows and the text lacks goes. Raises ReplaceConfigException."""
        self._load(_text(filename, config, ReplaceConfigException), merge=False)

    def load_undo_candidate(self, before: str, after: str) -> str:
        """Want back what changed from `before` to `after`, and nothing else; the configuration that is wanted then.
        Keys of lines that come back are taken from the file of the last `backup` if that is what `before` is.
        Raises ReplaceConfigException."""
        running = self.running()
        try:
            found, wanted = undoing(
                self.rules, running, before, after or running, self._kept() if MASK in before else ""
            )
        except UndoError as error:
            raise ReplaceConfigException(str(error)) from None
        self._take(found, running)
        return wanted

    def compare_config(self) -> str:
        """What would change, section by section, keys masked; empty when nothing would."""
        return self.candidate.diff if self.candidate else ""

    def discard_config(self) -> None:
        """Forget the candidate; nothing of it is on the switch."""
        self.candidate = None

    def has_pending_commit(self) -> bool:
        """True while a commit waits for confirmation."""
        raise NotOnThisPlatformError(f"{self.platform}: has_pending_commit: the switch does not tell")

    def running(self) -> str:
        """The running configuration as text, with keys as the switch shows them. Raises CommandErrorException for an
        answer that is none."""
        text = self._bare(self.read(self.show_running, timeout_s=self.session.timeouts.commit_s))
        if not self.named.search(text):
            raise CommandErrorException(f"`{self.show_running}`: the answer holds no configuration")
        return text

    def saved(self) -> str:
        """The configuration the switch would start with, as text; empty when it shows none."""
        try:
            return self._bare(self.read(self.show_saved, timeout_s=self.session.timeouts.commit_s))
        except CommandErrorException:
            return ""

    # ------------------------------------------------------------ what all getters share

    def get_config(
        self, retrieve: str = "all", full: bool = False, sanitized: bool = False, format: str = "text"
    ) -> dict[str, str]:
        """Running, saved and candidate configuration, keys masked whatever `sanitized` says."""
        if format != "text":
            raise NotOnThisPlatformError(
                f"{self.platform}: get_config: configurations are text, not {format}"
            )
        out = {"running": "", "startup": "", "candidate": ""}
        if retrieve in ("all", "running"):
            out["running"] = mask(self.running(), self.vault.seen)
        if retrieve in ("all", "startup"):
            out["startup"] = mask(self.read(self.show_saved), self.vault.seen)
        if retrieve in ("all", "candidate") and self.candidate:
            out["candidate"] = mask("\n".join(self.candidate.lines) + "\n", self.vault.seen)
        return out

    def get_lldp_neighbors(self) -> dict[str, list[dict[str, str]]]:
        """Name and port of the other side, by own port as the plan names it."""
        return {
            port: [{"hostname": n["remote_system_name"], "port": n["remote_port"]} for n in found]
            for port, found in self.get_lldp_neighbors_detail().items()
        }

    # ------------------------------------------------------------ changing it

    def timer_s(self, revert_in: int) -> int:
        """How long the switch's timer really runs when so many seconds are asked for."""
        return revert_in

    def undo_by_hand(self, pending_s: float | None) -> str:
        """What to type to undo the last commit; `pending_s`: a timer is running that long."""
        raise NotImplementedError

    def backup(self) -> str:
        """Keep the running configuration in a file on the switch; its name."""
        raise NotOnThisPlatformError(f"{self.platform}: backup: not written")

    def abort_trial(self) -> bool:
        """Undo what was committed with a timer at once; False when no timer runs."""
        raise NotOnThisPlatformError(f"{self.platform}: abort_trial: not written")

    def save(self) -> None:
        """Start with the running configuration from now on."""
        raise NotOnThisPlatformError(f"{self.platform}: save: not written")

    # ------------------------------------------------------------ for the platforms

    def _prepare(self) -> None:
        """Right after login."""

    def _bare(self, text: str) -> str:
        """A configuration without what a platform shows around it."""
        return text

    def _load(self, text: str, *, merge: bool) -> None:
        wrong: type[Exception] = MergeConfigException if merge else ReplaceConfigException
        if lacking := self.vault.lacking(text):
            raise wrong("; ".join(lacking))
        running = self.running()
        self._take(remedy(self.rules, running, text, merge=merge), running)

    def _take(self, candidate: Remedy, running: str) -> None:
        self.candidate, self.before = candidate, running
        if not self.has_timer:
            self.undo = tuple(mask(line) for line in opposite(self.rules, candidate.after, running).lines)

    def _kept(self) -> str:
        """The file of the last `backup`, keys as the switch shows them; empty when it cannot be read."""
        try:
            return self._bare(self.read(f"more {BACKUP}", timeout_s=self.session.timeouts.commit_s))
        except CommandErrorException:
            return ""

    def _send(self, line: str, *, timeout_s: float | None = None) -> str:
        """Send a configuration line with its keys. Raises CommitError when the switch refuses it."""
        try:
            full = self.vault.fill(line)
        except SecretError as error:
            raise CommitError(str(error)) from None
        answer = self._say(full, timeout_s=timeout_s)
        if found := self.error.search(answer):
            raise CommitError(f"`{mask(line)}` was refused: {found[0].strip()}")
        return answer

    def _say(self, line: str, *, timeout_s: float | None = None) -> str:
        try:
            return self.session.say(line, timeout_s=timeout_s)
        except HungError as error:
            raise CommandTimeoutException(str(error)) from None
        except DroppedError as error:
            raise ConnectionClosedException(str(error)) from None

    def _answer_yes(self, answer: str, most: int = 3) -> str:
        """Say yes to every question an answer ends in."""
        for _ in range(most):
            if not re.search(r"\[Y[^\]\n]*\]:?\s*\Z", answer):
                return answer
            answer = self._say("y", timeout_s=self.session.timeouts.commit_s)
        return answer

    def _answered(self, line: str, word: str) -> None:
        """Run a line, say yes, and see the word that says it was done. Raises CommitError."""
        answer = self._answer_yes(self._say(line, timeout_s=self.session.timeouts.commit_s))
        if word not in answer:
            rows = [row.strip() for row in answer.splitlines() if row.strip()]
            raise CommitError(f"`{line}` did not say that it was done: {rows[0] if rows else 'no answer'}")

    def _check_revert(self, revert_in: int | None) -> None:
        if revert_in is not None and not self.shortest_revert_s <= revert_in <= self.longest_revert_s:
            raise CommitError(
                f"a timer of {revert_in} s is not possible on {self.platform}: "
                f"{self.shortest_revert_s} to {self.longest_revert_s}"
            )


def _text(filename: str | None, config: str | None, wrong: type[Exception]) -> str:
    if (filename is None) == (config is None):
        raise wrong("give either a file or a text")
    return config if config is not None else Path(str(filename)).read_text(encoding="utf-8")
