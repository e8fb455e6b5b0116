"""YAML files with their positions: the C parser, strict about what YAML 1.1 quietly changes.

`read` returns plain data (dict, list, str, int, float, bool, None). Positions are not kept for every
node: `Document.where` composes the few lines in question again, and only when somebody asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from inventory import cache
from inventory.excerpt import Excerpts, record_lines
from inventory.findings import Finding, Position, Severity, Text
from inventory.yaml_traps import Trap, plain_scalar, syntax_fault

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # a PyYAML built without libyaml: slower, same result
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 5_000_000
"""Limits per file: size (also of the text once aliases are expanded), nesting, and values once aliases are
expanded: an alias bomb stops here."""

PIECE = 20_000
"""Characters read at a time where a file can be cut: the nodes of a piece are gone before the next is read."""

DataPath = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_STR, _MAP, _SEQ, _MERGE = _TAG + "str", _TAG + "map", _TAG + "seq", _TAG + "merge"
_NUMERIC = "+-.0123456789"
"""What plain text that some reader takes for a number begins with."""


class _Loader(_Base):
    """The safe loader without path resolvers, which nobody registers: the same tags in half the time.

    Their two calls per node count the depth instead, because the C composer recurses without a limit.
    """

    depth = 0

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """One level down; raises a YAMLError below MAX_DEPTH lists and mappings."""
        self.depth += 1
        if self.depth > MAX_DEPTH + 1:
            problem = f"nested deeper than {MAX_DEPTH} levels"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=current_node.start_mark)

    def ascend_resolver(self) -> None:
        """One level up."""
        self.depth -= 1

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Tag of a node without an explicit one, by the YAML 1.1 rules of the safe loader."""
        if kind is yaml.ScalarNode:
            return _plain_tag(value) if implicit[0] else _STR
        return _MAP if kind is yaml.MappingNode else _SEQ


@lru_cache(maxsize=1 << 15)
def _plain_tag(value: str) -> str:
    """Tag of a plain scalar by the YAML 1.1 rules; the same words come again and again."""
    for tag, pattern in _Base.yaml_implicit_resolvers.get(value[:1], ()):
        if pattern.match(value):
            return str(tag)
    return _STR


@dataclass(slots=True)
class Document:
    """One YAML file: `path` as shown to the user, `data` as plain Python values."""

    path: str
    text: str
    data: Any
    _root: yaml.Node | None = field(default=None, repr=False)
    _excerpts: Excerpts | None = field(default=None, repr=False)
    _parts: dict[DataPath, tuple[yaml.Node, int] | None] = field(default_factory=dict, repr=False)

    def where(self, *path: str | int) -> Position:
        """Position of the value at `path`; of its key when the value is a mapping or list; of the
        nearest enclosing value when the path does not exist in the file."""
        node, mark, _, skipped = self._find(path)
        if mark is None and node is not None:
            mark = node.start_mark
        return self._at(mark, skipped)

    def where_key(self, *path: str | int) -> Position:
        """Position of the key that ends `path`, even when its value is a scalar."""
        node, _, found, skipped = self._find(path[:-1])
        if found and isinstance(node, yaml.MappingNode):
            for key, _ in node.value:
                if key.value == str(path[-1]):
                    return self._at(key.start_mark, skipped)
        return self.where(*path)

    def written(self, *path: str | int) -> str | None:
        """The scalar at `path` as it stands in the file, without quotes; None when there is none."""
        node, _, found, _ = self._find(path)
        return str(node.value) if found and isinstance(node, yaml.ScalarNode) else None

    def _find(self, path: Sequence[str | int]) -> tuple[yaml.Node | None, yaml.Mark | None, bool, int]:
        """(deepest node on the way, its mark, whether the way led to the end, lines to add to marks)."""
        node, inside, skipped = self._composed(tuple(path))
        mark = None
        for step in inside:
            if isinstance(node, yaml.MappingNode):
                pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
                if pair is None:
                    return node, mark, False, skipped
                key, node = pair
                mark = node.start_mark if isinstance(node, yaml.ScalarNode) else key.start_mark
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                mark = node.start_mark
            else:
                return node, mark, False, skipped
        return node, mark, True, skipped

    def _composed(self, path: DataPath) -> tuple[yaml.Node | None, DataPath, int]:
        """The smallest composed part that holds `path`: its node, the way on from there, lines before it."""
        if self._root is None:
            for depth in (2, 1):
                part = self._part(path[:depth]) if len(path) >= depth else None
                if part:
                    return part[0], ((0, *path[2:]) if depth == 2 else path), part[1]
            self._root = yaml.compose(self.text, Loader=_Loader)
        return self._root, path, 0

    def _part(self, path: DataPath) -> tuple[yaml.Node, int] | None:
        """A list item or a top-level key composed by itself; None unless it then says what the data says."""
        if path not in self._parts:
            self._parts[path] = None
            if self._excerpts is None:
                self._excerpts = Excerpts(self.text, self.data)
            name, *rest = path
            excerpt = self._excerpts.item(name, rest[0]) if rest else self._excerpts.section(name)
            if excerpt:
                value = self.data[name]
                expected = [value[rest[0]]] if rest else {name: value}
                try:
                    node = yaml.compose(excerpt[0], Loader=_Loader)
                    if node is not None and _Builder(outside=True).build(node) == expected:
                        self._parts[path] = node, excerpt[1]
                except yaml.YAMLError:
                    pass  # an alias of an anchor that stands elsewhere: the larger part will have it
        return self._parts[path]

    def _at(self, mark: yaml.Mark | None, skipped: int) -> Position:
        if mark is None:
            return Position(self.path, 1, 1)
        return Position(self.path, mark.line + 1 + skipped, mark.column + 1)


def path_text(path: Sequence[str | int]) -> str:
    """A data path as findings show it: fleets[0].attach.pairs[1]."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def place(at: str) -> tuple[str, DataPath]:
    """File and data path of an `at` text: `file#a/3/b` is (file, (a, 3, b)). Files may have a # in their name."""
    shown, _, inner = at.rpartition("#")
    return shown, tuple(int(step) if step.isdigit() else step for step in inner.split("/") if step)


def read(path: Path, shown: str, *, outside: bool = False) -> tuple[Document | None, list[Finding]]:
    """Read one YAML file.

    Parameters: the file, its path as findings shall show it, and whether it comes from outside, where files are
    written for YAML 1.1: text that only newer readers take for a number (`08`, `1e3`) is then text. Returns (document, findings); the
    document is None when the text cannot be parsed at all. Duplicate keys, merge keys, non-text keys,
    tags and ambiguous plain scalars are findings INV002 and INV003; the data then still holds what was
    written as text, so that later stages can go on and report their own faults in the same run.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            return None, [_unreadable(Position(shown), f"file is larger than {MAX_BYTES} bytes",
                                      f"文件超过 {MAX_BYTES} 字节", "split the file", "拆分文件")]  # fmt: skip
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        whole, wrong = exc.object, f"0x{exc.object[exc.start]:02x}"
        line = whole.count(b"\n", 0, exc.start) + 1
        before = whole[whole.rfind(b"\n", 0, exc.start) + 1 : exc.start]
        at = Position(shown, line, len(before.decode("utf-8", "replace")) + 1)
        return None, [_unreadable(at, f"byte {wrong} is not UTF-8", f"字节 {wrong} 不是 UTF-8",
                                  "save the file as UTF-8", "以 UTF-8 保存文件")]  # fmt: skip
    except OSError as exc:
        return None, [_unreadable(Position(shown), f"cannot be read: {exc.strerror}", f"无法读取：{exc.strerror}",
                                  "check the path and the permissions", "检查路径与权限")]  # fmt: skip
    name = cache.key(raw) + ("-outside" if outside else "")
    known, data = cache.recall(name)
    if known:
        return Document(shown, text, data), []
    document, findings = parse(text, shown, outside=outside)
    if document is not None and not findings:
        cache.keep(name, document.data)
    return document, findings


def parse(text: str, shown: str, *, outside: bool = False) -> tuple[Document | None, list[Finding]]:
    """Parse YAML text; see `read`."""
    if len(text) > 2 * PIECE and (whole := _in_pieces(text, outside)):
        return Document(shown, text, whole), []
    builder = _Builder(outside)
    try:
        root = yaml.compose(text, Loader=_Loader)
        data = builder.build(root) if root is not None else None
    except (yaml.YAMLError, UnicodeEncodeError) as exc:
        fault = syntax_fault(exc, text)
        at = Position(shown, fault.line, fault.column)
        return None, [Finding("INV001", Severity.ERROR, shown, fault.message, at, fault.fix)]
    if root is None or not builder.faults:
        return Document(shown, text, data), []
    return Document(shown, text, data, root), builder.findings(root, shown)


def _in_pieces(text: str, outside: bool) -> dict[str, Any] | None:
    """The data of a large file of one record a line, read piece by piece; None when it is not of that form or
    has any fault, for the whole to be read at once."""
    lines = record_lines(text, PIECE)
    if lines is None:
        return None
    nodes = characters = 0
    records: list[Any] = []
    for piece in (f"- {lines[0]}: []", *lines[1]):
        builder = _Builder(outside)
        try:
            root = yaml.compose(piece, Loader=_Loader)
            data = builder.build(root) if root is not None else None
        except (yaml.YAMLError, UnicodeEncodeError):
            return None
        nodes += builder.nodes
        characters += builder.characters
        if builder.faults or not isinstance(data, list) or nodes > MAX_NODES or characters > MAX_BYTES:
            return None
        records += data
    return {lines[0]: records[1:]}


class _Builder:
    """Turns composed nodes into plain data, noting what YAML would silently change."""

    def __init__(self, outside: bool = False) -> None:
        self.numeric = "" if outside else _NUMERIC
        self.faults: list[tuple[str, yaml.Node, Text, Text]] = []
        self.nodes = self.characters = 0
        self.done: dict[int, tuple[Any, int, int]] = {}
        self.open: set[int] = set()

    def build(self, node: yaml.Node) -> Any:
        if type(node) is yaml.ScalarNode:
            value = node.value
            self.nodes += 1
            self.characters += len(value)
            if node.tag == _STR and (node.style or value[:1] not in self.numeric):
                return value
            return self.scalar(node)
        known = self.done.get(id(node))
        if known is not None:  # an alias: the same object again, counted as if it were copied
            self.nodes += known[1]
            self.characters += known[2]
            return known[0]
        if id(node) in self.open:
            problem = "an alias stands inside the value it repeats"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        self.open.add(id(node))
        nodes, characters = self.nodes, self.characters
        self.nodes += 1
        if type(node) is yaml.MappingNode:
            result: Any = self.mapping(node)
        else:
            if node.tag != _SEQ:
                self.tag(node)
            result = [self.build(child) for child in node.value]
        if self.nodes > MAX_NODES or self.characters > MAX_BYTES:
            problem = f"more than {MAX_NODES} values or {MAX_BYTES} characters once aliases are expanded"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        self.done[id(node)] = (result, self.nodes - nodes, self.characters - characters)
        return result

    def mapping(self, node: yaml.Node) -> dict[str, Any]:
        if node.tag != _MAP:
            self.tag(node)
        out: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if type(key) is not yaml.ScalarNode:
                self.say("INV002", key, "a key must be plain text", "键必须是文本",
                         "write the key as one word", "将键写成一个词")  # fmt: skip
                continue
            name = key.value
            if key.tag != _STR or name[:1] in self.numeric:
                if key.tag == _MERGE:
                    self.say("INV002", key, "merge keys (<<) are not read", "不支持合并键（<<）",
                             "write the fields out", "把字段写全")  # fmt: skip
                    below = self.build(value)
                    for source in below if isinstance(below, list) else [below]:
                        merged = {**(source if isinstance(source, dict) else {}), **merged}
                    continue
                if not key.style:
                    self.plain_key(key)
            if name in out:
                line = next(k.start_mark.line for k, _ in node.value if k.value == name) + 1
                self.say("INV002", key, f"key {name} stands twice in this mapping, first at line {line}",
                         f"键 {name} 在此映射中重复，首次在第 {line} 行", "keep one of the two", "保留其中一个")  # fmt: skip
                self.build(value)  # for the faults inside
                continue
            out[name] = self.build(value)
        return {**merged, **out} if merged else out

    def plain_key(self, key: yaml.Node) -> None:
        """Note a key that some reader takes for something else; ours are always text."""
        kind, name = key.tag.removeprefix(_TAG), key.value
        if kind in ("bool", "null"):
            self.say("INV003", key, f"key {name} without quotes is read as a truth value or as nothing",
                     f"未加引号的键 {name} 会被读成布尔值或空值", f'write "{name}"', f'写成 "{name}"')  # fmt: skip
        elif trap := plain_scalar(kind, name)[1]:
            self.faults.append(("INV003", key, trap.why, trap.fix))

    def scalar(self, node: yaml.Node) -> Any:
        kind = node.tag.removeprefix(_TAG)
        value, trap = plain_scalar(kind, node.value)
        if isinstance(trap, Trap):
            self.faults.append(("INV003", node, trap.why, trap.fix))
        elif isinstance(value, str) and kind not in ("str", "timestamp"):
            self.tag(node)
        return value

    def tag(self, node: yaml.Node) -> None:
        tag = node.tag.removeprefix(_TAG)
        self.say(
            "INV002",
            node,
            f"tag {tag} is not allowed here",
            f"不允许标签 {tag}",
            "remove the tag",
            "去掉标签",
        )

    def say(self, code: str, node: yaml.Node, en: str, zh: str, fix_en: str, fix_zh: str) -> None:
        self.faults.append((code, node, Text(en, zh), Text(fix_en, fix_zh)))

    def findings(self, root: yaml.Node, shown: str) -> list[Finding]:
        """The faults with their positions and data paths."""
        paths = _paths(root, {id(node) for _, node, _, _ in self.faults})
        return [
            Finding(code, Severity.ERROR, path_text(paths[id(node)]) or shown, message,
                    Position(shown, node.start_mark.line + 1, node.start_mark.column + 1), fix)
            for code, node, message, fix in self.faults
        ]  # fmt: skip


def _paths(root: yaml.Node, wanted: set[int]) -> dict[int, DataPath]:
    """Data path of each wanted node, by its id; of an aliased one where it was written."""
    found: dict[int, DataPath] = {}
    seen: set[int] = set()
    todo: list[tuple[yaml.Node, DataPath]] = [(root, ())]
    while todo:
        node, path = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if id(node) in wanted:
            found[id(node)] = path
        if isinstance(node, yaml.MappingNode):
            for key, value in reversed(node.value):
                inner = (*path, key.value) if isinstance(key, yaml.ScalarNode) else path
                todo += [(value, inner), (key, inner)]
        elif isinstance(node, yaml.SequenceNode):
            todo += [(child, (*path, i)) for i, child in reversed(list(enumerate(node.value)))]
    return found


def _unreadable(at: Position, en: str, zh: str, fix_en: str, fix_zh: str) -> Finding:
    return Finding("INV001", Severity.ERROR, at.path, Text(en, zh), at, Text(fix_en, fix_zh))
