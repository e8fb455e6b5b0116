"""Made-up regions: dual-homed, dual-fed servers in two sites, as integer tables, and the networkx graph of the same.

Two rooms a site; a leaf pair a rack; pods of 40 racks with one spine in each of four planes; per site and plane
a few cores; two routers a site, where users come in. Every rack has a PDU on side a and b of its room's UPS,
behind the site's utility and generators. Uplinks of A and B leaves lie in trays of their own, row by row. An
irregular region has odd pods and racks, missing links, single-homed and single-fed servers, and rows with one tray.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from capacity.kernel_columns import Ints

if TYPE_CHECKING:
    pass

SITES, ROOMS, PLANES = 2, 4, 4
RACK_SERVERS, POD_RACKS, ROW_RACKS = 20, 40, 10
ROUTERS_PER_SITE = 2
LEAF, SPINE, CORE, ROUTER = range(4)
KINDS = ("leaf", "spine", "core", "router")
NONE = -1


@dataclass(frozen=True)
class Region:
    """Tables of one region; every number is an index, -1 is none.

    Rooms 0-1 are site 0, 2-3 site 1. PDU 2 r + s stands in rack r on side s; UPS 2 m + s feeds side s of room m.
    `server_pdu`: int64[servers, 2]; `switch_pdu` alike; `switch_member`: 0 for A, 1 for B of a leaf pair, the
    plane of spines and cores; `switch_version`: software; `access`: int64[cables, 2], server and leaf;
    `links`: int64[cables, 2], lower and upper switch; `tray_ptr`, `tray_link`: the links in each tray segment.
    """

    rack_room: Ints
    rack_row: Ints
    rack_pod: Ints
    server_rack: Ints
    server_pdu: Ints
    switch_kind: Ints
    switch_rack: Ints
    switch_member: Ints
    switch_version: Ints
    switch_pdu: Ints
    access: Ints
    links: Ints
    tray_ptr: Ints
    tray_link: Ints

    @property
    def n_servers(self) -> int:
        """Servers."""
        return len(self.server_rack)

    @property
    def n_switches(self) -> int:
        """Leaves, spines, cores and routers."""
        return len(self.switch_kind)

    @property
    def nbytes(self) -> int:
        """Bytes of all tables."""
        return sum(table.nbytes for table in vars(self).values())


def region(n_servers: int, seed: int | None = None) -> Region:
    """A region of about `n_servers`; regular without a `seed`, irregular with one."""
    rng = np.random.default_rng(seed)
    odd = seed is not None
    if odd:
        sizes = rng.integers(3, RACK_SERVERS + 5, size=2 * max(8, n_servers // RACK_SERVERS))
        sizes = sizes[: max(8, int(np.searchsorted(np.cumsum(sizes), n_servers)) + 1)]
    else:
        racks = max(8, -(-n_servers // RACK_SERVERS))
        sizes = np.full(racks, n_servers // racks) + (np.arange(racks) < n_servers % racks)
    n_racks = len(sizes)
    rack_room = np.arange(n_racks, dtype=np.int64) * ROOMS // n_racks
    inside = np.arange(n_racks) - np.searchsorted(rack_room, rack_room)
    if odd:
        breaks = (rng.random(n_racks) < 2 / POD_RACKS) | (inside == 0)
        rack_pod = np.cumsum(breaks) - 1
    else:
        rack_pod = _numbered(rack_room, inside // POD_RACKS)
    rack_row = _numbered(rack_room, inside // ROW_RACKS)
    server_rack = np.repeat(np.arange(n_racks, dtype=np.int64), sizes)
    n = len(server_rack)
    server_pdu = np.column_stack((2 * server_rack, 2 * server_rack + 1))
    leaf_rack = np.repeat(np.arange(n_racks, dtype=np.int64), 2)
    n_pods = int(rack_pod[-1]) + 1
    pod_first = np.searchsorted(rack_pod, np.arange(n_pods))
    pod_size = np.bincount(rack_pod)
    plane = np.tile(np.arange(PLANES, dtype=np.int64), n_pods)
    spine_rack = np.repeat(pod_first, PLANES) + plane % np.minimum(2, np.repeat(pod_size, PLANES))
    cores = 2 + n_pods // 32  # of each plane and site
    core_site, core_plane, _ = (
        part.ravel() for part in np.indices((SITES, PLANES, cores), dtype=np.int64)
    )  # fmt: skip
    core_rack = np.searchsorted(rack_room, core_site * 2 + core_plane % 2)
    router_site, router_room = (
        part.ravel() for part in np.indices((SITES, ROUTERS_PER_SITE), dtype=np.int64)
    )
    router_rack = np.searchsorted(rack_room, router_site * 2 + router_room)
    kind = np.repeat(
        np.array([LEAF, SPINE, CORE, ROUTER], dtype=np.int64),
        [len(leaf_rack), len(plane), len(core_rack), len(router_rack)],
    )
    rack = np.concatenate((leaf_rack, spine_rack, core_rack, router_rack))
    member = np.concatenate((np.tile([0, 1], n_racks), plane, core_plane, router_room)).astype(np.int64)
    version = kind * 2 + member % 2
    switch_pdu = np.column_stack((2 * rack, 2 * rack + 1))
    first_spine, first_core = len(leaf_rack), len(leaf_rack) + len(plane)
    first_router = first_core + len(core_rack)

    # Two parallel cables from every server to each leaf of its rack.
    access = np.column_stack(
        (np.repeat(np.arange(n), 4), np.repeat(2 * server_rack, 4) + np.tile([0, 0, 1, 1], n))
    ).astype(np.int64)
    up = np.column_stack(
        (
            np.repeat(np.arange(len(leaf_rack)), PLANES),
            (first_spine + np.repeat(rack_pod[leaf_rack] * PLANES, PLANES)) + np.tile(np.arange(PLANES), len(leaf_rack)),
        )
    )  # fmt: skip
    spine_site = rack_room[spine_rack] // 2
    across = np.column_stack(
        (
            np.repeat(first_spine + np.arange(len(plane)), cores),
            np.repeat(first_core + (spine_site * PLANES + plane) * cores, cores)
            + np.tile(np.arange(cores), len(plane)),
        )
    )
    out = np.column_stack(
        (
            np.repeat(first_core + np.arange(len(core_rack)), ROUTERS_PER_SITE),
            np.repeat(first_router + core_site * ROUTERS_PER_SITE, ROUTERS_PER_SITE)
            + np.tile(np.arange(ROUTERS_PER_SITE), len(core_rack)),
        )
    )
    links = np.concatenate((up, across, out)).astype(np.int64)
    if odd:
        server_pdu[rng.random(n) < 0.01, 1] = NONE
        server_pdu[rng.random(n) < 0.01, 0] = server_pdu[0, 0]  # one cord into a far rack
        single = rng.random(n) < 0.01
        keep = rng.random(len(access)) > 0.02
        access = access[keep & ~(single[access[:, 0]] & (access[:, 1] % 2 == 1))]
        links = links[rng.random(len(links)) > 0.03]
        version[: len(leaf_rack)][rng.random(len(leaf_rack)) < 0.02] = LEAF * 2

    # Segment k of a row's tray carries the uplinks of racks k and beyond; one segment a room and plane above.
    lower = links[:, 0]
    is_up = lower < first_spine
    row = rack_row[rack[lower]]
    side = member[lower] % 2
    if odd:
        side = np.where(rng.random(int(rack_row[-1]) + 1)[row] < 0.1, 0, side)
    tray = 2 * row + side
    depth = np.arange(n_racks)[rack[lower]] - np.searchsorted(rack_row, row)
    crossed = np.where(is_up, depth + 1, 0)
    segment = np.repeat(tray * (ROW_RACKS + 1), crossed) + _counted(crossed)
    upper = (2 * (int(rack_row[-1]) + 1)) * (ROW_RACKS + 1) + rack_room[rack[lower]] * PLANES + member[lower]
    segment = np.concatenate((segment, upper[~is_up]))
    carried = np.concatenate((np.repeat(np.arange(len(links)), crossed), np.flatnonzero(~is_up)))
    order = np.lexsort((carried, segment))
    starts = np.flatnonzero(np.diff(segment[order], prepend=-1))
    return Region(
        rack_room, rack_row, rack_pod, server_rack, server_pdu, kind, rack, member, version, switch_pdu, access,
        links, np.append(starts, len(carried)).astype(np.int64), carried[order].astype(np.int64),
    )  # fmt: skip


def _numbered(major: Ints, minor: Ints) -> Ints:
    """0, 1, 2, … for each new pair of sorted keys."""
    fresh = (np.diff(major, prepend=major[0]) != 0) | (np.diff(minor, prepend=minor[0]) != 0)
    return np.cumsum(fresh).astype(np.int64)


def _counted(counts: Ints) -> Ints:
    """0 … c - 1 for each of `counts`, one after another."""
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
