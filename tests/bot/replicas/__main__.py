"""`make chaos`: replicas, Slack and the database fail for minutes; then the figures, and those of a burst.

python -m tests.bot.replicas [MINUTES [SEED]]
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import asyncpg

from bot.database.embedded import DATA, Embedded
from tests.bot.replicas import burst
from tests.bot.replicas.chaos import Chaos, storm
from tests.bot.replicas.fleet import Balancer, Fleet
from tests.bot.wiring import environment, playing


def restart(server: Embedded, home: Path) -> None:
    """PostgreSQL as after a power cut: it is gone at once, and recovers from its log."""
    postmaster = int((home / DATA / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(postmaster, signal.SIGQUIT)
    while Path(f"/proc/{postmaster}").exists():
        time.sleep(0.05)
    server._server.ensure_postgres_running()


async def flood(fleet: Fleet) -> None:
    """Ten thousand deliveries of a hundred threads into one replica; prints how they were taken in and worked off."""
    fleet.stop()
    fleet.quick = False
    replica, url = await fleet.start(), fleet.environ["DATABASE_URL"]
    payloads = [burst.chatter(number, 100) for number in range(10_000)]
    idle, began = replica.memory, time.monotonic()
    sent = await burst.send(f"{replica.url}/slack/events", payloads, "secret", connections=100)
    took = time.monotonic() - began
    times = sorted(each.seconds for each in sent)
    refused = sum(each.status != 200 for each in sent)
    await burst.worked_off(url)
    sys.stdout.write(
        f"burst of {len(sent)}: taken in {took:.1f} s, worked off in {time.monotonic() - began:.1f} s, {refused} refused; "
        f"acknowledged in p50 {times[len(times) // 2]:.2f} s, p99 {times[len(times) * 99 // 100]:.2f} s, at most "
        f"{times[-1]:.2f} s; {await burst.disordered(url)} out of order; memory {idle // 1000} MB idle, "
        f"at most {replica.memory // 1000} MB\n"
    )


async def main(minutes: float, seed: int) -> bool:
    """Prints the figures; whether all is well."""
    async with playing(0.2, 2.0, 6.0) as place:
        with tempfile.TemporaryDirectory(prefix="mailflow-chaos-") as folder:
            home = Path(folder)
            server = Embedded(home)
            admin = await asyncpg.connect(server.uri("postgres"))
            await admin.execute("create database chaos")
            await admin.close()
            environ = environment(place, home, DATABASE_URL=server.uri("chaos"), MAILFLOW_STORM_MINUTES="0")
            (home / "fleet").mkdir()
            fleet = Fleet(environ, home / "fleet")
            chaos = Chaos(place, fleet, environ["DATABASE_URL"], seed)
            try:
                async with Balancer(fleet, everywhere=True, seed=seed) as balancer:
                    place.request_url = balancer.url
                    await storm(chaos, minutes * 60, restart=lambda: restart(server, home))
            finally:
                figures = chaos.judge()
                sys.stdout.write(f"seed {seed}: {figures}\n")
                await flood(fleet)
                fleet.stop()
                await asyncio.to_thread(server.stop)
    return not figures.wrong


if __name__ == "__main__":
    minutes, seed = (*sys.argv[1:3], *("10", "0")[len(sys.argv) - 1 :])
    sys.exit(not asyncio.run(main(float(minutes), int(seed))))
