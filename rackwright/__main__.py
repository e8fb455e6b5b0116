"""`python -m rackwright` and the console command."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from rackwright.cli.app import app

    app(prog_name="rackwright")


if __name__ == "__main__":
    main()
