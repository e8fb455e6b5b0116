"""Rules the types of fields cannot say: names that stand twice, prefixes, dates, what `assumed` names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from inventory import model as m
from inventory.drill_rules import broken_scenarios
from inventory.findings import Finding, Position, Related, Severity, Text
from inventory.nearest import near
from inventory.source import DataPath, Document, place

NAMED_BY = {"vlans": "vid", "reserved_prefixes": "prefix", "waivers": "subject"}
"""The field to point at when a record of these sections stands twice; elsewhere `name`."""


def broken_rules(
    project: m.Project | None, sections: Mapping[str, Mapping[str, Any]], documents: Mapping[str, Document]
) -> Iterator[Finding]:
    """Faults between and inside valid records (INV007, INV009, INV010)."""

    told: set[Position] = set()

    def assumed(subject: str, record: m.Record) -> Iterator[Finding]:
        for fault in _assumed(subject, record, documents):
            if fault.source is not None and fault.source not in told:  # once, however many records repeat it
                told.add(fault.source)
                yield fault

    def at(record: m.Record, *path: str | int) -> Position:
        shown, inner = place(record.at)
        return documents[shown].where(*inner, *path)

    racks: dict[str, m.Rack] = {}
    for row in sections["rows"].values():
        for rack in row.racks:
            first = racks.setdefault(rack.name, rack)
            if first is not rack:
                yield twice(f"racks/{rack.name}", rack.name, at(rack, "name"), at(first, "name"))
            yield from assumed(f"racks/{rack.name}", rack)
    for section in ("pools", "reserved_prefixes"):
        for name, record in sections[section].items():
            try:
                ipaddress.ip_network(record.prefix)
            except ValueError as exc:
                yield _wrong(at(record, "prefix"), f"{section}/{name}", f"not a network prefix: {exc}",
                             f"不是合法网段：{exc}", *_prefix_fix(record.prefix))  # fmt: skip
    for name, pool in sections["asn_pools"].items():
        if pool.last < pool.first:
            yield _wrong(at(pool, "last"), f"asn_pools/{name}", f"last {pool.last} is below first {pool.first}",
                         f"last {pool.last} 小于 first {pool.first}", "swap them", "对调")  # fmt: skip
    for section, field in (("waivers", "until"), ("policies", "expiry")):
        for name, record in sections[section].items():
            day = getattr(record, field)
            try:
                date.fromisoformat(day or "2000-01-01")
            except ValueError as exc:
                yield _wrong(at(record, field), f"{section}/{name}", f"{field}: {day} is no day: {exc}",
                             f"{field}：{day} 不是有效日期", "write a day of the calendar", "填写真实日期")  # fmt: skip
    for subject, record, fault in _misfits(sections):
        field, en, zh, fix_en, fix_zh = fault
        yield _wrong(at(record, field), subject, f"{field}: {en}", f"{field}：{zh}", fix_en, fix_zh)
    yield from broken_scenarios(sections, documents)
    for record in (project, *project.policy) if project else ():
        yield from assumed("project", record)
    for section, records in sections.items():
        for name, record in records.items():
            yield from assumed(f"{section}/{name}", record)


def _misfits(
    sections: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, m.Record, tuple[str, str, str, str, str]]]:
    """Fields that contradict another of their record: subject, record, and (field, fault, fix; each en, zh)."""
    for name, group in sections["replica_groups"].items():
        if group.scheme == "replica" and (group.write_quorum or 0) > group.copies:
            yield f"replica_groups/{name}", group, (
                "write_quorum", f"{group.write_quorum} of {group.copies} copies can never be written",
                f"{group.copies} 份副本无法写入 {group.write_quorum} 份", f"write at most {group.copies}",
                f"填写不超过 {group.copies}",
            )  # fmt: skip
    for section in ("site_links", "existing_links"):
        for name, link in sections[section].items():
            if link.a == link.b:
                yield f"{section}/{name}", link, (
                    "b", f"the link ends where it begins, at {link.a}", f"两端同为 {link.a}", "name the other end", "填写另一端",
                )  # fmt: skip
    for name, link in sections["site_links"].items():
        if link.via in (link.a, link.b) and link.via is not None:
            yield f"site_links/{name}", link, (
                "via", f"{link.via} is an end of the link", f"{link.via} 是链路的一端",
                "name the site it passes on the way, or remove it", "填写途经的中心，或删除",
            )  # fmt: skip
    yield from _unaddressed(sections)


def _unaddressed(
    sections: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, m.Record, tuple[str, str, str, str, str]]]:
    """Management servers whose address is none, or whose endpoint gives no single one. One that nobody knows yet
    (null) is no fault."""
    for name, server in sections["management_servers"].items():
        subject = f"management_servers/{name}"
        if server.address is not None and not _is_address(server.address):
            yield subject, server, (
                "address", f"{server.address} is no IP address", f"{server.address} 不是 IP 地址",
                "write one like 10.10.241.9", "写成地址，如 10.10.241.9",
            )  # fmt: skip
        endpoint = sections["endpoints"].get(server.endpoint)
        if endpoint is None or endpoint.addresses is None:
            continue
        told = endpoint.addresses
        if len(told) != 1 or not _is_address(told[0]):
            shown = ", ".join(told[:4]) + (" …" if len(told) > 4 else "") if told else "an empty list"
            shown_zh = shown if told else "空列表"
            yield subject, server, (
                "endpoint", f"{server.endpoint} has {shown}, which is not one address",
                f"{server.endpoint} 的地址为 {shown_zh}，不是单个地址",
                f"give {server.endpoint} one address (null when unknown), or write address: here",
                f"为 {server.endpoint} 填写一个地址（未知填 null），或在此改写 address",
            )  # fmt: skip


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def twice(subject: str, name: str, here: Position, first: Position) -> Finding:
    """INV009 for the second of two definitions."""
    return Finding(
        "INV009", Severity.ERROR, subject, Text(f"{name} is defined twice", f"{name} 重复定义"), here,
        Text("rename or remove one", "改名或删除其一"), related=(Related(first, "first definition"),),
    )  # fmt: skip


def _assumed(subject: str, record: m.Record, documents: Mapping[str, Document]) -> Iterator[Finding]:
    fields = type(record).model_fields.keys() - {"at", "assumed"}
    for field in record.assumed:
        if field in fields:
            continue
        shown, inner = place(record.at)
        path: DataPath = (*inner, "assumed", field)
        guess = near(field, fields)
        fix = Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess else Text(
            "name the assumed field", "写明所假设的字段名")  # fmt: skip
        yield Finding(
            "INV010", Severity.ERROR, subject,
            Text(f"assumed names {field}, which this record does not have", f"assumed 中的 {field} 不是此记录的字段"),
            documents[shown].where_key(*path), fix,
        )  # fmt: skip


def _prefix_fix(prefix: str) -> tuple[str, str]:
    try:
        hint = ipaddress.ip_network(prefix, strict=False)
    except ValueError:
        return "write a network like 10.10.0.0/24", "写成网段，如 10.10.0.0/24"
    return f"write {hint}", f"写成 {hint}"


def _wrong(at: Position, subject: str, en: str, zh: str, fix_en: str, fix_zh: str) -> Finding:
    return Finding("INV007", Severity.ERROR, subject, Text(en, zh), at, Text(fix_en, fix_zh))
