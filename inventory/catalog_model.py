"""The hardware catalogue as a whole: everything that may be named by slug, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inventory.catalog_parts import CableType, Capacity, Component, Optic, RackType
from inventory.device_model import DeviceType
from inventory.source import Document

__all__ = ["CableType", "Capacity", "Catalog", "Component", "DeviceType", "Optic", "RackType"]


@dataclass(frozen=True)
class Catalog:
    """All hardware that may be named, by slug (components by part), each list sorted by name.

    `colours` gives the cable colour of a purpose (business, oob, console, power-a ...); `documents` holds
    the files by the path shown in findings. The `at` of an entry is `file#path/inside`.
    """

    device_types: Mapping[str, DeviceType] = field(default_factory=dict)
    rack_types: Mapping[str, RackType] = field(default_factory=dict)
    components: Mapping[str, Component] = field(default_factory=dict)
    optics: Mapping[str, Optic] = field(default_factory=dict)
    cables: Mapping[str, CableType] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
