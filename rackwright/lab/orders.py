"""Telling the process of the switch command lines what to do: one JSON object a line over its control socket.

`{"switch": NAME, "order": "faults", "value": {…}}` puts exactly these faults in; `power` switches it off or on;
`replugged` names interfaces that are new; `text` answers with the running configuration; `settled` whether the
namespace does already what the configuration says; `macs` with the MAC addresses it has learned, by port.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rackwright.lab.netns import LabError


def send(control: Path, orders: Iterable[dict[str, Any]], seconds: float = 30.0) -> list[dict[str, Any]]:
    """Answers to the orders, in order. Raises LabError when the process is gone or refuses one."""
    wanted = list(orders)
    out: list[dict[str, Any]] = []
    if not wanted:
        return out
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(seconds)
            line.connect(str(control))
            with line.makefile("rw", encoding="utf-8") as stream:
                for order in wanted:
                    stream.write(json.dumps(order) + "\n")
                    stream.flush()
                    out.append(json.loads(stream.readline() or '{"error": "no answer"}'))
    except (OSError, ValueError) as error:
        raise LabError(
            f"the switch command lines do not answer ({error}); see switches.log, or take the lab down"
        ) from error
    refused = [a["error"] for a in out if "error" in a]
    if refused:
        raise LabError("; ".join(refused))
    return out
