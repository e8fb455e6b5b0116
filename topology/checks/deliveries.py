"""What has been delivered against what is to be built (INV020-INV022)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from inventory import model as m
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from inventory.nearest import near


def _deliveries(ctx: Context) -> list[m.Delivery]:
    return list(ctx.inventory.deliveries.values())


def _subject(delivery: m.Delivery) -> str:
    return f"deliveries/{delivery.name}"


def _claims(ctx: Context) -> Mapping[str, list[m.Delivery]]:
    """Deliveries by the device they are to be."""
    out: dict[str, list[m.Delivery]] = defaultdict(list)
    for delivery in _deliveries(ctx):
        if delivery.device:
            out[delivery.device].append(delivery)
    return out


def _by_fleet(ctx: Context) -> Mapping[str, list[m.Delivery]]:
    """Deliveries by fleet, in the order of the files."""
    out: dict[str, list[m.Delivery]] = defaultdict(list)
    for delivery in _deliveries(ctx):
        device = ctx.inventory.devices.get(delivery.device or "")
        if owner := delivery.fleet or (device.owner if device else None):
            out[owner].append(delivery)
    return out


@check(
    "INV020", severity=Severity.ERROR, needs="inventory", over=_deliveries,
    title=Text("Delivered but not to be built", "到货设备不在清单内"), clause="arrival check: what is bought is what comes",
)  # fmt: skip
def delivery_is_wanted(delivery: m.Delivery, ctx: Context) -> Iterator[Finding]:
    """Every delivery is a device that is to be built, no device is delivered twice, and no fleet gets more than
    its count.

    Why it matters: a box nobody has planned takes a rack place and a licence from one that was.
    How to fix: correct the name, or send the box back; the finding counts.
    Source: engineering estimate.
    Failing: `{name: box-17, device: a-ecs-013, serial: "2102"}` in a fleet a-ecs with count 12
    Passing: `{name: box-17, device: a-ecs-012, serial: "2102"}`
    """
    subject = _subject(delivery)
    if delivery.device and delivery.device not in ctx.inventory.devices:
        guess = near(delivery.device, list(ctx.inventory.devices))
        fix = (
            Text(f"did you mean {guess}?", f"是否为 {guess}？")
            if guess
            else Text("name a planned device", "写计划内的设备名")
        )
        yield finding(
            "INV020", subject,
            Text(f"no device {delivery.device} is to be built", f"清单中没有设备 {delivery.device}"),
            ctx.where(delivery, "device"), fix=fix,
        )  # fmt: skip
        return
    twins = ctx.memo("deliveries.claims", lambda: _claims(ctx)).get(delivery.device or "", [])
    if len(twins) > 1 and delivery is not twins[0]:
        yield finding(
            "INV020", subject,
            Text(f"{delivery.device} is delivered already: {twins[0].name}", f"{delivery.device} 已到货：{twins[0].name}"),
            ctx.where(delivery, "device"), fix=Text("name the device this box is", "写明该箱对应的设备"),
            related=[Related(ctx.where(twins[0], "device"), twins[0].name)],
        )  # fmt: skip
        return
    fleet = delivery.fleet
    if fleet is None or fleet not in ctx.inventory.fleets:
        return
    come = ctx.memo("deliveries.fleets", lambda: _by_fleet(ctx))[fleet]
    count = ctx.inventory.fleets[fleet].count
    if len(come) > count and delivery in [d for d in come if d.fleet][-(len(come) - count) :]:
        yield finding(
            "INV020", subject,
            Text(f"fleet {fleet} has {count} devices, {len(come)} are delivered", f"机群 {fleet} 共 {count} 台，到货 {len(come)} 台"),
            ctx.where(delivery, "fleet"), fix=Text("correct the fleet, or send the box back", "更正机群，或退回"),
            related=[Related(ctx.where(ctx.inventory.fleets[fleet], "count"), fleet)],
            arithmetic=f"{len(come)} delivered - {count} to be built = {len(come) - count} too many",
        )  # fmt: skip


def _serials(ctx: Context) -> Mapping[str, list[m.Delivery]]:
    out: dict[str, list[m.Delivery]] = defaultdict(list)
    for delivery in _deliveries(ctx):
        if delivery.serial:
            out[delivery.serial.upper()].append(delivery)
    return out


@check(
    "INV021", severity=Severity.ERROR, needs="inventory", over=_deliveries,
    title=Text("Serial number used twice", "序列号重复"), clause="arrival check: one serial number, one device",
)  # fmt: skip
def serial_is_unique(delivery: m.Delivery, ctx: Context) -> Iterator[Finding]:
    """Every delivery has a serial number, and no two have the same one (capitals do not matter).

    Why it matters: warranty and acceptance go by the serial number; the device that BMC and list disagree on
    is found by it.
    How to fix: read the label of the later box again. Null is not evaluated: it is read when the box is opened.
    Source: engineering estimate.
    Failing: `{name: box-1, device: a-ecs-001, serial: "2102"}` and `{name: box-2, device: a-ecs-002, serial: "2102"}`
    Passing: `{name: box-1, device: a-ecs-001, serial: "2102"}` and `{name: box-2, device: a-ecs-002, serial: "2103"}`
    """
    if delivery.serial is None:
        yield lacking(
            "INV021", _subject(delivery), Text("serial number not known", "序列号未知"), ctx.where(delivery, "serial"),
            Text("read it from the label at arrival", "到货时从标签读取"),
        )  # fmt: skip
        return
    twins = ctx.memo("deliveries.serials", lambda: _serials(ctx))[delivery.serial.upper()]
    if delivery is not twins[0]:
        yield finding(
            "INV021", _subject(delivery),
            Text(f"serial {delivery.serial} is that of {twins[0].name} too", f"序列号 {delivery.serial} 与 {twins[0].name} 相同"),
            ctx.where(delivery, "serial"), fix=Text("read both labels again", "重新核对两处标签"),
            related=[Related(ctx.where(twins[0], "serial"), twins[0].name)],
        )  # fmt: skip


def _macs(ctx: Context) -> Mapping[str, list[tuple[m.Delivery, str]]]:
    out: dict[str, list[tuple[m.Delivery, str]]] = defaultdict(list)
    for delivery in _deliveries(ctx):
        for port, mac in delivery.macs.items():
            if mac:
                out[mac].append((delivery, port))
    return out


@check(
    "INV022", severity=Severity.ERROR, needs="inventory", unless=("INV020",),
    over=lambda ctx: [d for d in _deliveries(ctx) if d.macs],
    title=Text("MAC address that cannot be", "MAC 地址有误"), clause="IEEE 802: individual addresses are unique",
)  # fmt: skip
def macs_can_be(delivery: m.Delivery, ctx: Context) -> Iterator[Finding]:
    """Every MAC address stands at a port of the device type, is that of one port only, and is no group address.

    Why it matters: DHCP gives the planned address to this MAC address; a wrong one starts another server.
    How to fix: read the sheet of the box again; names of ports are those of the device type.
    Source: IEEE 802.
    Failing: `macs: {p3: "52:54:00:00:00:01"}` on a server with p1, p2 and BMC
    Passing: `macs: {p1: "52:54:00:00:00:01"}`
    """
    inventory = ctx.inventory
    device = inventory.devices.get(delivery.device or "")
    fleet = inventory.fleets.get(delivery.fleet or "")
    if device is None and fleet is None:
        return
    known = device.type if device else inventory.catalog.device_types[fleet.device_type if fleet else ""]
    names = [i.name for i in known.interfaces]
    used = ctx.memo("deliveries.macs", lambda: _macs(ctx))
    for port, mac in delivery.macs.items():
        first, first_port = used[mac][0] if mac else (delivery, port)
        if port not in names:
            en, zh = f"{known.slug} has no port {port}", f"{known.slug} 没有端口 {port}"
            fix = Text(f"ports of the type: {', '.join(names[:6])}", f"该型号的端口：{', '.join(names[:6])}")
        elif mac and int(mac[:2], 16) & 1:
            en, zh = f"{mac} is a group address", f"{mac} 是组播地址"
            fix = Text("read the sheet again", "重新核对")
        elif (first, first_port) != (delivery, port):
            en, zh = (
                f"{mac} is that of {first.name} port {first_port} too",
                f"{mac} 与 {first.name} 端口 {first_port} 相同",
            )
            fix = Text("read both sheets again", "重新核对两处")
        else:
            continue
        related = [Related(ctx.where(first, "macs", first_port), first.name)] if first is not delivery else []
        yield finding(
            "INV022", f"{_subject(delivery)}/{port}", Text(en, zh), ctx.where(delivery, "macs", port), fix=fix,
            related=related,
        )  # fmt: skip
