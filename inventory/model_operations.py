"""Records of how the platform is run: servers that every device talks to, and secrets by reference only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, StringConstraints

from inventory.fields import Name, Record, Ref, Slug, Title

Platform = Literal["huawei_vrp", "h3c_comware", "ruijie_rgos"]
"""Network operating systems that configurations are rendered for."""

IpText = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F.:]+$", max_length=45)]


class Secret(Record):
    """Where a password or key is to be found: the name of an environment variable, or of a variable in an
    encrypted ansible-vault file. The value itself never stands in the inventory."""

    name: Slug
    title: Title
    source: Literal["env", "vault"]
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]


class ManagementServer(Record):
    """A server that devices send to or ask: time, names, logs, traps, logins, boot images. Without `site` it
    serves every site. `account` is the user name of SNMPv3 or of a login; `secret` its key."""

    name: Name
    kind: Literal["ntp", "dns", "syslog", "snmp", "aaa", "boot"]
    site: Annotated[str, Ref("sites")] | None = None
    address: IpText | None
    port: Annotated[int, Strict(), Field(ge=1, le=65_535)] | None = None
    account: str | None = None
    secret: Annotated[str, Ref("secrets")] | None = None
