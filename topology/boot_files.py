"""Every file a boot server, a DHCP server and a name server need, by its path below the build folder."""

from __future__ import annotations

from inventory.inventory import Inventory
from inventory.plan_model import Plan
from topology import dhcp, os_install, zonefiles
from topology.dhcp import Lacking


def boot_files(inventory: Inventory, plan: Plan) -> tuple[dict[str, str], tuple[Lacking, ...]]:
    """Text by path, and all that is lacking: `dhcp/A.conf`, `dns/yb.example.zone`, `install/a-ecs-001.ks` and `.ipxe`,
    and `boot.ipxe`, with which a server finds its own by the name DHCP gave it. Raises ValueError for a value that
    cannot stand in an installation file."""
    files: dict[str, str] = {}
    lacking: list[Lacking] = []
    for site in sorted(inventory.site_devices):
        config, missing = dhcp.kea_config(inventory, plan, site)
        files[f"dhcp/{site}.conf"] = dhcp.text(config)
        lacking += missing
    try:
        zones = zonefiles.zone_files(inventory, plan)
    except ValueError as reason:
        lacking.append(Lacking("dns", f"no zone files: {reason}"))
    else:
        files |= {f"dns/{zone}.zone": text for zone, text in zones.items()}
    wanted, missing = os_install.installs(inventory, plan)
    files |= {f"install/{install.host}.ks": os_install.render(install) for install in wanted}
    files |= {f"install/{install.host}.ipxe": os_install.ipxe(install) for install in wanted}
    if wanted:
        files[dhcp.SCRIPT] = os_install.IPXE
    lacking += missing
    return files, tuple(sorted(set(lacking), key=lambda x: (x.device, x.reason)))
