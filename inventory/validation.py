"""From plain data to records, and from pydantic's errors to findings a person can act on."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from inventory.findings import Finding, Position, Severity, Text
from inventory.source import Document

M = TypeVar("M", bound=BaseModel)

_UNITS = {
    "kw": "kW", "w": "W", "kva": "kVA", "a": "A", "v": "V", "m": "m", "mm": "mm", "km": "km", "s": "s", "ms": "ms",
    "min": "min", "h": "h", "gbps": "Gb/s", "kg": "kg", "l": "litres", "u": "U", "tb": "TB", "gb": "GB", "kwh": "kWh",
}  # fmt: skip
_SCALE = {
    ("W", "kW"): 0.001, ("kW", "W"): 1000.0, ("VA", "kVA"): 0.001, ("mm", "m"): 0.001, ("cm", "m"): 0.01,
    ("m", "mm"): 1000.0, ("m", "km"): 0.001, ("km", "m"): 1000.0, ("ms", "s"): 0.001, ("s", "ms"): 1000.0,
    ("s", "min"): 1 / 60, ("h", "min"): 60.0, ("min", "s"): 60.0, ("Mb/s", "Gb/s"): 0.001, ("g", "kg"): 0.001,
}  # fmt: skip
_QUANTITY = re.compile(r"\s*([-+]?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z/%°µ]+)\s*\Z")
_INTERNAL = {"at"}


def validate(
    model: type[M], data: Any, at: str, document: Document, path: Sequence[str | int]
) -> tuple[M | None, list[Finding]]:
    """One record of `model` from `data`, which stands at `path` of `document`; every fault is a finding."""
    if not isinstance(data, dict):
        where = document.where(*path)
        return None, [
            _finding("INV007", where, _path(path), f"expected a mapping of fields, found {_shown(data)}",
                     f"应为字段映射，实际为 {_shown(data)}",
                     f"write fields: {', '.join(_fields(model)[:6])} …", "按字段书写")
        ]  # fmt: skip
    findings = []
    if "at" in data:
        findings.append(_unknown_key(document, path, "at", model))
    try:
        record = model.model_validate({**data, "at": at})
    except ValidationError as exc:
        return None, findings + [
            translate(e, model, document, path, data) for e in exc.errors(include_url=False)
        ]
    return (None if findings else record), findings


def translate(
    error: ErrorDetails, model: type[BaseModel], document: Document, path: Sequence[str | int], data: Any
) -> Finding:
    """One pydantic error as a finding with place, expectation, what was found, and a way out."""
    loc = tuple(step for step in error["loc"] if _exists_or_last(data, error["loc"], step))
    full = (*path, *loc)
    kind, found, ctx = error["type"], error.get("input"), error.get("ctx", {})
    field = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        return _unknown_key(document, full[:-1], field, _model_at(model, loc[:-1]))
    if kind == "missing":
        owner = _model_at(model, loc[:-1])
        wanted = _describe(owner, field)
        near = difflib.get_close_matches(field, list(_value_at(data, loc[:-1])), 1, 0.75)
        fix = (f"did you mean {field} where you wrote {near[0]}?", f"是否把 {field} 误写为 {near[0]}？") if near else (
            f"add {field}: {wanted}", f"补充 {field}")  # fmt: skip
        return _finding("INV006", document.where(*full[:-1]), _path(full),
                        f"field {field} is missing, expected {wanted}", f"缺少字段 {field}，应为 {wanted}", *fix)  # fmt: skip
    where = document.where(*full)
    expected = _expected(kind, ctx, error["msg"])
    unit = _UNITS.get(field.rsplit("_", 1)[-1], "") if "_" in field else ""
    if unit and kind in (
        "float_type",
        "int_type",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
    ):
        expected = f"{expected} in {unit}"
    fix_en, fix_zh = _repair(kind, ctx, found, field, unit)
    return _finding("INV007", where, _path(full), f"{field or 'value'}: expected {expected}, found {_shown(found)}",
                    f"{field or '值'}：应为 {expected}，实际为 {_shown(found)}", fix_en, fix_zh)  # fmt: skip


def near(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word nearest to `word`, or None."""
    match = difflib.get_close_matches(word, sorted(known), 1, cutoff)
    if match:
        return match[0]
    folded = {k.lower(): k for k in known}
    return folded.get(word.lower())


def _expected(kind: str, ctx: dict[str, Any], message: str) -> str:
    table = {
        "float_type": "a number", "int_type": "a whole number", "bool_type": "true or false", "string_type": "text",
        "tuple_type": "a list", "list_type": "a list", "dict_type": "a mapping", "model_type": "a mapping of fields",
        "model_attributes_type": "a mapping of fields", "int_from_float": "a whole number",
    }  # fmt: skip
    if kind in table:
        return table[kind]
    if kind == "literal_error":
        return f"one of {ctx.get('expected')}"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        sign = {"greater_than": ("gt", ">"), "greater_than_equal": ("ge", ">="),
                "less_than": ("lt", "<"), "less_than_equal": ("le", "<=")}[kind]  # fmt: skip
        return f"a value {sign[1]} {ctx.get(sign[0])}"
    if kind == "string_pattern_mismatch":
        return f"text of the form {ctx.get('pattern')}"
    return message[0].lower() + message[1:]


def _repair(kind: str, ctx: dict[str, Any], found: Any, field: str, unit: str) -> tuple[str, str]:
    if isinstance(found, str):
        if kind == "literal_error":
            options = [o.strip(" '") for o in str(ctx.get("expected", "")).replace(" or ", ",").split(",")]
            guess = near(found, options)
            if guess:
                return f"did you mean {guess}?", f"是否为 {guess}？"
        quantity = _QUANTITY.match(found)
        if quantity and kind in ("float_type", "int_type"):
            number, written = float(quantity[1]), quantity[2]
            scale = 1.0 if written == unit else _SCALE.get((written, unit))
            if scale is not None:
                return (
                    f"write {_plain(number * scale)} (the field is in {unit})",
                    f"写成 {_plain(number * scale)}（单位 {unit}）",
                )
        if kind in ("float_type", "int_type") and re.fullmatch(r"[-+]?[0-9.]+", found):
            return f"write {found} without quotes", f"去掉引号，写 {found}"
    if kind == "string_type" and isinstance(found, bool | int | float):
        return f'write "{found}" in quotes', f'加引号，写 "{found}"'
    if kind.startswith("less_than") and isinstance(found, int | float) and unit:
        for (small, large), scale in _SCALE.items():
            if large == unit and scale < 1 and found * scale <= float(ctx.get("le", ctx.get("lt", 0))):
                return (f"did you write {small}? the field is in {unit}: {_plain(found * scale)}",
                        f"是否按 {small} 书写？此字段单位为 {unit}：{_plain(found * scale)}")  # fmt: skip
    return f"correct {field or 'the value'}", f"改正 {field or '该值'}"


def _unknown_key(
    document: Document, path: Sequence[str | int], key: str, model: type[BaseModel] | None
) -> Finding:
    known = _fields(model) if model else []
    guess = near(key, known)
    fix = (f"did you mean {guess}?", f"是否为 {guess}？") if guess else (
        f"known fields: {', '.join(known)}", f"可用字段：{', '.join(known)}")  # fmt: skip
    return _finding("INV005", document.where_key(*path, key), _path((*path, key)), f"unknown key {key}",
                    f"未知的键 {key}", *fix)  # fmt: skip


def _fields(model: type[BaseModel]) -> list[str]:
    return [f.alias or name for name, f in model.model_fields.items() if name not in _INTERNAL]


def _describe(model: type[BaseModel] | None, field: str) -> str:
    info = model.model_fields.get(field) if model else None
    if info is None:
        return "a value"
    unit = _UNITS.get(field.rsplit("_", 1)[-1]) if "_" in field else None
    text = str(info.annotation)
    if "Literal" in text:
        return "one of " + ", ".join(str(a) for a in get_args(info.annotation))
    return f"a number in {unit}" if unit else {"str": "text", "int": "a whole number", "bool": "true or false"}.get(
        getattr(info.annotation, "__name__", ""), "a value")  # fmt: skip


def _model_at(model: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel] | None:
    """The model that stands at `loc` inside `model`, or None."""
    current: Any = model
    for step in loc:
        current = _strip(current)
        if isinstance(current, type) and issubclass(current, BaseModel):
            info = current.model_fields.get(str(step)) or next(
                (f for f in current.model_fields.values() if f.alias == step), None
            )
            current = info.annotation if info else None
        elif get_origin(current) in (tuple, list):
            current = get_args(current)[0]
        elif get_origin(current) is dict:
            current = get_args(current)[1]
        else:
            return None
    current = _strip(current)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _strip(annotation: Any) -> Any:
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType):
            options = [a for a in get_args(annotation) if a is not type(None)]
            annotation = options[0]
        else:
            return annotation


def _value_at(data: Any, loc: Sequence[str | int]) -> Any:
    for step in loc:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return {}
    return data if isinstance(data, dict) else {}


def _exists_or_last(data: Any, loc: Sequence[str | int], step: str | int) -> bool:
    """False for the union and literal tags that pydantic mixes into locations."""
    if step == loc[-1] and not (
        isinstance(step, str) and ("[" in step or step in ("float", "int", "str", "bool"))
    ):
        return True
    current = data
    for s in loc:
        try:
            current = current[s]
        except (KeyError, IndexError, TypeError):
            return False
        if s == step:
            return True
    return False


def _finding(code: str, at: Position, subject: str, en: str, zh: str, fix_en: str, fix_zh: str) -> Finding:
    return Finding(code, Severity.ERROR, subject, Text(en, zh), at, Text(fix_en, fix_zh))


def _path(path: Sequence[str | int]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    kind = "text" if isinstance(value, str) else "truth value" if isinstance(value, bool) else "number"
    text = str(value)
    return f"{kind} {text[:60]}{'…' if len(text) > 60 else ''}" if kind != "truth value" else text.lower()


def _plain(number: float) -> str:
    return f"{number:.6g}"
