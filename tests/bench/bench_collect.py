"""Reading many switches: `topology.observe.collect` against one netmiko session after the other.

`python -m tests.bench.bench_collect COUNT SLOW_S FOLDER` is the other side: emulated switches in a process of their
own, each answer after SLOW_S seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Bench, Equality, Figure, least_seconds

AIM = 10.0
COUNT, SLOW_S, PORTS = 100, 0.05, 48
USER, PASSWORD = "bench", "bench-only"
Neighbours = list[tuple[str, str, str]]
"""Own port, name and port of the other side."""


def run(rounds: int, quick: bool = False) -> Bench:
    """The factor at 100 switches whose answers take 50 ms; both sides ask the same."""
    from topology.observe.collect import Access, Target, collect
    from topology.observe.record import Record
    from topology.observe.session import Credentials
    from topology.observe.switch_facts import READINGS
    from topology.observe.vrp import lldp_of

    count = 6 if quick else COUNT
    asked = READINGS["huawei_vrp"].commands
    with tempfile.TemporaryDirectory() as name, switches(count, SLOW_S, Path(name)) as port:
        folder = Path(name)
        targets = [Target(f"sw{n}", address(n), "huawei_vrp", port) for n in range(count)]
        access = Access(Credentials(USER, PASSWORD), None, folder / "known_hosts")
        seen: dict[str, dict[str, Neighbours]] = {"ours": {}, "loop": {}}

        def ours() -> None:
            facts = collect(targets, access, Record(folder / "run"), workers=50)
            seen["ours"] = {
                f.name: sorted((n.port, n.system, n.remote_port) for n in f.neighbours or ())
                for f in facts.values()
            }

        def loop() -> None:
            from netmiko import ConnectHandler

            for target in targets:
                line = ConnectHandler(
                    device_type="huawei_vrpv8",
                    host=target.address,
                    port=port,
                    username=USER,
                    password=PASSWORD,
                )
                prompt = rf"<{target.name}>"
                line.send_command("screen-length 0 temporary", expect_string=prompt)
                texts = {c: line.send_command(c, expect_string=prompt) for c in asked.values()}
                assert line.remote_conn_pre is not None
                line.remote_conn_pre.close()  # its disconnect() would wait two seconds more
                seen["loop"][target.name] = sorted(
                    (port, n["remote_system_name"], n["remote_port"])
                    for port, found in lldp_of(str(texts[asked["neighbours"]])).items()
                    for n in found
                )

        times = least_seconds(
            {"collect": ours, "netmiko, one after the other": loop}, 1 if quick else min(rounds, 2)
        )
    one, other = times.values()
    there = sorted((f"10GE1/0/{n}", f"server-10GE1/0/{n}", "p1") for n in range(1, PORTS + 1))
    blind = sum(not found for found in seen["loop"].values())
    figures = (
        Figure(f"neighbours and facts of {count} switches: netmiko loop / collect", other / one, "x", AIM, True,
               detail=f"{other:.1f} s against {one:.1f} s, {SLOW_S * 1000:.0f} ms an answer, emulators on the same cores"),
        Figure("switches the loop took an earlier answer of for a later one", blind, "switches"),
    )  # fmt: skip
    same = (
        Equality(
            f"every neighbour of all {count} switches is read, port by port",
            seen["ours"] == {t.name: there for t in targets},
        ),
        Equality(
            "the same neighbours from the loop, but for switches where it took another answer for them",
            all(found in ([], seen["ours"][name]) for name, found in seen["loop"].items()),
        ),
    )
    return Bench("reading switches, against a netmiko loop", figures, same, times)


def address(number: int) -> str:
    """A loopback address for each switch."""
    return f"127.83.{number // 200}.{number % 200 + 1}"


@contextlib.contextmanager
def switches(count: int, slow_s: float, folder: Path) -> Iterator[int]:
    """Emulated switches as long as the context lasts; the TCP port they all listen on."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bench_collect", str(count), str(slow_s), str(folder)],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)


async def serve(count: int, slow_s: float, folder: Path) -> None:
    """Listen, write the known_hosts file, print the port."""
    import asyncssh

    from rackwright.lab.emulator.device import Faults, Neighbour, PortState, Switch
    from rackwright.lab.emulator.session import listen
    from rackwright.lab.emulator.tree import from_text
    from rackwright.lab.emulator.vrp import VRP
    from rackwright.lab.emulator.vrp_shell import VrpShell

    key, port, names = (
        asyncssh.generate_private_key("ssh-ed25519"),
        0,
        [f"10GE1/0/{n}" for n in range(1, PORTS + 1)],
    )
    public = " ".join(key.export_public_key().decode().split()[:2])
    rows = []
    for number in range(count):
        device = Switch(
            f"sw{number}", VRP, "CE6881", f"SN{number}", "V200R022", {USER: PASSWORD},
            from_text(VRP, f"sysname sw{number}\n"), faults=Faults(slow_s=slow_s),
            neighbours=lambda: [Neighbour(n, "0011-2233-4455", f"server-{n}", "p1") for n in names],
            ports=lambda: [PortState(n, True, True, 10, -2.5, -2.1) for n in names],
        )  # fmt: skip
        port = (await listen(device, VrpShell, key, host=address(number), port=port)).get_port()
        rows.append(f"[{address(number)}]:{port} {public}\n")
    (folder / "known_hosts").write_text("".join(rows), encoding="utf-8")
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])))
