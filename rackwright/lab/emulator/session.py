"""A command line over SSH: characters in, echo and answers out. What is said is left to the shell of a platform."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, Protocol

import asyncssh

from rackwright.lab.emulator.device import Switch


class Shell(Protocol):
    """One login on a platform. `run` answers one line; `prompt` follows it. `ended` is set by `quit`."""

    ended: bool
    page: int
    pager: str

    def prompt(self) -> str:
        """What stands before the cursor."""

    def run(self, line: str) -> str:
        """The answer to one line, lines ended by line feeds."""

    def expanded(self, line: str) -> str:
        """The line in full words."""

    def help(self, line: str) -> str:
        """The answer to `?` behind what is typed."""

    def complete(self, line: str) -> str:
        """What Tab adds to what is typed."""

    def leave_all(self) -> str:
        """The answer to Ctrl-Z."""


class Login(asyncssh.SSHServer):
    """Checks the password. Every connection to one switch shares its state."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch

    def begin_auth(self, username: str) -> bool:
        """Everybody has to log in."""
        return True

    def password_auth_supported(self) -> bool:
        """Passwords are what these switches take."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """True for a known user with the right password."""
        return not self.switch.faults.refuse_login and self.switch.users.get(username) == password


class Terminal(asyncssh.SSHServerSession[str]):
    """Echo, line ends, backspace, answers, and the faults of the device."""

    def __init__(self, switch: Switch, shell: Shell, banner: str) -> None:
        self.switch, self.shell, self.banner = switch, shell, banner
        self.buffer = ""
        self.last = ""
        self.channel: Any = None
        self.terminal = False
        self.rest: list[str] = []
        self.paused = False
        self.escape = ""
        self.lines: asyncio.Queue[str] = asyncio.Queue()
        self.worker: asyncio.Task[None] | None = None

    def connection_made(self, chan: Any) -> None:
        """The channel is there."""
        self.channel = chan

    def pty_requested(self, *_: Any) -> bool:
        """A terminal is fine; only there is output paged."""
        self.terminal = True
        return True

    def shell_requested(self) -> bool:
        """So is a shell; a single command is not."""
        return True

    def session_started(self) -> None:
        """Greet."""
        self._write(self.banner + self.shell.prompt())
        self.worker = asyncio.get_running_loop().create_task(self._work())

    def data_received(self, data: str, datatype: Any) -> None:
        """Echo what is typed and hand over whole lines."""
        for character in data:
            if self.escape or character == "\x1b":  # cursor keys and the like are swallowed
                self.escape += character
                if (len(self.escape) > 2 and character.isalpha()) or len(self.escape) > 8:
                    self.escape = ""
            elif self.rest:
                self._turn_page(character)
            elif character in "\r\n":
                if character == "\n" and self.last == "\r":
                    self.last = character
                    continue
                self._write("\n")
                self.lines.put_nowait(self.buffer)
                self.buffer = ""
            elif character in "\x7f\b":
                if self.buffer:
                    self.buffer = self.buffer[:-1]
                    self._write("\b \b")
            elif character == "\x03":
                self.buffer = ""
                self._write("\n" + self.shell.prompt())
            elif character == "\x1a":
                self.buffer = ""
                self._write("\n" + self.shell.leave_all() + self.shell.prompt())
            elif character == "?" and self.lines.empty() and not getattr(self.shell, "question", None):
                self._write("?\n" + self.shell.help(self.buffer) + self.shell.prompt() + self.buffer)
            elif character == "\t":
                more = self.shell.complete(self.buffer)
                self.buffer += more
                self._write(more)
            elif character.isprintable():
                self.buffer += character
                self._write(character)
            self.last = character

    def eof_received(self) -> bool:
        """Close when the other side is done."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End the work on this session."""
        if self.worker:
            self.worker.cancel()

    async def _work(self) -> None:
        with contextlib.suppress(asyncio.CancelledError, BrokenPipeError):
            while True:
                line = await self.lines.get()
                await self._one(line)

    async def _one(self, line: str) -> None:
        faults, text = self.switch.faults, line.strip()
        if faults.slow_s:
            await asyncio.sleep(faults.slow_s)
        full = self.shell.expanded(text) if faults.hang or faults.drop or faults.lie else text

        def named(start: str) -> bool:
            return bool(text) and (text.startswith(start) or full.startswith(start))

        if any(named(start) for start in faults.hang):
            await asyncio.Event().wait()
        answer = self.shell.run(line)
        if any(named(start) for start in faults.drop):
            self._write(answer[: len(answer) // 2])
            connection = self.channel.get_connection()
            connection.abort()
            return
        for start, lie in faults.lie.items():
            if named(start):
                answer = lie
        if self.shell.ended:
            self._write(answer)
            self.channel.exit(0)
            return
        rows = answer.splitlines(keepends=True)
        if self.terminal and self.shell.page and len(rows) > self.shell.page:
            self.rest = rows
            self._turn_page(" ")
            return
        self._write(answer)
        self._write(self.shell.prompt())

    def _turn_page(self, key: str) -> None:
        """Go on with a long answer: a page for space, a line for Enter, no more for anything else."""
        count = self.shell.page - 1 if key == " " else 1 if key in "\r\n" else 0
        if self.paused:
            self._write("\r" + " " * len(self.shell.pager) + "\r")
        shown, self.rest = self.rest[:count], self.rest[count:] if count else []
        self._write("".join(shown))
        self.paused = bool(self.rest)
        self._write(self.shell.pager if self.rest else self.shell.prompt())

    def _write(self, text: str) -> None:
        if self.channel is not None and not self.channel.is_closing():
            self.channel.write(text.replace("\r\n", "\n").replace("\n", "\r\n"))


async def listen(
    switch: Switch, make_shell: Any, key: Any, *, host: str = "127.0.0.1", port: int = 0,
    sock: socket.socket | None = None, banner: str = "\n",
) -> asyncssh.SSHAcceptor:  # fmt: skip
    """Serve a switch on an address, or on a socket opened elsewhere (in a network namespace)."""

    def server() -> Login:
        login = Login(switch)

        def session() -> Terminal:
            return Terminal(switch, make_shell(switch), banner)

        login.session_requested = session  # type: ignore[method-assign]
        return login

    options: dict[str, Any] = {"sock": sock} if sock is not None else {"host": host, "port": port}
    return await asyncssh.listen(
        server_factory=server, server_host_keys=[key], line_editor=False, encoding="utf-8", **options
    )
