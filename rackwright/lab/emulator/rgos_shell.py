"""The command line of a Ruijie RGOS switch: lines take effect at once, and nothing takes them back."""

from __future__ import annotations

import re
from functools import partial

from rackwright.lab.emulator import grammar
from rackwright.lab.emulator.device import Switch
from rackwright.lab.emulator.rgos import RGOS, mode
from rackwright.lab.emulator.rgos_show import DISPLAYS
from rackwright.lab.emulator.shell import Handler, Shell, Words
from rackwright.lab.emulator.tree import Node, RefusedError, apply, node_at
from topology.platforms.sections import expand_vids

STARTUP = "config.text"
SENTENCES = {
    grammar.INCOMPLETE: "% Incomplete command.\n",
    grammar.AMBIGUOUS: "% Ambiguous command: \"{line}\"\n",
}  # fmt: skip


class RgosShell(Shell):
    """One login; the accounts of the lab have privilege 15 and land in privileged mode."""

    dialect = RGOS
    pager = " --More-- "

    def __init__(self, switch: Switch) -> None:
        super().__init__(switch)
        self.privileged = True
        self.forgotten: Node | None = None

    def prompt(self) -> str:
        """`host>`, `host#`, `host(config-if-TenGigabitEthernet 0/1)#`; a question stands alone."""
        if self.question:
            return self.asked
        if self.view is None:
            return f"{self.switch.host}{'#' if self.privileged else '>'}"
        return f"{self.switch.host}({mode(self.view, several=bool(self.members))})#"

    def tree(self) -> Node:
        """The running configuration itself (a copy nobody keeps when the device forgets what it is told)."""
        if self.switch.faults.forget_commit:
            self.forgotten = self.forgotten or self.switch.running.copy()
            return self.forgotten
        return self.switch.running

    def refusal(self, problem: str, line: str, column: int) -> str:
        """A caret below the word, and what is wrong with it."""
        if sentence := SENTENCES.get(problem):
            return sentence.format(line=line.strip())
        return " " * (len(self.prompt()) + column) + "^\n% Invalid input detected at '^' marker.\n"

    def leave_all(self) -> str:
        """As `end`."""
        self.view, self.members = None, ()
        return ""

    def commands(self) -> dict[str, Handler]:
        """Displays by privilege; in configuration they work too, and behind `do`."""
        shows: dict[str, Handler] = {spec: partial(show, self.switch) for spec, show in DISPLAYS.items()}
        if self.view is not None:
            return shows | {
                "exit": self._exit,
                "end": lambda _: self.leave_all(),
                "do <text>": lambda words: self._do(" ".join(words[1:])),
                "interface range <text>": self._range,
                "vlan range <vlist>": self._vlans,
                "switchport trunk allowed vlan {add|remove} <vlist>": self._allowed,
                "switchport trunk allowed vlan all": lambda _: self._configure(
                    "no switchport trunk allowed vlan"
                ),
                "exit-address-family": self._exit,
                "show this": lambda _: (
                    "\nBuilding configuration...\n!\n" + self.section(self.view or ()) + "!\nend\n"
                ),
            }
        table: dict[str, Handler] = {
            "exit": self._exit,
            "quit": self._exit,
            "enable [<0-15>]": self._enable,
            "disable [<0-15>]": self._disable,
            "terminal length <0-512>": self._length,
            "terminal width <0-256>": lambda _: "",
            "terminal no length": self._length,
        }
        if not self.privileged:
            return table | {k: v for k, v in shows.items() if "config" not in k}
        return table | shows | {
            "configure [terminal]": self._enter,
            "write [memory]": lambda _: self._save(),
            "copy running-config startup-config": lambda _: self._save(),
            "copy running-config <word>": self._copy_out,
            "copy <word> running-config": self._copy_in,
            "delete <word>": self._delete,
            "more <word>": self._more,
            "dir [<word>]": self._directory,
            "reload": lambda _: self.ask("Reload system?(Y/N)", self._reload),
            "terminal {monitor|no monitor}": lambda _: "",
        }  # fmt: skip

    def _one(self, line: str) -> str:
        out = super()._one(line)
        self.switch.rename()
        return out

    def _do(self, line: str) -> str:
        view, members = self.view, self.members
        self.view = None
        try:
            return self._one(line)
        finally:
            self.view, self.members = view, members

    # ------------------------------------------------------------ modes

    def _exit(self, _: Words) -> str:
        if self.view is None:
            self.ended = True
        elif self.view:
            self.view, self.members = self.view[:-1], ()
        else:
            self.view = None
        return ""

    def _enable(self, _: Words) -> str:
        def entered(answer: str) -> str:
            self.privileged = answer in self.switch.users.values()
            return "" if self.privileged else "% Access denied\n"

        return "" if self.privileged else self.ask("\nPassword:", entered)

    def _disable(self, _: Words) -> str:
        self.privileged = False
        return ""

    def _enter(self, _: Words) -> str:
        self.view, self.forgotten = (), None
        return "Enter configuration commands, one per line.  End with CNTL/Z.\n"

    def _length(self, words: Words) -> str:
        self.page = int(words[-1]) if words[-1].isdigit() else 24
        return ""

    def _range(self, words: Words) -> str:
        answer = self.enter_range(" ".join(words[2:]))
        return answer if answer is not None else "% Invalid input detected at '^' marker.\n"

    def _vlans(self, words: Words) -> str:
        for vid in expand_vids(words[-1]):
            apply(self.dialect, self.tree(), (), f"vlan {vid}")
        self.view, self.members = (), ()
        return ""

    def _allowed(self, words: Words) -> str:
        more = set(expand_vids(words[-1]))
        paths: list[tuple[str, ...]] = [(m,) for m in self.members] or [self.view or ()]
        for path in paths:
            node = node_at(self.tree(), path)
            if node is None:
                continue
            held = next(
                (c.line for c in node.children if c.line.startswith("switchport trunk allowed vlan only ")),
                "",
            )
            now = set(expand_vids(held.rpartition(" ")[2])) if held else set(range(1, 4095))
            now = now | more if words[4] == "add" else now - more
            from topology.platforms.render import vid_list

            text = vid_list(tuple(sorted(now))).replace(" to ", "-").replace(" ", ",")
            apply(self.dialect, self.tree(), path, f"switchport trunk allowed vlan only {text}")
        return ""

    # ------------------------------------------------------------ files

    def _save(self) -> str:
        self.switch.saved = self.switch.files[STARTUP] = self.switch.text()
        return "\nBuilding configuration...\n[OK]\n"

    def _name(self, word: str) -> str:
        return re.sub(r"^flash:/?", "", word)

    def _copy_out(self, words: Words) -> str:
        self.switch.files[self._name(words[-1])] = self.switch.text()
        return "\nBuilding configuration...\n\nSuccess.\n"

    def _copy_in(self, words: Words) -> str:
        """Merge a file into the running configuration, as the switch does: nothing is taken away."""
        text = (
            self.switch.saved if words[1] == "startup-config" else self.switch.files.get(self._name(words[1]))
        )
        if text is None:
            return f"% File {words[1]} does not exist.\n"
        path: tuple[str, ...] = ()
        for row in text.splitlines():
            if row.strip() and row[0] not in "!#":
                path = path[: len(row) - len(row.lstrip())]
                try:
                    path = apply(self.dialect, self.tree(), path, row)
                except RefusedError:
                    return f"% Command rejected: {row.strip()}\n"
        return "\nSuccess.\n"

    def _delete(self, words: Words) -> str:
        name = self._name(words[-1])

        def gone(answer: str) -> str:
            if answer[:1] in ("y", "Y") and self.switch.files.pop(name, None) is not None:
                return "Delete success.\n"
            return ""

        if name not in self.switch.files:
            return f"% No such file: {name}\n"
        return self.ask(f"Do you want to delete [flash:/{name}]? [Y/N]:", gone)

    def _more(self, words: Words) -> str:
        text = self.switch.files.get(self._name(words[-1]))
        return text if text is not None else f"% No such file: {words[-1]}\n"

    def _directory(self, _: Words) -> str:
        rows = [
            f"{i:>4}  -rw- {len(text):>10}  Thu Jan  1 00:00:00 2026  {name}\n"
            for i, (name, text) in enumerate(sorted(self.switch.files.items()), 1)
        ]
        return "Directory of flash:/\n" + "".join(rows) + f"{len(rows)} files, 0 directories\n"

    def _reload(self, answer: str) -> str:
        if answer[:1] in ("y", "Y"):
            self.switch.reload()
            self.ended = True
        return ""
