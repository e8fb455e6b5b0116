"""How a switch understands a line: words may be cut short while one meaning is left, and a wrong one is pointed at.

A command is written as on a manual page: `peer <ip> as-number <1-4294967295>`, `[optional words]`, `{one | other}`.
Types: <word>, <text> (the rest of the line), <ip>, <mask> (dotted or a length), <mac>, <vids> (numbers and `to`),
<vlist> (1,3-5), <key> (a password), <a-b> (a number in a range), <if:KIND,KIND> (an interface of these kinds).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

Sequence_ = tuple[str, ...]

UNRECOGNIZED, INCOMPLETE, AMBIGUOUS, WRONG, TOO_MANY = (
    "Unrecognized command", "Incomplete command", "Ambiguous command", "Wrong parameter", "Too many parameters",
)  # fmt: skip
HELP = {
    "word": "STRING", "text": "TEXT", "ip": "X.X.X.X", "mask": "IP address mask or its length", "mac": "H-H-H",
    "vids": "VLAN ID list", "vlist": "VLAN ID list", "key": "STRING  The key",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """Interface kinds of a platform: as it writes them (up to the number), and further short forms."""

    kinds: tuple[str, ...]
    aliases: Mapping[str, str]

    def resolve(self, text: str) -> tuple[str, str] | None:
        """Kind and number of an interface written in full, shortened, with or without a space; None for none."""
        found = re.fullmatch(r"(\d*[A-Za-z][A-Za-z-]*?)\s*(\d+(?:[/.]\d+)*)", text)
        if found is None:
            return None
        typed = found[1].lower()
        if alias := next((full for short, full in self.aliases.items() if short.lower() == typed), None):
            return alias, found[2]
        fits = [k for k in self.kinds if k.strip().lower() == typed]
        fits = fits or [k for k in self.kinds if k.lower().startswith(typed)]
        return (fits[0], found[2]) if len(fits) == 1 else None

    def is_kind(self, word: str) -> bool:
        """True for a word that is the kind of an interface without its number."""
        return self.resolve(f"{word}1") is not None and not word[-1:].isdigit()


@dataclass(frozen=True)
class Reading:
    """What a line was understood as. `problem` "" when it is a whole command; `at` is the index of the word the
    problem is at (the number of words for a missing one); `key` names the command."""

    key: int
    words: tuple[str, ...]
    problem: str
    at: int

    @property
    def line(self) -> str:
        """The line in full words."""
        return " ".join(self.words)


@cache
def expand(spec: str) -> tuple[Sequence_, ...]:
    """All plain word sequences of a written command."""
    parts = re.findall(r"<[^>]*>|[\[\]{}|]|[^\s\[\]{}|]+", spec)
    position = 0

    def sequence(stop: str) -> list[Sequence_]:
        nonlocal position
        options: list[Sequence_] = []
        current: list[Sequence_] = [()]
        while position < len(parts) and parts[position] not in stop:
            part = parts[position]
            position += 1
            if part in "[{":
                inner = sequence("]" if part == "[" else "}")
                position += 1
                inner = [*inner, ()] if part == "[" else inner
                current = [a + b for a, b in product(current, inner)]
            elif part == "|":
                options += current
                current = [()]
            else:
                current = [(*a, part) for a in current]
        return options + current

    return tuple(dict.fromkeys(sequence("")))


def read(
    commands: Sequence[tuple[int, Sequence_]], words: Sequence[str], names: Names, *, beginning: bool = False
) -> Reading:
    """Understand `words` as one of the commands (their key and word sequence). With `beginning`, the first words
    of a command are enough (what follows `undo`)."""
    states: list[tuple[int, Sequence_, int, tuple[str, ...]]] = [(k, s, 0, ()) for k, s in commands]
    joined = join_interfaces(words, names)
    for i, word in enumerate(joined):
        after: list[tuple[int, Sequence_, int, tuple[str, ...]]] = []
        literals: dict[str, bool] = {}
        typed = False
        for key, tokens, at, done in states:
            if at >= len(tokens):
                continue
            token = tokens[at]
            if token[0] != "<":
                if token.lower().startswith(word.lower()):
                    literals[token] = token.lower() == word.lower()
                    after.append((key, tokens, at + 1, (*done, token)))
                continue
            value = typed_value(token, word, names)
            if value is None:
                continue
            typed = True
            if token in ("<text>", "<vids>"):
                after.append((key, tokens, at, (*done, value)))
            after.append((key, tokens, at + 1, (*done, value)))
        exact = [name for name, whole in literals.items() if whole]
        if exact:
            after = [s for s in after if s[3][i] in exact]
        elif len(literals) > 1 and not typed:
            return Reading(-1, (), AMBIGUOUS, i)
        elif literals and typed and len(literals) > 1:
            after = [s for s in after if s[3][i] == word]
        if not after:
            expected = {tokens[at] for _, tokens, at, _ in states if at < len(tokens)}
            number = word[0].isdigit() and any(t[0] == "<" for t in expected)
            plain = i == 0 or any(t[0] != "<" for t in expected)
            problem = UNRECOGNIZED if plain and not number else WRONG
            return Reading(-1, (), problem if expected else TOO_MANY, i)
        states = after
    whole = [s for s in states if s[2] == len(s[1])]
    if whole:
        key, _, _, done = whole[0]
        return Reading(key, done, "", len(joined))
    if beginning:
        key, _, _, done = states[0]
        return Reading(key, done, "", len(joined))
    return Reading(-1, states[0][3] if states else (), INCOMPLETE, len(joined))


def typed_value(token: str, word: str, names: Names) -> str | None:
    """The word in the form the type stores it; None when it does not fit."""
    kind = token[1:-1]
    if kind in ("word", "text", "key"):
        return word
    if kind == "ip":
        return word if _dotted(word) else None
    if kind == "mask":
        return word if _dotted(word) or (word.isdigit() and int(word) <= 32) else None
    if kind == "mac":
        return word.lower() if re.fullmatch(r"[0-9a-fA-F]{1,4}([-.][0-9a-fA-F]{1,4}){2}", word) else None
    if kind == "vids":
        return word if word == "to" or (word.isdigit() and 1 <= int(word) <= 4094) else None
    if kind == "vlist":
        return word if re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", word) else None
    if kind.startswith("if"):
        found = names.resolve(word)
        if found is None or found[0] not in interface_kinds(kind, names):
            return None
        return f"{found[0]}{found[1]}"
    if span := re.fullmatch(r"(\d+)-(\d+)", kind):
        return word if word.isdigit() and int(span[1]) <= int(word) <= int(span[2]) else None
    raise ValueError(f"no type <{kind}>")


def interface_kinds(kind: str, names: Names) -> tuple[str, ...]:
    """The kinds an `if:` type allows; all without a list."""
    wanted = {k.strip() for k in kind.partition(":")[2].split(",") if k}
    return tuple(k for k in names.kinds if not wanted or k.strip() in wanted)


def join_interfaces(words: Sequence[str], names: Names) -> list[str]:
    """The words with `10GE 1/0/1` as one word, where an interface may be named."""
    out: list[str] = []
    i = 0
    while i < len(words):
        near = out and (
            "interface".startswith(out[-1].lower())
            or out[-1].lower() in ("range", "to", "ethernet", "exclude")
        )
        if (
            near and i + 1 < len(words) and re.fullmatch(r"\d+(?:[/.]\d+)*", words[i + 1]) and names.is_kind(words[i])
        ):  # fmt: skip
            out.append(f"{words[i]}{words[i + 1]}")
            i += 2
        else:
            out.append(words[i])
            i += 1
    return out


def following(commands: Iterable[tuple[int, Sequence_]], words: Sequence[str], names: Names) -> list[str]:
    """What may stand after `words`, for `?`: literal words, or the type's description; `<cr>` where it may end."""
    states: list[tuple[Sequence_, int]] = [(s, 0) for _, s in commands]
    for word in join_interfaces(words, names):
        after = []
        for tokens, at in states:
            if at >= len(tokens):
                continue
            token = tokens[at]
            if token[0] != "<":
                if token.lower().startswith(word.lower()):
                    after.append((tokens, at + 1))
            elif typed_value(token, word, names) is not None:
                after += [(tokens, at + 1)] + ([(tokens, at)] if token in ("<text>", "<vids>") else [])
        states = after
    out = set()
    for tokens, at in states:
        if at == len(tokens):
            out.add("<cr>")
        elif tokens[at][0] != "<":
            out.add(tokens[at])
        else:
            out.add(described(tokens[at], names))
    return sorted(out, key=lambda w: (w == "<cr>", w))


def described(token: str, names: Names) -> str:
    """How help writes a type."""
    kind = token[1:-1]
    if kind.startswith("if"):
        return "  ".join(k.strip() for k in interface_kinds(kind, names))
    return HELP.get(kind) or (f"INTEGER<{kind}>" if kind[0].isdigit() else kind)


def _dotted(word: str) -> bool:
    parts = word.split(".")
    return len(parts) == 4 and all(p.isdigit() and int(p) <= 255 for p in parts)
