"""The Hybrid Configuration Wizard stops at a certificate that has no subject name.

## What is happening
Before it writes anything, the wizard (of Exchange 2010 and 2013 above all) looks at every certificate of the hybrid server,
those that mail never uses included, and reads a domain from its subject. One without a subject breaks that check:
`"" isn't a valid SMTP domain`, at `GlobalPrereqTask.IsValidCert`. Nothing is wrong with the domains.

## What proves it
- that sentence with an empty name, in the check of prerequisites
- a certificate with an empty Subject in Get-ExchangeCertificate of that server

## Not this when
- the sentence names a domain: then that one is mistyped (`recipient.accepted-domain.missing` where it isn't accepted)
- the wizard reads a server without a domain (`DataStrings.InvalidSmtpDomainName`: `hybrid.hcw.stale-server-list`)

## References
- https://learn.microsoft.com/en-us/exchange/troubleshoot/hybrid-configuration-wizard-errors/run-hybrid-configuration-wizard-error
- https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/remove-exchangecertificate
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.hybrid.wizard import message_of, run_again
from diagnostics.facts import InstalledCertificate, Said
from diagnostics.mail_facts import CommandError
from diagnostics.report import Step

_ID: Final = "hybrid.hcw.certificate-without-subject"


@cause(id=_ID, act="on-prem", says=('"" isn\'t a valid SMTP domain',))
def assess(said: CommandError | Said, installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """The empty name is the message; the list of certificates shows whose it is, or that all have one."""
    if message_of(_ID, said) is None:
        return None
    nameless = next((each for each in installed if each.thumbprint and not each.subject.strip()), None)
    if nameless:
        because = (
            f"The certificate {nameless.thumbprint} has no subject, and the wizard reads a domain from every subject."
        )
        return Finding(Belief.CONFIRMED, because, (said, nameless), _steps(nameless.thumbprint))
    if installed:
        because = "Each certificate that was listed has a subject; the wizard looks at those of every chosen server."
        return Finding(Belief.POSSIBLE, because, (said, installed[0]), _steps(""), weight=1.0)
    because = "The wizard read an empty domain while it checked the server's certificates: one of them has no subject."
    return Finding(Belief.LIKELY, because, (said,), _steps(""))


def _steps(thumbprint: str) -> tuple[Step, ...]:
    return (
        look(
            "On each hybrid server, find the certificate whose Subject is empty, and see whether a service uses it.",
            "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Issuer,Services,NotAfter,FriendlyName",
        ),
        change(
            "Where no service uses it, export it with its key (MMC, Certificates of the computer) and remove it.",
            "Remove-ExchangeCertificate -Thumbprint {thumbprint}",
            changes="That certificate leaves the server's store; whatever else used it has to get another one before.",
            undo="Import the exported file again.",
            verify="Get-ExchangeCertificate lists none without a subject.",
            thumbprint=thumbprint,
        ),
        run_again(),
    )
