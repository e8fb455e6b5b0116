"""What YAML makes of plain text: values that readers disagree on, and syntax errors in plain words."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import yaml

from inventory.findings import Text

MAX_DIGITS = 40
"""Longest whole number taken as a number."""

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?\Z")
_TEXT_OR_NUMBER = re.compile(
    r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+\Z|[-+]?0[0-9]+\Z|[-+]?0o[0-7]+\Z"
)
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-9]?[0-9])+(\.[0-9_]*)?\Z")
_DIGIT_MAC = re.compile(r"[0-9]{1,2}(:[0-9]{2}){5}\Z")
_TRUTH = {"true": True, "false": False}
_NULLS = ("", "~", "null", "Null", "NULL")
_CONTROL = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ODD = {
    "\u00a0": ("a no-break space", "不间断空格"),
    "\u3000": ("a full-width space", "全角空格"),
    "\u200b": ("a zero-width space", "零宽空格"),
    "\ufeff": ("a byte-order mark", "字节顺序标记"),
    "\uff1a": ("a full-width colon", "全角冒号"),
}


@dataclass(frozen=True, slots=True)
class Trap:
    """Why a plain scalar is not what it seems, and what to write instead."""

    why: Text
    fix: Text


def plain_scalar(kind: str, value: str) -> tuple[Any, Trap | None]:
    """Value of a plain scalar that YAML 1.1 gives the type `kind` (int, float, bool, null, str ...).

    Returns (value, None), or (the text as written, trap) when readers disagree on it. Dates stay text.
    """
    if kind == "str":
        if _TEXT_OR_NUMBER.match(value):
            return value, _trap(value, "is text to some readers and a number to others",
                                "有的读取器视为文本，有的视为数字", _decimal(value))  # fmt: skip
        return value, None
    if kind == "int":
        if _INT.match(value) and len(value) <= MAX_DIGITS:
            return int(value), None
        return value, _int_trap(value)
    if kind == "float":
        number = float(value) if _FLOAT.match(value) else math.inf
        if math.isfinite(number):
            return number, None
        if _SEXAGESIMAL.match(value):
            return value, _trap(value, "is read as a base-60 number", "会被读成六十进制数", "")
        return value, _trap(value, "is a number readers disagree on", "各读取器对此数解释不一",
                            _decimal(value) or "a finite number")  # fmt: skip
    if kind == "bool":
        if value.lower() in _TRUTH and value in (value.lower(), value.upper(), value.capitalize()):
            return _TRUTH[value.lower()], None
        truth = "true" if value.lower() in ("yes", "on", "y") else "false"
        return value, _trap(value, f"is read as {truth}", f"会被读成 {truth}", truth)
    if kind == "null" and value in _NULLS:
        return None, None
    if kind == "value":
        return value, _trap(value, "is refused by some readers", "部分读取器拒绝", "")
    return value, None


def _int_trap(value: str) -> Trap:
    digits = value.lstrip("+-").replace("_", "")
    if _SEXAGESIMAL.match(value):
        number = 0
        for part in digits.split(":"):
            number = number * 60 + int(part)
        what = (
            ("a MAC address of digits only, ", "纯数字 MAC 地址，") if _DIGIT_MAC.match(value) else ("", "")
        )
        return _trap(value, f"is {what[0]}read as {number}, a base-60 number",
                     f"（{what[1]}）会被读成六十进制数 {number}".replace("（）", ""), "")  # fmt: skip
    if len(value) > MAX_DIGITS:
        return _trap(value, f"is a number of {len(digits)} digits", f"是 {len(digits)} 位的数字", "")
    if digits[:2].lower() in ("0x", "0b"):
        number = int(digits, 0)
        return _trap(value, f"is read as {number}", f"会被读成 {number}", str(number))
    if digits.startswith("0"):
        number = int(digits, 8)
        return _trap(
            value,
            f"is read as {number}, an octal number",
            f"会被读成八进制数 {number}",
            digits.lstrip("0") or "0",
        )
    return _trap(value, f"is read as {digits}", f"会被读成 {digits}", digits)


def _trap(value: str, why_en: str, why_zh: str, instead: str) -> Trap:
    shown = value if len(value) <= MAX_DIGITS else value[:MAX_DIGITS] + "…"
    quoted = f'"{shown}"'
    fix = (
        Text(f"write {quoted} if it is text, {instead} if not", f"若为文本请写 {quoted}，否则写 {instead}")
        if instead
        else Text(f"write {quoted}", f"写成 {quoted}")
    )
    return Trap(Text(f"{shown} without quotes {why_en}", f"未加引号的 {shown} {why_zh}"), fix)


def _decimal(value: str) -> str:
    """The number in plain decimal, or nothing when it is none."""
    try:
        number = float(value.replace("_", ""))
    except ValueError:
        return ""
    return f"{number:.15g}" if abs(number) < 1e15 else ""  # also nothing for infinity and nan


# ---------------------------------------------------------------- syntax


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """Where a text stops being YAML (1-based), what is wrong there, and what to do."""

    line: int
    column: int
    message: Text
    fix: Text


_MEND = Text(
    "mend the syntax at this place; often a missing space, quote or indent just above",
    "修正此处语法；常见原因是上一行缺空格、引号或缩进",
)
_FIXES: tuple[tuple[str, Text], ...] = (
    ("another document", Text("keep one document in a file: remove the --- line or split the file",
                              "一个文件只放一个文档：删去 --- 或拆分文件")),
    ("undefined alias", Text("a plain * begins an alias: put the value in quotes, or define the anchor with &",
                             "未加引号的 * 表示别名：请加引号，或用 & 定义锚点")),
    ("duplicate anchor", Text("give the second anchor another name", "第二个锚点换一个名称")),
    ("unexpected end of stream", Text("close the quote that opens here", "补上此处开始的引号")),
    ("expected ',' or", Text("close the bracket, or add the comma that is missing before this place",
                             "补上括号，或此前缺少的逗号")),
    ("nested deeper", Text("flatten the data", "减少嵌套层数")),
    ("aliases are expanded", Text("remove nested aliases", "去掉嵌套别名")),
    ("an alias stands inside", Text("remove the alias", "去掉该别名")),
)  # fmt: skip


def syntax_fault(error: Exception, text: str) -> SyntaxFault:
    """A parser error as position, message and fix."""
    control = _CONTROL.search(text)
    if control:
        line, column = _line_column(text, control.start())
        name = f"U+{ord(control[0]):04X}"
        return SyntaxFault(
            line,
            column,
            Text(f"control character {name}", f"控制字符 {name}"),
            Text("remove the character", "删除该字符"),
        )
    parts = (getattr(error, "context", None), getattr(error, "problem", None))
    problem = " ".join(str(part) for part in parts if part) or str(error)
    mark = getattr(error, "problem_mark", None)
    begin = getattr(error, "context_mark", None)
    if begin is not None and ("simple key" in problem or "end of stream" in problem):
        mark = begin  # the parser notices only at the next line, or at the end of the file
    if mark is None:
        mark = begin
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    said = problem
    if begin is not None and begin is not mark and begin.line + 1 != line:
        said = f"{problem} (begins at line {begin.line + 1})"
    message = Text(f"not valid YAML: {said}", f"不是合法的 YAML：{said}")
    if type(error) is yaml.MarkedYAMLError:  # a limit of ours, not a fault of syntax
        message = Text(said, said)
    return SyntaxFault(line, column, message, _syntax_fix(problem, text, line))


def _syntax_fix(problem: str, text: str, line: int) -> Text:
    lines = text.splitlines()
    for number in (line, line - 1):
        written = lines[number - 1] if 0 < number <= len(lines) else ""
        code = written.partition(" #")[0]
        if "\t" in code[: len(code) - len(code.lstrip())]:
            return Text(
                f"line {number} is indented with a tab: use spaces", f"第 {number} 行用制表符缩进：请改用空格"
            )
        for character, (en, zh) in _ODD.items():
            if character in code:
                return Text(
                    f"line {number} has {en}: write the plain character",
                    f"第 {number} 行含{zh}：请改用半角字符",
                )
        if "mapping values" in problem and re.search(r"^\s*(- )?[A-Za-z_][\w-]*:[^\s:/]", code):
            return Text(f"line {number} lacks a space after its colon", f"第 {number} 行冒号后缺空格")
    if "cannot start any token" in problem:
        return Text("put the value in quotes", "请给该值加引号")
    return next((fix for part, fix in _FIXES if part in problem), _MEND)


def _line_column(text: str, offset: int) -> tuple[int, int]:
    """1-based line and column of a character."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
