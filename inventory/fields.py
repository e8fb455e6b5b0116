"""What the records of the inventory are made of: kinds of values with their bounds, references, and the base of
every record."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints


class Ref:
    """Marks a text field as the name of a record in one of the given sections (or catalogue lists)."""

    def __init__(self, *sections: str) -> None:
        self.sections = sections


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
Slug = Annotated[str, StringConstraints(pattern=r"^[-a-z0-9_]+$", max_length=100)]
ClauseText = Annotated[
    str, StringConstraints(pattern=r"^(T[0-9]+(-[0-9]+)?(, ?T[0-9]+(-[0-9]+)?)*( [▲■])?)?$")
]
IsoDate = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
PrefixText = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$")]
RangeText = Annotated[str, StringConstraints(min_length=1, max_length=400)]

Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, le=1_000_000)]
RackKilowatts = Annotated[float, Strict(), Field(gt=0, le=100)]
Kilowatts = Annotated[float, Strict(), Field(gt=0, le=100_000)]
Kilovoltamperes = Annotated[float, Strict(), Field(gt=0, le=100_000)]
Amperes = Annotated[float, Strict(), Field(gt=0, le=6_300)]
Volts = Annotated[float, Strict(), Field(ge=100, le=480)]
Ratio = Annotated[float, Strict(), Field(gt=0, le=1)]
Metres = Annotated[float, Strict(), Field(ge=0, le=10_000)]
Kilometres = Annotated[float, Strict(), Field(ge=0, le=20_000)]
Seconds = Annotated[float, Strict(), Field(ge=0, le=31_536_000)]
Minutes = Annotated[float, Strict(), Field(ge=0, le=525_600)]
Gbps = Annotated[float, Strict(), Field(gt=0, le=100_000)]
Milliseconds = Annotated[float, Strict(), Field(ge=0, le=100_000)]

Side = Literal["a", "b"]
Phase = Literal["L1", "L2", "L3"]
FactValue = bool | int | float | str | None
Workload = Literal["db", "big_data", "storage", "management", "general"]


class Record(BaseModel):
    """What every record has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str = Field(default="", exclude=False, repr=False, json_schema_extra={"internal": True})
    clause: ClauseText = ""
    assumed: dict[str, str] = Field(default_factory=dict)
    notes: str = ""


class Exposed(Record):
    """A record of something that can fail. `risks` names what it shares its fate with, by kind of risk, e.g.
    {software: V200R022C00, odf: ODF-1}: everything with the same kind and value fails together."""

    risks: dict[Slug, tuple[Annotated[str, StringConstraints(min_length=1, max_length=100)], ...]] = Field(
        default_factory=dict
    )


class Part(BaseModel):
    """A record inside another record; its place is that of its owner plus the field."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Title(Part):
    """A title in English and in Chinese."""

    en: str
    zh: str
