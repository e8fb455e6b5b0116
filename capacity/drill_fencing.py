"""Conditions of a drill about votes and fencing: who may go on after a split, and what stops the others."""

from __future__ import annotations

from collections.abc import Iterator

from capacity.drill_conditions import Proof, say
from capacity.drill_model import Ballot, Condition
from capacity.drill_votes import ballots
from capacity.drill_world import Ground, World
from inventory import model as m
from inventory.findings import names_text
from inventory.inventory import Inventory
from inventory.model_drills import ConditionName, Must


def site_quorums(inventory: Inventory) -> list[m.Quorum]:
    """Quorums over sites, in the order of the files."""
    return [q for q in inventory.quorums.values() if q.scope == "site"]


def votes_after(ground: Ground, world: World) -> list[list[Ballot]]:
    """For each quorum over sites, every way its votes can fall."""
    names = world.reached_names
    return [
        ballots(ground.inventory, q, world.who, names, world.case.name)
        for q in site_quorums(ground.inventory)
    ]


def _none_declared(name: ConditionName, ground: Ground) -> Condition:
    several = next((s for s in ground.inventory.services.values() if len(s.sites) > 1), None)
    return say(name, "quorums", "not evaluated", "no quorum over sites is declared: who may go on is not stated",
               "未声明站点级仲裁 quorum：由谁继续未说明", at=ground.inventory.where(several) if several else None,
               fix=("declare a quorum of scope site, with a witness in a third place", "声明 scope 为 site 的仲裁，并设第三地仲裁点"))  # fmt: skip


def _parties_text(ballot: Ballot) -> str:
    return ", ".join(f"{'+'.join(p.sites)} {p.votes}/{p.total}" for p in ballot.parties) or "nobody"


def votes(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """The surviving side has more than half of all votes; by hand where no automatic failover is wanted."""
    found = votes_after(ground, world)
    if not found:
        yield _none_declared("votes", ground)
    lost = {*world.case.struck, *world.case.cut_off}
    for ways in found:
        ballot = ways[0]
        quorum, subject = ground.inventory.quorums[ballot.quorum], f"quorums/{ballot.quorum}"
        sides = [p for p in ballot.parties if not lost & set(p.sites)]
        best = max(sides, key=lambda p: p.votes, default=None)
        held = f"{'+'.join(best.sites)} {best.votes}" if best else "nobody 0"
        text = f"{held} of {sum(v.votes for v in quorum.votes)}"
        if best and best.majority:
            yield say(
                "votes",
                subject,
                "holds",
                f"{'+'.join(best.sites)} holds the majority",
                f"{'+'.join(best.sites)} 拥有多数票",
                arithmetic=f"{text}: {best.votes} x 2 > {best.total}",
            )
            continue
        gone = [
            *ballot.dark,
            *(
                f"{s} {p.votes}/{p.votes} (cut off)"
                for p in ballot.parties
                if lost & set(p.sites)
                for s in p.sites
            ),
        ]
        missing = ", ".join(gone) or "-"
        if not quorum.automatic_failover:
            yield say("votes", subject, "holds", f"no majority ({text}): switch-over by hand, as automatic_failover false says; missing votes: {missing}",
                      f"无多数票（{text}）：automatic_failover 为 false，由人工切换；缺票：{missing}")  # fmt: skip
        else:
            yield say("votes", subject, "violated", f"no majority on the surviving side; missing votes: {missing}", f"存活一侧没有多数票；缺票：{missing}",
                      arithmetic=text, at=ground.inventory.where(quorum, "votes"),
                      fix=("give a vote to a witness in a third place that the surviving site reaches by itself", "在第三地设仲裁票，且存活站点可独立到达"))  # fmt: skip
    for quorum in ground.inventory.quorums.values():
        if quorum.scope == "rack":
            yield from _local_votes(ground, world, quorum, lost)


def _local_votes(ground: Ground, world: World, quorum: m.Quorum, lost: set[str]) -> Iterator[Condition]:
    """The majority among the devices of each surviving site that votes."""
    for site in dict.fromkeys(v.site for v in quorum.votes):
        if site in lost:
            continue
        total = sum(v.votes for v in quorum.votes if v.site == site)
        cast, missing = 0, []
        for vote in quorum.votes:
            if vote.site != site:
                continue
            names = (
                [f"{vote.fleet}-{n:03d}" for n in range(1, ground.inventory.fleets[vote.fleet].count + 1)]
                if vote.fleet
                else []
            )
            live = [n for n in names if n in world.reached_names]
            cast += min(len(live), vote.votes) if vote.fleet else vote.votes * (site in world.state.alive)
            missing += [n for n in names if n not in live]
        subject, text = (
            f"quorums/{quorum.name}@{site}",
            f"{cast} of {total}: {cast} x 2 {'>' if cast * 2 > total else '<='} {total}",
        )
        if cast * 2 > total:
            yield say("votes", subject, "holds", f"majority at {site}", f"{site} 拥有多数票", arithmetic=text)
        else:
            yield say("votes", subject, "violated", f"majority lost at {site}; not reached: {names_text(missing, 4)}", f"{site} 失去多数票；不可达：{names_text(missing, 4)}",
                      arithmetic=text, at=ground.inventory.where(quorum, "votes"))  # fmt: skip


def fencing(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Whoever is alive without a majority is kept from writing; a site that is cut off must not have the majority."""
    found = votes_after(ground, world)
    if not found:
        yield _none_declared("fencing", ground)
    for ways in found:
        quorum = ground.inventory.quorums[ways[0].quorum]
        subject = f"quorums/{quorum.name}"
        cut = set(world.case.cut_off)
        keeping = [p for w in ways for p in w.winners if cut & set(p.sites)]
        if keeping:
            p = keeping[0]
            yield say("fencing", subject, "violated", f"{'+'.join(p.sites)} is cut off and still holds the majority: it goes on writing, unseen by users",
                      f"{'+'.join(p.sites)} 已成孤岛但仍有多数票，会继续写入而用户不可见", arithmetic=f"{p.votes} x 2 > {p.total}",
                      at=ground.inventory.where(quorum, "votes"),
                      fix=("give no site a majority of its own; add a witness", "任一站点不得独占多数票；增设仲裁"))  # fmt: skip
            continue
        losers = sorted(
            {
                "+".join(p.sites)
                for w in ways
                for p in w.parties
                if not p.majority and (not cut or cut & set(p.sites))
            }
        )
        if not losers:
            yield say(
                "fencing", subject, "holds", "no side without a majority is left", "没有失去多数票的一侧"
            )
            continue
        who = ", ".join(losers)
        at = ground.inventory.where(quorum, "fencing")
        if quorum.fencing is None:
            yield say("fencing", subject, "not evaluated", f"what keeps {who} from writing is not stated", f"未填写阻止 {who} 写入的手段",
                      at=ground.inventory.where(quorum), fix=("write quorums[].fencing: power, network, storage or none", "填写 quorums[].fencing"))  # fmt: skip
        elif quorum.fencing == "none":
            yield say("fencing", subject, "violated", f"nothing keeps {who} from writing (fencing: none)", f"没有手段阻止 {who} 写入（fencing: none）",
                      at=at, fix=("fence by power, network or storage", "采用电源、网络或存储隔离"))  # fmt: skip
        else:
            yield say(
                "fencing",
                subject,
                "holds",
                f"{who} is fenced by {quorum.fencing}",
                f"{who} 由 {quorum.fencing} 隔离",
            )


def one_majority(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Exactly one side of the split has a majority, whichever side a witness votes for."""
    found = votes_after(ground, world)
    if not found:
        yield _none_declared("one-majority", ground)
    for ways in found:
        quorum = ground.inventory.quorums[ways[0].quorum]
        subject, bad = f"quorums/{quorum.name}", [w for w in ways if len(w.winners) != 1]
        if len(ways[0].parties) < 2 and not bad:
            yield say(
                "one-majority",
                subject,
                "holds",
                f"the sites still reach each other: {_parties_text(ways[0])}",
                f"站点间仍互通：{_parties_text(ways[0])}",
            )
        elif bad:
            yield say("one-majority", subject, "violated", "no side has a majority: all stop writing, or a person decides", "没有一侧拥有多数票：全部停写或由人工决定",
                      arithmetic=_parties_text(bad[0]), at=ground.inventory.where(quorum, "votes"),
                      fix=("add a witness in a third place, reached from each site without passing the other", "在第三地设仲裁，各站点不经对端即可到达"))  # fmt: skip
        else:
            yield say("one-majority", subject, "holds", f"{'+'.join(ways[0].winners[0].sites)} goes on", f"{'+'.join(ways[0].winners[0].sites)} 继续服务",
                      arithmetic=_parties_text(ways[0]) + (f" (first of {len(ways)} ways the witness may vote)" if len(ways) > 1 else ""))  # fmt: skip


PROOFS: dict[ConditionName, Proof] = {"votes": votes, "fencing": fencing, "one-majority": one_majority}
"""Conditions of this module by name."""
