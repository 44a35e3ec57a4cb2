"""Minutes of fuzzing: `python -m tests.fuzz MINUTES [TARGET …]`.

Atheris (libFuzzer, guided by coverage) where it is installed, else changes by chance. Each target has a process of its own and an
equal share of the time. What breaks one is kept in tests/fuzz/found, which the suite replays from then on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOUND = Path(__file__).parent / "found"
_SLOW = 20  # seconds that one input may take
_LARGEST = 20_000  # bytes of an input
_MOST_SEEDS = 100  # each is run before the first change is made


def main(minutes: float, names: list[str]) -> int:
    """The number of targets that something broke."""
    from tests.fuzz.targets import TARGETS  # a child of Atheris instruments this import

    chosen = names or list(TARGETS)
    seconds = minutes * 60 / len(chosen)
    guided = importlib.util.find_spec("atheris") is not None
    FOUND.mkdir(exist_ok=True)
    broken = 0
    for name in chosen:
        seeds = TARGETS[name].seeds()
        print(f"{name}: {seconds:.0f} s from {len(seeds)} seeds", flush=True)
        broken += not (_guided(name, seeds, seconds) if guided else _by_chance(name, seconds))
    return broken


def _guided(name: str, seeds: list[bytes] | tuple[bytes, ...], seconds: float) -> bool:
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(random.sample(seeds, min(len(seeds), _MOST_SEEDS))):  # others each time
            (Path(corpus) / f"{number:05}").write_bytes(seed[:_LARGEST])
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.guided", name, corpus, f"-max_total_time={seconds:.0f}", f"-timeout={_SLOW}",
             f"-max_len={_LARGEST}", "-rss_limit_mb=2048", f"-artifact_prefix={FOUND}/{name}.", "-print_final_stats=1"],
            capture_output=True, text=True,
        )  # fmt: skip
    print("\n".join(line for line in done.stderr.splitlines() if line.startswith(("stat::number", "stat::average"))))
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-3000:], flush=True)
    return done.returncode == 0


def _by_chance(name: str, seconds: float) -> bool:
    from tests.fuzz.changes import changed
    from tests.fuzz.targets import TARGETS

    target, chance, until = TARGETS[name], random.Random(), time.monotonic() + seconds
    seeds = target.seeds()
    while time.monotonic() < until:
        data = changed(chance, seeds)
        try:
            target.run(data)
        except Exception as broken:  # noqa: BLE001 - whatever is raised is what it looks for
            kept = FOUND / f"{name}.{hashlib.sha256(data).hexdigest()[:12]}"
            kept.write_bytes(data)
            print(f"{kept}: {broken!r}", flush=True)
            return False
    return True


if __name__ == "__main__":
    sys.exit(min(main(float(sys.argv[1]), sys.argv[2:]), 100))
