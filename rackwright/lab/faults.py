"""Faults of a lab: putting them in, taking them out. What is in force is a list in the state; `enforce` makes the lab
be as that list says, so any fault can be healed alone, in any order, and an interrupted command is finished by the next.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inventory.validation import near
from rackwright.lab import daemons, netns, nodes, orders, power, routing, wiring
from rackwright.lab.netns import LabError
from rackwright.lab.shape import Node, Shape, Wire
from rackwright.lab.shape import load as load_shape
from rackwright.lab.state import Fault, State, alive, load, marked


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: how it is called, what it does, the options it takes (those in `needs` are required)."""

    usage: str
    text: str
    words: int
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "cut": Kind("cut CABLE", "the cable is out: no carrier at either end. --silent: both ends stay up and nothing gets "
                "through; --traffic: only LLDP gets through; --towards DEVICE: one direction", 1, ("how", "towards")),
    "swap": Kind("swap CABLE CABLE", "two plugs have changed places, at --at DEVICE or where both cables end", 2, ("at",)),
    "kill": Kind("kill NAME", "power off: a device, rack, feed (RACK/a), panel, UPS, pair or site. After a feed, panel or "
                 "UPS a device lives on if one cord still has power", 1),
    "hang": Kind("hang DEVICE", "a switch takes a command beginning with --command (default: any) and never answers; a "
                 "server stands still as a whole", 1, ("command",)),
    "drop": Kind("drop DEVICE", "the session is cut while a command beginning with --command runs (default: commit); "
                 "what it did stays done", 1, ("command",)),
    "lie": Kind("lie DEVICE", "the switch answers commands beginning with --command with --text", 1, ("command", "text"),
                ("command", "text")),
    "slow": Kind("slow DEVICE SECONDS", "every answer of the switch takes so long", 2),
    "refuse-login": Kind("refuse-login DEVICE", "the switch takes no password", 1),
    "forget-commit": Kind("forget-commit DEVICE", "the switch says a commit is done and keeps what it had", 1),
    "serial": Kind("serial DEVICE TEXT", "another serial number than planned (servers: as their BMC tells it)", 2),
    "bmc": Kind("bmc DEVICE 401|503|SECONDS", "the management controller of a server takes no password, is out of service, "
                "or needs so many seconds for every answer", 2),
    "version": Kind("version DEVICE TEXT", "another software version (servers: BIOS, as their BMC tells it)", 2),
    "clock": Kind("clock DEVICE SECONDS", "the clock is off; negative is slow. All nodes share this machine's clock: the "
                  "device only says so (`display clock`, `chronyc tracking`)", 2),
    "dim": Kind("dim CABLE DBM", "our switches receive so little light on it; the link stays up", 2),
}  # fmt: skip
SWITCH_KINDS = ("drop", "lie", "slow", "refuse-login", "forget-commit")


def add(state: State, shape: Shape, kind: str, words: Sequence[str], options: Mapping[str, str]) -> Fault:
    """Put a fault in. Raises LabError for what does not exist here, with what might have been meant; nothing is
    changed then."""
    fault = judged(state, shape, kind, words, options)
    state.faults.append(fault)
    state.save()
    enforce(state, shape)
    return fault


def heal(state: State, shape: Shape, numbers: Sequence[int] | None) -> tuple[list[Fault], list[str]]:
    """Take these faults out, or all (None); those taken out, and what had died of itself and lives again. Raises
    LabError for a number not in force."""
    known = {f.number for f in state.faults}
    unknown = [n for n in numbers or () if n not in known]
    if unknown:
        raise LabError(
            f"no fault {unknown[0]} is in force" + (f"; there are {sorted(known)}" if known else "")
        )
    gone = [f for f in state.faults if numbers is None or f.number in numbers]
    state.faults = [f for f in state.faults if f not in gone]
    state.save()
    return gone, enforce(state, shape)


def judged(state: State, shape: Shape, kind: str, words: Sequence[str], options: Mapping[str, str]) -> Fault:
    """The fault that is meant. Raises LabError when it makes no sense in this lab."""
    known = KINDS.get(kind)
    if known is None:
        guess = near(kind, list(KINDS))
        raise LabError(
            f"no fault {kind}" + (f"; did you mean {guess}?" if guess else f"; there are {', '.join(KINDS)}")
        )
    if len(words) != known.words:
        raise LabError(f"expected `{known.usage}`, got {' '.join([kind, *words])}")
    given = {k: v for k, v in options.items() if v}
    for name in given:
        if name not in known.options:
            raise LabError(f"{kind} takes no --{name if name != 'how' else given[name]}")
    for name in known.needs:
        if name not in given:
            raise LabError(f"{kind} needs --{name}")
    targets = list(words)
    if kind in ("cut", "swap", "dim"):
        count = 2 if kind == "swap" else 1
        targets[:count] = [cable(shape, w).cable for w in words[:count]]
    elif kind == "kill":
        if power.kind_of(shape, words[0]) is None:
            raise LabError(_unknown("nothing to switch off called", words[0], power.names(shape)))
    else:
        _device(state, shape, kind, words[0])
    if kind in ("slow", "clock", "dim"):
        targets[-1] = str(_number(kind, words[-1]))
    if kind in _CHECKS:
        _CHECKS[kind](shape, targets, given)
    number = max((f.number for f in state.faults), default=int(state.options.get("last_fault", 0))) + 1
    state.options["last_fault"] = number
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for name, value in given.items():
        if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
            raise LabError(f"--{name} holds bytes that are no UTF-8: switches answer in UTF-8 here")
    return Fault(number, kind, targets, given, now, _text(shape, kind, targets, given))


def cable(shape: Shape, word: str) -> Wire:
    """A cable of the lab by its id or by DEVICE:PORT of either end. Raises LabError."""
    if word in shape.wires:
        return shape.wires[word]
    device, _, port = word.partition(":")
    for wire in shape.wires.values():
        if (device, port) in (wire.a, wire.b):
            return wire
    ends = [f"{d}:{p}" for w in shape.wires.values() for d, p in (w.a, w.b)]
    raise LabError(_unknown("no cable", word, [*shape.wires, *ends]))


def _device(state: State, shape: Shape, kind: str, name: str) -> None:
    node = shape.nodes.get(name)
    if node is None:
        raise LabError(_unknown("no device", name, list(shape.nodes)))
    if nodes.is_host(node):
        if kind in SWITCH_KINDS:
            raise LabError(f"{name} is a {node.kind}: {kind} is for switches with a command line")
        if kind in ("bmc", "serial", "version") and not any(
            p.what == "bmc" and alive(p) for p in state.processes
        ):
            raise LabError(
                f"{name}: no management controllers run in this lab, nothing would show its {kind}"
            )
    elif not node.addresses:
        raise LabError(f"{name} has no command line in this lab: {kind} would not show")


def _check_swap(shape: Shape, targets: list[str], options: dict[str, str]) -> None:
    if targets[0] == targets[1]:
        raise LabError("swap takes two different cables")
    first, second = shape.wires[targets[0]], shape.wires[targets[1]]
    found = wiring.swap_ends(first, second, options.get("at"))
    if found is None:
        raise LabError(f"not both of {targets[0]} and {targets[1]} end at {options['at']}")
    options["end_1"], options["end_2"] = str(found[0]), str(found[1])


def _check_cut(shape: Shape, targets: list[str], options: dict[str, str]) -> None:
    wire = shape.wires[targets[0]]
    if options.get("towards", wire.a[0]) not in (wire.a[0], wire.b[0]):
        raise LabError(f"{targets[0]} runs between {wire.a[0]} and {wire.b[0]}, not to {options['towards']}")
    if "towards" in options and "how" not in options:
        raise LabError("--towards needs --silent or --traffic: a cable that is out is out at both ends")


def _check_hang(shape: Shape, targets: list[str], options: dict[str, str]) -> None:
    if nodes.is_host(shape.nodes[targets[0]]) and "command" in options:
        raise LabError(f"{targets[0]} is a server: it hangs as a whole, without --command")


def _check_bmc(shape: Shape, targets: list[str], options: dict[str, str]) -> None:
    if shape.nodes[targets[0]].bmc is None:
        raise LabError(f"{targets[0]} has no management controller in this lab")
    if targets[1] not in ("401", "503"):
        targets[1] = str(_number("bmc", targets[1]))


_CHECKS: Mapping[str, Callable[[Shape, list[str], dict[str, str]], None]] = {
    "swap": _check_swap, "cut": _check_cut, "hang": _check_hang, "bmc": _check_bmc,
}  # fmt: skip


def _number(kind: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise LabError(f"{kind}: {text} is not a number") from None


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    guess = near(name, list(known))
    return f"{what} {name} in this lab" + (f"; did you mean {guess}?" if guess else "")


def _text(shape: Shape, kind: str, targets: Sequence[str], options: Mapping[str, str]) -> str:
    """What is wrong, in one line a person can act on."""
    if kind in ("cut", "swap", "dim"):
        ends = [f"{t} ({_ends(shape.wires[t])})" for t in targets if t in shape.wires]
        how = {"silent": "nothing gets through", "traffic": "only LLDP gets through"}.get(
            options.get("how", ""), "out"
        )
        if kind == "swap":
            at = [
                (shape.wires[t].a, shape.wires[t].b)[int(options[e])]
                for t, e in zip(targets, ("end_1", "end_2"), strict=True)
            ]
            return (
                f"{ends[0]} and {ends[1]}: plugs swapped at {at[0][0]}:{at[0][1]} and {at[1][0]}:{at[1][1]}"
            )
        if kind == "dim":
            return f"{ends[0]}: {targets[1]} dBm received"
        return f"{ends[0]}: {how}" + (f" towards {options['towards']}" if options.get("towards") else "")
    if kind == "kill":
        dead = power.dead_nodes(shape, [Fault(0, "kill", list(targets), {}, "", "")])
        return f"{power.kind_of(shape, targets[0])} {targets[0]} without power: {len(dead)} devices dead by this alone"
    extra = " ".join([*targets[1:], *(f"{k}={v!r}" for k, v in options.items())])
    return f"{targets[0]}: {kind}" + (f" {extra}" if extra else "")


def _ends(wire: Wire) -> str:
    return f"{wire.a[0]}:{wire.a[1]} - {wire.b[0]}:{wire.b[1]}"


# ------------------------------------------------------------ making it so


def enforce(state: State, shape: Shape) -> list[str]:
    """Make the lab be as the faults in force say, whatever it was before; what had died otherwise and was started
    again. Only what differs is touched; after a command that was killed half-way, everything is gone over."""
    unfinished = bool(state.options.get("unfinished"))
    state.options["unfinished"] = True
    state.save()
    with marked(state):
        revived = daemons.revive(state)
        dead = set(power.dead_nodes(shape, state.faults))
        broken = {p.node for p in state.processes if p.node and not alive(p)} - dead - set(state.dead)
        rising = [shape.nodes[n] for n in sorted(set(state.dead) - dead | broken)]
        dying = [shape.nodes[n] for n in sorted(dead if unfinished or revived else dead - set(state.dead))]
        if dying:
            _power_off(state, dying)
        touched = wiring.plug(state, shape, wiring.desired(shape, state.faults))
        if unfinished:
            touched = {n.name: list(n.ports.values()) for n in shape.nodes.values()}
        if rising:
            _power_on(state, rising)
        wiring.drop(state, wiring.dropped(shape, state.faults), anew=unfinished)
        _replugged(state, shape, touched, {n.name for n in rising})
        _freeze(state, shape)
        _tell_switches(state, shape)
        _tell_hosts(state, shape)
    state.options["unfinished"] = False
    state.save()
    return [*revived, *sorted(broken)]


def _power_off(state: State, dying: Sequence[Node]) -> None:
    state.dead = sorted({*state.dead, *(n.name for n in dying)})
    state.save()
    for node in dying:
        lines = [f"link set {i} down" for i in ("eth0", *node.ports.values())]
        if nodes.runs_frr(state, node):
            lines += [f"addr flush dev {i} scope global" for i in ("lo", *node.ports.values())]
        netns.ip_batch(lines, state.nodes[node.name], force=True)
    orders.send(_control(state), _power_orders(state, dying, on=False))
    nodes.stop(state, dying)


def _power_on(state: State, rising: Sequence[Node]) -> None:
    for node in rising:
        lines = [f"link set {i} up" for i in ("eth0", *node.ports.values())]
        netns.ip_batch(lines, state.nodes[node.name], force=True)
    nodes.stop(state, rising)  # what an interrupted start may have left
    nodes.start(state, rising)
    known = _existing_routing(state)
    for node in rising:
        if node.name in known:
            routing.tell(state.nodes[node.name], routing.commands(routing.Routing(), known[node.name]))
    orders.send(_control(state), _power_orders(state, rising, on=True))
    names = {n.name for n in rising}
    state.dead = [n for n in state.dead if n not in names]
    state.save()


def _power_orders(state: State, some: Sequence[Node], *, on: bool) -> list[dict[str, Any]]:
    served = served_switches(state)
    return [{"switch": n.name, "order": "power", "value": on} for n in some if n.name in served]


def _replugged(state: State, shape: Shape, touched: Mapping[str, list[str]], restarted: set[str]) -> None:
    known, served = _existing_routing(state), served_switches(state)
    wanted = []
    for name, interfaces in touched.items():
        if name in state.dead:
            netns.ip_batch((f"link set {i} down" for i in interfaces), state.nodes[name], force=True)
            continue
        if name not in restarted:
            nodes.announce(state, shape.nodes[name])
        if name in known:
            routing.readdress(state.nodes[name], known[name], interfaces)
        elif name in served:
            wanted.append({"switch": name, "order": "replugged", "value": interfaces})
    orders.send(_control(state), wanted)


def _freeze(state: State, shape: Shape) -> None:
    """Servers that hang: all their processes are stopped, and go on when healed."""
    wanted = {
        f.targets[0] for f in state.faults if f.kind == "hang" and nodes.is_host(shape.nodes[f.targets[0]])
    }
    before = set(state.options.get("frozen", ()))
    state.options["frozen"] = sorted(wanted | before)
    state.save()
    for names, number in ((wanted, signal.SIGSTOP), (before - wanted, signal.SIGCONT)):
        for pid in netns.pids_in([state.nodes[n] for n in sorted(names)]):
            if pid != os.getpid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
    state.options["frozen"] = sorted(wanted)


def _tell_switches(state: State, shape: Shape) -> None:
    wanted: dict[str, dict[str, Any]] = {name: {} for name in served_switches(state)}
    for fault in state.faults:
        own = wanted.get(fault.targets[0])
        if fault.kind == "dim":
            wire = shape.wires[fault.targets[0]]
            for device, port in (wire.a, wire.b):
                if device in wanted:
                    wanted[device].setdefault("dim", {})[port] = float(fault.targets[1])
        elif own is None:
            continue
        elif fault.kind in ("hang", "drop"):
            default = "" if fault.kind == "hang" else "commit"
            own.setdefault(fault.kind, []).append(fault.options.get("command", default))
        elif fault.kind == "lie":
            own.setdefault("lie", {})[fault.options["command"]] = (
                fault.options["text"].replace("\\n", "\n") + "\n"
            )
        elif fault.kind in ("refuse-login", "forget-commit"):
            own[fault.kind] = True
        elif fault.kind in ("slow", "clock", "serial", "version"):
            own[fault.kind] = fault.targets[1]
    orders.send(
        _control(state), [{"switch": n, "order": "faults", "value": v} for n, v in sorted(wanted.items())]
    )


def _tell_hosts(state: State, shape: Shape) -> None:
    """Clocks into the hosts, and a file that the management controllers read: device -> serial, version, feeds
    without power, and faults of the controller itself."""
    clocks: dict[str, str] = {}
    overrides: dict[str, dict[str, Any]] = {}
    for fault in state.faults:
        if fault.targets[0] in shape.nodes and nodes.is_host(shape.nodes[fault.targets[0]]):
            if fault.kind == "clock":  # chronyc counts the other way: positive is slow
                clocks[fault.targets[0]] = f"{-float(fault.targets[1]):.9f}"
            elif fault.kind in ("serial", "version"):
                overrides.setdefault(fault.targets[0], {})[fault.kind] = fault.targets[1]
            elif fault.kind == "bmc":
                word = fault.targets[1]
                own = overrides.setdefault(fault.targets[0], {})
                own |= {word: True} if word in ("401", "503") else {"slow": float(word)}
    for node in shape.nodes.values():
        if node.bmc and (lost := power.lost_feeds(shape, node.name, state.faults)):
            overrides.setdefault(node.name, {})["lost"] = lost
    for node in shape.nodes.values():
        root = nodes.host_root(state, node) if nodes.is_host(node) and node.name not in state.dead else None
        if root is None:
            continue
        file = root / "var/lib/rackwright/time-offset-s"
        if node.name in clocks:
            file.write_text(clocks[node.name] + "\n", encoding="utf-8")
        else:
            file.unlink(missing_ok=True)
    path = Path(state.folder) / "overrides.json"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(overrides, ensure_ascii=False, indent=1), encoding="utf-8")
    temporary.replace(path)


def _control(state: State) -> Path:
    return state.run / "control.sock"


def served_switches(state: State) -> list[str]:
    """Switches with a command line in this lab."""
    rows = json.loads((Path(state.folder) / "switches.json").read_text(encoding="utf-8"))
    return [r["name"] for r in rows["switches"]]


def _existing_routing(state: State) -> dict[str, routing.Routing]:
    data = json.loads((Path(state.folder) / "routing.json").read_text(encoding="utf-8"))
    return {name: routing.from_dict(row) for name, row in data.items()}


def opened(folder: Path) -> tuple[State, Shape]:
    """A lab that is up. Raises LabError when it is not."""
    if not (folder / "state.json").exists():
        raise LabError(f"no lab in {folder}")
    state = load(folder / "state.json")
    if state.stage != "up":
        raise LabError(f"lab {state.name} is not up (it is {state.stage})")
    return state, load_shape(folder / "shape.json")
