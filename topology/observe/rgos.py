"""Ruijie RGOS: a napalm driver over its command line.

Limits: a line takes effect as it is sent, and nothing on the switch takes it back: no commit timer, no replace (a file
is only merged). So a commit with `revert_in` is refused. `rollback` sends the opposite of what was sent, computed from
what ran before: it needs a session. Speeds, MACs and counters of ports are not read.
"""

from __future__ import annotations

import calendar
import re
import time
from typing import Any, ClassVar

from napalm.base.exceptions import CommitConfirmException, CommitError

from topology.observe import getters
from topology.observe.driver_base import BACKUP, SwitchDriver
from topology.observe.remediation import Rules, opposite
from topology.observe.rgos_rules import RULES
from topology.platforms.ports import planned
from topology.platforms.rgos_output import rows

PLATFORM = "ruijie_rgos"
NO_TIMER = "RGOS has no commit timer: a line takes effect as it is sent and nothing takes it back by itself"
HEAD = re.compile(r"(?m)^(?:Building configuration\.\.\.|Current configuration ?:.*|version .*)\n")
"""What stands above a configuration as it is shown."""


class RgosDriver(SwitchDriver):
    """One Ruijie switch."""

    platform: ClassVar[str] = PLATFORM
    netmiko_name: ClassVar[str] = "ruijie_os"
    prompt: ClassVar[str] = r"(?:(?:^|\n)[^\s#>()]+(?:\([^)\n]+\))?[#>]|\[Y/N\]:?|\(Y/N\)|\n?Password:)\s*\Z"
    error: ClassVar[re.Pattern[str]] = re.compile(
        r"(?m)^ ?% ?(?:Invalid|Incomplete|Ambiguous|Unrecognized|Unknown|Command|Access|File|No such|Failed|Error).*$"
    )
    rules: ClassVar[Rules] = RULES
    show_running: ClassVar[str] = "show running-config"
    show_saved: ClassVar[str] = "show startup-config"
    named: ClassVar[re.Pattern[str]] = re.compile(r"(?m)^hostname \S")
    has_timer: ClassVar[bool] = False

    # ------------------------------------------------------------ changing it

    def backup(self) -> str:
        """Keep what runs in a file on the switch; it can be looked at and merged, not put in place."""
        self._answered(f"copy running-config flash:{BACKUP}", "Success")
        self.backup_file = BACKUP
        return BACKUP

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Send the candidate line by line; each takes effect at once. A refused line leaves those before it in force:
        `rollback` takes them back. `message` has no place on RGOS and is dropped. Raises CommitError, always with
        `revert_in`."""
        if revert_in is not None:
            raise CommitError(
                f"{self.platform}: {NO_TIMER}; a commit that goes back by itself is not possible"
            )
        if self.candidate is None:
            raise CommitError("no candidate is loaded")
        if not self.candidate.lines:
            return
        if self.backup_file is None:
            self.backup()
        self._enter(self.candidate.lines)
        self.candidate = None

    def confirm_commit(self) -> None:
        """Refused: nothing waits for a confirmation."""
        raise CommitConfirmException(f"{self.platform}: {NO_TIMER}; there is nothing to confirm")

    def abort_trial(self) -> bool:
        """False: no trial is ever in effect."""
        return False

    def rollback(self) -> None:
        """Send the opposite of what differs from what ran when the candidate was loaded. Raises CommitError."""
        if not self.before:
            raise CommitError(f"{self.platform}: what ran before was not read in this session")
        self._enter(opposite(self.rules, self.running(), self.before).lines)

    def save(self) -> None:
        """Start with the running configuration from now on."""
        self._answered("write", "[OK]")

    def undo_by_hand(self, pending_s: float | None) -> str:
        """What to type to undo the last commit: the lines, or where they are."""
        return "; ".join(["configure terminal", *self.undo, "end", "write"]) if self.undo else ""

    def has_pending_commit(self) -> bool:
        """False: RGOS has no commit on trial."""
        return False

    # ------------------------------------------------------------ reading it

    def get_facts(self) -> dict[str, Any]:
        """Maker, model, version, serial number, name, uptime in seconds, names of ports as the plan has them."""
        return facts_of(
            self.read("show version"), self._say(""), self.read("show interfaces description")
        )  # fmt: skip

    def get_interfaces(self) -> dict[str, dict[str, Any]]:
        """Ports by the plan's names: enabled, up, description. The rest is not read."""
        shown = ports_of(self.read("show interfaces description"))
        return {
            name: getters.port(up=up, enabled=enabled, description=text)
            for name, (enabled, up, text) in shown.items()
        }

    def get_lldp_neighbors_detail(self, interface: str = "") -> dict[str, list[dict[str, Any]]]:
        """What neighbours announce, by own port as the plan names it."""
        found = lldp_of(self.read("show lldp neighbors detail"))
        return {p: n for p, n in found.items() if interface in ("", p)}

    def get_bgp_neighbors(self) -> dict[str, Any]:
        """State of the BGP neighbours."""
        return bgp_of(self.read("show ip bgp summary"))

    def get_optics(self) -> dict[str, Any]:
        """Received and sent light in dBm, by the plan's names of ports."""
        return getters.optics(optics_of(self.read("show interfaces transceiver diagnosis")))

    # ------------------------------------------------------------ helpers

    def _prepare(self) -> None:
        self._say("terminal length 0")

    def _bare(self, text: str) -> str:
        return HEAD.sub("", text).lstrip("\n")

    def _enter(self, lines: tuple[str, ...]) -> None:
        self._say("configure terminal")
        try:
            for line in lines:
                self._send(line, timeout_s=self.session.timeouts.commit_s)
        finally:
            if self.session.alive:
                self._say("end")


def facts_of(version: str, prompt: str, ports: str) -> dict[str, Any]:
    """napalm's facts from the answers to `show version`, Enter and `show interfaces description`."""
    found = _rows("show version", version)
    row = found[0] if found else {}
    name = re.search(r"([^\s#>()]+)(?:\([^)\n]+\))?[#>]\s*\Z", prompt)
    return {
        "vendor": "Ruijie", "fqdn": "", "hostname": name[1] if name else "", "model": row.get("model", ""),
        "os_version": row.get("version", ""), "serial_number": row.get("serial", ""),
        "uptime": float(getters.clock_s(row.get("uptime", ""))), "interface_list": sorted(ports_of(ports)),
    }  # fmt: skip


def ports_of(text: str) -> dict[str, tuple[bool, bool, str]]:
    """Enabled, up and description from `show interfaces description`, by the plan's names of ports."""
    return {
        planned(PLATFORM, found[1]): (found[3] == "up", found[2] == "up", found[4].strip())
        for found in re.finditer(r"(?m)^([A-Za-z]+ \d\S*)\s+(up|down)\s+(up|down) *(.*)$", text)
    }


def lldp_of(text: str) -> dict[str, list[dict[str, Any]]]:
    """Neighbours from `show lldp neighbors detail`, by the plan's names of ports."""
    out: dict[str, list[dict[str, Any]]] = {}
    for row in _rows("show lldp neighbors detail", text):
        out.setdefault(planned(PLATFORM, row["local_interface"]), []).append(
            getters.neighbour(
                remote_chassis_id=row["chassis_id"], remote_system_name=row["neighbor_name"],
                remote_port=row["neighbor_interface"], remote_port_description=row["neighbor_interface_description"],
            )
        )  # fmt: skip
    return out


def bgp_of(text: str) -> dict[str, Any]:
    """napalm's BGP neighbours from `show ip bgp summary`: the last column is a count only while a session is up."""
    head = re.search(r"router identifier (\S+), local AS number (\d+)", text)
    peers = []
    for row in re.finditer(r"(?m)^(\d+\.\d+\.\d+\.\d+)\s+4\s+(\d+)\s+(?:\d+\s+){5}(\S+)\s+(\S.*?)\s*$", text):
        up = row[4].isdigit()
        state, count = ("Established", int(row[4])) if up else (row[4], 0)
        peers.append(getters.Peer(row[1], int(row[2]), state, row[3], count))
    return getters.bgp(head[1] if head else "", int(head[2]) if head else -1, peers)


def optics_of(text: str) -> dict[str, tuple[float, float]]:
    """Received and sent light in dBm from `show interfaces transceiver diagnosis`; ports without are left out."""
    return {
        planned(PLATFORM, row["interface"]): (float(row["rx_dbm"]), float(row["tx_dbm"]))
        for row in _rows("show interfaces transceiver diagnosis", text)
        if row["rx_dbm"] and row["tx_dbm"]
    }


def clock_offset_ms(text: str, asked: float) -> float | None:
    """How far the clock of `show clock` is off, in ms; None when it cannot be read or its zone is not UTC."""
    found = re.search(r"(\d\d:\d\d:\d\d)(?:\.\d+)? UTC \w{3}, (\w{3} \d\d?, \d{4})", text)
    if found is None:
        return None
    shown = calendar.timegm(time.strptime(f"{found[2]} {found[1]}", "%b %d, %Y %H:%M:%S"))
    return (shown + 0.5 - asked) * 1000


def _rows(command: str, text: str) -> list[dict[str, str]]:
    """The rows of an answer; none for one of another layout."""
    try:
        return rows(command, text)
    except ValueError:
        return []
