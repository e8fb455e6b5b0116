"""The line of a plan record is what PyYAML would write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.flow_yaml import Writer, flow
from inventory.load import PROJECTS

ODD = ["yes", "No", "NULL", "y", "~", "", " a", "a ", "a: b", "a:b", "a:", "a > b", "a #b", "-", "1", "0x1", "1:2", "é",
       "中文", "a'b", 'a"b', "10.0.0.1", "10.0.0.1/24", "1.5", "1e3", "2026-01-01", "=", "<<", "a\nb", "on", "a/b-c"]  # fmt: skip
texts = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="abyYnNoO019 :/.-_>#'\"[]{},", max_size=12),
    st.sampled_from(ODD),
)
names = st.sampled_from(["id", "a", "rack", "length_m", "on", "null"])
values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=8,
)


def whole(value: Any) -> Any:
    """Floats without a fraction as whole numbers, every list and mapping a new one."""
    if isinstance(value, dict):
        return {k: whole(v) for k, v in value.items()}
    if isinstance(value, list):
        return [whole(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def dumped(value: Any) -> str:
    text = yaml.dump(
        [whole(value)],
        Dumper=Writer,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=10**9,
    )
    return str(text).removesuffix("\n")[1:-1]


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(names, values, max_size=4))
def test_as_the_dumper_writes(record: dict[str, Any]) -> None:
    if not re.search("[\n\r\x85\u2028\u2029]", "".join(texts_of(record))):
        assert flow(record) == dumped(record)
    assert yaml.load(flow(record), Loader=yaml.CSafeLoader) == yaml.load(
        dumped(record), Loader=yaml.CSafeLoader
    )


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_of(inner)


def test_the_plan_of_guangxi() -> None:
    files = sorted(Path(PROJECTS / "guangxi" / "plan").glob("*.yml"))
    assert files
    for path in files:
        for section in yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader).values():
            for record in section[::7]:
                assert flow(record) == dumped(record)
