"""Cases: groups and kinds of shared risk as a project writes them."""

from __future__ import annotations

from tests.cases.breaking import Edit, text_case

N, R = "network.yml", "risks.yml"
GROUP = """\
risk_groups:
  - name: core-hall
    kind: room
    title: {{en: Hall of the core, zh: 核心机房}}
    members:
      - device/A-DSW-*
      - {member}
"""
KIND = """\
risk_kinds:
  - name: switch-type
    title: {{en: Make and model, zh: 设备型号}}
    of: [device{more}]
    by: {by}
"""

text_case("risk_group_of_a_misspelt_switch", Edit(R, "", GROUP.format(member="device/A-LWS-01A")))
text_case("risk_group_of_cables_that_are_not", Edit(R, "", GROUP.format(member="cable/A-Q-*")))
text_case("risk_group_of_no_such_kind_of_element", Edit(R, "", GROUP.format(member="switch/A-LSW-01A")))
text_case("risk_kind_by_a_fact_nobody_has", Edit(R, "", KIND.format(more="", by="device-typ")))
text_case("risk_kind_of_no_such_elements", Edit(R, "", KIND.format(more=", swich", by="device-type")))
text_case(
    "stated_risk_misspelt",
    Edit(
        N,
        "    home_rows: [A01-B]\n",
        "    home_rows: [A01-B]\n    risks: {sofware: [V200R022C00]}\n",
        after="name: A-ASW-02\n",
    ),
)
