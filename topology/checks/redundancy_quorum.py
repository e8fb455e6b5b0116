"""Votes over sites and a witness: who decides when the sites lose each other (RED013-RED018)."""

from __future__ import annotations

from collections.abc import Iterator

from inventory import model as m
from inventory.checks import Context, check, finding
from inventory.findings import Finding, Related, Severity, Text


def _site_quorums(ctx: Context) -> list[m.Quorum]:
    return [q for q in ctx.inventory.quorums.values() if q.scope == "site"]


def votes_by_site(quorum: m.Quorum) -> dict[str, int]:
    """Votes of each site that has any, in the order written."""
    out: dict[str, int] = {}
    for vote in quorum.votes:
        if vote.votes:
            out[vote.site] = out.get(vote.site, 0) + vote.votes
    return out


def witnesses(ctx: Context, quorum: m.Quorum) -> list[str]:
    """Voting sites of role witness."""
    return [s for s in votes_by_site(quorum) if ctx.inventory.sites[s].role == "witness"]


def _judged(ctx: Context) -> list[m.Quorum]:
    """Quorums whose votes decide by themselves: with a witness, or with automatic failover."""
    return [q for q in _site_quorums(ctx) if q.automatic_failover or witnesses(ctx, q)]


def _with_witness(ctx: Context) -> list[m.Quorum]:
    return [q for q in _site_quorums(ctx) if witnesses(ctx, q)]


def _sum(quorum: m.Quorum) -> str:
    votes = votes_by_site(quorum)
    return f"{' + '.join(f'{site} {n}' for site, n in votes.items())} = {sum(votes.values())}"


def _unlike(ctx: Context, quorum: m.Quorum) -> int:
    """Which entry to look at when the sum is even: the witness beside equal centres, else the largest centre."""
    entries = list(enumerate(quorum.votes))
    centres = [(i, v) for i, v in entries if ctx.inventory.sites[v.site].role != "witness"]
    if len({v.votes for _, v in centres}) <= 1:
        return next((i for i, v in entries if ctx.inventory.sites[v.site].role == "witness"), 0)
    return max(centres, key=lambda e: e[1].votes)[0]


@check(
    "RED013", severity=Severity.ERROR, needs="inventory", over=_judged, unless=("RED014", "RED015", "RED017", "RED018"),
    title=Text("Even number of votes", "票数为偶数"), clause="engineering estimate",
)  # fmt: skip
def votes_odd(quorum: m.Quorum, ctx: Context) -> Iterator[Finding]:
    """The votes over all sites are odd in number.

    Why it matters: an even number can split in halves; then no side may go on, though one could.
    How to fix: give the witness one vote and the sites equal ones.
    Source: majority rule of consensus protocols; engineering estimate.
    Failing: `votes: [{site: A, votes: 2}, {site: B, votes: 1}, {site: W, votes: 1}]`
    Passing: `votes: [{site: A, votes: 1}, {site: B, votes: 1}, {site: W, votes: 1}]`
    """
    votes = votes_by_site(quorum)
    if sum(votes.values()) % 2 == 0:
        path = ("votes", _unlike(ctx, quorum), "votes")
        yield finding(
            "RED013", f"quorums/{quorum.name}",
            Text(f"{sum(votes.values())} votes can split in halves", f"{sum(votes.values())} 票可能平分"),
            ctx.where(quorum, *path), arithmetic=_sum(quorum),
            fix=Text("make the sum odd", "使总票数为奇数"),
        )  # fmt: skip


@check(
    "RED014", severity=Severity.ERROR, needs="inventory", over=_with_witness,
    title=Text("Votes at fewer than three sites", "投票站点不足三个"), clause="engineering estimate",
)  # fmt: skip
def three_voting_sites(quorum: m.Quorum, ctx: Context) -> Iterator[Finding]:
    """A quorum with a witness has votes at three sites or more.

    Why it matters: with two places the loss of either may be the loss of the majority.
    How to fix: give both data centres and the witness votes.
    Source: engineering estimate: three independent domains.
    Failing: `votes: [{site: A, votes: 2}, {site: W, votes: 1}]`
    Passing: `votes: [{site: A, votes: 1}, {site: B, votes: 1}, {site: W, votes: 1}]`
    """
    votes = votes_by_site(quorum)
    if len(votes) < 3:
        none = next((i for i, v in enumerate(quorum.votes) if v.votes == 0), None)
        path: tuple[str | int, ...] = ("votes",) if none is None else ("votes", none, "votes")
        yield finding(
            "RED014", f"quorums/{quorum.name}",
            Text(f"votes at {len(votes)} sites, three wanted", f"仅 {len(votes)} 个站点有票，至少三个"),
            ctx.where(quorum, *path), arithmetic=_sum(quorum),
            fix=Text("add the missing site", "补充缺少的站点"),
        )  # fmt: skip


@check(
    "RED015", severity=Severity.ERROR, needs="inventory", over=_with_witness, unless=("RED014", "RED018"),
    title=Text("One site holds a majority", "单站点掌握多数票"), clause="engineering estimate",
)  # fmt: skip
def no_site_majority(quorum: m.Quorum, ctx: Context) -> Iterator[Finding]:
    """No site alone has more than half of the votes.

    Why it matters: when that site is lost the rest never reaches a majority, and the second data centre stands
    idle.
    How to fix: equal votes for the data centres, one for the witness.
    Source: majority rule of consensus protocols; engineering estimate.
    Failing: `votes: [{site: A, votes: 3}, {site: B, votes: 1}, {site: W, votes: 1}]`
    Passing: `votes: [{site: A, votes: 2}, {site: B, votes: 2}, {site: W, votes: 1}]`
    """
    votes = votes_by_site(quorum)
    total = sum(votes.values())
    for site, own in votes.items():
        if own * 2 > total:
            i = max((v.votes, i) for i, v in enumerate(quorum.votes) if v.site == site)[1]
            yield finding(
                "RED015", f"quorums/{quorum.name}",
                Text(f"{site} has {own} of {total} votes; without it nobody decides", f"{site} 占 {total} 票中的 {own} 票，失去它则无人可决"),
                ctx.where(quorum, "votes", i, "votes"), arithmetic=f"{_sum(quorum)}; 2 x {own} > {total}",
                fix=Text(f"give {site} at most {(total - 1) // 2} votes", f"{site} 至多 {(total - 1) // 2} 票"),
            )  # fmt: skip


def _reaches(ctx: Context, start: str, goal: str, barred: set[str]) -> bool:
    """True when site links lead from start to goal without a barred site, passed or ended at."""
    seen, ahead = {start}, [start]
    while ahead:
        here = ahead.pop()
        for link in ctx.inventory.site_links.values():
            if here not in (link.a, link.b) or link.via in barred:
                continue
            there = link.b if here == link.a else link.a
            if there == goal:
                return True
            if there not in seen and there not in barred:
                seen.add(there)
                ahead.append(there)
    return False


@check(
    "RED016", severity=Severity.ERROR, needs="inventory", over=_with_witness, unless=("RED014",),
    title=Text("Witness reached only through the other site", "仲裁须经对方站点才可达"), clause="engineering estimate",
)  # fmt: skip
def witness_reached_directly(quorum: m.Quorum, ctx: Context) -> Iterator[Finding]:
    """Each data centre reaches the witness by site links that do not pass the other data centre.

    Why it matters: a witness behind site A is lost with site A, and B, healthy and alone, must stop.
    How to fix: a link of its own from each data centre to the witness.
    Source: engineering estimate: a witness independent of the interconnect of the two sites.
    Failing: `site_links: [{name: b-w, a: B, b: W, via: A}]`
    Passing: `site_links: [{name: b-w, a: B, b: W}]`
    """
    voting = votes_by_site(quorum)
    for witness in witnesses(ctx, quorum):
        for site in voting:
            others = {
                s for s in voting if s not in (site, witness) and ctx.inventory.sites[s].role != "witness"
            }
            if ctx.inventory.sites[site].role == "witness" or _reaches(ctx, site, witness, others):
                continue
            bent = [
                k
                for k in ctx.inventory.site_links.values()
                if {k.a, k.b} == {site, witness} and k.via in others
            ]
            index = next(i for i, v in enumerate(quorum.votes) if v.site == witness)
            place = ctx.where(bent[0], "via") if bent else ctx.where(quorum, "votes", index, "site")
            yield finding(
                "RED016", f"quorums/{quorum.name}",
                Text(f"{site} reaches witness {witness} only through {' or '.join(sorted(others))}, if at all",
                     f"{site} 只能经 {'、'.join(sorted(others))} 到达仲裁 {witness}，或根本不可达"),
                place, arithmetic=f"0 paths from {site} to {witness} without {', '.join(sorted(others))}",
                fix=Text(f"add a link from {site} to {witness} of its own", f"为 {site} 至 {witness} 增设独立链路"),
                related=[Related(ctx.where(k), k.name) for k in bent],
            )  # fmt: skip


@check(
    "RED017", severity=Severity.ERROR, needs="inventory",
    over=lambda ctx: [q for q in _site_quorums(ctx) if q.automatic_failover],
    title=Text("Automatic switch-over without a witness", "无仲裁却自动切换"), clause="engineering estimate",
)  # fmt: skip
def automatic_needs_witness(quorum: m.Quorum, ctx: Context) -> Iterator[Finding]:
    """Without a witness at a third place the switch-over between the sites is by hand.

    Why it matters: two sites that lose each other cannot tell a dead partner from a cut link; both would go on
    writing, and the data part for good.
    How to fix: add a witness with a vote, or set `automatic_failover: false`.
    Source: engineering estimate (split brain).
    Failing: `{votes: [{site: A, votes: 1}, {site: B, votes: 1}], automatic_failover: true}`
    Passing: the same with `automatic_failover: false`
    """
    if not witnesses(ctx, quorum):
        yield finding(
            "RED017", f"quorums/{quorum.name}",
            Text("the switch-over is automatic and no witness votes", "切换为自动，却没有仲裁投票"),
            ctx.where(quorum, "automatic_failover"), arithmetic=_sum(quorum),
            fix=Text("set automatic_failover: false, or add a witness", "设 automatic_failover: false，或增设仲裁"),
        )  # fmt: skip


@check(
    "RED018", severity=Severity.ERROR, needs="inventory",
    over=lambda ctx: [q for q in ctx.inventory.quorums.values() if any(v.fleet for v in q.votes)],
    title=Text("Votes differ from the fleet that casts them", "票数与投票设备不符"), clause="engineering estimate",
)  # fmt: skip
def votes_match_fleet(quorum: m.Quorum, ctx: Context) -> Iterator[Finding]:
    """Where a fleet votes, the votes are its devices and its site is that of the votes; scope rack has one site.

    Why it matters: a majority counted from votes nobody casts is no majority.
    How to fix: write the number of devices, or correct the fleet.
    Source: one vote per device.
    Failing: `{site: A, votes: 5, fleet: a-control-2}` with four devices
    Passing: `{site: A, votes: 4, fleet: a-control-2}`
    """
    for i, vote in enumerate(quorum.votes):
        fleet = ctx.inventory.fleets.get(vote.fleet or "")
        if fleet is None:
            continue
        if fleet.site != vote.site or (quorum.scope == "rack" and vote.site != quorum.votes[0].site):
            wanted = fleet.site if fleet.site != vote.site else quorum.votes[0].site
            field, en = "site", f"expected site {wanted} for {fleet.name}, found {vote.site}"
            zh = f"{fleet.name} 应为站点 {wanted}，实际为 {vote.site}"
        elif fleet.count != vote.votes:
            field, en = "votes", f"{vote.votes} votes, {fleet.count} devices in {fleet.name}"
            zh = f"{vote.votes} 票，{fleet.name} 有 {fleet.count} 台"
        else:
            continue
        yield finding(
            "RED018", f"quorums/{quorum.name}", Text(en, zh), ctx.where(quorum, "votes", i, field),
            arithmetic=f"{vote.votes} votes against {fleet.count} devices" if field == "votes" else "",
            fix=Text("make votes and fleet agree", "使票数与设备一致"),
            related=[Related(ctx.where(fleet, "count" if field == "votes" else "site"), fleet.name)],
        )  # fmt: skip
