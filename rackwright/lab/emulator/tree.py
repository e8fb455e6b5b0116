"""A switch configuration as a tree of lines that commands change, by the rules of a dialect."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from rackwright.lab.emulator import grammar
from rackwright.lab.emulator.grammar import Names, Reading, Sequence_


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


@dataclass(frozen=True, eq=False)
class View:
    """A place in the configuration: the line that opens it, what may be said there, and its views in turn.

    `opens` and `commands` are written as `grammar` describes. `unique` are beginnings of which a view holds one
    line at most (a second one takes the place of the first); `lists` beginnings whose VLAN numbers add up.
    """

    opens: str
    commands: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    unique: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Dialect:
    """How one platform speaks. `kept` are negations that are stored as lines (`undo portswitch`); `deep` are first
    words whose negation also clears the views below; `against` are lines that a kept negation takes away, and that take
    it away; `hidden` is what a stored key looks like (`{}`: its digest)
    and `clear` the words for a key in the clear with what takes their place."""

    negation: str
    root: View
    names: Names
    kept: tuple[str, ...] = ()
    separator: str = "#"
    deep: tuple[str, ...] = ()
    against: tuple[tuple[str, str], ...] = ()
    hidden: str = "%^%#{}%^%#"
    clear: tuple[tuple[str, str], ...] = ()
    batch: str = ""
    """The list that every opened `vlan N` joins; empty: the platform has none."""


class RefusedError(Exception):
    """A line the switch does not take: `problem` (see `grammar`) at the word with index `word`."""

    def __init__(self, word: int, problem: str = grammar.UNRECOGNIZED) -> None:
        super().__init__(problem, word)
        self.word, self.problem = word, problem


@cache
def commands_of(view: View) -> tuple[tuple[int, Sequence_], ...]:
    """Every word sequence of a view; commands have the keys 0, 1, …, its views -1, -2, …"""
    rows = [(k, s) for k, spec in enumerate(view.commands) for s in grammar.expand(spec)]
    rows += [(-1 - k, s) for k, inner in enumerate(view.views) for s in grammar.expand(inner.opens)]
    return tuple(rows)


def view_at(dialect: Dialect, path: Sequence[str]) -> View:
    """The view that the lines of `path` lead to. Raises RefusedError when one does not open a view."""
    view = dialect.root
    for line in path:
        inner = _opened(dialect, view, line)
        if inner is None:
            raise RefusedError(0)
        view = inner
    return view


@cache
def _opened(dialect: Dialect, view: View, line: str) -> View | None:
    for inner in view.views:
        rows = [(0, s) for s in grammar.expand(inner.opens)]
        if not grammar.read(rows, line.split(), dialect.names).problem:
            return inner
    return None


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


def understood(
    dialect: Dialect, path: Sequence[str], words: Sequence[str]
) -> tuple[tuple[str, ...], Reading]:
    """In which view (the one at `path` or one around it) the words are a command, and which.

    Raises RefusedError for the problem that lies furthest into the line.
    """
    negated = bool(words) and len(words[0]) >= 2 and dialect.negation.startswith(words[0].lower())
    rest = words[1:] if negated else words
    worst = RefusedError(0)
    for depth in range(len(path), -1, -1):
        view = view_at(dialect, path[:depth])
        reading = grammar.read(commands_of(view), rest, dialect.names, beginning=negated)
        if not reading.problem:
            full = (dialect.negation, *reading.words) if negated else reading.words
            return tuple(path[:depth]), Reading(reading.key, full, "", reading.at)
        if reading.at + negated > worst.word:
            worst = RefusedError(reading.at + negated, reading.problem)
        elif worst.word == 0 and reading.problem == grammar.AMBIGUOUS:
            worst = RefusedError(0, reading.problem)
    raise worst


def apply(dialect: Dialect, root: Node, path: tuple[str, ...], line: str) -> tuple[str, ...]:
    """Take one configuration line in the view at `path`: change `root`, return the view one is in afterwards.

    Words may be shortened. Raises RefusedError for what the view does not know. A line of an outer view is taken
    there, as switches do.
    """
    here, reading = understood(dialect, path, line.split())
    after = _apply_here(dialect, root, here, reading)
    outer = len(here) < len(path) and len(after) == len(here)
    return path if outer and node_at(root, path) is not None else after


def _apply_here(dialect: Dialect, root: Node, path: tuple[str, ...], reading: Reading) -> tuple[str, ...]:
    view = view_at(dialect, path)
    line = reading.line
    if reading.words[0] == dialect.negation and line not in dialect.kept:
        node = node_at(root, path)
        if node is not None:
            _negate(dialect, view, node, reading.words[1:])
            if (
                dialect.batch
                and reading.words[1] == "vlan"
                and reading.words[2:3]
                and reading.words[2].isdigit()
            ):
                _negate(dialect, view, node, (*dialect.batch.split(), reading.words[2]))
        return path
    node = node_at(root, path, create=True)
    assert node is not None  # noqa: S101 - created
    if reading.key < 0 and line not in dialect.kept:
        if dialect.batch and reading.words[0] == "vlan":
            _add_to_list(node, dialect.batch, {int(reading.words[1])})
        if node.find(line) is None:
            node.children.append(Node(line))
        return (*path, line)
    line = hide_keys(dialect, view, reading)
    opposite = f"{dialect.negation} {line}"
    if line in dialect.kept:
        gone = {line.partition(" ")[2], *(on for off, on in dialect.against if off == line)}
        node.children = [c for c in node.children if c.line not in gone]
    elif opposite in dialect.kept:
        node.children = [c for c in node.children if c.line != opposite]
        if node.find(line) is None and " vlan " not in line:
            node.children.append(Node(line))
        return path
    off = {off for off, on in dialect.against if on == line}
    node.children = [c for c in node.children if c.line not in off]
    if start := next((s for s in view.lists if line.startswith(s + " ")), None):
        _add_to_list(node, start, _numbers(line[len(start) :]))
        return path
    if key := unique_key(dialect, view, line):
        for i, child in enumerate(node.children):
            if unique_key(dialect, view, child.line) == key:
                node.children[i] = Node(line)
                return path
    if node.find(line) is None:
        node.children.append(Node(line))
    return path


def _negate(dialect: Dialect, view: View, node: Node, words: tuple[str, ...]) -> None:
    rest = " ".join(words)
    if start := next((s for s in view.lists if rest.startswith(s + " ")), None):
        held = next((c for c in node.children if c.line.startswith(start + " ")), None)
        if held is not None:
            left = _numbers(held.line[len(start) :]) - _numbers(rest[len(start) :])
            held.line = start
            if left:
                _add_to_list(node, start, left)
            else:
                node.children = [c for c in node.children if c is not held]
        return
    opposite = f"{dialect.negation} {rest}"
    node.children = [
        c
        for c in node.children
        if not (c.line == rest or c.line.startswith(rest + " ") or c.line == opposite)
    ]
    if words and words[0] in dialect.deep:
        for child in node.children:
            _negate(dialect, view, child, words)


def _numbers(text: str) -> set[int]:
    out: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:\s*(?:to|-)\s*(\d+))?", text):
        out.update(range(int(first), int(last or first) + 1))
    return out


def _add_to_list(node: Node, start: str, more: set[int]) -> None:
    from topology.platforms.render import vid_list

    held = next((c for c in node.children if f"{c.line} ".startswith(start + " ")), None)
    if held is None:
        held = Node("")
        node.children.append(held)
    together = more | _numbers(held.line[len(start) :])
    held.line = f"{start} {vid_list(tuple(sorted(together)))}"


@cache
def unique_key(dialect: Dialect, view: View, line: str) -> tuple[str, ...] | None:
    """The first words of a line of which the view holds one; None for a line of which it holds many."""
    words = line.split()
    for spec in view.unique:
        for tokens in grammar.expand(spec):
            if len(tokens) <= len(words) and all(
                t == w if t[0] != "<" else grammar.typed_value(t, w, dialect.names) is not None
                for t, w in zip(tokens, words, strict=False)
            ):
                return tuple(words[: len(tokens)])
    return None


def hide_keys(dialect: Dialect, view: View, reading: Reading) -> str:
    """The line as it is stored: every key in the clear replaced by its digest, as switches show it."""
    if reading.key < 0 or "<key>" not in view.commands[reading.key]:
        return reading.line
    tokens = next(
        (s for s in grammar.expand(view.commands[reading.key]) if _fits(s, reading.words, dialect.names)), ()
    )
    words = list(reading.words)
    opening = dialect.hidden.partition("{")[0]
    for i, token in enumerate(tokens):
        if token == "<key>" and not words[i].startswith(opening):  # noqa: S105 - a type
            digest = hashlib.sha256(words[i].encode()).hexdigest()[:24]
            words[i] = dialect.hidden.format(digest)
    line = " ".join(words)
    for plain, stored in dialect.clear:
        line = line.replace(plain, stored)
    return line


def _fits(tokens: Sequence_, words: tuple[str, ...], names: Names) -> bool:
    return len(tokens) == len(words) and all(
        t == w if t[0] != "<" else grammar.typed_value(t, w, names) is not None
        for t, w in zip(tokens, words, strict=True)
    )


def text_of(dialect: Dialect, root: Node) -> str:
    """The configuration as the switch shows it: one space a level, a separator between sections."""
    out: list[str] = []

    def write(node: Node, depth: int) -> None:
        out.append(" " * depth + node.line)
        for child in node.children:
            write(child, depth + 1)

    for child in root.children:
        write(child, 0)
        if child.children or _opened(dialect, dialect.root, child.line) is not None:
            out.append(dialect.separator)
    return "\n".join(out) + "\n"


def from_text(dialect: Dialect, text: str) -> Node:
    """A tree from text, by indentation; lines the dialect does not know raise RefusedError."""
    root = Node("")
    stack: list[tuple[int, str]] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in "#!" or line in ("return", "end", "exit-address-family"):
            stack.clear()
            continue
        depth = len(raw) - len(raw.lstrip())
        while stack and stack[-1][0] >= depth:
            stack.pop()
        path = tuple(name for _, name in stack)
        here, reading = understood(dialect, path, line.split())
        if here != path:
            raise RefusedError(0)
        after = _apply_here(dialect, root, path, reading)
        if len(after) > len(path):
            stack.append((depth, after[-1]))
    return root
