"""The cache of parsed files: the same answer as the parser, and never a reason to fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inventory import cache, source
from inventory.source import read

TEXT = "rows:\n  - {name: 中, x_m: 1.5, n: 3, ok: true, none: null, '1': '1:2'}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of its own."""
    monkeypatch.setenv("RACKWRIGHT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f.yml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("parsed although it is known")

    monkeypatch.setattr(source, "parse", fail)


def test_second_read_does_not_parse(folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = read(file, "f.yml")
    no_parser(monkeypatch)
    second, findings = read(file, "f.yml")
    assert first is not None and second is not None and findings == []
    assert second.data == first.data
    assert list(map(type, second.data["rows"][0].values())) == list(map(type, first.data["rows"][0].values()))
    assert str(second.where("rows", 0, "x_m")) == "f.yml:2:20"
    assert len(list(folder.glob("*.json"))) == 1


@pytest.mark.parametrize("other", [TEXT.replace("3", "4"), TEXT + " ", "\ufeff" + TEXT])
def test_other_bytes_are_another_file(folder: Path, file: Path, other: str) -> None:
    read(file, "f.yml")
    file.write_text(other, encoding="utf-8")
    read(file, "f.yml")
    assert len(list(folder.glob("*.json"))) == 2


def test_files_from_outside_are_kept_apart(folder: Path, file: Path) -> None:
    file.write_text("part_number: 089\n", encoding="utf-8")
    assert read(file, "f.yml", outside=True)[1] == []
    assert [f.code for f in read(file, "f.yml")[1]] == ["INV003"]


def test_other_code_reads_anew(folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(file, "f.yml")
    monkeypatch.setattr(cache, "_version", lambda: b"another")
    read(file, "f.yml")
    assert len(list(folder.glob("*.json"))) == 2


@pytest.mark.parametrize("text", ["a: NO\n", "a: 1\na: 2\n", "a: [\n", "a: \x07\n"])
def test_files_with_faults_are_not_kept(folder: Path, file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert read(file, "f.yml")[1] == read(file, "f.yml")[1] != []
    assert not list(folder.glob("*"))


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"rows": [1'], ids=repr)
def test_damaged_entry_is_none(folder: Path, file: Path, damage: bytes) -> None:
    first, _ = read(file, "f.yml")
    entry = next(folder.glob("*.json"))
    entry.write_bytes(damage)
    again, findings = read(file, "f.yml")
    assert first is not None and again is not None and findings == [] and again.data == first.data
    assert entry.read_bytes() != damage  # written anew


def test_oldest_entries_go_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "KEPT", 8)
    for i in range(9):
        cache.keep(f"n{i}", i)
        if (folder / f"n{i}.json").exists():
            os.utime(folder / f"n{i}.json", (i, i))
    assert sorted(p.stem for p in folder.glob("*.json")) == [f"n{i}" for i in range(2, 9)]
    assert cache.recall("n8") == (True, 8) and cache.recall("n0") == (False, None)


def refused(folder: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Make the cache unusable in one of the ways disks and users do."""
    if how == "off":
        monkeypatch.setenv("RACKWRIGHT_CACHE", "off")
    elif how == "a file":
        folder.write_bytes(b"x")
    elif how == "under a file":
        folder.write_bytes(b"x")
        monkeypatch.setenv("RACKWRIGHT_CACHE", str(folder / "below"))
    elif how == "no home":
        monkeypatch.delenv("RACKWRIGHT_CACHE")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

        def homeless() -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setattr(Path, "home", homeless)
        cache._made.cache_clear()
    elif how == "full":

        def full(self: Path, data: bytes) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", full)


@pytest.mark.parametrize("how", ["off", "a file", "under a file", "no home", "full"])
def test_no_cache_is_no_fault(folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    refused(folder, monkeypatch, how)
    for _ in range(2):
        document, findings = read(file, "f.yml")
        assert document is not None and findings == [] and document.data["rows"][0]["name"] == "中"
    cache._made.cache_clear()


def test_folder_is_for_its_owner_alone(folder: Path, file: Path) -> None:
    read(file, "f.yml")
    assert folder.stat().st_mode & 0o077 == 0
