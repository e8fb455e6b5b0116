"""Addresses and prefixes as plain integers, so that planning ten thousand devices stays quick."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import NamedTuple


class Address(NamedTuple):
    """One address: IP version (4 or 6) and its value."""

    version: int
    value: int

    @property
    def text(self) -> str:
        """The usual spelling."""
        return address_text(self.version, self.value)


class Net(NamedTuple):
    """One prefix: IP version (4 or 6), first address, prefix length in bits."""

    version: int
    first: int
    length: int

    @property
    def bits(self) -> int:
        """Length of an address of this version: 32 or 128."""
        return 32 if self.version == 4 else 128

    @property
    def size(self) -> int:
        """Addresses in the prefix, unusable ones included."""
        return 1 << (self.bits - self.length)

    @property
    def last(self) -> int:
        """The highest address."""
        return self.first + self.size - 1

    @property
    def first_usable(self) -> int:
        """Lowest address a host may have. /31, /32, /127 and /128 lose none; else the network address is lost.

        Source: RFC 3021 (/31), RFC 6164 (/127), RFC 4291 2.6.1 (subnet-router anycast).
        """
        return self.first if self.size <= 2 else self.first + 1

    @property
    def last_usable(self) -> int:
        """Highest address a host may have: IPv4 loses the broadcast address."""
        return self.last if self.size <= 2 or self.version == 6 else self.last - 1

    @property
    def usable(self) -> int:
        """How many addresses hosts may have."""
        return self.last_usable - self.first_usable + 1

    @property
    def text(self) -> str:
        """The usual spelling."""
        return f"{address_text(self.version, self.first)}/{self.length}"

    def holds(self, address: Address) -> bool:
        """True when the address lies inside."""
        return self.version == address.version and self.first <= address.value <= self.last

    def contains(self, other: Net) -> bool:
        """True when the whole of `other` lies inside."""
        return self.version == other.version and self.first <= other.first and other.last <= self.last

    def overlaps(self, other: Net) -> bool:
        """True when any address lies in both."""
        return self.version == other.version and self.first <= other.last and other.first <= self.last


def address_text(version: int, value: int) -> str:
    """Spelling of an address given as integer."""
    if version == 4:
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
    return str(ipaddress.IPv6Address(value))


@lru_cache(maxsize=1 << 17)
def parse_address(text: str) -> Address | None:
    """The address a text spells, without prefix length; None when it spells none."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    return Address(parsed.version, int(parsed))


@lru_cache(maxsize=1 << 16)
def parse_net(text: str) -> Net | None:
    """The prefix a text spells; None when it spells none or has host bits set."""
    try:
        parsed = ipaddress.ip_network(text)
    except ValueError:
        return None
    return Net(parsed.version, int(parsed.network_address), parsed.prefixlen)


class Taken:
    """Ranges of one IP version that are in use: disjoint, ascending, touching ones joined."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, first: int, last: int) -> None:
        """Mark first to last (inclusive) as used; overlap with used ranges is allowed."""
        i, j = bisect_left(self._ends, first - 1), bisect_right(self._starts, last + 1)
        if i < j:
            first, last = min(first, self._starts[i]), max(last, self._ends[j - 1])
        self._starts[i:j], self._ends[i:j] = [first], [last]

    def meets(self, first: int, last: int) -> bool:
        """True when any address of first to last (inclusive) is used."""
        i = bisect_left(self._ends, first)
        return i < len(self._ends) and self._starts[i] <= last

    def lowest_free(self, first: int, last: int, size: int) -> int | None:
        """Lowest start of `size` unused addresses inside first to last, aligned to `size` (a power of two)."""
        position = -(-first // size) * size
        while position + size - 1 <= last:
            i = bisect_left(self._ends, position)
            if i == len(self._ends) or self._starts[i] > position + size - 1:
                return position
            position = -(-(self._ends[i] + 1) // size) * size
        return None

    def used(self, first: int, last: int) -> int:
        """How many addresses of first to last (inclusive) are used."""
        count, i = 0, bisect_left(self._ends, first)
        while i < len(self._ends) and self._starts[i] <= last:
            count += min(self._ends[i], last) - max(self._starts[i], first) + 1
            i += 1
        return count
