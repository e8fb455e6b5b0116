"""What the planner proved about each site: whether its devices fit, and whether a rack could be saved (PLN008-PLN009)."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Position, Severity, Text
from inventory.plan_model import PlacementProof

AGAIN = Text("run `rackwright plan` again", "重新运行 `rackwright plan`")


def _sites_with_devices(ctx: Context) -> list[str]:
    return sorted({d.site for d in ctx.inventory.devices.values() if d.site is not None})


def _proof(site: str, ctx: Context) -> PlacementProof | None:
    return next((p for p in (ctx.plan.proofs if ctx.plan else ()) if p.site == site), None)


def _site_position(site: str, ctx: Context) -> Position:
    return ctx.where(ctx.inventory.sites[site], "name")


@check(
    "PLN008", severity=Severity.ERROR, title=Text("Devices do not fit the site", "站点容纳不下全部设备"),
    clause="proof of the placement", over=_sites_with_devices,
)  # fmt: skip
def site_holds_devices(site: str, ctx: Context) -> Iterator[Finding]:
    """The devices of a site fit its racks under all limits of power, height, weight and spread.

    Why it matters: no arrangement exists; more work on the plan is lost until a limit moves.
    How to fix: the relaxations listed would each make it fit; the conflict names the limits that clash.
    Source: the proof the planner wrote; a site without a proof, or with an open one, is not evaluated.
    Failing: `proofs: [{site: A, status: infeasible, conflicts: [peak power of 98 kW in 18 racks of 5 kW], …}]`
    Passing: `proofs: [{site: A, status: optimal, racks: 20, lower_bound: 20, …}]`
    """
    proof = _proof(site, ctx)
    if proof is None or proof.status == "unknown":
        yield lacking(
            "PLN008", site,
            Text("nobody has shown that the devices fit" if proof is None else f"the planner found no answer: {proof.proof}",
                 "尚无设备可容纳的证明" if proof is None else f"规划未得出结论：{proof.proof}"),
            ctx.where(proof, "status") if proof else _site_position(site, ctx), AGAIN,
        )  # fmt: skip
    elif proof.status == "infeasible":
        why = "; ".join(proof.conflicts) or proof.proof
        ways, left = "; or ".join(proof.relaxations), len(proof.unplaced)
        yield finding(
            "PLN008", site,
            Text(f"the devices do not fit{f', {left} have no place' if left else ''}: {why}",
                 f"设备无法全部上架{f'，{left} 台无位置' if left else ''}：{why}"),
            ctx.where(proof, "status"),
            fix=Text(ways, ways) if ways else Text("lease more racks or power, or relax a spread rule", "增租机柜或功率，或放宽分布限制"),
            arithmetic=proof.proof,
        )  # fmt: skip


@check(
    "PLN009", severity=Severity.INFO, title=Text("Placement may use a rack too many", "机柜用量可能偏多"),
    clause="proof of the placement", over=_sites_with_devices, unless=("PLN008",),
)  # fmt: skip
def placement_is_proved(site: str, ctx: Context) -> Iterator[Finding]:
    """The number of racks in use is proved to be the least possible.

    Why it matters: each rack of difference is 5 kW of lease that may not be needed.
    How to fix: nothing has to be done; a plan made anew, without what stands, may close the gap.
    Source: the lower bound the planner proved.
    Failing: `proofs: [{site: A, status: feasible, racks: 22, lower_bound: 21, …}]`
    Passing: `proofs: [{site: A, status: optimal, racks: 21, lower_bound: 21, …}]`
    """
    proof = _proof(site, ctx)
    if proof is None or proof.status != "feasible" or proof.racks <= proof.lower_bound:
        return
    yield finding(
        "PLN009", site,
        Text(f"{proof.racks} racks in use, at least {proof.lower_bound} needed: {proof.racks - proof.lower_bound} may be saved",
             f"使用机柜 {proof.racks} 个，至少需要 {proof.lower_bound} 个：可能节省 {proof.racks - proof.lower_bound} 个"),
        ctx.where(proof, "racks"),
        arithmetic=f"{proof.racks} - {proof.lower_bound} = {proof.racks - proof.lower_bound}; {proof.proof}",
    )  # fmt: skip
