"""Which driver a platform has, and a login from names of variables."""

from __future__ import annotations

import os
from collections.abc import Mapping

from topology.observe.comware import ComwareDriver
from topology.observe.driver_base import SwitchDriver
from topology.observe.rgos import RgosDriver
from topology.observe.secrets import SecretError, Vault
from topology.observe.session import Credentials
from topology.observe.vrp import VrpDriver

DRIVERS: Mapping[str, type[SwitchDriver]] = {
    "huawei_vrp": VrpDriver,
    "h3c_comware": ComwareDriver,
    "ruijie_rgos": RgosDriver,
}


def login(user: str | None, secret: str | None, vault: Vault) -> Credentials:
    """Who logs in: `user` or RACKWRIGHT_USER; the password of the named secret, or RACKWRIGHT_PASSWORD.

    Raises SecretError naming what is not set.
    """
    name = user or os.environ.get("RACKWRIGHT_USER")
    if not name:
        raise SecretError("no user: give --user or set RACKWRIGHT_USER")
    if secret:
        return Credentials(name, vault.value(secret))
    password = os.environ.get("RACKWRIGHT_PASSWORD")
    if not password:
        raise SecretError(
            "no password: name a secret of the inventory with --secret, or set RACKWRIGHT_PASSWORD"
        )
    vault.seen.add(password)
    return Credentials(name, password)
