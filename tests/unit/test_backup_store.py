"""Backups: every text once, a log with dates and hashes, a difference between two readings."""

from __future__ import annotations

from pathlib import Path

import pytest

from topology.observe.backup_store import difference, history, keep, text_of


def test_a_reading_is_kept_once_and_found_again(tmp_path: Path) -> None:
    first = keep(tmp_path, "SW-1", "sysname a\n", "2026-06-01T18:00:00+00:00")
    same = keep(tmp_path, "SW-1", "sysname a\n", "2026-06-08T18:00:00+00:00")
    other = keep(tmp_path, "SW-1", "sysname b\n", "2026-06-15T18:00:00+00:00")
    twin = keep(tmp_path, "SW-2", "sysname a\n", "2026-06-15T18:00:00+00:00")
    assert [k.changed for k in (first, same, other, twin)] == [True, False, True, True]
    assert history(tmp_path, "SW-1") == [first, same, other]
    assert history(tmp_path, "SW-3") == []
    assert len(list((tmp_path / "objects").iterdir())) == 2
    assert text_of(tmp_path, first.sha256) == "sysname a\n"
    assert (tmp_path / "current" / "SW-1.cfg").read_text() == "sysname b\n"
    assert difference(tmp_path, first, other).splitlines()[2:] == ["@@ -1 +1 @@", "-sysname a", "+sysname b"]


def test_a_text_that_was_touched_is_told(tmp_path: Path) -> None:
    kept = keep(tmp_path, "SW-1", "sysname a\n", "2026-06-01T18:00:00+00:00")
    (tmp_path / "objects" / f"{kept.sha256}.cfg").write_text("sysname x\n", encoding="utf-8")
    with pytest.raises(ValueError, match="is not what was stored"):
        text_of(tmp_path, kept.sha256)
