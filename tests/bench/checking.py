"""Looking at a mail server on loopback: our verdict on STARTTLS and certificate, and what other tools take to get there."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from diagnostics.checks.certificate import judge
from diagnostics.checks.options import Options
from diagnostics.network import Stream
from diagnostics.network.live import LiveNetwork
from diagnostics.network.tls import handshake, roots
from tests.fakes.certificates import NOW, SERVED, Lab, authorities

HOST = "mail.contoso.com"
RUNS = 40


async def _line(stream: Stream, command: bytes = b"") -> bytes:
    """The last line of the reply to `command`, or of the greeting."""
    if command:
        await stream.write(command + b"\r\n")
    reply = b""
    while not reply.endswith(b"\r\n") or reply.splitlines()[-1][3:4] == b"-":
        reply += await stream.read(4096)
    return reply


async def _verdict(port: int, options: Options) -> None:
    stream = await LiveNetwork([("127.0.0.1", 1)]).connect("127.0.0.1", port)
    for command in (b"", b"EHLO mailflow.invalid", b"STARTTLS"):
        await _line(stream, command)
    agreed = await handshake(stream, server_name=HOST, roots=roots(options.ca_file))
    judged = judge(agreed.chain, agreed.faults, names=(HOST,), options=options, built=agreed.built)
    assert judged.facts["chain"]["trusted"]
    assert not judged.outcomes
    await agreed.stream.close()


async def _ours(port: int, options: Options) -> float:
    await _verdict(port, options)
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        await _verdict(port, options)
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


def _theirs(command: list[str]) -> float:
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


def _others(port: int, ca_file: str) -> dict[str, list[str]]:
    at = f"127.0.0.1:{port}"
    return {
        "openssl": ["openssl", "s_client", "-starttls", "smtp", "-connect", at, "-servername", HOST, "-CAfile", ca_file,
                    "-verify_hostname", HOST, "-verify_return_error"],
        "posttls-finger": ["posttls-finger", "-c", "-l", "secure", "-F", ca_file, f"[127.0.0.1]:{port}", HOST],
        "sslyze": ["sslyze", "--starttls", "smtp", "--certinfo", at],
    }  # fmt: skip


def main() -> dict[str, float]:
    """Median milliseconds for one healthy host: ours in a warm process, the others as whole commands."""
    with tempfile.TemporaryDirectory(prefix="mailflow-bench-") as folder, _server(Path(folder)) as port:
        ca_file = str(Path(folder) / "ca.pem")
        figures = {"STARTTLS and certificate verdict, ms": asyncio.run(_ours(port, Options(now=NOW, ca_file=ca_file)))}
        for name, command in _others(port, ca_file).items():
            if shutil.which(name):
                figures[f"{name}, ms"] = _theirs(command)
            else:
                print(f"  ({name} is not installed)")
    return figures


@contextmanager
def _server(folder: Path) -> Iterator[int]:
    """A healthy server in a process of its own, so that it shares no lock with the client; its port."""
    mine, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, its), daemon=True)
    process.start()
    try:
        yield mine.recv()
    finally:
        process.terminate()
        process.join()


def _serve(folder: Path, started: Connection) -> None:
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of clients that say no goodbye
    lab = authorities()
    lab.ca_file(folder)
    asyncio.run(_listen(lab, folder, started.send))


async def _listen(lab: Lab, folder: Path, started: Callable[[int], None]) -> None:
    context = SERVED["healthy-rsa"](lab, HOST).ssl_context(folder)

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(b"220 mail.contoso.com ESMTP\r\n")
            while line := (await reader.readline()).strip().upper():
                writer.write(_answer(line))
                if line == b"STARTTLS":
                    await writer.start_tls(context)
        writer.close()

    server = await asyncio.start_server(session, "127.0.0.1", 0)
    started(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _answer(line: bytes) -> bytes:
    if line.startswith(b"EHLO"):
        return b"250-mail.contoso.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
    return b"220 go ahead\r\n" if line == b"STARTTLS" else b"250 ok\r\n"
