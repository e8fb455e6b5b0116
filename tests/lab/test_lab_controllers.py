"""Playbooks against the management controllers of a lab over real Redfish: applied, applied again, dry, rolled back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rackwright.lab import netns, nodes, orders
from tests.lab.labs import Lab, eventually
from tests.lab.playbook_project import BIOS, PERSON, SERVERS, changed, known_project, run, servers

MINE = {"bios_attributes": "ansible", "bmc_ntp": "ansible", "bmc_account": "ansible"}
OLD, NEW = "lab", "NewPassword-2026"
ROOT_HASH = "$6$salt$" + "Zq7/" * 20
SEND = """
import json, sys, requests
ca, address, path, user, password, body = sys.argv[1:]
asked = dict(auth=(user, password), verify=ca, timeout=30)
where = f"https://{address}/redfish/v1{path}"
answer = requests.patch(where, json=json.loads(body), **asked) if body else requests.get(where, **asked)
print(json.dumps([answer.status_code, answer.json() if answer.content else None]))
"""


def address_of(lab: Lab, host: str) -> str:
    """Where its controller is."""
    return str(lab.shape.nodes[host].bmc).partition("/")[0]


def ask(lab: Lab, host: str, path: str, body: Any = None, password: str = OLD) -> tuple[int, Any]:
    """What a controller answers to a client of its own."""
    address = address_of(lab, host)
    out = netns.in_namespace(
        lab.state.control, sys.executable, "-c", SEND, str(lab.folder / "bmc-ca.pem"), address, path, "lab", password,
        json.dumps(body) if body else "",
    )  # fmt: skip
    code, answer = json.loads(out)
    return code, answer


def bios(lab: Lab, host: str) -> dict[str, Any]:
    found: dict[str, Any] = ask(lab, host, "/Systems/1/Bios")[1]["Attributes"]
    return found


def boots(lab: Lab, host: str) -> list[str]:
    """What it was started from, oldest first."""
    (told,) = orders.send(lab.state.run / "bmc.sock", [{"bmc": host, "order": "text"}])
    found: list[str] = told["text"]["boots"]
    return found


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A folder for what the playbooks write."""
    return tmp_path / "build"


@pytest.fixture(scope="module")
def ours(standing: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hosts of a project whose controllers are kept by the playbooks."""
    return known_project(tmp_path_factory.mktemp("ours"), standing, MINE)


@pytest.fixture(scope="module")
def theirs(standing: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hosts of a project whose controllers are kept by the stacks, as it is unless one says otherwise."""
    return known_project(tmp_path_factory.mktemp("theirs"), standing, {})


@pytest.fixture
def host(standing: Lab) -> Iterator[str]:
    """A server, whose controller is as delivered before and after."""
    name = servers(standing)[0]
    before = bios(standing, name)
    yield name
    for password in (NEW, OLD):
        code, _ = ask(standing, name, "/AccountService/Accounts/1", {"Password": OLD}, password)
        if code == 204:
            break
    ask(standing, name, "/Managers/1/NetworkProtocol", {"NTP": {"ProtocolEnabled": False, "NTPServers": []}})
    ask(standing, name, "/Systems/1/Bios/Settings", {"Attributes": before})
    orders.send(standing.state.run / "bmc.sock", [{"bmc": name, "order": "reset", "value": "ForceRestart"}])
    standing.heal()


def test_bios_is_set_once_shown_beforehand_and_put_back(
    standing: Lab, ours: Path, build: Path, host: str
) -> None:
    before, starts = bios(standing, host), len(boots(standing, host))
    words = ("firmware_bios.yml", "--limit", host)

    dry = run(standing, build, *words, "--check", "--diff", hosts=ours)
    assert dry.returncode == 0, dry.stdout
    assert f"{host} BIOS Iommu: Disabled -> Enabled" in dry.stdout
    assert bios(standing, host) == before
    assert not (build / "before").exists()

    first = run(standing, build, *words, *PERSON, hosts=ours)
    assert first.returncode == 0, first.stdout
    assert bios(standing, host) == before | BIOS
    assert len(boots(standing, host)) == starts + 1
    assert "not run  firmware versions" in first.stdout

    again = run(standing, build, *words, *PERSON, hosts=ours)
    assert again.returncode == 0, again.stdout
    assert "nothing changed" in again.stdout
    assert len(boots(standing, host)) == starts + 1

    back = run(standing, build, "rollback.yml", "--limit", f"{host},localhost", "-e", "rackwright_stage=firmware_bios", hosts=ours)  # fmt: skip
    assert back.returncode == 0, back.stdout
    assert bios(standing, host) == before
    assert not list((build / "before").glob("*.json"))


def test_firmware_that_is_not_golden_is_refused_by_the_controller_and_the_bios_goes_back(
    standing: Lab, ours: Path, build: Path, host: str
) -> None:
    before = bios(standing, host)
    kind = standing.inventory.devices[host].type.slug
    golden = {kind: {"BIOS": {"version": "LAB-2.0.0", "image": "https://boot.example/bios.bin"}}}
    words = (
        "firmware_bios.yml",
        "--limit",
        host,
        *PERSON,
        "-e",
        json.dumps({"firmware_bios_golden": golden}),
    )
    done = run(standing, build, *words, hosts=ours)
    assert done.returncode != 0
    assert "SimpleUpdate answered 501" in done.stdout
    assert "the lab updates no firmware" in done.stdout
    assert bios(standing, host) == before
    golden[kind]["BIOS"]["version"] = "LAB-1.0.0"
    words = (*words[:-1], json.dumps({"firmware_bios_golden": golden, "rackwright_in_service": True}))
    served = run(standing, build, *words, hosts=ours)
    assert served.returncode != 0
    assert "is in service" in served.stdout
    words = (*words[:-1], json.dumps({"firmware_bios_golden": golden}))
    right = run(standing, build, *words, hosts=ours)
    assert right.returncode == 0, right.stdout


def test_the_factory_password_goes_and_the_clock_follows(
    standing: Lab, ours: Path, build: Path, host: str
) -> None:
    words = ("oob_bmc.yml", "--limit", host, *PERSON)
    env = {
        "RACKWRIGHT_BMC_FACTORY_USER": "lab",
        "RACKWRIGHT_BMC_FACTORY_PASSWORD": OLD,
        "RACKWRIGHT_BMC_PASSWORD": NEW,
    }
    short = run(standing, build, *words, hosts=ours, env=env | {"RACKWRIGHT_BMC_PASSWORD": "short"})
    assert short.returncode != 0
    assert "needs 10 characters" in short.stdout
    assert ask(standing, host, "/Systems/1")[0] == 200
    first = run(standing, build, *words, hosts=ours, env=env)
    assert first.returncode == 0, first.stdout
    assert ask(standing, host, "/Systems/1")[0] == 401
    assert ask(standing, host, "/Systems/1", password=NEW)[0] == 200
    clock = ask(standing, host, "/Managers/1/NetworkProtocol", password=NEW)[1]["NTP"]
    assert clock == {"ProtocolEnabled": True, "NTPServers": list(SERVERS["ntp"])}
    again = run(standing, build, *words, hosts=ours, env=env)
    assert again.returncode == 0, again.stdout
    assert "nothing changed" in again.stdout
    for text in (short.stdout, first.stdout, again.stdout):
        assert NEW not in text
    back = run(standing, build, "rollback.yml", "--limit", f"{host},localhost", "-e", "rackwright_stage=oob_bmc", hosts=ours, env=env)  # fmt: skip
    assert back.returncode == 0, back.stdout
    clock = ask(standing, host, "/Managers/1/NetworkProtocol", password=NEW)[1]["NTP"]
    assert clock == {"ProtocolEnabled": False, "NTPServers": []}


def test_what_the_stacks_keep_is_left_to_them_and_still_looked_at(
    standing: Lab, theirs: Path, build: Path, host: str
) -> None:
    before = bios(standing, host)
    done = run(standing, build, "oob_bmc.yml", "firmware_bios.yml", "--limit", host, *PERSON, hosts=theirs)
    assert done.returncode == 0, done.stdout
    assert "not run  BIOS attributes: owned by stacks" in done.stdout
    assert "not run  clock of the management controller: owned by stacks" in done.stdout
    assert "nothing changed" in done.stdout
    assert bios(standing, host) == before
    looked = run(standing, build, "verify.yml", "--limit", host, hosts=theirs)
    assert looked.returncode != 0
    assert f"{host} BIOS Iommu: expected Enabled, found Disabled" in looked.stdout
    assert f"{host}: time servers of the management controller: expected 10.10.200.1, 10.10.200.2, found none" in looked.stdout  # fmt: skip
    grasped = run(
        standing, build, "firmware_bios.yml", "--limit", host, *PERSON,
        "-e", json.dumps({"rackwright_owners": dict.fromkeys(("bios_attributes", "bmc_ntp"), "ansible")}), hosts=theirs,
    )  # fmt: skip
    assert grasped.returncode != 0
    assert "rackwright_owners comes from the plan and the policy" in grasped.stdout


def test_a_start_from_the_network_is_ordered_once_and_its_kickstart_handed_out_meanwhile(
    standing: Lab, tmp_path: Path, build: Path, host: str
) -> None:
    boot = standing.shape.nodes[next(n for n in servers(standing) if n != host)]
    root = nodes.host_root(standing.state, boot)
    assert root is not None
    hosts = known_project(tmp_path, standing, MINE, boot=(boot.addresses[0].partition("/")[0],))
    words = ("pxe_os.yml", "--limit", host, *PERSON, "--diff")
    idle = run(standing, build, *words, hosts=hosts)
    assert idle.returncode == 0, idle.stdout
    assert "nothing changed" in idle.stdout
    again = ("-e", "pxe_os_reinstall=true", "-e", "pxe_os_delay_s=10")
    refused = run(standing, build, *words, *again, hosts=hosts)
    assert refused.returncode != 0
    assert f"-e pxe_os_erase={host}" in refused.stdout
    named = (*words, *again, "-e", f"pxe_os_erase={host}")
    bare = run(standing, build, *named, hosts=hosts)
    assert bare.returncode != 0
    assert f"no installation {build}/boot/install/{host}.ks" in bare.stdout
    made = run(standing, build, "build.yml", hosts=hosts)
    assert made.returncode == 0, made.stdout
    env = {"RACKWRIGHT_OS_ROOT_HASH": ROOT_HASH, "RACKWRIGHT_OS_SSH_KEY": "ssh-ed25519 AAAA control"}
    folder = root / "srv/boot"
    folder.mkdir(parents=True)
    starts = boots(standing, host)
    dry = run(standing, build, *named, "--check", hosts=hosts, env=env)
    assert dry.returncode == 0, dry.stdout
    assert (list(folder.iterdir()), boots(standing, host)) == ([], starts)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, standing, build, *named, hosts=hosts, env=env)
        assert eventually(lambda: boots(standing, host) == [*starts, "Pxe"] or running.done(), 90)
        kickstart = folder / f"install/{host}.ks"
        assert kickstart.is_file(), running.result().stdout
        assert kickstart.stat().st_mode & 0o777 == 0o640
        wanted = (build / f"boot/install/{host}.ks").read_text().replace("%secret:os-root-hash%", ROOT_HASH)
        assert kickstart.read_text() == wanted.replace("%secret:os-ssh-key%", "ssh-ed25519 AAAA control")
        assert (folder / f"install/{host}.ipxe").is_file()
        done = running.result()
    assert done.returncode == 0, done.stdout
    assert ask(standing, host, "/Systems/1")[1]["Boot"]["BootSourceOverrideEnabled"] == "Disabled"
    assert [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()] == ["boot.ipxe"]
    assert ROOT_HASH not in dry.stdout + done.stdout

    kickstart.write_text("left by a controller that died\n")
    back = run(standing, build, "rollback.yml", "--limit", f"{host},localhost", "-e", "rackwright_stage=pxe_os", hosts=hosts)  # fmt: skip
    assert back.returncode == 0, back.stdout
    assert not kickstart.exists()


def test_a_new_password_for_the_controller_ends_the_old_one_and_can_be_resumed(
    standing: Lab, ours: Path, theirs: Path, build: Path, host: str
) -> None:
    words = ("day2/rotate_credentials.yml", "--limit", host, *PERSON, "-e", "rotate_credentials_bmc_env=NEXT")
    env = {"NEXT": NEW}
    left = run(standing, build, *words, hosts=theirs, env=env)
    assert left.returncode == 0, left.stdout
    assert "password of the management controller: owned by stacks" in left.stdout
    assert ask(standing, host, "/Systems/1")[0] == 200
    dry = run(standing, build, *words, "--check", hosts=ours, env=env)
    assert dry.returncode == 0, dry.stdout
    assert ask(standing, host, "/Systems/1")[0] == 200
    for _ in range(2):
        done = run(standing, build, *words, hosts=ours, env=env)
        assert done.returncode == 0, done.stdout
        assert NEW not in done.stdout
        assert ask(standing, host, "/Systems/1")[0] == 401
        assert ask(standing, host, "/Systems/1", password=NEW)[0] == 200
    assert changed(done.stdout)[host] == 0


@pytest.mark.parametrize(("fault", "said"), [("401", "RACKWRIGHT_BMC_USER or RACKWRIGHT_BMC_PASSWORD is not right here"), ("503", "out of service")])  # fmt: skip
def test_a_controller_that_refuses_is_told_by_name(
    standing: Lab, ours: Path, build: Path, host: str, fault: str, said: str
) -> None:
    standing.fault("bmc", host, fault)
    done = run(standing, build, "arrival.yml", "--limit", host, *PERSON, hosts=ours)
    assert done.returncode != 0
    assert f"{host}: GET https://{address_of(standing, host)}/redfish/v1/" in done.stdout
    assert said in done.stdout


def test_the_delivery_note_is_held_against_the_machine(
    standing: Lab, ours: Path, build: Path, host: str
) -> None:
    right = run(standing, build, "arrival.yml", "--limit", host, *PERSON, hosts=ours)
    assert right.returncode == 0, right.stdout
    standing.fault("serial", host, "OTHER-1")
    wrong = run(standing, build, "arrival.yml", "--limit", host, *PERSON, hosts=ours)
    assert wrong.returncode != 0
    assert f"expected serial LAB-{host} model any, found serial OTHER-1" in wrong.stdout
