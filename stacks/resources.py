"""What a program declares: one class a type of the provider `rackwright`, typed arguments in, outputs as properties.

Values of secrets are never arguments; where one is needed its name in the inventory is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
from pulumi import Input, Output, ResourceOptions

OnDelete = Literal["restore", "retain"]
"""restore: what was there before is put back; retain: all stays as it is."""


class Provider(pulumi.ProviderResource):
    """Configuration of the provider, where a program gives it itself instead of `pulumi config`.

    `secrets`: name -> `env:VARIABLE` or `vault:VARIABLE`; every other argument that says so is such a name.
    """

    def __init__(
        self, name: str, *, secrets: Mapping[str, str] | None = None, vault_file: str | None = None,
        bmc_user: str | None = None, bmc_password: str | None = None, bmc_ca: str | None = None,
        bmc_addresses: Mapping[str, str] | None = None, allow_insecure_tls: bool = False, switch_user: str | None = None,
        switch_password: str | None = None, known_hosts: str | None = None, timeout_s: float | None = None,
        retry_s: float | None = None, services_ca: str | None = None, opts: ResourceOptions | None = None,
    ) -> None:  # fmt: skip
        values = {
            "secrets": json.dumps(dict(secrets), sort_keys=True) if secrets else None, "vaultFile": vault_file,
            "bmcUser": bmc_user, "bmcPassword": bmc_password, "bmcCa": bmc_ca,
            "bmcAddresses": json.dumps(dict(bmc_addresses), sort_keys=True) if bmc_addresses else None,
            "allowInsecureTls": "true" if allow_insecure_tls else None, "switchUser": switch_user,
            "switchPassword": switch_password, "knownHosts": known_hosts,
            "timeoutS": None if timeout_s is None else str(timeout_s), "retryS": None if retry_s is None else str(retry_s),
            "servicesCa": services_ca,
        }  # fmt: skip
        super().__init__("rackwright", name, _given(values), opts)


@dataclass(frozen=True)
class Boot:
    """Boot override and order. `target`: Pxe, Hdd, … (None: nothing overridden); `enabled`: Continuous or
    Disabled (Once is an order, not a state); `mode`: UEFI or Legacy; `order`: references of boot options, first tried first."""

    target: str | None = None
    mode: Literal["UEFI", "Legacy"] | None = None
    enabled: Literal["Continuous", "Disabled"] | None = None
    order: Sequence[str] | None = None

    def inputs(self) -> dict[str, Any]:
        """As the provider takes it."""
        order = None if self.order is None else list(self.order)
        return _given({"target": self.target, "mode": self.mode, "enabled": self.enabled, "order": order})


@dataclass(frozen=True)
class BmcNetwork:
    """Network of a controller itself. `prefix`: length in bits."""

    host_name: str | None = None
    address: str | None = None
    prefix: int | None = None
    gateway: str | None = None
    dhcp: bool | None = None

    def inputs(self) -> dict[str, Any]:
        """As the provider takes it."""
        return _given(
            {"hostName": self.host_name, "address": self.address, "prefix": self.prefix, "gateway": self.gateway,
             "dhcp": self.dhcp}
        )  # fmt: skip


class Bmc(pulumi.CustomResource):
    """Settings of one management controller over Redfish; only what is given is managed. `serial` is a guard: a
    controller that tells another is not touched. `power_restore`: what the server does when power comes back."""

    def __init__(
        self, name: str, *, device: Input[str], address: Input[str], port: Input[int] = 443,
        serial: Input[str] | None = None, asset_tag: Input[str] | None = None, boot: Boot | None = None,
        bios: Mapping[str, Input[Any]] | None = None,
        power_restore: Literal["AlwaysOn", "AlwaysOff", "LastState"] | None = None,
        power_on_delay_s: Input[int] | None = None, ntp_servers: Sequence[Input[str]] | None = None,
        network: BmcNetwork | None = None, on_delete: OnDelete = "restore", opts: ResourceOptions | None = None,
    ) -> None:  # fmt: skip
        inputs = _given(
            {"device": device, "address": address, "port": port, "serial": serial, "assetTag": asset_tag,
             "boot": boot.inputs() if boot else None, "bios": dict(bios) if bios else None,
             "powerRestore": power_restore, "powerOnDelayS": power_on_delay_s,
             "ntpServers": None if ntp_servers is None else list(ntp_servers),
             "network": network.inputs() if network else None, "onDelete": on_delete}
        )  # fmt: skip
        outputs = _outputs("serial", "model", "systemUuid", "managerUuid", "biosPending", "before")
        super().__init__("rackwright:redfish:Bmc", name, {**outputs, **inputs}, opts)

    @property
    def serial(self) -> Output[str]:
        """Serial number the controller tells."""
        return _output(self, "serial")

    @property
    def model(self) -> Output[str]:
        """Model of the server, as the controller tells."""
        return _output(self, "model")

    @property
    def system_uuid(self) -> Output[str]:
        """UUID of the server."""
        return _output(self, "systemUuid")

    @property
    def manager_uuid(self) -> Output[str]:
        """UUID of the controller."""
        return _output(self, "managerUuid")

    @property
    def bios_pending(self) -> Output[Mapping[str, Any]]:
        """BIOS attributes that wait for a restart of the server."""
        return _output(self, "biosPending")

    @property
    def before(self) -> Output[Mapping[str, Any]]:
        """What was there before, for `on_delete="restore"`."""
        return _output(self, "before")


class Account(pulumi.CustomResource):
    """A user of a management controller. `secret`: name of its password; `rotation`: a higher number sends the
    password anew."""

    def __init__(
        self, name: str, *, device: Input[str], address: Input[str], user_name: Input[str], secret: Input[str],
        port: Input[int] = 443, role: Input[str] = "Administrator", rotation: Input[int] = 0,
        enabled: Input[bool] = True, serial: Input[str] | None = None, opts: ResourceOptions | None = None,
    ) -> None:  # fmt: skip
        inputs = _given(
            {"device": device, "address": address, "port": port, "userName": user_name, "role": role, "secret": secret,
             "rotation": rotation, "enabled": enabled, "serial": serial}
        )  # fmt: skip
        super().__init__(
            "rackwright:redfish:Account", name, {**_outputs("accountId", "serial"), **inputs}, opts
        )

    @property
    def account_id(self) -> Output[str]:
        """The number the controller gave it."""
        return _output(self, "accountId")


class Reservation(pulumi.CustomResource):
    """A DHCP reservation in Kea. `subnet` is its prefix; `server` its name for messages; `secret`: name of the
    password of the control API, `api_user` its user."""

    def __init__(
        self, name: str, *, api_url: Input[str], subnet: Input[str], mac: Input[str], address: Input[str],
        hostname: Input[str], server: Input[str], next_server: Input[str] | None = None,
        boot_file: Input[str] | None = None, api_user: Input[str] | None = None, secret: Input[str] | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:  # fmt: skip
        inputs = _given(
            {"apiUrl": api_url, "subnet": subnet, "mac": mac, "address": address, "hostname": hostname, "server": server,
             "nextServer": next_server, "bootFile": boot_file, "apiUser": api_user, "secret": secret}
        )  # fmt: skip
        super().__init__("rackwright:dhcp:Reservation", name, inputs, opts)


class Zone(pulumi.CustomResource):
    """A zone of PowerDNS. `secret`: name of the key of its API."""

    def __init__(
        self, name: str, *, api_url: Input[str], zone: Input[str], secret: Input[str],
        nameservers: Sequence[Input[str]], server: Input[str], kind: Literal["Native", "Master"] = "Native",
        soa_edit: Input[str] | None = None, opts: ResourceOptions | None = None,
    ) -> None:  # fmt: skip
        inputs = _given(
            {"apiUrl": api_url, "name": zone, "kind": kind, "nameservers": list(nameservers), "soaEdit": soa_edit,
             "server": server, "secret": secret}
        )  # fmt: skip
        super().__init__("rackwright:dns:Zone", name, inputs, opts)

    @property
    def zone(self) -> Output[str]:
        """Name of the zone, with its final dot."""
        return _output(self, "name")


class RecordSet(pulumi.CustomResource):
    """All records of one name and type in a zone of PowerDNS. `ttl` in seconds."""

    def __init__(
        self, name: str, *, api_url: Input[str], zone: Input[str], record: Input[str], record_type: Input[str],
        records: Sequence[Input[str]], server: Input[str], secret: Input[str], ttl: Input[int] = 3600,
        opts: ResourceOptions | None = None,
    ) -> None:  # fmt: skip
        inputs = {"apiUrl": api_url, "zone": zone, "name": record, "type": record_type, "ttl": ttl,
                  "records": list(records), "server": server, "secret": secret}  # fmt: skip
        super().__init__("rackwright:dns:RecordSet", name, inputs, opts)


class SwitchConfig(pulumi.CustomResource):
    """The whole configuration of a switch. `text` as rendered, secrets as %secret:NAME%; `revert_in_s`: after so long
    the switch goes back by itself unless the push confirmed."""

    def __init__(
        self, name: str, *, device: Input[str], address: Input[str], platform: Input[str], text: Input[str],
        port: Input[int] = 22, revert_in_s: Input[int] = 600, opts: ResourceOptions | None = None,
    ) -> None:  # fmt: skip
        inputs = {"device": device, "address": address, "port": port, "platform": platform, "text": text,
                  "revertIn": revert_in_s}  # fmt: skip
        super().__init__("rackwright:switch:Config", name, {**_outputs("pending"), **inputs}, opts)

    @property
    def pending(self) -> Output[str]:
        """What a preview would change, line by line; empty when nothing."""
        return _output(self, "pending")


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _outputs(*names: str) -> dict[str, None]:
    """What the provider alone fills in: the SDK makes a property only of what is named."""
    return dict.fromkeys(names)


def _output(resource: pulumi.Resource, name: str) -> Output[Any]:
    found: Output[Any] = pulumi.get(resource, name)
    return found
