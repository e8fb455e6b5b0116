"""Whether the devices of a rack can be split over the banks of its power strips, one bank per device.

Both cords of a device sit on the bank of the same number of either strip, which carries the whole peak
once the other side is dead.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

Caps = tuple[int, ...]


@lru_cache(maxsize=1 << 16)
def splittable(peaks_w: tuple[int, ...], caps_w: Caps) -> bool:
    """Whether `peaks_w` (ascending) can be dealt to banks so that none carries more than its entry of `caps_w`.

    Exact: subset sums for two banks, search for more. An empty `caps_w` is no bank at all, not no limit.
    """
    total = sum(peaks_w)
    if total > sum(caps_w) or (peaks_w and peaks_w[-1] > max(caps_w)):
        return False
    if len(caps_w) != 2:
        return len(caps_w) < 2 or _dealt(peaks_w, tuple(sorted(caps_w)), set())
    reach = 1
    for peak in peaks_w:
        reach |= reach << peak
    least = max(total - caps_w[1], 0)
    return bool(reach >> least & ((1 << (caps_w[0] - least + 1)) - 1))


def _dealt(peaks_w: tuple[int, ...], room_w: Caps, failed: set[tuple[int, Caps]]) -> bool:
    """Whether all of `peaks_w` find room, the largest first; `failed` remembers what did not work."""
    if not peaks_w:
        return True
    key = (len(peaks_w), room_w)
    usable = sum(room for room in room_w if room >= peaks_w[0])
    if key in failed or sum(peaks_w) > usable:
        return False
    tried = set()
    for bank, room in enumerate(room_w):
        if room >= peaks_w[-1] and room not in tried:
            tried.add(room)
            left = tuple(sorted((*room_w[:bank], room - peaks_w[-1], *room_w[bank + 1 :])))
            if _dealt(peaks_w[:-1], left, failed):
                return True
    failed.add(key)
    return False


def raised_caps(peaks_w: Iterable[int], caps_w: Caps) -> Caps:
    """`caps_w`, raised where `peaks_w` cannot be split over them: to what each bank carries when the largest
    goes first, to the bank with most room left."""
    peaks = tuple(sorted(peaks_w))
    if not caps_w or splittable(peaks, caps_w):
        return caps_w
    room = list(caps_w)
    for peak in reversed(peaks):
        room[room.index(max(room))] -= peak
    return tuple(max(cap, cap - left) for cap, left in zip(caps_w, room, strict=True))
