"""The other server's certificate ends in a root that is not trusted.

## What is happening
The Send connector validates certificates, and the destination shows a self-signed certificate or one of a private
authority: `454 4.7.5 Certificate validation failure, Reason:UntrustedRoot`. The rest of the world delivers there with
unvalidated TLS and sees no problem.

## What proves it
- the log's `Remote certificate` has the same subject and issuer
- `openssl s_client` ends with error 18 or 19, or the issuer is of a directory, or of the organization itself

## Not this when
- the destination is Exchange Online: then the root is missing on our server (`certificate.trust.root-missing-local`)
- only the issuing certificate is not sent (`certificate.remote.chain-incomplete`)
- a handshake verifies it (return code 0): then the root is missing on our server
- a device in between shows its own certificate (`network.middlebox.tls-interception`)

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-sendconnector
- https://learn.microsoft.com/en-us/windows/win32/com/com-error-codes-4
"""

from __future__ import annotations

from msgspec.structs import replace

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.names import is_self_signed, of_own_authority
from diagnostics.causes.certificate.probe import (
    Case,
    leaf_only,
    owner_of,
    raised,
    self_signed,
    stranger,
    validated,
)
from diagnostics.causes.certificate.refusal import Refusal, own_exchange, refusal_of, replaced
from diagnostics.causes.network.providers import of_provider, set_to_provider
from diagnostics.causes.tls.unexplained import UNEXPLAINED, failed_with, unexplained
from diagnostics.facts import Certificate, CertificateRejected, InstalledCertificate, Reply, Said, TlsFailed
from diagnostics.looked_facts import TlsProbe
from diagnostics.mail_facts import Configured
from diagnostics.report import Step


@cause(
    id="certificate.remote.untrusted-root",
    act="recipient-side",
    says=UNEXPLAINED,
    against={
        "disallowed this secure domain": (
            "comes from the Domain Secure list, which asks for mutual TLS; a chain alone says `UntrustedRoot`"
        ),
    },
)
def assess(
    anchor: CertificateRejected | TlsFailed | Said,
    probe: TlsProbe | None,
    installed: tuple[InstalledCertificate, ...],
    replies: tuple[Reply, ...],
    certificates: tuple[Certificate, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """A self-signed certificate in the log or the handshake proves it; Exchange Online as destination refutes it."""
    if isinstance(anchor, Said):
        return _unsaid(anchor, replies, settings)
    refusal = refusal_of(anchor, replies, settings)
    if refusal is None or refusal.reason != "untrusted" or refusal.owner == "ours" or refusal.provider:
        return None
    if refusal.cloud_destination:
        because = f"{refusal.where} is Exchange Online, whose certificate the rest of the world trusts."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if made_by_device := replaced(refusal, certificates):
        return made_by_device
    held = refusal.certificate
    if held and is_self_signed(held):
        because = f"{refusal.where} showed the self-signed `{held.subject}`, and the connector validates certificates."
        return Finding(Belief.CONFIRMED, because, (anchor, held), _steps(refusal.reach))
    if refusal.self_signed and refusal.owner == "theirs":
        because = f"The certificate of {refusal.where} is self-signed, and the sender validates it."
        return Finding(Belief.LIKELY, because, (anchor,), _steps(refusal.reach), weight=1.5)
    told = _by_probe(refusal, probe, installed) if probe else None
    if told:
        return told
    if refusal.owner == "target" and not refusal.by_cloud and (near := _told_of_it(refusal, settings)):
        return near
    said = refusal.seer[0].upper() + refusal.seer[1:] if refusal.owner == "target" else "Our server"
    because = f"{said} does not trust the root behind the certificate of {refusal.where}."
    if held and refusal.owner == "theirs" and of_own_authority(held):
        because += f" It was issued by `{held.issuer}`, the authority of that organization's own directory."
        return Finding(Belief.LIKELY, because, (anchor, held), _steps(refusal.reach), weight=1.5)
    weight = 1.0 if refusal.owner == "target" else 1.5
    return Finding(Belief.POSSIBLE, because, (anchor, held), _steps(refusal.reach), weight=weight)


@shown
def handshakes(
    probes: tuple[TlsProbe, ...],
    installed: tuple[InstalledCertificate, ...],
    rejected: tuple[CertificateRejected, ...],
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
) -> Finding | None:
    """Who issued the certificate that the other server shows."""
    case = Case(installed, rejected, replies, settings)
    theirs = case.of_others(probes)
    strange = next(filter(stranger, theirs), None)
    if strange is None:
        return validated(theirs)
    because = f"{strange.host or strange.subject or 'The server'} shows a chain that no public root stands behind: it was issued "
    because += f"by `{strange.issuer or strange.subject}`."
    found = raised(case, strange, "theirs", because)
    return replace(found, steps=_steps(strange.host)) if found else None


def _unsaid(said: Said, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """A handshake that failed for a reason that the application keeps to itself; the world trusts a provider's certificate."""
    if not unexplained(said, replies) or of_provider(said.by or said.host or set_to_provider(settings)):
        return None
    because = f"{failed_with(said)}; mostly it is the certificate: self-signed, or of an authority that the application doesn't "
    because += "trust."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(said.host), weight=1.2)


def _told_of_it(refusal: Refusal, settings: tuple[Configured, ...]) -> Finding | None:
    """What an application refused, where the words or the person tell more of that server's certificate."""
    gateway = next((each for each in settings if each.kind == "told-gateway" and each.name == "new"), None)
    if gateway:
        because = (
            "The mail gateway was changed, as you say, and an application does not trust the certificate it is shown "
        )
        because += (
            "since: a gateway comes with one that it made itself, and offers STARTTLS with it, until it gets one of "
        )
        because += "an authority that its clients trust."
        return Finding(Belief.POSSIBLE, because, (refusal.fact, gateway), _steps(refusal.reach), "on-prem", weight=2.0)
    if not refusal.self_signed:
        return None
    because = f"The certificate that {refusal.where} shows is self-signed, and the client validates it."
    weight = 0.6 if own_exchange(settings) else 1.6
    return Finding(Belief.POSSIBLE, because, (refusal.fact,), _steps(refusal.reach), weight=weight)


def _by_probe(refusal: Refusal, probe: TlsProbe, installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """What a bare handshake from elsewhere says about that chain."""
    if owner_of(probe, installed, (), ()) == "ours":
        because = f"The server that was probed ({probe.host or probe.subject}) is your own."
        return Finding(Belief.RULED_OUT, because, (probe,))
    if probe.verify == 0:
        because = (
            f"From elsewhere the certificate of {probe.host or refusal.where} validates: the trust is missing here."
        )
        return Finding(Belief.RULED_OUT, because, (probe,))
    if leaf_only(probe):
        because = (
            f"{probe.host or refusal.where} leaves out its issuing certificate; the root itself is not the matter."
        )
        return Finding(Belief.POSSIBLE, because, (refusal.fact, probe), _steps(refusal.reach), weight=0.5)
    if self_signed(probe):
        because = (
            f"{refusal.where} shows a chain that ends in a self-signed certificate ({probe.issuer or probe.subject})."
        )
        return Finding(Belief.LIKELY, because, (refusal.fact, probe), _steps(refusal.reach))
    return None


def _steps(host: str) -> tuple[Step, ...]:
    return (
        steps.show_chain(host, "Look at the issuer chain that the destination sends."),
        look(
            "See which connector validates certificates for this destination.",
            "Get-SendConnector | Format-List Name,AddressSpaces,TlsAuthLevel,TlsDomain,DomainSecureEnabled",
        ),
        look(
            "Find whom to ask for a publicly trusted certificate, if the destination is a partner's.",
            "Resolve-DnsName {recipient_domain} -Type MX",
            "powershell",
            recipient_domain="",
        ),
        steps.retry_queues(),
    )
