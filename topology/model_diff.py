"""Two configurations as models: what the one that runs lacks or has otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from inventory.findings import Text
from topology.switch_config import SwitchConfig, comparable

KEYS = {"ports": "name", "lags": "number", "gateways": "vid", "neighbours": "address"}
"""Rows of a configuration and what tells them apart."""
WORDS_ZH = {
    "port": "端口", "ports": "端口", "lag": "聚合组", "lags": "聚合组", "gateway": "网关 VLAN", "gateways": "网关 VLAN",
    "bgp": "BGP", "neighbour": "邻居", "neighbours": "邻居", "networks": "发布网段", "server": "服务器", "VLAN": "VLAN",
    "host": "主机名", "management": "管理口", "lldp": "LLDP", "mlag": "M-LAG", "description": "描述", "enabled": "启用",
    "address": "地址", "mtu": "MTU", "untagged": "未打标签 VLAN", "tagged": "打标签 VLAN", "members": "成员端口",
    "peer_link": "peer-link", "lacp_fast": "LACP 快速模式", "fallback": "LACP 未协商时转发", "domain": "域", "number": "编号",
    "priority": "优先级", "system_mac": "系统 MAC", "peer_lag": "peer-link 聚合组", "keepalive_local": "keepalive 本端",
    "keepalive_peer": "keepalive 对端", "keepalive_port": "keepalive 端口", "mac": "MAC", "relay": "DHCP 中继", "asn": "AS 号",
    "router_id": "router-id", "bfd": "BFD", "account": "帐号", "secret": "密钥", "nothing": "无", "yes": "是", "no": "否",
    "default-gateway": "默认网关",
}  # fmt: skip
"""Names of fields and of values, for people who read Chinese."""


def differences(intended: SwitchConfig, running: SwitchConfig) -> list[str]:
    """Every difference, one sentence each; empty when the switch runs what is intended.

    Ports that are not intended are passed over: nobody said anything of them. So is their order.
    """
    return [told.en for told in compared(intended, running)]


def compared(intended: SwitchConfig, running: SwitchConfig) -> list[Text]:
    """As `differences`, in both languages; what it is about stands before the first colon."""
    return list(_compare("", comparable(intended), comparable(running)))


def _compare(where: str, want: Any, found: Any) -> Iterator[Text]:
    if is_dataclass(want) and type(want) is type(found):
        for field in fields(want):
            if field.compare and field.name != "platform":
                yield from _field(where, field.name, getattr(want, field.name), getattr(found, field.name))
    elif isinstance(want, tuple) and isinstance(found, tuple):
        yield from _members(where, want, found)
    elif want != found:
        wanted, runs = _shown(want), _shown(found)
        yield Text(
            f"{where}: intended {wanted}, running {runs}",
            f"{_zh(where)}：应为 {WORDS_ZH.get(wanted, wanted)}，实际运行 {WORDS_ZH.get(runs, runs)}",
        )


def _members(where: str, want: tuple[Any, ...], found: tuple[Any, ...]) -> Iterator[Text]:
    """What one list has and the other has not."""
    lacks, has = [v for v in want if v not in found], [v for v in found if v not in want]
    if lacks:
        shown = " ".join(map(str, lacks))
        yield Text(f"{where} {shown}: intended, not running", f"{_zh(where)} {shown}：规划有，实际无")
    if has:
        shown = " ".join(map(str, has))
        yield Text(f"{where} {shown}: running, not intended", f"{_zh(where)} {shown}：实际有，规划无")


def _zh(where: str) -> str:
    return " ".join(WORDS_ZH.get(word, word) for word in where.split(" "))


def _field(where: str, name: str, want: Any, found: Any) -> Iterator[Text]:
    here = f"{where} {name}".strip()
    if name in KEYS:
        yield from _rows(here, {getattr(r, KEYS[name]): r for r in want}, {getattr(r, KEYS[name]): r for r in found},
                         extra=name != "ports")  # fmt: skip
    elif name == "vlans":
        yield from _rows("VLAN", dict(want), dict(found), extra=True)
    elif name == "servers":
        yield from _rows(
            "server",
            {(s.kind, s.address): s for s in want},
            {(s.kind, s.address): s for s in found},
            extra=True,
        )
    elif name == "management" and want and found:
        for part, wanted, runs in zip(("port", "address", "default-gateway"), want, found, strict=True):
            yield from _compare(f"{here} {part}", wanted, runs)
    else:
        yield from _compare(here, want, found)


def _rows(where: str, want: Mapping[Any, Any], found: Mapping[Any, Any], *, extra: bool) -> Iterator[Text]:
    for key, row in want.items():
        name = f"{where.removesuffix('s')} {' '.join(map(str, key)) if isinstance(key, tuple) else key}"
        if key not in found:
            yield Text(f"{name}: intended, not running", f"{_zh(name)}：规划有，实际无")
        else:
            yield from _compare(name, row, found[key])
    if extra:
        for key in found:
            if key not in want:
                shown = " ".join(map(str, key)) if isinstance(key, tuple) else key
                name = f"{where.removesuffix('s')} {shown}"
                yield Text(f"{name}: running, not intended", f"{_zh(name)}：实际有，规划无")


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return type(value).__name__ if is_dataclass(value) else str(value)
