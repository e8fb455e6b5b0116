"""Cases: security zones, what stands between them, and the access table."""

from __future__ import annotations

from pathlib import Path

from tests.cases.breaking import Edit, text_case

S, X, N = "security.yml", "addressing.yml", "network.yml"

SWITCH = "  - {{name: {name}, title: {{en: {name}, zh: {name}}}, site: A, role: {role}, {more}risks: {{rack: [{rack}]}}}}\n"
LINK = "  - {{name: {a}--{b}, a: {a}, b: {b}, count: 2, speed_gbps: 40}}\n"
ROUTERS = "".join(SWITCH.format(name=f"A-RTR-{n}", role="router", more="", rack=f"A01-X{n}") for n in (1, 2))


def border(
    name: str, firewalls: int = 2, rack: str = "A01-X4", links: str = "", more: str = "", switches: str = ""
) -> None:
    """A case that surveys the border of site A: two routers, firewalls, and their cables."""
    walls = "".join(
        SWITCH.format(
            name=f"A-FW-{n}", role="firewall", more="pair: A-FW, ", rack="A01-X3" if n == 1 else rack
        )
        for n in range(1, firewalls + 1)
    )
    cables = "".join(
        LINK.format(a=a, b=b)
        for n in range(1, firewalls + 1)
        for a, b in (("A-RTR-1", f"A-FW-{n}"), ("A-RTR-2", f"A-FW-{n}"), (f"A-FW-{n}", "A-DSW-1"), (f"A-FW-{n}", "A-DSW-2"))
    )  # fmt: skip
    text_case(
        name,
        Edit(
            "border.yml",
            "",
            f"existing_switches:\n{ROUTERS}{walls}{switches}existing_links:\n{cables}{links}{more}",
        ),
    )


border("border_surveyed")
border("border_with_a_link_past_the_firewalls", links=LINK.format(a="A-RTR-2", b="A-DSW-3"))
border("border_with_a_link_into_out_of_band", links=LINK.format(a="A-RTR-1", b="A-OMR-1"))
border("border_of_one_firewall", firewalls=1)
border("border_with_firewalls_in_one_rack", rack="A01-X3")
border(
    "border_with_a_bypass",
    more="waypoints:\n  - {name: A-FW, title: {en: Firewalls, zh: 防火墙}, kind: firewall, devices: [A-FW-1, A-FW-2], in_line: true, bypass: true}\n",
)
border(
    "border_watched_elsewhere",
    more="mirrors:\n  - {name: core-copies, probe: b-probe, of: [B-DSW-1], gbps: 1}\n",
)
border(
    "border_with_one_load_balancer",
    links=LINK.format(a="A-DSW-1", b="A-LB-1") + LINK.format(a="A-DSW-2", b="A-LB-1"),
    switches=SWITCH.format(name="A-LB-1", role="load-balancer", more="", rack="A01-X5"),
)

border("border_with_core_joined_to_out_of_band", links=LINK.format(a="A-DSW-1", b="A-OMR-2"))
WEB = '  - {name: web, src_zone: public, src: [10.10.200.0/28], dst_zone: core, dst: [a-ecs], proto: tcp, port: "8443", application: settlement-api}\n'
border("border_with_public_past_it", more=f"policies:\n{WEB}")
BOTH = "    room: A01\n    x_m: 15.6\n", "    room: A01\n    x_m: 16.2\n"
existing = (Path(__file__).parents[2] / "inventory/projects/guangxi/existing.yml").read_text(encoding="utf-8")
between = existing[existing.index(BOTH[0]) : existing.index(BOTH[1]) + len(BOTH[1])]
text_case(
    "standing_pair_in_two_zones",
    Edit(
        "existing.yml",
        between,
        f"    zone: management\n{between.replace(BOTH[1], '    zone: public' + chr(10) + BOTH[1])}",
    ),
)
text_case(
    "crypto_at_one_site",
    Edit("fleets.yml", "device_type: cloud-hsm-2u", "device_type: db-encryption-2u", after="name: b-hsm\n"),
)

text_case("probe_gets_too_much", Edit(S, "probe: a-probe, gbps: null", "probe: a-probe, gbps: 12"))
text_case("probe_gets_enough", Edit(S, "probe: a-probe, gbps: null", "probe: a-probe, gbps: 9"))
text_case("vpn_gateway_in_line", Edit(S, "in_line: false", "in_line: true", after="fleets: [a-sslvpn]\n"))
text_case(
    "vpn_gateways_with_bypass", Edit(S, "bypass: null", "bypass: true", after="fleets: [a-ipsec, b-ipsec]\n")
)
text_case("bmc_pool_in_core_zone", Edit(X, "prefix: 10.10.240.0/24,", "prefix: 10.10.240.0/24, zone: core,"))
text_case("storage_pool_at_the_exit", Edit(X, "prefix: 10.10.16.0/22,", "prefix: 10.10.16.0/22, zone: exit,"))
text_case(
    "business_pool_of_two_zones", Edit(X, "prefix: 10.10.0.0/20,", "prefix: 10.10.0.0/20, zone: public,")
)
text_case(
    "vlan_on_a_pair_of_another_zone",
    Edit(
        N,
        "    home_rows: [A01-A]\n",
        "    zone: management\n    home_rows: [A01-A]\n",
        after="name: A-ASW-01\n",
    ),
)
text_case("rule_names_nothing", Edit(S, "dst: [dns]", "dst: [dnss]"))
text_case("rule_port_out_of_range", Edit(S, 'port: "6514"', 'port: "75140"'))
text_case(
    "rule_of_another_zone", Edit(S, "src_zone: management, src: [monitor]", "src_zone: core, src: [monitor]")
)
text_case(
    "rule_any_to_any",
    Edit(S, "src: [monitor], dst_zone: oob, dst: [a-mgmt, b-mgmt]", "src: [any], dst_zone: oob, dst: [any]"),
)
text_case(
    "rule_of_a_wide_prefix",
    Edit(S, "dst_zone: management, dst: [siem]", "dst_zone: management, dst: [10.10.0.0/16]"),
)
text_case("rule_of_many_ports", Edit(S, 'port: "22,443"', 'port: "1-1024"'))
text_case("rule_with_telnet", Edit(S, 'port: "22,443"', 'port: "22-23,443"'))
text_case("rule_with_old_snmp", Edit(S, "application: snmpv3", "application: snmpv2c"))
text_case("rule_with_snmp_of_no_version", Edit(S, "application: snmpv3, ", ""))
text_case("rule_from_core_into_out_of_band", Edit(S, "src_zone: oob, src: [a-probe, b-probe], dst_zone: management, dst: [siem]",
                                                  "src_zone: management, src: [a-probe, b-probe], dst_zone: crypto, dst: [a-hsm]"))  # fmt: skip
text_case("rule_wakes_a_honeypot", Edit(S, "src: [a-central-rdb, a-distributed-rdb, b-central-rdb, b-distributed-rdb], dst_zone: crypto, dst: [a-hsm, b-hsm], proto: tcp, port: null",
                                        'src: [a-honeypot, a-central-rdb], dst_zone: crypto, dst: [a-hsm, b-hsm], proto: tcp, port: "8008"'))  # fmt: skip
text_case("rule_for_years", Edit(S, "application: https, ", "application: https, expiry: 2031-01-01, "))
text_case("rule_has_ended", Edit(S, "application: https, ", "application: https, expiry: 2026-01-01, "))
text_case("rule_not_logged", Edit(S, "application: https, ", "application: https, log: false, "))
text_case("rule_ends_on_no_day", Edit(S, "application: https, ", "application: https, expiry: 2026-02-31, "))
text_case(
    "rule_behind_a_wider_one",
    Edit(
        S,
        "  - {name: probes-siem,",
        '  - {name: time-again, src_zone: core, src: [A-ASW-02], dst_zone: management, dst: [ntp], proto: udp, port: "123"}\n  - {name: probes-siem,',
    ),
)
text_case(
    "rule_public_into_core",
    Edit(
        S,
        "  - {name: probes-siem,",
        f"{WEB}  - {{name: probes-siem,",
    ),
)
