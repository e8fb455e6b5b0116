"""References between records: which fields hold one, and which of them lead nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from inventory import model as m
from inventory.findings import Finding, Position, Related, Severity, Text
from inventory.nearest import near, plain_letters
from inventory.source import DataPath, Document, place

SHOWN = 10
"""Most places listed with one finding; how many more there are is said."""

Reference = tuple[DataPath, str, tuple[str, ...]]
Getter = Callable[[Any, DataPath], Iterator[Reference]]
_FIELDS: dict[type[BaseModel], list[tuple[str, Getter]]] = {}


@dataclass(frozen=True, slots=True)
class Broken:
    """Names that nothing bears: how many, where they might be defined, and the finding that says so."""

    names: int
    targets: frozenset[str]
    finding: Finding


def broken_references(
    sections: Mapping[str, Mapping[str, m.Record]],
    known: Mapping[str, set[str]],
    documents: Mapping[str, Document],
) -> list[Broken]:
    """One INV008 for each name that is not in any of the sections it may stand in, at the first place that gives
    it; the other places are related. Where nothing at all is defined, one for all names. `known` holds the names
    by section, `catalog.*` and `existing_pairs`."""
    missing: dict[str | tuple[str, ...], list[_Place]] = {}
    for section, records in sections.items():
        for name, record in records.items():
            for path, value, targets in references(record):
                if not any(value in known[t] for t in targets):
                    shown, inner = place(record.at)
                    at = documents[shown].where(*inner, *path)
                    key = value if any(known[t] for t in targets) else targets
                    missing.setdefault(key, []).append(_Place(at, f"{section}/{name}", path, value, targets))
    return [_told(sorted(places, key=lambda p: p.at), known) for places in missing.values()]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a missing name is given, by whom, and what it should have been."""

    at: Position
    subject: str
    path: DataPath
    value: str
    targets: tuple[str, ...]


def _told(places: list[_Place], known: Mapping[str, set[str]]) -> Broken:
    first = places[0]
    options = sorted(set().union(*(known[t] for t in first.targets)))
    related = [Related(p.at, f"{p.subject} {_dotted(p.path)}") for p in places[1 : SHOWN + 1]]
    if len(places) > SHOWN + 1:
        related.append(Related(None, f"and {len(places) - SHOWN - 1} places more"))
    field = _dotted(first.path)
    what = " or ".join(t.removeprefix("catalog.") for t in first.targets)
    names = ", ".join(f'"{value}"' for value in list(dict.fromkeys(p.value for p in places))[:SHOWN])
    message = Text(f"{field}: no {what} named {names}", f"{field}：没有名为 {names} 的 {what}")
    fix = _fix(first.value, options)
    if not options:
        message = Text(
            f"{field}: no {what} are defined; named are {names}",
            f"{field}：未定义任何 {what}，引用了 {names}",
        )
        fix = Text(f"define {names}", f"请定义 {names}")
    finding = Finding("INV008", Severity.ERROR, first.subject, message, first.at, fix, related=tuple(related))
    return Broken(len({p.value for p in places}), frozenset(t for p in places for t in p.targets), finding)


def _fix(value: str, options: list[str]) -> Text:
    guess = near(value, options)
    if guess is None:
        sample = ", ".join(options[:6])
        if plain_letters(value) != value:
            return Text(f"not all its letters are plain; define it, or use one of: {sample}",
                        f"含非半角或形近字母；请先定义，或选用：{sample}")  # fmt: skip
        return Text(f"define it, or use one of: {sample}", f"先定义，或选用：{sample}")
    if plain_letters(value) == guess:
        return Text(f"write {guess} in plain letters, without spaces", f"用半角字母书写 {guess}，不带空格")
    return Text(f"did you mean {guess}?", f"是否为 {guess}？")


def _dotted(path: DataPath) -> str:
    return ".".join(map(str, path))


def references(record: BaseModel, prefix: DataPath = ()) -> Iterator[Reference]:
    """Every reference a record holds: (path of the value, the name it gives, sections it may stand in)."""
    for field, getter in _reference_fields(type(record)):
        value = getattr(record, field)
        if value is not None:
            yield from getter(value, (*prefix, field))


def _reference_fields(model: type[BaseModel]) -> list[tuple[str, Getter]]:
    if model not in _FIELDS:
        out = []
        for name, info in model.model_fields.items():
            refs = [x for x in info.metadata if isinstance(x, m.Ref)]
            getter = _direct(refs[0].sections) if refs else _getter(info.annotation)
            if getter:
                out.append((name, getter))
        _FIELDS[model] = out
    return _FIELDS[model]


def _direct(targets: tuple[str, ...]) -> Getter:
    def get(value: Any, path: DataPath) -> Iterator[Reference]:
        yield path, value, targets

    return get


def _getter(annotation: Any) -> Getter | None:
    """How to find references inside a value of this annotation, or None when there can be none."""
    for argument in getattr(annotation, "__metadata__", ()):
        if isinstance(argument, m.Ref):
            return _direct(argument.sections)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return lambda value, path: references(value, path) if isinstance(value, BaseModel) else iter(())
    inner = [g for a in get_args(annotation) if (g := _getter(a)) is not None]
    if not inner:
        return None

    def get(value: Any, path: DataPath) -> Iterator[Reference]:
        if isinstance(value, tuple):
            for i, item in enumerate(value):
                yield from inner[0](item, (*path, i))
        elif not isinstance(value, dict):
            yield from inner[0](value, path)

    return get
