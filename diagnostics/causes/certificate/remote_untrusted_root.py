"""The other server's certificate ends in a root that is not trusted.

## What is happening
The Send connector validates certificates, and the destination shows a self-signed certificate or one of a private
authority: `454 4.7.5 Certificate validation failure, Reason:UntrustedRoot`. The rest of the world delivers there with
unvalidated TLS and sees no problem.

## What proves it
- the log's `Remote certificate` has the same subject and issuer
- `openssl s_client` ends with error 18 or 19

## Not this when
- the destination is Exchange Online: then the root is missing on our server (`certificate.trust.root-missing-local`)
- only the issuing certificate is not sent (`certificate.remote.chain-incomplete`)
- a device in between shows its own certificate (`network.middlebox.tls-interception`)

## References
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-sendconnector
- https://learn.microsoft.com/en-us/windows/win32/com/com-error-codes-4
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.names import is_self_signed
from diagnostics.causes.certificate.probe import SELF_SIGNED, SELF_SIGNED_ROOT, leaf_only, self_signed
from diagnostics.causes.certificate.refusal import refusal_of
from diagnostics.facts import CertificateRejected, Reply, TlsFailed, TlsProbe
from diagnostics.report import Step


@cause(id="certificate.remote.untrusted-root", act="recipient-side")
def assess(
    anchor: CertificateRejected | TlsFailed, probe: TlsProbe | None, replies: tuple[Reply, ...]
) -> Finding | None:
    """A self-signed certificate in the log or the handshake proves it; Exchange Online as destination refutes it."""
    refusal = refusal_of(anchor, replies)
    if refusal is None or refusal.reason != "untrusted" or refusal.owner == "ours":
        return None
    if refusal.cloud_destination:
        because = f"{refusal.where} is Exchange Online, whose certificate the rest of the world trusts."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    held = refusal.certificate
    if held and is_self_signed(held):
        because = f"{refusal.where} showed the self-signed `{held.subject}`, and the connector validates certificates."
        return Finding(Belief.CONFIRMED, because, (anchor, held), _steps(refusal.host))
    if probe and probe.verify == 0:
        because = (
            f"From elsewhere the certificate of {probe.host or refusal.where} validates: the trust is missing here."
        )
        return Finding(Belief.RULED_OUT, because, (probe,))
    if probe and leaf_only(probe):
        because = (
            f"{probe.host or refusal.where} leaves out its issuing certificate; the root itself is not the matter."
        )
        return Finding(Belief.POSSIBLE, because, (anchor, probe), _steps(refusal.host), weight=0.5)
    if probe and (self_signed(probe) or probe.verify in (SELF_SIGNED, SELF_SIGNED_ROOT)):
        because = (
            f"{refusal.where} shows a chain that ends in a self-signed certificate ({probe.issuer or probe.subject})."
        )
        return Finding(Belief.LIKELY, because, (anchor, probe), _steps(refusal.host))
    said = "Exchange Online" if refusal.owner == "target" else "Our server"
    because = f"{said} does not trust the root behind the certificate of {refusal.where}."
    weight = 1.0 if refusal.owner == "target" else 1.5
    return Finding(Belief.POSSIBLE, because, (anchor, held), _steps(refusal.host), weight=weight)


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
