"""The Hybrid Configuration Wizard stops: the name typed in it is not on the SMTP certificate.

## What is happening
The wizard asks for the organization's FQDN and for the certificate of hybrid transport. The certificate doesn't carry that
name, or isn't enabled for SMTP on every chosen server, so the wizard can't build a connector that uses TLS with it, and
its mail flow step throws: `RequiredTls flag should be set to true if TlsCertificateName is specified`.

## What proves it
- the message of Set-HybridMailflow
- the typed FQDN is not in CertificateDomains of the certificate with SMTP among its services

## Not this when
- the certificate carries the name and is enabled for SMTP on every hybrid server

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/requiredtls-flag-should-be-set-to-true-if-tlscertificatename-is-specified-error
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.certificate.steps import enable_for_smtp
from diagnostics.causes.hybrid.wizard import run_again
from diagnostics.facts import InstalledCertificate, Said
from diagnostics.report import Step


@cause(
    id="hybrid.hcw.fqdn-not-on-certificate",
    act="on-prem",
    says=("RequiredTls flag should be set to true if TlsCertificateName is specified", "Set-HybridMailflow"),
    against={
        "is not bound to the SMTP Service": "is about the certificate's services, not about the names on it",
        "must only contain the single address space": "is the wizard's complaint about address spaces, not about a certificate",
    },
)
def assess(
    said: Said, certificate: InstalledCertificate | None, installed: tuple[InstalledCertificate, ...]
) -> Finding | None:
    """The message names the step; the certificates show which one the wizard could not use."""
    worded = "requiredtls flag" in said.text.lower()
    if not worded:
        if certificate is None and "exception" not in said.text.lower():
            return None
        because = "The wizard's mail flow step failed; a name that isn't on the SMTP certificate is one reason."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=1.2)
    because = (
        "The wizard could not put TLS and the chosen certificate together: its FQDN is not on it, or it lacks SMTP."
    )
    smtp = [each for each in installed if each.for_smtp and not each.self_signed]
    told = [each for each in installed if each.services is not None and not each.self_signed]
    if told and not smtp:
        first = told[0]
        because = f"No public certificate of this server has SMTP among its services ({first.subject} has {_services(first)})."
        return Finding(Belief.LIKELY, because, (said, first), _steps(first.thumbprint), weight=1.2)
    names = sorted({name for each in smtp for name in each.names})
    if names:
        because += f" The SMTP certificate carries {', '.join(names[:4])}: type one of these in the wizard."
    return Finding(Belief.LIKELY, because, (said, *smtp[:1]), _steps(""), weight=1.2)


def _services(certificate: InstalledCertificate) -> str:
    return ", ".join(certificate.services or ()) or "none"


def _steps(thumbprint: str) -> tuple[Step, ...]:
    return (
        look(
            "See which names each certificate carries, and whether it is enabled for SMTP, on every hybrid server.",
            "Get-ExchangeCertificate | Format-List Thumbprint,Subject,CertificateDomains,Services,HasPrivateKey,NotAfter",
        ),
        enable_for_smtp(thumbprint),
        run_again().model_copy(
            update={
                "say": "Run the wizard again, with an FQDN that the SMTP certificate carries, and that certificate."
            }
        ),
    )
