"""The judgement the reconciliation tests share: one change, and all that it may be found as."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Edit = tuple[str, str]
Seen = set[tuple[str, str, str, str]]
"""(code, subject, status, text of the line the finding points at)."""
Change = Callable[[Sequence[Edit]], tuple[Seen, Seen]]
"""Apply edits to the small project: what is found more, and what no longer."""


def agree(change: Change, edits: Sequence[Edit], expected: Sequence[tuple[str, str, str, str]]) -> None:
    """Assert that the edits give exactly the expected findings, each at the line that holds its text."""
    added, _ = change(edits)
    assert {x[:3] for x in added} == {x[:3] for x in expected}
    for code, subject, status, text in expected:
        line = next(x[3] for x in added if x[:3] == (code, subject, status))
        assert text in line, f"{code} {subject} points at: {line}"
