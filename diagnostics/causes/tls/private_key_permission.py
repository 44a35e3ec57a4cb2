"""Exchange may not read the private key of its own TLS certificate.

## What is happening
The certificate is valid and has its private key, but the access list of the key does not let NETWORK SERVICE, the account
of the transport service, read it. Schannel can't build a credential, so the handshake stops right after
`Sending certificate`, before the other side has shown anything. The queue then shows `421 4.2.1 Unable to connect`
although TCP works: the words blame the network, the log doesn't.

It usually follows a certificate that was imported with a tool other than Exchange, restored, or moved between servers.

## What proves it
- `TLS negotiation failed with error UnknownCredentials` with no `Remote certificate` line before it
- Schannel event 36870 with 0x8009030D at the same time, from EdgeTransport or MSExchangeFrontendTransport
- an access list of the key file without NETWORK SERVICE
- another mail server's log: `permission denied` for the file of its certificate or key
- a server that answers STARTTLS with `454 TLS not available` (a hint)

## Not this when
- the certificate has no private key at all (HasPrivateKey False)
- NETWORK SERVICE already has read permission
- the certificate isn't enabled for SMTP (`certificate.local.not-enabled-for-smtp`): enabling it grants the permission too
- the error is NoCredentials: then there is no key to read (`tls.certificate.private-key-missing`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/outbound-email-messages-are-not-sent
- https://learn.microsoft.com/en-us/windows/win32/com/com-error-codes-4
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.certificate.succession import for_outside, without_smtp
from diagnostics.causes.tls import unavailable
from diagnostics.causes.tls.credential import own_fault, said_to_clients, session_of
from diagnostics.facts import InstalledCertificate, Reply, Said, TlsFailed, WindowsEvent
from diagnostics.looked_facts import KeyAccess
from diagnostics.report import Step

_WRONG_USAGE = "0X80090349"  # SEC_E_CERT_WRONG_USAGE
_UNSUPPORTED = 43  # TLS alert unsupported_certificate
_MAIL_PROCESSES = ("edgetransport", "msexchange")


@cause(
    id="tls.certificate.private-key-permission", act="on-prem", says=(*unavailable.TO_CLIENTS, *unavailable.IN_ITS_LOG)
)
def assess(
    failed: TlsFailed | WindowsEvent | Said,
    key: KeyAccess | None,
    event: WindowsEvent | None,
    installed: InstalledCertificate | None,
    replies: tuple[Reply, ...],
    listed: tuple[InstalledCertificate, ...],
    failures: tuple[TlsFailed, ...],
) -> Finding | None:
    """Read the access list first: it decides; without it the error and the event only point here."""
    if isinstance(failed, Said):
        return _said(failed)
    if isinstance(failed, WindowsEvent):
        return _from_event(failed, key, failures)
    if not own_fault(failed, "UnknownCredentials"):
        return _no_key(failed, key, installed)
    refusal = event if event and _key_refused(event) else None
    if key and key.network_service_reads:
        return Finding(Belief.RULED_OUT, "NETWORK SERVICE can read the private key.", (key,))
    if installed and installed.has_private_key is False:
        return Finding(Belief.RULED_OUT, "The certificate has no private key to read.", (installed,))
    outside = for_outside(listed) if not failed.thumbprint else []
    if outside and all(each.has_private_key is False for each in outside):
        because = f"{outside[0].thumbprint or outside[0].subject}, with a name for outside, has no private key to read."
        return Finding(Belief.RULED_OUT, because, (outside[0],))
    unserved = without_smtp(listed) if not failed.thumbprint else None
    if unserved or (installed and installed.for_smtp is False):
        because = (
            f"{session_of(failed)}; but the certificate is not enabled for SMTP, and enabling it may be all it needs."
        )
        return Finding(Belief.POSSIBLE, because, (failed, unserved or installed), _steps(failed.thumbprint), weight=1.2)
    because = f"{session_of(failed)}: the key exists but the transport service may not read it."
    proof = (failed, key, refusal, installed)
    if key and (refusal or (installed and installed.for_smtp)):
        because = f"{session_of(failed)}, and NETWORK SERVICE is not among those who may read the private key."
        return Finding(Belief.CONFIRMED, because, proof, _steps(failed.thumbprint), weight=2.0)
    if refusal is None and said_to_clients(failed, replies):
        because = f"{session_of(failed)}; that fits a key that the transport service may not read, and a connector that still "
        because += "names a certificate which is gone."
        return Finding(Belief.POSSIBLE, because, proof, _steps(failed.thumbprint), weight=1.3)
    if not (refusal or installed or failed.thumbprint):
        because += " A certificate that is not enabled for SMTP, or lacks its key, can end so, too."
        return Finding(Belief.POSSIBLE, because, proof, _steps(""), weight=1.6)
    return Finding(Belief.LIKELY, because, proof, _steps(failed.thumbprint), weight=1.0 + bool(refusal))


@shown
def access_list(keys: tuple[KeyAccess, ...]) -> Finding | None:
    """Whether the account of transport stands in the access list of the key."""
    key = keys[-1]
    if key.network_service_reads:
        return Finding(Belief.RULED_OUT, "NETWORK SERVICE can read the private key.", (key,))
    among = f" ({', '.join(key.accounts[:4])})" if key.accounts else ""
    because = f"NETWORK SERVICE, which transport runs as, is not among those who may read the private key{among}."
    return Finding(Belief.CONFIRMED, because, (key,), _steps(key.thumbprint))


def _said(said: Said) -> Finding | None:
    """Another mail server than Exchange: its log has the reason, its client hears only that there is one."""
    if unavailable.why(said) == "unreadable":
        because = (
            "The mail server may not read the file of its certificate or key, by its own log: it starts without TLS."
        )
        return Finding(Belief.LIKELY, because, (said,), unavailable.steps(), weight=1.8)
    if said.signature not in unavailable.TO_CLIENTS:
        return None
    because = f"{unavailable.of_its_own(said)}: mostly it may not read the file of the certificate or the key."
    return Finding(Belief.POSSIBLE, because, (said,), unavailable.steps(), weight=2.0)


def _no_key(failed: TlsFailed, key: KeyAccess | None, installed: InstalledCertificate | None) -> Finding | None:
    """NoCredentials: the list tells whether there is a key that could be unreadable."""
    if not own_fault(failed, "NoCredentials") or (key and key.network_service_reads):
        return None
    named = installed if installed and installed.thumbprint and installed.thumbprint == failed.thumbprint else None
    if named and named.has_private_key is False:
        because = f"Certificate {named.thumbprint} has no private key, so there is none that could be unreadable."
        return Finding(Belief.RULED_OUT, because, (named, failed))
    untold = installed is not None and not (failed.thumbprint and installed.thumbprint)
    if installed and not (named and named.has_private_key) and not (untold and installed.has_private_key):
        return None
    because = f"{session_of(failed)}: Schannel got no key for the certificate; one that the transport service may not read is "
    because += "none to it either."
    listed = named or (installed if untold else None)
    return Finding(Belief.POSSIBLE, because, (failed, listed), _steps(failed.thumbprint), weight=1.3 if listed else 1.0)


def _from_event(event: WindowsEvent, key: KeyAccess | None, failures: tuple[TlsFailed, ...]) -> Finding | None:
    if "schannel" in event.provider.lower() and (event.error.upper() == _WRONG_USAGE or event.alert == _UNSUPPORTED):
        what = f"error {event.error}" if event.error else f"alert {event.alert}"
        because = f"Schannel {event.event} with {what}: the certificate was judged, which comes after its key was read."
        return Finding(Belief.RULED_OUT, because, (event,))
    if not _key_refused(event):
        return None
    if key and key.network_service_reads:
        return Finding(Belief.RULED_OUT, "NETWORK SERVICE can read the private key.", (key,))
    who = f" ({event.process})" if event.process else ""
    because = f"Schannel {event.event} says that the private key could not be opened{who}: 0x8009030D."
    named = any(name in event.process.lower() for name in _MAIL_PROCESSES)
    if key:
        return Finding(
            Belief.CONFIRMED, f"{because} NETWORK SERVICE is not among its readers.", (event, key), _steps("")
        )
    # Any program opens keys; beside a handshake that failed for want of one it is Exchange's.
    failed = next((each for each in failures if own_fault(each, "NoCredentials")), None)
    belief = Belief.LIKELY if named or failed else Belief.POSSIBLE
    return Finding(belief, because, (event, failed), _steps(failed.thumbprint if failed else ""), weight=1.5)


def _key_refused(event: WindowsEvent) -> bool:
    """Schannel 36870 with SEC_E_UNKNOWN_CREDENTIALS, or with the access denied of the key provider."""
    other = event.process and not any(name in event.process.lower() for name in _MAIL_PROCESSES)
    return event.event == 36870 and event.error.upper() in ("", "0X8009030D", "0X80090016", "0X5") and not other


def _steps(thumbprint: str) -> tuple[Step, ...]:
    find = (
        "$certificate = Get-Item (Join-Path 'Cert:\\LocalMachine\\My' {thumbprint}); "
        "$key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($certificate); "
        "$name = $key.Key.UniqueName,$key.CspKeyContainerInfo.UniqueKeyContainerName | Where-Object Length; "
        '$file = Get-ChildItem "$env:ProgramData\\Microsoft\\Crypto" -Recurse -Force -File | Where-Object Name -in $name; '
    )
    return (
        look(
            "Check that the certificate is enabled for SMTP and has its key.",
            "Get-ExchangeCertificate -Thumbprint {thumbprint} | Format-List Services,Status,HasPrivateKey,NotAfter,Subject",
            thumbprint=thumbprint,
        ),
        look(
            "List who may read the private key.",
            find + "icacls $file.FullName",
            "powershell",
            thumbprint=thumbprint,
        ),
        change(
            "Let NETWORK SERVICE read it (written as S-1-5-20, since Windows translates its name).",
            find + "icacls $file.FullName /grant '*S-1-5-20:(R)'",
            shell="powershell",
            changes="Adds read permission for NETWORK SERVICE on this one key file.",
            undo="Run the same with: icacls $file.FullName /remove '*S-1-5-20'",
            verify="icacls lists NETWORK SERVICE with (R).",
            thumbprint=thumbprint,
        ),
        change(
            "Restart transport so that it opens the key again.",
            "Restart-Service MSExchangeTransport",
            shell="powershell",
            effect="service-restart",
            changes="Mail pauses for a minute; queued messages are kept.",
            undo="None needed: a restart changes no setting.",
            verify="No new Schannel event 36870 is logged.",
        ),
        change(
            "Retry the queue, and read the next session in the protocol log.",
            "Get-Queue -Filter \"Status -eq 'Retry'\" | Retry-Queue",
            changes="Queued messages are tried now instead of at their next interval.",
            undo="None needed: messages that fail go back into the queue.",
            verify="The next session logs `negotiation succeeded` and the queue drains.",
        ),
    )
