"""Codes of what verification finds, listed with the checks for `rackwright explain`."""

from __future__ import annotations

from inventory.checks import loader_code
from inventory.findings import Severity, Text

CODES: dict[tuple[str, str], str] = {
    ("cable", "missing"): "VER001",
    ("cable", "swapped"): "VER002",
    ("cable", "different"): "VER003",
    ("cable", "extra"): "VER004",
    ("serial", "different"): "VER005",
    ("model", "different"): "VER006",
    ("version", "different"): "VER007",
    ("mtu", "different"): "VER008",
    ("bond", "different"): "VER009",
    ("time", "different"): "VER010",
    ("port", "different"): "VER011",
    ("configuration", "different"): "VER012",
}
"""Code by test and verdict; what was not run is VER013 whatever the test."""
NOT_RUN = "VER013"


def code_of(test: str, verdict: str) -> str:
    """The code of a verdict; empty for a pass."""
    if verdict == "pass":
        return ""
    return NOT_RUN if verdict == "not run" else CODES[test, verdict]


_WITNESS = "The raw answer, its time and SHA-256 stand beside the result."
_TEXTS = (
    ("VER001", "planned cable not there", "规划线缆缺失",
     "A planned cable end hears no LLDP neighbour.",
     "A link that is missing takes a server's redundancy or a part of an uplink with it.",
     "Follow the label from the named port: plug, optic, then the port's state; then verify again."),
    ("VER002", "cables swapped", "线缆接反",
     "Two or more cables end where the others should.",
     "Traffic may flow, and the next fault takes down what the plan says is independent.",
     "Exchange the plugs as the result says; the labels of all of them are named."),
    ("VER003", "cable ends elsewhere", "线缆接错",
     "A cable's far end is another port or device than planned.",
     "Redundancy, VLANs and labels are planned for the other end.",
     "Move the plug to the expected port, or change the plan if the new place is wanted."),
    ("VER004", "cable nobody planned", "存在未规划线缆",
     "A port hears a neighbour and no planned cable ends there.",
     "Loops, and ports taken that the plan counts as free.",
     "Take it out, or plan it."),
    ("VER005", "serial number differs", "序列号不符",
     "The device tells another serial number than its delivery note.",
     "Warranty, licences and the asset list follow the serial number.",
     "Find out which device stands there; correct the delivery record or exchange the device."),
    ("VER006", "model differs", "型号不符",
     "The device tells another model than its planned type.",
     "Ports, power and weight are planned for the other model.",
     "Exchange it, or plan with the model that came."),
    ("VER007", "members of a pair run different versions", "成对设备版本不一致",
     "The two members of a pair tell different software versions.",
     "M-LAG pairs are supported on one version only.",
     "Bring both to the same version, one after the other."),
    ("VER008", "MTU too small", "MTU 过小",
     "A server's bond has a smaller MTU than the policy for hosts.",
     "Storage traffic is fragmented or dropped.",
     "Set it as the host network role does; see net.mtu_host."),
    ("VER009", "bond members down", "bond 成员不在线",
     "Fewer bond members are up than access cables are planned.",
     "The server hangs on one switch.",
     "Look at the ports and cables of the same server in this report first."),
    ("VER010", "clock off", "时钟偏差超限",
     "The clock is further from the right time than the policy allows.",
     "Clusters lose their quorum, logs cannot be compared, certificates fail.",
     "Check the NTP servers it asks and the way to them; see verify.time_offset_ms and verify.clock_offset_ms."),
    ("VER011", "planned port not up", "规划端口未连通",
     "A port that a planned cable ends at is down or shut.",
     "The link carries nothing.",
     "Shut: bring it up as configured. Down: cable, optic, other end."),
    ("VER012", "configuration differs", "配置不符",
     "What a switch runs, read back, is not what the plan intends.",
     "Someone changed it by hand, or a push did not happen.",
     "`rackwright push --dry-run` shows the lines; push, or change the plan."),
    ("VER013", "not run", "未执行",
     "Nobody could look: the device did not answer, or does not tell. Never a pass.",
     "An acceptance with things nobody looked at is none.",
     "Make the device reachable and verify again with --resume; what was read is kept."),
)  # fmt: skip

for _code, _en, _zh, _what, _why, _fix in _TEXTS:
    loader_code(
        _code, Text(_en, _zh), f"{_what}\n\nWhy it matters: {_why}\n\nHow to fix: {_fix}\n\n{_WITNESS}",
        Severity.WARNING if _code == NOT_RUN else Severity.ERROR,
    )  # fmt: skip
