"""`python -m rackwright` and the console command."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line."""
    collect_rarely()
    from rackwright.cli.app import app

    app(prog_name="rackwright")


def collect_rarely() -> None:
    """Let the garbage collector run a hundredth as often: a run is short, and nearly all it makes stays."""
    gc.set_threshold(100_000, 20, 100)


if __name__ == "__main__":
    main()
