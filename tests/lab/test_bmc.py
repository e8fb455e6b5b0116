"""The management controllers of the lab, as an independent Redfish client sees them. Needs no root: addresses of
127.1.0.0/16 and free ports; the last tests ask a lab that is up."""

import json
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

sushy = pytest.importorskip("sushy")
pytest.importorskip("sushy_tools")
requests = pytest.importorskip("requests")

from rackwright.lab import bmc, netns, orders  # noqa: E402
from rackwright.lab.bmc_state import FACTORY_BIOS  # noqa: E402
from rackwright.lab.netns import LabError  # noqa: E402

LOGIN = ("lab", "lab")
COUNT = 100


def row(number: int) -> dict[str, Any]:
    return {
        "name": f"srv-{number:03d}", "address": f"127.1.0.{number}", "port": 0, "manufacturer": "Generic",
        "model": "C86 ECS 2U", "sku": "hygon-c86-ecs-2u", "serial": f"SN{number:05d}",
        "nics": [{"name": "p1", "mac": "02:00:00:00:00:01"}, {"name": "p2", "mac": "02:00:00:00:00:02"}],
        "supplies": [{"name": f"PSU{n}", "rated_w": 1200, "feeds": [f"R01/{s}"]} for n, s in ((1, "a"), (2, "b"))],
        "drives": [{"name": "Disk1", "model": "nvme-1920g", "media": "SSD", "protocol": "NVMe", "bytes": 1_920_000_000_000}],
        "processors": [{"model": "cpu-c86-32c-gen3", "cores": 32, "threads": 64}] * 2, "memory_gb": 1024,
    }  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bmc.Service]:
    folder = tmp_path_factory.mktemp("bmc")
    service = bmc.start(folder, [row(n) for n in range(1, COUNT + 1)], folder / "control")
    yield service
    service.close()


@pytest.fixture(autouse=True)
def _no_other_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def healed(served: bmc.Service) -> Iterator[bmc.Service]:
    yield served
    order(served, "faults", {})
    (served.folder / "overrides.json").unlink(missing_ok=True)


def url(served: bmc.Service, path: str = "", name: str = "srv-001") -> str:
    address, port = served.ports[name]
    return f"https://{address}:{port}/redfish/v1{path}"


def get(served: bmc.Service, path: str, name: str = "srv-001", **more: Any) -> Any:
    return requests.get(url(served, path, name), verify=str(served.ca), timeout=30, **{"auth": LOGIN, **more})


def order(served: bmc.Service, what: str, value: object = None, name: str = "srv-001") -> dict[str, Any]:
    return orders.send(served.folder / "control", [{"bmc": name, "order": what, "value": value}])[0]


def system(served: bmc.Service, name: str = "srv-001") -> Any:
    client = sushy.Sushy(
        url(served, name=name),
        auth=sushy.auth.BasicAuth(*LOGIN),
        verify=str(served.ca),
        server_side_retries=0,
    )
    return client.get_system_collection().get_members()[0]


def test_a_hundred_controllers_collected_at_once_each_tell_their_own(served: bmc.Service) -> None:
    def facts(name: str) -> tuple[str, ...]:
        found = system(served, name)
        return (
            name,
            found.name,
            found.json["SerialNumber"],
            found.json["SKU"],
            found.bios.attributes["Smt"],
        )

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(facts, served.ports))
    assert found == [
        (f"srv-{n:03d}", f"srv-{n:03d}", f"SN{n:05d}", "hygon-c86-ecs-2u", "Enabled")
        for n in range(1, COUNT + 1)
    ]


def test_parts_are_those_of_the_catalogue(served: bmc.Service) -> None:
    found = system(served)
    assert found.memory_summary.size_gib == 1024
    assert [p.total_cores for p in found.processors.get_members()] == [32, 32]
    assert found.ethernet_interfaces.summary == {
        "02:00:00:00:00:01": sushy.STATE_ENABLED,
        "02:00:00:00:00:02": sushy.STATE_ENABLED,
    }
    (storage,) = found.storage.get_members()
    (drive,) = storage.drives
    assert (drive.capacity_bytes, drive.json["Protocol"]) == (1_920_000_000_000, "NVMe")
    assert drive.json["SerialNumber"] == "SN00001-Disk1"
    (chassis,) = found.chassis
    assert (chassis.serial_number, chassis.model) == ("SN00001", "C86 ECS 2U")
    texts = get(served, "/Chassis/1").text + get(served, "/Systems/1").text
    assert "Contoso" not in texts and "Sushy" not in texts and "Chicago" not in texts


def test_bios_settings_wait_for_the_next_start(served: bmc.Service) -> None:
    found = system(served, "srv-002")
    found.bios.set_attributes({"SrIov": "Enabled", "Iommu": "Enabled"})
    found.bios.refresh(force=True)
    assert found.bios.attributes["SrIov"] == "Disabled"
    assert found.bios.pending_attributes["SrIov"] == "Enabled"
    found.reset_system(sushy.RESET_TYPE_FORCE_RESTART)
    assert system(served, "srv-002").bios.attributes == {
        **FACTORY_BIOS,
        "SrIov": "Enabled",
        "Iommu": "Enabled",
    }


def test_an_unknown_bios_attribute_is_refused_by_name(served: bmc.Service) -> None:
    with pytest.raises(sushy.exceptions.BadRequestError, match="no BIOS attribute Turbo"):
        system(served).bios.set_attribute("Turbo", "On")


def test_a_boot_override_holds_once(served: bmc.Service) -> None:
    found = system(served, "srv-003")
    found.set_system_boot_options(target=sushy.BOOT_SOURCE_TARGET_PXE, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE)
    assert system(served, "srv-003").boot["enabled"] == sushy.BOOT_SOURCE_ENABLED_ONCE
    for _ in range(2):
        found.reset_system(sushy.RESET_TYPE_FORCE_RESTART)
    assert order(served, "text", name="srv-003")["text"]["boots"] == ["Pxe", "Hdd"]
    assert system(served, "srv-003").boot["enabled"] == sushy.BOOT_SOURCE_ENABLED_DISABLED


def test_a_boot_override_can_hold_and_be_taken_back(served: bmc.Service) -> None:
    found = system(served, "srv-004")
    found.set_system_boot_options(
        target=sushy.BOOT_SOURCE_TARGET_PXE, enabled=sushy.BOOT_SOURCE_ENABLED_CONTINUOUS
    )
    for _ in range(2):
        found.reset_system(sushy.RESET_TYPE_FORCE_RESTART)
    answer = requests.patch(
        url(served, "/Systems/1", "srv-004"), json={"Boot": {"BootSourceOverrideEnabled": "Disabled"}},
        auth=LOGIN, verify=str(served.ca), timeout=30,
    )  # fmt: skip
    assert answer.status_code == 204
    found.reset_system(sushy.RESET_TYPE_FORCE_RESTART)
    assert order(served, "text", name="srv-004")["text"]["boots"] == ["Pxe", "Pxe", "Hdd"]


def test_power_actions_are_immediate(served: bmc.Service) -> None:
    found = system(served, "srv-005")
    for action, state in (
        (sushy.RESET_TYPE_FORCE_OFF, sushy.POWER_STATE_OFF),
        (sushy.RESET_TYPE_ON, sushy.POWER_STATE_ON),
        (sushy.RESET_TYPE_GRACEFUL_SHUTDOWN, sushy.POWER_STATE_OFF),
    ):
        found.reset_system(action)
        assert system(served, "srv-005").power_state == state


def patch(
    served: bmc.Service, path: str, body: dict[str, Any], name: str, auth: tuple[str, str] = LOGIN
) -> int:
    answer = requests.patch(url(served, path, name), json=body, auth=auth, verify=str(served.ca), timeout=30)
    return int(answer.status_code)


def test_a_new_password_ends_the_old_one(served: bmc.Service) -> None:
    (member,) = get(served, "/AccountService/Accounts", "srv-008").json()["Members"]
    path = member["@odata.id"].removeprefix("/redfish/v1")
    assert get(served, path, "srv-008").json()["UserName"] == "lab"
    assert patch(served, path, {"Password": "better"}, "srv-008") == 204
    assert get(served, "/Systems/1", "srv-008").status_code == 401
    assert get(served, "/Systems/1", "srv-008", auth=("lab", "better")).status_code == 200
    assert get(served, "/Systems/1", "srv-009").status_code == 200


def test_time_servers_of_the_controller_can_be_set(served: bmc.Service) -> None:
    body = {"NTP": {"ProtocolEnabled": True, "NTPServers": ["10.0.0.1"]}}
    assert patch(served, "/Managers/1/NetworkProtocol", body, "srv-010") == 204
    assert get(served, "/Managers/1/NetworkProtocol", "srv-010").json()["NTP"] == body["NTP"]


def test_bios_is_spelt_as_the_standard_spells_it(served: bmc.Service) -> None:
    assert get(served, "/Systems/1").json()["Bios"]["@odata.id"].endswith("/Systems/1/Bios")
    assert get(served, "/Systems/1/Bios").json()["Attributes"]["Smt"] == "Enabled"
    assert patch(served, "/Systems/1/Bios/Settings", {"Attributes": {"Smt": "Disabled"}}, "srv-011") == 204
    assert get(served, "/Systems/1/Bios/Settings", "srv-011").json()["Attributes"]["Smt"] == "Disabled"


def test_firmware_is_listed_and_not_updated(served: bmc.Service) -> None:
    members = get(served, "/UpdateService/FirmwareInventory").json()["Members"]
    found = [get(served, m["@odata.id"].removeprefix("/redfish/v1")).json()["Name"] for m in members]
    assert found == ["BIOS", "BMC"]
    where = url(served, "/UpdateService/Actions/UpdateService.SimpleUpdate")
    answer = requests.post(where, json={"ImageURI": "x"}, auth=LOGIN, verify=str(served.ca), timeout=30)
    assert answer.status_code == 501


def test_a_session_opens_and_closes_the_door(served: bmc.Service) -> None:
    where = url(served, "/SessionService/Sessions", "srv-006")
    made = requests.post(
        where, json={"UserName": "lab", "Password": "lab"}, verify=str(served.ca), timeout=30
    )
    token = {"X-Auth-Token": made.headers["X-Auth-Token"]}
    assert made.status_code == 201
    assert get(served, "/Systems/1", "srv-006", auth=None, headers=token).status_code == 200
    assert get(served, "/Systems/1", "srv-007", auth=None, headers=token).status_code == 401
    where = url(served, made.headers["Location"].removeprefix("/redfish/v1"), "srv-006")
    requests.delete(where, headers=token, verify=str(served.ca), timeout=30)
    assert get(served, "/Systems/1", "srv-006", auth=None, headers=token).status_code == 401


def test_without_the_password_there_is_the_root_alone(served: bmc.Service) -> None:
    assert get(served, "", auth=None).status_code == 200
    assert get(served, "/Systems/1", auth=None).status_code == 401
    assert get(served, "/Systems/1", auth=("lab", "wrong")).status_code == 401


def test_a_client_that_does_not_trust_the_authority_is_out(served: bmc.Service) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url(served), timeout=30)


def test_a_client_that_does_not_speak_tls_stops_nobody(served: bmc.Service) -> None:
    with socket.create_connection(served.ports["srv-001"]) as silent:
        assert get(served, "/Systems/1").status_code == 200
        silent.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert get(served, "/Systems/1").status_code == 200


@pytest.mark.parametrize(
    ("fault", "code"), [({"401": True}, 401), ({"503": True}, 503), ({"slow": 0.01}, 200)]
)
def test_faults_of_the_service_show_and_heal(healed: bmc.Service, fault: dict[str, Any], code: int) -> None:
    assert order(healed, "faults", fault) == {"done": "faults"}
    assert get(healed, "/Systems/1").status_code == code
    assert get(healed, "/Systems/1", "srv-002").status_code == 200
    order(healed, "faults", {})
    assert get(healed, "/Systems/1").status_code == 200


def test_a_wrong_serial_shows_everywhere(healed: bmc.Service) -> None:
    order(healed, "faults", {"serial": "WRONG"})
    assert system(healed).json["SerialNumber"] == "WRONG"
    assert system(healed).chassis[0].serial_number == "WRONG"


def test_a_lie_is_told_at_its_path_alone(healed: bmc.Service) -> None:
    order(healed, "faults", {"lie": {"/redfish/v1/Systems/1": {"PowerState": "Off", "MemorySummary": {"TotalSystemMemoryGiB": 512}}}})  # fmt: skip
    assert (system(healed).power_state, system(healed).memory_summary.size_gib) == (
        sushy.POWER_STATE_OFF,
        512,
    )
    assert system(healed).chassis[0].power_state == sushy.POWER_STATE_ON


def test_a_lost_feed_darkens_its_supply_and_comes_back(healed: bmc.Service) -> None:
    def states() -> list[tuple[str, str]]:
        supplies = get(healed, "/Chassis/1/Power").json()["PowerSupplies"]
        return [(s["Name"], s["Status"]["State"]) for s in supplies]

    file = healed.folder / "overrides.json"
    file.write_text(json.dumps({"srv-001": {"lost": ["R01/b"], "version": "0.9"}}))
    assert states() == [("PSU1", "Enabled"), ("PSU2", "UnavailableOffline")]
    assert get(healed, "/Systems/1").json()["Status"]["HealthRollup"] == "Critical"
    assert system(healed).json["BiosVersion"] == "0.9"
    file.write_text(json.dumps({}))
    assert states() == [("PSU1", "Enabled"), ("PSU2", "Enabled")]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (("faults", {"nonsense": 1}), "no fault nonsense"),
        (("reset", "Explode"), "no power action Explode"),
        (("dance", None), "no order dance"),
    ],
)
def test_orders_that_make_no_sense_are_refused(
    served: bmc.Service, asked: tuple[str, object], answer: str
) -> None:
    with pytest.raises(LabError, match=answer):
        order(served, *asked)


def test_the_key_is_for_its_owner_alone(served: bmc.Service) -> None:
    assert (served.folder / "bmc.key").stat().st_mode & 0o077 == 0
    assert Path(served.ca).read_text().count("BEGIN") == 1


ASK = """
import json, sys, requests
folder, address, path = sys.argv[1:]
answer = requests.get(f"https://{address}/redfish/v1{path}", auth=("lab", "lab"), verify=f"{folder}/bmc-ca.pem", timeout=30)
print(json.dumps([answer.status_code, answer.json()]))
"""


@pytest.fixture
def placed(standing: Any) -> Iterator[Any]:
    """The lab all tests of a run share, whatever its switches have heard by now."""
    yield standing
    standing.heal()


def ask(lab: Any, device: str, path: str) -> tuple[int, Any]:
    address = lab.shape.nodes[device].bmc.partition("/")[0]
    out = netns.in_namespace(lab.state.control, sys.executable, "-c", ASK, str(lab.folder), address, path)
    code, body = json.loads(out)
    return code, body


def server(lab: Any) -> str:
    return min(str(n.name) for n in lab.shape.nodes.values() if n.kind == "server" and n.bmc)


def test_in_a_lab_every_controller_answers_at_its_planned_address(placed: Any) -> None:
    names = sorted(n.name for n in placed.shape.nodes.values() if n.bmc)
    found = {n: ask(placed, n, "/Systems/1")[1] for n in names}
    assert names
    assert {n: (f["HostName"], f["SerialNumber"]) for n, f in found.items()} == {
        n: (n, f"LAB-{n}") for n in names
    }
    assert any("serial numbers are made up" in note for note in placed.state.options["notes"])


def test_in_a_lab_a_lost_feed_shows_at_one_supply_and_goes(placed: Any) -> None:
    name = server(placed)
    feed = placed.shape.nodes[name].feeds[0]

    def health() -> list[str]:
        return [s["Status"]["Health"] for s in ask(placed, name, "/Chassis/1/Power")[1]["PowerSupplies"]]

    assert health() == ["OK", "OK"]
    placed.fault("kill", feed)
    assert sorted(health()) == ["Critical", "OK"]
    placed.heal()
    assert health() == ["OK", "OK"]


@pytest.mark.parametrize("word", ["401", "503"])
def test_in_a_lab_a_controller_can_fail_alone(placed: Any, word: str) -> None:
    name = server(placed)
    placed.fault("bmc", name, word)
    assert ask(placed, name, "/Systems/1")[0] == int(word)
    placed.heal()
    assert ask(placed, name, "/Systems/1")[0] == 200


def test_in_a_lab_a_switch_has_no_controller_to_fail(placed: Any) -> None:
    switch = min(n.name for n in placed.shape.nodes.values() if n.kind == "switch" and n.pair)
    with pytest.raises(LabError, match="has no management controller"):
        placed.fault("bmc", switch, "401")
