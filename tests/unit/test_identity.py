"""Who answers: exchanged addresses, a machine on two addresses, a wrong name in the right place."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.test_verify import PAIR, access, judge, project, seen
from topology.facts import ControllerFacts, DeviceFacts
from topology.identity import controllers_identified, identified
from topology.verify import Result
from topology.verify_codes import code_of


def named() -> dict[str, DeviceFacts]:
    """What every device sees and calls itself, all as planned."""
    return {n: replace(f, hostname=n) for n, f in seen().items()}


def servers() -> tuple[str, str]:
    first, second = (c.b.device if c.a.device == PAIR[0] else c.a.device for c in access()[:2])
    return first, second


def look(facts: dict[str, DeviceFacts]) -> tuple[dict[str, DeviceFacts], list[Result]]:
    inventory, plan = project()
    out, rows = identified(plan, facts, inventory.devices)
    assert list(out) == list(facts)
    return out, [r for r in rows if r.verdict != "pass"]


def wrong(facts: dict[str, DeviceFacts]) -> list[tuple[str, str]]:
    return [(r.subject, r.verdict) for r in judge(facts) if r.verdict != "pass"]


def test_all_as_planned_and_a_domain_behind_the_name_does_not_matter() -> None:
    facts = named()
    first, _ = servers()
    facts[first] = replace(facts[first], hostname=f"{first.upper()}.example.cn")
    out, rows = look(facts)
    assert rows == []
    assert out[first].neighbours == facts[first].neighbours


def test_exchanged_addresses_are_two_names_and_no_cable() -> None:
    facts = named()
    first, second = servers()
    facts[first], facts[second] = (
        replace(facts[second], name=first), replace(facts[first], name=second),
    )  # fmt: skip
    assert len(wrong(facts)) > 0, "without a look at the names it is cables that seem swapped"
    out, rows = look(facts)
    assert [(r.subject, r.found, code_of(r.test, r.verdict)) for r in rows] == [
        (n, other, "VER023") for n, other in sorted(((first, second), (second, first)))
    ]
    assert all(r.fix is not None and "no cable has to be moved" in r.fix.en for r in rows)
    assert all("无需移动线缆" in r.fix.zh for r in rows if r.fix)
    assert (out[first].name, out[first].hostname) == (first, first)
    assert wrong(out) == []


def test_a_machine_on_two_addresses_leaves_the_other_unread() -> None:
    facts = named()
    first, second = servers()
    facts[first] = replace(facts[second], name=first)
    out, rows = look(facts)
    assert [(r.subject, r.found) for r in rows] == [(first, second)]
    assert out[first].error == f"{second} answers at its address"
    assert out[second].neighbours == facts[second].neighbours


def test_a_wrong_name_in_the_right_place_is_only_a_name() -> None:
    facts = named()
    first, second = servers()
    for name, told in ((first, second), (first, "localhost")):
        now = {
            n: replace(
                f,
                neighbours=tuple(
                    replace(x, system=told) if x.system == name else x for x in f.neighbours or ()
                ),
            )
            for n, f in facts.items()
        }
        now[name] = replace(now[name], hostname=told)
        out, rows = look(now)
        assert [(r.subject, r.found) for r in rows] == [(name, told)]
        assert "only the name is wrong" in rows[0].message.en
        assert rows[0].fix is not None
        assert f"hostnamectl set-hostname {name}" in rows[0].fix.zh
        assert wrong(out) == []


def test_a_device_that_did_not_tell_its_name_is_not_run() -> None:
    facts = named()
    first, _ = servers()
    facts[first] = DeviceFacts(first, "no session")
    assert [(r.subject, r.verdict) for r in look(facts)[1]] == [(first, "not run")]


def test_controllers_whose_addresses_are_exchanged_are_known_by_their_serial_numbers() -> None:
    told = {
        "a": ControllerFacts("a", serial="S2", mac="02:02"),
        "b": ControllerFacts("b", serial="S1", mac="02:01"),
    }
    out, rows = controllers_identified(told, {"a": "S1", "b": "S2"})
    assert [(r.subject, r.found, code_of(r.test, r.verdict)) for r in rows] == [
        ("a:BMC", "b", "VER023"), ("b:BMC", "a", "VER023"),
    ]  # fmt: skip
    assert {n: (f.name, f.serial, f.mac) for n, f in out.items()} == {
        "a": ("a", "S1", "02:01"),
        "b": ("b", "S2", "02:02"),
    }
    assert "serial number S2" in rows[0].message.en
    assert rows[0].fix is not None
    assert "no cable has to be moved" in rows[0].fix.en


def test_one_controller_on_two_addresses_and_serial_numbers_nobody_knows() -> None:
    told = {"a": ControllerFacts("a", serial="S2"), "b": ControllerFacts("b", serial="S2")}
    out, rows = controllers_identified(told, {"a": "S1", "b": "S2"})
    assert [(r.subject, r.found) for r in rows] == [("a:BMC", "b")]
    assert out["a"].error == "the controller of b answers at its address"
    assert controllers_identified(told, {}) == (told, [])
