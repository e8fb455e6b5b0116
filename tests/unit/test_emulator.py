"""The emulated command lines: over SSH with netmiko as a person's tools would, and line by line."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import asyncssh
import pytest
from netmiko import ConnectHandler
from netmiko.exceptions import ConfigInvalidException
from ntc_templates.parse import parse_output  # type: ignore[import-untyped]

from rackwright.lab.emulator.device import BgpPeer, Neighbour, PortState, Switch
from rackwright.lab.emulator.session import listen
from rackwright.lab.emulator.tree import from_text, text_of
from rackwright.lab.switches import USERS, emulator
from topology.platforms import rgos_output
from topology.platforms.render import PLATFORMS, parse, render
from topology.platforms.sections import commands
from topology.switch_config import Lag, Port, Server, SwitchConfig, comparable

DRIVERS = {"huawei_vrp": "huawei_vrpv8", "h3c_comware": "hp_comware", "ruijie_rgos": "ruijie_os"}
CONFIG = SwitchConfig(
    host="sw-1",
    platform="huawei_vrp",
    vlans=((20, "bmc"), (30, "mgmt")),
    ports=(
        Port("10GE1/0/1", "access", "srv-001:eth0 C1", lag=1, mtu=9216),
        Port("10GE1/0/2", "uplink", "core", tagged=(20, 30)),
        Port("10GE1/0/3", "unused", "unused", enabled=False),
    ),
    lags=(Lag(1, "srv-001", ("10GE1/0/1",), untagged=20),),
    management=("MEth0/0/0", "10.20.0.5/24", "10.20.0.1"),
    servers=(Server("aaa", "10.30.0.1", "", "tacacs"), Server("snmp", "10.30.0.3", "nms", "snmp")),
)


def switch(platform: str, name: str = "sw-1") -> Switch:
    """A switch as delivered, with one neighbour."""
    dialect, _, first, version = emulator(platform)
    text = first.format(name=name)
    made = Switch(name, dialect, "LAB-48", "SN0001", version, dict(USERS), from_text(dialect, text), text)
    made.neighbours = lambda: [Neighbour("10GE1/0/1", "52:54:00:00:00:01", "srv-001", "eth0", "to sw-1")]
    made.ports = lambda: [
        PortState("10GE1/0/1", True, True, 10, -2.5, -2.1),
        PortState("10GE1/0/2", True, False, 10),
    ]
    made.bgp_peers = lambda: [BgpPeer("10.0.0.0", 65000, "Established", 3700, 12, 40, 41)]
    return made


def shell(platform: str, name: str = "sw-1") -> Any:
    """A login without SSH."""
    return emulator(platform)[1](switch(platform, name))


def say(session: Any, *lines: str) -> str:
    """Everything answered to the lines, without prompts."""
    return "".join(session.run(line) for line in lines)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    thread = threading.Thread(target=made.run_forever, daemon=True)
    thread.start()
    yield made
    made.call_soon_threadsafe(made.stop)
    thread.join(5)


def connect(loop: asyncio.AbstractEventLoop, made: Switch, platform: str) -> Any:
    """A netmiko session with the switch."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    door = asyncio.run_coroutine_threadsafe(listen(made, emulator(platform)[1], key), loop).result(10)
    return ConnectHandler(
        device_type=DRIVERS[platform], host="127.0.0.1", port=door.get_port(), username="lab", password=USERS["lab"],
        fast_cli=True,
    )  # fmt: skip


@pytest.mark.parametrize("platform", PLATFORMS)
def test_netmiko_configures_saves_and_reads_back(loop: asyncio.AbstractEventLoop, platform: str) -> None:
    made = switch(platform)
    config = replace(CONFIG, platform=platform)
    session = connect(loop, made, platform)
    try:
        lines = list(commands(render(config), "exit" if platform == "ruijie_rgos" else "quit"))
        told = session.send_config_set(lines)  # an error_pattern costs hp_comware two seconds a line
        assert "^" not in told
        if platform == "huawei_vrp":
            session.commit()
        session.save_config()
        show = "show running-config" if platform == "ruijie_rgos" else "display current-configuration"
        shown = session.send_command(show, read_timeout=20)
        assert comparable(parse(platform, shown)) == comparable(config)
        assert "%secret" not in shown  # keys are shown in the switch's own encryption
        assert comparable(parse(platform, made.saved)) == comparable(config)
        with pytest.raises(ConfigInvalidException):
            session.send_config_set(["frobnicate"], error_pattern=r"(?i)error:|% ?unrec|% ?invalid")
    finally:
        session.disconnect()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_rendered_configuration_is_what_the_switch_shows(platform: str) -> None:
    dialect = emulator(platform)[0]
    config = replace(CONFIG, platform=platform)
    shown = text_of(dialect, from_text(dialect, render(config)))
    assert comparable(parse(platform, shown)) == comparable(config)
    assert text_of(dialect, from_text(dialect, shown)) == shown


VIEWS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "vrp": ("huawei_vrp", [
        ("sys", "[~sw-1]"), ("int 10ge 1/0/1", "[~sw-1-10GE1/0/1]"), ("desc a server", "[*sw-1-10GE1/0/1]"),
        ("vlan 20", "[*sw-1-vlan20]"), ("q", "[*sw-1]"), ("commit", "[~sw-1]"), ("q", "<sw-1>"),
    ]),
    "comware": ("h3c_comware", [
        ("sys", "[sw-1]"), ("int xge1/0/1", "[sw-1-Ten-GigabitEthernet1/0/1]"), ("shut", "[sw-1-Ten-GigabitEthernet1/0/1]"),
        ("int Bridge-Aggregation 3", "[sw-1-Bridge-Aggregation3]"), ("bgp 65001", "[sw-1-bgp-default]"),
        ("address-family ipv4 unicast", "[sw-1-bgp-default-ipv4]"), ("return", "<sw-1>"),
    ]),
    "rgos": ("ruijie_rgos", [
        ("conf t", "sw-1(config)#"), ("int te 1/0/1", "sw-1(config-if-TenGigabitEthernet 1/0/1)#"),
        ("no switchport", "sw-1(config-if-TenGigabitEthernet 1/0/1)#"), ("vlan 20", "sw-1(config-vlan)#"), ("exit", "sw-1(config)#"),
        ("router bgp 65001", "sw-1(config-router)#"), ("address-family ipv4", "sw-1(config-router-af)#"), ("end", "sw-1#"),
        ("disable", "sw-1>"),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("case", VIEWS)
def test_abbreviations_and_prompts(case: str) -> None:
    platform, steps = VIEWS[case]
    session = shell(platform)
    for line, prompt in steps:
        session.run(line)
        assert session.prompt() == prompt, line


REFUSALS: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "vrp unknown": ("huawei_vrp", ("sys",), "frob", "       ^\nError: Unrecognized command found at '^' position.\n"),
    "vrp wrong": ("huawei_vrp", ("sys",), "vlan 5000", "            ^\nError: Wrong parameter found at '^' position.\n"),
    "vrp incomplete": ("huawei_vrp", (), "display", "              ^\nError: Incomplete command found at '^' position.\n"),
    "vrp ambiguous": ("huawei_vrp", ("sys",), "s x", "       ^\nError: Ambiguous command found at '^' position.\n"),
    "comware unknown": ("h3c_comware", (), "frob", "      ^\n % Unrecognized command found at '^' position.\n"),
    "comware wrong": ("h3c_comware", ("sys",), "dns server 1.2.3", "                 ^\n % Wrong parameter found at '^' position.\n"),
    "comware too many": ("h3c_comware", ("sys",), "sysname a b", "                ^\n % Too many parameters found at '^' position.\n"),
    "rgos unknown": ("ruijie_rgos", (), "frob", "     ^\n% Invalid input detected at '^' marker.\n"),
    "rgos incomplete": ("ruijie_rgos", (), "show", "% Incomplete command.\n"),
    "rgos ambiguous": ("ruijie_rgos", (), "co", "% Ambiguous command: \"co\"\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_wrong_is_pointed_at(case: str) -> None:
    platform, before, line, answer = REFUSALS[case]
    session = shell(platform)
    say(session, *before)
    assert session.run(line) == answer


RANGES = {
    "huawei_vrp": ("sys", "interface range 10GE1/0/1 to 10GE1/0/3", "[~sw-1-port-group]"),
    "h3c_comware": (
        "sys",
        "int range Ten-GigabitEthernet 1/0/1 to Ten-GigabitEthernet 1/0/3",
        "[sw-1-if-range]",
    ),
    "ruijie_rgos": ("conf", "int range te 1/0/1-3", "sw-1(config-if-range)#"),
}


@pytest.mark.parametrize("platform", RANGES)
def test_a_range_of_interfaces(platform: str) -> None:
    session = shell(platform)
    enter, line, prompt = RANGES[platform]
    assert say(session, enter, line) != "" or platform != "huawei_vrp"
    assert session.prompt() == prompt
    session.run("shut")
    assert [n.children[0].line for n in session.tree().children if n.line.startswith("interface")] == [
        "shutdown"
    ] * 3
    say(session, "quit" if platform != "ruijie_rgos" else "exit")
    assert "range" not in session.prompt() and "group" not in session.prompt()


@pytest.mark.parametrize(
    ("platform", "enter", "add", "drop", "left"),
    [
        ("huawei_vrp", "int 10GE1/0/1", "port trunk allow-pass vlan 10 to 12", "undo port trunk allow-pass vlan 11",
         "port trunk allow-pass vlan 10 12"),
        ("h3c_comware", "int xge1/0/1", "port trunk permit vlan 10 to 12", "undo port trunk permit vlan 11",
         "port trunk permit vlan 10 12"),
        ("ruijie_rgos", "int te 1/0/1", "switchport trunk allowed vlan only 10-12", "switchport trunk allowed vlan remove 11",
         "switchport trunk allowed vlan only 10,12"),
    ],
)  # fmt: skip
def test_vlans_of_a_trunk_add_up(platform: str, enter: str, add: str, drop: str, left: str) -> None:
    session = shell(platform)
    assert say(session, "conf" if platform == "ruijie_rgos" else "sys", enter, add, drop).count("^") == 0
    assert session.tree().children[-1].children[-1].line == left


def test_vlans_one_by_one_and_many() -> None:
    vrp, comware, rgos = shell("huawei_vrp"), shell("h3c_comware"), shell("ruijie_rgos")
    say(vrp, "sys", "vlan 20", "q", "vlan batch 30 to 31", "undo vlan 31")
    assert [n.line for n in vrp.tree().children if "vlan" in n.line] == ["vlan batch 20 30", "vlan 20"]
    say(comware, "sys", "vlan 20 to 22", "undo vlan 21")
    assert [n.line for n in comware.tree().children if "vlan" in n.line] == ["vlan 20", "vlan 22"]
    say(rgos, "conf t", "vlan range 20,30-31", "no vlan 30")
    assert [n.line for n in rgos.tree().children if "vlan" in n.line] == ["vlan 20", "vlan 31"]


def test_what_is_undone_below_goes_with_it() -> None:
    session = shell("h3c_comware")
    say(session, "sys", "bgp 65001", "peer 10.0.0.1 as-number 65000", "address-family ipv4 unicast", "peer 10.0.0.1 enable",
        "network 10.1.0.0 255.255.255.0", "quit", "undo peer 10.0.0.1")  # fmt: skip
    assert "10.0.0.1" not in session.switch.text() and "network 10.1.0.0" in session.switch.text()


def test_comware_takes_back_what_is_not_committed(loop: asyncio.AbstractEventLoop) -> None:
    made = switch("h3c_comware")
    made.minute_s = 0.2
    session = emulator("h3c_comware")[1](made)

    async def talk(*lines: str, wait: float = 0) -> str:
        out = say(session, *lines)
        await asyncio.sleep(wait)
        return out

    def on_loop(*lines: str, wait: float = 0) -> str:
        return asyncio.run_coroutine_threadsafe(talk(*lines, wait=wait), loop).result(10)

    on_loop("sys", "configuration commit delay 1", "sysname other")
    assert made.host == "other"
    on_loop("", wait=0.4)
    assert made.host == "sw-1" and made.trial is None
    on_loop("configuration commit delay 1", "sysname other", "configuration commit", wait=0.4)
    assert made.host == "other"


def test_comware_replaces_the_configuration_by_a_file() -> None:
    session = shell("h3c_comware")
    assert session.run("save before.cfg") == "" and "Continue" in session.prompt()
    assert "saved to device successfully" in session.run("y")
    say(session, "sys", "sysname changed", "vlan 20")
    assert session.run("configuration replace file before.cfg") == ""
    assert session.prompt().startswith("Current configuration will be lost")
    assert "Succeeded in replacing" in session.run("n")
    assert session.prompt() == "[sw-1]" and "vlan 20" not in session.switch.text()
    assert "doesn't exist" in session.run("configuration replace file nothing.cfg")


def test_comware_asks_before_it_overwrites() -> None:
    session = shell("h3c_comware")
    session.run("save")
    assert session.prompt().endswith("[Y/N]:")
    session.run("y")
    assert "press the enter key" in session.prompt()
    assert "successfully" in session.run("")
    say(session, "save", "y", "")
    assert "overwrite" in session.prompt() and "successfully" in session.run("y")


def test_rgos_has_no_way_back() -> None:
    session = shell("ruijie_rgos")
    for line in ("configure replace flash:x", "commit", "rollback"):
        assert "Invalid input" in session.run(line)


def test_help_completion_and_display_this() -> None:
    session = shell("huawei_vrp")
    assert "lldp" in session.help("display l") and "version" not in session.help("display l")
    assert session.complete("disp") == "lay "
    say(session, "sys", "int 10GE1/0/1", "description x")
    assert session.run("dis th") == "#\ninterface 10GE1/0/1\n description x\n#\nreturn\n"
    assert "INTEGER<0-1023>" in session.help("eth-trunk ")
    session = shell("ruijie_rgos")
    assert "X.X.X.X" in session.help("show foo") or "Invalid" in session.help("show foo")
    assert "running-config" in session.help("show ")


def test_comware_displays_are_what_templates_read() -> None:
    session = shell("h3c_comware")
    say(session, "sys", "int xge1/0/1", "port link-mode bridge", "description srv", "int LoopBack0", "ip address 10.0.0.1 32",
        "bgp 65001", "return")  # fmt: skip

    def rows(command: str) -> list[dict[str, Any]]:
        return list(parse_output(platform="hp_comware", command=command, data=session.run(command)))

    listed = rows("display lldp neighbor-information list")
    assert [(r["local_interface"], r["neighbor_interface"], r["neighbor_name"]) for r in listed] == [
        ("XGE1/0/1", "eth0", "srv-001")
    ]
    told = rows("display lldp neighbor-information verbose")
    assert [(r["local_interface"], r["neighbor_interface"]) for r in told] == [
        ("Ten-GigabitEthernet1/0/1", "eth0")
    ]
    assert told[0]["neighbor_interface_description"] == "to sw-1"
    brief = {r["interface"]: (r["link"], r["description"]) for r in rows("display interface brief")}
    assert brief["XGE1/0/1"] == ("UP", "srv") and brief["XGE1/0/2"][0] == "DOWN" and brief["Loop0"][0] == "UP"
    assert rows("display device manuinfo")[0]["device_serial_number"] == "SN0001"
    assert rows("display clock")[0]["timezone"] == "UTC"
    assert rows("display bgp peer ipv4")[0]["state"] == "Established"
    assert "Release 6616P01" in session.run("display version")
    assert "      -2.50          -2.10" in session.run("display transceiver diagnosis interface")


def test_rgos_answers_are_what_our_templates_read() -> None:
    session = shell("ruijie_rgos")

    def read(command: str) -> list[dict[str, str]]:
        return rgos_output.rows(command, session.run(command))

    assert read("show lldp neighbors detail") == [
        {
            "local_interface": "TenGigabitEthernet 1/0/1", "chassis_id": "5254.0000.0001", "neighbor_name": "srv-001",
            "neighbor_interface": "eth0", "neighbor_interface_description": "to sw-1",
        }
    ]  # fmt: skip
    assert [(r["interface"], r["status"]) for r in read("show interfaces status")] == [
        ("TenGigabitEthernet 1/0/1", "up"),
        ("TenGigabitEthernet 1/0/2", "down"),
    ]
    assert read("show version")[0]["serial"] == "SN0001" and read("show version")[0]["model"] == "LAB-48"
    optics = {
        r["interface"]: (r["rx_dbm"], r["tx_dbm"]) for r in read("show interfaces transceiver diagnosis")
    }
    assert optics == {"TenGigabitEthernet 1/0/1": ("-2.50", "-2.10"), "TenGigabitEthernet 1/0/2": ("", "")}
    with pytest.raises(ValueError, match="no template for `show arp`"):
        rgos_output.rows("show arp", "")
    with pytest.raises(ValueError, match="another layout"):
        rgos_output.rows("show interfaces status", "gibberish\n")


def test_rgos_shows() -> None:
    session = shell("ruijie_rgos")
    detail = session.run("show lldp neighbors detail")
    assert "LLDP neighbor-information of port [TenGigabitEthernet 1/0/1]" in detail
    assert "  Port ID                           : eth0" in detail
    assert "System serial number    : SN0001" in session.run("sh ver")
    assert session.run("show interfaces status | include Ten").count("\n") == 2
    assert "-2.50(OK)[AP]" in session.run("show interfaces transceiver diagnosis")


def test_long_answers_are_paged_until_paging_is_off(loop: asyncio.AbstractEventLoop) -> None:
    made = switch("huawei_vrp")
    made.running = from_text(made.dialect, "sysname sw-1\n" + "".join(f"vlan {v}\n" for v in range(2, 40)))

    async def read_all() -> tuple[str, str]:
        key = asyncssh.generate_private_key("ssh-ed25519")
        door = await listen(made, emulator("huawei_vrp")[1], key)
        async with asyncssh.connect(
            "127.0.0.1", door.get_port(), username="lab", password=USERS["lab"], known_hosts=None
        ) as line:
            process = await line.create_process(term_type="vt100")
            process.stdin.write("display current-configuration\n")
            first = await process.stdout.readuntil("---- More ----")
            process.stdin.write(" ")
            await process.stdout.readuntil("---- More ----")
            process.stdin.write("q")
            await process.stdout.readuntil("<sw-1>")
            process.stdin.write("screen-length 0 temporary\n")
            await process.stdout.readuntil("<sw-1>")
            process.stdin.write("display current-configuration\n")
            whole = await process.stdout.readuntil("<sw-1>")
        return first, whole

    first, whole = asyncio.run_coroutine_threadsafe(read_all(), loop).result(20)
    assert first.count("vlan") < 30 and whole.count("\nvlan ") == 39 and "More" not in whole
