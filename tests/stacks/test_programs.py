"""What the stacks declare from a plan, as plain data and under Pulumi's mocks: no engine, no network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from inventory.inventory import Inventory
from inventory.load import PROJECTS
from inventory.model import SECTIONS
from inventory.model_ownership import Owners
from inventory.plan_model import Plan
from stacks.layers import LAYERS, project_name
from stacks.programs import bmc, dhcp, dns, entry, switches
from stacks.programs.entry import declaration
from stacks.programs.wanted import TOKENS, Declaration, reasons
from tests.stacks.rehearsal import DOMAIN, complete, copy, loaded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three servers a site of Guangxi, with servers and deliveries made up."""
    own = copy(PROJECTS / "guangxi", tmp_path_factory.mktemp("programs") / "project", servers=3)
    complete(own, "http://127.0.0.1:8000/", "http://127.0.0.1:8081")
    return own


@pytest.fixture(scope="module")
def known(folder: Path) -> tuple[Inventory, Plan]:
    return loaded(folder)


@pytest.fixture(scope="module")
def guangxi() -> tuple[Inventory, Plan]:
    return loaded(PROJECTS / "guangxi")


def owned(inventory: Inventory, **owners: str) -> Inventory:
    """The same with other owners."""
    project = inventory.project.model_copy(update={"owners": Owners.model_validate(owners)})
    return dataclasses.replace(inventory, project=project)


def told(found: Declaration) -> dict[str, list[str]]:
    return reasons(found.not_declared)


def test_a_controller_and_its_account(known: tuple[Inventory, Plan]) -> None:
    found = bmc.declaration(*known, "A")
    assert [(w.kind, w.name) for w in found.wanted[:2]] == [
        ("Bmc", "a-app-monitor-001"), ("Account", "a-app-monitor-001-audit"),
    ]  # fmt: skip
    first, account = found.wanted[:2]
    assert first.arguments["asset_tag"] == "a-app-monitor-001"
    assert first.arguments["serial"] == "MADE-0001"
    assert first.arguments["bios"] == {"Iommu": "Enabled", "SrIov": "Enabled"}
    assert first.arguments["power_restore"] == "LastState"
    assert first.arguments["ntp_servers"] == ["127.10.241.250"]
    assert first.arguments["network"] == {"host_name": "a-app-monitor-001-bmc"}  # its address is reserved
    assert account.arguments["secret"] in known[0].secrets and account.after == ("a-app-monitor-001",)
    assert [g.kind for g in first.under] == ["Site", "Rack", "Host"]


def test_address_of_a_controller_nobody_reserves(guangxi: tuple[Inventory, Plan]) -> None:
    found = bmc.declaration(*guangxi, "B").wanted[0]
    assert found.arguments["network"]["address"] == found.arguments["address"]
    assert found.arguments["network"]["dhcp"] is False


def test_only_what_the_stacks_own(known: tuple[Inventory, Plan]) -> None:
    inventory, plan = known
    items = {item: "ansible" for item in bmc.ITEMS if item != "asset_tag"}
    found = bmc.declaration(owned(inventory, **items), plan, "A")
    assert {w.kind for w in found.wanted} == {"Bmc"}
    assert set(found.wanted[0].arguments) == {"device", "address", "port", "serial", "asset_tag"}
    assert len(next(v for k, v in told(found).items() if k.startswith("kept by the playbooks"))) == 6
    for layer, item in ((dhcp, "dhcp_reservation"), (dns, "dns_record")):
        left = layer.declaration(owned(inventory, **{item: "ansible"}), plan, "A")
        assert left.wanted == () and len(told(left)) == 1


def test_the_more_particular_profile_counts(known: tuple[Inventory, Plan]) -> None:
    inventory, plan = known
    device = inventory.devices["a-app-monitor-001"]
    model = SECTIONS["bmc_profiles"]
    profiles: dict[str, dict[str, Any]] = {
        "all": {"power_restore": "AlwaysOff", "bios": {"Smt": "Enabled", "Iommu": "Disabled"}},
        "by-type": {"device_types": [device.type.slug], "power_restore": "AlwaysOn", "bios": {"Iommu": "Enabled"}},
        "by-fleet": {"fleets": [device.owner], "bios": {"Smt": "Disabled"}},
        "of-another": {"fleets": ["none"], "power_restore": "LastState"},
    }  # fmt: skip
    own = {name: model.model_validate({"name": name, **values}) for name, values in profiles.items()}
    found = bmc.declaration(dataclasses.replace(inventory, bmc_profiles=own), plan, "A").wanted[0]  # type: ignore[arg-type]
    assert found.arguments["bios"] == {"Iommu": "Enabled", "Smt": "Disabled"}
    assert found.arguments["power_restore"] == "AlwaysOn"


def test_a_reservation_a_known_port(known: tuple[Inventory, Plan]) -> None:
    inventory, plan = known
    found = dhcp.declaration(inventory, plan, "A")
    assert (
        len(found.wanted) == 18
    )  # two data ports and a controller each, of both sites: the server serves all
    assert dhcp.declaration(inventory, plan, "B").wanted == ()
    names = [w.name for w in found.wanted]
    assert len(names) == len(set(names))
    bare = dataclasses.replace(inventory, deliveries={})
    bare.__dict__.pop("delivered", None)
    left = dhcp.declaration(bare, plan, "A")
    assert left.wanted == () and "MAC address not delivered: no reservation" in told(left)


def test_zones_whole_on_every_server(known: tuple[Inventory, Plan]) -> None:
    found = dns.declaration(*known, "A")
    zones = [w for w in found.wanted if w.kind == "Zone"]
    assert f"{DOMAIN}." in {w.arguments["zone"] for w in zones}
    names = {w.name for w in zones}
    sets = [w for w in found.wanted if w.kind == "RecordSet"]
    assert sets and all(w.within in names for w in sets)
    assert {w.arguments["record_type"] for w in sets} == {"A", "PTR"}
    assert "b-app-monitor-001" in " ".join(w.name for w in sets)


def test_guangxi_says_what_it_lacks(guangxi: tuple[Inventory, Plan]) -> None:
    assert told(dhcp.declaration(*guangxi, "A")) == {
        "no DHCP server in management_servers: no reservation declared": ["A"]
    }
    assert dns.declaration(*guangxi, "A").wanted == () and told(dns.declaration(*guangxi, "A"))
    found = bmc.declaration(*guangxi, "A")
    assert len(found.wanted) == 123
    assert any(reason.startswith("serial number not delivered") for reason in told(found))


def test_switches_only_where_the_stacks_own_them(guangxi: tuple[Inventory, Plan]) -> None:
    inventory, plan = guangxi
    assert switches.declaration(inventory, plan, "A").wanted == ()
    found = switches.declaration(owned(inventory, switch_configuration="pulumi"), plan, "A").wanted
    assert found
    pairs = {w.name: w.after for w in found if w.under[-1].kind == "AccessPair"}
    assert pairs["A-ASW-01A"] == () and pairs["A-ASW-01B"] == ("A-ASW-01A",)
    assert all("%secret:" in w.arguments["text"] or w.arguments["text"] for w in found)


def test_every_stack_below_a_thousand_resources(tmp_path: Path) -> None:
    own = copy(PROJECTS / "guangxi", tmp_path / "project")
    complete(own, "http://127.0.0.1:8000/", "http://127.0.0.1:8081")
    inventory, plan = loaded(own)
    counts = {
        (layer, site): len(declaration(layer, inventory, plan, site).wanted)
        for layer in ("bmc", "dhcp", "dns")
        for site in ("A", "B")
    }
    assert max(counts.values()) < 1000, counts
    assert counts["bmc", "A"] == 2 * 123


# ---------------------------------------------------------------- under mocks


class Mocks(pulumi.runtime.Mocks):
    """Keeps what is registered."""

    def __init__(self) -> None:
        self.seen: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.seen.append(args)
        return f"{args.name}-id", {**args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], None]:
        return {}, None


def registered(
    layer: str, site: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[Any], dict[str, Any]]:
    """What a program registers with the engine, and its outputs."""
    mocks = Mocks()
    outputs: dict[str, Any] = {}
    monkeypatch.delenv("RACKWRIGHT_PROJECT", raising=False)
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///nowhere")
    monkeypatch.setattr(pulumi, "export", outputs.__setitem__)
    pulumi.runtime.set_mocks(mocks, project=project_name(layer), stack=site)
    pulumi.runtime.set_all_config({f"{project_name(layer)}:project": str(folder)})
    under_mocks: Callable[[Callable[[], object]], Callable[[], None]] = pulumi.runtime.test
    under_mocks(lambda: entry.run(layer))()
    return mocks.seen, outputs


@pytest.mark.parametrize("layer", ["bmc", "dhcp", "dns"])
def test_program_registers_what_is_declared(
    layer: str, folder: Path, known: tuple[Inventory, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, outputs = registered(layer, "A", folder, monkeypatch)
    wanted = declaration(layer, *known, "A").wanted
    own = {(a.typ, a.name) for a in seen if a.typ in TOKENS.values()}
    assert own == {(TOKENS[w.kind], w.name) for w in wanted}
    assert outputs["declared"] == len(wanted) and len(outputs["planDigest"]) == 12
    components = {a.name for a in seen if a.typ.startswith("rackwright:components:")}
    assert components == {g.name for w in wanted for g in w.under}
    for args in seen:
        assert "word-of-the-audit" not in str(args.inputs)


def test_program_of_an_unknown_site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match="the project has the sites A, B"):
        registered("bmc", "C", folder, monkeypatch)


def test_stack_folders_are_those_of_the_layers() -> None:
    root = Path(entry.__file__).parents[1]
    for name, layer in LAYERS.items():
        settings = yaml.safe_load((root / name / "Pulumi.yaml").read_text(encoding="utf-8"))
        assert settings["name"] == project_name(name)
        assert (root / name / "__main__.py").is_file()
        for stack in [layer.stack] if layer.stack else ["A", "B"]:
            config = yaml.safe_load((root / name / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
            assert config["config"][f"{project_name(name)}:project"] == "guangxi"
