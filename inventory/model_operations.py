"""Records of how the platform is run: servers that every device talks to, secrets by reference only, and what has
been delivered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, StringConstraints, model_validator

from inventory.fields import IsoDate, Name, Record, Ref, Slug, Title

Platform = Literal["huawei_vrp", "h3c_comware", "ruijie_rgos"]
"""Network operating systems that configurations are rendered for."""

OperatingSystem = Literal["kylin", "anolis", "uos"]
"""Operating systems that installations are rendered for (x86-64 server editions)."""

IpText = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F.:]+$", max_length=45)]


class Secret(Record):
    """Where a password or key is to be found: the name of an environment variable, or of a variable in an
    encrypted ansible-vault file. The value itself never stands in the inventory."""

    name: Slug
    title: Title
    source: Literal["env", "vault"]
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]


ApiUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$", max_length=200)]
ServerKind = Literal["ntp", "dns", "syslog", "snmp", "aaa", "boot", "dhcp"]


class ManagementServer(Record):
    """A server that devices send to or ask: time, names, logs, traps, logins, boot images, DHCP. Without `site` it
    serves every site. Its address is `address` (null: not known yet) or that of the `endpoint` named, never both.
    `account` is the user name of SNMPv3 or of a login; `secret` its key. `api_url` is where it is controlled (Kea
    control agent, PowerDNS API), without any login in it; null: unknown."""

    name: Name
    kind: ServerKind
    site: Annotated[str, Ref("sites")] | None = None
    address: IpText | None = None
    endpoint: Annotated[str, Ref("endpoints")] | None = None
    api_url: ApiUrl | None = None
    port: Annotated[int, Strict(), Field(ge=1, le=65_535)] | None = None
    account: str | None = None
    secret: Annotated[str, Ref("secrets")] | None = None

    @model_validator(mode="after")
    def _one_address(self) -> ManagementServer:
        if self.address is not None and self.endpoint is not None:
            raise ValueError("address and endpoint are both given, and the address is that of the endpoint")
        if self.endpoint is None and "address" not in self.model_fields_set:
            raise ValueError(
                "neither an address nor an endpoint is given; null is written for an address nobody knows"
            )
        return self


Serial = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=64)]
MacAddress = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")]


class Delivery(Record):
    """One device as the delivery note or the scan at arrival says: its serial number, the box it came in, the day
    it arrived, the MAC addresses on its sheet by port name. `device` is the planned device it is to be; `fleet`
    alone: which of the fleet is not settled yet. Null: not known."""

    name: Name
    device: Name | None = None
    fleet: Annotated[str, Ref("fleets")] | None = None
    serial: Serial | None = None
    box: str | None = None
    arrived: IsoDate | None = None
    macs: dict[str, MacAddress | None] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _of_something(self) -> Delivery:
        if (self.device is None) == (self.fleet is None):
            raise ValueError("a delivery names either its device or its fleet")
        return self
