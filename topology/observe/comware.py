"""H3C Comware 7: a napalm driver over its command line, with the commit delay timer.

Limits: lines take effect one by one as they are sent; `configuration commit delay` counts whole minutes, so a timer
is rounded up; what it did is taken back from the file of `backup`, which a commit therefore needs first. A port whose
link mode changes loses its other lines: the health check sees it and rolls back.
"""

from __future__ import annotations

import calendar
import math
import re
import time
from typing import Any, ClassVar

from napalm.base.exceptions import CommitConfirmException, CommitError

from topology.observe import getters
from topology.observe.comware_rules import RULES
from topology.observe.driver_base import BACKUP, NotOnThisPlatformError, SwitchDriver
from topology.observe.remediation import Rules
from topology.platforms.ports import planned

PEER = re.compile(
    r"(?m)^\s*\*?\s*(?P<address>\d+\.\d+\.\d+\.\d+)\s+(?P<asn>\d+)\s+\d+\s+\d+\s+\d+\s+(?P<prefixes>\d+)\s+(?P<since>\S+)"
    r"\s+(?P<state>\S+)\s*$"
)
"""A row of `display bgp peer ipv4`."""


class ComwareDriver(SwitchDriver):
    """One H3C switch."""

    platform: ClassVar[str] = "h3c_comware"
    netmiko_name: ClassVar[str] = "hp_comware"
    prompt: ClassVar[str] = r"(?:(?:^|\n)[<\[][^\s<>\[\]]+[>\]]|\[Y[^\]\n]*\]:?)\s*\Z"
    error: ClassVar[re.Pattern[str]] = re.compile(
        r"(?m)^ ?% ?(?:Unrecognized|Incomplete|Ambiguous|Too many|Wrong).*$"
    )
    rules: ClassVar[Rules] = RULES
    show_running: ClassVar[str] = "display current-configuration"
    show_saved: ClassVar[str] = "display saved-configuration"
    named: ClassVar[re.Pattern[str]] = re.compile(r"(?m)^ ?sysname \S")

    # ------------------------------------------------------------ changing it

    def backup(self) -> str:
        """Keep what runs in a file on the switch."""
        self._answered(f"save flash:/{BACKUP}", "successfully")
        self.backup_file = BACKUP
        return BACKUP

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Send the candidate; with `revert_in` the switch goes back by itself after so many seconds, rounded up to
        minutes. `message` has no place on Comware and is dropped. A refused line leaves those before it in force:
        `rollback` takes them back. Raises CommitError."""
        if self.candidate is None:
            raise CommitError("no candidate is loaded")
        self._check_revert(revert_in)
        if not self.candidate.lines:
            return
        if self.backup_file is None:
            self.backup()
        self._say("system-view")
        try:
            if revert_in is not None:
                self._send(f"configuration commit delay {self.timer_s(revert_in) // 60}")
            for line in self.candidate.lines:
                self._send(line, timeout_s=self.session.timeouts.commit_s)
        except CommitError:
            self._say("return")
            raise
        self.candidate = None
        self._say("return")

    def confirm_commit(self) -> None:
        """Stop the timer: what runs stays. Raises CommitConfirmException."""
        self._say("system-view")
        answer = self._say("configuration commit", timeout_s=self.session.timeouts.commit_s)
        self._say("return")
        if found := self.error.search(answer) or re.search(r"(?m)^.*not started.*$", answer):
            raise CommitConfirmException(found[0].strip())

    def abort_trial(self) -> bool:
        """Stop the timer while what ran before runs; False when none is running."""
        try:
            self.confirm_commit()
        except CommitConfirmException:
            return False
        return True

    def rollback(self) -> None:
        """Replace the configuration by the file of `backup`, and stop the timer. Raises CommitError."""
        self._say("system-view")
        answer = self._say(f"configuration replace file {self.backup_file or BACKUP}")
        if re.search(r"\[Y[^\]\n]*\]:?\s*\Z", answer):  # whether to save first: no
            answer = self._say("n", timeout_s=self.session.timeouts.commit_s)
        self._say("return")
        if "Succeeded" not in answer:
            rows = [row.strip() for row in answer.splitlines() if row.strip()]
            raise CommitError(
                f"`configuration replace file` did not succeed: {rows[0] if rows else 'no answer'}"
            )
        self.abort_trial()

    def save(self) -> None:
        """Start with the running configuration from now on."""
        self._answered("save safely force", "successfully")

    def timer_s(self, revert_in: int) -> int:
        """Whole minutes."""
        return 60 * math.ceil(revert_in / 60)

    def undo_by_hand(self, pending_s: float | None) -> str:
        """What to type to undo the last commit."""
        return f"system-view; configuration replace file {self.backup_file or BACKUP}; N; configuration commit; return"

    def has_pending_commit(self) -> bool:
        """Refused: Comware has no display that tells a running commit delay timer."""
        raise NotOnThisPlatformError(
            f"{self.platform}: has_pending_commit: Comware does not show whether a timer runs"
        )

    # ------------------------------------------------------------ reading it

    def get_facts(self) -> dict[str, Any]:
        """Maker, model, version, serial number, name, uptime in seconds, names of ports as the plan has them."""
        version, made = self.read("display version"), self.read("display device manuinfo")
        return facts_of(version, made, self._say(""), self.read("display interface brief"))

    def get_interfaces(self) -> dict[str, dict[str, Any]]:
        """Ports by the plan's names: enabled, up, description (27 characters, as displayed). The rest is not read."""
        return {
            name: getters.port(up=link == "UP", enabled=link != "ADM", description=text)
            for name, (link, text) in brief_of(self.read("display interface brief")).items()
        }

    def get_lldp_neighbors_detail(self, interface: str = "") -> dict[str, list[dict[str, Any]]]:
        """What neighbours announce, by own port as the plan names it."""
        found = lldp_of(self.read("display lldp neighbor-information verbose"))
        return {p: n for p, n in found.items() if interface in ("", p)}

    def get_bgp_neighbors(self) -> dict[str, Any]:
        """State of the BGP neighbours."""
        return bgp_of(self.read("display bgp peer ipv4"))

    def get_optics(self) -> dict[str, Any]:
        """Received and sent light in dBm, by the plan's names of ports."""
        return getters.optics(optics_of(self.read("display transceiver diagnosis interface")))

    # ------------------------------------------------------------ helpers

    def _prepare(self) -> None:
        self._say("screen-length disable")


def facts_of(version: str, made: str, prompt: str, brief: str) -> dict[str, Any]:
    """napalm's facts from the answers to `display version`, `display device manuinfo`, Enter and `display interface
    brief`."""
    found = {
        "model": re.search(r"DEVICE_NAME\s*:\s*(\S+)", made),
        "os_version": re.search(r"Version (.+)", version),
        "serial_number": re.search(r"DEVICE_SERIAL_NUMBER\s*:\s*(\S+)", made),
        "hostname": re.search(r"[<\[]([^\s<>\[\]]+)[>\]]", prompt),
    }
    uptime = re.search(r"uptime is (.*)", version)
    return {
        "vendor": "H3C", "fqdn": "", "uptime": float(getters.seconds_of(uptime[1])) if uptime else -1.0,
        "interface_list": sorted(brief_of(brief)), **{k: v[1].strip() if v else "" for k, v in found.items()},
    }  # fmt: skip


def brief_of(text: str) -> dict[str, tuple[str, str]]:
    """Link (UP, DOWN, ADM, Stby) and description from `display interface brief`, by the plan's names of ports."""
    out, at = {}, -1
    for row in text.splitlines():
        if row.startswith("Interface "):
            at = row.find("Description")
        elif found := re.match(r"([A-Za-z-]+\d\S*)\s+(UP|DOWN|ADM|Stby)\b", row):
            out[planned("h3c_comware", found[1])] = (found[2], row[at:].strip() if at > 0 else "")
    return out


def lldp_of(text: str) -> dict[str, list[dict[str, Any]]]:
    """Neighbours from `display lldp neighbor-information verbose`, by the plan's names of ports."""
    fields = {
        "Chassis ID": "remote_chassis_id", "Port ID": "remote_port", "Port description": "remote_port_description",
        "System name": "remote_system_name", "System description": "remote_system_description",
    }  # fmt: skip
    out: dict[str, list[dict[str, Any]]] = {}
    port = ""
    for line in text.splitlines():
        if found := re.match(r"LLDP neighbor-information of port \d+\[(\S+)\]", line):
            port = planned("h3c_comware", found[1])
        name, _, value = (part.strip() for part in line.partition(":"))
        if name == "LLDP neighbor index" and port:
            out.setdefault(port, []).append(getters.neighbour())
        elif name in fields and port in out:
            out[port][-1][fields[name]] = value
    return out


def bgp_of(text: str) -> dict[str, Any]:
    """napalm's BGP neighbours from `display bgp peer ipv4`; none where BGP is not configured."""
    return getters.bgp_of(text, PEER)


def optics_of(text: str) -> dict[str, tuple[float, float]]:
    """Received and sent light in dBm from `display transceiver diagnosis interface`, by the plan's names of ports: of
    several lanes the darkest. Ports without an optic, and values that are dashes, are left out."""
    out: dict[str, tuple[float, float]] = {}
    port, reading = "", False
    for line in text.splitlines():
        if found := re.match(r"\s*(\S+) transceiver diagnostic information", line):
            port, reading = planned("h3c_comware", found[1]), False
        elif "RX power" in line and "TX power" in line:
            reading = True
        elif reading and re.fullmatch(r"\s*(?:\[\S+\]\s*)?-?\d[-\d.\s]*", line):
            rx, tx = (float(word) for word in line.split()[-2:])
            out[port] = (min(rx, out[port][0]), min(tx, out[port][1])) if port in out else (rx, tx)
        elif line.strip():
            reading = False
    return out


def clock_offset_ms(text: str, asked: float) -> float | None:
    """How far the clock of `display clock` is off, in ms; None when it cannot be read or its zone is not told."""
    found = re.search(r"(\d\d:\d\d:\d\d)(?:\.\d+)? (\S+) \w{3} (\d\d/\d\d/\d{4})", text)
    zone = re.search(r"Time Zone : \S+ (add|minus) (\d\d):(\d\d)", text)
    if found is None or (zone is None and found[2] != "UTC"):
        return None
    shown = calendar.timegm(time.strptime(f"{found[3]} {found[1]}", "%m/%d/%Y %H:%M:%S"))
    if zone:
        shown -= (1 if zone[1] == "add" else -1) * (int(zone[2]) * 3600 + int(zone[3]) * 60)
    return (shown + 0.5 - asked) * 1000
