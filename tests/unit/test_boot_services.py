"""DHCP, name and installation files rendered from the shipped plan, with what nobody has said yet filled in."""

import dataclasses
import ipaddress
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from inventory import model as m
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from topology import boot_files, dhcp, os_install, zonefiles

KEA = shutil.which("kea-dhcp4") or next((p for p in ("/usr/sbin/kea-dhcp4",) if Path(p).exists()), None)
MACS = {"p1": "52:54:00:00:00:01", "p2": "52:54:00:00:00:02", "BMC": "52:54:00:00:00:0b"}


@pytest.fixture(scope="module")
def shipped() -> tuple[Inventory, Plan]:
    folder = PROJECTS / "guangxi"
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None
    assert plan is not None
    return inventory, plan


def settled(inventory: Inventory, **delivered: Mapping[str, str | None]) -> Inventory:
    """The project with a domain, an operating system, servers for boot, names and time, and deliveries."""

    def server(kind: str, last: int) -> m.ManagementServer:
        return m.ManagementServer.model_validate(
            {"name": f"{kind}1", "kind": kind, "address": f"10.10.200.{last}"}
        )

    return dataclasses.replace(
        inventory,
        project=inventory.project.model_copy(update={"dns_domain": "yb.example"}),
        fleets={k: f.model_copy(update={"os": "kylin"}) for k, f in inventory.fleets.items()},
        management_servers={f"{k}1": server(k, n) for n, k in enumerate(("boot", "dns", "ntp"), 1)},
        secrets={
            name: m.Secret.model_validate(
                {"name": name, "title": {"en": name, "zh": name}, "source": "env", "key": name.upper().replace("-", "_")}
            )
            for name in ("os-root-hash", "os-ssh-key")
        },
        deliveries={
            name: m.Delivery.model_validate({"name": name, "device": name.replace("_", "-"), "serial": f"SN-{name}", "macs": macs})
            for name, macs in delivered.items()
        },
    )  # fmt: skip


def reservations(config: dict[str, object]) -> list[dict[str, object]]:
    """All reservations of a configuration."""
    return [r for s in json.loads(json.dumps(config))["Dhcp4"]["subnet4"] for r in s["reservations"]]


def test_without_deliveries_nothing_is_reserved_and_every_device_is_named(
    shipped: tuple[Inventory, Plan],
) -> None:
    inventory, plan = shipped
    config, lacking = dhcp.kea_config(inventory, plan, "A")
    assert reservations(config) == []
    addressed = {
        a.device
        for a in plan.addresses
        if a.plane in dhcp.PLANES and not a.released and inventory.devices[a.device].site == "A"
    }
    assert addressed <= {x.device for x in lacking if "not delivered" in x.reason}
    assert any(x.reason.startswith("no boot server") for x in lacking)
    assert "client-classes" not in config["Dhcp4"], "nothing to start from"


def test_both_ports_and_the_controller_get_the_planned_addresses(shipped: tuple[Inventory, Plan]) -> None:
    inventory, plan = shipped
    config, lacking = dhcp.kea_config(settled(inventory, **{"a-ecs-001": MACS}), plan, "A")
    planned = {a.plane: a.address for a in plan.addresses if a.device == "a-ecs-001"}
    found = {r["hw-address"]: (r["ip-address"], r["hostname"]) for r in reservations(config)}
    assert found == {
        MACS["p1"]: (planned["business"], "a-ecs-001"),
        MACS["p2"]: (planned["business"], "a-ecs-001"),
        MACS["BMC"]: (planned["bmc"], "a-ecs-001-bmc"),
    }
    assert "a-ecs-001" not in {x.device for x in lacking}
    assert "a-ecs-002" in {x.device for x in lacking}


def test_one_missing_mac_leaves_out_that_port_alone(shipped: tuple[Inventory, Plan]) -> None:
    inventory, plan = shipped
    known = settled(inventory, **{"a-ecs-001": {**MACS, "p2": None}})
    config, lacking = dhcp.kea_config(known, plan, "A")
    assert {r["hw-address"] for r in reservations(config)} == {MACS["p1"], MACS["BMC"]}
    assert [x.reason.split(":")[0] for x in lacking if x.device == "a-ecs-001"] == [
        "MAC address of p2 not delivered"
    ]


def test_order_of_the_deliveries_never_matters(shipped: tuple[Inventory, Plan]) -> None:
    inventory, plan = shipped
    both = {"a-ecs-001": MACS, "a-ecs-002": {k: v[:-2] + "f" + v[-1] for k, v in MACS.items()}}
    one = dhcp.kea_config(settled(inventory, **both), plan, "A")
    other = dhcp.kea_config(settled(inventory, **dict(reversed(both.items()))), plan, "A")
    assert dhcp.text(one[0]) == dhcp.text(other[0])
    assert one[1] == other[1]


@pytest.mark.skipif(
    KEA is None, reason="no kea-dhcp4 on this machine: its own reading of the file is not tested"
)
@pytest.mark.parametrize("site", ["A", "B"])
@pytest.mark.parametrize("filled", [True, False])
def test_kea_itself_accepts_the_file(
    shipped: tuple[Inventory, Plan], tmp_path: Path, site: str, filled: bool
) -> None:
    inventory, plan = shipped
    known = settled(inventory, **{"a-ecs-001": MACS}) if filled else inventory
    file = tmp_path / "kea.conf"
    file.write_text(dhcp.text(dhcp.kea_config(known, plan, site)[0]))
    done = subprocess.run(
        [str(KEA), "-t", str(file)], capture_output=True, text=True, check=False,
        env={**os.environ, "KEA_PIDFILE_DIR": str(tmp_path), "KEA_LOCKFILE_DIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_zone_files_say_what_the_plan_says_forward_and_back(shipped: tuple[Inventory, Plan]) -> None:
    inventory, plan = shipped
    files = zonefiles.zone_files(settled(inventory), plan)
    forward = {e.owner: e.value for e in zonefiles.parse(files["yb.example"]) if e.kind == "A"}
    planned = {
        a.address for a in plan.addresses if not a.released and a.plane in zonefiles.PLANES and a.device in inventory.devices
    }  # fmt: skip
    servers = {"10.10.200.2"}
    assert set(forward.values()) == planned | servers
    back = {
        e.owner: e.value
        for zone, text in files.items()
        if zone != "yb.example"
        for e in zonefiles.parse(text)
        if e.kind == "PTR"
    }
    turned = {
        ipaddress.ip_address(ip).reverse_pointer + ".": o for o, ip in forward.items() if ip not in servers
    }
    assert back == turned
    assert forward["a-ecs-001-bmc.yb.example."] == next(
        a.address for a in plan.addresses if a.device == "a-ecs-001" and a.plane == "bmc"
    )


def test_every_zone_names_its_server_and_the_same_plan_gives_the_same_bytes(
    shipped: tuple[Inventory, Plan],
) -> None:
    inventory, plan = shipped
    files = zonefiles.zone_files(settled(inventory), plan)
    assert files == zonefiles.zone_files(settled(inventory), plan)
    for text in files.values():
        assert [e.value for e in zonefiles.parse(text) if e.kind == "NS"] == ["dns1.yb.example."]
        assert text.count(" SOA ") == 1


@pytest.mark.parametrize(
    ("field", "reason"), [("dns_domain", "no dns_domain"), ("servers", "no name server")]
)
def test_zones_nobody_can_serve_are_refused(shipped: tuple[Inventory, Plan], field: str, reason: str) -> None:
    inventory, plan = shipped
    known = settled(inventory)
    if field == "dns_domain":
        known = dataclasses.replace(known, project=inventory.project)
    else:
        known = dataclasses.replace(known, management_servers={})
    with pytest.raises(ValueError, match=reason):
        zonefiles.zone_files(known, plan)


def test_a_server_that_lacks_nothing_is_installed_the_others_say_why(shipped: tuple[Inventory, Plan]) -> None:
    inventory, plan = shipped
    ready, lacking = os_install.installs(settled(inventory, **{"a-ecs-001": MACS}), plan)
    (install,) = ready
    planned = {a.plane: a for a in plan.addresses if a.device == "a-ecs-001"}
    assert install.address == planned["business"].address
    assert (install.disk_gb, install.disk_count) == (480, 1)
    assert (install.bond.mtu, install.bond.lacp_rate, install.tagged_vlan) == (9000, "fast", None)
    assert [(x.port, x.mac) for x in install.members] == [("p1", MACS["p1"]), ("p2", MACS["p2"])]
    servers = {d.name for d in plan.devices if inventory.devices[d.name].role == "server"}
    assert servers - {"a-ecs-001"} == {x.device for x in lacking if x.reason.startswith("not rendered")}


def test_all_files_at_once_and_all_that_is_lacking(shipped: tuple[Inventory, Plan]) -> None:
    inventory, plan = shipped
    files, lacking = boot_files.boot_files(settled(inventory, **{"a-ecs-001": MACS}), plan)
    assert {"dhcp/A.conf", "dhcp/B.conf", "dns/yb.example.zone", "install/a-ecs-001.ks"} <= set(files)
    assert lacking
    script = files["install/a-ecs-001.ipxe"]
    assert script.startswith("#!ipxe\n")
    assert "kernel http://10.10.200.1/kylin/images/pxeboot/vmlinuz" in script
    assert "inst.ks=http://10.10.200.1/install/a-ecs-001.ks" in script
    assert "install/${hostname}.ipxe" in files["boot.ipxe"]
    assert "shell" not in script + files["boot.ipxe"], "nobody is there to type"
    files, lacking = boot_files.boot_files(inventory, plan)
    assert set(files) == {"dhcp/A.conf", "dhcp/B.conf"}
    assert [x for x in lacking if x.device == "dns"]


def test_secrets_are_put_in_and_what_cannot_stand_there_is_named_but_not_shown(
    shipped: tuple[Inventory, Plan],
) -> None:
    inventory, plan = shipped
    (install,), _ = os_install.installs(settled(inventory, **{"a-ecs-001": MACS}), plan)
    text = os_install.render(install)
    values = {"os-root-hash": "$6$salt$" + "x" * 86, "os-ssh-key": "ssh-ed25519 AAAA control\n"}
    done = os_install.filled(text, values.__getitem__)
    assert done == text.replace("%secret:os-root-hash%", values["os-root-hash"]).replace(
        "%secret:os-ssh-key%", "ssh-ed25519 AAAA control"
    )
    for name, wrong in (
        ("os-root-hash", "S3cret-in-clear"), ("os-ssh-key", 'ssh "S3cret'), ("os-ssh-key", "BEGIN\nS3cret"),
        ("os-root-hash", "$6$salt$S3cret\nreboot"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"secret {name} ") as refused:
            os_install.filled(text, (values | {name: wrong}).__getitem__)
        assert "S3cret" not in str(refused.value)
