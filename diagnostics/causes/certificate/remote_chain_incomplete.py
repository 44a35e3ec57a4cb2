"""The other server sends its certificate without the issuing one.

## What is happening
The destination has a certificate of a public authority but sends it alone. Clients that fetch missing issuers
validate it all the same; Exchange Online doesn't fetch them and reports `450 4.4.317 … [Message=UntrustedRoot]`.

## What proves it
- `openssl s_client -showcerts` lists one certificate although its issuer is a public authority, and ends with error
  20 or 21

## Not this when
- the whole chain is sent
- the server is our own (`certificate.local.intermediate-missing`)
- the certificate is self-signed or of a private authority (`certificate.remote.untrusted-root`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-450-4-4-317-untrusted-root
"""

from __future__ import annotations

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.probe import (
    Case,
    cut_short,
    leaf_only,
    owner_of,
    raised,
    self_signed,
    validated,
)
from diagnostics.causes.certificate.refusal import refusal_of, refusals_of, replaced
from diagnostics.facts import Certificate, CertificateRejected, InstalledCertificate, Reply, TlsFailed
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured
from diagnostics.report import Step


@cause(id="certificate.remote.chain-incomplete", act="recipient-side")
def assess(
    anchor: CertificateRejected | TlsFailed | TlsProbe,
    probe: TlsProbe | None,
    installed: tuple[InstalledCertificate, ...],
    shown: tuple[Certificate, ...],
    rejected: tuple[CertificateRejected, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """The handshake decides: how many certificates were sent, and is the server somebody else's?"""
    if isinstance(anchor, TlsProbe):
        refusals = refusals_of(rejected, replies)
        owner = owner_of(anchor, installed, shown, refusals)
        return _from_probe(anchor, owner, refused=any(r.reason == "untrusted" for r in refusals))
    refusal = refusal_of(anchor, replies, settings)
    if refusal is None or refusal.reason != "untrusted" or refusal.owner == "ours":
        return None
    if refusal.cloud_destination or refusal.provider:
        return None
    if refusal.self_signed:
        because = f"The certificate that {refusal.where} shows is self-signed: no issuing certificate belongs to it."
        return Finding(Belief.RULED_OUT, because, (anchor,)) if refusal.of_no_issuer else None
    if refusal.rooted:
        because = f"The chain of {refusal.where} was shown whole: it ends in a root that the client does not trust."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if device_made := replaced(refusal, shown):
        return device_made
    if probe and probe.chain > 1 and probe.verify == 0:
        return Finding(Belief.RULED_OUT, f"The server sends {probe.chain} certificates, and they validate.", (probe,))
    if probe and self_signed(probe):
        return _whole(probe, probe.host or refusal.where)
    if probe and leaf_only(probe):
        return None  # asked about the handshake itself
    because = (
        f"The chain of {refusal.where} could not be built up to a trusted root; the issuing certificate may be missing."
    )
    weight = 1.4 if refusal.owner == "target" else 1.0
    return Finding(Belief.POSSIBLE, because, (anchor,), _steps(refusal.reach), weight=weight)


@shown
def handshakes(
    probes: tuple[TlsProbe, ...],
    installed: tuple[InstalledCertificate, ...],
    rejected: tuple[CertificateRejected, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """How many certificates the other server sends."""
    case = Case(installed, rejected, replies, settings)
    theirs = case.of_others(probes)
    alone = next(filter(cut_short, theirs), None)
    if alone:
        found = raised(case, alone, "theirs", f"{_sends_one(alone)}.")
        return replace(found, steps=_steps(alone.host)) if found else None
    whole = next(filter(self_signed, theirs), None)
    return _whole(whole, whole.host) if whole else validated(theirs)


def _whole(probe: TlsProbe, where: str) -> Finding:
    because = f"{where or 'The server'} sends a chain that is whole; it ends in a certificate that signed itself."
    return Finding(Belief.RULED_OUT, because, (probe,))


def _sends_one(probe: TlsProbe) -> str:
    return f"{probe.host or probe.subject or 'The server'} sends one certificate and not its issuer ({probe.issuer or 'unnamed'})"


def _from_probe(probe: TlsProbe, owner: str, *, refused: bool) -> Finding | None:
    if not leaf_only(probe):
        return None
    if owner == "ours":
        because = f"The server that was probed ({probe.host or probe.subject}) is your own."
        return Finding(Belief.RULED_OUT, because, (probe,))
    because = _sends_one(probe)
    if owner == "theirs":
        belief = Belief.CONFIRMED if refused else Belief.LIKELY
        return Finding(belief, f"{because}.", (probe,), _steps(probe.host))
    because += ". If that server is not yours, its owner must send the whole chain."
    return Finding(Belief.POSSIBLE, because, (probe,), _steps(probe.host), weight=1.6)


def _steps(host: str) -> tuple[Step, ...]:
    return (
        look(
            "Count the certificates that the destination sends; one is too few.",
            "openssl s_client -starttls smtp -showcerts -connect {host:token}:25 </dev/null | grep -c 'BEGIN "
            "CERTIFICATE'",
            "bash",
            host=host,
        ),
        steps.show_chain(host, "Send the owner of the server what it shows, with the name of the missing issuer."),
        look(
            "Find out who runs the server.",
            "Resolve-DnsName {recipient_domain} -Type MX",
            "powershell",
            recipient_domain="",
        ),
    )
