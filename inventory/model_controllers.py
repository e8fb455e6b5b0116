"""What is kept on the management controllers of servers: the settings a stack declares over Redfish."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, StringConstraints, model_validator

from inventory.fields import Count, Flag, Part, Record, Ref, Slug

AttributeValue = bool | Annotated[int, Strict()] | str


class BmcAccount(Part):
    """A user of a management controller. `secret` names its password; a higher `rotation` sends the password anew
    after its value has changed."""

    user: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=16)]
    role: Literal["Administrator", "Operator", "ReadOnly"]
    secret: Annotated[str, Ref("secrets")]
    rotation: Count = 0
    enabled: Flag = True


class BootSource(Part):
    """The boot source that stays (Continuous), or that none does (Disabled)."""

    target: Literal["Pxe", "Hdd", "BiosSetup", "UefiHttp", "None"] = "Hdd"
    mode: Literal["UEFI", "Legacy"] | None = "UEFI"
    enabled: Literal["Continuous", "Disabled"] = "Continuous"


class BmcProfile(Record):
    """Settings kept on the management controllers of some servers: of `fleets`, of `device_types`; of all servers
    when both are empty. Only what is given is kept. Where several profiles fit, the one that names a fleet counts
    before the one that names a device type, and that before the one for all; BIOS attributes and accounts add up.
    BIOS attributes are in the words of the maker. `power_restore`: what the server does when power comes back, after
    `power_on_delay_s` seconds where the controller can wait."""

    name: Slug
    fleets: tuple[Annotated[str, Ref("fleets")], ...] = ()
    device_types: tuple[Annotated[str, Ref("catalog.device_types")], ...] = ()
    bios: dict[str, AttributeValue] = Field(default_factory=dict)
    boot: BootSource | None = None
    power_restore: Literal["AlwaysOn", "AlwaysOff", "LastState"] | None = None
    power_on_delay_s: Count | None = None
    accounts: tuple[BmcAccount, ...] = ()

    @model_validator(mode="after")
    def _of_one_kind(self) -> BmcProfile:
        if self.fleets and self.device_types:
            raise ValueError("a profile names fleets or device types, not both")
        users = [account.user for account in self.accounts]
        if len(users) != len(set(users)):
            raise ValueError("an account stands twice in one profile")
        return self
