"""Deployment sets, databases, load balancers and buckets of the cloud platform, from `cloud_products`.

What a product needs and nobody has said leaves it undeclared, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inventory import model as m
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from stacks.programs.cloud_network import Place
from stacks.programs.cloud_settings import GRANULARITIES, CloudSettings
from stacks.programs.declared import Declared, NotDeclared, Output

LEVELS = {"host": "宿主机", "rack": "机柜", "switch": "接入交换机组"}
UNKNOWN_SPREAD = Text(
    "the platform is not known to spread so (rackwright-cloud:granularities), and a set that spreads over less than its "
    "name says is not declared",
    "未确认平台支持该打散级别（rackwright-cloud:granularities），不创建名不副实的部署集",
)
SITES_OF_DATABASE = 2
"""A database has its primary at one site and its standby at another."""


@dataclass(frozen=True)
class Ground:
    """What products stand on: the project, the vswitches of virtual machines by site, and the common tags."""

    inventory: Inventory
    plan: Plan
    settings: CloudSettings
    switches: Mapping[str, Place]
    tags: Mapping[str, str]

    def lacks(self, product: m.CloudProduct, en: str, zh: str, *path: str) -> NotDeclared:
        """The product, and why it is not declared."""
        where = self.inventory.where(product, *path)
        return NotDeclared(f"{product.kind} {product.name}", Text(en, zh), where)

    def label(self, product: m.CloudProduct) -> str:
        """The name on the platform: project and product."""
        return f"{self.inventory.project.name}-{product.name}"

    def marks(self, product: m.CloudProduct) -> dict[str, str]:
        """Tags of a product."""
        return {**self.tags, "service": product.service}


def products(ground: Ground) -> Iterator[Declared | NotDeclared]:
    """Everything `cloud_products` asks for, in the order of the files."""
    makers = {"deployment_sets": _sets, "database": _database, "balancer": _balancer, "bucket": _bucket}
    for product in ground.inventory.cloud_products.values():
        service = ground.inventory.services[product.service]
        yield from makers[product.kind](ground, product, service)


def _sets(ground: Ground, product: m.CloudProduct, service: m.Service) -> Iterator[Declared | NotDeclared]:
    """A set for each site and level. The hosts of the plan say how many instances a set can hold."""
    for site in service.sites:
        fleets = {
            f.name for f in ground.inventory.fleets.values() if f.service == service.name and f.site == site
        }
        hosts = [
            d for d in ground.plan.devices
            if d.name in ground.inventory.devices and ground.inventory.devices[d.name].owner in fleets
        ]  # fmt: skip
        domains = {
            "host": {d.name for d in hosts},
            "rack": {d.rack for d in hosts if d.rack},
            "switch": {d.pair for d in hosts if d.pair},
        }
        for level in product.spread:
            count = len(domains[level])
            subject = f"{product.name} over {level} at site {site}"
            where = ground.inventory.where(product, "spread")
            if count < 2:
                yield NotDeclared(
                    subject,
                    Text(
                        f"its {len(hosts)} hosts stand on {count} {level}: nothing to spread over",
                        f"{len(hosts)} 台宿主机仅分布于 {count} 个{LEVELS[level]}，无法打散",
                    ),
                    where,
                )
            elif level not in ground.settings.granularities:
                yield NotDeclared(subject, UNKNOWN_SPREAD, where)
            else:
                inputs: dict[str, Any] = {
                    "deploymentSetName": f"{ground.label(product)}-{site.lower()}-{level}",
                    "description": f"{service.name} at site {site}: at most {count} instances, one a {level}",
                    "strategy": "Availability",
                    "onUnableToRedeployFailedInstance": "KeepStopped",
                }
                if level != "host":
                    inputs["granularity"] = GRANULARITIES[level]
                yield Declared(
                    "alicloud:ecs/ecsDeploymentSet:EcsDeploymentSet",
                    f"{product.name}-{site.lower()}-{level}",
                    inputs,
                )


def _database(
    ground: Ground, product: m.CloudProduct, service: m.Service
) -> Iterator[Declared | NotDeclared]:
    """One instance with its primary at the service's first site and its standby at the second."""
    if len(service.sites) != SITES_OF_DATABASE:
        yield ground.lacks(
            product,
            f"service {service.name} is at {len(service.sites)} site; a database needs two, primary and standby",
            f"服务 {service.name} 部署于 {len(service.sites)} 个中心；数据库须主备双中心部署",
        )  # fmt: skip
        return
    unknown = [
        f for f in ("engine", "engine_version", "instance_class", "storage_gb") if getattr(product, f) is None
    ]
    if unknown:
        yield ground.lacks(
            product, f"nobody has said its {', '.join(unknown)}", f"未提供 {', '.join(unknown)}", unknown[0]
        )
        return
    at = [ground.switches.get(site) for site in service.sites]
    primary, standby = at
    if primary is None or standby is None:
        site = service.sites[0 if primary is None else 1]
        yield _no_switch(ground, product, site)
        return
    if primary.zone == standby.zone:
        yield ground.lacks(
            product,
            f"both sites are configured as zone {primary.zone} (rackwright-cloud:zones): the standby would stand beside its primary",
            f"两个中心配置为同一可用区 {primary.zone}（rackwright-cloud:zones），备库将与主库同址",
        )  # fmt: skip
        return
    inputs: dict[str, Any] = {
        "engine": product.engine,
        "engineVersion": product.engine_version,
        "instanceType": product.instance_class,
        "instanceStorage": product.storage_gb,
        "category": "HighAvailability",
        "instanceChargeType": "Postpaid",
        "instanceName": ground.label(product),
        "zoneId": primary.zone,
        "zoneIdSlaveA": standby.zone,
        "vswitchId": [Output(primary.switch), Output(standby.switch)],
        "securityIps": ["127.0.0.1"],
        "deletionProtection": product.engine != "PPAS",
        "tags": ground.marks(product),
    }
    if any(not ground.inventory.quorums[q].automatic_failover for q in service.quorums):
        inputs["haConfig"] = "Manual"
    yield Declared("alicloud:rds/instance:Instance", product.name, inputs)
    yield NotDeclared(
        f"accounts of {product.name}",
        Text(
            "their passwords would stand in the state; they are made by hand or by the application's own means",
            "账号口令会写入状态文件，由人工或应用自行创建",
        ),
    )
    yield NotDeclared(
        f"who may connect to {product.name}",
        Text(
            "no line of the access table can name it yet: nobody is let in (127.0.0.1)", "访问策略表尚不能引用它：不放行任何来源（127.0.0.1）"
        ),
    )  # fmt: skip


def _balancer(
    ground: Ground, product: m.CloudProduct, service: m.Service
) -> Iterator[Declared | NotDeclared]:
    """A private balancer: master at the service's first site, slave at its second."""
    at = [ground.switches.get(site) for site in service.sites[:2]]
    for site, place in zip(service.sites, at, strict=False):
        if place is None:
            yield _no_switch(ground, product, site)
            return
    found = [place for place in at if place is not None]
    inputs: dict[str, Any] = {
        "loadBalancerName": ground.label(product),
        "addressType": "intranet",
        "vswitchId": Output(found[0].switch),
        "masterZoneId": found[0].zone,
        "deleteProtection": "on",
        "tags": ground.marks(product),
    }
    if len(found) > 1:
        inputs["slaveZoneId"] = found[1].zone
    if product.spec:
        inputs["loadBalancerSpec"] = product.spec
    yield Declared("alicloud:slb/applicationLoadBalancer:ApplicationLoadBalancer", product.name, inputs)
    yield NotDeclared(
        f"listeners of {product.name}",
        Text("nobody has said which ports are served by which instances", "未提供监听端口与后端实例"),
        ground.inventory.where(product),
    )


def _bucket(ground: Ground, product: m.CloudProduct, service: m.Service) -> Iterator[Declared | NotDeclared]:
    """A private bucket; its copies lie at more than one site when the service does."""
    inputs: dict[str, Any] = {
        "bucket": ground.label(product),
        "redundancyType": "ZRS" if len(service.sites) > 1 else "LRS",
        "tags": ground.marks(product),
    }
    if product.storage_class:
        inputs["storageClass"] = product.storage_class
    yield Declared("alicloud:oss/bucket:Bucket", product.name, inputs)
    yield Declared(
        "alicloud:oss/bucketAcl:BucketAcl",
        f"{product.name}-acl",
        {"bucket": Output(product.name), "acl": "private"},
    )
    yield Declared(
        "alicloud:oss/bucketPublicAccessBlock:BucketPublicAccessBlock",
        f"{product.name}-block",
        {"bucket": Output(product.name), "blockPublicAccess": True},
    )


def _no_switch(ground: Ground, product: m.CloudProduct, site: str) -> NotDeclared:
    return ground.lacks(
        product,
        f"site {site} has no vswitch for virtual machines: no pool of plane vm, or no zone (rackwright-cloud:zones)",
        f"中心 {site} 没有虚拟机交换机：缺少 vm 地址池或可用区配置（rackwright-cloud:zones）",
    )
