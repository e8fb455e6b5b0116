"""YAML files with their positions: the C parser, strict about what YAML 1.1 quietly changes.

`read` returns plain data (dict, list, str, int, float, bool, None). Positions are not kept for every
node: `Document.where` composes the file again, and only when somebody has something to say about it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from inventory import cache
from inventory.findings import Finding, Position, Severity, Text

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # a PyYAML built without libyaml: slower, same result
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 5_000_000
"""Limits per file: size, nesting, and nodes after aliases are expanded (an alias bomb stops here)."""

DataPath = tuple[str | int, ...]

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?\Z")
_EXPONENT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+\Z")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-9]?[0-9])+(\.[0-9_]*)?\Z")
_DIGIT_MAC = re.compile(r"[0-9]{2}([:-])[0-9]{2}(\1[0-9]{2}){4}\Z")
_DEEP_LINE = re.compile(rb"(?:[-?] +){32}")
_INDENT = re.compile(rb"^ {64,}", re.M)
_STEPS = bytes.maketrans(b"[{]}", bytes((2, 2, 0, 0)))
_NOT_BRACKETS = bytes(c for c in range(256) if c not in b"[]{}")
_TAG = "tag:yaml.org,2002:"


class _Loader(_Base):
    """The safe loader without path resolvers, which nobody registers: the same tags in half the time."""

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        """Nothing to descend into."""

    def ascend_resolver(self) -> None:
        """Nothing to come back from."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Tag of a node without an explicit one, by the YAML 1.1 rules of the safe loader."""
        if kind is yaml.ScalarNode:
            if implicit[0]:
                for tag, pattern in self.yaml_implicit_resolvers.get(value[:1], ()):
                    if pattern.match(value):
                        return str(tag)
            return "tag:yaml.org,2002:str"
        return "tag:yaml.org,2002:map" if kind is yaml.MappingNode else "tag:yaml.org,2002:seq"


@dataclass(slots=True)
class Document:
    """One YAML file: `path` as shown to the user, `data` as plain Python values."""

    path: str
    text: str
    data: Any
    _root: yaml.Node | None = field(default=None, repr=False)

    def where(self, *path: str | int) -> Position:
        """Position of the value at `path`; of its key when the value is a mapping or list; of the
        nearest enclosing value when the path does not exist in the file."""
        if self._root is None:
            self._root = yaml.compose(self.text, Loader=_Loader)
        node, mark = self._root, None
        for step in path:
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == str(step):
                        node = value
                        scalar = isinstance(value, yaml.ScalarNode)
                        mark = value.start_mark if scalar else key.start_mark
                        break
                else:
                    break
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                mark = node.start_mark
            else:
                break
        if mark is None:
            mark = node.start_mark if node is not None else None
        return Position(self.path, mark.line + 1, mark.column + 1) if mark else Position(self.path, 1, 1)

    def where_key(self, *path: str | int) -> Position:
        """Position of the key that ends `path`, even when its value is a scalar."""
        if self._root is None:
            self._root = yaml.compose(self.text, Loader=_Loader)
        node: yaml.Node | None = self._root
        for step in path[:-1]:
            if isinstance(node, yaml.MappingNode):
                node = next((v for k, v in node.value if k.value == str(step)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
        if isinstance(node, yaml.MappingNode):
            for key, _ in node.value:
                if key.value == str(path[-1]):
                    return Position(self.path, key.start_mark.line + 1, key.start_mark.column + 1)
        return self.where(*path)


def read(path: Path, shown: str) -> tuple[Document | None, list[Finding]]:
    """Read one YAML file.

    Parameters: the file, and its path as findings shall show it. Returns (document, findings); the
    document is None when the text cannot be parsed at all. Duplicate keys, merge keys, non-text keys,
    tags and ambiguous plain scalars are findings INV002 and INV003; the data then still holds what was
    written as text, so that later stages can go on and report their own faults in the same run.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            return None, [
                _fault(
                    "INV001",
                    Position(shown),
                    f"file is larger than {MAX_BYTES} bytes",
                    f"文件超过 {MAX_BYTES} 字节",
                    "split the file",
                    "拆分文件",
                )
            ]
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw[: exc.start].count(b"\n") + 1
        return None, [
            _fault(
                "INV001",
                Position(shown, line, 1),
                f"byte {exc.start} is not UTF-8",
                f"第 {exc.start} 字节不是 UTF-8",
                "save the file as UTF-8",
                "以 UTF-8 保存文件",
            )
        ]
    except OSError as exc:
        return None, [
            _fault(
                "INV001",
                Position(shown),
                f"cannot be read: {exc.strerror}",
                f"无法读取：{exc.strerror}",
                "check the path and the permissions",
                "检查路径与权限",
            )
        ]
    name = cache.key(raw)
    known, data = cache.recall(name)
    if known:
        return Document(shown, text, data), []
    document, findings = parse(text, shown, raw)
    if document is not None and not findings:
        cache.keep(name, document.data)
    return document, findings


def parse(text: str, shown: str, raw: bytes | None = None) -> tuple[Document | None, list[Finding]]:
    """Parse YAML text; see `read`."""
    if too_deep := _too_deep(raw if raw is not None else text.encode(), text):
        return None, [
            _fault(
                "INV001",
                Position(shown, too_deep),
                f"nested deeper than {MAX_DEPTH} levels",
                f"嵌套超过 {MAX_DEPTH} 层",
                "flatten the data",
                "减少嵌套层数",
            )
        ]
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None) or getattr(exc, "context_mark", None)
        at = Position(shown, mark.line + 1, mark.column + 1) if mark else Position(shown)
        problem = str(getattr(exc, "problem", None) or exc)
        return None, [
            _fault(
                "INV001",
                at,
                f"not valid YAML: {problem}",
                f"不是合法的 YAML：{problem}",
                "mend the syntax at this place; often a missing space, quote or indent just above",
                "修正此处语法；常见原因是上一行缺空格、引号或缩进",
            )
        ]
    builder = _Builder(shown)
    data = builder.build(root, 0) if root is not None else None
    if builder.nodes > MAX_NODES:
        return None, [
            _fault(
                "INV001",
                Position(shown),
                f"more than {MAX_NODES} values once aliases are expanded",
                f"别名展开后超过 {MAX_NODES} 个值",
                "remove nested aliases",
                "去掉嵌套别名",
            )
        ]
    document = Document(shown, text, data, root if builder.findings else None)
    return document, builder.findings


class _Builder:
    """Turns composed nodes into plain data, noting what YAML would silently change."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.findings: list[Finding] = []
        self.nodes = 0
        self.done: dict[int, tuple[Any, int]] = {}

    def build(self, node: yaml.Node, depth: int) -> Any:
        if type(node) is yaml.ScalarNode:
            self.nodes += 1
            tag = node.tag
            if tag == "tag:yaml.org,2002:str":
                if node.style is None and _EXPONENT.match(node.value):
                    return self.trap(node, "a number for some readers and text for others")
                return node.value
            return self.scalar(node)
        known = self.done.get(id(node))
        if known is not None:  # an alias: the same object again, counted as if it were copied
            self.nodes += known[1]
            return known[0]
        before = self.nodes
        self.nodes += 1
        if self.nodes > MAX_NODES:
            return None
        if type(node) is yaml.MappingNode:
            result: Any = self.mapping(node, depth)
        else:
            if node.tag != "tag:yaml.org,2002:seq":
                self.tag(node)
            result = [self.build(child, depth + 1) for child in node.value]
        self.done[id(node)] = (result, self.nodes - before)
        return result

    def mapping(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        if node.tag != "tag:yaml.org,2002:map":
            self.tag(node)
        out: dict[str, Any] = {}
        seen: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if type(key) is not yaml.ScalarNode:
                self.say(
                    "INV002",
                    key,
                    "a key must be plain text",
                    "键必须是文本",
                    "write the key as one word",
                    "将键写成一个词",
                )
                continue
            name = key.value
            if key.tag == "tag:yaml.org,2002:merge":
                self.say(
                    "INV002",
                    key,
                    "merge keys (<<) are not read",
                    "不支持合并键（<<）",
                    "write the fields out, or use the section's defaults",
                    "把字段写全",
                )
                continue
            if key.tag in (_TAG + "bool", _TAG + "null") and key.style is None:
                self.say(
                    "INV003",
                    key,
                    f"key {name} without quotes is read as a truth value or null by YAML",
                    f"未加引号的键 {name} 会被 YAML 读成布尔值或空值",
                    f'write "{name}"',
                    f'写成 "{name}"',
                )
            if name in seen:
                first = seen[name].start_mark
                self.say(
                    "INV002",
                    key,
                    f"key {name} stands twice in this mapping (first at line {first.line + 1})",
                    f"键 {name} 在此映射中重复（首次在第 {first.line + 1} 行）",
                    "keep one of the two",
                    "保留其中一个",
                )
                continue
            seen[name] = key
            out[name] = self.build(value, depth + 1)
        return out

    def scalar(self, node: yaml.Node) -> Any:
        value: str = node.value
        kind = node.tag.removeprefix(_TAG)
        if kind == "int":
            if _INT.match(value):
                return int(value)
            if _DIGIT_MAC.match(value):
                return self.trap(node, "a MAC address of digits only, read as a base-60 number")
            if _SEXAGESIMAL.match(value):
                return self.trap(node, "read as a base-60 number (1:2 becomes 62)")
            if value.lstrip("+-").startswith("0"):
                return self.trap(node, "read as an octal, hexadecimal or binary number (0100 becomes 64)")
            return self.trap(node, "a number written in a form that readers disagree on")
        if kind == "float":
            if _FLOAT.match(value):
                return float(value)
            if _SEXAGESIMAL.match(value):
                return self.trap(node, "read as a base-60 number")
            return self.trap(node, "a number written in a form that readers disagree on")
        if kind == "bool":
            if value in (
                "true",
                "false",
                "True",
                "False",
                "TRUE",
                "FALSE",
            ):  # the forms every reader agrees on
                return value.lower() == "true"
            return self.trap(node, f"read as {value.lower() in ('yes', 'on', 'true', 'y')}".lower())
        if kind == "null":
            return None
        if kind == "timestamp":
            return value
        self.tag(node)
        return value

    def trap(self, node: yaml.Node, how: str) -> str:
        value: str = node.value
        self.say(
            "INV003",
            node,
            f"{value} without quotes is ambiguous: {how}",
            f"未加引号的 {value} 有歧义：{how}",
            f'write "{value}" if it is text, or the plain value meant (true, false, 62, 0.5)',
            f'若为文本请写 "{value}"，否则写明真实数值',
        )
        return value

    def tag(self, node: yaml.Node) -> None:
        self.say(
            "INV002",
            node,
            f"tag {node.tag.removeprefix(_TAG)} is not allowed here",
            f"不允许标签 {node.tag.removeprefix(_TAG)}",
            "remove the tag",
            "去掉标签",
        )

    def say(self, code: str, node: yaml.Node, en: str, zh: str, fix_en: str, fix_zh: str) -> None:
        mark = node.start_mark
        at = Position(self.shown, mark.line + 1, mark.column + 1)
        self.findings.append(_fault(code, at, en, zh, fix_en, fix_zh))


def _fault(code: str, at: Position, en: str, zh: str, fix_en: str, fix_zh: str) -> Finding:
    return Finding(code, Severity.ERROR, at.path, Text(en, zh), at, Text(fix_en, fix_zh))


def _too_deep(raw: bytes, text: str) -> int:
    """Line at which nesting passes MAX_DEPTH, or 0. The exact count runs only on suspicious text,
    because the C composer recurses without a limit of its own."""
    steps = raw.translate(_STEPS, _NOT_BRACKETS)
    running = list(accumulate(step - 1 for step in steps)) if steps else [0]
    flow = max(running) - min(0, *running)
    indent = max((len(spaces) for spaces in _INDENT.findall(raw)), default=0)
    if flow <= MAX_DEPTH // 2 and indent <= MAX_DEPTH and not _DEEP_LINE.search(raw):
        return 0
    level = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                level += 1
                if level > MAX_DEPTH:
                    mark = event.start_mark
                    return int(mark.line) + 1 if mark else 1
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                level -= 1
    except yaml.YAMLError:
        return 0
    return 0
