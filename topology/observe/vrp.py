"""Huawei VRP (CloudEngine): a napalm driver over its command line, with commit on trial.

Limits: `commit trial` waits 60 to 65535 s. Keys are shown in the switch's own encryption, so a changed key is
sent only with something else. Speeds, MACs and counters of interfaces are not read.
"""

from __future__ import annotations

import re
import time
from typing import Any, ClassVar

from napalm.base.exceptions import CommandErrorException, CommitConfirmException, CommitError

from topology.observe import getters
from topology.observe.driver_base import BACKUP, NotOnThisPlatformError, SwitchDriver
from topology.observe.remediation import Rules
from topology.observe.vrp_rules import RULES

PEER = re.compile(
    r"(?m)^\s*(?P<address>\d+\.\d+\.\d+\.\d+)\s+4\s+(?P<asn>\d+)\s+\d+\s+\d+\s+\d+\s+(?P<since>\S+)\s+(?P<state>\S+)"
    r"\s+(?P<prefixes>\d+)"
)
"""A row of `display bgp peer`."""


class VrpDriver(SwitchDriver):
    """One CloudEngine switch."""

    platform: ClassVar[str] = "huawei_vrp"
    netmiko_name: ClassVar[str] = "huawei_vrpv8"
    prompt: ClassVar[str] = r"(?:(?:^|\n)[<\[][~*]?[^\s<>\[\]]+[>\]]|\[Y[^\]\n]*\]:?)\s*\Z"
    error: ClassVar[re.Pattern[str]] = re.compile(r"(?m)^Error:.*$")
    rules: ClassVar[Rules] = RULES
    show_running: ClassVar[str] = "display current-configuration"
    show_saved: ClassVar[str] = "display saved-configuration"
    named: ClassVar[re.Pattern[str]] = re.compile(r"(?m)^sysname \S")

    # ------------------------------------------------------------ changing it

    def backup(self) -> str:
        """Keep what runs in a file on the switch."""
        self._answered(f"save {BACKUP}", "successfully")
        self.backup_file = BACKUP
        return BACKUP

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Send the candidate and commit it; with `revert_in` it goes back by itself after so many seconds.

        A refused line throws the candidate away on the switch: nothing changes. `message` has no place in a
        commit on trial and is dropped there. Raises CommitError.
        """
        if self.candidate is None:
            raise CommitError("no candidate is loaded")
        self._check_revert(revert_in)
        if not self.candidate.lines:
            return
        self._say("system-view")
        try:
            for line in self.candidate.lines:
                self._send(line)
            if revert_in is not None:
                order = f"commit trial {revert_in}"
            else:
                order = f"commit description {message}" if message else "commit"
            self._send(order, timeout_s=self.session.timeouts.commit_s)
        except CommitError:
            self._say("clear configuration candidate")
            self._say("return")
            raise
        self.candidate = None
        self._say("return")

    def confirm_commit(self) -> None:
        """Keep what was committed on trial. Raises CommitConfirmException."""
        self._say("system-view")
        answer = self._say("commit", timeout_s=self.session.timeouts.commit_s)
        self._say("return")
        if found := self.error.search(answer):
            raise CommitConfirmException(found[0])

    def abort_trial(self) -> bool:
        """Undo what was committed on trial at once; False when no trial is in effect."""
        self._say("system-view")
        answer = self._say("abort trial", timeout_s=self.session.timeouts.commit_s)
        self._say("return")
        return self.error.search(answer) is None

    def rollback(self) -> None:
        """Undo the last commit: a trial is aborted, else the file of `backup`, else the last commit point."""
        if self.abort_trial():
            return
        order = f"to file {self.backup_file}" if self.backup_file else "last 1"
        self._answered(f"rollback configuration {order}", "succeeded")

    def save(self) -> None:
        """Start with the running configuration from now on."""
        self._answered("save", "successfully")

    def undo_by_hand(self, pending_s: float | None) -> str:
        """What to type to undo the last commit."""
        if pending_s is not None:
            return "system-view; abort trial; return"
        return f"rollback configuration to file {self.backup_file or BACKUP}"

    def has_pending_commit(self) -> bool:
        """Refused: VRP has no display that tells a trial in effect."""
        raise NotOnThisPlatformError(
            f"{self.platform}: has_pending_commit: VRP does not show whether a trial runs"
        )

    # ------------------------------------------------------------ reading it

    def get_facts(self) -> dict[str, Any]:
        """Maker, model, version, serial number, name, uptime in seconds, names of ports."""
        return facts_of(self.read("display version"), self._read_serial(), self._say(""),
                        self.read("display interface brief"))  # fmt: skip

    def get_interfaces(self) -> dict[str, dict[str, Any]]:
        """Ports: enabled, up, description. Speed, MTU and change are -1 and the MAC empty: they are not read."""
        texts = descriptions_of(self.read("display interface description"))
        return {
            name: getters.port(up=up, enabled=enabled, description=texts.get(name, ""))
            for name, (enabled, up) in ports_of(self.read("display interface brief")).items()
        }

    def get_lldp_neighbors_detail(self, interface: str = "") -> dict[str, list[dict[str, Any]]]:
        """All that neighbours announce, by own port."""
        order = f"display lldp neighbor interface {interface}" if interface else "display lldp neighbor"
        return lldp_of(self.read(order))

    def get_bgp_neighbors(self) -> dict[str, Any]:
        """State of the BGP neighbours; counts of prefixes are of IPv4 unicast, those that are not told -1."""
        return bgp_of(self.read("display bgp peer"))

    def get_optics(self) -> dict[str, Any]:
        """Received and sent light in dBm, by port."""
        return getters.optics(optics_of(self.read("display optical-module brief")))

    # ------------------------------------------------------------ helpers

    def _prepare(self) -> None:
        self._say("screen-length 0 temporary")

    def _read_serial(self) -> str:
        try:
            return self.read("display esn")
        except CommandErrorException:
            return self.read("display sn")


def facts_of(version: str, serial: str, prompt: str, brief: str) -> dict[str, Any]:
    """napalm's facts from the answers to `display version`, `display esn`, Enter and `display interface brief`."""
    model = re.search(r"(?m)^HUAWEI (\S+)", version)
    release = re.search(r"Version (\S+) \((\S+) (\S+)\)", version)
    uptime = re.search(r"uptime is (.*)", version)
    number = re.search(r"(?i)ESN[^:\n]*:\s*(\S+)", serial)
    name = re.search(r"[<\[][~*]?([^\s<>\[\]]+)[>\]]", prompt)
    return {
        "vendor": "Huawei",
        "model": model[1] if model else "",
        "os_version": release[3] if release else "",
        "serial_number": number[1] if number else "",
        "hostname": name[1] if name else "",
        "fqdn": "",
        "uptime": float(getters.seconds_of(uptime[1])) if uptime else -1.0,
        "interface_list": sorted(ports_of(brief)),
    }


def ports_of(brief: str) -> dict[str, tuple[bool, bool]]:
    """Enabled and up, by port, from `display interface brief`."""
    out = {}
    for found in re.finditer(r"(?m)^\s*([A-Za-z0-9-]*\d\S*)\s+(\*?(?:up|down)|\^down)(?:\(\w+\))?\s", brief):
        out[found[1]] = (not found[2].startswith("*"), found[2] == "up")
    return out


def descriptions_of(text: str) -> dict[str, str]:
    """Descriptions by port from `display interface description`."""
    return {
        found[1]: found[2].strip()
        for found in re.finditer(r"(?m)^(\S*\d\S*)\s+\*?(?:up|down)\S*\s+\S+ *(.*)$", text)
    }


def lldp_of(text: str) -> dict[str, list[dict[str, Any]]]:
    """Neighbours by own port from `display lldp neighbor`."""
    out: dict[str, list[dict[str, Any]]] = {}
    port = ""
    for line in text.splitlines():
        if found := re.match(r"(\S+) has (\d+) neighbor", line):
            port = found[1]
            continue
        name, colon, value = (part.strip() for part in line.partition(":"))
        if name == "Neighbor index" and port:
            out.setdefault(port, []).append(getters.neighbour())
        field = {
            "Chassis ID": "remote_chassis_id", "Port ID": "remote_port", "Port description": "remote_port_description",
            "System name": "remote_system_name", "System description": "remote_system_description",
        }.get(name)  # fmt: skip
        if colon and field and port in out:
            out[port][-1][field] = value
        lists = {
            "System capabilities supported": "remote_system_capab",
            "System capabilities enabled": "remote_system_enable_capab",
        }
        if name in lists and port in out:
            out[port][-1][lists[name]] = value.split()
    return out


def bgp_of(text: str) -> dict[str, Any]:
    """napalm's BGP neighbours from `display bgp peer`."""
    return getters.bgp_of(text, PEER)


def optics_of(text: str) -> dict[str, tuple[float, float]]:
    """Received and sent light in dBm by port; the columns are found by their heads."""
    head = next((row for row in text.splitlines() if "Rx" in row and "Tx" in row), "")
    out = {}
    columns = head.split()
    for row in text.splitlines():
        words = row.split()
        if row is head or len(words) != len(columns) or not re.search(r"\d", words[0] if words else ""):
            continue
        values = {c[:2]: v for c, v in zip(columns, words, strict=True) if c.startswith(("Rx", "Tx"))}
        try:
            out[words[0]] = (float(values["Rx"]), float(values["Tx"]))
        except (KeyError, ValueError):
            continue  # a port without light shows dashes
    return out


def clock_offset_ms(text: str, asked: float) -> float | None:
    """How far the clock of `display clock` (UTC, whole seconds) is off, in ms; None when it cannot be read."""
    found = re.search(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", text)
    if found is None:
        return None
    zone = re.search(r"Time Zone\([^)]*\)\s*:\s*UTC([+-]\d\d:\d\d)?", text)
    if zone is None:
        return None
    import calendar

    shown = calendar.timegm(time.strptime(found[1], "%Y-%m-%d %H:%M:%S"))
    if zone[1]:
        sign = -1 if zone[1][0] == "-" else 1
        shown -= sign * (int(zone[1][1:3]) * 3600 + int(zone[1][4:6]) * 60)
    return (shown + 0.5 - asked) * 1000
