"""What opens a way into a switch is found on every platform, and a push closes what it can, keys and all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.emulated import Bench
from topology.facts import DeviceFacts
from topology.observe.goals import Intended
from topology.observe.health import Checks
from topology.observe.push import push
from topology.platforms.render import render
from topology.switch_config import Port, SwitchConfig
from topology.verify import Result
from topology.verify_codes import code_of
from topology.verify_configs import verify_configuration
from topology.verify_security import verify_security

OPEN = {
    "huawei_vrp": (
        "telnet server enable\nsnmp-agent community read cipher SeCrEt99\nsnmp-agent sys-info version v2c\n",
        "aaa\n local-user eve password irreversible-cipher x\n local-user eve privilege level 15\n local-user admin level 3\n",
        "aaa; undo local-user eve; quit",
    ),
    "h3c_comware": (
        "telnet server enable\nsnmp-agent community read SeCrEt99\n",
        "local-user eve class manage\n password hash x\nlocal-user guest class network\nlocal-user admin class manage\n",
        "undo local-user eve class manage",
    ),
    "ruijie_rgos": (
        "enable service telnet-server\nsnmp-server community SeCrEt99 ro\n",
        "username eve privilege 15\nusername admin password 7 x\n",
        "no username eve",
    ),
}  # fmt: skip
"""Services, accounts, and what takes the strange account away."""


def planned(platform: str) -> SwitchConfig:
    return SwitchConfig(
        "sw", platform, vlans=((5, "oob"),), ports=(Port("10GE1/0/1", "uplink", address="10.0.0.1/31"),)
    )


def opened(platform: str) -> str:
    """What is intended, and what somebody opened."""
    services, accounts, _ = OPEN[platform]
    return "\n".join([render(planned(platform)).rpartition("\n")[0], services, accounts, last(platform)])


def last(platform: str) -> str:
    return "end\n" if platform == "ruijie_rgos" else "return\n"


def judged(platform: str, text: str | None) -> Result:
    facts = DeviceFacts("sw", configuration=text, user="lab")
    (found,) = verify_security(planned(platform), facts, ("admin",))
    return found


@pytest.mark.parametrize("platform", OPEN)
def test_services_and_accounts_nobody_intends_are_one_finding_that_says_what_to_do(platform: str) -> None:
    assert judged(platform, render(planned(platform))).verdict == "pass"
    assert judged(platform, None).verdict == "not run"
    assert judged(platform, render(planned(platform)).rpartition(last(platform))[0]).verdict == "not run"
    found = judged(platform, opened(platform))
    assert code_of(found.test, found.verdict) == "VER022"
    for word in ("telnet", "community", "account eve"):
        assert word in found.message.en
    assert "SeCrEt99" not in found.message.en + found.found
    assert "admin" not in found.message.en
    assert "guest" not in found.message.en
    assert "账号 eve" in found.message.zh
    assert found.fix is not None
    assert "`rackwright push --host sw`" in found.fix.en
    assert OPEN[platform][2] in found.fix.en
    assert OPEN[platform][2] in found.fix.zh


@pytest.mark.parametrize("platform", OPEN)
def test_they_are_told_once(platform: str) -> None:
    facts = DeviceFacts("sw", configuration=opened(platform), saved=opened(platform))
    assert [(r.test, r.verdict) for r in verify_configuration(planned(platform), facts)] == [
        ("configuration", "pass"),
        ("saved", "pass"),
    ]


@pytest.mark.parametrize("platform", OPEN)
def test_a_push_closes_the_services(platform: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path, platform)
    try:
        intended = render(planned(platform)).rpartition("\n")[0].removesuffix(last(platform).strip())
        switch, port = bench.switch("sw", f"{intended}\n{OPEN[platform][0]}")
        result = push(
            planned(platform), bench.driver(port), checks=Checks({}, settle_s=0.5), revert_in_s=60, without_timer=True
        )  # fmt: skip
        assert result.outcome == "confirmed", result.message
        running = switch.text()
        for line in OPEN[platform][0].splitlines():
            assert f"\n{line}" not in f"\n{running}"
        assert "SeCrEt99" not in result.diff + result.transcript
        assert "SeCrEt99" not in result.undo
        assert ("*** stands for a key" in result.undo) is ("***" in result.undo)
        assert push(planned(platform), bench.driver(port), without_timer=True).outcome == "no change"
    finally:
        bench.close()


def test_half_a_configuration_is_no_reason_to_send_the_other_half(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "h3c_comware")
    try:
        config = planned("h3c_comware")
        switch, port = bench.switch("sw", render(config))
        before = switch.text()
        switch.faults.lie["display current"] = before[: before.index("interface")]
        result = push(config, bench.driver(port), revert_in_s=60)
        assert (result.outcome, "ends in the middle" in result.message) == ("refused", True), result.message
        assert "nothing was sent" in result.message
        assert switch.text() == before
    finally:
        bench.close()


def test_what_was_to_go_and_is_still_there_is_named(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "huawei_vrp")
    try:
        config = planned("huawei_vrp")
        driver = bench.driver(bench.switch("sw", render(config))[1])
        assert Intended(config).missing(driver, render(config)) == []
        running = render(config).replace("return", "snmp-agent community read cipher SeCrEt99\nreturn")
        assert Intended(config).missing(driver, running) == [
            "`snmp-agent community read cipher ***` is still there"
        ]
    finally:
        bench.close()
