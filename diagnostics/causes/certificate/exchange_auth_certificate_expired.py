"""The Exchange Auth (OAuth) certificate has expired or is missing.

## What is happening
`Microsoft Exchange Server Auth Certificate` signs tokens between servers. When it expires, OWA and ECP log-ons,
hybrid free/busy and other OAuth features fail (event 1003 with ParseCadataCookies), and since the update of November 2023
Queue Viewer, too (`Failed to enable constraints`). SMTP doesn't use it: mail flow
does not stop for it, and it is only in the way when somebody takes it for the SMTP certificate.

## What proves it
- `Get-AuthConfig` names a thumbprint that has expired or is not installed
- the hybrid wizard says so: "couldn't find the authorization certificate with thumbprint …"

## Not this when
- the certificate that `Get-AuthConfig` names is installed and in date
- the trouble is mail that is not delivered: look for the SMTP certificate (`certificate.local.expired-smtp`)

## References
- https://microsoft.github.io/CSS-Exchange/Diagnostics/HealthChecker/AuthCertificateCheck/
- https://microsoft.github.io/CSS-Exchange/Emerging-Issues/
- https://learn.microsoft.com/en-us/troubleshoot/exchange/administration/cannot-access-owa-or-ecp-if-oauth-expired
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate.names import common_name, is_list
from diagnostics.facts import (
    CertificateRejected,
    ConnectFailed,
    ConnectionDropped,
    InstalledCertificate,
    Reply,
    Said,
    StarttlsNotOffered,
    TlsFailed,
)
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_NAME = "microsoft exchange server auth certificate"
_WHOLE = 40  # characters of a thumbprint that was neither cut off nor masked
_COOKIES = "FbaModule.ParseCadataCookies"
# The hybrid wizard, and the cmdlets that it calls, of the certificate that Get-AuthConfig names.
_GONE = ("find the authorization certificate with thumbprint", "authorization certificate wasn't found")
_ISSUER = "V1ProfileLocalTokenIssuer"  # in a crash's parameters: what makes the tokens that Exchange signs for itself

# Queue Viewer, since the update of November 2023 signs what PowerShell hands on, with this certificate.
_UNSIGNED = "Failed to enable constraints. One or more rows contain values violating"


@cause(id="certificate.exchange.auth-certificate-expired", act="on-prem", says=(_COOKIES, _UNSIGNED, _ISSUER, *_GONE))
def assess(
    anchor: Said | InstalledCertificate | Configured,
    handshakes: tuple[TlsFailed, ...],
    rejected: tuple[CertificateRejected, ...],
    unreached: tuple[ConnectFailed, ...],
    dropped: tuple[ConnectionDropped, ...],
    missing: tuple[StarttlsNotOffered, ...],
    replies: tuple[Reply, ...],
    objects: tuple[Configured, ...],
) -> Finding | None:
    """Where mail is what fails, an expired Auth certificate is named only to be set aside."""
    refused = [each for each in replies if each.failing]
    mail_fails = any((handshakes, rejected, unreached, dropped, missing, refused))
    if isinstance(anchor, Configured):
        return None if mail_fails else _checked(anchor)
    if isinstance(anchor, Said) and anchor.signature in _GONE:
        because = "The organization's OAuth settings name a certificate that is not installed on the server."
        return Finding(Belief.LIKELY, because, (anchor,), _steps(), weight=1.4)
    if isinstance(anchor, Said) and anchor.signature == _ISSUER:
        because = (
            "A process crashed while Exchange made the part that signs its own OAuth tokens: without a valid Auth "
        )
        because += "certificate that fails at every request."
        return Finding(Belief.LIKELY, because, (anchor,), _steps(), weight=1.4)
    if isinstance(anchor, Said) and anchor.signature == _UNSIGNED:
        because = "Queue Viewer can't read what the server hands it. Since the security update of November 2023 that is signed "
        because += "with the Auth certificate: where it has expired, the tool fails, and Get-Queue in the shell shows the queues."
        because += " Mail flow does not depend on it."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(), weight=1.6)
    if isinstance(anchor, Said):
        because = "OWA and ECP fail in ParseCadataCookies, which is what an expired or missing Auth certificate does."
        return Finding(Belief.LIKELY, because, (anchor,), _steps())
    if common_name(anchor.subject) != _NAME or not anchor.expired:
        return None
    which = f"The Auth certificate {anchor.thumbprint}".strip()
    because = f"{which} has expired ({anchor.not_after or anchor.status})"
    if mail_fails:
        return Finding(Belief.RULED_OUT, f"{because}, but it signs OAuth tokens; SMTP does not use it.", (anchor,))
    named = next((each for each in objects if each.kind == "auth-config"), None)
    return _expired(anchor, because, named)


@shown
def signing(installed: tuple[InstalledCertificate, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """The certificate that the organization signs with, in the list of a server."""
    named = next((each for each in objects if each.kind == "auth-config"), None)
    current = named.get("CurrentCertificateThumbprint").upper() if named else ""
    signs = next((each for each in installed if len(current) == _WHOLE and each.thumbprint == current), None)
    of_name = [each for each in installed if common_name(each.subject) == _NAME]
    dead = signs if signs and signs.expired else next((each for each in of_name if each.expired), None)
    if signs and signs.expired is False:
        because = f"The Auth certificate that Get-AuthConfig names, {current}, is installed here and in date."
        return Finding(Belief.RULED_OUT, because, (signs, named))
    if dead and (signs is dead or not any(each.expired is False for each in of_name)):
        return _expired(
            dead, f"The Auth certificate {dead.thumbprint} has expired ({dead.not_after or dead.status})", named
        )
    if len(current) == _WHOLE and signs is None and is_list(installed):
        because = f"Get-AuthConfig names {current} as the certificate that signs, and it is none of the {len(installed)} that "
        because += "were listed here."
        return Finding(Belief.LIKELY, because, (named, *installed[:3]), _steps())
    return None


def _expired(certificate: InstalledCertificate, because: str, named: Configured | None) -> Finding:
    """`named` is what Get-AuthConfig shows: an expired certificate that it no longer names signs nothing."""
    current = named.get("CurrentCertificateThumbprint").upper() if named else ""
    both = len(current) == len(certificate.thumbprint) == _WHOLE
    if both and current != certificate.thumbprint:
        because += f", but Get-AuthConfig names {current} as the one that signs."
        return Finding(Belief.RULED_OUT, because, (certificate, named))
    belief = Belief.CONFIRMED if both else Belief.LIKELY
    because += ": OAuth features fail; mail flow does not."
    return Finding(belief, because, (certificate, named), _steps())


def _checked(server: Configured) -> Finding | None:
    if server.kind != "exchange-server" or server.flag("ValidAuthCertificate") is not False:
        return None
    because = f"HealthChecker finds no valid Auth certificate on {server.name or 'the server'}: OAuth features fail; "
    because += "mail flow does not."
    return Finding(Belief.LIKELY, because, (server,), _steps())


def _steps() -> tuple[Step, ...]:
    return (
        look(
            "See which certificate signs, and whether it is installed and valid, on each server.",
            "Get-AuthConfig | Format-List CurrentCertificateThumbprint,NextCertificateThumbprint; "
            "Get-ExchangeCertificate | Format-List Thumbprint,Subject,Issuer,Services,NotAfter,Status",
        ),
        change(
            "Create a new Auth certificate (answer No when asked to replace the SMTP certificate) and publish it.",
            "$certificate = New-ExchangeCertificate -KeySize 2048 -PrivateKeyExportable $true "
            "-SubjectName 'CN=Microsoft Exchange Server Auth Certificate' -FriendlyName 'Microsoft Exchange "
            "Server Auth Certificate' "
            "-Services SMTP -DomainName @(); "
            "Set-AuthConfig -NewCertificateThumbprint $certificate.Thumbprint -NewCertificateEffectiveDate (Get-Date); "
            "Set-AuthConfig -PublishCertificate; Set-AuthConfig -ClearPreviousCertificate",
            changes="The organisation signs OAuth tokens with the new certificate. In a hybrid run the wizard "
            "afterwards.",
            undo="Set-AuthConfig -NewCertificateThumbprint with the previous thumbprint, as long as that "
            "certificate is valid.",
            verify="Get-AuthConfig shows the new thumbprint; OWA opens after the restart below, which may take an "
            "hour to spread.",
        ),
        change(
            "Restart what reads it.",
            "Restart-Service MSExchangeServiceHost; Restart-WebAppPool MSExchangeOWAAppPool; Restart-WebAppPool "
            "MSExchangeECPAppPool",
            shell="powershell",
            effect="service-restart",
            changes="Users of OWA and ECP on this server log on again.",
            undo="None needed: a restart changes no setting.",
            verify="OWA and ECP open, and the event about the certificate does not come back.",
        ),
    )
