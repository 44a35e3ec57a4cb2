"""Whether Exchange Online's outbound connector would take a host's TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diagnostics.checks.certificate import judge
from diagnostics.checks.connector_fitness import fitness
from diagnostics.checks.options import Options
from diagnostics.checks.run import Run
from diagnostics.checks.scope import Guarded, Scope
from diagnostics.checks.target import Target
from diagnostics.checks.tls_versions import Versions
from diagnostics.network.live import LiveNetwork
from diagnostics.network.tls import handshake, roots
from tests.fakes.certificates import NOW, SERVED, authorities
from tests.fakes.tls_peer import TlsPeer

HOST = "mail.contoso.com"
MODERN = Versions(accepted=("TLSv1.2", "TLSv1.3"), refused=("TLSv1", "TLSv1.1"))


@pytest.fixture
def public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The lab's root is one of this machine's public ones."""
    monkeypatch.setenv("SSL_CERT_FILE", authorities().ca_file(tmp_path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    roots.cache_clear()
    yield
    roots.cache_clear()


async def facts(name: str, versions: Versions = MODERN, *, tls_domain: str = "", ca_file: str = "") -> dict[str, Any]:
    options = Options(now=NOW, tls_domain=tls_domain, ca_file=ca_file)
    run = Run(Target(HOST), options, Guarded(LiveNetwork([("127.0.0.1", 1)]), Scope()))
    peer = TlsPeer(SERVED[name](authorities(), HOST).context())
    shake = await handshake(peer, server_name=HOST, roots=roots(ca_file))
    judged = judge(shake.chain, shake.faults, names=(HOST,), options=options, built=shake.built)
    await fitness(run, "203.0.113.9:25", judged, versions)
    (attempt,) = run.attempts
    assert attempt.check == "exo-connector"
    assert attempt.outcomes == ()
    assert bool(attempt.facts["reasons"]) == (attempt.facts["fit"] is not True)
    return attempt.facts


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize("domain", ["", HOST, "*.contoso.com"])
async def test_a_healthy_host_fits(domain: str) -> None:
    assert (await facts("healthy", tls_domain=domain))["fit"] is True


@pytest.mark.usefixtures("public")
async def test_a_wildcard_certificate_satisfies_a_name_below_it() -> None:
    assert (await facts("wildcard", tls_domain=HOST))["fit"] is True
    assert (await facts("wildcard", tls_domain="*.contoso.com"))["fit"] is True


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize("domain", ["contoso.com", "mail.fabrikam.com", "*.mail.contoso.com"])
async def test_a_name_that_is_not_on_the_certificate_does_not_fit(domain: str) -> None:
    found = await facts("healthy", tls_domain=domain)
    assert found["fit"] is False
    assert found["settings"] == {"EncryptionOnly": True, "CertificateValidation": True, "DomainValidation": False}


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize(
    "name",
    ["expired", "self-signed", "untrusted-whole", "incomplete-with-address", "weak-rsa", "weak-sha1", "client-only"],
)
async def test_what_microsoft_would_not_take(name: str) -> None:
    found = await facts(name)
    assert found["fit"] is False
    assert found["settings"]["EncryptionOnly"] is True


@pytest.mark.usefixtures("public")
async def test_tls_12_is_needed_even_for_encryption_only() -> None:
    old = Versions(accepted=("TLSv1",), refused=("TLSv1.1", "TLSv1.2", "TLSv1.3"))
    assert (await facts("healthy", old))["settings"]["EncryptionOnly"] is False
    unknown = Versions(accepted=("TLSv1",), unknown=("TLSv1.1", "TLSv1.2", "TLSv1.3"))
    assert (await facts("healthy", unknown))["fit"] == "unknown"


async def test_an_authority_of_the_operators_may_not_be_microsofts(tmp_path: Path) -> None:
    found = await facts("healthy", ca_file=authorities().ca_file(tmp_path))
    assert found["fit"] == "unknown"
    assert "MAILFLOW_CA_FILE" in found["reasons"][0]
