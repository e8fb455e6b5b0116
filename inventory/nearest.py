"""The nearest valid word to what was written: misspelt, in another case, or in letters that only look alike."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

_LOOKALIKES = str.maketrans(
    "АВЕКМНОРСТУХЅІЈаеорсухѕіјΑΒΕΖΗΙΚΜΝΟΡΤΥΧο–—−", "ABEKMHOPCTYXSIJaeopcyxsijABEZHIKMNOPTYXo---"
)
"""Cyrillic and Greek letters, dashes and the minus sign that look like ASCII."""


def plain_letters(word: str) -> str:
    """The word with full-width, Cyrillic and Greek look-alikes as ASCII, without spaces at the ends."""
    return unicodedata.normalize("NFKC", word).translate(_LOOKALIKES).strip()


def near(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word nearest to `word`, or None: the same but for case, separators or look-alikes; the only one with
    two neighbouring letters exchanged; the best match in spelling; the only one of which `word` is a part (`type` of `device_type`)."""
    options = sorted(known)
    folded = _folded(word)
    same = [k for k in options if _folded(k) == folded]
    if same:
        return same[0]
    swapped = [k for k in options if _exchanged(_folded(k), folded)]
    if len(swapped) == 1:
        return swapped[0]
    match = difflib.get_close_matches(plain_letters(word), options, 1, cutoff)
    if match:
        return match[0]
    parts = [k for k in options if len(folded) > 1 and folded in re.split(r"[-_.]", k.lower())]
    return parts[0] if len(parts) == 1 else None


def nearest_fitting(word: str, pattern: str) -> str | None:
    """A small change of `word` that fits the pattern, or None: plain letters, another case, `-` for what is
    not allowed, two digits for one."""
    plain = plain_letters(word)
    dashed = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-")
    padded = re.sub(r"(?<![0-9])([0-9])(?![0-9])", r"0\1", plain)
    for text in (plain, dashed, padded):
        for candidate in (text, text.lower(), text.upper()):
            if candidate and re.search(pattern, candidate):
                return candidate
    return None


def _exchanged(a: str, b: str) -> bool:
    """True when two neighbouring letters of one word, exchanged, give the other."""
    odd = [i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y]
    return (
        len(a) == len(b)
        and len(odd) == 2
        and odd[1] == odd[0] + 1
        and a[odd[0]] + a[odd[1]] == b[odd[1]] + b[odd[0]]
    )


def _folded(word: str) -> str:
    return re.sub(r"[-_. ]+", "-", plain_letters(word).casefold())
