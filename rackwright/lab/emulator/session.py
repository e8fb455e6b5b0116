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

    def prompt(self) -> str:
        """What stands before the cursor."""

    def run(self, line: str) -> str:
        """The answer to one line, lines ended by line feeds."""


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
        self.lines: asyncio.Queue[str] = asyncio.Queue()
        self.worker: asyncio.Task[None] | None = None

    def connection_made(self, chan: Any) -> None:
        """The channel is there."""
        self.channel = chan

    def pty_requested(self, *_: Any) -> bool:
        """A terminal is fine."""
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
            if character in "\r\n":
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
            elif character.isprintable() or character == "\t":
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
        if text and any(text.startswith(start) for start in faults.hang):
            await asyncio.Event().wait()
        answer = self.shell.run(line)
        if text and any(text.startswith(start) for start in faults.drop):
            self._write(answer[: len(answer) // 2])
            connection = self.channel.get_connection()
            connection.abort()
            return
        for start, lie in faults.lie.items():
            if text.startswith(start):
                answer = lie
        self._write(answer)
        if self.shell.ended:
            self.channel.exit(0)
            return
        self._write(self.shell.prompt())

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
