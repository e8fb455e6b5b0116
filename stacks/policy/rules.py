"""Rules every declared resource has to keep: pure functions over type, name and inputs.

They run over what the programs declare, before the engine is called, and again inside the engine as a policy pack.
Inputs are plain data; `UNKNOWN` stands for what only the engine will know, `SECRET` for what is marked as secret.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from inventory.findings import Text, names_text
from inventory.model_ownership import Owners
from stacks.ownership import GROUPING, claims
from stacks.programs.cloud_settings import public


class Marker:
    """A value that is there and must not or cannot be looked at."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


UNKNOWN: Final = Marker("UNKNOWN")
SECRET: Final = Marker("SECRET")
RESOURCES_MAX = 1000
"""Resources in one stack: the state is written whole at every step, so that a larger one is split by site."""


class Resource(Protocol):
    """What a rule looks at."""

    @property
    def type(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def inputs(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken by one resource (`name` empty: by the stack as a whole)."""

    rule: str
    type: str
    name: str
    message: Text

    def line(self) -> str:
        """In one line."""
        return f"{self.rule}: {self.name or 'the stack'}: {self.message.en}"


@dataclass(frozen=True)
class Known:
    """What the rules are held against: who owns what, names of the inventory's secrets (None: not at hand, so names
    are not looked up), and the values of those that are at hand (never shown)."""

    owners: Owners = field(default_factory=Owners)
    secrets: frozenset[str] | None = None
    values: frozenset[str] = field(default=frozenset(), repr=False)


RULES: Mapping[str, Text] = {
    "no-public-address": Text("nothing has a public address or is open to everyone", "不使用公网地址，不对任意来源开放"),
    "no-single-site-database": Text("a database has its standby at another site", "数据库不得单中心部署"),
    "spread": Text("deployment sets spread strictly, and instances are in one", "部署集严格打散，实例须属于部署集"),
    "tags": Text("every resource of the cloud says project, layer and who manages it", "云资源须有项目、层次与管理者标签"),
    "no-plain-secret": Text("no secret in plain text", "密钥不得明文出现"),
    "private-endpoints": Text("the platform is reached by its private endpoints alone", "仅通过私有接入点访问平台"),
    "ownership": Text("only what Pulumi owns is declared", "仅声明归 Pulumi 管理的内容"),
    "stack-size": Text(f"at most {RESOURCES_MAX} resources in a stack", f"单个堆栈不超过 {RESOURCES_MAX} 个资源"),
}  # fmt: skip

PUBLIC_TYPES = re.compile(
    r"^alicloud:(ecs/eip|ecs/eipA|eipanycast/|vpc/natGateway|vpc/snatEntry|vpc/forwardEntry|rds/connection|cdn/|dcdn/|ga/)"
)
"""Types whose very purpose is a public address."""
EVERYONE = frozenset({"0.0.0.0/0", "::/0"})
ADDRESS_INPUTS = frozenset(
    {
        "address", "nextServer", "gateway", "subnet", "records", "cidrBlock", "secondaryCidrBlock", "privateIpAddress",
    }
)  # fmt: skip
"""Inputs that hold addresses or prefixes (of records: those that are addresses)."""
DATABASES: Mapping[str, tuple[str, str]] = {
    "alicloud:rds/instance:Instance": ("zoneId", "zoneIdSlaveA"),
    "alicloud:kvstore/instance:Instance": ("zoneId", "secondaryZoneId"),
    "alicloud:mongodb/instance:Instance": ("zoneId", "secondaryZoneId"),
    "alicloud:polardb/cluster:Cluster": ("zoneId", "standbyAz"),
}
"""Databases, and the inputs for the zone of the primary and of the standby."""
DEPLOYMENT_SET = "alicloud:ecs/ecsDeploymentSet:EcsDeploymentSet"
INSTANCE = "alicloud:ecs/instance:Instance"
TAGS = ("project", "layer", "managed-by")
UNTAGGED = (
    "alicloud:vpc/ipv4CidrBlock:", "alicloud:ecs/securityGroupRule:", "alicloud:ecs/ecsDeploymentSet:",
    "alicloud:oss/bucketAcl:", "alicloud:oss/bucketPublicAccessBlock:", "alicloud:slb/listener:", "alicloud:slb/rule:",
)  # fmt: skip
"""Types that take no tags."""
PROVIDER = "pulumi:providers:alicloud"
SECRET_INPUTS = re.compile(
    r"(?i)(password|passwd|passphrase|secret|accessKey|privateKey|apiKey|token|credential|communit)"
)
SECRET_NAMES = frozenset({"secret", "bmcPassword", "bmcUser", "switchPassword", "switchUser"})
"""Inputs of this project's own resources that hold the name of a secret, never its value."""
SECRET_SOURCES = re.compile(r'\{("[-a-z0-9_]+": "(env|vault):[A-Za-z_][A-Za-z0-9_]*"(, )?)*\}')
"""How a provider of this project is told where secrets are: JSON of name -> source."""
SECRET_TEXTS = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), Text("a private key", "私钥")),
    (re.compile(r"\bLTAI[A-Za-z0-9]{12,}"), Text("an access key", "访问密钥")),
    (re.compile(r"[a-z]+://[^/\s:@]+:[^/\s@]+@"), Text("a login inside a URL", "URL 中的登录信息")),
    (re.compile(r"(?i)\b(password|cipher|key|community|authentication-mode \w+|privacy-mode \w+)\s+(simple|plain|0)\s+(?!%secret:)\S"),
     Text("a key of a device in clear text", "设备配置中的明文密钥")),
)  # fmt: skip


def violations(resources: Iterable[Resource], known: Known | None = None) -> list[Violation]:
    """Everything that breaks a rule, by resource in the order given, then by rule; then what the whole stack breaks."""
    held, items = known or Known(), list(resources)
    return [v for item in items for v in of_resource(item, held)] + of_stack(items)


def of_resource(resource: Resource, known: Known) -> list[Violation]:
    """What one resource breaks on its own."""
    found = (
        ("no-public-address", public_address(resource)),
        ("no-single-site-database", single_site_database(resource)),
        ("spread", spread(resource)),
        ("tags", tags(resource)),
        ("no-plain-secret", plain_secret(resource, known)),
        ("private-endpoints", endpoints(resource)),
        ("ownership", ownership(resource, known.owners)),
    )
    return [
        Violation(rule, resource.type, resource.name, text)
        for rule, texts in found
        for text in dict.fromkeys(texts)
    ]


def of_stack(resources: Sequence[Resource]) -> list[Violation]:
    """What resources break together: an endpoint that none of the stack's providers has, and too many of them."""
    out = []
    providers = [r for r in resources if r.type == PROVIDER]
    if providers:
        there = set().union(*(_endpoints(p) or {} for p in providers))
        asked = {
            r.type.partition(":")[2].partition("/")[0] for r in resources if r.type.startswith("alicloud:")
        }
        if None not in map(_endpoints, providers) and (missing := sorted(asked - there)):
            text = Text(
                f"no private endpoint for {names_text(missing)}", f"缺少私有接入点：{names_text(missing)}"
            )
            out.append(Violation("private-endpoints", PROVIDER, "", text))
    count = sum(not r.type.startswith(GROUPING) for r in resources)
    if count > RESOURCES_MAX:
        text = Text(
            f"{count} resources, at most {RESOURCES_MAX}: split it by site",
            f"{count} 个资源，上限 {RESOURCES_MAX}，请按中心拆分",
        )
        out.append(Violation("stack-size", "", "", text))
    return out


def public_address(resource: Resource) -> Iterator[Text]:
    """No public address, nothing open to everyone."""
    inputs = resource.inputs
    if PUBLIC_TYPES.match(resource.type):
        yield Text(f"{resource.type} gives something a public address", f"{resource.type} 会产生公网地址")
    if inputs.get("addressType") == "internet":
        yield Text("a load balancer towards the internet (addressType)", "公网负载均衡（addressType）")
    if _number(inputs.get("internetMaxBandwidthOut")) > 0 or inputs.get("allocatePublicIp") is True:
        yield Text(
            "an instance with a public address (internetMaxBandwidthOut)",
            "实例带公网地址（internetMaxBandwidthOut）",
        )
    if str(inputs.get("acl", "")).startswith("public"):
        yield Text(f"readable by everyone (acl {inputs['acl']})", f"任何人可读（acl {inputs['acl']}）")
    if inputs.get("blockPublicAccess") is False:
        yield Text("public access is not blocked (blockPublicAccess)", "未阻止公共访问（blockPublicAccess）")
    if (
        resource.type.startswith("alicloud:ecs/securityGroupRule:")
        and inputs.get("policy", "accept") != "drop"
    ):
        for name in ("cidrIp", "ipv6CidrIp"):
            if inputs.get(name) in EVERYONE:
                yield Text(
                    f"open to everyone ({name} {inputs[name]})", f"对任意地址开放（{name} {inputs[name]}）"
                )
    listed = inputs.get("securityIps")
    if isinstance(listed, (list, tuple)) and EVERYONE & {str(i) for i in listed}:
        yield Text("open to everyone (securityIps)", "对任意地址开放（securityIps）")
    for key, value in _leaves(inputs):
        if key in ADDRESS_INPUTS and isinstance(value, str) and _global(value):
            yield Text(f"public address {value} ({key})", f"公网地址 {value}（{key}）")


def single_site_database(resource: Resource) -> Iterator[Text]:
    """A database has a standby, in another zone than its primary."""
    zones = DATABASES.get(resource.type)
    if zones is None:
        return
    primary, standby = (resource.inputs.get(zone) for zone in zones)
    if standby in (None, ""):
        yield Text(f"no standby at another site ({zones[1]} is not given)", f"未指定备库可用区（{zones[1]}）")
    elif standby == primary and standby is not UNKNOWN:
        yield Text(
            f"primary and standby are both in {primary} ({zones[1]})", f"主备库同处 {primary}（{zones[1]}）"
        )
    if resource.inputs.get("category") == "Basic":
        yield Text("category Basic has no standby", "基础版没有备库")
    switches = resource.inputs.get("vswitchId")
    ends = switches.split(",") if isinstance(switches, str) else switches
    if (
        resource.type.startswith("alicloud:rds/")
        and isinstance(ends, (list, tuple))
        and len(set(map(str, ends))) < 2
    ):
        yield Text(
            "one vswitch alone: both ends need their own (vswitchId)",
            "仅一个交换机，主备须各有一个（vswitchId）",
        )


def spread(resource: Resource) -> Iterator[Text]:
    """Deployment sets spread strictly over what their name says; instances are in one; a balancer has two zones."""
    inputs = resource.inputs
    if resource.type == DEPLOYMENT_SET:
        if inputs.get("strategy", "Availability") not in ("Availability", UNKNOWN):
            yield Text(
                f"strategy {inputs['strategy']} does not spread strictly",
                f"策略 {inputs['strategy']} 不保证严格打散",
            )
        if inputs.get("onUnableToRedeployFailedInstance") != "KeepStopped":
            yield Text(
                "instances may leave the set when hosts are short (onUnableToRedeployFailedInstance is not KeepStopped)",
                "资源不足时实例会被移出部署集（onUnableToRedeployFailedInstance 应为 KeepStopped）",
            )
        level = re.search(r"-(rack|switch)$", resource.name)
        if level and str(inputs.get("granularity", "Host")).lower() != level[1]:
            yield Text(
                f"its name says {level[1]}, and it spreads over {inputs.get('granularity', 'Host')}",
                f"名称为按 {level[1]} 打散，实际为 {inputs.get('granularity', 'Host')}",
            )
    if resource.type == INSTANCE and not inputs.get("deploymentSetId"):
        yield Text(
            "in no deployment set: two of a kind may share a host (deploymentSetId)",
            "未加入部署集（deploymentSetId）",
        )
    master, slave = inputs.get("masterZoneId"), inputs.get("slaveZoneId")
    if master is not None and master == slave and master is not UNKNOWN:
        yield Text(
            f"master and slave are both in {master} (slaveZoneId)", f"主备可用区同为 {master}（slaveZoneId）"
        )


def tags(resource: Resource) -> Iterator[Text]:
    """Every resource of the cloud that takes tags says whose it is."""
    if not resource.type.startswith("alicloud:") or resource.type.startswith(UNTAGGED):
        return
    given = resource.inputs.get("tags")
    if given is UNKNOWN:
        return
    lacking = [tag for tag in TAGS if not isinstance(given, Mapping) or not given.get(tag)]
    if lacking:
        yield Text(f"tags missing: {', '.join(lacking)}", f"缺少标签：{', '.join(lacking)}")


def plain_secret(resource: Resource, known: Known) -> Iterator[Text]:
    """No secret in plain text: by the name of the input, by what it looks like, and by the values that are known."""
    own = resource.type.startswith(("rackwright:", "pulumi:providers:rackwright"))
    for key, value in _leaves(resource.inputs):
        if not isinstance(value, str) or not value:
            continue
        if own and key in SECRET_NAMES:
            if known.secrets is not None and value not in known.secrets:
                yield Text(f"{key} names no secret of the inventory", f"{key} 不是清单中的密钥名称")
        elif own and key == "secrets":
            if not SECRET_SOURCES.fullmatch(value):
                yield Text(
                    "secrets holds more than names and where to find them", "secrets 只能包含名称与来源"
                )
        elif SECRET_INPUTS.search(key):
            yield Text(f"{key} is given in plain text", f"{key} 为明文")
        for pattern, what in SECRET_TEXTS:
            if pattern.search(value):
                yield Text(f"{key} holds {what.en}", f"{key} 含{what.zh}")
        if any(secret in value for secret in known.values):
            yield Text(f"{key} holds the value of a secret", f"{key} 含密钥的值")


def endpoints(resource: Resource) -> Iterator[Text]:
    """The provider of the cloud speaks to private endpoints alone."""
    if resource.type != PROVIDER:
        return
    if not resource.inputs.get("region"):
        yield Text("no region: the provider takes one of the public cloud", "未指定地域，将使用公有云地域")
    found = _endpoints(resource)
    if found == {}:
        yield Text("no endpoint is given: it would ask the public cloud", "未指定接入点，将访问公有云")
    for product, host in sorted((found or {}).items()):
        if isinstance(host, str) and public(re.sub(r"^[a-z]+://", "", host).partition("/")[0]):
            yield Text(f"{product}: {host} is the public cloud", f"{product}：{host} 属于公有云")


def ownership(resource: Resource, owners: Owners) -> Iterator[Text]:
    """A resource manages only what Pulumi owns; a type that is on no list manages nobody knows what."""
    items = claims(resource.type, resource.inputs)
    if items is None:
        yield Text(
            f"type {resource.type} is not on the list of what the stacks manage",
            f"类型 {resource.type} 不在归属清单中",
        )
        return
    for item in sorted(items):
        if owners.of(item) != "pulumi":
            yield Text(
                f"manages {item}, which is {owners.of(item)}'s", f"管理了归 {owners.of(item)} 的 {item}"
            )


def _endpoints(provider: Resource) -> dict[str, Any] | None:
    """Endpoints by product; None when they are not known yet. Inside the engine they arrive as JSON text."""
    given = provider.inputs.get("endpoints")
    if given is UNKNOWN or given is SECRET:
        return None
    if isinstance(given, str):
        given = json.loads(given)
    out: dict[str, Any] = {}
    for part in given or ():
        out |= {key: host for key, host in part.items() if host}
    return out


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """(nearest name, value) of everything inside."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, str(name))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner, key)
    else:
        yield key, value


def _global(text: str) -> bool:
    try:
        return ipaddress.ip_network(text, strict=False).is_global
    except ValueError:
        return False


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
