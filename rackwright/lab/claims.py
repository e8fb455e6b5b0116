"""What a lab says of itself to those who check it: what of the plan stands there, what it cannot show, how to get in."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from rackwright.lab.shape import Shape
from rackwright.lab.state import State

FILE = "lab.json"
LIMIT = "hosts.txt"
"""What `ansible-playbook --limit @FILE` is given, so that only what stands in the lab is played on."""
NOT_SHOWN = {
    "bond": {
        "en": "the kernel of this machine has no bonding driver; both ports of every server are looked at one by one",
        "zh": "本机内核没有 bonding 驱动；服务器的两个端口已逐一核验",
    },
}  # fmt: skip
"""Tests of `topology.verify_devices` that nothing in a lab can answer, and why. Only what could not be read is put
aside for it: a wrong answer stays wrong."""
LOGIN = "lab"
"""User and password of switches and management controllers as a lab starts them."""


def write(state: State, shape: Shape) -> None:
    """Write lab.json and hosts.txt into the folder of the lab."""
    claims = {
        "lab": state.name,
        "project": state.project,
        "devices": sorted(n.name for n in shape.nodes.values() if n.kind != "existing"),
        "cables": sorted(shape.wires),
        "not_shown": NOT_SHOWN,
    }
    path = Path(state.folder) / FILE
    path.write_text(json.dumps(claims, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    hosts = sorted(n.name for n in shape.nodes.values() if n.kind != "existing")
    (Path(state.folder) / LIMIT).write_text("\n".join(["localhost", *hosts]) + "\n", encoding="utf-8")


def environment(state: State) -> dict[str, str]:
    """Environment for programs run in the control namespace: logins, host keys, the controllers' authority, and for
    `rackwright verify` that this is a lab. What is set already stays."""
    folder = Path(state.folder).resolve()
    known, tools = folder / "known_hosts", str(Path(sys.executable).parent)
    wanted = {
        "RACKWRIGHT_LAB_FOLDER": str(folder), "RACKWRIGHT_KNOWN_HOSTS": str(known),
        "RACKWRIGHT_USER": LOGIN, "RACKWRIGHT_PASSWORD": LOGIN,
        "RACKWRIGHT_BMC_USER": LOGIN, "RACKWRIGHT_BMC_PASSWORD": LOGIN, "RACKWRIGHT_BMC_CA": str(folder / "bmc-ca.pem"),
        "RACKWRIGHT_SERVER_KEY": str(folder / "id_lab"),
        "ANSIBLE_REMOTE_USER": "root", "ANSIBLE_PRIVATE_KEY_FILE": str(folder / "id_lab"),
        "ANSIBLE_SSH_COMMON_ARGS": f"-o UserKnownHostsFile={known}",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(state.run / "ssh"),  # labs side by side have the same addresses
    }  # fmt: skip
    path = os.environ.get("PATH", "")
    if tools not in path.split(os.pathsep):
        path = os.pathsep.join((tools, path))
    return {**wanted, **os.environ, "PATH": path}
