"""What a switch runs and what it would start with: one cause, one finding, on every platform."""

from __future__ import annotations

from dataclasses import replace

import pytest

from topology.facts import DeviceFacts
from topology.model_diff import compared
from topology.platforms.render import parse, render
from topology.switch_config import Bgp, Lag, Neighbour, Port, Server, SwitchConfig
from topology.verify import Result
from topology.verify_codes import code_of
from topology.verify_configs import verify_configuration

PORT = {
    "huawei_vrp": "10GE1/0/1",
    "h3c_comware": "Ten-GigabitEthernet1/0/1",
    "ruijie_rgos": "TenGigabitEthernet 0/1",
}
NOTHING_SAVED = {
    "huawei_vrp": "Info: There is no saved configuration.\n",
    "h3c_comware": "The configuration file does not exist.\n",
    "ruijie_rgos": "% No startup configuration.\n",
}  # fmt: skip


def planned(platform: str) -> SwitchConfig:
    port = Port(PORT[platform], "oob", description="a-block-001:BMC", untagged=5)
    config = SwitchConfig(
        "sw", platform, vlans=((5, "oob"),), ports=(port,), servers=(Server("ntp", "10.0.0.1"),)
    )
    return parse(platform, render(config))


def told(config: SwitchConfig, running: str | None, saved: str | None) -> list[tuple[str, str, str]]:
    rows = list(verify_configuration(config, DeviceFacts("sw", configuration=running, saved=saved)))
    for row in rows:
        assert_speaks_chinese(row)
    return [(r.test, r.verdict, code_of(r.test, r.verdict)) for r in rows]


def assert_speaks_chinese(row: Result) -> None:
    for english in ("intended", "running", "differences", "restart"):
        assert english not in row.message.zh
    if row.verdict == "different":
        assert row.fix is not None and "rackwright push --host sw" in row.fix.zh


@pytest.mark.parametrize("platform", PORT)
def test_saved_is_held_against_what_runs(platform: str) -> None:
    config = planned(platform)
    text = render(config)
    other = render(replace(config, vlans=((5, "oob"), (6, "other"))))
    good = ("configuration", "pass", "")
    assert told(config, text, text) == [good, ("saved", "pass", "")]
    assert told(config, text, other) == [good, ("saved", "different", "VER021")]
    assert told(config, text, NOTHING_SAVED[platform]) == [good, ("saved", "different", "VER021")]
    assert told(config, text, None) == [good, ("saved", "not run", "VER013")]
    assert told(config, None, text) == [
        ("configuration", "not run", "VER013"),
        ("saved", "not run", "VER013"),
    ]


def test_what_runs_otherwise_says_what_a_restart_would_bring() -> None:
    config = planned("huawei_vrp")
    text, typed = render(config), render(replace(config, vlans=((5, "by-hand"),)))
    third = render(replace(config, servers=()))

    def message(saved: str | None) -> tuple[str, str]:
        (row,) = verify_configuration(config, DeviceFacts("sw", configuration=typed, saved=saved))
        assert code_of(row.test, row.verdict) == "VER012"
        return row.message.en, row.message.zh

    said = "1 difference: VLAN 5: intended oob, running by-hand"
    said_zh = "1 处差异：VLAN 5：应为 oob，实际运行 by-hand"
    assert message(text) == (f"{said}; what is saved is as intended", f"{said_zh}；已保存的配置与规划一致")
    assert message(third) == (f"{said}; it is not saved", f"{said_zh}；且未保存")
    assert message(typed) == (said, said_zh)
    assert message(None) == (said, said_zh)


def test_names_of_what_a_restart_would_take_back_are_told() -> None:
    config = planned("huawei_vrp")
    saved = render(replace(config, servers=(), vlans=((5, "old"),)))
    rows = list(verify_configuration(config, DeviceFacts("sw", configuration=render(config), saved=saved)))
    assert rows[1].message.en.endswith("would undo 2 differences: VLAN 5; server ntp 10.0.0.1")
    assert rows[1].message.zh.endswith("将丢失 2 处：VLAN 5；服务器 ntp 10.0.0.1")


NO_LACP = {
    "huawei_vrp": " mode lacp-static\n", "h3c_comware": " link-aggregation mode dynamic\n",
    "ruijie_rgos": "  maximum-paths ebgp 2\n",
}  # fmt: skip
"""A line the record has no word for."""


@pytest.mark.parametrize("platform", NO_LACP)
def test_a_line_the_record_has_no_word_for_is_missed_all_the_same(platform: str) -> None:
    neighbours = tuple(Neighbour(f"10.1.0.{n}", 65100, "core") for n in (1, 3))
    config = replace(
        planned(platform), lags=(Lag(1, "host", (PORT[platform],), untagged=5),), ports=(Port(PORT[platform], "access", lag=1),),
        bgp=Bgp(65101, "10.9.9.9", neighbours, ()),
    )  # fmt: skip
    text = render(config)
    config = parse(platform, text)
    assert text.count(NO_LACP[platform]) == 1
    (row,) = verify_configuration(
        config, DeviceFacts("sw", configuration=text.replace(NO_LACP[platform], ""))
    )
    assert row.verdict == "different"
    assert f"{NO_LACP[platform].strip()}`: intended, not running" in row.message.en
    assert "规划有，实际无" in row.message.zh
    assert [
        r.verdict for r in verify_configuration(config, DeviceFacts("sw", configuration=text, saved=text))
    ] == ["pass"] * 2


@pytest.mark.parametrize("platform", PORT)
def test_an_answer_that_was_cut_is_not_run_and_no_difference(platform: str) -> None:
    config = planned(platform)
    text = render(config)
    half = text[: text.index("a-block-001") + 4]
    row, saved = verify_configuration(config, DeviceFacts("sw", configuration=half, saved=text))
    assert (saved.test, saved.verdict) == ("saved", "not run")
    assert (row.verdict, code_of(row.test, row.verdict)) == ("not run", "VER013")
    assert "ends in the middle" in row.message.en
    assert "a-bl" in row.message.en
    assert "中断" in row.message.zh


@pytest.mark.parametrize("platform", PORT)
def test_a_wrong_name_is_no_difference_of_the_configuration(platform: str) -> None:
    config = planned(platform)
    text, other = render(config), render(replace(config, host="other"))
    for running, saved in ((other, other), (other, text), (text, other)):
        facts = DeviceFacts("sw", configuration=running, saved=saved)
        assert [r.verdict for r in verify_configuration(config, facts)] == ["pass", "pass"]


def test_lists_and_places_are_told_in_words() -> None:
    one = SwitchConfig(
        "sw", "huawei_vrp", ports=(Port("10GE1/0/1", "uplink", tagged=(5, 6)), Port("10GE1/0/2", "unused", enabled=False)),
        management=("MEth0/0/0", "10.0.0.2/24", "10.0.0.1"),
    )  # fmt: skip
    two = replace(
        one, ports=(replace(one.ports[0], tagged=(5, 9)), replace(one.ports[1], enabled=True)),
        management=("MEth0/0/0", "10.0.0.2/24", "10.0.0.99"),
    )  # fmt: skip
    assert [(t.en, t.zh) for t in compared(one, two)] == [
        ("port 10GE1/0/1 tagged 6: intended, not running", "端口 10GE1/0/1 打标签 VLAN 6：规划有，实际无"),
        ("port 10GE1/0/1 tagged 9: running, not intended", "端口 10GE1/0/1 打标签 VLAN 9：实际有，规划无"),
        ("port 10GE1/0/2 enabled: intended no, running yes", "端口 10GE1/0/2 启用：应为 否，实际运行 是"),
        ("management default-gateway: intended 10.0.0.1, running 10.0.0.99",
         "管理口 默认网关：应为 10.0.0.1，实际运行 10.0.0.99"),
    ]  # fmt: skip
    assert list(compared(one, replace(two, management=None)))[-1].en == (
        "management: intended MEth0/0/0 10.0.0.2/24 10.0.0.1, running nothing"
    )
