"""What cannot be judged about survival, and what is taken for granted: said, so that silence is never a pass."""

from __future__ import annotations

from capacity.survival_network import ruled_pairs, unlisted_switches
from capacity.survival_services import listed_members
from inventory.findings import Text
from inventory.inventory import Inventory
from topology.elements import Layers


def open_points(inventory: Inventory, layers: Layers) -> tuple[tuple[str, Text], ...]:
    """(subject, what is open) beyond what the layers themselves say, sorted by subject."""
    out = [*_pairs(inventory, layers), *_services(inventory, layers), *_data(inventory)]
    for switch in unlisted_switches(inventory, layers):
        out.append((
            f"existing_switches/{switch.partition('/')[2]}",
            Text(
                "no running link of it is listed: taken as cabled to every core switch of its site",
                "未列出其在用链路：视为已接至本中心每台核心交换机",
            ),
        ))  # fmt: skip
    unrated = sorted({g.site for g in inventory.generators.values() if g.rated_kw is None})
    spare = inventory.policy.number("gen.redundancy_x")
    for site in unrated:
        out.append((
            f"sites/{site}",
            Text(
                f"power of its generators is not stated: all but {spare:g} of the sets must run",
                f"未说明柴发功率：除 {spare:g} 台备用外均须运行",
            ),
        ))  # fmt: skip
    return tuple(sorted(out, key=lambda item: (item[0], item[1].en)))


def _pairs(inventory: Inventory, layers: Layers) -> list[tuple[str, Text]]:
    out = []
    ruled = ruled_pairs(inventory, layers)
    carried = {
        (kind, end)
        for a, b, data in layers.physical.edges(data=True)
        for kind in (data.get("kind"),)
        for end in (a, b)
    }
    for name, pair in inventory.pairs.items():
        if pair.mlag and name not in ruled:
            lacks = Text("peer-link", "互联链路") if pair.keepalive is not None else Text("keepalive", "心跳")
            out.append((
                f"pairs/{name}",
                Text(
                    f"no {lacks.en} is stated or planned: what its loss does to the pair is not evaluated",
                    f"未说明或未规划{lacks.zh}：其失效对该组交换机的影响未评估",
                ),
            ))  # fmt: skip
        elif name in ruled:
            kind = "oob" if pair.keepalive == "mgmt" else "keepalive"
            if any((kind, f"device/{name}{member}") not in carried for member in "AB"):
                out.append((
                    f"pairs/{name}",
                    Text("no cable carries its keepalive: counted as not working", "没有线缆承载其心跳：按不可用计"),
                ))  # fmt: skip
    for name in inventory.existing_pairs:
        out.append((
            f"existing_pairs/{name}",
            Text(
                "peer-link and keepalive of a pair that stands already are not listed: not evaluated",
                "在用交换机对的互联链路与心跳未列出：未评估",
            ),
        ))  # fmt: skip
    return out


def _services(inventory: Inventory, layers: Layers) -> list[tuple[str, Text]]:
    out = []
    members = listed_members(inventory, layers)
    judged = {service for service, _ in members}
    for name, service in inventory.services.items():
        if name not in judged:
            out.append((
                f"services/{name}",
                Text("no device of it is listed that is connected: not evaluated", "未列出已确定接入的承载设备：未评估"),
            ))  # fmt: skip
            continue
        for site in sorted(set(service.sites)):
            if (name, site) not in members:
                out.append((
                    f"services/{name}",
                    Text(
                        f"no device of it is listed at {site} that is connected: nothing serves there",
                        f"{site} 未列出已确定接入的承载设备：视为该中心无此服务",
                    ),
                ))  # fmt: skip
        for needed in sorted(set(service.depends_on) - judged):
            out.append((
                f"services/{name}",
                Text(f"needs {needed}, of which no device is listed that is connected: not evaluated", f"依赖 {needed}，但未列出其已确定接入的设备：未评估"),
            ))  # fmt: skip
        if service.demand is None:
            out.append((
                f"services/{name}",
                Text(
                    "no demand is stated: one reached device counts as serving, what is left of its capacity is not evaluated",
                    "未说明需求：有一台设备可达即视为可用，剩余容量未评估",
                ),
            ))  # fmt: skip
    return out


def _data(inventory: Inventory) -> list[tuple[str, Text]]:
    out = []
    for name, quorum in inventory.quorums.items():
        if quorum.scope == "site" and not quorum.automatic_failover:
            out.append((
                f"quorums/{name}",
                Text(
                    "switched over by hand: no condition, a person decides which side goes on",
                    "人工切换：不作为条件，由人决定哪一侧继续",
                ),
            ))  # fmt: skip
        for fleet in sorted({v.fleet for v in quorum.votes if v.fleet}):
            if inventory.fleets[fleet].attach is None:
                out.append((
                    f"quorums/{name}",
                    Text(f"where {fleet} connects is not decided: its votes count as not cast", f"{fleet} 的接入未确定：其票按未投计"),
                ))  # fmt: skip
    for name, group in inventory.replica_groups.items():
        if group.scheme == "erasure" and (group.data_shards is None or group.parity_shards is None):
            out.append((
                f"replica_groups/{name}",
                Text("data or parity shards are not stated: not evaluated", "未说明数据分片或校验分片：未评估"),
            ))  # fmt: skip
    return out
