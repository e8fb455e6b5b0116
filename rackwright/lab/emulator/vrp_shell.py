"""The command line of a Huawei VRP switch: user view, two-stage configuration, commit on trial, displays."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from rackwright.lab.emulator.device import Switch
from rackwright.lab.emulator.filters import piped
from rackwright.lab.emulator.tree import Node, RefusedError, apply, from_text, node_at, text_of
from rackwright.lab.emulator.vrp import short_view
from rackwright.lab.emulator.vrp_show import display

SUCCESS = "Info: Save the configuration successfully.\n"


class VrpShell:
    """One login. `candidate` is this session's own; it becomes the running configuration by `commit`."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self.ended = False
        self.view: tuple[str, ...] | None = None
        self.candidate: Node | None = None
        self.base = ""
        self.question: Callable[[str], str] | None = None
        self.asked = ""

    def prompt(self) -> str:
        """`<host>`, `[~host]`, `[*host-10GE1/0/1]`; a question stands alone."""
        if self.question:
            return self.asked
        if self.view is None:
            return f"<{self.switch.host}>"
        inner = f"-{short_view(self.view[-1])}" if self.view else ""
        return f"[{'*' if self._changed() else '~'}{self.switch.host}{inner}]"

    def run(self, line: str) -> str:
        """The answer to a line."""
        text = " ".join(line.split())
        if self.question:
            answer, self.question = self.question, None
            return answer(text.lower()[:1])
        if not text or text.startswith("#"):
            return ""
        if re.match(r"display |dir(?: |$)", text):
            return piped(
                text,
                lambda command: display(self.switch, command, self._candidate_text()) or self._error(text, 0),
            )
        if self.view is None:
            return self._user(text)
        return self._system(text)

    # ------------------------------------------------------------ user view

    def _user(self, text: str) -> str:
        if text == "system-view":
            self.view, self.candidate, self.base = (), self.switch.running.copy(), self.switch.text()
            return "Enter system view, return user view with return command.\n"
        if text in ("quit", "exit"):
            self.ended = True
            return ""
        if re.fullmatch(r"screen-length \d+ temporary|screen-width \d+|mmi-mode enable|terminal \S+", text):
            return "Info: The configuration takes effect on the current user terminal interface only.\n"
        if text == "return":
            return ""
        if found := re.fullmatch(r"save(?: force)?(?: (\S+))?", text):
            return self._save(found[1])
        if found := re.fullmatch(r"rollback configuration to file (\S+)", text):
            name = found[1]
            if name not in self.switch.files:
                return f"Error: The file {name} does not exist.\n"
            return self._ask(
                "Warning: This operation will revert configuration changes to the previous state. Continue? [Y/N]:",
                lambda yes: self._restore(self.switch.files[name]) if yes == "y" else "",
            )
        if text == "rollback configuration last 1":
            if not self.switch.commits:
                return "Error: No configuration change to roll back.\n"
            return self._ask(
                "Warning: This operation will revert configuration changes to the previous state. Continue? [Y/N]:",
                lambda yes: self._restore(self.switch.commits[-1][2]) if yes == "y" else "",
            )
        if found := re.fullmatch(r"delete(?: /unreserved)?(?: /quiet)? (\S+)", text):
            gone = self.switch.files.pop(found[1], None)
            return "" if gone is not None else f"Error: The file {found[1]} does not exist.\n"
        if text == "reboot fast":
            self.switch.reload()
            self.ended = True
            return ""
        return self._error(text, 0)

    def _save(self, name: str | None) -> str:
        def done(yes: str) -> str:
            if yes != "y":
                return ""
            if name:
                self.switch.files[name] = self.switch.text()
            else:
                self.switch.saved = self.switch.text()
            return "Now saving the current configuration to the slot 1\n" + SUCCESS

        return self._ask(
            f"Warning: The current configuration will be written to {name or 'the device'}. Continue? [Y/N]:",
            done,
        )

    def _restore(self, text: str) -> str:
        self.switch.commits.append((time.time(), "rollback", self.switch.text()))
        self.switch.running = from_text(self.switch.dialect, text)
        return "The configuration rollback succeeded.\n"

    # ------------------------------------------------------------ system view

    def _system(self, text: str) -> str:
        assert self.view is not None and self.candidate is not None  # noqa: S101 - in system view
        if text in ("quit", "return"):
            after = self.view[:-1] if text == "quit" and self.view else None
            if after is not None:
                self.view = after
                return ""
            if not self._changed():
                self._leave()
                return ""
            return self._ask(
                "Warning: Uncommitted configurations found. Are you sure to commit them before exiting? [Y(yes)/N(no)/C(cancel)]:",
                self._exit_answer,
            )
        if text == "commit" or re.fullmatch(r"commit (?:description .+|label \S+)", text):
            return self._commit(None)
        if found := re.fullmatch(r"commit trial(?: (\d+))?(?: persist \S+)?", text):
            return self._commit(int(found[1] or 600))
        if text == "abort trial":
            if self.switch.trial is None:
                return "Error: No trial configuration is in effect.\n"
            self.switch.roll_back()
            self._refresh()
            return ""
        if text == "clear configuration candidate":
            self._refresh()
            return ""
        try:
            self.view = apply(self.switch.dialect, self.candidate, self.view, text)
        except RefusedError as refusal:
            return self._error(text, refusal.at)
        return ""

    def _exit_answer(self, answer: str) -> str:
        if answer == "y":
            out = self._commit(None)
            self._leave()
            return out
        if answer == "n":
            self._leave()
        return ""

    def _commit(self, trial_s: int | None) -> str:
        assert self.candidate is not None  # noqa: S101 - in system view
        if self.switch.text() != self.base and self._changed():
            return "Error: The running configuration was changed by another user; commit is refused.\n"
        before = self.switch.running
        if self._changed() and not self.switch.faults.forget_commit:
            self.switch.commits.append((time.time(), "commit", text_of(self.switch.dialect, before)))
            self.switch.running = self.candidate.copy()
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

    def _leave(self) -> None:
        self.view, self.candidate = None, None

    def _changed(self) -> bool:
        return self.candidate is not None and text_of(self.switch.dialect, self.candidate) != self.base

    def _candidate_text(self) -> str | None:
        return text_of(self.switch.dialect, self.candidate) if self.candidate is not None else None

    def _ask(self, question: str, then: Callable[[str], str]) -> str:
        self.question, self.asked = then, question
        return ""

    def _error(self, text: str, at: int) -> str:
        return " " * (len(self.prompt()) + at) + "^\nError: Unrecognized command found at '^' position.\n"
