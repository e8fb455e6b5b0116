"""`rackwright verify`: what stands there against the plan."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rackwright.cli.common import CLEAN, FINDINGS, UNUSABLE, Project, leave, load_project, out, say
from rackwright.cli.common import Format as TextOrJson
from rackwright.cli.reach import Chosen, choose, counting, run_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rackwright.cli.verify_lab import Rehearsal
    from rackwright.documents.acceptance_run import Verified
    from topology.facts import ControllerFacts, DeviceFacts
    from topology.observe.session import Credentials
    from topology.verify import Result

HTTPS = 443
BOOK = "acceptance.xlsx"
NO_CONTROLLER_LOGIN = (
    "no login for management controllers: set RACKWRIGHT_BMC_USER and RACKWRIGHT_BMC_PASSWORD"
)


@dataclass(frozen=True)
class Options:
    """What the command line says of whom to ask, how to get in and where to keep it."""

    site: str | None = None
    pair: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    only: str | None = None
    resume: bool = False
    user: str | None = None
    secret: str | None = None
    server_user: str = "root"
    server_key: Path | None = None
    bmc_user: str | None = None
    bmc_secret: str | None = None
    bmc_ca: Path | None = None
    vault_file: Path | None = None
    known_hosts: Path | None = None
    port: int = 22
    workers: int = 20
    out_folder: Path | None = None
    lab: Path | None = None


def run(name: str | None, output: str, options: Options) -> None:
    """Read every device, compare, tell. Exit 0 only when everything was looked at and is as planned."""
    from rackwright.cli import verify_text
    from rackwright.cli.verify_lab import Rehearsal, standing
    from rackwright.documents.acceptance_book import asked_for, plan_fingerprint
    from rackwright.documents.acceptance_run import Verified
    from topology.observe.collect import Access, Target, collect, collect_controllers
    from topology.observe.record import Record
    from topology.observe.secrets import SecretError, Vault
    from topology.observe.session import known_hosts_file

    project = load_project(name, TextOrJson.TEXT if output != "json" else TextOrJson.JSON)
    chosen = with_servers(
        project, choose(project, options.site, list(options.pair), list(options.host)), options.pair
    )
    plan = project.plan
    assert plan is not None  # noqa: S101 - choose() leaves without one
    identity = plan_fingerprint(project.folder)
    rehearsal = Rehearsal.read(options.lab) if options.lab else None
    chosen = standing(chosen, options.lab)
    names = [h for h in chosen.hosts if is_asked(chosen, h) and is_wanted(chosen, h, options.only)]
    bmcs = [] if options.only in ("switches", "servers") else with_controllers(chosen, options.only)
    if not names and not bmcs:
        say(
            "none of these devices can be asked: neither switches with a platform nor servers nor controllers"
        )
        leave(UNUSABLE)
    vault = Vault(project.inventory.secrets, options.vault_file)
    try:
        switches, servers = logins(chosen, names, options, vault)
        controllers = controller_login(options, vault)
    except SecretError as error:
        say(str(error))
        leave(UNUSABLE)
    folder = last_folder(options.out_folder, project) if options.resume else None
    if options.resume and folder is None:
        say("no earlier run to resume: beginning a new one")
    folder = folder or run_folder(options.out_folder, project, "verify")
    access = Access(
        switches, servers, known_hosts_file(options.known_hosts), options.server_key, controllers,
        controller_authority(options.bmc_ca), vault=vault,
    )  # fmt: skip
    record = Record(folder, vault.seen)
    targets = [
        Target(n, chosen.address(n), chosen.hosts[n].get("rackwright_platform"), options.port) for n in names
    ]
    doors = [Target(n, chosen.hosts[n]["rackwright_bmc_address"], port=HTTPS) for n in bmcs]
    if doors and controllers is None:
        say(NO_CONTROLLER_LOGIN + "; what they would tell is not run")
    with kept_on_ctrl_c(folder), counting(len(targets) + len(doors), "verify") as tell:
        facts = collect(
            targets, access, record, workers=options.workers, resume=options.resume,
            done=lambda f, now: tell(f"{f.name}: {f.error or ('read' if now else 'read before')}", True),
        )  # fmt: skip
        told = collect_controllers(
            doors, access, record, workers=options.workers, resume=options.resume,
            done=lambda f, now: tell(f"{f.name} BMC: {f.error or ('read' if now else 'read before')}", True),
        )  # fmt: skip
    results = compare(project, facts, told, frozenset(bmcs), rehearsal)
    text = {"json": verify_text.json_text, "junit": verify_text.junit_text}.get(output, verify_text.report)(
        results, folder, rehearsal
    )
    lines = verify_text.acceptance(results, rehearsal)
    (folder / "acceptance.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "results.json").write_text(
        verify_text.json_text(results, folder, rehearsal) + "\n", encoding="utf-8"
    )
    scope = asked_for(
        options.site, options.pair, options.host, options.only, rehearsal.name if rehearsal else None
    )
    written = keep_book(
        Verified(
            project.inventory, rehearsal.slice_of(plan) if rehearsal else plan, results, facts, told, folder, scope,
            identity, () if options.only else unasked(chosen), rehearsal,
        )
    )  # fmt: skip
    out(text)
    if output == "text":
        for line in left_out(project, set(facts), rehearsal):
            say(line)
        say(f"raw answers: {folder}")
        if written:
            say(f"acceptance record: {folder / BOOK}")
    if not written:
        leave(UNUSABLE)
    leave(CLEAN if verify_text.is_fine(results, rehearsal) else FINDINGS)


@contextmanager
def kept_on_ctrl_c(folder: Path) -> Iterator[None]:
    """Say, when the run is interrupted, what was kept and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"interrupted: what was read is kept in {folder}; the same command with --resume goes on")
        leave(130)


def keep_book(verified: Verified) -> bool:
    """Write the acceptance record beside the results; False, and said, when that fails: it may be open elsewhere."""
    from rackwright.documents.acceptance_book import write_acceptance_book

    path = verified.folder / BOOK
    try:
        write_acceptance_book(verified, path)
    except OSError as error:
        say(
            f"cannot write {path}: {error.strerror or error}; close it where it is open and verify again with --resume"
        )
        return False
    return True


def unasked(chosen: Chosen) -> tuple[str, ...]:
    """Devices meant that there is no way to ask: no platform, no server, no controller."""
    return tuple(
        h for h, v in chosen.hosts.items() if not is_asked(chosen, h) and not v.get("rackwright_bmc_address")
    )


def left_out(project: Project, asked: set[str], rehearsal: Rehearsal | None) -> list[str]:
    """What the results say nothing of, in words."""
    from topology.verify import SERIAL_LINES

    cables = project.plan.cables if project.plan else ()
    by_hand = sum(
        c.kind in SERIAL_LINES and (c.a.device in asked or c.b.device in asked)
        for c in cables
        if rehearsal is None or c.id in rehearsal.cables
    )
    rows = []
    if by_hand:
        rows.append(
            f"not among these: {by_hand} serial console cables, which tell nobody their other end; look at them by hand"
        )
    if rehearsal is not None:
        rows.append(
            f"only what stands in lab {rehearsal.name}: {len(rehearsal.devices)} devices and {len(rehearsal.cables)} of "
            f"{len(cables)} cables of the plan"
        )
    return rows


def with_servers(project: Project, chosen: Chosen, pair: tuple[str, ...]) -> Chosen:
    """With --pair also the servers that hang on it."""
    if not pair or project.plan is None:
        return chosen
    from inventory.ansible_hosts import ansible_inventory

    known = ansible_inventory(project.inventory, project.plan)["_meta"]["hostvars"]
    more = {
        a.device
        for c in project.plan.cables
        for a, b in ((c.a, c.b), (c.b, c.a))
        if b.device in chosen.hosts and c.kind == "access" and a.device in known
    }
    return Chosen({h: v for h, v in known.items() if h in chosen.hosts or h in more})


def is_asked(chosen: Chosen, name: str) -> bool:
    """Switches with a platform, and servers."""
    values = chosen.hosts[name]
    return "rackwright_platform" in values or values["rackwright_role"] == "server"


def is_wanted(chosen: Chosen, name: str, only: str | None) -> bool:
    """True for what --only leaves."""
    return only is None or (
        only != "controllers" and (only == "switches") == ("rackwright_platform" in chosen.hosts[name])
    )


def with_controllers(chosen: Chosen, only: str | None) -> list[str]:
    """Devices whose management controller the plan gives an address."""
    return [
        h
        for h, v in chosen.hosts.items()
        if v.get("rackwright_bmc_address") and only in (None, "controllers")
    ]


def logins(
    chosen: Chosen, names: list[str], options: Options, vault: Any
) -> tuple[Credentials | None, Credentials | None]:
    """Logins for switches and for servers, None for a kind nobody asks. Raises SecretError."""
    from topology.observe.drivers import login
    from topology.observe.session import Credentials

    switches = any("rackwright_platform" in chosen.hosts[n] for n in names)
    servers = any("rackwright_platform" not in chosen.hosts[n] for n in names)
    return (
        login(options.user, options.secret, vault) if switches else None,
        Credentials(options.server_user, "") if servers else None,
    )


def controller_login(options: Options, vault: Any) -> Credentials | None:
    """Login for management controllers: --bmc-user or RACKWRIGHT_BMC_USER, the secret named or RACKWRIGHT_BMC_PASSWORD;
    None when nobody is named. Raises SecretError when a user is and no password."""
    from topology.observe.secrets import SecretError
    from topology.observe.session import Credentials

    user = options.bmc_user or os.environ.get("RACKWRIGHT_BMC_USER")
    if not user:
        return None
    if options.bmc_secret:
        return Credentials(user, vault.value(options.bmc_secret))
    password = os.environ.get("RACKWRIGHT_BMC_PASSWORD")
    if not password:
        raise SecretError(
            f"no password for management controllers (user {user}): name a secret of the inventory with --bmc-secret, or "
            "set RACKWRIGHT_BMC_PASSWORD"
        )
    vault.seen.add(password)
    return Credentials(user, password)


def controller_authority(given: Path | None) -> Path | None:
    """The file of the authority that signs the controllers' certificates: as given or RACKWRIGHT_BMC_CA; None: what
    this system trusts. Leaves with 2 when the file is not there."""
    found = os.environ.get("RACKWRIGHT_BMC_CA")
    path = given or (Path(found) if found else None)
    if path is not None and not path.is_file():
        say(f"no certificate file {path} (--bmc-ca, RACKWRIGHT_BMC_CA)")
        leave(UNUSABLE)
    return path


def last_folder(build: Path | None, project: Project) -> Path | None:
    """The folder of the latest run."""
    base = (build or Path("build") / project.inventory.project.name) / "verify"
    found = sorted(p for p in base.iterdir() if p.is_dir()) if base.is_dir() else []
    return found[-1] if found else None


def compare(
    project: Project, facts: Mapping[str, DeviceFacts], controllers: Mapping[str, ControllerFacts] | None = None,
    bmcs: frozenset[str] = frozenset(), rehearsal: Rehearsal | None = None,
) -> list[Result]:  # fmt: skip
    """Every verdict on what was asked: cables that end at a device asked, the devices, and `bmcs`, whose controllers
    were."""
    from topology.identity import controllers_identified, identified
    from topology.silent_ends import heard_by_mac, own_macs
    from topology.switch_intent import switch_configs
    from topology.verify import SERIAL_LINES, verify_cables
    from topology.verify_configs import verify_configuration
    from topology.verify_devices import verify_devices
    from topology.verify_parts import verify_controllers, verify_light, verify_sessions
    from topology.verify_security import verify_security

    told: Mapping[str, ControllerFacts] = controllers or {}
    whole, inventory = project.plan, project.inventory
    assert whole is not None  # noqa: S101 - choose() leaves without one
    plan = whole if rehearsal is None else rehearsal.slice_of(whole)
    ours = replace(
        plan,
        cables=tuple(
            c
            for c in plan.cables
            if (c.a.device in facts or c.b.device in facts) and c.kind not in SERIAL_LINES
        ),
    )
    facts, names = identified(ours, facts, inventory.devices)
    serials = {n: f.serial for n, f in facts.items() if f.serial}
    serials |= {d.device: d.serial for d in inventory.deliveries.values() if d.device and d.serial}
    told, strange = controllers_identified(told, serials)
    accounts = inventory.policy.text("verify.switch_accounts").replace(",", " ").split()
    ends = {e.device for c in ours.cables for e in (c.a, c.b)}
    blind = frozenset(
        (d, i.name)
        for d in sorted(ends)
        if d in inventory.devices and inventory.devices[d].kind != "switch"
        for i in inventory.devices[d].type.interfaces
        if i.mgmt_only
    )
    delivered = {name: d.macs for name, d in inventory.delivered.items()}
    heard = heard_by_mac(ours, facts, own_macs(told, delivered, blind), blind)
    configs = [c for c in switch_configs(inventory, whole) if c.host in facts]
    results = [
        *names,
        *strange,
        *verify_cables(ours, facts, frozenset(ends - set(facts)), blind, heard),
        *verify_devices(inventory, ours, facts, told, blind),
        *(r for c in configs for r in verify_configuration(c, facts[c.host])),
        *(r for c in configs for r in verify_security(c, facts[c.host], accounts)),
        *verify_sessions(configs, facts),
        *verify_light(inventory, ours, facts),
        *verify_controllers(inventory, bmcs, told),
    ]
    if rehearsal is None:
        return results
    return rehearsal.judged(results, frozenset(name for name, f in facts.items() if f.error))
