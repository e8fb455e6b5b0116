"""Every kind of state has one owner: what roles write and what resources manage is read from the real ones."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pulumi
import pytest

from inventory.checks import Context, run
from inventory.findings import Finding, Status
from inventory.load import PROJECTS, load
from inventory.model_ownership import ITEMS, ORDERS, OWNERS, Owners
from stacks import ownership_checks, resources, role_writes
from stacks.ownership import CONTESTED, GROUPING, RESOURCES, WHOLE, claims, resources_of
from stacks.role_writes import PLAYBOOKS, Write, writers

ROOT = PLAYBOOKS.parent


def real_writes() -> tuple[Write, ...]:
    found = role_writes.role_writes()
    assert found is not None
    return found


def test_every_item_is_on_the_list_once_and_has_a_default() -> None:
    assert tuple(ITEMS) == tuple(Owners.model_fields) == tuple(Owners().as_dict())
    assert set(Owners().as_dict().values()) == set(OWNERS)
    assert not set(ITEMS) & set(ORDERS)


@pytest.mark.parametrize("item", ITEMS)
def test_the_default_owner_keeps_it(item: str) -> None:
    if Owners().of(item) == "pulumi":
        assert resources_of(item)
    else:
        assert writers(item, real_writes())


def test_what_roles_write_is_on_the_list() -> None:
    assert len(real_writes()) > 30
    for write in real_writes():
        assert write.what in ITEMS or write.what in ORDERS, write


@pytest.mark.parametrize("item", CONTESTED)
def test_roles_ask_before_they_write_what_stacks_can_own(item: str) -> None:
    silent = [w for w in real_writes() if w.what == item and not w.asks]
    assert not silent


def declared(kind: type[pulumi.CustomResource]) -> tuple[str, set[str]]:
    """Type and names of all inputs of a resource class, as it registers itself when every argument is given."""
    seen: list[pulumi.runtime.MockResourceArgs] = []

    class Mocks(pulumi.runtime.Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            seen.append(args)
            return args.name, dict(args.inputs)

        def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], None]:
            return {}, None

    given: dict[str, Any] = {
        "boot": resources.Boot(target="Pxe"), "network": resources.BmcNetwork(host_name="x"), "bios": {"a": "b"},
        "ntp_servers": ["x"], "nameservers": ["x"], "records": ["x"],
    }  # fmt: skip
    names = [n for n in inspect.signature(kind).parameters if n not in ("name", "opts")]

    def declare() -> pulumi.Output[Any]:
        return kind("x", **{n: given.get(n, 1) for n in names}).urn

    pulumi.runtime.set_mocks(Mocks())
    under_mocks: Callable[[Callable[[], object]], Callable[[], None]] = pulumi.runtime.test
    under_mocks(declare)()
    return seen[-1].typ, set(seen[-1].inputs)


CLASSES = [
    kind
    for _, kind in inspect.getmembers(resources, inspect.isclass)
    if issubclass(kind, pulumi.CustomResource) and kind not in (pulumi.CustomResource, resources.Provider)
]


def test_every_resource_class_is_looked_at() -> None:
    assert {declared(kind)[0] for kind in CLASSES} == set(RESOURCES)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda k: k.__name__)
def test_every_input_belongs_to_an_item_or_says_where(kind: type[pulumi.CustomResource]) -> None:
    token, inputs = declared(kind)
    managed = RESOURCES[token]
    if WHOLE in managed:
        assert managed[WHOLE] in ITEMS
        return
    assert set(managed) <= inputs, "the table names an input that is not there"
    assert inputs - set(managed) == {"device", "address", "port", "serial", "onDelete"}


def test_claims() -> None:
    assert claims("rackwright:redfish:Bmc", {"device": "x", "bios": {"Smt": "Enabled"}}) == frozenset(
        {"bios_attributes"}
    )
    assert claims("rackwright:redfish:Bmc", {"device": "x", "bios": None}) == frozenset()
    assert claims("alicloud:vpc/network:Network", {}) == frozenset({"cloud"})
    assert claims(f"{GROUPING[1]}Rack", {}) == frozenset()
    assert claims("random:index:Pet", {}) is None


def test_page_is_what_the_code_has() -> None:
    page = (ROOT / "docs/ownership.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    wanted = []
    for item, title in ITEMS.items():
        roles, kinds = writers(item, real_writes()), resources_of(item)
        cells = (f"`{item}`", title.en, Owners().of(item), ", ".join(roles), ", ".join(kinds))
        wanted.append("|" + "|".join(f" {c} " if c else " " for c in cells) + "|")
    assert rows == wanted
    for title in ORDERS.values():
        assert set(title.en.split()[-1:]) & set(page.replace(",", " ").replace(".", " ").split()), title


# ---------------------------------------------------------------- broken on purpose


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of project and playbooks to break."""
    shutil.copytree(PROJECTS / "guangxi", tmp_path / "guangxi")
    shutil.copytree(PLAYBOOKS, tmp_path / "playbooks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ownership_checks, "PLAYBOOKS", tmp_path / "playbooks")
    return tmp_path


def findings(folder: Path) -> list[Finding]:
    """What the ownership checks say of the copy."""
    loaded = load(folder / "guangxi")
    assert loaded.inventory is not None, loaded.findings
    report = run(Context(loaded.inventory, None, date(2026, 11, 22)))
    return [f for f in report.findings if f.code.startswith("STK")]


def owned(folder: Path, text: str) -> int:
    """Write owners into project.yml; the line they stand on."""
    file = folder / "guangxi" / "project.yml"
    before = file.read_text(encoding="utf-8")
    file.write_text(f"{before}  owners: {{{text}}}\n", encoding="utf-8")
    return before.count("\n") + 1


def appended(folder: Path, role: str, text: str) -> str:
    """A task put at the end of a role's configure.yml; the path as findings show it."""
    file = folder / "playbooks" / "roles" / role / "tasks" / "configure.yml"
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"\n{text}")
    return file.relative_to(folder).as_posix()


def test_the_project_as_it_stands_is_clean(checkout: Path) -> None:
    assert findings(checkout) == []


@pytest.mark.parametrize(
    "text", ["host_network: pulumi", "asset_tag: ansible", "cloud: ansible", "cluster_membership: pulumi"]
)
def test_owner_that_cannot_keep_it(checkout: Path, text: str) -> None:
    line = owned(checkout, text)
    (found,) = findings(checkout)
    assert (found.code, found.subject) == ("STK001", text.partition(":")[0])
    assert found.source is not None
    assert found.source.line == line
    assert found.source.path.endswith("project.yml")


@pytest.mark.parametrize(
    "text", ["bios_attributes: ansible", "switch_configuration: pulumi", "bmc_ntp: ansible"]
)
def test_owner_that_can(checkout: Path, text: str) -> None:
    owned(checkout, text)
    assert findings(checkout) == []


REDFISH = """- name: {name}
  ansible.builtin.include_role:
    name: redfish
  vars:
    redfish_path: "{path}"
    redfish_method: PATCH
    redfish_body: {body}
"""
UNASKED = {
    "asset tag": ("asset_tag", REDFISH.format(name="Tag", path="/redfish/v1/Systems/1", body="{AssetTag: A1}")),
    "boot source that stays": (
        "boot_order",
        REDFISH.format(name="Boot", path="/redfish/v1/Systems/1", body="{Boot: {BootSourceOverrideEnabled: Continuous}}"),
    ),
    "power": ("power_restore", REDFISH.format(name="P", path="/redfish/v1/Systems/1", body="{PowerRestorePolicy: AlwaysOn}")),
    "name of the controller": (
        "bmc_network", REDFISH.format(name="N", path="/redfish/v1/Managers/1/EthernetInterfaces/1", body="{MTUSize: 1500}"),
    ),
    "BIOS by uri": (
        "bios_attributes",
        "- name: B\n  ansible.builtin.uri:\n    url: https://x/redfish/v1/Systems/1/Bios/Settings\n    method: PATCH\n",
    ),
    "account": (
        "bmc_account",
        REDFISH.format(name="A", path="/redfish/v1/AccountService/Accounts/3", body="{RoleId: Operator}"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNASKED)
def test_role_that_writes_what_stacks_own(checkout: Path, name: str) -> None:
    item, task = UNASKED[name]
    path = appended(checkout, "appliances", task)
    (found,) = findings(checkout)
    assert (found.code, found.subject) == ("STK002", item)
    assert found.source is not None
    assert found.source.path == path


@pytest.mark.parametrize("name", UNASKED)
def test_role_that_asks_first(checkout: Path, name: str) -> None:
    item, task = UNASKED[name]
    appended(checkout, "appliances", f"{task}  when: rackwright_owners.{item} == 'ansible'\n")
    assert findings(checkout) == []


@pytest.mark.parametrize(
    "task",
    [
        REDFISH.format(name="Lamp", path="/redfish/v1/Systems/1", body="{IndicatorLED: Blinking}"),
        "- name: A file\n  ansible.builtin.copy:\n    content: x\n    dest: /etc/x\n    mode: '0644'\n",
        "- name: A command\n  ansible.builtin.command:\n    argv: [touch, /etc/x]\n",
    ],
    ids=["lamp", "file", "command"],
)
def test_role_that_writes_what_nobody_owns(checkout: Path, task: str) -> None:
    appended(checkout, "appliances", task)
    (found,) = findings(checkout)
    assert (found.code, found.subject) == ("STK003", "appliances")


def asked_files(folder: Path, item: str) -> list[Path]:
    """Files of the roles in the copy that ask who owns an item before they write it."""
    needle = f"rackwright_owners.{item} == 'ansible'", f"{{}} if rackwright_owners.{item} != 'ansible'"
    files = sorted((folder / "playbooks" / "roles").rglob("tasks/*.yml"))
    return [
        f for f in files if any(n in f.read_text(encoding="utf-8") for n in needle) and f.name != "verify.yml"
    ]


@pytest.mark.parametrize("item", [i for i in CONTESTED if writers(i, real_writes())])
@pytest.mark.parametrize("turned", [False, True], ids=["dropped", "turned round"])
def test_question_taken_out_of_a_real_role(checkout: Path, item: str, turned: bool) -> None:
    owned(checkout, f"{item}: pulumi")
    (first, *_) = asked_files(checkout, item)
    text = first.read_text(encoding="utf-8")
    yes, no = f"rackwright_owners.{item} == 'ansible'", f"rackwright_owners.{item} != 'ansible'"
    if turned:
        text = text.replace(yes, "@").replace(no, yes).replace("@", no)
    else:
        text = text.replace(yes, "true").replace(no, "false")
    first.write_text(text, encoding="utf-8")
    found = findings(checkout)
    assert {(f.code, f.subject) for f in found} == {("STK002", item)}


@pytest.mark.parametrize("name", ["main.yaml", "deep/more.yml", "handlers"])
def test_no_file_of_a_role_is_passed_over(checkout: Path, name: str) -> None:
    role = checkout / "playbooks" / "roles" / "appliances"
    file = role / "handlers" / "main.yml" if name == "handlers" else role / "tasks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(UNASKED["asset tag"][1], encoding="utf-8")
    (found,) = findings(checkout)
    assert (found.code, found.subject) == ("STK002", "asset_tag")


@pytest.mark.parametrize("text", ["- name: x\n  msg: [", "a: b\n", "- just words\n"])
def test_file_that_cannot_be_read_is_no_pass(checkout: Path, text: str) -> None:
    (checkout / "playbooks" / "roles" / "appliances" / "tasks" / "odd.yml").write_text(text, encoding="utf-8")
    (found,) = findings(checkout)
    assert (found.code, found.subject) == ("STK003", "appliances")


def test_play_that_writes_by_itself(checkout: Path) -> None:
    play = "- name: P\n  hosts: all\n  tasks:\n    - name: A file\n      ansible.builtin.copy:\n        dest: /etc/x\n"
    (checkout / "playbooks" / "stray.yml").write_text(play, encoding="utf-8")
    (found,) = findings(checkout)
    assert (found.code, found.subject) == ("STK003", "stray")


def test_condition_of_a_block_an_include_and_a_variable_count(checkout: Path) -> None:
    tag = UNASKED["asset tag"][1]
    role = checkout / "playbooks" / "roles" / "fresh"
    (role / "tasks").mkdir(parents=True)
    (role / "defaults").mkdir()
    (role / "defaults" / "main.yml").write_text(
        "fresh_mine: \"{{ rackwright_owners['asset_tag'] == 'ansible' }}\"\n"
    )
    asked = "rackwright_owners.asset_tag == 'ansible'"
    block = f"- name: Block\n  when: {asked}\n  block:\n" + "".join(
        f"    {line}\n" for line in tag.splitlines()
    )
    include = f"- name: More\n  ansible.builtin.include_tasks: more.yml\n  when: {asked}\n"
    (role / "tasks" / "main.yml").write_text(f"{block}{include}{tag}  when: fresh_mine | bool\n")
    (role / "tasks" / "more.yml").write_text(tag)
    assert findings(checkout) == []


def test_without_playbooks_nothing_passes(checkout: Path) -> None:
    shutil.rmtree(checkout / "playbooks")
    found = findings(checkout)
    assert {f.code for f in found} == {"STK001", "STK002", "STK003"}
    assert {f.status for f in found} == {Status.NOT_EVALUATED}


BAD: dict[str, tuple[str, str, str]] = {
    "misspelt item": ("bios_attribute: ansible", "INV005", "did you mean bios_attributes?"),
    "misspelt owner": ("bmc_ntp: Ansible", "INV007", "did you mean ansible?"),
    "unknown owner": ("bmc_ntp: terraform", "INV007", "write one of 'ansible' or 'pulumi'"),
    "no owner": ("bmc_ntp: null", "INV007", "write one of 'ansible' or 'pulumi'"),
}


@pytest.mark.parametrize("name", BAD)
def test_loader_refuses(checkout: Path, name: str) -> None:
    text, code, fix = BAD[name]
    line = owned(checkout, text)
    loaded = load(checkout / "guangxi")
    assert loaded.inventory is None
    (found,) = loaded.findings
    assert found.source is not None
    assert (found.code, found.source.line) == (code, line)
    assert found.fix is not None
    assert found.fix.en == fix
