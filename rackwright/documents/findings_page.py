"""docs/findings.md: every code with its manual page, written from the checks themselves."""

from __future__ import annotations

from pathlib import Path

from inventory.checks import REGISTRY, Check
from rackwright.checklist import register_all
from rackwright.documents.files import write_text

FAMILIES = {
    "INV": "Inventory: reading and validating",
    "PLN": "Plan against inventory",
    "PRT": "Ports, cables and optics",
    "RCK": "Racks and rooms",
    "PWR": "Power",
    "RED": "Redundancy",
    "NET": "Addressing and fabric",
    "SEC": "Security zones",
    "CAP": "Licences, bill of material, statements",
    "REQ": "Tender clauses",
    "STK": "Who owns what: playbooks and stacks",
    "VER": "Verification: what stands there against the plan",
    "WVR": "Waivers",
}


def findings_page() -> str:
    """The page as Markdown; codes in order, by family."""
    register_all()
    lines = [
        "# Finding codes",
        "",
        "Written by `make docs` from the checks; `rackwright explain CODE` prints one of them.",
        "",
        "Severity: error must not be deployed, warning needs a decision, info is worth knowing. A rule whose data is",
        'missing is reported as "not evaluated", never as passed. A code that was retired is not used again.',
    ]
    for family, title in FAMILIES.items():
        codes = [c for c in sorted(REGISTRY) if c.startswith(family)]
        if not codes:
            continue
        lines += ["", f"## {family}: {title}"]
        for code in codes:
            rule = REGISTRY[code]
            reads = "" if not isinstance(rule, Check) else f", reads the {rule.needs}"
            lines += ["", f"### {code} {rule.title.en} | {rule.title.zh}", "", f"*{rule.severity}{reads}*"]
            if rule.clause:
                lines += ["", f"Source: {rule.clause}"]
            lines += ["", *(line.rstrip() for line in rule.doc.splitlines())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_text(Path("docs/findings.md"), findings_page())
