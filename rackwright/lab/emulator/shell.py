"""What the command lines of all platforms share: modes, questions, help, abbreviations, ranges of interfaces."""

from __future__ import annotations

import re
from collections.abc import Callable

from rackwright.lab.emulator import grammar
from rackwright.lab.emulator.device import Switch
from rackwright.lab.emulator.filters import piped
from rackwright.lab.emulator.grammar import Sequence_
from rackwright.lab.emulator.tree import (
    Dialect,
    Node,
    RefusedError,
    apply,
    commands_of,
    node_at,
    understood,
    view_at,
)

Handler = Callable[[tuple[str, ...]], str]
Words = tuple[str, ...]


class Shell:
    """One login. `view` is None outside configuration; `page` is the screen's length in lines, 0 for no paging."""

    dialect: Dialect
    pager = "  ---- More ----"
    page = 24

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self.ended = False
        self.view: tuple[str, ...] | None = None
        self.members: tuple[str, ...] = ()
        self.question: Callable[[str], str] | None = None
        self.asked = ""

    # ------------------------------------------------------------ what a platform says

    def prompt(self) -> str:
        """What stands before the cursor; a question stands alone."""
        raise NotImplementedError

    def commands(self) -> dict[str, Handler]:
        """Commands of the present mode that are no configuration, as written for `grammar`."""
        raise NotImplementedError

    def tree(self) -> Node:
        """The configuration that lines change."""
        raise NotImplementedError

    def refusal(self, problem: str, line: str, column: int) -> str:
        """How the platform says that it does not understand."""
        raise NotImplementedError

    def leave_all(self) -> str:
        """Ctrl-Z: out of configuration."""
        raise NotImplementedError

    # ------------------------------------------------------------ what all do

    def ask(self, question: str, then: Callable[[str], str]) -> str:
        """Ask before going on; `then` gets the answer as typed."""
        self.question, self.asked = then, question
        return ""

    def run(self, line: str) -> str:
        """The answer to one line, lines ended by line feeds."""
        if self.question:
            answer, self.question = self.question, None
            out = answer(line.strip())
            self.switch.rename()
            return out
        text = " ".join(line.split())
        if not text or text[0] in "#!":
            return ""
        if "|" in text and text[:1].lower() in "ds":
            return piped(text, self._one)
        return self._one(line.rstrip())

    def _one(self, line: str) -> str:
        words = line.split()
        rows, handlers = self._rows()
        reading = grammar.read(rows, words, self.dialect.names)
        if not reading.problem:
            if self._also_configuration(words, reading.words):
                return self.refusal(grammar.AMBIGUOUS, line, 0)
            return handlers[reading.key](reading.words)
        problem, at = reading.problem, reading.at
        if self.view is not None:
            try:
                return self._configure(line)
            except RefusedError as refused:
                if refused.word >= at or refused.problem == grammar.AMBIGUOUS:
                    problem, at = refused.problem, refused.word
        return self.refusal(problem, line, column(line, at))

    def _configure(self, line: str) -> str:
        assert self.view is not None  # noqa: S101 - only in configuration
        root = self.tree()
        if self.members:
            after = self.view
            for member in self.members:
                after = apply(self.dialect, root, (member,), line)
            if after != (self.members[-1],):
                self.view, self.members = after, ()
            return ""
        self.view = apply(self.dialect, root, self.view, line)
        return ""

    def _also_configuration(self, words: list[str], meant: Words) -> bool:
        """True when shortened words may as well be the beginning of a configuration line."""
        if self.view is None or words[0].lower() == meant[0].lower():
            return False
        try:
            _, reading = understood(self.dialect, self.view, words)
        except RefusedError:
            return False
        return reading.words[0] != meant[0]

    def _rows(self) -> tuple[list[tuple[int, Sequence_]], list[Handler]]:
        table = self.commands()
        rows = [(k, s) for k, spec in enumerate(table) for s in grammar.expand(spec)]
        return rows, list(table.values())

    def expanded(self, line: str) -> str:
        """The line in full words, or as it is when it is not understood."""
        words = line.split()
        reading = grammar.read(self._rows()[0], words, self.dialect.names)
        if not reading.problem:
            return reading.line
        if self.view is not None and words:
            try:
                return understood(self.dialect, self.view, words)[1].line
            except RefusedError:
                pass
        return " ".join(words)

    def help(self, line: str) -> str:
        """What `?` shows: what the word under the cursor may become, or what may follow."""
        words = line.split()
        partial = words.pop() if words and not line.endswith(" ") else ""
        rows = list(self._rows()[0])
        config = self.view is not None and (not words or not self.dialect.negation.startswith(words[0]))
        if self.view is not None:
            rows += commands_of(view_at(self.dialect, self.view))
            if not config:
                rows, words = list(commands_of(view_at(self.dialect, self.view))), words[1:]
        found = grammar.following(rows, words, self.dialect.names)
        if partial:
            found = [f for f in found if f.lower().startswith(partial.lower())]
        if not found:
            return self.refusal(grammar.UNRECOGNIZED, line, column(line, len(words)))
        return "".join(f"  {f}\n" for f in found)

    def complete(self, line: str) -> str:
        """What Tab adds: the rest of the only word that fits."""
        words = line.split()
        if not words or line.endswith(" "):
            return ""
        partial = words.pop()
        rows = list(self._rows()[0])
        if self.view is not None:
            rows += commands_of(view_at(self.dialect, self.view))
        found = [
            f
            for f in grammar.following(rows, words, self.dialect.names)
            if f.lower().startswith(partial.lower())
        ]
        return found[0][len(partial) :] + " " if len(found) == 1 and "<" not in found[0] else ""

    def section(self, path: Words) -> str:
        """The lines of a view as `display this` shows them."""
        node = node_at(self.tree(), path)
        if node is None:
            return ""
        out: list[str] = []

        def write(inner: Node, depth: int) -> None:
            out.append(" " * depth + inner.line)
            for child in inner.children:
                write(child, depth + 1)

        if path:
            write(node, 0)
        else:
            for child in node.children:
                if not child.children:
                    out.append(child.line)
        return "".join(f"{row}\n" for row in out)

    def enter_range(self, text: str) -> str | None:
        """Configure several interfaces at once: `A to B`, `A,B`, `10GE1/0/1-4`. None: not understood."""
        members = interface_range(text, self.dialect)
        if not members:
            return None
        for member in members:
            apply(self.dialect, self.tree(), (), member)
        self.view, self.members = (members[-1],), tuple(members)
        return ""


def column(line: str, word: int) -> int:
    """The column a word begins at; the end of the line for one that is missing."""
    starts = [m.start() for m in re.finditer(r"\S+", line)]
    return starts[word] if word < len(starts) else len(line) + (0 if line.endswith(" ") else 1)


def interface_range(text: str, dialect: Dialect) -> list[str]:
    """The lines that open every interface of a range; empty when it cannot be read."""
    out: list[str] = []
    text = re.sub(r"\s*-\s*(?=\d)", "-", text)
    for part in re.split(r"\s*,\s*", re.sub(r"\s+to\s+", " to ", text.strip())):
        first, _, last = part.partition(" to ")
        if found := re.fullmatch(r"(.*?)(\d+)-(\d+)", first):
            first, last = f"{found[1]}{found[2]}", f"{found[1]}{found[3]}"
        start, end = dialect.names.resolve(first), dialect.names.resolve(last or first)
        if start is None or end is None or start[0] != end[0]:
            return []
        head, _, low = start[1].rpartition("/")
        other, _, high = end[1].rpartition("/")
        if head != other or int(low) > int(high):
            return []
        out += [f"interface {start[0]}{head}{'/' if head else ''}{n}" for n in range(int(low), int(high) + 1)]
    return out
