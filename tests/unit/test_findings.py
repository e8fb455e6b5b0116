"""Findings: their order, what follows from what, and their text."""

from __future__ import annotations

import pytest

from inventory.findings import Finding, Position, Related, Severity, Status, Text, Waived, ordered


def finding(
    code: str, line: int = 1, column: int = 1, path: str = "a.yml", subject: str = "s", **rest: object
) -> Finding:
    return Finding(code, Severity.ERROR, subject, Text("wrong", "错"), Position(path, line, column), **rest)  # type: ignore[arg-type]


def test_order_is_path_line_column_code() -> None:
    wanted = [
        finding("INV007", 2, 1), finding("INV007", 10, 1), finding("INV005", 10, 3), finding("INV006", 10, 3),
        finding("INV001", 0, 0, "b.yml"),
    ]  # fmt: skip
    assert ordered(reversed(wanted)) == wanted
    assert ordered([*wanted, *wanted]) == wanted


@pytest.mark.parametrize("cause", ["INV002", "INV003"])
def test_what_follows_from_a_misread_value_is_dropped(cause: str) -> None:
    misread = finding(cause, 3, 7)
    others = [finding("INV007", 3, 6), finding("INV007", 4, 7), finding("INV007", 3, 7, "b.yml")]
    follows = [finding("INV005", 3, 7), finding("INV007", 3, 7), finding("INV008", 3, 7)]
    assert ordered([*follows, misread, *others]) == ordered([misread, *others])
    assert ordered(follows) == follows


def test_text() -> None:
    told = finding(
        "PWR003", 31, 5, subject="A01-A01", arithmetic="1 + 1 = 2", clause="T1",
        related=(Related(Position("b.yml", 2, 3), "the other"), Related(None, "and 3 places more")),
        fix=Text("mend it", "更正"), waived=Waived("agreed", "owner", "2027-01-01"),
    )  # fmt: skip
    assert told.to_text().splitlines() == [
        "a.yml:31:5: error (waived) PWR003 A01-A01: wrong",
        "  limit    1 + 1 = 2",
        "  clause   T1",
        "  related  b.yml:2:3: the other",
        "  related  and 3 places more",
        "  fix      mend it",
        "  waived   agreed (owner, until 2027-01-01)",
    ]
    assert not told.blocks and finding("PWR003").blocks
    assert (
        finding("PWR003", status=Status.NOT_EVALUATED).to_text() == "a.yml:1:1: not evaluated PWR003 s: wrong"
    )


@pytest.mark.parametrize(
    ("written", "shown"),
    [("a\nb", "a\\nb"), ("\x1b[31mred", "\\x1b[31mred"), ("a\u00a0b", "a\\xa0b"), ("a\u3000b", "a\\u3000b"), ("中文 é", "中文 é")],
)  # fmt: skip
def test_what_a_file_holds_does_not_reach_the_terminal_raw(written: str, shown: str) -> None:
    told = Finding(
        "INV005", Severity.ERROR, "s", Text(f"unknown key {written}", "x"), None, Text(f"{written}?", "x")
    )
    assert told.to_text() == f"error INV005 s: unknown key {shown}\n  fix      {shown}?"
    assert told.to_dict()["message"] == f"unknown key {written}"


@pytest.mark.parametrize(("line", "text"), [(0, "a.yml"), (3, "a.yml:3:2")])
def test_position(line: int, text: str) -> None:
    assert str(Position("a.yml", line, 2)) == text
