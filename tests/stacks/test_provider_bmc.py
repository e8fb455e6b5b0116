"""The resource Bmc over gRPC, without the engine, against emulated controllers with TLS, login and entity tags."""

from __future__ import annotations

import copy
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pulumi")
pytest.importorskip("sushy_tools")

from pulumi.runtime.proto import provider_pb2

from rackwright.lab.bmc_service import DOORS
from rackwright.lab.bmc_state import FACTORY_BIOS
from tests.stacks.bmcs import Bmcs, bmcs, provider_for, row
from tests.stacks.provider_client import Client, RefusedError, struct, urn

BMC = "rackwright:redfish:Bmc"
SYSTEM, MANAGER = "/redfish/v1/Systems/1", "/redfish/v1/Managers/1"
WANTED: dict[str, Any] = {
    "assetTag": "GX-0001",
    "boot": {"target": "Pxe", "mode": "UEFI", "order": ["Boot0002", "Boot0001"]},
    "bios": {"SrIov": "Enabled", "PerformanceProfile": "Performance"},
    "powerRestore": "AlwaysOn",
    "powerOnDelayS": 20,
    "ntpServers": ["10.0.0.1", "10.0.0.2"],
    "network": {"hostName": "bmc-001"},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bmcs]:
    rows = [row(n) for n in range(1, 60)] + [row(60, name="tags", if_match=True)]
    with bmcs(tmp_path_factory.mktemp("bmcs"), rows) as found:
        yield found


@pytest.fixture(scope="module")
def client(served: Bmcs) -> Iterator[Client]:
    with provider_for(served) as found:
        yield found


@pytest.fixture
def name(served: Bmcs, request: pytest.FixtureRequest) -> Iterator[str]:
    """A controller that no other test has."""
    taken = request.config.stash.setdefault(TAKEN, set())
    free = min(n for n in served.service.bmcs if n not in (*taken, "tags"))
    taken.add(free)
    yield free
    served.faults(free)


TAKEN = pytest.StashKey[set[str]]()


def inputs(served: Bmcs, client: Client, name: str, **more: Any) -> dict[str, Any]:
    """As the engine has them after Check."""
    checked, failures = client.check(BMC, {**served.place(name), "serial": served[name].serial, **more})
    assert failures == []
    return checked


def settings(served: Bmcs, name: str) -> dict[str, Any]:
    """All that can be set, as it is on the controller; BIOS attributes as they will be after a restart."""
    told = copy.deepcopy(served[name].told())
    return {**told, "pending": {**told["bios"], **told["pending"]}}


def test_create_sets_all_and_says_what_was_there_before(served: Bmcs, client: Client, name: str) -> None:
    identity, state = client.create(BMC, inputs(served, client, name, **WANTED))
    told = settings(served, name)
    assert (told["asset_tag"], told["boot"], told["power_restore"]) == (
        "GX-0001", ["Pxe", "Continuous"], "AlwaysOn",
    )  # fmt: skip
    assert told["ntp"] == {"ProtocolEnabled": True, "NTPServers": ["10.0.0.1", "10.0.0.2"]}
    assert told["pending"] == FACTORY_BIOS | WANTED["bios"] and told["bios"] == FACTORY_BIOS
    assert told["interface"]["host_name"] == "bmc-001"
    assert told["boot_order"] == ["Boot0002", "Boot0001"]
    assert identity == served[name].uuid == state["systemUuid"]
    assert (state["serial"], state["model"]) == (served[name].serial, "C86 ECS 2U")
    assert state["biosPending"] == WANTED["bios"]
    assert state["before"] == {
        "assetTag": "", "boot.target": "None", "boot.mode": "UEFI", "boot.enabled": "Disabled",
        "boot.order": ["Boot0001", "Boot0002"], "bios.SrIov": "Disabled", "bios.PerformanceProfile": "Balanced",
        "powerRestore": "LastState", "powerOnDelayS": 0, "ntpServers": [], "network.hostName": f"{name}-bmc",
    }  # fmt: skip


def test_what_was_made_is_found_again_and_differs_in_nothing(served: Bmcs, client: Client, name: str) -> None:
    news = inputs(served, client, name, **WANTED)
    identity, state = client.create(BMC, news)
    again, refreshed, found = client.read(BMC, identity, state, news)
    assert (again, refreshed, found) == (identity, state, news)
    assert client.diff(BMC, identity, refreshed, news).changes == 1  # DIFF_NONE
    served[name].reset("ForceRestart")
    _, refreshed, found = client.read(BMC, identity, state, news)
    assert refreshed["biosPending"] == {} and found == news


def test_delete_puts_back_what_was_there(served: Bmcs, client: Client, name: str) -> None:
    earlier = settings(served, name)
    identity, state = client.create(BMC, inputs(served, client, name, **WANTED))
    client.delete(BMC, identity, state)
    assert settings(served, name) == earlier


def test_retained_settings_stay(served: Bmcs, client: Client, name: str) -> None:
    identity, state = client.create(BMC, inputs(served, client, name, assetTag="KEEP", onDelete="retain"))
    client.delete(BMC, identity, state)
    assert served[name].asset_tag == "KEEP"


def test_nothing_is_touched_that_is_not_given(served: Bmcs, client: Client, name: str) -> None:
    earlier = settings(served, name)
    client.create(BMC, inputs(served, client, name, assetTag="X"))
    assert settings(served, name) == {**earlier, "asset_tag": "X"}


def test_an_update_sends_what_differs_and_puts_back_what_is_dropped(
    served: Bmcs, client: Client, name: str
) -> None:
    news = inputs(served, client, name, **WANTED)
    identity, state = client.create(BMC, news)
    changed = {**news, "assetTag": "GX-0002", "bios": {"SrIov": "Enabled", "Iommu": "Enabled"}}
    del changed["ntpServers"], changed["boot"]
    later = client.update(BMC, identity, state, changed)
    told = settings(served, name)
    assert told["pending"] == FACTORY_BIOS | {"SrIov": "Enabled", "Iommu": "Enabled"}
    assert (told["asset_tag"], told["boot"], told["ntp"]["NTPServers"]) == (
        "GX-0002",
        ["None", "Disabled"],
        [],
    )
    assert later["before"] == {
        "assetTag": "", "bios.SrIov": "Disabled", "bios.Iommu": "Disabled", "powerRestore": "LastState",
        "powerOnDelayS": 0, "network.hostName": f"{name}-bmc",
    }  # fmt: skip


def test_the_difference_is_told_property_by_property(served: Bmcs, client: Client, name: str) -> None:
    news = inputs(served, client, name, **WANTED)
    identity, state = client.create(BMC, news)
    other = {**news, "bios": {"SrIov": "Disabled", "Smt": "Disabled"}, "assetTag": None, "serial": "ANOTHER"}
    found = client.diff(BMC, identity, state, other)
    detail = {path: d.kind for path, d in found.detailedDiff.items()}
    assert detail == {
        "bios.SrIov": 4,
        "bios.Smt": 0,
        "bios.PerformanceProfile": 2,
        "assetTag": 2,
        "serial": 5,
    }
    assert list(found.replaces) == ["serial"] and found.deleteBeforeReplace and found.changes == 2


@pytest.mark.parametrize(
    ("drift", "path"),
    [
        (lambda own: setattr(own, "asset_tag", "by hand"), "assetTag"),
        (lambda own: setattr(own, "power_restore", "AlwaysOff"), "powerRestore"),
        (lambda own: own.override(None, "Disabled"), "boot.enabled"),
        (lambda own: own.stage({"SrIov": "Disabled"}), "bios.SrIov"),
        (lambda own: own.ntp.update(NTPServers=["9.9.9.9"]), "ntpServers"),
        (lambda own: own.ntp.update(ProtocolEnabled=False), "ntpServers"),
        (lambda own: setattr(own.interface, "host_name", "x"), "network.hostName"),
    ],
    ids=["tag", "restore", "boot", "bios", "ntp", "ntp-off", "name"],
)
def test_drift_made_by_hand_is_found_and_put_right(
    served: Bmcs, client: Client, name: str, drift: Any, path: str
) -> None:
    news = inputs(served, client, name, **WANTED)
    identity, state = client.create(BMC, news)
    right = settings(served, name)
    drift(served[name])
    _, refreshed, _ = client.read(BMC, identity, state, news)
    found = client.diff(BMC, identity, refreshed, news)
    assert path in found.detailedDiff
    client.update(BMC, identity, refreshed, news)
    assert settings(served, name) == right


def test_an_import_finds_what_can_be_managed(served: Bmcs, client: Client, name: str) -> None:
    served[name].asset_tag = "OLD"
    place = served.place(name)
    identity, state, found = client.read(BMC, f"{name}@{place['address']}:{place['port']}")
    assert (identity, state["before"]) == (served[name].uuid, {})
    assert found["assetTag"] == "OLD" and found["serial"] == served[name].serial and found["network"]["dhcp"]
    checked, failures = client.check(BMC, found)
    assert failures == [] and client.diff(BMC, identity, state, checked).changes == 1
    lean = inputs(served, client, name, assetTag="OLD")
    assert client.diff(BMC, identity, state, lean).changes == 1
    client.delete(BMC, identity, state)
    assert served[name].asset_tag == "OLD"


def test_an_import_by_uuid_asks_the_controllers_of_the_plan(served: Bmcs, name: str) -> None:
    place = served.place(name)
    known = f'{{"{name}": "{place["address"]}:{place["port"]}", "silent": "127.2.9.9:9"}}'
    with provider_for(served, bmcAddresses=known) as own:
        _, _, found = own.read(BMC, served[name].uuid.upper())
        assert found["device"] == name
        with pytest.raises(RefusedError, match=r"none of 2 controllers has this UUID \(1 gave no answer"):
            own.read(BMC, "00000000-0000-0000-0000-000000000000")


def test_a_wrong_serial_number_stops_everything(served: Bmcs, client: Client, name: str) -> None:
    news = inputs(served, client, name, assetTag="X")
    served.faults(name, serial="SWAPPED")
    earlier = settings(served, name)
    for preview in (True, False):
        with pytest.raises(
            RefusedError, match=rf"{name} \(127.*it tells SWAPPED, the plan says {news['serial']}"
        ):
            client.create(BMC, news, preview=preview)
    assert settings(served, name) == earlier


def test_another_machine_at_the_address_is_left_alone_when_destroyed(
    served: Bmcs, client: Client, name: str
) -> None:
    identity, state = client.create(BMC, inputs(served, client, name, assetTag="X"))
    served.faults(name, serial="SWAPPED")
    client.delete(BMC, identity, state)
    served.faults(name)
    client.delete(BMC, "11111111-2222-3333-4444-555555555555", state)
    assert served[name].asset_tag == "X"
    with pytest.raises(RefusedError, match="the state says 11111111"):
        client.update(BMC, "11111111-2222-3333-4444-555555555555", state, {**state, "assetTag": "Y"})


def test_all_that_a_controller_lacks_is_told_before_anything_is_sent(
    served: Bmcs, client: Client, name: str
) -> None:
    earlier = settings(served, name)
    news = inputs(served, client, name, assetTag="X", bios={"SrIo": "Enabled", "Turbo": "On"})
    with pytest.raises(RefusedError) as refused:
        client.create(BMC, news)
    assert "no BIOS attribute SrIo (there are SrIov" in str(refused.value) and "Turbo" in str(refused.value)
    assert settings(served, name) == earlier


@pytest.mark.parametrize("fault", [500, "cut", "drop", "forget"])
@pytest.mark.parametrize("path", [f"{SYSTEM}/Bios/Settings", f"{MANAGER}/NetworkProtocol"])
def test_a_failure_half_way_leaves_nothing_behind(
    served: Bmcs, client: Client, name: str, fault: object, path: str
) -> None:
    earlier = settings(served, name)
    news = inputs(served, client, name, **{k: v for k, v in WANTED.items() if k != "network"})
    served.faults(name, change={path: fault if fault == "forget" else [fault]})
    with pytest.raises(RefusedError) as refused:
        client.create(BMC, news)
    assert settings(served, name) == earlier
    assert refused.value.half_done is None
    assert str(refused.value).endswith("nothing stands") and name in str(refused.value)


def test_what_cannot_be_taken_back_is_said_and_kept_in_the_state(
    served: Bmcs, client: Client, name: str
) -> None:
    news = inputs(served, client, name, assetTag="X", bios={"SrIov": "Enabled"})
    served.faults(name, change={f"{SYSTEM}/Bios/Settings": 500, SYSTEM: [None, 500]})
    with pytest.raises(RefusedError) as refused:
        client.create(BMC, news)
    assert refused.value.half_done is not None
    identity, state = refused.value.half_done
    assert (
        identity == served[name].uuid
        and state["assetTag"] == "X"
        and state["before"]["bios.SrIov"] == "Disabled"
    )
    assert str(refused.value).endswith("Taking it back failed too; now: assetTag is 'X', was ''")
    served.faults(name)
    later = client.update(BMC, identity, state, news)
    client.delete(BMC, identity, later)
    assert (served[name].asset_tag, served[name].pending["SrIov"]) == ("", "Disabled")


def test_a_controller_that_comes_back_takes_the_next_run(served: Bmcs, name: str) -> None:
    with provider_for(served) as own:
        news = inputs(served, own, name, assetTag="X")
        served.faults(name, _503=True)
        with pytest.raises(RefusedError, match="503, out of service for now"):
            own.create(BMC, news)
        served.faults(name)
        own.create(BMC, news)


def test_a_refused_login_is_not_tried_again_and_again(served: Bmcs, name: str) -> None:
    with provider_for(served) as own:
        news = inputs(served, own, name, assetTag="X")
        served.faults(name, _401=True)
        with pytest.raises(
            RefusedError, match=r"401, the login is refused\. Correct the secrets .* RACKWRIGHT_BMC_PASSWORD"
        ):
            own.create(BMC, news)
        served.faults(name)
        with pytest.raises(RefusedError, match="refused a moment ago and is not tried again"):
            own.create(BMC, news)
    with provider_for(served) as own:
        own.create(BMC, news)


def test_a_slow_controller_is_given_up_in_time(served: Bmcs, name: str) -> None:
    with provider_for(served, timeoutS="0.3") as own:
        news = inputs(served, own, name, assetTag="X")
        served.faults(name, slow=2)
        with pytest.raises(RefusedError, match=r"no whole answer within 0\.3 s"):
            own.create(BMC, news)
        served.faults(name)
    assert served[name].asset_tag == ""


def test_where_nobody_answers_that_is_said(served: Bmcs, client: Client) -> None:
    news, _ = client.check(BMC, {"device": "gone", "address": "127.2.9.9", "port": 9, "assetTag": "X"})
    with pytest.raises(
        RefusedError, match=r"gone \(127.2.9.9:9\): GET .*: no connection .Connection refused., nothing"
    ):
        client.create(BMC, news)
    identity, state = client.create(BMC, news, preview=True)
    assert (identity, state["assetTag"]) == ("", "X")
    with pytest.raises(RefusedError, match="pulumi state delete 'urn:pulumi:test"):
        client.delete(BMC, "x", {**news, "before": {"assetTag": ""}})


def test_a_certificate_of_nobody_known_stops_everything(served: Bmcs, name: str, tmp_path: Path) -> None:
    with provider_for(served, bmcCa="") as own:
        news = inputs(served, own, name, assetTag="X")
        with pytest.raises(RefusedError, match="its certificate is not trusted"):
            own.create(BMC, news)
    with (
        provider_for(served, bmcCa=str(tmp_path / "none.pem")) as own,
        pytest.raises(RefusedError, match=r"no file .*none.pem\. Name the authority"),
    ):
        own.create(BMC, news)
    with provider_for(served, bmcCa="", allowInsecureTls="true") as own:
        own.create(BMC, news)
    assert served[name].asset_tag == "X"


def test_without_a_login_the_variable_is_named(served: Bmcs, name: str) -> None:
    with provider_for(served, {"RW_TEST_BMC_PASSWORD": ""}) as own:
        news = inputs(served, own, name, assetTag="X")
        with pytest.raises(
            RefusedError, match="secret bmc-password: environment variable RW_TEST_BMC_PASSWORD"
        ):
            own.create(BMC, news)
        assert own.create(BMC, news, preview=True)[1]["assetTag"] == "X"


def test_controllers_that_insist_on_entity_tags_get_them(served: Bmcs, client: Client) -> None:
    identity, state = client.create(BMC, inputs(served, client, "tags", **WANTED))
    client.delete(BMC, identity, state)
    assert served["tags"].asset_tag == ""


def test_a_preview_changes_nothing(served: Bmcs, client: Client, name: str) -> None:
    earlier = settings(served, name)
    _, state = client.create(BMC, inputs(served, client, name, **WANTED), preview=True)
    assert state["serial"] == served[name].serial and settings(served, name) == earlier
    identity, made = client.create(BMC, inputs(served, client, name, assetTag="A"))
    client.update(BMC, identity, made, inputs(served, client, name, assetTag="B"), preview=True)
    assert served[name].asset_tag == "A"


def test_one_controller_is_never_asked_twice_at_once(served: Bmcs, client: Client, name: str) -> None:
    news = [inputs(served, client, name, assetTag=f"T{n}") for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda n: client.create(BMC, n), news))
    tags = [state["before"]["assetTag"] for _, state in made]
    assert len(set(tags)) == 6  # each found what the one before it had left


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"address": "srv-001.example"}, "address"),
        ({"port": 70000}, "port"),
        ({"powerRestore": "Sometimes"}, "powerRestore"),
        ({"boot": {"target": "Pxe", "enabled": "Once"}}, "boot.enabled"),
        ({"boot": {"enabled": "Continuous"}}, "boot.target"),
        ({"boot": {"device": "Pxe"}}, "boot.device"),
        ({"network": {"address": "10.0.0.9"}}, "network.prefix"),
        ({"network": {"address": "10.0.0.9", "prefix": 24, "dhcp": True}}, "network.dhcp"),
        ({"network": {"gateway": "10.0.0.1"}}, "network.address"),
        ({"ntpServers": "10.0.0.1"}, "ntpServers"),
        ({"onDelete": "explode"}, "onDelete"),
        ({"asset_tag": "X"}, "asset_tag"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_inputs_that_cannot_be_right_are_refused(
    served: Bmcs, client: Client, wrong: dict[str, Any], field: str
) -> None:
    _, failures = client.check(BMC, {**served.place("srv-001"), **wrong})
    assert field in [f for f, _ in failures]


def test_static_network_of_the_controller(served: Bmcs, client: Client, name: str) -> None:
    address = served.place(name)["address"]
    network = {"address": address, "prefix": 16, "gateway": "127.2.0.254"}
    news = inputs(served, client, name, network=network)
    assert news["network"]["dhcp"] is False
    identity, state = client.create(BMC, news)
    card = served[name].interface
    assert (card.address, card.prefix, card.gateway, card.dhcp) == (address, 16, "127.2.0.254", False)
    assert client.read(BMC, identity, state, news)[2] == news
    client.delete(BMC, identity, state)
    assert card.dhcp is True


def test_no_secret_is_in_any_answer(served: Bmcs, client: Client, name: str) -> None:
    identity, state = client.create(BMC, inputs(served, client, name, **WANTED))
    served.faults(name, lie={SYSTEM: {"SerialNumber": "Bmc-login-7Qx"}})
    with pytest.raises(RefusedError) as refused:
        client.update(BMC, identity, state, inputs(served, client, name, assetTag="Y") | {"serial": "SN"})
    assert "Bmc-login-7Qx" not in str(refused.value) + str(state) and "***" in str(refused.value)


def test_a_controller_is_followed_to_its_new_address(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.3.0.1", 0))
        port = free.getsockname()[1]
    rows = [row(n, "127.3.0", port, name=name) for n, name in ((1, "moves"), (2, "door"), (3, "later"))]
    with bmcs(tmp_path, rows) as served, provider_for(served, timeoutS="1") as client:
        for door in ("127.3.0.2", "127.3.0.3"):
            DOORS[door, port] = served["moves"]
        network = {"address": "127.3.0.2", "prefix": 24}
        news = inputs(served, client, "moves", network=network)
        identity, state = client.create(BMC, news)
        served.service.listeners.pop(0).close()  # nobody is at the old address any more
        assert client.read(BMC, identity, state, news)[2] == news
        later = {**news, "network": {**news["network"], "address": "127.3.0.3"}}
        state = client.update(BMC, identity, state, later)
        served.service.listeners.pop(0).close()
        assert served["moves"].interface.address == "127.3.0.3"
        nowhere = {**news, "network": {**news["network"], "address": "127.3.0.9"}}
        with pytest.raises(RefusedError, match=r"no answer at 127.3.0.9 within 1 s.*nothing stands"):
            client.update(BMC, identity, state, nowhere)
        assert served["moves"].interface.address == "127.3.0.3"


def test_what_nobody_waits_for_any_more_is_taken_back(served: Bmcs, client: Client, name: str) -> None:
    earlier = settings(served, name)
    news = inputs(served, client, name, **WANTED)
    served.faults(name, slow=0.1)
    request = provider_pb2.CreateRequest(urn=urn(BMC), properties=struct(news))
    waiting = client.stub.Create.future(request)
    while not served[name].asset_tag:
        assert not waiting.done()
        time.sleep(0.02)
    waiting.cancel()
    client.create(
        BMC, {**news, "serial": served[name].serial}, preview=True
    )  # its turn comes after the other's end
    assert settings(served, name) == earlier


def test_an_address_that_another_machine_has_by_now_is_left_to_it(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.3.1.1", 0))
        port = free.getsockname()[1]
    rows = [row(n, "127.3.1", port, name=name) for n, name in ((1, "first"), (2, "door"), (3, "next"))]
    with bmcs(tmp_path, rows) as served, provider_for(served) as client:
        DOORS["127.3.1.2", port] = served["first"]
        news = inputs(served, client, "first", network={"address": "127.3.1.2", "prefix": 24}, assetTag="1")
        identity, state = client.create(BMC, news)
        DOORS["127.3.1.1", port] = served["next"]  # DHCP gave it to the one after
        assert client.read(BMC, identity, state, news)[2] == news
        state = client.update(BMC, identity, state, {**news, "assetTag": "2"})
        assert (served["first"].asset_tag, served["next"].asset_tag) == ("2", "")
        with pytest.raises(RefusedError, match="it tells SN00003, the plan says SN00009"):
            client.create(BMC, {**news, "serial": "SN00009"})


@pytest.mark.parametrize("stays", [True, False])
def test_going_back_to_dhcp_may_end_the_connection(tmp_path: Path, stays: bool) -> None:
    with bmcs(tmp_path, [row(1, "127.3.2")]) as served, provider_for(served, timeoutS="1") as client:
        network = {"address": "127.3.2.1", "prefix": 24}
        identity, state = client.create(BMC, inputs(served, client, "srv-001", network=network, assetTag="1"))
        own = served["srv-001"]
        served.faults("srv-001", change={f"{MANAGER}/EthernetInterfaces/1": ["drop"]})
        ended = threading.Thread(target=_leaves, args=(served, own))
        if not stays:
            ended.start()
        client.delete(BMC, identity, state)
        assert own.interface.dhcp and own.asset_tag == ""


def _leaves(served: Bmcs, own: Any) -> None:
    while not own.interface.dhcp:
        time.sleep(0.001)
    served.service.listeners.pop().close()
