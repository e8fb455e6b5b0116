"""Records of what services are on the cloud platform. Null is unknown: the stack then declares nothing and says so."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, StringConstraints, model_validator

from inventory.fields import Record, Ref, Slug

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
ProductKind = Literal["deployment_sets", "database", "balancer", "bucket"]
FIELDS_OF: dict[ProductKind, tuple[str, ...]] = {
    "deployment_sets": ("spread",),
    "database": ("engine", "engine_version", "instance_class", "storage_gb"),
    "balancer": ("spec",),
    "bucket": ("storage_class",),
}
"""The fields that say something of each kind of product."""


class CloudProduct(Record):
    """What a service is on the cloud platform, at the sites of that service.

    `deployment_sets`: instances are spread strictly over what `spread` lists. `database`: primary and standby, one
    at each site; `engine`, `engine_version`, `instance_class` (as the platform names them) and `storage_gb` must be
    known before it is declared. `balancer`: a private load balancer; `spec` as the platform names it. `bucket`:
    private object storage; `storage_class` null: the platform's default.
    """

    name: Slug
    service: Annotated[str, Ref("services")]
    kind: ProductKind
    spread: tuple[Literal["host", "rack", "switch"], ...] = ()
    engine: Literal["MySQL", "PostgreSQL", "SQLServer", "MariaDB", "PPAS"] | None = None
    engine_version: Word | None = None
    instance_class: Word | None = None
    storage_gb: Annotated[int, Strict(), Field(ge=5, le=1_000_000)] | None = None
    spec: Word | None = None
    storage_class: Literal["Standard", "IA", "Archive"] | None = None

    @model_validator(mode="after")
    def _of_its_kind(self) -> CloudProduct:
        for kind, fields in FIELDS_OF.items():
            for field in fields:
                if kind != self.kind and field in self.model_fields_set:
                    raise ValueError(f"{field} says nothing of a product of kind {self.kind}")
        if self.kind == "deployment_sets" and not self.spread:
            raise ValueError("spread is empty: instances that are spread over nothing need no deployment set")
        return self
