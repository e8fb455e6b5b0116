"""`rackwright hosts`: the plan as an Ansible inventory file, for a controller without this program."""

from __future__ import annotations

from pathlib import Path

from rackwright.cli.common import CLEAN, UNUSABLE, Format, leave, load_project, out, out_json, say

HEAD = "# Written by `rackwright hosts` from the plan; edit the inventory instead. Holds names of secrets, no secret.\n"


def run(name: str | None, output: Format, target: Path | None) -> None:
    """Print the inventory, or write it to a file in one step."""
    import yaml

    from inventory.ansible_hosts import static_yaml
    from topology.batch_groups import batched_inventory

    project = load_project(name, output)
    if project.plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    hosts = batched_inventory(project.inventory, project.plan)
    if output is Format.JSON and target is None:
        out_json(hosts)
        leave(CLEAN)
    text = HEAD + yaml.safe_dump(static_yaml(hosts), allow_unicode=True, sort_keys=False, width=200)
    if target is None:
        out(text.rstrip("\n"))
        leave(CLEAN)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(target.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(target)
    say(f"{len(hosts['_meta']['hostvars'])} hosts: {target}")
    leave(CLEAN)
