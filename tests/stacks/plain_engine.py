"""The engine for tests that call `pulumi` itself, with a state of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stacks.runner.engine import EngineError, find_engine


def engine_environment(folder: Path) -> dict[str, str]:
    """The environment of `pulumi`: nothing is fetched, all it keeps lies below `folder`. Skips the test, or fails it in
    CI, where there is no engine."""
    try:
        engine = find_engine()
    except EngineError as error:
        if os.environ.get("RACKWRIGHT_CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    state = folder / "state"
    state.mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "RACKWRIGHT_", "ALICLOUD_"))}
    return {
        **clean, "PATH": os.pathsep.join((str(engine.path.parent), os.environ["PATH"])),
        "PULUMI_HOME": str(folder / "home"), "PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }  # fmt: skip
