"""Golden configurations: one access switch and one out-of-band switch as each platform writes them.

`python -m tests.golden.test_switch_texts` writes them anew; read the diff as if it were code.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.test_platforms import OOB, PAIR
from topology.platforms.render import PLATFORMS, render

FOLDER = Path(__file__).with_name("configs")
CASES = {f"{platform}-{c.host}": replace(c, platform=platform) for platform in PLATFORMS for c in (PAIR, OOB)}


@pytest.mark.parametrize("case", CASES)
def test_text(case: str) -> None:
    assert render(CASES[case]) == (FOLDER / f"{case}.cfg").read_text(encoding="utf-8")


def main() -> None:
    """Write every golden file."""
    FOLDER.mkdir(exist_ok=True)
    for case, config in CASES.items():
        (FOLDER / f"{case}.cfg").write_text(render(config), encoding="utf-8")


if __name__ == "__main__":
    main()
