"""Large logs, beside the tools that people would otherwise use on them, on the same file in the same run.

Every tool answers the bare question: how many sessions, and which failed first and when. Ours gives its full answer. Each runs
as a whole command, from the start of its interpreter to its end, the best of BENCH_RUNS (3); `processor` is the time of all its
cores, which other work on the machine hardly changes. What is written in Python also tells how long it took without its start and
its imports. Like is compared with like: two lines at the end hold whole commands, and what runs in a process that has loaded
everything, against each other. polars and DuckDB are asked where BENCH_PYTHON (by default this Python) has them.

    python -m tests.bench.logs 250 2000     sizes in MB
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.logs_generator import FIELDS, Log, Plan, Truth

_SIZES = (250,)
_RUNS = int(os.environ.get("BENCH_RUNS", "3"))
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MAILFLOW = str(Path(sys.executable).parent / "mailflow")
_AWK = (
    'BEGIN{FS=","} /^2/{s[$3]=1; if(($7=="<"&&$8~/^"?[45][0-9][0-9]/)||/TLS negotiation failed/)if(!($3 in f))f[$3]=$1}'
    "END{n=0;for(i in s)n++;k=0;for(i in f)k++;print n,k}"
)
_CSV = """
import csv, sys, time
began = time.perf_counter()
first, seen = {}, set()
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    for row in csv.reader(file):
        if len(row) == 9 and row[0][:1] == "2":
            seen.add(row[2])
            if row[8].startswith("TLS negotiation failed") or (row[6] == "<" and row[7][:1] in ("4", "5")):
                first.setdefault(row[2], row[0])
print(len(seen), len(first))
print(time.perf_counter() - began, file=sys.stderr)
"""
_OURS = """
import sys, time
from diagnostics.logs.answer import answer, find, warm
warm()
began = time.perf_counter()
print(answer(find([sys.argv[1]]), workers=int(sys.argv[2])).model_dump_json())
print(time.perf_counter() - began, file=sys.stderr)
"""
_DUCKDB = """
import sys, time, duckdb
began = time.perf_counter()
columns = {name: "VARCHAR" for name in "FIELDS".split(",")}
print(duckdb.sql(f'''select count(*), count(first) from (select "session-id", min(case
when context like 'TLS negotiation failed%' or (event = '<' and regexp_matches(data, '^[45][0-9][0-9]')) then "date-time" end)
as first from read_csv('{sys.argv[1]}', columns={columns}, header=false, skip=5, ignore_errors=true, null_padding=true)
group by 1)''').fetchall())
print(time.perf_counter() - began, file=sys.stderr)
""".replace("FIELDS", FIELDS["send"])
_POLARS = """
import sys, time, polars as pl
began = time.perf_counter()
rows = pl.scan_csv(sys.argv[1], has_header=False, skip_rows=5, new_columns="FIELDS".split(","), infer_schema_length=0,
                   ignore_errors=True, truncate_ragged_lines=True)
failed = pl.col("context").str.starts_with("TLS negotiation failed") | (
    (pl.col("event") == "<") & pl.col("data").str.contains("^[45][0-9][0-9]"))
print(rows.group_by("session-id").agg(pl.col("date-time").filter(failed).min().alias("first"))
      .select(pl.len(), pl.col("first").count()).collect(engine="streaming").row(0))
print(time.perf_counter() - began, file=sys.stderr)
""".replace("FIELDS", FIELDS["send"])


def _tools(path: str) -> Iterator[tuple[str, list[str]]]:
    python = os.environ.get("BENCH_PYTHON", sys.executable)
    yield "mailflow, every core", [_MAILFLOW, "diagnose", "--json", path]
    yield "mailflow, one process", [_MAILFLOW, "diagnose", "--json", "--jobs", "1", path]
    yield "ours, loaded before", [sys.executable, "-c", _OURS, path, str(len(os.sched_getaffinity(0)))]
    yield "grep -c, one string", ["grep", "-c", "TLS negotiation failed", path]
    yield "wc -l", ["wc", "-l", path]
    yield "mawk", ["mawk", _AWK, path]
    yield "csv.reader", [sys.executable, "-c", _CSV, path]
    yield "polars", [python, "-c", _POLARS, path]
    yield "duckdb", [python, "-c", _DUCKDB, path]


def _missing(command: Sequence[str], name: str) -> bool:
    if name in ("polars", "duckdb"):
        return subprocess.run([command[0], "-c", f"import {name}"], capture_output=True).returncode != 0
    return shutil.which(command[0]) is None


@dataclass(frozen=True, slots=True)
class _Run:
    """Seconds of the whole command, of the processor, and counted by itself in process (0 where it doesn't); peak memory of all
    its processes in MB; what it printed."""

    took: float
    processor: float
    own: float
    memory: float
    out: bytes


def _best(command: Sequence[str]) -> _Run:
    """Of each figure the best of several runs, and of memory the worst."""
    runs = [_run(command) for _ in range(_RUNS)]
    return _Run(
        min(run.took for run in runs),
        min(run.processor for run in runs),
        min(run.own for run in runs),
        max(run.memory for run in runs),
        runs[0].out,
    )


def _run(command: Sequence[str]) -> _Run:
    before, began = _processor(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        peak = [0]
        watch = threading.Thread(target=_watch, args=(process, peak))
        watch.start()
        out, own = process.communicate()
        process.wait()
        took = time.perf_counter() - began
    watch.join()
    return _Run(took, _processor() - before, float(own.decode().strip() or 0), peak[0] / 1e6, out)


def _processor() -> float:
    """Seconds of the processor that children took which are over, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], sum(_own_memory(pid) for pid in _family(process.pid)))
        time.sleep(0.02)


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in _family(int(child)))]


def _own_memory(pid: int) -> int:
    """Bytes of a process that are not those of a mapped file. Pages that a fork shares are counted for each of them."""
    try:
        _, resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _generate(path: Path, plan: Plan) -> Truth:
    log = Log(plan)
    with path.open("w", newline="", encoding="utf-8") as file:
        file.writelines(log.lines())
    return log.truth


def _agrees(out: bytes, truth: Truth) -> str:
    """Whether the full answer is the truth: it is the same run that is measured."""
    kind = json.loads(out)["log"]["kinds"][0]
    same = (kind["sessions"], kind["failed"], kind["messages"]) == (truth.count, truth.failed, truth.messages)
    return (
        "exact"
        if same
        else f"WRONG: {kind['sessions']} sessions, {kind['failed']} failed; there are {truth.count}, {truth.failed}"
    )


def _pairs(runs: dict[str, _Run]) -> None:
    """Like beside like: whole commands, and what is loaded before."""
    others = [name for name in ("grep -c, one string", "polars", "duckdb") if name in runs]
    whole = [f"{name} {runs[name].took:.2f} s" for name in ("mailflow, every core", *others)]
    loaded = [f"{name} {runs[name].own:.2f} s" for name in ("ours, loaded before", *others) if runs[name].own]
    print(f"  whole commands:  {', '.join(whole)}")
    print(f"  loaded before:   {', '.join(loaded)}", flush=True)


def _others(folder: Path, megabytes: int) -> None:
    """Our own figures for other kinds of logs, and for columns that are not Exchange's."""
    moved = ("logfile", "row", *FIELDS["send"].split(","))
    for name, plan in (
        ("connectivity", Plan(megabytes * 1_000_000, kind="connectivity")),
        ("message tracking", Plan(megabytes * 1_000_000, kind="tracking")),
        ("two columns before", Plan(megabytes * 1_000_000, columns=moved)),
    ):
        path = folder / "OTHER.LOG"
        truth = _generate(path, plan)
        run = _best([_MAILFLOW, "diagnose", "--json", str(path)])
        note = _agrees(run.out, truth)
        print(
            f"  {name:24} {run.took:8.2f} s {run.processor:6.2f} s processor, {truth.count:,} sessions {note}",
            flush=True,
        )
        path.unlink()


def main(sizes: Sequence[int] = _SIZES) -> None:
    with tempfile.TemporaryDirectory(prefix="mailflow-bench-") as folder:
        for size in sizes:
            path = Path(folder) / f"SEND-{size}.LOG"
            truth = _generate(path, Plan(size=size * 1_000_000))
            real = path.stat().st_size / 1e6
            print(f"\nA log of {real:.0f} MB, {truth.lines:,} lines, {truth.count:,} sessions, {truth.failed:,} failed")
            runs = {}
            for name, command in _tools(str(path)):
                if _missing(command, name):
                    print(f"  {name:24} not installed")
                    continue
                run = runs[name] = _best(command)
                ours = name.startswith(("mailflow", "ours"))
                note = _agrees(run.out, truth) if ours else run.out.decode()[:40].strip()
                own = f"{run.own:6.2f} s in process" if run.own else ""
                line = f"  {name:24} {run.took:8.2f} s {run.processor:6.2f} s processor {real / run.took:7.0f} MB/s"
                print(f"{line} {run.memory:6.0f} MB {own:20} {note}", flush=True)
            _pairs(runs)
            path.unlink()
        print(f"\nOther logs of {min(sizes)} MB, every core")
        _others(Path(folder), min(sizes))


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or _SIZES)
