"""From plain data to records, and from pydantic's errors to findings a person can act on."""

from __future__ import annotations

import re
import types
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from inventory.findings import Finding, Position, Severity, Text
from inventory.nearest import near, nearest_fitting
from inventory.quantities import in_unit, plain_number, rescaled, unit_of
from inventory.source import Document, path_text

__all__ = ["near", "translate", "translate_all", "validate"]

M = TypeVar("M", bound=BaseModel)

_INTERNAL = {"at"}
_NUMBERS = ("float_type", "int_type", "int_from_float")
_BOUNDS = {
    "greater_than": ("gt", ">"), "greater_than_equal": ("ge", ">="),
    "less_than": ("lt", "<"), "less_than_equal": ("le", "<="),
}  # fmt: skip
_EXPECTED = {
    "float_type": ("a number", "数字"), "int_type": ("a whole number", "整数"),
    "int_from_float": ("a whole number", "整数"), "bool_type": ("true or false", "true 或 false"),
    "string_type": ("text", "文本"), "tuple_type": ("a list", "列表"), "list_type": ("a list", "列表"),
    "dict_type": ("a mapping", "映射"), "model_type": ("a mapping of fields", "字段映射"),
    "model_attributes_type": ("a mapping of fields", "字段映射"), "float_parsing": ("a number", "数字"),
    "int_parsing": ("a whole number", "整数"), "bool_parsing": ("true or false", "true 或 false"),
}  # fmt: skip


def validate(
    model: type[M], data: Any, at: str, document: Document, path: Sequence[str | int]
) -> tuple[M | None, list[Finding]]:
    """One record of `model` from `data`, which stands at `path` of `document`; every fault is a finding."""
    if not isinstance(data, dict):
        fields = ", ".join(_fields(model)[:6])
        return None, [
            _finding("INV007", document.where(*path), path, f"expected a mapping of fields, found {_shown(data)[0]}",
                     f"应为字段映射，实际为{_shown(data)[1]}", f"write fields: {fields} …", f"按字段书写：{fields} …")
        ]  # fmt: skip
    findings = []
    if "at" in data:
        findings.append(_unknown_key(document, path, "at", model, ()))
    placed = {**data, "at": at}
    for field in _record_lists(model):
        items = data.get(field)
        if isinstance(items, list):
            placed[field] = inner = list(items)
            for i, item in enumerate(items):
                if isinstance(item, dict):
                    inner[i] = {**item, "at": f"{at}/{field}/{i}"}
                    if "at" in item:
                        findings.append(
                            _unknown_key(document, (*path, field, i), "at", _model_at(model, (field, i)), ())
                        )
    try:
        record = model.model_validate(placed)
    except ValidationError as exc:
        return None, findings + translate_all(exc.errors(include_url=False), model, document, path, data)
    return (None if findings else record), findings


def translate_all(
    errors: Sequence[ErrorDetails],
    model: type[BaseModel],
    document: Document,
    path: Sequence[str | int],
    data: Any,
) -> list[Finding]:
    """All errors of one record as findings, one for each mistake: a misspelt key is not also a missing field,
    and a value that fits none of several types is told once, inside the type that comes nearest."""
    misspelt = {
        (error["loc"][:-1], guess)
        for error in errors
        if error["type"] == "extra_forbidden" and (guess := _meant(error, model, data))
    }
    out: list[Finding] = []
    alternatives: dict[tuple[str | int, ...], list[ErrorDetails]] = {}
    for error in errors:
        if error["type"] == "missing" and (error["loc"][:-1], str(error["loc"][-1])) in misspelt:
            continue
        alternatives.setdefault(_place(error, data), []).append(error)
    for where, same in alternatives.items():
        if not any(other != where and other[: len(where)] == where for other in alternatives):
            out.append(translate(same[0], model, document, path, data, same[1:]))
    return out


def translate(
    error: ErrorDetails,
    model: type[BaseModel],
    document: Document,
    path: Sequence[str | int],
    data: Any,
    others: Sequence[ErrorDetails] = (),
) -> Finding:
    """One pydantic error as a finding with place, expectation, what was found, and a way out; `others` are the
    errors of the further types the same value was tried as."""
    loc = _place(error, data)
    full = (*path, *loc)
    kind, found, ctx = error["type"], error.get("input"), error.get("ctx", {})
    field = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        owner, present = _model_at(model, loc[:-1]), list(_value_at(data, loc[:-1]))
        return _unknown_key(document, full[:-1], field, owner, present)
    if kind == "missing":
        wanted = _describe(_model_at(model, loc[:-1]), field)
        return _finding("INV006", document.where(*full[:-1]), full, f"field {field} is missing, expected {wanted}",
                        f"缺少字段 {field}", f"add {field}: {wanted}", f"补充 {field}")  # fmt: skip
    if error["loc"][-1:] == ("[key]",):
        guess = near(field, _options(ctx))
        choice = f"did you mean {guess}?" if guess else f"write one of {ctx.get('expected')}"
        choice_zh = f"是否为 {guess}？" if guess else f"可用的键：{ctx.get('expected')}"
        return _finding("INV005", document.where_key(*full), full, f"unknown key {field}", f"未知的键 {field}",
                        choice, choice_zh)  # fmt: skip
    label, (shown_en, shown_zh) = _label(loc), _shown(found)
    at = document.where(*full)
    if kind == "too_short":
        least = ctx["min_length"]
        return _finding("INV007", at, full, f"{label}: {ctx['actual_length']} entries, at least {least} wanted",
                        f"{label}：{ctx['actual_length']} 项，至少需要 {least} 项", f"list at least {least}",
                        f"至少列出 {least} 项")  # fmt: skip
    if kind not in _EXPECTED and not error["msg"].startswith(
        ("Input should be", "String should", "Value should")
    ):
        told = error["msg"].removeprefix("Value error, ")  # a rule of our own says what is wrong
        if isinstance(found, dict):  # between fields: point at the first one it names
            named = next((word for word in re.findall(r"[a-z_]+", told) if word in found), None)
            at = document.where(*full, *([named] if named else []))
            return _finding("INV007", at, full, told, told, "correct one of them", "更正其中之一")
        return _finding("INV007", at, full, f"{label}: {told}, found {shown_en}", f"{label}：{told}，实际为{shown_zh}",
                        "correct it", "更正")  # fmt: skip
    unit = unit_of(field)
    said = [_expected(e["type"], e.get("ctx", {}), e["msg"], unit) for e in (error, *others)]
    en, zh = " or ".join(dict.fromkeys(s[0] for s in said)), "或".join(dict.fromkeys(s[1] for s in said))
    fix = _repair(kind, ctx, found, unit, document.written(*full)) or (f"write {en}", f"写成{zh}")
    return _finding("INV007", at, full, f"{label}: expected {en}, found {shown_en}",
                    f"{label}：应为{zh}，实际为{shown_zh}", *fix)  # fmt: skip


def _place(error: ErrorDetails, data: Any) -> tuple[str | int, ...]:
    """The data path of an error, without the union and literal tags that pydantic mixes into locations."""
    loc = error["loc"]
    last = len(loc) - 1
    out: list[str | int] = []
    current = data
    for i, step in enumerate(loc):
        try:
            current = current[step]
        except (KeyError, IndexError, TypeError):
            if i < last or error["type"] != "missing":
                continue
        out.append(step)
    return tuple(out)


def _meant(error: ErrorDetails, model: type[BaseModel], data: Any) -> str | None:
    """The field an unknown key stands for, by its spelling."""
    owner = _model_at(model, error["loc"][:-1])
    return _nearest_field(str(error["loc"][-1]), owner, list(_value_at(data, error["loc"][:-1])))


def _nearest_field(key: str, owner: type[BaseModel] | None, present: Sequence[str]) -> str | None:
    known = _fields(owner) if owner and key not in _INTERNAL else []
    return near(key, [f for f in known if f not in present]) or near(key, known)


def _unknown_key(
    document: Document,
    path: Sequence[str | int],
    key: str,
    owner: type[BaseModel] | None,
    present: Sequence[str],
) -> Finding:
    known = ", ".join(_fields(owner)) if owner else ""
    guess = _nearest_field(key, owner, present)
    fix = (f"did you mean {guess}?", f"是否为 {guess}？") if guess else (
        f"remove it; known fields: {known}", f"请删除；可用字段：{known}")  # fmt: skip
    return _finding("INV005", document.where_key(*path, key), (*path, key), f"unknown key {key}", f"未知的键 {key}",
                    *fix)  # fmt: skip


def _expected(kind: str, ctx: dict[str, Any], message: str, unit: str) -> tuple[str, str]:
    if kind in _EXPECTED:
        en, zh = _EXPECTED[kind]
    elif kind == "literal_error":
        en, zh = f"one of {ctx.get('expected')}", f" {ctx.get('expected')} 之一"
    elif kind in _BOUNDS:
        name, sign = _BOUNDS[kind]
        en, zh = f"a value {sign} {plain_number(ctx[name])}", f" {sign} {plain_number(ctx[name])} 的值"
    elif kind == "string_too_long":
        en, zh = f"text of at most {ctx['max_length']} characters", f"不超过 {ctx['max_length']} 个字符的文本"
    elif kind == "string_too_short":
        en, zh = f"text of at least {ctx['min_length']} characters", f"至少 {ctx['min_length']} 个字符的文本"
    elif kind == "string_pattern_mismatch":
        en, zh = f"text of the form {ctx.get('pattern')}", f"符合 {ctx.get('pattern')} 的文本"
    else:
        text = message.removeprefix("Input should be ")
        en = zh = text[0].lower() + text[1:]
    if unit and kind in (*_NUMBERS, *_BOUNDS):
        return f"{en} in {unit}", f"{zh}（{unit}）"
    return en, zh


def _repair(
    kind: str, ctx: dict[str, Any], found: Any, unit: str, written: str | None
) -> tuple[str, str] | None:
    """What to write instead, where that can be told."""
    if isinstance(found, str):
        return _repair_text(kind, ctx, found, unit)
    if kind == "string_type" and isinstance(found, bool | int | float):
        quoted = f'"{written if written is not None else found}"'
        return f"write {quoted} in quotes", f"加引号，写 {quoted}"
    if kind == "int_type" and isinstance(found, float) and found.is_integer():
        return f"write {int(found)}", f"写成 {int(found)}"
    if isinstance(found, list) and len(found) == 1 and kind in (*_NUMBERS, "string_type", "bool_type"):
        return f"write {found[0]} without brackets", f"去掉方括号，写 {found[0]}"
    if kind in ("tuple_type", "list_type") and isinstance(found, dict):
        return "put '- ' before it, or brackets around it", "在前面加“- ”，或用方括号括起"
    if kind.startswith("less_than") and isinstance(found, int | float) and unit:
        limit = float(ctx.get("le", ctx.get("lt", 0)))
        for small, value in rescaled(float(found), unit):
            if value <= limit:
                return (f"did you write {small}? the field is in {unit}: {plain_number(value)}",
                        f"是否按 {small} 书写？此字段单位为 {unit}：{plain_number(value)}")  # fmt: skip
    return None


def _repair_text(kind: str, ctx: dict[str, Any], found: str, unit: str) -> tuple[str, str] | None:
    if kind in ("tuple_type", "list_type"):
        return f"write [{found}]", f"写成 [{found}]"
    if kind == "bool_type" and found.lower() in ("true", "yes", "y", "on", "false", "no", "n", "off"):
        word = "true" if found.lower() in ("true", "yes", "y", "on") else "false"
        return f"write {word} without quotes", f"不加引号，写 {word}"
    if kind in (*_NUMBERS, "float_parsing"):
        value, known_unit = in_unit(found, unit)
        if value is None:
            return None
        if not known_unit:
            return f"write {plain_number(value)}, a bare number", f"写成不带单位的 {plain_number(value)}"
        why = (
            (f" (the field is in {unit})", f"（单位 {unit}）") if unit else (" without quotes", "，不加引号")
        )
        return f"write {plain_number(value)}{why[0]}", f"写成 {plain_number(value)}{why[1]}"
    guess = None
    if kind == "literal_error":
        guess = near(found, _options(ctx))
    elif kind == "string_pattern_mismatch":
        guess = nearest_fitting(found, str(ctx.get("pattern")))
    return (f"did you mean {guess}?", f"是否为 {guess}？") if guess else None


def _options(ctx: dict[str, Any]) -> list[str]:
    """The words of a literal, from the text pydantic gives: 'a', 'b' or 'c'."""
    return [word.strip(" '") for word in str(ctx.get("expected", "")).replace(" or ", ",").split(",")]


def _fields(model: type[BaseModel]) -> list[str]:
    return [f.alias or name for name, f in model.model_fields.items() if name not in _INTERNAL]


@cache
def _record_lists(model: type[BaseModel]) -> tuple[str, ...]:
    """Fields that hold a list of records with a place of their own."""
    return tuple(
        name
        for name in model.model_fields
        if (inner := _model_at(model, (name, 0))) is not None and "at" in inner.model_fields
    )


def _describe(model: type[BaseModel] | None, field: str) -> str:
    """What a missing field wants, in words."""
    info = next((f for n, f in model.model_fields.items() if field in (n, f.alias)), None) if model else None
    if info is None:
        return "a value"
    annotation = _strip(info.annotation)
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(str(a) for a in get_args(annotation))
    if unit := unit_of(field):
        return f"a number in {unit}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a mapping of " + ", ".join(_fields(annotation))
    kinds = {
        str: "text",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        tuple: "a list",
        dict: "a mapping",
    }
    return kinds.get(get_origin(annotation) or annotation, "a value")


def _model_at(model: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel] | None:
    """The model that stands at `loc` inside `model`, or None."""
    current: Any = model
    for step in loc:
        current = _strip(current)
        if isinstance(current, type) and issubclass(current, BaseModel):
            info = next((f for n, f in current.model_fields.items() if step in (n, f.alias)), None)
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
    """The annotation without its constraints and without None; the first of several types."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType):
            annotation = next(a for a in get_args(annotation) if a is not type(None))
        else:
            return annotation


def _value_at(data: Any, loc: Sequence[str | int]) -> dict[str, Any]:
    for step in loc:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return {}
    return data if isinstance(data, dict) else {}


def _label(loc: Sequence[str | int]) -> str:
    """The field an error is about, short: `rated_kw`, `pairs[1]`."""
    start = max((i for i, step in enumerate(loc) if isinstance(step, str)), default=0)
    return path_text(loc[start:]) or "record"


def _shown(value: Any) -> tuple[str, str]:
    """A value in words: text in quotes, so that spaces show."""
    if value is None:
        return "nothing", "空值"
    if isinstance(value, bool):
        return str(value).lower(), str(value).lower()
    if isinstance(value, dict):
        return "a mapping", "映射"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}", f"{len(value)} 项的列表"
    if isinstance(value, int | float):
        return f"number {_short(str(value))}", f"数字 {_short(str(value))}"
    return f'text "{_short(str(value))}"', f'文本 "{_short(str(value))}"'


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "…"


def _finding(
    code: str, at: Position, path: Sequence[str | int], en: str, zh: str, fix_en: str, fix_zh: str
) -> Finding:
    return Finding(code, Severity.ERROR, path_text(path), Text(en, zh), at, Text(fix_en, fix_zh))
