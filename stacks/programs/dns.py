"""Zones and records on the name servers of one site: names of all devices of the project, forward and back.

A server is `management_servers` of kind dns with an `api_url` and the secret of its API's key. Every such server
holds all zones, whole; one that serves all sites belongs to the first site's stack. The records are those of the
zone files (`topology.zonefiles`).
"""

from __future__ import annotations

from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from stacks.programs.declared import NotDeclared
from stacks.programs.wanted import Declaration, Group, Wanted, kept_elsewhere, label, served_by
from topology.zonefiles import TTL_S, parse, zone_files

ITEM = "dns_record"
NO_SERVER = Text("no name server in management_servers: no zone declared", "无 DNS 服务器：未声明区域")
NO_API = Text("no api_url: nobody knows where it is controlled", "未给出 api_url：控制接口未知")
NO_KEY = Text("no secret named for the key of its API", "未指定其 API 密钥的 secret")


def declaration(inventory: Inventory, plan: Plan, site: str) -> Declaration:
    """Zones with their record sets, sorted by server, zone, name and type."""
    missing = kept_elsewhere(inventory, ITEM)
    if missing:
        return Declaration((), tuple(missing))
    servers = served_by(inventory, "dns", site)
    if not inventory.servers("dns", site):
        missing.append(NotDeclared(site, NO_SERVER))
    missing += [NotDeclared(s.name, NO_API) for s in servers if s.api_url is None]
    missing += [NotDeclared(s.name, NO_KEY) for s in servers if s.api_url and not s.secret]
    try:
        zones = zone_files(inventory, plan)
    except ValueError as reason:
        missing.append(NotDeclared("all zones", Text(str(reason), str(reason))))
        return Declaration((), tuple(missing))
    out: list[Wanted] = []
    for server in servers:
        if server.api_url is None or not server.secret:
            continue
        reach = {"api_url": server.api_url, "server": server.name, "secret": server.secret}
        url, under = server.api_url.rstrip("/"), (Group("Site", site), Group("Server", server.name))
        for zone, text in sorted(zones.items()):
            sets: dict[tuple[str, str], list[str]] = {}
            for entry in parse(text):
                sets.setdefault((entry.owner, entry.kind), []).append(entry.value)
            apex = f"{zone}."
            own = f"{server.name}:{zone}"
            nameservers = sorted(sets.pop((apex, "NS")))
            out.append(
                Wanted("Zone", own, {**reach, "zone": apex, "nameservers": nameservers}, under,
                       identity=f"{apex}@{url}{label(server)}")
            )  # fmt: skip
            for (owner, kind), records in sorted(sets.items()):
                out.append(
                    Wanted(
                        "RecordSet", f"{server.name}:{owner.rstrip('.')}:{kind}",
                        {**reach, "zone": apex, "record": owner, "record_type": kind, "records": sorted(records), "ttl": TTL_S},
                        under, within=own, identity=f"{owner}/{kind}@{apex}@{url}{label(server)}",
                    )
                )  # fmt: skip
    return Declaration(tuple(out), tuple(missing))
