"""What management controllers tell, over real TLS from the lab's own, and how it is held against type and delivery."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from rackwright.lab import bmc
from rackwright.lab.bmc_rows import bmc_row
from rackwright.lab.bmc_state import faults_of
from topology.facts import ControllerFacts, SeenDrive, SeenMac, SeenSupply
from topology.observe.collect import Access, Target, collect_controllers
from topology.observe.record import Record
from topology.observe.redfish import Controller, controller_facts, mac_of
from topology.observe.session import Credentials
from topology.verify import Result
from topology.verify_parts import verify_controllers

NAMES = ("a-block-001", "a-block-003", "a-block-004")
LOGIN = Credentials("lab", "lab")


@cache
def inventory() -> Inventory:
    found = load(PROJECTS / "guangxi").inventory
    assert found is not None
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bmc.Service]:
    rows: list[dict[str, Any]] = [
        {**bmc_row(inventory(), inventory().devices[n], {}), "address": f"127.3.0.{k}", "port": 0}
        for k, n in enumerate(NAMES, 1)
    ]
    service = bmc.start(tmp_path_factory.mktemp("bmc"), rows)
    yield service
    service.close()


@pytest.fixture(autouse=True)
def _healed(served: bmc.Service) -> Iterator[None]:
    yield
    for own in served.bmcs.values():
        own.faults = faults_of({})


def read(
    served: bmc.Service, folder: Path, *, ca: Path | None = None, who: Credentials = LOGIN, answer_s: float = 5, resume: bool = False,
) -> dict[str, ControllerFacts]:  # fmt: skip
    targets = [Target(n, *served.ports[n][:1], port=served.ports[n][1]) for n in NAMES]
    access = Access(None, None, folder / "known_hosts", None, who, ca or served.ca, answer_s)
    return collect_controllers(targets, access, Record(folder), resume=resume)


def judged(controllers: dict[str, ControllerFacts]) -> list[Result]:
    return list(verify_controllers(inventory(), NAMES, controllers))


def bad(results: list[Result]) -> list[tuple[str, str, str]]:
    return [(r.test, r.subject, r.verdict) for r in results if r.verdict != "pass"]


def test_everything_is_read_and_is_that_of_the_type(served: bmc.Service, tmp_path: Path) -> None:
    facts = read(served, tmp_path)
    one = facts[NAMES[0]]
    assert (one.error, one.serial, one.model) == ("", f"LAB-{NAMES[0]}", "C86 block storage 2U")
    assert one.bios == "LAB-1.0.0"
    assert [s.state for s in one.supplies or ()] == ["OK", "OK"]
    assert one.drives
    assert {n.port for n in one.nics or ()} == {"p1", "p2"}
    assert (one.mac or "").startswith("02:")
    assert one.link_up is True
    assert bad(judged(facts)) == []
    assert len(judged(facts)) == 4 * len(NAMES)
    assert all(e.command.startswith("GET /redfish/v1") for e in one.evidence)
    assert len({e.file for e in one.evidence}) == len(one.evidence)


def test_each_way_not_to_answer_has_its_own_words(served: bmc.Service, tmp_path: Path) -> None:
    served.bmcs[NAMES[0]].faults = faults_of({"401": True})
    served.bmcs[NAMES[1]].faults = faults_of({"503": True})
    served.bmcs[NAMES[2]].faults = faults_of({"slow": 3})
    facts = read(served, tmp_path, answer_s=0.5)
    assert facts[NAMES[0]].error == "refuses user lab (401)"
    assert facts[NAMES[1]].error == "out of service (503)"
    assert facts[NAMES[2]].error == "no answer to /redfish/v1/Systems within 0.5 s"
    results = judged(facts)
    assert {r.verdict for r in results} == {"not run"}
    assert {r.message.en for r in results if r.subject == NAMES[1]} == {"not run: out of service (503)"}


def test_one_that_answers_slowly_is_told_with_its_time(served: bmc.Service, tmp_path: Path) -> None:
    one = read(served, tmp_path)[NAMES[0]]
    assert one.answer_s is not None
    slow = {r.test: r for r in judged({NAMES[0]: replace(one, answer_s=6.2)}) if r.subject == NAMES[0]}
    assert slow["controller"].verdict == "different"
    assert "6.2 s" in slow["controller"].message.en


def test_a_certificate_of_a_stranger_is_refused(served: bmc.Service, tmp_path: Path) -> None:
    from rackwright.lab.bmc_tls import certificates

    strange = tmp_path / "strange"
    strange.mkdir()
    certificates(strange, ["127.3.0.1"])
    facts = read(served, tmp_path, ca=strange / "bmc-ca.pem")
    assert facts[NAMES[0]].error.startswith(f"its certificate is not signed by {strange / 'bmc-ca.pem'}")
    assert facts[NAMES[0]].serial is None


def test_a_wrong_password_is_in_no_file(served: bmc.Service, tmp_path: Path) -> None:
    facts = read(served, tmp_path, who=Credentials("lab", "hush-hush-hush"))
    assert facts[NAMES[0]].error == "refuses user lab (401)"
    assert not any("hush-hush" in p.read_text(encoding="utf-8") for p in tmp_path.rglob("*") if p.is_file())


def test_nobody_is_there_or_it_speaks_something_else(served: bmc.Service, tmp_path: Path) -> None:
    door = socket.create_server(("127.0.0.1", 0))
    port = door.getsockname()[1]

    def babble() -> None:
        with suppress(OSError):
            while True:
                line, _ = door.accept()
                line.sendall(b"220 not a controller\r\n")
                line.close()

    threading.Thread(target=babble, daemon=True).start()
    record = Record(tmp_path)
    told = controller_facts(Controller("x", "127.0.0.1", LOGIN, record, served.ca, port, 2))
    assert "SSL" in told.error
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    told = controller_facts(Controller("x", "127.0.0.1", LOGIN, record, served.ca, port, 2))
    assert "refused" in told.error


def test_a_resumed_run_asks_only_those_that_failed(served: bmc.Service, tmp_path: Path) -> None:
    served.bmcs[NAMES[1]].faults = faults_of({"503": True})
    first = read(served, tmp_path)
    served.bmcs[NAMES[0]].faults = faults_of({"serial": "ANOTHER"})
    served.bmcs[NAMES[1]].faults = faults_of({})
    again = read(served, tmp_path, resume=True)
    assert again[NAMES[0]] == first[NAMES[0]]
    assert again[NAMES[1]].error == ""


def test_what_is_not_as_intended_is_told_part_by_part(served: bmc.Service, tmp_path: Path) -> None:
    facts = read(served, tmp_path)
    one, two, three = (facts[n] for n in NAMES)
    assert one.supplies is not None
    assert two.drives is not None
    facts[NAMES[0]] = replace(
        one, bios="OLD", supplies=(replace(one.supplies[0], state="UnavailableOffline, Critical"), one.supplies[1])
    )  # fmt: skip
    facts[NAMES[1]] = replace(two, drives=two.drives[1:], supplies=two.supplies and two.supplies[:1])
    facts[NAMES[2]] = replace(three, drives=tuple(replace(d, size_bytes=10**12) for d in three.drives or ()))
    results = {(r.test, r.subject): r for r in judged(facts)}
    assert bad(list(results.values())) == [
        ("power", NAMES[0], "different"), ("power", NAMES[1], "different"), ("drive", NAMES[1], "different"),
        ("drive", NAMES[2], "different"), ("bios", NAMES[0], "different"),
    ]  # fmt: skip
    assert f"{one.supplies[0].name}: UnavailableOffline, Critical" in results["power", NAMES[0]].message.en
    assert "1 power supply, 2 intended" in results["power", NAMES[1]].message.en
    assert (
        f"{len(two.drives) - 1} drives, {len(two.drives)} intended" in results["drive", NAMES[1]].message.en
    )
    assert "OLD, 2 of 3" in results["bios", NAMES[0]].message.en


def test_macs_are_held_against_the_delivery_note(tmp_path: Path) -> None:
    names, folder = NAMES, tmp_path / "project"
    shutil.copytree(PROJECTS / "guangxi", folder)
    (folder / "lab.yml").write_text(
        "deliveries:\n"
        f'  - {{name: x, device: {names[0]}, serial: S1, macs: {{p1: "02:00:00:00:00:01", p2: "02:00:00:00:00:02", BMC: "02:00:00:00:00:03"}}}}\n',
        encoding="utf-8",
    )
    known = load(folder).inventory
    assert known is not None
    inventory_of = known
    good = ControllerFacts(
        names[0], serial="S1", supplies=(), drives=(), mac="02:00:00:00:00:03",
        nics=(SeenMac("NIC.1", "02:00:00:00:00:02"), SeenMac("NIC.2", "02:00:00:00:00:01")),
    )  # fmt: skip

    def verdict(facts: ControllerFacts) -> tuple[str, str]:
        found = next(
            r for r in verify_controllers(inventory_of, names[:1], {names[0]: facts}) if r.test == "mac"
        )
        return found.verdict, found.message.en

    assert verdict(good)[0] == "pass", "cards are named otherwise by the controller, their addresses count"
    assert verdict(replace(good, mac="02:00:00:00:00:0f"))[0] == "different"
    other = replace(good, nics=(SeenMac("p1", "02:00:00:00:00:02"), SeenMac("p2", "02:00:00:00:00:01")))
    assert verdict(other)[0] == "different", "the same names with exchanged addresses are exchanged cards"
    assert verdict(replace(good, mac=None))[0] == "not run", "an address nobody told is no pass"
    assert verdict(replace(good, nics=None, mac=None)) == ("not run", "not run: the device does not tell")


class Canned(Controller):
    """A controller whose resources are a dict."""

    rows: dict[str, dict[str, Any]]

    def get(self, path: str) -> dict[str, Any]:
        return self.rows.get(path, {})


def test_the_newer_power_subsystem_is_read_and_empty_bays_do_not_count(tmp_path: Path) -> None:
    one = Canned("x", "127.0.0.1", LOGIN, Record(tmp_path))
    root = "/redfish/v1"
    one.rows = {
        f"{root}/Systems": {"Members": [{"@odata.id": f"{root}/Systems/S"}, "junk"]},
        f"{root}/Systems/S": {"SerialNumber": " 2102 ", "Storage": {"@odata.id": f"{root}/St"}},
        f"{root}/St": {"Members": [{"@odata.id": f"{root}/St/1"}]},
        f"{root}/St/1": {"Drives": [{"@odata.id": f"{root}/D1"}, {"@odata.id": f"{root}/D2"}]},
        f"{root}/D1": {"Name": "Disk0", "CapacityBytes": 960197124096, "Status": {"State": "Enabled", "Health": "OK"}},
        f"{root}/D2": {"Name": "Disk1", "CapacityBytes": 960197124096, "Status": {"State": "Enabled", "Health": "Warning"}},
        f"{root}/Chassis": {"Members": [{"@odata.id": f"{root}/C"}]},
        f"{root}/C": {"PowerSubsystem": {"@odata.id": f"{root}/C/P"}},
        f"{root}/C/P": {"PowerSupplies": {"@odata.id": f"{root}/C/P/S"}},
        f"{root}/C/P/S": {"Members": [{"@odata.id": f"{root}/C/P/S/1"}, {"@odata.id": f"{root}/C/P/S/2"}]},
        f"{root}/C/P/S/1": {"Name": "PS1", "PowerCapacityWatts": 2000, "Status": {"State": "Enabled", "Health": "OK"}},
        f"{root}/C/P/S/2": {"Name": "PS2", "Status": {"State": "Absent", "Health": None}},
        f"{root}/Managers": {"Members": [{"@odata.id": f"{root}/M"}]},
        f"{root}/M": {"EthernetInterfaces": {"@odata.id": f"{root}/M/E"}},
        f"{root}/M/E": {"Members": [{"@odata.id": f"{root}/M/E/usb0"}, {"@odata.id": f"{root}/M/E/1"}]},
        f"{root}/M/E/usb0": {"Id": "usb0", "MACAddress": "02-00-00-00-00-99"},
        f"{root}/M/E/1": {"Id": "1", "PermanentMACAddress": "AC-DE-48-00-00-80", "LinkStatus": "LinkUp"},
    }  # fmt: skip
    facts = controller_facts(one)
    assert facts.serial == "2102"
    assert facts.supplies == (SeenSupply("PS1", 2000.0, "OK"),)
    assert facts.drives == (
        SeenDrive("Disk0", 960197124096, "OK"),
        SeenDrive("Disk1", 960197124096, "Warning"),
    )
    assert (facts.mac, facts.link_up, facts.nics) == ("ac:de:48:00:00:80", True, None)


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("AC:DE:48:00:00:80", "ac:de:48:00:00:80"), ("ac-de-48-00-00-80", "ac:de:48:00:00:80"), ("ACDE48000080", "ac:de:48:00:00:80"),
        ("acde.4800.0080", "ac:de:48:00:00:80"), ("", None), (None, None), ("00:00:00:00:00:00", None), ("not a mac adr", None),
        ("ac:de:48:00:00", None),
    ],
)  # fmt: skip
def test_macs_in_any_writing(text: object, mac: str | None) -> None:
    assert mac_of(text) == mac
