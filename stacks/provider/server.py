"""The provider the engine talks to: each request goes to the handler of its type, in a thread, one a device at a time."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from stacks.provider.errors import HalfDoneError, ProviderError
from stacks.provider.handler import Call, Diff, Handler, Severity
from stacks.provider.settings import KEYS, Settings, settings_of
from stacks.provider.values import Props, is_unknown, plain, plain_map, secret_names, texts, wire_map

HANDLERS: Mapping[str, str] = {
    "rackwright:redfish:Bmc": "stacks.provider.redfish_bmc:BmcHandler",
    "rackwright:redfish:Account": "stacks.provider.redfish_account:AccountHandler",
    "rackwright:dhcp:Reservation": "stacks.provider.kea:ReservationHandler",
    "rackwright:dns:Zone": "stacks.provider.powerdns:ZoneHandler",
    "rackwright:dns:RecordSet": "stacks.provider.powerdns:RecordSetHandler",
    "rackwright:switch:Config": "stacks.provider.switch:ConfigHandler",
}
"""Where the handler of a type is: module and class, made once and without arguments when first needed."""
WORKERS = 64
"""Requests served at once; the engine's own `--parallel` is the limit in practice."""
PARENT_S, ENDING_S = 1.0, 600.0
"""Seconds between two looks whether the engine lives; and, when it does not, for what is under way."""
SEVERITIES: Mapping[Severity, Any] = {"debug": 0, "info": 1, "warning": 2, "error": 3}
T = TypeVar("T")
Log = Callable[[str, Severity, str], None]


class RackwrightProvider(protocol.Provider):
    """Dispatch by type. `log` takes URN, severity and text."""

    def __init__(self, handlers: Mapping[str, str] = HANDLERS, log: Log = lambda *_: None) -> None:
        self.handlers, self.log = handlers, log
        self.settings = Settings()
        self.made: dict[str, Handler] = {}
        self.locks: dict[str, asyncio.Lock] = {}
        self.tasks: set[asyncio.Task[Any]] = set()

    def handler(self, token: str) -> Handler:
        """The handler of a type, given alone or behind those of its parents (`a:b:C$d:e:F`, as a URN has it).

        Raises ProviderError for one this provider does not have.
        """
        token = token.rpartition("$")[2]
        if token not in self.made:
            where = self.handlers.get(token)
            if where is None:
                raise ProviderError(
                    f"no resource type {token} here; there are {', '.join(sorted(self.handlers))}"
                )
            module, _, name = where.partition(":")
            self.made[token] = getattr(importlib.import_module(module), name)()
        return self.made[token]

    def call_of(self, request: Any) -> Call:
        """What the handler is told of a request."""
        timeout = getattr(request, "timeout", 0) or None
        return Call(
            request.urn, request.name, self.settings, getattr(request, "preview", False), timeout,
            lambda severity, text: self.log(request.urn, severity, self.settings.mask(text)),
        )  # fmt: skip

    def secrets(self, values: Mapping[str, PropertyValue]) -> set[str]:
        """Names of the values that are secret. What is in them is masked from here on."""
        names = secret_names(values)
        for name in names:
            self.settings.vault.seen.update(texts(plain(values[name])))
        return names

    async def run(
        self, key: str, work: Callable[..., T], call: Call, *values: Any, secrets: Collection[str] = ()
    ) -> T:
        """What `work` returns, once nobody else works on this device. It is brought to an end, and the device kept
        from others until then, even when the engine no longer waits for it; `work` is told so by `call.abandoned`.
        `secrets`: names of secret inputs."""

        async def alone() -> T:
            async with self.locks.setdefault(key, asyncio.Lock()) if key else nullcontext():
                return await asyncio.to_thread(work, call, *values)

        task = asyncio.create_task(alone())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            call.abandoned.set()
            raise
        except HalfDoneError as error:
            error.secrets = frozenset(error.properties if secrets else ())
            raise

    async def get_schema(self, request: protocol.GetSchemaRequest) -> protocol.GetSchemaResponse:
        """Names alone: there are hand-written classes in `stacks.resources`."""
        kinds: dict[str, Any] = {token: {} for token in sorted(self.handlers)}
        keys = {key: {"type": "string"} for key in KEYS}
        schema = {"name": "rackwright", "version": VERSION, "resources": kinds, "config": {"variables": keys}}
        return protocol.GetSchemaResponse(json.dumps(schema))

    async def check_config(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Say what is wrong with the configuration before anything runs."""
        values = plain_map(request.new_inputs)
        failures = []
        if not is_unknown(values):
            try:
                settings_of(values)
            except ProviderError as error:
                failures.append(protocol.CheckFailure("", str(error)))
        return protocol.CheckResponse(request.new_inputs, failures)

    async def configure(self, request: protocol.ConfigureRequest) -> protocol.ConfigureResponse:
        """Take the configuration."""
        values = plain_map(request.args)
        if not is_unknown(values):
            self.settings = settings_of(values)
            if self.settings.allow_insecure_tls:
                self.log(
                    "", "warning", "rackwright:allowInsecureTls: nobody checks whom the passwords are sent to"
                )
        return protocol.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Inputs normalised, and what is wrong with them."""
        secrets = self.secrets(request.new_inputs)
        inputs, problems = await asyncio.to_thread(
            self.handler(request.type).check,
            self.call_of(request),
            plain_map(request.old_inputs),
            plain_map(request.new_inputs),
        )
        failures = [protocol.CheckFailure(p.field, self.settings.mask(p.reason)) for p in problems]
        return protocol.CheckResponse(wire_map(inputs, secrets), failures)

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """What differs, property by property."""
        found = await asyncio.to_thread(
            self.handler(request.type).diff,
            self.call_of(request),
            request.resource_id,
            plain_map(request.old_state),
            plain_map(request.new_inputs),
        )
        return _difference(found)

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        """Make it, or in a preview say what it would be."""
        handler, news = self.handler(request.type), plain_map(request.properties)
        secrets = self.secrets(request.properties)
        call, key = self.call_of(request), handler.lock_key(news)
        identity, state = await self.run(key, handler.create, call, news, secrets=secrets)
        return protocol.CreateResponse(identity, _wired(state, news, secrets))

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        """What there is, for a refresh or an import; an empty answer when it is gone."""
        handler, state, inputs = (
            self.handler(request.type),
            plain_map(request.properties),
            plain_map(request.inputs),
        )
        secrets = self.secrets({**request.properties, **request.inputs})
        call, key = self.call_of(request), handler.lock_key(inputs or state)
        found = await self.run(key, handler.read, call, request.resource_id, state, inputs)
        if found is None:
            return protocol.ReadResponse("", {}, {})
        return protocol.ReadResponse(
            found.identity, _wired(found.state, found.inputs, secrets), wire_map(found.inputs, secrets)
        )

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        """Change it, or in a preview say what it would be."""
        handler, olds, news = self.handler(request.type), plain_map(request.olds), plain_map(request.news)
        secrets = self.secrets({**request.olds, **request.news})
        call, key = self.call_of(request), handler.lock_key(news)
        state = await self.run(key, handler.update, call, request.resource_id, olds, news, secrets=secrets)
        return protocol.UpdateResponse(_wired(state, news, secrets))

    async def delete(self, request: protocol.DeleteRequest) -> None:
        """Take it away."""
        handler, state = self.handler(request.type), plain_map(request.properties)
        self.secrets(request.properties)
        call, key = self.call_of(request), handler.lock_key(state)
        await self.run(key, handler.delete, call, request.resource_id, state)


def _wired(state: Props, inputs: Props, secrets: set[str]) -> dict[str, PropertyValue]:
    """Outputs as the engine takes them; where an input is secret, so is all that may come from it."""
    return wire_map(state, secrets | (set(state) - set(inputs) if secrets else set()))


def _difference(found: Diff) -> protocol.DiffResponse:
    detail = {}
    for path, kind in found.changes.items():
        fresh = path.partition(".")[0] in found.replaces
        name = f"{kind.upper()}_REPLACE" if fresh else kind.upper()
        detail[path] = protocol.PropertyDiff(protocol.PropertyDiffKind[name], input_diff=True)
    names = sorted({path.partition(".")[0] for path in found.changes})
    return protocol.DiffResponse(
        changes=bool(found.changes), replaces=sorted(found.replaces), diffs=names, detailed_diff=detail,
        delete_before_replace=bool(found.replaces) and found.delete_first,
    )  # fmt: skip


class Servicer(ProviderServicer):
    """The SDK's gRPC side, with errors that say what happened and nothing of Python."""

    _provider: RackwrightProvider

    async def guarded(self, context: Any, work: Awaitable[T]) -> T:
        """The answer, or the error as the engine shows it: masked, without a class name."""
        try:
            return await work
        except HalfDoneError as error:
            await context.abort_with_status(_half_done(error, self._provider.settings))
            raise
        except ProviderError as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, self._provider.settings.mask(str(error)))
            raise
        except Exception as error:
            text = f"a fault of the provider itself: {type(error).__name__}: {error}"
            await context.abort(grpc.StatusCode.INTERNAL, self._provider.settings.mask(text))
            raise

    async def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        """For a provider that was started by hand (PULUMI_DEBUG_PROVIDERS=rackwright:PORT)."""
        self._provider.log = engine_log(request.address)
        return empty_pb2.Empty()

    async def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """A change of configuration replaces nothing."""
        changed = request.olds != request.news
        kind = proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE
        return proto.DiffResponse(changes=kind)


def _guarded(name: str) -> Callable[[Servicer, Any, Any], Awaitable[Any]]:
    sdk = getattr(ProviderServicer, name)

    async def method(self: Servicer, request: Any, context: Any) -> Any:
        answer = await self.guarded(context, sdk(self, request, context))
        if name == "Read" and not answer.id:  # an import takes empty outputs for something that is there
            answer.ClearField("properties")
            answer.ClearField("inputs")
        return answer

    return method


for _name in ("CheckConfig", "Configure", "Check", "Diff", "Create", "Read", "Update", "Delete"):
    setattr(Servicer, _name, _guarded(_name))


def _half_done(error: HalfDoneError, settings: Settings) -> Any:
    """The status by which the engine keeps a resource that is not fully made."""
    text = settings.mask(str(error))
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.identity,
        properties=PropertyValue.marshal_map(wire_map(error.properties, error.secrets)),
        reasons=[text],
    )
    packed = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=text)
    packed.details.add().Pack(detail)
    status = grpc.Status()
    status.code, status.details = grpc.StatusCode.UNKNOWN, text
    status.trailing_metadata = (("grpc-status-details-bin", packed.SerializeToString()),)
    return status


def engine_log(address: str) -> Log:
    """Lines to the engine at this address, shown beside the resource; without an address to stderr."""
    if not address:
        return lambda urn, severity, text: print(f"{severity}: {urn}: {text}", file=sys.stderr)  # noqa: T201
    stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address, options=_GRPC_CHANNEL_OPTIONS))

    def send(urn: str, severity: Severity, text: str) -> None:
        request = engine_pb2.LogRequest(severity=SEVERITIES[severity], message=text, urn=urn)
        stub.Log(request, timeout=10)

    return send


def _version() -> str:
    try:
        return version_of("rackwright")
    except PackageNotFoundError:
        return "0.0.0"


VERSION = _version()


def serve(args: Sequence[str]) -> None:
    """Serve until the engine ends the process, or is gone itself; the port goes to stdout, as the engine expects."""
    addresses = [a for a in args if not a.startswith("-")]
    address = addresses[0] if addresses else ""
    provider = RackwrightProvider(log=engine_log(address))
    own = str(Path(sys.executable).parent)  # ansible-vault stands beside this Python
    os.environ["PATH"] = f"{own}{os.pathsep}{os.environ.get('PATH', os.defpath)}"

    async def run() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(WORKERS))
        server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
        servicer = Servicer(list(args), VERSION, provider, engine_address=address)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        parent = os.getppid()
        await server.start()
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        while os.getppid() == parent or not address:
            timed_out = await server.wait_for_termination(PARENT_S)
            if not timed_out:
                return
        await server.stop(ENDING_S)  # the engine was killed: what is under way is brought to its end

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        return
