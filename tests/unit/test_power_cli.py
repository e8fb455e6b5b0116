"""`rackwright power` on Guangxi: what it says of all failures, and of one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rackwright.cli.common import CLEAN, FINDINGS, UNUSABLE, Format
from rackwright.cli.power import run


def ask(capsys: pytest.CaptureFixture[str], **asked: Any) -> tuple[int, str, str]:
    options = {"order": 1, "at": "peak", "fail": [], "top": 3, **asked}
    with pytest.raises(SystemExit) as left:
        run("guangxi", options.pop("output", Format.TEXT), **options)
    said = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, said.out, said.err


def test_worst_loads_and_the_proof(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = ask(capsys)
    assert code == CLEAN
    assert "no breaker of known rating can open, whatever fails" in text
    assert "because the rating is unknown: panel/A01-PA" in text
    assert text.count(" W of ") == 3
    assert "without bank:" in text
    assert "not evaluated, because no limit is known" in text


def test_worst_loads_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = ask(capsys, output=Format.JSON, order=2, at="alloc")
    data = json.loads(text)
    assert (code, data["order"], data["at"], data["may_open"]) == (CLEAN, 2, "alloc", [])
    assert data["failures"] > 1_000_000
    assert {w["element"]: w for w in data["loads"]}["utility/A"]["limit_w"] is None


def test_one_side_fails_and_nothing_goes_dark(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = ask(capsys, fail=["ups/A-UPS-A"])
    assert code == CLEAN
    assert "without ups/A-UPS-A, at peak draw:" in text
    assert "no breaker opens" in text
    assert "0 devices without power" in text


def test_both_sides_of_a_rack_fail(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = ask(capsys, fail=["feed:A01-A02/a", "feed/A01-A02/b"], output=Format.JSON)
    data = json.loads(text)
    assert code in (CLEAN, FINDINGS)
    assert "device/a-control-2-003" in data["dark"]
    assert not any(load["element"] == "feed/A01-A02/a" for load in data["loads"])


def test_a_key_nobody_knows_is_answered_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = ask(capsys, fail=["ups/A-UPS-C"])
    assert code == UNUSABLE
    assert "did you mean ups/A-UPS-" in said
