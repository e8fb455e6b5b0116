"""Interface types by their NetBox names: which exist, how fast they run, which cage or plug they have.

Source: NetBox interface type identifiers (release 4.6 and the device type library).
"""

from __future__ import annotations

import itertools
import re
import string
from functools import lru_cache

_ETHERNET = """
100base-fx 100base-lfx 100base-tx 100base-t1 100base-x-sfp
1000base-bx10-d 1000base-bx10-u 1000base-cwdm 1000base-cx 1000base-dwdm 1000base-ex 1000base-sx
1000base-lsx 1000base-lx 1000base-lx10 1000base-t 1000base-tx 1000base-zx 1000base-kx
1000base-x-gbic 1000base-x-sfp
2.5gbase-t 2.5gbase-x-sfp 2.5gbase-kx 5gbase-t 5gbase-kr
10gbase-br-d 10gbase-br-u 10gbase-cu 10gbase-cx4 10gbase-er 10gbase-lr 10gbase-lrm 10gbase-lx4
10gbase-sr 10gbase-t 10gbase-zr 10gbase-kr 10gbase-kx4
10gbase-x-sfpp 10gbase-x-xfp 10gbase-x-xenpak 10gbase-x-x2
25gbase-cr 25gbase-er 25gbase-lr 25gbase-sr 25gbase-t 25gbase-kr 25gbase-x-sfp28
40gbase-cr4 40gbase-er4 40gbase-fr4 40gbase-lr4 40gbase-sr4 40gbase-sr4-bd 40gbase-kr4 40gbase-x-qsfpp
50gbase-cr 50gbase-er 50gbase-fr 50gbase-lr 50gbase-sr 50gbase-kr 50gbase-x-sfp28 50gbase-x-sfp56
100gbase-cr1 100gbase-cr2 100gbase-cr4 100gbase-cr10 100gbase-cwdm4 100gbase-dr 100gbase-fr1
100gbase-er4 100gbase-lr1 100gbase-lr4 100gbase-sr1 100gbase-sr1.2 100gbase-sr2 100gbase-sr4
100gbase-sr10 100gbase-zr 100gbase-kp4 100gbase-kr2 100gbase-kr4
100gbase-x-cfp 100gbase-x-cfp2 100gbase-x-cfp4 100gbase-x-cxp 100gbase-x-cpak 100gbase-x-dsfp
100gbase-x-sfp112 100gbase-x-sfpdd 100gbase-x-qsfp28 100gbase-x-qsfpdd
200gbase-cr2 200gbase-cr4 200gbase-sr2 200gbase-sr4 200gbase-dr4 200gbase-fr4 200gbase-lr4
200gbase-er4 200gbase-vr2 200gbase-x-cfp2 200gbase-x-qsfp56 200gbase-x-qsfpdd
400gbase-cr4 400gbase-dr4 400gbase-er8 400gbase-fr4 400gbase-fr8 400gbase-lr4 400gbase-lr8
400gbase-sr4 400gbase-sr4_2 400gbase-sr8 400gbase-sr16 400gbase-vr4 400gbase-zr
400gbase-x-cfp2 400gbase-x-qsfp112 400gbase-x-qsfpdd 400gbase-x-osfp 400gbase-x-osfp-rhs
400gbase-x-cdfp 400gbase-x-cfp8
800gbase-cr8 800gbase-dr8 800gbase-sr8 800gbase-vr8 800gbase-x-qsfpdd 800gbase-x-osfp
1.6tbase-cr8 1.6tbase-dr8 1.6tbase-dr8-2 1.6tbase-kr8
1.6tbase-x-osfp1600 1.6tbase-x-osfp1600-rhs 1.6tbase-x-qsfpdd1600
"""

_OTHER = """
virtual bridge lag channel other
ieee802.11a ieee802.11g ieee802.11n ieee802.11ac ieee802.11ad ieee802.11ax ieee802.11ay ieee802.11be
ieee802.15.1 ieee802.15.4 other-wireless gsm cdma lte 4g 5g
sonet-oc3 sonet-oc12 sonet-oc48 sonet-oc192 sonet-oc768 sonet-oc1920 sonet-oc3840
1gfc-sfp 2gfc-sfp 4gfc-sfp 8gfc-sfpp 16gfc-sfpp 32gfc-sfp28 32gfc-sfpp 64gfc-qsfpp 64gfc-sfpdd
64gfc-sfpp 128gfc-qsfp28
infiniband-sdr infiniband-ddr infiniband-qdr infiniband-fdr10 infiniband-fdr infiniband-edr
infiniband-hdr infiniband-ndr infiniband-xdr infiniband-sdr-4x infiniband-ddr-4x infiniband-qdr-4x
infiniband-fdr10-4x infiniband-fdr-4x infiniband-edr-4x infiniband-hdr-4x infiniband-ndr-4x
infiniband-xdr-4x
t1 e1 t3 e3 xdsl docsis moca bpon epon 10g-epon gpon xg-pon xgs-pon ng-pon2 25g-pon 50g-pon
cisco-stackwise cisco-stackwise-plus cisco-flexstack cisco-flexstack-plus cisco-stackwise-80
cisco-stackwise-160 cisco-stackwise-320 cisco-stackwise-480 cisco-stackwise-1t juniper-vcp
extreme-summitstack extreme-summitstack-128 extreme-summitstack-256 extreme-summitstack-512
hpe-synergy-interconnect-link
"""

INTERFACE_TYPES: frozenset[str] = frozenset(_ETHERNET.split()) | frozenset(_OTHER.split())
"""Every interface type a device type file may name."""

VIRTUAL_TYPES: frozenset[str] = frozenset({"virtual", "bridge", "lag", "channel"})
"""Interface types that no cable can be plugged into."""

MAX_EXPANDED = 4096
"""Most names one pattern may stand for."""

_SPEED = re.compile(r"(\d+(?:\.\d+)?)([gt]?)base-")
_CAGE = re.compile(r"-(?:x-)?(?:qsfp|osfp|sfp|cfp|cdfp|cxp|cpak|dsfp|gbic|xfp|xenpak|x2)[a-z0-9]*(?:-rhs)?\Z")
_RANGE = re.compile(r"\[([^\[\]]*)\]")


@lru_cache(maxsize=1024)
def speed_gbps(interface_type: str) -> float | None:
    """Ethernet speed in Gbit/s of an interface type; None when it is not Ethernet or not stated."""
    match = _SPEED.match(interface_type)
    if match is None or interface_type not in INTERFACE_TYPES:
        return None
    scale = {"": 0.001, "g": 1.0, "t": 1000.0}[match.group(2)]
    return round(float(match.group(1)) * scale, 6)


@lru_cache(maxsize=1024)
def form_factor(interface_type: str) -> str | None:
    """Plug or cage of an interface type: rj45, sfp, sfp+, sfp28, qsfp+, qsfp28 and so on.

    `fixed` is an optic soldered in, `backplane` a trace inside a chassis; None: no plug, or not known.
    """
    if interface_type not in INTERFACE_TYPES or interface_type in VIRTUAL_TYPES:
        return None
    if cage := _CAGE.search(interface_type):
        name = cage.group().removeprefix("-").removeprefix("x-")
        return name.removesuffix("p") + "+" if name in ("sfpp", "qsfpp") else name
    if _SPEED.match(interface_type) is None:
        return None
    medium = interface_type.partition("base-")[2]
    if medium in ("t", "tx"):
        return "rj45"
    if medium.startswith("k"):
        return "backplane"
    return None if medium == "t1" else "fixed"


def expand_range(text: str) -> list[str]:
    """Names a pattern stands for, in order: `10GE1/0/[1-40]`, `p[1,2]`, `[a-c][1-2]`.

    A leading zero keeps the width (`[01-12]`). Several brackets multiply, the last running fastest; text
    without brackets is one name. Raises ValueError on an empty, reversed or malformed range and on more
    than MAX_EXPANDED names.
    """
    parts = _RANGE.split(text)
    if any("[" in part or "]" in part for part in parts[::2]):
        raise ValueError(f"brackets of {text!r} do not pair")
    choices = [[part] if index % 2 == 0 else _alternatives(part, text) for index, part in enumerate(parts)]
    total = 1
    for choice in choices:
        total *= len(choice)
        if total > MAX_EXPANDED:
            raise ValueError(f"{text!r} stands for more than {MAX_EXPANDED} names")
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def _alternatives(body: str, text: str) -> list[str]:
    out: list[str] = []
    for item in body.split(","):
        first, dash, last = (piece.strip() for piece in item.partition("-"))
        if not first or (dash and not last):
            raise ValueError(f"empty range in {text!r}")
        if not dash:
            out.append(first)
        elif first.isascii() and first.isdecimal() and last.isascii() and last.isdecimal():
            low, high = int(first), int(last)
            if high - low >= MAX_EXPANDED:
                raise ValueError(f"{text!r} stands for more than {MAX_EXPANDED} names")
            if high < low:
                raise ValueError(f"range {item.strip()!r} in {text!r} runs backwards")
            width = len(first) if first.startswith("0") else 0
            out.extend(str(number).zfill(width) for number in range(low, high + 1))
        elif len(first) == len(last) == 1 and first in string.ascii_letters and last in string.ascii_letters:
            if last < first:
                raise ValueError(f"range {item.strip()!r} in {text!r} runs backwards")
            out.extend(chr(code) for code in range(ord(first), ord(last) + 1))
        else:
            raise ValueError(f"{item.strip()!r} in {text!r} is neither a range of numbers nor of letters")
    return out
