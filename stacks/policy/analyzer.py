"""The rules as a policy pack of the engine: `pulumi up --policy-pack ../policy/pack` in a stack folder.

The pack speaks the engine's own protocol for policies with the messages of the Pulumi SDK, so that it needs no package
beside it and no language host. It runs in a process the engine starts: `python -m stacks.policy.analyzer ENGINE PACK`,
port on standard output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_TEXT

from stacks.policy.gate import known_of
from stacks.policy.rules import RULES, SECRET, UNKNOWN, Known, Violation, of_resource, of_stack
from stacks.programs.declared import Declared

NAME, VERSION = "rackwright", "0.1.0"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - marks a secret on the wire, is none
STACK_RULES = ("private-endpoints", "stack-size")
PROJECT_VARIABLE = "RACKWRIGHT_PROJECT"


class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    """Answers the engine. Rules are mandatory: one that is broken ends a preview or an update."""

    def __init__(self) -> None:
        self.known = Known()
        self.unheld = "the stack's configuration names no project"

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's names
        """Nothing to agree on."""
        return proto.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The version of the pack."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The list of rules."""
        policies = [
            proto.PolicyInfo(
                name=name, displayName=title.en, description=f"{title.en} | {title.zh}",
                enforcementLevel=proto.MANDATORY, policy_type=proto.POLICY_TYPE_RESOURCE,
            )
            for name, title in RULES.items()
        ]  # fmt: skip
        return proto.AnalyzerInfo(
            name=NAME, displayName="Rackwright", version=VERSION, supportsConfig=False, policies=policies
        )

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The rules take no settings."""
        return empty_pb2.Empty()

    def ConfigureStack(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Find the project that the stack is of, for its owners and the names of its secrets."""
        name = os.environ.get(PROJECT_VARIABLE) or dict(request.config).get(f"{request.project}:project")
        if name:
            self.known, self.unheld = _project(name)
        return proto.AnalyzerStackConfigureResponse()

    def Analyze(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What one resource breaks, before it is created or changed."""
        resource = Declared(request.type, request.name, plain(MessageToDict(request.properties)))
        skipped = [
            proto.PolicyNotApplicable(policy_name=name, reason=f"not evaluated: {self.unheld}")
            for name in (("ownership",) if self.unheld else ())
        ]
        found = [v for v in of_resource(resource, self.known) if not (self.unheld and v.rule == "ownership")]
        return proto.AnalyzeResponse(
            diagnostics=[_diagnostic(v, request.urn) for v in found], not_applicable=skipped
        )

    def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
        """What the resources of the stack break together."""
        resources = [Declared(r.type, r.name, plain(MessageToDict(r.properties))) for r in request.resources]
        return proto.AnalyzeResponse(diagnostics=[_diagnostic(v, "") for v in of_stack(resources)])

    def Remediate(self, request: Any, context: Any) -> Any:  # noqa: N802
        """A rule that is broken is mended in the inventory, never here."""
        return proto.RemediateResponse()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Nothing is under way for long."""
        return empty_pb2.Empty()


def plain(value: Any) -> Any:
    """Data off the wire with its markers in place: SECRET for what is marked as secret, UNKNOWN for what only an
    update will tell. Assets, resources and outputs stay mappings."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return SECRET
        return {key: plain(inner) for key, inner in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if value == UNKNOWN_TEXT:
        return UNKNOWN
    return value


def _project(name: str) -> tuple[Known, str]:
    from stacks.programs.entry import ProgramError, project

    try:
        return known_of(project(name)[0]), ""
    except ProgramError as exc:
        return Known(), str(exc)


def _diagnostic(violation: Violation, urn: str) -> Any:
    text = violation.message
    return proto.AnalyzeDiagnostic(
        policyName=violation.rule, policyPackName=NAME, policyPackVersion=VERSION,
        description=RULES[violation.rule].en, message=f"{violation.name}: {text.en} | {text.zh}",
        enforcementLevel=proto.MANDATORY, urn=urn,
    )  # fmt: skip


def serve() -> None:
    """Serve until the engine ends the process; the port goes to standard output, as the engine expects."""
    limit = 400 * 1024 * 1024
    server = grpc.server(
        ThreadPoolExecutor(4),
        options=[("grpc.max_receive_message_length", limit), ("grpc.max_send_message_length", limit)],
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(0)


if __name__ == "__main__":
    serve()
