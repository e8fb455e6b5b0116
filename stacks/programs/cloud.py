"""The cloud layer: VPC, vswitches, security groups, deployment sets, databases, balancers and buckets of the platform.

One stack for all sites, since the platform is one cloud over them. `declaration` says what is declared and needs no
Pulumi; `program` hands it to the engine. It takes nothing from other layers and gives its names and addresses out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from stacks.policy.gate import PolicyError, refuse_violations
from stacks.programs.cloud_access import groups
from stacks.programs.cloud_network import network, places
from stacks.programs.cloud_products import Ground, products
from stacks.programs.cloud_settings import CloudSettings, SettingsError, settings_from
from stacks.programs.declared import Declared, NotDeclared, Output
from stacks.programs.wanted import reasons

if TYPE_CHECKING:
    import pulumi

PROVIDER = "platform"
LAYER = "cloud"
CLASSES: Mapping[str, str] = {
    "alicloud:vpc/network:Network": "vpc.Network",
    "alicloud:vpc/ipv4CidrBlock:Ipv4CidrBlock": "vpc.Ipv4CidrBlock",
    "alicloud:vpc/switch:Switch": "vpc.Switch",
    "alicloud:ecs/securityGroup:SecurityGroup": "ecs.SecurityGroup",
    "alicloud:ecs/securityGroupRule:SecurityGroupRule": "ecs.SecurityGroupRule",
    "alicloud:ecs/ecsDeploymentSet:EcsDeploymentSet": "ecs.EcsDeploymentSet",
    "alicloud:rds/instance:Instance": "rds.Instance",
    "alicloud:slb/applicationLoadBalancer:ApplicationLoadBalancer": "slb.ApplicationLoadBalancer",
    "alicloud:oss/bucket:Bucket": "oss.Bucket",
    "alicloud:oss/bucketAcl:BucketAcl": "oss.BucketAcl",
    "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock": "oss.BucketPublicAccessBlock",
}
"""Resource type -> class of pulumi_alicloud."""
JOINED = ("vswitchId",)
"""Inputs whose list of outputs the platform takes as one text with commas."""
ELSEWHERE = Text("kept by the playbooks (`owners` of the project)", "由 Ansible 负责（项目的 `owners`）")


@dataclass(frozen=True)
class CloudDeclaration:
    """What the stack declares, in an order in which each resource follows those it needs, and what it does not."""

    resources: tuple[Declared, ...]
    not_declared: tuple[NotDeclared, ...]


def declaration(inventory: Inventory, plan: Plan, settings: CloudSettings) -> CloudDeclaration:
    """The provider and all resources. Without a region nothing can be declared; a product of which no endpoint is
    configured is left out, since the provider would then speak to the public cloud."""
    if inventory.project.owners.of("cloud") != "pulumi":
        return CloudDeclaration((), (NotDeclared("cloud platform", ELSEWHERE),))
    if settings.region is None:
        text = Text(
            "its region is not configured (rackwright-cloud:region)",
            "未配置平台地域（rackwright-cloud:region）",
        )
        return CloudDeclaration((), (NotDeclared("cloud platform", text),))
    tags = {"project": inventory.project.name, "layer": LAYER, "managed-by": "rackwright"}
    found, lacking = places(inventory, settings)
    switches = {place.pool.site: place for place in reversed(found) if place.pool.plane == "vm"}
    made: list[Declared | NotDeclared] = [
        *network(inventory, found, tags),
        *groups(inventory, plan, found, tags),
    ]
    made += products(Ground(inventory, plan, settings, switches, tags))
    kept, unreachable = _reachable([r for r in made if isinstance(r, Declared)], settings)
    lacking += [n for n in made if isinstance(n, NotDeclared)] + unreachable
    provider = Declared(
        "pulumi:providers:alicloud",
        PROVIDER,
        {
            "region": settings.region,
            "protocol": settings.protocol,
            "skipRegionValidation": True,
            "endpoints": [dict(settings.endpoints)],
        },
    )
    return CloudDeclaration((provider, *kept) if kept else (), tuple(lacking))


def product_of(resource_type: str) -> str:
    """The product of the platform whose endpoint a resource type is asked of (alicloud:vpc/switch:Switch -> vpc)."""
    return resource_type.partition(":")[2].partition("/")[0]


def _reachable(
    resources: Iterable[Declared], settings: CloudSettings
) -> tuple[list[Declared], list[NotDeclared]]:
    """Resources whose product has an endpoint, with all they need; and one reason for each product without."""
    kept: dict[str, Declared] = {}
    left_out: dict[str, list[str]] = {}
    for resource in resources:
        product = product_of(resource.type)
        gone = [name for name in resource.needs() if name not in kept]
        if product not in settings.endpoints:
            left_out.setdefault(product, []).append(resource.name)
        elif gone:
            left_out.setdefault(f"of {gone[0]}", []).append(resource.name)
        else:
            kept[resource.name] = resource
    return list(kept.values()), [_unreachable(product, names) for product, names in sorted(left_out.items())]


def _unreachable(product: str, names: list[str]) -> NotDeclared:
    if product.startswith("of "):
        why = Text(f"needs {product[3:]}, which is not declared", f"依赖未声明的 {product[3:]}")
    else:
        why = Text(
            f"no endpoint is configured (rackwright-cloud:endpoints: {product}); the provider would ask the public cloud",
            f"未配置接入点（rackwright-cloud:endpoints: {product}），否则将访问公有云",
        )
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return NotDeclared(shown, why)


def run() -> None:
    """The whole of `__main__.py`: project, plan and platform from the stack's configuration."""
    import pulumi

    from stacks.programs.entry import ProgramError, plan_digest, project

    config = pulumi.Config()
    inventory, plan = project(config.require("project"))
    try:
        settings = settings_from(config.get, config.get_object)
        program(inventory, plan, settings)
    except (SettingsError, PolicyError) as exc:
        raise ProgramError(str(exc)) from exc
    pulumi.export("planDigest", plan_digest(plan))


def program(inventory: Inventory, plan: Plan, settings: CloudSettings) -> dict[str, pulumi.Resource]:
    """Hand the declaration to the engine; the resources made, by name. Exports `notDeclared` and the names and
    addresses others may want. Raises PolicyError before anything is registered when a rule is broken."""
    import pulumi

    from stacks.programs.entry import shortened

    found = declaration(inventory, plan, settings)
    refuse_violations(found.resources, inventory)
    made: dict[str, pulumi.Resource] = {}
    for declared in found.resources:
        made[declared.name] = _registered(declared, made)
    pulumi.export("declared", len(found.resources))
    pulumi.export("notDeclared", shortened(reasons(found.not_declared)))
    for declared in found.resources:
        output = {"rds.Instance": "connection_string", "slb.ApplicationLoadBalancer": "address"}.get(
            CLASSES.get(declared.type, "")
        )
        if output:
            pulumi.export(declared.name, getattr(made[declared.name], output))
    return made


def _registered(declared: Declared, made: Mapping[str, pulumi.Resource]) -> pulumi.Resource:
    """One resource of pulumi_alicloud, with the outputs of those before it."""
    from importlib import import_module

    import pulumi

    if declared.type == "pulumi:providers:alicloud":
        alicloud = import_module("pulumi_alicloud")
        values = dict(declared.inputs)
        values["endpoints"] = [alicloud.ProviderEndpointArgs(**e) for e in values["endpoints"]]
        provider: pulumi.Resource = alicloud.Provider(
            declared.name, **{_snake(k): v for k, v in values.items()}
        )
        return provider
    package, _, name = CLASSES[declared.type].partition(".")
    kind = getattr(import_module(f"pulumi_alicloud.{package}"), name)
    arguments = {_snake(key): _value(key, value, made) for key, value in declared.inputs.items()}
    after = [made[n] for n in declared.after if n in made]
    options = pulumi.ResourceOptions(provider=made[PROVIDER], depends_on=after)  # type: ignore[arg-type]
    resource: pulumi.Resource = kind(declared.name, **arguments, opts=options)
    return resource


def _value(key: str, value: Any, made: Mapping[str, pulumi.Resource]) -> Any:
    import pulumi

    if isinstance(value, Output):
        return getattr(made[value.resource], _snake(value.name))
    if isinstance(value, (list, tuple)):
        items = [_value(key, item, made) for item in value]
        return pulumi.Output.concat(*_with_commas(items)) if key in JOINED else items
    return value


def _with_commas(items: list[Any]) -> list[Any]:
    return [part for n, item in enumerate(items) for part in ((",", item) if n else (item,))]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
