"""Servers that devices ask: where their address comes from, and what is refused about it."""

from pathlib import Path

import pytest

from inventory.findings import Finding
from inventory.inventory import Inventory
from inventory.load import load

PROJECT = """\
project: {name: p, title: {en: P, zh: 项目}}
sites:
  - {name: A, role: production, title: {en: A, zh: 甲}}
  - {name: B, role: dr, title: {en: B, zh: 乙}}
zones:
  - {name: management, title: {en: M, zh: 管理}, kind: management}
endpoints:
  - {name: one, title: {en: O, zh: 一}, zone: management, addresses: [10.0.0.9]}
  - {name: unknown, title: {en: U, zh: 未知}, zone: management, addresses: null}
  - {name: none, title: {en: N, zh: 无}, zone: management, addresses: []}
  - {name: two, title: {en: T, zh: 二}, zone: management, addresses: [10.0.0.1, 10.0.0.2]}
  - {name: net, title: {en: W, zh: 网}, zone: management, addresses: [10.0.0.0/24]}
management_servers:
"""


def loaded(folder: Path, *servers: str) -> tuple[Inventory | None, list[Finding]]:
    """The project with management servers written as given."""
    rows = "".join(f"  - {{{server}}}\n" for server in servers)
    (folder / "project.yml").write_text(PROJECT + rows, encoding="utf-8")
    done = load(folder)
    return done.inventory, list(done.findings)


def test_a_server_has_the_address_of_its_endpoint_or_its_own_or_none(tmp_path: Path) -> None:
    inventory, findings = loaded(
        tmp_path,
        "name: N1, kind: ntp, endpoint: one",
        "name: N2, kind: ntp, site: B, address: 10.0.0.3",
        "name: N3, kind: ntp, site: A, endpoint: unknown",
        "name: N4, kind: ntp, site: A, address: null",
        "name: D1, kind: dhcp, endpoint: one, api_url: 'https://kea.example:8000/'",
    )
    assert inventory is not None, findings
    at_a = [(s.name, s.address) for s in inventory.servers("ntp", "A")]
    assert at_a == [("N3", None), ("N4", None), ("N1", "10.0.0.9")]  # those of the site first
    assert [s.name for s in inventory.servers("ntp")] == ["N2", "N3", "N4", "N1"]
    dhcp = inventory.servers("dhcp", "B")
    assert [(s.address, s.api_url) for s in dhcp] == [("10.0.0.9", "https://kea.example:8000/")]


@pytest.mark.parametrize(
    ("server", "code", "said"),
    [
        ("name: N, kind: ntp", "INV007", "neither an address nor an endpoint is given"),
        ("name: N, kind: ntp, address: 10.0.0.1, endpoint: one", "INV007", "address and endpoint are both given"),
        ("name: N, kind: ntp, endpoint: none", "INV007", "none has an empty list, which is not one address"),
        ("name: N, kind: ntp, endpoint: two", "INV007", "two has 10.0.0.1, 10.0.0.2, which is not one address"),
        ("name: N, kind: ntp, endpoint: net", "INV007", "net has 10.0.0.0/24, which is not one address"),
        ("name: N, kind: ntp, endpoint: oen", "INV008", 'endpoint: no endpoints named "oen"'),
        ("name: N, kind: ntp, address: 10.0.0.999", "INV007", "10.0.0.999 is no IP address"),
        ("name: N, kind: dns, address: null, api_url: 'http://u:pw@dns.example/'", "INV007", "api_url: expected"),
        ("name: N, kind: dns, address: null, api_url: dns.example", "INV007", "api_url: expected"),
        ("name: N, kind: tftp, address: null", "INV007", "kind: expected one of"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_at_its_line(tmp_path: Path, server: str, code: str, said: str) -> None:
    inventory, findings = loaded(tmp_path, server)
    assert inventory is None
    (finding,) = findings
    assert (finding.code, finding.source.line if finding.source else 0) == (code, PROJECT.count("\n") + 1)
    assert said in finding.message.en
