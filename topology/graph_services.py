"""The service layer: services, their instances at each site, and the devices that carry them."""

from __future__ import annotations

from inventory.catalog_model import DeviceType
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.model import Fleet, Service
from topology.draft import Draft


def add_services(draft: Draft) -> None:
    """Nodes and edges of every service; devices must have been entered before."""
    inventory = draft.inventory
    carriers: dict[tuple[str, str | None], list[str]] = {}
    for name, placed in sorted(draft.placed.items()):
        record = inventory.devices[name].record
        if isinstance(record, Fleet) and record.service is not None:
            rack = inventory.racks.get(placed.rack or "")
            site = rack.site if rack else record.site
            carriers.setdefault((record.service, site), []).append(name)
    for name, service in sorted(inventory.services.items()):
        key = f"service/{name}"
        draft.service_nodes[key] = {"kind": "service"}
        for depended in sorted(service.depends_on):
            draft.service_edges[key, f"service/{depended}"] = {"depends": True}
        for site in sorted(service.sites):
            instance = f"instance/{name}@{site}"
            draft.service_nodes[instance] = {"kind": "instance", "site": site}
            draft.service_edges[key, instance] = {"depends": False}
            members = carriers.pop((name, site), [])
            if not members:
                draft.lack(instance, Text("no placed device carries it", "没有已落位的设备承载"))
            for device in members:
                draft.service_nodes[f"device/{device}"] = {"kind": "device"}
                weight = device_weight(inventory, service, inventory.devices[device].type)
                if weight is None:
                    slug = inventory.devices[device].type.slug
                    measure = service.demand.measure if service.demand else ""
                    draft.lack(
                        f"device_types/{slug}",
                        Text(
                            f"{measure} is not known: counted as carrying none of {name}",
                            f"{measure} 未知：按不承载 {name} 计",
                        ),
                    )
                draft.service_edges[instance, f"device/{device}"] = {"weight": weight or 0}
    for (name, site), devices in sorted(carriers.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        draft.lack(
            f"service/{name}",
            Text(
                f"{len(devices)} devices at {site or 'no site'}, where the service has no instance",
                f"{site or '未知站点'} 有 {len(devices)} 台设备，但该业务在此没有实例",
            ),
        )


def device_weight(inventory: Inventory, service: Service, device_type: DeviceType) -> float | None:
    """How much of the measure of a service's demand one device carries; 1 when devices are counted or no demand
    is stated; None when its type does not say."""
    if service.demand is None or service.demand.measure == "devices":
        return 1
    capacity = device_type.capacity(inventory.catalog.components)
    value: float | None = getattr(capacity, service.demand.measure) if capacity else None
    return value
