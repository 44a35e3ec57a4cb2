"""The revocation list of a certificate cannot be fetched from this server.

## What is happening
Validating a certificate includes asking its authority whether it was revoked. The server has no way to the
authority's addresses (proxy, firewall), so the answer is unknown: `Get-ExchangeCertificate` shows
RevocationCheckFailure, validated sessions fail with `Reason:RevocationOffline`, or are slow.

## What proves it
- Status RevocationCheckFailure, or CRYPT_E_REVOCATION_OFFLINE (0x80092013)
- `certutil -verify -urlfetch` times out on this server

## Not this when
- the certificate is revoked indeed (`certificate.local.chain-broken`)
- certutil fetches the list as the SYSTEM account

## References
- https://learn.microsoft.com/en-us/archive/blogs/lalitbisht/mailflow-issue-from-exchange-on-prem-to-office-365
- https://learn.microsoft.com/en-us/windows/win32/com/com-error-codes-4
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate import steps
from diagnostics.causes.certificate.succession import for_outside
from diagnostics.facts import InstalledCertificate, Said, WindowsEvent
from diagnostics.patterns import linear
from diagnostics.report import Step

_CHAIN = "RemoteCertificateChainErrors"  # .NET, of any fault of a chain; MailKit asks for revocation by default
_UNKNOWN = ("revocationcheckfailure", "revocation_status_unknown", "offline_revocation")


# What the admin center shows instead of RevocationCheckFailure.
_SHOWN: Final = (
    "certificate status could not be determined",
    "Zertifikatstatus konnte nicht ermittelt werden",
    "état du certificat n'a pas pu être déterminé",
    "Impossible de déterminer l'état du certificat",
    "No se pudo determinar el estado del certificado",
    "Impossibile determinare lo stato del certificato",
    "Não foi possível determinar o status do certificado",
    "certificaatstatus kan niet worden bepaald",
)
_SLOW_START: Final = linear(r"(?i)\bexchange\b.*(?:timely fashion|timeout \(30000|30000 millisec)")


@cause(
    id="certificate.trust.revocation-unreachable",
    act="on-prem",
    says=(
        "Reason:Revocation",
        "CRYPT_E_REVOCATION_OFFLINE",
        "0x80092013",
        "RevocationStatusUnknown",
        "RevocationOffline",
        "revocation check failed",
        "unable to check revocation",
        "RevocationCheckFailure",
        *_SHOWN,
        _CHAIN,
    ),
)
def assess(anchor: Said | InstalledCertificate | WindowsEvent, listed: InstalledCertificate | None) -> Finding | None:
    """`listed` shows whether our own certificate has the same trouble."""
    if isinstance(anchor, WindowsEvent):
        return _slow_start(anchor)
    if isinstance(anchor, Said) and anchor.signature == _CHAIN:
        because = (
            "The application's library calls the chain faulty and doesn't tell why; a revocation list that its machine "
        )
        because += "can't fetch is such a fault to it."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), "sender", weight=1.0)
    if isinstance(anchor, Said):
        same = listed if listed and _unchecked(listed) else None
        because = "The certificate's revocation state could not be found out"
        if same:
            because += f", and this server can't check its own certificate either ({same.status})."
            return Finding(Belief.CONFIRMED, because, (anchor, same), _steps(same.thumbprint))
        return Finding(Belief.LIKELY, f"{because}: the authority's list is not reachable.", (anchor,), _steps(""))
    if "is_revoked" in anchor.status.lower():
        name = anchor.subject or anchor.thumbprint or "the certificate"
        because = f"The list was reached, and has {name} on it (`{anchor.status}`)."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if not _unchecked(anchor):
        return None
    name = anchor.subject or anchor.thumbprint or "The certificate"
    because = f"This server can't reach the revocation list of {name} (`{anchor.status}`)."
    if anchor.for_smtp is False:
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(anchor.thumbprint), weight=0.8)
    return Finding(Belief.LIKELY, because, (anchor,), _steps(anchor.thumbprint), weight=0.5)


@shown
def states(installed: tuple[InstalledCertificate, ...]) -> Finding | None:
    """Whether this server can find out what became of the certificates that an authority issued to it."""
    public = [each for each in for_outside(installed) if each.status]
    unchecked = next(filter(_unchecked, public), None)
    if unchecked:
        because = f"This server can't check {unchecked.subject or unchecked.thumbprint} for revocation (`{unchecked.status}`)."
        return Finding(Belief.LIKELY, because, (unchecked,), _steps(unchecked.thumbprint))
    if not public or not all(each.status.lower() == "valid" for each in public):
        return None
    because = f"This server can check {public[0].subject or public[0].thumbprint} (Valid): it reaches the lists."
    return Finding(Belief.RULED_OUT, because, tuple(public[:3]))


def _slow_start(event: WindowsEvent) -> Finding | None:
    """The service control manager gave a service of Exchange's up (7000, 7009). Source: KB 944752."""
    if event.event not in (7000, 7009) or not _SLOW_START.search(event.text[:4000].replace("\n", " ")):
        return None
    because = "Exchange's signed programs are checked when they start; a server that can't reach the revocation list "
    because += "(crl.microsoft.com) waits for it longer than Windows waits for a service (30 seconds)."
    return Finding(Belief.POSSIBLE, because, (event,), _steps(""), weight=0.9)


def _unchecked(certificate: InstalledCertificate) -> bool:
    status = certificate.status.lower()
    return any(word in status for word in _UNKNOWN) and "is_revoked" not in status


def _steps(thumbprint: str) -> tuple[Step, ...]:
    return (
        look(
            "Fetch the revocation lists from this server: which address fails?",
            "$certificate = Get-Item (Join-Path 'Cert:\\LocalMachine\\My' {thumbprint}); "
            "Export-Certificate -Cert $certificate -FilePath (Join-Path $env:TEMP 'mail.cer') | Out-Null; "
            "certutil -verify -urlfetch (Join-Path $env:TEMP 'mail.cer')",
            "powershell",
            thumbprint=thumbprint,
        ),
        look("See the proxy that the machine's services use.", "netsh winhttp show proxy", "powershell"),
        change(
            "Allow the Exchange servers to reach the addresses that failed, on TCP 80, or set the machine's proxy.",
            'netsh winhttp set proxy proxy-server={proxy:token} bypass-list="<local>"',
            shell="powershell",
            changes="Sets the WinHTTP proxy for every service of this machine.",
            undo="netsh winhttp set proxy with the values that the second step printed (or: netsh winhttp reset "
            "proxy).",
            verify="certutil -verify -urlfetch ends with `Verified`, and the certificate's Status becomes Valid.",
            proxy="",
        ),
        steps.retry_queues(),
    )
