"""The command line of an H3C Comware 7 switch: lines take effect at once, a commit timer takes them back."""

from __future__ import annotations

from functools import partial

from rackwright.lab.emulator.comware import COMWARE, short_view
from rackwright.lab.emulator.comware_show import DISPLAYS
from rackwright.lab.emulator.device import Switch
from rackwright.lab.emulator.shell import Handler, Shell, Words
from rackwright.lab.emulator.tree import Node, RefusedError, apply, from_text, node_at

STARTUP = "startup.cfg"
SAVED = "Validating file. Please wait...\nSaved the current configuration to mainboard device successfully.\n"


class ComwareShell(Shell):
    """One login."""

    dialect = COMWARE
    pager = "---- More ----"

    def __init__(self, switch: Switch) -> None:
        super().__init__(switch)
        self.forgotten: Node | None = None

    def prompt(self) -> str:
        """`<host>`, `[host]`, `[host-Ten-GigabitEthernet1/0/1]`; a question stands alone."""
        if self.question:
            return self.asked
        if self.view is None:
            return f"<{self.switch.host}>"
        inner = "-if-range" if self.members else f"-{short_view(self.view[-1])}" if self.view else ""
        return f"[{self.switch.host}{inner}]"

    def tree(self) -> Node:
        """The running configuration itself (a copy nobody keeps when the device forgets what it is told)."""
        if self.switch.faults.forget_commit:
            self.forgotten = self.forgotten or self.switch.running.copy()
            return self.forgotten
        return self.switch.running

    def refusal(self, problem: str, line: str, column: int) -> str:
        """A caret below the word, and what is wrong with it."""
        return " " * (len(self.prompt()) + column) + f"^\n % {problem} found at '^' position.\n"

    def leave_all(self) -> str:
        """As `return`."""
        self.view, self.members = None, ()
        return ""

    def commands(self) -> dict[str, Handler]:
        """Displays and saving everywhere; the rest by view."""
        table: dict[str, Handler] = {spec: partial(show, self.switch) for spec, show in DISPLAYS.items()}
        table |= {
            "display this": self._this,
            "quit": self._quit,
            "save [safely] force": lambda _: self._write(STARTUP),
            "save [safely]": self._save,
            "save <word>": self._save_as,
            "screen-length disable": self._screen,
            "undo screen-length disable": self._screen,
        }
        if self.view is None:
            return table | {
                "system-view": self._system_view,
                "return": lambda _: "",
                "delete [/unreserved] [/quiet] <word>": self._delete,
                "more <word>": self._more,
                "reboot [force]": self._reboot,
                "{|undo} terminal {monitor|debugging|logging}": lambda _: (
                    "The current terminal is enabled to display logs.\n"
                ),
                "startup saved-configuration <word> [main|backup]": lambda _: "Please wait... Done.\n",
            }
        return table | {
            "return": lambda _: self.leave_all(),
            "configuration replace file <word>": self._replace,
            "configuration commit delay <1-65535>": self._delay,
            "configuration commit": self._commit,
            "interface range <text>": self._range,
            "vlan <1-4094> to <1-4094>": self._vlans,
        }

    def _one(self, line: str) -> str:
        out = super()._one(line)
        self.switch.rename()
        return out

    # ------------------------------------------------------------ files

    def _name(self, word: str) -> str:
        return word.removeprefix("flash:/").removeprefix("flash:")

    def _write(self, name: str) -> str:
        text = self.switch.text()
        self.switch.files[name] = text
        if name == STARTUP:
            self.switch.saved = text
        return SAVED

    def _save(self, _: Words) -> str:
        def named(answer: str) -> str:
            name = self._name(answer) or STARTUP
            if name in self.switch.files:
                return self.ask(
                    f"flash:/{name} exists, overwrite? [Y/N]:",
                    lambda a: self._write(name) if a[:1] in ("y", "Y") else "",
                )
            return self._write(name)

        def agreed(answer: str) -> str:
            if answer[:1] not in ("y", "Y"):
                return ""
            return self.ask(
                f"Please input the file name(*.cfg)[flash:/{STARTUP}]\n(To leave the existing filename unchanged, press the enter key):",
                named,
            )

        return self.ask(
            "The current configuration will be written to the device. Are you sure? [Y/N]:", agreed
        )

    def _save_as(self, words: Words) -> str:
        name = self._name(words[-1])
        if not name.endswith(".cfg"):
            return "The file name is invalid (should be *.cfg).\n"

        def write(answer: str) -> str:
            if answer[:1] not in ("y", "Y"):
                return ""
            self.switch.files[name] = self.switch.text()
            return (
                "Now saving current configuration to the device.\n"
                f"Saving configuration flash:/{name}.Please wait...\n"
                "Configuration is saved to device successfully.\n"
            )

        def agreed(answer: str) -> str:
            if answer[:1] in ("y", "Y") and name in self.switch.files:
                return self.ask(f"flash:/{name} exists, overwrite? [Y/N]:", write)
            return write(answer)

        return self.ask(f"The current configuration will be saved to flash:/{name}. Continue? [Y/N]:", agreed)

    def _delete(self, words: Words) -> str:
        name = self._name(words[-1])
        if name not in self.switch.files:
            return f"The file flash:/{name} doesn't exist.\n"

        def gone(answer: str) -> str:
            if answer[:1] in ("y", "Y"):
                del self.switch.files[name]
                return f"Deleting file flash:/{name}... Done.\n"
            return ""

        if "/quiet" in words:
            return gone("y")
        return self.ask(f"Delete flash:/{name}? [Y/N]:", gone)

    def _more(self, words: Words) -> str:
        text = self.switch.files.get(self._name(words[-1]))
        return text if text is not None else f"The file {words[-1]} doesn't exist.\n"

    def _reboot(self, words: Words) -> str:
        def restart(answer: str) -> str:
            if answer[:1] not in ("y", "Y"):
                return ""
            self.switch.reload()
            self.ended = True
            return "Now rebooting, please wait...\n"

        def saved(answer: str) -> str:
            out = self._write(STARTUP) if answer[:1] in ("y", "Y") else ""
            return out + self.ask("This command will reboot the device. Continue? [Y/N]:", restart)

        if "force" in words:
            return restart("y")
        return self.ask(
            "Current configuration may be lost after the reboot, save current configuration? [Y/N]:", saved
        )

    # ------------------------------------------------------------ views

    def _system_view(self, _: Words) -> str:
        self.view, self.forgotten = (), None
        return "System View: return to User View with Ctrl+Z.\n"

    def _quit(self, _: Words) -> str:
        if self.view is None:
            self.ended = True
        elif self.view:
            self.view, self.members = self.view[:-1], ()
        else:
            self.view = None
        return ""

    def _screen(self, words: Words) -> str:
        self.page = 24 if words[0] == "undo" else 0
        return ""

    def _this(self, _: Words) -> str:
        return "#\nreturn\n" if self.view is None else "#\n" + self.section(self.view) + "#\nreturn\n"

    def _range(self, words: Words) -> str:
        answer = self.enter_range(" ".join(words[2:]))
        return answer if answer is not None else " % Wrong parameter found at '^' position.\n"

    def _vlans(self, words: Words) -> str:
        for vid in range(int(words[1]), int(words[3]) + 1):
            apply(self.dialect, self.tree(), (), f"vlan {vid}")
        self.view, self.members = (), ()
        return "Please wait... Done.\n"

    # ------------------------------------------------------------ taking back

    def _replace(self, words: Words) -> str:
        name = self._name(words[-1])
        text = self.switch.files.get(name)
        if text is None:
            return f"The file {words[-1]} doesn't exist.\n"

        def replace(answer: str) -> str:
            out = self._write(STARTUP) if answer[:1] in ("y", "Y") else ""
            out += "Now replacing the current configuration. Please wait ...\n"
            try:
                fresh = from_text(self.dialect, text)
            except RefusedError:
                return out + f"Failed to replace current configuration with the file {name}.\n"
            if not self.switch.faults.forget_commit:
                self.switch.running = fresh
            self._stay()
            return out + f"Succeeded in replacing current configuration with the file {name}.\n"

        return self.ask("Current configuration will be lost, save current configuration? [Y/N]:", replace)

    def _delay(self, words: Words) -> str:
        before = self.switch.trial[1] if self.switch.trial else self.switch.running.copy()
        self.switch.start_trial(int(words[-1]) * self.switch.minute_s, before)
        return ""

    def _commit(self, _: Words) -> str:
        if self.switch.trial is None:
            return "The configuration commit delay timer is not started.\n"
        self.switch.confirm()
        return ""

    def _stay(self) -> None:
        """Remain in the view, or step out to where it still exists."""
        while self.view and node_at(self.switch.running, self.view) is None:
            self.view, self.members = self.view[:-1], ()
