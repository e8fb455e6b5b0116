"""`python -m rackwright` and the console command."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line; what the system refuses is one line and exit code 2, never a traceback."""
    collect_rarely()
    from rackwright.cli.app import app

    try:
        app(prog_name="rackwright", standalone_mode=True)
    except OSError as exc:
        if isinstance(exc, BrokenPipeError):
            raise
        print(f"{exc.filename or 'system'}: {exc.strerror or exc}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None


def collect_rarely() -> None:
    """Let the garbage collector run a hundredth as often: a run is short, and nearly all it makes stays."""
    gc.set_threshold(100_000, 20, 100)


if __name__ == "__main__":
    main()
