"""Units of fields by the end of their names, and quantities written with a unit of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

_UNITS = {
    "kw": "kW", "w": "W", "kva": "kVA", "a": "A", "v": "V", "m": "m", "mm": "mm", "km": "km", "s": "s", "ms": "ms",
    "min": "min", "h": "h", "gbps": "Gb/s", "kg": "kg", "l": "litres", "u": "U", "tb": "TB", "gb": "GB", "kwh": "kWh",
}  # fmt: skip
_SCALE = {
    ("W", "kW"): 0.001, ("kW", "W"): 1000.0, ("MW", "kW"): 1000.0, ("VA", "kVA"): 0.001, ("Wh", "kWh"): 0.001,
    ("mA", "A"): 0.001, ("kA", "A"): 1000.0, ("kV", "V"): 1000.0, ("mm", "m"): 0.001, ("cm", "m"): 0.01,
    ("km", "m"): 1000.0, ("m", "mm"): 1000.0, ("cm", "mm"): 10.0, ("m", "km"): 0.001, ("ms", "s"): 0.001,
    ("min", "s"): 60.0, ("h", "s"): 3600.0, ("s", "ms"): 1000.0, ("s", "min"): 1 / 60, ("h", "min"): 60.0,
    ("d", "h"): 24.0, ("min", "h"): 1 / 60, ("Mb/s", "Gb/s"): 0.001, ("Tb/s", "Gb/s"): 1000.0, ("g", "kg"): 0.001,
    ("t", "kg"): 1000.0, ("GB", "TB"): 0.001, ("TB", "GB"): 1000.0, ("%", "ratio"): 0.01,
}  # fmt: skip
_SAME = {"Gbps": "Gb/s", "Gbit/s": "Gb/s", "Mbps": "Mb/s", "G": "Gb/s", "Kw": "kW", "KW": "kW", "KVA": "kVA",
         "hours": "h", "minutes": "min", "seconds": "s", "days": "d", "L": "litres", "l": "litres", "M": "m",
         "瓦": "W", "千瓦": "kW", "米": "m", "公里": "km", "秒": "s", "分钟": "min", "小时": "h", "安": "A"}  # fmt: skip
_QUANTITY = re.compile(r"\s*([-+]?[0-9]+(?:\.[0-9]+)?)\s*([^\s0-9.]\S*)?\s*\Z")


def unit_of(field: str) -> str:
    """The unit a field name ends in (`rated_kw`: kW), or nothing."""
    return _UNITS.get(field.rsplit("_", 1)[-1], "") if "_" in field else ""


def in_unit(text: str, unit: str) -> tuple[float | None, bool]:
    """(number, its unit was understood) of `5 kW` for a field in `unit`; the number is None when there is none,
    and as written when its unit is not known."""
    quantity = _QUANTITY.match(text)
    if quantity is None:
        return None, False
    number, written = float(quantity[1]), quantity[2]
    if written is None:
        return number, True
    name = _SAME.get(written, written)
    scale = 1.0 if name == unit else _SCALE.get((name, unit))
    return (number, False) if scale is None else (number * scale, True)


def rescaled(number: float, unit: str) -> Iterator[tuple[str, float]]:
    """The number taken as one of the smaller units of `unit`: (unit, value), e.g. 5000 for kW: W, 5.0."""
    for (small, large), scale in _SCALE.items():
        if large == unit and scale < 1:
            yield small, number * scale


def plain_number(number: float) -> str:
    """A number as people write it, to twelve digits: 5, 0.4, 4294967294."""
    return f"{number:.12g}"
