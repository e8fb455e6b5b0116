"""The command line of a Huawei VRP switch: user view, two-stage configuration, commit on trial, displays."""

from __future__ import annotations

import re
import time
from functools import partial

from rackwright.lab.emulator.device import Switch
from rackwright.lab.emulator.shell import Handler, Shell, Words
from rackwright.lab.emulator.tree import Node, from_text, node_at, text_of
from rackwright.lab.emulator.vrp import VRP, short_view
from rackwright.lab.emulator.vrp_show import DISPLAYS

SUCCESS = "Info: Save the configuration successfully.\n"
REVERT = "Warning: This operation will revert configuration changes to the previous state. Continue? [Y/N]:"


def _told(text: str) -> str:
    """A configuration without ports nothing is said of: they are there anyway, looking at one changes nothing."""
    return re.sub(r"(?m)^interface (?:\d*GE|MEth)\S+\n#\n", "", text)


class VrpShell(Shell):
    """One login. `candidate` is this session's own; it becomes the running configuration by `commit`."""

    dialect = VRP

    def __init__(self, switch: Switch) -> None:
        super().__init__(switch)
        self.candidate: Node | None = None
        self.base = ""

    def prompt(self) -> str:
        """`<host>`, `[~host]`, `[*host-10GE1/0/1]`; a question stands alone."""
        if self.question:
            return self.asked
        if self.view is None:
            return f"<{self.switch.host}>"
        inner = "-port-group" if self.members else f"-{short_view(self.view[-1])}" if self.view else ""
        return f"[{'*' if self._changed() else '~'}{self.switch.host}{inner}]"

    def tree(self) -> Node:
        """This session's candidate."""
        assert self.candidate is not None  # noqa: S101 - in system view
        return self.candidate

    def refusal(self, problem: str, line: str, column: int) -> str:
        """A caret below the word, and what is wrong with it."""
        return " " * (len(self.prompt()) + column) + f"^\nError: {problem} found at '^' position.\n"

    def leave_all(self) -> str:
        """As `return`."""
        return self._return(()) if self.view is not None else ""

    def commands(self) -> dict[str, Handler]:
        """Displays and file commands everywhere; the rest by view."""
        table: dict[str, Handler] = {spec: partial(show, self.switch) for spec, show in DISPLAYS.items()}
        table |= {
            "display configuration candidate [merge]": lambda _: self._candidate_text() or self.switch.text(),
            "display this": self._this,
            "quit": self._quit,
            "return": self._return,
        }
        if self.view is None:
            return table | {
                "system-view [immediately]": self._system_view,
                "exit": self._quit,
                "screen-length <0-512> temporary": self._screen,
                "screen-width <60-512>": lambda _: "",
                "mmi-mode enable": lambda _: "",
                "terminal {monitor|debugging|logging}": lambda _: "Info: Current terminal monitor is on.\n",
                "undo terminal {monitor|debugging|logging}": lambda _: (
                    "Info: Current terminal monitor is off.\n"
                ),
                "save [<word>]": self._save,
                "rollback configuration to file <word>": self._to_file,
                "rollback configuration last <1-80>": self._last,
                "delete [/unreserved] [/quiet] <word>": self._delete,
                "more <word>": self._more,
                "reboot fast": self._reboot,
                "reboot": lambda _: self.ask(
                    "Warning: The system will reboot. Continue? [Y/N]:",
                    lambda a: self._reboot(()) if a[:1] in "yY" else "",
                ),
            }
        return (
            table
            | {
                "commit": lambda _: self._commit(None),
                "commit {description|comment} <text>": lambda _: self._commit(None),
                "commit label <word>": lambda _: self._commit(None),
                "commit trial [<60-65535>] [persist <word>]": self._trial,
                "commit trial <1-59>": self._trial,  # shorter than a real switch allows, so that tests need not wait
                "abort trial": self._abort,
                "clear configuration candidate": self._clear,
                "interface range <text>": self._range,
            }
        )

    # ------------------------------------------------------------ user view

    def _system_view(self, _: Words) -> str:
        self.view, self.candidate, self.base = (), self.switch.running.copy(), self.switch.text()
        return "Enter system view, return user view with return command.\n"

    def _screen(self, words: Words) -> str:
        self.page = int(words[1])
        return "Info: The configuration takes effect on the current user terminal interface only.\n"

    def _save(self, words: Words) -> str:
        name = words[1] if len(words) > 1 and words[1] != "force" else None

        def done(answer: str) -> str:
            if answer[:1] not in ("y", "Y"):
                return ""
            if name:
                self.switch.files[name] = self.switch.text()
            else:
                self.switch.saved = self.switch.text()
            return "Now saving the current configuration to the slot 1\n" + SUCCESS

        return self.ask(
            f"Warning: The current configuration will be written to {name or 'the device'}. Continue? [Y/N]:",
            done,
        )

    def _to_file(self, words: Words) -> str:
        name = words[-1]
        if name not in self.switch.files:
            return f"Error: The file {name} does not exist.\n"
        return self.ask(
            REVERT, lambda a: self._restore(self.switch.files[name]) if a[:1] in ("y", "Y") else ""
        )

    def _last(self, words: Words) -> str:
        count = int(words[-1])
        if count > len(self.switch.commits):
            return "Error: No configuration change to roll back.\n"
        text = self.switch.commits[-count][2]
        return self.ask(REVERT, lambda a: self._restore(text) if a[:1] in ("y", "Y") else "")

    def _delete(self, words: Words) -> str:
        gone = self.switch.files.pop(words[-1], None)
        return "" if gone is not None else f"Error: The file {words[-1]} does not exist.\n"

    def _more(self, words: Words) -> str:
        text = self.switch.files.get(words[-1].removeprefix("flash:/"))
        return text if text is not None else f"Error: The file {words[-1]} does not exist.\n"

    def _reboot(self, _: Words) -> str:
        self.switch.reload()
        self.ended = True
        return ""

    def _restore(self, text: str) -> str:
        self.switch.commits.append((time.time(), "rollback", self.switch.text()))
        self.switch.running = from_text(self.switch.dialect, text)
        return "The configuration rollback succeeded.\n"

    # ------------------------------------------------------------ system view

    def _this(self, _: Words) -> str:
        if self.view is None:
            return "#\nreturn\n"
        return "#\n" + self.section(self.view) + "#\nreturn\n"

    def _range(self, words: Words) -> str:
        answer = self.enter_range(" ".join(words[2:]))
        return answer if answer is not None else "Error: Wrong parameter found at '^' position.\n"

    def _quit(self, _: Words) -> str:
        if self.view is None:
            self.ended = True
            return ""
        if self.view:
            self.view, self.members = self.view[:-1], ()
            return ""
        return self._return(())

    def _return(self, _: Words) -> str:
        if self.view is None or not self._changed():
            self._leave()
            return ""
        return self.ask(
            "Warning: Uncommitted configurations found. Are you sure to commit them before exiting? [Y(yes)/N(no)/C(cancel)]:",
            self._exit_answer,
        )

    def _exit_answer(self, answer: str) -> str:
        if answer[:1] in ("y", "Y"):
            out = self._commit(None)
            self._leave()
            return out
        if answer[:1] in ("n", "N"):
            self._leave()
        return ""

    def _trial(self, words: Words) -> str:
        return self._commit(int(words[2]) if len(words) > 2 and words[2].isdigit() else 600)

    def _abort(self, _: Words) -> str:
        if self.switch.trial is None:
            return "Error: No trial configuration is in effect.\n"
        self.switch.roll_back()
        self._refresh()
        return ""

    def _clear(self, _: Words) -> str:
        self._refresh()
        return ""

    def _commit(self, trial_s: int | None) -> str:
        candidate = self.tree()
        if self.switch.text() != self.base and self._changed():
            return "Error: The running configuration was changed by another user; commit is refused.\n"
        before = self.switch.running
        if self._changed() and not self.switch.faults.forget_commit:
            self.switch.commits.append((time.time(), "commit", text_of(self.switch.dialect, before)))
            self.switch.running = candidate.copy()
            self.switch.rename()
        if trial_s is not None:
            self.switch.start_trial(trial_s, before)
        else:
            self.switch.confirm()
        view = self.view
        self._refresh()
        self.view = view if view and node_at(self.switch.running, view) is not None else ()
        if trial_s is None:
            return ""
        return f"Warning: The trial configuration will be rolled back after {trial_s} seconds unless it is committed.\n"

    def _refresh(self) -> None:
        self.candidate, self.base, self.view = self.switch.running.copy(), self.switch.text(), ()
        self.members = ()

    def _leave(self) -> None:
        self.view, self.candidate, self.members = None, None, ()

    def _changed(self) -> bool:
        if self.candidate is None:
            return False
        return _told(text_of(self.switch.dialect, self.candidate)) != _told(self.base)

    def _candidate_text(self) -> str | None:
        return text_of(self.switch.dialect, self.candidate) if self.candidate is not None else None
