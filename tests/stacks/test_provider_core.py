"""What holds for every type: configuration, secrets, what is not known yet, errors, and the end of the process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pulumi")
pytest.importorskip("sushy_tools")

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from inventory.model_operations import Secret
from stacks.provider.errors import ProviderError
from stacks.provider.handler import compare
from stacks.provider.server import HANDLERS
from stacks.provider.settings import Settings, settings_of
from stacks.provider.values import UNKNOWN, is_unknown, plain_map, secret_names, texts, wire, wire_map
from tests.stacks.bmcs import Bmcs, bmcs, provider_for, row
from tests.stacks.provider_client import PLUGIN, Client, RefusedError, provider, struct, urn

BMC = "rackwright:redfish:Bmc"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bmcs]:
    with bmcs(tmp_path_factory.mktemp("bmcs"), [row(n, "127.6.0") for n in (1, 2)]) as found:
        yield found


@pytest.fixture(scope="module")
def client(served: Bmcs) -> Iterator[Client]:
    with provider_for(served) as found:
        yield found


def test_values_go_there_and_back() -> None:
    values: dict[str, Any] = {"a": 1, "b": 2.5, "c": [True, None, "x"], "d": {"e": [{"f": 0}]}, "g": UNKNOWN}
    wired = wire_map(values, {"d"})
    assert plain_map(wired) == values and secret_names(wired) == {"d"}
    assert plain_map(PropertyValue.unmarshal_map(PropertyValue.marshal_map(wired))) == values
    assert is_unknown(values) and not is_unknown(values["d"])
    assert texts(values) == {"x"}


def test_a_value_no_resource_has_is_refused() -> None:
    with pytest.raises(TypeError):
        wire(object())


def test_differences_are_told_entry_by_entry() -> None:
    found = compare(
        {"mac": "a", "map": {"x": 1, "y": 2}, "list": [1]}, {"mac": "b", "map": {"x": 1, "z": 3}, "list": [1]},
        ("mac", "map", "list", "other"), replaces=("mac",), deep=("map",),
    )  # fmt: skip
    assert found.changes == {"mac": "update", "map.y": "delete", "map.z": "add"}
    assert found.replaces == {"mac"} and found.delete_first


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bmcuser": "x"}, "rackwright:bmcuser is no configuration"),
        ({"secrets": "{"}, "rackwright:secrets is not JSON"),
        ({"secrets": "[]"}, "must be a JSON object"),
        ({"secrets": '{"a": "Hunter2-Hunter2"}'}, "a must be env:VARIABLE or vault:VARIABLE"),
        ({"secrets": '{"a": "env:Hunter2 Hunter2"}'}, "a must be env:VARIABLE or vault:VARIABLE"),
        ({"bmcPassword": "Hunter2-Hunter2"}, "rackwright:bmcPassword is no name in rackwright:secrets"),
        ({"allowInsecureTls": "maybe"}, "allowInsecureTls must be true or false"),
        ({"timeoutS": "soon"}, "timeoutS must be a number"),
        ({"retryS": "-1"}, "retryS must not be negative"),
    ],
)
def test_configuration_that_cannot_be_right_is_refused(
    client: Client, values: dict[str, str], message: str
) -> None:
    with pytest.raises(ProviderError, match=message) as refused:
        settings_of(values, {})
    assert "Hunter2" not in str(refused.value)
    request = provider_pb2.CheckRequest(urn=urn("pulumi:providers:rackwright"), news=struct(values))
    (failure,) = client.ask("CheckConfig", request).failures
    assert message in failure.reason and "Hunter2" not in failure.reason


def test_configuration_that_is_not_known_yet_is_no_fault(client: Client) -> None:
    request = provider_pb2.CheckRequest(
        urn=urn("pulumi:providers:rackwright"), news=struct({"bmcCa": UNKNOWN})
    )
    assert not client.ask("CheckConfig", request).failures


def test_a_change_of_configuration_replaces_nothing(client: Client) -> None:
    news: dict[str, str]
    for news, changes in (({}, 1), ({"timeoutS": "3"}, 2)):
        request = provider_pb2.DiffRequest(urn=urn("pulumi:providers:rackwright"), news=struct(news))
        found = client.ask("DiffConfig", request)
        assert (found.changes, list(found.replaces)) == (changes, [])


def test_logins_come_from_named_secrets_or_from_the_variables_of_the_playbooks() -> None:
    environment = {"RACKWRIGHT_BMC_USER": "u", "RACKWRIGHT_BMC_PASSWORD": "p", "OTHER": "o"}
    assert settings_of({}, environment).bmc_login() == ("u", "p")
    named = settings_of({"secrets": '{"x": "env:OTHER"}', "bmcPassword": "x"}, environment)
    assert named.bmc_login() == ("u", "o")
    assert isinstance(named.vault.secrets["x"], Secret)
    with pytest.raises(ProviderError, match="set RACKWRIGHT_BMC_USER"):
        settings_of({}, {}).bmc_login()


def test_secrets_of_a_vault_are_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault, counted = tmp_path / "vault.yml", tmp_path / "counted"
    vault.write_text("bmc_user: operator\nbmc_password: From-Vault-3\n")
    program = tmp_path / "ansible-vault"
    program.write_text(f"#!/bin/sh\necho once >> {counted}\nsleep 0.2\ncat $2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    named = {"secrets": '{"u": "vault:bmc_user", "p": "vault:bmc_password", "n": "vault:none"}',
             "vaultFile": str(vault), "bmcUser": "u", "bmcPassword": "p"}  # fmt: skip
    settings = settings_of(named, {})
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: settings.bmc_login(), range(8))) == {("operator", "From-Vault-3")}
    assert counted.read_text() == "once\n"
    with pytest.raises(ProviderError, match=r"secret n: variable none of .*vault.yml is not set"):
        settings.secret("n")
    program.write_text(f"#!/bin/sh\necho once >> {counted}\nexit 1\n")
    closed = settings_of(named, {})
    for _ in range(2):
        with pytest.raises(ProviderError, match=r"vault\.yml cannot be opened: ansible-vault ended with 1"):
            closed.bmc_login()
    assert counted.read_text() == "once\nonce\n"


def test_masking_leaves_short_values_inside_words_and_words_after_password() -> None:
    settings = Settings()
    settings.vault.seen.update({"lab", "Long-Secret-1"})
    text = settings.mask("lab lab-1 password of labels: xLong-Secret-1x")
    assert text == "*** lab-1 password of labels: x***x"


def test_every_type_has_its_class_and_its_name_in_the_schema(client: Client) -> None:
    import stacks.resources

    text = Path(stacks.resources.__file__).read_text(encoding="utf-8")
    schema = json.loads(client.ask("GetSchema", provider_pb2.GetSchemaRequest()).schema)
    assert set(schema["resources"]) == set(HANDLERS)
    assert all(f'"{token}"' in text for token in HANDLERS)


def test_a_type_that_does_not_exist_is_named(client: Client) -> None:
    with pytest.raises(
        RefusedError, match="no resource type rackwright:redfish:Lamp here; there are rackwright:dhcp"
    ):
        client.check("rackwright:redfish:Lamp", {})


def test_a_preview_knows_what_it_does_not_know(client: Client) -> None:
    news, failures = client.check(
        BMC, {"device": "d", "address": UNKNOWN, "assetTag": UNKNOWN, "bios": UNKNOWN}
    )
    assert failures == [] and news["address"] == UNKNOWN
    _, state = client.create(BMC, news, preview=True)
    assert (state["assetTag"], state["serial"], state["before"]) == (UNKNOWN, UNKNOWN, UNKNOWN)


def test_secret_inputs_stay_secret_and_are_masked(served: Bmcs, client: Client) -> None:
    given = {**served.place("srv-001"), "bios": {"SrIov": "Never-Tell-77"}}
    marked = PropertyValue.marshal_map(wire_map({"port": 443, "onDelete": "restore", **given}, {"bios"}))
    answer = client.ask("Create", provider_pb2.CreateRequest(urn=urn(BMC), properties=marked))
    outputs = secret_names(PropertyValue.unmarshal_map(answer.properties))
    assert {"bios", "biosPending", "before"} <= outputs and "device" not in outputs
    served.faults("srv-002", change={"/redfish/v1/Systems/1/Bios/Settings": "forget"})
    given = {**served.place("srv-002"), "bios": {"SrIov": "Never-Tell-77"}, "onDelete": "restore"}
    marked = PropertyValue.marshal_map(wire_map(given, {"bios"}))
    with pytest.raises(RefusedError, match=r"bios.SrIov is 'Disabled' instead of '\*\*\*'"):
        client.ask("Create", provider_pb2.CreateRequest(urn=urn(BMC), properties=marked))


def test_whom_passwords_go_to_unchecked_is_warned_of() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WARNED], capture_output=True, text=True, check=True, cwd=PLUGIN.parents[2]
    )
    assert "warning" in done.stderr and "nobody checks whom the passwords are sent to" in done.stderr


WARNED = """
from tests.stacks.provider_client import provider
with provider(allowInsecureTls="true"):
    pass
"""
STARTS = """
import subprocess, sys, time
child = subprocess.Popen([sys.argv[1], "127.0.0.1:9"], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline().strip(), flush=True)
time.sleep(600)
"""


def test_a_provider_whose_engine_was_killed_ends() -> None:
    engine = subprocess.Popen([sys.executable, "-c", STARTS, str(PLUGIN)], stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    own, port = (int(word) for word in engine.stdout.readline().split())
    assert port > 0
    engine.kill()
    engine.wait()
    engine.stdout.close()
    end = time.monotonic() + 60
    while _runs(own) and time.monotonic() < end:
        time.sleep(0.2)
    assert not _runs(own)


def _runs(number: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_the_plugin_says_when_there_is_no_python(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(PLUGIN)],
        capture_output=True,
        text=True,
        env={"PATH": _tools(tmp_path), "RACKWRIGHT_PYTHON": "none"},
    )
    assert done.returncode == 1 and "set RACKWRIGHT_PYTHON" in done.stderr


def _tools(folder: Path) -> str:
    for name in ("dirname", "sh"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return str(folder)


def test_a_provider_started_by_hand_can_be_attached(client: Client) -> None:
    with provider() as other:
        other.ask("Attach", plugin_pb2.PluginAttach(address="127.0.0.1:9"))
