"""Inputs made uniform and judged one by one, and identities that name the server they live on."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from stacks.provider.api import url_fault
from stacks.provider.errors import ProviderError
from stacks.provider.handler import Problem
from stacks.provider.values import Props, is_unknown

Normal = Callable[[Any], Any]
"""The value made uniform. Raises ValueError with the reason why it cannot be right."""
LABEL = re.compile(r"[a-z0-9_*]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)


class NotShownError(ValueError):
    """Why a value cannot be right, where the value itself is not to be repeated."""


def checked(
    news: Props, fields: Mapping[str, Normal], required: Collection[str]
) -> tuple[Props, list[Problem]]:
    """Inputs by name made uniform, and what is wrong: missing, unknown, or refused by their own rule. What is not
    known yet stays as it is."""
    out: Props = {}
    problems = [Problem(name, "is missing") for name in sorted(required) if news.get(name) is None]
    for name, value in sorted(news.items()):
        if value is None or name.startswith("__"):
            continue
        if name not in fields:
            problems.append(Problem(name, f"is no input here; there are {', '.join(fields)}"))
        elif is_unknown(value):
            out[name] = value
        else:
            try:
                out[name] = fields[name](value)
            except NotShownError as error:
                problems.append(Problem(name, str(error)))
            except ValueError as error:
                problems.append(Problem(name, f"{value!r} {error}"))
    return out, problems


def api_url(value: Any) -> str:
    """URL of a control API, without a final slash."""
    if why := url_fault(value):
        raise ValueError(why)
    return str(value).rstrip("/")


def text(value: Any) -> str:
    """Any text that is not empty, on one line."""
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise ValueError("must be a text on one line")
    return value


def ipv4(value: Any) -> str:
    """An IPv4 address."""
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        raise ValueError("is no IPv4 address") from None


def ipv4_prefix(value: Any) -> str:
    """An IPv4 prefix without host bits."""
    try:
        return str(ipaddress.IPv4Network(value))
    except ValueError:
        raise ValueError("is no IPv4 prefix like 10.1.0.0/24, without host bits") from None


def mac(value: Any) -> str:
    """A MAC address in lower case with colons; dashes and dots are understood."""
    digits = re.sub(r"[-:.]", "", str(value)).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits):
        raise ValueError("is no MAC address like 52:54:00:aa:00:01")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def hostname(value: Any) -> str:
    """A host's name (RFC 1123), in lower case."""
    name = str(value).rstrip(".")
    if len(name) > 253 or not all(HOST_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("is no host name (RFC 1123: letters, digits, hyphens)")
    return name.lower()


def domain(value: Any) -> str:
    """A DNS name with its final dot, in lower case."""
    name = str(value).rstrip(".")
    if len(name) > 253 or not all(LABEL.fullmatch(p) for label in name.split(".") for p in label.split("/")):
        raise ValueError("is no DNS name")
    return f"{name.lower()}."


def whole(low: int, high: int) -> Normal:
    """A whole number from `low` to `high`."""

    def normal(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return normal


def one_of(*words: str) -> Normal:
    """One of these words, in any case."""

    def normal(value: Any) -> str:
        for word in words:
            if str(value).lower() == word.lower():
                return word
        raise ValueError(f"must be one of {', '.join(words)}")

    return normal


@dataclass(frozen=True)
class Place:
    """Where something is: what it is on the server, the server's URL, and labels an import may give."""

    own: str
    url: str
    labels: Props


LABELS = ("server", "secret", "apiUser")


def identity(own: str, url: str) -> str:
    """The identity of something on a server."""
    return f"{own}@{url}"


def place(given: str, example: str) -> Place:
    """The parts of an identity, for an import: OWN@URL, or OWN@URL#server=NAME&secret=NAME.

    Raises ProviderError that shows an example.
    """
    named, _, more = given.partition("#")
    own, at, url = named.rpartition("@http")
    labels = dict(parse_qsl(more))
    if not own or not at or url_fault(f"http{url}") or set(labels) - set(LABELS):
        raise ProviderError(
            f"{given}: an identity to import looks like {example}; behind it #server=NAME&secret=NAME names the "
            "server for messages and the secret of its API"
        )
    return Place(own, f"http{url}".rstrip("/"), dict(labels))


def declared_by(urn: str) -> str:
    """Project, stack and name of a resource: what stands on a server as the mark of who declared something."""
    stack, project, _, *name = urn.removeprefix("urn:pulumi:").split("::")
    return f"{project}/{stack}/{'::'.join(name)}"
