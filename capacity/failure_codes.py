"""Codes of findings that failure sweeps raise (`rackwright simulate`), with their manual pages."""

from __future__ import annotations

from inventory.checks import loader_code
from inventory.findings import Severity, Text

loader_code(
    "RED050",
    Text("Single point of failure", "单点故障"),
    """One shared risk alone takes a protected service down: a device, a rack, a tray segment, a UPS side, a pair.
    Raised by `rackwright simulate`, for the planned topology, with what the service then lacks.

    Why it matters: redundancy that is drawn twice and fails once is no redundancy; counting power supplies and links
    does not show it, because the parts are joined elsewhere.
    How to fix: give what the risk joins two ways that share none of it, or carry the service outside it as well. The
    reason says whether devices, votes, copies of data or capacity are lacking.
    Source: GB/T 22239-2019 level 3 (redundancy of key devices and links); drills and single-product failures of the tender.
    Failing: both uplinks of an access pair over one tray segment
    Passing: each uplink over a tray segment of its own
    """,
)
loader_code(
    "RED051",
    Text("Common software takes a service down", "同一软件版本可导致业务中断"),
    """Devices of one software version stand at several sites, and their common failure takes a protected service down.
    Raised by `rackwright simulate`.

    Why it matters: a faulty release or an expired licence stops all of them at once; two sites do not help. No cabling
    mends it, so that someone has to decide how to live with it.
    How to fix: run the sites on two versions and upgrade one after the other with a wait between; or state in a waiver
    how the risk is borne.
    Source: engineering estimate; common-cause failures of redundant parts.
    """,
    Severity.WARNING,
)
loader_code(
    "RED052",
    Text("Service is down before anything fails", "未发生故障时业务即不可用"),
    """A protected service does not work on the planned topology although nothing has failed.
    Raised by `rackwright simulate`.

    Why it matters: nothing can be proven about its redundancy; the plan lacks something it cannot do without.
    How to fix: the reason says what it lacks: mostly cables or links of switches that stand already and that nobody has
    listed (`existing_links`), or a demand beyond what there is.
    Source: engineering estimate.
    """,
)
