"""Stacks with the real engine against real services: Redfish controllers, Kea and PowerDNS, through the command line
and by plain `pulumi`. A few servers of the Guangxi plan; nothing is left afterwards."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.load import PROJECTS
from stacks.runner.engine import CHECKOUT
from tests.stacks.bmcs import LOGIN
from tests.stacks.commands import Stacks, assert_no_value, begun, child, needs_engine, waited_for
from tests.stacks.rehearsal import DOMAIN, Rehearsal, rehearsal
from tests.stacks.services import free_port

pytestmark = pytest.mark.engine
BMC = ("--site", "A", "--layer", "bmc")
PLAIN_FOLDER = CHECKOUT / "stacks"


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Services and a project of two servers a site; skipped, or failed in CI, without an engine."""
    needs_engine()
    folder = tmp_path_factory.mktemp("rehearsal")
    with rehearsal(PROJECTS / "guangxi", folder, servers=2, port=free_port()) as found:
        yield found


@pytest.fixture
def stacks(standing: Rehearsal, tmp_path: Path) -> Iterator[Stacks]:
    """A fresh state over the services; the project and the services are put back."""
    kept = (standing.folder / "rehearsal.yml").read_text(encoding="utf-8")
    found = Stacks(standing, tmp_path / "stacks")
    standing.say_port(found.state)
    yield found
    (standing.folder / "rehearsal.yml").write_text(kept, encoding="utf-8")
    for controller in standing.controllers.service.bmcs.values():
        standing.controllers.faults(controller.row["name"])
        controller.asset_tag, controller.accounts = "", {1: controller.accounts[1]}
    standing.kea.drop_all()
    standing.dns.drop_all()


def edit(standing: Rehearsal, section: str, name: str, **values: Any) -> None:
    """Change one record of the project."""
    file = standing.folder / "rehearsal.yml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    row = next(r for r in data[section] if r["name"] == name)
    row.update(values)
    file.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


def signs(result: dict[str, Any]) -> dict[str, int]:
    """Changes by sign."""
    out: dict[str, int] = {}
    for change in result["changes"]:
        out[change["sign"]] = out.get(change["sign"], 0) + 1
    return out


def names(standing: Rehearsal) -> dict[tuple[str, str], tuple[int, list[str]]]:
    """Record sets of the domain but the SOA, whose serial moves."""
    return {k: v for k, v in standing.dns.sets(f"{DOMAIN}.").items() if k[1] != "SOA"}


def servers(standing: Rehearsal, site: str = "A") -> list[str]:
    """Servers with a controller."""
    return sorted(n for n in standing.controllers.service.bmcs if n.startswith(f"{site.lower()}-"))


def test_life_of_all_layers(stacks: Stacks, standing: Rehearsal) -> None:
    first, second = servers(standing)
    controller = standing.controllers[first]

    seen = stacks.stacks("preview", "--site", "A")
    assert [seen[s]["outcome"] for s in ("dhcp/A", "dns/A", "bmc/A")] == ["would change"] * 3
    assert controller.asset_tag == "" and standing.dns.zones() == [] and standing.kea.reservations() == []

    made = stacks.stacks("up", "--yes", "--site", "A")
    assert {s: signs(r) for s, r in made.items()} == {
        "dhcp/A": {"+": 12},
        "dns/A": signs(made["dns/A"]),
        "bmc/A": {"+": 4},
    }
    assert list(made) == ["dhcp/A", "dns/A", "bmc/A"]
    assert controller.asset_tag == first
    assert {a.name for a in controller.accounts.values()} >= {"audit"}
    assert controller.pending == {"Iommu": "Enabled", "SrIov": "Enabled"}
    assert len(standing.kea.saved()) == 12
    records = names(standing)
    assert records[f"{first}.{DOMAIN}.", "A"][0] == 3600

    again = stacks.stacks("up", "--yes", "--site", "A")
    assert {r["outcome"] for r in again.values()} == {"no change"}
    assert all(not r["changes"] for r in stacks.stacks("drift", "--site", "A").values())

    # a change, and one that needs a new resource
    edit(standing, "bmc_profiles", "baseline", bios={"Iommu": "Enabled", "SrIov": "Disabled"})
    delivery = f"made-up-{first}"
    macs = next(r for r in yaml.safe_load((standing.folder / "rehearsal.yml").read_text())["deliveries"] if r["name"] == delivery)["macs"]  # fmt: skip
    edit(standing, "deliveries", delivery, macs={**macs, "p1": "02:aa:00:00:00:01"})
    seen = stacks.stacks("preview", "--site", "A")
    assert signs(seen["bmc/A"]) == {"~": 2} and signs(seen["dhcp/A"]) == {"±": 1}
    assert "bios.SrIov Enabled -> Disabled" in seen["bmc/A"]["changes"][0]["details"]
    assert "02:aa:00:00:00:01" not in {r["hw-address"] for r in standing.kea.reservations()}
    stacks.run("up", "--yes", "--site", "A")
    assert "02:aa:00:00:00:01" in {r["hw-address"] for r in standing.kea.saved()}
    assert macs["p1"] not in {r["hw-address"] for r in standing.kea.saved()}

    # drift behind its back, on all three
    controller.asset_tag = "by hand"
    standing.dns.put(f"{DOMAIN}.", f"{first}.{DOMAIN}.", "A", "10.9.9.9")
    standing.dns.put(f"{DOMAIN}.", f"{second}.{DOMAIN}.", "A")
    config = standing.kea.config()
    for subnet in config["Dhcp4"]["subnet4"]:
        subnet["reservations"] = [r for r in subnet["reservations"] if r["hw-address"] != "02:aa:00:00:00:01"]
    standing.kea.set(config)
    drifted = stacks.stacks("drift", "--site", "A", code=1)
    assert {s: signs(r) for s, r in drifted.items()} == {
        "dhcp/A": {"-": 1},
        "dns/A": {"~": 1, "-": 1},
        "bmc/A": {"~": 1},
    }
    assert drifted["bmc/A"]["changes"][0]["details"] == [f"assetTag {first} -> by hand"]
    assert controller.asset_tag == "by hand"
    stacks.run("up", "--yes", "--refresh", "--site", "A")
    assert controller.asset_tag == first
    assert names(standing) == records
    stacks.run("drift", "--site", "A")

    # a state that was lost: what stands is taken in, nothing is made twice
    lost = next((stacks.state / "state" / ".pulumi" / "stacks" / "rackwright-dns").glob("A.json"))
    lost.unlink()
    taken = stacks.stacks("import", "--site", "A", "--layer", "dns")
    assert set(signs(taken["dns/A"])) == {"="} and taken["dns/A"]["warnings"] == []
    assert stacks.stacks("preview", "--site", "A", "--layer", "dns")["dns/A"]["changes"] == []

    assert_no_value(stacks.state, (*standing.secrets, ":".join(LOGIN)))
    gone = stacks.stacks("destroy", "--yes")
    assert list(gone) == ["bmc/A", "dns/A", "dhcp/A"]
    assert stacks.resources() == 0
    assert controller.asset_tag == "" and "audit" not in {a.name for a in controller.accounts.values()}
    assert standing.dns.zones() == [] and standing.kea.saved() == []


def test_failure_half_way_and_recovery(stacks: Stacks, standing: Rehearsal) -> None:
    first, second = servers(standing)
    standing.controllers.faults(second, _401=True)
    failed = stacks.stacks("up", "--yes", "--site", "A", code=1)
    assert failed["dhcp/A"]["outcome"] == "changed" and failed["bmc/A"]["outcome"] == "failed"
    assert any(second in text for text in failed["bmc/A"]["errors"]), failed["bmc/A"]
    assert standing.controllers[second].asset_tag == ""
    standing.controllers.faults(second)
    done = stacks.stacks("up", "--yes", "--site", "A")
    assert done["bmc/A"]["outcome"] == "changed"
    assert [standing.controllers[n].asset_tag for n in (first, second)] == [first, second]
    assert {r["outcome"] for r in stacks.stacks("up", "--yes", "--site", "A").values()} == {"no change"}


def test_what_comes_after_a_failure_is_not_run(stacks: Stacks, standing: Rehearsal) -> None:
    edit(standing, "management_servers", "KEA", api_url=f"http://127.0.0.1:{free_port()}")
    failed = stacks.stacks("up", "--yes", "--site", "A", code=1)
    assert {s: r["outcome"] for s, r in failed.items()} == {
        "dhcp/A": "failed",
        "dns/A": "changed",
        "bmc/A": "not run",
    }
    assert failed["bmc/A"]["hint"] == "it comes after dhcp/A, which failed"
    assert standing.controllers[servers(standing)[0]].asset_tag == ""


def killed(stacks: Stacks, standing: Rehearsal, verb: str, *, provider: bool = False) -> dict[str, Any]:
    """What a run of the controllers of site A says after its engine, or its provider, was killed while the second
    controller was worked on."""
    second = servers(standing)[1]
    standing.controllers.faults(second, slow=3.0)
    process = stacks.start(verb, "--yes", *BMC, "--format", "json")
    found = waited_for(lambda: process.poll() is not None or begun(stacks, process.pid))
    assert process.poll() is None, process.communicate()
    if provider:
        found = child(found, "stacks.provider")
    os.kill(found, signal.SIGKILL)
    answer, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    standing.controllers.faults(second)
    told: dict[str, Any] = json.loads(answer)["stacks"][0]
    return told


def status(stacks: Stacks, name: str) -> dict[str, Any]:
    """What `status` says of a stack."""
    found: dict[str, Any] = next(r for r in stacks.run("status")["stacks"] if r["stack"] == name)
    return found


def test_killed_up_is_told_and_resumed(stacks: Stacks, standing: Rehearsal) -> None:
    first, second = servers(standing)
    assert "stacks up --resume" in killed(stacks, standing, "up")["hint"]
    told = status(stacks, "bmc/A")
    assert told["half_done"] and "killed" in told["status"]
    locked = stacks.stacks("up", "--yes", *BMC, code=1)
    assert locked["bmc/A"]["outcome"] == "locked"
    assert "pulumi cancel" in stacks.pulumi(stacks.state / "work" / "bmc", "up --yes --stack A", good=False)

    done = stacks.stacks("up", "--yes", "--resume", *BMC)
    assert done["bmc/A"]["outcome"] == "changed"
    assert [standing.controllers[n].asset_tag for n in (first, second)] == [first, second]
    told = status(stacks, "bmc/A")
    assert told["half_done"] == [] and told["status"] == "of this plan"

    # a destroy that was killed
    assert "stacks destroy --resume" in killed(stacks, standing, "destroy")["hint"]
    gone = stacks.stacks("destroy", "--yes", "--resume", *BMC)
    assert gone["bmc/A"]["outcome"] == "destroyed"
    assert [standing.controllers[n].asset_tag for n in (first, second)] == ["", ""]
    assert status(stacks, "bmc/A")["half_done"] == [] and stacks.resources() == 0


def test_provider_that_dies_is_told_in_plain_words_and_resumed(stacks: Stacks, standing: Rehearsal) -> None:
    first, second = servers(standing)
    said = killed(stacks, standing, "up", provider=True)
    (error,) = said["errors"]
    assert error.startswith("bmc/A: the provider process (`python -m stacks.provider`) ended in the middle")
    assert re.search(rf"Not known to be ended: creating Bmc .*{second}\.", error), error
    assert re.search(r"Done and recorded: \d+\. .*Not begun: \d", error), error
    assert "`rackwright stacks up --resume`" in said["hint"]
    assert f"creating {second}" in status(stacks, "bmc/A")["half_done"]
    done = stacks.stacks("up", "--yes", "--resume", *BMC)
    assert done["bmc/A"]["outcome"] == "changed"
    assert [standing.controllers[n].asset_tag for n in (first, second)] == [first, second]
    assert status(stacks, "bmc/A")["half_done"] == []


def test_what_a_killed_up_had_made_is_taken_away_too(stacks: Stacks, standing: Rehearsal) -> None:
    """Reservations that stand and that the state only knows as begun: as if it was killed right after they were made."""
    made = ("--site", "A", "--layer", "dhcp")
    stacks.run("up", "--yes", *made)
    file = stacks.state / "state" / ".pulumi" / "stacks" / "rackwright-dhcp" / "A.json"
    data = json.loads(file.read_text())
    latest = data["checkpoint"]["latest"]
    rows = [r for r in latest["resources"] if r["type"] == "rackwright:dhcp:Reservation"][:2]
    latest["resources"] = [r for r in latest["resources"] if r not in rows]
    latest["pending_operations"] = [{"resource": row, "type": "creating"} for row in rows]
    file.write_text(json.dumps(data))

    left = stacks.stacks("destroy", "--yes", *made, code=1)["dhcp/A"]
    assert "It may stand: `rackwright stacks destroy --resume`" in left["errors"][0]
    assert len(standing.kea.saved()) == 12
    standing.kea.services.stop("kea-ctrl-agent")
    try:
        unknown = stacks.stacks("destroy", "--yes", "--resume", *made, code=1)["dhcp/A"]
        assert "whether it stands is not known" in unknown["errors"][-1]
        assert len(status(stacks, "dhcp/A")["half_done"]) == 2
    finally:
        standing.kea.start_agent()
    assert stacks.stacks("destroy", "--yes", "--resume", *made)["dhcp/A"]["outcome"] == "destroyed"
    assert standing.kea.saved() == [] and status(stacks, "dhcp/A")["half_done"] == []


def test_what_was_not_looked_at_is_not_told_as_no_drift(stacks: Stacks, standing: Rehearsal) -> None:
    first, second = servers(standing)
    stacks.run("up", "--yes", *BMC)
    for file in (stacks.state / "state" / ".pulumi" / "stacks" / "rackwright-bmc").glob("A.json*"):
        file.unlink()
    never = stacks.stacks("drift", *BMC, code=1)["bmc/A"]
    assert never["outcome"] == "not looked at" and len(never["not_looked_at"]) == 4
    assert "is declared and not in the state" in never["not_looked_at"][0]["reason"]

    # an up over a state that was lost says so at once, and in its summary
    again = stacks.start("up", "--yes", *BMC)
    shown, said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    for text in (shown, said):
        assert "the state was empty, and 4 of what is declared stood there already" in text
        assert "`rackwright stacks import`" in text

    # one controller lets nobody in, the other has drifted
    standing.controllers.faults(second, _401=True)
    standing.controllers[first].asset_tag = "by hand"
    seen = stacks.stacks("drift", *BMC, code=1)["bmc/A"]
    unseen = [(o["type"], o["name"]) for o in seen["not_looked_at"]]
    assert unseen == [("Account", f"{second}-audit"), ("Bmc", second)]
    assert [c["details"] for c in seen["changes"]] == [[f"assetTag {first} -> by hand"]]

    # a refresh that failed half way takes into the state what it found: still drift
    stacks.stacks("up", "--yes", "--refresh", *BMC, code=1)
    standing.controllers.faults(second)
    seen = stacks.stacks("drift", *BMC, code=1)["bmc/A"]
    assert seen["outcome"] == "drift" and [c["name"] for c in seen["changes"]] == [first], seen


def test_plain_pulumi_and_the_runner_share_a_state(
    stacks: Stacks, standing: Rehearsal, tmp_path: Path
) -> None:
    own = tmp_path / "stacks" / "dns"  # a copy: the salt of the passphrase is written into Pulumi.A.yaml
    shutil.copytree(PLAIN_FOLDER / "dns", own)
    for beside in ("plugin", "policy"):
        (own.parent / beside).symlink_to(PLAIN_FOLDER / beside)
    (stacks.state / "state").mkdir(parents=True, exist_ok=True)
    stacks.pulumi(own, "stack init A --no-select")
    text = stacks.pulumi(own, "up --yes --stack A")
    assert "rackwright:dns:RecordSet" in text and f"{DOMAIN}." in standing.dns.zones()
    assert stacks.stacks("up", "--yes", "--site", "A", "--layer", "dns")["dns/A"]["outcome"] == "no change"
    stacks.pulumi(own, "preview --expect-no-changes --stack A")
    standing.dns.put(f"{DOMAIN}.", f"{servers(standing)[0]}.{DOMAIN}.", "A", "10.9.9.9")
    stacks.pulumi(own, "refresh --preview-only --expect-no-changes --stack A", good=False)
    stacks.pulumi(own, "up --yes --refresh --stack A")
    stacks.pulumi(own, "destroy --yes --stack A")
    assert standing.dns.zones() == []


def test_without_a_passphrase_nothing_is_run(stacks: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stacks, "environment", property(lambda self: {
        k: v for k, v in {**os.environ, **self.rehearsal.environment}.items() if not k.startswith("PULUMI_")
    }))  # fmt: skip
    process = stacks.start("up", "--yes")
    answer, said = process.communicate(timeout=60)
    assert process.returncode == 2 and answer == ""
    assert "PULUMI_CONFIG_PASSPHRASE" in said and not (stacks.state / "state").exists()
