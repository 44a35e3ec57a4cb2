"""A real server: Postfix, set up for the occasion on loopback, is healthy; misconfigured, it has the fault."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checks.smtp_lab import Lab
from tests.fakes.certificates import SERVED, authorities
from tests.fakes.smtp import NAME

POSTFIX = shutil.which("postfix", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")
pytestmark = [
    pytest.mark.skipif(not POSTFIX, reason="Postfix is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="Postfix starts as root only"),
]

MAIN = """
compatibility_level = 3.6
myhostname = {name}
mydestination = {name}
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mynetworks = 192.0.2.1/32
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
smtpd_tls_cert_file = {folder}/chain.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_security_level = may
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_protocols = >=TLSv1.2
"""
MASTER = """
127.0.0.1:{healthy} inet n - n - - smtpd
127.0.0.1:{plain} inet n - n - - smtpd -o smtpd_tls_security_level=none
127.0.0.1:{relaying} inet n - n - - smtpd -o mynetworks=0.0.0.0/0
127.0.0.1:{wrapped} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:{closed} inet n - n - - smtpd -o smtpd_client_restrictions=reject -o smtpd_delay_reject=no
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
"""
SERVICES = ("healthy", "plain", "relaying", "wrapped", "closed")


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    folder = Path(tempfile.mkdtemp(prefix="postfix-", dir="/tmp"))  # not tmp_path, which only its owner may enter
    folder.chmod(0o755)
    free = _free_ports()
    SERVED["healthy"](authorities(), NAME).files(folder)
    (folder / "main.cf").write_text(MAIN.format(name=NAME, folder=folder))
    (folder / "master.cf").write_text(MASTER.format(**free))
    (folder / "queue").mkdir()
    (folder / "data").mkdir()
    shutil.chown(folder / "data", "postfix")
    try:
        done = _postfix(folder, "start")
        if done.returncode:
            pytest.skip(f"Postfix does not start here: {done.stderr.strip()[-200:]}")
        yield free
    finally:
        _postfix(folder, "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports() -> dict[str, int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in SERVICES]
    free = {name: each.getsockname()[1] for name, each in zip(SERVICES, sockets, strict=True)}
    for each in sockets:
        each.close()
    return free


def _postfix(folder: Path, verb: str) -> subprocess.CompletedProcess[str]:
    assert POSTFIX
    return subprocess.run([POSTFIX, "-c", folder, verb], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize(
    ("service", "outcomes"),
    [
        ("healthy", []),
        ("plain", ["starttls_not_offered"]),
        ("relaying", ["open_relay"]),
        ("wrapped", ["implicit_tls"]),
        ("closed", ["greeting_554"]),
    ],
)
async def test_postfix(ports, tmp_path, service, outcomes):
    seen = await Lab.made(tmp_path).look_at(["127.0.0.1"], {25: ports[service]})
    assert seen.outcomes == outcomes, [attempt.model_dump() for attempt in seen.run.attempts]
