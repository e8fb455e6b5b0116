"""Every class of `stacks.resources` under mocks: what it hands to the engine is what its handler takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("pulumi")

import pulumi
from pulumi.runtime import Mocks, set_mocks

from stacks import resources
from stacks.provider.handler import Call
from stacks.provider.server import HANDLERS, RackwrightProvider
from stacks.provider.settings import settings_of
from stacks.provider.values import plain_map, wire_map

SECRETS = '{"key": "env:RW_TEST_KEY"}'
KEY: Any = {"secret": "key"}
KEYS: Any = {"bmc_user": "key", "bmc_password": "key", "switch_user": "key", "switch_password": "key"}


class Kept(Mocks):
    """Keeps what the engine would get."""

    def __init__(self) -> None:
        self.asked: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        """Token and inputs."""
        self.asked[args.typ] = args.inputs
        return "id", {
            **args.inputs,
            "serial": "SN1",
            "biosPending": {"Smt": "Off"},
            "pending": "- x",
            "accountId": "3",
        }

    def call(self, args: Any) -> Any:
        """Nothing is called."""
        return {}


@pytest.fixture
def kept() -> Iterator[Kept]:
    mocks = Kept()
    set_mocks(mocks, project="project", stack="site", preview=False)
    yield mocks


def run(program: Callable[[], Any]) -> None:
    """Run a program to its end."""
    test: Any = pulumi.runtime.test
    test(program)()


def declare() -> dict[str, Any]:
    """One of each, with every argument."""
    bmc = resources.Bmc(
        "bmc", device="srv-1", address="10.0.0.5", port=8443, serial="SN1", asset_tag="GX-1",
        boot=resources.Boot("Pxe", "UEFI", "Continuous", ["Boot0002"]), bios={"Smt": "Off", "Slots": 2},
        power_restore="LastState", power_on_delay_s=10, ntp_servers=["10.0.0.1"],
        network=resources.BmcNetwork("srv-1-bmc", "10.0.0.5", 24, "10.0.0.254", False), on_delete="retain",
    )  # fmt: skip
    account = resources.Account(
        "account", device="srv-1", address="10.0.0.5", user_name="audit", role="ReadOnly", rotation=2, enabled=False, **KEY
    )  # fmt: skip
    resources.Reservation(
        "reservation", api_url="http://10.0.0.2:8000", subnet="10.0.0.0/24", mac="02:00:00:00:00:01", address="10.0.0.9",
        hostname="srv-1", server="KEA-1", next_server="10.0.0.3", boot_file="ipxe.efi", api_user="api", **KEY,
    )  # fmt: skip
    resources.Zone(
        "zone", api_url="http://10.0.0.2:8081", zone="dc.example.", nameservers=["ns1.dc.example."], server="DNS-1", **KEY
    )  # fmt: skip
    resources.RecordSet(
        "records", api_url="http://10.0.0.2:8081", zone="dc.example.", record="srv-1.dc.example.", record_type="A",
        records=["10.0.0.9"], server="DNS-1", ttl=600, **KEY,
    )  # fmt: skip
    switch = resources.SwitchConfig(
        "switch", device="SW-1", address="10.0.0.7", platform="huawei_vrp", text="sysname SW-1\n#\nreturn\n", revert_in_s=300
    )  # fmt: skip
    return {"bmc": bmc, "account": account, "switch": switch}


@pytest.mark.parametrize("token", sorted(HANDLERS))
def test_what_a_class_declares_its_handler_takes(kept: Kept, token: str) -> None:
    run(declare)
    handler = RackwrightProvider().handler(token)
    call = Call("urn", "name", settings_of({"secrets": SECRETS}, {}))
    inputs, problems = handler.check(call, {}, plain_map(wire_map(kept.asked[token])))
    assert problems == []
    assert handler.diff(call, "id", inputs, inputs).changes == {}


def test_outputs_are_properties(kept: Kept) -> None:
    def told() -> Any:
        made = declare()
        return pulumi.Output.all(
            made["bmc"].serial, made["bmc"].bios_pending, made["account"].account_id, made["switch"].pending
        ).apply(_as_answered)

    run(told)


def _as_answered(values: list[Any]) -> None:
    assert values == ["SN1", {"Smt": "Off"}, "3", "- x"]


def test_only_what_is_given_is_handed_over(kept: Kept) -> None:
    def told() -> None:
        resources.Bmc("bmc", device="srv-1", address="10.0.0.5", asset_tag="X")

    run(told)
    assert kept.asked["rackwright:redfish:Bmc"] == {
        "device": "srv-1", "address": "10.0.0.5", "port": 443, "assetTag": "X", "onDelete": "restore",
    }  # fmt: skip


def test_the_configuration_of_a_program_is_what_the_provider_takes(kept: Kept) -> None:
    def told() -> None:
        resources.Provider(
            "provider", secrets={"key": "env:RW_TEST_KEY"}, vault_file="v.yml",
            bmc_ca="ca.pem", bmc_addresses={"srv-1": "10.0.0.5"}, allow_insecure_tls=True,
            known_hosts="known", timeout_s=5, retry_s=1, services_ca="s.pem", **KEYS,
        )  # fmt: skip

    run(told)
    settings = settings_of(kept.asked["pulumi:providers:rackwright"], {"RW_TEST_KEY": "value"})
    assert settings.bmc_login() == ("value", "value") and settings.bmc_addresses == {"srv-1": "10.0.0.5"}
    assert (settings.allow_insecure_tls, settings.timeout_s, str(settings.services_ca)) == (
        True,
        5.0,
        "s.pem",
    )
