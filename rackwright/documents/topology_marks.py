"""Marks and words of the topology picture as SVG, and the style that its pictures on one page share."""

from __future__ import annotations

from html import escape
from pathlib import Path

from rackwright.documents.topology_layout import Box

STYLE = Path(__file__).with_name("templates") / "topology.css"
NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
PAGE = "page"
"""What the style and hatching are called that all inline pictures of a page share."""


def page_style() -> str:
    """The style sheet of all inline pictures of a page."""
    return style(PAGE)


def page_hatching() -> str:
    """The hatching of all inline pictures of a page, as an element without size."""
    return f'<svg class="tp" width="0" height="0" aria-hidden="true" focusable="false"><defs>{hatching(PAGE)}</defs></svg>'


def hatching(number: str) -> str:
    """The pattern of what is darkened."""
    return (
        f'<pattern id="tp-hatch-{number}" width="5" height="5" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="tp-hatch-ground" width="5" height="5"/>'
        '<rect class="tp-hatch-line" width="2" height="5"/></pattern>'
    )


def style(number: str) -> str:
    """The style sheet, with the hatching of this picture."""
    return " ".join(
        STYLE.read_text(encoding="utf-8")
        .replace("HATCH", f"tp-hatch-{number}")
        .replace("PICTURE", f"tp-p{number}")
        .split()
    )


def curve(x1: float, y1: float, x2: float, y2: float) -> str:
    """A path that leaves and arrives upright."""
    middle = (y1 + y2) / 2
    return f"M{x1:.1f} {y1:.1f}C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}"


def rect(classes: str, box: Box, told: str = "") -> str:
    """A box; `told` is said when the pointer rests on it."""
    told = f"<title>{escape(told)}</title>" if told else ""
    return f'<rect class="{classes}" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.w:.1f}" height="{box.h:.1f}" rx="2">{told}</rect>'


def text_at(classes: str, x: float, y: float, text: str) -> str:
    """A text with its baseline at `y`."""
    return f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def text_width(text: str) -> float:
    """About how wide a text of 9.5 px is."""
    return sum(10.0 if ord(c) > 0x2E80 else 5.6 for c in text)
