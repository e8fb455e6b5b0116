"""What every program does: find project and plan, declare what its layer wants of its site, say what it does not.

`run(layer)` is the whole of `__main__.py` in a stack folder, and what the runner calls inside its own process.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import pulumi

from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from stacks import resources
from stacks.components import COMPONENTS, Component
from stacks.layers import LAYERS, project_name
from stacks.policy.gate import PolicyError, violations
from stacks.programs.wanted import Declaration, Wanted, reasons

PROVIDER_KEYS = {
    "vaultFile": "vault_file", "bmcUser": "bmc_user", "bmcPassword": "bmc_password", "bmcCa": "bmc_ca",
    "switchUser": "switch_user", "switchPassword": "switch_password", "knownHosts": "known_hosts",
    "servicesCa": "services_ca",
}  # fmt: skip
"""`rackwright:KEY` of a stack's configuration -> argument of the provider; paths and names of secrets, no secret."""
SHOWN = 12
"""Subjects named of one reason in an output; the rest is counted."""


class ProgramError(pulumi.RunError):
    """The stack cannot be declared; the message says what to do."""


def run(layer: str) -> None:
    """Declare the layer for the site the stack is named after. Nothing is declared when a rule of the policy is
    broken; a layer with one stack over all sites has a program of its own."""
    if LAYERS[layer].stack:
        importlib.import_module(f"stacks.programs.{layer}").run()
        return
    config = pulumi.Config()
    inventory, plan = project(config.require("project"))
    site = pulumi.get_stack()
    if site not in inventory.sites:
        raise ProgramError(f"stack {site}: the project has the sites {', '.join(sorted(inventory.sites))}")
    reference(layer, site, plan)
    declared = declaration(layer, inventory, plan, site, config.get_int("port"))
    if found := violations(declared.wanted, inventory):
        raise ProgramError(str(PolicyError(found)))
    declare(inventory, declared)
    pulumi.export("declared", len(declared.wanted))
    pulumi.export("notDeclared", shortened(reasons(declared.not_declared)))
    pulumi.export("planDigest", plan_digest(plan))


def declaration(
    layer: str, inventory: Inventory, plan: Plan, site: str, port: int | None = None
) -> Declaration:
    """What a layer declares for a site with this project's provider. `port`: where its devices are asked, when not at
    the usual port."""
    if LAYERS[layer].stack:
        return Declaration(())
    module = importlib.import_module(f"stacks.programs.{layer}")
    found: Declaration = module.declaration(inventory, plan, site, **({"port": port} if port else {}))
    return found


def count(layer: str, site: str, name: str) -> int:
    """How many resources a stack declares. Raises ProgramError."""
    inventory, plan = project(name)
    return len(declaration(layer, inventory, plan, site).wanted)


@cache
def project(name: str) -> tuple[Inventory, Plan]:
    """Inventory and plan of a shipped project, or of a folder (RACKWRIGHT_PROJECT in its place). Raises ProgramError."""
    given = os.environ.get("RACKWRIGHT_PROJECT") or name
    folder = PROJECTS / given if "/" not in given and (PROJECTS / given).is_dir() else Path(given)
    loaded, stored = load(folder), load_plan(folder)
    faults = [f for f in (*loaded.findings, *stored.findings) if f.blocks]
    if loaded.inventory is None or faults:
        raise ProgramError(
            f"project {given} cannot be loaded: {len(faults)} faults, the first: "
            f"{faults[0].to_text().splitlines()[0] if faults else 'unknown'}. Run `rackwright check -p {given}`"
        )
    if stored.plan is None:
        raise ProgramError(f"project {given} has no plan yet: run `rackwright plan -p {given}`")
    return loaded.inventory, stored.plan


def plan_digest(plan: Plan) -> str:
    """Twelve hexadecimal digits that change with the plan."""
    text = repr(
        [[r.model_dump(mode="json") for r in rows] for rows in (plan.devices, plan.addresses, plan.prefixes)]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def declare(inventory: Inventory, declared: Declaration) -> None:
    """Register everything with the engine: one provider, components, resources."""
    if not declared.wanted:
        return
    given = pulumi.Config("rackwright")
    arguments: dict[str, Any] = {
        argument: value for key, argument in PROVIDER_KEYS.items() if (value := given.get(key))
    }
    for key, argument in (("timeoutS", "timeout_s"), ("retryS", "retry_s")):
        if (seconds := given.get_float(key)) is not None:
            arguments[argument] = seconds
    secrets = {s.name: f"{s.source}:{s.key}" for s in inventory.secrets.values()}
    provider = resources.Provider(
        "rackwright",
        secrets=secrets,
        allow_insecure_tls=bool(given.get_bool("allowInsecureTls")),
        **arguments,
    )
    components: dict[tuple[str, ...], Component] = {}
    made: dict[str, pulumi.Resource] = {}
    for wanted in declared.wanted:
        parent: Component | None = None
        for depth, group in enumerate(wanted.under, 1):
            path = tuple(g.name for g in wanted.under[:depth])
            if path not in components:
                components[path] = COMPONENTS[group.kind](group.name, parent)
            parent = components[path]
        options = pulumi.ResourceOptions(
            parent=made.get(wanted.within, parent), provider=provider,
            depends_on=[made[name] for name in wanted.after],
        )  # fmt: skip
        made[wanted.name] = _make(wanted, options)


def _make(wanted: Wanted, options: pulumi.ResourceOptions) -> pulumi.Resource:
    values = dict(wanted.arguments)
    if wanted.kind == "Bmc":
        boot, network = values.get("boot"), values.get("network")
        if boot is not None:
            values["boot"] = resources.Boot(boot.target, boot.mode, boot.enabled)
        if network is not None:
            values["network"] = resources.BmcNetwork(**network)
    found: pulumi.Resource = getattr(resources, wanted.kind)(wanted.name, opts=options, **values)
    return found


def reference(layer: str, site: str, plan: Plan) -> None:
    """Look at the stacks this one comes after; warn when one was applied from another plan, or never."""
    for needed in LAYERS[layer].needs:
        other = project_name(needed)
        if not known(other, site):
            pulumi.log.warn(f"{needed}/{site} comes before this stack and has never been applied")
            continue
        told = pulumi.StackReference(f"organization/{other}/{site}")
        compare = partial(_compare, needed, site, plan_digest(plan))
        told.get_output("planDigest").apply(compare)


def _compare(needed: str, site: str, ours: str, digest: object) -> None:
    if digest is None:
        pulumi.log.warn(f"{needed}/{site} comes before this stack and has never been applied")
    elif digest != ours:
        pulumi.log.warn(
            f"{needed}/{site} was last applied from another plan ({digest}, now {ours}): bring it up first"
        )


def known(stack_project: str, stack: str) -> bool:
    """Whether a stack has state. Of state that lies in no folder nobody can tell: taken for known."""
    url = os.environ.get("PULUMI_BACKEND_URL", "")
    if not url.startswith("file://"):
        return True
    folder = Path(url.removeprefix("file://")).expanduser() / ".pulumi" / "stacks" / stack_project
    return any((folder / f"{stack}.json{end}").exists() for end in ("", ".gz", ".zst"))


def shortened(found: Mapping[str, list[str]]) -> dict[str, Any]:
    """Subjects by reason, the first few named and the rest counted: outputs stay small."""
    return {
        reason: names if len(names) <= SHOWN else [*names[:SHOWN], f"and {len(names) - SHOWN} more"]
        for reason, names in found.items()
    }
