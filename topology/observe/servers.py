"""What a server tells over SSH: neighbours, links, bond, MTU, serial number, model, system, time offset."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from topology.facts import DeviceFacts, SeenNeighbour, SeenPort
from topology.observe.session import ConnectError, Credentials, DroppedError, HungError, Timeouts

COMMANDS = (
    "lldpcli -f json0 show interfaces",
    "lldpcli -f json0 show neighbors",
    "ip -j -d link show",
    "test -e /sys/class/net/bonding_masters || modprobe -n -q bonding",
    "dmidecode -s system-serial-number",
    "dmidecode -s system-product-name",
    "cat /etc/os-release",
    "chronyc -c tracking",
    "hostname",
)
NOTHING = (
    "",
    "not specified",
    "none",
    "to be filled by o.e.m.",
    "system serial number",
    "default string",
    "not available",
)
"""What a board says that nobody gave a serial number or name."""

LARGEST_BYTES = 4_000_000
"""More of one answer is not read."""
Run = Callable[[str], tuple[int, str]]
"""Runs a command on the server: exit status and output."""


class Shell:
    """Commands on a server, one SSH session for all of them. Host keys are checked. `key` is a private key file;
    with neither key nor password in use the agent is asked."""

    def __init__(
        self, host: str, credentials: Credentials, known_hosts: Path, *, port: int = 22, key: Path | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:  # fmt: skip
        import paramiko

        self.timeouts = timeouts or Timeouts()
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        try:
            self.client.load_host_keys(str(known_hosts))
            self.client.connect(
                host, port, credentials.user, credentials.password or None,
                key_filename=str(key) if key else None, timeout=self.timeouts.connect_s,
                banner_timeout=self.timeouts.connect_s, auth_timeout=self.timeouts.connect_s,
                look_for_keys=False, allow_agent=key is None and not credentials.password,
            )  # fmt: skip
        except (paramiko.SSHException, OSError) as error:
            self.client.close()
            text = str(error) or type(error).__name__
            if isinstance(error, OSError):
                text = f"no session within {self.timeouts.connect_s:g} s"
            if text == "No existing session" or "banner" in text:
                text = (
                    f"it takes the connection and does not speak SSH within {self.timeouts.connect_s:g} s: its sshd or the "
                    "whole machine hangs"
                )
            if "not found in known_hosts" in text:
                text = f"its host key is not in {known_hosts}"
            if "does not match" in text:
                text = (
                    f"its host key is another than in {known_hosts}: another machine has its address, or it was installed "
                    "anew; find out which"
                )
            raise ConnectError(f"{host}:{port}: {text}") from None

    def run(self, command: str) -> tuple[int, str]:
        """Exit status and output. Raises HungError or DroppedError."""
        import paramiko

        try:
            _, stdout, _ = self.client.exec_command(command, timeout=self.timeouts.answer_s)
            until, answer = time.monotonic() + self.timeouts.answer_s, b""
            while part := stdout.channel.recv(65_536):
                answer += part
                if time.monotonic() > until or len(answer) > LARGEST_BYTES:
                    raise HungError(f"`{command}`: no end of its answer")
            if not stdout.channel.status_event.wait(self.timeouts.answer_s):
                raise TimeoutError
            return stdout.channel.recv_exit_status(), answer.decode(errors="replace")
        except TimeoutError:
            raise HungError(f"`{command}`: no answer within {self.timeouts.answer_s:g} s") from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise DroppedError(f"`{command}`: {error or type(error).__name__}") from None

    def close(self) -> None:
        """End the session."""
        self.client.close()


def server_facts(name: str, answers: dict[str, tuple[int, str]]) -> DeviceFacts:
    """Facts from the answers to COMMANDS (exit status, output); those without an answer stay None."""

    def text(command: str) -> str | None:
        found = answers.get(command)
        return found[1] if found is not None and found[0] == 0 else None

    names = port_names(_json(text(COMMANDS[0])))
    links = _json(text(COMMANDS[2]))
    facts = DeviceFacts(
        name,
        serial=_said(text(COMMANDS[4])),
        model=_said(text(COMMANDS[5])),
        version=_release(text(COMMANDS[6])),
        neighbours=neighbours_of(_json(text(COMMANDS[1])), names),
        time_offset_ms=offset_ms(text(COMMANDS[7])),
        hostname=(text(COMMANDS[8]) or "").strip() or None,
    )
    if links is not None:
        can_bond = answers.get(COMMANDS[3], (1, ""))[0] == 0
        facts = replace(facts, **_links(links, names, can_bond))
    return facts


def port_names(rows: Any) -> dict[str, str]:
    """What each interface announces itself as: the planned name of the port where lldpd was told so."""
    out = {}
    for entry in _entries(rows):
        port = (entry.get("port") or [{}])[0].get("id") or [{}]
        if port[0].get("value") and port[0].get("type") != "mac":
            out[entry["name"]] = port[0]["value"]
    return out


def neighbours_of(rows: Any, names: dict[str, str]) -> tuple[SeenNeighbour, ...] | None:
    """LLDP neighbours by the planned name of the own port; None without an answer."""
    if rows is None:
        return None
    out = []
    for entry in _entries(rows):
        chassis, port = (entry.get("chassis") or [{}])[0], (entry.get("port") or [{}])[0]
        system = (chassis.get("name") or chassis.get("id") or [{}])[0].get("value", "")
        remote = (port.get("id") or [{}])[0].get("value", "")
        out.append(SeenNeighbour(names.get(entry["name"], entry["name"]), system, remote))
    return tuple(sorted(out, key=lambda n: (n.port, n.system, n.remote_port)))


def offset_ms(text: str | None) -> float | None:
    """The offset from NTP time in ms from `chronyc -c tracking`, negative when the clock is slow (chrony counts the other
    way); None when it follows no server."""
    fields = (text or "").strip().split(",")
    if len(fields) < 14 or fields[-1] == "Not synchronised":
        return None
    try:
        return -float(fields[4]) * 1000
    except ValueError:
        return None


def _links(rows: Any, names: dict[str, str], can_bond: bool) -> dict[str, Any]:
    bonds = {r["ifname"] for r in rows if r.get("linkinfo", {}).get("info_kind") == "bond"}
    members = [r for r in rows if r.get("master") in bonds]
    active = {
        r["ifname"]: found["aggregator"]
        for r in rows
        if r.get("ifname") in bonds
        and (found := r["linkinfo"].get("info_data", {}).get("ad_info", {})).get("aggregator")
    }
    mtus = [r["mtu"] for r in rows if r.get("ifname") in bonds]
    ports = tuple(
        SeenPort(
            names.get(r["ifname"], r["ifname"]),
            "UP" in r["flags"],
            r.get("operstate") == "UP" or "LOWER_UP" in r["flags"],
            mtu_bytes=r.get("mtu"),
        )
        for r in sorted(rows, key=lambda r: str(r.get("ifname")))
        if r.get("ifname") and r.get("link_type") != "loopback" and r["ifname"] not in bonds
    )
    return {
        "ports": ports,
        "bond_members_up": sum(_carries(r, active) for r in members) if can_bond or bonds else None,
        "mtu_bytes": min(mtus) if mtus else None,
    }


def _carries(member: dict[str, Any], active: dict[str, int]) -> bool:
    """True when the member has carrier, the bond's own monitoring agrees, and under LACP it is in the aggregate the bond
    uses (IEEE 802.1AX: a member without an answering partner makes one of its own)."""
    data = member.get("linkinfo", {}).get("info_slave_data", {})
    own = data.get("ad_aggregator_id")
    together = own is None or own == active.get(member["master"], own)
    return "LOWER_UP" in member["flags"] and data.get("mii_status", "UP") == "UP" and together


def _entries(rows: Any) -> list[dict[str, Any]]:
    return [e for part in (rows or {}).get("lldp", []) for e in part.get("interface", [])]


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _said(text: str | None) -> str | None:
    found = (text or "").strip().splitlines()
    value = found[-1].strip() if found else ""
    return None if value.lower() in NOTHING else value


def _release(text: str | None) -> str | None:
    found = re.search(r'(?m)^PRETTY_NAME="?([^"\n]+)', text or "")
    return found[1] if found else None
