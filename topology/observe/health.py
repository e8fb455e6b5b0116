"""What a switch sees before and after it is changed, and what of it became worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from napalm.base.exceptions import CommandErrorException

from topology.observe.driver_base import NotOnThisPlatformError, SwitchDriver
from topology.observe.session import ConnectError
from topology.switch_config import SwitchConfig

Linked = dict[str, set[tuple[str, str]]]
"""Device and port seen on each port."""


@dataclass(frozen=True)
class Checks:
    """What must hold after the commit, beside the configuration itself. `neighbours`: device and port (None: any)
    expected on a port. `light_min_dbm`: the least light a port's optic needs. A neighbour or light that was not there
    before the commit is noted, not held against it. `settle_s`: how long links may take. `login`: a second session
    must be possible. `utc_offset_h`: local time of the site, for hours that people read."""

    neighbours: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    settle_s: float = 60
    login: bool = True
    light_min_dbm: Mapping[str, float] = field(default_factory=dict)
    utc_offset_h: float = 0.0


@dataclass(frozen=True)
class Sight:
    """What a switch shows of its surroundings; None: it does not show that. Light in dBm."""

    linked: Linked | None
    routed: frozenset[str] | None
    light: Mapping[str, float] | None


def look(driver: SwitchDriver, checks: Checks) -> Sight:
    """What the switch sees now; light is asked for only where a check needs it."""
    return Sight(_neighbours(driver), _bgp_up(driver), _light(driver) if checks.light_min_dbm else None)


def worse(before: Sight, driver: SwitchDriver, config: SwitchConfig, checks: Checks) -> list[str]:
    """What is worse than before, one sentence each."""
    now = look(driver, checks)
    out = [*_lost_neighbours(before.linked, now.linked, checks)]
    if before.routed:
        wanted = {n.address for n in config.bgp.neighbours} if config.bgp else set()
        lost = (before.routed - (now.routed or frozenset())) & wanted
        out += [f"BGP neighbour {address} is not up any more" for address in sorted(lost)]
    off = {p.name for p in config.ports if not p.enabled}
    for port, least in sorted(checks.light_min_dbm.items()):
        was, found = (before.light or {}).get(port), (now.light or {}).get(port)
        if was is not None and was >= least and port not in off and (found is None or found < least):
            shown = "none" if found is None else f"{found:g} dBm"
            out.append(f"{port}: light was {was:g} dBm, now {shown}, the optic needs {least:g} dBm")
    if checks.login and not out and (why := _second_login(driver)):
        out.append(f"no second session: {why}")
    return out


def looked_at(before: Sight, checks: Checks) -> list[str]:
    """What the check looked at, in words, when nothing was worse."""
    out = []
    if before.linked is None:
        out.append("LLDP not readable")
    elif checks.neighbours:
        there = sum(_is_there(before.linked, p, d, r) for p, (d, r) in checks.neighbours.items())
        out.append(f"{there} of {len(checks.neighbours)} planned neighbours seen, as before")
    if before.routed is None:
        out.append("BGP not readable")
    elif before.routed:
        out.append(f"{len(before.routed)} of the BGP neighbours were up and are")
    if checks.light_min_dbm:
        lit = sum(
            (before.light or {}).get(p, least - 1) >= least for p, least in checks.light_min_dbm.items()
        )
        text = f"light enough at {lit} of {len(checks.light_min_dbm)} ports, as before"
        out.append("light not readable" if before.light is None else text)
    if checks.login:
        out.append("a second session is possible")
    return out


def sessions_missing(driver: SwitchDriver, config: SwitchConfig) -> str:
    """How many of the planned BGP sessions are up, in words; empty when all are, or none is planned."""
    wanted = {n.address for n in config.bgp.neighbours} if config.bgp else set()
    if not wanted:
        return ""
    up = _bgp_up(driver)
    if up is None:
        return f"whether its {len(wanted)} planned BGP sessions are up was not readable"
    there = len(up & wanted)
    return "" if there == len(wanted) else f"{there} of {len(wanted)} planned BGP sessions are up so far"


def contradictions(driver: SwitchDriver, config: SwitchConfig) -> list[str]:
    """Where a second display tells another description than the configuration does."""
    try:
        shown = driver.get_interfaces()
    except (CommandErrorException, NotOnThisPlatformError):
        return []
    out = []
    for port in config.ports:
        if port.name not in shown or not port.description:
            continue
        text = str(shown[port.name]["description"])
        if not text or not (port.description.startswith(text) or text.startswith(port.description)):
            out.append(
                f"{port.name}: the configuration says {port.description!r}, the display of ports {text!r}: "
                "the switch contradicts itself"
            )
    return out


def _lost_neighbours(before: Linked | None, after: Linked | None, checks: Checks) -> list[str]:
    out: list[str] = []
    for port, (device, remote) in checks.neighbours.items():
        if before is None or not _is_there(before, port, device, remote):
            continue
        if after is None:
            return ["LLDP cannot be read any more"]
        if not _is_there(after, port, device, remote):
            found = ", ".join(sorted(f"{d}:{p}" for d, p in after.get(port, ()))) or "nobody"
            out.append(f"{port}: {device} was seen before, now {found}")
    return out


def _neighbours(driver: SwitchDriver) -> Linked | None:
    try:
        found = driver.get_lldp_neighbors()
    except (CommandErrorException, NotOnThisPlatformError):
        return None
    return {port: {(n["hostname"], n["port"]) for n in rows} for port, rows in found.items()}


def _bgp_up(driver: SwitchDriver) -> frozenset[str] | None:
    try:
        peers: dict[str, Any] = driver.get_bgp_neighbors()["global"]["peers"]
    except (CommandErrorException, NotOnThisPlatformError):
        return None
    return frozenset(address for address, peer in peers.items() if peer["is_up"])


def _light(driver: SwitchDriver) -> dict[str, float] | None:
    try:
        found = driver.get_optics()
    except (CommandErrorException, NotOnThisPlatformError):
        return None
    return {
        port: row["physical_channels"]["channel"][0]["state"]["input_power"]["instant"]
        for port, row in found.items()
    }


def _second_login(driver: SwitchDriver) -> str:
    other = replace(driver.session, transcript=[], _line=None)
    try:
        other.open()
    except ConnectError as error:
        return str(error)
    finally:
        other.close()
    return ""


def _is_there(seen: Mapping[str, set[tuple[str, str]]], port: str, device: str, remote: str | None) -> bool:
    return any(d == device and remote in (None, p) for d, p in seen.get(port, ()))
