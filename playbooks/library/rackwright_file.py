#!/usr/bin/python3
"""Writes a file and keeps what stood there before the first change, so that a stage can be undone."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: rackwright_file
short_description: A file that can be put back as it was
description:
  - Writes text to a file. Before its first change by a stage, the file as it stood is kept on the host.
  - With O(state=restored) every file kept for the stage is put back; files that did not exist are removed.
  - What stood before a run is kept as well until O(state=accepted), so that a run that goes wrong takes back what it
    changed and nothing of the verified runs before it.
options:
  stage:
    description: Name under which the files as they stood are kept.
    type: str
    required: true
  path:
    description: File to write.
    type: path
  content:
    description: Text of the file.
    type: str
  mode:
    description: Permissions, in octal.
    type: str
    default: "0644"
  validate:
    description: Command that must accept the new file before it is put in place; %s stands for it.
    type: str
  state:
    description: Whether the file has this text, is kept as it stands for another task to change, all files of
      the stage are as before, or what this run changed is verified.
    choices: [written, kept, restored, accepted]
    default: written
    type: str
  since:
    description: Put back what stood before the stage was ever run, or before the changes that nobody has accepted.
    choices: [first, run]
    default: first
    type: str
  kept_in:
    description: Folder on the host for the files as they stood.
    type: path
    default: /var/lib/rackwright/before
"""


def read(path: Path) -> str | None:
    """The text of a file; None when there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None


def put(module: AnsibleModule, path: Path, text: str, mode: int) -> None:
    """Replace a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=module.tmpdir)
    os.close(handle)
    fresh = Path(name)
    fresh.write_text(text, encoding="utf-8", errors="surrogateescape")
    check = module.params["validate"]
    if check and module.params["state"] == "written":
        code, out, err = module.run_command([name if a == "%s" else a for a in check.split()])
        if code:
            module.fail_json(msg=f"{path} not written: {check} says: {(err or out).strip()}")
    fresh.chmod(mode)
    module.atomic_move(name, str(path))
    path.chmod(mode)


def keep(path: Path, folder: Path) -> None:
    """Keep a file as it stands, unless it is kept already."""
    name = str(path).strip("/").replace("%", "%25").replace("/", "%2F")
    kept, absent = folder / name, folder / f"{name}.absent"
    if not kept.exists() and not absent.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            shutil.copy2(str(path), str(kept))
        else:
            absent.touch()


def folders(module: AnsibleModule) -> tuple[Path, Path]:
    """Where files as they stood before the first run are kept, and those from before this one."""
    first = Path(module.params["kept_in"]) / module.params["stage"]
    return first, first.with_name(f"{first.name}.run")


def write(module: AnsibleModule) -> None:
    """State written."""
    path, text, mode = Path(module.params["path"]), module.params["content"], int(module.params["mode"], 8)
    before = read(path)
    same_mode = before is not None and path.stat().st_mode & 0o7777 == mode
    changed = before != text or not same_mode
    if changed and not module.check_mode:
        for folder in folders(module):
            keep(path, folder)
        put(module, path, text, mode)
    module.exit_json(changed=changed, path=str(path), diff=difference(path, before, text))


def restore(module: AnsibleModule) -> None:
    """State restored."""
    first, run = folders(module)
    folder, diffs, paths = run if module.params["since"] == "run" else first, [], []
    for kept in sorted(folder.iterdir()) if folder.is_dir() else []:
        absent = kept.suffix == ".absent"
        name = kept.name[: -len(".absent")] if absent else kept.name
        path = Path("/" + name.replace("%2F", "/").replace("%25", "%"))
        text = None if absent else read(kept)
        diffs.append(difference(path, read(path), text))
        paths.append(str(path))
        if module.check_mode:
            continue
        if text is not None:
            put(module, path, text, kept.stat().st_mode & 0o7777)
        elif path.exists():
            path.unlink()
        twin = first / kept.name
        if folder == run and twin.exists() and read(twin) == read(kept):
            twin.unlink()  # as it was before the first run: nothing is left to put back
        kept.unlink()
    if not module.check_mode:
        shutil.rmtree(str(run), ignore_errors=True)
    module.exit_json(changed=bool(paths), paths=paths, diff=diffs)


def difference(path: Path, before: str | None, after: str | None) -> dict[str, str]:
    """For --diff."""
    return {
        "before": before or "", "after": after or "",
        "before_header": f"{path}" if before is not None else f"{path} (none)",
        "after_header": f"{path}" if after is not None else f"{path} (removed)",
    }  # fmt: skip


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "stage": {"type": "str", "required": True},
            "path": {"type": "path"},
            "content": {"type": "str"},
            "mode": {"type": "str", "default": "0644"},
            "validate": {"type": "str"},
            "state": {
                "type": "str",
                "default": "written",
                "choices": ["written", "kept", "restored", "accepted"],
            },
            "since": {"type": "str", "default": "first", "choices": ["first", "run"]},
            "kept_in": {"type": "path", "default": "/var/lib/rackwright/before"},
        },
        required_if=[("state", "written", ("path", "content")), ("state", "kept", ("path",))],
        supports_check_mode=True,
    )
    if module.params["state"] == "written":
        write(module)
    elif module.params["state"] == "restored":
        restore(module)
    elif module.params["state"] == "accepted" and not module.check_mode:
        shutil.rmtree(str(folders(module)[1]), ignore_errors=True)
    elif not module.check_mode:
        for folder in folders(module):
            keep(Path(module.params["path"]), folder)
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
