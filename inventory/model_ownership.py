"""Who keeps what: each kind of state has one owner, Ansible or Pulumi, and never two.

State is what is kept as written: it is looked at again and put right. What is done once (a start from the network,
a firmware update, the replacement of a factory password) is an order; orders have no owner here and are Ansible's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from inventory.fields import Part
from inventory.findings import Text

Owner = Literal["ansible", "pulumi"]

OWNERS: tuple[Owner, ...] = get_args(Owner)


class Owners(Part):
    """Who keeps each kind of state: `ansible` (the playbooks) or `pulumi` (the stacks). What is inside a device or
    an operating system is Ansible's by default; out-of-band state and services with an API are Pulumi's."""

    bmc_account: Owner = "pulumi"
    bmc_ntp: Owner = "pulumi"
    bmc_network: Owner = "pulumi"
    bios_attributes: Owner = "pulumi"
    boot_order: Owner = "pulumi"
    power_restore: Owner = "pulumi"
    asset_tag: Owner = "pulumi"
    dhcp_reservation: Owner = "pulumi"
    dns_record: Owner = "pulumi"
    cloud: Owner = "pulumi"
    switch_configuration: Owner = "ansible"
    host_network: Owner = "ansible"
    host_time: Owner = "ansible"
    host_baseline: Owner = "ansible"
    host_account: Owner = "ansible"
    cluster_membership: Owner = "ansible"

    def of(self, item: str) -> Owner:
        """The owner of an item of `ITEMS`. Raises KeyError for another."""
        return self.as_dict()[item]

    def as_dict(self) -> dict[str, Owner]:
        """Owner by item, every item of the list."""
        return {item: getattr(self, item) for item in ITEMS}


ITEMS: Mapping[str, Text] = {
    "bmc_account": Text("accounts of management controllers", "BMC 账号"),
    "bmc_ntp": Text("clock of management controllers", "BMC 时间源"),
    "bmc_network": Text("network and name of management controllers", "BMC 网络与主机名"),
    "bios_attributes": Text("BIOS attributes", "BIOS 参数"),
    "boot_order": Text("boot source that stays", "持久启动项"),
    "power_restore": Text("what a server does when power returns", "来电恢复策略"),
    "asset_tag": Text("asset tags", "资产标签"),
    "dhcp_reservation": Text("DHCP reservations", "DHCP 地址保留"),
    "dns_record": Text("DNS zones and records", "DNS 区域与记录"),
    "cloud": Text("resources of the cloud platform", "云平台资源"),
    "switch_configuration": Text("switch configurations", "交换机配置"),
    "host_network": Text("bond, VLAN and addresses of servers", "服务器网络（绑定、VLAN、地址）"),
    "host_time": Text("time, names and logs of servers", "服务器时间、域名与日志"),
    "host_baseline": Text("security baseline of servers", "服务器安全基线"),
    "host_account": Text("accounts of servers", "服务器账号"),
    "cluster_membership": Text("membership in cloud clusters", "云集群成员"),
}
"""The closed list: every kind of state that playbooks or stacks keep, and its title. Its order is that of the page."""

ORDERS: Mapping[str, Text] = {
    "boot_once": Text("start from the network once", "单次网络启动"),
    "power_cycle": Text("switch on, off or start again", "开关机与重启"),
    "firmware_update": Text("firmware update", "固件升级"),
    "factory_password": Text("replacement of the factory password", "替换出厂密码"),
    "load_test": Text("load test", "压力测试"),
    "boot_files": Text("installation files, handed out and taken back", "装机文件的发放与收回"),
}
"""What is done once and not kept: no state, so no owner; always by Ansible."""
