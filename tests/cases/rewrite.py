"""`python -m tests.cases.rewrite`: expected.json from what the checks say now."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from inventory import load as loading
from tests.cases import breaking
from tests.cases.all_cases import CASES

EXPECTED = Path(__file__).with_name("expected.json")


def main() -> None:
    """Break the project in every listed way and write down what is found."""
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        loading.SHIPPED_CATALOG = Path(scratch) / breaking.CATALOG
        bench = breaking.Bench(Path(scratch))
        bench.start()
        found = {}
        for name, make in sorted(CASES.items()):
            bench.fresh()
            found[name] = breaking.outcome(bench, make(bench))
    EXPECTED.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    alone = sum(len(f["new"]) == 1 for f in found.values())
    print(f"{len(found)} cases, {alone} with exactly one finding")


if __name__ == "__main__":
    main()
