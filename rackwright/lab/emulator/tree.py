"""A switch configuration as a tree of lines that commands change, by the rules of a dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Node:
    """A line and what stands below it, in order."""

    line: str
    children: list[Node] = field(default_factory=list)

    def copy(self) -> Node:
        """A copy that shares nothing."""
        return Node(self.line, [child.copy() for child in self.children])

    def find(self, line: str) -> Node | None:
        """The child that is exactly this line."""
        return next((c for c in self.children if c.line == line), None)

    def paths(self, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        """Every line with the lines it stands below."""
        for child in self.children:
            here = (*above, child.line)
            yield here
            yield from child.paths(here)


@dataclass(frozen=True)
class View:
    """A place in the configuration: the line that opens it, what may be said there, and its views in turn.

    `opens` and `commands` are patterns of whole lines. `unique` are beginnings of which a view holds one line
    at most (a second one takes the place of the first). `name` goes into the prompt.
    """

    opens: str
    commands: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    unique: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Dialect:
    """How one platform speaks. `kept` are negations that are stored as lines (`undo portswitch`)."""

    negation: str
    root: View
    kept: tuple[str, ...] = ()
    separator: str = "#"


class RefusedError(Exception):
    """A line the switch does not take. `at` is the column of the first word it did not understand."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def view_at(dialect: Dialect, path: Sequence[str]) -> View:
    """The view that the lines of `path` lead to. Raises RefusedError when one does not open a view."""
    view = dialect.root
    for line in path:
        inner = next((v for v in view.views if re.fullmatch(v.opens, line)), None)
        if inner is None:
            raise RefusedError(0)
        view = inner
    return view


def node_at(root: Node, path: Sequence[str], *, create: bool = False) -> Node | None:
    """The node that the lines of `path` lead to."""
    node = root
    for line in path:
        inner = node.find(line)
        if inner is None:
            if not create:
                return None
            inner = Node(line)
            node.children.append(inner)
        node = inner
    return node


def apply(dialect: Dialect, root: Node, path: tuple[str, ...], line: str) -> tuple[str, ...]:
    """Take one configuration line in the view at `path`: change `root`, return the view one is in afterwards.

    Raises RefusedError for what the view does not know. A line of an outer view is taken there, as switches do.
    """
    line = " ".join(line.split())
    for depth in range(len(path), -1, -1):
        here = path[:depth]
        try:
            return _apply_here(dialect, root, here, line)
        except RefusedError:
            if depth == 0:
                raise
    raise RefusedError(0)


def _apply_here(dialect: Dialect, root: Node, path: tuple[str, ...], line: str) -> tuple[str, ...]:
    view = view_at(dialect, path)
    word, _, rest = line.partition(" ")
    if word == dialect.negation and line not in dialect.kept:
        if rest not in dialect.kept and not _known(view, rest, negated=True):
            raise RefusedError(len(word) + 1)
        node = node_at(root, path)
        if node is not None:
            opposite = f"{dialect.negation} {rest}"
            node.children = [
                c
                for c in node.children
                if not (c.line == rest or c.line.startswith(rest + " ") or c.line == opposite)
            ]
        return path
    inner = next((v for v in view.views if re.fullmatch(v.opens, line)), None)
    if inner is None and line not in dialect.kept and not _known(view, line):
        raise RefusedError(_misunderstood(view, line))
    node = node_at(root, path, create=True)
    assert node is not None  # noqa: S101 - created
    if inner is not None:
        if node.find(line) is None:
            node.children.append(Node(line))
        return (*path, line)
    if line in dialect.kept:
        node.children = [c for c in node.children if c.line != line.partition(" ")[2]]
    elif f"{dialect.negation} {line}" in dialect.kept:
        node.children = [c for c in node.children if c.line != f"{dialect.negation} {line}"]
        return path
    beginning = next((u for u in view.unique if re.match(rf"(?:{u})(?: |$)", line)), None)
    if beginning is not None:
        for i, child in enumerate(node.children):
            if re.match(rf"(?:{beginning})(?: |$)", child.line) and _same_key(beginning, child.line, line):
                node.children[i] = Node(line)
                return path
    if node.find(line) is None:
        node.children.append(Node(line))
    return path


def _same_key(beginning: str, old: str, new: str) -> bool:
    """True when both lines begin with the same words matched by `beginning`."""
    first, second = re.match(beginning, old), re.match(beginning, new)
    return bool(first and second and first[0] == second[0])


def _known(view: View, line: str, *, negated: bool = False) -> bool:
    if any(re.fullmatch(pattern, line) for pattern in view.commands):
        return True
    if not negated:
        return False
    patterns = [*view.commands, *(v.opens for v in view.views)]
    return any(_begins(pattern, line) for pattern in patterns)


def _begins(pattern: str, line: str) -> bool:
    """True when `line` is the first words of something `pattern` matches, judged word by word of the pattern."""
    words, parts = line.split(), pattern.split(" ")
    if len(words) > len(parts):
        return re.fullmatch(pattern, line) is not None
    return all(re.fullmatch(part, word) for part, word in zip(parts, words, strict=False) if _whole(part))


def _whole(part: str) -> bool:
    try:
        re.compile(part)
    except re.error:
        return False
    return True


def _misunderstood(view: View, line: str) -> int:
    """Column of the first word that no command of the view continues with."""
    words = line.split()
    patterns = [*view.commands, *(v.opens for v in view.views)]
    for count in range(len(words), 0, -1):
        text = " ".join(words[:count])
        if any(_begins(p, text) for p in patterns):
            return min(len(text) + 1, len(line))
    return 0


def text_of(dialect: Dialect, root: Node) -> str:
    """The configuration as the switch shows it: one space a level, a separator between sections."""
    out: list[str] = []

    def write(node: Node, depth: int) -> None:
        out.append(" " * depth + node.line)
        for child in node.children:
            write(child, depth + 1)

    for child in root.children:
        write(child, 0)
        if child.children or _opens(dialect, child.line):
            out.append(dialect.separator)
    return "\n".join(out) + "\n"


def _opens(dialect: Dialect, line: str) -> bool:
    return any(re.fullmatch(v.opens, line) for v in dialect.root.views)


def from_text(dialect: Dialect, text: str) -> Node:
    """A tree from text, by indentation; lines the dialect does not know raise RefusedError."""
    root = Node("")
    stack: list[tuple[int, str]] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in "#!" or line in ("return", "end"):
            stack.clear()
            continue
        depth = len(raw) - len(raw.lstrip())
        while stack and stack[-1][0] >= depth:
            stack.pop()
        path = tuple(name for _, name in stack)
        after = _apply_here(dialect, root, path, line)
        if len(after) > len(path):
            stack.append((depth, line))
    return root
