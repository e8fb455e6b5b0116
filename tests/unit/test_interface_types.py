"""Interface types by name, and ranges of interface names."""

from __future__ import annotations

import pytest

from inventory.interface_types import INTERFACE_TYPES, expand_range, form_factor, speed_gbps

TYPES = {
    "100base-tx": (0.1, "rj45"),
    "1000base-t": (1.0, "rj45"),
    "1000base-x-sfp": (1.0, "sfp"),
    "2.5gbase-t": (2.5, "rj45"),
    "10gbase-x-sfpp": (10.0, "sfp+"),
    "10gbase-x-xfp": (10.0, "xfp"),
    "10gbase-kr": (10.0, "backplane"),
    "25gbase-x-sfp28": (25.0, "sfp28"),
    "40gbase-x-qsfpp": (40.0, "qsfp+"),
    "100gbase-x-qsfp28": (100.0, "qsfp28"),
    "100gbase-lr4": (100.0, "fixed"),
    "400gbase-x-osfp-rhs": (400.0, "osfp-rhs"),
    "1.6tbase-x-osfp1600": (1600.0, "osfp1600"),
    "16gfc-sfpp": (None, "sfp+"),
    "lag": (None, None),
    "other": (None, None),
    "no-such-type": (None, None),
}


@pytest.mark.parametrize(("name", "expected"), TYPES.items())
def test_speed_and_form_factor(name: str, expected: tuple[float | None, str | None]) -> None:
    assert (speed_gbps(name), form_factor(name)) == expected


def test_every_ethernet_type_has_a_speed() -> None:
    assert {t for t in INTERFACE_TYPES if "base-" in t and speed_gbps(t) is None} == set()


RANGES = {
    "10GE1/0/[1-3]": ["10GE1/0/1", "10GE1/0/2", "10GE1/0/3"],
    "MEth0/0/0": ["MEth0/0/0"],
    "B1-C13-[09-11]": ["B1-C13-09", "B1-C13-10", "B1-C13-11"],
    "p[1,3-4]": ["p1", "p3", "p4"],
    "[a-b][1-2]": ["a1", "a2", "b1", "b2"],
    "e[5-5]": ["e5"],
}


@pytest.mark.parametrize(("text", "names"), RANGES.items())
def test_range_expands_in_order(text: str, names: list[str]) -> None:
    assert expand_range(text) == names


@pytest.mark.parametrize(
    "text",
    ["p[]", "p[3-1]", "p[1-", "p1]", "p[1-x]", "p[-3]", "p[1,]", "p[0-99999]", "[0-99][0-99]", "[c-a]"],
)
def test_bad_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"range|bracket|names"):
        expand_range(text)
