"""Conditions of a drill about data kept in copies: writable, whole again, and room for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from capacity.drill_conditions import Proof, say
from capacity.drill_model import Condition
from capacity.drill_world import Ground, World
from capacity.survival_services import devices_of, domains_of, spare_domains
from inventory import model as m
from inventory.findings import names_text
from inventory.model_drills import ConditionName, Must


def copies(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Each replica group can be written, and has enough places left to make every copy again."""
    for group, domains in _groups(ground, must):
        subject, where = f"replica_groups/{group.name}", ground.inventory.where(group)
        whole = {d: all(k in world.reached for k in devices) for d, devices in domains.items()}
        lost = sorted(d for d, w in whole.items() if not w)
        spare = spare_domains(group, ground.layers, [k for devices in domains.values() for k in devices])
        if spare is None:
            yield say(
                "copies",
                subject,
                "not evaluated",
                "data_shards or parity_shards is not stated",
                "未填写 data_shards 或 parity_shards",
                at=where,
            )
            continue
        left = [d for d, devices in domains.items() if any(k in world.reached for k in devices)]
        wanted = (
            group.copies
            if group.scheme == "replica"
            else -(
                -((group.data_shards or 0) + (group.parity_shards or 0)) // max(group.parity_shards or 1, 1)
            )
        )
        if len(lost) > spare:
            yield say("copies", subject, "violated", f"{len(lost)} {group.domain}s lost devices, {spare} may: {names_text(lost, 4)}",
                      f"{len(lost)} 个 {group.domain} 失去设备，最多允许 {spare} 个：{names_text(lost, 4)}", arithmetic=f"{len(lost)} > {spare}", at=where,
                      fix=("if the store keeps copies apart by pair, write domain: pair", "若存储按交换机组分散副本，请填写 domain: pair"))  # fmt: skip
        elif len(left) < wanted:
            yield say("copies", subject, "violated", f"copies cannot be made again: {len(left)} {group.domain}s left, {wanted} wanted",
                      f"无法恢复全部副本：剩余 {len(left)} 个 {group.domain}，需要 {wanted} 个", arithmetic=f"{len(left)} < {wanted}", at=where,
                      fix=(f"spread the devices over {wanted + 1} {group.domain}s", f"将设备分布到 {wanted + 1} 个 {group.domain}"))  # fmt: skip
        else:
            yield say("copies", subject, "holds", f"{len(lost)} of {len(domains)} {group.domain}s touched", f"{len(domains)} 个 {group.domain} 中 {len(lost)} 个受影响",
                      arithmetic=f"{len(lost)} <= {spare}, {len(left)} >= {wanted}")  # fmt: skip


def _groups(ground: Ground, must: Must) -> Iterator[tuple[m.ReplicaGroup, Mapping[str, Sequence[str]]]]:
    """Replica groups of the services asked for (none: the protected ones), with their devices by domain."""
    fleets = devices_of(ground.inventory)
    for group in ground.inventory.replica_groups.values():
        owners = {ground.inventory.fleets[f].service for f in group.fleets}
        keys = [k for f in group.fleets for k in fleets.get(f, ()) if k in ground.layers.elements]
        if keys and owners & {s.name for s in ground.protected(must.services)}:
            yield group, domains_of(group, ground.layers, keys)


def room_for_copies(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """What is stored fits on the devices left when no two copies may share a domain: the largest L with
    sum of min(C_d, L) >= R x L over the domains d that are left."""
    for group, domains in _groups(ground, must):
        subject, names = (
            f"replica_groups/{group.name}",
            {ground.inventory.fleets[f].service for f in group.fleets},
        )
        service = next((s for s in ground.inventory.services.values() if s.name in names), None)
        if (
            group.scheme != "replica"
            or service is None
            or service.demand is None
            or service.demand.measure != "raw_hdd_tb"
        ):
            at = ground.inventory.where(service) if service else ground.inventory.where(group)
            yield say("room-for-copies", subject, "not evaluated", "how much is stored is not stated", "未填写已存数据量", at=at,
                      fix=("write demand {measure: raw_hdd_tb, amount: …} of its service", "填写其服务的 demand（raw_hdd_tb）"))  # fmt: skip
            continue
        site = next((ground.inventory.fleets[f].site for f in group.fleets), None) or ""
        weights = ground.members(service.name, site)
        sizes = [sum(weights.get(k, 0.0) for k in keys if k in world.reached) for keys in domains.values()]
        usable, stored = usable_copies(sizes, group.copies), service.demand.amount / group.copies
        text = f"{usable:.6g} TB {'>=' if usable >= stored else '<'} {service.demand.amount:g} / {group.copies} = {stored:.6g} TB"
        if usable + 1e-9 >= stored:
            yield say(
                "room-for-copies",
                subject,
                "holds",
                f"{group.copies} copies fit",
                f"{group.copies} 份副本可容纳",
                arithmetic=text,
            )
        else:
            yield say("room-for-copies", subject, "violated", f"{group.copies} copies do not fit on what is left", f"剩余容量放不下 {group.copies} 份副本",
                      arithmetic=text, at=ground.inventory.where(group))  # fmt: skip


def usable_copies(sizes: Sequence[float], copies: int) -> float:
    """The most that can be stored `copies` times over domains of these sizes, no two copies in one domain: the
    largest L with sum(min(C, L)) >= copies x L. That holds when, for every k < copies, all domains but the k
    largest hold the copies that these k cannot: L = min over k of (sum of the others) / (copies - k)."""
    ordered = sorted(sizes, reverse=True)
    return min(sum(ordered[k:]) / (copies - k) for k in range(copies))


PROOFS: dict[ConditionName, Proof] = {"copies": copies, "room-for-copies": room_for_copies}
"""Conditions of this module by name."""
