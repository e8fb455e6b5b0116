"""Links of the plan that are missing or that nobody asked for (PRT015-PRT018)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inventory.checks import Context, check, finding
from inventory.findings import Finding, Related, Severity, Text
from inventory.inventory import Device
from inventory.model import OobSwitch, Pair
from topology.checks.cable_book import Book, CableView, cable_book, place_line
from topology.checks.cable_ends import end_fault
from topology.links import AccessLink, Key, console_links, oob_links, uplinks_wanted
from topology.ports import PortUse, port_plan_of, ports_for


def _attached(ctx: Context) -> list[Device]:
    devices = ctx.inventory.devices
    return [
        devices[name]
        for name in cable_book(ctx).placed
        if getattr(devices[name].record, "attach", None) is not None
    ]


@check(
    "PRT015", severity=Severity.ERROR, over=_attached, clause="one cable per business interface",
    title=Text("Business interface without a cable", "业务接口未布线"),
)  # fmt: skip
def business_interfaces_cabled(device: Device, ctx: Context) -> Iterator[Finding]:
    """Every business interface of an attached device has its cable.

    Why it matters: with one link the server is up and looks healthy until the first switch is restarted.
    How to fix: plan again; if no port is free on both members, widen the server range or attach the fleet elsewhere.
    Source: the fleet's `attach` and the device type.
    Failing: a server with p1 cabled and p2 not
    Passing: p1 and p2 cabled
    """
    book = cable_book(ctx)
    links = book.access.get(device.name, ())
    missing = [k for k in links if not book.present[k.key] and k.far not in book.overbooked]
    if (links and not missing) or book.faulty(device.name, "access"):
        return
    if links:
        names, far = ", ".join(k.near_port for k in missing), ", ".join(k.far for k in missing)
        message = Text(f"{names} not cabled, expected at {far}", f"{names} 未布线，应接 {far}")
        fix = _access_fix(book, links, missing)
    else:
        message = Text(
            "attached, but no access pair or no business interface found",
            "已声明接入，但未确定交换机组或业务接口",
        )
        fix = Text(
            "plan again, or name pairs and interfaces in attach", "重新规划，或在 attach 中写明交换机组与接口"
        )
    yield finding(
        "PRT015", device.name, message, place_line(ctx, device.name), fix=fix,
        arithmetic=f"{len(links) - len(missing)} of {len(links)} links cabled",
        related=[Related(ctx.where(device.record, "attach"), f"{device.owner}: attach")],
    )  # fmt: skip


def _access_fix(book: Book, links: Sequence[AccessLink], missing: Sequence[AccessLink]) -> Text:
    if any(link.medium is None for link in missing):
        return Text(
            "name the optic in attach.optic: nothing says which one it takes", "在 attach.optic 中写明光模块"
        )
    members = [link.far for link in links]
    switch = book.inventory.devices.get(members[0])
    if switch is None:
        return Text("plan again", "重新规划")
    used = {
        e.end.port for m in members for v in book.by_device.get(m, ()) for e in v.ends if e.end.device == m
    }
    ports = ports_for(port_plan_of(book.inventory, switch), "server")
    if any(port not in used for port in ports):
        return Text("plan again", "重新规划")
    far = ", ".join(dict.fromkeys(members))
    return Text(
        f"all {len(ports)} server ports of {far} are taken: widen the server range or attach the fleet to another pair",
        f"{far} 的 {len(ports)} 个服务器端口已用完：扩大 server 范围或改接其他交换机组",
    )


@dataclass(frozen=True)
class Served:
    """Ports of one row (or site) that need a far end, and the devices that could give it."""

    where: str
    keys: tuple[Key, ...]
    helpers: tuple[str, ...]


def _oob_rows(ctx: Context) -> list[Served]:
    book = cable_book(ctx)
    rows: dict[str, list[Key]] = {}
    for near, interface in oob_links(book.inventory, book.placed):
        row = book.inventory.racks[str(book.placed[near].rack)].row
        rows.setdefault(row, []).append(("oob", near, interface, ""))
    return [
        Served(row, tuple(keys), tuple(s.name for s in book.inventory.oob_switches.values() if row in s.rows))
        for row, keys in sorted(rows.items())
    ]


@check(
    "PRT016", severity=Severity.ERROR, over=_oob_rows, title=Text("Management port without a cable", "管理端口未布线"),
    clause="engineering estimate: every management port on the out-of-band network",
)  # fmt: skip
def management_ports_cabled(row: Served, ctx: Context) -> Iterator[Finding]:
    """Every BMC, management and 1GE interface is cabled to an out-of-band switch that serves its row.

    Why it matters: a server that hangs cannot be reached; somebody drives to the site.
    How to fix: let an out-of-band switch serve the row, add one, or plan again when ports are free.
    Source: engineering estimate.
    Failing: row A01-D in the `rows` of no out-of-band switch
    Passing: `{name: A-OASW-01, rows: [A01-A, A01-D]}`
    """
    yield from _unserved("PRT016", row, ctx, "out-of-band switch", "带外交换机")


def _console_sites(ctx: Context) -> list[Served]:
    book = cable_book(ctx)
    sites: dict[str, list[Key]] = {}
    for near, port in console_links(book.inventory, book.placed):
        site = book.inventory.racks[str(book.placed[near].rack)].site
        sites.setdefault(site, []).append(("console", near, port, ""))
    servers: dict[str, list[str]] = {}
    for name in sorted(book.placed):
        if book.inventory.devices[name].type.console_server_ports:
            servers.setdefault(book.inventory.racks[str(book.placed[name].rack)].site, []).append(name)
    return [Served(s, tuple(keys), tuple(servers.get(s, ()))) for s, keys in sorted(sites.items())]


@check(
    "PRT017", severity=Severity.WARNING, over=_console_sites, title=Text("Console port without a cable", "控制台端口未布线"),
    clause="engineering estimate: serial access to every switch",
)  # fmt: skip
def console_ports_cabled(site: Served, ctx: Context) -> Iterator[Finding]:
    """The console port of every switch is cabled to a console server of its site.

    Why it matters: a switch that lost its configuration answers on its console only.
    How to fix: add a console server at the site, or decide that an engineer with a laptop will do.
    Source: engineering estimate.
    Failing: a site with six switches and no console server
    Passing: a site with a console server of 32 ports
    """
    yield from _unserved("PRT017", site, ctx, "console server", "串口服务器")


def _unserved(code: str, group: Served, ctx: Context, what: str, zh_what: str) -> Iterator[Finding]:
    """One finding for a row or site where nothing is left to cable to, one per device where ports are free."""
    book = cable_book(ctx)
    kind = group.keys[0][0]
    missing = [k for k in group.keys if not book.present[k] and not book.faulty(k[1], kind)]
    free = {h: n for h in group.helpers if (n := _free_ports(book, h, kind))}
    possible: dict[str, list[str]] = {}
    for key in missing:
        if any(h != key[1] for h in free):
            possible.setdefault(key[1], []).append(key[2])
    for name, ports in possible.items():
        yield finding(
            code, name, Text(f"{', '.join(ports)} not cabled to any {what}", f"{', '.join(ports)} 未接入{zh_what}"),
            place_line(ctx, name), fix=Text("plan again", "重新规划"),
            arithmetic=", ".join(f"{h} has {n} free ports" for h, n in free.items()),
        )  # fmt: skip
    missing = [k for k in missing if k[1] not in possible]
    if not missing:
        return
    devices = list(dict.fromkeys(k[1] for k in missing))
    more = f" and {len(devices) - 3} more" if len(devices) > 3 else ""
    why = Text(f"no {what} has a free port left", f"{zh_what}已无空闲端口") if group.helpers else Text(
        f"there is no {what} for them", f"没有可用的{zh_what}")  # fmt: skip
    if free and all(d in group.helpers for d in devices):
        why = Text(
            f"a {what} cannot serve itself and no other one is there", f"{zh_what}不能接入自身，且无其他可用"
        )
    totals = {h: len(_helper_ports(book, h, kind)) for h in group.helpers}
    count = f"{len(missing)} port{'s' if len(missing) > 1 else ''}"
    yield finding(
        code, group.where,
        Text(f"{count} not cabled, {why.en}: {', '.join(devices[:3])}{more}",
             f"{len(missing)} 个端口未布线，{why.zh}：{', '.join(devices[:3])}{' 等' if more else ''}"),
        ctx.where(ctx.inventory.sites.get(group.where) or ctx.inventory.rows[group.where], "name"),
        fix=Text(f"one more {what} with {count} free", f"增加{zh_what}，需空闲端口 {len(missing)} 个"),
        arithmetic=f"{len(group.keys)} ports to cable here, {len(missing)} left over; "
        f"{' + '.join(f'{n} on {h}' for h, n in totals.items()) or '0'} ports there",
        related=[Related(place_line(ctx, h), f"{h}: {n} ports") for h, n in list(totals.items())[:4]],
    )  # fmt: skip


def _helper_ports(book: Book, name: str, kind: str) -> Sequence[str]:
    device = book.inventory.devices[name]
    if kind == "console":
        return [p.name for p in device.type.console_server_ports]
    return ports_for(port_plan_of(book.inventory, device), "oob")


def _free_ports(book: Book, name: str, kind: str) -> int:
    if name not in book.placed:
        return 0
    used = {e.end.port for v in book.by_device.get(name, ()) for e in v.ends if e.end.device == name}
    return sum(1 for p in _helper_ports(book, name, kind) if p not in used)


@dataclass(frozen=True)
class SwitchLinks:
    """Links of one kind that a pair or out-of-band switch asks for: (near switch, far switch) -> how many."""

    record: Pair | OobSwitch
    kind: str
    wanted: Counter[tuple[str, str]]

    @property
    def subject(self) -> str:
        """How findings name them."""
        return f"{self.record.name}:{self.kind}"


def switch_links(ctx: Context) -> list[SwitchLinks]:
    """Uplinks, peer links and keepalive cables of all switches that have a place."""
    book = cable_book(ctx)
    out: list[SwitchLinks] = []
    for pair in book.inventory.pairs.values():
        a, b = f"{pair.name}A", f"{pair.name}B"
        if a not in book.placed or b not in book.placed:
            continue
        per_far = uplinks_wanted(pair)
        uplinks = Counter({(member, far): n for member in (a, b) for far, n in per_far.items()})
        out.append(SwitchLinks(pair, "uplink", uplinks))
        peers = pair.peer_link.count if pair.peer_link else 0
        out.append(SwitchLinks(pair, "peer-link", Counter({(a, b): peers})))
        if pair.keepalive == "port":
            out.append(SwitchLinks(pair, "keepalive", Counter({(a, b): 1})))
    for switch in book.inventory.oob_switches.values():
        if switch.name in book.placed:
            uplinks = Counter({(switch.name, far): n for far, n in uplinks_wanted(switch).items()})
            out.append(SwitchLinks(switch, "oob-uplink", uplinks))
    return out


def incomplete(ctx: Context) -> frozenset[tuple[str, str]]:
    """(pair or out-of-band switch, kind) whose links in the plan are not those the inventory asks for, or end
    at the wrong place: what follows from them is not worth a second finding."""

    def make() -> frozenset[tuple[str, str]]:
        book = cable_book(ctx)
        return frozenset(
            (links.record.name, links.kind)
            for links in switch_links(ctx)
            if _short(book, links, frozenset()) or _faulty(book, links)
        )

    found: frozenset[tuple[str, str]] = ctx.memo("topology.incomplete", make)
    return found


def _short(book: Book, links: SwitchLinks, told: frozenset[str]) -> dict[tuple[str, str], int]:
    """Missing cables by (near, far); `told` are far switches and owners whose lack is reported elsewhere."""
    found = Counter(
        (v.cable.a.device, v.cable.b.device)
        for near in dict.fromkeys(n for n, _ in links.wanted)
        for v in book.by_device.get(near, ())
        if v.cable.kind == links.kind and v.cable.a.device == near
    )
    return {
        ends: n - found[ends]
        for ends, n in links.wanted.items()
        if found[ends] < n and ends[1] not in told and links.record.name not in told
    }


def _faulty(book: Book, links: SwitchLinks) -> bool:
    return any(book.faulty(near, links.kind) for near, _ in links.wanted)


@check(
    "PRT018", severity=Severity.ERROR, over=lambda ctx: [*cable_book(ctx).views, *switch_links(ctx)],
    title=Text("Links of the plan and of the inventory differ", "规划链路与设计不一致"), clause="the links the inventory asks for",
)  # fmt: skip
def links_as_asked(subject: CableView | SwitchLinks, ctx: Context) -> Iterator[Finding]:
    """The plan has the uplinks, peer links and keepalive cables the inventory asks for: none missing, none beyond.

    Why it matters: a missing uplink raises oversubscription unseen; a surplus cable holds ports nobody counted.
    How to fix: plan again; if ports are short, widen the range or ask for fewer links.
    Source: `uplinks`, `peer_link` and `keepalive` of the pair.
    Failing: `uplinks: {per_member: 4}` and three uplinks of A-ASW-01A in the plan
    Passing: four uplinks of each member
    """
    if isinstance(subject, CableView):
        if subject.owner not in cable_book(ctx).in_band:
            yield from end_fault("PRT018", subject, ctx)
        return
    book = cable_book(ctx)
    short = _short(book, subject, book.overbooked | book.in_band)
    if not short or _faulty(book, subject):
        return
    record, total, count = subject.record, sum(subject.wanted.values()), sum(short.values())
    lost = ", ".join(f"{near} to {far}" for near, far in sorted(short))
    fields = {"uplink": "uplinks", "oob-uplink": "uplinks", "peer-link": "peer_link"}
    yield finding(
        "PRT018", subject.subject,
        Text(f"{subject.kind} cables not planned: {lost}", f"缺少 {subject.kind} 线缆：{lost}"),
        ctx.where(record, fields.get(subject.kind, "keepalive")), arithmetic=f"planned {total - count} of {total}",
        fix=_shortage(book, subject) or Text("plan again", "重新规划"),
    )  # fmt: skip


def _shortage(book: Book, links: SwitchLinks) -> Text | None:
    """Why a link could not be planned, when the port plan has too few ports for it."""
    uses: dict[str, PortUse] = {"peer-link": "peer_link", "keepalive": "keepalive"}
    use = uses.get(links.kind, "uplink")
    near = min(n for n, _ in links.wanted)
    ports = ports_for(port_plan_of(book.inventory, book.inventory.devices[near]), use)
    need = sum(n for (m, _), n in links.wanted.items() if m == near)
    if len(ports) >= need:
        return None
    return Text(f"the {use} range has {len(ports)} ports, {need} are needed: widen it",
                f"{use} 范围有 {len(ports)} 个端口，需要 {need} 个：请扩大")  # fmt: skip
