"""When a lab counts as planned: what stands there, what is in force, and what nobody has pushed yet."""

from __future__ import annotations

import pytest

from rackwright.cli.lab_verbs import _as_planned
from rackwright.lab.live import Row
from rackwright.lab.state import Fault, State


@pytest.mark.parametrize(
    ("configured", "lldp", "sessions", "faulty", "planned"),
    [
        (True, (3, 3), (2, 2), False, True),
        (True, (3, 3), (0, 2), False, False),
        (False, (3, 3), (0, 2), False, True),
        (False, (3, 3), (1, 2), False, False),
        (True, (2, 3), (2, 2), False, False),
        (True, (3, 3), (2, 2), True, False),
    ],
)
def test_as_planned(
    configured: bool, lldp: tuple[int, int], sessions: tuple[int, int], faulty: bool, planned: bool
) -> None:
    state = State("i", "n", "p", "f", "c", options={"configured": configured})
    if faulty:
        state.faults.append(Fault(1, "cut", ["C1"], {}, "C1 cut", "now"))
    rows = [
        Row("sw", "switch", "r", True, "", lldp, sessions),
        Row("srv", "server", "r", True, "", (2, 2), None),
    ]
    assert _as_planned(state, rows) is planned
