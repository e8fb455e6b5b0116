"""Language host for Python programs, beside an engine that was built from its module alone.

An official install of Pulumi brings `pulumi-language-python`; the module of the engine does not. The host that the
Automation API starts for a program inside its own process does all that is needed, so this one is the same with a
program that is found in a folder: `python -m stacks.language_host ENGINE_ADDRESS`, port on standard output.
One program runs in one process, once; the engine starts another for the next.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2


class FolderHost(LanguageServer):
    """Runs the `__main__.py` of the folder the engine names."""

    def __init__(self, engine: str) -> None:
        super().__init__(lambda: None)
        self.engine = engine

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Where the engine listens."""
        self.engine = request.engine_address or self.engine
        return language_pb2.LanguageHandshakeResponse()

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run the program; what it declares goes to the engine."""
        folder = Path(request.info.program_directory)
        if request.info.entry_point not in ("", "."):
            folder = folder / request.info.entry_point
        self.program = program_of(folder)
        if request.pwd:
            os.chdir(request.pwd)
        del request.args[:]
        request.args.append(self.engine)
        return super().Run(request, context)  # type: ignore[no-untyped-call]

    def InstallDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Nothing to install: the program runs in the environment of this project."""
        yield from ()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Nothing to ask."""
        return language_pb2.RuntimeOptionsResponse()

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Packages `pulumi about` shows: the engine's library and this project."""
        from importlib.metadata import PackageNotFoundError, version

        found = []
        for name in ("pulumi", "rackwright"):
            try:
                found.append(language_pb2.DependencyInfo(name=name, version=version(name)))
            except PackageNotFoundError:
                continue
        return language_pb2.GetProgramDependenciesResponse(dependencies=found)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The version of the library is the version of the host."""
        from importlib.metadata import version

        return plugin_pb2.PluginInfo(version=version("pulumi"))


def program_of(path: Path) -> Callable[[], None]:
    """What runs the program in a folder, or in a file."""

    def run() -> None:
        sys.path.insert(0, str(path if path.is_dir() else path.parent))
        sys.argv = [str(path)]
        runpy.run_path(str(path), run_name="__main__")

    return run


def main(arguments: list[str]) -> None:
    """Serve until the engine goes."""
    addresses = [a for a in arguments if not a.startswith("-")]
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=_GRPC_CHANNEL_OPTIONS)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(
        FolderHost(addresses[0] if addresses else ""), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    for number in (signal.SIGINT, signal.SIGTERM):  # how the engine says that it has done
        signal.signal(number, lambda *_: server.stop(0))
    leave_with_parent(server)
    server.wait_for_termination()


def leave_with_parent(server: grpc.Server) -> None:
    """Stop when the engine is gone: one that was killed ends nobody."""
    parent = os.getppid()

    def watch() -> None:
        tick = threading.Event()
        while not tick.wait(1.0):
            if os.getppid() != parent:
                server.stop(0)
                return

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1:])
