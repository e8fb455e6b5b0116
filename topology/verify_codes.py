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
    ("light", "different"): "VER014",
    ("power", "different"): "VER015",
    ("drive", "different"): "VER016",
    ("mac", "different"): "VER017",
    ("bios", "different"): "VER018",
    ("session", "different"): "VER019",
    ("controller", "different"): "VER020",
    ("saved", "different"): "VER021",
    ("security", "different"): "VER022",
    ("name", "different"): "VER023",
}
"""Code by test and verdict; what was not run is VER013 whatever the test."""
NOT_RUN = "VER013"


def code_of(test: str, verdict: str) -> str:
    """The code of a verdict; empty for a pass and for what a lab cannot show."""
    if verdict in ("pass", "not shown"):
        return ""
    return NOT_RUN if verdict == "not run" else CODES[test, verdict]


_WITNESS = "The raw answer, its time and SHA-256 stand beside the result."
_TEXTS = (
    ("VER001", "planned cable not there", "规划线缆缺失",
     "A planned cable end hears no LLDP neighbour.",
     "A link that is missing takes a server's redundancy or a part of an uplink with it.",
     "Follow the label from the named port: plug, optic, then the port's state; then verify again.",
     "按标签从所述端口查起：插头、光模块、端口状态；然后重新核验。"),
    ("VER002", "cables swapped", "线缆接反",
     "Two or more cables end where the others should.",
     "Traffic may flow, and the next fault takes down what the plan says is independent.",
     "Exchange the plugs as the result says; the labels of all of them are named.",
     "按结果所述对调插头，涉及的标签均已列出。"),
    ("VER003", "cable ends elsewhere", "线缆接错",
     "A cable's far end is another port or device than planned.",
     "Redundancy, VLANs and labels are planned for the other end.",
     "Move the plug to the expected port, or change the plan if the new place is wanted.",
     "将插头移到应接端口；若新位置即所需，则修改规划。"),
    ("VER004", "cable nobody planned", "存在未规划线缆",
     "A port hears a neighbour and no planned cable ends there.",
     "Loops, and ports taken that the plan counts as free.",
     "Take it out, or plan it.",
     "拆除该线缆，或补入规划。"),
    ("VER005", "serial number differs", "序列号不符",
     "The device tells another serial number than its delivery note.",
     "Warranty, licences and the asset list follow the serial number.",
     "Find out which device stands there; correct the delivery record or exchange the device.",
     "查明现场是哪台设备；更正到货记录或更换设备。"),
    ("VER006", "model differs", "型号不符",
     "The device tells another model than its planned type.",
     "Ports, power and weight are planned for the other model.",
     "Exchange it, or plan with the model that came.",
     "更换设备，或按到货型号修改规划。"),
    ("VER007", "members of a pair run different versions", "成对设备版本不一致",
     "The two members of a pair tell different software versions.",
     "M-LAG pairs are supported on one version only.",
     "Bring both to the same version, one after the other.",
     "逐台升级，使两台版本一致。"),
    ("VER008", "MTU too small", "MTU 过小",
     "A server's bond has a smaller MTU than the policy for hosts.",
     "Storage traffic is fragmented or dropped.",
     "Set it as the host network role does; see net.mtu_host.",
     "用剧本 host_network 设置；参见 net.mtu_host。"),
    ("VER009", "bond members down", "bond 成员不在线",
     "Fewer bond members are up than access cables are planned.",
     "The server hangs on one switch.",
     "Look at the ports and cables of the same server in this report first.",
     "先看本报告中同一服务器的端口与线缆。"),
    ("VER010", "clock off", "时钟偏差超限",
     "The clock is further from the right time than the policy allows.",
     "Clusters lose their quorum, logs cannot be compared, certificates fail.",
     "Check the NTP servers it asks and the way to them; see verify.time_offset_ms and verify.clock_offset_ms.",
     "检查其时间服务器及到达路径；参见 verify.time_offset_ms 与 verify.clock_offset_ms。"),
    ("VER011", "planned port not up", "规划端口未连通",
     "A port that a planned cable ends at is down or shut.",
     "The link carries nothing.",
     "Shut: bring it up as configured. Down: cable, optic, other end. A controller's port: its cable to the "
     "out-of-band switch.",
     "被关闭：按配置启用。未连通：检查线缆、光模块、对端。BMC 端口：检查其到带外交换机的线缆。"),
    ("VER012", "configuration differs", "配置不符",
     "What a switch runs, read back, is not what the plan intends.",
     "Someone changed it by hand, or a push did not happen.",
     "`rackwright push --dry-run` shows the lines; push, or change the plan.",
     "执行 `rackwright push --dry-run` 查看差异；推送，或修改规划。"),
    ("VER013", "not run", "未执行",
     "Nobody could look: the device did not answer, or does not tell. Never a pass.",
     "An acceptance with things nobody looked at is none.",
     "Make the device reachable and verify again with --resume; what was read is kept.",
     "使设备可达后用 --resume 继续核验，已读取的结果保留。"),
    ("VER014", "received light out of range", "收光功率超限",
     "A switch port is up, and its optic receives less or more light than its standard allows.",
     "The link drops frames, or goes down with the next bend of the fibre.",
     "Clean both connectors, look for a tight bend, then exchange fibre and optic one after the other.",
     "清洁两端接头，检查光纤弯折，再依次更换光纤与光模块。"),
    ("VER015", "power supplies differ", "电源模块异常",
     "The management controller tells another number of power supplies than the device type has, or one that is not "
     "well.",
     "The server loses its second feed, and goes dark with the first.",
     "Look at the cord and feed of the supply named, then at the supply itself.",
     "先检查该电源的电源线与供电回路，再检查电源模块本身。"),
    ("VER016", "drives differ", "硬盘异常",
     "The management controller tells another number or size of drives than the device type has, or one that is not "
     "well.",
     "Storage pools are planned for all of them.",
     "Reseat or exchange the drive named; if other drives were delivered, plan with those.",
     "重新插拔或更换所述硬盘；若到货即为其他规格，则修改规划。"),
    ("VER017", "MAC addresses differ", "MAC 地址不符",
     "The management controller tells other MAC addresses than the delivery note.",
     "Reservations and installation go by the MAC address; another board may stand there.",
     "Find out which device or card stands there; correct the delivery record or exchange it.",
     "查明现场设备或网卡；更正到货记录或更换。"),
    ("VER018", "BIOS version differs", "BIOS 版本不一致",
     "A server tells another BIOS version than most of its type in the same run.",
     "Faults that an update has cured come back on one node only.",
     "Bring it to the version of the others; see the playbook firmware_bios.",
     "升级到与其他服务器相同的版本，参见剧本 firmware_bios。"),
    ("VER019", "BGP session not established", "BGP 会话未建立",
     "A BGP neighbour the plan gives a switch is not established, or not with the planned AS.",
     "The link shows light and LLDP and carries no traffic; the other uplinks carry its share.",
     "Ping the neighbour's address from the switch; then its side: AS number, address, filters; then the cable.",
     "从交换机 ping 邻居地址；再查对端 AS 号、地址、过滤；最后查线缆。"),
    ("VER020", "management controller slow", "BMC 应答缓慢",
     "Half of the answers of a management controller take longer than the policy allows.",
     "It is busy or ill; an installation or an update over it will run into its time limits.",
     "Look at its own log and load, reset it (the server goes on); see verify.controller_answer_s.",
     "查看 BMC 自身日志与负载，复位 BMC（不影响服务器运行）；参见 verify.controller_answer_s。"),
    ("VER021", "running configuration not saved", "运行配置未保存",
     "A switch runs what the plan intends and would start with something else.",
     "The next restart takes it back; so does the timer of a commit on trial that nobody confirms.",
     "Let a push that is under way end. Then `rackwright push` for this switch: it keeps what runs and saves it.",
     "待进行中的推送结束；再对该交换机执行 `rackwright push`，保留并保存当前配置。"),
    ("VER022", "way into a switch that nobody intends", "交换机存在未规划的登录途径",
     "A switch runs telnet, SNMP v1 or v2c, HTTP or FTP, or has a local account that neither the policy names nor the "
     "run logged in with.",
     "Passwords and communities cross the network in the clear; an account nobody knows is nobody's responsibility.",
     "Find out who opened it. A push closes telnet and SNMP; the result says what to type for the rest; see "
     "verify.switch_accounts.",
     "查明来源。推送可关闭 Telnet 与 SNMP v1/v2c，其余按结果所述命令处理；参见 verify.switch_accounts。"),
    ("VER023", "device has another name", "设备名称不符",
     "What answers at a device's address calls itself otherwise: another device has the address, or the name is wrong.",
     "Everything read there would be told of the wrong device, down to cables that are in their places.",
     "Another device: correct its address. A wrong name: set it as the result says.",
     "若为其他设备应答，更正其地址；若主机名有误，按结果所述修改。"),
)  # fmt: skip

FIXES = {row[0]: Text(row[5], row[6]) for row in _TEXTS}
"""What to do, by code, where a result does not say it exactly."""

for _code, _en, _zh, _what, _why, _fix, _ in _TEXTS:
    loader_code(
        _code, Text(_en, _zh), f"{_what}\n\nWhy it matters: {_why}\n\nHow to fix: {_fix}\n\n{_WITNESS}",
        Severity.WARNING if _code == NOT_RUN else Severity.ERROR,
    )  # fmt: skip
