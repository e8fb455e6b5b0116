"""Checks that every kind of state has exactly one owner: what the project says, what the stacks can manage, and what
the roles of the playbooks write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Position, Related, Severity, Text
from inventory.model_ownership import ITEMS, Owner
from stacks.ownership import CONTESTED, resources_of
from stacks.role_writes import PLAYBOOKS, Write, role_writes, unowned, writers

CLAUSE = "each kind of state has one owner, EE"
NO_ROLES = Text(
    "the playbooks are not here, so what their roles write could not be read",
    "未找到 playbooks 目录，无法读取各角色的写入内容",
)
NO_ROLES_FIX = Text("run it in a checkout of the project", "在完整的工程目录中运行")


@dataclass(frozen=True, slots=True)
class Owned:
    """One item of the list, who owns it in this project, and where that is said (the project, when by default)."""

    item: str
    owner: Owner
    position: Position


def _owned(context: Context) -> list[Owned]:
    project = context.inventory.project
    said = project.owners.model_fields_set
    return [
        Owned(
            item,
            project.owners.of(item),
            context.inventory.where(project, *(("owners", item) if item in said else ())),
        )
        for item in ITEMS
    ]


def _writes() -> tuple[Write, ...] | None:
    return role_writes(PLAYBOOKS)


@check(
    "STK001",
    severity=Severity.ERROR,
    title=Text("Owner that cannot keep it", "归属方无法管理该项"),
    clause=CLAUSE,
    over=_owned,
    needs="inventory",
)
def owner_can_keep_it(owned: Owned, context: Context) -> Iterator[Finding]:
    """The owner of each kind of state has something that keeps it: a role of the playbooks, or a resource of the
    stacks.

    Why it matters: state given to an owner that has nothing for it is kept by nobody, and each side believes that
    the other does it.
    How to fix: give the item back to the owner that can keep it; the list stands in docs/ownership.md.
    Source: engineering estimate.
    Failing: `owners: {host_network: pulumi}`
    Passing: `owners: {bios_attributes: ansible}`
    """
    if owned.owner == "pulumi":
        able = bool(resources_of(owned.item))
        by = Text("no resource of the stacks", "Pulumi 堆栈中没有资源")
    else:
        writes = _writes()
        if writes is None:
            yield lacking("STK001", owned.item, NO_ROLES, owned.position, NO_ROLES_FIX)
            return
        able = bool(writers(owned.item, writes))
        by = Text("no role of the playbooks", "playbooks 中没有角色")
    if not able:
        other = "pulumi" if owned.owner == "ansible" else "ansible"
        title = ITEMS[owned.item]
        yield finding(
            "STK001", owned.item,
            Text(f"{title.en}: owned by {owned.owner}, and {by.en} keeps them", f"{title.zh}归 {owned.owner}，但{by.zh}可管理"),
            owned.position,
            fix=Text(f"write {owned.item}: {other}, or leave it out", f"改为 {owned.item}: {other}，或删除此行"),
        )  # fmt: skip


def _contested(context: Context) -> list[Owned]:
    return [o for o in _owned(context) if o.item in CONTESTED and o.owner == "pulumi"]


@check(
    "STK002",
    severity=Severity.ERROR,
    title=Text("Two owners", "同一项有两个归属方"),
    clause=CLAUSE,
    over=_contested,
    needs="inventory",
)
def one_owner_alone(owned: Owned, context: Context) -> Iterator[Finding]:
    """What the stacks own, no role of the playbooks writes without asking first who owns it.

    Why it matters: two programs that each put their own value back undo each other for ever, and neither sees drift
    where the other one works.
    How to fix: let the task run only when `rackwright_owners` gives the item to ansible, or give the item to ansible
    in project.yml.
    Source: engineering estimate.
    Failing: a task that PATCHes BIOS attributes with no condition, while `bios_attributes` is Pulumi's
    Passing: the same task with `when: rackwright_owners.bios_attributes == 'ansible'`
    """
    writes = _writes()
    if writes is None:
        yield lacking("STK002", owned.item, NO_ROLES, owned.position, NO_ROLES_FIX)
        return
    title = ITEMS[owned.item]
    for write in writes:
        if write.what == owned.item and not write.asks:
            yield finding(
                "STK002", owned.item,
                Text(f"{title.en}: owned by pulumi, and role {write.role} writes them all the same in \"{write.task}\"",
                     f"{title.zh}归 pulumi，但角色 {write.role} 仍在“{write.task}”中写入"),
                Position(write.path, write.line),
                fix=Text(f"add a condition on rackwright_owners.{owned.item}", f"为任务增加条件 rackwright_owners.{owned.item}"),
                related=(Related(owned.position, f"{owned.item} is pulumi's"),),
            )  # fmt: skip


def _all_writes(context: Context) -> list[str]:
    writes = _writes()
    return ["roles"] if writes is None else sorted({w.role for w in writes})


@check(
    "STK003",
    severity=Severity.ERROR,
    title=Text("State that nobody owns", "没有归属方的状态"),
    clause=CLAUSE,
    over=_all_writes,
    needs="inventory",
)
def every_write_is_owned(role: str, context: Context) -> Iterator[Finding]:
    """What a role of the playbooks writes is an item of the ownership list, or an order that is done once.

    Why it matters: what is not on the list has no owner, and the stacks could come to write it too without anyone
    being told.
    How to fix: add the item to the list with its owner, or the order to the orders.
    Source: engineering estimate.
    Failing: a role that PATCHes `IndicatorLED`
    Passing: a role that PATCHes `NTP`
    """
    project = context.inventory.project
    writes = _writes()
    if writes is None:
        yield lacking("STK003", role, NO_ROLES, context.inventory.where(project), NO_ROLES_FIX)
        return
    for write in unowned(writes):
        if write.role == role:
            yield finding(
                "STK003", role,
                Text(f"\"{write.task}\" changes what nobody owns", f"“{write.task}”修改了没有归属方的状态"),
                Position(write.path, write.line),
                fix=Text("add it to the list of items or orders", "将其加入归属清单或一次性操作清单"),
            )  # fmt: skip
