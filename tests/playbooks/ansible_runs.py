"""Running Ansible as a person at the controller would, from the playbooks' folder, with nobody at the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
PAGES = sorted(
    p.relative_to(PLAYBOOKS).as_posix()
    for folder in (PLAYBOOKS, PLAYBOOKS / "day2")
    for p in folder.glob("*.yml")
    if not p.name.endswith("rackwright.yml")
)
ROLES = sorted(p.name for p in (PLAYBOOKS / "roles").iterdir())


def ansible(
    program: str, *words: str | Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What `ansible-...` answered; colours off."""
    tools = Path(sys.executable).parent
    return subprocess.run(
        [str(tools / program), *map(str, words)], cwd=PLAYBOOKS, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ
        | {
            "ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_DISPLAY_OK_HOSTS": "1",
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(PLAYBOOKS.parent), "ANSIBLE_LOCALHOST_WARNING": "0",
        }
        | (env or {}),
    )  # fmt: skip
